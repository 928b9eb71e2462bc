"""`train auto`: what it plans, that it comes to the same model however it is stopped, and the page that tells of it."""

import importlib.util
import json
import re
import shlex
import shutil
import time
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import Shared
from mutoscope.checkpoint import open_checkpoint
from mutoscope.cli import auto as command
from mutoscope.cli import main
from mutoscope.data.cache import open_folders
from mutoscope.data.glance import Glance, glance
from mutoscope.data.split import split_pack
from mutoscope.errors import DataError, SettingError
from mutoscope.events import Event
from mutoscope.media import read_pixels
from own_pictures import make_clips, make_own_run, make_pictures

pytest.importorskip("torch")
from mutoscope.train import autolog, autoplan
from mutoscope.train import trial as trial_module
from mutoscope.train.autolog import AutoLog
from mutoscope.train.autoplan import FEW_PICTURES, AutoPlan, Wish, format_seconds, make_plan
from mutoscope.train.trial import Speed, Trial, measure_rates, measure_speed, rate_of

pytestmark = pytest.mark.usefixtures("one_thread")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "own-pictures.md"
SMALL = ["--hours", "0.003", "--preset", "tiny", "--from", "nothing"]  # in the place of the page's hours
SEEN = Glance(300, 0, tuple(f"a {n}" for n in range(40)), 0, (200,) * 100, 0, 100, 0.002, 10**7, ())


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """A machine of a known speed, and a codec of a known quality; returns what changes them."""

    def be(flops: float = 3e10, psnr: float = 31.0) -> None:
        speed = Speed(flops, 0.05, 2e6)
        monkeypatch.setattr(autoplan, "measure_speed", lambda config, muon: speed)
        monkeypatch.setattr(
            autoplan,
            "measure_rates",
            lambda trial, stages: {
                name: rate_of(trial.config, speed, trial.side, settings["batch"]) for name, settings in stages
            },
        )
        monkeypatch.setattr(autoplan, "measure_codec", lambda seen: psnr)

    be()
    return be


def planned(tmp_path: Path, seen: Glance = SEEN, hours: float = 2.0, **wish) -> AutoPlan:
    return make_plan(Wish("photos", hours, **wish), seen, tmp_path)


