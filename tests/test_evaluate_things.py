"""Things asked for by kind, number and side, cameras by their way, and the votes of people: questions, readings, pages."""

import io
import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mutoscope.cli import main
from mutoscope.errors import DataError, MissingExtraError, SettingError
from mutoscope.evaluate import measure_pictures, motion, prompts, tally, things, vote_page
from mutoscope.evaluate.evaluation import Evaluation
from mutoscope.evaluate.judge import count_shares, load_judge
from mutoscope.evaluate.model_under_test import ModelUnderTest
from mutoscope.evaluate.plan import Plan
from mutoscope.evaluate.preference import find_preference, read_votes
from mutoscope.evaluate.prompts import Known
from mutoscope.evaluate.report import check_thresholds, markdown
from mutoscope.events import drain
from mutoscope.export.figures import metrics_table
from mutoscope.vocabulary import CAMERAS, belongs, nouns
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.shown import attributes, shown
from mutoscope.world.spec import Thing
from mutoscope.world.sprites import SpriteLibrary
from test_evaluate_compare import REPORT

pytestmark = pytest.mark.usefixtures("one_thread")


# --------------------------------------------------------------------------------------------------------------- things


@pytest.fixture(scope="module")
def questions() -> list[prompts.Question]:
    return things.ask_things(60)


def test_captions_say_what_is_asked(questions: list[prompts.Question]):
    assert questions == things.ask_things(70)[:60]
    for q in questions:
        wanted = things.KIND_FACTS if things.asks_for_kind(q.seed) else things.COUNT_FACTS
        assert q.spec and q.asked == {name: word for name, word in shown(q.spec).items() if name in wanted}
        (thing,) = q.spec.things
        assert belongs(thing.noun, q.spec.scene, thing.place) and nouns()[thing.noun].countable
        if things.asks_for_kind(q.seed):
            assert q.asked["object"] == nouns()[thing.noun].kind and thing.count == 1
            assert q.asked.get("thing", thing.noun) == thing.noun
        else:
            assert q.asked["count"] == str(thing.count)
        assert ("side" in q.asked) == bool(thing.side) and not (thing.side and thing.count > 3)
        assert things._pattern(thing).search(q.prompt.lower())
        for side in {"left", "right"} - {thing.side}:
            assert not re.search(rf"(on|to|at|in) the {side}\b", q.prompt.lower())
    counts = Counter(q.asked["count"] for q in questions if "count" in q.asked)
    assert set(counts) == set(attributes()["count"]) and max(counts.values()) < 0.4 * counts.total()
    assert 0.35 * len(questions) < counts.total() < 0.65 * len(questions)
    assert 0.15 < sum(q.spec.scene == "plain ground" for q in questions if q.spec) / len(questions) < 0.5


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("two foxes on the left in a meadow", True), ("a meadow with a pair of foxes on the left", True),
        ("two foxes in a meadow", False), ("a fox on the left", False), ("two foxes on the right", False),
        ("twenty-two foxes on the left", False), ("two boxes on the left", False),
    ],
)  # fmt: skip
def test_what_a_caption_says_of_a_thing(text: str, fits: bool):
    assert bool(things._pattern(Thing("fox", "", "ground", 2, "left")).search(text)) == fits


def test_a_model_is_asked_for_things_it_could_know():
    """By the facts of its training; where there are none, by words, and only if its captions said sides."""
    few = things.ask_things(10, Known(facts={"thing": ("fox", "apple")}))
    assert {q.spec.things[0].noun for q in few if q.spec} == {"fox", "apple"}
    assert things.ask_things(3, Known(frozenset("a fox two foxes lake meadow at noon".split()))) == []
    assert things.ask_things(3, Known(facts={"thing": ()})) == []
    assert {q.asked["object"] for q in things.ask_things(9, kinds={"vehicle"}) if "object" in q.asked} == {"vehicle"}


def test_shuffled_captions_are_near_chance(questions: list[prompts.Question]):
    asked = [q.asked for q in questions]
    floor = tally.floor(asked, asked)  # of a reader that is always right
    assert set(floor) == set(things.THING_FACTS)
    assert floor["object"] < 0.35 and floor["thing"] < 0.1 and floor["count"] < 0.3 and floor["side"] < 0.5


