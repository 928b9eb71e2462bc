"""Own pictures in recipes and in tuning, and in the previews of a run."""

import json
from pathlib import Path

import numpy as np
import pytest

from conftest import Shared
from mutoscope.cli import main
from mutoscope.cli.recipe import check_recipe, least_items, prepare_data, read_recipe
from mutoscope.data.cache import open_folders
from mutoscope.errors import DataError, SettingError
from mutoscope.media import read_pixels
from own_pictures import make_own_run, make_pictures

pytest.importorskip("torch")
from mutoscope.train.preview_grid import GAP, LINE_PIXELS, MAX_LINES, make_grid, write_label
from mutoscope.train.preview_prompts import USUAL_PROMPTS, WORLD_PROMPTS, keep_prompts, preview_prompts, spread

pytestmark = pytest.mark.usefixtures("one_thread")
RECIPE = """
[model]
preset = "tiny"
name = "both"

[[data]]
out = "drawings"
folder = "pictures"
size = "64"
licence = "CC0-1.0"

[[render]]
out = "square"
count = 400
size = "64"

[[train]]
stage = "codec"
samples = 800
batch = 8

[[train]]
stage = "clip"
samples = 800
batch = 12

[[train]]
stage = "image"
samples = 800
batch = 8
"""


class TestRecipes:
    def test_own_pictures_and_renders_train_together(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.chdir(tmp_path)
        make_pictures(tmp_path / "pictures", 16)
        (tmp_path / "both.toml").write_text(RECIPE)
        assert main(["recipe", "both.toml", "--out", "run", "--scale", "0.01", "--quiet"]) == 0
        machine = json.loads(Path("run/image/machine.json").read_text())
        found = {
            folder["name"]: (folder["items"], folder["licences"], folder["rendered"]) for folder in machine["data"]
        }
        assert found == {"drawings-64x64": (16, ["CC0-1.0"], False), "square": (12, ["CC0-1.0"], True)}
        assert {"ship", "wheel"} <= set(machine["own_words"]) and len(machine["words"]) > len(machine["own_words"])
        before = Path("run/world/drawings-64x64/captions.jsonl").read_bytes()
        prepare_data(Path("run"), read_recipe(Path("both.toml")), 0.01, quiet=True)
        assert Path("run/world/drawings-64x64/captions.jsonl").read_bytes() == before

    def test_a_pack_is_taken_as_it_is(self, shared: Shared, tmp_path: Path):
        from mutoscope.cli.recipe import data_jobs

        packed = shared("own", make_own_run) / "packed"
        assert list(data_jobs(tmp_path, {"out": "mine", "folder": str(packed)})) == []
        ours, theirs = (open_folders(folder)[0] for folder in (tmp_path / "world", packed))
        assert ours.path.name == "mine-64x64" and np.array_equal(ours.pixels, theirs.pixels)

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            ({"out": "a"}, "needs folder and out"),
            ({"out": "a", "folder": "nowhere"}, "no folder 'nowhere'"),
            ({"out": "a", "folder": ".", "licence_": "x"}, "unknown key 'licence_' in .*licence"),
        ],
    )
    def test_wrong_words_fail_first(self, data: dict[str, str], said: str):
        with pytest.raises(SettingError, match=said):
            check_recipe({"model": {"preset": "tiny", "name": "x"}, "data": [data]}, Path("r.toml"))

    def test_any_share_of_a_recipe_has_a_batch(self):
        """Of 4,000 items a hundredth is 40, and the largest batch that tuning tries is 128, with a quarter held out."""
        plan = {
            "train": [{"stage": "image", "samples": 8}],
            "tune": {"stage": "image", "batch": {"choices": [32, 128]}},
        }
        assert 128 <= least_items(plan) * 3 // 4 <= 140
        assert least_items({"train": [{"stage": "clip", "samples": 8}]}) == 128
        assert least_items({"train": [{"stage": "clip", "samples": 8, "batch": 16}]}) == 16


class TestPreviews:
    def test_they_show_captions_of_the_data(self, shared: Shared, tiny_world: Path, tmp_path: Path):
        own, world = open_folders(shared("own", make_own_run) / "packed"), open_folders(tiny_world / "pictures")
        prompts = preview_prompts(tmp_path, own)
        assert len(prompts) == USUAL_PROMPTS and {text.split()[2] for text in prompts} == {
            "ship",
            "frog",
            "tower",
            "wheel",
        }
        assert preview_prompts(tmp_path, world) == WORLD_PROMPTS
        both = preview_prompts(tmp_path, [*own, *world])
        assert (
            both[:6] == tuple(spread([captions[0] for captions in own[0].captions], 6))
            and both[6:] == WORLD_PROMPTS[:6]
        )

    def test_the_users_prompts_go_before(self, shared: Shared, tmp_path: Path):
        keep_prompts(tmp_path, ["a red ship", "a ship, a frog"])
        assert preview_prompts(tmp_path, open_folders(shared("own", make_own_run) / "packed")) == (
            "a red ship",
            "a ship, a frog",
        )
        with pytest.raises(DataError, match="1 to 24"):
            keep_prompts(tmp_path, [])

    def test_words_stand_under_their_pictures(self):
        rows = [np.zeros((2, 16, 40, 3), np.uint8)] * 2
        sheet = make_grid(rows, ["left words", ""])
        band = sheet[2 * (16 + GAP) :]
        assert band.shape == (LINE_PIXELS * MAX_LINES + GAP, 2 * (40 + GAP), 3)
        assert band[:, :40].min() < 100 and (band[:, 42:] == 255).all()
        lines = write_label("one two three four", 40)
        assert (lines[:LINE_PIXELS] < 128).any() and (lines[LINE_PIXELS : 2 * LINE_PIXELS] < 128).any()

    def test_the_command_line_keeps_them(self, shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        import shutil

        base = shared("own", make_own_run)
        run = Path(shutil.copytree(base / "run", tmp_path / "run"))
        shutil.rmtree(run / "image")
        (tmp_path / "p.txt").write_text("a blue wheel\n\na wheel\n")
        words = [
            "train",
            "image",
            "--preset",
            "tiny",
            "--data",
            str(base / "packed"),
            "--out",
            str(run),
            "--batch",
            "8",
        ]
        more = ["--set", "samples=8", "--prompts", str(tmp_path / "p.txt"), "--quiet"]
        assert main([*words, *more]) == 0 and (run / "prompts.txt").read_text() == "a blue wheel\na wheel\n"
        (sheet,) = (run / "previews").glob("image-*.png")
        assert read_pixels(sheet).shape == (2 * (64 + GAP) + LINE_PIXELS * MAX_LINES + GAP, 2 * (64 + GAP), 3)
        assert main([*words, "--prompts", "nowhere.txt"]) == 2
