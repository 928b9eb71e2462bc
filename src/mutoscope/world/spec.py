"""The facts of one scene of the rendered world: which scene, light, weather, season, plant, style, camera, and which objects.

Facts only: `draw_spec.py` draws them, `captions.py` says them, `render.py` shows them. Their names are those of the vocabulary.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, TypedDict

from mutoscope import vocabulary
from mutoscope.errors import SettingError, did_you_mean
from mutoscope.rng import stream


class Facts(TypedDict, total=False):
    """Facts of a scene by name, as far as they are known: what `read` returns and `draw_spec` keeps."""

    scene: str
    light: str
    weather: str
    season: str
    plant: str
    style: str
    camera: str
    event: str


@dataclass(frozen=True)
class Thing:
    """Things of one kind in a scene: `two small red sailboats on the left`."""

    noun: str
    sprite: str  # which picture of the sprite library, "" until one is chosen
    place: str  # one of vocabulary.PLACES
    count: int = 1  # 1 to 5
    side: str = ""  # one of vocabulary.SIDES; "" = nothing is said about it
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
        for name, table in KNOWN_FACTS.items():
            value, known = getattr(self, name), getattr(vocabulary, table)
            if value not in known:
                hint = did_you_mean(value, known)
                raise SettingError(f"unknown {name} {value!r}{hint}; known: {', '.join(known)}")

    def facts(self) -> dict[str, Any]:
        """Return the facts as a JSON-ready dict; a renderer and a caption agree on exactly these."""
        return {**asdict(self), "things": [asdict(thing) for thing in self.things]}

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> "SceneSpec":
        """Return the spec that `facts` was made from; keys that are no facts (`visible`) are passed over."""
        known = {field.name: facts[field.name] for field in fields(cls) if field.name in facts}
        return cls(**{**known, "things": tuple(Thing(**thing) for thing in facts.get("things", ()))})


# fact: where the vocabulary lists its names
KNOWN_FACTS = {
    "scene": "SCENES", "light": "LIGHTS", "weather": "WEATHERS", "season": "SEASONS", "plant": "PLANTS", "style": "STYLES",
    "camera": "CAMERAS", "event": "EVENTS",
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
    scene = vocabulary.scenes().get(facts.get("scene", ""))
    if scene is None:
        return []
    possible = {"light": scene.lights, "weather": scene.weathers, "plant": scene.plants}
    return [kind for kind, names in possible.items() if kind in facts and facts[kind] not in names]
