"""The path on one page: a request becomes text, noise, latent frames and pixels, and tells as events how far it is.

    prompt ─ tokenizer ─ encode_text ─┐
    (seed, index) ─ noise ── sampler ⟲ velocity, guided ── decode ── uint8 frames
        a picture ─ encode ───┘│        (the first frame may start from a picture, and stay as it is where a mask says so)
                               │        (a few-step model: one average velocity a step, guidance goes in as an input)
               └── one latent frame after the other, each seeing the ones before it ── ease in

Things that the prompt names are looked up in a memory of drawings: the network draws the scene without them, they are laid into it,
and the network paints over them in a second pass (objects/). Styles of exact marks get them at the end (postprocess.py).
A picture is a clip of one frame. The pipeline knows no files, arguments or pages. Legend: see shapes.py.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mutoscope.config import SPACE_FACTOR, ModelConfig
from mutoscope.errors import NonFiniteError, SettingError
from mutoscope.events import Event, Phase
from mutoscope.flow import grid, mix, shift_for, start_at
from mutoscope.guidance import guided, keeping
from mutoscope.init_image import InitImage
from mutoscope.objects import Found, Memory, held, own_things
from mutoscope.objects import load as load_memory
from mutoscope.postprocess import FINISHES
from mutoscope.prompt.request import Request
from mutoscope.prompt.weighting import Pieces, without_silent
from mutoscope.refine import Networks, refine
from mutoscope.rng import between, stream
from mutoscope.runtime import Past, Runtime
from mutoscope.sampler import SAMPLERS
from mutoscope.shapes import LatentGrid
from mutoscope.tokenizer import Tokenizer

LAST_TRAINED = 6  # latent frames of a training clip after the first; later ones are told they stand here
PREVIEW_EVERY = 4  # steps
LARGE_STEP = 0.12  # of pixels in [-1, 1]: 15 of 255 levels


@dataclass(frozen=True)
class Text:
    """What the transformer reads: text (R + 1, L, D) and mask (R + 1, L), the R readings of the prompt above the negative prompt.

    Nearly always R is 1; styles with strengths need more (`Request.readings`).
    """

    states: np.ndarray
    mask: np.ndarray
    shares: tuple[float, ...] = (1.0,)  # of the readings in the prompt's velocity, R numbers

    @property
    def prompt(self) -> tuple[np.ndarray, np.ndarray]:
        """States and mask of the prompt alone, (R, L, D) and (R, L)."""
        return self.states[:-1], self.mask[:-1]

    def spread(self, latents: np.ndarray) -> np.ndarray:
        """Latents (1, c, 1, h, w) -> (R, c, 1, h, w) float32, one for each reading."""
        return np.concatenate([latents] * len(self.shares)).astype(np.float32)

    def blend(self, velocities: np.ndarray) -> np.ndarray:
        """Velocities of the readings (R, ...) -> the prompt's (1, ...)."""
        if len(self.shares) == 1:
            return velocities
        return np.tensordot(np.asarray(self.shares, np.float32), velocities, 1)[None]


