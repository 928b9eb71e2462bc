"""The few-step student: learns the teacher's average velocities with guidance as an input (train/distil.py), as far as time goes."""

import random
import time
from argparse import Namespace
from collections.abc import Callable
from typing import NamedTuple

import torch
from bank import Banks, Batch, Frozen, token_mask
from learner import FastTransformer, Learner, write_shards
from torch import Tensor

from mutoscope.config import GUIDANCE_TAUGHT, ModelConfig, as_student
from mutoscope.flow import mix, shift_for
from mutoscope.guidance import INTERVAL
from mutoscope.train.distil import adaptive, average_target, draw_intervals

CHANCES = {"small": 0.55, "large": 0.2, "clip": 0.25}
BATCH_SHARE = 0.5  # of the teacher's: the teacher answers too
CLEAN_NOISE = 0.15  # of the frames before the one that is drawn
LARGE_NOISE = 0.65  # large pictures are refined from this much noise at most
WARM_UP_STEPS, FALLING = 60, 0.4
FINAL_RATE_SHARE = 1e-3
REPORT_EVERY, REPORT_EVERY_SMOKE = 150, 20  # steps

Average = Callable[[Tensor, Tensor, Tensor], Tensor]
Velocity = Callable[[Tensor, Tensor], Tensor]


def wide(times: Tensor) -> Tensor:
    """Times (B, t) -> (B, 1, t, 1, 1), as they meet latents."""
    return times[:, None, :, None, None]


def narrow(times: Tensor) -> Tensor:
    """Times (B, 1, t, 1, 1) -> (B, t), as the network takes them."""
    return times[:, 0, :, 0, 0]


class Moments(NamedTuple):
    """Noise level, delta (length of the interval) and scale of guidance of each frame, (B, t)."""

    time: Tensor
    delta: Tensor
    guidance: Tensor


def distil(
    options: Namespace, config: ModelConfig, banks: Banks, teacher: Learner, stop_at: float, say: Callable[..., None]
) -> None:
    """Train the student until `stop_at` and keep its averaged weights in `options.keep`."""
    device = banks.frozen.device
    student = FastTransformer(as_student(config).transformer).to(device)
    student.load_state_dict(teacher.averaged(), strict=False)
    teacher.model.requires_grad_(False)
    learner = Learner(student, next(teacher.model.parameters()).dtype)
    generator = torch.Generator().manual_seed(7)
    begun, losses = time.monotonic(), []
    while time.monotonic() < stop_at and learner.steps < options.steps:
        done = max((time.monotonic() - begun) / (stop_at - begun), learner.steps / options.steps)
        kind = random.choices(list(CHANCES), list(CHANCES.values()))[0]
        kind = "small" if kind == "clip" and not banks.has_clips else kind
        error = student_error(student, teacher.model, banks.draw(kind, BATCH_SHARE), kind, generator, banks.frozen)
        adaptive(error).backward()
        warm, falling = (learner.steps + 1) / WARM_UP_STEPS, (1 - done) / FALLING + FINAL_RATE_SHARE
        learner.step(options.student_rate * min(1.0, warm) * min(1.0, falling))
        losses.append(error.detach().mean())
        if learner.steps % (REPORT_EVERY_SMOKE if options.smoke else REPORT_EVERY) == 0:
            say(f"student {learner.steps}: error {torch.stack(losses).mean():.4f}")
            losses = []
            if done > 0.5:
                write_shards(learner.averaged(), options.keep, "student")
    write_shards(learner.averaged(), options.keep, "student")
    say("student done", learner.steps)


def student_error(
    student: FastTransformer,
    teacher: torch.nn.Module,
    batch: Batch,
    kind: str,
    generator: torch.Generator,
    frozen: Frozen,
) -> Tensor:
    """Return the mean square error (B,) of the student's average velocity of the last frame."""
    frames = random.randint(1, batch.latents.shape[2])  # a clip is cut, its last frame is the one that is drawn
    data = batch.latents[:, :, :frames]
    moments = draw_moments(data, kind, generator)
    noisy = mix(data, torch.randn_like(data), wide(moments.time)).noisy
    text = student.adapt(batch.states, batch.mask)

    def average(x: Tensor, time_: Tensor, delta: Tensor) -> Tensor:
        return student(x, narrow(time_), text, batch.mask, narrow(delta), moments.guidance).float()

    answer = average(noisy, wide(moments.time), wide(moments.delta))
    with torch.no_grad():
        guided = frames == 1 and kind != "large"
        velocity = (
            guided_velocity(teacher, batch, frozen, moments.guidance) if guided else plain_velocity(teacher, batch)
        )
        target = average_target(velocity, average, noisy, wide(moments.time), wide(moments.delta))
    return (answer - target)[:, :, -1].square().flatten(1).mean(1)


def draw_moments(data: Tensor, kind: str, generator: torch.Generator) -> Moments:
    """Draw time, delta (the length of its interval) and guidance, where pictures are guided, of the last frame.

    Frames before it are nearly clean.
    """
    samples, frames, device = len(data), data.shape[2], data.device
    times = CLEAN_NOISE * torch.rand(samples, frames, device=device)
    deltas, guidance = torch.zeros_like(times), torch.ones_like(times)
    last, delta = draw_intervals(generator, samples, shift_for(data[0, :, 0].numel()))
    most = LARGE_NOISE if kind == "large" else 1.0
    times[:, -1], deltas[:, -1] = most * last.to(device), most * delta.to(device)
    if frames == 1 and kind != "large":
        low, high = GUIDANCE_TAUGHT
        guidance[:, -1] = low + (high - low) * torch.rand(samples, device=device)
    return Moments(times, deltas, guidance)


def plain_velocity(teacher: torch.nn.Module, batch: Batch) -> Velocity:
    """Return the teacher's velocity without guidance."""
    text = teacher.adapt(batch.states, batch.mask)
    return lambda x, time_: teacher(x, narrow(time_), text, batch.mask).float()


def guided_velocity(teacher: torch.nn.Module, batch: Batch, frozen: Frozen, guidance: Tensor) -> Velocity:
    """Return the teacher's velocity, guided inside of INTERVAL by each sample's own scale."""
    samples = len(batch.states)
    empty = frozen.empty[None].expand(samples, -1, -1)
    empty_lengths = torch.full((samples,), frozen.empty_length, device=frozen.device)
    mask = torch.cat([batch.mask, token_mask(empty_lengths)])
    text = teacher.adapt(torch.cat([batch.states, empty]), mask)
    low, high = INTERVAL

    def velocity(x: Tensor, time_: Tensor) -> Tensor:
        answers = teacher(torch.cat([x, x]), narrow(time_).repeat(2, 1), text, mask).float()
        with_prompt, without = answers.chunk(2)
        scale = torch.where((low <= time_) & (time_ <= high), wide(guidance), 1.0)
        return without + scale * (with_prompt - without)

    return velocity
