"""The words of the caption grammar: tables of wordings for every fact.

Reading the tables: wordings are parted by "/"; `@tag` after a wording says when it may be used (a fact, or `open` sky,
`day`, `dark`), `@-tag` when it may not. In the table of nouns `+` marks a plural and `=` a noun without an article. The
first wording of a row is the plain one and is never held out. In RELATIONS and MOTION, {} is the plant or the scene.
"""

NOUNS = {
    "lake": "lake / mountain lake / tarn / loch / mere / pond / lakelet / forest lake / small lake / =still water / "
        "lakeside / lake shore / alpine lake / inland lake / sheet of still water / lochan / waterhole",
    "beach": "beach / sandy beach / shore / seashore / sandy coast / strand / seaside / coast / sandy shore / "
        "coastline / ocean beach / stretch of sand / sea beach / =beachfront / =sandy beachfront / shoreline / sandy "
        "strand",
    "mountains": "+mountains / mountain range / +peaks / +mountain peaks / chain of mountains / +alps / massif / range "
        "of peaks / mountain landscape / +summits / =high country / +high mountains / ridge of mountains / +crags / "
        "sierra / mountain scene",
    "pine forest": "pine forest / forest / +pine woods / wood of pines / coniferous forest / evergreen forest / forest "
        "of pines / fir forest / spruce forest / +woods / pinewood / grove of pines / conifer wood / stand of firs / "
        "=woodland / pine grove / +deep woods",
    "meadow": "meadow / grassy meadow / pasture / green meadow @summer / grassland / lea / field of grass / =open "
        "grassland / glade / grassy field / country meadow / +pastures / sward / =grazing land / meadowland / +rolling "
        "meadows",
    "desert": "desert / +dunes / +sand dunes / +desert dunes / sandy desert / sea of sand / +sands / desert landscape "
        "/ +sandhills / =barren desert / sandy waste / dune field / expanse of sand / desert of dunes / +endless sands "
        "/ arid desert",
    "open sea": "sea / open sea / ocean / open ocean / the open sea / the sea / the ocean / =open water / +waves / "
        "+sea waves / +ocean waves / seascape / the deep / =deep water / +high seas / +billows / =sea water / expanse "
        "of water",
    "island": "island / small island / isle / islet / lonely island / desert island / atoll / tiny island / island in "
        "the sea / island in the ocean / cay / ocean island / little isle / sandy island / island landscape",
    "snowy village": "snowy village / village in the snow / snow-covered village / snowbound village / hamlet in the "
        "snow / winter village / snowy hamlet / snow-covered hamlet / snowy little town / wintry village / "
        "+snow-covered houses / +snowy cottages / snowy settlement / +houses deep in snow / mountain village in the "
        "snow / snow-clad village",
    "city skyline": "city skyline / skyline / city / cityscape / +skyscrapers / downtown skyline / +city towers / "
        "metropolis / big city / +high-rise buildings / urban skyline / +tower blocks / +tall buildings / =downtown / "
        "row of skyscrapers / megacity",
    "river": "river / winding river / stream / wide river / watercourse / brook / waterway / +river banks / flowing "
        "river / creek / river bend / riverside / rivulet / +river waters / country river / meandering river / river "
        "landscape",
    "flower field": "flower field / field of flowers / field of blossoms / blooming field / +flower fields / meadow "
        "full of flowers / carpet of flowers / sea of flowers / field of wildflowers / field in bloom / flowering "
        "meadow / expanse of blossoms / field of blooms / =flowering land / blossoming field / field full of flowers",
    "canyon": "canyon / red canyon / rocky canyon / gorge / ravine / desert canyon / deep gorge / sandstone canyon / "
        "rock canyon / chasm / badlands canyon / +canyon walls / +red cliffs / rocky gorge",
    "waterfall": "waterfall / tall waterfall / cascade / +falls / cataract / mountain waterfall / forest waterfall / "
        "plunging waterfall / white cascade / +high falls / big waterfall",
    "lighthouse": "lighthouse / lighthouse on a cliff / striped lighthouse / old lighthouse / light tower / coastal "
        "lighthouse / lighthouse by the sea / beacon on the cliff / seaside lighthouse / lone lighthouse",
    "harbour": "harbour / harbor / fishing harbour / port / marina / small harbour / old harbour / fishing port / quay "
        "with boats / boat harbour / harbour town / fishing harbor / waterfront with boats",
    "neon street": "neon street / street with neon signs / city street full of neon / neon-lit street / street of neon "
        "lights / neon alley / neon-lit alley / cyberpunk street / wet street with neon signs / avenue of neon "
        "signs / street glowing with signs",
    "farm field": "farm field / farmland / ploughed field / field with a barn / farm / crop field / field of crops / farm "
        "with a red barn / +crop rows / cornfield / tilled field / field on a farm / agricultural field / +farm "
        "fields",
    "volcano": "volcano / erupting volcano / smoking volcano / active volcano / fiery mountain / volcanic cone / volcano "
        "with lava / +volcanic slopes / lava-spewing volcano / fire mountain / burning volcano",
    "arctic": "arctic sea / +icebergs / arctic landscape / frozen sea / polar landscape / +ice floes / =pack ice / icy "
        "sea / glacier sea / polar sea / =arctic ice / frozen ocean / sea full of ice / iceberg sea",
    "jungle": "jungle / rainforest / tropical jungle / tropical rainforest / dense jungle / lush jungle / rain forest / "
        "tropical forest / jungle path / =jungle thicket / steamy jungle / green jungle / path through the jungle",
    "coral reef": "coral reef / reef / underwater reef / underwater scene / +corals / tropical reef / coral garden / reef "
        "under water / underwater coral reef / sea floor with corals / +underwater corals / reef full of corals",
    "space": "outer space / =deep space / +planets in space / space scene / starfield with planets / planet in space / "
        "the cosmos / galaxy with planets / planet among the stars / +planets and stars / alien planet / universe "
        "of stars and planets",
    "road": "road / country road / winding road / highway / long road / open road / lonely road / road to the horizon "
        "/ asphalt road / rural road / paved road / two-lane road / road through the country",
    "garden": "garden / park / formal garden / flower garden / garden path / garden with a pavilion / palace garden / "
        "landscaped garden / +garden beds / garden with clipped hedges / pleasure garden / tended garden / manor "
        "garden",
    "plain ground": "plain background / empty background / studio background / plain backdrop / blank background / solid "
        "background / plain studio / simple background / seamless backdrop / neutral background / smooth backdrop",
}  # fmt: skip

