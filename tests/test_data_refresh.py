"""The everyday loop: captions edited, pictures replaced, removed and added, the same commands again; and why nothing is left."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hostile import data, scene
from mutoscope.cli import main
from mutoscope.data.check import check
from mutoscope.data.collect import Collected, collect
from mutoscope.data.pack import Packing, pack
from mutoscope.events import drain


def put(folder: Path, name: str, seed: int, caption: str = "", size: tuple[int, int] = (96, 96)) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data(scene(seed, *size), "PNG"))
    if caption:
        (folder / name).with_suffix(".txt").write_text(caption)


def rows_of(folder: Path) -> dict[str, list[str]]:
    """Return origin -> captions, and see that every row's file is there and no other picture."""
    rows = [json.loads(line) for line in (folder / "captions.jsonl").read_text().splitlines()]
    assert {row["file"] for row in rows} == {path.name for path in folder.glob("*.png")}
    return {row["facts"]["origin"]: row["captions"] for row in rows}


def gather(source: Path, folder: Path, **more) -> Collected:
    return drain(collect(str(source), folder, **more))


def records(folder: Path) -> dict[str, dict]:
    """Return what the check found, by the stem of the file's old name."""
    lines = (folder / "check" / "items.jsonl").read_text().splitlines()
    return {record["file"].rpartition("-")[0]: record for record in map(json.loads, lines)}


class TestRefresh:
    @pytest.fixture
    def photos(self, tmp_path: Path) -> Path:
        for seed, name in enumerate(("edited", "replaced", "removed", "same")):
            put(tmp_path / "photos", f"{name}.png", seed, f"a {name} thing")
        gather(tmp_path / "photos", tmp_path / "mine")
        return tmp_path / "photos"

    def change(self, photos: Path) -> None:
        (photos / "edited.txt").write_text("a lake at dawn\n")
        put(photos, "replaced.png", 11)
        os.utime(photos / "replaced.png", ns=(2**62, 2**62))
        for name in ("removed.png", "removed.txt"):
            (photos / name).unlink()
        put(photos, "new.png", 12, "new")

    def test_what_changed_is_named_and_new_is_added(self, photos: Path, tmp_path: Path, capsys):
        assert gather(photos, tmp_path / "mine").changed == 0
        self.change(photos)
        done = gather(photos, tmp_path / "mine")
        assert (done.items, done.added, done.changed, done.gone) == (5, 1, 2, 1)
        assert rows_of(tmp_path / "mine")["edited.png"] == ["a edited thing"]
        assert main(["data", "collect", str(photos), "--out", str(tmp_path / "mine")]) == 0
        assert (
            "2 items have changed and 1 are gone since they were collected: not taken over; --refresh"
            in capsys.readouterr().err
        )

    def test_refresh_takes_it_over(self, photos: Path, tmp_path: Path):
        self.change(photos)
        before = (tmp_path / "mine" / "captions.jsonl").read_bytes()
        done = gather(photos, tmp_path / "mine", refresh=True)
        assert (done.items, done.added, done.changed, done.gone) == (4, 1, 2, 1)
        fresh = gather(photos, tmp_path / "fresh")
        assert rows_of(tmp_path / "mine") == rows_of(tmp_path / "fresh") and fresh.items == 4
        again = gather(photos, tmp_path / "mine", refresh=True)
        assert (again.added, again.changed, again.gone) == (0, 0, 0)
        assert (tmp_path / "mine" / "captions.jsonl").read_bytes() != before

    def test_a_touched_file_is_no_other(self, photos: Path, tmp_path: Path):
        os.utime(photos / "same.png", ns=(2**62, 2**62))
        assert gather(photos, tmp_path / "mine").changed == 0


