"""What one scene of the rendered world is made of: the words, and the dataclass that holds the facts of one scene.

Scene number `index` of world `seed` is drawn from `rng.stream(seed, index, ...)`, so it can be drawn alone on any machine.
"""

from dataclasses import asdict, dataclass

from mutoscope.errors import SettingError, did_you_mean
from mutoscope.rng import stream

SCENES = (
    "lake", "beach", "mountains", "pine forest", "meadow", "desert",
    "open sea", "island", "snowy village", "city skyline", "river", "flower field",
)  # fmt: skip
LIGHTS = ("dawn", "morning", "noon", "golden hour", "sunset", "blue hour", "night", "moonlight")
WEATHERS = ("clear", "cloudy", "overcast", "fog", "rain", "snow")
SEASONS = ("spring", "summer", "autumn", "winter")
PLANTS = ("none", "pine", "palm", "round tree", "birch", "cherry", "cactus", "reeds", "flowers")
STYLES = (
    "photo", "watercolor", "oil painting", "pencil sketch", "ink wash", "ukiyo-e",
    "pixel art", "flat vector", "anime", "neon synthwave", "vintage film", "stained glass",
)  # fmt: skip

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
}
# Scenes where a season can be seen, and where snow can fall.
SEASONAL = frozenset({"lake", "mountains", "pine forest", "meadow", "river"})
SNOWABLE = frozenset({"lake", "mountains", "pine forest", "snowy village", "city skyline", "river", "meadow"})
STYLE_WEIGHTS = {"photo": 0.5}  # the rest share what is left
# Nights that a style turns into a dark pattern; they are not drawn.
UNREADABLE = frozenset({("night", "pencil sketch"), ("night", "pixel art"), ("night", "stained glass")})


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

    def __post_init__(self):
        for name, known in _KNOWN.items():
            value = getattr(self, name)
            if value not in known:
                hint = did_you_mean(value, known)
                raise SettingError(f"unknown {name} {value!r}{hint}; known: {', '.join(known)}")

    def facts(self) -> dict:
        """Return the facts as a JSON-ready dict; a renderer and a caption agree on exactly these."""
        return asdict(self)


_KNOWN = {
    "scene": SCENES, "light": LIGHTS, "weather": WEATHERS, "season": SEASONS, "plant": PLANTS, "style": STYLES,
}  # fmt: skip


def is_held_out(scene: str, light: str, style: str) -> bool:
    """Say whether this combination never enters training (about one in twelve); a pure function of the words."""
    return stream("held out", scene, light, style).uniform() < 1 / 12


def draw_spec(seed: int, index: int, *, held_out: bool | None = False, **fixed: str) -> SceneSpec:
    """Draw scene `index` of world `seed`; `held_out` False keeps to training combinations, True to the others, None to all.

    `fixed` pins facts: `draw_spec(0, 7, scene="lake", light="sunset")`.
    """
    for attempt in range(10_000):
        spec = _draw(seed, index, attempt, fixed)
        if (spec.light, spec.style) in UNREADABLE and not {"light", "style"} <= set(fixed):
            continue
        if held_out is None or is_held_out(spec.scene, spec.light, spec.style) == held_out:
            return spec
    raise SettingError(
        f"no scene with held_out={held_out} and {fixed}: these facts pin a combination of the other kind"
    )


def _draw(seed: int, index: int, attempt: int, fixed: dict[str, str]) -> SceneSpec:
    random = stream(seed, index, "spec", attempt)
    scene = fixed.get("scene") or random.choice(SCENES)
    light = fixed.get("light") or random.choice(LIGHTS)
    share = (1 - sum(STYLE_WEIGHTS.values())) / (len(STYLES) - len(STYLE_WEIGHTS))
    style = fixed.get("style") or random.choice(STYLES, [STYLE_WEIGHTS.get(name, share) for name in STYLES])
    season = fixed.get("season") or _draw_season(random, scene)
    weather = fixed.get("weather") or random.choice(WEATHERS, _weather_weights(scene, season, light))
    plants = SCENE_PLANTS[scene]
    plant = fixed.get("plant") or random.choice(plants, [2.0] + [1.0] * (len(plants) - 1))
    if plant in ("cherry", "flowers") and season in ("autumn", "winter") and "season" not in fixed:
        season = "spring"
    return SceneSpec(seed, index, scene, light, weather, season, plant, style)


def _draw_season(random, scene: str) -> str:
    if scene == "snowy village":
        return "winter"
    if scene == "flower field":
        return random.choice(("spring", "summer"))
    return random.choice(SEASONS, (1, 2, 1, 1)) if scene in SEASONAL else "summer"


def _weather_weights(scene: str, season: str, light: str) -> list[float]:
    snow = 1.5 if scene in SNOWABLE and (season == "winter" or scene in ("city skyline", "mountains")) else 0.0
    rain = 0.15 if scene in ("desert", "snowy village") or season == "winter" else 0.8
    dim = 0.3 if light in ("night", "moonlight") else 1.0  # a dark night behind fog shows nothing
    return [4.0, 2.5, 0.9 * dim, 0.8 * dim, rain * dim, snow]
