"""The reader of things: its files, its answers, and whether it tells a cat from a car."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mutoscope.errors import CheckpointError, MissingExtraError
from mutoscope.evaluate import thing_reader
from mutoscope.evaluate.judge import SHIPPED
from mutoscope.evaluate.suite import check_seeds
from mutoscope.evaluate.thing_reader import ThingHead, choose_words, load_thing_reader, match_kinds, resize, save_head
from mutoscope.evaluate.things import THING_FACTS
from mutoscope.objects import load_library
from mutoscope.rng import stream

WORDS = {"object": ("none", "animal", "vehicle"), "side": ("left", "right")}
CARD = {
    "words": WORDS,
    "labels": {name: dict.fromkeys(words, 1) for name, words in WORDS.items()},
    "data": [],
    "test": {},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_head(tmp_path, ThingHead(WORDS).half().float(), CARD)
    return tmp_path


def test_head_gives_logits_of_every_word():
    logits = ThingHead(WORDS)(torch.zeros(2, 768, 9, 9))
    assert {name: tuple(values.shape) for name, values in logits.items()} == {"object": (2, 3), "side": (2, 2)}


def test_a_word_without_a_training_picture_is_never_an_answer():
    logits = {"object": torch.tensor([[0.0, 1.0, 9.0]]), "side": torch.tensor([[2.0, 1.0]])}
    known = {"object": {"none": 3, "animal": 5}, "side": {"left": 1, "right": 1}}
    assert choose_words(logits, WORDS, known) == [{"object": "animal", "side": "left"}]


def test_a_thing_tells_its_kind():
    words = {"object": ("none", "animal", "food"), "thing": ("cat", "pizza", "nothing known")}
    known = {name: dict.fromkeys(listed, 1) for name, listed in words.items()}
    assert match_kinds(words["thing"], words["object"]).tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
    sure = {"object": torch.tensor([[0.0, 1.0, 0.9]]), "thing": torch.tensor([[0.0, 9.0, 0.0]])}
    assert choose_words(sure, words, known) == [{"object": "food", "thing": "pizza"}]
    unsure = {"object": torch.tensor([[0.0, 9.0, 0.0]]), "thing": torch.tensor([[0.0, 0.1, 0.0]])}
    assert choose_words(unsure, words, known)[0]["object"] == "animal"


def test_files_come_back_as_they_were(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(thing_reader, "load_backbone", torch.nn.Identity)
    torch.manual_seed(0)
    made = ThingHead(WORDS).half().float().state_dict()
    held = load_thing_reader(folder).head.state_dict()
    assert all(torch.equal(made[name], held[name]) for name in made)


@pytest.mark.parametrize("damage", ["weights", "papers", "missing"])
def test_what_is_damaged_is_refused(folder: Path, damage: str):
    if damage == "weights":
        (folder / thing_reader.WEIGHTS_FILE).write_bytes(b"nothing")
    elif damage == "papers":
        (folder / thing_reader.RECORD_FILE).write_text(json.dumps({"sha256": "0"}))
    else:
        (folder / thing_reader.RECORD_FILE).unlink()
    with pytest.raises(CheckpointError):
        load_thing_reader(folder)


def test_without_the_network_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"mutoscope\[metrics\]"):
        load_thing_reader(SHIPPED)


def test_pictures_of_any_size_are_looked_at():
    for size in ((3, 128, 128), (3, 96, 160), (3, 300, 200)):
        assert resize(torch.zeros(1, *size)).shape == (1, 3, 288, 288)


def test_the_shipped_one_reads_drawings():
    """Objects of the library on a white ground: kinds and names mostly, sides and numbers nearly always."""
    reader, library = load_thing_reader(), load_library()
    check_seeds(reader)
    assert (
        set(reader.card["words"]) == set(THING_FACTS)
        and (SHIPPED / thing_reader.WEIGHTS_FILE).stat().st_size < 1_500_000
    )
    said = {
        "a cat": "animal",
        "a car": "vehicle",
        "a dog": "animal",
        "a bus": "vehicle",
        "a horse": "animal",
        "a banana": "food",
    }
    asked = [(f"{name} {where} on a white background", kind, side) for name, kind in said.items()
             for side, where in (("left", "on the left"), ("right", "on the right"))]  # fmt: skip
    white = np.full((256, 256, 3), 245, np.uint8)
    pictures = [library.lay_into(white, library.find(prompt), stream(0, 0, "things"))[0] for prompt, _, _ in asked]
    read = reader.classify(pictures)
    kinds = sum(answer["object"] == kind for answer, (_, kind, _) in zip(read, asked, strict=True))
    sides = sum(answer["side"] == side for answer, (_, _, side) in zip(read, asked, strict=True))
    assert kinds >= 9 and sides >= 10 and sum(answer["count"] == "1" for answer in read) >= 10
