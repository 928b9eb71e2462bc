"""Before the first step: pixels, captions and latents are kept in the run, told of, counted, and go on after a kill."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hostile import data, scene
from mutoscope.config import preset
from mutoscope.data import filling
from mutoscope.data.cache import open_folders
from mutoscope.errors import OutputError, StorageFullError
from mutoscope.events import drain
from mutoscope.rng import stream
from mutoscope.train.settings import ImageOptions

torch = pytest.importorskip("torch")

WORDS = ("airplane", "a red ship at sea, evening", "frog")
N = 80

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 80 pictures that share three captions."""
    folder = tmp_path_factory.mktemp("classes")
    rows = []
    for i in range(N):
        (folder / f"{i:02d}.png").write_bytes(data(scene(i, 32, 32), "PNG"))
        rows.append({"file": f"{i:02d}.png", "captions": [WORDS[i % 3]]})
    (folder / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


@pytest.fixture(scope="module")
def towers(classes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a codec and towers, on which an image stage can begin."""
    out = tmp_path_factory.mktemp("towers") / "run"
    for stage in ("codec", "clip"):
        list(start(stage, classes, out))
    return out


def start(stage: str, folder: Path, out: Path, **overrides: Any):
    """Return the events of a short training."""
    from mutoscope.train import run

    return run(stage, preset_name="tiny", data=folder, out=out, overrides={"samples": 16, "batch": 8, **overrides})


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestFilling:
    @staticmethod
    def numbers(array: np.ndarray, start: int, stop: int) -> None:
        array[start:stop] = np.arange(start, stop)[:, None] ** 2

    def filled(self, path: Path, rows: int = 10):
        return filling.fill(path, (rows, 2), np.int64, self.numbers, rows=rows, step=3)

    def test_goes_on_where_it_was_killed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(filling, "MARK_SECONDS", 0.0)
        path = tmp_path / "cache" / "a.npy"
        job = self.filled(path)
        assert [next(job) for _ in range(3)] == [0, 3, 6]
        job.close()
        assert not path.exists()
        assert list(self.filled(path)) == [6, 9, 10] and list(self.filled(path)) == []
        assert np.array_equal(np.load(path), np.stack([np.arange(10) ** 2] * 2, 1))
        assert sorted(p.name for p in path.parent.iterdir()) == [".lock", "a.npy"]

    @pytest.mark.parametrize("damage", ["{", '{"rows": 99, "of": 10}', '{"rows": 3, "of": 9}', "[]"])
    def test_a_damaged_mark_begins_anew(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str):
        monkeypatch.setattr(filling, "MARK_SECONDS", 0.0)
        job = self.filled(tmp_path / "a.npy")
        _ = next(job), next(job)
        job.close()
        (tmp_path / "a.npy.done").write_text(damage)
        assert next(self.filled(tmp_path / "a.npy")) == 0

    def test_one_process_fills_at_a_time(self, tmp_path: Path):
        job = self.filled(tmp_path / "a.npy")
        next(job)
        with pytest.raises(OutputError, match="another encoding is at work"):
            next(self.filled(tmp_path / "b.npy"))

    def test_no_room_is_told_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        def full(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(filling.os, "posix_fallocate", full)
        with pytest.raises(StorageFullError, match="make room"):
            next(self.filled(tmp_path / "a.npy"))
        assert not (tmp_path / "a.npy.part").exists()


class TestPrepare:
    def test_every_phase_is_told_and_counted(self, classes: Path, towers: Path, tmp_path: Path):
        out = Path(shutil.copytree(towers, tmp_path / "run", ignore=shutil.ignore_patterns("cache")))
        before = snapshot(classes)
        events = list(start("image", classes, out))
        phases = list(dict.fromkeys(event.phase for event in events))
        assert phases == ["load", "pixels", "captions", "latents", "train", "done"]
        for phase, total in (("pixels", N), ("captions", 3), ("latents", N)):
            told = [event for event in events if event.phase == phase]
            assert told[0].step == 0 and told[-1].step == told[-1].total == total
        assert json.loads((out / "image" / "prepared.json").read_text())["seconds"] > 0
        assert snapshot(classes) == before, "nothing is written where the pictures lie"
        again = start("image", classes, out, samples=32)
        assert next(again).phase == "load"
        goes_on = next(again)
        assert goes_on.phase == "train" and goes_on.message.startswith("goes on after 16")

    def test_a_kill_in_it_costs_a_moment_and_changes_nothing(
        self, classes: Path, towers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(filling, "MARK_SECONDS", 0.0)
        runs = [Path(shutil.copytree(towers, tmp_path / name, ignore=shutil.ignore_patterns("cache"))) for name in "ab"]
        for phase in ("pixels", "captions", "latents"):
            job = start("image", classes, runs[1])
            step = next(event.step for event in job if event.phase == phase and event.step)
            job.close()
            goes_on = next(
                event for event in start("image", classes, runs[1]) if event.phase not in ("load", "captions")
            )
            assert goes_on.phase in (phase, "latents") and (goes_on.phase != phase or goes_on.step == step)
        for run in runs:
            next(event for event in start("image", classes, run) if event.phase == "train")
        one, other = (snapshot(run / "cache") for run in runs)
        assert one == other and len(one) == 4  # pixels, texts, latents and the lock

    def test_no_room_for_the_caches(self, classes: Path, towers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        out = Path(shutil.copytree(towers, tmp_path / "run", ignore=shutil.ignore_patterns("latents-*", "texts-*")))
        usage = shutil.disk_usage(out)
        monkeypatch.setattr(filling.shutil, "disk_usage", lambda path: usage._replace(free=1000))
        with pytest.raises(StorageFullError, match=r"latents and text states need \d MB"):
            list(start("image", classes, out))

    def test_half_of_a_budget_is_always_trained(self, tmp_path: Path):
        from mutoscope.train.preparing import budget_left

        assert budget_left(60.0, tmp_path) == 60.0
        for seconds, left in ((10.0, 50.0), (40.0, 30.0), (400.0, 30.0)):
            (tmp_path / "prepared.json").write_text(json.dumps({"seconds": seconds}))
            assert budget_left(60.0, tmp_path) == left and budget_left(0.0, tmp_path) == 0.0
        (tmp_path / "prepared.json").write_text("{")
        assert budget_left(60.0, tmp_path) == 60.0


class TestOneTrainer:
    def test_the_second_is_refused_and_the_first_goes_on(self, classes: Path, tmp_path: Path):
        first = start("codec", classes, tmp_path / "run")
        assert [next(first).phase for _ in range(2)] == ["load", "pixels"]
        with pytest.raises(OutputError, match=r"another training is at work in .*run; wait for it"):
            list(start("codec", classes, tmp_path / "run"))
        assert list(first)[-1].phase == "done"
        assert [event.phase for event in start("codec", classes, tmp_path / "run")] == ["load", "train", "done"]


class TestTexts:
    @staticmethod
    def reader(run: Path):
        from mutoscope.train.diffusion import open_encoders

        return open_encoders(run, preset("tiny"))[0]

    def test_the_states_are_those_of_the_tower(self, classes: Path, towers: Path):
        from mutoscope.train.texts import CAPTIONS, encode_texts

        reader = self.reader(towers)
        folder = open_folders(classes)[0]
        texts = encode_texts(folder.captions, reader, ImageOptions())
        assert texts.captions.shape == (N, CAPTIONS) and len(texts.starts) == 4
        items = np.array([4, 0, 2, 1])
        states, lengths = texts.take(texts.captions[items, 1])
        for row, length, item in zip(states, lengths, items, strict=True):
            alone, mask = reader.read(reader.windows(folder.captions[item]))
            assert int(length) == int(mask.sum())
            assert torch.allclose(row[: int(length)], alone[0], atol=2e-2) and not row[int(length) :].any()

    def test_room_for_a_thousand_one_caption_pictures(self, towers: Path):
        """12 MB hold a thousand different captions of a dozen words, and ten captions of 3,000 pictures next to nothing."""
        from mutoscope.train.texts import Reader, TextPlan

        words = stream("words")
        wide = Reader(self.reader(towers).tower, self.reader(towers).tokenizer, preset("nano"))
        different = [[" ".join(words.choice(WORDS).split(",")[0] for _ in range(4))] for _ in range(1000)]
        few = [[f"{WORDS[i % 3]}"] for i in range(3000)]
        for items, most in ((different, 12e6), (few, 3e4)):
            shape = TextPlan(items, wide, ImageOptions()).shape
            assert shape[1] == 396 and 0 < np.prod(shape) <= most

    def test_tags_are_shuffled_and_dropped(self, towers: Path):
        from mutoscope.train.texts import wordings_of

        tags = [f"t{i}" for i in range(8)]
        held = ", ".join(tags)
        shuffled = wordings_of([held], ImageOptions(shuffle_tags=True, keep_tags=2))
        assert shuffled[0] == held and len(set(shuffled)) == 4
        for text in shuffled:
            assert text.split(", ")[:2] == tags[:2] and sorted(text.split(", ")) == tags
        assert wordings_of([held], ImageOptions()) == [held] * 4
        many = [wordings_of([f"{held}, {i}"], ImageOptions(tag_dropout=0.25)) for i in range(100)]
        left = [len(text.split(", ")) for texts in many for text in texts]
        assert np.mean(left) == pytest.approx(9 * 0.75, abs=0.3) and min(left) >= 1
        assert wordings_of(["lake"], ImageOptions(shuffle_tags=True, tag_dropout=1.0)) == ["lake"] * 4

    def test_dropped_captions_are_the_empty_one(self, classes: Path, towers: Path, tmp_path: Path):
        from mutoscope.train.diffusion import DiffusionObjective

        out = Path(shutil.copytree(towers, tmp_path / "run"))
        for share in (0.0, 0.5, 1.0):
            options = ImageOptions(caption_dropout=share)
            drain(DiffusionObjective.prepare(preset("tiny"), folders := open_folders(classes), out, options))
            made = DiffusionObjective(preset("tiny"), folders, out, options)
            empty = made.empty.shape[1]
            _, states, mask = made._batch(torch.Generator().manual_seed(0), 400, of_clips=False)
            dropped = [bool(row.sum() == empty and torch.equal(state[:empty], made.empty[0]))
                       for state, row in zip(states, mask, strict=True)]  # fmt: skip
            assert np.mean(dropped) == pytest.approx(share, abs=0.07)


def test_repeats_of_a_folder(tmp_path: Path):
    """From a folder named 3_name to what is drawn: its items three times as often, mirrored as seldom as their captions allow."""
    from mutoscope.data.collect import collect
    from mutoscope.train.diffusion import DiffusionObjective, Latents
    from mutoscope.train.texts import TextStates

    for number, name in enumerate(("3_frog", "ship", "001_cat", "1_dog")):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "a.png").write_bytes(data(scene(number, 32, 32), "PNG"))
    done = drain(collect(str(tmp_path / "set"), tmp_path / "mine"))
    assert done.repeated == 1
    (folder,) = open_folders(tmp_path / "mine")
    words = [captions[0] for captions in folder.captions]
    counts = {word: int((folder.order == i).sum()) for i, word in enumerate(words)}
    assert counts == {"frog": 3, "ship": 1, "cat": 1, "dog": 1}

    numbers = np.concatenate([np.arange(4), 100 + np.arange(4)]).astype(np.float16).reshape(-1, 1, 1, 1, 1)
    texts = TextStates(np.zeros((1, 8), np.float16), np.array([0, 1]), np.zeros((4, 4), int))
    objective = DiffusionObjective.__new__(DiffusionObjective)
    objective.clips, objective.empty, objective.options = [], torch.zeros(1, 1, 8), ImageOptions()
    objective.pictures = [Latents(numbers, texts, np.array([True, True, True, False]), folder.order)]
    drawn = objective._batch(torch.Generator().manual_seed(0), 6000, of_clips=False)[0].flatten().int().tolist()
    share = {number: drawn.count(number) / 6000 for number in sorted(set(drawn))}
    frog = words.index("frog")
    assert set(share) == {0, 1, 2, 3, 100, 101, 102}, "the last may not be mirrored"
    assert share[frog] + share.get(100 + frog, 0) == pytest.approx(1 / 2, abs=0.03)
