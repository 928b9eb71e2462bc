"""What one scene of the rendered world is made of: the words, and the dataclass that holds the facts of one scene.

Scene number `index` of world `seed` is drawn from `rng.stream(seed, index, ...)`, so it can be drawn alone on any machine.
"""

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from mutoscope.errors import SettingError, did_you_mean
from mutoscope.rng import stream
from mutoscope.world.mix import WORLD, Mix

if TYPE_CHECKING:
    from mutoscope.world.sprites import SpriteLibrary

SCENES = (
    "lake", "beach", "mountains", "pine forest", "meadow", "desert",
    "open sea", "island", "snowy village", "city skyline", "river", "flower field",
    "canyon", "waterfall", "lighthouse", "harbour", "neon street", "farm field", "volcano",
    "arctic", "jungle", "coral reef", "space", "road", "garden", "plain ground",
)  # fmt: skip
LIGHTS = ("dawn", "morning", "noon", "golden hour", "sunset", "blue hour", "night", "moonlight")
WEATHERS = ("clear", "cloudy", "overcast", "fog", "rain", "snow", "storm", "rainbow")
SEASONS = ("spring", "summer", "autumn", "winter")
PLANTS = ("none", "pine", "palm", "round tree", "birch", "cherry", "cactus", "reeds", "flowers")
STYLES = (
    "photo", "watercolor", "oil painting", "pencil sketch", "ink wash", "ukiyo-e",
    "pixel art", "flat vector", "anime", "neon synthwave", "vintage film", "stained glass",
    "low poly", "crayon", "clay", "comic",
)  # fmt: skip
CAMERAS = ("still", "pan left", "pan right", "tilt up", "tilt down", "zoom in", "zoom out")
EVENTS = ("none", "sun rising", "sun setting")  # what the light does while a clip runs
SIDES = ("", "left", "centre", "right")
PLACES = ("ground", "water", "air", "plain")  # where a thing belongs, which decides how it is lit and how it moves

# What can stand in which scene; the first is drawn most often. "none" means no plant is drawn or named.
SCENE_PLANTS = {
    "lake": ("pine", "round tree", "birch", "cherry", "reeds", "none"),
    "beach": ("none", "palm"),
    "mountains": ("none", "pine", "flowers", "birch"),
    "pine forest": ("pine",),
    "meadow": ("flowers", "round tree", "birch", "cherry", "none"),
    "desert": ("none", "cactus"),
    "open sea": ("none",),
    "island": ("palm", "none", "round tree"),
    "snowy village": ("pine", "none", "birch"),
    "city skyline": ("none", "round tree", "cherry"),
    "river": ("round tree", "pine", "birch", "cherry", "reeds"),
    "flower field": ("flowers",),
    "canyon": ("none", "cactus"),
    "waterfall": ("pine", "round tree", "birch", "none"),
    "lighthouse": ("none", "pine"),
    "harbour": ("none",),
    "neon street": ("none",),
    "farm field": ("none", "round tree", "birch"),
    "volcano": ("none", "palm"),
    "arctic": ("none",),
    "jungle": ("palm",),
    "coral reef": ("none",),
    "space": ("none",),
    "road": ("none", "pine", "round tree", "birch", "cactus"),
    "garden": ("flowers", "round tree", "cherry"),
    "plain ground": ("none",),
}
# Lights and weathers of scenes that do not know all of them.
SCENE_LIGHTS = {
    "neon street": ("blue hour", "night"),
    "coral reef": ("morning", "noon", "golden hour"),
    "space": ("night",),
    "plain ground": ("noon",),
}
SCENE_WEATHERS = {
    "desert": ("clear", "cloudy", "overcast", "fog", "rain"),
    "canyon": ("clear", "cloudy", "overcast", "fog", "storm", "rainbow"),
    "neon street": ("clear", "fog", "rain", "snow"),
    "snowy village": ("clear", "cloudy", "overcast", "fog", "snow"),
    "arctic": ("clear", "cloudy", "overcast", "fog", "snow"),
    "coral reef": ("clear",),
    "space": ("clear",),
    "plain ground": ("clear",),
}
# Scenes where a season can be seen, and where snow can fall.
SEASONAL = frozenset(
    {"lake", "mountains", "pine forest", "meadow", "river", "waterfall", "farm field", "road", "garden"}
)
SNOWABLE = SEASONAL | {"snowy village", "city skyline", "neon street", "arctic", "harbour"}
STYLE_WEIGHTS = {"photo": 0.5}  # the rest share what is left
LIGHTLESS = frozenset({"coral reef", "space", "plain ground"})  # no hour and no weather can be seen in them
RAINBOW_LIGHTS = ("morning", "noon", "golden hour")  # a rainbow wants the sun behind the eye
# Nights that a style turns into a dark pattern; they are not drawn.
UNREADABLE = frozenset(
    ("night", style) for style in ("pencil sketch", "pixel art", "stained glass", "crayon", "low poly")
)


