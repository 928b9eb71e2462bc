"""The command line: what it prints, where it writes, and that wrong words become one line and the right exit code.

A fake engine draws in no time; options, requests, media and parser are the real ones. Renderer and trainer are faked too.
"""

import dataclasses
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from mutoscope import models
from mutoscope.capabilities import Capabilities
from mutoscope.cli import app, arguments, console, files, generate, main, naming, train
from mutoscope.cli.reference import reference
from mutoscope.data import folder as data_folder
from mutoscope.engines import Drawn
from mutoscope.errors import CheckpointError, MediaError, NonFiniteError, SettingError, SizeError, StorageFullError
from mutoscope.events import Event, Phase
from mutoscope.media import Provenance, read_info, read_pixels, write_picture
from mutoscope.prompt.request import Request

ROOT = Path(__file__).parent.parent
LAKE = "A serene lake surrounded by pine trees at sunset"


class FakeEngine:
    """Draws noise in no time and remembers what it was asked; options, requests and files are the real ones."""

    def __init__(self):
        self.capabilities = Capabilities("fake", "f" * 16)
        self.drawn: list[Request] = []
        self.opened: list[tuple] = []  # with what models were opened
        self.warnings: tuple[str, ...] = ()
        self.failure: BaseException | None = None

    def draw(self, request: Request, init_image: Any = None, preview: bool = False) -> Iterator[Event]:
        """Yield noise that depends on seed and index only, at the asked size."""
        self.drawn.append(request)
        phase = Phase("draw", 2)
        yield phase.advance()
        if self.failure:
            raise self.failure
        yield phase.advance()
        random = np.random.default_rng([request.seed, request.index])
        frames = random.integers(0, 256, (request.num_frames, request.height, request.width, 3), np.uint8)
        yield Event("done", 1, 1, result=Drawn(frames, self.warnings))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def engine(monkeypatch):
    """The engine behind every model."""
    fake = FakeEngine()

    def open_fake(model, settings):
        fake.opened.append((model, settings.runtime, settings.threads, settings.precision))
        return fake

    monkeypatch.setattr(models, "open_engine", open_fake)
    return fake


def one_line(capsys) -> str:
    """Return the complaint; there must be nothing but this one line."""
    shown = capsys.readouterr()
    assert shown.err.startswith("mutoscope: ") and shown.err.count("\n") == 1 and shown.err.endswith("\n"), shown.err
    assert "Traceback" not in shown.err
    return shown.err