# How the scene is called in front of a light: "mountain sunset", "ocean dawn".
ATTRIBUTES = {
    "lake": "lake / mountain lake / lakeside / tarn / loch",
    "beach": "beach / seashore / coastal / seaside / shore",
    "mountains": "mountain / alpine / mountains / mountain range / peak",
    "pine forest": "forest / pine forest / woodland / pine wood",
    "meadow": "meadow / pasture / grassland",
    "desert": "desert / dune / sand dune / sandy desert",
    "open sea": "ocean / sea / open sea",
    "island": "island / desert island / islet / isle",
    "snowy village": "snowy village / winter village / snowy hamlet",
    "city skyline": "city / city skyline / skyline / urban / downtown",
    "river": "river / riverside / stream / riverbank",
    "flower field": "flower field / blooming field / flowering meadow",
    "canyon": "canyon / gorge / red canyon",
    "waterfall": "waterfall / cascade",
    "lighthouse": "lighthouse / old lighthouse",
    "harbour": "harbour / harbor / port / marina",
    "neon street": "neon street / neon alley",
    "farm field": "farm / farmland / farm field",
    "volcano": "volcano / volcanic",
    "arctic": "arctic / polar / iceberg",
    "jungle": "jungle / rainforest",
    "coral reef": "coral reef / reef",
    "space": "space / outer space",
    "road": "road / highway / country road",
    "garden": "garden / park",
    "plain ground": "plain background / studio",
}  # fmt: skip

ADJECTIVES = {
    "lake": "serene / tranquil / calm / peaceful / quiet / still / placid / glassy / lonely / beautiful / hushed / "
        "remote / lovely",
    "beach": "quiet / wide / empty / lonely / deserted / beautiful / long / peaceful / wild / lovely / windswept / "
        "broad",
    "mountains": "majestic / towering / rugged / high / distant / mighty / beautiful / steep / grand / rocky / lofty / "
        "imposing",
    "pine forest": "dense / quiet / deep / tall / silent / dark @dark / beautiful / old / wild / still / hushed / "
        "lonely",
    "meadow": "peaceful / wide / quiet / gentle / open / beautiful / sweeping / calm / idyllic / pastoral / lovely / "
        "rolling",
    "desert": "vast / endless / wide / silent / lonely / empty / beautiful / rolling / hot @noon / barren / immense / "
        "desolate",
    "open sea": "vast / wide / endless / restless / beautiful / rolling / boundless / choppy / wild / deep / lonely / "
        "wavy",
    "island": "lonely / remote / small / quiet / beautiful / peaceful / faraway / tropical @palm / lovely / isolated / "
        "secluded",
    "snowy village": "quiet / peaceful / cosy / little / sleepy / charming / idyllic / cozy / small / lovely / "
        "picturesque",
    "city skyline": "modern / big / bustling / grand / tall / huge / glittering @dark / glowing @dark / beautiful / "
        "busy / sprawling",
    "river": "winding / quiet / calm / gentle / peaceful / meandering / slow / wide / beautiful / lazy / tranquil / "
        "curving",
    "flower field": "colourful / colorful / vibrant / beautiful / wide / lovely / bright @day / endless / peaceful / "
        "gorgeous / vivid",
    "canyon": "deep / vast / rocky / grand / dry / rugged / beautiful / wild / dramatic / layered / majestic",
    "waterfall": "mighty / rushing / beautiful / wild / thundering / hidden / roaring / majestic / foaming / secluded",
    "lighthouse": "lonely / tall / old / proud / beautiful / solitary / sturdy / remote / picturesque",
    "harbour": "quiet / old / sleepy / pretty / peaceful / lovely / picturesque / busy / little / colourful",
    "neon street": "busy / narrow / glowing / bright / colourful / futuristic / electric / crowded / dazzling / wet",
    "farm field": "wide / peaceful / fertile / quiet / tidy / rural / broad / sprawling / lovely / old",
    "volcano": "mighty / fierce / huge / angry / towering / fiery / tall / majestic / dangerous / great",
    "arctic": "cold / frozen / silent / vast / icy / lonely / white / desolate / beautiful / endless",
    "jungle": "dense / lush / green / wild / humid / thick / deep / tangled / exotic / beautiful",
    "coral reef": "colourful / colorful / vibrant / lively / beautiful / tropical / bright / rich / shallow / vivid",
    "space": "vast / endless / silent / mysterious / deep / starry / distant / beautiful / infinite / strange",
    "road": "long / empty / winding / quiet / lonely / open / endless / narrow / curving",
    "garden": "beautiful / peaceful / tidy / lovely / quiet / blooming @-winter / elegant / charming / green @summer / "
        "well-kept",
    "plain ground": "clean / simple / soft / smooth / bright / bare / minimal / even",
}  # fmt: skip

