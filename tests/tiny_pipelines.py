"""Tiny pipelines of diffusers with random weights, one for each family, laid out as the published checkpoints are.

Nothing is fetched: tokenizers come from their constructors with one entry for each letter, models from configurations
with two layers and widths of 8 to 64. Channels of latents and factors of size are those of the real models, so that a
picture of 64x64 has the latents that the real one would have.

    folder = tiny_folder("flux")     # built once for all processes; not to be changed
    pixels = draw_tiny(load_tiny(folder), "flux")
"""

import functools
import hashlib
import importlib.util
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from filelock import FileLock
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

if importlib.util.find_spec("diffusers") is None:
    pytest.skip("needs diffusers", allow_module_level=True)  # also skips the module that imports this one


class _Later:
    """A module that is imported when something of it is asked for, so that collecting tests stays quick."""

    def __init__(self, name: str) -> None:
        self._module = name

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._module), name)


diffusers, transformers, tokenizers, torch = (
    _Later(name) for name in ("diffusers", "transformers", "tokenizers", "torch")
)

Form = Literal["peft", "diffusers", "kohya", "comfy", "comfy_own"]

# Tokenizers


def _byte_letters() -> list[str]:
    """The 256 letters that byte-level tokenizers write bytes with."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = [256 + i for i in range(256 - len(printable))]
    return [chr(number) for number in printable + spare]


def _numbered(words: list[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}


def _clip_tokenizer() -> Any:
    letters = _byte_letters()
    words = letters + [letter + "</w>" for letter in letters] + ["<|startoftext|>", "<|endoftext|>"]
    return transformers.CLIPTokenizer(vocab=_numbered(words), merges=[], model_max_length=77)


def _pieces() -> list[str]:
    return ["▁"] + [chr(number) for number in range(33, 127)]


def _t5_tokenizer(longest: int = 512) -> Any:
    pieces = [(piece, 0.0) for piece in ("<pad>", "</s>", "<unk>")] + [(piece, -2.0) for piece in _pieces()]
    return transformers.T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=longest)


def _qwen_tokenizer() -> Any:
    # The marks stand in front, so that their numbers do not depend on the letters.
    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = transformers.Qwen2Tokenizer(vocab=_numbered(marks + _byte_letters()), merges=[], model_max_length=4096)
    tokenizer.add_special_tokens({"additional_special_tokens": marks[1:]})
    tokenizer.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    return tokenizer


def _gemma_tokenizer() -> Any:
    words = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "\n", *_pieces()]
    return transformers.GemmaTokenizer(vocab=_numbered(words), merges=[], model_max_length=4096)


def _glm_tokenizer() -> Any:
    marks = ["<|endoftext|>", "[gMASK]", "<sop>"]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=_numbered(marks + _byte_letters()), merges=[]))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[gMASK] <sop> $A", special_tokens=[("[gMASK]", 1), ("<sop>", 2)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=marks[0], pad_token=marks[0], padding_side="left", model_max_length=4096
    )


def _llama_tokenizer() -> Any:
    words = ["<unk>", "<s>", "</s>", "<pad>", "\n", *_pieces()]
    return transformers.LlamaTokenizer(vocab=_numbered(words), merges=[], pad_token="<pad>", model_max_length=4096)


# Text encoders

_LAYERS = {"num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


def _clip(projected: bool = False, layers: int = 2, act: str = "quick_gelu") -> Any:
    config = transformers.CLIPTextConfig(
        vocab_size=514, hidden_size=32, projection_dim=32, max_position_embeddings=77, hidden_act=act,
        bos_token_id=512, eos_token_id=513, pad_token_id=513, **(_LAYERS | {"num_hidden_layers": layers}),
    )  # fmt: skip
    kind = transformers.CLIPTextModelWithProjection if projected else transformers.CLIPTextModel
    return kind(config)


def _t5(width: int = 32) -> Any:
    config = transformers.T5Config(
        vocab_size=3 + len(_pieces()), d_model=width, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu", tie_word_embeddings=False,
    )  # fmt: skip
    return transformers.T5EncoderModel(config)


def _umt5() -> Any:
    config = transformers.UMT5Config(
        vocab_size=3 + len(_pieces()), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu",
    )  # fmt: skip
    return transformers.UMT5EncoderModel(config)


def _gemma() -> Any:
    config = transformers.Gemma2Config(
        vocab_size=6 + len(_pieces()), hidden_size=32, num_key_value_heads=2, head_dim=8, **_LAYERS
    )
    return transformers.Gemma2Model(config)


def _llama() -> Any:
    # HunyuanVideo leaves the last two layers out.
    config = transformers.LlamaConfig(
        vocab_size=5 + len(_pieces()), hidden_size=32, num_key_value_heads=2, head_dim=8, pad_token_id=3,
        **(_LAYERS | {"num_hidden_layers": 3}),
    )  # fmt: skip
    return transformers.LlamaModel(config)


def _qwen3() -> Any:
    config = transformers.Qwen3Config(vocab_size=259, hidden_size=32, num_key_value_heads=2, head_dim=8, **_LAYERS)
    return transformers.Qwen3Model(config)


def _glm() -> Any:
    config = transformers.GlmConfig(
        vocab_size=259, hidden_size=32, num_key_value_heads=2, head_dim=8, pad_token_id=0, eos_token_id=0, **_LAYERS
    )
    return transformers.GlmModel(config)


def _qwen_vl() -> Any:
    words = {
        "vocab_size": 259, "hidden_size": 32, "num_key_value_heads": 2, "tie_word_embeddings": False,
        "bos_token_id": 0, "eos_token_id": 0,
        "rope_scaling": {"type": "default", "rope_type": "default", "mrope_section": [1, 1, 2]}, **_LAYERS,
    }  # fmt: skip
    seen = {"depth": 1, "hidden_size": 16, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": 32}
    config = transformers.Qwen2_5_VLConfig(text_config=words, vision_config=seen)
    return transformers.Qwen2_5_VLForConditionalGeneration(config)


# Decoders


def _kl(channels: int = 4, layers: int = 1, **more: Any) -> Any:
    """The autoencoder of pictures: four blocks make the real factor 8."""
    return diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 8, 8), norm_num_groups=4, layers_per_block=layers, latent_channels=channels,
        sample_size=64, **more,
    )  # fmt: skip


def _kl16() -> Any:
    """The same with 16 channels, as SD3, FLUX and those after them have it."""
    return _kl(16, scaling_factor=0.3611, shift_factor=0.1159, use_quant_conv=False, use_post_quant_conv=False)


def _flow(**more: Any) -> Any:
    return diffusers.FlowMatchEulerDiscreteScheduler(**more)


# Families of the UNet

_SD_NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


def _sd_unet(**more: Any) -> Any:
    return diffusers.UNet2DConditionModel(
        block_out_channels=(8, 16, 16, 16), norm_num_groups=4, cross_attention_dim=32, sample_size=8,
        **({"attention_head_dim": 2} | more),
    )  # fmt: skip


def _sd_pipeline(unet: Any, scheduler: Any, text_encoder: Any) -> Any:
    return diffusers.StableDiffusionPipeline(
        vae=_kl(layers=2), text_encoder=text_encoder, tokenizer=_clip_tokenizer(), unet=unet, scheduler=scheduler,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def _sd() -> Any:
    scheduler = diffusers.PNDMScheduler(skip_prk_steps=True, set_alpha_to_one=False, **_SD_NOISE)
    return _sd_pipeline(_sd_unet(), scheduler, _clip())


def _sd_turbo() -> Any:
    scheduler = diffusers.EulerDiscreteScheduler(timestep_spacing="trailing", **_SD_NOISE)
    unet = _sd_unet(use_linear_projection=True, attention_head_dim=[1, 2, 2, 2])
    return _sd_pipeline(unet, scheduler, _clip(act="gelu"))


def _lcm() -> Any:
    scheduler = diffusers.LCMScheduler(set_alpha_to_one=True, **_SD_NOISE)
    return _sd_pipeline(_sd_unet(time_cond_proj_dim=32), scheduler, _clip())


def _sdxl_pipeline(scheduler: Any) -> Any:
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(8, 16, 16), norm_num_groups=4, sample_size=8, cross_attention_dim=64,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 1, 2), attention_head_dim=[1, 2, 2], use_linear_projection=True,
        addition_embed_type="text_time", addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 32,  # six numbers of size and crop, and the pooled words
    )  # fmt: skip
    return diffusers.StableDiffusionXLPipeline(
        vae=_kl(scaling_factor=0.13025), text_encoder=_clip(), text_encoder_2=_clip(projected=True, act="gelu"),
        tokenizer=_clip_tokenizer(), tokenizer_2=_clip_tokenizer(), unet=unet, scheduler=scheduler,
        add_watermarker=False,
    )  # fmt: skip


def _sdxl() -> Any:
    return _sdxl_pipeline(diffusers.EulerDiscreteScheduler(timestep_spacing="leading", **_SD_NOISE))


def _sdxl_turbo() -> Any:
    return _sdxl_pipeline(diffusers.EulerAncestralDiscreteScheduler(timestep_spacing="trailing", **_SD_NOISE))


def _animatediff() -> Any:
    scheduler = diffusers.DDIMScheduler(
        timestep_spacing="linspace", clip_sample=False, **(_SD_NOISE | {"beta_schedule": "linear"})
    )
    adapter = diffusers.MotionAdapter(
        block_out_channels=(8, 16, 16, 16), motion_layers_per_block=1, motion_norm_num_groups=4,
        motion_num_attention_heads=2, motion_max_seq_length=32,
    )  # fmt: skip
    return diffusers.AnimateDiffPipeline(
        vae=_kl(), text_encoder=_clip(), tokenizer=_clip_tokenizer(), unet=_sd_unet(layers_per_block=1),
        motion_adapter=adapter, scheduler=scheduler,
    )  # fmt: skip


# Families of the transformer, pictures


def _sd3() -> Any:
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=16, out_channels=16, num_layers=2, attention_head_dim=8,
        num_attention_heads=4, joint_attention_dim=64, caption_projection_dim=32, pooled_projection_dim=64,
        pos_embed_max_size=32, qk_norm="rms_norm",
    )  # fmt: skip
    return diffusers.StableDiffusion3Pipeline(
        transformer=transformer, scheduler=_flow(shift=3.0),
        vae=_kl(16, scaling_factor=1.5305, shift_factor=0.0609, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=_clip(projected=True), tokenizer=_clip_tokenizer(),
        text_encoder_2=_clip(projected=True, act="gelu"), tokenizer_2=_clip_tokenizer(),
        text_encoder_3=_t5(64), tokenizer_3=_t5_tokenizer(),  # as wide as both others together
    )  # fmt: skip


_FLUX = {
    "patch_size": 1, "in_channels": 64, "num_layers": 2, "num_single_layers": 2, "attention_head_dim": 8,
    "num_attention_heads": 4, "joint_attention_dim": 32, "axes_dims_rope": (2, 2, 4),
}  # fmt: skip


def _flux_pipeline(guided: bool, scheduler: Any) -> Any:
    transformer = diffusers.FluxTransformer2DModel(pooled_projection_dim=32, guidance_embeds=guided, **_FLUX)
    return diffusers.FluxPipeline(
        scheduler=scheduler, vae=_kl16(), text_encoder=_clip(), tokenizer=_clip_tokenizer(), text_encoder_2=_t5(),
        tokenizer_2=_t5_tokenizer(), transformer=transformer,
    )  # fmt: skip


_MOVING_SHIFT = {"use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15}


def _flux() -> Any:
    return _flux_pipeline(True, _flow(shift=3.0, **_MOVING_SHIFT))


def _flux_schnell() -> Any:
    return _flux_pipeline(False, _flow(shift=1.0, base_shift=0.5, max_shift=1.15))


def _chroma() -> Any:
    transformer = diffusers.ChromaTransformer2DModel(
        approximator_num_channels=8, approximator_hidden_dim=16, approximator_layers=2, **_FLUX
    )
    return diffusers.ChromaPipeline(
        scheduler=_flow(shift=1.0, **_MOVING_SHIFT), vae=_kl16(), text_encoder=_t5(), tokenizer=_t5_tokenizer(),
        transformer=transformer,
    )  # fmt: skip


def _pixart() -> Any:
    transformer = diffusers.PixArtTransformer2DModel(
        sample_size=32, patch_size=2, in_channels=4, out_channels=8, num_layers=2, num_attention_heads=4,
        attention_head_dim=8, cross_attention_dim=32, caption_channels=32, use_additional_conditions=False,
    )  # fmt: skip
    return diffusers.PixArtSigmaPipeline(
        tokenizer=_t5_tokenizer(), text_encoder=_t5(), vae=_kl(scaling_factor=0.13025), transformer=transformer,
        scheduler=diffusers.DPMSolverMultistepScheduler(beta_end=0.02, beta_start=0.0001, beta_schedule="linear"),
    )  # fmt: skip


def _sana() -> Any:
    transformer = diffusers.SanaTransformer2DModel(
        sample_size=32, patch_size=1, in_channels=32, out_channels=32, num_layers=2, num_attention_heads=4,
        attention_head_dim=8, num_cross_attention_heads=4, cross_attention_head_dim=8, cross_attention_dim=32,
        caption_channels=32,
    )  # fmt: skip
    blocks, widths, scales = (
        ["ResBlock"] * 3 + ["EfficientViTBlock"] * 3,
        (8, 8, 8, 16, 16, 32),
        ((),) * 3 + ((5,),) * 3,
    )
    vae = diffusers.AutoencoderDC(
        latent_channels=32, attention_head_dim=8, encoder_block_types=blocks, decoder_block_types=blocks,
        encoder_block_out_channels=widths, decoder_block_out_channels=widths, encoder_layers_per_block=(1,) * 6,
        decoder_layers_per_block=(1,) * 6, encoder_qkv_multiscales=scales, decoder_qkv_multiscales=scales,
        upsample_block_type="interpolate", downsample_block_type="Conv", scaling_factor=0.41407,
    )  # fmt: skip
    scheduler = diffusers.DPMSolverMultistepScheduler(
        flow_shift=3.0, use_flow_sigmas=True, prediction_type="flow_prediction"
    )
    return diffusers.SanaPipeline(
        tokenizer=_gemma_tokenizer(), text_encoder=_gemma(), vae=vae, transformer=transformer, scheduler=scheduler
    )


def _qwen_image() -> Any:
    transformer = diffusers.QwenImageTransformer2DModel(
        patch_size=2, in_channels=64, out_channels=16, num_layers=2, attention_head_dim=8, num_attention_heads=4,
        joint_attention_dim=32, axes_dims_rope=(2, 2, 4),
    )  # fmt: skip
    return diffusers.QwenImagePipeline(
        scheduler=_flow(shift=1.0, shift_terminal=0.02, use_dynamic_shifting=True, base_shift=0.5, max_shift=0.9),
        vae=diffusers.AutoencoderKLQwenImage(base_dim=4, z_dim=16, num_res_blocks=1), text_encoder=_qwen_vl(),
        tokenizer=_qwen_tokenizer(), transformer=transformer,
    )  # fmt: skip


def _z_image() -> Any:
    transformer = diffusers.ZImageTransformer2DModel(
        in_channels=16, dim=64, n_layers=2, n_refiner_layers=1, n_heads=4, n_kv_heads=4, cap_feat_dim=32,
        axes_dims=[4, 6, 6], axes_lens=[1024, 128, 128],
    )  # fmt: skip
    for pad in (transformer.x_pad_token, transformer.cap_pad_token):  # made of memory that nobody has written to
        pad.data.zero_()
    return diffusers.ZImagePipeline(
        scheduler=_flow(shift=3.0), vae=_kl16(), text_encoder=_qwen3(), tokenizer=_qwen_tokenizer(),
        transformer=transformer,
    )  # fmt: skip


def _lumina2() -> Any:
    transformer = diffusers.Lumina2Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=16, hidden_size=32, num_layers=2, num_refiner_layers=1,
        num_attention_heads=4, num_kv_heads=2, multiple_of=16, axes_dim_rope=(4, 2, 2), cap_feat_dim=32,
    )  # fmt: skip
    return diffusers.Lumina2Pipeline(
        transformer=transformer, scheduler=_flow(shift=6.0), vae=_kl16(), text_encoder=_gemma(),
        tokenizer=_gemma_tokenizer(),
    )  # fmt: skip


def _aura_flow() -> Any:
    transformer = diffusers.AuraFlowTransformer2DModel(
        sample_size=8, patch_size=2, in_channels=4, out_channels=4, num_mmdit_layers=1, num_single_dit_layers=1,
        attention_head_dim=8, num_attention_heads=4, joint_attention_dim=32, caption_projection_dim=32,
        pos_embed_max_size=1024,
    )  # fmt: skip
    return diffusers.AuraFlowPipeline(
        tokenizer=_t5_tokenizer(), text_encoder=_umt5(), vae=_kl(scaling_factor=0.13025), transformer=transformer,
        scheduler=_flow(shift=1.73),
    )  # fmt: skip


def _cogview4() -> Any:
    transformer = diffusers.CogView4Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=16, out_channels=16, num_layers=2, attention_head_dim=8,
        num_attention_heads=4, text_embed_dim=32, time_embed_dim=32, condition_dim=8, pos_embed_max_size=32,
        rope_axes_dim=(32, 32),
    )  # fmt: skip
    return diffusers.CogView4Pipeline(
        tokenizer=_glm_tokenizer(), text_encoder=_glm(), vae=_kl16(), transformer=transformer,
        scheduler=_flow(shift=1.0, use_dynamic_shifting=True, base_shift=0.25, max_shift=0.75, time_shift_type="linear"),
    )  # fmt: skip


# Families of the transformer, clips


def _cogvideox_parts(**more: Any) -> dict[str, Any]:
    return {
        "tokenizer": _t5_tokenizer(226), "text_encoder": _t5(),
        "vae": diffusers.AutoencoderKLCogVideoX(
            block_out_channels=(8, 8, 8, 8), latent_channels=16, layers_per_block=1, norm_num_groups=4
        ),
        "transformer": diffusers.CogVideoXTransformer3DModel(
            num_attention_heads=2, attention_head_dim=16, out_channels=16, time_embed_dim=8, text_embed_dim=32,
            num_layers=2, sample_width=8, sample_height=8, sample_frames=9, use_rotary_positional_embeddings=True, **more,
        ),
        "scheduler": diffusers.CogVideoXDDIMScheduler(
            timestep_spacing="trailing", prediction_type="v_prediction", set_alpha_to_one=True, snr_shift_scale=1.0,
            rescale_betas_zero_snr=True, **(_SD_NOISE | {"steps_offset": 0}),
        ),
    }  # fmt: skip


def _cogvideox() -> Any:
    return diffusers.CogVideoXPipeline(**_cogvideox_parts(in_channels=16))


def _cogvideox_i2v() -> Any:
    parts = _cogvideox_parts(in_channels=32, use_learned_positional_embeddings=True)
    return diffusers.CogVideoXImageToVideoPipeline(**parts)


def _ltx() -> Any:
    transformer = diffusers.LTXVideoTransformer3DModel(
        num_attention_heads=4, attention_head_dim=8, cross_attention_dim=32, num_layers=2, caption_channels=32
    )
    vae = diffusers.AutoencoderKLLTXVideo(
        block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8), layers_per_block=(1,) * 5,
        decoder_layers_per_block=(1,) * 5,
    )  # fmt: skip
    scheduler = _flow(shift=1.0, shift_terminal=0.1, use_dynamic_shifting=True, base_shift=0.95, max_shift=2.05)
    return diffusers.LTXPipeline(
        scheduler=scheduler, vae=vae, text_encoder=_t5(), tokenizer=_t5_tokenizer(128), transformer=transformer
    )


def _wan_parts(**more: Any) -> dict[str, Any]:
    return {
        "tokenizer": _t5_tokenizer(), "text_encoder": _umt5(),
        "vae": diffusers.AutoencoderKLWan(base_dim=4, z_dim=16, num_res_blocks=1),
        "transformer": diffusers.WanTransformer3DModel(
            num_attention_heads=2, attention_head_dim=12, out_channels=16, text_dim=32, freq_dim=32, ffn_dim=64,
            num_layers=2, **more,
        ),
        "scheduler": diffusers.UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
    }  # fmt: skip


def _wan() -> Any:
    return diffusers.WanPipeline(**_wan_parts(in_channels=16))


def _wan_i2v() -> Any:
    # 16 of noise, 16 of the picture and 4 that say which frames are given.
    parts = _wan_parts(in_channels=36, image_dim=32, added_kv_proj_dim=24)
    config = transformers.CLIPVisionConfig(hidden_size=32, image_size=32, patch_size=8, projection_dim=32, **_LAYERS)
    return diffusers.WanImageToVideoPipeline(
        image_encoder=transformers.CLIPVisionModel(config),
        image_processor=transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=32), **parts,
    )  # fmt: skip


def _hunyuan_video() -> Any:
    transformer = diffusers.HunyuanVideoTransformer3DModel(
        num_attention_heads=4, attention_head_dim=8, num_layers=2, num_single_layers=2, num_refiner_layers=1,
        text_embed_dim=32, pooled_projection_dim=32, rope_axes_dim=(2, 2, 4),
    )  # fmt: skip
    vae = diffusers.AutoencoderKLHunyuanVideo(block_out_channels=(8, 8, 8, 8), layers_per_block=1, norm_num_groups=4)
    return diffusers.HunyuanVideoPipeline(
        text_encoder=_llama(), tokenizer=_llama_tokenizer(), transformer=transformer, vae=vae,
        scheduler=_flow(shift=7.0), text_encoder_2=_clip(), tokenizer_2=_clip_tokenizer(),
    )  # fmt: skip


def _mochi() -> Any:
    transformer = diffusers.MochiTransformer3DModel(
        num_attention_heads=4, attention_head_dim=8, num_layers=2, pooled_projection_dim=16, text_embed_dim=32,
        time_embed_dim=16,
    )  # fmt: skip
    widths = (32, 32, 32, 32)  # the norms have 32 groups, whatever is asked
    vae = diffusers.AutoencoderKLMochi(
        encoder_block_out_channels=widths, decoder_block_out_channels=widths, layers_per_block=(1,) * 5
    )
    return diffusers.MochiPipeline(
        scheduler=_flow(invert_sigmas=True), vae=vae, text_encoder=_t5(), tokenizer=_t5_tokenizer(256),
        transformer=transformer, force_zeros_for_empty_prompt=True,
    )  # fmt: skip


def _latte() -> Any:
    transformer = diffusers.LatteTransformer3DModel(
        num_attention_heads=4, attention_head_dim=8, in_channels=4, out_channels=8, num_layers=2, cross_attention_dim=32,
        attention_bias=True, sample_size=8, patch_size=2, activation_fn="gelu-approximate", num_embeds_ada_norm=1000,
        norm_type="ada_norm_single", norm_elementwise_affine=False, norm_eps=1e-6, caption_channels=32,
    )  # fmt: skip
    scheduler = diffusers.DDIMScheduler(beta_start=0.0001, beta_end=0.02, beta_schedule="linear", clip_sample=False)
    return diffusers.LattePipeline(
        tokenizer=_t5_tokenizer(120), text_encoder=_t5(), vae=_kl(), transformer=transformer, scheduler=scheduler
    )


FAMILIES: dict[str, Callable[[], Any]] = {
    "sd": _sd, "sd_turbo": _sd_turbo, "lcm": _lcm, "sdxl": _sdxl, "sdxl_turbo": _sdxl_turbo, "sd3": _sd3,
    "flux": _flux, "flux_schnell": _flux_schnell, "chroma": _chroma, "pixart": _pixart, "sana": _sana,
    "qwen_image": _qwen_image, "z_image": _z_image, "lumina2": _lumina2, "aura_flow": _aura_flow,
    "cogview4": _cogview4, "animatediff": _animatediff, "cogvideox": _cogvideox, "cogvideox_i2v": _cogvideox_i2v,
    "ltx": _ltx, "wan": _wan, "wan_i2v": _wan_i2v, "hunyuan_video": _hunyuan_video, "mochi": _mochi, "latte": _latte,
}  # fmt: skip

# What a call needs beside prompt and steps for the smallest result. Those with "image" in their name need one too.
_SIZE = {"width": 64, "height": 64}
CALLS: dict[str, dict[str, Any]] = {name: dict(_SIZE) for name in FAMILIES}
for _name, _more in {
    "pixart": {"use_resolution_binning": False}, "sana": {"use_resolution_binning": False},
    "animatediff": {"num_frames": 4}, "cogvideox": {"num_frames": 9}, "cogvideox_i2v": {"num_frames": 9},
    "ltx": {"num_frames": 9}, "wan": {"num_frames": 5}, "wan_i2v": {"num_frames": 5},
    "hunyuan_video": {"num_frames": 5}, "mochi": {"num_frames": 7}, "latte": {"video_length": 16},
}.items():  # fmt: skip
    CALLS[_name] |= _more
NEEDS_IMAGE = ("cogvideox_i2v", "wan_i2v")


# Folders


def _models(pipe: Any) -> Iterator[Any]:
    return (part for part in pipe.components.values() if isinstance(part, torch.nn.Module))


def _hide_bars() -> None:
    for library in (diffusers, transformers):
        library.utils.logging.disable_progress_bar()
        library.utils.logging.set_verbosity_error()  # no advice to install torchvision


def save_tiny(name: str, folder: Path) -> Path:
    """Build the family `name` with the same random weights every time and save it into `folder`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        pipe = FAMILIES[name]()
        for model in _models(pipe):
            model.eval()
            for weight in model.parameters():
                if not weight.any():  # zero at first in a model that is to be trained, which would hide half of it
                    weight.data = torch.randn_like(weight) * 0.02
    _hide_bars()
    pipe.save_pretrained(folder, safe_serialization=True)
    for file in folder.glob("text_encoder*/model.safetensors"):
        _name_as_published(file)
    return folder