class TestImage:
    def test_default_name_is_made_of_the_prompt_and_never_replaced(self, here, engine, capsys):
        for expected in ("a-red-lake-7.png", "a-red-lake-7-2.png", "a-red-lake-7-3.png"):
            assert main(["image", "A red lake!", "--seed", "7"]) == 0
            shown = capsys.readouterr()
            assert shown.out == f"{Path('outputs') / expected}\n" and shown.err == ""
            assert (here / "outputs" / expected).exists()

    def test_explicit_file_is_replaced(self, here, engine, capsys):
        (here / "lake.png").write_bytes(b"old")
        assert main(["image", "a lake", "-o", "lake.png"]) == 0
        assert read_info(here / "lake.png")["width"] == 256

    def test_every_option_reaches_the_request(self, here, engine):
        line = "--style watercolor --size 3:2 --not people --steps 4 --guidance 2.5 --seed 9 --runtime onnx --threads 2"
        words = ["--model", "mine", "--precision", "int8", *line.split()]
        assert main(["image", LAKE, "-o", "a.png", *words]) == 0
        assert engine.opened == [("mine", "onnx", 2, "int8")]
        (asked,) = engine.drawn
        assert (asked.prompt, asked.style, asked.width / asked.height, asked.negative_prompt) == (
            LAKE,
            "watercolor",
            1.5,
            "people",
        )
        assert (asked.num_inference_steps, asked.guidance_scale, asked.seed) == (4, 2.5, 9)

    def test_the_other_options(self, here, engine):
        line = "--width 64 --height 96 --vary 0.25 --vary-seed 8 --postprocess pixelate --no-objects"
        assert main(["image", "two red foxes by a lake", "-o", "a.png", *line.split()]) == 0
        (asked,) = engine.drawn
        assert (asked.width, asked.height, asked.variation, asked.variation_seed) == (64, 96, 0.25, 8)
        assert asked.postprocess == "pixelate" and asked.objects is None

    def test_a_picture_to_start_from(self, here, engine):
        assert main(["image", "a lake", "-o", "a.png", "--size", "64"]) == 0
        white = np.full((64, 64, 3), 255, np.uint8)
        white[:, :32] = 0
        write_picture(white, here / "mask.png", Provenance(None, None, "test", False))
        assert (
            main(["image", "a lake", "--image", "a.png", "--mask", "mask.png", "--strength", "0.5", "-o", "b.png"]) == 0
        )
        asked = engine.drawn[-1]
        assert asked.image_hash and asked.mask_hash and asked.strength == 0.5

    def test_what_is_not_given_is_as_in_python(self, here, engine):
        assert main(["image", "a lake", "--seed", "3", "-o", "a.png"]) == 0
        models.TextToImageModel().generate("a lake", seed=3)
        assert engine.drawn[0] == engine.drawn[1]

    def test_four_files_each_with_its_own_index(self, here, engine, capsys):
        assert main(["image", "a lake", "-n", "4", "-o", "lake.png", "--size", "64"]) == 0
        assert capsys.readouterr().out.split() == [f"lake-{i}.png" for i in range(4)]
        for i in range(4):
            request = json.loads(read_info(here / f"lake-{i}.png")["request_json"])
            assert request["index"] == i
            assert main(["redo", f"lake-{i}.png", "-o", f"again-{i}.png"]) == 0
            assert np.array_equal(read_pixels(here / f"again-{i}.png"), read_pixels(here / f"lake-{i}.png"))

    def test_numbered_default_names_are_not_replaced_either(self, here, engine, capsys):
        (here / "outputs").mkdir()
        (here / "outputs" / "a-lake-7-1.png").touch()
        assert main(["image", "a lake", "-n", "2", "--seed", "7"]) == 0
        assert [Path(line).name for line in capsys.readouterr().out.split()] == ["a-lake-7-2-0.png", "a-lake-7-2-1.png"]

    def test_an_existing_folder_takes_a_default_name(self, here, engine, capsys):
        (here / "pictures").mkdir()
        assert main(["image", "a lake", "--seed", "1", "-o", "pictures"]) == 0
        assert capsys.readouterr().out.strip() == str(Path("pictures/a-lake-1.png"))

    def test_json_is_one_object_a_file(self, here, engine, capsys):
        engine.warnings = ("never seen: zyx",)
        assert main(["image", "a lake", "-n", "2", "--json", "--quiet", "--seed", "5", "-o", "a.png"]) == 0
        shown = capsys.readouterr()
        rows = [json.loads(line) for line in shown.out.splitlines()]
        assert [row["file"] for row in rows] == ["a-0.png", "a-1.png"] and rows[1]["request"]["index"] == 1
        assert rows[0]["warnings"] == ["never seen: zyx"] and shown.err == ""

    def test_warnings_are_printed(self, here, engine, capsys):
        engine.warnings = ("words this model has never seen: zyx",)
        assert main(["image", "a lake", "-o", "a.png"]) == 0
        assert capsys.readouterr().err == "mutoscope: warning: words this model has never seen: zyx\n"

    def test_metadata_and_marking_are_two_switches(self, here, engine):
        assert main(["image", "a lake", "-o", "a.png", "--no-metadata"]) == 0
        facts = read_info(here / "a.png")
        assert not facts["request_json"] and facts["ai_marking"]
        assert main(["image", "a lake", "-o", "b.png", "--no-metadata", "--no-marking"]) == 0
        assert not read_info(here / "b.png")["ai_marking"]


class TestVideo:
    def test_five_seconds_unless_asked_otherwise(self, here, engine, capsys):
        assert main(["video", "Waves crashing on a beach", "--size", "32", "--seed", "3"]) == 0
        assert (engine.drawn[0].num_frames, engine.drawn[0].fps) == (60, 12)
        path = here / capsys.readouterr().out.strip()
        assert path.name == "waves-crashing-on-a-beach-3.mp4"
        assert read_info(path)["duration_seconds"] == pytest.approx(5)

    @pytest.mark.parametrize(
        ("words", "frames"), [("--frames 9 --fps 8", 9), ("--seconds 2.5 --fps 1", 3), ("--seconds 0.5", 6)]
    )
    def test_lengths(self, here, engine, words, frames):
        assert main(["video", "waves", "--size", "32", *words.split(), "-o", "a.gif"]) == 0
        assert engine.drawn[0].num_frames == frames == read_info(here / "a.gif")["frames"]

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("--seconds -1", "must be above 0"),
            ("--seconds 0", "must be above 0"),
            ("--seconds 301", "at most 300"),
            ("--seconds 1 --fps 1", "a clip has at least 2"),
            ("--seconds nan", "--seconds must be a finite number"),
            ("--seconds 1e300", "--seconds must be a finite number"),
            ("--frames 1", "draw a picture"),
            ("--frames 9 --seconds 2", "one or the other"),
            ("--fps 0", "fps"),
            ("-o a.png", ".mp4"),
        ],
    )
    def test_refused(self, here, engine, capsys, words, expected):
        assert main(["video", "waves", *words.split()]) == 2
        assert expected in one_line(capsys)
        assert not engine.drawn


