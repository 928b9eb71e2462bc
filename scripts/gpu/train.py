"""Train the transformer in minutes on one GPU, in one process: renderers on all other cores fill a bank that is trained on meanwhile.

    python train.py --seconds 560 --student-seconds 120 --sprites ~/sprites --out OUT --keep KEEP

Runs in the folder that `pack.py` makes; needs torch, numpy, safetensors and Pillow. See README.md.
"""

import argparse
import json
import math
import multiprocessing
import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from bank import TOKENS_PER_BATCH, Banks, Batch, Frozen
from learner import FastTransformer, Learner, write_shards
from preview import draw_preview
from renderers import SEED, Work, render_until, scaled_buckets
from student import distil

from mutoscope.config import ModelConfig, preset
from mutoscope.flow import shift_for, shift_time

START = time.monotonic()
HERE = Path(__file__).resolve().parent
KINDS = ("small", "large", "clip")
# Chance of each kind until this part of the time is over: composition first, then detail and motion.
PHASES = ((0.35, (0.80, 0.08, 0.12)), (0.72, (0.42, 0.34, 0.24)), (1.0, (0.30, 0.45, 0.25)))
WARM_UP_STEPS, FALLING = 300, 0.45  # of the rate: up in so many steps, down in the last part of the time
LARGE_NOISE, LARGE_NOISE_CHANCE = (
    0.65,
    0.7,
)  # large pictures are refined, so most of their samples have no more noise than this
CLEAN_NOISE = 0.15  # frames before the one that is drawn have at most this much
FIRST_SAMPLES = {"cuda": 600, "cpu": 40}
PATIENCE_SECONDS = 100  # for the first picture
SAFETY_SECONDS = 150  # between two writings of the weights
FILL_EVERY, FILL_AT_ONCE = 5, 12  # steps, batches of the renderers


def main() -> None:
    options = read_options()
    end = START + options.seconds
    with open_banks(options) as (config, frozen, banks):
        wait_for_samples(banks, options)
        if options.probe:
            print_probe(options, config, banks)
            return
        teacher = train(options, config, banks, end - options.student_seconds - options.reserve)
        save_teacher(options, teacher, frozen)
        if options.student_seconds > 0:
            distil(options, config, banks, teacher, end - options.reserve / 3, say)


def read_options() -> argparse.Namespace:
    """Return the words of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=560, help="of the whole run, everything included")
    parser.add_argument("--student-seconds", type=float, default=100, help="of them for the few-step student; 0: none")
    parser.add_argument("--reserve", type=float, default=25, help="seconds kept for the preview and for writing")
    parser.add_argument("--steps", type=int, default=10**9, help="of each stage at most")
    parser.add_argument("--out", type=Path, required=True, help="folder that comes back")
    parser.add_argument("--keep", type=Path, default=Path.home() / "keep", help="folder that stays on the machine")
    parser.add_argument("--preset", default="mini")
    parser.add_argument("--workers", type=int, default=14, help="processes that render")
    parser.add_argument("--clip-workers", type=int, default=4, help="of them for clips")
    parser.add_argument("--rate", type=float, default=0.003)
    parser.add_argument("--student-rate", type=float, default=0.001)
    parser.add_argument("--tokens", type=int, default=TOKENS_PER_BATCH, help="of a batch")
    parser.add_argument("--scale", type=float, default=1.0, help="of all sides; 0.25 for a try on a CPU")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", help="bfloat16 on a GPU, float32 on a CPU")
    parser.add_argument("--sprites", type=Path, help="folder with sets of sprites; without it no scene has objects")
    parser.add_argument("--smoke", action="store_true", help="a first try: time each kind of step, report often")
    parser.add_argument("--probe", type=Path, help="transformer.safetensors of a run: print its loss and stop")
    return parser.parse_args()


def say(*words: Any) -> None:
    """Print words after the seconds since the start."""
    print(f"[{time.monotonic() - START:6.1f}]", *words, flush=True)


@contextmanager
def open_banks(options: argparse.Namespace) -> Iterator[tuple[ModelConfig, Frozen, Banks]]:
    """Start the renderers, load the frozen parts, and give the banks that they fill; the renderers end with it."""
    buckets = scaled_buckets(options.scale)
    results, stop = multiprocessing.Queue(maxsize=48), multiprocessing.Event()
    first = 1000 if options.smoke else 0  # the real run does not begin with the scenes of the try
    work = [
        Work(first + number, buckets, number < options.clip_workers, options.sprites, HERE / "tokenizer.json")
        for number in range(options.workers)
    ]
    renderers = [multiprocessing.Process(target=render_until, args=(stop, results, one), daemon=True) for one in work]
    for renderer in renderers:  # before CUDA is woken: they are forks of this process
        renderer.start()
    try:
        prepare_torch()
        config = preset(options.preset)
        frozen = Frozen.load(HERE / "parts.safetensors", HERE / "tokenizer.json", config, torch.device(options.device))
        yield config, frozen, Banks(buckets, config, frozen, results, options.tokens)
    finally:
        stop.set()
        for renderer in renderers:
            renderer.terminate()
            renderer.join()


def prepare_torch() -> None:
    """Set what the whole run computes with."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cuda.enable_cudnn_sdp(False)  # it plans anew for every shape
    torch.manual_seed(SEED)
    random.seed(SEED)