@dataclass(frozen=True)
class Thing:
    """Things of one kind in a scene: `two small red sailboats on the left`."""

    noun: str
    sprite: str  # which picture of the sprite library, "" until one is chosen
    place: str  # one of PLACES
    count: int = 1  # 1 to 5
    side: str = ""  # one of SIDES; "" = nothing is said about it
    color: str = ""  # a colour it was dyed in; "" = its own
    look: str = ""  # the drawing style of the sprite, "" when it is not worth a word


@dataclass(frozen=True)
class SceneSpec:
    """The facts of one scene; continuous details (where each tree stands) come from `stream(seed, index, part)`."""

    seed: int
    index: int
    scene: str
    light: str
    weather: str
    season: str
    plant: str
    style: str
    camera: str = "still"
    event: str = "none"
    things: tuple[Thing, ...] = ()

    def __post_init__(self):
        for name, known in _KNOWN.items():
            value = getattr(self, name)
            if value not in known:
                hint = did_you_mean(value, known)
                raise SettingError(f"unknown {name} {value!r}{hint}; known: {', '.join(known)}")

    def facts(self) -> dict:
        """Return the facts as a JSON-ready dict; a renderer and a caption agree on exactly these."""
        return {**asdict(self), "things": [asdict(thing) for thing in self.things]}

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> "SceneSpec":
        """Return the spec that `facts` was made from; keys that are no facts (`visible`) are passed over."""
        known = {field.name: facts[field.name] for field in fields(cls) if field.name in facts}
        return cls(**{**known, "things": tuple(Thing(**thing) for thing in facts.get("things", ()))})


_KNOWN = {
    "scene": SCENES, "light": LIGHTS, "weather": WEATHERS, "season": SEASONS, "plant": PLANTS, "style": STYLES,
    "camera": CAMERAS, "event": EVENTS,
}  # fmt: skip


def is_held_out(scene: str, light: str, style: str) -> bool:
    """Say whether this combination never enters training (about one in twelve); a pure function of the words.

    A plain ground has one light, and half of its pictures are photos: those it must keep.
    """
    if (scene, style) == ("plain ground", "photo"):
        return False
    return stream("held out", scene, light, style).uniform() < 1 / 12


def find_impossible_facts(facts: dict[str, str]) -> list[str]:
    """Return the kinds of facts that the scene among them cannot have: snow in a desert, noon in space."""
    scene = facts.get("scene", "")
    possible = {
        "light": SCENE_LIGHTS.get(scene, LIGHTS),
        "weather": SCENE_WEATHERS.get(scene, WEATHERS),
        "plant": SCENE_PLANTS.get(scene, PLANTS),
    }
    return [kind for kind, names in possible.items() if kind in facts and facts[kind] not in names]


def draw_spec(
    seed: int,
    index: int,
    *,
    held_out: bool | None = False,
    moving: bool = False,
    library: "SpriteLibrary | None" = None,  # where things come from; None = a world without things
    mix: Mix = WORLD,  # how often there are things, and which
    **fixed: str,
) -> SceneSpec:
    """Draw scene `index` of world `seed`; `held_out` False keeps to training combinations, True to the others, None to all.

    With a `library` of sprites half of the scenes have things, and plain grounds are drawn as well; `mix` may say otherwise.
    `moving` scenes are for clips: they may have a camera that moves and a sun that rises or sets. `fixed` pins facts:
    `draw_spec(0, 7, scene="lake", light="sunset")`.
    """
    for attempt in range(10_000):
        spec = _draw(seed, index, attempt, moving, mix.plain_grounds if library else 0, fixed)
        if (spec.light, spec.style) in UNREADABLE and not {"light", "style"} <= set(fixed):
            continue
        if held_out is None or is_held_out(spec.scene, spec.light, spec.style) == held_out:
            return spec if library is None else _furnished(spec, library, held_out, mix)
    raise SettingError(
        f"no scene with held_out={held_out} and {fixed}: these facts pin a combination of the other kind"
    )