class TestRefused:
    """Wrong words: one line, exit code 2, and no model was loaded."""

    CASES = [
        ("image", "missing PROMPT"),
        ("image lake extra words", "'extra words'"),
        ("imgae lake", "'image'"),
        ("nonsense", "known: image"),
        ("--versoin", "'--version'"),
        ("image lake --sede 3", "'--seed'"),
        ("image lake -z", "-z"),
        ("image lake --seed", "--seed"),
        ("image lake --strength 0.5", "give one, with --image"),
        ("image lake --mask m.png", "give the picture too, with --image"),
        ("image lake --vary 2", "variation must be a number from 0 to 1"),
        ("image lake --vary-seed 3", "for example --vary 0.2"),
        ("image lake --vary 0.2 --vary-seed x", "--vary-seed must be a whole number"),
        ("video lake --mask m.png", "'--mask'"),
        ("image lake --quiet=1", "--quiet"),
        ("image lake --width 0", "width"),
        ("image lake --width -8", "width"),
        ("image lake --height 129", "128"),
        ("image lake --height 129", "144"),
        ("image lake --size 100000x100000", "width"),
        ("image lake --size 12by9", "WIDTHxHEIGHT"),
        ("image lake --size 3:2 --width 64", "one or the other"),
        ("image lake --width 12.5", "--width must be a whole number"),
        ("image lake --width nan", "--width must be a whole number"),
        ("image lake --guidance nan", "--guidance must be a finite number"),
        ("image lake --guidance inf", "--guidance must be a finite number"),
        ("image lake --guidance 1_0", "--guidance must be a finite number"),
        ("image lake --steps 0", "0"),
        ("image lake --steps 99999999999999999999", "--steps must be a whole number"),
        ("image lake --seed -2", "seed"),
        ("image lake --seed 1.5", "--seed must be a whole number"),
        ("image lake --style watercolr", "watercolor"),
        ("image lake -n 0", "--number"),
        ("image lake -n 100000", "--number"),
        ("image lake -o lake.xyz", ".png"),
        ("image lake -o nowhere/lake.png", "nowhere"),
        ("image lake -o nowhere/", "nowhere"),
        ("image --", "missing PROMPT"),
        ("data", None),
        ("data rendre --out x", "'render'"),
        ("data render", "missing --out DIR"),
        ("data render --out x --frames 9", "--clips"),
        ("data render --out x --size 30", "30"),
        ("data render --out x --count 0", "count"),
        ("data render --out x --clips --fps 0", "fps"),
        ("train imgae --data . --out x", "'image'"),
        ("train image --data . --out x --preset nanno", "'nano'"),
        ("train image --data nowhere --out x", "nowhere"),
        ("train image --data . --out x --budget 60", "--budget"),
        ("train image --data . --out x --budget 0m", "--budget"),
        ("train image --data . --out x --set rate", "key=value"),
        ("train image --data . --out x --set rate=NaN", "finite"),
        ("redo", "missing FILE"),
    ]  # fmt: skip

    @pytest.mark.parametrize(("words", "expected"), CASES)
    def test_words(self, here, engine, capsys, words, expected):
        code = main(words.split())
        if expected is None:  # a group alone shows its help
            assert code == 0 and "render" in capsys.readouterr().out
            return
        assert code == 2
        assert expected in one_line(capsys)
        assert not engine.drawn
        assert list(here.glob("*.*")) == []

    @pytest.mark.parametrize("prompt", ["", "   ", "x" * 100_000, "a\0b", "\ud800 lake", "lake \udcff"])
    def test_prompts(self, here, engine, capsys, prompt):
        assert main(["image", prompt]) == 2
        assert "prompt" in one_line(capsys).lower()
        assert not engine.drawn

    def test_read_only_folder(self, here, engine, capsys, monkeypatch):
        (here / "locked").mkdir()
        real = os.access
        monkeypatch.setattr(os, "access", lambda p, mode, **kw: "locked" not in str(p) and real(p, mode, **kw))
        assert main(["image", "a lake", "-o", "locked/a.png"]) == 2
        assert "locked" in one_line(capsys)

    def test_outputs_that_is_a_file(self, here, engine, capsys):
        (here / "outputs").touch()
        assert main(["image", "a lake"]) == 2
        assert "outputs" in one_line(capsys)


