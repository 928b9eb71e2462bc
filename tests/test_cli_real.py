"""The command line with real (tiny) models: every command does its work, every wrong word or broken thing is one line."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mutoscope.checkpoint import open_checkpoint
from mutoscope.cli import main
from mutoscope.media import read_info, read_pixels
from mutoscope.prompt.request import Request

ROOT = Path(__file__).parent.parent
QUICK = ("--size", "32", "--steps", "2", "--threads", "1")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def model(tiny_checkpoint: Path) -> tuple[str, str]:
    return "--model", str(tiny_checkpoint)


def one_line(capsys: pytest.CaptureFixture) -> str:
    """Return the complaint; there must be nothing but this one line."""
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith("mutoscope: ") and shown.err.count("\n") == 1, shown
    assert "mistake in Mutoscope" not in shown.err and len(shown.err) < 2100
    return shown.err


class TestCommands:
    def test_image_info_redo(self, here: Path, model, capsys):
        assert main(["image", "a lake and a zyxgloop", "--seed", "7", "-o", "a.png", *QUICK, *model]) == 0
        shown = capsys.readouterr()
        assert shown.out == "a.png\n" and "'zyxgloop'" in shown.err and shown.err.count("\n") == 1
        assert main(["info", "--json", "a.png"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["request"]["model"] == "mutoscope-tiny" and facts["ai_marking"] and facts["width"] == 32
        assert main(["redo", "a.png", "-o", "b.png", *model]) == 0
        assert np.array_equal(read_pixels(here / "a.png"), read_pixels(here / "b.png"))
        assert main(["redo", "a.png", "--seed", "+1", "-o", "c.png", *model]) == 0
        assert not np.array_equal(read_pixels(here / "a.png"), read_pixels(here / "c.png"))

    def test_image_to_image_and_redo(self, here: Path, model, capsys):
        assert main(["image", "a lake", "--seed", "7", "-o", "lake.png", *QUICK, *model]) == 0
        words = ["--image", "lake.png", "--strength", "0.6", "--seed", "1"]
        assert main(["image", "a meadow", *words, "-o", "a.png", "--steps", "3", "--threads", "1", *model]) == 0
        request = Request.from_json(read_info(here / "a.png")["request_json"])
        assert (request.strength, request.width, len(request.image_hash)) == (0.6, 32, 16)
        assert main(["redo", "a.png", "--image", "lake.png", "-o", "b.png", *model]) == 0
        assert (here / "a.png").read_bytes() == (here / "b.png").read_bytes()
        capsys.readouterr()
        for words, said in (([], "give the same one with --image"), (["--image", "a.png"], "is not the one")):
            assert main(["redo", "a.png", "-o", "c.png", *words, *model]) == 2
            assert said in one_line(capsys)
        assert not (here / "c.png").exists()

    def test_a_mask_keeps_the_rest(self, here: Path, model, capsys):
        assert main(["image", "a lake", "--seed", "7", "-o", "lake.png", *QUICK, *model]) == 0
        white = np.zeros((32, 32), np.uint8)
        white[:, 26:] = 255
        Image.fromarray(white).save("mask.png")
        words = ["--image", "lake.png", "--mask", "mask.png", "--steps", "2", "--threads", "1"]
        assert main(["image", "a meadow", *words, "-o", "a.png", *model]) == 0
        before, after = (read_pixels(here / name) for name in ("lake.png", "a.png"))
        assert np.array_equal(before[:, :18], after[:, :18]) and not np.array_equal(before[:, 26:], after[:, 26:])

    def test_a_clip_that_starts_from_a_picture(self, here: Path, model, capsys):
        assert main(["image", "a lake", "--seed", "7", "-o", "lake.png", *QUICK, *model]) == 0
        words = ["--frames", "5", "--steps", "1", "--threads", "1"]
        assert main(["video", "waves", "--image", "lake.png", "-o", "a.gif", *words, *model]) == 0
        assert read_info(here / "a.gif")["width"] == 32
        assert main(["redo", "a.gif", "--image", "lake.png", "-o", "b.gif", *model]) == 0
        assert (here / "a.gif").read_bytes() == (here / "b.gif").read_bytes()

    def test_redo_varies(self, here: Path, model, capsys):
        assert main(["image", "a lake", "--seed", "7", "-o", "a.png", *QUICK, *model]) == 0
        for name, words in (("none", "--vary 0"), ("some", "--vary 0.2 --vary-seed 8"), ("all", "--vary 1 --vary-seed 8"),
                            ("other", "--seed +1")):  # fmt: skip
            assert main(["redo", "a.png", *words.split(), "-o", f"{name}.png", *model]) == 0
        assert (here / "none.png").read_bytes() == (here / "a.png").read_bytes()
        assert np.array_equal(read_pixels(here / "all.png"), read_pixels(here / "other.png"))
        assert main(["redo", "some.png", "--vary", "0.4", "-o", "more.png", *model]) == 0
        seeds = [
            json.loads(read_info(here / f"{name}.png")["request_json"])["variation_seed"] for name in ("some", "more")
        ]
        assert seeds == [8, 8]  # on in the same direction

    def test_video_and_redo(self, here: Path, model, capsys):
        assert main(["video", "waves", "--seconds", "0.5", "--seed", "1", "-o", "a.mp4", *QUICK, *model]) == 0
        assert read_info(here / "a.mp4")["frames"] == 6
        assert main(["redo", "a.mp4", "-o", "b.mp4", *model]) == 0
        assert (here / "a.mp4").read_bytes() == (here / "b.mp4").read_bytes()

    @pytest.mark.parametrize(("command", "ending"), [("image", "png"), ("video", "gif")])
    def test_three_at_once_and_each_again_alone(self, here: Path, model, capsys, command: str, ending: str):
        more = ["--frames", "5"] if command == "video" else []
        assert main([command, "a lake", "-n", "3", "-o", f"a.{ending}", *more, *QUICK, *model]) == 0
        assert capsys.readouterr().out.split() == [f"a-{i}.{ending}" for i in range(3)]
        assert main(["redo", f"a-2.{ending}", "-o", f"again.{ending}", *model]) == 0
        assert np.array_equal(read_pixels(here / f"a-2.{ending}"), read_pixels(here / f"again.{ending}"))
        assert not np.array_equal(read_pixels(here / f"a-0.{ending}"), read_pixels(here / f"a-2.{ending}"))

    def test_demo(self, here: Path, model, capsys):
        assert main(["demo", "--threads", "1", *model]) == 0
        assert read_info(here / "outputs/lake_sunset.png")["width"] == 256
        assert read_info(here / "outputs/beach_waves.mp4")["duration_seconds"] == 5.0

    def test_info_of_a_checkpoint(self, tiny_checkpoint: Path, capsys):
        assert main(["info", "--json", str(tiny_checkpoint)]) == 0
        facts = json.loads(capsys.readouterr().out)
        checkpoint = open_checkpoint(tiny_checkpoint)
        assert facts["preset"] == "tiny" and facts["licence"] == "Apache-2.0" and facts["hash"] == checkpoint.hash
        assert facts["known_words"] == len(checkpoint.known_words)

    def test_doctor(self, model, capsys):
        assert main(["doctor", *model]) == 0
        shown = capsys.readouterr().out
        assert "mutoscope-tiny, preset tiny" in shown and "(10 files checked)" in shown

    def test_styles(self, here: Path, model, capsys):
        assert main(["styles", "--json"]) == 0
        for style in list(json.loads(capsys.readouterr().out))[:2]:
            assert main(["image", "a lake", "--style", style, "-o", "a.png", *QUICK, *model]) == 0

    def test_a_sheet_of_styles(self, here: Path, model, capsys):
        words = "-o s.png --size 32x32 --steps 1 --json".split()
        assert main(["styles", "--sheet", "a (lake:1.2)", *words, *model]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert len(facts["styles"]) == 16 and facts["prompt"] == "a (lake:1.2)" and facts["not_known"] == []
        from PIL import Image

        with Image.open("s.png") as sheet:
            assert sheet.width > 4 * 300 and sheet.height > 4 * 300  # small pictures are shown large

    def test_a_style_of_ones_own_and_back(self, here: Path, model, capsys, monkeypatch):
        (here / "styles.toml").write_text('[mine]\nwords = "a lake at noon"\n')
        monkeypatch.setenv("MUTOSCOPE_CONFIG", str(here))
        words = ["image", "{a|b} (lake)", "--style", "mine:0.5, -photo", "-n", "3", "-o", "a.png", *QUICK, *model]
        assert main(words) == 0
        (here / "styles.toml").unlink()
        for n in range(3):
            assert main(["redo", f"a-{n}.png", "-o", "b.png", *model]) == 0
            assert Path("b.png").read_bytes() == Path(f"a-{n}.png").read_bytes()
        assert main(["redo", "a-0.png", "-o", "b.png", "--style", "anime", *model]) == 0
        capsys.readouterr()

    def test_render_train_export_draw(self, here: Path, capsys):
        assert main("data render --count 6 --size 64 --out world/pictures --quiet".split()) == 0
        assert main("data render --count 2 --size 64 --clips --frames 5 --out world/clips --quiet".split()) == 0
        for stage in ("codec", "clip", "image", "video"):
            words = f"train {stage} --preset tiny --data world --out run --budget 10m --batch 4 --set samples=4 --quiet"
            assert main(words.split()) == 0
        assert len(list((here / "run/previews").iterdir())) == 3
        capsys.readouterr()
        assert main("export run --out mine --name mine --card card.md".split()) == 0
        assert capsys.readouterr().out == "mine\ncard.md\n"
        assert (here / "card.md").read_text().startswith("# Model card: mine\n")
        assert main(["image", "a lake", "--model", "mine", "-o", "a.png", *QUICK]) == 0
        assert main("doctor --model mine".split()) == 0

    def test_torch_runtime(self, here: Path, model):
        words = ["image", "a lake", "--seed", "1", *QUICK, *model]
        assert main([*words, "-o", "a.png", "--runtime", "torch"]) == main([*words, "-o", "b.png"]) == 0
        difference = read_pixels(here / "a.png").astype(int) - read_pixels(here / "b.png")
        assert abs(difference).max() <= 2


class TestWrongWords:
    """One line, exit code 2, nothing written, and no weights read."""

    @pytest.fixture(autouse=True)
    def no_weights(self, monkeypatch: pytest.MonkeyPatch):
        def refuse(path: Path) -> bytes:
            raise AssertionError(f"{path} was read")

        monkeypatch.setattr("mutoscope.checkpoint.read_weights", refuse)

    CASES = [
        "--size 0", "--size -8", "--size 129", "--size 100000", "--size 0x0", "--width 0", "--height -8", "--width 129",
        "--width 100000", "--guidance nan", "--guidance inf", "--guidance -1", "--guidance 1e30", "--steps 0", "--steps -1",
        "--steps 100000", "--seed -5", "--seed 99999999999", "--style watercolr", "--style", "--sizes 64", "--zzz", "-n 0",
        "-n 65", "-n many", "-o nowhere/a.png", "-o a.xyz", "-o a", "-o a.mp4", "--threads 0", "--runtime gpu",
    ]  # fmt: skip

    @pytest.mark.parametrize("words", CASES)
    def test_image(self, here: Path, model, capsys, words: str):
        assert main(["image", "a lake", *model, *words.split()]) == 2
        assert one_line(capsys)
        assert not any(path.is_file() for path in here.rglob("*"))

    @pytest.mark.parametrize(
        "words",
        [
            "--seconds -1", "--seconds 0", "--seconds nan", "--seconds 1e9", "--seconds 301 --fps 10", "--fps 0", "--fps 61",
            "--frames 1", "--frames -5", "--frames 100000", "--frames 5 --seconds 1", "-o a.png", "-n 0", "--steps 0",
        ],
    )  # fmt: skip
    def test_video(self, here: Path, model, capsys, words: str):
        assert main(["video", "waves", *model, *words.split()]) == 2
        assert one_line(capsys)

    @pytest.mark.parametrize("prompt", ["", " ", "x" * 100_000, "a\0b", "\ud800", "lake \udfff"], ids=range(6))
    @pytest.mark.parametrize("command", ["image", "video"])
    def test_prompts(self, here: Path, model, capsys, command: str, prompt: str):
        assert main([command, prompt, *model]) == 2
        assert "prompt" in one_line(capsys)

    def test_runtimes_and_threads(self, here: Path, model, capsys):
        for words, said in (("--threads 0", "threads must be a whole number from 1 to 1024, got 0"), ("--threads 1025", "got 1025"),
                            ("--runtime onx", "did you mean 'onnx'")):  # fmt: skip
            assert main(["image", "a lake", *words.split(), *model]) == 2
            assert said in one_line(capsys)

    def test_nearest_names(self, here: Path, capsys):
        for words, near in (("image a --style watercolr", "'watercolor'"), ("image a --sede 1", "'--seed'"),
                            ("imgae a", "'image'"), ("image a -o a.pgn", "'.png'")):  # fmt: skip
            assert main(words.split()) == 2
            assert near in one_line(capsys)

    def test_a_read_only_folder(self, here: Path, model, capsys, monkeypatch):
        (here / "locked").mkdir(mode=0o555)
        if os.access(here / "locked", os.W_OK):  # root may write everywhere
            real = os.access
            monkeypatch.setattr(os, "access", lambda p, mode, **kw: "locked" not in str(p) and real(p, mode, **kw))
        assert main(["image", "a lake", "-o", "locked/a.png", *model]) == 2
        assert "read-only" in one_line(capsys)

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("export nowhere --out mine", "nowhere"), ("export", "missing RUN"), ("export .", "missing --out"),
            ("export . --out mine --card card.txt", ".md"), ("export . --out mine --name A/B", "--name"),
            ("export . --out nowhere/mine", "nowhere"), ("train codec --data . --out run", "captions.jsonl"),
            ("train codec --data . --out run --set rates=1", "'rate'"), ("train codec --data . --out run --batch 0", "batch"),
            ("train codec --data . --out run --set rate=-1", "rate"), ("data render --out d --size 129", "128"),
            ("data render --out d --style watercolour --count 1", "watercolor"),
        ],
    )  # fmt: skip
    def test_other_commands(self, here: Path, capsys, words: str, expected: str):
        assert main(words.split()) == 2
        assert expected in one_line(capsys)


class TestBroken:
    """Not the request's fault: one line and exit code 1."""

    @pytest.mark.parametrize(
        "file", ["weights.safetensors", "tokenizer.json", "config.json", "graphs/text.onnx", "graphs/velocity.onnx"]
    )
    @pytest.mark.parametrize("damage", ["cut", "edited", "gone"])
    def test_checkpoints(self, here: Path, copied_checkpoint: Path, capsys, file: str, damage: str):
        path = copied_checkpoint / file
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.unlink() if damage == "gone" else path.write_bytes(data if damage == "edited" else data[: len(data) // 2])
        for words in (["image", "a lake", "-o", "a.png"], ["video", "waves", "-o", "a.mp4"]):
            code = main([*words, *QUICK, "--model", str(copied_checkpoint)])
            assert code == (2 if (file, damage) == ("config.json", "gone") else 1), "a folder without it is no model"
            assert file in one_line(capsys)
        assert main(["doctor", "--model", str(copied_checkpoint)]) == 1
        assert file in capsys.readouterr().out
        assert list(here.iterdir()) == []

    def test_no_checkpoint(self, here: Path, capsys):
        for folder in ("nowhere", "."):
            assert main(["image", "a lake", "-o", "a.png", "--model", folder]) == 2
            assert one_line(capsys)
            assert main(["info", folder]) == 2
            assert one_line(capsys)

    @pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.mp4", "a.gif", "a.webm"])
    def test_a_full_disk_leaves_nothing(self, here: Path, model, capsys, monkeypatch, name: str):
        def full(handle):
            raise OSError(errno.ENOSPC, "No space left on device")

        moves = name.endswith((".mp4", ".gif", ".webm"))
        words = ["video", "waves", "--frames", "5"] if moves else ["image", "a lake"]
        monkeypatch.setattr(os, "fsync", full)
        assert main([*words, "-o", name, *QUICK, *model]) == 1
        assert "the disk is full" in one_line(capsys)
        assert list(here.iterdir()) == []

    def test_the_systems_own_full_device(self, tmp_path: Path, model):
        """/dev/full says what a full disk says."""
        if not Path("/dev/full").exists():
            pytest.skip("this system has no /dev/full")
        code = f"""
import sys
from mutoscope.cli import main
import mutoscope.media.storage as storage
real = open
def small(path, mode="r", *more, **named):
    return real("/dev/full", "wb", buffering=0) if "x" in mode else real(path, mode, *more, **named)
storage.open = small
sys.exit(main(["image", "a lake", "-o", "a.png", *{QUICK!r}, *{model!r}]))
"""
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and "the disk is full" in done.stderr and done.stderr.count("\n") == 1, done.stderr
        assert list(tmp_path.glob("*.png")) == []

    @pytest.mark.parametrize("change", [b'"seed":1', b'"prompt":"a lake"'])
    def test_an_edited_file(self, here: Path, model, capsys, change: bytes):
        assert main(["image", "a lake", "--seed", "1", "-o", "a.png", *QUICK, *model]) == 0
        capsys.readouterr()
        data = (here / "a.png").read_bytes()
        assert change in data
        (here / "a.png").write_bytes(data.replace(change, b"\xff" * len(change)))
        assert main(["redo", "a.png", "-o", "b.png", *model]) in (1, 2)
        assert "a.png" in one_line(capsys)

    def test_a_request_of_another_time(self, here: Path, model, capsys):
        """An unknown key inside of a file is told, not ignored."""
        from mutoscope.media import Provenance, write_picture

        values = {**json.loads(Request("a lake", model="x").to_json()), "colour": "red"}
        picture = np.zeros((32, 32, 3), np.uint8)
        write_picture(picture, here / "a.png", Provenance(json.dumps(values), None, "Mutoscope", True))
        assert main(["redo", "a.png", *model]) == 2
        assert "'colour'" in one_line(capsys)


def test_a_clean_process(tiny_checkpoint: Path, tmp_path: Path):
    """A process of its own: only the file on stdout, nothing on stderr, no torch."""
    code = "import sys; sys.modules['torch'] = None; from mutoscope.cli import main; sys.exit(main(sys.argv[1:]))"
    words = ["image", "a lake", "-o", "a.png", "--model", str(tiny_checkpoint), *QUICK]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "a.png\n", "")