LIGHT = {
    "dawn": "at dawn / at sunrise / at daybreak / as the sun rises / at first light / in the early dawn light / as day "
        "breaks / in the pink light of dawn / while the sun comes up / at break of day / as dawn breaks / under a pale "
        "pink dawn sky @open / before the day begins / at the crack of dawn / in the rosy glow of sunrise / at "
        "cockcrow",
    "morning": "in the morning / in the morning light / on a fresh morning / in the forenoon / in soft morning light / "
        "in the morning sun @open / under a morning sky / in mid-morning / on a bright morning @open / early in the "
        "day / in the cool light of morning / one morning",
    "noon": "at noon / at midday / in the midday light / at high noon / in the middle of the day / in broad daylight / "
        "under the midday sun @open / with the sun high overhead @open / in bright daylight @open / by day / under a "
        "blue noon sky @clear / in the noonday light / when the sun stands highest @open / at twelve noon / during the "
        "day / in the midday heat @desert",
    "golden hour": "at golden hour / in the golden hour / in warm golden light / in the late afternoon / during golden "
        "hour / in golden light / bathed in golden light / in the low golden sun @open / late in the afternoon / in "
        "honey-coloured light / in late afternoon light / touched by golden sunlight @open / in the last golden hour "
        "of the day / in amber light",
    "sunset": "at sunset / as the sun goes down / in the evening glow / under a red evening sky @open / at day's end / "
        "at sundown / as the sun sets / in the evening / in the light of the setting sun / while the sun sinks / under "
        "an orange evening sky @open / at the end of the day / in the red light of evening / as evening falls / in the "
        "sunset glow / at eventide / under a blazing sunset sky @open / as the sun sinks below the horizon / in the "
        "afterglow of the day",
    "blue hour": "at blue hour / at dusk / in the twilight / in the blue hour / during blue hour / at nightfall / in "
        "blue dusk light / under a deep blue dusk sky @open / after sundown / in the fading blue light / as night "
        "falls / as darkness falls / in the gloaming / at twilight / in the blue twilight / shortly after sundown / as "
        "dusk settles",
    "night": "at night / by night / in the dark of night / under a dark night sky / in the night / late at night / in "
        "the dead of night / after dark / under the stars @clear / under a starry sky @clear / in darkness / beneath a "
        "sky full of stars @clear / at midnight / in the darkness / deep in the night / under a black sky @open",
    "moonlight": "in the moonlight / by moonlight / under the moon / under a full moon @open / in pale moonlight / lit "
        "by the moon / bathed in moonlight / while the moon shines @open / in silver moonlight / on a moonlit night / "
        "by the light of the moon / under a bright moon @open / beneath the moon / in the glow of the moon / silvered "
        "by moonlight",
}  # fmt: skip

# One word or two for a light, as in "mountain sunset" or "lake, dawn, fog".
LIGHT_NAMES = {
    "dawn": "dawn / sunrise / daybreak / first light",
    "morning": "morning / morning light / forenoon",
    "noon": "noon / midday / high noon / daytime",
    "golden hour": "golden hour / golden light / late afternoon",
    "sunset": "sunset / sundown / evening / evening glow / setting sun",
    "blue hour": "blue hour / dusk / twilight / nightfall",
    "night": "night / nighttime / midnight / dark night",
    "moonlight": "moonlight / full moon @open / moonlit night / moonshine",
}  # fmt: skip

LIGHT_ADJECTIVES = {
    "dawn": "dawn-lit / sunrise",
    "morning": "morning",
    "noon": "midday / noonday / daylit",
    "golden hour": "golden-hour / golden-lit",
    "sunset": "sunset / sunset-lit / evening",
    "blue hour": "dusky / twilit / twilight",
    "night": "nighttime / nocturnal / night-time",
    "moonlight": "moonlit / moon-bathed",
}  # fmt: skip

# What a day is called at this light after an adjective: "on a rainy night", "on a winter morning".
DAYPARTS = {
    "dawn": "dawn",
    "morning": "morning",
    "sunset": "evening",
    "night": "night",
    "moonlight": "moonlit night",
}  # fmt: skip

LIGHT_CLAUSES = {
    "dawn": "the sun is rising / day is breaking / it is early dawn / the sun comes up / dawn is breaking",
    "morning": "it is morning / the morning is young / the morning light is fresh",
    "noon": "it is noon / it is midday / the sun stands high @open / it is the middle of the day",
    "golden hour": "the light is warm and golden / it is golden hour / everything glows in golden light / the low "
        "light is golden",
    "sunset": "the sun is setting / the sun goes down / evening is falling / it is sunset / the sky glows red and "
        "orange @open",
    "blue hour": "dusk has fallen / it is blue hour / the light is blue and fading / twilight lies over the land / it "
        "is getting dark",
    "night": "it is night / night has fallen / it is dark / the stars are out @clear / it is the middle of the night",
    "moonlight": "the moon is shining @open / the moon lights the scene / it is a moonlit night / moonlight lies over "
        "everything",
}  # fmt: skip

WEATHER = {
    "clear": "under a clear sky / under a cloudless sky / in clear weather / with not a cloud in the sky / in fine "
        "weather / beneath a clear sky / with a clear sky above / in cloudless weather / under clear skies",
    "cloudy": "under a cloudy sky / with clouds in the sky / with drifting clouds / beneath drifting clouds / under "
        "passing clouds / with scattered clouds overhead / as clouds drift by / under cloudy skies / with a few clouds "
        "above / with fluffy clouds above",
    "overcast": "under an overcast sky / under a grey sky / in overcast weather / beneath a heavy grey sky / under a "
        "gray sky / beneath a blanket of cloud / in dull weather / under leaden clouds / with a thick cover of cloud / "
        "in gloomy weather",
    "fog": "in the fog / in fog / in mist / in the mist / shrouded in fog / veiled in mist / in thick fog / in a soft "
        "haze / lost in mist / with mist in the air / wrapped in fog / as fog drifts by / in misty weather / in a pall "
        "of fog",
    "rain": "in the rain / in rain / in pouring rain / as rain falls / in a downpour / with rain falling / in rainy "
        "weather / during a shower / in heavy rain / while it rains / in a drizzle / in wet weather / with rain coming "
        "down / as it pours",
    "snow": "in falling snow / while it snows / with snow falling / during a snowfall / as snow falls / with "
        "snowflakes in the air / in a snow shower / as snowflakes drift down / in a snowfall / in snowy weather / in a "
        "flurry / with snow coming down",
    "storm": "in a thunderstorm / during a thunderstorm / with lightning in the sky / in a storm / as lightning "
        "strikes / with lightning flashing / in stormy weather / during a storm / under a stormy sky / in a "
        "tempest / as thunder rolls",
    "rainbow": "with a rainbow in the sky / under a rainbow / with a rainbow above / beneath a rainbow / after the rain "
        "with a rainbow / with a rainbow arching over it / below a bright rainbow / as a rainbow appears",
}  # fmt: skip

