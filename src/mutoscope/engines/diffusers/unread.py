"""What of a prompt a model does not read: weights in brackets, and words after the end of what its text encoder takes.

Tokens are counted with the pipeline's own tokenizer. What a pipeline writes around a prompt, a few tokens of a chat, is not
counted but for the sentences that Lumina puts in front.
"""

import inspect
from typing import Any

from mutoscope.prompt.parts import negative_segments, prompt_segments, weighted_words
from mutoscope.prompt.request import Request

# Tokens that classes read which have no argument for it, from their sources (diffusers 0.42).
LENGTHS = {"LattePipeline": 120, "IFPipeline": 77, "Kandinsky3Pipeline": 128, "HunyuanDiTPipeline": 256}
NO_LIMIT = 100_000  # tokenizers without a limit say 10^30
SHOWN = 200  # characters of what is cut off


def warn_of_unread(pipeline: Any, request: Request, arguments: dict[str, Any]) -> list[str]:
    """Return warnings of what the words in `arguments` lose in a pipeline that reads them itself."""
    weighted = weighted_words(prompt_segments(request), negative_segments(request))
    found = [f"this model reads no weights in brackets; left out: {', '.join(weighted)}"] if weighted else []
    for argument, front in (("prompt", find_front(pipeline)), ("negative_prompt", "")):
        text = arguments.get(argument) or ""
        limits = find_limits(pipeline, arguments) if text.strip() else []
        if limits:
            limit, cut = min(
                ((limit, find_cut(tokenizer, text, front, limit)) for tokenizer, limit in limits),
                key=lambda one: len(one[1]),
            )
            if cut:
                found.append(f"this model reads {limit} tokens, and the {argument.replace('_', ' ')} has more; "
                             f"shorten it, what is cut off is: {shorten(cut)}")  # fmt: skip
    return found


def find_limits(pipeline: Any, arguments: dict[str, Any]) -> list[tuple[Any, int]]:
    """Return the tokenizers that read the whole prompt, each with its tokens; those of CLIP only where there is no other."""
    every = [part for name, part in pipeline.components.items() if name.startswith("tokenizer") and part is not None]
    every = [getattr(part, "tokenizer", part) for part in every]  # some are processors, which have one
    clip = [one for one in every if type(one).__name__.startswith("CLIPTokenizer")]
    others = [one for one in every if one not in clip]
    found = [(one, find_length(pipeline, one, arguments)) for one in others]
    found = found or [(one, one.model_max_length) for one in clip]
    return [(one, length) for one, length in found if length < NO_LIMIT and getattr(one, "is_fast", False)]


def find_length(pipeline: Any, tokenizer: Any, arguments: dict[str, Any]) -> int:
    """Return how many tokens a pipeline takes of a tokenizer: as called, by default, as its class says, or what it can."""
    named = [arguments.get("max_sequence_length"), default_length(type(pipeline).__call__), LENGTHS.get(type(pipeline).__name__),
             default_length(getattr(pipeline, "encode_prompt", None)), getattr(pipeline, "tokenizer_max_length", None)]  # fmt: skip
    return next((length for length in named if isinstance(length, int)), tokenizer.model_max_length)


def default_length(function: Any) -> Any:
    """Return the default of a function's `max_sequence_length`, None where it has none."""
    if function is None:
        return None
    found = inspect.signature(function).parameters.get("max_sequence_length")
    return None if found is None else found.default


def find_front(pipeline: Any) -> str:
    """Return what a pipeline writes in front of a prompt."""
    system = getattr(pipeline, "system_prompt", None) if type(pipeline).__name__.startswith("Lumina") else None
    return "" if system is None else f"{system} <Prompt Start> "


def find_cut(tokenizer: Any, text: str, front: str, limit: int) -> str:
    """Return the end of a text that does not fit into so many tokens, from the start of a word; "" when all fits."""
    read = tokenizer(front + text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    starts = [start - len(front) for start, _ in read["offset_mapping"]]
    room = max(0, limit - tokenizer.num_special_tokens_to_add())
    if len(starts) <= room:
        return ""
    start = max(0, starts[room])
    if not text[start : start + 1].isspace():
        start = max((at + 1 for at in range(start) if text[at].isspace()), default=0)
    return text[start:].strip()


def shorten(text: str) -> str:
    """Return a text in quotes, with its number of words where not all are shown."""
    if len(text) <= SHOWN:
        return repr(text)
    return f"{text[:SHOWN].rsplit(None, 1)[0]!r} and on, {len(text.split())} words in all"
