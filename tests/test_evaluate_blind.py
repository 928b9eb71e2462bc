"""Sets of prompts: their format, what makes one blind, and that a report keeps the figures of a blind set and nothing else."""

import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from mutoscope.cli import evaluate as verb
from mutoscope.cli import main
from mutoscope.errors import DataError
from mutoscope.evaluate import prompt_sets, suite, things
from mutoscope.evaluate.manifold import NEIGHBOURS
from mutoscope.evaluate.model_under_test import ModelUnderTest
from mutoscope.evaluate.plan import SUITES, Plan
from mutoscope.evaluate.preference import read_votes
from mutoscope.evaluate.prompt_sets import FREE_PROMPTS, development_sets, normalize, read_blind_set, read_prompts
from mutoscope.evaluate.prompts import REFERENCE_SEED, SEED, Known
from mutoscope.evaluate.report import check_thresholds, markdown
from mutoscope.events import drain
from mutoscope.export.figures import metrics_table
from mutoscope.world.shown import attributes
from test_evaluate_compare import REPORT

pytestmark = pytest.mark.usefixtures("one_thread")

PLAN = Plan(count=4, clips=0, reference=8, training=2, free=False, styles=False)
LINES = (
    "# our own",
    "lake\tdawn\tquokkas drinking where the tarn is glass, very early",
    "desert\tnoon\tsandgrouse over hot emptiness",
    "beach\tmoonlight\twet shingle, silver, nobody about\tweather=clear; season=summer",
)


@pytest.fixture
def blind_file(tmp_path: Path) -> Path:
    path = tmp_path / "unseen.txt"
    path.write_text("\n".join(LINES) + "\n", "utf-8")
    return path


# --------------------------------------------------------------------------------------------------------------- format


def test_the_development_sets_are_whole(root: Path):
    """There is one file of each, beside the code that reads it; every fact in them is one of the world's."""
    sets = development_sets()
    assert {name: len(prompts) for name, prompts in sets.items()} == {
        "prompts_free.txt": 300,
        "prompts_second.txt": 200,
    }
    assert sets["prompts_free.txt"] == FREE_PROMPTS
    assert not list((root / "tests").glob("prompts*.txt"))
    counts = Counter((facts["scene"], facts["light"]) for _, facts in FREE_PROMPTS)
    assert len({scene for scene, _ in counts}) >= 20 and len({light for _, light in counts}) == 8
    for prompts in sets.values():
        assert len({normalize(prompt) for prompt, _ in prompts}) == len(prompts)
        assert all(word in attributes()[name] for _, facts in prompts for name, word in facts.items())


def test_lines_are_read(blind_file: Path):
    found = read_prompts(blind_file)
    assert [prompt for prompt, _ in found] == [line.split("\t")[2] for line in LINES[1:]]
    assert found[0][1] == {"scene": "lake", "light": "dawn", "style": "photo"}
    assert found[2][1] == {
        "scene": "beach",
        "light": "moonlight",
        "style": "photo",
        "weather": "clear",
        "season": "summer",
    }


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf"])
def test_files_of_other_editors_are_read(tmp_path: Path, ending: str, head: bytes):
    """A byte order mark and the line ends of Windows are no part of a prompt; a line separator inside of one is."""
    lines = ["lake\tdawn\ta\u2028tarn", "", "desert\tnoon\tsand  "]
    (tmp_path / "set.txt").write_bytes(head + ending.join(lines).encode())
    assert [prompt for prompt, _ in read_prompts(tmp_path / "set.txt")] == ["a\u2028tarn", "sand  "]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("lake\tnoon", "expected scene, light, prompt"),
        ("lake\t\tx", "expected scene, light, prompt"),
        ("lake\tnoon\tx\tfog", "expected scene, light, prompt"),
        ("lake\tnoon\tx\tweather=", "expected scene, light, prompt"),
        ("lake\tnoon\tx\tweather=fog\tseason=summer", "expected scene, light, prompt"),
        ("lake\tnooon\tx", "unknown light 'nooon' (did you mean 'noon'?)"),
        ("laek\tnoon\tx", "unknown scene 'laek' (did you mean 'lake'?)"),
        ("lake\tnoon\tx\twether=fog", "unknown fact 'wether' (did you mean 'weather'?)"),
        ("lake\tnoon\tx\tstyle=rococo", "unknown style 'rococo'"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, said: str):
    (tmp_path / "set.txt").write_text(f"# head\n{line}\n")
    with pytest.raises(DataError) as error:
        read_prompts(tmp_path / "set.txt")
    assert str(error.value).startswith(f"{tmp_path / 'set.txt'}, line 2: ") and said in str(error.value)