WEATHER_TAGS = {
    "clear": "clear sky / cloudless sky / clear weather / clear",
    "cloudy": "clouds / cloudy sky / cloudy / drifting clouds",
    "overcast": "overcast / grey sky / gray sky / overcast sky / dull weather",
    "fog": "fog / mist / foggy / misty / haze / thick fog",
    "rain": "rain / rainy / pouring rain / downpour / drizzle / wet weather",
    "snow": "snowfall / falling snow / snowing / snowflakes / snow flurries",
    "storm": "storm / thunderstorm / lightning / stormy / stormy sky",
    "rainbow": "rainbow / a rainbow / rainbow in the sky",
}  # fmt: skip

WEATHER_ADJECTIVES = {
    "clear": "clear / cloudless",
    "cloudy": "cloudy",
    "overcast": "grey / gray / overcast / gloomy / dull",
    "fog": "foggy / misty / hazy / mist-covered",
    "rain": "rainy / rain-swept / wet / drizzly / rain-soaked",
    "snow": "snowy / snow-swept",
    "storm": "stormy / storm-swept / tempestuous",
    "rainbow": "rainbow-lit",
}  # fmt: skip

WEATHER_CLAUSES = {
    "clear": "the sky is clear / there is not a cloud in the sky / the weather is fine",
    "cloudy": "clouds drift across the sky / clouds pass overhead / the sky is full of clouds / there are clouds in "
        "the sky",
    "overcast": "the sky is overcast / the sky is grey / grey clouds cover the sky / the weather is dull",
    "fog": "fog hangs in the air / mist veils everything / it is foggy / fog hides the distance / mist drifts past",
    "rain": "it is raining / rain is falling / rain pours down / a shower passes over",
    "snow": "it is snowing / snow is falling / snowflakes drift down / snowflakes fill the air",
    "storm": "lightning flashes / a thunderstorm rages / lightning strikes / a storm is raging / thunder and lightning "
        "fill the sky",
    "rainbow": "there is a rainbow in the sky / a rainbow spans the sky / a rainbow has appeared / a rainbow arches "
        "overhead",
}  # fmt: skip

SEASON = {
    "spring": "in spring / in springtime / in early spring / in the spring / during spring / in the month of April / "
        "in vernal colours",
    "summer": "in summer / in summertime / in high summer / during summer / in the summer / in the month of July / in "
        "midsummer",
    "autumn": "in autumn / in the fall / in autumn colours / in autumn colors / during autumn / in fall colors / in "
        "the month of October / with autumn foliage",
    "winter": "in winter / in wintertime / in deep winter / in the winter / during winter / in midwinter / in the cold "
        "of winter / in the month of January / in the cold season",
}  # fmt: skip
SEASON_NAMES = {
    "spring": "spring / springtime",
    "summer": "summer / summertime",
    "autumn": "autumn / fall / autumn colours",
    "winter": "winter / wintertime",
}  # fmt: skip
SEASON_ADJECTIVES = {
    "spring": "spring / springtime",
    "summer": "summer / summery",
    "autumn": "autumn / autumnal",
    "winter": "winter / wintry",
}  # fmt: skip
SEASON_CLAUSES = {
    "spring": "it is spring / spring has come",
    "summer": "it is summer / summer is here",
    "autumn": "it is autumn / autumn has come / it is fall",
    "winter": "it is winter / winter has come",
}  # fmt: skip

PLANTS = {
    "none": "",
    "pine": "pine trees / pines / firs / tall pines / fir trees / spruces / conifers / evergreens / spruce trees / "
        "dark pines / evergreen trees / larches",
    "palm": "palm trees / palms / coconut palms / tall palms / coconut trees / tropical palms / swaying palms / "
        "leaning palms",
    "round tree": "trees / round trees / oaks / broad trees / leafy trees @-winter / maples / deciduous trees / oak "
        "trees / old trees / beeches / lindens / shade trees",
    "birch": "birch trees / birches / silver birches / white birches / slender birches / pale birch trees / birch "
        "trunks",
    "cherry": "cherry trees / blossoming cherry trees @spring / cherry blossoms @spring / flowering cherries @spring / "
        "pink cherry trees @spring / sakura trees / cherry trees in bloom @spring / sakura blossoms @spring",
    "cactus": "cacti / cactuses / tall cacti / saguaros / cactus plants / green cacti / saguaro cacti / prickly cacti",
    "reeds": "reeds / tall reeds / rushes / bulrushes / cattails / reed beds / waving reeds / sedges",
    "flowers": "flowers / wildflowers / blossoms / colourful flowers / colorful flowers / blooms / bright flowers / "
        "wild flowers / countless flowers / blooming flowers",
}  # fmt: skip

