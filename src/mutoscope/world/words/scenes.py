"""What scenes are called, and how they are: nouns, adjectives, and whole phrases that do without the noun."""

NOUNS = {
    "lake": "lake / mountain lake / tarn / loch / mere / pond / lakelet / forest lake / small lake / =still water / "
        "lakeside / lake shore / alpine lake / inland lake / sheet of still water / lochan / waterhole / lake in the "
        "hills / highland lake / glassy lake / mountain tarn / woodland lake / quiet lake / lake among hills / +lake "
        "waters / =lake water / reservoir / lagoon of still water / =calm water / clear lake / freshwater lake / lake "
        "in the wilderness / hill lake / hidden lake / lake below the hills / nordic lake / =smooth lake water / lake "
        "at the foot of the hills / glacial lake / blue mountain lake @noon / lake view / lake scene / lake landscape "
        "/ lakeside scene / lake in the woods @pine / lake with reflections / broad lake / millpond / wilderness lake "
        "/ secluded tarn / highland loch",
    "beach": "beach / sandy beach / shore / seashore / sandy coast / strand / seaside / coast / sandy shore / "
        "coastline / ocean beach / stretch of sand / sea beach / =beachfront / =sandy beachfront / shoreline / sandy "
        "strand / tropical beach @palm / palm beach @palm / beach by the ocean / +sandy shores / +sands by the sea / "
        "ocean shore / sea shore / =sand and surf / surf beach / beach with waves / seaside scene / beach scene / "
        "beach landscape / golden beach @golden hour / +beach sands / lonely beach / wide sandy beach / +coastal "
        "sands / sandy bay / cove with a beach / tideline / sandy seashore / tropical shore @palm / Caribbean beach "
        "@palm / tropical coast @palm / palm-fringed shore @palm / stretch of coast / holiday beach / strip of sand "
        "by the sea / ocean front / surfside / deserted shore / seacoast / stretch of shoreline / foreshore / ocean "
        "strand / empty beach / bay with a sandy beach",
    "mountains": "+mountains / mountain range / +peaks / +mountain peaks / chain of mountains / +alps / massif / "
        "range of peaks / mountain landscape / +summits / =high country / +high mountains / ridge of mountains / "
        "+crags / sierra / mountain scene / mountain panorama / mountain vista / alpine range / alpine landscape / "
        "+alpine peaks / +rocky peaks / +jagged peaks / +jagged mountains / +rocky mountains / +rugged peaks / "
        "+rugged mountains / +steep mountains / row of peaks / mountain chain / +Rockies / +Dolomites / the Alps / "
        "+mountain tops / +mountaintops / +mountain summits / mountain wall / wall of peaks / =alpine scenery / "
        "=mountain scenery / line of peaks / =mountain wilderness / +mountain ridges / +rocky summits / +sharp peaks "
        "/ snow-capped mountain range @winter / +snowy peaks @winter / +snowy mountains @winter / +snow-capped peaks "
        "@winter / high range / +pinnacles / +pointed peaks / cordillera / mountain ridge / +jagged summits / "
        "mountain backdrop / +stony peaks / +craggy peaks / mountain range in the distance / valley below the peaks / "
        "+towering peaks / =mountain country / alpine scene",
    "pine forest": "pine forest / forest / +pine woods / wood of pines / coniferous forest / evergreen forest / "
        "forest of pines / fir forest / spruce forest / +woods / pinewood / grove of pines / conifer wood / stand of "
        "firs / =woodland / pine grove / +deep woods / forest path / path through the forest / path through the pines "
        "/ forest track / woodland path / trail through the forest / forest trail / trail through the woods / path in "
        "the woods / track through the pines / fir wood / spruce wood / +evergreen woods / +fir woods / +conifer "
        "woods / boreal forest / taiga / northern forest / nordic forest / forest of firs / forest of conifers / "
        "forest of evergreens / forest of spruces / forest clearing / =pine woodland / =evergreen woodland / forest "
        "scene / forest landscape / forest floor with a path / deep forest / forest interior / +backwoods / forest "
        "road of earth / dirt path between pines / needle forest / thicket of pines / +piney woods / stand of pines / "
        "conifer stand / Black Forest path / clearing in the woods / old-growth forest / =forest wilderness / dirt "
        "track in the woods / the heart of the forest",
    "meadow": "meadow / grassy meadow / pasture / green meadow @summer / grassland / lea / field of grass / =open "
        "grassland / glade / grassy field / country meadow / +pastures / sward / =grazing land / meadowland / "
        "+rolling meadows / =hilly grassland / +green hills @summer / +grassy hills / +rolling hills / +grass-covered "
        "hills / grassy slope / hillside meadow / hill meadow / =open pasture / country pasture / =pastureland / alp "
        "meadow / upland meadow / highland meadow / =lush grass @summer / +grassy fields / +open fields of grass / "
        "+meadows / hay meadow / grassy plain / grassy hillside / hillside of grass / green pasture @summer / stretch "
        "of grass / expanse of grass / prairie / grassy landscape / meadow landscape / meadow scene / =green "
        "countryside @summer / hilly meadow / rural meadow / =soft green grass @summer / grazing meadow / =grassy "
        "land / paddock / steppe / meadow in the hills / meadow on a hill / hilly pasture / =hilly countryside / "
        "=rolling countryside / field full of wildflowers and grass @flowers / wildflower meadow @flowers / flowery "
        "meadow @flowers",
    "desert": "desert / +dunes / +sand dunes / +desert dunes / sandy desert / sea of sand / +sands / desert landscape "
        "/ +sandhills / =barren desert / sandy waste / dune field / expanse of sand / desert of dunes / +endless "
        "sands / arid desert / the Sahara / +Sahara dunes / the Sahara desert / +rolling dunes / +high dunes / "
        "+wind-blown dunes / +wind-carved dunes / +sandy hills / +mountains of sand / +sandy wastes / sand desert / "
        "dune landscape / dune desert / desert scene / desert wilderness / =dry wilderness / =desert sand / =endless "
        "sand / ocean of sand / ocean of dunes / sandy plain / dry desert / hot desert @noon / Arabian desert / "
        "African desert / the Namib / desert panorama / desert expanse / sun-scorched desert @noon / cactus desert "
        "@cactus / desert with cacti @cactus / Arizona desert @cactus / =dune country / =desert country / +barren "
        "dunes / +bare dunes / waste of sand / desert of sand / +shifting sands / +smooth dunes / +curved dunes / "
        "desert vista / erg / =parched land / sand dune",
    "open sea": "sea / open sea / ocean / open ocean / the open sea / the sea / the ocean / =open water / +waves / "
        "+sea waves / +ocean waves / seascape / =deep water / +high seas / +billows / =sea water / expanse of water / "
        "+rolling waves / +open waters / +deep waters / +ocean waters / =ocean water / +sea swells / ocean swell / "
        "=blue water @noon / +blue waters @noon / the wide sea / the wide ocean / the open water / the blue sea @noon "
        "/ =endless water / +waves of the ocean / +waves of the sea / ocean horizon / sea horizon / ocean surface / "
        "surface of the sea / surface of the ocean / ocean scene / sea scene / ocean landscape / marine landscape / "
        "seaway / the Atlantic / the Pacific / the Atlantic ocean / the Pacific ocean / the Mediterranean / +distant "
        "waves / =wavy water / expanse of ocean / expanse of sea / ocean view / sea view / +salt waves / =salt water "
        "/ the briny deep / the seven seas / waste of waters / +waves on the ocean",
    "island": "island / small island / isle / islet / lonely island / desert island / atoll / tiny island / island in "
        "the sea / island in the ocean / cay / ocean island / little isle / sandy island / island landscape / "
        "tropical island @palm / palm island @palm / island with palms @palm / castaway island / uninhabited island / "
        "deserted island / green island / +island shores / hump of land in the sea / patch of land in the ocean / "
        "speck of land in the sea / little island / tiny islet / single island / lone island / solitary island / "
        "faraway island / ocean isle / green isle / sea island / offshore island / sandy islet / island paradise "
        "@palm / tropical isle @palm / island in open water / island out at sea / island surrounded by sea / Pacific "
        "island @palm / Caribbean island @palm / south sea island @palm / rocky little island / island with a sandy "
        "rim / skerry / volcanic islet / desert isle / remote island / island far from land / island view / island "
        "scene / lone isle / island on the horizon / treasure island / wooded island @round tree / island with trees "
        "@round tree",
    "snowy village": "snowy village / village in the snow / snow-covered village / snowbound village / hamlet in the "
        "snow / winter village / snowy hamlet / snow-covered hamlet / snowy little town / wintry village / "
        "+snow-covered houses / +snowy cottages / snowy settlement / +houses deep in snow / mountain village in the "
        "snow / snow-clad village / village under snow / hamlet under snow / +cottages in the snow / +houses in the "
        "snow / +snowy houses / +snow-covered cottages / +little houses in the snow / +cabins in the snow / "
        "+snowbound cottages / +snow-topped roofs / +snowy roofs / +rooftops under snow / +cosy cabins in the snow / "
        "town under snow / snow-covered town / small town in the snow / alpine village in the snow / mountain hamlet "
        "in the snow / Christmas village / christmas-card village / village of snowy roofs / village covered in snow "
        "/ village buried in snow / snowed-in village / snowed-in hamlet / winter hamlet / winter settlement / frosty "
        "village / frozen village / white village / village wrapped in snow / cluster of snowy houses / handful of "
        "houses in the snow / village scene in the snow / +chalets in the snow / snowy alpine village / snowy "
        "mountain village / Swiss village in the snow / Lapland village / winter wonderland village / group of "
        "cottages in deep snow / snow village",
    "city skyline": "city skyline / skyline / city / cityscape / +skyscrapers / downtown skyline / +city towers / "
        "metropolis / big city / +high-rise buildings / urban skyline / +tower blocks / +tall buildings / =downtown / "
        "row of skyscrapers / megacity / the Manhattan skyline / the New York skyline / the Chicago skyline / the "
        "Shanghai skyline / the Hong Kong skyline / the Tokyo skyline / skyline of a big city / skyline of "
        "skyscrapers / +city buildings / +office towers / +glass towers / +high-rises / +tall city buildings / city "
        "center / city centre / financial district / business district / modern city / city panorama / urban "
        "landscape / urban scene / city scene / city view / view of downtown / concrete jungle / wall of skyscrapers "
        "/ cluster of skyscrapers / forest of skyscrapers / forest of towers / +office blocks / +city blocks / "
        "high-rise city / high-rise skyline / big-city skyline / skyscraper skyline / modern skyline / waterfront "
        "city / great city / +tower buildings / =urban sprawl / city of skyscrapers / city of glass and steel / the "
        "big city / +downtown towers / capital city / city horizon / metropolitan skyline / downtown area",
    "river": "river / winding river / stream / wide river / watercourse / brook / waterway / +river banks / flowing "
        "river / creek / river bend / riverside / rivulet / +river waters / country river / meandering river / river "
        "landscape / valley with a river / river in a valley / bend in the river / bend of a river / +river bends / "
        "river valley / stream in the meadows / stream through the meadows / river through the fields / river through "
        "green land / country stream / little river / small river / lowland river / lazy river / curving river / "
        "snaking river / twisting river / river landscape with hills / running stream / =river water / =flowing water "
        "/ river course / ribbon of river / river in the country / river in the plain / +stream waters / quiet stream "
        "/ river scene / riverside scene / +riverbanks / riverbank / meandering stream / winding stream / winding "
        "brook / winding creek / babbling brook / babbling stream / trout stream / freshwater stream / silver river "
        "@moonlight / beck / rural river / waterway through the fields / river on its way to the sea",
    "flower field": "flower field / field of flowers / field of blossoms / blooming field / +flower fields / carpet "
        "of flowers / sea of flowers / field of wildflowers / field in bloom / flowering meadow / expanse of blossoms "
        "/ field of blooms / blossoming field / field full of flowers / tulip field / +tulip fields / +rows of tulips "
        "/ field of tulips / +rows of flowers / +rows of blossoms / +stripes of flowers / +flower rows / +bands of "
        "flowers / blossom field / field of bright blossoms / field of colourful flowers / field of colorful flowers "
        "/ field of many-coloured flowers / field thick with flowers / field of spring flowers @spring / field of "
        "summer flowers @summer / +fields of flowers / +fields in bloom / +blooming fields / +flowering fields / "
        "field blazing with flowers / +endless flowers / patchwork of flowers / flower meadow / +acres of flowers / "
        "sea of blossoms / sea of blooms / carpet of blossoms / carpet of blooms / blooming landscape / land of "
        "flowers / landscape of flowers / flower farm / +Dutch tulip fields / Dutch flower field / flower plantation "
        "/ field of petals / quilt of flowers / bulb field",
    "canyon": "canyon / red canyon / rocky canyon / gorge / ravine / desert canyon / deep gorge / sandstone canyon / "
        "rock canyon / chasm / badlands canyon / +canyon walls / +red cliffs / rocky gorge / the Grand Canyon / grand "
        "canyon landscape / red rock canyon / desert gorge / +canyon cliffs / +sandstone cliffs / +red sandstone "
        "walls / +red rocks / +red rock walls / +red rock cliffs / +red rock formations / +rock formations in the "
        "desert / +rock walls of a gorge / +desert cliffs / +badlands / =red rock country / =canyon country / "
        "=canyonland / +canyonlands / +mesas / +mesas and cliffs / +buttes / +buttes and mesas / table mountain in "
        "the desert / mesa / rocky desert valley / +rock faces of a canyon / Arizona canyon / Utah canyon / western "
        "landscape of red rock / wild west landscape / wild west canyon / canyon in the desert / gorge of red rock / "
        "gorge in the rock / valley between rock walls / valley of red rock / canyon landscape / canyon panorama / "
        "canyon scene / dry gorge / stone gorge / stony canyon / eroded canyon / abyss of rock / steep-sided gorge / "
        "rocky chasm / =desert rock / sandstone gorge / western canyon",
    "waterfall": "waterfall / tall waterfall / cascade / +falls / cataract / mountain waterfall / forest waterfall / "
        "plunging waterfall / white cascade / +high falls / big waterfall / =falling water / =plunging water / "
        "curtain of water / veil of water / white veil of water / +waterfalls / +rushing falls / +great falls / "
        "+roaring falls / +thundering falls / +mountain falls / +forest falls / cascade of white water / cascading "
        "waterfall / cascade over rocks / =water over a cliff / =water tumbling over a cliff / =water plunging off a "
        "cliff / =cascading water / single cascade / woodland waterfall / waterfall in the woods / waterfall in the "
        "forest / waterfall on a rock face / waterfall over mossy rocks / waterfall with a pool / +falls in the "
        "forest / waterfall over a cliff / cliffside waterfall / high waterfall / roaring cascade / hidden waterfall "
        "/ secret waterfall / wild waterfall / fall of water / waterfall scene / waterfall landscape / waterfall in "
        "the wilderness / +white falls / mighty cataract / mountain cascade / Icelandic waterfall / =thundering water "
        "/ stream falling from a cliff / stream plunging over a cliff",
    "lighthouse": "lighthouse / lighthouse on a cliff / striped lighthouse / old lighthouse / light tower / coastal "
        "lighthouse / lighthouse by the sea / beacon on the cliff / seaside lighthouse / lone lighthouse / lighthouse "
        "on the rocks / lighthouse above the sea / lighthouse on the coast / lighthouse on a headland / lighthouse on "
        "a cape / lighthouse on a bluff / lighthouse over the ocean / sea-side light tower / striped light tower / "
        "tower on the cliff / beacon by the sea / beacon above the sea / beacon on the coast / beacon tower / striped "
        "tower by the sea / striped beacon / tall lighthouse / lonely lighthouse / cliff-top lighthouse / clifftop "
        "lighthouse / solitary lighthouse / maritime lighthouse / ocean lighthouse / lighthouse at the edge of the "
        "sea / lighthouse at the edge of a cliff / lighthouse at the end of the land / light station / lighthouse "
        "station / lighthouse scene / lighthouse by the ocean / tower that guides the ships / guiding light of the "
        "coast / seamark on the cliff / sailors' beacon / lighthouse tower / banded lighthouse / old light on the "
        "coast / watchtower of the sea / New England lighthouse / Maine lighthouse / Brittany lighthouse / keeper's "
        "lighthouse / pharos on the cliff",
    "harbour": "harbour / harbor / fishing harbour / port / marina / small harbour / old harbour / fishing port / "
        "quay with boats / boat harbour / harbour town / fishing harbor / waterfront with boats / seaport / old port "
        "/ old harbor / small port / small harbor / fishing town / harbour basin / boat basin / harbour front / "
        "harbourfront / harborfront / quayside / quay / quay with coloured houses / old quay / row of houses on the "
        "quay / row of houses by the water / +houses along the waterfront / +houses on the quay / +colourful houses "
        "by the water / +colourful waterfront houses / +colorful waterfront houses / +gabled houses on the water / "
        "+gabled houses by the water / harbour with boats / harbor with boats / harbor town / port town / seaport "
        "town / boats in a harbour / +moored boats / +fishing boats in port / +boats at the quay / +boats in the "
        "harbour / +boats at anchor in front of houses / waterfront / town waterfront / waterfront town / old "
        "waterfront / harbour scene / harbor scene / port scene / port with boats / fishing village harbour / yacht "
        "harbour / yacht harbor / Scandinavian harbour / Nordic harbour / Danish harbour / anchorage in front of the "
        "town / haven for boats / canal town / dockside / +docks",
    "neon street": "neon street / street with neon signs / city street full of neon / neon-lit street / street of "
        "neon lights / neon alley / neon-lit alley / cyberpunk street / wet street with neon signs / avenue of neon "
        "signs / street glowing with signs / neon city street / neon-lit city / neon-lit road between towers / street "
        "of glowing signs / street in neon light / alley in neon light / street lit by neon signs / city lit by neon "
        "/ street full of glowing signs / +neon signs on a street / +neon signs over a street / +glowing signs in a "
        "street / street of bright signs / cyberpunk city / cyberpunk alley / cyberpunk city street / futuristic neon "
        "city / futuristic street / sci-fi city street / Tokyo street with neon signs / Tokyo alley full of neon / "
        "Tokyo back street in neon / Shibuya street / Shinjuku street / Hong Kong street full of neon / Asian street "
        "with neon signs / Las Vegas street of neon / entertainment district / nightlife street / nightlife district "
        "/ +wet streets with neon / +neon streets / +neon alleys / +streets of neon / street with glowing signs / "
        "street of coloured lights / street of shining signs / city canyon full of neon / neon jungle / neon quarter "
        "/ neon boulevard / neon avenue / neon district / boulevard of neon lights / lane of neon signs / side street "
        "full of neon / downtown street with neon lights / street of electric signs / street ablaze with signs",
    "farm field": "farm field / ploughed field / field with a barn / farm / crop field / field of crops / farm with a "
        "red barn / +crop rows / cornfield / tilled field / field on a farm / agricultural field / +farm fields / "
        "field with furrows / furrowed field / plowed field / +ploughed fields / +plowed fields / +furrows / +farm "
        "furrows / +fields of a farm / barn in a field / red barn in a field / +barn and fields / +barn and silo / "
        "barn and a silo / farm with a barn / farm with a silo / farm with a barn and a silo / farmhouse field / "
        "farmstead / homestead / old farm / country farm / family farm / +farmlands / =arable land / arable field / "
        "=cropland / +croplands / +crops in rows / +rows of crops / +rows in a field / corn field / wheat field with "
        "a barn / potato field / vegetable field / =tilled soil / =tilled earth / =ploughed earth / =ploughed soil / "
        "=agricultural land / agricultural landscape / farming landscape / farm landscape / farm scene / =farm "
        "country / farmyard field / barnyard and fields / grange / field in the farm country / =midwestern farmland / "
        "Iowa farm / ranch with a barn / harvest field / barn at the end of a field / =farmland / =ploughed farmland "
        "/ =plowed farmland / =ploughed land",
    "volcano": "volcano / erupting volcano / smoking volcano / active volcano / fiery mountain / volcanic cone / "
        "volcano with lava / +volcanic slopes / lava-spewing volcano / fire mountain / burning volcano / volcano in "
        "eruption / volcano spitting fire / volcano spitting lava / volcano spewing lava / volcano with rivers of "
        "lava / volcano erupting / volcano with glowing lava / exploding volcano / raging volcano / fuming volcano / "
        "glowing volcano / fire-spitting mountain / fire-breathing mountain / mountain of fire / mountain spewing "
        "lava / mountain spitting fire / mountain with lava / smoking mountain / smoking crater / smoking cone / "
        "burning mountain / exploding mountain / erupting mountain / volcanic eruption / eruption / lava eruption / "
        "eruption of lava / +lava flows / +rivers of lava / +streams of lava / +streams of molten rock / =flowing "
        "lava / =molten lava / lava mountain / lava volcano / lava landscape / volcano landscape / volcanic landscape "
        "/ volcanic mountain / volcanic peak / +volcanic fires / Hawaiian volcano / Icelandic volcano / Mount Etna / "
        "Etna / Vesuvius / Krakatoa / crater with lava / crater belching smoke / smouldering volcano / volcano scene",
    "arctic": "arctic sea / +icebergs / arctic landscape / frozen sea / polar landscape / +ice floes / =pack ice / "
        "icy sea / glacier sea / polar sea / =arctic ice / frozen ocean / sea full of ice / iceberg sea / +icy waters "
        "/ +frozen waters / +polar waters / +arctic waters / +arctic seas / +polar seas / =ice-covered sea / "
        "=ice-filled water / =drifting ice / =floating ice / =drift ice / =sea ice / =polar ice / +ice fields / +ice "
        "blocks in the sea / +floes / +drifting floes / +floating icebergs / +blue icebergs / iceberg / arctic ocean "
        "/ polar ocean / polar region / arctic region / arctic scene / polar scene / polar world / world of ice / "
        "land of ice / kingdom of ice / realm of ice / =icy wilderness / frozen wilderness / frozen landscape / "
        "frozen world / icy landscape / ice landscape / iceberg landscape / Antarctic sea / Antarctica / Greenland "
        "coast of ice / the North Pole / the far north / +waters full of ice / sea of ice / ocean of ice / sea with "
        "icebergs / ocean with icebergs / ice desert / icescape / glacial sea / frosty sea / +glaciers and ice floes "
        "/ bay full of ice / =frozen seawater / +bergs",
    "jungle": "jungle / rainforest / tropical jungle / tropical rainforest / dense jungle / lush jungle / rain forest "
        "/ tropical forest / jungle path / =jungle thicket / steamy jungle / green jungle / path through the jungle / "
        "palm forest / forest of palms / palm jungle / palm grove path / palm thicket / thicket of palms / path "
        "between palms / path through the palms / path under palms / jungle trail / trail through the jungle / "
        "rainforest path / rainforest trail / path through the rainforest / path in the rainforest / exotic forest / "
        "equatorial forest / steaming jungle / humid jungle / wild jungle / thick jungle / tangled jungle / deep "
        "jungle / =tropical greenery / =lush tropical greenery / =jungle greenery / =tropical vegetation / =lush "
        "vegetation / =jungle foliage / =tropical foliage / =tropical undergrowth / green tropics / +tropics / Amazon "
        "rainforest / the Amazon jungle / Amazonian jungle / Borneo jungle / jungle scene / jungle landscape / "
        "tropical landscape of palms / wild rainforest / tropical woods / =virgin rainforest / =monsoon forest / "
        "jungle wilderness / cloud forest of palms / =palm wilderness / jungle clearing / the heart of the jungle / "
        "the depths of the jungle",
    "coral reef": "coral reef / reef / underwater reef / underwater scene / +corals / tropical reef / coral garden / "
        "reef under water / underwater coral reef / sea floor with corals / +underwater corals / reef full of corals "
        "/ underwater world / undersea world / underwater landscape / undersea landscape / undersea scene / undersea "
        "garden / underwater garden / =life under the sea / =life under water / =underwater life / =reef life / "
        "=marine life / =the world below the waves / world under the sea / world beneath the waves / =sea life / "
        "seabed / sea bed / ocean floor / ocean bottom / +corals and fish / +corals on the sea floor / +reef fish / "
        "=living coral / coral bed / coral bank / coral forest / coral landscape / barrier reef / the Great Barrier "
        "Reef / Red Sea reef / Maldives reef / Caribbean reef / snorkelling reef / diver's paradise / diving spot / "
        "reef scene / reef with fish / tropical sea bed / aquarium scene / submarine garden / submarine landscape / "
        "submarine world / =shallow tropical sea under the surface / the bottom of the sea / the bottom of the ocean "
        "/ the floor of the ocean / the world under the sea",
    "space": "outer space / =deep space / +planets in space / space scene / starfield with planets / planet in space "
        "/ the cosmos / galaxy with planets / planet among the stars / +planets and stars / alien planet / universe "
        "of stars and planets / starfield / star field / =interplanetary space / =interstellar space / =the void of "
        "space / starry void / void full of stars / galaxy / distant galaxy / far-off galaxy / nebula / glowing "
        "nebula / colourful nebula / nebula with planets / +planets / +distant planets / +alien worlds / +strange "
        "planets / +faraway worlds / +other worlds / alien world / distant planet / distant world / planet with rings "
        "/ foreign planet / planet in the cosmos / solar system / star system / alien star system / the universe / "
        "the heavens beyond the earth / cosmos full of stars / cosmic landscape / cosmic scene / cosmic nebula / "
        "space landscape / space view / space panorama / outer-space scene / science fiction space scene / sci-fi "
        "space scene / astronomical scene / +stars and nebulae / +stars and planets / +galaxies and planets / +worlds "
        "among the stars / view from a spaceship / universe / =space / the depths of space",
    "road": "road / country road / winding road / highway / long road / open road / lonely road / road to the horizon "
        "/ asphalt road / rural road / paved road / two-lane road / road through the country / tarred road / tarmac "
        "road / =tarmac / =asphalt / street through the country / country lane / country highway / country street / "
        "rural highway / rural lane / empty road / empty highway / lonely highway / deserted road / desert road "
        "@cactus / desert highway @cactus / mountain road / mountain highway / road to the mountains / road to the "
        "hills / road into the mountains / road into the hills / road towards the mountains / road into the distance "
        "/ road to nowhere / road through the hills / road through the landscape / road through open land / road "
        "across the plain / road with bends / road with a white line / road with road markings / bending road / "
        "curving road / curvy road / twisty road / serpentine road / snaking road / snaking highway / winding highway "
        "/ winding street / winding lane / endless road / endless highway / roadway / motor road / carriageway / "
        "scenic road / scenic route / scenic byway / byway / road trip scene / +road bends / route 66 / American "
        "highway / stretch of road / stretch of highway / stretch of asphalt / ribbon of asphalt / paved highway / "
        "interstate / road scene / pass road / driving road",
    "garden": "garden / park / formal garden / flower garden / garden path / garden with a pavilion / palace garden / "
        "landscaped garden / +garden beds / garden with clipped hedges / pleasure garden / tended garden / manor "
        "garden / +gardens / palace grounds / landscaped park / public garden / public park / city park / town park / "
        "castle garden / castle park / country house garden / English garden / French garden / baroque garden / "
        "classical garden / royal garden / royal park / botanical garden / ornamental garden / geometric garden / "
        "walled garden / hedge garden / rose garden / park with flower beds / garden with flower beds / garden with a "
        "path / garden with a gazebo / park with a gazebo / garden with a gravel path / park with a path / park with "
        "a pavilion / park with a temple / garden with a temple / garden with a summer house / garden of flowers and "
        "hedges / +flower beds / +beds of flowers and hedges / +clipped hedges / path through the garden / path "
        "through the park / garden walk / park walk / park avenue of flowers / garden scene / park scene / garden "
        "landscape / parkland / park landscape / =park grounds / garden of a palace / garden of a manor / gardener's "
        "paradise / secret garden",
    "plain ground": "plain background / empty background / studio background / plain backdrop / blank background / "
        "solid background / plain studio / simple background / seamless backdrop / neutral background / smooth "
        "backdrop / empty studio / plain wall / blank backdrop / =blank paper / empty backdrop / plain surface / "
        "blank surface / studio backdrop / uniform background / monochrome background / single-colour background / "
        "solid colour background / solid color background / solid backdrop / one-colour background / flat background "
        "/ bare background / clean background / clean backdrop / even background / smooth background / soft "
        "background / minimal background / minimalist background / gradient background / soft gradient / =empty space "
        "for text / simple backdrop / neutral backdrop / seamless background / seamless paper backdrop / photo studio "
        "backdrop / isolated background / product backdrop / empty canvas / blank canvas / bare wall / unicolour "
        "background / background without anything / neutral surface",
}  # fmt: skip

