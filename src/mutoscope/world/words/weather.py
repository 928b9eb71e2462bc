"""Weathers and seasons."""

WEATHER = {
    "clear": "under a clear sky / under a cloudless sky / in clear weather / with not a cloud in the sky / in fine "
        "weather / beneath a clear sky / with a clear sky above / in cloudless weather / under clear skies / under a "
        "perfectly clear sky / under a spotless sky / under a flawless sky / beneath a cloudless sky / with no clouds "
        "in the sky / with no clouds / without a cloud in the sky / without a single cloud / with cloudless skies "
        "above / with a wide clear sky / in perfect weather / in beautiful weather / in lovely weather / in bright "
        "clear weather / in good weather / in glorious weather / in crystal-clear air / in clear air / in fair "
        "weather / under fair skies / in settled weather / with the sky completely clear / on a clear day @day / on a "
        "cloudless day @day / under an empty sky / under an open clear sky",
    "cloudy": "under a cloudy sky / with clouds in the sky / with drifting clouds / beneath drifting clouds / under "
        "passing clouds / with scattered clouds overhead / as clouds drift by / under cloudy skies / with a few "
        "clouds above / with fluffy clouds above / under a sky of clouds / under a sky full of clouds / under a sky "
        "dotted with clouds / beneath a cloudy sky / beneath scattered clouds / beneath fluffy clouds / beneath "
        "passing clouds / under scattered clouds / under drifting clouds / under fluffy clouds / under puffy clouds / "
        "under broken cloud / in cloudy weather / in partly cloudy weather / with clouds above / with clouds overhead "
        "/ with clouds drifting by / with clouds floating past / with clouds sailing by / with puffy clouds above / "
        "with big clouds above / with a few clouds in the sky / with some clouds in the sky / with patches of cloud / "
        "with cotton-wool clouds above / while clouds drift past / while clouds sail by / as clouds float by / as "
        "clouds sail overhead / as clouds roll by / among drifting clouds / on a cloudy day @day / on a partly cloudy "
        "day @day",
    "overcast": "under an overcast sky / under a grey sky / in overcast weather / beneath a heavy grey sky / under a "
        "gray sky / beneath a blanket of cloud / in dull weather / under leaden clouds / with a thick cover of cloud "
        "/ in gloomy weather / under gray skies / under grey skies / under overcast skies / under a dull sky / under "
        "a dull grey sky / under a gloomy sky / under a dreary sky / under a leaden sky / under a heavy sky / under a "
        "sunless sky / under heavy grey clouds / under low grey clouds / under a solid layer of cloud / under a lid "
        "of cloud / under a blanket of grey / beneath a grey sky / beneath a leaden sky / beneath an overcast sky / "
        "beneath low clouds / beneath gloomy clouds / in grey weather / in gray weather / in dreary weather / in "
        "bleak weather / in flat grey light / in dull grey light / with a grey sky / with grey skies above / with "
        "heavy cloud cover / with the sky all grey / with the sky covered in cloud / with no sun coming through / on "
        "an overcast day @day / on a grey day @day / on a gloomy day @day / on a dull day @day / on a dreary day @day",
    "fog": "in the fog / in fog / in mist / in the mist / shrouded in fog / veiled in mist / in thick fog / in a soft "
        "haze / lost in mist / with mist in the air / wrapped in fog / as fog drifts by / in misty weather / in a "
        "pall of fog / in dense fog / in heavy fog / in deep fog / in a thick mist / in thick mist / in soft mist / "
        "in light mist / in a veil of mist / in a veil of fog / in a sea of fog / in hazy air / in foggy weather / in "
        "the haze / in a milky haze / in a misty haze / covered in fog / covered by mist / hidden in fog / hidden in "
        "the mist / hidden by mist / half hidden in fog / half hidden by mist / lost in fog / lost in the fog / "
        "wrapped in mist / wrapped in a soft haze / shrouded in mist / swathed in mist / swathed in fog / cloaked in "
        "fog / cloaked in mist / draped in mist / blurred by fog / softened by mist / dissolving in fog / dissolving "
        "into mist / disappearing in fog / vanishing into the mist / emerging from the fog / fading into the fog / "
        "through fog / through the fog / through a veil of mist / behind a veil of fog / as mist drifts by / as the "
        "fog rolls in / while fog creeps in / with fog all around / with fog rolling in / with low visibility / with "
        "mist hanging in the air / with fog hanging in the air / on a foggy day @day / on a misty day @day",
    "rain": "in the rain / in rain / in pouring rain / as rain falls / in a downpour / with rain falling / in rainy "
        "weather / during a shower / in heavy rain / while it rains / in a drizzle / in wet weather / with rain "
        "coming down / as it pours / in a rain shower / in a rainstorm / in a heavy downpour / in a cloudburst / in "
        "driving rain / in pelting rain / in steady rain / in light rain / in soft rain / in gentle rain / in cold "
        "rain / in the pouring rain / in the drizzle / in torrential rain / in a deluge / in rainfall / during rain / "
        "during rainfall / during a downpour / during a rain shower / under a rainy sky / under rain clouds / beneath "
        "a rainy sky / drenched by rain / soaked by rain / washed by rain / veiled in rain / behind a curtain of rain "
        "/ through the rain / through falling rain / as the rain comes down / as the rain falls / as rain pours down "
        "/ as raindrops fall / when it rains / while rain pours down / while the rain is falling / while it is "
        "raining / with raindrops falling / with rain pouring down / with rain streaking down / with streaks of rain "
        "/ with heavy rain falling / with rain in the air / with rain lashing down / with umbrellas needed / on a "
        "rainy day @day / on a wet day @day / on a day of rain @day",
    "snow": "in falling snow / while it snows / with snow falling / during a snowfall / as snow falls / with "
        "snowflakes in the air / in a snow shower / as snowflakes drift down / in a snowfall / in snowy weather / in "
        "a flurry / with snow coming down / in a snowstorm / in a blizzard / in a snow flurry / in swirling snow / in "
        "drifting snow / in softly falling snow / in gently falling snow / in heavy snowfall / in light snowfall / in "
        "driving snow / in whirling snowflakes / in a whirl of snowflakes / in a winter snowfall / amid falling snow "
        "/ amid snowflakes / amid swirling snowflakes / during snowfall / during a snowstorm / during a snow shower / "
        "during a blizzard / through falling snow / through a curtain of snowflakes / behind a veil of falling snow / "
        "under a snowy sky / as snow comes down / as the snow falls / as snowflakes fall / as it snows / as flakes of "
        "snow come down / when it snows / while snow is falling / while snowflakes dance / while it is snowing / "
        "while flakes whirl about / with snowflakes falling / with snowflakes dancing / with snowflakes swirling / "
        "with snowflakes drifting down / with flakes of snow in the air / with snow swirling in the air / with snow "
        "drifting down / with falling snowflakes / with heavy snow falling / with snow falling from the sky",
    "storm": "in a thunderstorm / during a thunderstorm / with lightning in the sky / in a storm / as lightning "
        "strikes / with lightning flashing / in stormy weather / during a storm / under a stormy sky / in a tempest / "
        "as thunder rolls / in a lightning storm / in an electrical storm / in a violent storm / in a raging storm / "
        "in a fierce storm / in a wild storm / in a great storm / in a heavy thunderstorm / in the storm / in the "
        "thunderstorm / in the middle of a storm / in the middle of a thunderstorm / in thundery weather / in wild "
        "weather / in foul weather / amid lightning / amid thunder and lightning / amid a storm / during a lightning "
        "storm / during a tempest / during a violent storm / during a violent thunderstorm / under lightning / under "
        "a thundery sky / under a lightning-lit sky / under thunderclouds / under storm clouds / under black storm "
        "clouds / beneath storm clouds / beneath a stormy sky / beneath flashes of lightning / struck by lightning / "
        "lit by lightning / lit by a flash of lightning / as a storm rages / as the storm rages / as lightning "
        "flashes / as lightning splits the sky / as thunder rumbles / as thunder booms / while lightning flashes / "
        "while thunder rolls / while a storm rages / when lightning strikes / with lightning striking / with a bolt "
        "of lightning / with a lightning bolt / with bolts of lightning / with thunder and lightning / with forked "
        "lightning / with a storm overhead / with a thunderstorm overhead / on a stormy day @day",
    "rainbow": "with a rainbow in the sky / under a rainbow / with a rainbow above / beneath a rainbow / after the "
        "rain with a rainbow / with a rainbow arching over it / below a bright rainbow / as a rainbow appears / with "
        "a rainbow / with a rainbow over it / with a rainbow behind it / with a rainbow overhead / with a rainbow "
        "across the sky / with a rainbow in the air / with a bright rainbow / with a bright rainbow overhead / with a "
        "big rainbow / with a big rainbow above / with a colourful rainbow / with a colorful rainbow / with a "
        "colourful rainbow above / with an arching rainbow / with an arc of rainbow colours / with all the colours of "
        "the rainbow above / with a bow of seven colours above / under a bright rainbow / under a big rainbow / under "
        "a colourful rainbow / under a colorful rainbow / under a great arc of colours / under a rainbow sky / under "
        "the arch of a rainbow / under the rainbow / beneath the rainbow / beneath a bright rainbow / beneath a "
        "colourful rainbow / beneath an arching rainbow / beneath the arc of a rainbow / spanned by a rainbow / "
        "crowned by a rainbow / arched over by a rainbow / below a rainbow / framed by a rainbow / as a rainbow spans "
        "the sky / as a rainbow arches above / as a rainbow forms / as the rain clears into a rainbow / when a "
        "rainbow appears / while a rainbow shines / while a rainbow glows overhead / where a rainbow ends / at the "
        "end of the rainbow / somewhere under the rainbow / after a shower with a rainbow",
}  # fmt: skip