# How plants stand in the scene; {} is the plant.
RELATIONS = {
    "lake": "surrounded by {} / ringed by {} @-reeds / framed by {} / bordered by {} / with {} on its shore / fringed "
        "with {} / edged with {} / lined with {} / encircled by {} @-reeds / among {} / with {} around it / girdled by "
        "{} @-reeds / hemmed in by {}",
    "beach": "lined with {} / with {} / fringed with {} / framed by {} / under {} / dotted with {} / with {} along it "
        "/ shaded by {} @day",
    "mountains": "with {} / with {} in the foreground / above {} / rising behind {} / framed by {} / with {} at their "
        "feet / seen past {} / over {} / beyond {}",
    "pine forest": "of {} / full of {} / with {} / thick with {} / of towering {} / made of {} / crowded with {}",
    "meadow": "with {} / dotted with {} / framed by {} @-flowers / full of {} @flowers / lined with {} @-flowers / "
        "among {} / covered with {} @flowers / strewn with {} @flowers / edged with {} @-flowers",
    "desert": "with {} / dotted with {} / studded with {} / among {} / with a few {} / scattered with {}",
    "open sea": "with {}",
    "island": "with {} / covered with {} / dotted with {} / topped with {} / crowned by {} / overgrown with {} / full "
        "of {}",
    "snowy village": "among {} / surrounded by {} / with {} / between {} / framed by {} / ringed by {} / nestled among "
        "{}",
    "city skyline": "with {} / behind {} / beyond {} / framed by {} / with {} in the foreground / over {}",
    "river": "lined with {} / between {} / bordered by {} / with {} on its banks / fringed with {} / flowing past {} / "
        "edged with {} / framed by {} / among {} / winding past {}",
    "flower field": "with {} / full of {} / covered with {} / strewn with {} / thick with {}",
    "canyon": "with {} / dotted with {} / with a few {} / studded with {} / among {}",
    "waterfall": "framed by {} / surrounded by {} / with {} / among {} / between {} / with {} around it",
    "lighthouse": "with {} / beside {} / near {} / next to {}",
    "harbour": "with {}",
    "neon street": "with {}",
    "farm field": "with {} / lined with {} / bordered by {} / with a few {} / edged with {}",
    "volcano": "with {} / behind {} / framed by {} / seen past {} / beyond {}",
    "arctic": "with {}",
    "jungle": "of {} / full of {} / with {} / thick with {} / crowded with {} / with towering {}",
    "coral reef": "with {}",
    "space": "with {}",
    "road": "lined with {} / between {} / bordered by {} / with {} beside it / past {} / among {} / flanked by {}",
    "garden": "with {} / full of {} / framed by {} @-flowers / lined with {} / planted with {} / among {}",
    "plain ground": "with {}",
}  # fmt: skip

# Something moves on, over or in the scene; {} is the scene.
MOTION = {
    "lake": "ripples on {} / soft ripples spreading over {} / the sky mirrored in {} / light playing on {} / small "
        "waves on {}",
    "beach": "waves crashing on {} / waves rolling onto {} / waves breaking on {} / surf washing over {} / breakers "
        "rolling onto {} / waves lapping at {} / surf pounding {} / foamy waves on {} / waves running up {} / the sea "
        "washing onto {} / combers breaking on {}",
    "mountains": "a view of {} / a panorama of {} / a wide view over {}",
    "pine forest": "a view into {} / the edge of {} / a view of {}",
    "meadow": "grass swaying on {} / a view over {} / wind passing over {} / grass waving on {}",
    "desert": "a view over {} / sand drifting over {} / an empty view of {} / wind sweeping over {}",
    "open sea": "waves rolling across {} / waves on {} / a swell running over {} / waves heaving on {} / a wide view "
        "of {}",
    "island": "waves washing around {} / the sea around {} / waves lapping at {} / a view of {}",
    "snowy village": "a view of {} / snow lying on {} / white roofs of {}",
    "city skyline": "a view of {} / a panorama of {} / a wide view of {}",
    "river": "water flowing down {} / a view along {} / water gliding along {} / the current of {}",
    "flower field": "wind passing over {} / flowers swaying in {} / a view over {} / blossoms nodding in {}",
    "canyon": "a view into {} / a panorama of {} / a wide view of {} / the depths of {}",
    "waterfall": "water falling down {} / water rushing down {} / spray rising from {} / water plunging over {} / a view "
        "of {}",
    "lighthouse": "waves breaking below {} / waves crashing below {} / the sea below {} / a view of {} / the beam of {} "
        "@dark",
    "harbour": "boats rocking in {} / boats bobbing in {} / a view of {} / boats moored in {}",
    "neon street": "lights flickering in {} / signs glowing in {} / a view down {} / reflections on {}",
    "farm field": "a view over {} / wind passing over {} / the furrows of {}",
    "volcano": "lava flowing down {} / smoke rising from {} / smoke pouring from {} / lava running down {} / an eruption "
        "of {}",
    "arctic": "ice drifting on {} / northern lights over {} @dark @open / aurora above {} @dark @open / a view over {} / a wide view of {}",
    "jungle": "a path into {} / a view into {} / palms swaying in {} / leaves moving in {}",
    "coral reef": "fish swimming over {} / fish gliding past {} / sunbeams falling on {} / a shoal of fish above {} / light "
        "dancing over {}",
    "space": "stars shining in {} / a view into {} / stars twinkling in {}",
    "road": "a view along {} / the bends of {} / a view down {} / the white line of {}",
    "garden": "a view of {} / a walk through {} / a path through {} / a stroll through {}",
    "plain ground": "a picture of {} / nothing but {} / a view of {}",
}  # fmt: skip

