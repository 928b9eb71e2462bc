"""Everything that can be said of a model made elsewhere before a library opens it: whole, plain data, and nothing that runs.

The libraries load much of what is damaged without a word: a missing tokenizer becomes one of two words, a missing tensor
becomes noise, a file without safetensors falls back to a pickle. So a folder is looked through first; it takes milliseconds.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutoscope.errors import CheckpointError, MissingModelError
from mutoscope.hub.endings import CONVERT, PICKLES, check_ending
from mutoscope.hub.headers import LFS, read_header, variant_of
from mutoscope.hub.names import again, find_gaps, repository_of

INDEX = "model_index.json"
MODULAR = "modular_model_index.json"
LIBRARIES = ("diffusers", "transformers")
# Parts of diffusers.pipelines that folders name in the place of a library, for classes that one family alone has.
ROOMS_OF_DIFFUSERS = frozenset(
    "audioldm2 bria_fibo cogview3 deepfloyd_if deprecated dreamlite ernie_image glm_image helios hidream_image "
    "hunyuan_image hunyuan_video hunyuan_video1_5 hunyuandit ideogram4 kandinsky kandinsky5 kandinsky6 kolors krea2 "
    "latent_diffusion longcat_image ltx ltx2 lumina lumina2 motif_video nucleusmoe_image omnigen ovis_image prx "
    "qwenimage qwenimage21 sana sana_video skyreels_v2 stable_cascade stable_diffusion stable_diffusion_3 "
    "stable_diffusion_xl unidiffuser wan wuerstchen z_image".split()
)
MAX_INDEX = 1 << 20  # bytes of a model_index.json or a component's config
MAX_VOCABULARY = 256 << 20  # bytes of a tokenizer's JSON
MAX_FILES = 10_000
MAX_NUMBER, MAX_LAYERS = (
    100_000_000,
    1_000,
)  # of a config: above, memory would run out before the file is known to be wrong
LAYERS = re.compile(r"(num_|n_)\w*(layers|blocks|layer|block)|depth")
VOCABULARIES = (
    "tokenizer.json", "vocab.json", "vocab.txt", "spiece.model", "tokenizer.model", "sentencepiece.bpe.model",
    "spm.model", "tekken.json",
)  # fmt: skip
OF_BYTES = ("ByT5Tokenizer", "ByT5TokenizerFast")  # its letters are bytes: no vocabulary
WITHOUT_WEIGHTS = re.compile(r"Tokenizer|Scheduler|Processor|FeatureExtractor|Guid")
SHARDED = "*.safetensors.index*.json"


@dataclass(frozen=True)
class Layout:
    """What the model_index.json of a folder says, once the folder is found whole."""

    class_name: str  # of the pipeline
    components: dict[str, tuple[str, str]]  # name -> library and class; those that are there
    settings: dict[str, Any]  # the rest: is_distilled, boundary_ratio and the like
    variant: str | None  # "fp16" where weights are there in that variant alone


def check_folder(folder: Path) -> Layout:
    """Return the layout of a model's folder that is whole and plain data; CheckpointError says what is wrong and what to do."""
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingModelError(f"there is no folder {str(folder)!r}")
    _check_links(folder)
    class_name, components, settings = read_index(folder)
    for name, (library, cls) in components.items():
        _check_component(folder, name, library, cls)
    return Layout(class_name, components, settings, find_variant(folder))


def check_file(path: Path) -> None:
    """Check that a single file of weights is a whole .safetensors file; CheckpointError says what is wrong and what to do."""
    path = Path(path)
    if not path.is_file():
        raise MissingModelError(f"there is no file {str(path)!r}")
    check_ending(path)
    if not read_header(path):
        raise CheckpointError(f"{path} holds no weights")


def find_variant(folder: Path) -> str | None:
    """Return the variant, such as "fp16", under which alone the weights of some component are there; None for plain files."""
    missing: Counter[str] = Counter()
    for part in folder.iterdir():
        names = {variant_of(path.name) for path in part.glob("*.safetensors")} if part.is_dir() else set()
        if names and "" not in names:
            missing.update(names)
    return missing.most_common(1)[0][0] if missing else None


def read_json(path: Path, most: int = MAX_INDEX) -> dict[str, Any]:
    """Return the object in a JSON file; CheckpointError for a pointer, anything too long, or what is no object."""
    try:
        size = path.stat().st_size
        if size > most:
            raise CheckpointError(f"{path} has {size:,} bytes; at most {most:,} are read of such a file")
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}; {again(path)}") from error
    if data.startswith(LFS):
        raise CheckpointError(_pointer(path))
    try:
        found = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not JSON ({str(error)[:100]}); {again(path)}") from error
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} must hold a JSON object, got {type(found).__name__}")
    return found


