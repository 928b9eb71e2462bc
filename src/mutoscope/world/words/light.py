"""Lights: when it is, what one sees of it, and what a scene does in it."""

LIGHT = {
    "dawn": "at dawn / at sunrise / at daybreak / as the sun rises / at first light / in the early dawn light / as "
        "day breaks / in the pink light of dawn / while the sun comes up / at break of day / as dawn breaks / under a "
        "pale pink dawn sky @open / before the day begins / at the crack of dawn / in the rosy glow of sunrise / at "
        "cockcrow / at the break of dawn / at early dawn / in the early dawn / in the dawn light / in the first light "
        "of day / in the first rays of the sun @open / at the first rays of sunlight @open / when the sun comes up / "
        "when day breaks / just as the sun rises / as the sun comes up / as the sun climbs over the horizon @open / "
        "as a new day begins / as the day begins / at the start of the day / at the very start of the day / at the "
        "birth of a new day / as the world wakes up / while the world is waking up / as night turns into day / as "
        "night gives way to day / as the sky turns pink with sunrise @open / under a pink sunrise sky @open / under a "
        "pale sunrise @open / in the pink of dawn / in the pale light of dawn / in rosy dawn light / in the lilac "
        "light of daybreak / just before breakfast / before anyone is awake / at sunup / at sun-up / at sunrise time "
        "/ around sunrise / during sunrise / with the sun just rising @open / with the sun coming up @open / with the "
        "sun peeking over the horizon @open / when the first light comes / when the rooster crows / in alpenglow at "
        "sunrise @mountains / on a dawn walk",
    "morning": "in the morning / in the morning light / on a fresh morning / in the forenoon / in soft morning light "
        "/ in the morning sun @open / under a morning sky / in mid-morning / on a bright morning @open / early in the "
        "day / in the cool light of morning / in the morning hours / in the late morning / in the mid-morning sun "
        "@open / in bright morning light / in clear morning light / in fresh morning light / in pale morning light / "
        "in gentle morning light / in gentle morning sun @open / bathed in morning light / bathed in morning sun "
        "@open / lit by the morning sun @open / under the morning sun @open / in morning sunshine @open / in the "
        "morning sunlight @open / on a calm morning / on a quiet morning / on a peaceful morning / on a lovely "
        "morning / on a beautiful morning / on a new morning / this morning / around breakfast / at breakfast time / "
        "around nine in the morning / at nine in the morning / at ten in the morning / at 9 am / at 10 am / in the "
        "morning air / in the freshness of the morning / in morning dew / before noon / before midday / a few hours "
        "after sunrise / as the morning wears on / as the morning goes by / as the morning brightens / with morning "
        "light coming in",
    "noon": "at noon / at midday / in the midday light / at high noon / in the middle of the day / in broad daylight "
        "/ under the midday sun @open / with the sun high overhead @open / in bright daylight @open / by day / under "
        "a blue noon sky @clear / in the noonday light / when the sun stands highest @open / at twelve noon / during "
        "the day / in the midday heat @desert / at twelve o'clock noon / at 12 noon / at twelve o'clock midday / "
        "around noon / around midday / at lunchtime / at lunch time / about noon / in the noon light / in the noon "
        "sun @open / in the noonday sun @open / in the midday sun @open / in bright midday sun @open / in bright "
        "midday light / at the height of the day / at the brightest time of day / in full daylight / in plain "
        "daylight / in clear daylight / in the daytime / in daytime / during daytime / in the light of day / in broad "
        "day / in full sun @clear / in bright sunshine @clear / in brilliant sunshine @clear / in the blazing sun "
        "@clear / in strong sunlight @clear / under a bright blue sky @clear / under a deep blue daytime sky @clear / "
        "under blue skies @clear / beneath a blue sky @clear / under a high sun @open / with the sun straight "
        "overhead @open / with the sun at its highest @open / with the sun high in the sky @open / when the sun is at "
        "its highest @open / on a sunny day @clear / on a bright sunny day @clear / on a bright day @open / on a "
        "blue-sky day @clear / under the sun of noon @open / halfway through the day / with the sun at its zenith "
        "@open",
    "golden hour": "at golden hour / in the golden hour / in warm golden light / in the late afternoon / during "
        "golden hour / in golden light / bathed in golden light / in the low golden sun @open / late in the afternoon "
        "/ in honey-coloured light / in late afternoon light / touched by golden sunlight @open / in the last golden "
        "hour of the day / in amber light / in golden sunlight @open / in warm golden sunlight @open / in soft golden "
        "light / in rich golden light / in warm evening gold / in mellow golden light / in a golden glow / in a warm "
        "golden glow / bathed in gold / bathed in a golden glow / bathed in warm golden light / bathed in honeyed "
        "light / drenched in golden light / glowing in golden light / glowing in the late sun @open / washed in "
        "golden light / soaked in golden light / steeped in amber light / in honeyed light / in honey light / in "
        "amber sunlight @open / in the amber light of late afternoon / in buttery light / in the warm light before "
        "sunset / in the hour before sunset / an hour before sunset / shortly before sunset / in the late-day sun "
        "@open / in late-day light / in the low sun @open / in the warm low sun @open / under a golden sky @open / "
        "under a yellow-gold sky @open / beneath a golden sky @open / as the sun hangs low @open / as the light turns "
        "golden / as the light turns to gold / as everything turns gold / when everything turns gold / when the light "
        "is golden / with the sun low and golden @open / in the magic golden light / in the late golden light / "
        "towards the end of the afternoon / at the end of a golden afternoon / on a golden afternoon / on a golden "
        "late afternoon",
    "sunset": "at sunset / as the sun goes down / in the evening glow / under a red evening sky @open / at day's end "
        "/ at sundown / as the sun sets / in the evening / in the light of the setting sun / while the sun sinks / "
        "under an orange evening sky @open / at the end of the day / in the red light of evening / as evening falls / "
        "in the sunset glow / at eventide / under a blazing sunset sky @open / as the sun sinks below the horizon / "
        "in the afterglow of the day / at sun-down / at the setting of the sun / at the hour of sunset / at sunset "
        "time / around sunset / during sunset / during the sunset / in the sunset / in the sunset light / in sunset "
        "light / in the light of the sunset / in the red light of sunset / in the orange light of sunset / in the "
        "fiery light of sunset / in a fiery sunset / in a blazing sunset / in the glow of the setting sun / in the "
        "last light of the day / in the last rays of the sun @open / in the last rays of sunlight @open / in the last "
        "red light / in the evening sun @open / in evening sunlight @open / in evening light / in the evening light / "
        "in the red evening light / in the crimson light of evening / under a red sky @open / under a burning sky "
        "@open / under a fiery sky @open / under a flaming sky @open / under an orange sky @open / under a crimson "
        "sky @open / under a sunset sky @open / under an orange and purple sky @open / under a sky on fire @open / "
        "under a sky in flames @open / against a sunset sky @open / against the setting sun @open / against a red sky "
        "@open / beneath a fiery red sky @open / beneath a sky of orange and red @open / when the sun goes down / "
        "when the sun sets / when evening comes / as the sun slips below the horizon @open / as the sun dips below "
        "the horizon @open / as the sun drops out of sight @open / as the sun disappears @open / as the day ends / as "
        "the day draws to a close / as the day comes to an end / as the sky burns red @open / as the sky turns red "
        "@open / as the sky catches fire @open / at the close of day / at close of day / at the day's end / on a red "
        "evening / on a glowing evening / in the evening hours / in alpenglow at sunset @mountains / with the sun "
        "going down behind it / while the evening sky burns @open",
    "blue hour": "at blue hour / at dusk / in the twilight / in the blue hour / during blue hour / at nightfall / in "
        "blue dusk light / under a deep blue dusk sky @open / after sundown / in the fading blue light / as night "
        "falls / as darkness falls / in the gloaming / at twilight / in the blue twilight / shortly after sundown / "
        "as dusk settles / in the dusk / in the half-light of dusk / in the blue light of dusk / in blue twilight / "
        "in deep blue twilight / in the last blue light / in blue half-light / in the fading light of dusk / in "
        "fading blue light / in the dim blue light / in the deep blue of dusk / in early nightfall / in the gathering "
        "dusk / in the gathering dark / in the falling dark / in the falling dusk / at the blue hour / at the fall of "
        "night / at the onset of night / at the edge of night / at the beginning of the night / between sunset and "
        "night / between day and night / just after sunset / soon after sunset / after sunset / after the sun has "
        "gone down / after the sun has set / once the sun has set / once the sun is gone / when the sun is gone / "
        "when dusk falls / when night falls / as dusk falls / as twilight falls / as twilight deepens / as dusk "
        "deepens / as the light fades to blue / as the last light fades / as daylight fades / as the day fades into "
        "night / as the first stars come out @clear / as it gets dark / as it grows dark / as darkness gathers / "
        "before night falls completely / before it is fully dark / under a twilight sky @open / under a dusky blue "
        "sky @open / under an indigo sky @open / beneath a deep blue evening sky @open / beneath a twilight sky @open "
        "/ against a deep blue sky at dusk @open / with the first stars above @clear / with the sky turning deep blue "
        "@open / with the last light fading",
    "night": "at night / by night / in the dark of night / under a dark night sky / in the night / late at night / in "
        "the dead of night / after dark / under the stars @clear / under a starry sky @clear / in darkness / beneath "
        "a sky full of stars @clear / at midnight / in the darkness / deep in the night / under a black sky @open / "
        "in the middle of the night / at dead of night / in the depths of the night / in the small hours / in the wee "
        "hours / in the still of the night / in the silence of the night / in the quiet of the night / in the black "
        "of night / in the blackness of night / in the pitch dark / in pitch darkness / in the dark / in total "
        "darkness / in deep darkness / in the nocturnal dark / during the night / during the night-time / at "
        "nighttime / at night-time / at the midnight hour / at 2 am / at two in the morning / around midnight / past "
        "midnight / after midnight / well after dark / long after dark / by starlight @clear / in starlight @clear / "
        "under starlight @clear / under the night sky / under the milky way @clear / beneath the milky way @clear / "
        "beneath the stars @clear / beneath the night sky / under a sky full of stars @clear / under a million stars "
        "@clear / under a thousand stars @clear / under a canopy of stars @clear / under a blanket of stars @clear / "
        "under countless stars @clear / under twinkling stars @clear / under a star-filled sky @clear / under a "
        "star-studded sky @clear / under a moonless sky / under a pitch-black sky @open / beneath a black sky @open / "
        "against a black night sky / with stars overhead @clear / with a starry sky above @clear / with the milky way "
        "overhead @clear / on a dark night / on a moonless night / on a starry night @clear / on a starlit night "
        "@clear / while the world sleeps / while everyone is asleep / while everybody sleeps / when all are asleep / "
        "when the stars are out @clear / wrapped in darkness / cloaked in darkness / swallowed by the dark / as the "
        "stars come out in thousands @clear",
    "moonlight": "in the moonlight / by moonlight / under the moon / under a full moon @open / in pale moonlight / "
        "lit by the moon / bathed in moonlight / while the moon shines @open / in silver moonlight / on a moonlit "
        "night / by the light of the moon / under a bright moon @open / beneath the moon / in the glow of the moon / "
        "silvered by moonlight / in moonlight / in bright moonlight / in cold moonlight / in soft moonlight / in "
        "silvery moonlight / in ghostly moonlight / in the silvery light of the moon / in the light of the moon / in "
        "the light of a full moon @open / in the glow of a full moon @open / in the pale glow of the moon / by the "
        "light of a full moon @open / by the silvery light of the moon / lit by a full moon @open / lit by moonlight "
        "/ lit only by the moon / lighted by the moon / illuminated by the moon / bathed in the light of the moon / "
        "bathed in silver moonlight / washed in moonlight / drenched in moonlight / glowing in the moonlight / "
        "gleaming in the moonlight / glistening in the moonlight / shining in the moonlight / silver in the moonlight "
        "/ under the full moon @open / under the light of the moon / under the bright moon @open / under a big moon "
        "@open / under a big round moon @open / under a white moon @open / under a pale moon @open / under a silver "
        "moon @open / under a moonlit sky @open / under a glowing moon @open / beneath a full moon @open / beneath a "
        "bright moon @open / beneath a silvery moon @open / beneath a moonlit sky @open / with the moon in the sky "
        "@open / with a full moon above @open / with the moon above @open / with the moon overhead @open / with a "
        "full moon in the sky @open / when the moon is full @open / when the moon is out @open / when the moon shines "
        "@open / as the moon shines down @open / as the moon rides high @open / as moonlight falls / on a night with "
        "a full moon @open / on a full-moon night @open / with moonlight on the water @water @open / while the moon "
        "looks down @open",
}  # fmt: skip