# How the scene is called in front of a light: "mountain sunset", "ocean dawn".
ATTRIBUTES = {
    "lake": "lake / mountain lake / lakeside / tarn / loch / pond / lakeshore / alpine lake / forest lake / mere / "
        "lake shore / lakefront",
    "beach": "beach / seashore / coastal / seaside / shore / beachfront / sandy beach / coast / shoreline / surf / "
        "strand / sandy shore",
    "mountains": "mountain / alpine / mountains / mountain range / peak / high mountain / summit / mountaintop / "
        "rocky mountain / highland / Alps / jagged peak / massif",
    "pine forest": "forest / pine forest / woodland / pine wood / woods / fir forest / evergreen forest / spruce "
        "forest / coniferous / taiga / forest path / woodland path",
    "meadow": "meadow / pasture / grassland / grassy / hillside / prairie / rolling hill / green hill @summer / "
        "grassy field",
    "desert": "desert / dune / sand dune / sandy desert / Sahara / desert dune / dune field / sand desert / arid "
        "desert",
    "open sea": "ocean / sea / open sea / seascape / open ocean / marine / deep sea / high seas / Atlantic / Pacific",
    "island": "island / desert island / islet / isle / tropical island @palm / small island / ocean island / sea "
        "island / lonely island",
    "snowy village": "snowy village / winter village / snowy hamlet / snowbound village / snow village / snow-covered "
        "village / alpine village / mountain village",
    "city skyline": "city / city skyline / skyline / urban / downtown / cityscape / metropolis / Manhattan / big city "
        "/ metropolitan / inner-city",
    "river": "river / riverside / stream / riverbank / river valley / creek / brook / winding river / riverbend / "
        "stream bank / waterway",
    "flower field": "flower field / blooming field / flowering meadow / tulip field / field of flowers / blossom "
        "field / flower meadow / wildflower field",
    "canyon": "canyon / gorge / red canyon / Grand Canyon / desert canyon / red rock / badlands / ravine / sandstone "
        "canyon / mesa",
    "waterfall": "waterfall / cascade / falls / forest waterfall / mountain waterfall / cataract / wild waterfall",
    "lighthouse": "lighthouse / old lighthouse / coastal lighthouse / clifftop lighthouse / beacon / striped "
        "lighthouse / lonely lighthouse",
    "harbour": "harbour / harbor / port / marina / waterfront / quayside / fishing harbour / old harbour / seaport / "
        "dockside / harbourfront",
    "neon street": "neon street / neon alley / neon city / cyberpunk street / neon-lit street / cyberpunk city / neon "
        "district",
    "farm field": "farm / farmland / farm field / farmyard / country farm / ploughed field / cornfield / farming / "
        "cropland",
    "volcano": "volcano / volcanic / erupting volcano / active volcano / lava / smoking volcano / volcanic eruption",
    "arctic": "arctic / polar / iceberg / ice field / ice floe / arctic sea / antarctic / polar sea / pack ice / icy "
        "sea / frozen sea",
    "jungle": "jungle / rainforest / rain forest / tropical forest / tropical jungle / jungle path / Amazon",
    "coral reef": "coral reef / reef / underwater / undersea / tropical reef / sea floor",
    "space": "space / outer space / cosmic / deep space / galaxy / planet / galactic / starfield / nebula",
    "road": "road / highway / country road / country lane / open road / winding road / empty road / mountain road / "
        "roadside / lonely road",
    "garden": "garden / park / formal garden / palace garden / castle garden / rose garden / parkland / flower bed / "
        "city park",
    "plain ground": "plain background / studio / plain backdrop / empty studio / blank backdrop / solid background / "
        "simple backdrop",
}  # fmt: skip