WEATHER_TAGS = {
    "clear": "clear sky / cloudless sky / clear weather / clear / clear skies / cloudless / no clouds / not a cloud / "
        "fine weather / perfect weather / good weather / crystal-clear air / clear air / fair weather / cloudless "
        "weather / spotless sky / sunny @day / sunny weather @day / clear day @day / blue and cloudless @day",
    "cloudy": "clouds / cloudy sky / cloudy / drifting clouds / cloudy skies / cloudy weather / fluffy clouds / puffy "
        "clouds / scattered clouds / passing clouds / some clouds / a few clouds / clouds in the sky / partly cloudy "
        "/ broken cloud / clouded sky / cloudscape / big clouds / drifting cloud / cotton-wool clouds",
    "overcast": "overcast / grey sky / gray sky / overcast sky / dull weather / grey skies / gray skies / overcast "
        "skies / grey weather / gray weather / dull sky / dull grey light / gloomy sky / gloomy weather / gloomy / "
        "leaden sky / leaden clouds / heavy clouds / heavy grey clouds / low clouds / cloud cover / grey clouds / "
        "bleak weather / dreary / dreary weather / grey day @day / overcast day @day / sunless",
    "fog": "fog / mist / foggy / misty / haze / thick fog / dense fog / heavy fog / soft mist / thick mist / hazy / "
        "light mist / low fog / misty air / foggy weather / misty weather / misty mood / drifting mist / drifting fog "
        "/ foggy day @day / misty day @day / fog bank / ground fog / veiled in mist / murk / poor visibility / fog "
        "everywhere",
    "rain": "rain / rainy / pouring rain / downpour / drizzle / wet weather / raining / heavy rain / light rain / "
        "rainfall / rain shower / rainstorm / pouring / drizzling / wet / rainy weather / rainy day @day / wet day "
        "@day / cloudburst / soaking wet / streaks of rain / steady rain / rain falling / bad weather with rain",
    "snow": "snowfall / falling snow / snowing / snowflakes / snow flurries / snow falling / snow shower / snowstorm "
        "/ blizzard / heavy snowfall / light snowfall / snow flakes / swirling snow / swirling snowflakes / snow in "
        "the air / drifting snowflakes / flurries / falling snowflakes / snowy weather / drifting snow / snowflakes "
        "in the air / flakes of snow / winter snowfall",
    "storm": "storm / thunderstorm / lightning / stormy / stormy sky / stormy weather / lightning strike / lightning "
        "storm / thunder / thunder and lightning / tempest / storm clouds / thunderclouds / bolts of lightning / "
        "flash of lightning / forked lightning / raging storm / violent storm / wild weather / thundery / electrical "
        "storm / thunderstorm weather / stormy skies / lightning flash",
    "rainbow": "rainbow / a rainbow / rainbow in the sky / bright rainbow / big rainbow / colourful rainbow / "
        "colorful rainbow / rainbow overhead / rainbow above / arching rainbow / rainbow after rain / rainbow arch / "
        "arc of a rainbow / rainbow colours in the sky / rainbow colors in the sky / a bright rainbow / rainbow "
        "weather / rainbow across the sky / glowing rainbow",
}  # fmt: skip

