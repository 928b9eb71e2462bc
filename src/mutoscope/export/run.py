"""`export_run`: the parts of a training run -> a checkpoint folder that draws without PyTorch."""

import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mutoscope.codec import Codec
from mutoscope.config import as_student
from mutoscope.errors import (
    MissingExtraError,
    MutoscopeError,
    OutputError,
    SettingError,
    StorageError,
    StorageFullError,
)
from mutoscope.export.card import build_card
from mutoscope.image_encoder import ImageTower
from mutoscope.run_folder import has_part, load_config, load_part, load_text
from mutoscope.transformer import Transformer


def export_run(run: Path, folder: Path, name: str, student: bool = False, licence: str = "") -> Path:
    """Write the model that the stages of `run` made to `folder`, whole or not at all; return the folder.

    With `student`, the few-step transformer that the stage distil made stands in the place of its teacher.
    `licence` is the model's; "" = that of its data.
    When `run` is a checkpoint, of an earlier version for example, its graphs are made again; weights, name and card stay.
    Raises CheckpointError naming the stage that is missing, OutputError when `folder` is something else than an older
    checkpoint, StorageFullError.
    """
    if importlib.util.find_spec("onnx") is None:
        raise MissingExtraError("onnx", "export")
    from mutoscope.export.onnx import export_again, export_checkpoint

    check_name(name)
    check_folder(folder)
    if (run / "weights.safetensors").is_file():
        with _storage_errors(folder):
            return export_again(run, folder)
    config = as_student(load_config(run)) if student else load_config(run)
    tower, tokenizer = load_text(run, config)
    transformer = load_part(run, "student" if student else "transformer", Transformer(config.transformer))
    codec = load_part(run, "codec", Codec(config.codec))
    image_tower = (
        load_part(run, "image_tower", ImageTower(config.image_tower)) if has_part(run, "image_tower") else None
    )
    card = build_card(run, config, name, licence)
    with _storage_errors(folder):
        return export_checkpoint(
            folder, config, tower=tower, transformer=transformer, codec=codec, tokenizer_json=tokenizer.to_json(),
            card=card, image_tower=image_tower,
        )  # fmt: skip


@contextmanager
def _storage_errors(folder: Path) -> Iterator[None]:
    """Raise what a full or failing disk causes as StorageFullError or StorageError."""
    try:
        yield
    except MutoscopeError:
        raise
    except Exception as error:  # safetensors tells of a full disk with an error of its own
        full = getattr(error, "errno", None) == 28 or "No space left" in str(error)
        if full:
            raise StorageFullError(f"the disk is full: cannot write {folder}; free some space and try again") from error
        if isinstance(error, OSError):
            raise StorageError(f"cannot write {folder}: {error.strerror or error}") from error
        raise


def check_name(name: str) -> None:
    """Refuse a model name that no file should carry; raises SettingError."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name):
        raise SettingError(
            f"--name takes small letters, digits and dashes, for example mutoscope-nano, got {name[:80]!r}"
        )


def check_folder(folder: Path) -> None:
    """Refuse to replace anything but an older checkpoint or an empty folder; raises OutputError."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise OutputError(f"{folder} is not a folder; choose another --out")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "weights.safetensors").is_file():
        raise OutputError(f"{folder} holds something else than a checkpoint; choose another --out")
    if not folder.parent.is_dir():
        raise OutputError(f"there is no folder {folder.parent}; make it first: mkdir -p {folder.parent}")
