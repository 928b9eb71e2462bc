"""Free-form plans of a caption: how people type prompts, beside the plain sentences of `captions.py`.

Requests, fragments in any order, the light told through what one sees of it, a viewer in the scene, and relative clauses:

    Show me a pond ringed by firs while the sky is on fire
    pink sky, sandy coast, palms
    A starry sky over jagged peaks, with drifting mist, crayon drawing
    Standing by a lake that gleams in the moonlight

Every plan takes the draws, the scene and how full it shall be, from 0.5 (a medium caption) to 1 (a long one).
"""

from mutoscope.vocabulary import LIGHTLESS
from mutoscope.world.grammar import FRAMES, Draws, season_shows
from mutoscope.world.phrases import bare, join, light_and_weather, noun_phrase, plant_phrase, style, style_after
from mutoscope.world.spec import SceneSpec


def free_plan(draws: Draws, spec: SceneSpec, fullness: float) -> str:
    """Return a caption after one of the free plans."""
    return draws.pick(_DARK_PLANS if spec.scene in LIGHTLESS else _PLANS)(draws, spec, fullness)


def scene_phrase(draws: Draws, spec: SceneSpec, described: float = 0.5) -> str:
    """Return the scene by its noun, `a quiet lake`, or by what one sees of it, `a sheet of calm water between quiet banks`."""
    if draws.chance(0.35):
        return draws.word("scene seen", spec.scene)
    return noun_phrase(draws, spec, described=described, twice=0.1)[0]


def brief_scene(draws: Draws, spec: SceneSpec) -> str:
    """Return the scene in few words: a sight over it, or seen without its noun."""
    if spec.scene in LIGHTLESS or draws.chance(0.4):
        return undetermined(draws.word("scene seen", spec.scene))
    return f"{undetermined(_sight(draws, spec))} over {noun_phrase(draws, spec, described=0.2, determined=False)[0]}"


def undetermined(words: str) -> str:
    """Return `words` without their article, as people type them: `burning sky`."""
    plain = bare(words)
    return next((plain.removeprefix(start) for start in ("a ", "an ") if plain.startswith(start)), plain)


def _sight(draws: Draws, spec: SceneSpec) -> str:
    """Return what one sees above the scene, more often of its light than of its weather: `a burning sky`, `drifting mist`."""
    if spec.weather != "clear" and draws.chance(0.3):
        return draws.word("weather sight", spec.weather)
    return draws.word("light sight", spec.light)


def _seen(draws: Draws, spec: SceneSpec) -> str:
    """Return a clause on the light or, less often, on the weather: `the sky is on fire`."""
    if spec.weather != "clear" and draws.chance(0.25):
        return draws.word("weather clause", spec.weather)
    return draws.word("light seen" if draws.chance(0.8) else "light clause", spec.light)


def _also(draws: Draws, spec: SceneSpec, fullness: float) -> list[str]:
    """Return what may be said besides the light: plant, detail, weather, season."""
    phrases = [plant_phrase(draws, spec) if draws.chance(fullness) else ""]
    phrases += light_and_weather(draws, spec, 0.0, 0.7 * fullness, 0.7 * fullness)
    if draws.chance(fullness - 0.45):
        phrases.append(draws.word("detail", spec.scene))
    return phrases


def _asked(draws: Draws, spec: SceneSpec, fullness: float) -> str:
    """`Please show me a watercolor of a quiet lake at dawn`"""
    phrases = [plant_phrase(draws, spec)] if draws.chance(fullness) else []
    if spec.scene in LIGHTLESS or draws.chance(fullness - 0.4):
        phrases.append(draws.word("detail", spec.scene))
    phrases += light_and_weather(draws, spec, 0.95, 0.7 * fullness, 0.7 * fullness)
    text = style(draws, spec, join(draws, scene_phrase(draws, spec), phrases))
    return f"{draws.word('request', FRAMES)} {text}"


