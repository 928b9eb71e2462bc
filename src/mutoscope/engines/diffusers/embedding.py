"""Weights in brackets and long prompts, for pipelines that read with CLIP and take what was read in the place of words.

Long     CLIP reads 77 tokens, a mark at both ends among them. A text is cut into windows of 75, each is read on its own, and
         their states are joined; prompt and negative prompt get as many windows each, the shorter one empty ones.
Weights  the states of a token are multiplied by its weight, then those of the whole window by one number, so that their mean
         is what it was: the way of AUTOMATIC1111 (its "original" emphasis), from where people know the brackets. A mean about
         zero is left alone, see `prompt.weighting.mean_factor`.
SDXL     reads with two encoders: the states before their last layer side by side, and the whole text as one vector, which
         is that of the second encoder's first window.

A prompt of one window without weights is not read here: the pipeline reads it itself, so its picture is the bare pipeline's.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from mutoscope.engines.diffusers.families import Family
from mutoscope.engines.diffusers.running import Watcher, told
from mutoscope.engines.diffusers.unread import warn_of_unread
from mutoscope.prompt.parts import negative_segments, prompt_segments
from mutoscope.prompt.request import Request
from mutoscope.prompt.weighting import EMPTY, Segments, mean_factor

ONE_ENCODER = frozenset(
    "StableDiffusionPipeline StableDiffusionImg2ImgPipeline StableDiffusionInpaintPipeline LatentConsistencyModelPipeline "
    "LatentConsistencyModelImg2ImgPipeline AnimateDiffPipeline AnimateDiffVideoToVideoPipeline".split()
)
TWO_ENCODERS = frozenset(
    "StableDiffusionXLPipeline StableDiffusionXLImg2ImgPipeline StableDiffusionXLInpaintPipeline AnimateDiffSDXLPipeline".split()
)
CLIP_CLASSES = ("CLIPTextModel", "CLIPTextModelWithProjection")

Token = tuple[int, float]  # id and weight


@dataclass(frozen=True)
class Words:
    """What the network reads: states (1, L, D), and for SDXL the whole text as one vector (1, P)."""

    states: Any
    pooled: Any = None

    def blank(self) -> "Words":
        """Return the same of no words at all: zeros, as SDXL was trained without a prompt."""
        return Words(self.states * 0, None if self.pooled is None else self.pooled * 0)


@dataclass(frozen=True)
class Reader:
    """A tokenizer with its text encoder; `late` takes the last states, else those before the last layer, and the whole text."""

    tokenizer: Any
    encoder: Any
    late: bool

    @property
    def length(self) -> int:
        """Tokens of a window, both marks among them."""
        return min(self.tokenizer.model_max_length, self.encoder.config.max_position_embeddings)

    def windows(self, segments: Segments) -> list[list[Token]]:
        """Return the tokens of a text in windows, one at least; the parts are cut into tokens one by one, marks left out."""
        tokens = [
            (number, weight)
            for words, weight in join_alike(segments)
            for number in self.tokenizer(words, add_special_tokens=False, verbose=False).input_ids
        ]
        room = self.length - 2
        return [tokens[at : at + room] for at in range(0, len(tokens), room)] or [[]]

    def read(self, segments: Segments, count: int, device: Any) -> Words:
        """Return what is read in `count` windows of a text; those after its end are empty."""
        import torch

        windows = self.windows(segments)
        read = [self.read_window(window, device) for window in (*windows, *[[]] * (count - len(windows)))]
        return Words(torch.cat([one.states for one in read], dim=1), read[0].pooled)

    def read_window(self, window: Sequence[Token], device: Any) -> Words:
        """Return the states (1, L, D) of one window, weighted."""
        import torch

        tokenizer, blanks = self.tokenizer, self.length - 2 - len(window)
        ids = [tokenizer.bos_token_id, *(number for number, _ in window), tokenizer.eos_token_id]
        mask = torch.tensor([[1] * len(ids) + [0] * blanks], device=device)
        given = torch.tensor([ids + [tokenizer.pad_token_id] * blanks], device=device)
        if self.late:
            masked = getattr(self.encoder.config, "use_attention_mask", False)
            return Words(weigh(self.encoder(given, attention_mask=mask if masked else None)[0], window))
        outcome = self.encoder(given, output_hidden_states=True)
        return Words(weigh(outcome.hidden_states[-2], window), outcome[0] if outcome[0].ndim == 2 else None)


def reads_weights(class_name: str) -> bool:
    """Whether pipelines of a class read weights in brackets."""
    return class_name in ONE_ENCODER | TWO_ENCODERS


def embed_texts(
    pipeline: Any,
    request: Request,
    family: Family,
    arguments: dict[str, Any],
    watcher: Watcher | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments with what was read in the place of words, where that is needed, and warnings of what is not read.

    A watcher is told while it reads.
    """
    readers = find_readers(pipeline) if "prompt_embeds" in family.parameters else ()
    if not readers:
        return arguments, warn_of_unread(pipeline, request, arguments)
    prompt = prompt_segments(request)
    guided = is_guided(pipeline, request, family, arguments)
    negative = negative_segments(request) if guided and "negative_prompt" in arguments else None
    if all(is_plain(reader, text) for reader in readers for text in (prompt, negative or EMPTY)):
        return arguments, []
    with nullcontext() if watcher is None else told(watcher, "text"):
        found = read_texts(pipeline, readers, prompt, negative, guided)
    kept = {name: value for name, value in arguments.items() if name not in ("prompt", "negative_prompt")}
    return kept | {name: value for name, value in found.items() if name in family.parameters}, []