WEATHER_ADJECTIVES = {
    "clear": "clear / cloudless / clear-skied / unclouded / fair-weather / sunny @day / bright and clear @day",
    "cloudy": "cloudy / cloud-dotted / partly cloudy / clouded / cloud-flecked / cloud-strewn / cloud-topped",
    "overcast": "grey / gray / overcast / gloomy / dull / leaden / dreary / sunless / grey-skied / drab / dull grey / "
        "bleak / cloud-covered / murky grey / sombre grey",
    "fog": "foggy / misty / hazy / mist-covered / mist-shrouded / fog-bound / fogbound / mist-veiled / fog-covered / "
        "fog-shrouded / mist-wrapped / befogged / fog-wrapped / haze-covered / mist-draped / mist-filled",
    "rain": "rainy / rain-swept / wet / drizzly / rain-soaked / raining / rain-drenched / rainswept / rain-washed / "
        "rain-beaten / rain-lashed / dripping wet / showery / soaking wet / rain-veiled / soaked",
    "snow": "snowy / snow-swept / snowing / snow-flurried / flake-filled / blizzard-swept / snow-blown / snow-veiled",
    "storm": "stormy / storm-swept / tempestuous / thundery / storm-tossed / storm-lashed / lightning-lit / "
        "storm-beaten / lightning-struck / thunderous / storm-ridden / storm-dark",
    "rainbow": "rainbow-lit / rainbow-crowned / rainbow-topped / rainbow-spanned / rainbow-arched / rainbow",
}  # fmt: skip