def draw(
    request: Request,
    runtime: Runtime,
    tokenizer: Tokenizer,
    config: ModelConfig,
    preview: bool,
    init_image: InitImage | None = None,  # of the size that is drawn first
) -> Iterator[Event]:
    """Draw a request; yields events, the last one "done" with uint8 frames (T, H, W, 3).

    With `preview`, some events carry what the picture looks like so far. NonFiniteError names the step.
    """
    frames = LatentGrid(*(request.draft or (request.width, request.height)), request.num_frames)
    reading = Phase("text", 1)
    yield reading.start()
    things = look_up(request) if init_image is None else None
    text = whole_text = read(request, runtime, tokenizer, config.text.window)
    if things is not None:
        text = read(replace(request, prompt=things.found.scene), runtime, tokenizer, config.text.window)
    given = None if init_image is None else runtime.encode(init_image.encoder_input)
    yield reading.advance()

    shape = (1, config.codec.latent_channels, 1, frames.latent_height, frames.latent_width)
    times = grid(request.num_inference_steps, shift_for(math.prod(shape)))
    first_times = start_at(times, request.strength)
    drawing = Phase("draw", len(first_times) - 1 + (frames.latent_frames - 1) * request.num_inference_steps)
    yield drawing.start()
    noise = noise_for(request)
    history = History(config.transformer.window)
    state: Any = None
    shown = np.empty(0, np.float32)
    done: list[np.ndarray] = []
    for number in range(frames.latent_frames):
        latents = noise(shape)
        ask = average_velocity if request.sampler == "meanflow" else guided_velocity
        velocity = ask(request, runtime, text, history.view(number), number)
        if init_image is not None and not number:
            latents = mix(given, latents, request.strength).noisy
            velocity = velocity if init_image.mask is None else keeping(velocity, given, init_image.latent_mask)
        for step in SAMPLERS[request.sampler](velocity, latents, times if number else first_times):
            latents = np.asarray(step.latents, np.float32)
            check_finite(latents, number, step.index)
            seen = None
            if preview and step.index % PREVIEW_EVERY == PREVIEW_EVERY - 1:
                seen = to_bytes(runtime.decode(np.asarray(step.data, np.float32), state)[0])[-1]
            yield drawing.advance(preview=seen)
        if things is not None and not number and request.num_frames > 1:
            for event in refined(to_bytes(runtime.decode(latents, None)[0])[0], request, runtime, whole_text, things):
                if event.phase != "done":
                    yield event
                else:
                    latents = runtime.encode(InitImage(event.result).encoder_input)
            text = whole_text
        pixels, state = runtime.decode(latents, state)
        check_finite(pixels, number, request.num_inference_steps - 1)
        pixels = ease_in(pixels, shown) if number else pixels
        shown = pixels[:, :, -1:]
        done.append(to_bytes(pixels))
        if number + 1 < frames.latent_frames:
            history.remember(number, runtime, latents, text)
    pixels = np.concatenate(done)[: request.num_frames]
    if request.num_frames == 1 and (request.draft is not None or things is not None):
        for event in refined(pixels[0], request, runtime, whole_text, things):
            if event.phase == "done":
                event = replace(event, result=finished(event.result[None], request, things))
            yield event
        return
    pixels = finished(pixels, request, things)
    yield Event("done", 1, 1, 0.0, result=pixels if init_image is None else init_image.composite(pixels))


@dataclass(frozen=True)
class Things:
    """The things that a prompt names, the scene without them, and the memory that holds them."""

    found: Found
    memory: Memory


def look_up(request: Request) -> Things | None:
    """Return the things that a prompt names and the memory holds; None when there are none."""
    if not request.things:
        return None
    memory = memory_of(request)
    found = memory.find(request.prompt)
    return Things(found, memory) if found.things else None


def memory_of(request: Request) -> Memory:
    """Return the memory that a request was made with; SettingError when it, or a thing of the user's own, is another one."""
    memory = load_memory()
    if memory.digest != request.things:
        raise SettingError(
            f"this was drawn with the memory of things {request.things}; this version has {memory.digest}"
        )
    if not request.own_things:
        return memory
    own = own_things()
    for name, digest in request.own_things:
        if name not in own or own[name].hash != digest:
            raise SettingError(
                f"this shows your own thing {name!r} ({digest}), and your folder of things has no such file"
            )
    return memory.joined({name: own[name] for name, _ in request.own_things})


