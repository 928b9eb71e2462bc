"""The object library: drawings that the package ships, by name, for what a small network cannot know by heart.

    prompt ─ find ─┬─ the scene, without its objects ─ drawn by the network
                   └─ objects ─ layout.lay_out ─ paste.paste ─ painted over by the network: edges, light, style

A network of ten million weights learns scenes, lights and styles, and not the shapes of a thousand objects; so shapes are looked
up, as in retrieval-augmented diffusion (Blattmann et al. 2022), placed by what the prompt says of them (as in layout-grounded
diffusion, Lian et al. 2023), and painted over at the noise level at which forms stay and surfaces change (SDEdit, Meng et al. 2022).

    library = load_library()
    library.find("two red cars on a road at dusk")   # scene 'a road at dusk', objects (NamedObject('car', 2, color='red'),)

Knows no request, no network and no file but its own: `things.zip`, one WebP a drawing, and `drawings.json`, what is known of each
(scripts/make_objects). Names, sizes and places are those of the vocabulary.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope import vocabulary
from mutoscope.cutouts import dyed
from mutoscope.errors import CheckpointError, SettingError
from mutoscope.objects.layout import Noun, Placed, lay_out
from mutoscope.objects.own import OwnObject, own_objects
from mutoscope.objects.paste import backdrop, interior_cells, paste
from mutoscope.prompt.objects import OBJECT_PHRASE_WORDS, FoundObjects, ObjectFinder
from mutoscope.prompt.reading import unknown_words
from mutoscope.prompt.request import ObjectPlan
from mutoscope.rng import Stream

__all__ = [
    "OBJECT_PHRASE_WORDS",
    "Drawing",
    "FoundObjects",
    "Noun",
    "ObjectLibrary",
    "OwnObject",
    "Placed",
    "find_library",
    "interior_cells",
    "load_library",
    "open_library",
    "own_objects",
]  # fmt: skip

FORMAT, TABLE = 2, "drawings.json"  # beside the archive: the facts of every drawing, and whose they are
# Digests of earlier archives that held the same drawings: files made with those are made again the same.
FORMER_DIGESTS = frozenset({"042d92b4f0833890"})
PLAIN = "plain background"  # where objects stand that are at home in no scene
EMBEDDED = Path(__file__).parent / "things.zip"


@dataclass(frozen=True)
class Drawing:
    """One picture of an object. `pixels` (h, w, 4) float32, premultiplied colour and alpha in [0, 1], cut to what can be seen."""

    pixels: np.ndarray
    bust: bool = False  # a head: it looks over the lower edge of the frame
    dyeable: bool = False  # of one hue, so that it can take another colour
    color: str = ""  # the one colour it has


@dataclass(frozen=True)
class DrawingFacts:
    """What is known of a drawing without opening it: the row of the table."""

    file: str = ""  # in the archive; "" for an object of the user's own
    bust: bool = False
    dye: bool = False
    color: str = ""


class ObjectLibrary:
    """An open archive of objects."""

    def __init__(self, path: Path):
        self.path = path
        try:
            with open(path, "rb") as file:
                if not zipfile.is_zipfile(file):  # it is opened for the first drawing: most prompts name no object
                    raise zipfile.BadZipFile("File is not a zip file")
            table: dict[str, Any] = json.loads(path.with_name(TABLE).read_text(encoding="utf-8"))
            known = table["format"]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise self._unreadable(error) from error
        if known != FORMAT:
            raise CheckpointError(f"{path}: format {known!r}, this version reads {FORMAT}; update mutoscope")
        self.credits: list[dict[str, Any]] = table["credits"]  # source, licence and number of the drawings
        self._rows: dict[str, list[dict[str, Any]]] = table["drawings"]
        self._own: Mapping[str, OwnObject] = {}

    def with_own(self, own: Mapping[str, OwnObject]) -> "ObjectLibrary":
        """Return this library with a user's own objects, which go before others of their name."""
        if not own:
            return self
        library = copy(self)
        for cached in ("drawings", "nouns", "_finder"):
            library.__dict__.pop(cached, None)
        library._own = dict(own)
        return library

    def without(self, words: frozenset[str]) -> "ObjectLibrary":
        """Return this library without the objects that one of their names says in these words (lower case), plurals too."""
        if not words:
            return self
        library = copy(self)
        for cached in ("drawings", "nouns", "_finder"):
            library.__dict__.pop(cached, None)
        library._rows = {noun: rows for noun, rows in self._rows.items() if not _is_said(noun, words)}
        return library

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except (OSError, zipfile.BadZipFile) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> CheckpointError:
        return CheckpointError(f"{self.path} cannot be read as an object library ({error}); install again")

    @cached_property
    def drawings(self) -> dict[str, tuple[DrawingFacts, ...]]:
        """The drawings of every object, by its name."""
        shipped = {noun: tuple(DrawingFacts(**row) for row in rows) for noun, rows in self._rows.items()}
        return shipped | {name: (DrawingFacts(dye=True),) for name in self._own}

    @property
    def own_hashes(self) -> tuple[tuple[str, str], ...]:
        """Name and hash of the user's own objects in it."""
        return tuple((name, item.hash) for name, item in self._own.items())

    @cached_property
    def digest(self) -> str:
        """First 16 digits of the SHA-256 of the archive and its table."""
        table = self.path.with_name(TABLE).read_bytes()
        return hashlib.sha256(self.path.read_bytes() + table).hexdigest()[:16]

    def holds(self, digest: str) -> bool:
        """Say whether this digest is that of an archive with the drawings of this one."""
        return digest == self.digest or (self.path == EMBEDDED and digest in FORMER_DIGESTS)

    @cached_property
    def nouns(self) -> dict[str, Noun]:
        """Everything it holds, by name."""
        return {name: self._noun(name) for name in self.drawings}

    def _noun(self, name: str) -> Noun:
        known, count = vocabulary.nouns().get(name), len(self.drawings[name])
        if known is None:
            return Noun(
                name, "person", ("ground", "plain"), drawings=count
            )  # of a user's own object nothing else is known
        sunk = 0.0 if name in self._own else known.sunk
        return Noun(name, known.size, known.places, sunk, count)

    @property
    def names(self) -> frozenset[str]:
        """All words that name an object, plurals too."""
        return self._finder.names

    @cached_property
    def _finder(self) -> ObjectFinder:
        return ObjectFinder(self._rows, self._own)

    def find(self, prompt: str) -> FoundObjects:
        """Return what a prompt says: its scene without its objects, and these; see prompt/objects.py.

        Objects without a scene stand where they are at home: a fox in a forest, a teapot on a plain ground.
        """
        found = self._finder.find(prompt)
        if found.place or not found.objects:
            return found
        home = next(filter(None, (vocabulary.home_of(wanted.noun) for wanted in found.objects)), PLAIN)
        scene = f"{home}, {found.scene}" if found.scene else home
        return FoundObjects(scene, found.objects, self._finder.scene_of(home))

    def rooms(self, scene: str) -> dict[str, tuple[float, float]]:
        """Return where objects can stand in a scene, heights of the frame from the top; {} for an unknown one."""
        known = vocabulary.scenes().get(scene)
        return known.heights() if known else {}

    def under_water(self, scene: str) -> bool:
        """Say whether a scene lies below the surface, where objects float anywhere."""
        known = vocabulary.scenes().get(scene)
        return known is not None and known.under_water

    def drawing(self, noun: str, number: int) -> Drawing:
        """Return a drawing of a noun; `number` counts round."""
        rows = self.drawings[noun]
        row = rows[number % len(rows)]
        pixels = self._pixels(row.file) if row.file else self._own[noun].pixels()
        return Drawing(pixels, row.bust, row.dye, row.color)

    def lay_into(
        self, picture: np.ndarray, found: FoundObjects | ObjectPlan, rng: Stream
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a picture (H, W, 3) uint8 with the objects that were found, and where they are, (H, W) float32 in [0, 1]."""
        height, width = picture.shape[:2]
        busts = {wanted.noun: self.drawing(wanted.noun, 0).bust for wanted in found.objects}
        rooms, floating = self.rooms(found.place), self.under_water(found.place)
        items = lay_out(found.objects, self.nouns, rooms, width / height, rng, busts, floating)
        ground = backdrop(picture, found.ground) if "plain" in rooms else picture
        return paste(ground, items, self._draw)

    def _draw(self, item: Placed) -> tuple[np.ndarray, float]:
        """Return the drawing of an object in its place, in the colour that was asked for, and the share of it under water."""
        noun, color = item.wanted.noun, item.wanted.color
        fits = [number for number, row in enumerate(self.drawings[noun]) if not color or row.dye or row.color == color]
        drawing = self.drawing(noun, fits[item.drawing % len(fits)] if fits else item.drawing)
        dye = color and drawing.dyeable and drawing.color != color
        return dyed(drawing.pixels, color) if dye else drawing.pixels, self.nouns[noun].sunk

    def _pixels(self, file: str) -> np.ndarray:
        from PIL.WebPImagePlugin import WebPImageFile  # Image.open would load every format there is to find this one

        with WebPImageFile(io.BytesIO(self._archive.read(file))) as image:
            plain = np.asarray(image.convert("RGBA"), np.float32) / 255.0
        return np.concatenate([plain[..., :3] * plain[..., 3:], plain[..., 3:]], -1)


def _is_said(noun: str, words: frozenset[str]) -> bool:
    known = vocabulary.nouns().get(noun)
    names = (noun, *(known.synonyms if known else ()))
    return any(not unknown_words(name, words) for name in names)


@lru_cache(maxsize=8)
def _load_library_without(words: frozenset[str]) -> ObjectLibrary:
    return load_library().without(words)


@cache
def load_library() -> ObjectLibrary:
    """Return the library that the package ships."""
    return ObjectLibrary(EMBEDDED)


def find_library(prompt: str, learned: frozenset[str] = frozenset()) -> ObjectLibrary:
    """Return the library that a prompt's objects are looked up in: the package's, and the user's own objects that it may name.

    `learned` are words whose objects the network draws by itself.
    """
    text = prompt.lower()
    return _load_library_without(learned).with_own({name: item for name, item in own_objects().items() if name in text})


def open_library(plan: ObjectPlan) -> ObjectLibrary:
    """Return the library that a request was made with; SettingError when it, or an object of the user's own, is another one."""
    library = load_library()
    if not library.holds(plan.library):
        raise SettingError(f"this was drawn with the object library {plan.library}; this version has {library.digest}")
    own = own_objects()
    for name, digest in plan.own:
        if name not in own or own[name].hash != digest:
            raise SettingError(
                f"this shows your own object {name!r} ({digest}), and your folder of objects has no such file"
            )
    return library.with_own({name: own[name] for name, _ in plan.own})
