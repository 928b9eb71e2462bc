"""Judging any model by pictures of one's own: held-out pictures with captions, which the model draws and is held against.

    OUT/report.json, report.md    every number, with what could not be measured and why
    OUT/captions-1.png ...        a row for each caption: real pictures, then drawn ones

    codec           PSNR and SSIM of the held-out pictures through the model's codec
    sets            FD, KID, precision, recall against the held-out pictures, by the encoder of the judge; FID and KID by Inception
    words           TextSim by the judge's small CLIP where it knows the words; CLIPScore by a CLIP folder
    copies          of training pictures, where these are given

`prepare` reads the pictures and says what cannot be judged before anything is drawn.
"""

import json
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope import __version__
from mutoscope.data.converting import as_read
from mutoscope.data.items import LIMITS, open_item
from mutoscope.data.rows import NAME, Rows
from mutoscope.data.sources import Found, find
from mutoscope.errors import DataError, OutputError
from mutoscope.evaluate.fidelity import align_texts, compare_sets, find_copies, plant_copies
from mutoscope.evaluate.intervals import bootstrap_mean
from mutoscope.evaluate.judge import Judge
from mutoscope.evaluate.model_under_test import ModelUnderTest
from mutoscope.evaluate.report import own_page
from mutoscope.evaluate.restoration import psnr, ssim
from mutoscope.evaluate.sheets import POINTS, WHITE, add_label, make_grid
from mutoscope.evaluate.standard import Standard
from mutoscope.events import Event, Phase
from mutoscope.media import Provenance, open_frames, write_picture
from mutoscope.media.lettering import wrap_lines
from mutoscope.media.storage import make_folder, write_bytes

LEAST_PICTURES = 32  # drawn, and held out, for numbers that compare sets
LEAST_KNOWN = 0.8  # share of the captions' words that the judge must know to read them
CODEC_PICTURES = 100
SIDE_MULTIPLE = 16  # pixels: what a codec and its transformer take
REAL, DRAWN = 2, 4  # pictures in the row of a caption
ROWS = 12  # captions on a sheet
MOST_SHEETS = 4


@dataclass(frozen=True)
class Example:
    """A real picture (H, W, 3) uint8 and what it is said to show."""

    pixels: np.ndarray
    caption: str


