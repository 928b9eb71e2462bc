"""The judge: intervals and floors against closed forms, wordings against captions, runs of painters of known skill."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mutoscope import models
from mutoscope.cli import evaluate as verb
from mutoscope.cli import main
from mutoscope.errors import CheckpointError, OutputError, SettingError
from mutoscope.evaluate import attributes, motion, prompts, report, sheets, tally
from mutoscope.evaluate.attributes import ATTRIBUTES, AttributeNet, Judge, Training
from mutoscope.evaluate.free_prompts import FREE_PROMPTS
from mutoscope.events import Event, drain
from mutoscope.world.captions import caption
from mutoscope.world.spec import SceneSpec, draw_spec, is_held_out

SMALL = Training(renders=192, test_renders=16, epochs=4, batch=32, rate=4e-3, widths=(16, 24, 32, 32))
TINY = replace(SMALL, renders=32, test_renders=4, epochs=1)
LAKE = SceneSpec(0, 0, "lake", "sunset", "fog", "autumn", "pine", "watercolor")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Pieces this small only wait for each other on several threads."""
    kept = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(kept)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a judge trained for a few seconds."""
    place = tmp_path_factory.mktemp("judge")
    drain(attributes.find_judge(place, SMALL))
    return place


@pytest.fixture(scope="module")
def judge(folder: Path) -> Judge:
    return attributes.load_judge(folder)


# ---------------------------------------------------------------------------------------------------------------- tally


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (200, 200, 0.9812, 1.0), (0, 0, 0.0, 1.0)],
)
def test_wilson(right: int, n: int, low: float, high: float):
    assert tally.wilson(right, n) == pytest.approx((low, high), abs=1e-4)


def some_answers(n: int = 30) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    random = np.random.default_rng(0)
    rows = [{name: words[int(random.integers(3))] for name, words in ATTRIBUTES.items()} for _ in range(2 * n)]
    asked = [{k: v for k, v in row.items() if k in ("scene", "light") or random.random() < 0.5} for row in rows[:n]]
    return asked, rows[n:]


def test_share_counts_only_what_was_asked():
    asked = [{"scene": "lake", "light": "night"}, {"scene": "lake", "light": "dawn", "weather": "fog"}]
    read = [
        {"scene": "lake", "light": "dawn", "weather": "rain"},
        {"scene": "lake", "light": "dawn", "weather": "fog"},
    ]
    found = tally.share(asked, read)
    assert {name: (part["right"], part["n"]) for name, part in found.items()} == {
        "scene": (2, 2), "light": (1, 2), "scene and light": (1, 2), "weather": (1, 1),
    }  # fmt: skip
    assert tally.mixups(asked, read)["light"] == [{"asked": "night", "read": "dawn", "count": 1, "of": 1}]
    assert tally.wrong_in(asked[0], read[0]) == ["light"]


def test_the_floor_is_the_mean_over_all_other_captions():
    asked, read = some_answers()
    found = tally.floor(asked, read)
    for name in ("scene", "weather"):
        rows = [row for row, facts in enumerate(asked) if name in facts]
        hits = [asked[a][name] == read[b][name] for a in rows for b in rows if a != b]
        assert found[name] == pytest.approx(sum(hits) / len(hits))


def test_styles_add_up():
    asked, read = some_answers()
    styles = ["photo" if row % 3 else "anime" for row in range(len(asked))]
    apart = tally.styles_apart(asked, read, styles)
    assert list(apart) == ["photo", "anime"]
    whole = tally.share(asked, read)
    for name, part in whole.items():
        assert sum(side[name]["right"] for side in apart.values()) == part["right"]


# -------------------------------------------------------------------------------------------------------------- prompts


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lake", {"scene"}),
        ("A TARN AT SUNSET", {"scene", "light"}),
        ("A watercolor of a lake ringed by pines in the fog at sundown in autumn", set(ATTRIBUTES)),
        ("a lakeside inn", {"scene"}),
        ("blake at a sunsetting", set()),
        ("a foggy evening", {"weather", "light"}),
        ("a lake at night in the rain", {"scene"}),
    ],
)
def test_says(text: str, said: set[str]):
    assert prompts.says(LAKE, text) == said


def test_a_snowy_village_says_nothing_of_the_weather():
    spec = replace(LAKE, scene="snowy village", weather="snow", season="winter", style="photo", light="night")
    assert prompts.says(spec, "a snowy village at night") == {"scene", "light"}
    assert "weather" in prompts.says(spec, "a snowy village at night while it snows")


def test_captions_say_only_what_is_so():
    """A caption never says another light or weather than the scene's own."""
    for index in range(150):
        spec = draw_spec(5, index, held_out=None)
        text = caption(spec, index)
        for light in {"dawn", "morning", "golden hour"} - {spec.light}:
            assert "light" not in prompts.says(replace(spec, light=light), text), (text, light)


