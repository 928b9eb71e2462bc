"""Sprites: pictures with transparency and a name, from folders or .tar files with captions.jsonl and from emoji fonts.

Opening reads names only; a picture is decoded when it is first wanted, checked then, and left out (with the reason) when
it is broken, opaque, empty or tiny. The order of files, folders and of the file system changes nothing.

    library = SpriteLibrary.open([Path("sprites")])      # a set, a .tar, a font, or a folder of these
    library = open_sets("sprites,system")                # the same in the words of --sprites
    library.nouns()["fox"]                               # the sprites of foxes
    library.picture("emoji_noto/1f98a-fox.webp")         # its pixels

    picture  h w 4   numpy float32, premultiplied colour and alpha in [0, 1], cut to what can be seen
"""

import hashlib
import io
import json
import struct
import tarfile
import unicodedata
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mutoscope.cutouts import cut, dyed, shrunk
from mutoscope.errors import SettingError
from mutoscope.world.movement import HEADS
from mutoscope.world.sprite_names import OUT_OF_PLACE, STYLE_LOOKS, plain_name, read_name

LONGEST = 128  # pixels of a picture's longer side
SMALLEST = 10  # pixels of the longer side below which nothing can be made out
KEPT = 384  # decoded pictures kept in memory
# Emoji fonts of Linux, Windows and macOS; the last two are for a machine's own use, look at their licence first.
FONTS = (
    "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf", "/usr/share/fonts/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/google-noto-color-emoji-fonts/NotoColorEmoji.ttf",
)  # fmt: skip
FONT_LICENCES = {"Noto Color Emoji": "OFL-1.1"}
SHEETS = ("pixelboy", "pixelfrog")  # packs whose files hold many frames side by side
EMOJI = (
    (0x231A, 0x23FF),
    (0x2600, 0x27BF),
    (0x2B1B, 0x2B55),
    (0x1F300, 0x1F64F),
    (0x1F680, 0x1F6FF),
    (0x1F900, 0x1FAFF),
)


@dataclass(frozen=True)
class Sprite:
    """One named picture; its pixels are in the library."""

    id: str  # set/file
    noun: str
    color: str  # said by its name: the red of `red apple`
    look: str  # one of the looks of captions.toml, or ""
    style: str  # the drawing style in the words of its set
    source: str
    licence: str


@dataclass(frozen=True)
class Picture:
    """The pixels of a sprite, and what was measured in them."""

    pixels: np.ndarray  # h w 4
    color: str  # the one colour that it has, "" when there are several
    dyeable: bool  # one hue, or none: it can take another colour and stay itself
    frontal: bool  # its left half mirrors its right one: a head, or something seen from the front

    def dyed(self, color: str) -> "Picture":
        """Return the picture in one of vocabulary.COLORS, its shading kept."""
        if not color or color == self.color:
            return self
        return Picture(dyed(self.pixels, color), color, self.dyeable, self.frontal)