# One word or two for a light, as in "mountain sunset" or "lake, dawn, fog".
LIGHT_NAMES = {
    "dawn": "dawn / sunrise / daybreak / first light / early dawn / dawn light / sunrise light / sunup / break of day "
        "/ rising sun @open / pink dawn / pink sunrise @open / rosy dawn / rising of the sun / crack of dawn / "
        "dawning day / sunrise sky @open / break of dawn / start of the day / pastel sunrise @open",
    "morning": "morning / morning light / forenoon / morning sun @open / soft morning light / bright morning / fresh "
        "morning / late morning / mid-morning / morning sunshine @open / morning sunlight @open / calm morning / "
        "quiet morning / morning mood / clear morning light / 9 am",
    "noon": "noon / midday / high noon / daytime / noonday / midday light / midday sun @open / noon sun @open / broad "
        "daylight / bright daylight / daylight / sunny day @clear / bright sunny day @clear / blue sky @clear / "
        "bright blue sky @clear / full sun @clear / sunshine @clear / bright sunshine @clear / lunchtime / twelve "
        "noon / overhead sun @open / high sun @open",
    "golden hour": "golden hour / golden light / late afternoon / golden sunlight @open / warm golden light / golden "
        "glow / warm glow / low sun @open / low golden sun @open / honey light / honeyed light / amber light / golden "
        "sky @open / golden afternoon / late afternoon light / late afternoon sun @open / golden sun @open / "
        "goldenhour / magic golden light / soft golden light / amber glow / warm late light / golden hour light",
    "sunset": "sunset / sundown / evening / evening glow / setting sun / evening light / evening sun @open / sunset "
        "light / sunset sky @open / sunset glow / sunset colours @open / sunset colors @open / red sunset @open / "
        "orange sunset @open / fiery sunset @open / blazing sunset @open / glowing sunset / red sky @open / burning "
        "sky @open / fiery sky @open / orange sky @open / sky on fire @open / last rays of the sun @open / last light "
        "of the day / red evening light / sun-down / sinking sun / evening red / end of the day / day's end / "
        "eventide / evening mood / crimson sky @open / dramatic sunset @open",
    "blue hour": "blue hour / dusk / twilight / nightfall / blue twilight / deep blue dusk / blue dusk / late dusk / "
        "last blue light / gloaming / gathering darkness / evening twilight / twilight sky @open / deep blue twilight "
        "/ indigo sky @open / after sunset / after sundown / fading light / half-light / early nightfall / dusk light "
        "/ deep blue sky at dusk @open / twilight hour / first stars @clear / blue half-light",
    "night": "night / nighttime / midnight / dark night / night time / night-time / night scene / nocturne / deep "
        "night / middle of the night / dead of night / black night / late night / starry night @clear / starry sky "
        "@clear / starlight @clear / star-filled sky @clear / milky way @clear / night sky / darkness / pitch dark / "
        "moonless night / after dark / sky full of stars @clear / small hours / nightscape / night shot / night view",
    "moonlight": "moonlight / full moon @open / moonlit night / bright moon @open / bright moonlight / silver "
        "moonlight / pale moonlight / soft moonlight / full moon night @open / full-moon night @open / big moon @open "
        "/ silver moon @open / moonglow / moonbeams @open / moon in the sky @open / light of the moon / moonlit sky "
        "@open / full moon in the sky @open / round moon @open / moonlight scene / moonrise @open / moonlight on the "
        "water @water @open",
}  # fmt: skip

