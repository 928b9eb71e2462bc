"""A user's own objects: a cut-out picture in a folder becomes a word.

    SETTINGS/objects/my cat.png        "my cat on a beach at sunset" then shows that cat, without any training

The name of the file is the name of the object. A picture without transparency is cut out of a plain background by itself.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mutoscope.cutouts import cut, shrunk
from mutoscope.errors import SettingError
from mutoscope.paths import settings_folder

ENDINGS = (".png", ".webp", ".jpg", ".jpeg")
FOLDERS = (
    "things",
    "objects",
)  # of the settings; the first is the former name, of two files of one name the second counts
MAX_NAME_LETTERS = 60
KEPT_SIDE_PIXELS = 256  # pixels of the longer side that is kept
MAX_FILE_PIXELS = 40_000_000  # pixels of a file
MAX_BORDER_DEVIATION = 0.05  # deviation of the border's colours up to which a background is plain
CLEAR_DISTANCE, SOLID_DISTANCE = (
    0.08,
    0.20,
)  # distance from the background's colour at which a pixel begins to be seen, and is all there


@dataclass(frozen=True)
class OwnObject:
    """One file of the folder."""

    name: str
    path: Path

    @cached_property
    def hash(self) -> str:
        """First 16 digits of the SHA-256 of the file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]

    def pixels(self) -> np.ndarray:
        """Return its drawing (h, w, 4) float32, premultiplied, cut to what can be seen; SettingError for what is none."""
        from PIL import Image

        try:
            with Image.open(self.path) as image:
                if image.width * image.height > MAX_FILE_PIXELS:
                    raise SettingError(f"{self.path} has {image.width} x {image.height} pixels; make it smaller")
                image.thumbnail((4 * KEPT_SIDE_PIXELS, 4 * KEPT_SIDE_PIXELS))
                plain = np.asarray(image.convert("RGBA"), np.float32) / 255.0
        except (OSError, ValueError, SyntaxError) as error:
            raise SettingError(f"{self.path} cannot be read as a picture ({error}); put a PNG or WebP there") from error
        part = cut(_with_alpha(plain, self.path))
        if min(part.shape[:2]) < 2:
            raise SettingError(f"there is nothing to be seen in {self.path}; is all of it transparent?")
        return shrunk(part, KEPT_SIDE_PIXELS)


def own_objects(folder: Path | None = None) -> dict[str, OwnObject]:
    """Return the user's own objects by name, in lower case; an empty dict where there is no folder."""
    folders = [settings_folder() / name for name in FOLDERS] if folder is None else [folder]
    files = [path for one in folders if one.is_dir() for path in sorted(one.iterdir())]
    pictures = [path for path in files if path.suffix.lower() in ENDINGS and path.is_file()]
    named = {name_of(path): OwnObject(name_of(path), path) for path in pictures}
    return {name: item for name, item in named.items() if name}


def name_of(path: Path) -> str:
    """Return the name that a file gives its object: composed letters in lower case, one blank between words."""
    stem = unicodedata.normalize("NFC", path.stem)
    return " ".join(stem.replace("_", " ").lower().split())[:MAX_NAME_LETTERS]


def _with_alpha(pixels: np.ndarray, path: Path) -> np.ndarray:
    """Return RGBA (h, w, 4) with what is around the object transparent."""
    if (pixels[..., 3] < 0.5).mean() > 0.02:
        return pixels
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])[:, :3]
    ground = np.median(edge, axis=0)
    if np.abs(edge - ground).mean() > MAX_BORDER_DEVIATION:
        raise SettingError(f"{path} has no transparency and no plain background; cut the thing out and save it as PNG")
    far = np.abs(pixels[..., :3] - ground).max(-1)
    alpha = np.clip((far - CLEAR_DISTANCE) / (SOLID_DISTANCE - CLEAR_DISTANCE), 0.0, 1.0)
    return np.concatenate([pixels[..., :3], alpha[..., None]], -1)
