"""The schedulers of public checkpoints in numpy: from noise to latents, a step at a time, as scheduler_config.json says.

    scheduler = make_scheduler(config, steps)
    latents = noise * scheduler.noise_scale
    for number, time in enumerate(scheduler.times):
        out = unet(scheduler.scaled(latents, number), time)
        latents, data = scheduler.step(number, out, latents, fresh_noise)

Each gives what the class of diffusers with its name gives, to rounding (tests/test_onnx_schedulers.py).
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mutoscope.engines.onnx_folder.noise_levels import karras, shares_of, spaced_times, time_of
from mutoscope.engines.onnx_folder.stepping import Noise, Scheduler, Stepped
from mutoscope.errors import CheckpointError, SettingError

FALLBACK = "EulerDiscreteScheduler"  # for classes that are not known here; the request and a warning say so
# Options that change the numbers and are not known here: a folder that sets one is refused, not drawn otherwise.
UNKNOWN_OPTIONS: dict[str, tuple[Any, ...]] = {
    "use_exponential_sigmas": (False,), "use_beta_sigmas": (False,), "use_lu_lambdas": (False,), "use_flow_sigmas": (False,),
    "thresholding": (False,), "interpolation_type": ("linear",), "timestep_type": ("discrete",), "variance_type": (None,),
    "solver_type": ("midpoint",), "algorithm_type": ("dpmsolver++",), "use_dynamic_shifting": (False,),
}  # fmt: skip


class Euler(Scheduler):
    """EulerDiscreteScheduler: latents grow with their noise, sigma."""

    usual = {"timestep_spacing": "linspace", "final_sigmas_type": "zero", "use_karras_sigmas": False}

    def choose_times(self) -> np.ndarray:
        times = spaced_times(self.config, self.steps, whole=False)
        every = np.sqrt((1 - self.kept) / self.kept)
        sigmas = np.interp(times, np.arange(len(every)), every)
        if self.config["use_karras_sigmas"]:
            sigmas = karras(sigmas[-1], sigmas[0], self.steps)
            times = np.array([time_of(sigma, np.log(every)) for sigma in sigmas])
        last = float(every[0]) if self.config["final_sigmas_type"] == "sigma_min" else 0.0
        self.sigmas = [float(np.float32(sigma)) for sigma in (*sigmas, last)]
        most = max(self.sigmas)
        self.noise_scale = most if self.config["timestep_spacing"] != "leading" else math.sqrt(most**2 + 1)
        return times.astype(np.float32)

    def scaled(self, latents: np.ndarray, number: int) -> np.ndarray:
        return latents / math.sqrt(self.sigmas[number] ** 2 + 1)

    def step(self, number: int, out: np.ndarray, latents: np.ndarray, noise: Noise) -> Stepped:
        data = self._seen(number, out, latents)
        now, after = self.sigmas[number], self.sigmas[number + 1]
        return latents + (latents - data) / now * (after - now), data

    def with_noise(self, data: np.ndarray, noise: np.ndarray, number: int) -> np.ndarray:
        return data + self.sigmas[number] * noise

    def _seen(self, number: int, out: np.ndarray, latents: np.ndarray) -> np.ndarray:
        signal = 1 / math.sqrt(self.sigmas[number] ** 2 + 1)
        spread = self.sigmas[number] * signal
        return self._data(out, latents * signal, signal, spread)


class EulerAncestral(Euler):
    """EulerAncestralDiscreteScheduler: goes below the noise of the next time, and adds fresh noise up to it."""

    adds_noise = True

    def step(self, number: int, out: np.ndarray, latents: np.ndarray, noise: Noise) -> Stepped:
        data = self._seen(number, out, latents)
        now, after = self.sigmas[number], self.sigmas[number + 1]
        up = math.sqrt(after**2 * (now**2 - after**2) / now**2)
        down = math.sqrt(after**2 - up**2)
        moved = latents + (latents - data) / now * (down - now)
        return (moved + up * noise() if up > 0 else moved), data


class Ddim(Scheduler):
    """DDIMScheduler without fresh noise (eta 0)."""

    usual = {"clip_sample": True, "set_alpha_to_one": True}

    def step(self, number: int, out: np.ndarray, latents: np.ndarray, noise: Noise) -> Stepped:
        time = int(self.times[number])
        signal, spread = self._at(time)
        next_signal, next_spread = self._at(time - self.trained // self.steps)
        data = self._data(out, latents, signal, spread)
        kind = self.config["prediction_type"]
        if kind == "v_prediction":
            found_noise = signal * out + spread * latents
        else:
            found_noise = out if kind == "epsilon" else (latents - signal * data) / spread
        data = self._clipped(data)
        return next_signal * data + next_spread * found_noise, data


class Lcm(Scheduler):
    """LCMScheduler: data at every step, noise on it for the next."""

    adds_noise = True
    usual = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "original_inference_steps": 50,
             "clip_sample": False, "set_alpha_to_one": True, "timestep_scaling": 10.0}  # fmt: skip

    def choose_times(self) -> np.ndarray:
        of_training = int(self.config["original_inference_steps"])
        if self.steps > of_training:
            raise SettingError(f"this model draws in 1 to {of_training} steps, got {self.steps}; 4 to 8 are meant")
        times = np.arange(1, of_training + 1)[::-1] * (self.trained // of_training) - 1
        return times[np.floor(np.linspace(0, of_training, self.steps, endpoint=False)).astype(np.int64)]

    def step(self, number: int, out: np.ndarray, latents: np.ndarray, noise: Noise) -> Stepped:
        time = int(self.times[number])
        data = self._clipped(self._data(out, latents, *self._at(time)))
        scaled = time * float(self.config["timestep_scaling"])
        skip, share = 0.25 / (scaled**2 + 0.25), scaled / math.sqrt(scaled**2 + 0.25)
        data = share * data + skip * latents
        if number == self.steps - 1:
            return data, data
        signal, spread = self._at(self.times[number + 1])
        return signal * data + spread * noise(), data


class Pndm(Scheduler):
    """PNDMScheduler without Runge-Kutta steps (PLMS), as Stable Diffusion sets it: the second time is visited twice."""

    usual = {"set_alpha_to_one": False, "skip_prk_steps": False}

    def __init__(self, config: Mapping[str, Any], steps: int):
        super().__init__(config, steps)
        if not self.config["skip_prk_steps"]:
            raise CheckpointError('PNDMScheduler is known with "skip_prk_steps": true alone; choose another scheduler')
        self._outs: list[np.ndarray] = []
        self._visited = 0
        self._first = np.zeros(0)

    def choose_times(self) -> np.ndarray:
        once = spaced_times(self.config, self.steps, whole=True)[::-1]
        return np.concatenate([once[:-1], once[-2:-1], once[-1:]])[::-1].copy()

    def step(self, number: int, out: np.ndarray, latents: np.ndarray, noise: Noise) -> Stepped:
        time, span = int(self.times[number]), self.trained // self.steps
        seen = self._data(out, latents, *self._at(time))
        now, after = (time + span, time) if self._visited == 1 else (time, time - span)
        if self._visited == 1:  # the first step again, with the mean of both its ends
            mean, latents = (out + self._outs[-1]) / 2, self._first
        else:
            self._outs = [*self._outs[-3:], out]
            mean = self._mean()
        if self._visited == 0:
            self._first = latents
        self._visited += 1
        return self._move(latents, mean, now, after), seen

    def _mean(self) -> np.ndarray:
        """Return the mean of the last outputs (Adams and Bashforth)."""
        last = self._outs[::-1]
        shares = {1: (1.0,), 2: (3 / 2, -1 / 2), 3: (23 / 12, -16 / 12, 5 / 12)}
        parts = shares.get(len(last), (55 / 24, -59 / 24, 37 / 24, -9 / 24))
        mean = parts[0] * last[0]
        for share, out in zip(parts[1:], last[1:], strict=True):
            mean = mean + share * out
        return mean

    def _move(self, latents: np.ndarray, out: np.ndarray, now: int, after: int) -> np.ndarray:
        signal, spread = self._at(now)
        next_signal, next_spread = self._at(after)
        if self.config["prediction_type"] == "v_prediction":
            out = signal * out + spread * latents
        below = signal**2 * next_spread + signal * spread * next_signal
        return (next_signal / signal) * latents - ((next_signal**2 - signal**2) / below) * out


class DpmSolver(Scheduler):
    """DPMSolverMultistepScheduler: DPM-Solver++ of first or second order (Lu et al. 2022)."""

    usual = {"timestep_spacing": "linspace", "solver_order": 2, "lower_order_final": True, "euler_at_final": False,
             "final_sigmas_type": "zero", "use_karras_sigmas": False}  # fmt: skip

    def choose_times(self) -> np.ndarray:
        if int(self.config["solver_order"]) not in (1, 2):
            raise CheckpointError(
                f"DPMSolverMultistepScheduler of order {self.config['solver_order']} is not known; set 2"
            )
        steps, spacing = self.steps, self.config["timestep_spacing"]
        if spacing == "linspace":
            times = np.linspace(0, self.trained - 1, steps + 1).round()[::-1][:-1]
        elif spacing == "leading":
            times = (np.arange(steps + 1) * (self.trained // (steps + 1)))[::-1][:-1] + int(self.config["steps_offset"])
        else:
            times = spaced_times(self.config, steps, whole=True)
        every = np.sqrt((1 - self.kept) / self.kept)
        if self.config["use_karras_sigmas"]:
            sigmas = karras(every[0], every[-1], steps)
            times = np.array([time_of(sigma, np.log(every)) for sigma in sigmas])
            times = times.round() if self.config["beta_schedule"] != "squaredcos_cap_v2" else times
        else:
            sigmas = np.interp(times, np.arange(len(every)), every)
        last = float(every[0]) if self.config["final_sigmas_type"] == "sigma_min" else 0.0
        self.sigmas = [float(np.float32(sigma)) for sigma in (*sigmas, last)]
        self._before: tuple[float, np.ndarray] | None = None  # log-ratio and data of the last step
        return times.astype(np.int64)

    def step(self, number: int, out: np.ndarray, latents: np.ndarray, noise: Noise) -> Stepped:
        signal, spread = shares_of(self.sigmas[number])
        next_signal, next_spread = shares_of(self.sigmas[number + 1])
        data = guess = self._data(out, latents, signal, spread)
        ratio = math.log(signal) - math.log(spread)
        if self._before is not None and not self._is_first_order(number):
            ratio_before, data_before = self._before
            span = math.log(next_signal) - math.log(next_spread) - ratio
            guess = data + 0.5 * (span / (ratio - ratio_before)) * (data - data_before)
        self._before = ratio, data
        grown = next_spread * signal / (spread * next_signal)  # exp of minus the span; 0 at the end
        return (next_spread / spread) * latents - next_signal * (grown - 1) * guess, data

    def with_noise(self, data: np.ndarray, noise: np.ndarray, number: int) -> np.ndarray:
        signal, spread = shares_of(self.sigmas[number])
        return signal * data + spread * noise

    def _is_first_order(self, number: int) -> bool:
        few = self.config["lower_order_final"] and len(self.times) < 15
        final = self.config["euler_at_final"] or few or self.config["final_sigmas_type"] == "zero"
        return int(self.config["solver_order"]) == 1 or (number == len(self.times) - 1 and bool(final))


KNOWN: dict[str, type[Scheduler]] = {
    "EulerDiscreteScheduler": Euler,
    "EulerAncestralDiscreteScheduler": EulerAncestral,
    "DDIMScheduler": Ddim,
    "LCMScheduler": Lcm,
    "PNDMScheduler": Pndm,
    "DPMSolverMultistepScheduler": DpmSolver,
}


def choose_scheduler(config: Mapping[str, Any]) -> str:
    """Return the class that draws: the one of the configuration where it is known here, else Euler's; CheckpointError."""
    name = str(config.get("_class_name", ""))
    if "Flow" in name:
        raise CheckpointError(f"{name} is of flow models, which this engine does not draw")
    if name not in KNOWN:
        return FALLBACK
    for option, taken in UNKNOWN_OPTIONS.items():
        if config.get(option, taken[0]) not in taken:
            raise CheckpointError(
                f"scheduler_config.json sets {option} to {config[option]!r}, which is not known here; known: {taken[0]!r}"
            )
    return name


def make_scheduler(config: Mapping[str, Any], steps: int) -> Scheduler:
    """Return a scheduler for one drawing; SettingError for a number of steps that it cannot take."""
    name = choose_scheduler(config)
    if name != config.get("_class_name"):
        config = {key: value for key, value in config.items() if key not in UNKNOWN_OPTIONS and "sigmas" not in key}
    return KNOWN[name](config, steps)