def _fragments(draws: Draws, spec: SceneSpec, fullness: float) -> str:
    """`pink sky, first light, pond, firs`: bits of speech in any order."""
    plain = scene_phrase(draws, spec) if draws.chance(0.4) else bare(draws.word("noun", spec.scene))
    bits = [undetermined(plain), undetermined(draws.word("light sight", spec.light))]
    bits += light_and_weather(draws, spec, 0.4 * fullness, 0.0, 0.0)
    bits += [draws.word("light name", spec.light)] if draws.chance(0.4 * fullness) else []
    bits += [draws.word("light seen", spec.light)] if draws.chance(0.4 * fullness) else []
    if draws.chance(fullness * (0.4 if spec.weather == "clear" else 0.9)):
        bits.append(undetermined(draws.word(draws.pick(("weather tag", "weather sight")), spec.weather)))
    bits += [draws.word("plant", spec.plant)] if spec.plant != "none" and draws.chance(fullness) else []
    bits += [draws.word("season name", spec.season)] if season_shows(spec) and draws.chance(0.6 * fullness) else []
    bits += [draws.word("detail", spec.scene)] if draws.chance(fullness - 0.4) else []
    bits = draws.shuffle(bits)
    if spec.style != "photo" or draws.chance(0.1):
        bits.insert(0 if draws.chance(0.2) else len(bits), draws.word("suffix", spec.style))
    return ", ".join(bits)


def _over(draws: Draws, spec: SceneSpec, fullness: float) -> str:
    """`A burning sky over jagged peaks, as clouds drift by, stained glass`"""
    sight = _sight(draws, spec)
    sight = f"{sight} {draws.pick(('over', 'over', 'above'))} {scene_phrase(draws, spec)}"
    return style(draws, spec, join(draws, sight, _also(draws, spec, fullness)))


def _while(draws: Draws, spec: SceneSpec, fullness: float) -> str:
    """`A pond ringed by firs while the sky is on fire`; the clause may lead."""
    scene = join(draws, scene_phrase(draws, spec), _also(draws, spec, fullness))
    clause = _seen(draws, spec)
    order = draws.pick(("while", "as", "where", "when", ",", ", and", ".", "first", "first"))
    if order == "first":
        joint = draws.pick((":", ",", ", and below lies", ", and there is")) if scene.startswith(("a ", "an ")) else ","
        return style_after(draws, spec, f"{clause}{joint} {scene}")
    if order == ".":
        return style_after(draws, spec, f"{scene}. {clause[0].upper()}{clause[1:]}")
    return style(draws, spec, f"{scene} {order} {clause}")


def _relative(draws: Draws, spec: SceneSpec, fullness: float) -> str:
    """`A lake that gleams in the moonlight, ringed by firs`"""
    words, many = noun_phrase(draws, spec, described=0.5)
    verb = draws.word("light verb", spec.light).split("|")[many]
    that = " that" if draws.chance(0.6) else ""
    return style_after(draws, spec, join(draws, f"{words}{that} {verb}", _also(draws, spec, fullness)))


def _viewed(draws: Draws, spec: SceneSpec, fullness: float) -> str:
    """`Standing by a quiet lake at dusk`"""
    scene = noun_phrase(draws, spec, described=0.6, twice=0.2)[0]
    view = draws.word("view", spec.scene).format(scene)
    if spec.scene in LIGHTLESS:
        return style_after(draws, spec, join(draws, view, [draws.word("detail", spec.scene)]))
    light = draws.word("light", spec.light) if draws.chance(0.7) else f"while {_seen(draws, spec)}"
    plant, *others = _also(draws, spec, fullness)
    return style_after(draws, spec, join(draws, view, [plant, *draws.shuffle([light, *others])]))


def _with(draws: Draws, spec: SceneSpec, fullness: float) -> str:
    """`A sea of sand with a black sky full of stars and drifting clouds`"""
    sights = [draws.word("light sight", spec.light)]
    if draws.chance(fullness * (0.3 if spec.weather == "clear" else 0.9)):
        sights.append(draws.word("weather sight", spec.weather))
    hung = f"{draws.pick(('with', 'with', 'under', 'beneath'))} {' and '.join(draws.shuffle(sights))}"
    plant = plant_phrase(draws, spec) if draws.chance(fullness) else ""
    season = draws.word("season", spec.season) if season_shows(spec) and draws.chance(0.6 * fullness) else ""
    return style(draws, spec, join(draws, scene_phrase(draws, spec), [plant, hung, season]))


def _told(draws: Draws, spec: SceneSpec, fullness: float) -> str:
    """`You can see a ravine, rust-red rock, layer upon layer`: of scenes that know no hour."""
    first, second = draws.word("detail", spec.scene), draws.word("detail", spec.scene)
    words, many = noun_phrase(draws, spec, described=0.9)
    text = join(draws, words, [first] if first == second else [first, second])
    if draws.chance(0.5):
        return style_after(draws, spec, f"{draws.word('opening', FRAMES).split('|')[many]} {text}")
    return style(draws, spec, text)


_PLANS = (_asked, _asked, _fragments, _fragments, _over, _while, _while, _relative, _viewed, _with)
_DARK_PLANS = (_asked, _viewed, _told)