class TestFailures:
    @pytest.mark.parametrize(
        ("failure", "code", "words"),
        [
            (CheckpointError("weights.safetensors was changed"), 1, "weights.safetensors"),
            (StorageFullError("the disk is full"), 1, "the disk is full"),
            (NonFiniteError("a nan"), 1, "a nan"),
            (OSError(13, "Permission denied", "x.png"), 1, "x.png: Permission denied"),
            (MemoryError(), 1, "memory"),
            (RuntimeError("bug\nin\tfour \x1b[31mwords"), 1, "RuntimeError: bug\\nin\\tfour \\x1b[31mwords"),
            (KeyboardInterrupt(), 130, "stopped"),
        ],
    )
    def test_one_line_and_nothing_written(self, here, engine, capsys, failure, code, words):
        engine.failure = failure
        assert main(["image", "a lake", "-o", "a.png"]) == code
        assert words in one_line(capsys)
        assert list(here.iterdir()) == []

    @pytest.mark.parametrize("failure", [KeyboardInterrupt(), StorageFullError("the disk is full")])
    @pytest.mark.parametrize("command", ["image", "video"])
    def test_what_was_finished_before_is_kept(self, here, engine, capsys, monkeypatch, failure, command):
        """Of four the third one fails: two files are there, whole, and printed."""
        draw = engine.draw

        def fail_at_the_third(request, *given):
            engine.failure = failure if request.index == 2 else None
            return draw(request, *given)

        monkeypatch.setattr(engine, "draw", fail_at_the_third)
        ending = {"image": "png", "video": "gif"}[command]
        more = ["--frames", "2"] if command == "video" else []
        assert main([command, "a lake", "-n", "4", "--size", "64", "-o", f"a.{ending}", *more]) in (1, 130)
        assert capsys.readouterr().out.split() == [f"a-0.{ending}", f"a-1.{ending}"]
        assert sorted(path.name for path in here.iterdir()) == [f"a-0.{ending}", f"a-1.{ending}"]
        assert [json.loads(read_info(here / f"a-{i}.{ending}")["request_json"])["index"] for i in (0, 1)] == [0, 1]

    def test_messages_name_options_not_arguments(self, here, engine, capsys):
        for words, option in (
            ("-n 0", "--number"),
            ("--steps 0", "--steps"),
            ("--guidance -1", "--guidance"),
            ("--vary 0.1 --vary-seed -5", "--vary-seed"),
        ):
            assert main(["image", "guidance_scale and num_frames", *words.split()]) == 2
            line = one_line(capsys)
            assert option in line and "_" not in line
        assert main(["image", "a lake", "--style", "num_frames"]) == 2
        assert "'num_frames'" in one_line(capsys), "what the user typed stays as it is"

    def test_traceback_on_wish(self, here, engine, monkeypatch):
        monkeypatch.setenv("MUTOSCOPE_TRACEBACK", "1")
        engine.failure = RuntimeError("bug")
        with pytest.raises(RuntimeError, match="bug"):
            main(["image", "a lake", "-o", "a.png"])

    def test_stopping_closes_the_job(self):
        closed = []

        def job():
            try:
                yield Event("draw", 1, 2)
                raise KeyboardInterrupt
            finally:
                closed.append(True)

        with pytest.raises(KeyboardInterrupt):
            console.watch(job())
        assert closed == [True]


