"""What a model made elsewhere is told: the parts of a prompt with their weights, the templates of the styles around them."""

from mutoscope.prompt.request import Request
from mutoscope.prompt.styles import UsedStyle, wrap_in_templates
from mutoscope.prompt.weighting import EMPTY, Segments

PLACE = "\N{OBJECT REPLACEMENT CHARACTER}"  # where a prompt goes into a template


def prompt_segments(request: Request) -> Segments:
    """Return the prompt of a request in parts with their weights, inside the templates of its styles."""
    return in_templates(request.segments or ((request.prompt, 1.0),), request.styles)


def negative_segments(request: Request) -> Segments:
    """Return the negative prompt of a request in parts with their weights."""
    return request.negative_segments or ((request.negative_prompt, 1.0),) if request.negative_prompt else EMPTY


def in_templates(segments: Segments, styles: tuple[UsedStyle, ...]) -> Segments:
    """Return the parts of a prompt with the words of templates around them, which have weight 1."""
    around = wrap_in_templates(PLACE, styles).split(PLACE)
    found: list[tuple[str, float]] = [(around[0], 1.0)]
    for words in around[1:]:
        found += [*segments, (words, 1.0)]
    return tuple((words, weight) for words, weight in found if words)


def plain_words(segments: Segments) -> str:
    """Return the text of all parts."""
    return "".join(words for words, _ in segments)


def weighted_words(*texts: Segments) -> tuple[str, ...]:
    """Return the parts that have a weight, as a user writes them."""
    return tuple(f"({words.strip()}:{weight:.3g})" for text in texts for words, weight in text if weight != 1)