WEATHER_CLAUSES = {
    "clear": "the sky is clear / there is not a cloud in the sky / the weather is fine / not a cloud is in sight / no "
        "cloud is in sight / no cloud disturbs the sky / the sky is cloudless / the sky is perfectly clear / the sky "
        "is wide and clear / the sky is empty of clouds / the weather is perfect / the weather is lovely / the "
        "weather is clear / the weather is good / the air is clear / there are no clouds / there are no clouds in the "
        "sky / nothing hides the sky / it is fine weather / it is a clear day @day / it is a fine day @day / it is "
        "clear / there is nothing above but open sky",
    "cloudy": "clouds drift across the sky / clouds pass overhead / the sky is full of clouds / there are clouds in "
        "the sky / clouds drift by / clouds float by / clouds sail by / clouds float overhead / clouds sail across "
        "the sky / clouds dot the sky / clouds roll over / fluffy clouds float above / fluffy clouds dot the sky / "
        "puffy clouds hang in the sky / puffy clouds pass by / scattered clouds float by / big clouds pass by / big "
        "clouds hang in the sky / a few clouds hang in the sky / a few clouds float by / there are fluffy clouds "
        "above / it is cloudy / it is partly cloudy / it is a cloudy day @day / the sky is cloudy / the sky is dotted "
        "with clouds / the sky is half covered with clouds / clouds like cotton wool drift past",
    "overcast": "the sky is overcast / the sky is grey / grey clouds cover the sky / the weather is dull / it is "
        "overcast / it is a grey day @day / it is a gloomy day @day / it is a dull day @day / the sky is gray / the "
        "sky is dull / the sky is dull and grey / the sky is leaden / the sky is gloomy / the sky is covered with "
        "clouds / the sky is one grey blanket / the weather is grey / the weather is gloomy / the weather is dreary / "
        "clouds cover the whole sky / a blanket of cloud covers the sky / a grey lid of cloud hangs low / heavy "
        "clouds hang low / heavy grey clouds hang overhead / low grey clouds hang overhead / the clouds hang low / no "
        "sun breaks through / the sun is hidden behind thick cloud / everything is grey and dull",
    "fog": "fog hangs in the air / mist veils everything / it is foggy / fog hides the distance / mist drifts past / "
        "it is misty / it is hazy / fog lies over everything / fog covers everything / fog blurs everything / fog "
        "swallows the distance / fog swallows everything / fog rolls in / fog drifts past / fog is everywhere / fog "
        "softens the outlines / a thick fog hangs over everything / a soft haze hangs over everything / a veil of "
        "mist hangs over everything / mist hangs in the air / mist hides the distance / mist covers everything / mist "
        "softens everything / mist swallows the shapes / mist hides half of it / you can barely see through the fog / "
        "one can hardly see through the mist / the air is thick with mist / the air is thick with fog / the distance "
        "is lost in fog / the distance vanishes into mist / everything is blurred by mist / everything fades into fog "
        "/ outlines dissolve in the haze / the fog is thick / the fog is dense",
    "rain": "it is raining / rain is falling / rain pours down / a shower passes over / it rains / it pours / it is "
        "pouring / it is pouring with rain / it is raining hard / it is raining heavily / it is drizzling / it is wet "
        "and rainy / rain comes down / rain comes down in sheets / rain comes down in streaks / rain streaks the air "
        "/ rain fills the air / rain lashes down / rain drums down / rain beats down / rain patters down / rain drips "
        "from everything / rain soaks everything / rain veils the distance / raindrops fall / raindrops streak the "
        "air / raindrops splash down / the rain is falling / the rain is pouring down / the rain falls steadily / the "
        "rain does not stop / the rain is heavy / the weather is rainy / the weather is wet / the clouds let go their "
        "rain / heavy rain is falling / heavy rain comes down / everything is wet from the rain / everything is "
        "dripping wet / you would need an umbrella / a downpour soaks everything",
    "snow": "it is snowing / snow is falling / snowflakes drift down / snowflakes fill the air / it snows / it is "
        "snowing hard / it is snowing softly / snow comes down / snow drifts down / snow is coming down / snow fills "
        "the air / snow swirls in the air / snow whirls through the air / snow keeps falling / snow falls softly / "
        "snow falls thick and fast / snow falls from the sky / snowflakes fall / snowflakes are falling / snowflakes "
        "dance in the air / snowflakes dance in the wind / snowflakes swirl / snowflakes swirl around / snowflakes "
        "whirl through the air / snowflakes float down / snowflakes tumble from the sky / the snow is falling / the "
        "snow falls silently / the air is full of snowflakes / the air is thick with falling snow / the air is white "
        "with flakes / white flakes drift down / white flakes fall / big flakes are falling / big flakes come down / "
        "soft flakes come down / a snowstorm blows / a snow shower passes over / a flurry of snow passes",
    "storm": "lightning flashes / a thunderstorm rages / lightning strikes / a storm is raging / thunder and "
        "lightning fill the sky / a storm rages / a storm breaks loose / a storm is overhead / a storm sweeps over / "
        "a bolt of lightning strikes / a bolt of lightning splits the sky / a flash of lightning lights everything / "
        "a lightning bolt tears through the sky / a thunderstorm is overhead / a thunderstorm breaks / forked "
        "lightning splits the sky / forked lightning tears the clouds / lightning splits the sky / lightning tears "
        "the sky apart / lightning zigzags down / lightning lights up the clouds / lightning crackles / lightning "
        "hits the ground / thunder rolls / thunder rumbles / thunder booms / thunder roars / thunder crashes / the "
        "storm rages / the storm is wild / the storm is at its height / the weather is stormy / the weather is wild / "
        "dark storm clouds gather / dark thunderclouds hang above / it is stormy / it thunders / it is a wild stormy "
        "day @day",
    "rainbow": "there is a rainbow in the sky / a rainbow spans the sky / a rainbow has appeared / a rainbow arches "
        "overhead / a rainbow shines / a rainbow shines above / a rainbow glows in the sky / a rainbow glows overhead "
        "/ a rainbow curves across the sky / a rainbow stretches across the sky / a rainbow crosses the sky / a "
        "rainbow stands in the sky / a rainbow stands over the scene / a rainbow bends over everything / a rainbow "
        "hangs in the air / a rainbow appears / a rainbow forms / a rainbow lights up the sky / a rainbow is out / a "
        "bright rainbow arches above / a bright rainbow hangs overhead / a bright rainbow glows / a big rainbow spans "
        "the sky / a colourful rainbow spans the sky / a colorful rainbow spans the sky / a colourful arc crosses the "
        "sky / a bow of many colours spans the sky / there is a rainbow / there is a rainbow overhead / there is a "
        "big rainbow above / the rain has gone and left a rainbow / the shower has passed and a rainbow is here / all "
        "seven colours of the rainbow shine / you can see a rainbow / red to violet, a rainbow bends overhead",
}  # fmt: skip