class TestFiles:
    def make(self, engine, *words: str) -> None:
        assert main(["image", "a [/foo] lake", "--size", "64", "--seed", "4294967295", "-o", "a.png", *words]) == 0

    def test_info_as_text_and_json(self, here, engine, capsys):
        self.make(engine)
        capsys.readouterr()
        assert main(["info", "a.png"]) == 0
        text = capsys.readouterr().out
        assert "a [/foo] lake" in text and "4294967295" in text
        assert main(["info", "--json", "a.png", "a.png"]) == 0
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert len(rows) == 2 and rows[0]["request"]["prompt"] == "a [/foo] lake" and rows[0]["width"] == 64

    def test_info_shows_every_field_of_the_request(self, here, engine, capsys):
        self.make(engine)
        capsys.readouterr()
        assert main(["info", "a.png"]) == 0
        lines = capsys.readouterr().out.splitlines()
        shown = dict(line.strip().partition("  ")[::2] for line in lines if line.startswith("  "))
        assert list(shown) == [item.name for item in dataclasses.fields(Request)]
        assert (shown["seed"].strip(), shown["width"].strip()) == ("4294967295", "64")
        assert shown["image_hash"].strip() == "-", "what is not in the file is shown as its default"

    @pytest.mark.parametrize("as_json", [False, True])
    def test_info_answers_for_every_file(self, here, engine, capsys, as_json):
        """One that is broken and one that is missing stop nobody; each is named in a line of its own."""
        self.make(engine)
        (here / "broken.png").write_bytes((here / "a.png").read_bytes()[:200])
        (here / "c.png").write_bytes((here / "a.png").read_bytes())
        capsys.readouterr()
        names = ["a.png", "broken.png", "missing.png", "c.png"]
        assert main(["info", *names, *(["--json"] if as_json else [])]) == 1
        shown = capsys.readouterr()
        complaints = shown.err.splitlines()
        assert len(complaints) == 2 and "broken.png" in complaints[0] and "missing.png" in complaints[1]
        if as_json:
            rows = [json.loads(line) for line in shown.out.splitlines()]
            assert [row["file"] for row in rows] == names
            assert [("error" in row, row.get("width")) for row in rows] == [
                (False, 64),
                (True, None),
                (True, None),
                (False, 64),
            ]
        else:
            told = [line.split()[1] for line in shown.out.splitlines() if line.startswith("file ")]
            assert told == ["a.png", "c.png"]

    def test_an_adapter_by_any_ending(self, here, capsys):
        from mutoscope.adapter import DOWN, UP, Facts, find_adapter, save_adapter

        facts = Facts(
            name="mine", base="tiny", base_hash="0" * 16, rank=2, word="mine", pictures=1, samples=1, seed=0, licence=""
        )
        save_adapter(here / "mine.safetensors", facts, {"blocks.0.x" + DOWN: np.zeros((2, 8), np.float16),
                                                        "blocks.0.x" + UP: np.zeros((8, 2), np.float16)})  # fmt: skip
        (here / "mine.safetensors").rename(here / "MINE.SAFETENSORS")
        assert main(["info", "MINE.SAFETENSORS"]) == 0
        assert "format     adapter" in capsys.readouterr().out
        assert find_adapter("MINE.SAFETENSORS").facts.name == "mine"

    def test_escape_sequences_are_printed_as_text(self, here, engine, capsys):
        assert main(["image", "a \x1b[31mred\x1b[0m lake", "-o", "a.png"]) == 0
        capsys.readouterr()
        assert main(["info", "a.png"]) == 0
        text = capsys.readouterr().out
        assert "a \\x1b[31mred\\x1b[0m lake" in text and "\x1b" not in text

    @pytest.mark.parametrize("content", [None, b"", b"not a picture", b"{}"])
    def test_what_cannot_be_read(self, here, capsys, content):
        if content is not None:
            (here / "a.png").write_bytes(content)
        assert main(["info", "a.png"]) == (2 if content is None else 1)
        assert "a.png" in one_line(capsys)

    @pytest.mark.parametrize("content", [None, "[]", "{"])
    def test_folders_that_are_no_checkpoint(self, here, capsys, content):
        (here / "mine").mkdir()
        if content:
            (here / "mine" / "config.json").write_text(content)
        assert main(["info", "mine"]) == (2 if content is None else 1)
        assert "config.json" in one_line(capsys)

    def test_redo_makes_the_same_pixels_under_a_new_name(self, here, engine, capsys):
        self.make(engine)
        capsys.readouterr()
        assert main(["redo", "a.png"]) == 0
        shown = capsys.readouterr()
        assert shown.out.strip() == str(Path("outputs/a-foo-lake-4294967295.png")) and shown.err == ""
        assert np.array_equal(read_pixels(here / shown.out.strip()), read_pixels(here / "a.png"))
        assert engine.drawn[-1] == Request.from_json(read_info(here / "a.png")["request_json"])

    def test_redo_with_changes(self, here, engine):
        self.make(engine, "--style", "watercolor")
        words = "--seed +1 --style none --steps 3 --guidance 1.5 --not fog -o b.png".split()
        assert main(["redo", "a.png", *words]) == 0
        asked = engine.drawn[-1]
        assert (asked.seed, asked.style, asked.num_inference_steps) == (0, None, 3)  # 2**32 - 1 + 1 wraps around
        assert (asked.guidance_scale, asked.negative_prompt, asked.width) == (1.5, "fog", 64)

    def test_redo_in_another_precision(self, here, engine, capsys):
        self.make(engine)
        engine.capabilities = dataclasses.replace(engine.capabilities, precisions={"fp32": "", "int8": ""})
        assert main(["redo", "a.png", "--precision", "int8", "-o", "b.png"]) == 0
        assert main(["redo", "b.png", "-o", "c.png"]) == 0
        assert [asked.precision for asked in engine.drawn[-2:]] == ["int8", "int8"]
        assert engine.opened[-2][-1] == "int8" and engine.opened[-1][-1] is None
        capsys.readouterr()
        assert main(["redo", "a.png", "--precision", "int3"]) == 2
        assert "must be fp32 or int8, got 'int3'" in one_line(capsys)

    def test_redo_of_a_clip(self, here, engine):
        assert main(["video", "waves", "--size", "32", "--frames", "5", "--fps", "10", "-o", "a.gif"]) == 0
        assert main(["redo", "a.gif", "--seed", "5"]) == 0
        assert (here / "outputs" / "waves-5.gif").exists() and engine.drawn[-1].num_frames == 5

    def test_redo_warns_about_another_model(self, here, engine, capsys):
        self.make(engine)
        engine.capabilities = dataclasses.replace(engine.capabilities, hash="0" * 16)
        capsys.readouterr()
        assert main(["redo", "a.png", "-o", "b.png"]) == 0
        assert "ffffffffffff" in one_line(capsys)

    def test_redo_without_a_request(self, here, engine, capsys):
        self.make(engine, "--no-metadata")
        capsys.readouterr()
        assert main(["redo", "a.png"]) == 1
        assert "--no-metadata" in one_line(capsys)

    @pytest.mark.parametrize("words", ["--steps 0", "--seed x", "--style wattercolor", "-o a.mp4", "--seed -5"])
    def test_redo_refuses(self, here, engine, capsys, words):
        self.make(engine)
        engine.drawn.clear()
        capsys.readouterr()
        assert main(["redo", "a.png", *words.split()]) == 2
        one_line(capsys)
        assert not engine.drawn