ADJECTIVES = {
    "lake": "serene / tranquil / calm / peaceful / quiet / still / placid / glassy / lonely / beautiful / hushed / "
        "remote / lovely / mirror-like / dreamy / motionless / secluded / silent / crystal-clear @day / idyllic / "
        "scenic / picturesque / unspoilt / glass-smooth / untouched / sleepy / soothing / dreamlike / breathtaking / "
        "reflective / smooth / undisturbed / gentle / stunning / magical / pretty / solitary",
    "beach": "quiet / wide / empty / lonely / deserted / beautiful / long / peaceful / wild / lovely / windswept / "
        "broad / sandy / sun-kissed @day / picturesque / untouched / unspoilt / pristine / breezy / tropical @palm / "
        "palm-lined @palm / wave-washed / endless / secluded / scenic / idyllic / dreamy / relaxing / stunning / "
        "breathtaking / lonesome / bare / gorgeous / serene / tranquil / calm / perfect / remote / vast / restful / "
        "salty",
    "mountains": "majestic / towering / rugged / high / distant / mighty / beautiful / steep / grand / rocky / lofty "
        "/ imposing / jagged / breathtaking / stunning / dramatic / spectacular / wild / awe-inspiring / immense / "
        "epic / craggy / sharp / proud / silent / huge / remote / sky-high / scenic / massive / magnificent / great / "
        "stony / ragged / barren / gigantic / sheer / snow-capped @winter / snow-covered @winter / icy @winter / "
        "ancient / eternal / lonely / impressive",
    "pine forest": "dense / quiet / deep / tall / silent / dark @dark / beautiful / old / wild / still / hushed / "
        "lonely / shady @day / mysterious / enchanted / fragrant / thick / evergreen / tranquil / peaceful / lonesome "
        "/ solemn / shadowy / remote / northern / magical / ancient / mossy / serene / whispering / snow-laden "
        "@winter / green @summer / secluded / lovely / untouched / endless / woodsy / cool / calm / fairytale / "
        "primeval",
    "meadow": "peaceful / wide / quiet / gentle / open / beautiful / sweeping / calm / idyllic / pastoral / lovely / "
        "rolling / lush @summer / green @summer / grassy / hilly / soft / undulating / flowery @flowers / "
        "flower-strewn @flowers / fresh / breezy / tranquil / serene / scenic / picturesque / endless / sprawling / "
        "rural / bucolic / dreamy / broad / gorgeous / charming / untouched / silent / spacious / quaint / verdant "
        "@summer / frosty @winter",
    "desert": "vast / endless / wide / silent / lonely / empty / beautiful / rolling / hot @noon / barren / immense / "
        "desolate / sandy / arid / dry / bone-dry / sun-baked @noon / scorching @noon / blazing @noon / parched / "
        "windswept / wind-shaped / golden @golden hour / mysterious / deserted / lifeless / infinite / boundless / "
        "merciless / stark / bare / breathtaking / majestic / remote / sweeping / treeless @-cactus / waterless / "
        "trackless / dusty / curving / undulating / scenic / hushed / lonesome",
    "open sea": "vast / wide / endless / restless / beautiful / rolling / boundless / choppy / wild / deep / lonely / "
        "wavy / shimmering / mighty / open / infinite / immense / deep-blue @noon / blue @noon / mysterious / heaving "
        "/ surging / salty / calm @-storm / wind-ruffled / silvery @moonlight / powerful / majestic / tranquil "
        "@-storm / peaceful @-storm / raging @storm / rough @storm / furious @storm / gentle @-storm / far-reaching / "
        "gleaming @day / limitless / unending / lonesome / empty / breathtaking",
    "island": "lonely / remote / small / quiet / beautiful / peaceful / faraway / tropical @palm / lovely / isolated "
        "/ secluded / tiny / little / green / uninhabited / idyllic / dreamy / exotic @palm / palm-covered @palm / "
        "palm-fringed @palm / paradisiacal @palm / wild / forgotten / hidden / mysterious / solitary / lonesome / "
        "distant / untouched / unspoilt / sea-girt / far-off / deserted / enchanting / rocky / charming / hilly / "
        "wooded @round tree / unknown / picture-perfect",
    "snowy village": "quiet / peaceful / cosy / little / sleepy / charming / idyllic / cozy / small / lovely / "
        "picturesque / snug / dreamy / remote / old / hushed / magical / fairytale / frosty / frozen / icy / "
        "enchanting / postcard / pretty / tiny / tranquil / silent / rustic / quaint / twinkling @dark / glowing "
        "@dark / lamplit @dark / white / homely / festive / still / rural / secluded / cold / storybook",
    "city skyline": "modern / big / bustling / grand / tall / huge / glittering @dark / glowing @dark / beautiful / "
        "busy / sprawling / urban / vast / gleaming / towering / impressive / futuristic / vertical / crowded / "
        "soaring / massive / enormous / lit-up @dark / sparkling @dark / twinkling @dark / illuminated @dark / glassy "
        "/ dense / dramatic / iconic / famous / metropolitan / breathtaking / spectacular / stunning / high-rise / "
        "cosmopolitan / mighty / lively / restless / sleepless @dark / imposing",
    "river": "winding / quiet / calm / gentle / peaceful / meandering / slow / wide / beautiful / lazy / tranquil / "
        "curving / silent / glistening / glittering / shining / sparkling / slow-moving / sluggish / smooth / scenic "
        "/ picturesque / idyllic / serene / lovely / rural / bending / snaking / twisting / leisurely / placid / "
        "gleaming / broad / narrow / dreamy / fresh / cool / flowing / rippling / sinuous / reed-lined @reeds / "
        "tree-lined @round tree",
    "flower field": "colourful / colorful / vibrant / beautiful / wide / lovely / bright @day / endless / peaceful / "
        "gorgeous / vivid / blooming / blossoming / flowering / multicoloured / multi-coloured / many-coloured / "
        "rainbow-striped / striped / stunning / radiant @day / fragrant / sweet-smelling / dazzling @day / cheerful / "
        "cheery / joyful / spectacular / breathtaking / glorious / lush / fresh / rich / brilliant @day / dreamy / "
        "magical / vast / sprawling / picturesque / romantic / painterly",
    "canyon": "deep / vast / rocky / grand / dry / rugged / beautiful / wild / dramatic / layered / majestic / red / "
        "rust-red / ochre / sandstone / stony / steep / sheer / sunburnt @noon / sun-baked @noon / desolate / "
        "awe-inspiring / spectacular / breathtaking / ancient / eroded / weathered / craggy / immense / mighty / "
        "lonely / silent / rust-coloured / enormous / stark / huge / epic / monumental / echoing / parched / narrow",
    "waterfall": "mighty / rushing / beautiful / wild / thundering / hidden / roaring / majestic / foaming / secluded "
        "/ cascading / plunging / tumbling / powerful / gushing / spectacular / breathtaking / stunning / scenic / "
        "mossy / white / high / tall / lush @summer / secret / lovely / splendid / dramatic / magical / enchanted / "
        "wonderful / untamed / great / furious / splashing / spraying / crashing / sparkling @day / refreshing / cool "
        "/ silvery",
    "lighthouse": "lonely / tall / old / proud / beautiful / solitary / sturdy / remote / picturesque / striped / "
        "weathered / historic / faithful / steadfast / towering / clifftop / isolated / sea-swept / wave-beaten / "
        "silent / majestic / gleaming @day / shining @dark / guiding / watchful / stately / quaint / rugged / scenic "
        "/ romantic / round / iconic / painted / lonesome / brave / upright / stout / famous",
    "harbour": "quiet / old / sleepy / pretty / peaceful / lovely / picturesque / busy / little / colourful / cosy / "
        "charming / colorful / calm / tranquil / still / bustling / historic / quaint / idyllic / scenic / small / "
        "maritime / nautical / northern / Scandinavian / Nordic / romantic / lively / serene / sheltered / snug / "
        "cheerful / glassy / lamplit @dark / lit-up @dark / twinkling @dark / cute / dreamy / traditional / time-worn "
        "/ safe",
    "neon street": "busy / narrow / glowing / bright / colourful / futuristic / electric / crowded / dazzling / "
        "neon-soaked / neon-drenched / rain-slick @rain / shimmering / vivid / vibrant / garish / gaudy / pulsing / "
        "buzzing / flashy / moody / atmospheric / cyberpunk / dystopian / hi-tech / colorful / radiant / shiny / "
        "luminous / flickering / lively / brilliant / blazing / psychedelic / multicoloured / seedy / sleepless / "
        "hypnotic / glittering / modern",
    "farm field": "wide / peaceful / fertile / quiet / tidy / rural / broad / sprawling / lovely / old / ploughed / "
        "plowed / furrowed / tilled / flat / open / vast / golden @golden hour / lonely / rustic / bucolic / pastoral "
        "/ scenic / endless / brown / orderly / neat / humble / simple / traditional / calm / serene / idyllic / "
        "picturesque / productive / well-tended / straight-rowed / cultivated / fruitful / sleepy / green @summer",
    "volcano": "mighty / fierce / huge / angry / towering / fiery / tall / majestic / dangerous / great / erupting / "
        "smoking / fuming / raging / terrifying / awesome / spectacular / dramatic / violent / explosive / "
        "destructive / roaring / rumbling / burning / blazing / glowing / red-hot / gigantic / enormous / massive / "
        "giant / ominous / menacing / threatening / wrathful / awe-inspiring / black / hellish / infernal / seething "
        "/ smouldering / restless / ferocious / deadly",
    "arctic": "cold / frozen / silent / vast / icy / lonely / white / desolate / beautiful / endless / freezing / "
        "frosty / frigid / bitter-cold / ice-cold / glacial / ice-bound / lifeless / crystalline / glittering / "
        "bluish / pristine / hushed / remote / harsh / majestic / wild / untouched / stark / bare / lonesome / "
        "infinite / still / serene / magical / northern / forbidding / inhospitable / barren / breathtaking / "
        "ethereal",
    "jungle": "dense / lush / green / wild / humid / thick / deep / tangled / exotic / beautiful / overgrown / "
        "impenetrable / leafy / luxuriant / steaming / sweltering / mysterious / primeval / verdant / untamed / vivid "
        "/ untouched / unexplored / rampant / steamy / hot / dripping @rain / damp / shady @day / palm-filled / "
        "exuberant / teeming / hidden / rich / abundant / fertile / enchanted / living / leaf-choked / unspoilt / "
        "adventurous",
    "coral reef": "colourful / colorful / vibrant / lively / beautiful / tropical / bright / rich / shallow / vivid / "
        "teeming / thriving / busy / sunlit / exotic / magical / enchanting / fantastic / glowing / rainbow-coloured "
        "/ many-coloured / multicoloured / healthy / living / dreamy / crystal-clear / delicate / intricate / "
        "pristine / stunning / breathtaking / gorgeous / fish-filled / lush / turquoise / peaceful / quiet / blue / "
        "amazing / abundant / wonderful",
    "space": "vast / endless / silent / mysterious / deep / distant / beautiful / infinite / strange / boundless / "
        "limitless / immense / cold / black / unknown / unexplored / alien / cosmic / otherworldly / mystical / "
        "magical / glittering / star-studded / star-filled / star-strewn / awe-inspiring / breathtaking / spectacular "
        "/ majestic / fantastic / remote / faraway / eternal / unfathomable / dreamlike / surreal / far-off / "
        "shimmering / epic / futuristic / colourful / colorful",
    "road": "long / empty / winding / quiet / lonely / open / endless / narrow / curving / deserted / lonesome / "
        "smooth / bending / twisting / snaking / curvy / scenic / rural / paved / asphalt / dusty @cactus / hilly / "
        "inviting / adventurous / traffic-free / solitary / desolate / forgotten / remote / wide / silent / well-kept "
        "/ snow-dusted @winter / rain-wet @rain / calm / serene / dreamy / picturesque / beautiful / sweeping",
    "garden": "beautiful / peaceful / tidy / lovely / quiet / blooming @-winter / elegant / charming / green @summer "
        "/ well-kept / manicured / ornate / lush @summer / colourful / colorful / neat / trim / stately / grand / "
        "noble / royal / romantic / enchanting / enchanted / tranquil / serene / idyllic / picturesque / symmetrical "
        "/ well-tended / well-trimmed / neatly trimmed / flowery / flower-filled / fragrant / dreamy / old-fashioned "
        "/ calm / secluded / gorgeous / delightful / pretty / orderly / leafy @summer / frosty @winter / verdant "
        "@summer",
    "plain ground": "clean / simple / soft / smooth / bright / bare / minimal / even / neutral / uniform / "
        "uncluttered / empty / blank / plain-coloured / seamless / flat / calm / unadorned / undecorated / monochrome "
        "/ pale / solid / gentle / featureless / pure",
}  # fmt: skip