class Fakes(SpriteLibrary):
    """A red disc off the middle for every noun that is asked for."""

    def __init__(self, names: set[str]):
        from mutoscope.world.sprites import Picture, Sprite

        rows = [Sprite(f"set/{name}", name, "", "flat", "flat", "me", "CC0-1.0") for name in sorted(names)]
        super().__init__(rows, {}, Counter())
        y, x = np.mgrid[:32, :32]
        disc = np.float32((y - 12) ** 2 + (x - 20) ** 2 < 100)
        self._one = Picture(np.stack([disc, 0 * disc, 0 * disc, disc], -1), "", False, False)

    def _decode(self, sprite: str):
        return self._one


def test_scenes_are_furnished_from_a_library(questions: list[prompts.Question]):
    from mutoscope.evaluate.renders import render_pictures

    names = {q.spec.things[0].noun for q in questions[:6] if q.spec}
    specs = things.add_sprites(questions[:6], Fakes(names))
    assert all(specs)
    for q, spec in zip(questions, specs, strict=False):
        assert (
            spec and q.spec and shown(spec) == shown(q.spec) and spec.things[0].sprite == f"set/{spec.things[0].noun}"
        )
    bare = [replace(spec, things=()) for spec in specs if spec]
    with_things = render_pictures([s for s in specs if s], 48, 48, Fakes(names))
    assert all((a != b).any() for a, b in zip(with_things, render_pictures(bare, 48, 48), strict=True))
    assert things.add_sprites(questions[:2], SpriteLibrary.empty()) == [None, None]


class Oracle:
    """A reader of things that reads what the pictures' first pixel says: which question they were drawn for, and what to get wrong."""

    def __init__(self, questions: list[prompts.Question]):
        self.questions = questions
        self.card = {"labels": {name: dict.fromkeys(words, 1) for name, words in attributes().items()}}

    def classify(self, pictures: Sequence[np.ndarray]) -> list[dict[str, str]]:
        wrong = {"object": "none", "thing": "none", "count": "0", "side": "nowhere"}
        return [{**wrong, **(self.questions[p[0, 0, 0]].asked if p[0, 0, 1] else {})} for p in pictures]

    def provenance(self) -> dict[str, Any]:
        return {"test": count_shares({name: [1, 2] for name in things.THING_FACTS})}


def test_a_run_asks_for_things(questions: list[prompts.Question], tiny_judge: Path, monkeypatch: pytest.MonkeyPatch):
    """A model that draws every second thing right is half right; without sprites the report says what is lacking."""
    judge = load_judge(tiny_judge)
    place = {q.prompt: number for number, q in enumerate(questions)}
    singles = [q.prompt for q in questions[:20] if "object" in q.asked]

    def draw(prompt: str, seed: int, style: str | None = None, /) -> np.ndarray:
        right = prompt in singles[: len(singles) // 2]
        return np.full((8, 8, 3), (place[prompt], right, 0), np.uint8)

    monkeypatch.setattr(measure_pictures, "load_thing_reader", lambda: Oracle(questions))
    found = Evaluation(ModelUnderTest(draw), judge, Plan(2, 0, 2, 2, things=20))
    list(measure_pictures.measure_things(found))
    part = found.numbers["things"]
    assert part["n"] == 20 == len(part["answers"]) and part["generated"]["object"]["share"] == len(singles) // 2 / len(
        singles
    )
    assert (
        set(part["generated"]) == set(things.THING_FACTS)
        and "--sprites" in found.missing["things, renders of the same scenes"]
    )
    assert [(row["what"], row["met"]) for row in check_thresholds({**REPORT, "things": part, "pictures": {"generated": {"all": {
        name: {"share": 1} for name in ("scene", "light")}}}})][2:] == [
        ("object, things", False), ("count, things", False), ("side, things", False)]  # fmt: skip
    table = metrics_table({**REPORT, "things": part})
    assert (
        f"| object as asked, things | {100 * (len(singles) // 2) / len(singles):.1f} % (" in table
        and "camera as asked, clips | not measured" in table
    )

    def missing():
        raise MissingExtraError("a network", "metrics")

    monkeypatch.setattr(measure_pictures, "load_thing_reader", missing)
    found = Evaluation(ModelUnderTest(draw), judge, Plan(2, 0, 2, 2, things=20))
    assert not list(measure_pictures.measure_things(found)) and "mutoscope[metrics]" in found.missing["things"]


