"""From a request to pixels on a folder's graphs: load, text, draw, decode; an event after each part and each step."""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import numpy as np

from mutoscope.engines.base import Drawn
from mutoscope.engines.onnx_folder.clip_tokenizer import WINDOW, ClipTokenizer
from mutoscope.engines.onnx_folder.folder import Folder, warn_of_scheduler
from mutoscope.engines.onnx_folder.graphs import Graph, Graphs
from mutoscope.engines.onnx_folder.previews import Previews
from mutoscope.engines.onnx_folder.schedulers import make_scheduler
from mutoscope.engines.onnx_folder.stepping import Scheduler
from mutoscope.engines.onnx_folder.texts import (
    Reader,
    Words,
    read_words,
    warn_of_length,
)
from mutoscope.errors import CheckpointError, NonFiniteError, SettingError, SizeError
from mutoscope.events import Event, Phase
from mutoscope.init_image import InitImage
from mutoscope.media.pixels import to_levels
from mutoscope.postprocess import find_postprocess
from mutoscope.prompt.parts import negative_segments, prompt_segments
from mutoscope.prompt.request import Request
from mutoscope.prompt.weighting import weight_warnings
from mutoscope.rng import Stream, between, stream

SPACE = 8  # pixels per latent row or column
SAFE_MULTIPLE = 64  # pixels: sides that every export can draw


@dataclass
class Networks:
    """The parts of one folder, kept from one drawing to the next."""

    folder: Folder
    graphs: Graphs
    tokenizers: dict[str, ClipTokenizer] = field(default_factory=dict)
    previews: Previews = field(default_factory=Previews)

    def parts(self, encodes: bool) -> tuple[str, ...]:
        """The graphs of a drawing in the order in which it uses them."""
        return (*self.folder.text_parts, *(("vae_encoder",) if encodes else ()), "unet", "vae_decoder")

    def readers(self) -> list[Reader]:
        """The text encoders with their tokenizers."""
        for part in self.folder.text_parts:
            if part not in self.tokenizers:
                self.tokenizers[part] = ClipTokenizer.load(self.folder.path / part.replace("text_encoder", "tokenizer"))
        return [
            Reader(self.tokenizers[part], self.graphs[part], not self.folder.is_xl) for part in self.folder.text_parts
        ]

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Latents (1, 4, h, w) of the network -> pixels (1, 3, H, W) in about [-1, 1]."""
        scale, shift = self.folder.latent_scale("vae_decoder")
        return run_single(self.graphs["vae_decoder"], latents / scale + shift)

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (1, 3, H, W) in [-1, 1] -> latents (1, 4, h, w) of the network: the mean of what the encoder gives."""
        scale, shift = self.folder.latent_scale("vae_encoder")
        mean = run_single(self.graphs["vae_encoder"], pixels)[:, : self.folder.latent_channels]
        return (mean - shift) * np.float32(scale)


def run_single(graph: Graph, value: np.ndarray) -> np.ndarray:
    """Return the first output of a graph with one input."""
    if len(graph.inputs) != 1:
        raise CheckpointError(f"{graph.path} has {len(graph.inputs)} inputs, expected 1")
    return next(iter(graph.run({next(iter(graph.inputs)): value}).values()))


def draw(
    request: Request, networks: Networks, init_image: InitImage | None = None, preview: bool = False
) -> Iterator[Event]:
    """Draw a request; yields events, the last one "done" with a `Drawn`. NonFiniteError names the step."""
    scheduler = make_scheduler(networks.folder.scheduler, request.num_inference_steps)
    first = first_step(request) if init_image is not None else 0
    fitted = None if init_image is None else init_image.fit(request.width, request.height)
    yield from open_parts(networks, fitted is not None)
    check_graph(request, networks.graphs["unet"])
    reading = Phase("text", 1)
    yield reading.start()
    step, warnings = read_prompt(request, networks)
    yield reading.advance()
    latents = yield from denoise(request, networks, scheduler, step, fitted, first, preview)
    decoding = Phase("decode", 1)
    yield decoding.start()
    pixels = networks.decode(latents)
    if not np.isfinite(pixels).all():
        raise NonFiniteError("the decoder gave NaN or infinity; this folder's numbers overflow, export it in float32")
    frames = to_levels(pixels).transpose(0, 2, 3, 1)
    yield decoding.advance()
    post = find_postprocess(request.postprocess)
    frames = frames if post is None else post.run(frames, (request.seed, request.index))
    frames = frames if fitted is None else fitted.composite(frames)
    yield Event("done", 1, 1, 0.0, result=Drawn(frames, (*warn_of_scheduler(networks.folder), *warnings)))


def open_parts(networks: Networks, encodes: bool) -> Iterator[Event]:
    """Open the graphs of a drawing, in the order in which it uses them."""
    parts = networks.parts(encodes)
    loading = Phase("load", len(parts))
    yield loading.start()
    for part in parts:
        _ = networks.graphs[part]
        yield loading.advance(message=part)


def first_step(request: Request) -> int:
    """Return the step at which a drawing from a picture begins; SettingError where nothing would be drawn."""
    steps, strength = request.num_inference_steps, request.strength
    drawn = min(int(steps * strength), steps)
    if drawn < 1:
        more = f", or {math.ceil(1 / strength)} steps" if strength * 200 >= 1 else ""
        raise SettingError(
            f"{steps} steps at strength {strength:g} draw nothing; ask for a strength from {1 / steps:.2g}{more}"
        )
    return steps - drawn