# The scene in a whole noun phrase that does without its plain nouns, true of every picture of it.
SCENE_SEEN = {
    "lake": "a sheet of calm water between quiet banks / a mirror of water / a glassy expanse of water with mirrored "
        "banks / a bowl of still water in the land / a smooth surface of water, the far bank upside down in it / a "
        "natural mirror between its banks / smooth water holding the reflection of the sky / a quiet body of water / "
        "glassy water and its reflections / =water as smooth as glass / =reflections in calm water / =smooth water "
        "with the sky reflected in it / a great mirror laid into the land / =calm waters between grassy banks / a "
        "pool of silence and reflections / a place to row a boat and fish for trout",
    "beach": "=waves rolling onto sand / =waves washing over sand / =sand between the toes and surf ahead / =foam "
        "running up the sand / a strip of sand where the waves roll in / the place where the waves meet the sand / "
        "=wet sand and rolling surf / a long curve of sand and surf / =soft sand and salt water / a place for "
        "sandcastles and sunbathing / =breakers rolling onto bare sand / the edge of the ocean with its sand / =surf "
        "and sand / =sand, surf and salty air / a ribbon of sand along the breakers / =breakers running out on the "
        "sand",
    "mountains": "=giants of rock and stone / a jagged horizon of rock / =towers of rock above a valley / =rocky "
        "giants above a valley / a wall of rock against the sky / =stone giants shoulder to shoulder / =steep rock "
        "rising from the valley / =crags and ridges one behind the other / a climber's dream of rock and ridges / a "
        "jagged line of rock / =sharp stone teeth on the horizon / the roof of the world / =great heaps of rock above "
        "green land @summer / =rock faces and sharp ridges / a world of rock, ridge and sky",
    "pine forest": "a dirt track between tall dark evergreens / a path between dark conifers / a trail lined with "
        "evergreens / a trail disappearing between firs / a narrow way between tall trunks and needles / tall "
        "evergreens on both sides of a track / a walk among tall evergreens / a dirt trail under dark needles / dark "
        "evergreens around a path / =needles, trunks and a narrow trail / a hiking trail among conifers / a silent "
        "company of evergreens / a path where hikers smell resin / a northern stand of evergreens with a path",
    "meadow": "=grass and gentle hills / =nothing but grass and hills / =soft hills covered with grass / =low hills "
        "and long grass / a carpet of grass over gentle hills / =grass rolling over the hills / =grassy slopes and "
        "distant hills / a place to lie in the grass / a wide open space of grass / =hills of grass / a grassy place "
        "for cows and sheep / a quiet hillside for a picnic / =long grass in the wind / =knolls of grass one behind "
        "the other / a blanket of grass spread over the hills",
    "desert": "=sand as far as the eye can see / a waterless land of sand / =rippled sand in endless waves / a "
        "landscape made of sand / =hills of sand shaped by the wind / =mountains of sand without a drop of water / a "
        "land without water / =curved ridges of sand / =sand, nothing but sand / a land for camels and caravans / a "
        "caravan's land of sand / =golden waves of sand @golden hour / =red-glowing waves of sand @sunset / =sand "
        "upon sand / a thirsty land of sand / a dry land where nothing grows @-cactus / =nothing but sand",
    "open sea": "=nothing but waves / =waves as far as the eye can see / =water from horizon to horizon / =endless "
        "waves / =rolling waves under a wide horizon / =water without end / =waves all the way to the horizon / a "
        "horizon of water / =swells rolling under an empty horizon / =wave after wave and no land anywhere / =salt "
        "water to the end of the world / =a sailor's view of water and horizon / =deep water and long swells / a "
        "world of water / =swell and foam far from land / =nothing but water / =nothing but sea / =nothing but ocean",
    "island": "a hump of green in the middle of the sea / a spot of land with water all around / a bit of land lost "
        "in the ocean / a scrap of land surrounded by waves / a green hill rising from the sea / a castaway's refuge "
        "in the ocean / a dot of land in endless water / land in the middle of nowhere but water / a lonely piece of "
        "land in the waves / a place for castaways / a place to be shipwrecked / a hill with a sandy rim in the midst "
        "of the sea / a small world surrounded by water / Robinson's home in the ocean / a piece of land in the "
        "middle of the ocean",
    "snowy village": "=little houses with white roofs / =roofs thick with snow / a handful of cottages deep in snow / "
        "a cluster of cottages under white roofs / =white roofs below the hills / =huts and cottages buried in white "
        "/ =small wooden houses in deep snow / a few little houses in a white valley / =cottages tucked into the snow "
        "/ =homes with snow on their roofs / =gabled cottages in a white world / a christmas card of little "
        "white-roofed houses / =warm little houses in a cold white world / =chalets deep in white / a small place in "
        "the hills, all white",
    "city skyline": "=towers of glass and steel / =tall buildings side by side / =high buildings on the horizon / a "
        "wall of towers / =blocks and towers against the sky / =glass towers with a thousand windows / =thousands of "
        "windows in tall towers / =office towers and apartment blocks / a cluster of tall towers / a forest of "
        "concrete and glass / =steel and glass reaching into the sky / =towers that scrape the sky / =the high-rises "
        "of a million people / =buildings packed tightly side by side / =glass fronts and flat roofs / =skyscrapers "
        "of a city / =the towers of a city",
    "river": "a ribbon of water through the grass / a band of water winding through grassland / =water winding "
        "through the land / =water winding towards the hills / a winding band of water / =water flowing between "
        "grassy banks / =water snaking through the meadows / a silver band of water in the grass / =running water "
        "between grassy banks / =the bends of a watercourse in grassy land / =water on its way to the sea / a long "
        "loop of flowing water / a place for canoes and fishermen, always flowing / =flowing water and its grassy "
        "banks",
    "flower field": "=stripes of colour to the horizon / =rows of blossoms to the horizon / =a carpet of red, yellow "
        "and purple blooms / =bands of bright petals / =blossoms as far as you can see / =petals in long bright rows "
        "/ =colour in long stripes across the land / =endless rows of blossoms / =a sea of petals / =petals of every "
        "colour / =tulips in long rows / =rows upon rows of tulips / a striped carpet of petals / =bright blooms from "
        "here to the horizon / a farm of tulips in bloom / the colours of a thousand petals in rows / =nothing but "
        "flowers / =flowers in long rows / =blossoms as far as the eye can see / =flowers as far as the eye can see",
    "canyon": "=walls of red rock / =red cliffs on both sides / =towering walls of layered stone / =layered rock and "
        "red dust / =red rock, layer upon layer / =steep walls of red stone / =red stone walls and a flat-topped hill "
        "/ =cliffs the colour of rust / =rust-coloured cliffs and a dry valley floor / a dry valley between cliffs of "
        "stone / a deep cut in the land / =a cowboy's country of red stone / =striped cliffs above a dusty valley / "
        "=rock towers and red dust / =a deep cut between red cliffs",
    "waterfall": "=white water plunging from a cliff / =water thundering over a cliff into a pool / a white curtain "
        "of water / =water falling from a mossy cliff / =water tumbling over rocks into a pool / a stream that drops "
        "off a cliff / a stream dropping into a deep pool / =foam and spray below a cliff / =white water and mossy "
        "rock / a long white veil on a cliff / a roaring veil over mossy rock / =white water dropping into a dark "
        "pool / a tall column of falling water / =spray and thunder at the foot of a cliff",
    "lighthouse": "a striped tower on a cliff / a striped tower above the sea / a tower with a lamp above the waves / "
        "a tall tower guarding the coast / a tower that shows ships the way / a lonely tower on a cliff above the "
        "ocean / a tower with a great lamp on a sea cliff / the keeper's tower on the cliff / a painted tower on the "
        "rocks / a round tower at the edge of the sea / a banded tower on the edge of a cliff / a sailor's guide on "
        "the cliff / a beacon for ships on a rocky cliff / a round striped tower",
    "harbour": "=boats in front of colourful houses / =colourful houses reflected in the water / =boats rocking below "
        "gabled houses / =coloured gables along the water / =coloured houses on the waterside / =a row of painted "
        "houses and a few boats / =fishing boats below narrow houses / =narrow houses shoulder to shoulder by the "
        "water / =masts in front of old houses / a town by the water with its boats / =sailing boats tied up below "
        "the houses / =painted gables mirrored in the water / =houses in red, yellow and blue by the water / a place "
        "where boats come home / =small boats and painted house fronts",
    "neon street": "=glowing signs between tall buildings / =pink and blue signs above wet asphalt / =bright signs "
        "mirrored on wet asphalt / =electric signs on every wall / a canyon of glowing signs / a city of glowing "
        "signs / =a flood of coloured light between high walls / =flickering signs over shiny pavement / =coloured "
        "light on wet asphalt / =advertising signs glowing in pink and turquoise / =shop signs glowing in the dark / "
        "a science-fiction city at ground level / =glowing letters over wet pavement / a tunnel of coloured signs / "
        "=blazing shop signs left and right",
    "farm field": "a red barn and long furrows / a red barn behind ploughed furrows / a barn and a silo behind long "
        "furrows / =rows of earth leading to a barn / =straight rows running to a red barn / =long furrows in brown "
        "earth @-winter / a barn at the end of the furrows / =furrows running to the horizon / a farmer's land with a "
        "barn / a farmer's straight furrows / a red barn with its silo / =ploughed rows and a barn / =the straight "
        "lines of the plough / a place for tractors and ploughs / =earth turned by the plough, a barn behind",
    "volcano": "a mountain pouring out lava / a mountain that spits fire and smoke / a cone of fire / =lava running "
        "down a dark cone / =glowing lava and black smoke / a fiery crater / =streams of fire on a dark slope / =fire "
        "and smoke from the depths of the earth / a dark cone with streams of fire / a smoking giant / =red-hot lava "
        "/ a giant that spits fire / =molten rock pouring from a crater / =smoke and fire above a dark cone / "
        "=burning streams on a black mountainside",
    "arctic": "=blocks of ice in cold water / =ice drifting in cold water / =white and blue ice in a cold ocean / a "
        "white and blue world of ice / =white floes on cold water / =drifting white islands of ice / =ice and nothing "
        "but ice / a land for polar bears and seals / =a polar bear's world of floes / the coldest place on earth / "
        "the frozen end of the world / =mountains of ice in the sea / =ice mountains floating in the water / a frozen "
        "world of white and blue / =broken ice on a cold ocean",
    "jungle": "a path between palms and huge leaves / a trail through thick tropical green / =huge leaves and leaning "
        "palms / a green tunnel of leaves / =big leaves and tangled green / =palms and giant leaves / =palm fronds "
        "over a narrow path / a narrow trail under palm fronds / =dense green on both sides of a trail / an "
        "explorer's path through the green / =a thicket of fronds and leaves / a steamy green world of leaves / "
        "=palms crowding a narrow trail",
    "coral reef": "=fish swimming among corals / =bright fish over coloured corals / =sunbeams in clear blue water / "
        "=small fish above bright corals / a colourful world under water / =corals, fans and fish / a garden of "
        "corals / =fish in blue water / =fish gliding through blue water / =clownfish country under the waves / a "
        "diver's view of corals and fish / a snorkeller's dream / =pink and purple corals on the sand / =fish and "
        "sunbeams below the surface / =swimming fish over a sandy floor / =fish over corals / a shoal of fish over "
        "corals / a school of fish over corals / =fish over a reef / =fish and corals",
    "space": "a planet in the dark / a planet in front of a nebula / =planets, moons and stars / a faraway planet and "
        "a thousand stars / =coloured clouds of gas among stars / =gas clouds and stars / a world far from earth / an "
        "astronaut's view of a planet / a planet floating among the stars / =worlds beyond our own / a strange new "
        "world among the stars / =moons and planets in the dark / =stardust and planets / =what a telescope sees / "
        "=what astronauts dream of",
    "road": "=a strip of asphalt winding to the hills / a grey band of asphalt / a winding band of asphalt / =asphalt "
        "winding towards the mountains / =a dashed white line leading into the distance / =the way to the mountains "
        "on smooth asphalt / a grey ribbon leading to the mountains / a long drive towards the mountains / a long way "
        "to go on smooth asphalt / =a driver's view of bends and mountains / =asphalt and a dashed white line / =the "
        "open way ahead, no car in sight / =smooth asphalt with a dashed line / a driver's dream of curves and "
        "mountains",
    "garden": "a gravel path between flower beds / a path between clipped hedges and flower beds / a white pavilion "
        "at the end of a path / a white pavilion behind flower beds / a small temple among flower beds / =clipped "
        "hedges and flower beds / =beds of flowers along a straight path / =flower beds left and right of a path / a "
        "gardener's work of hedges and beds / =trimmed bushes and gravel / a gazebo among flowers and hedges / a "
        "place for a Sunday stroll among flower beds / =borders full of flowers, hedges cut straight / =gravel, "
        "hedges and a small white temple / a gazebo in a park / a pavilion in a park / a gazebo in a garden / =flower "
        "beds in a park",
    "plain ground": "=one smooth colour and nothing else / =nothing but one soft colour / an empty frame / =a single "
        "colour without any object / =smooth colour from edge to edge / a sheet of nothing / =a clean sheet / =empty "
        "space / a picture of nothing / =bare colour",
}  # fmt: skip