def _check_links(folder: Path) -> None:
    """Refuse a folder with links out of it, links to nothing, or too many files; the links of a cache lead to its blobs."""
    gaps = find_gaps(folder) if repository_of(folder) else []
    if gaps:
        raise CheckpointError(f"{folder} is half a download: it lacks {', '.join(gaps[:3])}; {again(folder)}")
    inside = [os.path.realpath(folder)]
    if repository_of(folder):
        of_cache = folder.parent.parent
        inside += [os.path.realpath(of_cache / "blobs"), os.path.realpath(of_cache.parent / "blobs")]
    count = 0
    for here, folders, files in os.walk(folder):
        for name in (*folders, *files):
            count += 1
            path = os.path.join(here, name)
            if not os.path.islink(path):
                continue
            target = os.path.realpath(path)
            if not os.path.exists(target):
                raise CheckpointError(f"{path} is a link to nothing; {again(Path(path))}")
            if not any(target.startswith(root + os.sep) for root in inside):
                raise CheckpointError(
                    f"{path} is a link out of the folder, to {target}; a model is opened only if all of it lies within its folder"
                )
        if count > MAX_FILES:
            raise CheckpointError(f"{folder} has more than {MAX_FILES:,} files; that is no folder of a model")


def read_index(folder: Path) -> tuple[str, dict[str, tuple[str, str]], dict[str, Any]]:
    """Return class, components and settings of model_index.json."""
    path = folder / INDEX
    if not path.is_file():
        raise CheckpointError(_without_index(folder))
    index = read_json(path)
    class_name = index.pop("_class_name", None)
    if not isinstance(class_name, str) or not class_name.isidentifier():
        if isinstance(class_name, list):
            raise CheckpointError(_own_code(path, ", ".join(map(str, class_name))))
        raise CheckpointError(f"{path}: _class_name must be the name of a pipeline, got {str(class_name)[:80]!r}")
    components, settings = {}, {}
    for name, value in index.items():
        if not isinstance(value, list) or not _is_component(value):
            settings[name] = value
            continue
        if value[0] is None or value[1] is None:
            _check_nothing(folder, name)
            continue  # a component that this model leaves out
        if not name.isidentifier() or name.startswith("_"):
            raise CheckpointError(f"{path}: {name[:80]!r} cannot be the name of a component")
        components[name] = _check_pair(folder, name, value[0], value[1])
    return class_name, components, settings


def _is_component(value: list[Any]) -> bool:
    """Say whether a list of model_index.json is [library, class]."""
    return len(value) == 2 and all(part is None or isinstance(part, str) for part in value)


def _check_pair(folder: Path, name: str, library: str, cls: str) -> tuple[str, str]:
    """Return library and class of a component; refuse any that is not of diffusers or transformers."""
    path = folder / INDEX
    if library.isidentifier() and library not in LIBRARIES:
        files = [f"{library}.py", f"{name}/{library}.py", f"{name}.py", f"{library}/__init__.py"]
        own = next((file for file in files if (folder / file).exists()), None)
        if own:
            raise CheckpointError(_own_code(path, own))
    if library not in LIBRARIES and library not in ROOMS_OF_DIFFUSERS:
        raise CheckpointError(
            f"{path}: {name} is of the library {library[:80]!r}; Mutoscope opens what diffusers and transformers have, no other code"
        )
    if not cls.isidentifier():
        raise CheckpointError(f"{path}: {name} has no name of a class, got {cls[:80]!r}")
    return library, cls


def _check_nothing(folder: Path, name: str) -> None:
    """Refuse code that would be taken for the library of a component without one (CVE-2026-44827)."""
    for file in ("None.py", f"{name}/None.py"):
        if (folder / file).exists():
            raise CheckpointError(_own_code(folder / INDEX, file))


def _check_component(folder: Path, name: str, library: str, cls: str) -> None:
    """Check the folder of one component: its configs, its weights, its vocabulary."""
    part = folder / name
    if not part.is_dir():
        raise CheckpointError(f"{folder} has no {name}/, which its {INDEX} names ({cls}); {again(folder)}")
    for code in part.glob("*.py"):
        raise CheckpointError(_own_code(part, code.name))
    for path in _files(part):
        if path.suffix == ".json":
            config = read_json(path, MAX_VOCABULARY if path.name in VOCABULARIES else 16 * MAX_INDEX)
            if path.name in ("config.json", "scheduler_config.json"):
                _check_numbers(path, config)
        elif _is_pointer(path):
            raise CheckpointError(_pointer(path))
    if "Tokenizer" in cls and cls not in OF_BYTES and not any((part / file).is_file() for file in VOCABULARIES):
        raise CheckpointError(
            f"{part} has no vocabulary, none of {', '.join(VOCABULARIES[:4])}: every prompt would be read as the same; {again(part)}"
        )
    if not WITHOUT_WEIGHTS.search(cls):
        _check_weights(part, cls)


