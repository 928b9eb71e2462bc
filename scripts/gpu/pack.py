#!/usr/bin/env python3
"""Make the folder that travels to a GPU machine: code, the parts that are not trained, sprites, these programs.

    python scripts/gpu/pack.py --sprites SPRITES          makes .gpu/ in the repository (47 MB)
    python scripts/gpu/pack.py --sprites SPRITES --hide   also moves large tracked files out of the working tree
    python scripts/gpu/pack.py --restore                  puts them back

SPRITES holds sets as docs/world.md describes them, NAME.tar. --hide is for machines that get a copy of the whole working tree
and take only so much.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save_file

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SETS = ("emoji_fluent3d", "emoji_fluentflat", "emoji_noto", "emoji_twemoji72")
PROGRAMS = ("train.py", "renderers.py", "bank.py", "learner.py", "student.py", "preview.py")
SPRITE_SIDE = 130  # pixels; larger ones are made smaller
LARGE_BYTES = 150_000  # of a tracked file that --hide moves away


def pack(out: Path, checkpoint: Path, sprites: Path | None) -> None:
    """Write the folder anew."""
    shutil.rmtree(out, ignore_errors=True)
    leave = shutil.ignore_patterns("weights", "__pycache__", "*.safetensors", "*.zip", "*.onnx")
    shutil.copytree(ROOT / "src" / "mutoscope", out / "mutoscope", ignore=leave)
    for name in PROGRAMS:
        shutil.copy(HERE / name, out / name)
    shutil.copy(checkpoint / "tokenizer.json", out / "tokenizer.json")
    save_file(read_frozen_parts(checkpoint), out / "parts.safetensors")
    if sprites is not None:
        pack_sprites(sprites, out / "sprites.tgz")
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {size / 1e6:.0f} MB")


def read_frozen_parts(checkpoint: Path) -> dict:
    """Return the tensors of text tower and codec of a checkpoint folder."""
    parts = {}
    for name in ("weights", "encoder"):
        with safe_open(checkpoint / f"{name}.safetensors", "np") as file:
            keys = [key for key in file.keys() if key.startswith(("text.", "codec."))]  # noqa: SIM118 (no dict)
            parts |= {key: file.get_tensor(key) for key in keys}
    return parts


def pack_sprites(folder: Path, path: Path) -> None:
    """Write the sets of a folder that are in SETS, their pictures made small, as sprites/SET/... into one archive."""
    with tarfile.open(path, "w:gz") as archive:
        for name in SETS:
            with tarfile.open(folder / f"{name}.tar") as source:
                for member in source:
                    stream = source.extractfile(member) if member.isfile() else None
                    if stream is None:
                        continue
                    data = stream.read()
                    data = shrink(data) if member.name.endswith(".webp") else data
                    info = tarfile.TarInfo(f"sprites/{member.name.removeprefix('./')}")
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))


def shrink(data: bytes) -> bytes:
    """Return a picture of at most SPRITE_SIDE pixels a side as WebP."""
    picture = Image.open(io.BytesIO(data)).convert("RGBA")
    picture.thumbnail((SPRITE_SIDE, SPRITE_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def hide_large_files(root: Path, hidden: Path) -> int:
    """Move large tracked files of a repository to `hidden`, by their paths; return how many."""
    if hidden.exists():
        sys.exit(f"pack: {hidden} is there already; run with --restore first")
    names = subprocess.check_output(["git", "ls-files", "-z"], cwd=root, text=True).split("\0")
    large = [name for name in names if name and (root / name).is_file() and (root / name).stat().st_size > LARGE_BYTES]
    for name in large:
        (hidden / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(root / name, hidden / name)
    return len(large)


def restore(root: Path, hidden: Path) -> int:
    """Move everything in `hidden` back to its path; return how many files."""
    files = [path for path in sorted(hidden.rglob("*")) if path.is_file()]
    for path in files:
        target = root / path.relative_to(hidden)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
    shutil.rmtree(hidden, ignore_errors=True)
    return len(files)


def embedded_checkpoint() -> Path:
    """Return the folder of the embedded model."""
    return next(path.parent for path in sorted((ROOT / "src/mutoscope/weights").glob("*/weights.safetensors")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sprites", type=Path, help="folder with the sets; without it scenes have no objects")
    parser.add_argument("--checkpoint", type=Path, help="whose text tower and codec are used; the embedded one's")
    parser.add_argument("--out", type=Path, default=ROOT / ".gpu")
    parser.add_argument("--hide", action="store_true", help="move large tracked files out of the working tree")
    parser.add_argument("--restore", action="store_true", help="put hidden files back, and nothing else")
    parser.add_argument("--hidden", type=Path, default=ROOT.parent / "mutoscope-hidden", help="where they wait")
    options = parser.parse_args()
    if options.restore:
        print(f"{restore(ROOT, options.hidden)} files are back")
        return
    pack(options.out, options.checkpoint or embedded_checkpoint(), options.sprites)
    if options.hide:
        print(f"{hide_large_files(ROOT, options.hidden)} files wait in {options.hidden}")


if __name__ == "__main__":
    main()
