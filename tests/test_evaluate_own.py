"""Judging by one's own pictures: a model that draws them well comes out better, copies are found, what cannot be judged is said first."""

import json
from pathlib import Path

import numpy as np
import pytest

from conftest import Shared
from mutoscope.cli import main
from mutoscope.errors import DataError, OutputError
from mutoscope.evaluate.judge import Judge, load_judge
from mutoscope.evaluate.model_under_test import ModelUnderTest
from mutoscope.evaluate.own import Example, OwnEvaluation, crop, draw_caption_sheets, prepare, read_examples
from mutoscope.events import drain
from own_pictures import COLORS, draw_picture, make_clips, make_own_run, make_pictures

pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("one_thread")
NUMBER = 32  # drawn and held out


@pytest.fixture(scope="module")
def judge() -> Judge:
    return load_judge()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Held-out pictures and others that a model learned from."""
    base = tmp_path_factory.mktemp("judged")
    make_pictures(base / "training", NUMBER)
    held = make_pictures(base / "all", 2 * NUMBER)
    for path in sorted(held.iterdir())[: 2 * NUMBER]:  # the first half, a picture and its caption each
        path.unlink()
    return base


def draw_true(prompt: str, seed: int, style: str | None = None, /) -> np.ndarray:
    _, color, thing = prompt.split()
    return np.asarray(draw_picture(thing, COLORS[color], 1000 + seed))


def draw_noise(prompt: str, seed: int, style: str | None = None, /) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)


def judged(draw, folders: Path, judge: Judge, out: Path, **more) -> dict:
    model = ModelUnderTest(draw, reconstruct=lambda pictures: pictures, name="m")
    found = prepare(model, folders / "all", judge=judge, count=NUMBER, training=folders / "training", **more)
    page = drain(found.run(out))
    assert page == out / "report.md" and (out / "captions-1.png").is_file()
    assert "renders" not in page.read_text(), "what it is held against are pictures"
    return json.loads((out / "report.json").read_text())


class TestNumbers:
    def test_true_drawings_are_nearer_than_noise(self, folders: Path, judge: Judge, tmp_path: Path):
        good, bad = (judged(draw, folders, judge, tmp_path / draw.__name__) for draw in (draw_true, draw_noise))
        for metric in ("FD-own", "KID-own"):
            assert good["sets"]["drawn"][metric]["high"] < bad["sets"]["drawn"][metric]["low"]
        assert good["sets"]["drawn"]["precision"]["value"] > 0.5 > bad["sets"]["drawn"]["precision"]["value"]
        assert good["codec"]["PSNR"]["value"] == 100 and good["codec"]["SSIM"]["value"] == pytest.approx(1)
        assert good["copies"]["generated"]["value"] < 0.2 and "copies" not in good["not_measured"]

    def test_copies_are_found(self, folders: Path, judge: Judge, tmp_path: Path):
        learned = read_examples(folders / "training", NUMBER)
        report = judged(
            lambda prompt, seed, style=None, /: learned[seed % len(learned)].pixels, folders, judge, tmp_path / "copy"
        )
        assert report["copies"]["generated"]["value"] == report["copies"]["planted copies"]["value"] == 1
        page = (tmp_path / "copy" / "report.md").read_text("utf-8")
        assert f"| held-out pictures | {NUMBER} |" in page and "renders" not in page


class TestSaidFirst:
    def prepared(self, folders: Path, judge: Judge, **more) -> OwnEvaluation:
        return prepare(ModelUnderTest(draw_true), folders / "all", judge=judge, **more)

    def test_what_cannot_be_judged(self, folders: Path, judge: Judge):
        missing = self.prepared(folders, judge, count=8).missing
        assert "8 drawn" in missing["FD, KID, precision, recall"] and "no encoder" in missing["codec"]
        assert "--training" in missing["copies"] and "world" in missing["scenes, lights, objects, clips"]

    def test_words_that_the_judge_does_not_know(self, judge: Judge, tmp_path: Path):
        make_pictures(tmp_path / "odd", 4)
        for path in (tmp_path / "odd").glob("*.txt"):
            path.write_text("zblorg quux frobnicator")
        found = prepare(ModelUnderTest(draw_true), tmp_path / "odd", judge=judge)
        assert "knows 0 %" in found.missing["TextSim"] and "--clip" in found.missing["TextSim"]

    def test_a_model_of_own_data_is_not_asked_about_the_world(self, shared: Shared, tmp_path: Path, capsys):
        model = shared("own", make_own_run) / "model"
        assert main(["evaluate", str(model), "--out", str(tmp_path / "no")]) == 2
        assert "--data DIR" in capsys.readouterr().err and not (tmp_path / "no").exists()

    def test_the_command_says_it_before_it_draws(self, shared: Shared, tmp_path: Path, capsys):
        base = shared("own", make_own_run)
        words = [
            "evaluate",
            str(base / "model"),
            "--data",
            str(base / "packed"),
            "--count",
            "4",
            "--out",
            str(tmp_path),
        ]
        assert main(words) == 0
        told = capsys.readouterr()
        assert told.err.startswith("not measured: ") and "| codec, PSNR, dB | 16 |" in told.out
        assert str(tmp_path / "report.md") == told.out.splitlines()[-1]


class TestPictures:
    def test_packed_and_plain_folders_are_the_same_pictures(self, shared: Shared):
        base = shared("own", make_own_run)
        plain, packed = (read_examples(base / name, 100) for name in ("pictures", "packed"))
        key = {one.pixels.tobytes(): one.caption for one in plain}
        assert len(packed) == 16 and all(key[one.pixels.tobytes()] == one.caption for one in packed)
        assert len(read_examples(base / "packed", 5)) <= 5

    def test_clips_count_by_their_first_frames_where_there_are_no_pictures(self, tmp_path: Path):
        from PIL import Image

        clips = make_clips(tmp_path / "clips", 3, 32)
        found = read_examples(clips, 10)
        with Image.open(clips / "clip001.webp") as first:
            assert np.array_equal(found[1].pixels, np.asarray(first.convert("RGB")))
        assert len(found) == 3 and found[1].caption == "a red frog that moves"
        make_pictures(clips, 2, 32)
        assert [one.caption for one in read_examples(clips, 10)] == ["a red ship", "a red frog"]

    def test_no_captions_and_no_pictures(self, tmp_path: Path, judge: Judge):
        with pytest.raises(OutputError, match="not a folder"):
            read_examples(tmp_path / "nowhere", 5)
        rows = [
            {"file": f"{path.stem}.png", "captions": []}
            for path in sorted(make_pictures(tmp_path / "bare", 3).glob("*.png"))
        ]
        (tmp_path / "bare" / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)))
        with pytest.raises(DataError, match="none of the 3 pictures has a caption"):
            prepare(ModelUnderTest(draw_true), tmp_path / "bare", judge=judge)

    def test_the_middle_that_the_codec_takes(self):
        picture = np.arange(70 * 50 * 3).reshape(70, 50, 3).astype(np.uint8)
        assert np.array_equal(crop(picture), picture[3:67, 1:49])

    def test_a_sheet_has_a_row_for_each_caption(self):
        real = [
            Example(np.full((32, 32, 3), level, np.uint8), text) for level, text in ((10, "a"), (20, "a"), (30, "b"))
        ]
        drawn = [np.full((32, 32, 3), level, np.uint8) for level in (40, 50)]
        (sheet,) = draw_caption_sheets(real, [("a", 0), ("b", 1)], drawn)
        rows = np.split(sheet, 2)
        cells = [[int(cell[20, 20, 0]) for cell in np.split(row, 6, axis=1)] for row in rows]
        assert cells == [[10, 20, 40, 255, 255, 255], [30, 255, 50, 255, 255, 255]]
