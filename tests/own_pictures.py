"""Pictures that somebody could have: flat drawings of four things in four colours, with captions, made by the tests."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

THINGS = ("ship", "frog", "tower", "wheel")
COLORS = {"red": (200, 40, 40), "green": (50, 160, 70), "blue": (50, 80, 200), "yellow": (230, 200, 60)}


def draw_picture(thing: str, color: tuple[int, int, int], number: int, side: int = 64) -> Image.Image:
    """Draw one thing on a plain, slightly noisy ground; where it stands and how large it is follow from the number."""
    rng = np.random.default_rng(number)
    ground = rng.integers(150, 240, 3) + rng.normal(0, 6, (side, side, 3))
    picture = Image.fromarray(ground.clip(0, 255).astype(np.uint8))
    pen, size = ImageDraw.Draw(picture), side * rng.uniform(0.22, 0.34)
    x, y = side * rng.uniform(0.35, 0.65), side * rng.uniform(0.4, 0.65)
    dark = tuple(int(0.5 * part) for part in color)
    if thing == "ship":
        pen.polygon(
            [(x - size, y), (x + size, y), (x + 0.6 * size, y + 0.6 * size), (x - 0.6 * size, y + 0.6 * size)], color
        )
        pen.polygon([(x, y - 1.2 * size), (x, y - 2), (x + 0.7 * size, y - 2)], dark)
    elif thing == "frog":
        pen.ellipse((x - size, y - 0.6 * size, x + size, y + 0.6 * size), color)
        for eye in (-0.5, 0.5):
            pen.ellipse((x + (eye - 0.2) * size, y - size, x + (eye + 0.2) * size, y - 0.5 * size), dark)
    elif thing == "tower":
        pen.rectangle((x - 0.4 * size, y - size, x + 0.4 * size, y + size), color)
        pen.polygon([(x - 0.6 * size, y - size), (x + 0.6 * size, y - size), (x, y - 1.5 * size)], dark)
    else:
        pen.ellipse((x - size, y - size, x + size, y + size), color)
        pen.ellipse((x - 0.5 * size, y - 0.5 * size, x + 0.5 * size, y + 0.5 * size), dark)
    return picture


def make_pictures(folder: Path, count: int, side: int = 64, prefix: str = "") -> Path:
    """Write `count` pictures with a caption beside each; every thing in every colour in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        thing, name = THINGS[number % 4], list(COLORS)[number // 4 % 4]
        draw_picture(thing, COLORS[name], number, side).save(folder / f"{number:03d}.png")
        (folder / f"{number:03d}.txt").write_text(f"{prefix}a {name} {thing}")
    return folder


def make_clips(folder: Path, count: int, side: int = 64, frames: int = 9, prefix: str = "") -> Path:
    """Write `count` clips (.webp) with a caption beside each: a thing that moves from left to right."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        thing, name = THINGS[number % 4], list(COLORS)[number // 4 % 4]
        whole = draw_picture(thing, COLORS[name], number, 2 * side)
        shown = [whole.crop((left, side // 2, left + side, side // 2 + side))
                 for left in (round(side * (1 - index / (frames - 1))) for index in range(frames))]  # fmt: skip
        shown[0].save(
            folder / f"clip{number:03d}.webp", save_all=True, append_images=shown[1:], duration=100, lossless=True
        )
        (folder / f"clip{number:03d}.txt").write_text(f"{prefix}a {name} {thing} that moves")
    return folder


FEW = {"samples": 16, "batch": 8, "preview_every": 1e9}  # settings of a stage that is only to have been run


def make_own_run(folder: Path) -> None:
    """Make `pictures`, `packed`, a `run` of the tiny preset on them, some samples a stage, and its checkpoint `model`."""
    import torch

    from mutoscope.data import buckets
    from mutoscope.data.check import check
    from mutoscope.data.collect import collect
    from mutoscope.data.pack import Packing, pack
    from mutoscope.events import drain
    from mutoscope.export.run import export_run
    from mutoscope.train import run

    torch.set_num_threads(1)
    make_pictures(folder / "pictures", 16)
    drain(collect(str(folder / "pictures"), folder / "mine"))
    drain(check(folder / "mine"))
    drain(pack(folder / "mine", folder / "packed", Packing(tuple(buckets.around(64)))))
    for stage in ("codec", "clip", "image"):
        drain(run(stage, preset_name="tiny", data=folder / "packed", out=folder / "run", overrides=FEW))
    export_run(folder / "run", folder / "model", "drawings")
