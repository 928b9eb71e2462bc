"""From a conditioning to pixels: text states, noise, latent frames, pixels; events tell how far it is.

    1 encode_prompt    texts ─ tokenizer ─ text tower ─ states
    2 denoise_frame    noise ── sampler ⟲ guided velocity ── latent frame        (the first may start from an init image, and a mask
    3 compose_objects  drawings from the object library, painted over             says where; later ones see the frames before)
    4 decode_frame     latent frame ─ pixels; a step between groups of frames is eased
    5 refine           a picture larger than the network draws at once (refine.py)
    6 post-process     pixelate, triangulate, posterize (postprocess.py)

A picture is a clip of one frame. Nothing here reads a prompt: the conditioning holds its texts with their weights.
The pipeline knows no files, arguments or pages. Legend: see shapes.py.
"""

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from mutoscope.config import PATCH, SPACE_FACTOR, ModelConfig
from mutoscope.errors import NonFiniteError
from mutoscope.events import Event, Phase
from mutoscope.flow import grid, mix, shift_for, start_at
from mutoscope.guidance import guided, inpaint
from mutoscope.init_image import InitImage
from mutoscope.media.pixels import to_levels
from mutoscope.objects import interior_cells, open_library
from mutoscope.prompt.conditioning import Condition, Conditioning
from mutoscope.prompt.request import ObjectPlan, Request
from mutoscope.prompt.weighting import Segments
from mutoscope.refine import TileNetworks, plan_passes, refine
from mutoscope.rng import between, stream
from mutoscope.runtime import Context, KeysValues, Runtime, extend_context
from mutoscope.sampler import SAMPLERS
from mutoscope.shapes import LatentGrid, rotary_table
from mutoscope.tokenizer import Tokenizer

LAST_TRAINED_FRAME = 6  # latent frames of a training clip after the first; later ones are told they stand here
PREVIEW_EVERY_STEPS = 4
LARGE_PIXEL_STEP = 0.12  # of pixels in [-1, 1]: 15 of 255 levels


@dataclass(frozen=True)
class Networks:
    """The parts of one model."""

    runtime: Runtime
    tokenizer: Tokenizer
    config: ModelConfig
    tile_side: int  # pixels


@dataclass(frozen=True)
class TextContexts:
    """What the velocity network sees of the texts: a context for each condition of the prompt, and the negative prompt's.

    Nearly always there is one condition; styles with strengths need more (`conditioning.mix_styles`).
    """

    prompt: tuple[Context, ...]
    negative: Context
    shares: tuple[float, ...] = (1.0,)  # of the conditions in the prompt's velocity

    def blend(self, velocities: Sequence[np.ndarray]) -> np.ndarray:
        """Return the prompt's velocity from those of its conditions."""
        if len(self.shares) == 1:
            return velocities[0]
        return np.tensordot(np.asarray(self.shares, np.float32), np.stack(velocities), 1)


@dataclass
class Drawing:
    """One request while it is drawn."""

    request: Request
    networks: Networks
    grid: LatentGrid
    prompt: TextContexts  # the whole prompt
    scene: TextContexts  # the prompt without its objects; what the first frame is drawn from
    init_latents: np.ndarray | None = None
    init_mask: np.ndarray | None = None  # latent cells that are drawn anew, (1, 1, 1, h, w); None: all of them
    objects: ObjectPlan | None = None
    own_pixels: bool = False  # post-processing makes pixels larger than those of a draft
    preview: bool = False
    history: "History" = field(init=False)

    def __post_init__(self):
        self.history = History(self.networks, self.grid)
        self.decoder_state: Any = None
        self.shape = (1, self.networks.config.codec.latent_channels, 1, self.grid.latent_height, self.grid.latent_width)
        self.times = grid(self.request.num_inference_steps, shift_for(math.prod(self.shape)))
        self.first_times = start_at(self.times, self.request.strength)
        self.noise = noise_source(self.request)
        steps = len(self.first_times) - 1 + (self.grid.latent_frames - 1) * self.request.num_inference_steps
        self.progress = Phase("draw", steps)


def draw(
    request: Request,
    conditioning: Conditioning,
    networks: Networks,
    init_image: InitImage | None = None,  # of the size that is drawn first
    preview: bool = False,
) -> Iterator[Event]:
    """Draw a request; yields events, the last one "done" with uint8 frames (T, H, W, 3).

    With `preview`, some events carry what the picture looks like so far. NonFiniteError names the step.
    """
    drawing = yield from encode_prompt(request, conditioning, networks, init_image, preview)
    yield drawing.progress.start()
    frames = yield from (draw_clip(drawing) if request.is_clip else draw_picture(drawing))
    if conditioning.postprocess is not None:
        frames = conditioning.postprocess.run(frames, (request.seed, request.index))
    yield Event("done", 1, 1, 0.0, result=frames if init_image is None else init_image.composite(frames))


