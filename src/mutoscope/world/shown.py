"""What a picture of a scene shows, as words of fixed lists: the labels a classifier learns and the answers it may give.

    shown(draw_spec(0, 7))     # {"scene": "lake", "light": "sunset", "weather": "clear", "style": "photo", "plant": "pine", ...}

A fact that a picture cannot show (the hour over a coral reef, the season of the open sea) is left out. It knows no tensor.
"""

from functools import cache

from mutoscope.vocabulary import LIGHTS, PLANTS, SCENES, SEASONS, SIDES, STYLES, WEATHERS, nouns
from mutoscope.vocabulary.objects import common
from mutoscope.world.captions import caption_facts
from mutoscope.world.spec import SceneSpec
from mutoscope.world.things import MAX_THINGS

NOTHING = "none"  # no thing in the scene


@cache
def attributes() -> dict[str, tuple[str, ...]]:
    """Return {attribute: the words it can have}."""
    kinds = sorted({noun.kind for noun in nouns().values()})
    return {
        "scene": SCENES, "light": LIGHTS, "weather": WEATHERS, "season": SEASONS, "style": STYLES, "plant": PLANTS,
        "object": (NOTHING, *kinds), "thing": tuple(sorted(common() & set(nouns()))),
        "count": tuple(str(n + 1) for n in range(MAX_THINGS)), "side": SIDES,
    }  # fmt: skip


def shown(spec: SceneSpec) -> dict[str, str]:
    """Return {attribute: word} of what a picture of this scene shows.

    Of several kinds of things nothing is said: object (what kind of thing), thing (which of the common ones), count and side are
    those of the one kind that stands alone.
    """
    visible = caption_facts(spec)["visible"]
    plain = ("scene", "light", "weather", "season", "style", "plant")
    found = {name: getattr(spec, name) for name in plain if name in visible or name == "plant"}
    if not spec.things:
        return {**found, "object": NOTHING}
    if len(spec.things) == 1:
        thing = spec.things[0]
        found |= {"count": str(thing.count)}
        found |= {"object": nouns()[thing.noun].kind} if thing.noun in nouns() else {}
        found |= {"thing": thing.noun} if thing.noun in attributes()["thing"] else {}
        found |= {"side": thing.side} if thing.side else {}
    return found
