"""The evaluation: floors against closed forms, wordings against captions, the judge's files, runs of models of known skill."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from mutoscope.checkpoint import open_checkpoint
from mutoscope.cli import evaluate as verb
from mutoscope.cli import main
from mutoscope.errors import CheckpointError, DataError, OutputError, SettingError
from mutoscope.evaluate import judge as judging
from mutoscope.evaluate import measure_pictures, motion, prompts, renders, sheets, suite, tally
from mutoscope.evaluate.judge import Judge, load_judge
from mutoscope.evaluate.model_under_test import ModelUnderTest, load_model, read_known
from mutoscope.evaluate.plan import SUITES, Plan
from mutoscope.evaluate.prompt_sets import FREE_PROMPTS
from mutoscope.evaluate.prompts import Known
from mutoscope.events import Event, drain
from mutoscope.extractors import PROVENANCE, WEIGHTS, Extractors, Sizes
from mutoscope.train import judge as stage
from mutoscope.vocabulary import SCENES
from mutoscope.world.captions import caption
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.shown import attributes, shown
from mutoscope.world.spec import SceneSpec, Thing, is_held_out

ATTRIBUTES = ("scene", "light", "weather", "season", "style")
LAKE = SceneSpec(0, 0, "lake", "sunset", "fog", "autumn", "pine", "watercolor")
FEW_FREE = FREE_PROMPTS[::15]  # what a test draws of them
SMALL = Plan(count=16, clips=1, reference=24, training=48, things=0, cameras=2)


pytestmark = pytest.mark.usefixtures("one_thread")  # pieces this small only wait for each other on several threads


@pytest.fixture(scope="module")
def judge(tiny_judge: Path) -> Judge:
    return load_judge(tiny_judge)


# ---------------------------------------------------------------------------------------------------------------- tally


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (200, 200, 0.9812, 1.0), (0, 0, 0.0, 1.0)],
)
def test_wilson(right: int, n: int, low: float, high: float):
    assert tally.wilson(right, n) == pytest.approx((low, high), abs=1e-4)


def some_answers(n: int = 30) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    random = np.random.default_rng(0)
    rows = [
        {name: words[int(random.integers(3))] for name, words in attributes().items() if name in ATTRIBUTES}
        for _ in range(2 * n)
    ]
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
    assert tally.count_mixups(asked, read)["light"] == [{"asked": "night", "read": "dawn", "count": 1, "of": 1}]
    assert tally.find_wrong(asked[0], read[0]) == ["light"]


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
    apart = tally.share_by_style(asked, read, styles)
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
    assert prompts.find_said(LAKE, text) == said


def test_a_snowy_village_says_nothing_of_the_weather():
    spec = replace(LAKE, scene="snowy village", weather="snow", season="winter", style="photo", light="night")
    assert prompts.find_said(spec, "a snowy village at night") == {"scene", "light"}
    assert "weather" in prompts.find_said(spec, "a snowy village at night while it snows")


def test_captions_say_only_what_is_so():
    """A caption never says another light or weather than the scene's own."""
    for index in range(150):
        spec = draw_spec(5, index, held_out=None)
        text = caption(spec, index)
        for light in {"dawn", "morning", "golden hour"} - {spec.light}:
            assert "light" not in prompts.find_said(replace(spec, light=light), text), (text, light)


def test_questions():
    questions = prompts.ask_held_out(40)
    assert questions == prompts.ask_held_out(50)[:40]
    for q in questions:
        assert q.spec and is_held_out(q.spec.scene, q.spec.light, q.spec.style)
        assert {"scene", "light"} <= prompts.find_said(q.spec, q.prompt) and {"scene", "light"} <= set(q.asked)
        assert all(word == getattr(q.spec, name) for name, word in q.asked.items())
        assert q.style != "photo" or q.asked["style"] == "photo"
    assert any(0 < len(set(ATTRIBUTES) - set(q.asked)) for q in questions)
    moving = prompts.ask_moving_scenes(64)
    assert len({(q.spec.scene, q.spec.light) for q in moving if q.spec}) == 64
    assert len({q.spec.light for q in moving[:8] if q.spec}) == 8
    assert {q.spec.scene for q in moving if q.spec} == {*prompts.WATER, *prompts.SKY}
    assert all("weather" in q.asked for q in moving)
    free = prompts.ask_free_prompts()
    assert len(free) == len(FREE_PROMPTS) and all({"scene", "light"} <= set(q.asked) for q in free)


