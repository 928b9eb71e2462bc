"""Draws the facts of a scene. Scene number `index` of world `seed` comes from `stream(seed, index, ...)`, alone and on any machine.

draw_spec(0, 7)                                  # any scene of training
draw_spec(0, 7, scene="lake", light="sunset")    # these facts are kept
"""

from dataclasses import replace
from typing import Unpack

from mutoscope.errors import SettingError
from mutoscope.rng import Stream, stream
from mutoscope.vocabulary import CAMERAS, SCENES, SEASONS, STYLES, WEATHERS, Scene, scenes
from mutoscope.world.mix import WORLD, Mix
from mutoscope.world.spec import Facts, SceneSpec, is_held_out
from mutoscope.world.sprites import SpriteLibrary
from mutoscope.world.things import draw_things

MAX_ATTEMPTS = 10_000
STYLE_WEIGHTS = {"photo": 0.5}  # the rest share what is left
RAINBOW_LIGHTS = ("morning", "noon", "golden hour")  # a rainbow wants the sun behind the eye
MOVING_SUN = {"dawn": "sun rising", "sunset": "sun setting"}
# Nights that a style turns into a dark pattern; they are not drawn.
UNREADABLE = frozenset(
    ("night", style) for style in ("pencil sketch", "pixel art", "stained glass", "crayon", "low poly")
)


def draw_spec(
    seed: int,
    index: int,
    *,
    held_out: bool | None = False,
    moving: bool = False,
    library: SpriteLibrary | None = None,  # where things come from; None = a world without things
    mix: Mix = WORLD,  # how often there are things, and which
    **fixed: Unpack[Facts],
) -> SceneSpec:
    """Draw scene `index` of world `seed`; `held_out` False keeps to training combinations, True to the others, None to all.

    With a `library` of sprites half of the scenes have things, and plain grounds are drawn as well; `mix` may say otherwise.
    `moving` scenes are for clips: they may have a camera that moves and a sun that rises or sets. `fixed` facts are kept.
    """
    for attempt in range(MAX_ATTEMPTS):
        rng = stream(seed, index, "spec", attempt)
        facts = _draw_facts(rng, moving, mix.plain_grounds if library else 0, fixed)
        spec = SceneSpec(seed, index, **facts)
        if (spec.light, spec.style) in UNREADABLE and not {"light", "style"} <= set(fixed):
            continue
        if held_out is None or is_held_out(spec.scene, spec.light, spec.style) == held_out:
            return spec if library is None else _furnish(spec, library, held_out, mix)
    raise SettingError(
        f"no scene with held_out={held_out} and {fixed}: these facts pin a combination of the other kind"
    )


def _furnish(spec: SceneSpec, library: SpriteLibrary, held_out: bool | None, mix: Mix) -> SceneSpec:
    """Return the scene with things in it."""
    things = draw_things(stream(spec.seed, spec.index, "draw things"), spec.scene, library, held_out, mix)
    if spec.camera.startswith("pan"):  # which turns left into right
        things = tuple(replace(thing, side="") for thing in things)
    return replace(spec, things=things)


def _draw_facts(rng: Stream, moving: bool, plain_grounds: int, fixed: Facts) -> Facts:
    name = fixed.get("scene") or rng.choice(SCENES, [plain_grounds if name == "plain ground" else 1 for name in SCENES])
    if name not in scenes():
        return {
            "scene": name,
            "light": "",
            "weather": "",
            "season": "",
            "plant": "",
            "style": "",
        }  # which SceneSpec refuses
    scene = scenes()[name]
    light = fixed.get("light") or rng.choice(scene.lights)
    share = (1 - sum(STYLE_WEIGHTS.values())) / (len(STYLES) - len(STYLE_WEIGHTS))
    style = fixed.get("style") or rng.choice(STYLES, [STYLE_WEIGHTS.get(name, share) for name in STYLES])
    season = fixed.get("season") or _draw_season(rng, scene)
    weather = fixed.get("weather") or rng.choice(WEATHERS, _weather_weights(scene, season, light))
    plant = fixed.get("plant") or rng.choice(scene.plants, [2.0] + [1.0] * (len(scene.plants) - 1))
    if "season" not in fixed:
        season = _season_of(plant, season)
    camera, event = _draw_motion(rng, scene, light, weather) if moving else ("still", "none")
    return {
        "scene": name, "light": light, "weather": weather, "season": season, "plant": plant, "style": style,
        "camera": fixed.get("camera", camera), "event": fixed.get("event", event),
    }  # fmt: skip


def _season_of(plant: str, season: str) -> str:
    """Return the season, or the one that a plant needs to be seen."""
    if plant in ("cherry", "flowers") and season in ("autumn", "winter"):
        return "spring"
    return "summer" if plant == "cactus" and season == "winter" else season


def _draw_motion(rng: Stream, scene: Scene, light: str, weather: str) -> tuple[str, str]:
    """Half of the clips have a still camera; the sun moves where it stands low and can be seen."""
    camera = rng.choice(CAMERAS, [0.5] + [0.5 / (len(CAMERAS) - 1)] * (len(CAMERAS) - 1))
    visible = weather in ("clear", "cloudy") and set(MOVING_SUN) <= set(scene.lights)
    if light in MOVING_SUN and visible and rng.choice((True, False)):
        return "still", MOVING_SUN[light]  # one motion at a time, so that the caption stays short and the frames clear
    return camera, "none"


def _draw_season(rng: Stream, scene: Scene) -> str:
    if len(scene.seasons) == 1:
        return scene.seasons[0]
    return rng.choice(scene.seasons, (1, 2, 1, 1)) if scene.seasons == SEASONS else rng.choice(scene.seasons)


def _weather_weights(scene: Scene, season: str, light: str) -> list[float]:
    """Return the weight of each of WEATHERS for a scene."""
    cold = season == "winter"
    dim = 0.3 if light in ("night", "moonlight") else 1.0  # a dark night behind fog shows nothing
    weights = {
        "clear": 4.0, "cloudy": 2.5, "overcast": 0.9 * dim, "fog": 0.8 * dim, "rain": (0.15 if scene.dry or cold else 0.8) * dim,
        "snow": 1.5 if scene.snow == "any season" or (scene.snow and cold) else 0.0,
        "storm": 0.0 if cold else 0.5, "rainbow": 0.5 if not cold and light in RAINBOW_LIGHTS else 0.0,
    }  # fmt: skip
    return [weights.get(name, 1.0) if name in scene.weathers else 0.0 for name in WEATHERS]
