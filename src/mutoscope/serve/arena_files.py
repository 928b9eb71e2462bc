"""Pictures and clips that do not say who made them, and folders of files that were made elsewhere.

A folder of pairs has a folder for each contestant, with files of the same names:

    pairs/old/lake.png    pairs/old/fox.png    pairs/lake.txt (the prompt, where the files do not say it)
    pairs/new/lake.png    pairs/new/fox.png
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from mutoscope import __version__
from mutoscope.errors import MediaError, SettingError
from mutoscope.media import Provenance, open_frames, read_info
from mutoscope.media.clip import encode_clip
from mutoscope.media.picture import encode_picture
from mutoscope.serve.arena import Contest, Contestant, Drawing

ENDINGS = {"image": (".png", ".jpg", ".jpeg", ".webp"), "video": (".mp4", ".webm", ".gif")}
MAX_CONTESTANTS, MAX_PROMPTS = 6, 500
MAX_PROMPT_BYTES = 4000
DEFAULT_FPS = 8


def blind_file(path: Path) -> tuple[bytes, str]:
    """Return a file without its notes, and its media type; MediaError, OSError. The mark that a model made it stays."""
    said = Provenance(request_json=None, parameters=None, software=f"Mutoscope {__version__}", marking=True)
    header, frames = open_frames(path)
    pixels = list(frames)
    if not header.is_clip:
        return encode_picture(pixels[0], ".png", said), "image/png"
    fps = read_info(path)["fps"] or DEFAULT_FPS
    return encode_clip(np.stack(pixels), max(1, min(60, round(fps))), ".mp4", said), "video/mp4"


def read_folder(folder: Path) -> tuple[Contest, list[Drawing]]:
    """Return a folder of pairs as a comparison; SettingError where it is none."""
    folder = folder.resolve()
    files = {one.name: _list_files(one) for one in _subfolders(folder)}
    names = sorted(set.intersection(*(set(stems) for stems in files.values())) if files else ())[:MAX_PROMPTS]
    if not 2 <= len(files) <= MAX_CONTESTANTS or not names:
        raise SettingError(
            f"--pairs {folder}: expected 2 to {MAX_CONTESTANTS} folders with files of the same names, "
            f"got {len(files)} folders with {len(names)} names in common"
        )
    who = sorted(files)
    kinds = {
        kind for name in names for one in who for kind in ENDINGS if files[one][name].suffix.lower() in ENDINGS[kind]
    }
    if len(kinds) > 1:
        raise SettingError(f"--pairs {folder}: it holds pictures and clips; put them into different folders")
    ident = "folder-" + hashlib.sha256(json.dumps([str(folder), who, names]).encode()).hexdigest()[:16]
    contest = Contest(ident, folder.name, kinds.pop(), tuple(Contestant(one, one) for one in who), str(folder))
    prompts = [_read_prompt(folder, files[who[0]][name]) for name in names]
    return contest, [
        Drawing(ident, row, number, prompts[row], row, file=str(files[one][name].relative_to(folder)))
        for row, name in enumerate(names)
        for number, one in enumerate(who)
    ]


def find_file(contest: Contest, results: Path, name: str) -> Path:
    """Return where a drawing lies; one that a link leads out of its folder is not found (MediaError)."""
    home = Path(contest.folder) if contest.folder else results
    path = home / name
    if not path.resolve().is_relative_to(home.resolve()) or not path.is_file():
        raise MediaError("the file of this pair is gone")
    return path


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))
    except OSError as error:
        raise SettingError(f"--pairs {folder}: not a folder that can be read ({error.strerror})") from error


def _list_files(folder: Path) -> dict[str, Path]:
    """Return the pictures and clips of a folder by their names without the ending."""
    every = [ending for endings in ENDINGS.values() for ending in endings]
    return {one.stem: one for one in sorted(folder.iterdir()) if one.suffix.lower() in every and not one.is_symlink()}


def _read_prompt(folder: Path, file: Path) -> str:
    """Return the prompt of a file: of its notes, else of the text beside it or above it, else nothing."""
    for text in (file.with_suffix(".txt"), folder / f"{file.stem}.txt"):
        if text.is_file():
            return text.read_bytes()[:MAX_PROMPT_BYTES].decode("utf-8", "replace").strip()
    try:
        said = read_info(file)["request_json"]
        return str(json.loads(said)["prompt"]) if said else ""
    except (MediaError, ValueError, KeyError, TypeError):
        return ""