def draw_picture(drawing: Drawing) -> Generator[Event, None, np.ndarray]:
    """Draw one picture, refined to its size and with its objects in it; returns uint8 (1, H, W, 3)."""
    latents = yield from denoise_frame(drawing, 0, drawing.scene)
    pixels, _ = decode_frame(drawing, latents, 0)
    picture = to_frames(pixels)
    if drawing.request.draft is not None or drawing.objects is not None:
        picture = (yield from compose_objects(drawing, picture[0]))[None]
    return picture


def draw_clip(drawing: Drawing) -> Generator[Event, None, np.ndarray]:
    """Draw a clip, one latent frame after the other; returns uint8 (T, H, W, 3)."""
    state, shown, done = None, np.empty(0, np.float32), []
    for number in range(drawing.grid.latent_frames):
        # Later frames see the first, with its objects, and the whole prompt.
        text = drawing.history.add_to(drawing.prompt, number) if number else drawing.scene
        latents = yield from denoise_frame(drawing, number, text)
        if drawing.objects is not None and not number:
            pixels, _ = decode_frame(drawing, latents, number)
            picture = yield from compose_objects(drawing, to_frames(pixels)[0])
            latents = drawing.networks.runtime.encode(InitImage(picture).encoder_input)
        pixels, state = decode_frame(drawing, latents, number, state)
        pixels = ease_in(pixels, shown) if number else pixels
        shown = pixels[:, :, -1:]
        done.append(to_frames(pixels))
        if drawing.preview:
            yield replace(drawing.progress.advance(0), frames=done[-1])
        if number + 1 < drawing.grid.latent_frames:
            drawing.history.remember(number, latents, text if number else drawing.prompt)
    return np.concatenate(done)[: drawing.request.num_frames]


# -------------------------------------------------------------------------------------------------------- 1: prompt to states


def encode_prompt(
    request: Request, conditioning: Conditioning, networks: Networks, init_image: InitImage | None, preview: bool
) -> Generator[Event, None, Drawing]:
    """Encode the texts, and the init image where there is one; returns all that drawing takes."""
    encoding = Phase("text", 1)
    yield encoding.start()
    encodes = init_image is not None or request.draft is not None or conditioning.objects is not None
    networks.runtime.prepare(request.is_clip, encodes)
    prompt = encode_conditions(conditioning.prompt, conditioning.negative, networks)
    scene = prompt
    if conditioning.objects is not None:
        scene = encode_conditions(conditioning.scene, conditioning.negative, networks)
    drawing = Drawing(
        request,
        networks,
        LatentGrid(*(request.draft or (request.width, request.height)), request.num_frames),
        prompt,
        scene,
        None if init_image is None else networks.runtime.encode(init_image.encoder_input),
        None if init_image is None else init_image.latent_mask,
        conditioning.objects,
        conditioning.postprocess is not None and conditioning.postprocess.own_pixels,
        preview,
    )
    yield encoding.advance()
    return drawing


def encode_conditions(conditions: tuple[Condition, ...], negative: Segments, networks: Networks) -> TextContexts:
    """Encode conditions and negative prompt, each in as many windows as it needs, and read them once for all steps."""

    def read(segments: Segments) -> Context:
        return networks.runtime.read_text(encode_segments(segments, networks))

    prompt = tuple(read(one.segments) for one in conditions)
    return TextContexts(prompt, read(negative), tuple(one.share for one in conditions))


def encode_segments(segments: Segments, networks: Networks) -> np.ndarray:
    """Weighted segments of a text -> states (1, L, D), its windows joined end to end.

    A weight scales the states of its words: the keys of the attention are normalised and stay, the values grow or shrink, so that
    the words say more or less where they are looked at.
    """
    tokenizer, window = networks.tokenizer, networks.config.text.window
    windows = tokenizer.windows(" ".join(text for text, _ in segments), window)
    states = encode_windows(networks.runtime, windows)
    if any(weight != 1 for _, weight in segments):
        states = states * token_weights(segments, tokenizer, windows)[:, None]
    return states


def token_weights(segments: Segments, tokenizer: Tokenizer, windows: list[list[int]]) -> np.ndarray:
    """Return the weight of each token of the windows, (L,) float32; 1 for the marks at their ends."""
    of_words = iter([weight for text, weight in segments for _ in tokenizer.ids(text)])
    return np.asarray(
        [weight for row in windows for weight in (1.0, *(next(of_words, 1.0) for _ in row[1:-1]), 1.0)], np.float32
    )


