"""What people's folders hold: names, captions and pictures of all kinds are taken, or dropped with the reason; none is lost."""

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from hostile import data, scene
from mutoscope.cli import main
from mutoscope.data.buckets import around
from mutoscope.data.check import Demands, check
from mutoscope.data.collect import collect
from mutoscope.data.converting import as_png
from mutoscope.data.glance import glance
from mutoscope.data.items import LIMITS, open_item
from mutoscope.data.pack import Packing, pack
from mutoscope.data.rows import Rows
from mutoscope.errors import MediaError
from mutoscope.events import drain
from mutoscope.media import open_frames
from own_pictures import FEW

CAPTIONS = {
    "日本/湖.png": "夕暮れの湖", "عربي/بحيرة.png": "بحيرة عند الغروب", "русский/озеро.png": "озеро на закате", "한국.png": "해질녘 호수",
    "emoji 😀/🐸.png": "🐸 frog", "Ünï cödé.png": "Über den Flüßen", "hindi.png": "सूर्यास्त पर झील",
    "-dash.png": "a dash", "--out.png": "two dashes",
    "space .png": "a\tlake  with tabs", "html.png": "<b>a lake</b>", "lines.png": "one\r\ntwo\rthree",
}  # fmt: skip
ODD_CAPTIONS = {
    "rtl.png": ("a \u202elake\u202c\u200f", "a lake"), "twice.png": ("same\nsame", "same"), "empty.png": ("", "caption-missing"),
    "long.png": ("word " * 2000, "caption-long"), "nul.png": ("a\0lake", "caption-damaged"),
    "control.png": ("a \x07bell", "caption-damaged"),
    "surrogate.png": (b"a \xed\xa0\x80 lake", "caption-encoding"), "latin.png": (b"caf\xe9", "caption-encoding"),
}  # fmt: skip


