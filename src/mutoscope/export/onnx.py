"""A training run -> a checkpoint folder: weights rounded once, graphs whose weights live in the weights file.

Graphs are exported from modules that already hold the rounded weights, so both runtimes compute with the same numbers. Every
large constant of a graph is matched to a tensor of the weights files (as it is, transposed, or the last of its four frames) and
replaced by that name; a graph is then a few kilobytes.
"""

import copy
import io
import json
import shutil
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mutoscope.checkpoint import (
    ENCODER,
    FORMAT,
    SCALE,
    VELOCITY,
    card_digest,
    file_hash,
    quantise_rows,
    read_card,
    read_weights,
)
from mutoscope.codec import Codec
from mutoscope.config import PATCH, ModelConfig
from mutoscope.errors import CheckpointError
from mutoscope.export.folders import replaced
from mutoscope.export.int8 import quantise_products
from mutoscope.layers import split_linear
from mutoscope.shapes import rotary_table
from mutoscope.telemetry import disable_telemetry
from mutoscope.text_encoder import TextTower
from mutoscope.transformer import Transformer

TRACED_OPSET = 20  # the newest that PyTorch's exporter traces to
FUSED_OPSET = (
    23  # has the nodes of `layers.rotate` and `layers.attention`; what stands beside them means the same at both
)
LARGE = 256  # bytes; larger constants must come from the weights file


class Reader(nn.Module):
    """Word embeddings -> adapted text: tower and adapter in one graph. The runtime looks the words up in the weights file."""

    def __init__(self, tower: TextTower, transformer: Transformer):
        super().__init__()
        self.text, self.transformer = tower, transformer

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        states = self.text.encode(words, mask) * mask[..., None].to(torch.float32)
        return self.transformer.adapt(states, mask)


