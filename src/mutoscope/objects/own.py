"""A user's own things: a cut-out picture in a folder becomes a word.

    SETTINGS/things/my cat.png         "my cat on a beach at sunset" then shows that cat, without any training

The name of the file is the name of the thing. A picture without transparency is cut out of a plain background by itself.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mutoscope.cutouts import cut, shrunk
from mutoscope.errors import SettingError
from mutoscope.paths import settings_folder

ENDINGS = (".png", ".webp")
LONGEST_NAME = 60
SIDE = 256  # pixels of the longer side that is kept
LARGEST = 40_000_000  # pixels of a file
PLAIN_BORDER = 0.05  # deviation of the border's colours up to which a background is plain
NEAR, FAR = 0.08, 0.20  # distance from the background's colour at which a pixel begins to be seen, and is all there


@dataclass(frozen=True)
class OwnThing:
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
                if image.width * image.height > LARGEST:
                    raise SettingError(f"{self.path} has {image.width} x {image.height} pixels; make it smaller")
                image.thumbnail((4 * SIDE, 4 * SIDE))
                plain = np.asarray(image.convert("RGBA"), np.float32) / 255.0
        except (OSError, ValueError, SyntaxError) as error:
            raise SettingError(f"{self.path} cannot be read as a picture ({error}); put a PNG or WebP there") from error
        part = cut(_with_alpha(plain, self.path))
        if min(part.shape[:2]) < 2:
            raise SettingError(f"there is nothing to be seen in {self.path}; is all of it transparent?")
        return shrunk(part, SIDE)


def own_things(folder: Path | None = None) -> dict[str, OwnThing]:
    """Return the user's own things by name, in lower case; an empty dict where there is no folder."""
    folder = settings_folder() / "things" if folder is None else folder
    if not folder.is_dir():
        return {}
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in ENDINGS and path.is_file()]
    names = {" ".join(path.stem.replace("_", " ").lower().split())[:LONGEST_NAME]: path for path in files}
    return {name: OwnThing(name, path) for name, path in names.items() if name}


def _with_alpha(pixels: np.ndarray, path: Path) -> np.ndarray:
    """Return RGBA (h, w, 4) with what is around the thing transparent."""
    if (pixels[..., 3] < 0.5).mean() > 0.02:
        return pixels
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])[:, :3]
    ground = np.median(edge, axis=0)
    if np.abs(edge - ground).mean() > PLAIN_BORDER:
        raise SettingError(f"{path} has no transparency and no plain background; cut the thing out and save it as PNG")
    far = np.abs(pixels[..., :3] - ground).max(-1)
    alpha = np.clip((far - NEAR) / (FAR - NEAR), 0.0, 1.0)
    return np.concatenate([pixels[..., :3], alpha[..., None]], -1)
