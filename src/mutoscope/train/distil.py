"""The stage `distil`: a student of the run's transformer that draws in 1 to 4 steps, guidance being an input.

The student answers the average velocity u over a span of time (MeanFlow, Geng et al. 2025), so that one long step lands where the
teacher's many short ones do. Its target comes from MeanFlow's identity u = v - span du/dt (eq. 6) before the limit: over any first
part of the span,

    span u(x, time, span) = first v + (span - first) u(x - first v, time - first, span - first)

with v the teacher's guided velocity and the right side free of gradients. The identity is the limit first -> 0. A part of finite
length needs no forward-mode derivative (`torch.func.jvp` fails through fused attention and costs more than it gives), does not
amplify what jitters from one time to the next, and mixes two velocities, so that no target is larger than both (dev/adr/0007).

A clip is cut after a random latent frame: that frame is drawn, those before it are nearly clean, as clips are drawn. Guidance is
taught where `pipeline` guides: for first frames, inside guidance.INTERVAL. Legend: latents B c t h w, time, span, guidance (B, t).
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from mutoscope.config import GUIDANCE_TAUGHT, ModelConfig, as_student
from mutoscope.data.cache import Folder
from mutoscope.flow import grid, mix, shift_for, shift_time
from mutoscope.guidance import INTERVAL
from mutoscope.run_folder import load_part
from mutoscope.sampler import meanflow
from mutoscope.train.diffusion import DiffusionObjective
from mutoscope.train.settings import DistilOptions, VideoOptions
from mutoscope.transformer import Transformer

FIRST = 1 / 8  # of the whole path: the longest part of a span that is walked with the teacher
MOST_STEPS = 4  # of the student
INSTANTS = 0.25  # share of samples without span: the velocity itself
FREE = 0.5  # share of the others whose span ends anywhere, not on the sampler's grid
FLOOR = 1e-3  # of the adaptive weight
NEARLY_CLEAN = 0.15  # most noise on the frames before the one that is drawn


def average_target(
    velocity: Callable[[Tensor, Tensor], Tensor],  # (x, time) -> the teacher's velocity
    average: Callable[[Tensor, Tensor, Tensor], Tensor],  # (x, time, span) -> the student's average velocity
    x: Tensor,
    time: Tensor,  # broadcasts against x, as span does
    span: Tensor,
) -> Tensor:
    """Return what the average velocity over [time - span, time] should be, the shape of x; see the head of the file.

    The teacher's velocity of the first part is taken in its middle (second order), so that parts may be long.
    """
    first = span.clamp(max=FIRST)
    share = FIRST / span.clamp(min=FIRST)  # first / span, and 1 where there is no span
    half = velocity(x, time)
    v = velocity(x - first / 2 * half, time - first / 2)
    return share * v + (1 - share) * average(x - first * v, time - first, span - first)


def adaptive(error: Tensor) -> Tensor:
    """Mean squared errors (B,) -> the loss, each weighted by 1 / (itself + FLOOR) (Geng et al. 2025, eq. 22 with p = 1).

    The errors of long spans are many times those of short ones; weighted, each counts the same.
    """
    return (error / (error.detach() + FLOOR)).mean()


def draw_spans(generator: torch.Generator, count: int, shift: float) -> tuple[Tensor, Tensor]:
    """Return times (B,) and spans (B,): INSTANTS without span, others anywhere, the rest towards a point of the sampler's grids.

    Those are the grids of 1 to MOST_STEPS steps; half of the rest starts on the grid as well, half on the way.
    """
    steps = torch.randint(1, MOST_STEPS + 1, (count,), generator=generator)
    index = (torch.rand(count, generator=generator) * steps).floor()
    part = torch.where(torch.rand(count, generator=generator) < 0.5, 1.0, torch.rand(count, generator=generator))
    anywhere = torch.rand((count, 2), generator=generator).sort(1).values
    free = torch.rand(count, generator=generator) < FREE
    until = torch.where(free, anywhere[:, 0], 1 - (index + 1) / steps)
    start = torch.where(free, anywhere[:, 1], 1 - (index + 1 - part) / steps)
    time = shift_time(start, shift)
    instant = torch.rand(count, generator=generator) < INSTANTS
    return time, torch.where(instant, 0.0, time - shift_time(until, shift))


class DistilObjective(DiffusionObjective):
    """Trains a student of the run's transformer; its weights are the teacher's at first."""

    preview_steps = MOST_STEPS

    def __init__(self, config: ModelConfig, folders: list[Folder], run: Path, options: DistilOptions):
        teacher = load_part(run, "transformer", Transformer(config.transformer))  # what is missing is told at once
        super().__init__(as_student(config), folders, run, VideoOptions(curriculum=options.curriculum))
        self.teacher = teacher.requires_grad_(False).eval()
        self.model.load_state_dict(self.teacher.state_dict(), strict=False)

    def loss(self, generator: torch.Generator, batch: int, fraction: float) -> tuple[Tensor, dict[str, float]]:
        """Adaptively weighted squared error of the average velocity, and the error itself as a number."""
        of_clips = self._takes_clips(generator)
        data, states, mask = self._batch(generator, batch, of_clips, fraction)
        frames = int(torch.randint(1, data.shape[2] + 1, (), generator=generator))
        data = data[:, :, :frames]
        time, span, guidance = self._moments(generator, len(data), frames, data[0, :, 0].numel())
        noisy = mix(data, torch.randn(data.shape, generator=generator), _wide(time)).noisy
        text = self.model.adapt(states, mask)

        def average(x: Tensor, wide_time: Tensor, wide_span: Tensor) -> Tensor:
            return self.model(x, _narrow(wide_time), text, mask, _narrow(wide_span), guidance).float()

        answer = average(noisy, _wide(time), _wide(span))  # first: autocast keeps the weights as it casts them here
        with torch.no_grad():
            taught = self._taught(states, mask, guidance)
            target = average_target(taught, average, noisy, _wide(time), _wide(span))
        error = (answer - target)[:, :, -1].square().flatten(1).mean(1)
        name = "error_clips" if frames > 1 else "error_pictures"
        return adaptive(error), {name: float(error.detach().mean())}

    def draw(self, model: Transformer, noise: Tensor, states: Tensor, mask: Tensor, steps: int, scale: float) -> Tensor:
        """Noise (B, c, 1, h, w) -> latents, for previews."""
        text, one = model.adapt(states, mask), torch.ones((len(noise), 1))

        def average(x: Tensor, time: float, until: float) -> Tensor:
            return model(x, time * one, text, mask, (time - until) * one, scale * one).float()

        latents = noise
        for step in meanflow(average, noise, grid(steps, shift_for(noise[0, :, 0].numel()))):
            latents = step.latents
        return latents

    def _moments(
        self, generator: torch.Generator, count: int, frames: int, values: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Time, span and guidance (B, t): drawn for the last frame, nearly clean, none and 1 for those before it."""
        time = NEARLY_CLEAN * torch.rand((count, frames), generator=generator)
        span, guidance = torch.zeros(count, frames), torch.ones(count, frames)
        time[:, -1], span[:, -1] = draw_spans(generator, count, shift_for(values))
        if frames == 1:
            low, high = GUIDANCE_TAUGHT
            guidance[:, -1] = low + (high - low) * torch.rand(count, generator=generator)
        return time, span, guidance

    def _taught(self, states: Tensor, mask: Tensor, guidance: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """Return the teacher's velocity (x, wide time) -> (B, c, t, h, w), guided by `guidance` (B, t) as the pipeline does."""
        if bool((guidance == 1).all()):
            text = self.teacher.adapt(states, mask)
            return lambda x, time: self.teacher(x, _narrow(time), text, mask).float()
        both, both_mask = self._with_empty(states, mask)
        text = self.teacher.adapt(both, both_mask)
        low, high = INTERVAL

        def velocity(x: Tensor, time: Tensor) -> Tensor:
            times = _narrow(time).repeat(2, 1)
            with_prompt, without = self.teacher(torch.cat([x, x]), times, text, both_mask).float().chunk(2)
            scale = torch.where((low <= time) & (time <= high), _wide(guidance), 1.0)
            return without + scale * (with_prompt - without)

        return velocity


def _wide(time: Tensor) -> Tensor:
    """(B, t) -> (B, 1, t, 1, 1), which broadcasts against latents."""
    return time[:, None, :, None, None]


def _narrow(time: Tensor) -> Tensor:
    """(B, 1, t, 1, 1) -> (B, t)."""
    return time[:, 0, :, 0, 0]