class ReadText(nn.Module):
    """Adapted text -> what the blocks take of it."""

    def __init__(self, transformer: Transformer):
        super().__init__()
        self.transformer = transformer

    def forward(self, text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.transformer.read_text(text)


class VelocityStep(nn.Module):
    """One latent frame that sees a context; delta and guidance of a few-step network alone."""

    def __init__(self, transformer: Transformer):
        super().__init__()
        self.transformer = copy.deepcopy(transformer).requires_grad_(
            False
        )  # else attention is the plain one of training
        for block in self.transformer.all_blocks():
            block.register_module("qkv", split_linear(block.qkv, 3))
            block.mlp.register_module("up", split_linear(block.mlp.up, 2))

    def forward(self, patches, time, pooled, keys, values, rotary, delta=None, guidance=None):
        return self.transformer.step(patches, time, pooled, keys, values, rotary, delta, guidance)


class FirstFrame(nn.Module):
    """The first latent frame -> one frame and the state."""

    def __init__(self, codec: Codec):
        super().__init__()
        self.codec = codec

    def forward(self, latents):
        pixels, state = self.codec.decode_step(latents, None)
        return pixels, *state


class NextFrames(nn.Module):
    """A later latent frame and the state -> four frames and the next state."""

    def __init__(self, codec: Codec):
        super().__init__()
        self.codec = codec

    def forward(self, latents, state0, state1, state2):
        pixels, state = self.codec.decode_step(latents, (state0, state1, state2))
        return pixels, *state


class Encode(nn.Module):
    """A picture -> the first latent frame."""

    def __init__(self, codec: Codec):
        super().__init__()
        self.codec = codec

    def forward(self, pixels):
        return self.codec.encode(pixels)


def export_checkpoint(
    folder: Path,
    config: ModelConfig,
    *,
    tower: TextTower,
    transformer: Transformer,
    codec: Codec,
    tokenizer_json: str,
    card: dict[str, Any],  # name, licence, counters, known_words
    image_tower: nn.Module | None = None,
) -> Path:
    """Write a checkpoint folder, whole or not at all; the modules' weights are rounded in place to what is written.

    What `folder` held is replaced. CheckpointError names a tensor that float16 cannot hold.
    """
    with replaced(folder) as new:
        parts: dict[str, nn.Module] = {"text": tower, "transformer": transformer, "codec": codec}
        encoder = {f"codec.{k}": v for k, v in codec.state_dict().items() if k.startswith("encoder.")}
        tensors = {f"{p}.{k}": v for p, module in parts.items() for k, v in module.state_dict().items()}
        tensors = {name: tensor for name, tensor in tensors.items() if name not in encoder}
        if image_tower is not None:
            encoder |= {f"image_tower.{k}": v for k, v in image_tower.state_dict().items()}
        save_file(_stored(tensors), new / "weights.safetensors")
        save_file({name: _half(name, tensor) for name, tensor in encoder.items()}, new / "encoder.safetensors")
        (new / "tokenizer.json").write_text(tokenizer_json, encoding="utf-8")
        _write_graphs(new, config, card, tower, transformer, codec)
    return folder


def export_again(old: Path, folder: Path) -> Path:
    """Write the checkpoint `old` to `folder` with the graphs of this version; weights, tokenizer and card stay as they are.

    Raises CheckpointError.
    """
    card = read_card(old / "config.json", with_older=True)
    kept = [name for name in ("weights.safetensors", "encoder.safetensors", "tokenizer.json") if name in card["sha256"]]
    for name in kept:
        if not (old / name).is_file() or file_hash(old / name) != card["sha256"][name]:
            raise CheckpointError(
                f"{old / name} is missing or was changed (its SHA-256 differs); fetch the model again"
            )
    if "encoder.safetensors" not in kept:
        raise CheckpointError(f"{old} came without encoder.safetensors, which its graphs are made with; fetch it whole")
    config = ModelConfig.from_dict(card["model"])
    made_anew = {"format", "model", "constants", "sha256", "digest"}
    with replaced(folder) as new:
        for name in kept:
            shutil.copyfile(old / name, new / name)
        rest = {key: value for key, value in card.items() if key not in made_anew}
        parts = TextTower(config.text), Transformer(config.transformer), Codec(config.codec)
        _write_graphs(new, config, rest, *parts)
    return folder


def _write_graphs(
    folder: Path, config: ModelConfig, card: dict[str, Any], tower: TextTower, transformer: Transformer, codec: Codec
) -> None:
    """Write graphs and config.json beside the weights, which the modules take over first."""
    weights = read_weights(folder / "weights.safetensors")
    of_encoder = read_weights(folder / "encoder.safetensors", "codec.encoder.")
    for name, module in {"text": tower, "transformer": transformer, "codec": codec}.items():
        _round_to(module.float().eval(), name, weights | of_encoder)
    (folder / "graphs").mkdir()
    constants: dict[str, list[str]] = {}
    graphs = _graphs(config, Reader(tower, transformer), transformer, codec, weights)
    for name, (graph, names) in (*graphs, (ENCODER, encoder_graph(codec, of_encoder))):
        (folder / "graphs" / f"{name}.onnx").write_bytes(graph)
        constants[name] = names
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in files:
        path.chmod(0o644)  # safetensors writes files that only their owner may read
    hashes = {path.relative_to(folder).as_posix(): file_hash(path) for path in files}
    values = {"format": FORMAT, **card, "model": config.to_dict(), "constants": constants, "sha256": hashes}
    values["digest"] = card_digest(json.loads(json.dumps(values)))
    (folder / "config.json").write_text(json.dumps(values, indent=1, ensure_ascii=False), encoding="utf-8")


def _stored(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    out: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.startswith("text.") and tensor.ndim == 2 and tensor.shape[0] > 64:
            _half(name, tensor)
            values, scale = quantise_rows(tensor.float().numpy())
            out[name], out[name + SCALE] = torch.from_numpy(values), torch.from_numpy(scale)
        else:
            out[name] = _half(name, tensor)
    return out


def _half(name: str, tensor: Tensor) -> Tensor:
    half = tensor.half().contiguous()
    if not bool(torch.isfinite(half).all()):
        raise CheckpointError(f"{name} holds NaN or numbers that float16 cannot; train on from an earlier state")
    return half


def _round_to(module: nn.Module, prefix: str, weights: dict[str, np.ndarray]) -> None:
    own = module.state_dict()
    stored = {name: weights[f"{prefix}.{name}"] for name in own if f"{prefix}.{name}" in weights}
    module.load_state_dict({name: torch.from_numpy(array) for name, array in stored.items()}, strict=False)


def _graphs(
    config: ModelConfig, reader: Reader, transformer: Transformer, codec: Codec, weights: dict[str, np.ndarray]
) -> Iterable[tuple[str, tuple[bytes, list[str]]]]:
    sizes = config.transformer
    heads, width = sizes.heads, sizes.width // sizes.heads
    patch = sizes.latent_channels * PATCH**2
    words, mask = torch.randn(2, 7, config.text.width), torch.ones((2, 7), dtype=torch.bool)
    keys, values = torch.randn(2, sizes.depth, 1, heads, 24, width)  # two tensors: one given twice would be one input
    rotary = torch.from_numpy(rotary_table([0], 3, 4, width))
    step = (torch.randn(1, 12, patch), torch.rand(1, 1), torch.randn(1, sizes.width), keys, values, rotary)
    frame: dict[str, dict[int, str]] = {
        "patches": {1: "N"}, "time": {}, "pooled": {}, "keys": {3: "S"}, "values": {3: "S"}, "rotary": {1: "N"},
    }  # fmt: skip
    if sizes.few_step:
        step += (torch.rand(1, 1), 1 + torch.rand(1, 1))
        frame |= {"delta": {}, "guidance": {}}
    latents = torch.randn(1, config.codec.latent_channels, 1, 4, 6)
    with torch.no_grad():
        _, state = codec.decode_step(latents, None)
    rows = {"latents": {0: "B", 3: "h", 4: "w"}, "state0": {0: "B", 2: "h", 3: "w"}, "state1": {0: "B", 2: "h", 3: "w"},
            "state2": {0: "B", 2: "h2", 3: "w2"}}  # fmt: skip
    text = {"words": {0: "B", 1: "L"}, "mask": {0: "B", 1: "L"}}
    after = ["pixels", "after0", "after1", "after2"]
    yield "text", _export(reader, (words, mask), text, ["states"], weights)
    context = ["pooled", "keys", "values"]
    text_states = torch.randn(1, 7, sizes.width)
    yield "context", _export(ReadText(transformer), (text_states,), {"text": {1: "L"}}, context, weights)
    outputs = ["velocity", "own_keys", "own_values"]
    velocity, names = _export(VelocityStep(transformer), step, frame, outputs, weights)
    yield VELOCITY["fp32"], (velocity, names)
    yield VELOCITY["int8"], quantise_products(velocity)
    yield "first_frame", _export(FirstFrame(codec), (latents,), {"latents": rows["latents"]}, after, weights)
    yield "next_frames", _export(NextFrames(codec), (latents, *state), rows, after, weights)


def encoder_graph(codec: Codec, weights: dict[str, np.ndarray]) -> tuple[bytes, list[str]]:
    """Return the graph for one picture, pixels (1, 3, 1, H, W) -> latents, and the names of its constants in `weights`."""
    example = torch.rand(1, 3, 1, 32, 48) * 2 - 1
    return _export(Encode(codec), (example,), {"pixels": {3: "H", 4: "W"}}, ["latents"], weights)


def _export(module: nn.Module, example, inputs: dict, outputs: list[str], weights: dict[str, np.ndarray]):
    """Return (graph, names of the constants it takes from outside)."""
    disable_telemetry()  # the exporter of PyTorch may import ONNX Runtime
    import onnx

    buffer: Any = io.BytesIO()  # torch takes files, though its types name paths alone
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(), example, buffer, input_names=list(inputs), output_names=outputs, dynamic_axes=inputs,
            opset_version=TRACED_OPSET, dynamo=False,
        )  # fmt: skip
    graph = onnx.load_from_string(buffer.getvalue())
    for used in graph.opset_import:
        used.version = FUSED_OPSET
    return _strip(graph, weights)


def _strip(graph: Any, weights: dict[str, np.ndarray]) -> tuple[bytes, list[str]]:
    """Take the weights out of a graph and shorten it; return its bytes and the names of the constants it takes from outside."""
    names = _name_constants(graph, weights)
    _merge_equal(graph)
    _shorten(graph)
    for output in graph.graph.output:  # its shape is that of the example, which others would be compared with
        output.type.tensor_type.ClearField("shape")
    return graph.SerializeToString(), names


def _merge_equal(model: Any) -> None:
    """Compute once what a graph computes several times from the same inputs: constants, shapes, the parts of masks."""
    graph = model.graph
    results = {value.name for value in graph.output}
    same: dict[str, str] = {}
    seen: dict[tuple, list[str]] = {}
    kept = []
    for node in graph.node:
        node.input[:] = [same.get(name, name) for name in node.input]
        settings = tuple(sorted(attribute.SerializeToString(deterministic=True) for attribute in node.attribute))
        first = seen.setdefault((node.op_type, node.domain, tuple(node.input), settings), list(node.output))
        if first != list(node.output) and len(first) == len(node.output) and not results & set(node.output):
            same |= dict(zip(node.output, first, strict=True))
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def _shorten(model: Any) -> None:
    """Give everything inside of a graph short names and drop notes about where it came from: a third of the bytes."""
    graph = model.graph
    keep = {value.name for values in (graph.input, graph.output) for value in values}
    keep |= {constant.name for constant in graph.initializer if constant.external_data}
    short: dict[str, str] = {"": ""}
    for constant in graph.initializer:
        constant.name = _short(constant.name, short, keep)
    for node in graph.node:
        node.ClearField("name")
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
        node.input[:] = [_short(name, short, keep) for name in node.input]
        node.output[:] = [_short(name, short, keep) for name in node.output]
    graph.ClearField("value_info")


def _short(name: str, short: dict[str, str], keep: set[str]) -> str:
    return name if name in keep else short.setdefault(name, f"_{len(short)}")


def _name_constants(graph: Any, weights: dict[str, np.ndarray]) -> list[str]:
    """Replace every large constant of `graph` by the name of the stored tensor it equals; return those names."""
    from onnx import TensorProto, numpy_helper

    table = _views(weights)
    renamed: dict[str, str] = {}
    kept: dict[str, Any] = {}
    for constant in list(graph.graph.initializer):
        array = numpy_helper.to_array(constant)
        if array.nbytes <= LARGE:
            continue
        name = table.get((array.shape, array.tobytes()))
        if name is None:
            raise CheckpointError(f"constant {constant.name} {array.shape} of a graph is not in the weights")
        renamed[constant.name] = name
        graph.graph.initializer.remove(constant)
        if name not in kept:
            kept[name] = TensorProto(name=name, data_type=constant.data_type, dims=constant.dims)
            kept[name].data_location = TensorProto.EXTERNAL
            kept[name].external_data.add(key="location", value=name)
    graph.graph.initializer.extend(kept.values())
    for (
        node
    ) in graph.graph.node:  # equal weights: the exporter makes one the Identity of the other, under a weight's name
        for i, name in enumerate(node.output):
            if name in kept:
                renamed[name] = node.output[i] = f"{name}@same"
    for node in graph.graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = renamed.get(name, name)
    return sorted(kept)


def _parts(name: str, array: np.ndarray) -> list[np.ndarray]:
    """Return the pieces that `layers.split_linear` cuts a weight of the transformer's blocks into."""
    pieces = 3 if name.endswith(".qkv.weight") else 2 if name.endswith(".mlp.up.weight") else 0
    return np.split(array, pieces) if pieces and name.startswith("transformer.blocks.") else []


def _views(weights: dict[str, np.ndarray]) -> dict[tuple, str]:
    """(shape, bytes) of every stored tensor -> its name; matrices also transposed, frame parts also cut to the last of four."""
    table: dict[tuple, str] = {}
    for name, array in weights.items():
        if array.ndim == 2:
            table[(array.T.shape, array.T.tobytes())] = name + "@T"
        for part, rows in enumerate(_parts(name, array)):
            table[(rows.T.shape, rows.T.tobytes())] = f"{name}@part{part}of{len(array) // len(rows)}T"
        if name.startswith(("codec.decoder.part", "codec.decoder.linear")):
            rows = array.shape[0] // 4
            table[(array[-rows:].shape, array[-rows:].tobytes())] = f"{name}@last{rows}"
        if name in ("codec.encoder.join.weight", "codec.encoder.linear.weight"):
            last = array[:, -(array.shape[1] // 4) :]
            table[(last.shape, last.tobytes())] = f"{name}@inputs{last.shape[1]}"
        table[(array.shape, array.tobytes())] = name
        flat = array.reshape(1, -1, 1, 1, 1) if name in ("codec.mean", "codec.deviation") else None
        if flat is not None:
            table[(flat.shape, flat.tobytes())] = f"{name}@column"
    return table
