"""The words of the caption grammar: tables of wordings for every fact, and free-worded prompts for the evaluation.

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
}  # fmt: skip

WEATHER_TAGS = {
    "clear": "clear sky / cloudless sky / clear weather / clear",
    "cloudy": "clouds / cloudy sky / cloudy / drifting clouds",
    "overcast": "overcast / grey sky / gray sky / overcast sky / dull weather",
    "fog": "fog / mist / foggy / misty / haze / thick fog",
    "rain": "rain / rainy / pouring rain / downpour / drizzle / wet weather",
    "snow": "snowfall / falling snow / snowing / snowflakes / snow flurries",
}  # fmt: skip

WEATHER_ADJECTIVES = {
    "clear": "clear / cloudless",
    "cloudy": "cloudy",
    "overcast": "grey / gray / overcast / gloomy / dull",
    "fog": "foggy / misty / hazy / mist-covered",
    "rain": "rainy / rain-swept / wet / drizzly / rain-soaked",
    "snow": "snowy / snow-swept",
}  # fmt: skip

WEATHER_CLAUSES = {
    "clear": "the sky is clear / there is not a cloud in the sky / the weather is fine",
    "cloudy": "clouds drift across the sky / clouds pass overhead / the sky is full of clouds / there are clouds in "
        "the sky",
    "overcast": "the sky is overcast / the sky is grey / grey clouds cover the sky / the weather is dull",
    "fog": "fog hangs in the air / mist veils everything / it is foggy / fog hides the distance / mist drifts past",
    "rain": "it is raining / rain is falling / rain pours down / a shower passes over",
    "snow": "it is snowing / snow is falling / snowflakes drift down / snowflakes fill the air",
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
}  # fmt: skip

FRAMES = "a / an / the / of / and / this is / it shows / the scene shows / we see / there is / there are / on a / with"

TABLES = {
    "noun": NOUNS, "attribute": ATTRIBUTES, "adjective": ADJECTIVES, "light": LIGHT, "light name": LIGHT_NAMES,
    "light adjective": LIGHT_ADJECTIVES, "light clause": LIGHT_CLAUSES, "weather": WEATHER, "weather tag": WEATHER_TAGS,
    "weather adjective": WEATHER_ADJECTIVES, "weather clause": WEATHER_CLAUSES, "season": SEASON,
    "season name": SEASON_NAMES, "season adjective": SEASON_ADJECTIVES, "season clause": SEASON_CLAUSES,
    "plant": PLANTS, "relation": RELATIONS, "motion": MOTION, "detail": DETAILS, "verb": VERBS,
    "prefix": STYLE_PREFIXES, "suffix": STYLE_SUFFIXES,
}  # fmt: skip
# Tables that give wordings to the held-out set: those that name a fact. Verbs, adjectives and frames stay whole.
HOLDABLE = ("noun", "light", "weather", "plant", "season", "prefix", "suffix")
# Never held out: wordings of the first README's sentences, and plain words that others are made of.
KEPT = (
    "lake", "serene", "surrounded by {}", "pine trees", "at sunset", "waves crashing on {}", "beach", "mountain",
    "sunset", "sea", "trees", "the sea", "river", "forest", "city", "snow", "rain", "fog", "ocean", "night", "ukiyo-e",
    "in the style of ukiyo-e", "field of flowers", "photo", "watercolor", "oil painting", "pixel art", "anime",
    "stained glass", "waves",
)  # fmt: skip


def _free(text: str, scene: str, light: str, style: str = "photo", **more: str) -> tuple[str, dict[str, str]]:
    return text, {"scene": scene, "light": light, "style": style, **more}


# What a person might type; not from the grammar, with the facts a picture has to show. Evaluation only, never training.
FREE_PROMPTS: tuple[tuple[str, dict[str, str]], ...] = (
    _free("tranquil tarn ringed by firs at day's end", "lake", "sunset", plant="pine"),
    _free("huge breakers rolling in while the moon shines", "beach", "moonlight"),
    _free("dunes baking in the midday heat", "desert", "noon"),
    _free("first rays touching the rim of a still pond", "lake", "dawn"),
    _free("fishing hole in thick morning mist", "lake", "morning", weather="fog"),
    _free("water like a mirror, birches turning yellow, late afternoon gold", "lake", "golden hour", plant="birch"),
    _free("I want a calm loch under the stars", "lake", "night"),
    _free("gloomy highland loch after the sun is gone", "lake", "blue hour"),
    _free("somewhere to swim in July, noon, blue sky, trees all round", "lake", "noon", weather="clear"),
    _free("footprints in the sand as the evening sky burns", "beach", "sunset"),
    _free("palm-fringed shoreline, sun straight up", "beach", "noon", plant="palm"),
    _free("surf at the crack of dawn", "beach", "dawn"),
    _free("rain hammering the seafront at dusk", "beach", "blue hour", weather="rain"),
    _free("pitch dark seashore, only foam visible", "beach", "night"),
    _free("holiday beach in the early hours of the day", "beach", "morning"),
    _free("alpenglow on jagged summits", "mountains", "sunset"),
    _free("snowfall over the high peaks at midday", "mountains", "noon", weather="snow"),
    _free("the Alps before sunrise, everything rosy", "mountains", "dawn"),
    _free("ridges fading one behind another into the mist, morning", "mountains", "morning", weather="fog"),
    _free("moonlit crags", "mountains", "moonlight"),
    _free("hikers' view of a mountain chain bathed in honey-coloured light", "mountains", "golden hour"),
    _free("deep in the conifers with a full moon overhead", "pine forest", "moonlight"),
    _free("spruce woods on a drizzly forenoon", "pine forest", "morning", weather="rain"),
    _free("winter timberland when the sun stands at its highest", "pine forest", "noon", season="winter"),
    _free("evergreens black against a burning sky", "pine forest", "sunset"),
    _free("foggy taiga just as the day breaks", "pine forest", "dawn", weather="fog"),
    _free("creepy woods in the middle of the night", "pine forest", "night"),
    _free("grassland dotted with poppies, bright midday", "meadow", "noon", plant="flowers"),
    _free("dew on the pasture, sun just above the hills", "meadow", "dawn"),
    _free("a lonely oak on the green, low amber light", "meadow", "golden hour", plant="round tree"),
    _free("blossoming cherries on a grassy slope in the morning", "meadow", "morning", plant="cherry"),
    _free("prairie under a billion stars", "meadow", "night"),
    _free("Sahara at dusk, everything turning blue", "desert", "blue hour"),
    _free("saguaros silhouetted against a crimson sunset", "desert", "sunset", plant="cactus"),
    _free("moon over endless sand", "desert", "moonlight"),
    _free("cold desert night", "desert", "night"),
    _free("sandhills glowing amber an hour before dusk", "desert", "golden hour"),
    _free("nothing but swell to the horizon, noonday glare", "open sea", "noon"),
    _free("silver moon path over the waves", "open sea", "moonlight"),
    _free("grey rainy ocean in the morning", "open sea", "morning", weather="rain"),
    _free("the sun dipping into the Pacific", "open sea", "sunset"),
    _free("castaway isle with coconut palms at high noon", "island", "noon", plant="palm"),
    _free("a speck of land in the ocean as the sun sinks", "island", "sunset"),
    _free("tropical islet by night", "island", "night"),
    _free("cosy hamlet buried in snow, windows lit, nighttime", "snowy village", "night"),
    _free("Christmas village in the blue twilight", "snowy village", "blue hour"),
    _free("snowed-in cottages early in the morning", "snowy village", "morning"),
    _free("downtown towers glittering after midnight", "city skyline", "night"),
    _free("skyscrapers in the rain around dusk", "city skyline", "blue hour", weather="rain"),
    _free("metropolis waking up, pink sky", "city skyline", "dawn"),
    _free("Manhattan-like skyline with the sun going down behind it", "city skyline", "sunset"),
    _free("brook meandering between willows in the forenoon", "river", "morning"),
    _free("a stream that shimmers gold late in the day", "river", "golden hour"),
    _free("tulips as far as you can see, noon", "flower field", "noon"),
    _free("carpet of blooms in the last red light", "flower field", "sunset"),
    _free("Hokusai-like print of rolling ocean waves at daybreak", "open sea", "dawn", "ukiyo-e"),
    _free("8-bit game background, mountain range, nighttime", "mountains", "night", "pixel art"),
    _free("impressionist canvas: poppy field in the noon sun", "flower field", "noon", "oil painting"),
    _free("church window showing a lake while the sun sets", "lake", "sunset", "stained glass"),
    _free("80s retro neon skyline at midnight", "city skyline", "night", "neon synthwave"),
)  # fmt: skip