def wait_for_samples(banks: Banks, options: argparse.Namespace) -> None:
    """Wait until there is enough to begin with."""
    cuda = options.device != "cpu"
    while sum(banks.counts.values()) < FIRST_SAMPLES["cuda" if cuda else "cpu"] or (
        options.clip_workers and not banks.has_clips
    ):
        banks.fill()
        time.sleep(0.2)
        patient = time.monotonic() - START < PATIENCE_SECONDS or any(banks.counts.values())
        if not patient or not multiprocessing.active_children():
            raise SystemExit("the renderers gave nothing; see their errors above")
    say("first samples", banks.counts)


def train(options: argparse.Namespace, config: ModelConfig, banks: Banks, stop_at: float) -> Learner:
    """Train until `stop_at`; return the learner, its network with the averaged weights."""
    device = banks.frozen.device
    model = FastTransformer(config.transformer).to(device)
    say(
        f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M weights, torch {torch.__version__}, {os.cpu_count()} cores"
    )
    dtype = options.dtype or ("bfloat16" if device.type == "cuda" else "float32")
    learner = Learner(model, getattr(torch, dtype))
    if options.smoke and device.type == "cuda":
        time_steps(model, learner, banks)
    log, begun, saved = Log(20 if options.smoke else 400), time.monotonic(), time.monotonic()
    while time.monotonic() < stop_at and learner.steps < options.steps:
        done = max((time.monotonic() - begun) / (stop_at - begun), learner.steps / options.steps)
        kind = choose_kind(done, banks)
        loss, samples = backward(model, banks.draw(kind), kind)
        rate = rate_at(options.rate, done, learner.steps)
        learner.step(rate)
        if learner.steps % FILL_EVERY == 0:
            banks.fill(FILL_AT_ONCE)
        log.add(kind, loss, samples, learner.steps, rate=round(rate, 5), bank=banks.counts)
        if time.monotonic() - saved > SAFETY_SECONDS:
            saved = time.monotonic()
            write_shards(learner.averaged(), options.out, "teacher")
    say("teacher done", learner.steps, log.seen)
    learner.use(learner.average)
    options.out.mkdir(parents=True, exist_ok=True)
    held = {
        "log": log.rows,
        "seen": log.seen,
        "steps": learner.steps,
        "options": {k: str(v) for k, v in vars(options).items()},
    }
    (options.out / "log.json").write_text(json.dumps(held))
    return learner


def choose_kind(done: float, banks: Banks) -> str:
    """Return what the next batch is of, when this part of the time is over."""
    chances = next((chances for until, chances in PHASES if done < until), PHASES[-1][1])
    kind = random.choices(KINDS, chances)[0]
    return "small" if kind == "clip" and not banks.has_clips else kind


def rate_at(rate: float, done: float, steps: int) -> float:
    """Return the rate of a step: up over the first steps, down to nearly nothing over the last part of the time."""
    return rate * min(1.0, (steps + 1) / WARM_UP_STEPS) * min(1.0, max(0.0, (1 - done) / FALLING)) + 1e-6


def backward(model: FastTransformer, batch: Batch, kind: str) -> tuple[torch.Tensor, int]:
    """Add the gradients of one batch; return its loss and its number of samples."""
    loss = velocity_loss(model, batch, draw_times(batch, kind))
    loss.backward()
    return loss.detach(), len(batch.latents)


def velocity_loss(model: FastTransformer, batch: Batch, time_: torch.Tensor) -> torch.Tensor:
    """Return the mean square error of the velocity at these times (B, t): noise - data (flow matching)."""
    noise = torch.randn_like(batch.latents)
    wide = time_[:, None, :, None, None]
    noisy = (1 - wide) * batch.latents + wide * noise
    velocity = model(noisy, time_, model.adapt(batch.states, batch.mask), batch.mask)
    return (velocity.float() - (noise - batch.latents)).square().mean()