def _name_as_published(file: Path) -> None:
    """Give CLIP's weights the names they have in published folders, which newer versions of transformers write shorter."""
    weights = load_file(file)
    if any(name.startswith("embeddings.position_embedding") for name in weights):
        save_file({f"text_model.{name}": weight for name, weight in weights.items()}, file, {"format": "pt"})


@functools.cache
def _store() -> Path:
    """The folder that all processes share; another text of this file or another diffusers has another one."""
    made_by = Path(__file__).read_bytes() + f"{diffusers.__version__} {transformers.__version__}".encode()
    user = os.getuid() if hasattr(os, "getuid") else 0
    name = f"mutoscope-tiny-{user}-{hashlib.sha256(made_by).hexdigest()[:12]}"
    store = Path(tempfile.gettempdir()) / name
    store.mkdir(mode=0o700, exist_ok=True)
    for other in store.parent.glob(f"mutoscope-tiny-{user}-*"):
        if other.stat().st_mtime < time.time() - 7 * 24 * 3600:
            shutil.rmtree(other, ignore_errors=True)  # of a file as it was, which nobody asks for any more
    os.utime(store)
    return store


@functools.cache
def tiny_folder(name: str) -> Path:
    """The folder of the family `name`, built by the first process that asks. Nobody may change what is in it."""
    folder = _store() / name
    with FileLock(_store() / f"{name}.lock"):
        if not folder.exists():
            building = Path(tempfile.mkdtemp(dir=_store(), prefix=f".{name}-"))
            try:
                save_tiny(name, building)
                building.rename(folder)  # in one piece: a process that dies before leaves no half folder of that name
            finally:
                shutil.rmtree(building, ignore_errors=True)
    return folder