# What one sees of the weather, as a noun phrase: "drifting mist over a lake".
WEATHER_SIGHTS = {
    "clear": "a clear sky / a cloudless sky / clear skies / a wide clear sky / an empty clear sky / a perfectly clear "
        "sky / clean clear air / a flawless sky / not a single cloud / nothing but clear sky / fine clear weather / a "
        "spotless sky",
    "cloudy": "drifting clouds / fluffy clouds / puffy clouds / scattered clouds / passing clouds / big clouds / "
        "clouds / a few clouds / a cloudy sky / a sky full of clouds / a sky dotted with clouds / clouds like cotton "
        "wool / rolling clouds / piled-up clouds / soft clouds / billowing clouds / clouds sailing by",
    "overcast": "a grey sky / a gray sky / an overcast sky / a heavy grey sky / a leaden sky / a gloomy sky / a dull "
        "sky / a sunless sky / heavy grey clouds / low grey clouds / leaden clouds / a blanket of cloud / a thick "
        "layer of cloud / grey clouds / a lid of grey / dull grey weather / gloomy weather",
    "fog": "fog / mist / thick fog / dense fog / drifting fog / drifting mist / a veil of mist / a veil of fog / a "
        "soft haze / a thick haze / a blanket of fog / a blanket of mist / a shroud of mist / rolling fog / milky fog "
        "/ swirling mist / creeping fog / white mist / a wall of fog / wisps of fog",
    "rain": "rain / falling rain / pouring rain / heavy rain / steady rain / driving rain / soft rain / a rain shower "
        "/ a downpour / a heavy downpour / a drizzle / a curtain of rain / streaks of rain / sheets of rain / "
        "raindrops / a rainy sky / rain clouds / a cloudburst / rain pouring down / rainy weather",
    "snow": "falling snow / snowflakes / swirling snow / swirling snowflakes / drifting snowflakes / falling "
        "snowflakes / a snowfall / a snow flurry / a flurry of snow / a snowstorm / a snow shower / snow falling / "
        "snow falling softly / snowflakes drifting down / white flakes falling / dancing snowflakes / whirling flakes "
        "/ softly falling flakes",
    "storm": "lightning / a bolt of lightning / a lightning bolt / bolts of lightning / a flash of lightning / forked "
        "lightning / a lightning strike / a thunderstorm / a raging storm / a wild storm / a violent storm / a "
        "violent thunderstorm / storm clouds / dark storm clouds / thunderclouds / thunder and lightning / a stormy "
        "sky / a storm / a lightning storm / lightning splitting the sky",
    "rainbow": "a rainbow / a bright rainbow / a big rainbow / a huge rainbow / a colourful rainbow / a colorful "
        "rainbow / a glowing rainbow / a shining rainbow / an arching rainbow / a perfect rainbow / a wide rainbow / "
        "the arc of a rainbow / the arch of a rainbow / a rainbow and bright clouds / the colours of a rainbow / a "
        "bow of seven colours / a rainbow after the shower / a rainbow arch",
}  # fmt: skip