def _furnished(spec: SceneSpec, library: "SpriteLibrary", held_out: bool | None, mix: Mix) -> SceneSpec:
    from mutoscope.world.things import draw_things

    random = stream(spec.seed, spec.index, "draw things")
    things = draw_things(random, spec.scene, library, held_out, mix)
    if spec.camera.startswith("pan"):  # which turns left into right
        things = tuple(replace(thing, side="") for thing in things)
    return replace(spec, things=things)


def _draw(seed: int, index: int, attempt: int, moving: bool, plain_grounds: int, fixed: dict[str, str]) -> SceneSpec:
    random = stream(seed, index, "spec", attempt)
    scene = fixed.get("scene") or random.choice(
        SCENES, [plain_grounds if name == "plain ground" else 1 for name in SCENES]
    )
    light = fixed.get("light") or random.choice(SCENE_LIGHTS.get(scene, LIGHTS))
    share = (1 - sum(STYLE_WEIGHTS.values())) / (len(STYLES) - len(STYLE_WEIGHTS))
    style = fixed.get("style") or random.choice(STYLES, [STYLE_WEIGHTS.get(name, share) for name in STYLES])
    season = fixed.get("season") or _draw_season(random, scene)
    weather = fixed.get("weather") or random.choice(WEATHERS, _weather_weights(scene, season, light))
    plants = SCENE_PLANTS[scene]
    plant = fixed.get("plant") or random.choice(plants, [2.0] + [1.0] * (len(plants) - 1))
    if plant in ("cherry", "flowers") and season in ("autumn", "winter") and "season" not in fixed:
        season = "spring"
    if plant == "cactus" and season == "winter" and "season" not in fixed:
        season = "summer"
    camera, event = _draw_motion(random, scene, light, weather) if moving else ("still", "none")
    return SceneSpec(
        seed, index, scene, light, weather, season, plant, style, fixed.get("camera", camera), fixed.get("event", event)
    )


def _draw_motion(random, scene: str, light: str, weather: str) -> tuple[str, str]:
    """Half of the clips have a still camera; the sun moves where it stands low and can be seen."""
    camera = random.choice(CAMERAS, [0.5] + [0.5 / (len(CAMERAS) - 1)] * (len(CAMERAS) - 1))
    events = {"dawn": "sun rising", "sunset": "sun setting"}
    visible = weather in ("clear", "cloudy") and scene not in SCENE_LIGHTS
    if light in events and visible and random.choice((True, False)):
        return "still", events[light]  # one motion at a time, so that the caption stays short and the frames clear
    return camera, "none"


def _draw_season(random, scene: str) -> str:
    if scene in ("snowy village", "arctic"):
        return "winter"
    if scene == "flower field":
        return random.choice(("spring", "summer"))
    return random.choice(SEASONS, (1, 2, 1, 1)) if scene in SEASONAL else "summer"


def _weather_weights(scene: str, season: str, light: str) -> list[float]:
    """Return the weight of each of WEATHERS for a scene."""
    cold = season == "winter"
    dim = 0.3 if light in ("night", "moonlight") else 1.0  # a dark night behind fog shows nothing
    weights = {
        "clear": 4.0, "cloudy": 2.5, "overcast": 0.9 * dim, "fog": 0.8 * dim,
        "rain": (0.15 if scene == "desert" or cold else 0.8) * dim,
        "snow": 1.5 if scene in SNOWABLE and (cold or scene in ("city skyline", "mountains", "neon street")) else 0.0,
        "storm": 0.0 if cold else 0.5, "rainbow": 0.5 if not cold and light in RAINBOW_LIGHTS else 0.0,
    }  # fmt: skip
    allowed = SCENE_WEATHERS.get(scene, WEATHERS)
    return [weights[name] if name in allowed else 0.0 for name in WEATHERS]
