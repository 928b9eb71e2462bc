"""The parameters that AUTOMATIC1111 and the programs after it write: read as they are, and turned into a command of ours."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from mutoscope.cli import main
from mutoscope.media import read_info
from mutoscope.prompt.parameters import Parameters, read_parameters, spell_command, write_parameters
from mutoscope.prompt.request import Request

# As the program writes it: prompts of several lines, settings with commas and colons inside quotes.
A1111 = """masterpiece, (best quality:1.4), a lake
with boats: two
Negative prompt: fog, (rain:1.2)
people
Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7.5, Seed: 965400086, Size: 500x768, Model hash: 6ce0161689, \
Lora hashes: "one: 1a2b, two: 3c4d", Version: v1.6.0"""


def test_every_part_is_read():
    found = read_parameters(A1111)
    assert found.prompt == "masterpiece, (best quality:1.4), a lake\nwith boats: two"
    assert found.negative_prompt == "fog, (rain:1.2)\npeople"
    assert found.settings == {
        "Steps": "20", "Sampler": "DPM++ 2M Karras", "CFG scale": "7.5", "Seed": "965400086", "Size": "500x768",
        "Model hash": "6ce0161689", "Lora hashes": "one: 1a2b, two: 3c4d", "Version": "v1.6.0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a lake", Parameters("a lake")),
        ("", Parameters("")),
        ("a lake: two boats, sky", Parameters("a lake: two boats, sky")),
        ("Negative prompt: fog\nSteps: 3", Parameters("", "fog", {"Steps": "3"})),
        ("a lake\nNegative prompt:\nSteps: 3", Parameters("a lake", "", {"Steps": "3"})),
        ("a lake\nSteps: 3, Note: \"never closed, Seed: 1", Parameters("a lake", "", {"Steps": "3", "Note": "never closed", "Seed": "1"})),
        ("a lake\nSteps: 3, and words without a colon", Parameters("a lake\nSteps: 3, and words without a colon")),
        ("Steps: to the lake", Parameters("", "", {"Steps": "to the lake"})),
    ],
)  # fmt: skip
def test_other_texts(text: str, expected: Parameters):
    assert read_parameters(text) == expected


def test_what_is_written_here_is_read_back():
    request = Request("a lake, (fog:1.2)", negative_prompt="rain, people", seed=7, width=192, num_inference_steps=9)
    found = read_parameters(write_parameters(request))
    assert (found.prompt, found.negative_prompt) == (request.prompt, request.negative_prompt)
    assert found.settings.items() >= {"Steps": "9", "Seed": "7", "Size": "192x128"}.items()


def test_the_command_holds_what_can_be_taken_over():
    words = shlex.split(spell_command(read_parameters(A1111)))
    assert words[:3] == ["mutoscope", "image", "masterpiece, (best quality:1.4), a lake with boats: two"]
    given = dict(zip(words[3::2], words[4::2], strict=True))
    assert given == {
        "--not": "fog, (rain:1.2) people", "--size": "496x768", "--steps": "20", "--guidance": "7.5", "--seed": "965400086",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"Size": "9999x1"}, ["--size", "2048x32"]),
        ({"Size": "wide", "Steps": "0", "Seed": "-1", "CFG scale": "much"}, []),
        ({"Seed": "99999999999999"}, []),
    ],
)
def test_settings_that_cannot_be_had_are_left_out(settings: dict[str, str], expected: list[str]):
    assert shlex.split(spell_command(Parameters("it's a lake", settings=settings))) == [
        "mutoscope",
        "image",
        "it's a lake",
        *expected,
    ]


def test_redo_of_another_program_says_how_to_draw_its_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tiny_checkpoint: Path
):
    """The command that `redo` names runs as it stands, and draws that prompt with that seed."""
    monkeypatch.chdir(tmp_path)
    notes = PngImagePlugin.PngInfo()
    notes.add_text("parameters", A1111.replace("500x768", "64x100").replace("Steps: 20", "Steps: 2"))
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save("theirs.png", pnginfo=notes)
    assert main(["info", "theirs.png"]) == 0
    assert "masterpiece" in capsys.readouterr().out
    assert main(["redo", "theirs.png"]) == 1
    complaint = capsys.readouterr().err
    assert complaint.startswith("mutoscope: theirs.png was made by another program")
    command = shlex.split(complaint[complaint.index("mutoscope image") :])
    assert main([*command[1:], "-o", "ours.png", "-q", "--model", str(tiny_checkpoint)]) == 0
    request = Request.from_json(read_info(tmp_path / "ours.png")["request_json"])
    assert (request.seed, request.num_inference_steps, request.width, request.height) == (965400086, 2, 64, 96)
    assert request.negative_prompt == "fog, (rain:1.2) people"