def test_a_model_is_asked_for_what_it_could_know(monkeypatch: pytest.MonkeyPatch):
    """A model of some scenes and styles is not asked for others, be they told by its facts or by its words."""
    few = Known(facts={"scene": prompts.WATER + prompts.SKY, "style": ("photo", "anime")})
    questions = prompts.ask_held_out(6, few)
    assert {q.spec.scene for q in questions if q.spec} <= {*few.facts["scene"]}
    assert {q.style for q in questions} <= {"photo", "anime"}
    assert {q.asked["scene"] for q in prompts.ask_free_prompts(few)} <= {*few.facts["scene"]}
    lakes = Known(facts={"scene": ("lake",)})
    assert {q.spec.scene for q in prompts.ask_moving_scenes(4, lakes) if q.spec} == {"lake"}
    words = Known(frozenset("a an the of at in lake sunset dawn night photo clear summer anime".split()))
    assert words.fact("scene", "lake") and not words.fact("scene", "canyon") and words.says("a lake at dawn")
    assert not replace(words, other=few).fact("style", "comic") and replace(words, other=few).fact("style", "anime")
    assert not replace(Known(), other=few).fact("scene", "canyon")
    monkeypatch.setattr(prompts, "MAX_SKIPPED", 50)
    with pytest.raises(SettingError, match="knows hardly any"):
        prompts.ask_held_out(2, Known(frozenset({"lake"})))


def test_style_pairs_are_one_scene_asked_for_twice():
    questions = prompts.ask_held_out(40)
    pairs = prompts.pair_styles(questions)
    assert [pair.in_prompt.prompt for pair in pairs] == [
        q.prompt for q in questions if q.style != "photo" and "style" in q.asked
    ]
    assert len(pairs) > 10 and len({pair.in_prompt.style for pair in pairs}) > 5
    for pair in pairs:
        ours, theirs = pair.in_prompt, pair.as_argument
        assert (ours.spec, ours.seed, ours.style, ours.asked) == (theirs.spec, theirs.seed, theirs.style, theirs.asked)
        assert ours.spec and set(ours.asked) == {"style", "scene", "light"} and ours.asked["style"] == ours.style
        assert "style" in prompts.find_said(ours.spec, ours.prompt)
        said = prompts.find_said(ours.spec, theirs.prompt)
        assert {"scene", "light"} <= said and "style" not in said
        assert not re.search(r"\b(photo|photograph|picture of)\b", theirs.prompt)
    known = Known(frozenset("a an the of at in lake sunset dawn night photo clear summer anime".split()))
    assert prompts.pair_styles(questions, known) == []  # no caption without a style in the words it knows


def test_what_the_embedded_model_knows():
    known = read_known(open_checkpoint(verify=False))
    scenes = {scene for scene in SCENES if known.fact("scene", scene)}
    assert {"lake", "beach", "flower field"} <= scenes
    questions = prompts.ask_held_out(8, known)
    assert all(known.says(q.prompt) and known.scene(q.spec) for q in questions if q.spec)


# ---------------------------------------------------------------------------------------------------------------- judge


def test_what_a_picture_shows():
    assert shown(LAKE) == {"scene": "lake", "light": "sunset", "weather": "fog", "season": "autumn", "style": "watercolor",
                           "plant": "pine", "object": "none"}  # fmt: skip
    fox = Thing("fox", "", "ground", 2, "left")
    assert {"object": "animal", "count": "2", "side": "left"}.items() <= shown(replace(LAKE, things=(fox,))).items()
    assert "object" not in shown(replace(LAKE, things=(fox, fox))) and "light" not in shown(
        replace(LAKE, scene="space")
    )
    for name, word in shown(replace(LAKE, things=(fox,))).items():
        assert word in attributes()[name]


def test_the_shipped_sizes_fit_the_package():
    nets = Extractors(Sizes(), attributes(), ["word"] * 3200)
    assert nets.sizes.features == 256
    assert 2 * sum(p.numel() for p in nets.parameters()) <= 8e6
    logits = nets.scene(torch.zeros(2, 3, 128, 128))
    assert {name: tuple(x.shape) for name, x in logits.items()} == {n: (2, len(w)) for n, w in attributes().items()}


