"""What happens in the scenes: what moves, what is true of every picture, what the scene and its viewer do."""

# Something moves on, over or in the scene, or a part of it is looked at; {} is the scene.
MOTION = {
    "lake": "ripples on {} / soft ripples spreading over {} / the sky mirrored in {} / light playing on {} / small "
        "waves on {} / reflections in {} / reflections trembling on {} / ripples spreading across {} / rings widening "
        "on {} / a breeze stirring {} / water lapping at the edge of {} / gentle wavelets on {} / the smooth surface "
        "of {}",
    "beach": "waves crashing on {} / waves rolling onto {} / waves breaking on {} / surf washing over {} / breakers "
        "rolling onto {} / waves lapping at {} / surf pounding {} / foamy waves on {} / waves running up {} / the sea "
        "washing onto {} / combers breaking on {} / waves rolling in on {} / surf on {} / foam sliding up {} / "
        "breakers on {} / surf breaking on {} / white surf on {} / waves tumbling onto {} / the tide washing over {} "
        "/ the surf of {} / water running up {} / waves spilling onto {} / white-capped waves hitting {}",
    "mountains": "a view of {} / a panorama of {} / a wide view over {} / the ridges of {} / the summits of {} / a "
        "look at {} / a line of {} @-lake / the silhouette of {}",
    "pine forest": "a view into {} / the edge of {} / a view of {} / a path into {} / a path leading into {} / a "
        "trail through {} / a walk through {} / wind in {} / a dirt track into {}",
    "meadow": "grass swaying on {} / a view over {} / wind passing over {} / grass waving on {} / wind over {} / a "
        "breeze in the grass of {} / the grass of {} / grass bending on {} / the soft slopes of {} / the hills of {}",
    "desert": "a view over {} / sand drifting over {} / an empty view of {} / wind sweeping over {} / wind shaping {} "
        "/ the dunes of {} @-none / sand blowing across {} / a wide look over {} / the silence of {} / the waves of "
        "sand in {} / the vastness of {}",
    "open sea": "waves rolling across {} / waves on {} / a swell running over {} / waves heaving on {} / a wide view "
        "of {} / waves rising and falling on {} / waves far out on {} / waves rolling over {} / the swell of {} / the "
        "surface of {} / the vastness of {} / the waves of {} / light dancing on {} / wave after wave on {} / the "
        "horizon of {}",
    "island": "waves washing around {} / the sea around {} / waves lapping at {} / a view of {} / waves rolling "
        "around {} / surf around {} / waves breaking around {} / the coast of {} / the shore of {} / water all around "
        "{} / the green hill of {} / water lapping around {}",
    "snowy village": "a view of {} / snow lying on {} / white roofs of {} / snow on the roofs of {} / the houses of "
        "{} / the white roofs of {} / the snowy roofs of {} / snow piled up in {} / a look at {} / the lit windows of "
        "{} @dark",
    "city skyline": "a view of {} / a panorama of {} / a wide view of {} / the towers of {} / the lights of {} @dark "
        "/ lights shining from {} @dark / windows glowing in {} @dark / the outline of {} / the silhouette of {} / "
        "the skyscrapers of {} / buildings rising from {} / a look at {}",
    "river": "water flowing down {} / a view along {} / water gliding along {} / the current of {} / water running "
        "down {} / the water of {} / the bends of {} / the curves of {} / the course of {} / the gentle flow of {} / "
        "the winding course of {} / water drifting down {} / a bend of {} / ripples on {}",
    "flower field": "wind passing over {} / flowers swaying in {} / a view over {} / blossoms nodding in {} / flowers "
        "dancing in {} / flowers nodding in {} / a breeze in {} / the colours of {} / the bright rows of {} / row "
        "upon row of {} / blossoms swaying in {} / wind in {} / the rows of {}",
    "canyon": "a view into {} / a panorama of {} / a wide view of {} / the depths of {} / the cliffs of {} / the "
        "walls of {} / the rocks of {} / a look into {} / the red walls of {} / the layered walls of {} / the steep "
        "walls of {} / echoes in {} / the silence of {}",
    "waterfall": "water falling down {} / water rushing down {} / spray rising from {} / water plunging over {} / a "
        "view of {} / water crashing down {} / water tumbling down {} / water pouring over {} / water thundering down "
        "{} / water cascading down {} / the white water of {} / the roar of {} / spray drifting from {} / foam below "
        "{} / the white veil of {}",
    "lighthouse": "waves breaking below {} / waves crashing below {} / the sea below {} / a view of {} / the beam of "
        "{} @dark / the tower of {} / surf below {} / waves rolling below {} / the stripes of {} / the light of {} "
        "@dark / the lamp of {} @dark / surf pounding the cliff of {} / the cliff below {} / the sea in front of {}",
    "harbour": "boats rocking in {} / boats bobbing in {} / a view of {} / boats moored in {} / boats swaying in {} / "
        "boats lying in {} / boats resting in {} / boats at rest in {} / sailing boats in {} / fishing boats in {} / "
        "ships' masts in {} / the houses of {} / the boats of {} / the calm water of {} / reflections in the water of "
        "{} / masts rocking in {}",
    "neon street": "lights flickering in {} / signs glowing in {} / a view down {} / reflections on {} / a look down "
        "{} / signs flashing in {} / the signs of {} / the lights of {} / the glow of {} / a walk down {} / colours "
        "flickering in {} / neon flickering over {} / signs mirrored in {} / light spilling onto {}",
    "farm field": "a view over {} / wind passing over {} / the furrows of {} / the rows of {} / the long rows of {} / "
        "the barn of {} / rows running across {} / the straight furrows of {} / the soil of {} / a look across {} / "
        "the red barn of {}",
    "volcano": "lava flowing down {} / smoke rising from {} / smoke pouring from {} / lava running down {} / an "
        "eruption of {} / lava pouring down {} / lava running from {} / fire erupting from {} / smoke billowing from "
        "{} / ash and smoke over {} / the eruption of {} / the lava of {} / the fire of {} / the glowing slopes of {} "
        "/ the smoking crater of {} / lava streaming down {} / embers flying from {}",
    "arctic": "ice drifting on {} / northern lights over {} @dark @open / aurora above {} @dark @open / a view over "
        "{} / a wide view of {} / floes drifting on {} / icebergs drifting in {} / icebergs floating in {} / ice "
        "floating in {} / the ice of {} / the cold of {} / the silence of {} / the northern lights above {} @dark "
        "@open / aurora dancing over {} @dark @open / green aurora over {} @dark @open / the stillness of {} / ice "
        "floes on {}",
    "jungle": "a path into {} / a view into {} / palms swaying in {} / leaves moving in {} / a trail into {} / a walk "
        "through {} / a path through {} / a path leading into {} / leaves swaying in {} / the leaves of {} / the "
        "green depths of {} / the thicket of {} / fronds swaying in {} / a hike through {}",
    "coral reef": "fish swimming over {} / fish gliding past {} / sunbeams falling on {} / a shoal of fish above {} / "
        "light dancing over {} / fish darting over {} / fish circling over {} / fish drifting over {} / small fish "
        "above {} / fish moving through {} / a school of fish over {} / the colours of {} / the corals of {} / rays "
        "of light over {} / life around {} / a dive over {} / swarms of fish over {} / sunlight rippling over {}",
    "space": "stars shining in {} / a view into {} / stars twinkling in {} / stars glittering in {} / a journey "
        "through {} / a look into {} / planets floating in {} / planets drifting in {} / the planets of {} / the "
        "wonders of {} / the vastness of {} / the depths of {} / a glimpse of {} / the mysteries of {}",
    "road": "a view along {} / the bends of {} / a view down {} / the white line of {} / the curves of {} / a drive "
        "along {} / a drive down {} / the course of {} / the bend of {} / the asphalt of {} / a look down {} / the "
        "dashed line of {} / the curve of {} / a trip along {} / the way along {}",
    "garden": "a view of {} / a walk through {} / a path through {} / a stroll through {} / the path of {} / the "
        "flower beds of {} / the hedges of {} / the beds of {} / the pavilion of {} / flowers swaying in {} / a look "
        "into {} / a view down the path of {} / a Sunday walk in {} / a visit to {}",
    "plain ground": "a picture of {} / nothing but {} / a view of {} / a look at {} / the emptiness of {} / nothing "
        "on {} / a simple shot of {} / just {}",
}  # fmt: skip