def test_files_that_hold_no_text_are_named(tmp_path: Path):
    (tmp_path / "latin.txt").write_bytes("lake\tnoon\tcaf\xe9".encode("latin-1"))
    with pytest.raises(DataError, match=r"latin\.txt is not UTF-8 text \(byte 13\)"):
        read_prompts(tmp_path / "latin.txt")
    for path in (tmp_path / "nothing.txt", tmp_path):
        with pytest.raises(DataError, match="cannot read the prompts"):
            read_blind_set(path)
    (tmp_path / "empty.txt").write_text("# lake\n\n")
    with pytest.raises(DataError, match=r"empty\.txt holds no prompts"):
        read_blind_set(tmp_path / "empty.txt")


# ---------------------------------------------------------------------------------------------------------------- blind


def test_a_blind_set_is_named_by_hash_and_date(blind_file: Path):
    before = datetime.now(UTC).date().isoformat()
    found = read_blind_set(blind_file)
    assert found.sha256 == hashlib.sha256(blind_file.read_bytes()).hexdigest()
    assert before <= found.date <= datetime.now(UTC).date().isoformat()
    assert found.prompts == read_prompts(blind_file)


@pytest.mark.parametrize("name", prompt_sets.DEVELOPMENT_FILES)
def test_prompts_of_the_development_sets_are_not_blind(blind_file: Path, name: str):
    """However they are spelled; the message says how many, of which set, and names them."""
    known = [prompt for prompt, _ in development_sets()[name]]
    with blind_file.open("a", encoding="utf-8") as file:
        file.write(f"lake\tnoon\t{known[0].upper()}!\nlake\tnoon\t  {known[5].replace(' ', '   ')}\n")
    with pytest.raises(DataError) as error:
        read_blind_set(blind_file)
    assert f"2 of 5 prompts stand in the development set {name}" in str(error.value)
    assert known[0].upper()[:40] in str(error.value) and "take them out" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_whole_development_set_is_refused_in_one_short_line(tmp_path: Path):
    copy = tmp_path / "renamed.txt"
    copy.write_bytes((prompt_sets.FOLDER / "prompts_free.txt").read_bytes())
    with pytest.raises(DataError, match="300 of 300 prompts stand in the development set") as error:
        read_blind_set(copy)
    assert "and 297 more" in str(error.value) and len(str(error.value)) < 500


def test_a_prompt_that_stands_twice_is_refused(blind_file: Path):
    with blind_file.open("a", encoding="utf-8") as file:
        file.write("desert\tnoon\tSandgrouse, over hot emptiness\n")
    with pytest.raises(DataError, match="'sandgrouse over hot emptiness' more than once"):
        read_blind_set(blind_file)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A lake, at dawn!", "a lake at   dawn", True),
        ("caf\u00e9", "cafe\u0301", True),
        ("STRASSE", "straße", True),
        ("a lake", "a lakes", False),
        ("", "!", False),
        ("\U0001f304", "\U0001f305", False),
    ],
)
def test_prompts_with_the_same_words_are_the_same(one: str, other: str, same: bool):
    assert (normalize(one) == normalize(other)) == same


# ------------------------------------------------------------------------------------------------------- report and card


def draw_grey(prompt: str, seed: int, style: str | None = None, /) -> np.ndarray:
    return np.full((32, 32, 3), 100 + seed % 50, np.uint8)


def evaluate(blind: Path | None, out: Path, judge: Path, known: Known | None = None) -> dict:
    model = ModelUnderTest(draw_grey, name="grey", model_hash="feed")
    model = model if known is None else replace(model, known=known)
    drain(suite.run(model, out, plan=PLAN, judge=judge, blind=blind))
    return json.loads((out / "report.json").read_text())


def test_a_report_keeps_figures_and_no_prompt(blind_file: Path, tmp_path: Path, tiny_judge: Path):
    out = tmp_path / "out"
    found = evaluate(blind_file, out, tiny_judge)
    part = found["blind"]
    assert part["sha256"] == hashlib.sha256(blind_file.read_bytes()).hexdigest()[:16] and part["date"]
    assert part["n"] == part["prompts"] == 3 and part["generated"]["scene and light"]["n"] == 3
    assert part["generated"]["weather"]["n"] == 1 and "blind set" not in found["not_measured"]
    page = (out / "report.md").read_text()
    assert f"SHA-256 `{part['sha256']}`, measured on {part['date']}" in page and "## Blind set: 3 free-worded" in page
    for file in out.iterdir():
        assert not any(prompt.encode() in file.read_bytes() for prompt, _ in read_prompts(blind_file)), file
    assert {path.name for path in out.glob("*.png")} == {"pictures-1.png", "page.png"}  # no sheet of a blind set


def test_prompts_of_unknown_scenes_are_left_out_and_counted(blind_file: Path, tmp_path: Path, tiny_judge: Path):
    from mutoscope.vocabulary import SCENES

    known = Known(facts={"scene": tuple(scene for scene in SCENES if scene not in ("desert", "plain ground"))})
    found = evaluate(blind_file, tmp_path / "out", tiny_judge, known)
    assert found["blind"]["n"] == 2 and found["blind"]["prompts"] == 3
    assert (
        "1 more are about scenes or styles that this model does not know"
        in (tmp_path / "out" / "report.md").read_text()
    )
    blind_file.write_text("desert\tnoon\tsand\n")
    with pytest.raises(DataError, match="none of the 1 prompts of the blind set"):
        evaluate(blind_file, tmp_path / "other", tiny_judge, known)
    assert not (tmp_path / "other").exists()  # refused before any work