LIGHT_ADJECTIVES = {
    "dawn": "dawn-lit / sunrise / dawning / sunrise-lit / early-dawn / dawn-pink / rose-lit / dawn-coloured / "
        "daybreak / first-light / waking / dawn-tinted",
    "morning": "morning / morning-lit / morning-fresh / early-day / mid-morning / morning-bright / forenoon / "
        "late-morning",
    "noon": "midday / noonday / daylit / noontime / day-lit / daylight / daytime / noon-lit / high-noon / "
        "sun-drenched @clear / sun-bright @clear / noontide / midday-lit",
    "golden hour": "golden-hour / golden-lit / gold-lit / golden-glowing / honey-coloured / amber-lit / gilded / "
        "gold-tinted / late-afternoon / golden-toned / gold-washed / honey-lit / sun-gilded @open / amber-coloured",
    "sunset": "sunset / sunset-lit / evening / sundown / sunset-coloured / evening-lit / sunset-red / fire-red / "
        "sunset-tinted / evening-red / crimson-lit / sunset-glowing / flame-coloured / sunset-orange",
    "blue hour": "dusky / twilit / twilight / blue-hour / dusk-lit / dusk-blue / twilight-blue / dusk / nightfall / "
        "gloaming / darkening / dusk-dimmed / twilight-lit",
    "night": "nighttime / nocturnal / night-time / night / midnight / starlit @clear / star-lit @clear / pitch-dark / "
        "night-dark / midnight-black / unlit @-city skyline @-neon street @-harbour @-lighthouse @-snowy village "
        "@-volcano / night-shrouded / late-night",
    "moonlight": "moonlit / moon-bathed / moonlight / moon-lit / silvered / moon-washed / full-moon @open / "
        "moon-silvered / moon-drenched / moon-kissed / moon-pale",
}  # fmt: skip

