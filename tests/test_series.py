"""Series of pictures: what their files may say, the quiet place for words, and the recipes of the package drawn."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mutoscope.cli import main
from mutoscope.errors import MutoscopeError
from mutoscope.events import drain
from mutoscope.series import draw_series, find_series, lay_out, names, read_series
from mutoscope.series.layout import find_quiet, set_words, sheet_of

PLAN = """
title = "Two lakes"
motif = "a lake"
headline = "Go"
columns = 2

[all]
seed = 3
size = "64x64"
num_inference_steps = 1

[[picture]]
name = "one"
prompt = "{motif} at sunset"
label = "evening"

[[picture]]
name = "two"
prompt = "{motif} at noon"
calm = "top"
tries = 2
headline = true
style = "watercolor"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", names())
def test_every_recipe_of_the_package_can_be_asked(name: str):
    from mutoscope.cli.series import SeriesOptions

    series = SeriesOptions(name).series()
    assert series.title and series.about and series.domain
    assert len({panel.name for panel in series.panels}) == len(series.panels)
    assert not any("{" in series.prompt_of(panel) for panel in series.panels)
    assert all(panel.label or not series.columns or name == "variations" for panel in series.panels)


def test_the_four_domains_are_there():
    domains = {find_series(name).domain for name in names()}
    assert domains == {"entertainment", "advertising", "digital art", "education"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "Two lakes"', "titel = 1", "did you mean 'title'"),
        ('title = "Two lakes"', "title = 1", "title must be text"),
        ("columns = 2", "columns = true", "columns must be a whole number"),
        ("columns = 2", "columns = -1", "columns must be from 0"),
        ('label = "evening"', "label = 3", "label of [[picture]] 1"),
        ('label = "evening"', 'lable = "x"', "did you mean 'label'"),
        ('prompt = "{motif} at sunset"', 'prompt = " "', "[[picture]] 1 has no prompt"),
        ('calm = "top"', 'calm = "middle"', "calm of [[picture]] 2"),
        ("tries = 2", "tries = 0", "tries of [[picture]] 2"),
        ("tries = 2", "tries = 99", "tries of [[picture]] 2"),
        ("headline = true", 'headline = "Go"', "headline of [[picture]] 2"),
        ("[all]", "[all]\nprom = 1", "did you mean 'prompt'"),
        ("seed = 3", "seed = ", "not TOML"),
    ],
)
def test_a_wrong_file_is_named_with_its_fault(tmp_path: Path, old: str, new: str, said: str):
    assert old in PLAN
    path = written(tmp_path, PLAN.replace(old, new))
    with pytest.raises(MutoscopeError) as caught:
        read_series(path)
    assert said in str(caught.value) and "plan.toml" in str(caught.value) and "\n" not in str(caught.value)


def test_a_series_is_drawn_with_motif_style_and_headline(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path, out = written(tmp_path, PLAN), tmp_path / "out"
    asked = ["recipe", str(path), "--out", str(out), "--motif", "a beach", "--headline", "Slow down.", "--json", "-q"]
    assert main(asked) == 0
    *drawn, facts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["request"]["prompt"] for one in drawn] == ["a beach at sunset", "a beach at noon"]
    assert drawn[0]["request"]["seed"] == 3 and drawn[1]["request"]["seed"] in (3, 4)
    assert [one["file"] for one in drawn] == facts["files"][:2], "each was told as soon as it was finished"
    assert [Path(file).name for file in facts["files"]] == ["one.png", "two.png", "two-headline.png", "sheet.png"]
    with Image.open(out / "two-headline.png") as words, Image.open(out / "sheet.png") as sheet:
        assert words.size == (512, 512) and sheet.width > 600
    with Image.open(out / "one.png") as picture:
        assert json.loads(picture.info["mutoscope"])["prompt"] == "a beach at sunset"