class TestOtherCommands:
    def test_demo(self, here, engine, capsys):
        assert main(["demo"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 3 and lines[0].endswith(" s") and lines[2].startswith("next: mutoscope")
        assert read_info(here / "outputs/lake_sunset.png")["width"] == 256
        assert read_info(here / "outputs/beach_waves.mp4")["duration_seconds"] == pytest.approx(5.0)
        assert [(request.prompt, request.is_clip, request.seed) for request in engine.drawn] == [
            (LAKE, False, generate.DEMO_SEED), ("Waves crashing on a beach", True, generate.DEMO_SEED),
        ]  # fmt: skip

    def test_styles(self, capsys):
        assert main(["styles"]) == 0
        assert "watercolor" in capsys.readouterr().out
        assert main(["styles", "--json"]) == 0
        known = json.loads(capsys.readouterr().out)
        assert (
            len(known) >= 16
            and known["watercolor"]["words"] == "watercolor"
            and "{prompt}" in known["photo"]["template"]
        )
        assert main(["styles", "a lake"]) == 2
        assert "with --sheet" in one_line(capsys)

    def test_a_wildcard_nobody_knows_is_said_before_a_model_is_loaded(self, here, engine, capsys):
        assert main(["image", "a __colrs__ lake"]) == 2
        assert "did you mean 'colors'" in one_line(capsys) and not engine.drawn

    def test_version_and_help(self, capsys):
        assert main(["--version"]) == 0
        assert capsys.readouterr().out.startswith("mutoscope 0")
        for words in ([], ["-h"], ["image", "-h"], ["data", "render", "--help"], ["train", "-h"]):
            assert main(words) == 0
            shown = capsys.readouterr()
            assert "mutoscope " in shown.out and shown.err == ""

    def test_doctor_says_what_is_missing(self, here, capsys):
        assert main(["doctor", "--model", "gone"]) == 1
        text = capsys.readouterr().out
        assert "no model is called 'gone'" in text and "cannot draw yet" in text

    def test_train_hands_everything_on(self, here, monkeypatch, capsys):
        asked = {}

        def fake(stage, **settings):
            asked.update(stage=stage, **settings)
            yield Event("train", 1, 10, message="12 samples/s, loss 0.5, 9 s left")
            yield Event("done", 10, 10)

        monkeypatch.setattr(train, "start_training", fake)
        words = "train image --preset tiny --data . --out run --budget 1h30m --seed 3 --set rate=0.1 --set kind=muon"
        assert main(words.split()) == 0
        shown = capsys.readouterr()
        assert shown.out == "run\n" and shown.err == "train 1/10 12 samples/s, loss 0.5, 9 s left\n"
        sheet = asked.pop("preview")("first", np.zeros((32, 32, 3), np.uint8))
        assert sheet == Path("run/previews/first.png") and sheet.exists()
        assert asked == {
            "stage": "image", "preset_name": "tiny", "data": Path("."), "out": Path("run"), "budget_seconds": 5400.0,
            "overrides": {"rate": 0.1, "kind": "muon", "seed": 3}, "begin": None,
        }  # fmt: skip

    def test_train_without_torch_names_the_extra(self, here, monkeypatch, capsys):
        monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
        assert main("train image --data . --out run".split()) == 1
        assert "mutoscope[torch]" in one_line(capsys)


class TestRenderFolder:
    """`data render` with a renderer that paints each scene in a colour of its own."""

    @pytest.fixture(autouse=True)
    def renderer(self, monkeypatch):
        torch = pytest.importorskip("torch")
        self.rendered = []

        def render(specs, width, height, times, device="cpu", library=None):
            self.rendered += [spec.index for spec in specs]
            colour = torch.tensor([spec.index / 255 for spec in specs])
            return colour.view(-1, 1, 1, 1, 1).expand(-1, 3, len(times), height, width)

        fake = ModuleType("mutoscope.world.render")
        vars(fake)["render"] = render
        monkeypatch.setitem(sys.modules, "mutoscope.world.render", fake)

    def rows(self, folder: Path) -> list[dict]:
        return [json.loads(line) for line in (folder / "captions.jsonl").read_text().splitlines()]

    def test_pictures_and_captions(self, here, capsys):
        assert main("data render --count 20 --size 32 --out d --start 5".split()) == 0
        assert capsys.readouterr().out == "d\n"
        rows = self.rows(here / "d")
        assert [row["facts"]["index"] for row in rows] == list(range(5, 25))
        assert set(rows[0]) == {"file", "captions", "facts", "source", "licence"} and len(rows[0]["captions"]) > 1
        assert read_pixels(here / "d" / rows[2]["file"])[0, 0].tolist() == [7, 7, 7]

    def test_goes_on_where_it_stopped(self, here, capsys):
        assert main("data render --count 4 --size 32 --out d".split()) == 0
        (here / "d" / "0000001.png").unlink()  # lost
        with (here / "d" / "captions.jsonl").open("a") as stream:
            stream.write('{"file": "0000004.png", "fac')  # cut off by a crash
        self.rendered.clear()
        assert main("data render --count 6 --size 32 --out d".split()) == 0
        assert self.rendered == [1, 4, 5]
        assert sorted(row["facts"]["index"] for row in self.rows(here / "d")) == list(range(6))

    def test_other_settings_need_another_folder(self, here, capsys):
        assert main("data render --count 1 --size 32 --out d".split()) == 0
        capsys.readouterr()
        assert main("data render --count 1 --size 64 --out d --seed 2".split()) == 2
        assert "width, height, seed" in one_line(capsys)

    def test_clips(self, here):
        assert main("data render --count 12 --size 32 --clips --frames 5 --fps 10 --out d".split()) == 0
        assert read_info(here / "d" / "0000000.mp4")["frames"] == 5
        assert main("data render --count 12 --size 32 --out p".split()) == 0
        cameras = {kind: {row["facts"]["camera"] for row in self.rows(here / kind)} for kind in "dp"}
        assert len(cameras["d"]) > 1 and cameras["p"] == {"still"}  # only what moves has a camera that moves

    def test_held_out_combinations(self, here):
        from mutoscope.world.spec import is_held_out

        assert main("data render --count 5 --size 32 --held-out --out d".split()) == 0
        for row in self.rows(here / "d"):
            assert is_held_out(*(row["facts"][name] for name in ("scene", "light", "style")))

    @pytest.mark.parametrize("device", ["cuda:99", "toaster"])
    def test_a_device_that_is_not_there(self, here, capsys, device):
        assert main(f"data render --count 1 --out d --device {device}".split()) == 2
        assert device in one_line(capsys) and not (here / "d").exists()

    def test_batches_stay_small(self):
        assert data_folder.Scenery(32, 32).batch == 16 and data_folder.Scenery(512, 512, frames=60).batch == 1


class TestWords:
    def test_printable(self):
        text = console.printable("[/foo] \x1b[31m \u202e \n \ud800 h\u00f6\u00f6 \u6e56")
        assert text == "[/foo] \\x1b[31m \\u202e \\n \\ud800 h\u00f6\u00f6 \u6e56"

    def test_slug(self):
        assert naming.slug("Caf\u00e9 am See, 7 Uhr") == "cafe-am-see-7-uhr"
        assert naming.slug("\u6e56") == "picture" and naming.slug("../../etc") == "etc"
        assert len(naming.slug("word " * 100)) <= naming.MAX_SLUG_LETTERS

    @pytest.mark.parametrize(("words", "seconds"), [("90s", 90), ("60m", 3600), ("1h30m", 5400), ("0.5h", 1800)])
    def test_budget(self, words, seconds):
        assert arguments.read_budget(words) == seconds

    def test_size(self):
        assert arguments.read_size("64") == {"width": 64, "height": 64}
        assert arguments.ask_size("64", None, None) == {"size": "64x64"}
        assert arguments.ask_size(None, 64, None) == {"width": 64}
        with pytest.raises(SizeError):
            arguments.ask_size("64", 64, None)

    def test_seed(self):
        assert arguments.read_seed("+3", 2**32 - 1) == 2 and arguments.read_seed("7") == 7
        assert arguments.read_seed("-1") != arguments.read_seed(None)
        with pytest.raises(SettingError):
            arguments.read_seed("+x", 4)

    def test_variation(self):
        read = arguments.read_variation
        assert read(None, None) == {} and read(0.0, None) == {"variation": 0.0, "variation_seed": 0}
        assert read(0.2, "7") == {"variation": 0.2, "variation_seed": 7}
        assert read(0.4, None, 0.2, 7) == {"variation": 0.4, "variation_seed": 7}  # on in the same direction
        assert read(None, "+1", 0.2, 7) == {"variation": 0.2, "variation_seed": 8}
        assert read(0.2, None)["variation_seed"] != read(0.2, "-1")["variation_seed"]
        with pytest.raises(SettingError, match=r"--vary 0\.2"):
            read(None, "7")


def cpu_seconds(command: list[str]) -> float:
    """Return the processor time of a command: other work on the machine lengthens it little."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class TestProcess:
    """What only a process of its own can show."""

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "mutoscope", *words]

    def start(self, *words: str, **more: Any) -> subprocess.Popen:
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), **more.pop("env", {})}
        return subprocess.Popen(
            self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, **more
        )

    def test_help_is_quick_and_imports_nothing_heavy(self):
        code = (
            "import sys, mutoscope.cli; mutoscope.cli.main(['--help']); "
            "print([n for n in ('numpy', 'PIL', 'torch', 'onnxruntime', 'av', 'pydantic', 'rich') if n in sys.modules])"
        )
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        shown = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        assert shown.stdout.endswith("[]\n")
        assert self.start("--help").communicate()[0].startswith(b"Usage: mutoscope")
        parser = [sys.executable, "-c", "import typer.main"]
        ours, theirs = (min(cpu_seconds(command) for _ in range(3)) for command in (self.command("--help"), parser))
        assert ours < max(0.3, 3 * theirs), (ours, theirs)  # 2.3 times on an idle machine

    def test_nobody_reads(self, tmp_path):
        process = self.start("image", "-h", stdin=subprocess.DEVNULL)
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        process.wait()
        error = process.stderr.read()
        process.stderr.close()
        assert process.returncode == 141 and error == b""

    def test_ctrl_c_leaves_no_half_file(self, tmp_path):
        code = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts in the background ignore it
from mutoscope import models
from mutoscope.capabilities import Capabilities
from mutoscope.cli import main
class Slow:
    capabilities = Capabilities("slow", "f" * 16)
    def draw(self, request, init_image=None, preview=False):
        print("drawing", flush=True)
        time.sleep(30)
        yield
models.open_engine = lambda *given: Slow()
sys.argv = ["mutoscope", "image", "lake", "-o", "lake.png"]
sys.exit(main())
"""
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        process = subprocess.Popen(
            [sys.executable, "-c", code], env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None and process.stdout.readline() == b"drawing\n"
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=20)
        assert process.returncode == 130 and error == b"mutoscope: stopped\n" and list(tmp_path.iterdir()) == []

    def test_a_terminal_without_unicode(self):
        process = self.start(
            "imag\u00e9", env={"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
        )
        _, error = process.communicate()
        assert process.returncode == 2 and b"Traceback" not in error and error.count(b"\n") == 1

    def test_wrong_words(self):
        process = self.start("image", "lake", "--sede", "3")
        out, error = process.communicate()
        assert process.returncode == 2 and out == b"" and b"'--seed'" in error and error.count(b"\n") == 1


def test_bars_on_a_terminal(monkeypatch):
    """On a terminal each phase has a bar, markup in messages is text, and everything is gone at the end."""
    import io

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")

    def job():
        yield Event("load", 1, 1, message="[/foo] \x1b[31mred")
        yield Event("draw", 1, 2, seconds_left=3.0)
        yield Event("done", 2, 2, result="picture")

    assert console.watch(job()) == "picture"
    shown = screen.getvalue()
    assert "load" in shown and "draw" in shown and "[/foo] \\x1b[31mred" in shown and "3 s left" in shown


def test_every_command_is_listed_with_its_file():
    """The list of app.py says where each command is, so that one command loads one file."""
    groups = (app.MODULES, app.MODELS_MODULES, app.ADAPTERS_MODULES, app.DATA_MODULES, app.TRAIN_MODULES)
    listed = {pair for modules in groups for pair in modules.items()}  # groups have commands of the same name
    files = sorted(path.stem for path in Path(app.__file__).parent.glob("*.py") if path.stem != "__init__")
    modules = {name: import_module(f"mutoscope.cli.{name}") for name in files}
    held = {(command, name) for name, module in modules.items() for command in getattr(module, "COMMANDS", ())}
    assert listed == held


def test_the_page_is_current():
    """docs/cli.md is what the commands say of themselves."""
    page = ROOT / "docs" / "cli.md"
    assert page.read_text("utf-8") == reference(), "run: python -m mutoscope.cli.reference > docs/cli.md"


def test_checkpoint_facts_and_request_are_told_apart(tmp_path):
    """A request that is no JSON is a MediaError that names the file."""
    with pytest.raises(MediaError, match=r"a\.png: the request inside is damaged"):
        files.read_json("{", tmp_path / "a.png")