class TestDuplicates:
    def test_copies_with_other_captions_are_named(self, tmp_path: Path):
        """Neither the longer word nor the longer name wins: the first by name stays, and the reason says both words."""
        for folder in ("cat", "frog"):
            put(tmp_path / "set" / folder, f"{folder}.png", 1)
        put(tmp_path / "set" / "cat", "other.png", 2)
        put(tmp_path / "set" / "cat", "zz.png", 2)
        gather(tmp_path / "set", tmp_path / "mine")
        summary = drain(check(tmp_path / "mine"))
        found = records(tmp_path / "mine")
        assert found["cat"]["kept"] and found["other"]["kept"] and summary["kept"] == 2
        assert found["frog"]["reasons"][0][0] == "duplicate-other-caption"
        assert "this one says 'frog', that one 'cat'" in found["frog"]["reasons"][0][1]
        assert found["zz"]["reasons"][0][0] == "duplicate"
        from mutoscope.data.check import Demands

        assert drain(check(tmp_path / "mine", Demands(keep=("duplicate-other-caption",))))["kept"] == 3
        assert drain(check(tmp_path / "mine", Demands(keep=("duplicate",))))["kept"] == 4


class TestCaptions:
    def test_the_name_that_the_file_had(self, tmp_path: Path):
        put(tmp_path / "set", "filename.png", 1, "filename.png")
        put(tmp_path / "set", "frog.png", 2, "frog")
        gather(tmp_path / "set", tmp_path / "mine")
        drain(check(tmp_path / "mine"))
        found = records(tmp_path / "mine")
        assert found["filename"]["reasons"][0][0] == "caption-file-name" and found["frog"]["kept"]

    def test_more_words_than_training_reads(self, tmp_path: Path):
        from mutoscope.data.captions import WORDS_READ
        from mutoscope.train.texts import TEXT_LENGTH

        assert WORDS_READ == TEXT_LENGTH - 2, "a start and an end"
        put(tmp_path / "set", "long.png", 1, "word " * (WORDS_READ + 1))
        put(tmp_path / "set", "fits.png", 2, "word " * WORDS_READ)
        gather(tmp_path / "set", tmp_path / "mine")
        drain(check(tmp_path / "mine"))
        found = records(tmp_path / "mine")
        assert found["long"]["kept"] and [reason for reason, _ in found["long"]["reasons"]] == ["caption-cut"]
        assert found["fits"]["reasons"] == []


class TestNothingLeft:
    def test_the_limit_and_the_option(self, tmp_path: Path, capsys):
        for seed in range(4):
            put(tmp_path / "set", f"{seed}.png", seed, "a thing", size=(40, 32))
        gather(tmp_path / "set", tmp_path / "mine")
        assert main(["data", "check", str(tmp_path / "mine")]) == 2
        error = capsys.readouterr().err
        assert "none of 4 items is kept; 4 are smaller than 64 pixels, most of them 32: --min-side 32 takes" in error
        assert main(["data", "check", str(tmp_path / "mine"), "--min-side", "32"]) == 0
        words = ["data", "pack", str(tmp_path / "mine"), "--out", str(tmp_path / "packed")]
        capsys.readouterr()
        assert main(words) == 2
        error = capsys.readouterr().err
        assert "most of them are 32 pixels: --size 32 takes them as they are, --enlarge enlarges them" in error
        left = (tmp_path / "packed" / "left_out.jsonl").read_text().splitlines()
        assert len(left) == 4 and json.loads(left[0])["reason"].startswith("smaller than its bucket")
        assert main([*words, "--size", "32"]) == 0, "a pack that came to nothing binds the folder to nothing"

    def test_most_are_dropped(self, tmp_path: Path, capsys):
        for seed in range(4):
            put(tmp_path / "set", f"{seed}.png", seed, "a thing", size=(40, 32) if seed else (96, 96))
        gather(tmp_path / "set", tmp_path / "mine")
        assert main(["data", "check", str(tmp_path / "mine")]) == 0
        assert "most items are dropped: 3 are smaller than 64 pixels" in capsys.readouterr().err
        assert main(["data", "pack", str(tmp_path / "mine"), "--size", "64", "--out", str(tmp_path / "packed")]) == 0
        assert "3 by the check" in capsys.readouterr().out


@pytest.mark.parametrize("size", [(171, 128), (160, 128), (128, 171), (128, 160), (228, 128)])
def test_buckets_that_an_item_fills(tmp_path: Path, size: tuple[int, int]):
    put(tmp_path / "set", "a.png", 1, "a thing", size=size)
    gather(tmp_path / "set", tmp_path / "mine")
    drain(check(tmp_path / "mine"))
    packed = drain(pack(tmp_path / "mine", tmp_path / "packed", Packing()))
    assert packed.buckets == {"192x128" if size == (228, 128) else "128x128": 1} and not packed.left_out


