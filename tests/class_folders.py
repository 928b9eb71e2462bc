"""A folder like CIFAR-10, made by the tests: ten folders of small pictures, one a class, and some files that cannot be read."""

import colorsys
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 32  # pixels
FINER = 4  # times as many while it is drawn, for soft edges
Shape = tuple[str, float, tuple[float, ...]]  # polygon or ellipse, brightness, coordinates from -1 to 1

CLASSES: dict[str, tuple[str, tuple[Shape, ...]]] = {  # name -> where it stands, what it is made of
    "airplane": ("sky", (
        ("ellipse", 1.0, (-1, -0.18, 0.9, 0.18)), ("polygon", 0.7, (-0.1, 0, 0.35, 0, -0.35, 0.75)),
        ("polygon", 0.8, (-0.1, 0, 0.3, 0, -0.3, -0.7)), ("polygon", 0.7, (-0.95, 0, -0.6, 0, -1, -0.5)))),
    "automobile": ("road", (
        ("polygon", 0.8, (-0.55, 0, -0.35, -0.45, 0.35, -0.45, 0.6, 0)), ("polygon", 1.0, (-1, 0, 1, 0, 1, 0.4, -1, 0.4)),
        ("ellipse", 0.15, (-0.75, 0.2, -0.3, 0.65)), ("ellipse", 0.15, (0.3, 0.2, 0.75, 0.65)))),
    "bird": ("sky", (
        ("ellipse", 1.0, (-0.6, -0.3, 0.5, 0.35)), ("ellipse", 1.0, (0.25, -0.55, 0.7, -0.1)),
        ("polygon", 0.5, (0.65, -0.4, 1, -0.28, 0.65, -0.22)), ("polygon", 0.7, (-0.35, 0, 0.2, 0, -0.4, -0.8)))),
    "cat": ("room", (
        ("ellipse", 1.0, (-0.7, -0.6, 0.7, 0.7)), ("polygon", 0.8, (-0.65, -0.2, -0.6, -1, -0.1, -0.55)),
        ("polygon", 0.8, (0.65, -0.2, 0.6, -1, 0.1, -0.55)), ("ellipse", 0.1, (-0.4, -0.2, -0.15, 0.1)),
        ("ellipse", 0.1, (0.15, -0.2, 0.4, 0.1)))),
    "deer": ("meadow", (
        ("ellipse", 1.0, (-0.7, -0.2, 0.4, 0.35)), ("polygon", 1.0, (0.1, 0, 0.4, 0.1, 0.7, -0.6, 0.5, -0.7)),
        ("polygon", 0.6, (0.5, -0.6, 0.25, -1, 0.55, -0.7, 0.9, -1)), ("polygon", 0.7, (-0.6, 0.2, -0.45, 0.2, -0.5, 1)),
        ("polygon", 0.7, (0.15, 0.2, 0.3, 0.2, 0.2, 1)))),
    "dog": ("room", (
        ("ellipse", 1.0, (-0.6, -0.7, 0.6, 0.6)), ("ellipse", 0.6, (-0.9, -0.7, -0.45, 0.5)),
        ("ellipse", 0.6, (0.45, -0.7, 0.9, 0.5)), ("ellipse", 1.2, (-0.3, 0, 0.3, 0.55)), ("ellipse", 0.1, (-0.12, 0, 0.12, 0.2)))),
    "frog": ("meadow", (
        ("ellipse", 1.0, (-0.9, -0.3, 0.9, 0.7)), ("ellipse", 1.1, (-0.7, -0.7, -0.2, -0.1)),
        ("ellipse", 1.1, (0.2, -0.7, 0.7, -0.1)), ("ellipse", 0.1, (-0.55, -0.55, -0.35, -0.25)),
        ("ellipse", 0.1, (0.35, -0.55, 0.55, -0.25)))),
    "horse": ("meadow", (
        ("ellipse", 1.0, (-0.8, -0.3, 0.5, 0.3)), ("polygon", 1.0, (0.1, -0.1, 0.5, 0.1, 0.95, -0.5, 0.55, -0.9)),
        ("polygon", 0.4, (0.1, -0.2, 0.5, -0.9, 0.3, -0.9)), ("polygon", 0.8, (-0.7, 0.1, -0.45, 0.1, -0.55, 1)),
        ("polygon", 0.8, (0.2, 0.1, 0.45, 0.1, 0.3, 1)), ("polygon", 0.4, (-0.75, -0.1, -1, 0.6, -0.7, 0.1)))),
    "ship": ("water", (
        ("polygon", 1.0, (-1, 0.1, 1, 0.1, 0.65, 0.65, -0.7, 0.65)), ("polygon", 1.3, (-0.5, -0.25, 0.4, -0.25, 0.4, 0.1, -0.5, 0.1)),
        ("polygon", 0.6, (-0.2, -0.8, 0.05, -0.8, 0.05, -0.25, -0.2, -0.25)))),
    "truck": ("road", (
        ("polygon", 1.0, (-1, -0.7, 0.35, -0.7, 0.35, 0.4, -1, 0.4)), ("polygon", 0.6, (0.4, -0.3, 0.8, -0.3, 1, 0.05, 1, 0.4, 0.4, 0.4)),
        ("ellipse", 0.15, (-0.8, 0.2, -0.35, 0.65)), ("ellipse", 0.15, (0.4, 0.2, 0.85, 0.65)))),
}  # fmt: skip
GROUNDS = {  # colours above and below the horizon
    "sky": ((120, 170, 230), (180, 205, 235)), "road": ((190, 195, 200), (95, 95, 100)), "room": ((190, 170, 150), (140, 105, 80)),
    "meadow": ((160, 200, 220), (95, 150, 60)), "water": ((170, 200, 225), (40, 90, 140)),
}  # fmt: skip
SEEDS = 1_000_003  # a picture's own stream of chance is told by its class and number