def test_questions():
    questions = prompts.held_out_questions(40)
    assert questions == prompts.held_out_questions(50)[:40]
    for q in questions:
        assert q.spec and is_held_out(q.spec.scene, q.spec.light, q.spec.style)
        assert {"scene", "light"} <= prompts.says(q.spec, q.prompt) and {"scene", "light"} <= set(q.asked)
        assert all(word == getattr(q.spec, name) for name, word in q.asked.items())
        assert q.style != "photo" or q.asked["style"] == "photo"
    assert any(0 < len(set(ATTRIBUTES) - set(q.asked)) for q in questions)
    moving = prompts.moving_questions(64)
    assert len({(q.spec.scene, q.spec.light) for q in moving if q.spec}) == 64
    assert len({q.spec.light for q in moving[:8] if q.spec}) == 8
    assert {q.spec.scene for q in moving if q.spec} == {*prompts.WATER, *prompts.SKY}
    assert all("weather" in q.asked for q in moving)
    free = prompts.free_questions()
    assert len(free) == len(FREE_PROMPTS) and all({"scene", "light"} <= set(q.asked) for q in free)


# ---------------------------------------------------------------------------------------------------------------- judge


def test_prepare_averages():
    picture = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    mean = picture.reshape(64, 2, 64, 2, 3).mean((1, 3))
    assert np.abs(attributes.prepare(picture) - mean).max() <= 0.5
    assert attributes.prepare(picture[:96]).shape == attributes.prepare(picture[:48, :32]).shape == (64, 64, 3)


def test_the_network_is_small():
    net = AttributeNet()
    assert 500_000 < sum(p.numel() for p in net.parameters()) < 1_000_000
    logits = net.eval()(torch.zeros(2, 3, 64, 64))
    assert {name: tuple(x.shape) for name, x in logits.items()} == {n: (2, len(w)) for n, w in ATTRIBUTES.items()}


def test_unseen_facts_cost_nothing():
    labels = torch.tensor([attributes.label(replace(LAKE, scene="desert", season="summer", plant="none"))])
    assert labels[0, list(ATTRIBUTES).index("season")] == attributes.UNSEEN
    logits = {name: torch.zeros(1, len(words)) for name, words in ATTRIBUTES.items()}
    lost = attributes.loss_of(logits, labels, 0.0)
    assert lost.item() == pytest.approx(sum(np.log(len(w)) for n, w in ATTRIBUTES.items() if n != "season"), abs=1e-5)


def test_disturbed_pixels_stay_near():
    pixels = torch.linspace(-1, 1, 64).expand(4, 3, 64, 64)  # the same in every row, brighter to the right
    seen = attributes.disturb(pixels, torch.Generator().manual_seed(1))
    assert seen.shape == pixels.shape and (seen.mean() - pixels.mean()).abs() < 0.1
    again = attributes.disturb(pixels, torch.Generator().manual_seed(1))
    assert torch.equal(seen, again)


def test_it_learns_and_says_how_well(judge: Judge):
    specs = [attributes.training_spec(SMALL.seed, index) for index in range(96)]
    asked = [attributes.visible(spec) for spec in specs]
    read = judge.read(list(attributes.render_pictures(specs)))
    assert tally.share(asked, read)["light"]["share"] > 2 * tally.floor(asked, read)["light"]
    test = judge.card["test"]
    assert test["all"]["scene"]["n"] == SMALL.test_renders and set(test) == {"all", "photo", "styles"}


def test_reading_does_not_depend_on_the_batch(judge: Judge):
    pictures = list(attributes.render_pictures([draw_spec(7, index) for index in range(5)]))
    assert judge.read(pictures) == [judge.read([picture])[0] for picture in pictures]
    assert judge.read([]) == []


def test_the_same_training_gives_the_same_judge(tmp_path: Path):
    first, second = (drain(attributes.find_judge(tmp_path / name, TINY)) for name in "ab")
    assert first.sha256 == second.sha256


