"""The acceptance of `train auto`: killed at moments of chance it comes to the same model, and no picture is lost on the way."""

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from auto_kills import Kill, draw_kills, kill_every_step, play
from class_folders import CLASSES, damage, draw_class, make_class_folders


def check(result: dict) -> None:
    """Assert that both runs came to the same, and that every file is accounted for."""
    assert result["hash"]["whole"] == result["hash"]["killed"] and result["differ"] == [] and result["compared"] > 10
    counts = result["counts"]
    assert counts["files"] - counts["passed_over"] == counts["kept"] + counts["dropped"]
    assert sum(counts["reasons"].values()) >= counts["dropped"]
    assert counts["kept"] == counts["left_out"] + counts["train"] + counts["held"]


@pytest.mark.slow
@pytest.mark.timeout(5400)
def test_three_thousand_pictures_and_three_kills(tmp_path: Path):
    """The promise of the page: 3,000 pictures, 20 of them damaged, 0.1 hours, killed three times."""
    result = play(tmp_path, count=3000, damaged=20, hours=0.1, kills=3, seed=0, every_step=False)
    check(result)
    assert len(result["hits"]) == 3 and result["counts"]["dropped"] >= 20
    assert (tmp_path / "killed" / "evaluation" / "report.md").is_file()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_kill_in_every_step(tmp_path: Path):
    """Collect, check, crop, begin, every stage, export and judge: each is killed once, and before them the look."""
    result = play(tmp_path, count=300, damaged=5, hours=0.02, kills=0, seed=0, every_step=True)
    check(result)
    assert len(result["hits"]) == 10


def test_the_moments_are_drawn_over_the_whole_run():
    seconds = {"collect": 1.0, "train codec": 89.0, "judge": 10.0}
    kills = draw_kills(seconds, 400, seed=1)
    assert {kill.step for kill in kills} == set(seconds) and kills == draw_kills(seconds, 400, seed=1)
    assert all(0 <= kill.seconds <= seconds[kill.step] for kill in kills)
    assert 0.84 < sum(kill.step == "train codec" for kill in kills) / 400 < 0.96
    every = kill_every_step(seconds, seed=0)
    assert [kill.step for kill in every[1:]] == list(seconds) and isinstance(every[0], Kill)


def test_the_pictures_are_those_of_ten_classes_and_some_are_no_pictures(tmp_path: Path):
    from PIL import Image, UnidentifiedImageError

    made = make_class_folders(tmp_path / "photos", 100, 5)
    files = sorted(made.rglob("*.png"))
    assert len(files) == 100 and sorted(path.name for path in made.iterdir()) == sorted(CLASSES)
    unreadable = []
    for path in files:
        try:
            with Image.open(path) as picture:
                picture.load()
                assert picture.size == (32, 32)
        except (UnidentifiedImageError, OSError, SyntaxError):
            unreadable.append(path)
    assert len(unreadable) == 5
    assert draw_class("ship", 3).tobytes() == draw_class("ship", 3).tobytes() != draw_class("ship", 4).tobytes()
    assert damage(b"abcdef", 0) == b"" and damage(b"abcdef", 1) == b"abc" and damage(b"abcdef", 3) == b"abc\x9bef"