def make_class_folders(folder: Path, count: int, damaged: int) -> Path:
    """Write `count` files in a folder a class; `damaged` of them, spread over all, are no pictures any more."""
    broken = {round((i + 0.5) * count / damaged): i for i in range(damaged)}
    for number, (name, picture) in enumerate(_pictures(count)):
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        file = io.BytesIO()
        picture.save(file, "PNG")
        data = file.getvalue()
        if number in broken:
            data = damage(data, broken[number])
        (place / f"{number:05d}.png").write_bytes(data)
    return folder


def damage(data: bytes, kind: int) -> bytes:
    """Spoil a file in one of five ways: empty, cut, other bytes, one wrong byte, text."""
    half = len(data) // 2
    wrong = bytes([data[half] ^ 0xFF])
    return (b"", data[:half], bytes(range(256)) * 4, data[:half] + wrong + data[half + 1 :], b"<html>not found</html>")[
        kind % 5
    ]


def draw_class(name: str, number: int) -> Image.Image:
    """Draw one of a class: its place, size, colour and side follow from the number."""
    ground, shapes = CLASSES[name]
    rng = np.random.default_rng(SEEDS * list(CLASSES).index(name) + number)
    side = SIDE * FINER
    picture = _ground(GROUNDS[ground], rng, side)
    pen, hue = ImageDraw.Draw(picture), rng.uniform()
    color = np.array(colorsys.hsv_to_rgb(hue, rng.uniform(0.35, 0.9), rng.uniform(0.5, 0.95))) * 255
    size, middle = side * rng.uniform(0.26, 0.42), side * rng.uniform(0.42, 0.58, 2)
    mirrored = -1 if rng.uniform() < 0.5 else 1
    for kind, brightness, coordinates in shapes:
        points = np.array(coordinates).reshape(-1, 2) * (mirrored, 1) * size + middle
        fill = tuple(int(part) for part in (color * brightness).clip(0, 255))
        if kind == "ellipse":
            pen.ellipse([*points.min(0), *points.max(0)], fill)
        else:
            pen.polygon([tuple(point) for point in points], fill)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _ground(colors: tuple[tuple[int, ...], tuple[int, ...]], rng: np.random.Generator, side: int) -> Image.Image:
    """Return two colours that meet at a horizon, in some light, with some grain."""
    above = np.arange(side)[:, None, None] < side * rng.uniform(0.4, 0.7)
    pixels = np.where(above, *(np.array(color) for color in colors)) * rng.uniform(0.6, 1.15, 3)
    pixels = pixels + rng.normal(0, 8, (side, side, 1))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _pictures(count: int) -> Iterator[tuple[str, Image.Image]]:
    names = list(CLASSES)
    for number in range(count):
        name = names[number % len(names)]
        yield name, draw_class(name, number)