def test_unseen_facts_cost_nothing():
    facts = {"scene": "desert", "light": "noon"}
    labels = torch.tensor([stage.to_labels(facts, attributes())])
    assert (labels == stage.UNSEEN_LABEL).sum() == len(attributes()) - 2
    logits = {name: torch.zeros(1, len(words)) for name, words in attributes().items()}
    lost = stage.label_loss(logits, labels, 0.0)
    assert lost.item() == pytest.approx(sum(np.log(len(attributes()[name])) for name in facts), abs=1e-5)


def test_vicreg_against_its_closed_form():
    """Two equal views of deviation 1 and no correlation cost nothing; a constant costs the whole variance term, twice a half."""
    rows = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]) * (3 / 4) ** 0.5
    assert stage.vicreg(rows, rows).item() == pytest.approx(0, abs=1e-3)
    assert stage.vicreg(torch.zeros(4, 2), torch.zeros(4, 2)).item() == pytest.approx(
        stage.VARIANCE_WEIGHT * 0.99, abs=1e-4
    )
    twins = rows[:, :1].expand(4, 2)
    assert stage.vicreg(twins, twins).item() == pytest.approx(stage.COVARIANCE_WEIGHT * 2 * (2 / 2), rel=1e-3)


def test_degraded_pixels_say_how_much():
    pixels = torch.rand(64, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    worse, levels = stage.degrade(pixels, torch.Generator().manual_seed(1))
    untouched = (levels == 0).all(1)
    assert untouched.any() and torch.equal(worse[untouched], pixels[untouched])
    blurred = (levels[:, 0] > 0.8) & (levels[:, 1] == 0)
    assert blurred.any() and (worse[blurred].std() < 0.6 * pixels[blurred].std())


def test_views_and_disturbed_pixels_stay_near():
    pixels = torch.linspace(-1, 1, 64).expand(4, 3, 64, 64)  # the same in every row, brighter to the right
    for change in (stage.disturb, stage.view_of):
        seen = change(pixels, torch.Generator().manual_seed(1))
        assert seen.shape == pixels.shape and (seen.mean() - pixels.mean()).abs() < 0.3
        assert torch.equal(seen, change(pixels, torch.Generator().manual_seed(1)))


def test_it_learns_and_says_how_well(judge: Judge):
    specs = [draw_spec(9001, index) for index in range(96)]
    asked = [{name: word for name, word in shown(spec).items() if name in ATTRIBUTES} for spec in specs]
    read = judge.classify(list(renders.render_pictures(specs, 32, 32)))
    assert tally.share(asked, read)["light"]["share"] > 1.5 * tally.floor(asked, read)["light"]
    test = judge.provenance()["test"]
    assert test["all"]["scene"]["n"] == 13 and set(test) == {"all", "styles"}
    assert judge.seeds == {9001, 9002} and judge.card["labels"]["object"] == {"none": 131}


def test_no_word_is_read_that_was_never_shown(judge: Judge):
    pictures = list(np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8))
    seen = {name: set(words) for name, words in judge.card["labels"].items()}
    assert all(word in seen[name] for facts in judge.classify(pictures) for name, word in facts.items())
    assert all("count" not in facts and "side" not in facts for facts in judge.classify(pictures))


def test_numbers_do_not_depend_on_the_batch(judge: Judge):
    pictures = list(renders.render_pictures([draw_spec(7, index) for index in range(5)], 48, 32))
    assert judge.classify(pictures) == [judge.classify([picture])[0] for picture in pictures]
    assert judge.classify([]) == [] and judge.features([]).shape == (0, judge.nets.sizes.features)
    for look in (judge.features, judge.embed_pictures):
        each = np.concatenate([look([picture]) for picture in pictures])
        assert np.abs(look(pictures) - each).max() < 1e-5


def test_features_are_measured_in_deviations(judge: Judge, tiny_judge: Path):
    from mutoscope.data.cache import open_folders

    pictures = [p for folder in open_folders(tiny_judge.parent / "data") for p in folder.pixels[:, 0]]
    features = judge.features(pictures)
    moving = features.std(0) > 0
    assert moving.mean() > 0.5 and np.median(np.abs(features.mean(0))) < 0.1
    assert np.median(np.abs(features.std(0)[moving] - 1)) < 0.1  # measured on other pictures of the same world


