"""The caption file beside a picture: name.txt or name.caption, or the same behind the whole name, as in name.png.txt.

Endings may be in upper case, and letters composed or taken apart: `IMG_1.JPG` has its caption in `IMG_1.TXT`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from mutoscope.data import captions
from mutoscope.data.tables import composed

ENDINGS = (".txt", ".caption")


class Sidecars:
    """Finds caption files; the names of the folder that was asked for last are kept."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._names: dict[str, str] = {}  # composed, ending in lower case -> name on the disk

    def find(self, media: Path) -> Path | None:
        """Return the caption file beside a picture or clip, or None."""
        if media.parent != self._folder:
            self._folder, self._names = media.parent, _names_in(media.parent)
        for key in _keys(media.name):
            if key in self._names:
                return media.parent / self._names[key]
        return None

    def read(self, media: Path) -> tuple[list[str], str]:
        """Return the captions beside a picture or clip, and what is wrong with their file; both empty without one."""
        file = self.find(media)
        if file is None:
            return [], ""
        try:
            with open(file, "rb") as stream:
                text, problem = captions.decode(stream.read(captions.MAX_BYTES + 1))
        except OSError as error:
            text, problem = "", error.strerror or "cannot be read"
        return captions.wordings(text), f"{file.name}: {problem}" if problem else ""


def _keys(name: str) -> Iterator[str]:
    """Yield what the caption file of `name` may be called, the likeliest first."""
    stem, whole = composed(os.path.splitext(name)[0]), composed(name)
    yield from (stem + ending for ending in ENDINGS)
    yield from (whole + ending for ending in ENDINGS)


def _names_in(folder: Path) -> dict[str, str]:
    """Return the caption files of a folder; of two that differ in the case of their ending alone, the lower one."""
    try:
        names = sorted(os.listdir(folder))  # upper case first, so that lower case has the last word
    except OSError:
        return {}
    found = {}
    for name in names:
        stem, ending = os.path.splitext(name)
        if ending.lower() in ENDINGS and (folder / name).is_file():
            found[composed(stem) + ending.lower()] = name
    return found