def load_tiny(folder: Path) -> Any:
    """Open a saved pipeline without network and without its bars.

    Its threads are the caller's matter (the fixture `one_thread`): two of them on a busy machine take seconds.
    """
    _hide_bars()
    pipe = diffusers.DiffusionPipeline.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def draw_tiny(pipe: Any, name: str, prompt: str = "a red ball", seed: int = 1, **more: Any) -> np.ndarray:
    """Draw with the family's own call: (1, height, width, 3) of a picture or (1, frames, height, width, 3) of a clip."""
    from PIL import Image

    words = {"num_inference_steps": 2, **CALLS[name], **more}
    if name in NEEDS_IMAGE:
        words.setdefault("image", Image.linear_gradient("L").resize((64, 64)).convert("RGB"))
    drawn = pipe(prompt=prompt, output_type="np", generator=torch.Generator("cpu").manual_seed(seed), **words)
    return np.asarray(drawn.images if hasattr(drawn, "images") else drawn.frames)


# Other files of the same weights

Renames = list[tuple[str, str]]


def _renamed(name: str, renames: Renames) -> str:
    for pattern, into in renames:
        name = re.sub(pattern, into, name)
    return name


def _config(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "config.json").read_text())


def _unet_renames(config: dict[str, Any]) -> Renames:
    """From the names of diffusers to those of CompVis, whose blocks are numbered through."""
    renames: Renames = [
        (r"^time_embedding\.linear_1", "time_embed.0"), (r"^time_embedding\.linear_2", "time_embed.2"),
        (r"^add_embedding\.linear_1", "label_emb.0.0"), (r"^add_embedding\.linear_2", "label_emb.0.2"),
        (r"^conv_in", "input_blocks.0.0"), (r"^conv_norm_out", "out.0"), (r"^conv_out", "out.2"),
        (r"^mid_block\.resnets\.0", "middle_block.0"), (r"^mid_block\.attentions\.0", "middle_block.1"),
        (r"^mid_block\.resnets\.1", "middle_block.2"),
        # Inside of what diffusers calls a resnet; nothing else has these names after resnets or middle_block.
        *((rf"((?:resnets\.\d+|middle_block\.[02]))\.{old}\b", rf"\1.{new}") for old, new in (
            ("norm1", "in_layers.0"), ("conv1", "in_layers.2"), ("norm2", "out_layers.0"), ("conv2", "out_layers.3"),
            ("time_emb_proj", "emb_layers.1"), ("conv_shortcut", "skip_connection"),
        )),
    ]  # fmt: skip
    layers = config["layers_per_block"]
    for level, kind_up in enumerate(config["up_block_types"]):
        down, up = 1 + level * (layers + 1), level * (layers + 1)
        for layer in range(layers + 1):
            for kind, place in (("resnets", 0), ("attentions", 1)):
                renames += [
                    (rf"^down_blocks\.{level}\.{kind}\.{layer}\.", f"input_blocks.{down + layer}.{place}."),
                    (rf"^up_blocks\.{level}\.{kind}\.{layer}\.", f"output_blocks.{up + layer}.{place}."),
                ]
        renames.append((rf"^down_blocks\.{level}\.downsamplers\.0\.conv", f"input_blocks.{down + layers}.0.op"))
        after = 2 if "Attn" in kind_up else 1
        renames.append((rf"^up_blocks\.{level}\.upsamplers\.0\.conv", f"output_blocks.{up + layers}.{after}.conv"))
    return renames