def test_prompts_of_a_file_take_the_place_of_the_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path, lines = written(tmp_path, PLAN), tmp_path / "lines.txt"
    lines.write_text("# mine\na lake at dawn\n\na desert at night\n", encoding="utf-8")
    asked = [
        "recipe",
        str(path),
        "--prompts",
        str(lines),
        "--out",
        str(tmp_path / "o"),
        "--style",
        "anime",
        "--json",
        "-q",
    ]
    assert main(asked) == 0
    *drawn, _ = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["request"]["prompt"], one["request"]["styles"][0]["name"]) for one in drawn] == [
        ("a lake at dawn", "anime"),
        ("a desert at night", "anime"),
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["storybord"], "did you mean 'storyboard'"),
        (["storyboard", "--style", "watercolr"], "did you mean 'watercolor'"),
        (["storyboard", "--prompts", "nowhere.txt"], "'nowhere.txt' is not a file"),
        (["storyboard", "--scale", "0.5"], "--scale is for training recipes"),
        (["nowhere.toml"], "'nowhere.toml' is not a file"),
        (["storyboard", "--size", "100000x8"], "picture '1-harbour'"),
    ],
)
def test_a_wrong_wish_is_refused_in_one_line(asked: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["recipe", *asked]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "option", ["--motif", "--headline", "--prompts", "--style", "--size", "--steps", "--seed", "--model", "--threads"]
)
def test_a_recipe_of_training_ignores_no_option(option: str, root: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["recipe", str(root / "recipes" / "nano-cpu.toml"), "--out", "nowhere", option, "2"]) == 2
    assert f"{option} is for recipes of pictures" in capsys.readouterr().err


def test_without_a_name_the_recipes_are_listed(capsys: pytest.CaptureFixture[str]):
    assert main(["recipe"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in names())


def test_the_quiet_side_is_found():
    noisy = np.random.default_rng(1).integers(0, 255, (100, 200, 3), dtype=np.uint8)
    noisy[:50] = 120
    (rows, columns), unrest = find_quiet(noisy, "top")
    assert unrest == 0 and rows == slice(5, 40) and columns == slice(5, 195)
    assert find_quiet(noisy, "bottom")[1] > 50 and 20 < find_quiet(noisy, "left")[1] < find_quiet(noisy, "bottom")[1]


def test_of_several_seeds_the_quietest_is_taken():
    """With a model whose pictures are as restless as told by their seed."""

    class Model:
        def generate(self, prompt: str, seed: int, **settings: object):
            unrest = {3: 90, 4: 5}[seed]
            pixels = np.random.default_rng(seed).integers(100, 101 + unrest, (64, 64, 3), dtype=np.uint8)
            return type("Picture", (), {"pixels": pixels, "seed": seed})()

    series = read_series_text(PLAN)
    drawn = drain(draw_series(series, Model()))
    assert [one.picture.seed for one in drawn] == [3, 4] and drawn[0].quiet is None and drawn[1].quiet is not None
    assert set(lay_out(series, drawn)) == {"two-headline", "sheet"}


def read_series_text(text: str):
    import tomllib

    from mutoscope.series import parse_series

    return parse_series(tomllib.loads(text), Path("plan.toml"))


@pytest.mark.parametrize(("ground", "ink_is_light"), [(20, True), (235, False)])
def test_words_stand_out_and_stay_in_their_place(ground: int, ink_is_light: bool):
    flat = np.full((64, 128, 3), ground, np.uint8)
    place = (slice(4, 26), slice(4, 124))
    page = set_words(flat, "Slow down.", place).astype(int)
    changed = np.abs(page - ground).max(axis=2) > 60
    assert page.shape == (512, 1024, 3) and changed.mean() > 0.005
    rows, columns = np.nonzero(changed)
    assert rows.min() >= 4 * 8 and rows.max() < 26 * 8 and columns.min() >= 4 * 8 and columns.max() < 124 * 8
    assert bool(page[changed].mean() > ground) is ink_is_light


def test_a_sheet_holds_all_and_wraps_labels():
    cells = [(np.full((64, 128, 3), 200, np.uint8), "a label " * 20), (np.full((128, 64, 3), 30, np.uint8), "")]
    page = sheet_of("A title", cells, 2)
    assert page.shape[1] == 2 * 28 + 2 * 300 + 20 and page.shape[0] > 300
    assert (page == 30).all(axis=2).sum() > 100 * 200 and (page == 200).all(axis=2).sum() >= 300 * 140
