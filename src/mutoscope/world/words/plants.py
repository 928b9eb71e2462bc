"""Plants, and how they stand in each scene."""

PLANTS = {
    "none": "",
    "pine": "pine trees / pines / firs / tall pines / fir trees / spruces / conifers / evergreens / spruce trees / "
        "dark pines / evergreen trees / larches / dark firs / tall firs / tall conifers / tall spruces / slender "
        "pines / conifer trees / needle trees / dark conifers / evergreen pines / pointed firs / straight pines / "
        "tall evergreens / green firs @summer / old pines / northern pines / snow-laden firs @winter / snowy pines "
        "@winter / snow-covered pines @winter / pinewoods / dark spruces",
    "palm": "palm trees / palms / coconut palms / tall palms / coconut trees / tropical palms / swaying palms / "
        "leaning palms / coconut palm trees / coco palms / tall palm trees / swaying palm trees / leaning palm trees "
        "/ tropical trees / green palms / date palms / slender palms / feathery palms / palm fronds / waving palms / "
        "bending palms / curved palms / exotic palms",
    "round tree": "trees / round trees / oaks / broad trees / leafy trees @-winter / maples / deciduous trees / oak "
        "trees / old trees / beeches / lindens / shade trees / round green trees @summer / leafy trees in full green "
        "@summer / broadleaf trees / broad-leaved trees / maple trees / beech trees / elms / lime trees / ash trees / "
        "big trees / spreading trees / bushy trees / country trees / large old trees / gnarled oaks / bare trees "
        "@winter / leafless trees @winter / autumn trees @autumn / golden trees @autumn / colourful trees @autumn / "
        "green trees @summer / fresh green trees @spring / trees in leaf @summer / hardwoods / solitary trees / some "
        "trees",
    "birch": "birch trees / birches / silver birches / white birches / slender birches / pale birch trees / birch "
        "trunks / white-barked trees / white birch trees / silver birch trees / slim birches / young birches / "
        "birchwoods / white trunks / trees with white bark / pale birches / thin birches / delicate birches / bright "
        "birches / birches with white bark / northern birches / graceful birches",
    "cherry": "cherry trees / blossoming cherry trees @spring / cherry blossoms @spring / flowering cherries @spring "
        "/ pink cherry trees @spring / sakura trees / cherry trees in bloom @spring / sakura blossoms @spring / pink "
        "blossom trees @spring / pink trees @spring / trees in pink blossom @spring / blossoming trees @spring / "
        "flowering cherry trees @spring / blooming cherry trees @spring / cherry trees in blossom @spring / sakura in "
        "bloom @spring / japanese cherry trees / pink blossoms on the trees @spring / pink cherry blossoms @spring / "
        "cherry blossom @spring / cherry blossom trees @spring / trees full of pink blossom @spring / clouds of pink "
        "blossom @spring / ornamental cherries",
    "cactus": "cacti / cactuses / tall cacti / saguaros / cactus plants / green cacti / saguaro cacti / prickly cacti "
        "/ big cacti / spiny cacti / giant cacti / lonely cacti / thorny cacti / desert cacti / tall saguaros / green "
        "saguaros / spiky cacti / columnar cacti / upright cacti / desert plants with spines / giant saguaros / a "
        "cactus or two / old cacti",
    "reeds": "reeds / tall reeds / rushes / bulrushes / cattails / reed beds / waving reeds / sedges / reed grass / "
        "high reeds / marsh reeds / marsh grasses / water reeds / cattail reeds / water grasses / thin reeds / "
        "brown-headed cattails / swaying reeds / slender reeds / waterside reeds / dark reeds / clumps of reeds",
    "flowers": "flowers / wildflowers / blossoms / colourful flowers / colorful flowers / blooms / bright flowers / "
        "wild flowers / countless flowers / blooming flowers / meadow flowers / field flowers / many flowers / small "
        "flowers / little flowers / colourful blossoms / colorful blossoms / colourful blooms / bright blossoms / "
        "bright blooms / thousands of flowers / a mass of flowers / patches of flowers / flowering plants / fresh "
        "flowers / cheerful flowers / pretty flowers",
}  # fmt: skip

