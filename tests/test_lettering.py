"""Words in pictures: drawn by a font that has them, else written another way; nothing is a box."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from hostile import data, scene
from mutoscope.cli import main
from mutoscope.media import lettering
from mutoscope.media.lettering import draw_line, line_width, spelled, without_font, wrap_lines

CAPTIONS = (
    "a lake at dawn", "Über den Flüßen, naïve café", "夕暮れの湖", "بحيرة عند الغروب", "🐸 frog", "해질녘 호수",
    "सूर्यास्त पर झील", "озеро на закате", "ทะเลสาบ", "a \x1b[31m\u202elake\udcff", "word" * 200,
)  # fmt: skip


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch):
    """A system without fonts."""
    forget()
    monkeypatch.setattr(lettering, "FONTS", ())
    yield
    forget()


def forget() -> None:
    for cached in (lettering._font_of, lettering._has, lettering._font):
        cached.cache_clear()


def drawn(text: str, width: int = 300, font: ImageFont.FreeTypeFont | ImageFont.ImageFont | None = None) -> np.ndarray:
    """Return a line drawn here, or by Pillow with one font."""
    page = Image.new("L", (width, 24), 255)
    pen = ImageDraw.Draw(page)
    if font is None:
        draw_line(pen, 2, 4, text, 0, 12)
    else:
        pen.text((2, 4), text, fill=0, font=font)
    return np.asarray(page)


def test_english_is_drawn_by_pillows_own_font():
    assert np.array_equal(drawn("a red ship, 2 frogs"), drawn("a red ship, 2 frogs", font=ImageFont.load_default(12)))


@pytest.mark.skipif(lettering._font("DejaVuSans", 12) is None, reason="the font is not there")
@pytest.mark.parametrize("text", ["naïve café", "озеро", "بحيرة عند الغروب", "אגם בשקיעה"])
def test_other_alphabets_are_drawn_by_a_font_that_has_them(text: str):
    assert spelled(text) == text and not without_font([text])
    assert np.array_equal(drawn(text), drawn(text, font=ImageFont.truetype("DejaVuSans", 12)))


@pytest.mark.usefixtures("no_fonts")
class TestWithoutFonts:
    @pytest.mark.parametrize(
        ("text", "written", "codes"),
        [
            ("naïve Café, Łódź, straße", "naive Cafe, Lodz, strasse", ""),
            ("a 🐸", "a :frog face:", ""),
            ("湖 a", r"\u6e56 a", "湖"),
            ("при́", r"\u043f\u0440\u0438\u0301", "при"),
            ("a\tb\x00\u202ec\udcff", "a b  c ", ""),
        ],
    )
    def test_letters_are_written_another_way(self, text: str, written: str, codes: str):
        assert spelled(text) == written == spelled(written) and without_font([text, text]) == codes

    def test_the_command_says_which(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        (tmp_path / "set").mkdir()
        (tmp_path / "set" / "a.png").write_bytes(data(scene(1), "PNG"))
        (tmp_path / "set" / "captions.jsonl").write_text(json.dumps({"file": "a.png", "captions": ["夕暮れの湖 café"]}))
        assert main(["data", "show", str(tmp_path / "set"), "--out", str(tmp_path / "sheet.png")]) == 0
        assert "no font of this system has 夕暮れの湖: the sheet shows codes for them" in capsys.readouterr().err


@pytest.mark.parametrize("text", CAPTIONS)
def test_lines_fit_and_lose_nothing_without_dots(text: str):
    lines = wrap_lines(text, 100, 400, 10)
    assert all(line_width(line, 10) <= 100 for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(spelled(text[: lettering.MAX_LETTERS]).split())
    few = wrap_lines(text, 100, 1, 10)
    assert (
        few == lines if len(lines) == 1 else (len(few) == 1 and few[0].endswith("…") and line_width(few[0], 10) <= 100)
    )


def test_heaps_of_marks_stay_in_their_line():
    one, many = (drawn("a x" + "\u0301" * count + " lake") for count in (lettering.MAX_MARKS, 300))
    assert np.array_equal(one, many)
    assert wrap_lines("", 100, 3, 10) == []
