"""A public checkpoint in diffusers layout -> a folder of ONNX files, which the engine "onnx" draws from without PyTorch.

Each network is opened alone, traced once with sizes that no level of it halves evenly, so that its graph draws every size, and
run on ONNX Runtime beside PyTorch at another size. Needs the extra "hub" (diffusers, transformers) and onnx.
"""

import gc
import importlib.util
import json
import secrets
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.engines.onnx_folder.folder import GRAPH, INDEX
from mutoscope.engines.onnx_folder.graphs import Graph
from mutoscope.errors import CheckpointError, MissingExtraError, OutputError
from mutoscope.events import Event, Phase
from mutoscope.export.diffusers_parts import MAKERS, Part, make_decoder, make_encoder
from mutoscope.hub.checks import check_folder, read_json
from mutoscope.telemetry import disable_telemetry

OPSET = 18
TOLERANCE = 1e-4  # of the largest number of an output, or of 1
DATA = "model.onnx_data"
ONE_FILE_BYTES = 64_000_000  # larger graphs have their weights beside them
LARGE_WEIGHT = 1024  # numbers; smaller ones stay float32
PIPELINES = ("StableDiffusionPipeline", "StableDiffusionXLPipeline", "LatentConsistencyModelPipeline")
KEPT = ("LICENSE*", "README.md")  # who may use the weights for what stands there


def export_folder(
    source: Path, out: Path, tiny_decoder: Path | None = None, half: bool = False, name: str = ""
) -> Iterator[Event]:
    """Write `out` from the diffusers folder `source`; events name each part with its largest difference from PyTorch.

    `tiny_decoder` is the folder of an AutoencoderTiny (TAESD), which takes the place of the decoder. `half` stores weights in
    float16; they are computed with in float32. `name` is what the folder says it was made from. The last event carries {part: difference}.
    Raises CheckpointError, OutputError when `out` is there and not empty, MissingExtraError.
    """
    check_libraries()
    layout = check_folder(source)
    if layout.class_name not in PIPELINES:
        raise CheckpointError(f"{source} is a {layout.class_name}; exported are {', '.join(PIPELINES)}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out} is there already; give a new folder with --out")
    makers = [maker for name, maker in MAKERS.items() if name in layout.components]
    makers = [*makers, make_encoder, make_decoder]
    found: dict[str, float] = {}
    writing = Phase("write", len(makers))
    with written_whole(out) as new:
        yield writing.start()
        for maker in makers:
            part = maker(source, tiny_decoder)
            found[part.name] = write_part(part, new / part.name, half)
            yield writing.advance(message=f"{part.name}: at most {found[part.name]:.1e} from PyTorch")
            del part
            gc.collect()  # the next network needs the memory
        copy_rest(source, new, name or source.name)
    yield Event("done", 1, 1, 0.0, result=found)


def check_libraries() -> None:
    """Raise MissingExtraError for what the export needs and is not installed."""
    for library, extra in (("torch", "hub"), ("diffusers", "hub"), ("transformers", "hub"), ("onnx", "export")):
        if importlib.util.find_spec(library) is None:
            raise MissingExtraError(library, extra)
    disable_telemetry()


@contextmanager
def written_whole(folder: Path) -> Iterator[Path]:
    """Give an empty folder that becomes `folder` when all went well, and leaves nothing behind when not."""
    temporary = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}.tmp")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
    except BaseException:  # Ctrl-C too must leave nothing behind
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def write_part(part: Part, folder: Path, half: bool) -> float:
    """Write a network's graph and configuration; returns how far it is from PyTorch, as a share of its largest number.

    CheckpointError where that is more than rounding.
    """
    import torch

    folder.mkdir()
    if half:
        for name, weight in part.module.named_parameters():
            rounded = weight.half().float()
            if not bool(torch.isfinite(rounded).all()):
                raise CheckpointError(f"{part.name}: {name} holds numbers that float16 cannot; export without --half")
            weight.copy_(rounded)
    trace(part, folder / GRAPH)
    store(folder / GRAPH, half)
    (folder / "config.json").write_text(json.dumps(part.config, indent=2, sort_keys=True), encoding="utf-8")
    with torch.no_grad():
        expected = part.module(*part.others.values())
    expected = expected if isinstance(expected, tuple) else (expected,)
    given = Graph(folder / GRAPH, 1).run({name: value.numpy() for name, value in part.others.items()})
    difference = max(
        float(np.abs(given[name] - value.numpy()).max()) / max(1.0, float(value.abs().max()))
        for name, value in zip(part.outputs, expected, strict=True)
    )
    if not difference <= TOLERANCE:
        raise CheckpointError(
            f"{part.name}: its graph gives {difference:.1e} else than PyTorch, expected {TOLERANCE:g} at most"
        )
    return difference


def trace(part: Part, path: Path) -> None:
    """Write the graph of a module as the tracer gives it."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            part.module, tuple(part.inputs.values()), str(path), input_names=list(part.inputs), output_names=part.outputs,
            dynamic_axes=part.axes, opset_version=OPSET, dynamo=False,
        )  # fmt: skip


def store(path: Path, half: bool) -> None:
    """Write a graph anew: weights in float16 with `half`, those of a large one in a file beside it, and nothing else there."""
    import onnx

    model = onnx.load(str(path))
    for file in path.parent.iterdir():
        file.unlink()  # the tracer writes a file for each weight of a large network
    if half:
        halve(model)
    size = sum(len(weight.raw_data) for weight in model.graph.initializer)
    onnx.save_model(model, str(path), save_as_external_data=size > ONE_FILE_BYTES, location=DATA)
    for file in path.parent.iterdir():
        file.chmod(0o644)  # weights are written so that only their owner may read them


def halve(model: Any) -> None:
    """Store large weights in float16; a node turns each into float32 when the graph is opened."""
    import onnx
    from onnx import helper, numpy_helper

    casts = []
    for weight in model.graph.initializer:
        if weight.data_type != onnx.TensorProto.FLOAT or np.prod(weight.dims) < LARGE_WEIGHT:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])


def copy_rest(source: Path, out: Path, name: str) -> None:
    """Copy tokenizers, scheduler and licence, and write what the whole is."""
    for part in ("tokenizer", "tokenizer_2", "scheduler"):
        if (source / part).is_dir():
            (out / part).mkdir()
            for file in (*(source / part).glob("*.json"), *(source / part).glob("*.txt")):
                shutil.copyfile(file, out / part / file.name)
    for file in (file for pattern in KEPT for file in source.glob(pattern) if file.is_file()):
        shutil.copyfile(file, out / file.name)
    index = read_json(source / INDEX)
    (out / INDEX).write_text(json.dumps({**index, "_name_or_path": name}, indent=2), encoding="utf-8")
