"""What a run tells while it trains, the film of its previews, and what is refused before a pixel is read."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mutoscope.cli import main
from mutoscope.media import read_info, read_pixels
from mutoscope.train import STAGES
from mutoscope.train.tracking import Log


def write_folder(folder: Path, rows: list, pictures: bool = False) -> Path:
    """A captioned folder; without pictures, so that reading one fails."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    (folder / "captions.jsonl").write_text(text)
    if pictures:
        for row in rows:
            Image.new("RGB", (32, 32), (40, 80, 120)).save(folder / row["file"])
    return folder


GOOD = [{"file": f"{i}.png", "captions": ["a lake"]} for i in range(8)]


@pytest.mark.parametrize(
    ("rows", "words", "expected"),
    [
        ([], "", "is empty"),
        (["{"], "", "line 1"),
        (["[]"], "", "line 1"),
        ([{"captions": ["a"]}], "", "line 1"),
        ([*GOOD, {"file": "x.png"}], "", "1 items have no caption"),
        ([*GOOD, {"file": "x.png", "captions": []}], "", "1 items have no caption"),
        (GOOD, "--batch 16", "holds 8 items and a step takes 16"),
        (GOOD, "--set acumulate=2", "'accumulate'"),
        (GOOD, "--set accumulate=3", "take batch=9"),
        (GOOD, "--set shard=true", "torchrun"),
        (GOOD, "--set device=gpu", "device"),
        (GOOD, "--set snapshots=-1", "snapshots"),
        (GOOD, "--set rate 0.1", "takes no words, got also '0.1'; see mutoscope train codec -h"),
    ],
)
def test_one_line_before_a_pixel_is_read(tmp_path: Path, capsys, rows: list, words: str, expected: str):
    data = write_folder(tmp_path / "data", rows)
    line = (
        f"train codec --preset tiny --data {data} --out {tmp_path / 'run'} --batch 8 --set device=cpu {words} --quiet"
    )
    assert main(line.split()) == 2
    error = capsys.readouterr().err
    assert expected in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists() and not (data / ".cache").exists()


def test_another_preset_and_a_missing_part(tmp_path: Path, capsys):
    data = write_folder(tmp_path / "data", GOOD)
    run = tmp_path / "run"
    run.mkdir()
    from mutoscope.config import preset
    from mutoscope.run_folder import save_config

    save_config(run, preset("nano"))
    words = f"train image --preset tiny --data {data} --out {run} --batch 8"
    assert main(words.split()) == 2
    assert "another preset, nano, and this is tiny; give --preset nano" in capsys.readouterr().err
    assert main(words.replace("tiny", "nano").split()) == 2
    assert "mutoscope train clip" in capsys.readouterr().err and not (data / ".cache").exists()


@pytest.mark.parametrize("setting", ["curriculum=0.5", "shift=2", "clip_share=0.5", "fine=0.5"])
def test_settings_of_other_stages_are_refused(tmp_path: Path, capsys, setting: str):
    data = write_folder(tmp_path / "data", GOOD, pictures=True)
    words = f"train codec --preset tiny --data {data} --out {tmp_path / 'run'} --batch 8 --set {setting}"
    assert main(words.split()) == 2
    assert f"leave {setting.partition('=')[0]}" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_every_stage_is_a_command(capsys):
    for stage in STAGES:
        assert main(["train", stage, "--help"]) == 0
        assert f"mutoscope train {stage}" in capsys.readouterr().out
    assert main(["train"]) == 0 and "film" in capsys.readouterr().out


def test_tensorboard_holds_the_same_numbers(tmp_path: Path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = Log(tmp_path)
    for samples in (8, 16):
        log.add({"samples": samples, "loss": 1.0 / samples})
    log.close()
    board = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(event.step, event.value) for event in board.Scalars("loss")] == [(8, 0.125), (16, 0.0625)]


class TestFilm:
    def test_every_sheet_in_its_order(self, tmp_path: Path, capsys):
        (tmp_path / "image").mkdir()
        (tmp_path / "previews").mkdir()
        for samples, shade in ((1000, 250), (20, 10), (300, 120)):
            Image.new("RGB", (32, 16 if samples == 20 else 32), (shade,) * 3).save(
                tmp_path / "previews" / f"image-{samples:09d}.png"
            )
        Image.new("RGB", (32, 32)).save(tmp_path / "previews" / "video-000000001.png")
        output = tmp_path / "film.mp4"
        assert main(["train", "film", str(tmp_path / "image"), "-o", str(output)]) == 0
        frames = read_pixels(output)
        assert frames.shape == (3 + 7, 32, 32, 3) and read_info(output)["fps"] == 4
        shades = frames[:, 4, 4, 0].astype(int)
        assert np.abs(shades - [10, 120, *[250] * 8]).max() < 12

    def test_refused(self, tmp_path: Path, capsys):
        (tmp_path / "image").mkdir()
        assert main(["train", "film", str(tmp_path / "image"), "-o", str(tmp_path / "a.mp4")]) == 2
        assert "no previews" in capsys.readouterr().err
        assert main(["train", "film", str(tmp_path / "image"), "-o", str(tmp_path / "a.png")]) == 2