class TestPlan:
    def test_few_pictures_go_on_from_the_embedded_model(self, machine, tmp_path: Path):
        made = planned(tmp_path)
        assert made.begin == "embedded" and made.preset == "nano" and made.hold_out and made.side == 128
        assert [stage.name for stage in made.stages] == ["image"]
        assert set(made.parts) == {"text", "transformer", "codec", "image_tower"}

    def test_many_begin_anew_and_keep_the_codec_that_is_good(self, machine, tmp_path: Path):
        made = planned(tmp_path, replace(SEEN, pictures=FEW_PICTURES))
        assert made.begin == "nothing" and "transformer" not in made.parts and "codec" in made.parts
        assert "codec" not in [stage.name for stage in made.stages]

    @pytest.mark.parametrize(("begin", "stage"), [("embedded", "decoder"), ("nothing", "codec")])
    def test_a_codec_that_is_not_good_is_trained(self, machine, tmp_path: Path, begin: str, stage: str):
        machine(psnr=22.0)
        made = planned(tmp_path, begin=begin)
        assert made.stages[0].name == stage and "below 28: trained" in dict(made.rows)["codec"]

    def test_time_decides_the_size_and_never_the_size_of_the_pictures(self, machine, tmp_path: Path):
        assert [planned(tmp_path, hours=hours).side for hours in (0.02, 2.0)] == [64, 128]
        assert planned(tmp_path, replace(SEEN, sides=(70,) * 50)).side == 64
        machine(flops=1e15)
        assert planned(tmp_path, replace(SEEN, sides=(40,) * 50), begin="nothing").side == 32

    def test_the_stages_take_the_time_that_is_there(self, machine, tmp_path: Path):
        made = planned(tmp_path, replace(SEEN, pictures=50_000), hours=3.0)
        assert 0.7 * 3 * 3600 < sum(stage.seconds for stage in made.stages) < 3 * 3600
        twice = planned(tmp_path, replace(SEEN, pictures=50_000), hours=6.0)
        assert twice.stages[-1].samples > 1.8 * made.stages[-1].samples

    def test_no_picture_is_shown_too_often(self, machine, tmp_path: Path):
        machine(flops=1e15)
        made = planned(tmp_path, hours=50.0)
        assert made.stages[-1].samples <= 300 * 270 and "by heart" in dict(made.rows)["in all"]

    def test_clips_make_it_the_video_stage(self, machine, tmp_path: Path):
        assert planned(tmp_path, replace(SEEN, clips=200)).stages[-1].name == "video"
        assert planned(tmp_path, replace(SEEN, clips=10)).stages[-1].name == "image"
        alone = planned(tmp_path, replace(SEEN, pictures=0, clips=10))
        assert alone.stages[-1].name == "video" and dict(alone.rows)["pictures"].startswith("10 clips, 200 pixels")

    def test_a_tenth_of_the_hours_is_left_unplanned(self, machine, tmp_path: Path):
        made = planned(tmp_path, replace(SEEN, pictures=50_000), hours=3.0)
        assert 0.85 * 3 * 3600 < sum(made.seconds.values()) <= 0.9 * 3 * 3600 + 1
        assert list(made.seconds) == ["crop", "train image", "export", "judge"]
        assert "49,744 teach" in dict(made.rows)["pictures"]  # 256 are the most that are held out

    def test_the_disk_holds_what_is_kept_of_every_picture(self, machine, tmp_path: Path):
        """49 kB of pixels at 128 px, latents and text states, which are there twice for a moment."""
        few, more = (planned(tmp_path, replace(SEEN, pictures=count)) for count in (300, 1300))
        assert few.side == more.side == 128
        assert 49_000 + 2 * (4_500 + 9_000) < (more.disk - few.disk) / 1000 < 49_500 + 2 * (4_800 + 9_600)

    def test_it_is_kept_whole(self, machine, tmp_path: Path):
        made = planned(tmp_path)
        assert AutoPlan.from_dict(json.loads(json.dumps(made.to_dict()))) == made

    def test_what_cannot_be_planned(self, machine, tmp_path: Path):
        with pytest.raises(DataError, match="4 pictures; 8 are the least"):
            planned(tmp_path, replace(SEEN, pictures=4))
        with pytest.raises(DataError, match="no captions"):
            planned(tmp_path, replace(SEEN, captions=()))
        with pytest.raises(SettingError, match="--from nothing"):
            planned(tmp_path, preset="tiny", begin="embedded")
        for hours, begin, side in ((0, "", 0), (1, "sdxl", 0), (1, "", 100)):
            with pytest.raises(SettingError):
                Wish("photos", hours, begin=begin, side=side)


