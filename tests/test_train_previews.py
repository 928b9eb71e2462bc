"""Previews: rows of pictures as one, and all previews of a stage as a clip, pixel by pixel."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from mutoscope.errors import OutputError  # noqa: E402 - after the check for torch
from mutoscope.media import read_info, read_pixels  # noqa: E402
from mutoscope.train.preview_grid import GAP, make_grid, to_pictures  # noqa: E402
from mutoscope.train.timelapse import find_previews, pad, write_timelapse  # noqa: E402


def test_values_become_levels():
    values = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0]).view(1, 1, 1, 5).expand(2, 3, 4, 5)
    levels = to_pictures(values)
    assert levels.shape == (2, 4, 5, 3) and levels.dtype == np.uint8
    assert levels[0, 0, :, 0].tolist() == [0, 0, 128, 255, 255]


def test_every_picture_has_its_place_and_gaps_are_white():
    draw = np.random.default_rng(0)
    rows = [draw.integers(0, 255, (count, 8, 6, 3), np.uint8) for count in (3, 1)]
    grid = make_grid(rows)
    assert grid.shape == (2 * (8 + GAP), 3 * (6 + GAP), 3)
    white = np.full_like(grid, 255)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            place = slice(i * (8 + GAP), i * (8 + GAP) + 8), slice(j * (6 + GAP), j * (6 + GAP) + 6)
            np.testing.assert_array_equal(grid[place], picture)
            white[place] = picture
    np.testing.assert_array_equal(grid, white)


def test_padding_keeps_the_picture():
    picture = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    padded = pad(picture, 4, 5)
    assert padded.shape == (4, 5, 3) and (padded[:2, :3] == picture).all()
    assert (padded[2:] == 255).all() and (padded[:, 3:] == 255).all()
    assert pad(picture, 2, 3).tobytes() == picture.tobytes()


class TestTimelapse:
    @staticmethod
    def run(folder: Path, shades: dict[int, int]) -> Path:
        (folder / "previews").mkdir(parents=True)
        (folder / "image").mkdir()
        for samples, shade in shades.items():
            Image.new("RGB", (32, 32), (shade,) * 3).save(folder / "previews" / f"image-{samples:09d}.png")
        return folder / "image"

    def test_order_is_that_of_the_samples(self, tmp_path: Path):
        stage = self.run(tmp_path, {1000: 250, 20: 10, 300: 120})
        (tmp_path / "previews" / "image-last.png").write_bytes(b"")
        (tmp_path / "previews" / "video-000000001.png").write_bytes(b"")
        found = find_previews(tmp_path / "previews", "image")
        assert [path.name for path in found] == [f"image-{samples:09d}.png" for samples in (20, 300, 1000)]
        path = write_timelapse(stage, tmp_path / "out.webp", fps=5, last_frames=3)
        frames = read_pixels(path)
        shades = frames[:, 16, 16, 0].astype(int)
        assert np.abs(shades - [10, 120, 250, 250, 250]).max() < 12 and read_info(path)["fps"] == pytest.approx(
            5, abs=0.1
        )

    def test_a_stage_without_previews(self, tmp_path: Path):
        stage = self.run(tmp_path, {})
        with pytest.raises(OutputError, match="no previews of the stage image"):
            write_timelapse(stage, tmp_path / "out.webp")
        assert not (tmp_path / "out.webp").exists()
