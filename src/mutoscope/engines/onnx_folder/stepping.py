"""What all schedulers share: the noise of training, the times of a drawing, and what the network means by its output."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mutoscope.engines.onnx_folder.noise_levels import kept_signal, spaced_times

Noise = Callable[[], np.ndarray]  # fresh noise of the latents' shape
Stepped = tuple[np.ndarray, np.ndarray]  # latents now, and what the data looks like from here


class Scheduler:
    """What all share: the noise of training, and the times of a drawing, the noisiest first."""

    usual: Mapping[str, Any] = {}  # values of options that the class of diffusers does not share with all
    adds_noise = False  # its steps ask for fresh noise

    def __init__(self, config: Mapping[str, Any], steps: int):
        shared = {"num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear",
                  "trained_betas": None, "prediction_type": "epsilon", "timestep_spacing": "leading", "steps_offset": 0,
                  "rescale_betas_zero_snr": False}  # fmt: skip
        self.config = {**shared, **self.usual, **config}
        self.steps = steps
        self.trained = int(self.config["num_train_timesteps"])
        self.kept = kept_signal(self.config)
        self.noise_scale = 1.0
        self.times = self.choose_times()

    def choose_times(self) -> np.ndarray:
        """Return the times of all steps."""
        return spaced_times(self.config, self.steps, whole=True)

    def scaled(self, latents: np.ndarray, number: int) -> np.ndarray:
        """Return latents as the network reads them."""
        return latents

    def step(self, number: int, out: np.ndarray, latents: np.ndarray, noise: Noise) -> Stepped:
        """Return latents after step `number`, and the data as it looks from here."""
        raise NotImplementedError

    def with_noise(self, data: np.ndarray, noise: np.ndarray, number: int) -> np.ndarray:
        """Return data with as much noise as latents have before step `number`."""
        signal, spread = self._at(self.times[number])
        return signal * data + spread * noise

    def _at(self, time: float) -> tuple[float, float]:
        """Return the shares of signal and noise at a time of training; before the first it is the final signal."""
        kept = float(self.kept[int(time)]) if time >= 0 else self._final_kept()
        return math.sqrt(kept), math.sqrt(1.0 - kept)

    def _final_kept(self) -> float:
        return 1.0 if self.config.get("set_alpha_to_one", True) else float(self.kept[0])

    def _data(self, out: np.ndarray, latents: np.ndarray, signal: float, spread: float) -> np.ndarray:
        """Return the data that the network means by its output."""
        kind = self.config["prediction_type"]
        if kind == "epsilon":
            return (latents - spread * out) / signal
        if kind == "v_prediction":
            return signal * latents - spread * out
        return out

    def _clipped(self, data: np.ndarray) -> np.ndarray:
        if not self.config.get("clip_sample", False):
            return data
        most = float(self.config.get("clip_sample_range", 1.0))
        return np.clip(data, -most, most)