# True of every picture of the scene.
DETAILS = {
    "lake": "with ripples on the water / mirroring the sky / with the sky reflected in the water / with hills behind "
        "it / its water catching the light / with soft reflections",
    "beach": "with waves rolling in / with waves crashing on the sand / with white foam on the sand / where the waves "
        "break / washed by the sea / with surf rolling in / where the sea meets the sand",
    "mountains": "with peaks behind peaks / rising into the sky / ridge behind ridge / seen from afar / standing "
        "against the sky",
    "pine forest": "with trees behind trees / tree beside tree / with tall trunks / rank upon rank",
    "meadow": "with grass swaying in the wind / with gentle hills / with soft grass / stretching away to the hills / "
        "rolling into the distance",
    "desert": "with rippled sand / dune behind dune / reaching to the horizon / with ripples in the sand / shaped by "
        "the wind",
    "open sea": "with waves as far as the eye can see / reaching to the horizon / with rolling waves / with nothing "
        "but water around / with waves all around",
    "island": "in the middle of the sea / surrounded by water / in the sea / with waves all around / far out in the "
        "ocean",
    "snowy village": "with white roofs / with snow on the roofs / with little houses / deep in snow",
    "city skyline": "with tall towers / with rows of windows / with towers against the sky / with lit windows @dark / "
        "with skyscrapers side by side",
    "river": "winding through the land / flowing gently / curving into the distance / with the sky in its water / "
        "flowing through the countryside",
    "flower field": "in full bloom / stretching into the distance / with blossoms everywhere / bright with colour / "
        "flower beside flower",
    "canyon": "with layers of red rock / with steep rock walls / between towering cliffs / with bands of coloured stone "
        "/ carved by wind and water",
    "waterfall": "falling into a pool / with spray in the air / plunging over the rocks / with white foam at its foot / "
        "tumbling down a cliff / with mossy rocks around it",
    "lighthouse": "above the sea / on a rocky cliff / high over the waves / with its striped tower / looking out over the "
        "sea / with waves at the foot of the cliff",
    "harbour": "with boats on the water / with coloured houses along the quay / with sailing boats at their moorings / "
        "with houses mirrored in the water / with masts and gables",
    "neon street": "with signs reflected in the wet ground / with glowing signs on every wall / with lights in all colours / "
        "with shop windows on both sides / between tall buildings",
    "farm field": "with long straight furrows / with a barn in the distance / with a barn and a silo / with rows that run "
        "to the horizon / furrow beside furrow",
    "volcano": "with glowing lava on its slopes / with smoke rising from its crater / with streams of lava / spewing "
        "smoke and fire / with red-hot lava running down",
    "arctic": "with floating ice / with white floes on dark water / with ice as far as the eye can see / with blue ice "
        "in cold water / with ice in cold water / with "
        "the aurora above @dark @open / with northern lights in the sky @dark @open / under green northern lights @dark @open",
    "jungle": "with big leaves in front / with lush green leaves / with a path through the leaves / leaf upon leaf / "
        "with hanging fronds",
    "coral reef": "with small fish swimming past / with sunbeams falling through the water / with corals in every colour / "
        "with fans and branching corals / with a shoal of fish / on the sandy bottom of the sea",
    "space": "with countless stars / with a glowing nebula / with a ringed planet / among the stars / with planets and "
        "coloured clouds of gas / full of stars",
    "road": "leading to the hills / winding to the horizon / with a broken white line / leading into the distance / "
        "bending towards the mountains",
    "garden": "with a gravel path / with clipped hedges / with a white pavilion / with flower beds along the path / "
        "with hedges and beds / with neatly cut bushes",
    "plain ground": "with soft even light / in one soft colour / with nothing on it / with a soft shadow / evenly lit",
}  # fmt: skip

# What the scene does, one thing or several: "lies|lie".
VERBS = {
    "lake": "lies still|lie still / rests quietly|rest quietly / shimmers|shimmer / lies calm|lie calm",
    "beach": "stretches along the sea|stretch along the sea / lies by the sea|lie by the sea / meets the waves|meet "
        "the waves",
    "mountains": "rises into the sky|rise into the sky / towers in the distance|tower in the distance / stands "
        "tall|stand tall",
    "pine forest": "stands silent|stand silent / covers the land|cover the land / stands dense and tall|stand dense "
        "and tall",
    "meadow": "stretches out|stretch out / sways in the wind|sway in the wind / rolls into the distance|roll into the "
        "distance",
    "desert": "stretches to the horizon|stretch to the horizon / lies silent|lie silent / goes on forever|go on "
        "forever",
    "open sea": "reaches to the horizon|reach to the horizon / heaves and rolls|heave and roll / moves restlessly|move "
        "restlessly",
    "island": "lies in the sea|lie in the sea / rises from the water|rise from the water / floats on the horizon|float "
        "on the horizon",
    "snowy village": "lies quiet|lie quiet / sleeps under white roofs|sleep under white roofs / lies deep in snow|lie "
        "deep in snow",
    "city skyline": "rises into the sky|rise into the sky / fills the horizon|fill the horizon / stands tall|stand "
        "tall",
    "river": "winds through the land|wind through the land / flows gently|flow gently / curves into the distance|curve "
        "into the distance",
    "flower field": "is in full bloom|are in full bloom / stretches into the distance|stretch into the distance / "
        "sways in the wind|sway in the wind",
    "canyon": "opens wide|open wide / cuts through the rock|cut through the rock / lies in the heat|lie in the heat",
    "waterfall": "plunges into the pool|plunge into the pool / thunders down|thunder down / falls over the cliff|fall over "
        "the cliff",
    "lighthouse": "stands above the sea|stand above the sea / watches over the coast|watch over the coast / stands on the "
        "cliff|stand on the cliff",
    "harbour": "lies quiet|lie quiet / rests by the water|rest by the water / sleeps behind its quay|sleep behind its "
        "quay",
    "neon street": "glows in every colour|glow in every colour / shines wet and bright|shine wet and bright / leads into the "
        "city|lead into the city",
    "farm field": "runs to the horizon|run to the horizon / lies wide and flat|lie wide and flat / stretches into the "
        "distance|stretch into the distance",
    "volcano": "spits fire|spit fire / smokes and glows|smoke and glow / rises over the plain|rise over the plain",
    "arctic": "lies frozen|lie frozen / drifts in the cold|drift in the cold / glitters with ice|glitter with ice",
    "jungle": "grows dense and green|grow dense and green / closes in on the path|close in on the path / teems with "
        "leaves|teem with leaves",
    "coral reef": "teems with fish|teem with fish / glows in many colours|glow in many colours / lies under clear water|lie "
        "under clear water",
    "space": "goes on forever|go on forever / is full of stars|are full of stars / glitters with stars|glitter with "
        "stars",
    "road": "winds to the horizon|wind to the horizon / leads into the distance|lead into the distance / bends "
        "through the land|bend through the land",
    "garden": "lies in order|lie in order / is in full leaf|are in full leaf / lies behind its hedges|lie behind its "
        "hedges",
    "plain ground": "lies empty|lie empty / is lit softly|are lit softly / stays bare|stay bare",
}  # fmt: skip