def encode_windows(runtime: Runtime, windows: list[list[int]]) -> np.ndarray:
    """Token ids in windows -> states (1, L, D), the windows joined end to end."""
    parts = []
    for window in windows:
        ids = np.asarray([window], np.int64)
        parts.append(runtime.encode_text(ids, np.ones(ids.shape, bool)))
    return np.concatenate(parts, axis=1)


# ------------------------------------------------------------------------------------------------------ 2: noise to latents


def denoise_frame(drawing: Drawing, number: int, text: TextContexts) -> Generator[Event, None, np.ndarray]:
    """Denoise latent frame `number`, drawn from `text`; returns its latents (1, c, 1, h, w)."""
    request, runtime = drawing.request, drawing.networks.runtime
    latents, times = drawing.noise(drawing.shape), drawing.times if number else drawing.first_times
    choose = average_velocity if request.sampler == "meanflow" else guided_velocity
    velocity = choose(request, runtime, text, number)
    if drawing.init_latents is not None and not number:
        latents = mix(drawing.init_latents, latents, request.strength).noisy
        if drawing.init_mask is not None:
            velocity = inpaint(velocity, drawing.init_latents, drawing.init_mask)
    for step in SAMPLERS[request.sampler](velocity, latents, times):
        latents = np.asarray(step.latents, np.float32)
        check_finite(latents, number, step.index)
        seen = None
        if drawing.preview and step.index % PREVIEW_EVERY_STEPS == PREVIEW_EVERY_STEPS - 1:
            seen = to_frames(runtime.decode(np.asarray(step.data, np.float32), drawing.decoder_state)[0])[-1]
        yield drawing.progress.advance(preview=seen)
    return latents


def noise_source(request: Request) -> Callable[[tuple[int, ...]], np.ndarray]:
    """Return what draws the noise of one latent frame after the other, varied as the request says."""
    own, other = stream(request.seed, request.index), stream(request.variation_seed, request.index)

    def noise(shape: tuple[int, ...]) -> np.ndarray:
        drawn = own.normal(shape)
        return between(drawn, other.normal(shape), request.variation) if request.variation else drawn

    return noise


def guided_velocity(
    request: Request, runtime: Runtime, text: TextContexts, number: int
) -> Callable[[np.ndarray, float], np.ndarray]:
    """Return the velocity of latent frame `number`: (latents (1, c, 1, h, w), time) -> the same shape.

    Only the first frame is guided: to the later ones the frames before say more than the prompt, and guidance on top of
    them changes a clip by a third more from frame to frame than it should (dev/log.md).
    """
    frame = float(min(number, LAST_TRAINED_FRAME))

    def velocities(latents: np.ndarray, time: float, contexts: Sequence[Context]) -> list[np.ndarray]:
        return runtime.run_parallel([partial(runtime.velocity, latents, time, context, frame) for context in contexts])

    def alone(latents: np.ndarray, time: float) -> np.ndarray:
        return text.blend(velocities(latents, time, text.prompt))

    def pair(latents: np.ndarray, time: float) -> tuple[np.ndarray, np.ndarray]:
        *prompt, negative = velocities(latents, time, (*text.prompt, text.negative))
        return text.blend(prompt), negative

    return alone if number else guided(pair, alone, request.guidance_scale)


def average_velocity(
    request: Request, runtime: Runtime, text: TextContexts, number: int
) -> Callable[[np.ndarray, float, float], np.ndarray]:
    """Return a few-step model's velocity of latent frame `number`: (latents, t, r) -> the average over [r, t] (MeanFlow).

    Guided as `guided_velocity` is, the first frame only; the scale goes in as an input, so a step is one call.
    """
    frame = float(min(number, LAST_TRAINED_FRAME))
    scale = 1.0 if number else request.guidance_scale

    def average(latents: np.ndarray, t: float, r: float) -> np.ndarray:
        calls = [partial(runtime.velocity, latents, t, context, frame, t - r, scale) for context in text.prompt]
        return text.blend(runtime.run_parallel(calls))

    return average