# True of every picture of the scene.
DETAILS = {
    "lake": "with ripples on the water / mirroring the sky / with the sky reflected in the water / with hills behind "
        "it / its water catching the light / with soft reflections / with a smooth surface / with gentle ripples / "
        "with its banks mirrored in the water / where the sky is reflected / with reflections on the surface / where "
        "the water lies still / with the sky mirrored in it / with its reflections / its surface barely moving / its "
        "surface smooth as glass / its surface like a mirror / with the far shore mirrored in the water / as smooth "
        "as a mirror / like a mirror / still and deep / shimmering softly / like polished glass / with small ripples "
        "/ with its quiet banks / its banks reflected upside down",
    "beach": "with waves rolling in / with waves crashing on the sand / with white foam on the sand / where the waves "
        "break / washed by the sea / with surf rolling in / where the sea meets the sand / with foamy waves / with "
        "foam along the water's edge / with waves running up the sand / with waves rolling ashore / with the surf "
        "coming in / with the sea in front / with breakers rolling in / with the tide coming in / with wet sand at "
        "the waterline / with smooth sand / with the ocean behind it / where waves roll in / where the surf breaks / "
        "where the sea washes the sand / where the water meets the land / its sand washed by the waves / wave after "
        "wave rolling in / with the ocean stretching to the horizon / with white-crested waves / foam hissing on the "
        "sand",
    "mountains": "with peaks behind peaks / rising into the sky / ridge behind ridge / seen from afar / standing "
        "against the sky / with steep slopes / with steep rock faces / with sharp ridges / with pointed summits / "
        "with rocky slopes / towering over the land / towering above the valley / above a wide valley / above the "
        "valley / above a gentle valley floor / high above the plain / peak beside peak / peak after peak / standing "
        "side by side / standing in a row / filling the horizon / reaching for the sky / like a wall of rock / like "
        "teeth of stone / sharp against the sky / with a valley at their foot / with sheer faces of stone",
    "pine forest": "with trees behind trees / tree beside tree / with tall trunks / rank upon rank / with a path "
        "running into it / with a dirt path / with a dirt track between the trees / with a path between the trees / "
        "with a trail winding through / with a trail leading in / with a path leading between the trunks / where a "
        "path leads in / where a trail disappears among the trees / on both sides of a path / on both sides of a dirt "
        "track / along a dirt track / along a winding path / with branches reaching down / with dark branches / tree "
        "after tree / trunk beside trunk / with the smell of resin in the air / with needles on the ground / standing "
        "close together",
    "meadow": "with grass swaying in the wind / with gentle hills / with soft grass / stretching away to the hills / "
        "rolling into the distance / with rolling hills / with hills in the distance / with soft green slopes @summer "
        "/ with wide slopes / with hills behind it / with grassy slopes / with gentle slopes / over gentle hills / "
        "over rolling hills / spread over the hills / spreading over low hills / hill behind hill / rolling away into "
        "the distance / with nothing but grass / as far as the hills / running up to the hills / soft and wide / "
        "grass as far as you can see / rising and falling softly / with open space all around",
    "desert": "with rippled sand / dune behind dune / reaching to the horizon / with ripples in the sand / shaped by "
        "the wind / with sharp dune crests / with curving dunes / with curved ridges of sand / with soft curves of "
        "sand / with dunes in the distance / with dunes like waves / with dunes as far as the eye can see / with "
        "nothing but sand / with sand everywhere / with sand as far as the eye can see / with light and shadow on the "
        "sand / with smooth slopes of sand / crest behind crest / ridge after ridge / wave upon wave of sand / like a "
        "sea of sand / swept by the wind / sculpted by the wind / formed by the wind / without a drop of water / "
        "without end / with no water in sight",
    "open sea": "with waves as far as the eye can see / reaching to the horizon / with rolling waves / with nothing "
        "but water around / with waves all around / with long waves / with small waves / with gentle waves @-storm / "
        "with ripples and waves / with waves rolling in from afar / with waves to the horizon / with an empty horizon "
        "/ with a straight horizon / with no land in sight / with nothing on the horizon / with no ship in sight / "
        "without a ship in sight / without land in sight / wave after wave / wave upon wave / from horizon to horizon "
        "/ stretching to the horizon / stretching away forever / all the way to the horizon / far from land / far "
        "from any shore / miles from any shore / reaching to the edge of the world / as far as the eye can see",
    "island": "in the middle of the sea / surrounded by water / in the sea / with waves all around / far out in the "
        "ocean / with a sandy shore / with a small beach / with a narrow rim of sand / with sand around it / with a "
        "green hill / with a sandy edge / with the sea all around / with water on all sides / all alone in the sea / "
        "all alone in the ocean / alone on the horizon / alone in the wide ocean / out at sea / rising from the sea / "
        "rising from the water / ringed by water / washed by waves / washed by the ocean / far from everything / far "
        "from the mainland / far away from everything / lapped by the waves / far out at sea",
    "snowy village": "with white roofs / with snow on the roofs / with little houses / deep in snow / with hills "
        "behind it / with mountains behind it / with snow-covered hills behind it / with small houses / with "
        "snow-covered roofs / with snow all around / with cottages in the snow / with snow piled high / with red and "
        "brown cottages / with lit windows @dark / with light in the windows @dark / with windows glowing warm @dark "
        "/ with warm light in the windows @dark / house beside house / roof beside roof / at the foot of white "
        "mountains / below white mountains / below snowy mountains / tucked into the snow / nestled in the snow / "
        "covered in white / half buried in snow / under thick white roofs / all in white",
    "city skyline": "with tall towers / with rows of windows / with towers against the sky / with lit windows @dark / "
        "with skyscrapers side by side / with buildings of every height / with high-rise buildings / with tall "
        "buildings / with office towers / with towers of glass / with hundreds of windows / with thousands of windows "
        "/ with rows upon rows of windows / with building beside building / with flat roofs and spires / with glowing "
        "windows @dark / with thousands of lights @dark / with a thousand lit windows @dark / with lights in the "
        "windows @dark / with its lights on @dark / tower beside tower / tower behind tower / block beside block / "
        "reaching into the sky / reaching for the sky / lining the horizon / rising like a wall / of concrete and "
        "glass / of steel and glass / of glass and steel",
    "river": "winding through the land / flowing gently / curving into the distance / with the sky in its water / "
        "flowing through the countryside / with gentle bends / with wide bends / with green banks @summer / with "
        "grassy banks / with hills in the distance / with mountains in the distance / with meadows on both sides / "
        "with its bends and curves / bend after bend / winding through the countryside / winding through meadows / "
        "winding towards the hills / winding its way to the hills / winding towards the mountains / snaking through "
        "the land / flowing towards us / flowing through grassland / flowing down from the hills / flowing through "
        "open country / reflecting the sky / curving gently / bending out of sight / between grassy banks / like a "
        "ribbon / making its way through the land",
    "flower field": "in full bloom / stretching into the distance / with blossoms everywhere / bright with colour / "
        "flower beside flower / with rows of blossoms / with rows of colour / with rows of flowers to the horizon / "
        "with stripes of colour / with long stripes of colour / with bands of colour / with flowers in every colour / "
        "with flowers in many colours / with flowers to the horizon / with flowers as far as the eye can see / with "
        "thousands of blossoms / with trees on the horizon / with a line of trees at the end / blossom beside blossom "
        "/ row beside row / row after row / all in bloom / full of colour / in all colours / in every colour / in "
        "stripes of colour / in long coloured rows / like a painted carpet / like a carpet / bursting with colour / "
        "planted in rows",
    "canyon": "with layers of red rock / with steep rock walls / between towering cliffs / with bands of coloured "
        "stone / carved by wind and water / with rock walls on both sides / with rock walls left and right / with "
        "towering rock walls / with walls of red stone / with red cliffs / with red walls / with sheer cliffs / with "
        "steep cliffs / with a mesa in the distance / with a flat-topped mountain behind / with layers of stone / "
        "with layered walls / with striped rock / with stripes of red and brown rock / layer upon layer / with bare "
        "rock / with dusty ground / with sandy ground / between walls of stone / between red walls / between sheer "
        "cliffs / between steep cliffs / cut into red rock / carved into the rock / worn by wind and water / carved "
        "over millions of years / with rust-red rock",
    "waterfall": "falling into a pool / with spray in the air / plunging over the rocks / with white foam at its foot "
        "/ tumbling down a cliff / with mossy rocks around it / with foaming water / with white water / with foam and "
        "spray / with spray rising / with a pool at its foot / with a pool below / with a deep pool at the bottom / "
        "with dark rocks around it / with rocks on both sides / with wet rocks / with green moss on the rocks @summer "
        "/ with mossy cliffs / with trees on top / with trees above / falling down a cliff / falling over a rocky "
        "edge / falling from a high cliff / falling into a dark pool / plunging into a pool / plunging into the "
        "depths / pouring over a cliff / pouring into a still pool / rushing down / dropping from the rocks / "
        "cascading over the rocks / splashing into a pool / thundering into a pool / in a white curtain",
    "lighthouse": "above the sea / on a rocky cliff / high over the waves / with its striped tower / looking out over "
        "the sea / with waves at the foot of the cliff / on a cliff above the sea / on a high cliff / on a steep "
        "cliff / on top of a cliff / on the edge of a cliff / at the edge of a cliff / on the cliffs / on the rocks / "
        "high above the sea / high above the water / high on a rock / above the surf / above the waves / above the "
        "ocean / with painted stripes / with stripes / with bands of colour / with a lamp on top / with the sea "
        "behind it / with the ocean behind it / with its light shining @dark / with its lamp shining @dark / with its "
        "lamp lit @dark / with its beam sweeping the sea @dark / with its beam cutting the dark @dark / showing ships "
        "the way / guarding the coast / guiding the ships / facing the ocean / overlooking the ocean / overlooking "
        "the water",
    "harbour": "with boats on the water / with coloured houses along the quay / with sailing boats at their moorings "
        "/ with houses mirrored in the water / with masts and gables / with colourful houses / with colorful houses / "
        "with narrow houses / with gabled houses / with old houses along the quay / with tall narrow houses / with "
        "red roofs / with steep roofs / with a row of houses / with a row of colourful houses / with houses of every "
        "colour / with painted houses / with boats in front of the houses / with small boats / with little boats / "
        "with moored boats / with sailing boats / with white boats / with masts / with reflections in the water / "
        "with reflections of the houses / with the houses reflected in the water / with lit windows @dark / with "
        "lights in the windows @dark / with window lights in the water @dark / house beside house / gable beside "
        "gable / boats in front, houses behind / right by the water / along the quay",
    "neon street": "with signs reflected in the wet ground / with glowing signs on every wall / with lights in all "
        "colours / with shop windows on both sides / between tall buildings / with neon signs / with neon signs "
        "everywhere / with neon signs left and right / with neon signs on both sides / with signs in pink and blue / "
        "with bright signs / with glowing signs left and right / with glowing signs on both sides / with glowing "
        "letters / with coloured lights / with coloured reflections on the ground / with reflections on the pavement "
        "/ with reflections on the asphalt / with reflections of neon on the ground / with shiny asphalt / with shops "
        "on both sides / with high buildings on both sides / with tall buildings left and right / with towers at the "
        "end / with lights reflected in the pavement / with light everywhere / sign above sign / sign beside sign / "
        "in pink, blue and purple / in pink and turquoise / in all the colours of neon / glowing from every side / "
        "deep between the towers / lined with signs / lined with neon / between high walls of light",
    "farm field": "with long straight furrows / with a barn in the distance / with a barn and a silo / with rows that "
        "run to the horizon / furrow beside furrow / with a red barn / with a barn / with a barn behind it / with a "
        "red barn in the distance / with a red barn on the horizon / with a red barn at the end / with a silo / with "
        "a silo next to the barn / with a barn and silo on the horizon / with a farm on the horizon / with furrows / "
        "with deep furrows / with straight rows / with straight furrows / with long straight rows / with rows running "
        "towards the barn / with furrows leading to the barn / with trees on the horizon / with long rows of soil / "
        "row beside row / row after row / furrow after furrow / under the plough / in straight lines / in long rows / "
        "freshly ploughed / leading to a barn / running up to a barn",
    "volcano": "with glowing lava on its slopes / with smoke rising from its crater / with streams of lava / spewing "
        "smoke and fire / with red-hot lava running down / with lava streaming down / with lava flowing down / with "
        "lava flowing down its slopes / with lava running down its sides / with rivers of lava / with glowing streams "
        "of lava / with fiery streams / with fire at its summit / with fire in its crater / with a smoking crater / "
        "with a fiery crater / with a burning crater / with smoke pouring out / with a plume of smoke / with a column "
        "of smoke / with a cloud of ash / with dark smoke / with black smoke / with thick smoke / with orange lava / "
        "with molten rock on its slopes / with ash and smoke above / spitting lava / spitting fire / spewing lava / "
        "spewing lava and smoke / belching smoke / belching fire and smoke / breathing fire and smoke / glowing from "
        "within / pouring out lava / throwing smoke into the sky",
    "arctic": "with floating ice / with white floes on dark water / with ice as far as the eye can see / with blue "
        "ice in cold water / with ice in cold water / with the aurora above @dark @open / with northern lights in the "
        "sky @dark @open / under green northern lights @dark @open / with icebergs / with icebergs and floes / with "
        "icebergs in the distance / with icebergs on the horizon / with big icebergs / with drifting icebergs / with "
        "floating icebergs / with drifting floes / with ice floes / with ice floes on the water / with ice floes in "
        "front / with cracked ice / with broken ice / with chunks of ice / with blocks of ice / with ice everywhere / "
        "with nothing but ice / with nothing but ice and water / with ice all around / with walls of ice / with "
        "frozen peaks / floe beside floe / full of ice / of ice and water / of ice and cold water / at the end of the "
        "world / near the pole / far up north / far in the north / with the green aurora overhead @dark @open / with "
        "green northern lights @dark @open / with aurora borealis @dark @open / with polar lights above @dark @open / "
        "beneath the northern lights @dark @open",
    "jungle": "with big leaves in front / with lush green leaves / with a path through the leaves / leaf upon leaf / "
        "with hanging fronds / with a path / with a dirt path / with a winding path / with a narrow path / with a "
        "trail / with a trail leading in / with a trail through the green / with palms left and right / with palms on "
        "both sides / with arching palms / with palms overhead / with tall palm trunks / with palm leaves everywhere "
        "/ with palm fronds hanging down / with huge leaves / with giant leaves / with giant leaves in the foreground "
        "/ with lush leaves / with thick undergrowth / with green leaves everywhere / with green everywhere / palm "
        "beside palm / frond above frond / leaf beside leaf / green upon green / along a dirt path / along a narrow "
        "path / on both sides of a path / where a path winds through / where a path leads deeper in / full of leaves "
        "/ full of fronds / under a roof of leaves / under a roof of fronds",
    "coral reef": "with small fish swimming past / with sunbeams falling through the water / with corals in every "
        "colour / with fans and branching corals / with a shoal of fish / on the sandy bottom of the sea / with "
        "little fish / with small bright fish / with colourful fish / with tropical fish / with a school of fish / "
        "with schools of fish / with swarms of fish / with fish everywhere / with fish swimming around / with fish in "
        "the blue water / with sea fans / with fan corals / with brain corals / with branching corals / with purple "
        "and pink corals / with corals in all colours / with coral of all shapes / with colourful corals / with sand "
        "below / with a sandy floor / with sunbeams / with sunbeams from above / with sun rays in the water / with "
        "light from above / with light falling from the surface / with rays of light / with rays of sunlight / full "
        "of fish / full of life / full of colour / in clear blue water / in turquoise water / in blue-green water / "
        "in clear tropical water / deep under the surface / under the surface of the sea / below the surface / "
        "beneath the waves / under the waves",
    "space": "with countless stars / with a glowing nebula / with a ringed planet / among the stars / with planets "
        "and coloured clouds of gas / full of stars / with a planet / with a big planet / with planets / with strange "
        "planets / with moons and planets / with a distant planet / with a nebula / with colourful nebulae / with "
        "glowing gas clouds / with coloured gas clouds / with clouds of gas and dust / with clouds of stardust / with "
        "cosmic dust / with star clouds / with stardust / with thousands of stars / with millions of stars / with "
        "shining stars / with stars everywhere / with stars all around / with stars in the background / with distant "
        "stars / with a sea of stars / dotted with stars / glittering with stars / far from earth / far away from "
        "earth / far beyond the earth / light-years away / millions of light-years away / at the edge of the galaxy / "
        "in the depths of the cosmos / without end",
    "road": "leading to the hills / winding to the horizon / with a broken white line / leading into the distance / "
        "bending towards the mountains / with a dashed line / with a dashed white line / with a dashed centre line / "
        "with white lines / with a white centre line / with white road markings / with a bend / with a long bend / "
        "with gentle curves / with mountains in the distance / with mountains ahead / with mountains on the horizon / "
        "with hills on the horizon / with hills ahead / with no cars / with no car in sight / without a car in sight "
        "/ without any traffic / with nobody on it / going on and on / running to the horizon / running towards the "
        "mountains / running towards the hills / running through open land / winding towards the mountains / winding "
        "into the distance / winding away / winding through the land / winding out of sight / curving out of sight / "
        "disappearing in the distance / disappearing over the horizon / leading to the mountains / leading into the "
        "mountains / leading towards the hills / leading far away / leading nowhere",
    "garden": "with a gravel path / with clipped hedges / with a white pavilion / with flower beds along the path / "
        "with hedges and beds / with neatly cut bushes / with trimmed hedges / with neatly trimmed hedges / with "
        "trimmed bushes / with box hedges / with hedges left and right / with flowers along the path / with flower "
        "borders / with flower beds / with flower beds left and right / with flower beds on both sides / with "
        "colourful flower beds / with colourful borders / with rows of flowers / with a path / with a straight path / "
        "with a broad path / with a wide path / with a sandy path / with a path to a pavilion / with a path leading "
        "to a pavilion / with a path in the middle / with a pavilion / with a pavilion at the end / with a pavilion "
        "at the end of the path / with a small temple / with a round temple / with a gazebo / with a white gazebo / "
        "with a white gazebo at the end / with a little white temple / with white columns / with green lawns @summer "
        "/ with lawns on both sides / with lawns / with trees in the background / laid out in straight lines / laid "
        "out neatly / in perfect symmetry / in perfect order",
    "plain ground": "with soft even light / in one soft colour / with nothing on it / with a soft shadow / evenly lit "
        "/ with nothing in it / with nothing to see / with even light / with soft light / with gentle shading / with "
        "a gentle gradient / with a soft gradient / without any objects / without any detail / without texture / "
        "without anything / in a single colour / in one colour / in one plain colour / softly lit / smoothly shaded / "
        "empty and clean / clean and empty / completely empty / waiting to be filled / with plenty of empty space / "
        "from edge to edge",
}  # fmt: skip

