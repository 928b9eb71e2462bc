"""What training has to know of a family of models made elsewhere: how it reads a picture and words, and what it is to predict.

StableDiffusionPipeline, StableDiffusionXLPipeline    noise or velocity at a step of the schedule, as the scheduler's config says
FluxPipeline, StableDiffusion3Pipeline                noise - data on the straight line between them (flow matching)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mutoscope.errors import SettingError

LATENT_STEPS = 1000.0  # of a flow's times, as the networks are given them
FLUX_GUIDANCE = 1.0  # the network's own input for guidance; 1 leaves what is learned as it is
Words = dict[str, Tensor]  # of a caption, by the argument of the network that takes them


@dataclass(frozen=True)
class Kind:
    """A family that can be trained."""

    network: str  # component that learns
    kohya: bool  # how the file spells its layers: as kohya does, or as peft
    base_version: str  # the words for it in a file's header: kohya's, and those of modelspec
    architecture: str


KINDS = {
    "StableDiffusionPipeline": Kind("unet", True, "sd_v1", "stable-diffusion-v1/lora"),
    "StableDiffusionXLPipeline": Kind("unet", True, "sdxl_base_v1-0", "stable-diffusion-xl-v1-base/lora"),
    "StableDiffusion3Pipeline": Kind("transformer", False, "sd3", "stable-diffusion-3/lora"),
    "FluxPipeline": Kind("transformer", False, "flux1", "flux-1-dev/lora"),
}


def find_kind(pipeline: str, name: str) -> Kind:
    """Return the family of a pipeline's class; SettingError for one that is not trained."""
    if pipeline not in KINDS:
        raise SettingError(
            f"{name} is a {pipeline}, which is not trained here; a LoRA can be trained for {', '.join(KINDS)}"
        )
    return KINDS[pipeline]