def test_a_judge_is_loaded_by_hash(folder: Path, judge: Judge, tmp_path: Path):
    events = list(attributes.find_judge(folder))
    assert [event.phase for event in events] == ["done"] and events[0].result.sha256 == judge.sha256
    weights, papers = (folder / "judge.safetensors").read_bytes(), (folder / "judge.json").read_text()

    def keep(data: bytes, card: str) -> Path:
        (tmp_path / "judge.safetensors").write_bytes(data)
        (tmp_path / "judge.json").write_text(card)
        return tmp_path

    with pytest.raises(CheckpointError, match=r"judge\.safetensors.*changed"):
        attributes.load_judge(keep(weights[:-1] + bytes([weights[-1] ^ 1]), papers))
    with pytest.raises(CheckpointError, match="other words"):
        attributes.load_judge(keep(weights, papers.replace('"lake"', '"lagoon"')))
    for card in ("{", "[]", "{}"):
        with pytest.raises(CheckpointError, match="no whole judge"):
            attributes.load_judge(keep(weights, card))
    with pytest.raises(CheckpointError, match="no whole judge"):
        attributes.load_judge(tmp_path / "nothing")


# --------------------------------------------------------------------------------------------------------------- motion


def ramp(*levels: int) -> np.ndarray:
    return np.stack([np.full((4, 6, 3), level, np.uint8) for level in levels])


def test_changes_in_levels():
    assert motion.changes(ramp(0, 10, 255, 0)).tolist() == [10, 245, 255]
    found = motion.compare([ramp(0, 2, 4), ramp(0, 0, 12)], [ramp(0, 4, 8), ramp(9, 5, 9)])
    assert (found["change"], found["rendered"], found["ratio"]) == (4, 4, 1)
    assert (found["jump"], found["rendered_jump"]) == (2, 1)
    assert found["low"] == pytest.approx(0.5) and found["high"] == pytest.approx(1.5)


def test_clips_that_stand_still():
    found = motion.compare([ramp(5, 5, 5)], [ramp(5, 6, 7)])
    assert found["ratio"] == 0 and found["jump"] == 0
    assert motion.compare([ramp(5, 6)], [ramp(5, 5)])["ratio"] > 2


# --------------------------------------------------------------------------------------------------------------- sheets


def test_wrong_pictures_are_framed():
    facts = {"scene": "lake", "light": "dawn", "weather": "fog", "season": "summer", "style": "anime"}
    read = [facts, facts | {"light": "noon"}, facts | {"weather": "rain"}]
    (page,) = sheets.marked_sheets([np.zeros((32, 32, 3), np.uint8)] * 3, [facts] * 3, read)
    frames = [tuple(page[0, left + 20]) for left in (0, 40, 80)]
    assert frames == [sheets.WHITE, sheets.RED, sheets.AMBER]
    assert len(sheets.marked_sheets([page] * 101, [facts] * 101, [facts] * 101)) == 2
    clip = np.zeros((9, 16, 16, 3), np.uint8)
    assert sheets.clip_sheet([clip], [clip], ["lake"]).shape[1] == 10 * (16 + 2 * sheets.EDGE)


# --------------------------------------------------------------------------------------------------------------- report


@cache
def scenes() -> dict[str, SceneSpec]:
    """Return a scene for every prompt that shows what it asks for; the scene itself where there is one."""
    known = {text: draw_spec(0, 0, held_out=None, **facts) for text, facts in FREE_PROMPTS}
    questions = (*prompts.held_out_questions(24), *prompts.moving_questions(2))
    return known | {q.prompt: q.spec for q in questions if q.spec}


def draw_well(prompt: str, seed: int) -> np.ndarray:
    return next(attributes.render_pictures([scenes()[prompt]]))


def move_well(prompt: str, seed: int) -> np.ndarray:
    return motion.render_clip(scenes()[prompt], 5, 48, 32)


WELL = report.Painter(draw_well, move_well, "the world itself", "0123456789abcdef")


def judged(painter: report.Painter, out: Path, folder: Path, **settings) -> dict:
    page = drain(report.run(painter, out, judge=folder, **settings))
    assert page == out / "report.md" and not list(out.glob("*.tmp"))
    return json.loads((out / "report.json").read_text())