class SpriteLibrary:
    """Sprites by noun and by id; what was left out and why."""

    def __init__(self, sprites: Iterable[Sprite], readers: dict[str, "_Reader"], left_out: Counter):
        self.sprites = {sprite.id: sprite for sprite in sorted(sprites, key=lambda sprite: sprite.id)}
        self.left_out = left_out  # reason -> how many
        self.broken: dict[str, str] = {}  # id -> reason, found when its pixels were wanted
        self.used: set[str] = set()  # ids whose pixels were drawn
        self._readers = readers
        self._pictures: OrderedDict[str, Picture | None] = OrderedDict()

    @classmethod
    def empty(cls) -> "SpriteLibrary":
        """Return a library without sprites."""
        return cls((), {}, Counter())

    @classmethod
    def open(cls, paths: Iterable[Path | str], known_only: bool = True) -> "SpriteLibrary":
        """Read the names of all sets in `paths`: folders with captions.jsonl, .tar files of them, fonts, folders of these;
        the word `system` stands for the emoji font of this system.

        `known_only` keeps to the objects of the vocabulary; False takes every plain name, as a small thing for a plain ground.
        Raises SettingError when a path is missing or when no sprite is left.
        """
        paths = list(paths)
        if not paths:
            raise SettingError(
                "no sprite set is named; name folders, .tar files or fonts, or system for the emoji font"
            )
        sprites, readers, left_out = [], {}, Counter()
        for path in paths:
            for reader in _sets(Path(path)):
                for row in _rows(reader):
                    sprite, reason = _read_row(row, reader, known_only)
                    left_out[reason] += bool(reason)
                    if sprite and sprite.id not in readers:
                        sprites.append(sprite)
                        readers[sprite.id] = reader
        if not sprites:
            why = ", ".join(f"{count} {reason}" for reason, count in left_out.most_common(4) if reason)
            raise SettingError(f"no sprite in {', '.join(map(str, paths))} ({why or 'no captions.jsonl there'})")
        return cls(sprites, readers, +left_out)

    @cached_property
    def digest(self) -> str:
        """Return a short hash of the names of all sprites: the same sets give the same things."""
        return hashlib.sha256("\n".join(self.sprites).encode()).hexdigest()[:12]

    def nouns(self) -> dict[str, tuple[Sprite, ...]]:
        """Return the sprites of each noun, both in order."""
        return self._by_noun

    @cached_property
    def _by_noun(self) -> dict[str, tuple[Sprite, ...]]:
        groups: dict[str, list[Sprite]] = {}
        for sprite in self.sprites.values():
            groups.setdefault(sprite.noun, []).append(sprite)
        return {noun: tuple(groups[noun]) for noun in sorted(groups)}

    def picture(self, sprite: str) -> Picture:
        """Return the pixels of a sprite; raises SettingError for one that is not here or cannot be drawn."""
        if sprite not in self.sprites:
            raise SettingError(f"no sprite {sprite!r} in this library; open the sets the scene was drawn from")
        if self.fits(sprite):
            self.used.add(sprite)
            picture = self._pictures[sprite]
            assert picture is not None
            return picture
        raise SettingError(f"sprite {sprite!r} cannot be drawn: {self.broken[sprite]}")

    def fits(self, sprite: str) -> bool:
        """Say whether the sprite's picture can be drawn; decodes it."""
        if sprite not in self._pictures:
            self._pictures[sprite] = self._decode(sprite)
            while len(self._pictures) > KEPT:
                self._pictures.popitem(last=False)
        self._pictures.move_to_end(sprite)
        return self._pictures[sprite] is not None

    def peek(self, sprite: str) -> Picture | None:
        """Return the pixels without counting the sprite as used; None for what cannot be drawn."""
        return self._pictures[sprite] if self.fits(sprite) else None

    def _decode(self, sprite: str) -> Picture | None:
        try:
            pixels = _cut(self._readers[sprite].pixels(sprite.partition("/")[2]))
        except _Unfit as reason:
            self.broken[sprite] = str(reason)
            return None
        return Picture(
            pixels, *measure(pixels), bool(np.abs(pixels - pixels[:, ::-1]).mean() < 0.155 * pixels[..., 3].mean())
        )

    def attribution(self, sprites: Iterable[str] | None = None) -> list[dict[str, str | int]]:
        """Return source, licence and number of the named sprites; without names, of those that were drawn."""
        chosen = (self.sprites[name] for name in (self.used if sprites is None else sprites))
        counts = Counter((sprite.source, sprite.licence) for sprite in chosen)
        return [{"source": source, "licence": licence, "sprites": n} for (source, licence), n in sorted(counts.items())]


def open_sets(text: str) -> SpriteLibrary:
    """Open the sets that `--sprites` names, parted by commas; raises SettingError as `SpriteLibrary.open` does."""
    return SpriteLibrary.open(part.strip() for part in text.split(",") if part.strip())


# ------------------------------------------------------------------------------------------------------------------ sets


class _Unfit(Exception):
    """A picture that cannot be drawn; the message says why."""


class _Reader(Protocol):
    name: str

    def rows(self) -> Iterator[dict[str, Any]]: ...
    def pixels(self, file: str) -> np.ndarray: ...


class _Folder:
    """A folder with captions.jsonl."""

    def __init__(self, path: Path):
        self.name, self._path = path.resolve().name, path

    def rows(self) -> Iterator[dict[str, Any]]:
        return _lines(self._bytes("captions.jsonl"))

    def pixels(self, file: str) -> np.ndarray:
        return _open(self._bytes(file))

    def _bytes(self, file: str) -> bytes:
        try:
            target = (self._path / file).resolve()
            if not target.is_relative_to(self._path.resolve()):
                raise _Unfit("outside its folder")
            return target.read_bytes()
        except (OSError, ValueError) as error:
            raise _Unfit("file missing") from error