def test_equal_captions_are_no_negatives():
    """Two pictures of one caption: towers that tell the captions apart and no more are wholly right."""
    torch = pytest.importorskip("torch")
    from mutoscope.train.clip import ClipObjective

    texts = ["a frog", "a ship", "a frog", "a ship"]
    directions = {"a frog": [1.0, 0.0], "a ship": [0.0, 1.0]}
    objective = ClipObjective.__new__(ClipObjective)
    model = torch.nn.Module()
    model.text, model.image = torch.nn.Identity(), lambda pixels: torch.tensor([directions[text] for text in texts])
    model.log_scale = torch.nn.Parameter(torch.tensor(4.0))
    objective.model, objective.teacher, objective.free = model, torch.nn.Identity(), ["a frog"]
    objective._pairs = lambda generator, batch: (torch.zeros(4), texts)
    objective._embed = lambda tower, texts: torch.tensor([directions[text] for text in texts])
    loss, numbers = objective.loss(torch.Generator().manual_seed(0), 4, 0.0)
    assert numbers["right"] == 1.0 and float(loss.detach()) == pytest.approx(float(torch.tensor(2.0).log()), abs=1e-4)


class TestConverted:
    """BMP and TIFF are taken as PNG, pixel for pixel; a damaged one is passed over with its reason."""

    @pytest.mark.parametrize(("kind", "mode"), [("BMP", "RGB"), ("BMP", "L"), ("BMP", "1"), ("TIFF", "RGB"), ("TIFF", "RGBA"),
                                                ("TIFF", "CMYK"), ("TIFF", "I;16")])  # fmt: skip
    def test_pixel_for_pixel(self, tmp_path: Path, kind: str, mode: str):
        image = scene(1, 96, 80).convert("I").convert("I;16") if mode == "I;16" else scene(1, 96, 80).convert(mode)
        (tmp_path / "set").mkdir()
        image.save(tmp_path / "set" / f"a.{kind.lower()}")
        (tmp_path / "set" / "a.txt").write_text("a thing")
        gather(tmp_path / "set", tmp_path / "mine", link=True)
        ((origin, _),) = rows_of(tmp_path / "mine").items()
        (file,) = (tmp_path / "mine").glob("*.png")
        assert origin == f"a.{kind.lower()}"
        with Image.open(file) as kept:
            same = kept.convert("RGB") if mode == "CMYK" else kept
            assert np.array_equal(np.asarray(same), np.asarray(image.convert("RGB") if mode == "CMYK" else image))
        assert gather(tmp_path / "set", tmp_path / "mine").changed == 0

    def test_turned_and_damaged(self, tmp_path: Path):
        (tmp_path / "set").mkdir()
        exif = Image.Exif()
        exif[274] = 6  # a quarter turn
        scene(1, 96, 80).save(tmp_path / "set" / "turned.tif", exif=exif)
        whole = (tmp_path / "set" / "turned.tif").read_bytes()
        (tmp_path / "set" / "cut.tif").write_bytes(whole[: len(whole) // 2])
        for name in ("turned", "cut"):
            (tmp_path / "set" / f"{name}.txt").write_text("a thing")
        done = gather(tmp_path / "set", tmp_path / "mine")
        assert done.items == 1 and [reason.startswith("cannot be read") for reason in done.passed] == [True]
        drain(check(tmp_path / "mine"))
        found = records(tmp_path / "mine")["turned"]
        assert (found["width"], found["height"]) == (80, 96)


def test_averages_are_the_same_bytes(tmp_path: Path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    from mutoscope.train.ema import save_snapshot

    kept = []
    for _ in range(12):  # the library's own order changes from call to call
        path = save_snapshot(tmp_path, {"a": torch.arange(6.0), "b": torch.ones(2, 2)}, 8, 1, 6.94)
        kept.append(path.read_bytes())
    assert len(set(kept)) == 1 and torch.equal(load_file(path)["a"], torch.arange(6.0))