# What the scene does, one thing or several: "lies|lie".
VERBS = {
    "lake": "lies still|lie still / rests quietly|rest quietly / shimmers|shimmer / lies calm|lie calm / spreads out "
        "quietly|spread out quietly / mirrors its banks|mirror their banks / lies like a mirror|lie like a mirror / "
        "lies smooth and still|lie smooth and still / reflects the world around it|reflect the world around / sleeps "
        "quietly|sleep quietly / stretches between its banks|stretch between their banks / gleams softly|gleam softly "
        "/ spreads like glass|spread like glass",
    "beach": "stretches along the sea|stretch along the sea / lies by the sea|lie by the sea / meets the waves|meet "
        "the waves / runs along the water|run along the water / curves along the coast|curve along the coast / lies "
        "empty by the water|lie empty by the water / waits by the ocean|wait by the ocean / slopes into the sea|slope "
        "into the sea / welcomes the waves|welcome the waves / borders the ocean|border the ocean / listens to the "
        "surf|listen to the surf / is washed by waves|are washed by waves",
    "mountains": "rises into the sky|rise into the sky / towers in the distance|tower in the distance / stands "
        "tall|stand tall / towers over everything|tower over everything / towers above the valley|tower above the "
        "valley / soars into the sky|soar into the sky / rises sharp and steep|rise sharp and steep / stands against "
        "the sky|stand against the sky / fills the horizon|fill the horizon / pierces the sky|pierce the sky / "
        "dominates the view|dominate the view / rises like a wall|rise like a wall / guards the valley|guard the "
        "valley / reaches for the sky|reach for the sky",
    "pine forest": "stands silent|stand silent / covers the land|cover the land / stands dense and tall|stand dense "
        "and tall / rises on both sides of the path|rise on both sides of the path / lines the path|line the path / "
        "swallows the path|swallow the path / stands in silence|stand in silence / stretches far into the "
        "land|stretch far into the land / closes around the trail|close around the trail / stands quiet|stand quiet / "
        "whispers in the wind|whisper in the wind / breathes quietly|breathe quietly",
    "meadow": "stretches out|stretch out / sways in the wind|sway in the wind / rolls into the distance|roll into the "
        "distance / spreads over the hills|spread over the hills / climbs the hills|climb the hills / lies open and "
        "wide|lie open and wide / spreads far and wide|spread far and wide / waves in the wind|wave in the wind / "
        "runs up to the hills|run up to the hills / rolls over the hills|roll over the hills / reaches to the "
        "hills|reach to the hills / covers the hills|cover the hills / invites you to sit down|invite you to sit down",
    "desert": "stretches to the horizon|stretch to the horizon / lies silent|lie silent / goes on forever|go on "
        "forever / rolls away in waves of sand|roll away in waves of sand / stretches without end|stretch without end "
        "/ rolls to the horizon|roll to the horizon / lies empty and wide|lie empty and wide / lies bare|lie bare / "
        "spreads in all directions|spread in all directions / goes on and on|go on and on / fills the view|fill the "
        "view / shifts with the wind|shift with the wind / stretches as far as the eye can see|stretch as far as the "
        "eye can see",
    "open sea": "reaches to the horizon|reach to the horizon / heaves and rolls|heave and roll / moves "
        "restlessly|move restlessly / rolls on forever|roll on forever / stretches without end|stretch without end / "
        "stretches to the horizon|stretch to the horizon / spreads in every direction|spread in every direction / "
        "rises and falls|rise and fall / fills the whole view|fill the whole view / sways|sway / never stands "
        "still|never stand still / rolls on and on|roll on and on / reaches to the edge of the world|reach to the "
        "edge of the world / goes on forever|go on forever / touches the sky far away|touch the sky far away",
    "island": "lies in the sea|lie in the sea / rises from the water|rise from the water / floats on the "
        "horizon|float on the horizon / sits in the sea|sit in the sea / lies alone in the ocean|lie alone in the "
        "ocean / rises out of the sea|rise out of the sea / sticks out of the ocean|stick out of the ocean / waits in "
        "the ocean|wait in the ocean / dreams in the sea|dream in the sea / rests on the water|rest on the water / "
        "lies far out at sea|lie far out at sea / hides far from everywhere|hide far from everywhere / stands alone "
        "in the water|stand alone in the water",
    "snowy village": "lies quiet|lie quiet / sleeps under white roofs|sleep under white roofs / lies deep in snow|lie "
        "deep in snow / huddles at the foot of the hills|huddle at the foot of the hills / lies under thick snow|lie "
        "under thick snow / nestles in the snow|nestle in the snow / rests under the snow|rest under the snow / hides "
        "in the snow|hide in the snow / lies wrapped in white|lie wrapped in white / dreams in the snow|dream in the "
        "snow / sleeps in the snow|sleep in the snow / lies in the valley|lie in the valley / keeps warm in the "
        "snow|keep warm in the snow / crouches under the mountains|crouch under the mountains",
    "city skyline": "rises into the sky|rise into the sky / fills the horizon|fill the horizon / stands tall|stand "
        "tall / towers over the ground|tower over the ground / reaches for the clouds|reach for the clouds / reaches "
        "into the sky|reach into the sky / lines the horizon|line the horizon / glitters with lights|glitter with "
        "lights @dark / sparkles|sparkle @dark / stands like a wall of glass|stand like a wall of glass / rises tower "
        "by tower|rise tower by tower / stretches across the view|stretch across the view / soars above the "
        "streets|soar above the streets / dominates the horizon|dominate the horizon / never sleeps|never sleep",
    "river": "winds through the land|wind through the land / flows gently|flow gently / curves into the "
        "distance|curve into the distance / snakes through the land|snake through the land / winds its way|wind their "
        "way / winds towards the hills|wind towards the hills / runs through the land|run through the land / glides "
        "along|glide along / makes its way through the grass|make their way through the grass / meanders through the "
        "meadows|meander through the meadows / bends and curves|bend and curve / flows past|flow past / mirrors the "
        "sky|mirror the sky / comes down from the hills|come down from the hills / loops through the country|loop "
        "through the country",
    "flower field": "is in full bloom|are in full bloom / stretches into the distance|stretch into the distance / "
        "sways in the wind|sway in the wind / blooms in all colours|bloom in all colours / bursts with colour|burst "
        "with colour / glows with colour|glow with colour / reaches to the horizon|reach to the horizon / runs in "
        "stripes to the horizon|run in stripes to the horizon / covers the land in colour|cover the land in colour / "
        "spreads like a carpet|spread like a carpet / stretches row after row|stretch row after row / blossoms "
        "everywhere|blossom everywhere / paints the land|paint the land / smells of honey|smell of honey",
    "canyon": "opens wide|open wide / cuts through the rock|cut through the rock / lies in the heat|lie in the heat / "
        "opens up ahead|open up ahead / lies between its walls|lie between their walls / drops away steeply|drop away "
        "steeply / rises on both sides|rise on both sides / stands red and bare|stand red and bare / lies dry and "
        "silent|lie dry and silent / winds between the cliffs|wind between the cliffs / echoes with silence|echo with "
        "silence / tells of millions of years|tell of millions of years / splits the land|split the land / shows "
        "layer upon layer|show layer upon layer",
    "waterfall": "plunges into the pool|plunge into the pool / thunders down|thunder down / falls over the cliff|fall "
        "over the cliff / tumbles over the rocks|tumble over the rocks / pours over the edge|pour over the edge / "
        "crashes into the pool|crash into the pool / roars|roar / rushes down the cliff|rush down the cliff / "
        "cascades down the rocks|cascade down the rocks / drops into the depths|drop into the depths / foams and "
        "roars|foam and roar / falls like a curtain|fall like a curtain / streams down the cliff|stream down the "
        "cliff / hangs like a veil|hang like a veil / drops from the cliff|drop from the cliff",
    "lighthouse": "stands above the sea|stand above the sea / watches over the coast|watch over the coast / stands on "
        "the cliff|stand on the cliff / guards the coast|guard the coast / guides the ships|guide the ships / rises "
        "above the waves|rise above the waves / stands on its rock|stand on their rock / towers over the sea|tower "
        "over the sea / looks out over the ocean|look out over the ocean / keeps watch|keep watch / shows the "
        "way|show the way / sends out its beam|send out their beam @dark / shines across the water|shine across the "
        "water @dark / stands alone|stand alone / braves the wind|brave the wind / crowns the cliff|crown the cliff",
    "harbour": "lies quiet|lie quiet / rests by the water|rest by the water / sleeps behind its quay|sleep behind its "
        "quay / lines the quay|line the quay / mirrors its houses in the water|mirror their houses in the water / "
        "shelters a few boats|shelter a few boats / is full of boats|are full of boats / lies by the water|lie by the "
        "water / waits for the boats|wait for the boats / rests|rest / shows off its coloured houses|show off their "
        "coloured houses / lies calm|lie calm / smells of salt and fish|smell of salt and fish / rocks its boats to "
        "sleep|rock their boats to sleep",
    "neon street": "glows in every colour|glow in every colour / shines wet and bright|shine wet and bright / leads "
        "into the city|lead into the city / glitters|glitter / blazes with light|blaze with light / flickers and "
        "glows|flicker and glow / buzzes with light|buzz with light / shimmers in pink and blue|shimmer in pink and "
        "blue / glows from end to end|glow from end to end / is full of signs|are full of signs / runs between tall "
        "buildings|run between tall buildings / reflects the signs|reflect the signs / never sleeps|never sleep / "
        "hums with electricity|hum with electricity / is drenched in colour|are drenched in colour",
    "farm field": "runs to the horizon|run to the horizon / lies wide and flat|lie wide and flat / stretches into the "
        "distance|stretch into the distance / leads to the barn|lead to the barn / lies ploughed|lie ploughed / waits "
        "for the harvest|wait for the harvest / stretches furrow by furrow|stretch furrow by furrow / runs in "
        "straight lines|run in straight lines / spreads around the barn|spread around the barn / lies open|lie open / "
        "smells of earth|smell of earth / reaches to the trees|reach to the trees / lies ready for planting|lie ready "
        "for planting / rests|rest",
    "volcano": "spits fire|spit fire / smokes and glows|smoke and glow / rises over the plain|rise over the plain / "
        "erupts|erupt / spews lava|spew lava / spews fire and smoke|spew fire and smoke / belches smoke|belch smoke / "
        "pours out lava|pour out lava / glows and smokes|glow and smoke / roars|roar / rages|rage / throws fire into "
        "the air|throw fire into the air / rumbles|rumble / explodes|explode / burns at the top|burn at the top / "
        "bleeds lava|bleed lava / breathes fire|breathe fire",
    "arctic": "lies frozen|lie frozen / drifts in the cold|drift in the cold / glitters with ice|glitter with ice / "
        "lies silent and cold|lie silent and cold / is full of ice|are full of ice / freezes|freeze / lies in eternal "
        "ice|lie in eternal ice / drifts silently|drift silently / shines white and blue|shine white and blue / "
        "stretches white and empty|stretch white and empty / is covered with floes|are covered with floes / carries "
        "ice and more ice|carry ice and more ice / never thaws|never thaw / lies at the end of the world|lie at the "
        "end of the world",
    "jungle": "grows dense and green|grow dense and green / closes in on the path|close in on the path / teems with "
        "leaves|teem with leaves / swallows the path|swallow the path / surrounds the path|surround the path / crowds "
        "in from both sides|crowd in from both sides / arches over the path|arch over the path / is thick with "
        "leaves|are thick with leaves / steams with heat|steam with heat / grows wild|grow wild / hides its "
        "secrets|hide their secrets / hums with life|hum with life / teems with life|teem with life / stands thick on "
        "both sides|stand thick on both sides / drips with green|drip with green",
    "coral reef": "teems with fish|teem with fish / glows in many colours|glow in many colours / lies under clear "
        "water|lie under clear water / teems with life|teem with life / is alive with fish|are alive with fish / is "
        "full of fish|are full of fish / shines in every colour|shine in every colour / blooms with corals|bloom with "
        "corals / grows on the sandy floor|grow on the sandy floor / swarms with fish|swarm with fish / lies in "
        "sunlit water|lie in sunlit water / bursts with colour|burst with colour / sways in the current|sway in the "
        "current / hides a thousand creatures|hide a thousand creatures",
    "space": "goes on forever|go on forever / is full of stars|are full of stars / glitters with stars|glitter with "
        "stars / stretches without end|stretch without end / shimmers with stars|shimmer with stars / sparkles with "
        "stars|sparkle with stars / glows with nebulae|glow with nebulae / floats in the dark|float in the dark / "
        "lies far beyond the earth|lie far beyond the earth / shines with a billion stars|shine with a billion stars "
        "/ surrounds a planet|surround a planet / is endless|are endless / hides unknown worlds|hide unknown worlds / "
        "has no end|have no end",
    "road": "winds to the horizon|wind to the horizon / leads into the distance|lead into the distance / bends "
        "through the land|bend through the land / runs to the horizon|run to the horizon / runs towards the "
        "mountains|run towards the mountains / runs through the land|run through the land / curves towards the "
        "hills|curve towards the hills / disappears in the distance|disappear in the distance / snakes through the "
        "land|snake through the land / winds its way to the mountains|wind their way to the mountains / goes on and "
        "on|go on and on / calls for a journey|call for a journey / lies empty|lie empty / stretches ahead|stretch "
        "ahead / leads away|lead away / swings left and right|swing left and right",
    "garden": "lies in order|lie in order / is in full leaf|are in full leaf / lies behind its hedges|lie behind its "
        "hedges / blooms all over|bloom all over / leads to a pavilion|lead to a pavilion / surrounds a "
        "pavilion|surround a pavilion / invites you for a walk|invite you for a walk / is laid out in neat beds|are "
        "laid out in neat beds / is neat and tidy|are neat and tidy / is full of flowers|are full of flowers / "
        "stretches along its path|stretch along the path / is kept with care|are kept with care / lies quiet|lie "
        "quiet / lies in full order|lie in full order / welcomes visitors|welcome visitors",
    "plain ground": "lies empty|lie empty / is lit softly|are lit softly / stays bare|stay bare / stays empty|stay "
        "empty / shows nothing|show nothing / waits for something|wait for something / is completely empty|are "
        "completely empty / is plain and simple|are plain and simple / fills the frame|fill the frame / leaves room "
        "for words|leave room for words",
}  # fmt: skip