STYLE_PREFIXES = {
    "photo": "a photo of / a photograph of / photo of / a realistic photo of / a picture of / an image of / photograph "
        "of / a snapshot of / a colour photograph of",
    "watercolor": "a watercolor of / a watercolor painting of / a watercolour of / watercolor painting of / an "
        "aquarelle of / a loose watercolor of / a watercolour painting of / a delicate watercolor of / a wash painting "
        "of / watercolor sketch of",
    "oil painting": "an oil painting of / oil painting of / a painting in oils of / an oil on canvas of / a thick oil "
        "painting of / a classic oil painting of / an impasto painting of / a canvas in oils of / an old oil painting "
        "of",
    "pencil sketch": "a pencil sketch of / a pencil drawing of / pencil sketch of / a sketch of / a coloured pencil "
        "drawing of / a drawing of / a hand-drawn sketch of / a colored pencil drawing of / a graphite drawing of / a "
        "crosshatched drawing of",
    "ink wash": "an ink wash painting of / an ink wash of / a sumi-e painting of / ink wash painting of / a brush and "
        "ink painting of / an ink painting of / a sumi-e of / a brush painting in ink of / a chinese ink painting of",
    "ukiyo-e": "a ukiyo-e print of / a ukiyo-e of / a japanese woodblock print of / a woodblock print of / ukiyo-e "
        "print of / a japanese print of / a ukiyo-e woodblock of / an old japanese print of / a color woodcut of",
    "pixel art": "pixel art of / a pixel art picture of / a pixel art scene of / a pixelated picture of / an 8-bit "
        "picture of / a retro game scene of / a 16-bit scene of / a pixel drawing of / a sprite art picture of",
    "flat vector": "a flat vector illustration of / a flat vector of / a vector illustration of / flat illustration of "
        "/ a flat design of / a minimalist vector of / a clean vector drawing of / a flat poster of / a vector graphic "
        "of",
    "anime": "an anime picture of / an anime scene of / anime art of / an anime background of / an anime illustration "
        "of / a cel-shaded scene of / a manga style picture of / a japanese animation still of / an animated film "
        "still of",
    "neon synthwave": "a neon synthwave picture of / a synthwave scene of / a neon picture of / synthwave art of / a "
        "vaporwave picture of / a retrowave scene of / an 80s neon picture of / a glowing neon picture of / an outrun "
        "picture of",
    "vintage film": "a vintage film photo of / a vintage photo of / an old photo of / a faded film photo of / a retro "
        "photo of / an analog photo of / a faded photograph of / an old film still of / a nostalgic film photo of",
    "stained glass": "a stained glass window of / stained glass of / a stained glass picture of / a stained-glass "
        "window showing / a stained glass panel of / a church window of / a leaded glass picture of / a glass mosaic "
        "of / a window of coloured glass showing",
    "low poly": "a low poly picture of / low poly art of / a low-poly render of / a low poly scene of / a polygon art "
        "picture of / a faceted picture of / a triangulated picture of / low poly illustration of / a low-poly "
        "landscape of",
    "crayon": "a crayon drawing of / a child's crayon drawing of / a wax crayon picture of / crayon drawing of / a "
        "crayon picture of / a wax crayon drawing of / a chalky crayon sketch of / a kid's drawing of / a crayon "
        "scribble of",
    "clay": "a clay model of / a claymation scene of / a plasticine scene of / a clay render of / a clay 3D scene of "
        "/ a plasticine model of / a claymation still of / a modelling clay picture of / a stop-motion clay set "
        "of",
    "comic": "a comic book panel of / a comic of / a comic panel showing / comic book art of / a graphic novel panel "
        "of / a comic strip picture of / a pop art comic of / an inked comic of / a halftone comic of",
}  # fmt: skip

