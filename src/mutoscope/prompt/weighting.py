"""Prompt weighting: weights in brackets, as in AUTOMATIC1111.

    (fog) 1.1    (fog:1.4) 1.4    [boats] 1/1.1    ((fog)) 1.21    \\( a bracket

Brackets that do not fit are read as plain text. What a weight does to a picture, pipeline.py knows.
"""

import re

Pieces = list[tuple[str, float]]  # of a text, each with its weight

STEP = 1.1  # of one pair of brackets
LARGEST_WEIGHT = 3.0  # what is above is cut to it
_OPENING = {")": "(", "]": "["}
_MARKS = re.compile(r"\\[()\[\]]|[()\[\]]")
_NUMBER = re.compile(r":\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*$")


def is_weighted(text: str) -> bool:
    """Say whether a text holds weights or escaped brackets: whether `pieces` reads it otherwise than as it stands."""
    return pieces(text) != [(text, 1.0)]


def pieces(text: str) -> Pieces:
    """Return the pieces of a text with their weights; all but the marks of weights is in them, to the letter.

    >>> pieces("a lake, (fog:1.5), boats")
    [('a lake, ', 1.0), ('fog', 1.5), (', boats', 1.0)]
    >>> pieces("smile :) \\\\(or not\\\\)")
    [('smile :) (or not)', 1.0)]
    """
    marks = list(_MARKS.finditer(text))
    opened, closed = _pairs(text, [(mark.group(), mark.start()) for mark in marks])
    found: Pieces = []
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
    return found or [(text, 1.0)]


def _add(found: Pieces, words: str, weight: float) -> None:
    weight = min(weight, LARGEST_WEIGHT)
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
                opened[start] = 1 / STEP if mark == "]" else float(number[1]) if number else STEP
                closed[at] = words_end
        after = at + len(mark)
    return opened, closed