LIGHT_CLAUSES = {
    "dawn": "the sun is rising / day is breaking / it is early dawn / the sun comes up / dawn is breaking / the sun "
        "has just risen @open / the sun is just coming up @open / dawn is here / dawn has come / it is dawn / it is "
        "sunrise / it is daybreak / a new day begins / a new day is breaking / the day begins / the day is just "
        "beginning / the day has barely begun / night is turning into day / dawn lights everything / everyone is "
        "still asleep at this dawn hour / the world is just waking up",
    "morning": "it is morning / the morning is young / the morning light is fresh / it is a calm morning / it is a "
        "fresh morning / it is late morning / it is mid-morning / the morning sun is out @open / the morning sun "
        "shines softly @open / the morning is calm / the morning is fresh / morning has come / the day is still young "
        "/ the day has started / it is nine in the morning / it is time for breakfast / morning light fills the air / "
        "the morning sunlight is soft @open / a new morning is under way / the morning has begun",
    "noon": "it is noon / it is midday / the sun stands high @open / it is the middle of the day / it is daytime / it "
        "is broad daylight / it is twelve noon / it is high noon / it is lunchtime / the day is at its brightest / "
        "the sun is high in the sky @open / the sun is at its highest @open / the sun is directly overhead @open / "
        "the midday sun is strong @open / the noon sun beats down @clear / it is a bright sunny day @clear / it is a "
        "sunny day @clear / the sun shines bright at noon @open / the day is at its height / it is the brightest part "
        "of the day / daylight fills everything",
    "golden hour": "the light is warm and golden / it is golden hour / everything glows in golden light / the low "
        "light is golden / it is late afternoon / it is the golden hour / the afternoon is ending in gold / the "
        "golden hour has begun / golden hour has come / the late sun is golden @open / the late afternoon sun shines "
        "@open / the light is golden / the light has turned golden / the light is like honey / the sun is low and "
        "golden @open / the day is nearly over and golden / the late light is warm / sunset is an hour away / the "
        "golden light is soft",
    "sunset": "the sun is setting / the sun goes down / evening is falling / it is sunset / the sky glows red and "
        "orange @open / the sun has almost set @open / the sun is about to set @open / the sun sets @open / the sun "
        "is going down / the sun is sinking @open / the sun goes down in fire @open / the day is ending / the day is "
        "almost over / the day draws to a close / evening has come / it is evening / evening is here / sunset is here "
        "/ it is sundown / the sunset is glorious @open / the sunset is beautiful @open",
    "blue hour": "dusk has fallen / it is blue hour / the light is blue and fading / twilight lies over the land / it "
        "is getting dark / it is dusk / it is twilight / dusk is falling / dusk is here / dusk settles in / night is "
        "falling / night is coming on / nightfall is near / darkness is falling / darkness is coming on / twilight "
        "has come / twilight is here / the sun has set / the sun has gone down / the sun is gone / it is just after "
        "sunset / it is shortly after sundown / it will soon be dark / it is almost dark / it is growing dark",
    "night": "it is night / night has fallen / it is dark / the stars are out @clear / it is the middle of the night "
        "/ it is midnight / it is nighttime / it is late at night / it is the dead of night / it is the small hours / "
        "it is past midnight / it is pitch dark / midnight has struck / the night is dark / the night is black / the "
        "night is deep / the night is silent / the night is starry @clear / the world is asleep / everyone is asleep "
        "/ darkness has fallen / darkness covers everything / it is a starry night @clear / it is a dark night / the "
        "whole world sleeps",
    "moonlight": "the moon is shining @open / the moon lights the scene / it is a moonlit night / moonlight lies over "
        "everything / the moon is out @open / the moon is full @open / the moon is bright @open / the moon has risen "
        "@open / the full moon is up @open / a full moon is shining @open / there is a full moon @open / there is "
        "moonlight everywhere / the moon shines bright @open / the moon shines down @open / it is a night of "
        "moonlight / the moonlight is bright / the moonlight is cold and clear / moonlight fills the night / "
        "moonlight is everywhere / the moon gives the only light",
}  # fmt: skip