class History:
    """Keys and values of the finished latent frames that a later one may see: the first, and the last few.

    Its size does not grow with the clip. Frames further on than training went are told places inside what was trained.
    """

    def __init__(self, networks: Networks, grid: LatentGrid):
        self.runtime, self.window = networks.runtime, networks.config.transformer.window
        self.rows, self.columns = grid.latent_height // PATCH, grid.latent_width // PATCH
        self.head_width = networks.config.transformer.width // networks.config.transformer.heads
        self.frames: dict[int, tuple[KeysValues, ...]] = {}  # by number; of each condition

    def add_to(self, text: TextContexts, number: int) -> TextContexts:
        """Return the contexts of a text that also see the finished frames, as latent frame `number` does."""
        here = min(number, LAST_TRAINED_FRAME)
        places = [float(max(0, here - (number - old))) for old in self.frames]
        rotary = rotary_table(places, self.rows, self.columns, self.head_width)
        of_conditions = zip(text.prompt, zip(*self.frames.values(), strict=True), strict=True)
        return replace(text, prompt=tuple(extend_context(context, frames, rotary) for context, frames in of_conditions))

    def remember(self, number: int, latents: np.ndarray, text: TextContexts) -> None:
        """Take in finished latent frame `number` (1, c, 1, h, w), drawn from `text`; forget those that no later frame sees."""
        frame = float(min(number, LAST_TRAINED_FRAME))
        calls = [partial(self.runtime.remember, latents, context, frame) for context in text.prompt]
        self.frames[number] = tuple(self.runtime.run_parallel(calls))
        for old in [old for old in self.frames if old and number + 1 - old >= self.window]:
            del self.frames[old]


# -------------------------------------------------------------------------------------------------- 3 and 5: objects, refining


def compose_objects(drawing: Drawing, picture: np.ndarray) -> Generator[Event, None, np.ndarray]:
    """Lay the objects into a picture (H, W, 3) uint8 and paint over them, on the way to its full size; returns it, uint8.

    Without objects it is refined alone.
    """
    request, networks, plan = drawing.request, drawing.networks, drawing.objects
    library = None if plan is None else open_library(plan)

    def lay(scene: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert library is not None and plan is not None
        laid, covered = library.lay_into(scene, plan, stream(request.seed, request.index, "things"))
        return laid, interior_cells(covered, SPACE_FACTOR)

    draft = request.draft or (request.width, request.height)
    # Pixels that post-processing makes larger are not refined, but objects are painted over at the size of the draft.
    size = draft if drawing.own_pixels else (request.width, request.height)
    passes = plan_passes(draft, size, request.num_inference_steps, request.refine_strength)
    return (
        yield from refine(
            picture,
            [] if drawing.own_pixels and plan is None else passes,
            (request.width, request.height),
            SAMPLERS[request.sampler],
            tile_networks(networks, drawing.prompt),
            (request.seed, request.index),
            None if plan is None else lay,
        )
    )


def tile_networks(networks: Networks, text: TextContexts) -> TileNetworks:
    """Return what refining needs: the unguided velocity of a tile, and the codec's two ways."""
    runtime = networks.runtime

    def velocity(tile: np.ndarray, t: float, r: float | None = None, *, centre: tuple[float, float]) -> np.ndarray:
        delta = 0.0 if r is None else t - r
        return text.blend([runtime.velocity(tile, t, context, 0.0, delta, 1.0, centre) for context in text.prompt])

    return TileNetworks(
        velocity,
        runtime.encode,
        lambda latents: runtime.decode(latents, None)[0],
        networks.tile_side,
        runtime.run_parallel,
    )


# ------------------------------------------------------------------------------------------------------- 4: latents to pixels


def decode_frame(drawing: Drawing, latents: np.ndarray, number: int, state: Any = None) -> tuple[np.ndarray, Any]:
    """Decode latent frame `number`; returns pixels (1, 3, 1 or 4, H, W) and the decoder's next state."""
    pixels, state = drawing.networks.runtime.decode(latents, state)
    check_finite(pixels, number, drawing.request.num_inference_steps - 1)
    drawing.decoder_state = state
    return pixels, state


def to_frames(pixels: np.ndarray) -> np.ndarray:
    """Pixels (1, 3, T, H, W) in [-1, 1] -> uint8 (T, H, W, 3)."""
    return np.ascontiguousarray(to_levels(pixels[0]).transpose(1, 2, 3, 0))


def ease_in(pixels: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Spread the step from the frame that was `shown` last, (1, 3, 1, H, W), over the frames of the next group, (1, 3, 4, H, W).

    Every latent frame draws fine texture a little differently, which is seen as a twitch every fourth frame. What a pixel steps
    more than it moves inside the group is taken back, less with each frame; large steps are motion and stay (dev/log.md).
    """
    motion = pixels[:, :, 1:2] - pixels[:, :, :1]
    twitch = pixels[:, :, :1] - shown - motion
    small = np.exp(-((twitch / LARGE_PIXEL_STEP) ** 2))
    rest = np.linspace(1.0, 0.0, pixels.shape[2] + 1, endpoint=False, dtype=np.float32)[1:]
    return pixels - rest[:, None, None] * small * twitch


def check_finite(latents: np.ndarray, number: int, step: int) -> None:
    """Raise NonFiniteError when a latent or pixel is NaN or infinite."""
    if not np.isfinite(latents).all():
        raise NonFiniteError(
            f"latent frame {number} is not finite after step {step + 1}; lower guidance_scale or report it"
        )