STYLE_SUFFIXES = {
    "photo": "photo / photograph / photography / realistic photo / photorealistic / realistic / landscape photography "
        "/ real photo",
    "watercolor": "watercolor / watercolor painting / in watercolor / watercolour / aquarelle / painted in watercolor "
        "/ as a watercolor / watercolor style / in the style of a watercolor / watercolor on paper / loose wet washes",
    "oil painting": "oil painting / oil on canvas / in oils / painted in oils / oil paint / as an oil painting / in "
        "the style of an oil painting / thick brush strokes / oil painting style / impasto",
    "pencil sketch": "pencil sketch / pencil drawing / sketch / drawn in pencil / in pencil / as a pencil sketch / "
        "coloured pencil / hand-drawn / pencil sketch style / graphite and hatching",
    "ink wash": "ink wash / ink wash painting / sumi-e / in ink wash / ink painting / brush and ink / in the style of "
        "sumi-e / as an ink wash painting / japanese ink painting / diluted ink",
    "ukiyo-e": "ukiyo-e / in the style of ukiyo-e / woodblock print / ukiyo-e print / japanese woodblock print / "
        "ukiyo-e style / as a ukiyo-e print / in ukiyo-e style / japanese print / in the manner of Hokusai",
    "pixel art": "pixel art / in pixel art / 8-bit / pixel art style / as pixel art / 16-bit / pixelated / retro game "
        "graphics / in the style of pixel art / chunky pixels",
    "flat vector": "flat vector / vector illustration / flat vector art / flat design / flat illustration / minimalist "
        "vector / vector art / in flat vector style / as a flat vector / clean flat shapes",
    "anime": "anime / anime style / in anime style / anime art / cel-shaded / as an anime scene / anime background / "
        "in the style of anime / manga style / japanese animation",
    "neon synthwave": "neon synthwave / synthwave / in synthwave style / neon / vaporwave / retrowave / synthwave "
        "style / neon colours / in the style of synthwave / as synthwave art / outrun",
    "vintage film": "vintage film / vintage photo / old photo / faded film / film grain / retro photo / analog film / "
        "vintage film style / as an old photo / on vintage film / nostalgic film look",
    "stained glass": "stained glass / stained glass window / as stained glass / in stained glass / stained-glass style "
        "/ glass mosaic / in the style of stained glass / leaded glass / church window / coloured glass",
    "low poly": "low poly / low-poly style / low poly art / polygon art / as low poly art / faceted shapes / low poly 3D "
        "/ made of triangles / in low poly style / geometric facets",
    "crayon": "crayon / crayon drawing / in crayon / wax crayon / drawn with crayons / in wax crayons / as a crayon "
        "drawing / child's drawing / crayon on paper / kid's crayon art",
    "clay": "clay / claymation / in clay / plasticine / clay 3D / made of clay / as a clay model / modelling clay / "
        "claymation style / stop-motion clay",
    "comic": "comic / comic book / comic book style / in comic style / comic panel / graphic novel style / as a comic "
        "/ halftone comic / inked comic art / pop art comic",
}  # fmt: skip

# What the camera does while a clip runs, as a clause that follows a comma and as a sentence.
CAMERA = {
    "still": "static camera / still camera / fixed camera / the camera does not move / locked-off shot",
    "pan left": "camera panning left / the camera pans left / pan to the left / slow pan left / the view turns left / "
        "camera moves left",
    "pan right": "camera panning right / the camera pans right / pan to the right / slow pan right / the view turns "
        "right / camera moves right",
    "tilt up": "camera tilting up / the camera tilts up / tilt up / the view rises / camera moves up / slow tilt upwards",
    "tilt down": "camera tilting down / the camera tilts down / tilt down / the view sinks / camera moves down / slow "
        "tilt downwards",
    "zoom in": "camera zooming in / the camera zooms in / zoom in / slow zoom in / the camera moves closer / push in",
    "zoom out": "camera zooming out / the camera zooms out / zoom out / slow zoom out / the camera pulls back / pull out",
}  # fmt: skip

# What the sun does while a clip runs.
EVENT = {
    "none": "",
    "sun rising": "the sun climbing above the horizon / sun rising / timelapse of the rising sun / the sun moves up / "
        "with the sun climbing higher",
    "sun setting": "the sun sinking lower / sun setting / timelapse of the setting sun / the sun moves down / with the "
        "sun going lower",
}  # fmt: skip

FRAMES = "a / an / the / of / and / this is / it shows / the scene shows / we see / there is / there are / on a / with"

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

TABLES = {
    "noun": NOUNS, "attribute": ATTRIBUTES, "adjective": ADJECTIVES, "light": LIGHT, "light name": LIGHT_NAMES,
    "light adjective": LIGHT_ADJECTIVES, "light clause": LIGHT_CLAUSES, "weather": WEATHER, "weather tag": WEATHER_TAGS,
    "weather adjective": WEATHER_ADJECTIVES, "weather clause": WEATHER_CLAUSES, "season": SEASON,
    "season name": SEASON_NAMES, "season adjective": SEASON_ADJECTIVES, "season clause": SEASON_CLAUSES,
    "plant": PLANTS, "relation": RELATIONS, "motion": MOTION, "detail": DETAILS, "verb": VERBS,
    "prefix": STYLE_PREFIXES, "suffix": STYLE_SUFFIXES, "camera": CAMERA, "event": EVENT,
}  # fmt: skip
# Which tables name which fact; a fact is looked for in all of its tables at once.
FACT_TABLES = {
    "scene": ("noun", "attribute"),
    "light": ("light", "light name", "light adjective", "light clause"),
    "weather": ("weather", "weather tag", "weather adjective", "weather clause"),
    "season": ("season", "season name", "season adjective", "season clause"),
    "style": ("prefix", "suffix"),
    "plant": ("plant",),
    "camera": ("camera",),
    "event": ("event",),
}
# Tables that give wordings to the held-out set: those that name a fact. Verbs, adjectives and frames stay whole.
HOLDABLE = ("noun", "light", "weather", "plant", "season", "prefix", "suffix")
# Never held out: wordings of the first README's sentences, and plain words that others are made of.
KEPT = (
    "lake", "serene", "surrounded by {}", "pine trees", "at sunset", "waves crashing on {}", "beach", "mountain",
    "sunset", "sea", "trees", "the sea", "river", "forest", "city", "snow", "rain", "fog", "ocean", "night", "ukiyo-e",
    "in the style of ukiyo-e", "field of flowers", "photo", "watercolor", "oil painting", "pixel art", "anime",
    "stained glass", "waves",
)  # fmt: skip