# How a thing stands to its scene: on the ground, on the water, in the air.
SETTINGS = {
    "lake": {"water": "on", "air": "over"}, "beach": {"ground": "on", "water": "off", "air": "over"},
    "mountains": {"ground": "in front of", "air": "over"}, "pine forest": {"ground": "in", "air": "over"},
    "meadow": {"ground": "on", "air": "over"}, "desert": {"ground": "in", "air": "over"},
    "open sea": {"water": "on", "air": "over"}, "island": {"water": "near", "air": "over"},
    "snowy village": {"ground": "near", "air": "over"}, "river": {"water": "on", "air": "over"},
    "city skyline": {"ground": "in front of", "water": "in front of", "air": "over"},
    "flower field": {"ground": "in", "air": "over"}, "canyon": {"ground": "in", "air": "over"},
    "waterfall": {"ground": "near", "air": "near"}, "lighthouse": {"air": "near"},
    "harbour": {"water": "in", "air": "over"}, "neon street": {"ground": "in"},
    "farm field": {"ground": "in", "air": "over"}, "volcano": {"ground": "near", "air": "near"},
    "arctic": {"ground": "in", "air": "over"}, "jungle": {"ground": "in", "air": "in"},
    "coral reef": {"water": "over"}, "space": {"air": "in"}, "road": {"ground": "on", "air": "over"},
    "garden": {"ground": "in", "air": "over"},
}  # fmt: skip
