"""Our schedulers give what those of diffusers with the same name give."""

import importlib
import importlib.util
from typing import Any

import numpy as np
import pytest

from mutoscope.engines.onnx_folder.schedulers import KNOWN, choose_scheduler, make_scheduler
from mutoscope.errors import CheckpointError, SettingError

if importlib.util.find_spec("diffusers") is None:
    pytest.skip("needs diffusers", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # of torch tensors in numpy

SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
COSINE = {"beta_schedule": "squaredcos_cap_v2"}
CASES: list[tuple[str, dict[str, Any]]] = [
    *(("EulerDiscreteScheduler", {"timestep_spacing": spacing, "steps_offset": 1, "prediction_type": kind})
      for spacing in ("leading", "trailing", "linspace") for kind in ("epsilon", "v_prediction")),
    ("EulerDiscreteScheduler", {"use_karras_sigmas": True, "timestep_spacing": "leading", "steps_offset": 1}),
    ("EulerDiscreteScheduler", {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing", "prediction_type": "v_prediction"}),
    ("EulerDiscreteScheduler", {"final_sigmas_type": "sigma_min", "beta_schedule": "linear"}),
    ("EulerAncestralDiscreteScheduler", {"timestep_spacing": "trailing"}),
    ("EulerAncestralDiscreteScheduler", {"prediction_type": "v_prediction"}),
    ("DDIMScheduler", {"clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}),
    ("DDIMScheduler", {"prediction_type": "v_prediction", "timestep_spacing": "trailing", "rescale_betas_zero_snr": True}),
    ("DDIMScheduler", {"prediction_type": "sample", "timestep_spacing": "linspace"}),
    ("LCMScheduler", {}),
    ("LCMScheduler", {"prediction_type": "v_prediction", "clip_sample": True}),
    ("PNDMScheduler", {"skip_prk_steps": True, "steps_offset": 1}),
    ("PNDMScheduler", {"skip_prk_steps": True, "prediction_type": "v_prediction", "set_alpha_to_one": True}),
    ("DPMSolverMultistepScheduler", {}),
    ("DPMSolverMultistepScheduler", {"timestep_spacing": "leading", "steps_offset": 1, "prediction_type": "v_prediction"}),
    ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    ("DPMSolverMultistepScheduler", {"final_sigmas_type": "sigma_min", "timestep_spacing": "trailing", **COSINE}),
    ("DPMSolverMultistepScheduler", {"solver_order": 1}),
]  # fmt: skip


def theirs(name: str, options: dict[str, Any]) -> Any:
    return getattr(importlib.import_module("diffusers"), name)(**(SD | options))


@pytest.mark.parametrize("steps", [1, 4, 20])
@pytest.mark.parametrize(
    ("name", "options"),
    CASES,
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else value,
)
def test_equals_diffusers(name: str, options: dict[str, Any], steps: int, monkeypatch: pytest.MonkeyPatch):
    import torch

    scheduler = theirs(name, options)
    scheduler.set_timesteps(steps)
    own = make_scheduler({"_class_name": name, **dict(scheduler.config)}, steps)
    assert np.allclose(own.times, scheduler.timesteps.numpy(), atol=1e-3)
    assert own.noise_scale == pytest.approx(float(scheduler.init_noise_sigma), rel=1e-5)
    random = np.random.default_rng(3)
    draw = lambda: random.standard_normal((1, 4, 8, 8)).astype(np.float32)  # noqa: E731
    fresh = draw()
    for module in ("euler_ancestral_discrete", "lcm"):
        path = f"diffusers.schedulers.scheduling_{module}.randn_tensor"
        monkeypatch.setattr(path, lambda *_, **__: torch.from_numpy(fresh))
    latents = draw() * np.float32(own.noise_scale)
    expected = torch.from_numpy(latents.copy())
    scale = 1.0
    for number, time in enumerate(scheduler.timesteps):
        out, fresh = draw(), draw()
        scale = max(scale, float(np.abs(latents).max()))
        scaled = scheduler.scale_model_input(expected, time)
        assert np.allclose(own.scaled(latents, number), scaled.numpy(), atol=1e-5 * scale)
        expected = scheduler.step(torch.from_numpy(out), time, expected).prev_sample
        latents, data = own.step(number, out, latents, lambda: fresh)  # noqa: B023
        # What float32 can tell apart: where hardly any of the picture is left in the noise, its estimate is large.
        scale = max(scale, float(np.abs(latents).max()), float(np.abs(data).max()))
        assert np.abs(latents - expected.numpy()).max() <= 1e-5 * scale, number
        assert latents.dtype == data.dtype == np.float32


@pytest.mark.parametrize(("name", "options"), CASES[:1] + CASES[11:12] + CASES[14:15] + CASES[16:17])
def test_noise_on_a_picture_equals_diffusers(name: str, options: dict[str, Any]):
    import torch

    scheduler = theirs(name, options)
    scheduler.set_timesteps(10)
    own = make_scheduler({"_class_name": name, **dict(scheduler.config)}, 10)
    data, noise = np.random.default_rng(1).standard_normal((2, 1, 4, 4, 4)).astype(np.float32)
    for number in (1, 3, 7):
        time = scheduler.timesteps[number : number + 1]
        expected = scheduler.add_noise(torch.from_numpy(data), torch.from_numpy(noise), time)
        assert np.allclose(own.with_noise(data, noise, number), expected.numpy(), atol=1e-4)


def test_what_is_not_known_is_said():
    assert choose_scheduler({"_class_name": "UniPCMultistepScheduler"}) == "EulerDiscreteScheduler"
    assert type(make_scheduler({"_class_name": "UniPCMultistepScheduler", **SD}, 4)) is KNOWN["EulerDiscreteScheduler"]
    with pytest.raises(CheckpointError, match="sets algorithm_type to 'sde-dpmsolver"):
        choose_scheduler({"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "sde-dpmsolver++"})
    with pytest.raises(CheckpointError, match="flow models"):
        choose_scheduler({"_class_name": "FlowMatchEulerDiscreteScheduler"})
    with pytest.raises(CheckpointError, match="beta_schedule 'cubic'"):
        make_scheduler({"_class_name": "DDIMScheduler", "beta_schedule": "cubic"}, 4)
    with pytest.raises(CheckpointError, match="skip_prk_steps"):
        make_scheduler({"_class_name": "PNDMScheduler"}, 4)
    with pytest.raises(SettingError, match="1 to 50 steps, got 60"):
        make_scheduler({"_class_name": "LCMScheduler"}, 60)
