"""The networks of a diffusers folder as they are traced: modules, example inputs, names.

Examples have sizes that no level of a network halves evenly: then it asks each level for its size while it runs, and its graph
draws every size.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mutoscope.engines.onnx_folder.clip_tokenizer import WINDOW
from mutoscope.errors import CheckpointError
from mutoscope.hub.checks import find_variant, read_json


@dataclass(frozen=True)
class Part:
    """One network to export: its module, example inputs, the axes that may differ, the names of its outputs."""

    name: str
    config: dict[str, Any]
    module: Any
    inputs: dict[str, Any]
    axes: dict[str, dict[int, str]]
    outputs: list[str]
    others: dict[str, Any] = field(default_factory=dict)  # inputs of another size, to compare with


def open_module(kind: Any, folder: Path, **more: Any) -> Any:
    """Return a network in float32; weights come from safetensors files alone."""
    import torch

    words = {"local_files_only": True, "use_safetensors": True, "variant": find_variant(folder.parent), **more}
    return kind.from_pretrained(folder, dtype=torch.float32, **words).eval().requires_grad_(False)


def make_text(source: Path, name: str) -> Part:
    """Return a text encoder: its last states, its pooled ones, and for SDXL the states before its last layer."""
    import torch

    transformers: Any = importlib.import_module("transformers")

    config = read_json(source / name / "config.json")
    kind = (config.get("architectures") or ["CLIPTextModel"])[0]
    if kind not in ("CLIPTextModel", "CLIPTextModelWithProjection"):
        raise CheckpointError(f"{source / name} is a {kind}; exported are text encoders of CLIP")
    module = open_module(getattr(transformers, kind), source / name, attn_implementation="eager")
    is_xl = (source / "text_encoder_2").is_dir()
    depth = int(module.config.num_hidden_layers)
    pooled = "text_embeds" if kind.endswith("Projection") else "pooler_output"
    outputs = [
        "last_hidden_state",
        pooled,
        *([f"hidden_states.{depth - 1}", f"hidden_states.{depth}"] if is_xl else []),
    ]

    def read(input_ids: Any) -> tuple[Any, ...]:
        given = module(input_ids=input_ids, output_hidden_states=is_xl, return_dict=True)
        return (given.last_hidden_state, given[pooled], *(given.hidden_states[-2:] if is_xl else ()))

    ids = [torch.randint(0, module.config.vocab_size - 1, (count, WINDOW)) for count in (2, 1)]
    return Part(name, config, as_module(module, read), {"input_ids": ids[0]}, {"input_ids": {0: "batch"}}, outputs,
                {"input_ids": ids[1]})  # fmt: skip


def make_unet(source: Path, tiny_decoder: Path | None = None) -> Part:
    """Return the network that is asked at every step."""
    diffusers: Any = importlib.import_module("diffusers")

    unet = open_module(diffusers.UNet2DConditionModel, source / "unet")
    names = ["sample", "timestep", "encoder_hidden_states"]
    if unet.config.addition_embed_type == "text_time":
        names += ["text_embeds", "time_ids"]
    if unet.config.time_cond_proj_dim is not None:
        names.append("timestep_cond")

    def step(*values: Any) -> Any:
        given = dict(zip(names, values, strict=True))
        pooled = {name: given.pop(name) for name in ("text_embeds", "time_ids") if name in given}
        return unet(**given, added_cond_kwargs=pooled or None, return_dict=False)[0]

    axes: dict[str, dict[int, str]] = {name: {0: "batch"} for name in names}
    axes |= {"sample": {0: "batch", 2: "height", 3: "width"}, "timestep": {0: "steps"},
             "encoder_hidden_states": {0: "batch", 1: "tokens"}}  # fmt: skip
    config = read_json(source / "unet" / "config.json")
    return Part("unet", config, as_module(unet, step), unet_inputs(unet, names, 2, 10, 12, WINDOW), axes, ["out_sample"],
                unet_inputs(unet, names, 1, 16, 9, 2 * WINDOW))  # fmt: skip


def unet_inputs(unet: Any, names: list[str], batch: int, rows: int, columns: int, tokens: int) -> dict[str, Any]:
    """Return random inputs of a network of noise."""
    import torch

    config = unet.config
    random = {"sample": (batch, config.in_channels, rows, columns),
              "encoder_hidden_states": (batch, tokens, config.cross_attention_dim)}  # fmt: skip
    if "text_embeds" in names:
        pooled = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
        random |= {"text_embeds": (batch, pooled), "time_ids": (batch, 6)}
    if "timestep_cond" in names:
        random["timestep_cond"] = (batch, config.time_cond_proj_dim)
    values = {name: torch.randn(shape) for name, shape in random.items()}
    values["timestep"] = torch.tensor([601.0])
    return {name: values[name] for name in names}


def make_decoder(source: Path, tiny_decoder: Path | None) -> Part:
    """Return the decoder, or the tiny one in its place."""
    import torch

    folder = tiny_decoder or source / "vae"
    config, decoder = open_autoencoder(folder, tiny=tiny_decoder is not None)
    channels = int(config.get("latent_channels", 4))
    examples = [torch.randn(1, channels, rows, columns) for rows, columns in ((6, 10), (9, 8))]
    module = as_module(decoder, lambda latent_sample: decoder.decode(latent_sample, return_dict=False)[0])
    axes = {"latent_sample": {0: "batch", 2: "latent_height", 3: "latent_width"}}
    return Part("vae_decoder", config, module, {"latent_sample": examples[0]}, axes, ["sample"],
                {"latent_sample": examples[1]})  # fmt: skip


def make_encoder(source: Path, tiny_decoder: Path | None) -> Part:
    """Return the encoder: means and logarithms of variances, as optimum names them."""
    import torch

    config, encoder = open_autoencoder(source / "vae", tiny=False)
    is_tiny = config.get("_class_name") == "AutoencoderTiny"

    def encode(sample: Any) -> Any:
        given = encoder.encode(sample)
        return given.latents if is_tiny else given.latent_dist.parameters

    examples = [torch.rand(1, 3, *shape) * 2 - 1 for shape in ((64, 80), (96, 64))]
    axes = {"sample": {0: "batch", 2: "height", 3: "width"}}
    return Part("vae_encoder", config, as_module(encoder, encode), {"sample": examples[0]}, axes, ["latent_parameters"],
                {"sample": examples[1]})  # fmt: skip


def open_autoencoder(folder: Path, tiny: bool) -> tuple[dict[str, Any], Any]:
    """Return an autoencoder with its configuration; CheckpointError for a class that is not exported."""
    diffusers: Any = importlib.import_module("diffusers")

    config = read_json(folder / "config.json")
    kind = str(config.get("_class_name"))
    known = ("AutoencoderTiny",) if tiny else ("AutoencoderKL", "AutoencoderTiny")
    if kind not in known:
        raise CheckpointError(f"{folder} is a {kind}; expected {' or '.join(known)}")
    return config, open_module(getattr(diffusers, kind), folder)


MAKERS: dict[str, Callable[[Path, Path | None], Part]] = {
    "text_encoder": lambda source, _: make_text(source, "text_encoder"),
    "text_encoder_2": lambda source, _: make_text(source, "text_encoder_2"),
    "unet": make_unet,
}


def as_module(network: Any, call: Callable[..., Any]) -> Any:
    """Return a module around a function that calls a network, for the tracer."""
    from torch import nn

    class Called(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, *values: Any) -> Any:
            return call(*values)

    return Called().eval()