def read_texts(
    pipeline: Any, readers: Sequence[Reader], prompt: Segments, negative: Segments | None, guided: bool
) -> dict[str, Any]:
    """Return the arguments that stand for words; a negative prompt of None is that of a pipeline which is given none."""
    import torch

    count = max(len(reader.windows(text)) for reader in readers for text in (prompt, negative or EMPTY))

    def read(segments: Segments) -> Words:
        parts = [reader.read(segments, count, pipeline._execution_device) for reader in readers]
        return Words(torch.cat([one.states for one in parts], dim=-1), parts[-1].pooled)

    with torch.no_grad():
        words = read(prompt)
        found = {"prompt_embeds": words.states, "pooled_prompt_embeds": words.pooled}
        if guided:
            blank = negative is None and getattr(pipeline.config, "force_zeros_for_empty_prompt", False)
            away = words.blank() if blank else read(negative or EMPTY)
            found |= {"negative_prompt_embeds": away.states, "negative_pooled_prompt_embeds": away.pooled}
    return {name: value for name, value in found.items() if value is not None}


def find_readers(pipeline: Any) -> tuple[Reader, ...]:
    """Return the text encoders of a pipeline whose states can be passed, () for any other."""
    name = type(pipeline).__name__
    if name in ONE_ENCODER:
        found = [Reader(pipeline.tokenizer, pipeline.text_encoder, late=True)]
    elif name in TWO_ENCODERS:
        found = [Reader(pipeline.tokenizer_2, pipeline.text_encoder_2, late=False)]
        if pipeline.text_encoder is not None:  # the refiner has the second alone
            found.insert(0, Reader(pipeline.tokenizer, pipeline.text_encoder, late=False))
    else:
        return ()
    # Some Stable Diffusion of other languages reads with another kind of encoder.
    return tuple(found) if all(type(reader.encoder).__name__ in CLIP_CLASSES for reader in found) else ()


def is_guided(pipeline: Any, request: Request, family: Family, arguments: dict[str, Any]) -> bool:
    """Whether a pipeline draws with guidance, and so reads a negative prompt, even an empty one."""
    scale = arguments.get("guidance_scale", request.guidance_scale)
    steers = scale > 1 and getattr(pipeline.unet.config, "time_cond_proj_dim", None) is None
    return steers and "negative_prompt_embeds" in family.parameters


def is_plain(reader: Reader, segments: Segments) -> bool:
    """Whether a pipeline reads a text whole and right by itself."""
    return all(weight == 1 for _, weight in segments) and len(reader.windows(segments)) == 1


def join_alike(segments: Segments) -> Segments:
    """Return the parts with neighbours of one weight joined, so that no word is cut into tokens by halves."""
    found: list[tuple[str, float]] = []
    for words, weight in segments:
        if found and found[-1][1] == weight:
            found[-1] = (found[-1][0] + words, weight)
        else:
            found.append((words, weight))
    return tuple(found)


def weigh(states: Any, window: Sequence[Token]) -> Any:
    """Return the states (1, L, D) of a window times the weights of its tokens, with the mean that they had."""
    import torch

    if all(weight == 1 for _, weight in window):
        return states
    scale = torch.ones(states.shape[1], device=states.device)
    scale[1 : 1 + len(window)] = torch.tensor([weight for _, weight in window], device=states.device)
    before = states.float()
    after = before * scale[:, None]
    return (after * mean_factor(before.mean().item(), after.mean().item())).to(states.dtype)