# Where the viewer is or what the viewer does; {} is the scene.
VIEWS = {
    "lake": "looking out over {} / standing by {} / sitting by {} / on the shore of {} / at the edge of {} / by the "
        "side of {} / looking across {} / gazing across {} / resting beside {} / from the bank of {} / the view "
        "across {} / down by {} / stopping by {} / along the shore of {}",
    "beach": "walking along {} / standing on {} / looking along {} / a walk along {} / a day at {} / strolling along "
        "{} / with bare feet on {} / alone on {} / lying on {} / looking down {} / down at {} / sitting on {} / "
        "dreaming of {}",
    "mountains": "looking up at {} / gazing at {} / in front of {} / looking towards {} / hiking towards {} / at the "
        "foot of {} / high up in {} / facing {} / standing before {} / a hike in {} / deep in {} / admiring {}",
    "pine forest": "walking through {} / walking into {} / deep inside {} / standing in {} / lost in {} / hiking "
        "through {} / looking into {} / alone in {} / on the way through {} / following the path through {} / in the "
        "middle of {} / wandering through {}",
    "meadow": "looking out over {} / standing on {} / walking across {} / looking across {} / sitting on {} / lying "
        "on {} / wandering over {} / a picnic spot on {} / alone on {} / up on {} / in the middle of {}",
    "desert": "lost in {} / crossing {} / walking through {} / looking out over {} / alone in {} / standing in the "
        "middle of {} / far out in {} / gazing across {} / trekking through {} / somewhere in {} / deep in {}",
    "open sea": "looking out over {} / looking out to {} / gazing out at {} / out on {} / far out on {} / from a ship "
        "on {} / sailing on {} / facing {} / looking across {} / adrift on {} / all alone on {} / on the deck, "
        "watching {}",
    "island": "sailing past {} / sailing towards {} / approaching {} / looking over at {} / stranded off {} / far "
        "away lies {} / dreaming of {} / from a boat, looking at {} / anchored off {} / a first glimpse of {} / "
        "heading for {} / on the way to {}",
    "snowy village": "looking down on {} / coming home to {} / arriving in {} / on the edge of {} / christmas in {} / "
        "above {} / looking over {} / in the middle of {} / a visit to {} / from the hill above {}",
    "city skyline": "looking across at {} / looking towards {} / from across the way, {} / facing {} / gazing at {} / "
        "admiring {} / arriving at {} / looking out at {} / a look across at {} / in front of {}",
    "river": "following {} / walking along {} / standing on the bank of {} / standing by {} / down by {} / on the "
        "bank of {} / on the banks of {} / sitting by {} / looking up {} / looking down {} / along {} / fishing spot "
        "on {}",
    "flower field": "walking through {} / standing in {} / in the middle of {} / looking across {} / looking over {} "
        "/ lost in {} / surrounded by {} / strolling through {} / at the edge of {} / wandering through {} / looking "
        "down the rows of {}",
    "canyon": "looking into {} / deep inside {} / at the bottom of {} / standing in {} / riding through {} / hiking "
        "in {} / hiking through {} / between the walls of {} / down in {} / exploring {} / gazing at {}",
    "waterfall": "standing before {} / in front of {} / looking up at {} / at the foot of {} / listening to {} / "
        "resting by {} / hiking to {} / finding {} / at the pool below {} / facing {}",
    "lighthouse": "looking up at {} / walking towards {} / looking over at {} / in sight of {} / passing {} / from a "
        "boat, looking at {} / looking out to {} / at the foot of {} / on the way to {} / sailing past {}",
    "harbour": "standing at {} / looking across {} / arriving in {} / walking along {} / looking out over {} / down "
        "at {} / sailing into {} / coming into {} / from the water, looking at {} / a stroll around {}",
    "neon street": "walking down {} / looking down {} / lost in {} / in the middle of {} / wandering through {} / "
        "standing in {} / alone in {} / strolling down {} / driving down {} / running down {} / down on {}",
    "farm field": "standing in {} / looking across {} / looking over {} / at the edge of {} / out on {} / walking "
        "along {} / working on {} / driving past {} / a day on {} / looking down the rows of {}",
    "volcano": "looking up at {} / facing {} / watching {} / in front of {} / at the foot of {} / standing before {} "
        "/ in the shadow of {} / from a safe distance, {} / below {} / close to {}",
    "arctic": "sailing through {} / looking out over {} / drifting through {} / an expedition to {} / far out in {} / "
        "lost in {} / alone in {} / exploring {} / on the edge of {} / gazing over {} / freezing in {}",
    "jungle": "walking through {} / deep in {} / hiking through {} / lost in {} / exploring {} / in the middle of {} "
        "/ an expedition into {} / standing in {} / looking into {} / on the trail through {} / cutting a way through "
        "{}",
    "coral reef": "diving over {} / diving at {} / snorkelling over {} / swimming over {} / floating above {} / "
        "looking down at {} / exploring {} / on a dive at {} / gliding over {} / through a diving mask, {}",
    "space": "floating through {} / travelling through {} / flying through {} / drifting through {} / lost in {} / "
        "looking out into {} / somewhere in {} / out in {} / exploring {} / from a spaceship, {} / an astronaut's "
        "view of {}",
    "road": "driving along {} / driving down {} / on the way along {} / following {} / travelling along {} / walking "
        "along {} / cruising down {} / standing on {} / in the middle of {} / looking down {} / a road trip along {} "
        "@-road / alone on {} / heading down {}",
    "garden": "walking through {} / strolling through {} / walking in {} / standing in {} / looking into {} / looking "
        "across {} / sitting in {} / at the entrance of {} / a visit to {} / wandering through {} / in the middle of "
        "{}",
    "plain ground": "looking at {} / in front of {} / facing {} / nothing more than {} / only {} / simply {}",
}  # fmt: skip
