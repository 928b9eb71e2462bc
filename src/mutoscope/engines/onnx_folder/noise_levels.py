"""Levels of noise and times of training, as scheduler_config.json says them."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mutoscope.errors import CheckpointError

ZERO_SNR_END = 2.0**-24  # what stands for a signal of zero, which could not be divided by


def kept_signal(config: Mapping[str, Any]) -> np.ndarray:
    """Return the share of signal, squared, that is left at each time of training (alphas_cumprod), float32."""
    betas = noise_of_training(config)
    kept = np.cumprod(np.float32(1) - betas, dtype=np.float32)
    if config["rescale_betas_zero_snr"]:
        roots = np.sqrt(kept)
        first, last = roots[0], roots[-1]
        kept = ((roots - last) * (first / (first - last))) ** 2
        if config.get("_class_name") not in ("DDIMScheduler", "LCMScheduler"):
            kept[-1] = ZERO_SNR_END
    return kept


def noise_of_training(config: Mapping[str, Any]) -> np.ndarray:
    """Return the variance that each time of training adds (betas), float32; CheckpointError for an unknown schedule."""
    trained, kind = int(config["num_train_timesteps"]), config["beta_schedule"]
    start, end = float(config["beta_start"]), float(config["beta_end"])
    if config["trained_betas"] is not None:
        return np.asarray(config["trained_betas"], np.float32)
    if kind == "linear":
        return np.linspace(start, end, trained).astype(np.float32)
    if kind == "scaled_linear":
        return np.linspace(start**0.5, end**0.5, trained).astype(np.float32) ** 2
    if kind == "squaredcos_cap_v2":
        angles = (np.arange(trained + 1) / trained + 0.008) / 1.008 * np.pi / 2
        left = np.cos(angles) ** 2
        return np.minimum(1 - left[1:] / left[:-1], 0.999).astype(np.float32)
    raise CheckpointError(f"scheduler_config.json: beta_schedule {kind!r} is not known here; known: linear, scaled_linear, "
                          "squaredcos_cap_v2")  # fmt: skip


def spaced_times(config: Mapping[str, Any], steps: int, whole: bool) -> np.ndarray:
    """Return the times of `steps` steps, the noisiest first, as timestep_spacing says."""
    trained, spacing = int(config["num_train_timesteps"]), config["timestep_spacing"]
    if spacing == "linspace":
        times = np.linspace(0, trained - 1, steps)[::-1]
        return times.round().astype(np.int64) if whole else times.astype(np.float32)
    if spacing == "leading":
        times = (np.arange(steps) * (trained // steps))[::-1] + int(config["steps_offset"])
    elif spacing == "trailing":
        times = np.arange(trained, 0, -trained / steps).round() - 1
    else:
        raise CheckpointError(f"scheduler_config.json: timestep_spacing {spacing!r} is not known; known: linspace, leading, "
                              "trailing")  # fmt: skip
    return times.astype(np.int64 if whole else np.float32)


def karras(low: float, high: float, steps: int) -> np.ndarray:
    """Return noise levels from high to low, spaced evenly in their seventh root (Karras et al. 2022)."""
    roots = float(high) ** (1 / 7), float(low) ** (1 / 7)
    return (roots[0] + np.linspace(0, 1, steps) * (roots[1] - roots[0])) ** 7


def time_of(sigma: float, logarithms: np.ndarray) -> float:
    """Return the time of training at which noise has this level, between whole times by its logarithm."""
    return float(np.interp(math.log(max(float(sigma), 1e-10)), logarithms, np.arange(len(logarithms))))


def shares_of(sigma: float) -> tuple[float, float]:
    """Return the shares of signal and noise at a level of noise."""
    signal = 1 / math.sqrt(sigma**2 + 1)
    return signal, sigma * signal
