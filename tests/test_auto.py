"""`train auto`: what it plans, that it comes to the same model however it is stopped, and the page that tells of it."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
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
from mutoscope.media import read_pixels
from own_pictures import make_own_run, make_pictures

pytest.importorskip("torch")
from mutoscope.train import autoplan
from mutoscope.train.autoplan import FEW_PICTURES, AutoPlan, Speed, Wish, make_plan

pytestmark = pytest.mark.usefixtures("one_thread")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "own-pictures.md"
SMALL = ["--hours", "0.003", "--preset", "tiny", "--from", "nothing"]  # in the place of the page's hours
SEEN = Glance(300, 0, tuple(f"a {n}" for n in range(40)), 0, (200,) * 100, 0, 100, 0.002, 10**7, ())


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """A machine of a known speed, and a codec of a known quality; returns what changes them."""

    def be(flops: float = 3e10, psnr: float = 31.0) -> None:
        monkeypatch.setattr(autoplan, "measure_speed", lambda config, muon: Speed(flops, 1.0 if muon else 0.05, 2e6))
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

    def test_the_machine_is_measured(self):
        from mutoscope.config import preset

        speed = autoplan.measure_speed(preset("tiny"), muon=True)
        assert speed.flops > 1e6 and speed.encodings > 1e3 and 0 < speed.step < 1


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
        assert "planned with another side" in capsys.readouterr().err

    @pytest.mark.slow
    @pytest.mark.timeout(900)
    def test_killed_it_comes_to_the_same_model(self, here: Path):
        """Three times with SIGKILL, at moments of chance."""
        words = ["train", "auto", "photos", *SMALL, "--out"]
        assert main([*words, "whole"]) == 0
        (here / "killed" / "auto").mkdir(parents=True)
        shutil.copy(here / "whole/auto/plan.json", here / "killed/auto/plan.json")  # another measurement, another plan
        rng = np.random.default_rng(0)
        for _ in range(3):
            process = subprocess.Popen([sys.executable, "-m", "mutoscope", *words, "killed"], stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(3, 12))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert main([*words, "killed"]) == 0
        assert open_checkpoint(here / "killed/model").hash == open_checkpoint(here / "whole/model").hash


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