def _check_weights(part: Path, cls: str) -> None:
    """Check that a component has all of its weights, as safetensors."""
    for index in part.glob(SHARDED):
        _check_shards(index)
    safe = sorted(part.glob("*.safetensors"))
    for path in safe:
        if not read_header(path):
            raise CheckpointError(f"{path} holds no weights; {again(path)}")
    if safe:
        _check_numbered(part, safe)
        return
    unsafe = next((path for path in _files(part) if path.suffix.lower() in PICKLES), None)
    if unsafe:
        raise CheckpointError(f"{part} has its weights as a pickle ({unsafe.name}), which can run code; {CONVERT}")
    if (part / "config.json").is_file() or not any(part.iterdir()):
        raise CheckpointError(f"{part} has no weights in .safetensors files, which {cls} needs; {again(part)}")


def _check_shards(index: Path) -> None:
    """Check that the files which a list of shards names are there."""
    table = read_json(index, 64 * MAX_INDEX).get("weight_map")
    if not isinstance(table, dict) or not all(isinstance(file, str) for file in table.values()):
        raise CheckpointError(f"{index} names no files (weight_map); {again(index)}")
    for file in sorted(set(table.values())):
        if "/" in file or "\\" in file or not file.endswith(".safetensors"):
            raise CheckpointError(f"{index} names {file[:80]!r}, which is no .safetensors file beside it")
        if not (index.parent / file).is_file():
            raise CheckpointError(f"{index.parent} lacks {file}, which {index.name} names; {again(index)}")


def _check_numbered(part: Path, files: list[Path]) -> None:
    """Refuse shards of which some are missing; a model in one file needs none."""
    found = [re.search(r"-(\d{5})-of-(\d{5})", path.name) for path in files]
    if not all(found) or any(part.glob(SHARDED)):
        return
    raise CheckpointError(
        f"{part} has its weights in {len(files)} files and no list of them (*.index.json); {again(part)}"
    )


def _check_numbers(path: Path, config: dict[str, Any]) -> None:
    """Refuse a config whose numbers are beyond every model."""
    stack: list[tuple[str, Any]] = list(config.items())
    while stack:
        name, value = stack.pop()
        if isinstance(value, dict):
            stack += [(str(key), part) for key, part in value.items()]
        elif isinstance(value, list):
            stack += [(name, part) for part in value]
        elif isinstance(value, int) and not isinstance(value, bool):
            most = MAX_LAYERS if LAYERS.fullmatch(name) else MAX_NUMBER
            if abs(value) > most:
                raise CheckpointError(f"{path}: {name} is {value:,}, beyond every known model (at most {most:,})")


def _is_pointer(path: Path) -> bool:
    """Say whether a file stands for another that Git LFS has not fetched."""
    if path.stat().st_size > 1024:
        return False
    with open(path, "rb") as file:
        return file.read(len(LFS)) == LFS


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.iterdir() if path.is_file())


def _pointer(path: Path) -> str:
    return f"{path} is a pointer of Git LFS, not the file; fetch the file itself: git lfs pull, or {again(path)}"


def _own_code(path: Path, code: str) -> str:
    return f"{path} names code of its own ({code[:80]}); Mutoscope runs no code from a model"


def _without_index(folder: Path) -> str:
    """Return what is said of a folder without a model_index.json, by what lies in it instead."""
    if (folder / MODULAR).is_file():
        return (
            f"{folder} is a modular pipeline (FLUX.3, LTX-2.5 class); this version runs pipelines with a {INDEX}; "
            "look for a repository of the same model in the layout of diffusers"
        )
    files = [path for path in _files(folder) if path.suffix.lower() in (".safetensors", ".gguf", *PICKLES)]
    safe = [path for path in files if path.suffix.lower() == ".safetensors"]
    if safe and (folder / "config.json").is_file():
        return f"{folder} is one part of a model (a {INDEX} is missing); name the folder that has all parts"
    if safe:
        return f"{folder} has no {INDEX}; its file can be named itself: {safe[0]}"
    for path in files:
        check_ending(path)
    return f"{folder} has no {INDEX}: it is no model in the layout of diffusers, or {again(folder)}"
