"""Prompt weighting: weights in brackets, as in AUTOMATIC1111.

    (fog) 1.1    (fog:1.4) 1.4    (fog:+1.4) 1.4    [boats] 1/1.1    ((fog)) 1.21    \\( a bracket

Weights go from 0, which leaves the words out, to 3; what is below or above is cut, and `weight_warnings` says so. Brackets
that do not fit are read as plain text. What a weight does to a picture, pipeline.py knows.
"""

import re
from collections.abc import Iterator

Segments = tuple[tuple[str, float], ...]  # the parts of a text, each with its weight

EMPTY: Segments = (("", 1.0),)
BRACKET_WEIGHT = 1.1  # of one pair of brackets
MAX_WEIGHT = 3.0  # what is above is cut to it, what is below 0 to 0
_OPENING = {")": "(", "]": "["}
_MARKS = re.compile(r"\\[()\[\]]|[()\[\]]")
_NUMBER = re.compile(r":\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))\s*$")
_NO_NUMBER = re.compile(r":\s*([+\u2212-]?[0-9](?:[0-9.,]*[0-9])?)\s*$")  # after _NUMBER did not fit: 1,5 and 1.4.2


def parse_weights(text: str) -> Segments:
    """Return the pieces of a text with their weights; all but the marks of weights is in them, to the letter.

    >>> parse_weights("a lake, (fog:1.5), boats")
    (('a lake, ', 1.0), ('fog', 1.5), (', boats', 1.0))
    >>> parse_weights("smile :) \\\\(or not\\\\)")
    (('smile :) (or not)', 1.0),)
    """
    marks = list(_MARKS.finditer(text))
    opened, closed = _pairs(text, [(mark.group(), mark.start()) for mark in marks])
    found: list[tuple[str, float]] = []
    weights = [1.0]
    at = 0
    for mark in marks:
        start, end = mark.span()
        if start in opened:
            _add(found, text[at:start], weights[-1])
            weights.append(weights[-1] * opened[start])
        elif start in closed:
            _add(found, text[at : closed[start]], weights.pop())
        else:
            _add(found, text[at:start] + mark.group()[-1], weights[-1])  # a plain bracket, or an escaped one
        at = end
    _add(found, text[at:], weights[-1])
    return tuple(found) or ((text, 1.0),)


def leave_out_unread(found: Segments) -> Segments:
    """Return the pieces that are read: those of weight 0 go, and with them the comma that parted them from the rest.

    >>> leave_out_unread(parse_weights("a lake, (fog:0), boats"))
    (('a lake, boats', 1.0),)
    """
    kept: list[tuple[str, float]] = []
    gap = False  # words were left out after the last piece that is kept
    for words, weight in found:
        if weight == 0:
            gap = True
        elif gap:
            blanks = [kept.pop()[0] for _ in range(len(kept)) if not kept[-1][0].strip()]
            before = kept.pop() if kept else ("", weight)
            start, rest = _close_gap(before[0] + "".join(blanks), words)
            _add(kept, start, before[1])
            _add(kept, rest, weight)
            gap = not rest
        else:
            _add(kept, words, weight)
    if gap and kept:
        kept[-1] = (kept[-1][0].rstrip().removesuffix(",").rstrip(), kept[-1][1])
    return tuple((words, weight) for words, weight in kept if words) or EMPTY


def _close_gap(before: str, after: str) -> tuple[str, str]:
    """Return the words on both sides of a gap with one comma or one blank between them, or nothing where there was none."""
    left, right = before.rstrip(), after.lstrip()
    if right.startswith(",") and (not left or left.endswith(",")):
        after = right[1:]
        right = after.lstrip()
    if not left or not right or right.startswith(","):
        return left, right
    return left, f" {right}" if (left, right) != (before, after) else right


def mean_factor(before: float, after: float) -> float:
    """Return the number that weighted states are multiplied by, so that their mean is again what it was before: before / after.

    A mean about zero is no measure of how large states are, and a quotient of two such means could turn a picture inside out;
    what weights can do to a mean that is one lies between a third and three times it. Outside of that nothing is restored.
    """
    factor = before / after if after else 0.0
    return factor if 1 / MAX_WEIGHT <= factor <= MAX_WEIGHT else 1.0


def weight_warnings(text: str) -> tuple[str, ...]:
    """Return, in whole sentences, which weights of a text cannot be had and how they are read."""
    return tuple(dict.fromkeys(_complaints(text)))


def _complaints(text: str) -> Iterator[str]:
    waiting: list[int] = []
    after = 0
    for mark in _MARKS.finditer(text):
        if mark.group() == "(":
            waiting.append(mark.start())
        elif mark.group() == ")" and waiting:
            shown = repr(text[waiting.pop() : mark.end()][:60])
            said = text[after : mark.start()]
            number, other = _NUMBER.search(said), _NO_NUMBER.search(said)
            if number and float(number[1]) < 0:
                yield f"{shown}: a weight below 0 is read as 0; what should not be seen goes into the negative prompt"
            elif number and float(number[1]) > MAX_WEIGHT:
                yield f"{shown}: a weight above {MAX_WEIGHT:g} is read as {MAX_WEIGHT:g}"
            elif other and not number:
                yield f"{shown}: {other[1]!r} is no weight, it is read as words; write a weight as 1.5"
        after = mark.end()


def _add(found: list[tuple[str, float]], words: str, weight: float) -> None:
    weight = max(0.0, min(weight, MAX_WEIGHT))
    if words and found and found[-1][1] == weight:
        found[-1] = (found[-1][0] + words, weight)
    elif words:
        found.append((words, weight))


def _pairs(text: str, marks: list[tuple[str, int]]) -> tuple[dict[int, float], dict[int, int]]:
    """Return {where a pair opens: its factor} and {where it closes: where its words end}; what fits no other is left out."""
    opened: dict[int, float] = {}
    closed: dict[int, int] = {}
    waiting: list[tuple[str, int]] = []
    after = 0  # the last mark: a number stands between it and the closing bracket
    for mark, at in marks:
        if mark in ("(", "["):
            waiting.append((mark, at))
        elif waiting and waiting[-1][0] == _OPENING.get(mark):
            start = waiting.pop()[1]
            number = _NUMBER.search(text[after:at])
            words_end = after + number.start() if number else at
            empty = not text[start + 1 : words_end].strip()
            if not empty and not (number and mark == "]"):  # [fog:rain:0.5] is no weight
                opened[start] = (
                    1 / BRACKET_WEIGHT if mark == "]" else max(0.0, float(number[1])) if number else BRACKET_WEIGHT
                )
                closed[at] = words_end
        after = at + len(mark)
    return opened, closed