PART = {
    "sha256": "0123456789abcdef", "date": "2026-11-28", "prompts": 120, "n": 118,
    "generated": {"scene and light": {"n": 118, "right": 90, "share": 90 / 118, "low": 0.678, "high": 0.831}},
    "floor": {"scene and light": 0.004},
}  # fmt: skip


def test_the_card_says_not_measured_until_a_blind_set_was_measured():
    name = "scene and light as asked, free wording (blind set)"
    assert f"| {name} | not measured | - | - |" in metrics_table(None)
    free = {
        "development_set": "prompts_free.txt",
        **{key: PART[key] for key in ("n", "generated", "floor")},
        "answers": [],
    }
    table = metrics_table({**REPORT, "free": free})
    assert f"| {name} | not measured | - | - |" in table and "76.3 %" not in table
    page = markdown({**REPORT, "free": free})
    assert "Not measured. `mutoscope evaluate --blind FILE`" in page and "`prompts_free.txt`" in page
    assert "no measure of" in page and "free wording |" not in page
    table = metrics_table({**REPORT, "free": free, "blind": PART})
    control = "0.4 % with wrong captions; 118 prompts, SHA-256 `0123456789abcdef`, 2026-11-28"
    assert f"| {name} | 76.3 % (67.8 to 83.1) | - | {control} |" in table
    assert "2 more are about scenes" in markdown({**REPORT, "blind": PART})


def test_no_threshold_is_judged_on_a_development_set():
    free = {"n": 9, "generated": {"scene and light": {"n": 9, "right": 9, "share": 1.0, "low": 0.7, "high": 1.0}}, "floor": {},
            "answers": []}  # fmt: skip
    assert check_thresholds({**REPORT, "free": free, "blind": PART}) == check_thresholds(REPORT)


def test_the_verb_measures_and_keeps_a_blind_set(
    blind_file: Path, tiny_judge: Path, copied_checkpoint: Path, outputs: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):  # fmt: skip
    """The whole way to the card; a file that is not blind ends with one line and status 2."""
    monkeypatch.setattr(verb, "choose_plan", lambda *_: PLAN)
    words = ["evaluate", str(copied_checkpoint), "--judge", str(tiny_judge), "-q", "--out", "found"]
    assert main([*words, "--blind", str(blind_file), "--keep"]) == 0
    kept = (copied_checkpoint / "report.json").read_text()
    assert json.loads(kept)["blind"]["n"] == 3
    assert not any(prompt in kept for prompt, _ in read_prompts(blind_file))
    assert main(["card", str(copied_checkpoint), "--out", "card.md"]) == 0
    assert json.loads(kept)["blind"]["sha256"] in (outputs / "card.md").read_text()
    capsys.readouterr()
    for wrong in (prompt_sets.FOLDER / "prompts_second.txt", outputs / "nothing.txt"):
        assert main([*words, "--blind", str(wrong)]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and wrong.name in error


# ------------------------------------------------------------------------------------------------------------- the page


def example(root: Path, language: str) -> str:
    """Return the example of docs/evaluation.md that is fenced with a language."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", (root / "docs" / "evaluation.md").read_text(), re.S | re.M)
    return text


def test_the_example_of_a_blind_set_is_one(root: Path, tmp_path: Path):
    (tmp_path / "example.txt").write_text(example(root, "text"))
    found = read_blind_set(tmp_path / "example.txt")
    assert [facts["scene"] for _, facts in found.prompts] == ["lake", "beach"]
    assert found.prompts[1][1]["season"] == "summer"


def test_the_example_of_a_vote_is_one(root: Path, tmp_path: Path):
    (tmp_path / "votes.jsonl").write_text(example(root, "json"))
    assert read_votes(tmp_path / "votes.jsonl") == [("a6eaaacf853bb29f", "8cb13d2ec669d059", 1.0)]


def test_the_page_has_the_numbers_of_the_code(root: Path):
    page = (root / "docs" / "evaluation.md").read_text()
    for name, plan in SUITES.items():
        cells = (name, plan.count, plan.things, plan.clips, f"{plan.seconds:g}", plan.cameras, plan.reference)
        assert f"| {' | '.join(map(str, cells))} |" in page
    assert f"worlds {SEED} (questions), {REFERENCE_SEED} (reference) and {things.SEED} (things)" in page
    for name, prompts in development_sets().items():
        assert f"`evaluate/{name}` ({len(prompts)})" in page
    assert f"first {prompt_sets.HASH_LENGTH} digits" in page and f"{NEIGHBOURS} neighbours" in page