def test_words_it_does_not_know(judge: Judge):
    known, unknown = judge.embed_texts(["a lake at night"]), judge.embed_texts(["", "xyzzy plugh"])
    assert known.shape == (1, judge.nets.sizes.embedding) and np.linalg.norm(unknown, axis=1) == pytest.approx(1)
    assert judge.nets.ids(["A lake, at NIGHT!"]).tolist() == judge.nets.ids(["a lake at night"]).tolist()


def test_a_judge_is_loaded_by_hash(tiny_judge: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    weights, provenance = (tiny_judge / WEIGHTS).read_bytes(), (tiny_judge / PROVENANCE).read_text()

    def keep(data: bytes, card: str) -> Path:
        (tmp_path / WEIGHTS).write_bytes(data)
        (tmp_path / PROVENANCE).write_text(card)
        return tmp_path

    with pytest.raises(CheckpointError, match=r"judge\.safetensors.*changed"):
        load_judge(keep(weights[:-1] + bytes([weights[-1] ^ 1]), provenance))
    with pytest.raises(CheckpointError, match=r"judge\.json.*changed"):
        load_judge(keep(weights, provenance.replace('"lake"', '"lagoon"')))
    for card in ("{", "[]", "{}"):
        with pytest.raises(CheckpointError, match="no whole judge"):
            load_judge(keep(weights, card))
    with pytest.raises(CheckpointError, match="mutoscope train judge"):
        load_judge(tmp_path / "nothing")
    monkeypatch.setattr(judging, "SHIPPED", keep(weights, provenance))
    with pytest.raises(CheckpointError, match=r"holds no judge.*--judge DIR"):
        load_judge()
    (tmp_path / "PIN").write_text("another\n")
    with pytest.raises(CheckpointError, match="not the one this version was released with"):
        load_judge()
    (tmp_path / "PIN").write_text(json.loads(provenance)["digest"] + "\n")
    assert load_judge().sha256 == json.loads(provenance)["sha256"]


@pytest.mark.skipif(not (judging.SHIPPED / "PIN").is_file(), reason="this copy holds no judge yet")
def test_the_shipped_judge():
    """It is the pinned one, small, of other worlds than the generator's and than those it is asked about, and it can read."""
    judge = load_judge()
    assert (judging.SHIPPED / WEIGHTS).stat().st_size <= 6_000_000
    suite.check_seeds(judge)
    assert 0 not in judge.seeds
    assert judge.provenance()["test"]["all"]["scene"]["share"] > 0.9
    assert set(judge.card["labels"]["scene"]) >= {scene for scene in SCENES if scene != "plain ground"}


def test_a_judge_of_the_worlds_that_are_asked_for_is_refused(judge: Judge):
    card = {**judge.card, "data": [{"name": "x", "items": 1, "seeds": [prompts.SEED]}]}
    with pytest.raises(SettingError, match=str(prompts.SEED)):
        suite.check_seeds(Judge(judge.nets, card))


def test_pictures_without_facts_teach_no_judge(tiny_judge: Path):
    from mutoscope.config import preset
    from mutoscope.data.cache import open_folders

    folder = replace(open_folders(tiny_judge.parent / "data")[0], facts=[{}] * 48)
    with pytest.raises(DataError, match="data render"):
        stage.JudgeObjective(preset("tiny"), [folder], Path("."))


# --------------------------------------------------------------------------------------------------------------- motion


def ramp(*levels: int) -> np.ndarray:
    return np.stack([np.full((4, 6, 3), level, np.uint8) for level in levels])


def test_changes_in_levels():
    assert motion.changes(ramp(0, 10, 255, 0)).tolist() == [10, 245, 255]
    found = motion.compare_clips([ramp(0, 2, 4), ramp(0, 0, 12)], [ramp(0, 4, 8), ramp(9, 5, 9)])
    assert (found["change"], found["rendered"], found["ratio"]) == (4, 4, 1)
    assert (found["jump"], found["rendered_jump"]) == (2, 1)
    assert found["low"] == pytest.approx(0.5) and found["high"] == pytest.approx(1.5)


def test_flicker_is_what_comes_and_goes_again():
    assert motion.flicker(ramp(0, 10, 20, 30)) == 0
    assert motion.flicker(ramp(0, 10, 0, 10)) == 10
    assert motion.flicker(ramp(0, 10)) == 0
    found = motion.compare_clips([ramp(0, 10, 0)], [ramp(0, 5, 0)])
    assert found["flicker"]["value"] == 2 and found["flicker"]["n"] == 1


def test_clips_that_stand_still():
    found = motion.compare_clips([ramp(5, 5, 5)], [ramp(5, 6, 7)])
    assert found["ratio"] == 0 and found["jump"] == 0
    assert motion.compare_clips([ramp(5, 6)], [ramp(5, 5)])["ratio"] > 2


# --------------------------------------------------------------------------------------------------------------- sheets


def test_wrong_pictures_are_framed():
    facts = {"scene": "lake", "light": "dawn", "weather": "fog", "season": "summer", "style": "anime"}
    read = [facts, facts | {"light": "noon"}, facts | {"weather": "rain"}]
    (page,) = sheets.draw_sheets([np.zeros((32, 32, 3), np.uint8)] * 3, [facts] * 3, read)
    frames = [tuple(page[0, left + 20]) for left in (0, 40, 80)]
    assert frames == [sheets.WHITE, sheets.RED, sheets.AMBER]
    assert len(sheets.draw_sheets([page] * 101, [facts] * 101, [facts] * 101)) == 2
    clip = np.zeros((9, 16, 16, 3), np.uint8)
    assert sheets.draw_clip_sheet([clip], [clip], ["lake"]).shape[1] == 10 * (16 + 2 * sheets.FRAME_PIXELS)


# --------------------------------------------------------------------------------------------------------------- report


@cache
def scenes() -> dict[str, SceneSpec]:
    """Return a scene for every prompt that shows what it asks for; the scene itself where there is one."""
    known = {text: spec_of(facts) for text, facts in FREE_PROMPTS}
    held_out = prompts.ask_held_out(SMALL.count)
    plain = [pair.as_argument for pair in prompts.pair_styles(held_out)]
    questions = (*held_out, *plain, *prompts.ask_moving_scenes(2), *prompts.ask_cameras(2))
    return known | {q.prompt: q.spec for q in questions if q.spec}


def spec_of(facts: dict[str, str]) -> SceneSpec:
    first = draw_spec(0, 0, held_out=None, scene=facts["scene"], light=facts["light"], style=facts["style"])
    return replace(first, **facts)


def draw_well(prompt: str, seed: int, style: str | None = None, /) -> np.ndarray:
    assert style in (None, scenes()[prompt].style)
    return next(renders.render_pictures([scenes()[prompt]]))


def draw_photo(prompt: str, seed: int, style: str | None = None, /) -> np.ndarray:
    """Draw the scene in the style that is given beside the prompt, and never in one that the prompt says."""
    return next(renders.render_pictures([replace(scenes()[prompt], style=style or "photo")]))


def move_well(prompt: str, seed: int, frames: int) -> np.ndarray:
    return motion.render_clip(scenes()[prompt], frames, 48, 32)


WELL = ModelUnderTest(
    draw_well, move_well, lambda pictures: pictures ^ 1, name="the world itself", model_hash="0123456789abcdef"
)


def judged(model: ModelUnderTest, out: Path, folder: Path, plan: Plan = SMALL, **settings) -> dict:
    page = drain(suite.run(model, out, plan=plan, judge=folder, **settings))
    assert page == out / "report.md" and not list(out.glob("*.tmp"))
    return json.loads((out / "report.json").read_text())


def test_a_model_that_renders_is_as_good_as_renders(
    tmp_path: Path, tiny_judge: Path, judge: Judge, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(measure_pictures, "ask_free_prompts", lambda known: prompts.ask_free_prompts(known, FEW_FREE))
    out = tmp_path / "a" / "b"
    found = judged(WELL, out, tiny_judge, training=tiny_judge.parent / "data")
    pictures = found["pictures"]
    assert pictures["n"] == len(pictures["answers"]) == SMALL.count and pictures["generated"] == pictures["renders"]
    assert found["judge"]["sha256"] == judge.sha256 and found["model"]["hash"] == WELL.model_hash
    assert found["free"]["n"] == len(FEW_FREE) and found["free"]["development_set"] == "prompts_free.txt"
    styles = found["styles"]
    assert styles["prompt"] == styles["argument"] == styles["renders"] and styles["n"] == len(styles["answers"]) > 5
    assert styles["prompt"]["styles"].keys() == {row["style"] for row in styles["answers"]} and "blind" not in found
    for part in (found["clips"]["all"], *found["clips"]["scenes"].values()):
        assert part["ratio"] == 1 and part["jump"] == part["rendered_jump"] and part["flicker"]["value"] == 1
    assert list(found["clips"]["drift"]) == ["first frame", "2 s"]
    sets = found["fidelity"]
    assert sets["generated"] == sets["renders"] and sets["reference"] == SMALL.reference
    assert sets["softened renders"]["FD-own"]["value"] > sets["renders"]["FD-own"]["value"]
    text = found["text"]
    assert text["generated"] == text["renders"] and text["wrong captions"]["value"] < text["renders"]["value"]
    copies = found["memorisation"]
    assert (
        copies["planted copies"]["value"] > 0.7 and copies["held-out renders"]["value"] <= 0.05
    )  # 16 features of 32 px
    assert found["codec"]["PSNR"]["value"] == pytest.approx(20 * np.log10(255), abs=0.01)
    assert set(found["not_measured"]) == {"speed", "things", "preference", "blind set"}
    assert found["not_measured"]["speed"] == "this model tells no stages apart"
    camera = found["camera"]
    assert camera["n"] == 2 and camera["generated"] == camera["renders"]
    page = (out / "report.md").read_text()
    assert "free wording" not in [row["what"] for row in found["thresholds"]]
    assert (
        "## Development set: 20 free-worded prompts" in page and "## Blind set: free wording\n\nNot measured." in page
    )
    assert "| style (in the prompt) |" in page and "| style (style=) |" in page and "- blind set: " not in page
    assert judge.sha256[:16] in page and WELL.model_hash in page and "| beach | 1 |" in page
    assert "FD-own of the generated pictures is 1.00 times" in page and "- speed: " in page
    drawn = {path.name for path in out.glob("*.png")}
    assert drawn == {"pictures-1.png", "styles-1.png", "free-1.png", "clips-1.png", "page.png"}
    assert [row["what"][:5] for row in found["thresholds"]][:2] == ["scene", "light"]
    assert all(row["met"] for row in found["thresholds"] if row["what"].startswith("change"))


def test_a_style_that_is_read_in_one_way_only_is_found_out(tmp_path: Path, tiny_judge: Path, judge: Judge):
    """The model reads `style=` and no style of a prompt: the two figures of the report are those of its two ways."""
    found = judged(ModelUnderTest(draw_photo), tmp_path, tiny_judge, replace(SMALL, clips=0, free=False))["styles"]
    pairs = prompts.pair_styles(prompts.ask_held_out(SMALL.count))
    specs = [pair.in_prompt.spec for pair in pairs if pair.in_prompt.spec]
    for way, drawn in (("argument", specs), ("prompt", [replace(spec, style="photo") for spec in specs])):
        read = judge.classify(list(renders.render_pictures(drawn)))
        right = sum(facts["style"] == spec.style for facts, spec in zip(read, specs, strict=True))
        assert found[way]["all"]["style"]["right"] == right and found[way]["all"]["style"]["n"] == len(specs)
    assert found["argument"]["all"]["style"]["right"] > found["prompt"]["all"]["style"]["right"]


def test_a_model_that_always_draws_the_same_is_found_out(tmp_path: Path, tiny_judge: Path):
    grey = np.full((64, 96, 3), 128, np.uint8)
    stiff = ModelUnderTest(
        lambda prompt, seed, style=None: grey, lambda prompt, seed, frames: np.stack([grey] * frames)
    )
    found = judged(stiff, tmp_path, tiny_judge, replace(SMALL, clips=1, free=False))
    part = found["pictures"]["generated"]["all"]
    for name in ("scene", "light"):
        assert part[name]["share"] == pytest.approx(found["pictures"]["floor"][name], abs=0.05)
    assert not any(row["met"] for row in found["thresholds"] if not row["what"].startswith("largest"))
    sets = found["fidelity"]
    assert sets["generated"]["FD-own"]["low"] > sets["renders"]["FD-own"]["value"]
    assert sets["generated"]["recall"]["value"] < 0.2
    assert found["text"]["generated"]["value"] == pytest.approx(found["text"]["wrong captions"]["value"], abs=0.5)
    lacking = {"memorisation", "codec", "speed", "preference", "things", "blind set"}
    assert set(found["not_measured"]) == lacking


def test_a_model_of_pictures_alone_that_knows_its_training_by_heart(tmp_path: Path, tiny_judge: Path):
    from mutoscope.data.cache import open_folders

    folder = tiny_judge.parent / "data"
    learned = open_folders(folder)[0].pixels[:, 0]
    parrot = ModelUnderTest(lambda prompt, seed, style=None: learned[seed % len(learned)])
    plan = replace(SMALL, count=8, clips=3, free=False, training=1000)
    found = judged(parrot, tmp_path, tiny_judge, plan, training=folder)
    assert (
        "clips" not in found
        and "free" not in found
        and found["not_measured"]["clips"] == "this model draws pictures only"
    )
    assert found["memorisation"]["generated"]["value"] == 1


def test_a_checkpoint_is_a_model_under_test(tiny_checkpoint: Path):
    model = load_model(tiny_checkpoint)
    assert (model.name, model.model_hash) == ("mutoscope-tiny", open_checkpoint(tiny_checkpoint).hash)
    picture = model.draw_picture("a lake", 7)
    assert picture.shape == (256, 256, 3) and np.array_equal(picture, model.draw_picture("a lake", 7))
    assert model.draw_clip and model.draw_clip("a lake", 7, 5).shape == (5, 128, 128, 3)
    assert load_model(tiny_checkpoint, clips=False).draw_clip is None
    assert model.reconstruct and model.reconstruct(picture[None, :32, :48]).shape == (1, 32, 48, 3)
    assert model.known.fact("scene", "lake")
    assert model.measure_speed
    seconds = model.measure_speed()
    for kind in ("picture", "clip"):
        assert 0 < sum(value for name, value in seconds[kind].items() if name != "whole") <= 3 * seconds[kind]["whole"]
        assert seconds[kind]["velocity"] > 0


def test_softened_pictures_keep_their_colours():
    picture = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    soft = renders.soften(picture)
    assert soft.shape == picture.shape and soft.std() < picture.std() / 2
    assert np.abs(soft.mean((0, 1)) - picture.mean((0, 1))).max() < 2


def test_what_a_run_refuses(tmp_path: Path, tiny_judge: Path, tiny_world: Path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot make"):
        drain(suite.run(WELL, tmp_path / "file" / "out", plan=SMALL, judge=tiny_judge))
    for wrong in ({"count": 1}, {"clips": -1}, {"reference": 0}):
        with pytest.raises(SettingError, match="must be"):
            replace(SMALL, **wrong)
    with pytest.raises(SettingError, match="clips only"):
        drain(suite.run(WELL, tmp_path, plan=SMALL, judge=tiny_judge, training=tiny_world / "clips"))
    assert SUITES["quick"].frames == motion.FRAMES and SUITES["full"].frames == 121


# --------------------------------------------------------------------------------------------------------- command line


def test_the_verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, outputs: Path):
    asked = []

    def start(options: verb.EvaluationOptions) -> Iterator[Event]:
        asked.append(options)
        page = outputs / "report.md"
        page.write_text("# Evaluation\n| a | b |\n")
        yield Event("done", 1, 1, result=page)

    monkeypatch.setattr(verb, "start_evaluation", start)
    assert main(["evaluate", "runs/nano", "--suite", "full", "--count", "3", "--i3d", "x.pt", "--blind", "y.txt"]) == 0
    assert capsys.readouterr().out == f"# Evaluation\n| a | b |\n{outputs / 'report.md'}\n"
    plan = replace(SUITES["full"], count=3, things=3, cameras=32)
    assert asked == [verb.EvaluationOptions("runs/nano", Path("runs/evaluation"), plan, i3d="x.pt", blind="y.txt")]
    assert verb.choose_plan("quick", 3, 0, things=200) == replace(
        SUITES["quick"], count=3, clips=0, things=200, cameras=0
    )
    assert verb.choose_plan("quick", 3, 0) == replace(SUITES["quick"], count=3, clips=0, things=3, cameras=0)
    for words in (["--count", "1"], ["--clips", "-1"], ["--things", "-1"], ["--count", "many"], ["--suite", "quik"],
                  ["--i3d", "nothing.pt"], ["--training", "nowhere"], ["--clip", "nowhere"], ["--sprites", "nowhere"],
                  ["--judge", "x"], ["--blind", "nowhere"]):  # fmt: skip
        monkeypatch.undo()
        assert main(["evaluate", "--count", "2", *words]) == 2, words
        assert capsys.readouterr().err.count("\n") == 1
