"""The stage `distil`: a student of the run's transformer that draws in 1 to 4 steps, guidance being an input.

The student answers an average velocity (MeanFlow, Geng et al. 2025), so that one long step lands where the teacher's many short
ones do. Letters as in the paper: an interval of time [r, t], v the velocity, u(x, r, t) the average of v over [r, t]. Here t is
called `time` and the interval is given by its length, `delta` = t - r. The target comes from MeanFlow's identity

    u = v - (t - r) du/dt                                                                                       (eq. 6)

before the limit: over any first part of the interval, of length `part`,

    delta u(x, time, delta) = part v + (delta - part) u(x - part v, time - part, delta - part)

with v the teacher's guided velocity and the right side free of gradients. The identity is the limit part -> 0. A part of finite
length needs no forward-mode derivative (`torch.func.jvp` fails through fused attention and costs more than it gives), does not
amplify what jitters from one time to the next, and mixes two velocities, so that no target is larger than both (dev/adr/0007).

A clip is cut after a random latent frame: that frame is drawn, those before it are nearly clean, as clips are drawn. Guidance is
taught where `pipeline` guides: for first frames, inside guidance.INTERVAL. Legend: latents B c t h w, time, delta, guidance (B, t).
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from mutoscope.config import GUIDANCE_TAUGHT, ModelConfig, as_student
from mutoscope.data.cache import Folder
from mutoscope.data.records import ALONE, Share
from mutoscope.events import Event
from mutoscope.flow import grid, mix, shift_for, shift_time
from mutoscope.guidance import INTERVAL
from mutoscope.run_folder import load_part
from mutoscope.sampler import meanflow
from mutoscope.train.diffusion import HISTORY_NOISE, DiffusionObjective
from mutoscope.train.settings import DistilOptions, VideoOptions
from mutoscope.transformer import Transformer

MAX_PART = 1 / 8  # of the whole path: the longest part of an interval that is walked with the teacher
MAX_STEPS = 4  # of the student
INSTANT_SHARE = 0.25  # of samples with r = t, whose average is the velocity itself
FREE_END_SHARE = 0.5  # of samples whose interval may begin and end anywhere, not on the sampler's grid
ERROR_FLOOR = 1e-3  # of the adaptive weight


def average_target(
    velocity: Callable[[Tensor, Tensor], Tensor],  # (x, time) -> the teacher's velocity
    average: Callable[[Tensor, Tensor, Tensor], Tensor],  # (x, time, delta) -> the student's average velocity
    x: Tensor,
    time: Tensor,  # broadcasts against x, as delta does
    delta: Tensor,
) -> Tensor:
    """Return what the average velocity over [time - delta, time] should be, the shape of x; see the head of the file.

    The teacher's velocity of the first part is taken in its middle (second order), so that parts may be long.
    """
    part = delta.clamp(max=MAX_PART)
    share = MAX_PART / delta.clamp(min=MAX_PART)  # part / delta, and 1 where delta is 0
    half = velocity(x, time)
    v = velocity(x - part / 2 * half, time - part / 2)
    return share * v + (1 - share) * average(x - part * v, time - part, delta - part)


def adaptive(error: Tensor) -> Tensor:
    """Mean squared errors (B,) -> the loss, each weighted by 1 / (itself + ERROR_FLOOR) (Geng et al. 2025, eq. 22 with p = 1).

    The errors of long intervals are many times those of short ones; weighted, each counts the same.
    """
    return (error / (error.detach() + ERROR_FLOOR)).mean()


def draw_intervals(generator: torch.Generator, count: int, shift: float) -> tuple[Tensor, Tensor]:
    """Return times t (B,) and lengths t - r (B,): INSTANT_SHARE without length, others anywhere, the rest ending on the sampler's grids.

    Those are the grids of 1 to MAX_STEPS steps; half of the rest starts on the grid as well, half on the way.
    """
    steps = torch.randint(1, MAX_STEPS + 1, (count,), generator=generator)
    index = (torch.rand(count, generator=generator) * steps).floor()
    part = torch.where(torch.rand(count, generator=generator) < 0.5, 1.0, torch.rand(count, generator=generator))
    anywhere = torch.rand((count, 2), generator=generator).sort(1).values
    free = torch.rand(count, generator=generator) < FREE_END_SHARE
    r = torch.where(free, anywhere[:, 0], 1 - (index + 1) / steps)
    t = torch.where(free, anywhere[:, 1], 1 - (index + 1 - part) / steps)
    time = shift_time(t, shift)
    instant = torch.rand(count, generator=generator) < INSTANT_SHARE
    return time, torch.where(instant, 0.0, time - shift_time(r, shift))


class DistilObjective(DiffusionObjective):
    """Trains a student of the run's transformer; its weights are the teacher's at first."""

    preview_steps = MAX_STEPS

    def __init__(self, config: ModelConfig, folders: list[Folder], run: Path, options: DistilOptions):
        teacher = load_part(run, "transformer", Transformer(config.transformer))  # what is missing is told at once
        super().__init__(as_student(config), folders, run, VideoOptions(curriculum=options.curriculum))
        self.teacher = teacher.requires_grad_(False).eval()
        self.model.load_state_dict(self.teacher.state_dict(), strict=False)

    @classmethod
    def prepare(
        cls, config: ModelConfig, folders: list[Folder], run: Path, options: DistilOptions, share: Share = ALONE
    ) -> Iterator[Event]:
        """Encode captions and pixels as the teacher's stages do, clips too."""
        yield from super().prepare(config, folders, run, VideoOptions(curriculum=options.curriculum), share)

    def loss(self, generator: torch.Generator, batch: int, fraction: float) -> tuple[Tensor, dict[str, float]]:
        """Adaptively weighted squared error of the average velocity, and the error itself as a number."""
        of_clips = self._takes_clips(generator)
        data, states, mask = self._batch(generator, batch, of_clips, fraction)
        frames = int(torch.randint(1, data.shape[2] + 1, (), generator=generator))
        data = data[:, :, :frames]
        time, delta, guidance = self._moments(generator, len(data), frames, data[0, :, 0].numel())
        noisy = mix(data, torch.randn(data.shape, generator=generator), _wide(time)).noisy
        text = self.model.adapt(states, mask)

        def average(x: Tensor, wide_time: Tensor, wide_delta: Tensor) -> Tensor:
            return self.model(x, _narrow(wide_time), text, mask, _narrow(wide_delta), guidance).float()

        answer = average(noisy, _wide(time), _wide(delta))  # first: autocast keeps the weights as it casts them here
        with torch.no_grad():
            taught = self._taught(states, mask, guidance)
            target = average_target(taught, average, noisy, _wide(time), _wide(delta))
        error = (answer - target)[:, :, -1].square().flatten(1).mean(1)
        name = "error_clips" if frames > 1 else "error_pictures"
        return adaptive(error), {name: float(error.detach().mean())}

    def draw(self, model: Transformer, noise: Tensor, states: Tensor, mask: Tensor, steps: int, scale: float) -> Tensor:
        """Noise (B, c, 1, h, w) -> latents, for previews."""
        text, one = model.adapt(states, mask), torch.ones((len(noise), 1))

        def average(x: Tensor, time: float, r: float) -> Tensor:
            return model(x, time * one, text, mask, (time - r) * one, scale * one).float()

        latents = noise
        for step in meanflow(average, noise, grid(steps, shift_for(noise[0, :, 0].numel()))):
            latents = step.latents
        return latents

    def _moments(
        self, generator: torch.Generator, count: int, frames: int, values: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Time, delta and guidance (B, t): drawn for the last frame, nearly clean, none and 1 for those before it."""
        time = HISTORY_NOISE * torch.rand((count, frames), generator=generator)
        delta, guidance = torch.zeros(count, frames), torch.ones(count, frames)
        time[:, -1], delta[:, -1] = draw_intervals(generator, count, shift_for(values))
        if frames == 1:
            low, high = GUIDANCE_TAUGHT
            guidance[:, -1] = low + (high - low) * torch.rand(count, generator=generator)
        return time, delta, guidance

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