class _Tar:
    """A .tar of such a folder, read in place."""

    def __init__(self, path: Path):
        self.name, self._path = path.name.split(".tar")[0], path
        try:
            with tarfile.open(path, "r:") as archive:
                members = [(m.name, m.offset_data, m.size) for m in archive if m.isfile()]
        except (tarfile.TarError, OSError) as error:
            raise SettingError(f"{path} cannot be read as an uncompressed .tar ({error})") from error
        top = next((name.removesuffix("captions.jsonl") for name, *_ in members if name.endswith("captions.jsonl")), "")
        self._spans = {name.removeprefix(top): (start, size) for name, start, size in members}

    def rows(self) -> Iterator[dict[str, Any]]:
        return _lines(self._bytes("captions.jsonl"))

    def pixels(self, file: str) -> np.ndarray:
        return _open(self._bytes(file))

    def _bytes(self, file: str) -> bytes:
        if file not in self._spans:
            raise _Unfit("file missing")
        start, size = self._spans[file]
        with self._path.open("rb") as stream:
            stream.seek(start)
            return stream.read(size)


class _Font:
    """A font of coloured emoji, named by Unicode."""

    def __init__(self, path: Path):
        from PIL import ImageFont

        self.name = path.stem
        try:
            self._font = ImageFont.truetype(str(path), 109)  # the one size of Noto's bitmaps
        except OSError as error:
            raise SettingError(f"{path} cannot be read as a font of emoji ({error})") from error
        self._family = self._font.getname()[0] or path.stem
        self._known = _characters(path)

    def rows(self) -> Iterator[dict[str, Any]]:
        for low, high in EMOJI:
            for code in range(low, high + 1):
                name = unicodedata.name(chr(code), "").lower()
                if name and code in self._known:
                    name = name.removesuffix(" face") if name.removesuffix(" face") in HEADS else name  # as sets say it
                    row = {"file": f"{code:x}", "name": name, "style": "emoji", "alpha": True}
                    yield row | {"source": self._family, "licence": FONT_LICENCES.get(self._family, "see the font")}

    def pixels(self, file: str) -> np.ndarray:
        from PIL import Image, ImageDraw

        sheet = Image.new("RGBA", (160, 160))
        ImageDraw.Draw(sheet).text((10, 10), chr(int(file, 16)), font=self._font, embedded_color=True)
        return np.asarray(sheet, np.float32) / 255


def _characters(path: Path) -> set[int]:
    """Return the characters of a font: its cmap table, format 12 (OpenType specification 1.9)."""
    data = path.read_bytes()
    tables = {data[at : at + 4]: struct.unpack_from(">I", data, at + 8)[0] for at in range(12, 12 + 16 * data[5], 16)}
    cmap, found = tables.get(b"cmap", 0), set()
    for k in range(struct.unpack_from(">H", data, cmap + 2)[0]):
        start = cmap + struct.unpack_from(">I", data, cmap + 8 + 8 * k)[0]
        if struct.unpack_from(">H", data, start)[0] == 12:
            for group in range(struct.unpack_from(">I", data, start + 12)[0]):
                first, last = struct.unpack_from(">II", data, start + 16 + 12 * group)
                found.update(range(first, last + 1))
    return found


def system_font() -> Path | None:
    """Return the emoji font of this system, if there is one that is free to draw with."""
    return next((Path(file) for file in FONTS if Path(file).is_file()), None)


def _sets(path: Path) -> list[_Reader]:
    """Return a reader of each set at `path`, in the order of their names; `system` is the emoji font of this system."""
    if str(path) == "system":
        path = system_font() or path
        if str(path) == "system":
            raise SettingError(
                "no emoji font on this system; install one (Debian: fonts-noto-color-emoji) or name a folder"
            )
    if path.suffix == ".tar" and path.is_file():
        return [_Tar(path)]
    if path.suffix.lower() in (".ttf", ".otf") and path.is_file():
        return [_Font(path)]
    if (path / "captions.jsonl").is_file():
        return [_Folder(path)]
    if path.is_dir():
        inside = [
            child for child in sorted(path.iterdir()) if child.suffix == ".tar" or (child / "captions.jsonl").is_file()
        ]
        return [reader for child in inside for reader in _sets(child)]
    raise SettingError(f"no sprites at {path}: expected a folder with captions.jsonl, a .tar of one, or a .ttf font")


def _rows(reader: _Reader) -> list[dict[str, Any]]:
    try:
        return list(reader.rows())
    except _Unfit as reason:
        raise SettingError(
            f"the sprite set {reader.name} has no captions.jsonl that can be read ({reason})"
        ) from reason


def _lines(text: bytes) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        yield row if isinstance(row, dict) else {}