# The light through what one sees, as a clause that need not name the hour.
LIGHT_SEEN = {
    "dawn": "the sky blushes pink @open / the sky is turning pink @open / the sky glows rose and lilac @open / the "
        "horizon glows pink @open / a pale sun climbs out of the haze @open / a pale pink light spreads / a rosy "
        "light spreads over everything / everything is tinged with pink / everything is rose-coloured and still / the "
        "first rays touch the land @open @-water / the first rays reach across the water @open @water / the first "
        "light creeps in / the first light comes softly / the night gives way to pink light / the sun peeks over the "
        "horizon @open / the sun peers out for the first time today @open / the sun lifts off the horizon @open / the "
        "new sun is pale and low @open / pastel colours fill the sky @open / pink and lilac fill the sky @open / pink "
        "light washes over everything / the world wakes in pink and mauve / the world wakes up slowly / the air is "
        "pink and cool / a soft lilac glow announces the sun / daylight is only just arriving / the day opens in "
        "pastel pink / pink clouds greet the sun @cloudy / the last stars have gone and the sky is rosy @clear / the "
        "early sun paints the sky rose @open",
    "morning": "the sun stands low and white @open / a soft white sun has cleared the horizon @open / the young sun "
        "shines pale and clear @open / the light is cool and fresh / the light is pale and fresh / the light is soft "
        "and clear / the colours are fresh and pale / the sky is pale and bright near the sun @open / a pale blue sky "
        "brightens @clear / the pale blue sky is full of soft light @clear / the air is fresh and bright / everything "
        "looks fresh and new / everything looks freshly washed / the dew has not yet dried / the dew is still fresh / "
        "the sun has been up for an hour or two @open / the sun is up but still low and pale @open / a gentle sun "
        "lights the start of the day @open / the day is fresh / the day starts bright and clear @clear / the day "
        "starts softly / coffee is brewing somewhere / the morning dew is still fresh / soft white light fills the "
        "scene / white morning light pours in / a cool bright light lies over everything / breakfast is on the table "
        "somewhere / the sky is a fresh pale blue @clear / birdsong fills the morning air / the morning sun warms the "
        "air @open",
    "noon": "the sky is bright blue @clear / the sky is a deep bright blue @clear / the sky is blue all over @clear / "
        "the sky is brilliantly blue @clear / a white sun stands overhead @open / the sun blazes straight down @open "
        "/ the sun burns high above @open / the sun is at the top of its arc @open / the sun sits at its peak @open / "
        "the sun is right above us @open / shadows are short @open / the shadows are at their shortest @open / there "
        "are hardly any shadows @open / short shadows lie underfoot @open / everything is brightly lit @open / "
        "everything is bright as day can be @open / every colour is bright and clear @open / every colour shines in "
        "full daylight @open / the light is hard and white @open / the light is strong and clear @open / the light "
        "comes straight from above / blue sky shines overhead @clear / a brilliant blue sky spreads overhead @clear / "
        "white clouds float in bright blue @cloudy / the day is bright and blue @clear / the sun is shining brightly "
        "@clear / the sun shines out of a blue sky @clear / the sun is blazing @clear / daylight is at its fullest",
    "golden hour": "everything is golden / everything turns to gold / everything shines like gold / everything is "
        "dipped in gold / everything is washed in amber / everything is bathed in warm yellow light / the whole scene "
        "is gilded / the sky is yellow and gold @open / the sky is a golden yellow @open / the sky glows golden @open "
        "/ the sky glows like honey @open / a low sun pours gold over everything @open / a low yellow sun hangs in "
        "the sky @open / the low sun gilds everything it touches @open / the low sun shines warm and yellow @open / "
        "the sun hangs low and golden @open / a golden sun hangs above the horizon @open / golden rays slant in from "
        "the side @open / warm rays come in low @open / golden light spills over the land @open @-water / gold "
        "glitters on the water @open @water / the water shines like liquid gold @open @water / the light is rich and "
        "yellow / the light is thick as honey / a honeyed light lies over everything / a warm amber glow fills the "
        "air / amber light fills the air / the air itself seems golden / warm yellow light falls from the side @open "
        "/ clouds edged with gold drift by @cloudy / the world is the colour of honey / the last warm hours of the "
        "day glow yellow",
    "sunset": "the sun touches the horizon @open / the sun meets the horizon @open / the sun sinks into the horizon "
        "@open / the sun is half gone @open / the sun drops low and red @open / a red sun hangs at the edge of the "
        "world @open / a huge orange sun sinks @open / a glowing orange ball sinks from the sky @open / the last "
        "sunlight burns red @open / the last rays set the sky on fire @open / the sky is on fire @open / the sky is "
        "ablaze @open / the sky is in flames @open / the sky burns @open / the sky burns orange and red @open / the "
        "sky blazes crimson and orange @open / the sky turns orange, red and purple @open / the sky is a furnace of "
        "red and orange @open / the sky is painted orange and pink and violet @open / the sky is the colour of embers "
        "@open / the sky is red from end to end @open / the horizon is burning @open / the horizon glows like embers "
        "@open / fiery colours fill the sky @open / red and purple streak the sky @open / orange melts into purple "
        "overhead @open / the clouds are on fire @cloudy / the clouds burn crimson @cloudy / everything glows red / "
        "everything is bathed in red and orange / everything is dipped in red light / the air is red and warm / the "
        "water burns red and orange @water @open / the day goes out in flames @open / the day burns out in red / the "
        "whole world turns red / red light lies over everything / silhouettes stand against a burning sky @open",
    "blue hour": "the sky is deep blue and darkening @open / the sky is a deep ink blue @open / the sky turns from "
        "blue to indigo @open / the sky is indigo and the first stars appear @clear / the first stars appear @clear / "
        "the first stars come out @clear / the first stars prick through the blue @clear / a few early stars glimmer "
        "@clear / a last pale glow lingers on the horizon @open / a last violet glow lingers low down @open / a faint "
        "glow is left where the sun went down @open / only a faint glow remains of the day @open / everything is blue "
        "/ everything is steeped in blue / everything turns blue / everything sinks into deep blue / blue shadows "
        "swallow the details / blue shadows gather / the colours drain into blue / the colours have faded to blue / "
        "the world is blue and hushed / the world turns blue and quiet / the light has gone and left everything blue "
        "/ a deep blue calm settles / a blue hush settles over everything / the day has slipped away / the day is "
        "gone but the night is not yet black / it is not quite night yet / the last daylight drains away / deep blue "
        "light fills the air / the dark is coming down / the air is deep blue",
    "night": "stars fill the sky @clear / stars crowd the black sky @clear / stars glitter overhead @clear / stars "
        "twinkle overhead @clear / stars sparkle in the black @clear / thousands of stars shine @clear / a thousand "
        "stars shine overhead @clear / countless stars shine in the black @clear / the milky way arches overhead "
        "@clear / the milky way spans the sky @clear / the milky way glows above @clear / the sky is full of stars "
        "@clear / the sky glitters with stars @clear / the sky is black and starry @clear / the sky is black / the "
        "sky is pitch-black / the sky has gone black / the heavens are full of stars @clear / the dark is complete / "
        "the dark hides almost everything @-city skyline @-neon street @-harbour / everything is black and dark blue "
        "@-city skyline @-neon street @-harbour / everything lies in darkness @-city skyline @-neon street @-harbour "
        "@-volcano / everything lies in deep shadow @-city skyline @-neon street / blackness lies over everything "
        "@-city skyline @-neon street @-harbour @-volcano / hardly anything can be seen in the dark @-city skyline "
        "@-neon street @-harbour @-volcano / there is no moon, only darkness / there is no moon, only stars @clear / "
        "no moon shines / not a ray of daylight is left / only stars light the dark @clear @-city skyline @-neon "
        "street @-harbour @-lighthouse @-snowy village @-volcano / darkness surrounds everything / darkness reigns / "
        "the world has gone dark",
    "moonlight": "a full moon hangs in the sky @open / a full moon hangs overhead @open / a round white moon hangs "
        "above @open / a bright round moon looks down @open / a big pale moon rides the sky @open / a big white moon "
        "lights the dark @open / the round moon glows white @open / the moon stands high and white @open / the moon "
        "hangs like a lamp @open / the moon hangs like a silver coin @open / the moon sails through the clouds "
        "@cloudy / the moon peers out between clouds @cloudy / the moon paints everything silver @open / the moon "
        "turns everything silver @open / moonbeams fall from above @open / moonbeams silver the dark @open / silver "
        "light falls from above / silver light lies over the dark land @-water / silver light lies on everything / "
        "everything is silver and dark blue / everything gleams silver / everything shines silver and blue / a "
        "silvery sheen lies over everything / a cold silver glow lies over everything / a pale silver light falls / "
        "pale light falls from the moon / a silver path leads across the water to the moon @open @water / the moon "
        "draws a bright path on the water @open @water / moonlight glitters on the water @open @water / the night is "
        "bright with the moon / the night is silvery / the night is lit by the moon alone",
}  # fmt: skip