class NoiseSchedule:
    """Steps of noise, of which the network predicts the noise or the velocity."""

    def __init__(self, config: Mapping[str, Any], name: str):
        from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

        self.schedule: Any = DDPMScheduler.from_config(dict(config))
        self.predicts = self.schedule.config.prediction_type
        if self.predicts not in ("epsilon", "v_prediction"):
            raise SettingError(f"{name} predicts {self.predicts!r}, which is not trained; expected noise or velocity")

    def draw(self, random: torch.Generator) -> Tensor:
        """Return a time, (1,)."""
        return torch.randint(0, self.schedule.config.num_train_timesteps, (1,), generator=random)

    def mix(self, data: Tensor, noise: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
        """Return data with noise, and what is to be predicted."""
        noisy = self.schedule.add_noise(data, noise, time)
        return noisy, noise if self.predicts == "epsilon" else self.schedule.get_velocity(data, noise, time)


class FlowSchedule:
    """The straight line from data to noise; most times lie in the middle, where there is most to learn (Esser et al. 2024)."""

    def __init__(self, config: Mapping[str, Any]):
        self.shift = 1.0 if config.get("use_dynamic_shifting") else float(config.get("shift", 1.0))

    def draw(self, random: torch.Generator) -> Tensor:
        """Return a time, (1,): the share of noise."""
        share = torch.sigmoid(torch.randn(1, generator=random))
        return self.shift * share / (1 + (self.shift - 1) * share)

    def mix(self, data: Tensor, noise: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
        """Return data with noise, and what is to be predicted."""
        share = time.to(data).view(-1, 1, 1, 1)
        return (1 - share) * data + share * noise, noise - data


class Teacher:
    """A pipeline as training needs it: pictures and captions in, predictions out."""

    def __init__(self, pipeline: Any, name: str):
        self.pipeline, self.kind = pipeline, find_kind(type(pipeline).__name__, name)
        self.network: Any = getattr(pipeline, self.kind.network)
        self.class_name = type(pipeline).__name__
        config = pipeline.scheduler.config
        self.schedule: NoiseSchedule | FlowSchedule = (
            NoiseSchedule(config, name) if self.kind.network == "unet" else FlowSchedule(config)
        )
        if getattr(self.network.config, "time_cond_proj_dim", None):
            raise SettingError(f"{name} is distilled to few steps; train on the model it was made from")

    @torch.no_grad()
    def read_picture(self, pixels: np.ndarray) -> Tensor:
        """Return the latents of a picture (H, W, 3) uint8, float32 (1, C, h, w); the mean, so that the file is the same again."""
        vae = self.pipeline.vae
        given = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
        latents = vae.encode(given.to(vae.device, vae.dtype)).latent_dist.mode().float()
        return (latents - (getattr(vae.config, "shift_factor", None) or 0.0)) * vae.config.scaling_factor

    @torch.no_grad()
    def read_words(self, caption: str) -> Words:
        """Return what the network is given of a caption."""
        pipeline = self.pipeline
        device = self.network.device
        if self.class_name == "StableDiffusionPipeline":
            return {"encoder_hidden_states": pipeline.encode_prompt(caption, device, 1, False)[0]}
        if self.class_name == "FluxPipeline":
            states, pooled, places = pipeline.encode_prompt(caption, None, device=device)
            return {"encoder_hidden_states": states, "pooled_projections": pooled, "txt_ids": places}
        if self.class_name == "StableDiffusion3Pipeline":
            found = pipeline.encode_prompt(caption, None, None, device=device, do_classifier_free_guidance=False)
            return {"encoder_hidden_states": found[0], "pooled_projections": found[2]}
        found = pipeline.encode_prompt(caption, device=device, do_classifier_free_guidance=False)
        return {"encoder_hidden_states": found[0], "text_embeds": found[2]}

    def rest(self) -> None:
        """Take everything but the network off the GPU."""
        for name, part in self.pipeline.components.items():
            if name != self.kind.network and isinstance(part, torch.nn.Module):
                part.to("cpu")

    def predict(self, noisy: Tensor, time: Tensor, words: Words) -> Tensor:
        """Return the network's prediction for latents with noise."""
        dtype, device = self.network.dtype, self.network.device
        given, time = noisy.to(device, dtype), time.to(device)
        words = {name: value.to(device, dtype) for name, value in words.items()}
        if self.class_name == "FluxPipeline":
            return self._predict_flux(given, time.to(dtype), words)
        if self.class_name == "StableDiffusion3Pipeline":
            return self.network(given, timestep=time.to(dtype) * LATENT_STEPS, return_dict=False, **words)[0].float()
        if "text_embeds" in words:
            height, width = (side * self.pipeline.vae_scale_factor for side in noisy.shape[2:])
            sizes = torch.tensor([[height, width, 0, 0, height, width]], dtype=dtype, device=device)
            words = {
                "encoder_hidden_states": words["encoder_hidden_states"],
                "added_cond_kwargs": {"text_embeds": words["text_embeds"], "time_ids": sizes},  # type: ignore[dict-item]
            }
        return self.network(given, time, return_dict=False, **words)[0].float()

    def _predict_flux(self, given: Tensor, time: Tensor, words: Words) -> Tensor:
        """FLUX takes 2 x 2 latents as one token, with their places."""
        batch, channels, height, width = given.shape
        pipeline = self.pipeline
        guidance = torch.full((batch,), FLUX_GUIDANCE, device=given.device, dtype=torch.float32)
        predicted = self.network(
            hidden_states=pipeline._pack_latents(given, batch, channels, height, width),
            timestep=time,
            guidance=guidance if self.network.config.guidance_embeds else None,
            img_ids=pipeline._prepare_latent_image_ids(batch, height // 2, width // 2, given.device, given.dtype),
            return_dict=False,
            **words,
        )[0]
        factor = pipeline.vae_scale_factor
        return pipeline._unpack_latents(predicted, height * factor, width * factor, factor).float()
