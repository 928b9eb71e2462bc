"""What the keys of a LoRA file mean: which layer of which network of a pipeline each pair of factors changes.

Tools spell the same layer in many ways. Those that keep the network's own names (peft, diffusers, kohya with underscores, ComfyUI's
prefix) are read by looking the name up in the network itself, so that every architecture is read alike; a few networks are also
known by the names of their first publication.

    unet.down_blocks.0.attentions.0.….to_q.lora_A.weight           peft
    unet.down_blocks.0.attentions.0.….to_q.lora.down.weight        diffusers
    lora_unet_down_blocks_0_attentions_0_…_to_q.lora_down.weight   kohya, with .alpha: the change is alpha / rank * up @ down
    diffusion_model.input_blocks.1.1.….to_q.lora_down.weight       ComfyUI
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DOWN, UP, ALPHA = "down", "up", "alpha"
TAILS = {
    ".lora_A.weight": DOWN, ".lora_B.weight": UP, ".lora_A.default.weight": DOWN, ".lora_B.default.weight": UP,
    ".lora_down.weight": DOWN, ".lora_up.weight": UP, ".lora.down.weight": DOWN, ".lora.up.weight": UP,
    ".lora_linear_layer.down.weight": DOWN, ".lora_linear_layer.up.weight": UP,
    "_lora.down.weight": DOWN, "_lora.up.weight": UP, ".alpha": ALPHA,
}  # fmt: skip
NETWORK = "network"  # the one that removes noise, whatever a pipeline calls it
HEADS = {  # longer ones first
    "base_model.model.": NETWORK, "model.diffusion_model.": NETWORK, "diffusion_model.": NETWORK, "transformer.": NETWORK,
    "unet.": NETWORK, "lora_unet_": NETWORK, "lora_transformer_": NETWORK, "transformer_2.": "transformer_2",
    "text_encoder_3.": "text_encoder_3", "text_encoder_2.": "text_encoder_2", "text_encoder.": "text_encoder",
    "lora_te3_": "text_encoder_3", "lora_te2_": "text_encoder_2", "lora_te1_": "text_encoder", "lora_te_": "text_encoder",
}  # fmt: skip
OF_TUNER = re.compile(r"\.lora_\w+")  # modules that a LoRA which is there already has brought

WAN_NAMES = (
    (r"\battn1\.", "self_attn."), (r"\battn2\.", "cross_attn."), (r"\.to_([qkv])$", r".\1"), (r"\.to_out\.0$", ".o"),
    (r"\.add_([kv])_proj$", r".\1_img"), (r"\bffn\.net\.0\.proj$", "ffn.0"), (r"\bffn\.net\.2$", "ffn.2"),
    (r"^condition_embedder\.time_embedder\.linear_1$", "time_embedding.0"),
    (r"^condition_embedder\.time_embedder\.linear_2$", "time_embedding.2"),
    (r"^condition_embedder\.text_embedder\.linear_1$", "text_embedding.0"),
    (r"^condition_embedder\.text_embedder\.linear_2$", "text_embedding.2"),
    (r"^condition_embedder\.time_proj$", "time_projection.1"), (r"^proj_out$", "head.head"),
)  # fmt: skip
UNET_NAMES = (
    (r"^time_embedding\.linear_1$", "time_embed.0"), (r"^time_embedding\.linear_2$", "time_embed.2"),
    (r"^add_embedding\.linear_1$", "label_emb.0.0"), (r"^add_embedding\.linear_2$", "label_emb.0.2"),
    (r"^conv_in$", "input_blocks.0.0"), (r"^conv_out$", "out.2"), (r"^mid_block\.attentions\.0\.", "middle_block.1."),
    (r"^mid_block\.resnets\.0\.", "middle_block.0."), (r"^mid_block\.resnets\.1\.", "middle_block.2."),
)  # fmt: skip
OF_RESNET = {
    "conv1": "in_layers.2", "conv2": "out_layers.3", "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """What a file changes in one layer."""

    part: str  # component of the pipeline
    name: str  # of the module in it
    down: Any  # (rank, inputs), of a convolution (rank, inputs, height, width)
    up: Any  # (outputs, rank)
    alpha: float  # the change is alpha / rank * up @ down

    @property
    def rank(self) -> int:
        """Width between the two factors."""
        return self.down.shape[0]


@dataclass(frozen=True)
class Reading:
    """What was found of a file in a pipeline."""

    layers: tuple[Layer, ...]
    unknown: tuple[str, ...]  # layers of the file that the pipeline does not have
    misfits: tuple[str, ...]  # layers of another shape, each with both shapes
    rest: tuple[str, ...]  # tensors that are no part of a pair


def split_key(key: str) -> tuple[str, str] | None:
    """Return the layer and the kind of tensor that a key names, None for one that is no part of a pair.

    >>> split_key("lora_unet_mid_block_proj_in.lora_down.weight"), split_key("unet.conv_in.bias")
    (('lora_unet_mid_block_proj_in', 'down'), None)
    """
    tail = next((tail for tail in TAILS if key.endswith(tail)), None)
    return None if tail is None else (key.removesuffix(tail), TAILS[tail])


def count_layers(keys: Any) -> int:
    """Return how many layers the keys of a file name."""
    found = {split[0] for split in map(split_key, keys) if split and split[1] != ALPHA}
    return len(found) or sum("lora" in key.lower() for key in keys)


def read_layers(
    tensors: Mapping[str, Any], parts: Mapping[str, Mapping[str, tuple[str, Any]]], networks: tuple[str, ...]
) -> Reading:
    """Return which layers of a pipeline a file changes.

    `parts` has the modules of each component as `name_modules` gives them, `networks` the components that remove noise and are
    changed by this file.
    """
    found: dict[str, dict[str, Any]] = {}
    rest = []
    for key, tensor in tensors.items():
        split = split_key(key)
        if split is None:
            rest.append(key)
        else:
            found.setdefault(split[0], {})[split[1]] = tensor
    layers, unknown, misfits = [], [], []
    for spelled, one in found.items():
        if not {DOWN, UP} <= set(one):
            rest += [f"{spelled} ({kind})" for kind in one]
            continue
        places = list(_places(spelled, parts, networks))
        if not places:
            unknown.append(spelled)
        for part, (name, module) in places:
            down, up = _fit_shapes(one[DOWN], one[UP], module)
            alpha = one.get(ALPHA)
            misfit = find_misfit(down, up, module)
            if misfit:
                misfits.append(f"{part}.{name} is {misfit}")
            else:
                layers.append(Layer(part, name, down, up, float(down.shape[0] if alpha is None else alpha)))
    return Reading(tuple(layers), tuple(unknown), tuple(misfits), tuple(rest))


def name_modules(network: Any) -> dict[str, tuple[str, Any]]:
    """Return the layers of a network that a LoRA can change, by every spelling of their names, with underscores."""
    modules = {}
    for name, module in network.named_modules():
        weight = getattr(module, "weight", None)
        linear = hasattr(module, "in_features") or getattr(weight, "ndim", 0) == 4
        if linear and not OF_TUNER.search(name):
            own = name.removesuffix(".base_layer")
            modules[own] = getattr(module, "base_layer", module)
    found = {flatten(name): (name, module) for name, module in modules.items()}
    for name, module in modules.items():
        for other in other_names(network, name, modules):
            found.setdefault(flatten(other), (name, module))
    return found


def other_names(network: Any, name: str, modules: Mapping[str, Any]) -> Iterator[str]:
    """Yield how else a layer of a network is called."""
    kind = type(network).__name__
    yield name.removeprefix("text_model.")
    yield f"text_model.{name}"
    if kind.startswith("UNet"):
        yield name_in_unet(name, network.config.get("layers_per_block", 2), modules)
    if kind.startswith("Wan"):
        yield _renamed(name, WAN_NAMES)
    if name.endswith(".to_out.0"):
        yield name.removesuffix(".0").replace(".to_out", ".processor.to_out")
    yield re.sub(r"\.(to_[qkv])$", r".processor.\1", name)


def name_in_unet(name: str, layers: Any, modules: Mapping[str, Any]) -> str:
    """Return the name that a layer of a UNet had in its first publication, where all blocks are numbered through."""
    layers = layers if isinstance(layers, int) else 2
    match = re.match(r"(down|up)_blocks\.(\d+)\.(attentions|resnets|downsamplers|upsamplers)\.(\d+)\.(.+)", name)
    if match is None:
        return _name_in_resnet(_renamed(name, UNET_NAMES))
    way, level, kind, index, rest = match[1], int(match[2]), match[3], int(match[4]), match[5]
    first = level * (layers + 1) + (way == "down")
    blocks = "input_blocks" if way == "down" else "output_blocks"
    if kind == "downsamplers":
        return f"{blocks}.{first + layers}.0.op"
    if kind == "upsamplers":
        attends = any(other.startswith(f"up_blocks.{level}.attentions.") for other in modules)
        return f"{blocks}.{first + layers}.{2 if attends else 1}.{rest}"
    place = 1 if kind == "attentions" else 0
    return f"{blocks}.{first + index}.{place}.{rest if place else OF_RESNET.get(rest, rest)}"


def flatten(name: str) -> str:
    """Return a name as kohya writes it."""
    return name.replace(".", "_")


def find_misfit(down: Any, up: Any, module: Any) -> str:
    """Return how the shapes of a pair and of the layer differ, "" where they fit."""
    if hasattr(module, "in_features"):  # asked for, since the weights of a quantised layer are packed
        outputs, inputs, kernel = module.out_features, module.in_features, ()
    else:
        outputs, inputs, *kernel = module.weight.shape
    wanted = (inputs, *kernel), (outputs, down.shape[0], *([1] * len(kernel)))
    if (tuple(down.shape[1:]), tuple(up.shape)) == wanted:
        return ""
    return f"{outputs} x {inputs} here and {up.shape[0]} x {down.shape[1]} in the file"


def _places(
    spelled: str, parts: Mapping[str, Mapping[str, tuple[str, Any]]], networks: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, Any]]]:
    """Yield the component and the module of every layer that a spelling means."""
    head = next((head for head in HEADS if spelled.startswith(head)), "")
    wanted = HEADS.get(head, NETWORK)
    for part in networks if wanted == NETWORK else (wanted,):
        for rest in (spelled.removeprefix(head), spelled):
            module = parts.get(part, {}).get(flatten(rest))
            if module is not None:
                yield part, module
                break


def _fit_shapes(down: Any, up: Any, module: Any) -> tuple[Any, Any]:
    """Return factors with the dimensions of a layer: a convolution of one pixel is a linear layer, and the other way round."""
    wanted = 2 if hasattr(module, "in_features") else module.weight.ndim
    if wanted == 2 and down.ndim == 4 and down.shape[2:].numel() == 1:
        return down.flatten(1), up.flatten(1)
    if wanted == 4 and down.ndim == 2:
        return down[:, :, None, None], up[:, :, None, None]
    return down, up


def _name_in_resnet(name: str) -> str:
    if not re.match(r"middle_block\.[02]\.", name):
        return name
    start, _, rest = name.rpartition(".")
    return f"{start}.{OF_RESNET.get(rest, rest)}"


def _renamed(name: str, renames: tuple[tuple[str, str], ...]) -> str:
    for pattern, into in renames:
        name = re.sub(pattern, into, name)
    return name
