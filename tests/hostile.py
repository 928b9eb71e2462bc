"""Sixty files that a folder of pictures off a disk may hold, each with what the check must say of it.

`make(folder)` writes them and returns {name: expectation}: "kept", "passed: WORDS" where the collection does not take it, or
the reason of the check. Nothing here comes from outside; every file is made in a line or two.
"""

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mutoscope.media import Provenance, encode_clip

NOTHING = Provenance(None, None, "test", False)
SIDE = 128


def scene(seed: int, width: int = SIDE, height: int = SIDE) -> Image.Image:
    """A sharp picture like no other: coloured discs and lines on a ramp."""
    random = np.random.default_rng(seed)
    ramp = np.linspace(random.integers(0, 90, 3), random.integers(130, 250, 3), height)[:, None, :]
    image = Image.fromarray(np.broadcast_to(ramp, (height, width, 3)).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(14):
        x, y, r = (int(value) for value in random.integers(0, (width, height, min(width, height) // 3)))
        pen.ellipse((x - r, y - r, x + r, y + r), fill=tuple(random.integers(0, 256, 3).tolist()))
        pen.line((x, 0, width - x, height), fill=tuple(random.integers(0, 256, 3).tolist()), width=2)
    return image


def data(image: Image.Image, kind: str, **more) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **more)
    return target.getvalue()


def png(width: int, height: int, *chunks: tuple[bytes, bytes], pixels: bytes = b"") -> bytes:
    """A PNG that claims a size, whatever it holds."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")]
    blocks = (
        struct.pack(">I4s", len(body), name) + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(blocks)


def pan(seed: int, frames: int = 13, side: int = 96) -> np.ndarray:
    """A clip in which everything moves, (T, H, W, 3)."""
    wide = np.asarray(scene(seed, side + 2 * frames, side))
    return np.stack([wide[:, 2 * i : 2 * i + side] for i in range(frames)])


def clip(frames: np.ndarray, ending: str = ".mp4") -> bytes:
    return encode_clip(frames, 12, ending, NOTHING)


def boxed(seed: int, bar: int, tall: bool = False) -> Image.Image:
    image = scene(seed)
    ImageDraw.Draw(image).rectangle((0, 0, bar - 1, SIDE) if tall else (0, 0, SIDE, bar - 1), fill=(0, 0, 0))
    far = SIDE - bar
    ImageDraw.Draw(image).rectangle((far, 0, SIDE, SIDE) if tall else (0, far, SIDE, SIDE), fill=(0, 0, 0))
    return image


def turned(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return data(image, "JPEG", exif=exif, quality=95)


def with_huge_exif(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    return data(image, "JPEG", exif=exif, quality=95)


def lettered() -> Image.Image:
    """A thing on a plain ground: much of one colour, no bars."""
    image = Image.new("RGB", (SIDE, SIDE), "white")
    ImageDraw.Draw(image).polygon([(64, 12), (114, 100), (14, 100)], fill=(200, 40, 40))
    return image


def grain() -> Image.Image:
    """A black frame of a camera: noise of four levels."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 4, (SIDE, SIDE, 3), np.uint8))


def ramp16() -> Image.Image:
    values = np.asarray(scene(13).convert("L"), np.uint16) * 257
    return Image.fromarray(values)


def pictures() -> dict[str, tuple[str, Callable[[], bytes]]]:
    """Name -> (expectation, bytes)."""
    whole_jpeg, whole_png, whole_film = (
        data(scene(1), "JPEG", quality=95), data(scene(2), "PNG"), clip(pan(3)),
    )  # fmt: skip
    cut = np.concatenate([pan(31, 6), pan(32, 7)])
    flash = pan(33)
    flash[6] = 255
    frames = [Image.fromarray(frame) for frame in pan(34, 8)]
    return {
        "good.png": ("kept", lambda: data(scene(10), "PNG")),
        "good.jpg": ("kept", lambda: data(scene(11), "JPEG", quality=95)),
        "good.webp": ("kept", lambda: data(scene(12), "WEBP", quality=95)),
        "no-end.png": ("kept", lambda: data(scene(39), "PNG")[:-6]),
        "no-end.jpg": ("kept", lambda: data(scene(40), "JPEG", quality=95)[:-2]),
        "no-end.gif": ("kept", lambda: data(scene(41), "GIF")[:-1]),
        "zeros-behind.jpg": ("kept", lambda: data(scene(42), "JPEG", quality=95) + bytes(2 << 20)),
        "still.avif": ("kept", lambda: data(scene(43), "AVIF", quality=90)),
        "capitals.PNG": ("kept", lambda: data(scene(38), "PNG")),
        "cut-half.png": ("truncated", lambda: whole_png[: len(whole_png) // 2]),
        "cut-half.jpg": ("truncated", lambda: whole_jpeg[: len(whole_jpeg) // 2]),
        "cut-end.png": ("truncated", lambda: whole_png[:-30]),
        "cut-half.webp": ("truncated", lambda: data(scene(2), "WEBP")[:-800]),
        "cut-half.mp4": ("truncated", lambda: whole_film[: len(whole_film) // 2]),
        "cut-half.gif": ("truncated", lambda: data(scene(2), "GIF")[:-900]),
        "header-only.png": ("truncated", lambda: whole_png[:33]),
        "zeros-inside.png": ("unreadable", lambda: whole_png[:60] + bytes(400) + whole_png[460:]),
        "bomb.png": ("too-large", lambda: png(65535, 65535)),
        "bomb-wide.png": ("too-large", lambda: png(2**31 - 1, 1)),
        "bomb-text.png": ("unreadable", lambda: png(8, 8, (b"zTXt", b"x\0\0" + zlib.compress(bytes(9_000_000))))),
        "no-pixels.png": ("unreadable", lambda: png(0, 0)),
        "zero-bytes.png": ("unreadable", lambda: b""),
        "zero-bytes.mp4": ("unreadable", lambda: b""),
        "text.png": ("unreadable", lambda: b"not a picture\n" * 40),
        "page.jpg": ("unreadable", lambda: b"<!doctype html><script>alert(1)</script>"),
        "noise.jpg": ("unreadable", lambda: np.random.default_rng(0).bytes(4000)),
        "noise-after-head.jpg": ("unreadable", lambda: b"\xff\xd8\xff" + np.random.default_rng(0).bytes(900) + b"\xff\xd9"),
        "playlist.mp4": ("unreadable", lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n"),
        "script.svg": ("passed: .svg", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        "bitmap.bmp": ("kept", lambda: data(scene(82), "BMP")),
        "scan.tiff": ("kept", lambda: data(scene(83), "TIFF")),
        "tiff-inside.png": ("unreadable", lambda: data(scene(2), "TIFF")),
        "jpeg-inside.png": ("kept", lambda: data(scene(14), "JPEG", quality=95)),
        "png-inside.mp4": ("kept", lambda: data(scene(15), "PNG")),
        "trailing.png": ("kept", lambda: data(scene(16), "PNG") + b"trailing" * 50),
        "cmyk.jpg": ("kept", lambda: data(scene(17).convert("CMYK"), "JPEG", quality=95)),
        "grey.jpg": ("kept", lambda: data(scene(18).convert("L"), "JPEG", quality=95)),
        "deep16.png": ("kept", lambda: data(ramp16(), "PNG")),
        "palette-clear.png": ("kept", lambda: data(scene(19).quantize(32), "PNG", transparency=3)),
        "alpha.webp": ("kept", lambda: data(scene(20).convert("RGBA"), "WEBP", quality=95)),
        "one-bit.png": ("kept", lambda: data(scene(21).convert("1"), "PNG")),
        "icc.jpg": ("kept", lambda: data(scene(22), "JPEG", quality=95, icc_profile=b"\0" * 3000)),
        "sideways.jpg": ("kept", lambda: turned(scene(23, 160, 96))),
        "huge-exif.jpg": ("kept", lambda: with_huge_exif(scene(24))),
        "moving.gif": ("kept", lambda: data(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80)),
        "one-frame.gif": ("kept", lambda: data(scene(25), "GIF")),
        "moving.mp4": ("kept", lambda: clip(pan(26))),
        "flash.mp4": ("kept", lambda: clip(flash)),
        "still.mp4": ("still", lambda: clip(np.repeat(pan(27, 1), 13, axis=0))),
        "two-takes.mp4": ("cuts", lambda: clip(cut)),
        "blank.mp4": ("blank", lambda: clip(np.full((9, 96, 96, 3), 90, np.uint8))),
        "one-pixel.png": ("tiny", lambda: data(Image.new("RGB", (1, 1), "red"), "PNG")),
        "line.png": ("tiny", lambda: data(scene(28).resize((400, 3)), "PNG")),
        "white.png": ("blank", lambda: data(Image.new("RGB", (SIDE, SIDE), "white"), "PNG")),
        "nearly-black.jpg": ("blank", lambda: data(grain(), "JPEG")),
        "clear.png": ("blank", lambda: data(Image.new("RGBA", (SIDE, SIDE), (9, 200, 80, 0)), "PNG")),
        "blurred.png": ("blurred", lambda: data(scene(29, 256, 256).filter(ImageFilter.GaussianBlur(9)), "PNG")),
        "enlarged.jpg": ("blurred", lambda: data(scene(30).resize((12, 12)).resize((256, 256), 3), "JPEG", quality=95)),
        "thing.png": ("kept", lambda: data(lettered(), "PNG")),
        "bars.jpg": ("letterboxed", lambda: data(boxed(35, 16), "JPEG", quality=95)),
        "side-bars.png": ("letterboxed", lambda: data(boxed(36, 20, tall=True), "PNG")),
        "copy-smaller.jpg": ("duplicate", lambda: data(scene(37).resize((96, 96), 1), "JPEG", quality=80)),
        "copy.webp": ("duplicate", lambda: data(scene(37), "WEBP", quality=60)),
        "original.png": ("kept", lambda: data(scene(37), "PNG")),
    }  # fmt: skip


CAPTIONS = {
    "caption-latin1.png": ("caption-encoding", "ein Café am See".encode("latin-1")),
    "caption-bom.png": ("kept", b"\xef\xbb\xbfa house with a byte order mark"),
    "caption-utf16.png": ("kept", "a house in wide letters".encode("utf-16")),
    "caption-nul.png": ("caption-damaged", b"a house\0with a hole"),
    "caption-empty.png": ("caption-missing", b"  \n\n"),
    "caption-dots.png": ("caption-short", b"<<<&..."),
    "caption-name.png": ("caption-file-name", b"IMG_2034.JPG"),
    "caption-part.png": ("caption-part", b"a house by a river\n...\n"),
    "caption-long.png": ("caption-long", b"a house " * 2000),
    "caption-markup.png": ("kept", b"<script>alert(1)</script> a house [/red] \xe2\x80\xae"),
}


def make(folder: Path) -> dict[str, str]:
    """Fill `folder` with hostile files and their captions; return what must become of each."""
    folder.mkdir()
    expected = {}
    for name, (outcome, content) in pictures().items():
        (folder / name).write_bytes(content())
        (folder / name).with_suffix(".txt").unlink(missing_ok=True)
        expected[name] = outcome
    for number, (name, (outcome, text)) in enumerate(CAPTIONS.items()):
        (folder / name).write_bytes(data(scene(50 + number), "PNG"))
        (folder / name).with_suffix(".txt").write_bytes(text)
        expected[name] = outcome
    (folder / "no-caption.png").write_bytes(data(scene(70), "PNG"))
    expected["no-caption.png"] = "caption-missing"
    (folder / "folder.png").mkdir()
    (folder / "folder.png" / "inside.png").write_bytes(data(scene(71), "PNG"))
    expected |= {"folder.png": "passed: it is a folder", "folder.png/inside.png": "kept"}
    if os.name == "posix":
        expected |= _posix(folder)
    for name, outcome in expected.items():  # a caption for each that needs one
        beside = (folder / name).with_suffix(".txt")
        if not outcome.startswith(("passed", "caption-missing")) and not beside.exists():
            beside.write_text("discs and lines")
    return expected


def _posix(folder: Path) -> dict[str, str]:
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "nowhere.png").symlink_to("gone.png")
    (folder / "round").symlink_to(folder)
    os.mkfifo(folder / "pipe.png")
    locked = folder / "locked.png"
    locked.write_bytes(data(scene(72), "PNG"))
    locked.chmod(0)
    open_to_all = os.access(locked, os.R_OK)  # root may read anything
    return {
        "loop.png": "passed: it is a link", "nowhere.png": "passed: it is a link", "round": "passed: it is a link",
        "pipe.png": "passed: it is no file", "locked.png": "kept" if open_to_all else "passed: cannot be read",
    }  # fmt: skip
