"""The file of a LoRA that was trained here: its keys as the programs that read it spell them, and what it says of itself."""

import json
from collections.abc import Iterable
from typing import Any

from mutoscope.capabilities import Capabilities
from mutoscope.engines.diffusers.lora_keys import flatten, name_in_unet
from mutoscope.train.lora_networks import Teacher

FACTS = "mutoscope_lora"  # in the header
SD2_WIDTH = 1024  # of the text encoder


def describe(capabilities: Capabilities, licences: Iterable[str], licence: str) -> dict[str, Any]:
    """Return what a file says of the model it was trained on, and the licence of its pictures: as stated, else their own."""
    own = sorted({one for one in licences if one})
    return {
        "base": capabilities.name, "base_hash": capabilities.hash, "base_revision": capabilities.revision,
        "licence": licence or " AND ".join(own) or "not stated",
    }  # fmt: skip


def spell_file(teacher: Teacher, facts: dict[str, Any]) -> bytes:
    """Return the bytes of the file; the same training gives the same bytes."""
    import torch
    from peft import get_peft_model_state_dict
    from safetensors.torch import save

    network, kind = teacher.network, teacher.kind
    learned = get_peft_model_state_dict(network, adapter_name="default")
    tensors = {}
    for key, tensor in sorted(learned.items()):
        layer, side = key.removesuffix(".weight").rsplit(".", 1)
        half = tensor.detach().to("cpu", torch.float16).contiguous()
        if kind.kohya:
            layer = spell_kohya(network, layer, teacher.class_name)
            tensors[f"{layer}.{'lora_down' if side == 'lora_A' else 'lora_up'}.weight"] = half
            tensors[f"{layer}.alpha"] = torch.tensor(float(facts["rank"]), dtype=torch.float16)
        else:
            tensors[f"{kind.network}.{layer}.{side}.weight"] = half
    header = {
        FACTS: json.dumps(facts, sort_keys=True, ensure_ascii=False),
        "ss_base_model_version": base_version(teacher), "ss_network_module": "networks.lora",
        "ss_network_dim": str(facts["rank"]), "ss_network_alpha": str(facts["rank"]), "ss_output_name": facts["name"],
        "modelspec.sai_model_spec": "1.0.0", "modelspec.architecture": kind.architecture,
        "modelspec.title": facts["name"], "modelspec.license": facts["licence"], "modelspec.trigger_phrase": facts["name"],
        "format": "pt",
    }  # fmt: skip
    return sort_header(save(tensors, metadata=header))


def spell_kohya(network: Any, layer: str, class_name: str) -> str:
    """Return a layer's name as kohya's trainer writes it: for SDXL by the names of its first publication."""
    if class_name == "StableDiffusionXLPipeline":
        layer = name_in_unet(layer, network.config.layers_per_block, {})
    return f"lora_unet_{flatten(layer)}"


def base_version(teacher: Teacher) -> str:
    """Return kohya's word for the base; Stable Diffusion 2 is told by the width of its text encoder."""
    word = teacher.kind.base_version
    return "sd_v2" if word == "sd_v1" and teacher.network.config.cross_attention_dim == SD2_WIDTH else word


def sort_header(data: bytes) -> bytes:
    """Return a safetensors file with its header in order: the library writes the entries in another one each time."""
    length = int.from_bytes(data[:8], "little")
    text = json.dumps(json.loads(data[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]
