"""A checkpoint of this package as a folder that stock diffusers opens: our files, an index, and the pipeline that runs them."""

import json
import shutil
from importlib import metadata
from pathlib import Path

from mutoscope.checkpoint import open_checkpoint
from mutoscope.errors import OutputError
from mutoscope.export.folders import replaced

PIPELINE = Path(__file__).with_name("diffusers_pipeline.py")
CHECKPOINT = "checkpoint"  # the folder inside that has our files


def check_folder(folder: Path) -> None:
    """Refuse to replace anything but an empty folder or one that was written here; raises OutputError."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise OutputError(f"{folder} is not a folder; choose another --out")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / CHECKPOINT / "weights.safetensors").is_file():
        raise OutputError(f"{folder} holds something else than an export for diffusers; choose another --out")
    if not folder.absolute().parent.is_dir():
        raise OutputError(f"there is no folder {folder.parent}; make it first: mkdir -p {folder.parent}")


def export_diffusers(source: Path | None, folder: Path) -> Path:
    """Write the checkpoint in `source`, None for the embedded one, to `folder`, whole or not at all; return the folder.

    `DiffusionPipeline.from_pretrained(folder, trust_remote_code=True)` draws with it. Raises CheckpointError.
    """
    checkpoint = open_checkpoint(source)
    with replaced(folder) as new:
        shutil.copytree(checkpoint.folder, new / CHECKPOINT)
        shutil.copyfile(PIPELINE, new / "pipeline.py")
        index = {"_class_name": ["pipeline", "MutoscopePipeline"], "_diffusers_version": metadata.version("diffusers")}
        (new / "model_index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    return folder