# What one sees of the light, as a noun phrase: "a burning sky over jagged peaks", "a lake with a burning sky".
LIGHT_SIGHTS = {
    "dawn": "a pink sky @open / a rosy sky @open / a pale pink sky @open / a lilac and pink sky @open / a pastel sky "
        "@open / pink light / pale pink light / rosy light / the first light / the first light of day / the first "
        "rays of the sun @open / the first rays of sunlight @open / the first sunbeams @open / the rising sun @open / "
        "the early sun @open / the break of day / a new day breaking / the sun coming up @open / a pale rising sun "
        "@open / sunrise colours @open / a rosy glow / a soft pink glow / pink clouds @cloudy / the blush of dawn / a "
        "rose-coloured dawn / a pink sunrise @open / a pastel sunrise @open / a quiet sunrise",
    "morning": "fresh morning light / soft morning light / pale morning light / a pale morning sun @open / a low "
        "white sun @open / a bright young sun @open / soft morning sunshine @open / the soft sun of morning @open / "
        "the morning sun @open / a fresh pale blue sky @clear / a pale blue morning sky @clear / cool bright light / "
        "cool white light / a fresh new morning / a calm morning / a quiet morning mood / gentle morning sunlight "
        "@open / clean fresh light",
    "noon": "a bright blue sky @clear / a deep blue sky @clear / a brilliant blue sky @clear / blue sky @clear / "
        "nothing but blue sky @clear / blue sky and white clouds @cloudy / white clouds in a blue sky @cloudy / white "
        "clouds on bright blue @cloudy / a high sun @open / a white-hot sun @clear / the midday sun @open / the high "
        "midday sun @open / the noon sun @open / the blazing sun @clear / bright sunshine @clear / full sunshine "
        "@clear / strong bright sunlight @clear / the full light of day / clear bright daylight / plain daylight / "
        "bright midday light / short shadows @open / a sunny sky @clear",
    "golden hour": "a golden sky @open / a yellow sky @open / a honey-coloured sky @open / an amber sky @open / a "
        "warm golden sky @open / a warm yellow glow / a golden glow / an amber glow / golden light / warm golden "
        "light / honeyed light / mellow golden light / long golden shadows @open / long shadows and golden light "
        "@open / golden rays @open / warm slanting rays @open / low golden rays @open / a low golden sun @open / a "
        "low yellow sun @open / the low late sun @open / golden clouds @cloudy / late afternoon light / the gold of "
        "the late afternoon / a glow like honey / the warmth of late sunlight @open",
    "sunset": "a fiery sky @open / a burning sky @open / a blood-red sky @open / a flaming sky @open / a crimson sky "
        "@open / a sky on fire @open / a sky in flames @open / a red and orange sky @open / an orange and purple sky "
        "@open / a red and violet sky @open / a blazing orange sky @open / a glowing red sky @open / a sky of fire "
        "@open / the evening sky on fire @open / the setting sun @open / the sinking sun @open / the sun going down "
        "@open / a big red sun sinking @open / an orange ball of sun sinking @open / the last rays of sun @open / the "
        "last red rays @open / the last light of the day / the day's last light / the red glow of evening / a red "
        "evening glow / a fiery evening glow / a fiery sunset @open / a blazing sunset @open / a spectacular sunset "
        "@open / a burning sunset @open / flaming clouds @cloudy / burning clouds @cloudy / red evening clouds "
        "@cloudy / embers of daylight / evening colours @open / a warm red evening",
    "blue hour": "a deep blue evening sky @open / a darkening sky @open / a darkening blue sky @open / an ink-blue "
        "sky @open / an indigo sky @open / a twilight sky @open / a deep blue dusk / the last blue light / the last "
        "of the light / the last glow on the horizon @open / a faint glow on the horizon @open / the first stars "
        "@clear / a few first stars @clear / the first stars in deep blue @clear / deep blue light / dim blue light / "
        "blue half-light / blue shadows / a blue stillness / the blue of early night / the falling night / nightfall "
        "/ gathering darkness / soft blue twilight / a hush of blue",
    "night": "a starry sky @clear / a sky full of stars @clear / a black sky full of stars @clear / countless stars "
        "@clear / a thousand stars @clear / a million stars @clear / millions of stars @clear / stars and the milky "
        "way @clear / the milky way @clear / the glittering milky way @clear / twinkling stars @clear / shining stars "
        "@clear / a carpet of stars @clear / a dome of stars @clear / the night sky / a black sky / a pitch-black sky "
        "/ a dark night sky / a moonless sky / deep darkness / nothing but darkness / the dark of night / the black "
        "of night / the stillness of midnight / starlight @clear",
    "moonlight": "a full moon @open / a bright full moon @open / a big full moon @open / a huge moon @open / a big "
        "round moon @open / a round white moon @open / a pale moon @open / a silver moon @open / a shining moon @open "
        "/ the moon and the stars @clear / a full moon and stars @clear / the full moon @open / the bright moon @open "
        "/ moonlight / silver moonlight / silvery moonlight / cold moonlight / pale moonlight / soft silver light / "
        "cold silver light / a silvery glow / the silver glow of the moon / moonbeams @open / a moonlit sky @open / "
        "the moon between clouds @cloudy / a cloud-veiled moon @cloudy",
}  # fmt: skip

