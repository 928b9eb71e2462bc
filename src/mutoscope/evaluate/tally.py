"""Asked against read: how often a picture shows what was asked, with intervals, the floor of chance and the mix-ups.

Pure functions on lists of {attribute: word}; a row of `asked` holds what was asked of that picture and no more. They
know no pixels.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Facts = Mapping[str, str]
SCENE_AND_LIGHT = "scene and light"  # right in both at once


def wilson(right: float, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927, "Probable inference"); (0, 1) when n is 0."""
    if n == 0:
        return 0.0, 1.0
    p = right / n
    middle, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    whole = 1 + z * z / n
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def share(asked: Sequence[Facts], read: Sequence[Facts]) -> dict[str, dict[str, Any]]:
    """Return {attribute: {"n", "right", "share", "low", "high"}}, and the same for scene and light together."""
    found = {}
    for name in list_attributes(asked):
        hits = [_right(name, a, r) for a, r in zip(asked, read, strict=True) if _asks(name, a)]
        low, high = wilson(sum(hits), len(hits))
        found[name] = {"n": len(hits), "right": sum(hits), "share": sum(hits) / len(hits), "low": low, "high": high}
    return found


def floor(asked: Sequence[Facts], read: Sequence[Facts]) -> dict[str, float]:
    """Return the accuracy with shuffled captions: the exact mean over every picture against every other's caption."""
    found = {}
    for name in list_attributes(asked):
        rows = [row for row, facts in enumerate(asked) if _asks(name, facts)]
        wanted = Counter(_words(name, asked[row]) for row in rows)
        hits = sum(wanted[_words(name, read[row])] - _right(name, asked[row], read[row]) for row in rows)
        found[name] = hits / (len(rows) * (len(rows) - 1)) if len(rows) > 1 else 0.0
    return found


def count_mixups(asked: Sequence[Facts], read: Sequence[Facts], most: int = 8) -> dict[str, list[dict[str, Any]]]:
    """Return {attribute: [{"asked", "read", "count", "of"}]}, most frequent errors first; `of` = times it was asked."""
    found = {}
    for name in list_attributes(asked):
        if name != SCENE_AND_LIGHT:
            pairs = [(a[name], r[name]) for a, r in zip(asked, read, strict=True) if name in a]
            total, wrong = Counter(a for a, _ in pairs), Counter(pair for pair in pairs if pair[0] != pair[1])
            rows = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:most]
            found[name] = [{"asked": a, "read": r, "count": count, "of": total[a]} for (a, r), count in rows]
    return found


def share_by_style(asked: Sequence[Facts], read: Sequence[Facts], styles: Sequence[str]) -> dict[str, Any]:
    """Return {style: share(...)} of the styles that occur, the most frequent first."""
    found = {}
    for style, _ in Counter(styles).most_common():
        rows = [row for row, other in enumerate(styles) if other == style]
        found[style] = share([asked[row] for row in rows], [read[row] for row in rows])
    return found


def examine(asked: Sequence[Facts], read: Sequence[Facts], styles: Sequence[str]) -> dict[str, Any]:
    """Return the shares of all, of photos alone, and style by style."""
    photos = [row for row, style in enumerate(styles) if style == "photo"]
    return {
        "all": share(asked, read),
        "photo": share([asked[row] for row in photos], [read[row] for row in photos]),
        "styles": share_by_style(asked, read, styles),
    }


def find_wrong(asked: Facts, read: Facts) -> list[str]:
    """Return the attributes that were asked for and are not seen."""
    return [name for name, word in asked.items() if read[name] != word]


def list_attributes(asked: Sequence[Facts]) -> list[str]:
    """Return the attributes anybody asked for, and scene and light together, in a fixed order."""
    present = dict.fromkeys(name for facts in asked for name in facts)
    order = (
        "scene",
        "light",
        SCENE_AND_LIGHT,
        "weather",
        "season",
        "style",
        "plant",
        "object",
        "thing",
        "count",
        "side",
        "camera",
    )
    return [
        name for name in order if name in present or (name == SCENE_AND_LIGHT and {"scene", "light"} <= set(present))
    ]


def _words(name: str, facts: Facts) -> tuple[str, ...]:
    return tuple(facts[part] for part in name.split(" and "))


def _asks(name: str, facts: Facts) -> bool:
    return all(part in facts for part in name.split(" and "))


def _right(name: str, asked: Facts, read: Facts) -> bool:
    return _words(name, asked) == _words(name, read)