def _read_row(row: dict[str, Any], reader: _Reader, known_only: bool) -> tuple[Sprite | None, str]:
    """Return the sprite of a row, or None and the reason to leave it out."""
    file, name = row.get("file"), row.get("name")
    style, keywords = str(row.get("style") or ""), str(row.get("keywords") or "").lower()
    if not isinstance(file, str) or not file:
        return None, "lines that cannot be read"
    if not isinstance(name, str) or not name.strip():
        return None, "without a name"
    if not row.get("alpha"):
        return None, "without transparency"
    a_sign = row.get("symbol") and not read_name(name)[0]  # sets mark by code points: a sailboat is a sign to some
    if a_sign or "'flag'" in keywords or "'effect'" in keywords:
        return None, "symbols and effects"
    if any(word in style for word in OUT_OF_PLACE) or str(row.get("pack", "")).startswith(SHEETS):
        return None, "game tiles and backgrounds"
    noun, color = read_name(name)
    if not noun and not known_only:
        noun = plain_name(name)
    if not noun:
        return None, "names that are no known noun"
    source, licence = str(row.get("source") or reader.name), str(row.get("licence") or "not named")
    return Sprite(f"{reader.name}/{file}", noun, color, STYLE_LOOKS.get(style, ""), style, source, licence), ""


# ---------------------------------------------------------------------------------------------------------------- pixels


def _open(data: bytes) -> np.ndarray:
    """Return the pixels of an image file, h w 4, not premultiplied."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            if max(image.size) > 4096:
                raise _Unfit("more than 4096 pixels wide")
            image.load()
            if "A" not in image.getbands() and "transparency" not in image.info:
                raise _Unfit("no transparency")
            return np.asarray(image.convert("RGBA"), np.float32) / 255
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _Unfit("damaged picture") from error


def _cut(pixels: np.ndarray) -> np.ndarray:
    """Return what can be seen of a picture, premultiplied, at most LONGEST pixels long."""
    part = cut(pixels)
    if not part.size or pixels[..., 3].max() < 0.5:
        raise _Unfit("nothing to be seen")
    if min(pixels.shape[:2]) > SMALLEST and pixels[..., 3].mean() > 0.985:
        raise _Unfit("a full rectangle")
    if max(part.shape[:2]) < SMALLEST:
        raise _Unfit("too small")
    if min(part.shape[:2]) < 2 or max(part.shape[:2]) > 8 * min(part.shape[:2]):
        raise _Unfit("too thin")
    return shrunk(part, LONGEST)


def measure(pixels: np.ndarray) -> tuple[str, bool]:
    """Return (the one colour of a premultiplied picture or "", whether it can be dyed).

    One hue means that nine tenths of what is coloured lies within 25 degrees and covers a third of the shape; a picture
    without any colour can be dyed too.
    """
    alpha = pixels[..., 3]
    solid = alpha > 0.5
    rgb = pixels[..., :3][solid] / alpha[solid][:, None]
    high, low = rgb.max(1), rgb.min(1)
    chroma = high - low
    colored = chroma > 0.18
    if colored.mean() < 0.04:
        value = rgb.mean()
        plain = rgb.mean(1).std() < 0.30
        name = ("black" if value < 0.25 else "white" if value > 0.85 else "grey") if rgb.mean(1).std() < 0.16 else ""
        return name, bool(plain)
    angle = _hue(rgb[colored])
    weight = chroma[colored]
    middle = np.angle((weight * np.exp(1j * angle)).sum())
    off = np.abs(np.angle(np.exp(1j * (angle - middle))))
    pure = (weight * (off < np.radians(25))).sum() / weight.sum()
    if pure < 0.9 or colored.mean() < 0.35:
        return "", False
    mean = rgb[colored].mean(0)
    return (_name(mean) if colored.mean() > 0.55 else ""), True


def _hue(rgb: np.ndarray) -> np.ndarray:
    """Return the hue in radians, red 0, green a third of a turn."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    return np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)


# Hue in degrees, least value, least chroma; pale reds are pink, dull oranges brown.
_HUES = (
    ("red", 345, 372, 0.40, 0.45), ("orange", 20, 36, 0.80, 0.55), ("yellow", 44, 62, 0.75, 0.40), ("green", 85, 160, 0.25, 0.22),
    ("blue", 200, 238, 0.30, 0.25), ("purple", 258, 292, 0.30, 0.20), ("pink", 318, 344, 0.75, 0.20), ("pink", 345, 372, 0.85, 0.18),
)  # fmt: skip


def _name(rgb: np.ndarray) -> str:
    """Return the colour name of a mean colour, "" between two names."""
    degrees, value = float(np.degrees(_hue(rgb))) % 360, float(rgb.max())
    chroma = float(rgb.max() - rgb.min())
    if 12 < degrees < 50 and (value < 0.66 or (value < 0.85 and chroma < 0.5)):
        return "brown"
    degrees += 360 if degrees < 12 else 0
    fits = (
        name for name, *low_high, v, c in _HUES if low_high[0] <= degrees <= low_high[1] and value >= v and chroma >= c
    )
    return next(fits, "")