def test_a_painter_that_renders_is_as_good_as_renders(tmp_path: Path, folder: Path, judge: Judge):
    found = judged(WELL, tmp_path / "a" / "b", folder, count=24, clips=2)
    pictures = found["pictures"]
    assert pictures["n"] == len(pictures["answers"]) == 24 and pictures["generated"] == pictures["renders"]
    assert found["judge"]["sha256"] == judge.sha256 and found["model"]["hash"] == WELL.model_hash
    assert found["free"]["n"] == len(FREE_PROMPTS)
    for part in (found["clips"]["all"], *found["clips"]["scenes"].values()):
        assert part["ratio"] == 1 and part["jump"] == part["rendered_jump"]
    page = (tmp_path / "a" / "b" / "report.md").read_text()
    assert judge.sha256[:16] in page and WELL.model_hash in page and "| beach | 1 |" in page
    drawn = {path.name for path in (tmp_path / "a" / "b").glob("*.png")}
    assert drawn == {"pictures-1.png", "free-1.png", "clips-1.png"}
    assert [row["what"][:5] for row in found["bars"]][:2] == ["scene", "light"]
    assert all(row["met"] for row in found["bars"] if row["what"].startswith("change"))


def test_a_painter_that_always_draws_the_same_is_found_out(tmp_path: Path, folder: Path):
    grey = np.full((64, 96, 3), 128, np.uint8)
    stiff = report.Painter(lambda prompt, seed: grey, lambda prompt, seed: np.stack([grey] * 5))
    found = judged(stiff, tmp_path, folder, count=24, clips=1, free=False)
    part = found["pictures"]["generated"]["all"]
    for name in ("scene", "light"):
        assert part[name]["share"] == pytest.approx(found["pictures"]["floor"][name], abs=0.05)
    assert not any(row["met"] for row in found["bars"] if not row["what"].startswith("largest"))


def test_a_painter_of_pictures_alone(tmp_path: Path, folder: Path):
    found = judged(report.Painter(draw_well), tmp_path, folder, count=2, clips=3, free=False)
    assert "clips" not in found and "free" not in found


def test_a_checkpoint_is_a_painter(monkeypatch: pytest.MonkeyPatch):
    class Fake:
        def __init__(self, checkpoint: str | None):
            assert checkpoint == "folder"

        def generate(self, prompt: str, *, seed: int, num_frames: int = 1, fps: int = 0) -> SimpleNamespace:
            shape = (num_frames, 16, 16, 3)
            request = SimpleNamespace(model="nano", model_hash="abc")
            return SimpleNamespace(pixels=np.full(shape[1:], seed), frames=np.full(shape, fps), request=request)

    monkeypatch.setattr(models, "TextToImageModel", Fake)
    monkeypatch.setattr(models, "TextToVideoModel", Fake)
    painter = report.load_painter("folder")
    assert (painter.name, painter.model_hash) == ("nano", "abc")
    assert painter.draw("a lake", 7).max() == 7
    assert painter.move and painter.move("a lake", 7).shape[0] == motion.FRAMES
    assert report.load_painter("folder", clips=False).move is None


def test_softened_pictures_keep_their_colours():
    picture = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    soft = report.soften(picture)
    assert soft.shape == picture.shape and soft.std() < picture.std() / 2
    assert np.abs(soft.mean((0, 1)) - picture.mean((0, 1))).max() < 2


def test_what_a_run_refuses(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot make"):
        drain(report.run(WELL, tmp_path / "file" / "out"))
    for count, clips in ((0, 1), (1, -1)):
        with pytest.raises(SettingError, match="must be"):
            drain(report.run(WELL, tmp_path, count=count, clips=clips))


# --------------------------------------------------------------------------------------------------------- command line


def test_the_verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, outputs: Path):
    asked = {}

    def start(model: str | None, **settings) -> Iterator[Event]:
        asked.update(settings, model=model)
        page = outputs / "report.md"
        page.write_text("# Evaluation\n| a | b |\n")
        yield Event("done", 1, 1, result=page)

    monkeypatch.setattr(verb, "start_evaluation", start)
    assert main(["evaluate", "--model", "runs/nano", "--count", "3", "--clips", "0"]) == 0
    assert capsys.readouterr().out == f"# Evaluation\n| a | b |\n{outputs / 'report.md'}\n"
    wanted = {"model": "runs/nano", "count": 3, "clips": 0, "out": Path("runs/evaluation"), "judge": Path("runs/judge")}
    assert asked == wanted
    for words in (["--count", "0"], ["--clips", "-1"], ["--count", "many"]):
        assert main(["evaluate", *words]) == 2
        assert capsys.readouterr().err.count("\n") == 1