# What the scene does in this light, one thing or several: "a lake that glows in the setting sun".
LIGHT_VERBS = {
    "dawn": "wakes at first light|wake at first light / wakes in the pink dawn|wake in the pink dawn / blushes in the "
        "rising sun|blush in the rising sun / glows pink in the sunrise|glow pink in the sunrise / waits for the sun "
        "at dawn|wait for the sun at dawn / turns rosy as the sun comes up|turn rosy as the sun comes up / greets the "
        "sunrise|greet the sunrise / catches the first rays of the sun|catch the first rays of the sun @open / lies "
        "in rosy dawn light|lie in rosy dawn light / shimmers at daybreak|shimmer at daybreak / awakens with the "
        "dawn|awaken with the dawn",
    "morning": "lies in soft morning light|lie in soft morning light / basks in the morning sun|bask in the morning "
        "sun @open / looks fresh in the morning|look fresh in the morning / shines in the morning light|shine in the "
        "morning light / starts the morning quietly|start the morning quietly / glistens in the fresh morning "
        "light|glisten in the fresh morning light / warms up in the morning sun|warm up in the morning sun @open / "
        "welcomes the morning|welcome the morning / enjoys a calm morning|enjoy a calm morning",
    "noon": "lies in bright daylight|lie in bright daylight / shines under the midday sun|shine under the midday sun "
        "@open / bakes in the noon sun|bake in the noon sun @clear / lies under a bright blue noon sky|lie under a "
        "bright blue noon sky @clear / basks in full sunshine|bask in full sunshine @clear / gleams at high "
        "noon|gleam at high noon @open / is lit from straight above at noon|are lit from straight above at noon @open "
        "/ shows every colour at midday|show every colour at midday / rests at midday|rest at midday",
    "golden hour": "glows in golden light|glow in golden light / basks in the low golden sun|bask in the low golden "
        "sun @open / turns to gold in the late sun|turn to gold in the late sun @open / shines in honey-coloured "
        "light|shine in honey-coloured light / is gilded by the low sun|are gilded by the low sun @open / is bathed "
        "in warm golden light|are bathed in warm golden light / lies in amber light|lie in amber light / is dipped in "
        "gold|are dipped in gold / glows at golden hour|glow at golden hour / soaks up the last golden light|soak up "
        "the last golden light",
    "sunset": "glows in the setting sun|glow in the setting sun @open / burns red in the sunset|burn red in the "
        "sunset / catches the last light of the day|catch the last light of the day / lies under a burning sky|lie "
        "under a burning sky @open / glows red in the evening light|glow red in the evening light / says goodbye to "
        "the sun|say goodbye to the sun @open / turns orange and red at sunset|turn orange and red at sunset / is on "
        "fire with sunset|are on fire with sunset / rests under a fiery evening sky|rest under a fiery evening sky "
        "@open / blazes in the last rays of the sun|blaze in the last rays of the sun @open / lies in red evening "
        "light|lie in red evening light / mirrors the fiery evening sky|mirror the fiery evening sky @lake @open",
    "blue hour": "lies in blue twilight|lie in blue twilight / turns blue at dusk|turn blue at dusk / sinks into the "
        "dusk|sink into the dusk / fades into the blue evening dusk|fade into the blue evening dusk / waits for the "
        "night to fall|wait for the night to fall / grows dim in the twilight|grow dim in the twilight / lies under "
        "an indigo sky|lie under an indigo sky @open / is wrapped in blue dusk|are wrapped in blue dusk / settles "
        "down at nightfall|settle down at nightfall / drowns in deep blue dusk|drown in deep blue dusk",
    "night": "sleeps under the stars|sleep under the stars @clear / lies in the dark of night|lie in the dark of "
        "night / lies under the milky way|lie under the milky way @clear / lies beneath countless stars|lie beneath "
        "countless stars @clear / sleeps through the night|sleep through the night / is wrapped in night|are wrapped "
        "in night / disappears into the night|disappear into the night / rests in deep darkness|rest in deep darkness "
        "/ lies hidden by the night|lie hidden by the night / dreams at midnight|dream at midnight",
    "moonlight": "gleams in the moonlight|gleam in the moonlight / glistens under the moon|glisten under the moon / "
        "lies silver in the moonlight|lie silver in the moonlight / shimmers under a full moon|shimmer under a full "
        "moon @open / sleeps in the moonlight|sleep in the moonlight / is silvered by the moon|are silvered by the "
        "moon / lies under a big round moon|lie under a big round moon @open / dreams under the moon|dream under the "
        "moon / is lit by a full moon|are lit by a full moon @open / is bathed in silver moonlight|are bathed in "
        "silver moonlight / shines in pale moonlight|shine in pale moonlight",
}  # fmt: skip

# What a day is called at this light after an adjective: "on a rainy night", "on a winter morning".
DAYPARTS = {
    "dawn": "dawn",
    "morning": "morning",
    "golden hour": "late afternoon",
    "sunset": "evening",
    "night": "night",
    "moonlight": "moonlit night",
}  # fmt: skip