class TestMachine:
    def test_a_single_pass_is_measured(self):
        from mutoscope.config import preset

        speed = measure_speed(preset("tiny"), muon=True)
        assert speed.flops > 1e6 and speed.encodings > 1e3 and 0 < speed.step < 1

    def test_the_stages_themselves_are_tried(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Every stage, on pictures and clips, each with the parts of those before; nothing of it is left."""
        from mutoscope.config import preset

        monkeypatch.setattr(trial_module, "TRIAL_SECONDS", 0.05)
        monkeypatch.setattr(trial_module.tempfile, "tempdir", str(tmp_path))
        trial = Trial(preset("tiny"), (), ["a red ship", "a frog"], 32, pictures=True, clips=True)
        stages = [("codec", {"batch": 4}), ("clip", {"batch": 4}), ("video", {"batch": 4}), ("decoder", {"batch": 4})]
        rates = measure_rates(trial, stages)
        assert list(rates) == ["codec", "clip", "video", "decoder"] and all(0.1 < rate < 1e5 for rate in rates.values())
        assert not any(tmp_path.iterdir())


class TestLog:
    def test_it_counts_the_seconds_of_all_calls_and_tells_of_a_slow_machine(self, machine, tmp_path, monkeypatch):
        made, clock = planned(tmp_path), [0.0]
        (tmp_path / "auto").mkdir()
        monkeypatch.setattr(autolog.time, "monotonic", lambda: clock[0])

        def slow(seconds: float, then: BaseException | None = None):
            for _ in range(3):
                clock[0] += seconds / 3
                yield Event("train", 1, 2)
            if then:
                raise then

        with pytest.raises(KeyboardInterrupt):
            list(AutoLog(tmp_path, made).follow("crop", slow(30.0, KeyboardInterrupt())))
        log = AutoLog(tmp_path, made)  # of the next call
        assert log.done == [] and log.seconds == {"crop": 30.0} and log.tell("begin") == ""
        list(log.follow("crop", slow(60.0)))
        assert AutoLog(tmp_path, made).done == ["crop"] and AutoLog(tmp_path, made).seconds == {"crop": 90.0}
        left = sum(made.seconds.values()) - made.seconds["crop"]
        expected = left * 90 / made.seconds["crop"]
        assert log.tell("crop").startswith(
            "90 s so far, planned were"
        ) and "slower than when it was planned" in log.tell("crop")
        assert format_seconds(expected) in log.tell("crop")

    def test_a_damaged_one_begins_anew(self, machine, tmp_path: Path):
        (tmp_path / "auto").mkdir()
        (tmp_path / "auto" / "done.json").write_text('["collect"')
        assert AutoLog(tmp_path, planned(tmp_path)).done == []


def test_a_glance_counts_and_measures(tmp_path: Path):
    make_pictures(tmp_path / "a", 20, 48)
    (tmp_path / "a" / "003.png").write_bytes(b"damaged")
    seen = glance(str(tmp_path / "a"), samples=4)
    assert (seen.pictures, seen.clips, len(seen.captions), seen.unreadable) == (20, 0, 16, 1)
    assert seen.sides == (48,) * 19 and len(seen.samples) == 4 and seen.side_of_most() == 48
    with pytest.raises(DataError, match="no pictures"):
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "x.txt").write_text("words")
        glance(str(tmp_path / "b"))


def test_a_pack_is_split_and_nothing_is_lost(shared: Shared, tmp_path: Path):
    packed = shared("own", make_own_run) / "packed"
    for turn in ("one", "two"):
        assert split_pack(packed, tmp_path / turn / "kept", tmp_path / turn / "held", 0.25, 100) == (12, 4)
    whole, kept, held = (open_folders(folder)[0] for folder in (packed, tmp_path / "one/kept", tmp_path / "one/held"))
    pixels = {item.tobytes() for item in whole.pixels}
    parts = [{item.tobytes() for item in part.pixels} for part in (kept, held)]
    assert parts[0] | parts[1] == pixels and not parts[0] & parts[1]
    assert np.array_equal(open_folders(tmp_path / "two/held")[0].pixels, held.pixels)
    assert (
        split_pack(packed, tmp_path / "all", tmp_path / "none", 0.0, 100) == (16, 0)
        and not (tmp_path / "none").exists()
    )


class TestRun:
    @pytest.fixture
    def here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(trial_module, "TRIAL_SECONDS", 0.05)
        make_pictures(tmp_path / "photos", 40, 48)
        (tmp_path / "photos" / "007.png").write_bytes(b"damaged")
        monkeypatch.chdir(tmp_path)
        return tmp_path

    @pytest.mark.timeout(300)
    def test_the_page(self, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
        """Every command of the page runs, in order; `train auto` is broken off at every second step and goes on."""
        blocks = re.findall(r"^```\n(mutoscope.*?)^```$", PAGE.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        lines = [line for block in blocks for line in block.splitlines()]
        assert len(lines) == 6
        for line in lines:
            words = shlex.split(line)[1:]
            words = (
                [*words[: words.index("--hours")], *SMALL, *words[words.index("--hours") + 2 :]]
                if "--hours" in words
                else words
            )
            words = [*words, "--steps", "2", "--threads", "1"] if words[0] == "image" else words
            words = (
                [*words[: words.index("--count")], "--count", "8", *words[words.index("--count") + 2 :]]
                if words[0] == "evaluate"
                else words
            )
            if words[1] == "auto" and "--dry-run" not in words:
                stop_every_second_step(words, monkeypatch)
            assert main(words) == 0, f"{line}: {capsys.readouterr().err}"
            if "--dry-run" in words:
                told = capsys.readouterr().out
                assert "in all" in told and "held out" in told and not Path("runs").exists()
        card = open_checkpoint("runs/mine/model").card
        assert card["licence"] == "CC0-1.0" and not card["world"] and "my camera" in card["sources"][0]["name"]
        report = json.loads(Path("runs/mine/evaluation/report.json").read_text())
        check = json.loads(Path("runs/mine/data/collected/check/report.json").read_text())
        assert (
            check["items"] == 40
            and check["unreadable"] == 1
            and report["model"]["hash"] == open_checkpoint("runs/mine/model").hash
        )
        assert read_pixels(Path("ship.png")).ndim == 3 and "| licence | CC0-1.0 |" in Path("card.md").read_text()
        capsys.readouterr()
        start = time.monotonic()
        (again,) = [line for line in lines if "--licence" in line]
        words = shlex.split(again)[1:]
        assert main([*words[: words.index("--hours")], *SMALL, *words[words.index("--hours") + 2 :]]) == 0
        assert (
            "going on; done: collect" in capsys.readouterr().err and time.monotonic() - start < 10
        )  # nothing is left to do
        assert main(["train", "auto", "photos", "--out", "runs/mine", *SMALL, "--size", "32"]) == 2
        assert "planned with another --size" in capsys.readouterr().err

    def test_clips_alone_and_a_plan_of_another_run(
        self, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
    ):
        """A run on a few clips, judged by first frames; another one may follow its plan, and no other then."""
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(trial_module, "TRIAL_SECONDS", 0.05)
        make_clips(Path("clips"), 9, 48)
        words = ["train", "auto", "clips", "--out"]
        assert main([*words, "one", *SMALL]) == 0
        told = capsys.readouterr().err
        assert "train video" in told and "in all, planned were" in told
        assert Path("one/evaluation/report.md").is_file() and Path("one/evaluation/captions-1.png").is_file()
        monkeypatch.setattr(command, "follow", lambda made, run, quiet: None)
        plan = ["--plan", "one/auto/plan.json"]
        for _ in range(2):
            assert main([*words, "two", *plan, "--licence", "CC0-1.0"]) == 0
        first, second = (json.loads(Path(run, "auto/plan.json").read_text()) for run in ("one", "two"))
        assert second.pop("wish") == {**first.pop("wish"), "licence": "CC0-1.0"} and first == second
        Path("other.json").write_text(json.dumps({**second, "wish": wish_of("two"), "judged": 9}))
        for more, said in (
            ([*plan, "--size", "64"], "--plan has settled --size"),
            (["--hours", "1"], "another --hours"),
            (["--plan", "other.json", "--licence", "CC0-1.0"], "follows another plan"),
        ):
            assert main([*words, "two", *more]) == 2
            assert said in capsys.readouterr().err


def wish_of(run: str) -> dict[str, object]:
    """Return the wish of a run's plan."""
    return json.loads(Path(run, "auto/plan.json").read_text())["wish"]


class TestRefused:
    """One line each, before anything is written."""

    @pytest.fixture
    def refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        monkeypatch.chdir(tmp_path)

        def line(*more: str, folder: str = "photos", code: int = 2) -> str:
            before = sorted(path for path in Path().rglob("*"))
            assert main(["train", "auto", folder, "--out", "run", *more]) == code
            told = [text for text in capsys.readouterr().err.splitlines() if text.startswith("mutoscope: ")]
            assert len(told) == 1 and sorted(path for path in Path().rglob("*")) == before
            return told[0]

        return line

    def test_folders(self, refused, tmp_path: Path):
        assert "'photos' is not there" in refused()
        Path("photos").mkdir()
        assert "no pictures or clips here" in refused()
        Path("photos/a.txt").write_text("a red ship")
        assert "no pictures or clips here" in refused()
        make_pictures(Path("photos"), 1, 48)
        assert "photos: 1 picture; 8 are the least" in refused()
        make_pictures(Path("photos"), 12, 48)
        assert "lies among the pictures" in refused("--out", "photos/run")
        for path in sorted(Path("photos").glob("*.png"))[:2]:
            path.write_bytes(b"damaged")
        assert "2 of 12 files that were opened cannot be read" in refused()
        for path in Path("photos").glob("*.png"):
            path.write_bytes(b"damaged")
        assert "none of 12 files that were opened can be read" in refused()

    def test_a_folder_that_cannot_be_read_is_told_from_an_empty_one(self, refused, monkeypatch: pytest.MonkeyPatch):
        Path("photos").mkdir()

        def closed(top, onerror, followlinks):
            onerror(PermissionError(13, "Permission denied", f"{top}/summer"))
            return iter(())

        monkeypatch.setattr("mutoscope.data.sources.os.walk", closed)
        assert "no pictures or clips here; summer: cannot be read: Permission denied" in refused()

    def test_words(self, refused):
        make_pictures(Path("photos"), 12, 48)
        for hours, said in (
            ("0", "number above 0"),
            ("-1", "number above 0"),
            ("nan", "finite number"),
            ("inf", "finite number"),
        ):
            assert f"--hours must be a {said}" in refused("--hours", hours)
        Path("file").write_text("")
        assert "file is not a folder that can be written to" in refused("--out", "file/run")
        assert "--name takes" in refused("--name", "My model")
        assert "is not a file" in refused("--prompts", "prompts.txt") and "is not a file" in refused(
            "--plan", "plan.json"
        )
        Path("plan.json").write_text("{}")
        assert "plan.json is no plan" in refused("--plan", "plan.json")

    def test_machines(self, refused, machine, monkeypatch: pytest.MonkeyPatch):
        make_pictures(Path("photos"), 12, 48)
        with monkeypatch.context() as patch:
            patch.setattr(
                "shutil.disk_usage", lambda place: namedtuple("Room", "total used free")(10**9, 10**9 - 10**6, 10**6)
            )
            assert "the disk has 1 MB free and this plan need" in refused(*SMALL, code=1)
        for package, said in (("torch", "mutoscope[train]"), ("onnx", "mutoscope[export]")):
            with monkeypatch.context() as patch:
                hide(patch, package)
                assert said in refused(code=1)

    def test_other_runs(self, refused, shared: Shared):
        make_pictures(Path("photos"), 12, 48)
        shutil.copytree(shared("own", make_own_run) / "run", "run")
        assert "run is a training run already" in refused()


def hide(patch: pytest.MonkeyPatch, package: str) -> None:
    """Let a package look as if it were not installed."""
    find = importlib.util.find_spec
    patch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == package else find(name, *more))


def stop_every_second_step(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command until Ctrl-C comes in its second step, again and again, until few steps are left."""
    watch, calls = command.watch, [0]

    def stop_in_the_second(events, **options):
        calls[0] += 1
        if calls[0] % 3 == 0:
            next(iter(events))
            raise KeyboardInterrupt
        return watch(events, **options)

    with monkeypatch.context() as patch:
        patch.setattr(command, "watch", stop_in_the_second)
        for _ in range(2):
            assert main(words) == 130