# -------------------------------------------------------------------------------------------------------------- cameras


def noise(height: int = 96, width: int = 128) -> np.ndarray:
    """A smooth picture of blobs, wider than a frame."""
    random = np.random.default_rng(0).standard_normal((height, width))
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)
    smooth = np.fft.ifft2(np.fft.fft2(random) * np.exp(-300 * (rows**2 + columns**2))).real
    return (127 + 100 * smooth / np.abs(smooth).max()).astype(np.uint8)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (5, 0), (-7, 3), (2, -9)])
def test_shifts_are_measured(x: int, y: int):
    big = noise(96, 96).astype(np.float32)
    before, after = big[16:80, 16:80], big[16 - y : 80 - y, 16 - x : 80 - x]
    assert motion.shift(before, after) == pytest.approx((x, y), abs=0.4)


@pytest.mark.parametrize("camera", CAMERAS)
def test_the_way_of_a_camera(camera: str):
    """A window that goes over a picture as the words say: to the left shows what is on the left."""
    picture, frames = Image.fromarray(noise(192, 192)), []
    for step in np.linspace(0, 16, 25):
        x = {"pan left": -step, "pan right": step}.get(camera, 0)
        y = {"tilt up": -step, "tilt down": step}.get(camera, 0)
        grow = {"zoom in": -step / 2, "zoom out": step / 2}.get(camera, 0)
        box = (64 + x - grow, 64 + y - grow, 128 + x + grow, 128 + y + grow)
        frames.append(np.asarray(picture.resize((64, 64), Image.Resampling.BICUBIC, box)))
    clip = np.stack(frames)[..., None].repeat(3, -1)
    assert motion.find_camera(clip) == camera
    assert motion.find_camera(clip[:5]) == "still"


def test_the_worlds_own_cameras_are_read():
    asked = prompts.ask_cameras(6)
    assert [q.asked["camera"] for q in asked] == [camera for camera in CAMERAS if camera != "still"]
    clips = [motion.render_clip(q.spec, motion.FRAMES, 96, 96) for q in asked if q.spec]
    assert sum(motion.find_camera(clip) == q.asked["camera"] for clip, q in zip(clips, asked, strict=True)) >= 5
    assert all("camera" in prompts.find_said(q.spec, q.prompt) for q in asked if q.spec)
    assert prompts.ask_cameras(6, Known(facts={"camera": ("still",)})) == []
    right = prompts.ask_cameras(3, Known(facts={"camera": ("still", "pan right")}))
    assert [q.asked["camera"] for q in right] == ["pan right"] * 3


def test_training_records_things_and_cameras():
    from mutoscope.train.machine import facts_of

    spec = replace(draw_spec(0, 1, camera="zoom in"), things=(Thing("fox", "", "ground"), Thing("owl", "", "air")))

    class Folder:
        facts = [spec.facts()]

    found = facts_of([Folder()])  # type: ignore[list-item]  # has what is asked of a folder
    assert found["thing"] == {"fox", "owl"} and found["camera"] == {"zoom in"}
    others = replace(spec, things=(Thing("owl", "", "air"),)).facts()
    Folder.facts = [spec.facts(), *[others] * 1999]
    assert facts_of([Folder()])["thing"] == {"owl"}  # type: ignore[list-item]  # has what is asked of a folder
    Folder.facts = [draw_spec(0, 1).facts()]
    assert "thing" not in facts_of([Folder()])  # type: ignore[list-item]  # has what is asked of a folder


# ---------------------------------------------------------------------------------------------------------------- votes

A, B = "a" * 16, "b" * 16


def flat_model(model: str, level: int) -> ModelUnderTest:
    return ModelUnderTest(
        lambda prompt, seed, style=None: np.full((8, 8, 3), level, np.uint8), name=f"model-{level}", model_hash=model
    )


def data_of(page: bytes) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', page.decode(), re.S)[1])  # type: ignore[index]  # the page holds it


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return drain(
        vote_page.run(flat_model(A, 10), flat_model(B, 200), tmp_path_factory.mktemp("blind") / "a.html", 24)
    ).read_bytes()


def pixel(url: str) -> int:
    assert url.startswith("data:image/webp;base64,")
    return int(np.asarray(Image.open(io.BytesIO(b64decode(url.partition(",")[2]))))[0, 0, 0])