@dataclass
class OwnEvaluation:
    """What is to be judged by what, and what cannot be."""

    model: ModelUnderTest
    judge: Judge
    held_out: list[Example]
    training: list[Example]
    questions: list[tuple[str, int]]  # prompt and seed of every picture to draw
    standard: Standard | None = None
    missing: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)

    def run(self, out: Path) -> Iterator[Event]:
        """Draw and measure; the last event carries the path of report.md."""
        start = time.monotonic()
        make_folder(out)
        drawn = yield from self._draw()
        yield Event("measure", 0, 1)
        self._measure_codec()
        self._measure_sets(drawn)
        self._measure_words(drawn)
        self._measure_copies(drawn)
        sheets = draw_caption_sheets([*self.held_out, *self.training], self.questions, drawn)
        yield Event("done", 1, 1, result=self._write(out, sheets, time.monotonic() - start))

    def _draw(self) -> Generator[Event, None, list[np.ndarray]]:
        phase, pictures = Phase("draw", len(self.questions)), []
        yield phase.start()
        for prompt, seed in self.questions:
            pictures.append(self.model.draw_picture(prompt, seed))
            yield phase.advance(preview=pictures[-1])
        return pictures

    def _measure_codec(self) -> None:
        if "codec" in self.missing or self.model.reconstruct is None:
            return
        pairs = [(picture, self.model.reconstruct(picture[None])[0]) for picture in map(crop, self._codec_pictures())]
        psnrs, ssims = ([float(one(a[None], b[None])[0]) for a, b in pairs] for one in (psnr, ssim))
        self.numbers["codec"] = {"PSNR": bootstrap_mean(np.array(psnrs)), "SSIM": bootstrap_mean(np.array(ssims))}

    def _codec_pictures(self) -> list[np.ndarray]:
        return [one.pixels for one in self.held_out[:CODEC_PICTURES]]

    def _measure_sets(self, drawn: Sequence[np.ndarray]) -> None:
        if "FD, KID, precision, recall" in self.missing:
            return
        real = [one.pixels for one in self.held_out]
        reference = self.judge.features(real)
        self.numbers["sets"] = compare_sets({"drawn": self.judge.features(drawn)}, reference)
        if self.standard and self.standard.inception:
            found = self.standard.distances(drawn, real)
            self.numbers["standard"] = {metric: found[metric] for metric in ("FID", "KID")}

    def _measure_words(self, drawn: Sequence[np.ndarray]) -> None:
        prompts = [prompt for prompt, _ in self.questions]
        if "TextSim" not in self.missing:
            held = [one for one in self.held_out if one.caption]
            rows = {"drawn": self.judge.embed_pictures(drawn)}
            self.numbers["text"] = align_texts(rows, self.judge.embed_texts(prompts))
            real = (
                self.judge.embed_pictures([one.pixels for one in held]),
                self.judge.embed_texts([o.caption for o in held]),
            )
            self.numbers["text"]["held-out pictures"] = align_texts({"real": real[0]}, real[1])["real"]
        if self.standard and self.standard.clip:
            self.numbers.setdefault("standard", {})["CLIPScore"] = self.standard.clip_score(drawn, prompts)

    def _measure_copies(self, drawn: Sequence[np.ndarray]) -> None:
        if "copies" in self.missing:
            return
        training = [one.pixels for one in self.training]
        through = [
            self._through_codec(rows) for rows in ([o.pixels for o in self.held_out], training, plant_copies(training))
        ]
        self.numbers["copies"] = find_copies(*(self.judge.features(rows) for rows in (drawn, *through)))

    def _through_codec(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return pictures as a copy out of the model's memory would come: through its codec."""
        if self.model.reconstruct is None:
            return list(pictures)
        return [self.model.reconstruct(crop(picture)[None])[0] for picture in pictures]

    def _write(self, out: Path, sheets: list[np.ndarray], seconds: float) -> Path:
        report = {
            "kind": "own pictures",
            "software": f"Mutoscope {__version__}",
            "model": {"name": self.model.name, "hash": self.model.model_hash},
            "judge": {"sha256": self.judge.sha256},
            "drawn": len(self.questions), "held_out": len(self.held_out), "training": len(self.training),
            **self.numbers,
            "not_measured": self.missing,
            "seconds": round(seconds, 1),
        }  # fmt: skip
        provenance = Provenance(None, None, f"Mutoscope {__version__}", marking=True)
        for number, page in enumerate(sheets, 1):
            write_picture(page, out / f"captions-{number}.png", provenance)
        write_bytes(out / "report.json", json.dumps(report, indent=1, ensure_ascii=False).encode())
        return write_bytes(out / "report.md", own_page(report).encode())


def prepare(
    model: ModelUnderTest,
    held_out: Path,
    *,
    judge: Judge,
    training: Path | None = None,
    count: int = 64,  # pictures to draw
    limit: int = 1000,  # held-out and training pictures that are read, at most
    standard: Standard | None = None,
) -> OwnEvaluation:
    """Read the pictures and find out what cannot be measured; DataError, OutputError when there is nothing to judge by."""
    held = read_examples(held_out, limit)
    captions = list(dict.fromkeys(one.caption for one in held if one.caption))
    if not captions:
        raise DataError(
            f"{held_out}: none of the {len(held)} pictures has a caption, which are the prompts; add NAME.txt files"
        )
    learned = read_examples(training, limit) if training else []
    more = [one.caption for one in learned if one.caption]  # of few held-out pictures the captions are few
    captions = list(dict.fromkeys([*captions, *more]))[: max(len(captions), ROWS)]
    questions = [(captions[number % len(captions)], number) for number in range(count)]
    found = OwnEvaluation(model, judge, held, learned, questions, standard)
    found.missing = find_missing(found, captions)
    return found


def find_missing(found: OwnEvaluation, captions: list[str]) -> dict[str, str]:
    """Return what cannot be measured, each with the reason."""
    missing = {"scenes, lights, objects, clips": "their answers are known for the rendered world alone"}
    if found.model.reconstruct is None:
        missing["codec"] = "the model has no encoder"
    few = min(len(found.held_out), len(found.questions))
    if few < LEAST_PICTURES:
        missing["FD, KID, precision, recall"] = (
            f"{len(found.held_out)} held-out and {len(found.questions)} drawn pictures; {LEAST_PICTURES} of each are the least"
        )
    known = share_of_known_words(found.judge, captions)
    if known < LEAST_KNOWN:
        missing["TextSim"] = (
            f"the judge knows {100 * known:.0f} % of the captions' words; --clip DIR gives it a CLIP that knows more"
        )
    if len(found.training) < 2:
        missing["copies"] = "give the pictures it learned from: --training DIR"
    return missing


def share_of_known_words(judge: Judge, texts: Sequence[str]) -> float:
    """Return the share of the texts' words that the judge's own text network has a number for."""
    numbers = judge.nets.ids(texts)
    return float((numbers > 1).sum() / max(1, int((numbers > 0).sum())))


# Pictures --------------------------------------------------------------------------------------------------------


def read_examples(folder: Path, limit: int) -> list[Example]:
    """Return the pictures of a folder with the first caption of each, every k-th and `limit` at most.

    Of clips the first frames, where there are clips alone; beside pictures they are left out.

    A captioned folder or a folder of them, as `data collect` and `data pack` write them, or pictures with captions beside them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise OutputError(f"{folder} is not a folder; give one of pictures with captions")
    captioned = [folder] if (folder / NAME).is_file() else sorted(path.parent for path in folder.glob(f"*/{NAME}"))
    found = _open_rows(captioned, limit) if captioned else _open_files(folder, limit)
    opened = list(found)
    examples = [one for one, is_clip in opened if not is_clip] or [one for one, _ in opened]
    if not examples:
        raise DataError(f"{folder} holds no pictures that can be read")
    return examples


def _open_rows(folders: list[Path], limit: int) -> Iterator[tuple[Example, bool]]:
    """Yield first frames, and whether each is that of a clip."""
    sets = [Rows(folder) for folder in folders]
    every = max(1, -(-sum(map(len, sets)) // limit))
    for rows in sets:
        for number in range(0, len(rows), every):
            header, frames = open_item(rows.folder, rows[number])
            yield Example(next(iter(frames)), next(iter(rows[number].get("captions") or ()), "")), header.is_clip


def _open_files(folder: Path, limit: int) -> Iterator[tuple[Example, bool]]:
    found = [item for item in find(str(folder))[1] if isinstance(item, Found)]
    for item in found[:: max(1, -(-len(found) // limit))]:
        header, frames = open_frames(as_read(item.content, LIMITS), LIMITS, item.origin)
        yield Example(next(iter(frames)), next(iter(item.captions), "")), header.is_clip


def crop(picture: np.ndarray) -> np.ndarray:
    """Return the middle of a picture (H, W, 3) whose sides the codec takes."""
    height, width = (side // SIDE_MULTIPLE * SIDE_MULTIPLE for side in picture.shape[:2])
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return picture[top : top + height, left : left + width]


# Sheets ----------------------------------------------------------------------------------------------------------


def draw_caption_sheets(
    real: Sequence[Example], questions: Sequence[tuple[str, int]], drawn: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Return sheets with a row for each caption: real pictures to the left, drawn ones to the right, the caption under the real ones."""
    side = max(max(picture.shape[:2]) for picture in drawn)
    rows = []
    for caption in dict.fromkeys(prompt for prompt, _ in questions):
        theirs = [one.pixels for one in real if one.caption == caption][:REAL]
        ours = [picture for (prompt, _), picture in zip(questions, drawn, strict=True) if prompt == caption][:DRAWN]
        cells = [*_fill(theirs, REAL, side), *_fill(ours, DRAWN, side)]
        labels = [*wrap_lines(caption, side, REAL, POINTS), *[""] * (REAL + DRAWN)][: REAL + DRAWN]
        rows.append([add_label(cell, [label], WHITE) for cell, label in zip(cells, labels, strict=True)])
    pages = [rows[first : first + ROWS] for first in range(0, len(rows), ROWS)][:MOST_SHEETS]
    return [make_grid([cell for row in page for cell in row], REAL + DRAWN) for page in pages]


def _fill(pictures: Sequence[np.ndarray], count: int, side: int) -> list[np.ndarray]:
    """Return `count` squares of `side` pixels with the pictures in them, the last ones white where there are too few."""
    from PIL import Image, ImageOps

    cells = [np.asarray(ImageOps.pad(Image.fromarray(picture), (side, side), color=WHITE)) for picture in pictures]
    return cells + [np.full((side, side, 3), 255, np.uint8)] * (count - len(cells))