def put(folder: Path, name: str, content: bytes, caption: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.with_suffix(".txt").write_bytes(caption.encode() if isinstance(caption, str) else caption)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures with captions in many scripts, of names that shells and consoles trip over; collected, checked and packed."""
    base = tmp_path_factory.mktemp("own")
    for number, (name, caption) in enumerate({**CAPTIONS, **{n: c for n, (c, _) in ODD_CAPTIONS.items()}}.items()):
        put(base / "set", name, data(scene(200 + number, 72, 72), "PNG"), caption)
    if os.name == "posix":
        put(base / "set", "new\nline.png", data(scene(260, 72, 72), "PNG"), "a name of two lines")
        put(base / "set", os.fsdecode(b"bad-\xff.png"), data(scene(261, 72, 72), "PNG"), "a name that is no text")
        (base / "set" / "round").symlink_to(base / "set")
    drain(collect(str(base / "set"), base / "mine", licence="CC0-1.0"))
    drain(check(base / "mine"))
    drain(pack(base / "mine", base / "packed", Packing(tuple(around(64)), shard=8)))
    return base


class TestNamesAndCaptions:
    def test_captions_come_through_whole(self, folder: Path):
        rows = {row["origin"]: row["captions"] for row in Rows(folder / "packed" / "64x64")}
        origins = {row["facts"]["origin"]: row["file"] for row in Rows(folder / "mine")}
        for name, caption in CAPTIONS.items():
            assert rows[origins[name]] == [" ".join(line.split()) for line in caption.splitlines()], name
        assert rows[origins["rtl.png"]] == ["a lake"] and rows[origins["twice.png"]] == ["same"]

    def test_kept_and_dropped_are_all(self, folder: Path):
        origins = {row["file"]: row["facts"]["origin"] for row in Rows(folder / "mine")}
        records = [json.loads(line) for line in (folder / "mine/check/items.jsonl").read_text("utf-8").splitlines()]
        pictures = [path for path in (folder / "set").rglob("*.png") if not path.is_dir()]
        assert len(records) == len(origins) == len(pictures)
        dropped = {origins[one["file"]]: one["reasons"][0][0] for one in records if not one["kept"]}
        assert dropped == {name: said for name, (_, said) in ODD_CAPTIONS.items() if said.startswith("caption")}
        packed = sum(len(Rows(path.parent)) for path in folder.glob("packed/*/captions.jsonl"))
        assert packed == len(records) - len(dropped)

    def test_a_name_is_one_line_of_the_console(self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        assert main(["data", "collect", str(folder / "set"), "--out", str(tmp_path / "again")]) == 0
        assert capsys.readouterr().out == f"{tmp_path / 'again'}\n"
        assert main(["data", "show", str(folder / "mine"), "--out", str(tmp_path / "sheet.png"), "--json"]) == 0
        shown = capsys.readouterr()
        assert json.loads(shown.out)["items"] == len(Rows(folder / "mine")) and "\x07" not in shown.err

    @pytest.mark.timeout(120)
    @pytest.mark.usefixtures("one_thread")
    def test_a_model_of_them_draws_and_says_what_it_is(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        pytest.importorskip("torch")
        from mutoscope.train import run

        for stage in ("codec", "clip", "image"):
            drain(run(stage, preset_name="tiny", data=folder / "packed", out=tmp_path / "run", overrides=FEW))
        assert main(["export", str(tmp_path / "run"), "--out", str(tmp_path / "model"), "--name", "folk"]) == 0
        model = str(tmp_path / "model")
        words = ["image", "夕暮れの湖 🐸", "--model", model, "--size", "32x32", "--steps", "2", "--threads", "1"]
        assert main([*words, "-o", str(tmp_path / "湖.png")]) == 0 and (tmp_path / "湖.png").stat().st_size > 500
        capsys.readouterr()
        assert main(["info", "--json", model]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (
            "озеро" in told["words_of_its_captions"]
            and told["known_words"] == told["words_of_its_captions"].count(",") + 1
        )
        assert main(["card", model, "--out", str(tmp_path / "card.md")]) == 0
        page = (tmp_path / "card.md").read_text("utf-8")
        assert "| licence | CC0-1.0 |" in page and f"| known words | {told['known_words']} |" in page


def tiff(values: np.ndarray, order: str) -> bytes:
    """Return a grey TIFF of one strip, its numbers as they are, in either order of bytes."""
    end = "<" if order == "II" else ">"
    strip, height, width = values.astype(values.dtype.newbyteorder(end)).tobytes(), *values.shape
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    tags = [(256, width), (257, height), (258, 8 * values.itemsize), (259, 1), (262, 1), (273, 8), (277, 1), (278, height),
            (279, len(strip)), (339, kind)]  # fmt: skip
    rows = b"".join(struct.pack(f"{end}HHII", tag, 4, 1, value) for tag, value in tags)
    head = order.encode() + struct.pack(f"{end}HI", 42, 8 + len(strip))
    return head + strip + struct.pack(f"{end}H", len(tags)) + rows + bytes(4)


class TestPictures:
    @pytest.mark.parametrize("order", ["II", "MM"])
    @pytest.mark.parametrize(("kind", "scale"), [("uint16", 257), ("float32", 1 / 255), ("float32", 1), ("int32", 257)])
    def test_a_scan_of_more_than_8_bits_is_what_it_shows(self, kind: str, scale: float, order: str):
        grey = np.array(scene(1, 40, 32).convert("L"))
        grey[0, 0] = 255
        content = as_png(tiff((grey.astype(float) * scale).astype(kind), order), LIMITS, "a.tif")
        _, frames = open_frames(content, LIMITS, "a.png")
        assert np.array_equal(next(iter(frames)), np.repeat(grey[..., None], 3, axis=2))

    def test_levels_that_no_picture_has_are_the_reason(self):
        with pytest.raises(MediaError, match=r"a\.tif cannot be read: its levels go from 0 to 70000; expected"):
            as_png(tiff(np.array([[0, 70_000]], np.int32), "II"), LIMITS, "a.tif")

    @pytest.mark.parametrize(
        ("name", "content", "reason"),
        [
            ("one.png", data(Image.new("RGB", (1, 1), "red"), "PNG"), "tiny"),
            ("line.png", data(Image.new("RGB", (1, 5000), "red"), "PNG"), "tiny"),
            ("phone.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200), "unreadable"),
            ("moving.avif", data(scene(3), "AVIF", save_all=True, append_images=[scene(4)]), "unreadable"),
        ],
    )
    def test_what_is_no_picture_to_train_on(self, tmp_path: Path, name: str, content: bytes, reason: str):
        put(tmp_path / "set", name, content, "a thing")
        put(tmp_path / "set", "good.png", data(scene(9), "PNG"), "a good one")
        drain(collect(str(tmp_path / "set"), tmp_path / "mine"))
        assert drain(check(tmp_path / "mine", Demands(max_unreadable=1.0)))["kept"] == 1
        lines = (tmp_path / "mine/check/items.jsonl").read_text("utf-8").splitlines()
        (dropped,) = (one for one in map(json.loads, lines) if not one["kept"])
        assert dropped["reasons"][0][0] == reason

    def test_a_phones_heic_is_passed_over_in_one_line(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        for number in range(3):
            put(tmp_path / "set", f"IMG_{number}.HEIC", b"\0\0\0\x18ftypheic", "a thing")
        put(tmp_path / "set", "good.png", data(scene(9), "PNG"), "a good one")
        assert main(["data", "collect", str(tmp_path / "set"), "--out", str(tmp_path / "mine")]) == 0
        assert "passed over: 3: .heic is not read; convert it to .png, .jpg, .webp or .mp4\n" in capsys.readouterr().err

    def test_turned_by_exif_in_every_format(self, tmp_path: Path):
        picture = scene(5, 96, 72).filter(ImageFilter.GaussianBlur(3))  # formats lose fine lines
        for kind in ("JPEG", "PNG", "WEBP", "AVIF", "TIFF"):
            exif = Image.Exif()
            exif[0x0112] = 6
            put(
                tmp_path / "set",
                f"{kind}.{kind.lower()}",
                data(picture, kind, exif=exif, quality=95),
                f"a {kind}",
            )
        drain(collect(str(tmp_path / "set"), tmp_path / "mine"))
        for row in Rows(tmp_path / "mine"):
            _, frames = open_item(tmp_path / "mine", row)
            turned = np.rot90(np.asarray(picture), -1).astype(int)
            assert np.abs(next(iter(frames)) - turned).mean() < 4, row["file"]


class TestSaid:
    def test_one_caption_file_among_classes(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """A lone text file makes captions of the files beside; the way to the folders' names is said, twice."""
        for number, name in enumerate(("cat", "dog", "frog")):
            (tmp_path / "set" / name).mkdir(parents=True)
            (tmp_path / "set" / name / "one.png").write_bytes(data(scene(number), "PNG"))
        (tmp_path / "set" / "cat" / "one.txt").write_text("a lonely cat")
        words = ["data", "collect", str(tmp_path / "set"), "--out"]
        assert main([*words, str(tmp_path / "beside")]) == 0
        assert "--kind class takes the names of folders" in capsys.readouterr().err
        assert main(["data", "check", str(tmp_path / "beside"), "--quiet"]) == 0
        assert (
            "2 have no caption: write it to NAME.txt beside NAME.png, or collect with --kind class"
            in capsys.readouterr().err
        )
        assert main([*words, str(tmp_path / "classes"), "--kind", "class"]) == 0
        assert {row["captions"][0] for row in Rows(tmp_path / "classes")} == {"cat", "dog", "frog"}

    def test_a_check_of_what_cannot_be_written_to(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        from mutoscope.media import storage

        real = os.access
        monkeypatch.setattr(storage.os, "access", lambda path, mode: mode != os.W_OK and real(path, mode))
        assert main(["data", "check", str(folder / "mine")]) == 2
        error = capsys.readouterr().err
        assert "cannot be written to, and the report goes into it; collect it to another folder first" in error
        assert "--out" not in error

    def test_sizes_that_differ_name_the_file_and_the_way(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        pytest.importorskip("torch")
        rows = []
        for number, side in enumerate((32, 64)):
            (tmp_path / f"{number}.png").write_bytes(data(scene(number, side, side), "PNG"))
            rows.append({"file": f"{number}.png", "captions": ["a thing"]})
        (tmp_path / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)))
        words = ["train", "codec", "--preset", "tiny", "--data", str(tmp_path), "--out", str(tmp_path / "run")]
        assert main([*words, "--set", "samples=8", "--batch", "2", "--quiet"]) == 2
        assert (
            "1.png is 64x64 and the first item is 32x32; one size a folder: mutoscope data pack"
            in capsys.readouterr().err
        )

    @pytest.mark.parametrize(
        ("words", "extra"),
        [(["train", "auto", "set", "--out", "run"], "export"), (["export", "set", "--out", "mine"], "export")],
    )
    def test_what_the_last_step_needs_is_missed_before_the_first(
        self,
        words: list[str],
        extra: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ):
        from mutoscope import device

        monkeypatch.chdir(tmp_path)
        (tmp_path / "set").mkdir()
        monkeypatch.setattr(device.importlib.util, "find_spec", lambda name: None if name == "onnxscript" else name)
        assert main(words) == 1
        assert (
            f"this needs onnxscript, which is not installed; run: pip install 'mutoscope[{extra}]'"
            in capsys.readouterr().err
        )

    def test_the_help_names_the_users_own_data(self, capsys: pytest.CaptureFixture[str]):
        assert main(["train", "codec", "--help"]) == 0
        assert "of mutoscope data pack, or data render" in " ".join(capsys.readouterr().out.split())


def test_a_folder_of_many_files_is_looked_at_in_a_moment(tmp_path: Path):
    """Some hundred files: what is said of them is right; docs and log hold the rate."""
    content = data(scene(1, 64, 64), "PNG")
    for number in range(400):
        (tmp_path / f"{number:03d}.png").write_bytes(content)
        (tmp_path / f"{number:03d}.txt").write_text(f"thing {number % 7}")
    seen = glance(str(tmp_path))
    assert (seen.pictures, seen.without_caption, len(seen.captions), seen.opened) == (400, 0, 7, 200)