SEASON = {
    "spring": "in spring / in springtime / in early spring / in the spring / during spring / in the month of April / "
        "in vernal colours / in the spring season / in the springtime / in late spring / in full spring / in the "
        "month of May / in early May / in mid-April / in May / in April / at the start of spring / when spring comes "
        "/ when spring is in the air / on a spring day @day / in the fresh green of spring / in spring green / in "
        "fresh spring colours / in the first green of the year / as spring arrives / as everything turns green again "
        "/ after the winter has gone",
    "summer": "in summer / in summertime / in high summer / during summer / in the summer / in the month of July / in "
        "midsummer / in the summertime / in the height of summer / in the heart of summer / at the height of summer / "
        "in the middle of summer / in full summer / in late summer / in lush summer green / in summer green / in the "
        "green of summer / in the summer season / in the summer months / in the month of August / in July / in August "
        "/ in June / on a summer day @day / on a summer's day @day / when summer is here / in the summer holidays",
    "autumn": "in autumn / in the fall / in autumn colours / in autumn colors / during autumn / in fall colors / in "
        "the month of October / with autumn foliage / in the autumn / in late autumn / in full autumn / in deep "
        "autumn / in the fall season / in autumn dress / in autumn foliage / in fall foliage / in colourful autumn "
        "leaves / in red and gold autumn colours / in the colours of fall / in the colours of autumn / in the colors "
        "of fall / in the colors of autumn / in the month of November / in October / in November / on an autumn day "
        "@day / on a fall day @day / when the leaves turn / when the leaves fall / when the leaves are turning / when "
        "autumn comes / as the leaves turn / as autumn sets in / with fall foliage / with fall colors / with autumn "
        "colours / with autumn leaves / in russet autumn / at the end of autumn / with the land turned brown and gold",
    "winter": "in winter / in wintertime / in deep winter / in the winter / during winter / in midwinter / in the "
        "cold of winter / in the month of January / in the cold season / in the wintertime / in the winter cold / in "
        "the heart of winter / in the depths of winter / in the dead of winter / in the middle of winter / in full "
        "winter / in a cold winter / in a snow-white winter / in hard winter / in snow-covered winter / in the white "
        "of winter / in winter white / in the frosty season / in the winter season / in the month of February / in "
        "January / in February / in frost and snow / in winter snow / in deep snow / under a blanket of snow / under "
        "a cover of snow / under deep snow / covered in snow / covered with snow / deep in winter / blanketed in snow "
        "/ blanketed with snow / buried in snow / when winter comes / when everything is white with snow / with snow "
        "on the ground / with snow all over / with deep snow on the ground / with the ground white with snow / white "
        "with snow / on a winter day @day / on a winter's day @day / on a cold winter day @day",
}  # fmt: skip