def refined(
    picture: np.ndarray, request: Request, runtime: Runtime, text: Text, things: Things | None
) -> Iterator[Event]:
    """Refine a picture (H, W, 3) uint8, things laid into it first; yields events, the last "done" with the picture."""

    def lay(scene: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        dice = stream(request.seed, request.index, "things")
        laid, covered = things.memory.lay_into(scene, things.found, dice)
        return laid, held(covered, SPACE_FACTOR)

    way = None if things is None else lay
    yield from refine(picture, request, networks_of(runtime, text), runtime.checkpoint.tile_side, way)


def finished(frames: np.ndarray, request: Request, things: Things | None) -> np.ndarray:
    """Return frames (T, H, W, 3) uint8 with the last touch of the request's style; most styles have none.

    Things are flat drawings already, and even areas would swallow what is small in them (dev/log.md).
    """
    if not request.finish or (request.finish == "areas" and things is not None):
        return frames
    return FINISHES[request.finish](frames, (request.seed, request.index))


def noise_for(request: Request) -> Callable[[tuple[int, ...]], np.ndarray]:
    """Return what draws the noise of one latent frame after the other, varied as the request says."""
    own, other = stream(request.seed, request.index), stream(request.variation_seed, request.index)

    def noise(shape: tuple[int, ...]) -> np.ndarray:
        drawn = own.normal(shape)
        return between(drawn, other.normal(shape), request.variation) if request.variation else drawn

    return noise


def read(request: Request, runtime: Runtime, tokenizer: Tokenizer, window: int) -> Text:
    """Read prompt and negative prompt, in as many windows as they need, padded to one length."""
    shares, prompts = zip(*request.readings(), strict=True)
    rows = [read_pieces(words, runtime, tokenizer, window) for words in (*prompts, request.negative_pieces())]
    longest = max(row.shape[1] for row in rows)
    states = np.concatenate([np.pad(row, ((0, 0), (0, longest - row.shape[1]), (0, 0))) for row in rows])
    mask = np.stack([np.arange(longest) < row.shape[1] for row in rows])
    return Text(states, mask, shares)


def read_pieces(words: Pieces, runtime: Runtime, tokenizer: Tokenizer, window: int) -> np.ndarray:
    """Pieces of a prompt -> text (1, L, D), its windows joined end to end.

    A weight scales the states of its words: the keys of the attention are normalised and stay, the values grow or shrink, so that
    the words say more or less where they are looked at. Words of weight 0 are not read at all, nor is their comma.
    """
    words = without_silent(words)
    windows = tokenizer.windows(" ".join(text for text, _ in words), window)
    states = read_windows(runtime, windows)
    if any(weight != 1 for _, weight in words):
        states = states * token_weights(words, tokenizer, windows)[:, None]
    return states


def token_weights(words: Pieces, tokenizer: Tokenizer, windows: list[list[int]]) -> np.ndarray:
    """Return the weight of each token of the windows, (L,) float32; 1 for the marks at their ends."""
    of_words = iter([weight for text, weight in words for _ in tokenizer.ids(text)])
    return np.asarray(
        [weight for row in windows for weight in (1.0, *(next(of_words, 1.0) for _ in row[1:-1]), 1.0)], np.float32
    )


def read_windows(runtime: Runtime, windows: list[list[int]]) -> np.ndarray:
    """Token ids in windows -> text (1, L, D), the windows joined end to end."""
    parts = []
    for window in windows:
        ids = np.asarray([window], np.int64)
        parts.append(runtime.encode_text(ids, np.ones(ids.shape, bool)))
    return np.concatenate(parts, axis=1)


def guided_velocity(request: Request, runtime: Runtime, text: Text, past: Past | None, number: int):
    """Return the velocity of latent frame `number`: (latents (1, c, 1, h, w), time) -> the same shape.

    Only the first frame is guided: to the later ones the frames before say more than the prompt, and guidance on top of
    them changes a clip by a third more from frame to frame than it should (dev/log.md).
    """
    frame = float(min(number, LAST_TRAINED))

    def alone(latents: np.ndarray, time: float) -> np.ndarray:
        states, mask = text.prompt
        return text.blend(runtime.velocity(text.spread(latents), time, states, mask, frame, past)[0])

    def pair(latents: np.ndarray, time: float) -> tuple[np.ndarray, np.ndarray]:
        all_rows = np.concatenate([text.spread(latents), latents]).astype(np.float32)
        velocity, _, _ = runtime.velocity(all_rows, time, text.states, text.mask, frame, None)
        return text.blend(velocity[:-1]), velocity[-1:]

    return guided(pair, alone, request.guidance_scale) if past is None else alone


def average_velocity(request: Request, runtime: Runtime, text: Text, past: Past | None, number: int):
    """Return a few-step model's velocity of latent frame `number`: (latents, time, until) -> the average on the way there.

    Guided as `guided_velocity` is, the first frame only; the scale goes in as an input, so a step is one call.
    """
    frame = float(min(number, LAST_TRAINED))
    scale = request.guidance_scale if past is None else 1.0

    def average(latents: np.ndarray, time: float, until: float) -> np.ndarray:
        states, mask = text.prompt
        rows = runtime.velocity(text.spread(latents), time, states, mask, frame, past, time - until, scale)[0]
        return text.blend(rows)

    return average


def networks_of(runtime: Runtime, text: Text) -> Networks:
    """Return what refining needs: the unguided velocity of a tile, and the codec's two ways."""
    states, mask = text.prompt

    def velocity(
        tile: np.ndarray, time: float, until: float | None = None, *, centre: tuple[float, float]
    ) -> np.ndarray:
        span = 0.0 if until is None else time - until
        return text.blend(runtime.velocity(text.spread(tile), time, states, mask, 0.0, None, span, 1.0, centre)[0])

    return Networks(velocity, runtime.encode, lambda latents: runtime.decode(latents, None)[0])


class History:
    """Keys and values of the finished latent frames that a later one may see: the first, and the last few.

    Its size does not grow with the clip. Frames further on than training went are told places inside what was trained.
    """

    def __init__(self, window: int):
        self.window = window
        self.frames: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def view(self, number: int) -> Past | None:
        """Return the past as latent frame `number` sees it; None for the first."""
        if not self.frames:
            return None
        here = min(number, LAST_TRAINED)
        places = tuple(float(max(0, here - (number - old))) for old in self.frames)
        keys = np.concatenate([keys for keys, _ in self.frames.values()], axis=3)
        values = np.concatenate([values for _, values in self.frames.values()], axis=3)
        return Past(keys, values, places)

    def remember(self, number: int, runtime: Runtime, latents: np.ndarray, text: Text) -> None:
        """Take in finished latent frame `number` (1, c, 1, h, w) and forget those that no later frame sees."""
        frame = float(min(number, LAST_TRAINED))
        _, keys, values = runtime.velocity(text.spread(latents), 0.0, *text.prompt, frame, self.view(number))
        self.frames[number] = (keys, values)
        for old in [old for old in self.frames if old and number + 1 - old >= self.window]:
            del self.frames[old]


def ease_in(pixels: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Spread the step from the frame that was `shown` last, (1, 3, 1, H, W), over the frames of the next group, (1, 3, 4, H, W).

    Every latent frame draws fine texture a little differently, which is seen as a twitch every fourth frame. What a pixel steps
    more than it moves inside the group is taken back, less with each frame; large steps are motion and stay (dev/log.md).
    """
    motion = pixels[:, :, 1:2] - pixels[:, :, :1]
    twitch = pixels[:, :, :1] - shown - motion
    small = np.exp(-((twitch / LARGE_STEP) ** 2))
    rest = np.linspace(1.0, 0.0, pixels.shape[2] + 1, endpoint=False, dtype=np.float32)[1:]
    return pixels - rest[:, None, None] * small * twitch


def to_bytes(pixels: np.ndarray) -> np.ndarray:
    """Pixels (1, 3, T, H, W) in [-1, 1] -> uint8 (T, H, W, 3)."""
    scaled = (np.clip(pixels[0], -1.0, 1.0) + 1.0) * 127.5
    return np.ascontiguousarray(np.rint(scaled).astype(np.uint8).transpose(1, 2, 3, 0))


def check_finite(latents: np.ndarray, number: int, step: int) -> None:
    """Raise NonFiniteError when a latent or pixel is NaN or infinite."""
    if not np.isfinite(latents).all():
        raise NonFiniteError(
            f"latent frame {number} is not finite after step {step + 1}; lower guidance_scale or report it"
        )