def check_graph(request: Request, unet: Graph) -> None:
    """Refuse a size that a graph of one size cannot draw; SizeError."""
    if "sample" not in unet.inputs:
        return  # Graph.run says which inputs it has
    fixed = unet.size_of("sample", 3), unet.size_of("sample", 2)
    for side, only, name in zip((request.width, request.height), fixed, ("width", "height"), strict=True):
        if only is not None and only * SPACE != side:
            raise SizeError(f"this folder's graph was exported for a {name} of {only * SPACE} pixels alone, got {side}; "
                            "write it with mutoscope models export for all sizes")  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One call of the network: what it reads besides latents and time, with and without the prompt."""

    networks: Networks
    request: Request
    prompt: Words
    negative: Words | None  # None: one call a step, without guidance

    def __call__(self, latents: np.ndarray, time: float) -> np.ndarray:
        """Return the network's output; a guided one is two calls, not a batch, so that bytes do not depend on batches."""
        towards = self._run(latents, time, self.prompt)
        if self.negative is None:
            return towards
        away = self._run(latents, time, self.negative)
        return away + np.float32(self.request.guidance_scale) * (towards - away)

    def _run(self, latents: np.ndarray, time: float, words: Words) -> np.ndarray:
        request, unet = self.request, self.networks.graphs["unet"]
        values = {"sample": latents, "timestep": np.array([time]), "encoder_hidden_states": words.states}
        if words.pooled is not None:
            size = [request.height, request.width]
            values |= {"text_embeds": words.pooled, "time_ids": np.array([[*size, 0, 0, *size]])}
        if self.networks.folder.guidance_width is not None:
            values["timestep_cond"] = spell_guidance(request.guidance_scale, self.networks.folder.guidance_width)
        try:
            return next(iter(unet.run(values).values()))
        except CheckpointError as error:
            if request.width % SAFE_MULTIPLE or request.height % SAFE_MULTIPLE:
                raise SizeError(
                    f"this folder's graph does not draw {request.width}x{request.height}; use sides that are multiples of "
                    f"{SAFE_MULTIPLE}, or write it with mutoscope models export for all sizes ({error})"
                ) from error
            raise


def spell_guidance(scale: float, width: int) -> np.ndarray:
    """Return a guidance scale as the sines and cosines that distilled networks (LCM) read, (1, width)."""
    half = width // 2
    waves = np.exp(np.arange(half, dtype=np.float32) * np.float32(-math.log(10000.0) / (half - 1)))
    angles = np.float32((scale - 1.0) * 1000.0) * waves
    spelt = np.concatenate([np.sin(angles), np.cos(angles), np.zeros(width % 2, np.float32)])
    return spelt[None].astype(np.float32)


def read_prompt(request: Request, networks: Networks) -> tuple[Step, tuple[str, ...]]:
    """Return the network's call for the texts of a request, and warnings about them."""
    readers, folder, unet = networks.readers(), networks.folder, networks.graphs["unet"]
    tokens = unet.size_of("encoder_hidden_states", 1) if "encoder_hidden_states" in unet.inputs else None
    most = None if tokens is None else tokens // WINDOW
    segments = prompt_segments(request)
    prompt = read_words(readers, segments, most)
    warnings = (*weight_warnings(request.prompt), *weight_warnings(request.negative_prompt))
    warnings += warn_of_length(readers, segments, most)
    if request.guidance_scale <= 1.0 or folder.guidance_width is not None:
        return Step(networks, request, prompt, None), warnings
    away = negative_segments(request)
    negative = read_words(readers, away, most)
    zeros = folder.is_xl and not request.negative_prompt and folder.index.get("force_zeros_for_empty_prompt", True)
    negative = negative.blank() if zeros else negative
    return Step(networks, request, prompt, negative), (*warnings, *warn_of_length(readers, away, most))


def denoise(
    request: Request, networks: Networks, scheduler: Scheduler, step: Step, image: InitImage | None, first: int,
    preview: bool,
) -> Generator[Event, None, np.ndarray]:  # fmt: skip
    """Draw the latents of a request, (1, 4, h, w); closing it between two steps cancels."""
    shape = (1, networks.folder.latent_channels, request.height // SPACE, request.width // SPACE)
    source = stream(request.seed, request.index)
    noise = start_noise(request, source, shape)
    start = None if image is None else networks.encode(image.encoder_input[:, :, 0])
    mask = None if image is None or image.latent_mask is None else image.latent_mask[:, :, 0]
    if start is None or (mask is not None and first == 0):
        latents = noise * np.float32(scheduler.noise_scale)
    else:
        latents = scheduler.with_noise(start, noise, first)
    times = scheduler.times
    drawing = Phase("draw", len(times) - first)
    yield drawing.start()
    for number in range(first, len(times)):
        out = step(scheduler.scaled(latents, number), float(times[number]))
        latents, data = scheduler.step(number, out, latents, lambda: source.normal(shape))
        if start is not None and mask is not None:
            known = start if number + 1 == len(times) else scheduler.with_noise(start, noise, number + 1)
            latents = mask * latents + (1 - mask) * known
        if not np.isfinite(latents).all():
            raise NonFiniteError(
                f"the latents are not finite after step {number + 1 - first}; export the folder in float32"
            )
        yield drawing.advance(preview=networks.previews.show(data, networks.decode) if preview else None)
    return latents


def start_noise(request: Request, source: Stream, shape: tuple[int, ...]) -> np.ndarray:
    """Return the noise of a request, which may lie between those of two seeds."""
    own = source.normal(shape)
    if not request.variation:
        return own
    return between(own, stream(request.variation_seed, request.index).normal(shape), request.variation)