def draw_times(batch: Batch, kind: str) -> torch.Tensor:
    """Draw the noise level of each frame, (B, t): every frame its own, or clean ones before the frame that is drawn."""
    samples, frames, device = len(batch.latents), batch.latents.shape[2], batch.latents.device
    values = batch.latents[0, :, 0].numel()
    times = shift_time(torch.sigmoid(torch.randn(samples, frames, device=device)), shift_for(values))
    if kind == "large":
        refined = torch.rand(samples, 1, device=device) < LARGE_NOISE_CHANCE
        return torch.where(refined, LARGE_NOISE * times, times)
    if frames == 1:
        return times
    pivot = torch.randint(frames, (samples, 1), device=device)
    before = torch.arange(frames, device=device)[None] < pivot
    clean = CLEAN_NOISE * torch.rand(samples, frames, device=device)
    forced = torch.rand(samples, 1, device=device) < 0.5
    return torch.where(before & forced, clean, times)


class Log:
    """Means of the losses between two reports; stops a run whose loss is no number."""

    def __init__(self, every: int):
        self.every = every
        self.rows: list[dict[str, Any]] = []
        self.seen: dict[str, int] = defaultdict(int)
        self._losses: dict[str, list[torch.Tensor]] = defaultdict(list)
        self._timed = time.monotonic()

    def add(self, kind: str, loss: torch.Tensor, samples: int, step: int, **facts: Any) -> None:
        """Count a step, and report every so many of them."""
        self.seen[kind] += samples
        self._losses[kind].append(loss)
        if step % self.every:
            return
        means = {name: round(float(torch.stack(losses).mean()), 4) for name, losses in self._losses.items()}
        now = time.monotonic()
        milliseconds = 1000 * (now - self._timed) / self.every
        row = {"step": step, "s": round(now - START, 1), "ms": round(milliseconds, 1), **means, "seen": dict(self.seen)}
        self.rows.append(row | facts)
        self._losses, self._timed = defaultdict(list), now
        say(json.dumps(self.rows[-1]))
        if not math.isfinite(sum(means.values())):
            raise SystemExit("the loss is not finite")


def time_steps(model: FastTransformer, learner: Learner, banks: Banks) -> None:
    """Print how long each kind of step takes on a GPU, and the optimisers alone."""
    for kind in KINDS * 2:  # the first time includes choosing kernels
        torch.cuda.synchronize()
        begun = time.monotonic()
        samples = sum(backward(model, banks.draw(kind), kind)[1] for _ in range(8))
        torch.cuda.synchronize()
        spent = time.monotonic() - begun
        memory = torch.cuda.max_memory_allocated() / 1e9
        say(f"{kind}: {samples // 8} samples in {125 * spent:.1f} ms, {samples / spent:.0f} samples/s, {memory:.1f} GB")
    for _ in range(2):
        begun = time.monotonic()
        learner.step(1e-9)
        torch.cuda.synchronize()
        say(f"optimisers: {1000 * (time.monotonic() - begun):.1f} ms")
    learner.steps = 0


def save_teacher(options: argparse.Namespace, learner: Learner, frozen: Frozen) -> None:
    """Write the averaged weights, and on a GPU a preview; a preview that fails does not end the run."""
    for folder in (options.out, options.keep):
        write_shards(learner.averaged(), folder, "teacher")
    try:
        if frozen.device.type == "cuda":
            draw_preview(learner.model, frozen, HERE / "tokenizer.json", options.out / "preview.png")
    except Exception as error:
        say("no preview:", repr(error))


def print_probe(options: argparse.Namespace, config: ModelConfig, banks: Banks) -> None:
    """Print the loss of a transformer that was trained elsewhere, on what the renderers draw here."""
    from safetensors.torch import load_file

    model = FastTransformer(config.transformer).to(banks.frozen.device)
    model.load_state_dict(load_file(options.probe))
    with torch.no_grad():
        for kind in KINDS:
            batches = [banks.draw(kind) for _ in range(6)]
            losses = [velocity_loss(model, batch, draw_times(batch, kind)) for batch in batches]
            say(
                "probe",
                kind,
                f"loss {torch.stack(losses).mean():.4f}, deviation of the data {batches[0].latents.std():.3f}",
            )


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()
