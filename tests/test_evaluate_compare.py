"""Two models against each other, and the tables that are written from records: model card, README, marks."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mutoscope.checkpoint import Checkpoint, open_checkpoint
from mutoscope.cli import evaluate as verb
from mutoscope.cli import main
from mutoscope.errors import CheckpointError, OutputError
from mutoscope.evaluate import compare, motion, prompts, renders
from mutoscope.evaluate.compare import bootstrap_pair, bootstrap_pair_means, is_sure
from mutoscope.evaluate.model_under_test import ModelUnderTest, load_model, read_known
from mutoscope.evaluate.plan import SUITES, Plan
from mutoscope.events import Event, drain
from mutoscope.export.card import build_card, model_card, read_report
from mutoscope.export.figures import metrics_table, training_table
from mutoscope.export.pages import replace_block

PLAN = Plan(count=12, clips=1, reference=20, training=10)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def compared(tiny_judge: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison of a model that renders with one that draws grey."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    questions = [*prompts.ask_held_out(PLAN.count), *prompts.ask_moving_scenes(PLAN.clips)]
    specs = {q.prompt: q.spec for q in questions if q.spec}
    grey = np.full((64, 64, 3), 128, np.uint8)
    well = ModelUnderTest(
        lambda prompt, seed, style=None: next(renders.render_pictures([specs[prompt]], 64, 64)),
        lambda prompt, seed, frames: motion.render_clip(specs[prompt], frames, 32, 32), name="renders", model_hash="aaaa",
    )  # fmt: skip
    stiff = ModelUnderTest(
        lambda prompt, seed, style=None: grey,
        lambda prompt, seed, frames: np.stack([grey[:32, :32]] * frames),
        name="grey",
        model_hash="bbbb",
    )
    out = tmp_path_factory.mktemp("compared")
    page = drain(compare.run(well, stiff, out / "found", plan=PLAN, judge=tiny_judge))
    drain(compare.run(well, well, out / "same", plan=replace(PLAN, clips=0), judge=tiny_judge))
    torch.set_num_threads(threads)
    assert page == out / "found" / "compare.md"
    return out


def test_a_worse_model_is_surely_worse(compared: Path):
    found = json.loads((compared / "found" / "compare.json").read_text())
    rows = found["rows"]
    assert [found["models"][name]["hash"] for name in "AB"] == ["aaaa", "bbbb"]
    assert rows["FD-own"]["difference"]["low"] > 0 and rows["recall"]["difference"]["high"] < 0
    for name, row in rows.items():
        move = row["B"]["value"] - row["A"]["value"]
        assert row["difference"]["value"] == pytest.approx(move, abs=1e-9), name
        assert row["difference"]["low"] <= row["difference"]["value"] <= row["difference"]["high"]
    assert rows["clips: change over the renders'"]["A"]["value"] == pytest.approx(1)
    assert rows["clips: change over the renders'"]["B"]["value"] == 0
    assert rows["scene as asked"]["n"] == 12 == len(found["answers"])
    page = (compared / "found" / "compare.md").read_text()
    assert "A is renders `aaaa`, B is grey `bbbb`" in page and "| FD-own | 12 |" in page
    assert {path.name for path in (compared / "found").glob("*.png")} == {"compare.png", "pictures-1.png"}


def test_a_model_does_not_differ_from_itself(compared: Path):
    rows = json.loads((compared / "same" / "compare.json").read_text())["rows"]
    assert not any(name.startswith("clips") for name in rows)
    for row in rows.values():
        assert row["difference"] == {"value": 0, "low": 0, "high": 0, "n": row["difference"]["n"]}
        assert not is_sure(row["difference"])


def test_the_renderer_is_compared_as_any_model(tiny_checkpoint: Path, tiny_judge: Path, tmp_path: Path):
    """`world` draws what it reads, a checkpoint of random weights nothing that can be read: the renders it is held to are its own."""
    ceiling, random = load_model("world"), load_model(tiny_checkpoint, clips=False)
    drain(compare.run(random, ceiling, tmp_path, plan=replace(PLAN, count=6, clips=0, reference=12), judge=tiny_judge))
    found = json.loads((tmp_path / "compare.json").read_text())
    assert found["models"]["B"] == {"name": "world", "hash": ceiling.model_hash} and len(ceiling.model_hash) == 16
    assert found["rows"]["FD-own"]["difference"]["high"] < 0  # nearer to renders of other scenes
    assert found["rows"]["TextSim-own"]["difference"]["value"] > 0


def test_the_renderer_reads_a_style_in_the_prompt_and_beside_it_alike():
    ceiling = load_model("world")
    beside = ceiling.draw_picture("a lake at sunset", 3, "watercolor")
    assert np.array_equal(ceiling.draw_picture("a lake at sunset, watercolor", 3), beside)
    assert not np.array_equal(ceiling.draw_picture("a lake at sunset", 3), beside)
    assert ceiling.reconstruct is None and ceiling.measure_speed is None and ceiling.known.says("anything at all")
    assert ceiling.draw_clip and ceiling.draw_clip("a lake at sunset", 3, 5).shape == (5, 128, 128, 3)


def test_numbers_are_kept_beside_weights_only(capsys: pytest.CaptureFixture):
    from mutoscope.checkpoint import EMBEDDED

    assert verb.find_checkpoint_folder(None) == verb.find_checkpoint_folder("embedded") == EMBEDDED
    assert verb.find_checkpoint_folder("runs/a") == Path("runs/a")
    assert main(["evaluate", "world", "--keep"]) == 2
    assert "--keep puts numbers beside weights, and 'world' has none" in capsys.readouterr().err


def test_the_bootstrap_of_a_difference_is_paired():
    hard = 10 * np.random.default_rng(0).standard_normal(50)
    row = bootstrap_pair(lambda rows, side: float(hard[rows].mean() + side), 50)
    assert row["difference"]["low"] == pytest.approx(1) == row["difference"]["high"]
    assert row["A"]["high"] - row["A"]["low"] > 2 and is_sure(row["difference"])
    same = bootstrap_pair_means(hard, hard + 1)
    assert same["difference"]["low"] == pytest.approx(1) and same["n"] == 50


def test_the_verb_compare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, outputs: Path):
    asked = {}

    def start(first: str, second: str, out: Path, plan: Plan, judge: str | None) -> Iterator[Event]:
        asked.update(names=(first, second), out=out, plan=plan, judge=judge)
        (outputs / "compare.md").write_text("# Comparison\n")
        yield Event("done", 1, 1, result=outputs / "compare.md")

    monkeypatch.setattr(verb, "start_comparison", start)
    assert main(["compare", "embedded", "runs/b", "--count", "9"]) == 0
    assert capsys.readouterr().out == f"# Comparison\n{outputs / 'compare.md'}\n"
    plan = replace(SUITES["quick"], count=9, things=9, cameras=8)
    assert asked == {"names": ("embedded", "runs/b"), "out": Path("runs/comparison"), "plan": plan, "judge": None}
    for words in (["one"], ["a", "b", "--suite", "small"], ["a", "b", "--count", "0"]):
        assert main(["compare", *words]) == 2
        assert capsys.readouterr().err.count("\n") == 1


# ---------------------------------------------------------------------------------------------------------------- tables

REPORT = {
    "model": {"name": "mutoscope-tiny", "hash": ""},
    "judge": {"sha256": "c0ffee" * 10, "parameters": {"scene": 5}, "data": [{"items": 7}], "test": {"all": {}, "styles": {}}},
    "pictures": {
        "n": 200, "combinations": 3, "floor": {"scene": 0.05}, "mixups": {},
        "generated": {"all": {"scene": {"n": 200, "share": 0.9, "low": 0.85, "high": 0.93}}, "styles": {}},
        "renders": {"all": {"scene": {"n": 200, "share": 0.98, "low": 0.95, "high": 0.99}}, "styles": {}},
        "soft_renders": {"all": {"scene": {"n": 200, "share": 0.9, "low": 0.85, "high": 0.93}}, "styles": {}},
    },
    "fidelity": {
        "n": 200, "reference": 600, "world_seed": 9101,
        **{name: {"FD-own": {"value": value, "low": value - 1, "high": value + 1, "n": 200}}
           for name, value in (("generated", 21.5), ("renders", 11.25), ("softened renders", 30.0))},
    },
    "text": {"generated": {"value": 61.7, "low": 60.0, "high": 63.0, "n": 200}},
    "not_measured": {"memorisation": "give the pictures"},
}  # fmt: skip


def with_report(checkpoint: Path, **changes) -> Checkpoint:
    opened = open_checkpoint(checkpoint)
    report = {**REPORT, "model": {"name": opened.name, "hash": opened.hash}, **changes}
    (checkpoint / "report.json").write_text(json.dumps(report))
    return opened


def test_the_metrics_table_says_what_was_not_measured():
    table = metrics_table(None)
    assert table.count("not measured") == 35 and "| user preference, blind votes | no votes yet | - | - |" in table
    table = metrics_table(REPORT)
    assert (
        "| scene as asked, held-out prompts | 90.0 % (85.0 to 93.0) | 98.0 % (95.0 to 99.0) | 5.0 % with wrong captions |"
        in table
    )
    assert "| FID (own): FD-own | 21.5 (20.5 to 22.5) | 11.2 (10.2 to 12.2) | 30 (29 to 31) softened |" in table
    assert "| CLIP score (own): TextSim-own | 61.7 (60 to 63) | not measured |" in table
    assert (
        "| copies of training pictures | not measured |" in table
        and "| FID, on the public network | not measured" in table
    )
    assert "200 held-out prompts, 600 other renders as reference, judge `c0ffeec0ffeec0ff`" in table


def test_the_training_table_says_what_was_not_recorded():
    old = {
        "samples": 3000,
        "seconds": 5400.0,
        "hardware": ["a processor, PyTorch 2.13.0+cpu"],
        "data": [{"items": 800}, {"items": 200}],
        "measures": {},
    }
    new = {**old, "settings": [{"batch": 64, "rate": 1e-3}, {"batch": 32, "rate": 1e-3}], "devices": ["cuda"]}
    lines = training_table({"stages": {"codec": old, "image": new}}).splitlines()
    assert lines[2] == "| codec | 3,000 | 3.0 | not recorded | not recorded | 1.50 | 0 |"
    assert lines[3] == "| image | 3,000 | 3.0 | 64 and 32 | 0.001 | 0 | 1.50 |"
    lost = training_table({"stages": {"codec": {**old, "hardware": []}}}).splitlines()[2]
    assert lost.count("not recorded") == 4
    assert "random" in training_table({})


def test_a_report_of_other_weights_is_refused(copied_checkpoint: Path):
    assert read_report(open_checkpoint(copied_checkpoint)) is None
    opened = with_report(copied_checkpoint)
    report = read_report(opened)
    assert report and report["fidelity"]["reference"] == 600
    with_report(copied_checkpoint, model={"name": "x", "hash": "another"})
    with pytest.raises(CheckpointError, match="is of the model another"):
        read_report(opened)
    (copied_checkpoint / "report.json").write_text("[]")
    with pytest.raises(CheckpointError, match="damaged"):
        read_report(opened)


def test_the_verb_card_writes_both_pages(copied_checkpoint: Path, outputs: Path, capsys: pytest.CaptureFixture):
    opened = open_checkpoint(copied_checkpoint)
    readme = outputs / "README.md"
    readme.write_text(
        "# x\n<!-- training -->\nold\n<!-- /training -->\nkept\n<!-- metrics -->\n<!-- /metrics -->\nend\n"
    )
    assert main(["card", str(copied_checkpoint), "--out", "card.md", "--readme", "README.md"]) == 0
    assert capsys.readouterr().out == "README.md\ncard.md\n"
    page = readme.read_text()
    assert "old" not in page and page.startswith("# x\n") and page.endswith("end\n") and "kept" in page
    assert metrics_table(None) in page and training_table(opened.card) in page
    assert (outputs / "card.md").read_text() == model_card(opened)
    assert main(["card", str(copied_checkpoint), "--readme", "README.md"]) == 0  # a second time changes nothing
    assert readme.read_text() == page
    for words in (["--readme", "nothing.md"], ["--out", "card.txt"], ["--out", "nowhere/card.md"]):
        assert main(["card", str(copied_checkpoint), *words]) == 2
    readme.write_text("no marks\n")
    capsys.readouterr()
    assert main(["card", str(copied_checkpoint), "--readme", "README.md"]) == 2
    assert "<!-- training -->" in capsys.readouterr().err


def test_a_kept_report_becomes_the_card(
    tiny_judge: Path, copied_checkpoint: Path, outputs: Path, monkeypatch: pytest.MonkeyPatch
):
    """The whole way: evaluate a checkpoint of random weights, keep the numbers, write the card from them."""
    monkeypatch.setattr(verb, "choose_plan", lambda *_: Plan(count=3, clips=0, reference=8, training=2, free=False))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    words = [
        "evaluate",
        str(copied_checkpoint),
        "--count",
        "3",
        "--clips",
        "0",
        "--judge",
        str(tiny_judge),
        "--keep",
        "-q",
    ]
    assert main([*words, "--out", "found"]) == 0
    torch.set_num_threads(threads)
    kept = json.loads((copied_checkpoint / "report.json").read_text())
    assert "answers" not in kept["pictures"] and kept["model"]["hash"] == open_checkpoint(copied_checkpoint).hash
    assert kept["codec"]["PSNR"]["n"] == 3 and kept["speed"]["picture"]["whole"] > 0
    assert main(["card", str(copied_checkpoint), "--out", "card.md"]) == 0
    card = (outputs / "card.md").read_text()
    page = (outputs / "found" / "report.md").read_text()
    assert page.startswith("# Evaluation\n\n") and page.removeprefix("# Evaluation").strip() in card


def test_marks():
    page = "a\n<!-- x -->\nold\n\\1 lines\n<!-- /x -->\nb\n"
    assert replace_block(page, "x", "new \\1\n") == "a\n<!-- x -->\nnew \\1\n<!-- /x -->\nb\n"
    assert replace_block(replace_block(page, "x", "new"), "x", "new") == replace_block(page, "x", "new")
    with pytest.raises(OutputError, match="<!-- y -->"):
        replace_block(page, "y", "new")


def test_a_run_writes_down_what_the_tables_need(tiny_judge: Path, tmp_path: Path):
    """A stage leaves settings, device and facts; the card of its run knows them, and the evaluation asks by them."""
    from mutoscope import train
    from mutoscope.config import preset

    drain(train.run("codec", preset_name="tiny", data=tiny_judge.parent / "data", out=tmp_path,
                    overrides={"samples": 8, "batch": 4}))  # fmt: skip
    card = build_card(tmp_path, preset("tiny"), "mine")
    stage = card["stages"]["codec"]
    assert stage["settings"] == [{"batch": 4, "rate": 1e-3, "budget": 0.0, "samples": 8}] and stage["devices"][0] in (
        "cpu",
        "cuda",
    )
    assert [folder["seeds"] for folder in stage["data"]] == [[9002], [9001]]
    assert card["known_facts"] == {}  # the codec is no transformer: what it saw is nothing that can be asked for
    (tmp_path / "codec").rename(tmp_path / "image")
    facts = build_card(tmp_path, preset("tiny"), "mine")["known_facts"]
    assert {"lake", "volcano"} <= set(facts["scene"]) and "plain ground" not in facts["scene"]

    class Fake:
        known_words, card, learned_world = frozenset({"lake"}), {"known_facts": facts}, True

    known = read_known(Fake())  # type: ignore[arg-type]  # has what is asked of a checkpoint
    assert known.fact("scene", "volcano") and not known.fact("scene", "plain ground") and not known.says("volcano")