def test_sides_are_drawn_and_the_pictures_are_on_theirs(page: bytes):
    data = data_of(page)
    assert data["models"] == [A, B] and len(data["pairs"]) == 24
    for pair in data["pairs"]:
        assert [pixel(pair["left"]), pixel(pair["right"])] == ([10, 200] if pair["order"] == 0 else [200, 10])
    assert 4 < sum(pair["order"] for pair in data["pairs"]) < 20
    assert [pair["prompt"] for pair in data["pairs"]] == [q.prompt for q in prompts.ask_held_out(24)]


def test_the_page_is_blind_and_whole(page: bytes):
    text = page.decode()
    seen = re.sub(r"<(script|style).*?</\1>", "", text, flags=re.S)
    assert "model" not in seen and A not in seen and "DATA" not in seen
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", text) and text.count("</script>") == 2


def test_votes_go_round(page: bytes, tmp_path: Path):
    """What the page saves is what the evaluation reads; every vote for B, wherever it stood."""
    data = data_of(page)
    lines = [
        json.dumps({"left": data["models"][pair["order"]], "right": data["models"][1 - pair["order"]],
                    "winner": "left" if pair["order"] else "right", "prompt": pair["prompt"], "seed": pair["seed"]})
        for pair in data["pairs"]
    ]  # fmt: skip
    file = tmp_path / "votes.jsonl"
    file.write_text("\n".join(lines) + "\n")
    found = find_preference(read_votes(file), B)
    assert found["votes"] == 24 and found["strength"]["low"] > 80 and found["models"][A]["high"] < 20
    table = metrics_table({**REPORT, "preference": found})
    assert f"| user preference, blind votes | {found['strength']['value']:.3g} (" in table
    assert f"| {found['strength']['n']} votes; 50 is an average model |" in table
    assert "## Preference, 24 votes" in markdown({**REPORT, "preference": found})
    with pytest.raises(DataError, match="none of 24 votes"):
        find_preference(read_votes(file), "c" * 16)
    with pytest.raises(DataError, match="no votes file"):
        read_votes(tmp_path / "nothing")


def test_models_that_votes_cannot_tell_apart(tmp_path: Path):
    for one, other in ((A, A), ("", B)):
        with pytest.raises(SettingError, match="by hash"):
            drain(vote_page.run(flat_model(one, 1), flat_model(other, 2), tmp_path / "a.html", 2))


def test_the_verbs(copied_checkpoint: Path, few_step_checkpoint: Path, outputs: Path, capsys: pytest.CaptureFixture):
    from mutoscope.checkpoint import open_checkpoint

    models = [str(copied_checkpoint), str(few_step_checkpoint)]
    assert main(["compare", *models, "--blind", "choose.html", "--count", "2", "-q"]) == 0
    data = data_of((outputs / "choose.html").read_bytes())
    hashes = [open_checkpoint(model).hash for model in models]
    assert data["models"] == hashes and len(data["pairs"]) == 2
    assert main(["compare", *models, "--blind", "choose.txt"]) == 2
    (outputs / "mine.txt").write_text("a lake\n# not this\nan owl at night\na third\n")
    assert main(["compare", *models, "--blind", "choose.html", "--prompts", "mine.txt", "--count", "2", "-q"]) == 0
    mine = data_of((outputs / "choose.html").read_bytes())["pairs"]
    assert [(pair["prompt"], pair["seed"]) for pair in mine] == [("a lake", 0), ("an owl at night", 1)]
    assert main(["compare", *models, "--prompts", "mine.txt"]) == 2 and "--blind" in capsys.readouterr().err
    (outputs / "votes.jsonl").write_text(json.dumps({"left": hashes[0], "right": hashes[1], "winner": "tie"}))
    assert main(["card", models[0], "--votes", "votes.jsonl"]) == 2 and "evaluate --keep" in capsys.readouterr().err
    report = {**REPORT, "model": {"name": "x", "hash": hashes[0]}}
    (copied_checkpoint / "report.json").write_text(json.dumps(report))
    capsys.readouterr()
    assert main(["card", models[0], "--votes", "votes.jsonl"]) == 0
    assert "## Preference, 1 votes" in capsys.readouterr().out
    assert main(["card", models[0], "--votes", "nothing"]) == 2
