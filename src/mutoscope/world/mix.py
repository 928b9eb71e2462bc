"""How often the scenes of a world hold things, and which: the world's own mix, and the lesson a small model learns things from.

    draw_spec(0, 7, library=sprites)                        # half of the scenes hold things, any of a thousand nouns
    draw_spec(0, 7, library=sprites, mix=MIXES["things"])   # all do: mostly one thing, mostly one of the core

Facts of the drawing only, no scene looks different for its mix. It knows no tensor.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mix:
    """Chances of one mix; weights are relative to each other."""

    share: float  # of the scenes have things
    plain_grounds: int  # times as many plain grounds as other scenes
    common: float  # times as often as a rare noun a common one is drawn
    core: float  # and one of the core
    best: float  # share of the core's things that are drawn from BEST_SETS
    kinds: tuple[float, float, float]  # of 1, 2, 3 kinds of things
    counts: tuple[float, float, float, float, float]  # of 1 to 5 of a kind
    painted: float  # how often a thing is dyed in another colour, in shares of the world's own


MIXES = {
    "world": Mix(0.5, 5, 8.0, 8.0, 0.0, (0.72, 0.22, 0.06), (0.64, 0.15, 0.10, 0.06, 0.05), 1.0),
    "things": Mix(1.0, 12, 60.0, 3000.0, 0.92, (0.90, 0.08, 0.02), (0.60, 0.14, 0.11, 0.08, 0.07), 0.6),
}
WORLD = MIXES["world"]
BEST_SETS = ("emoji_fluent3d", "emoji_fluentflat", "emoji_noto")  # drawn alike: a shape or two for each noun