SEASON_NAMES = {
    "spring": "spring / springtime / spring season / springtide / early spring / late spring / April / May / spring "
        "green / fresh spring colours / spring day @day / spring mood",
    "summer": "summer / summertime / summer season / high summer / midsummer / late summer / July / August / summer "
        "day @day / summer green / lush summer / summer mood",
    "autumn": "autumn / fall / autumn colours / autumn season / fall season / fall colors / fall colours / autumn "
        "colors / autumn leaves / fall foliage / autumn foliage / October / November / late autumn / autumn day @day "
        "/ fall day @day / golden autumn / autumn mood / colourful leaves",
    "winter": "winter / wintertime / winter season / deep winter / midwinter / January / February / winter snow / "
        "winter cold / snow on the ground / deep snow / snow-covered / snowy ground / winter landscape / winter scene "
        "/ winter wonderland / winter day @day / frost and snow / winter mood",
}  # fmt: skip

SEASON_ADJECTIVES = {
    "spring": "spring / springtime / springlike / vernal / spring-green / early-spring / April / May",
    "summer": "summer / summery / summertime / midsummer / summer-green / high-summer / August / July",
    "autumn": "autumn / autumnal / fall / October / autumn-coloured / fall-coloured / autumn-tinted / late-autumn / "
        "November",
    "winter": "winter / wintry / wintertime / midwinter / snow-covered / snow-blanketed / snow-white / frost-bound / "
        "January / winter-white / snowbound / deep-winter",
}  # fmt: skip

SEASON_CLAUSES = {
    "spring": "it is spring / spring has come / spring is here / spring is in the air / spring has arrived / spring "
        "has begun / it is springtime / it is April / it is May / everything is fresh and green with spring / the "
        "land turns green in spring / the first green of the year is out",
    "summer": "it is summer / summer is here / summer has come / summer is in full swing / summer has arrived / it is "
        "summertime / it is July / it is August / it is midsummer / it is the middle of summer / it is high summer / "
        "it is a summer day @day / the land is in its summer green",
    "autumn": "it is autumn / autumn has come / it is fall / autumn is here / autumn has arrived / fall is here / "
        "fall has come / it is October / it is November / it is late autumn / it is an autumn day @day / the leaves "
        "have turned / the leaves are turning / the leaves are falling / the land wears its autumn colours / the land "
        "is brown and gold with autumn / the year is growing old",
    "winter": "it is winter / winter has come / winter is here / winter has arrived / winter reigns / it is winter "
        "time / it is January / it is February / it is midwinter / it is deep winter / it is a winter day @day / snow "
        "covers the ground / snow covers everything / snow lies on the ground / snow lies everywhere / snow lies deep "
        "/ there is snow on the ground / there is snow everywhere / the ground is white with snow / the ground is "
        "covered with snow / everything is covered in snow / everything is white with snow / the land lies under snow "
        "/ deep snow covers the land / a white blanket covers the ground / the world is white with snow",
}  # fmt: skip