# How plants stand in the scene; {} is the plant.
RELATIONS = {
    "lake": "surrounded by {} / ringed by {} @-reeds / framed by {} / bordered by {} / with {} on its shore / fringed "
        "with {} / edged with {} / lined with {} / encircled by {} @-reeds / among {} / with {} around it / girdled "
        "by {} @-reeds / hemmed in by {} / beside {} / with {} along the shore / with {} on the banks / with {} at "
        "the water's edge / behind {} / next to {} / enclosed by {} @-reeds / with {} all around / where {} grow / "
        "with some {}",
    "beach": "lined with {} / with {} / fringed with {} / framed by {} / under {} / dotted with {} / with {} along it "
        "/ shaded by {} @day / shaded by some {} / planted with {} / where {} grow / with {} leaning over it / with a "
        "row of {} / backed by {} / with some {}",
    "mountains": "with {} / with {} in the foreground / above {} / rising behind {} / framed by {} / with {} at their "
        "feet / seen past {} / over {} / beyond {} / behind {} / with {} below / with {} in front / with {} down in "
        "the valley / with some {} / where {} grow / beyond a line of {}",
    "pine forest": "of {} / full of {} / with {} / thick with {} / of towering {} / made of {} / crowded with {} / "
        "where {} grow tall / filled with {} / lined with {} / between {} / among {} / dense with {} / under {}",
    "meadow": "with {} / dotted with {} / framed by {} @-flowers / full of {} @flowers / lined with {} @-flowers / "
        "among {} / covered with {} @flowers / strewn with {} @flowers / edged with {} @-flowers / where {} grow / "
        "planted with {} @-flowers / with scattered {} / with some {} / bright with {} @flowers / sprinkled with {} "
        "@flowers / speckled with {} @flowers / filled with {} @flowers / thick with {} @flowers / carpeted with {} "
        "@flowers / shaded by {} @-flowers @day",
    "desert": "with {} / dotted with {} / studded with {} / among {} / with a few {} / scattered with {} / where {} "
        "grow / with some {} / with scattered {} / with {} here and there / spotted with {} / with {} in the sand",
    "open sea": "with {}",
    "island": "with {} / covered with {} / dotted with {} / topped with {} / crowned by {} / overgrown with {} / full "
        "of {} / where {} grow / under {} / green with {} / wooded with {} / carrying {} / with {} on it / with {} "
        "growing on it / with a tuft of {} / bristling with {}",
    "snowy village": "among {} / surrounded by {} / with {} / between {} / framed by {} / ringed by {} / nestled "
        "among {} / next to {} / near {} / with {} in between / with {} between the houses / dotted with {} / flanked "
        "by {} / with {} around the houses",
    "city skyline": "with {} / behind {} / beyond {} / framed by {} / with {} in the foreground / over {} / with {} "
        "in front / with {} at its feet / seen beyond {} / behind a row of {} / with {} along the water / behind a "
        "line of {} / with some {}",
    "river": "lined with {} / between {} / bordered by {} / with {} on its banks / fringed with {} / flowing past {} "
        "/ edged with {} / framed by {} / among {} / winding past {} / running past {} / running between {} / with {} "
        "along its banks / with {} along the water / with {} on both sides / lined by {} / flanked by {} / where {} "
        "grow / passing {} / beside {} / next to {} / shaded by {} @day",
    "flower field": "with {} / full of {} / covered with {} / strewn with {} / thick with {} / bright with {} / "
        "carpeted with {} / filled with {} / blazing with {} / bursting with {} / where {} grow / of {} / overflowing "
        "with {} / planted with {} / with rows of {} / with bands of {}",
    "canyon": "with {} / dotted with {} / with a few {} / studded with {} / among {} / where {} grow / with some {} / "
        "with scattered {} / with {} here and there / spotted with {} / with {} on its floor",
    "waterfall": "framed by {} / surrounded by {} / with {} / among {} / between {} / with {} around it / hidden "
        "behind {} / flanked by {} / overhung by {} / below {} / with {} above / with {} on the rocks / with {} on "
        "both sides / where {} grow / beside {}",
    "lighthouse": "with {} / beside {} / near {} / next to {} / close to {} / behind {} / beyond {} / among {} / with "
        "{} next to it / with {} on the cliff",
    "harbour": "with {}",
    "neon street": "with {}",
    "farm field": "with {} / lined with {} / bordered by {} / with a few {} / edged with {} / with some {} / dotted "
        "with {} / with {} at its edge / with {} at the far end / behind {} / beside {} / where {} grow / with {} "
        "next to the barn / sheltered by {}",
    "volcano": "with {} / behind {} / framed by {} / seen past {} / beyond {} / rising behind {} / with {} in front / "
        "with {} at its foot / with {} in the foreground / over {} / beyond some {} / above {} / where {} grow",
    "arctic": "with {}",
    "jungle": "of {} / full of {} / with {} / thick with {} / crowded with {} / with towering {} / overgrown with {} "
        "/ where {} grow / made of {} / under {} / beneath {} / between {} / among {} / rich in {} / filled with {}",
    "coral reef": "with {}",
    "space": "with {}",
    "road": "lined with {} / between {} / bordered by {} / with {} beside it / past {} / among {} / flanked by {} / "
        "running past {} / running between {} / with {} along it / with {} on both sides / with {} at the roadside / "
        "with {} by the side / edged with {} / next to {} / along {} / through {} / where {} grow / winding past {} / "
        "with some {}",
    "garden": "with {} / full of {} / framed by {} @-flowers / lined with {} / planted with {} / among {} / where {} "
        "grow / bright with {} / filled with {} / blooming with {} @flowers / overflowing with {} @flowers / rich in "
        "{} / dotted with {} / with rows of {} / with beautiful {} / surrounded by {} @-flowers / shaded by {} "
        "@-flowers @day",
    "plain ground": "with {}",
}  # fmt: skip