_VAE_RENAMES: Renames = [
    (r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2"),
    (r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample"),
    *((rf"up_blocks\.{level}\.resnets\.(\d)", rf"up.{3 - level}.block.\1") for level in range(4)),
    *((rf"up_blocks\.{level}\.upsamplers\.0", f"up.{3 - level}.upsample") for level in range(4)),
    (r"mid_block\.resnets\.0", "mid.block_1"), (r"mid_block\.resnets\.1", "mid.block_2"),
    (r"mid_block\.attentions\.0", "mid.attn_1"), (r"attn_1\.group_norm", "attn_1.norm"),
    (r"attn_1\.to_([qkv])\b", r"attn_1.\1"), (r"attn_1\.to_out\.0", "attn_1.proj_out"),
    (r"conv_norm_out", "norm_out"), (r"conv_shortcut", "nin_shortcut"),
]  # fmt: skip


def single_file_sd(folder: Path, file: Path) -> Path:
    """Write a tiny Stable Diffusion as one file in the layout of CompVis; opens with `config=folder`."""
    unet = load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")
    vae = load_file(folder / "vae" / "diffusion_pytorch_model.safetensors")
    words = load_file(folder / "text_encoder" / "model.safetensors")
    renames = _unet_renames(_config(folder / "unet"))
    whole = {f"model.diffusion_model.{_renamed(name, renames)}": weight for name, weight in unet.items()}
    for name, weight in vae.items():
        renamed = _renamed(name, _VAE_RENAMES)
        if ".attn_1." in renamed and weight.ndim == 2:  # a convolution of one pixel there
            weight = weight[:, :, None, None]
        whole[f"first_stage_model.{renamed}"] = weight
    whole |= {f"cond_stage_model.transformer.{name}": weight for name, weight in words.items()}
    save_file(whole, file, {"format": "pt"})
    return file


# LoRA files

_QUERIES_AND_VALUES = r"\.to_[qv]$"
_ALL_OF_WAN = r"\.(to_[qkv]|to_out\.0|ffn\.net\.(0\.proj|2))$"
_WAN_RENAMES: Renames = [
    (r"\.attn1\.", ".self_attn."), (r"\.attn2\.", ".cross_attn."), (r"\.to_([qkv])$", r".\1"),
    (r"\.to_out\.0$", ".o"), (r"ffn\.net\.0\.proj$", "ffn.0"), (r"ffn\.net\.2$", "ffn.2"),
]  # fmt: skip


def _layers(folder: Path, pattern: str) -> dict[str, tuple[int, int]]:
    """The (outputs, inputs) of the linear layers whose names match."""
    with safe_open(folder / "diffusion_pytorch_model.safetensors", "np") as weights:
        names = sorted(weights.keys())
        shapes = {name.removesuffix(".weight"): weights.get_slice(name).get_shape() for name in names}
    return {name: (shape[0], shape[1]) for name, shape in shapes.items() if re.search(pattern, name)}


def _original_layers(config: dict[str, Any], layers: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """The same layers under the names of the model's first publication, which tools outside of diffusers use."""
    kind = config["_class_name"]
    if kind.startswith("UNet"):
        renames = _unet_renames(config)
        return {_renamed(name, renames): shape for name, shape in layers.items()}
    if kind.startswith("Wan"):
        return {_renamed(name, _WAN_RENAMES): shape for name, shape in layers.items()}
    if kind.startswith(("Flux", "Chroma")):
        # Query, key and value are one matrix. The single blocks stay out: diffusers splits their matrix at the widths of
        # the real model and refuses others.
        found = {re.match(r"transformer_blocks\.(\d+)\.attn\.to_q$", name): shape for name, shape in layers.items()}
        return {
            f"double_blocks.{match[1]}.img_attn.qkv": (3 * outputs, inputs)
            for match, (outputs, inputs) in found.items()
            if match
        }
    return layers


def write_lora(folder: Path, file: Path, form: Form, rank: int = 2, seed: int = 0) -> Path:
    """Write a random LoRA of queries and values for the tiny pipeline in `folder`, with keys as that tool writes them.

    - peft: `unet.NAME.lora_A.weight` or `transformer.NAME.lora_A.weight`
    - diffusers: `unet.NAME.lora.down.weight`, as its scripts for SD and SDXL; those for transformers write peft's
    - kohya: `lora_unet_NAME.lora_down.weight` and `.alpha` (equal to the rank); for FLUX and Wan the original names
    - comfy: `diffusion_model.NAME` with the original names, where they are other than diffusers' (UNet, FLUX, Wan)
    - comfy_own: `diffusion_model.NAME` with the names of diffusers, which some tools write and few loaders read
    """
    part = "unet" if (folder / "unet").exists() else "transformer"
    config = _config(folder / part)
    kind = config["_class_name"]
    # Of kohya's files for Wan diffusers takes only those that have every layer.
    everything = form == "kohya" and kind.startswith("Wan")
    layers = _layers(folder / part, _ALL_OF_WAN if everything else _QUERIES_AND_VALUES)
    if form == "comfy" or (form == "kohya" and part == "transformer"):
        layers = _original_layers(config, layers)
    head = {"kohya": "lora_unet_", "comfy": "diffusion_model.", "comfy_own": "diffusion_model."}.get(form, f"{part}.")
    tails = ("lora_A", "lora_B")
    if form == "diffusers" and part == "unet":
        tails = ("lora.down", "lora.up")
    if form == "kohya" or (form == "comfy" and kind.startswith(("Flux", "Chroma", "UNet"))):
        tails = ("lora_down", "lora_up")
    random = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = {}
    for name, (outputs, inputs) in layers.items():
        key = head + (name.replace(".", "_") if form == "kohya" else name)
        for tail, shape in zip(tails, ((rank, inputs), (outputs, rank)), strict=True):
            weights[f"{key}.{tail}.weight"] = random.normal(0, 0.5, shape).astype(np.float32)
        if form == "kohya":
            weights[f"{key}.alpha"] = np.array(rank, np.float32)
    save_file(weights, file, {"format": "pt"})
    return file
