"""Our WordPiece against the tokenizers library on the same tokenizer.json, and windows that lose nothing."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutoscope.errors import CheckpointError
from mutoscope.evaluate.prompt_sets import FREE_PROMPTS
from mutoscope.tokenizer import END, LONGEST_WORD, PAD, START, UNKNOWN, Tokenizer
from mutoscope.world.captions import caption
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.grammar import vocabulary

STRANGE = """
    Crème brûlée à la carte|naïve façade, Ångström|ÅNGSTRÖM|résumé|e\u0301te\u0301|ﬁne ﬂour|ﬀ|①②③|½ cup|x²|ΟΔΟΣ|Σίσυφος
    İstanbul|ISTANBUL ıi|STRASSE ẞ ß|Ǆ ǅ ǆ|Ωhm Ω K Å|Москва зимой|ёлка Ёлка|שלום עולם|مرحبا بالعالم|हिन्दी में|ไทย|한국어 풍경|日本の富士山
    山水画,水墨|a山b水c|𠮷野家|豈更車|﨎﨏﨑|カタカナ がぎぐ|｢全角｣ ＡＢＣ １２３|、。！？|sunset🌅over🏔️lake|
    👩‍👩‍👧‍👦 family|🇯🇵 flag|👍🏽|☀☁☂|™®©
    don't|fisherman's|fisherman’s|well-known|rock'n'roll|"quoted"|“curly”|‘single’|a—b–c|...|…|?!|a.b.c|3.14|1,000|50%|$5|€5|£5|a+b=c
    <b>bold</b>|a_b|a*b|a/b\\c|(round) [square] {curly}|~`@#^&|a\tb|a\nb|a\r\nb|a\u00a0b|a\u2003b|a\u3000b|a\u200bb|a\u200db|a\ufeffb
    a\x00b|a\x01b|a\x7fb|a\x85b|a\ufffdb|a\xadb|a\u2028b|a\u2029b|a\u202eb|\ue000|a\ue000b|\u0301|a\u0301\u0302\u0303|\u0378|a\u0378b
    o̶v̶e̶r̶|Z̸̢͝a̷l̵g̶o̷||,|,,,,|#|##|##lake|[unused1]|[ CLS ]|lake lake  lake   lake|LAKE Lake lAkE|camelCase|lakelakelake
    "" |' '|a' b'|--|---a|a---|１２|²|Ⅷ|ⅷ|ª º|µ μ|ſ|ŉ|ǰ|ΐ|և|ﬓ|ﬔ|ῖ|ῳ|ᾳ|Ἀ|ṡ|ẛ̣|가각힣|ㄱㅏ|〇|々|ー
""".replace("\n    ", "|").strip().split("|")  # fmt: skip
LONG = [
    "a" * LONGEST_WORD,
    "a" * (LONGEST_WORD + 1),
    "lake" * 25,
    "lake" * 26,
    "é" * 100,
    "é" * 101,
    "山" * 120,
    "." * 300,
]
LONG += ["x" * 99 + "é" + "y", "the " * 200, "-".join(["snow"] * 60), "e\u0301" * 60]
CAPTIONS = [caption(draw_spec(5, index), index) for index in range(200)]
TEXTS = [*STRANGE, *LONG, *CAPTIONS, *(text.upper() for text in CAPTIONS[:20]), *(text for text, _ in FREE_PROMPTS)]


def our_vocabulary() -> dict[str, int]:
    """Marks, letters of several scripts, their tails, and the words of every second caption word: some words split, some not."""
    letters = [chr(code) for code in (*range(33, 0x250), *range(0x370, 0x500), *range(0x3041, 0x30FF))]
    letters = [char for char in letters if unicodedata.category(char)[0] in "LNPS" and char == char.lower()]
    words = sorted(vocabulary())[::2]
    pieces = [
        PAD,
        UNKNOWN,
        START,
        END,
        *letters,
        *("##" + char for char in letters),
        "山",
        "水",
        "lake",
        "##lake",
        "##ing",
    ]
    return {piece: index for index, piece in enumerate(dict.fromkeys([*pieces, *words]))}


OURS = Tokenizer(our_vocabulary())


@pytest.fixture(scope="module")
def theirs():
    tokenizers = pytest.importorskip("tokenizers")
    return tokenizers.Tokenizer.from_str(OURS.to_json())


def test_there_are_enough_texts_and_all_kinds_of_ends():
    assert len(set(TEXTS)) >= 300
    known = [index for text in TEXTS for index in OURS.ids(text)]
    assert OURS.unknown in known and len(set(known)) > 350
    assert any(len(OURS.ids(word)) > 1 for text in CAPTIONS for word in OURS.words(text)), "some words are split"


def test_the_library_reads_our_file_and_gives_the_same_ids(theirs, tmp_path: Path):
    path = tmp_path / "tokenizer.json"
    path.write_text(OURS.to_json(), encoding="utf-8")
    back = Tokenizer.load(path)
    library = type(theirs).from_file(str(path))
    differ = [text for text in TEXTS if not back.ids(text) == OURS.ids(text) == library.encode(text).ids]
    assert not differ


WRITTEN = st.characters(max_codepoint=0x52F, exclude_categories=("Cs", "Mn", "Cn"))


@given(
    text=st.text(WRITTEN | st.sampled_from("山水富가ー、。🌅☀\u0301\u0308\u3000\u200b") | st.sampled_from(" aeiÉΣ'-,"))
)
def test_the_library_agrees_on_random_texts(theirs, text: str):
    assert OURS.ids(text) == theirs.encode(text).ids


def test_the_library_agrees_on_every_latin_greek_and_cyrillic_letter(theirs):
    letters = [chr(code) for code in range(0x20, 0x52F) if unicodedata.category(chr(code)) not in ("Cn", "Mn")]
    differ = [char for char in letters for text in (char, f"a{char}b", f"{char}{char.upper()}")
              if OURS.ids(text) != theirs.encode(text).ids]  # fmt: skip
    assert not differ


def test_a_prompt_cannot_write_a_special_token():
    """The one wanted difference from the library, which would take [SEP] in a prompt for the end of it."""
    ids = OURS.ids("[SEP] [CLS] a [PAD]b[UNK]")
    assert not {OURS.start, OURS.end, OURS.pad, OURS.unknown} & set(ids)


@given(text=st.text(st.sampled_from("ab lake,山é🌅 ")) | st.sampled_from(TEXTS), length=st.integers(3, 60))
def test_windows_fit_and_lose_no_token(text: str, length: int):
    windows = OURS.windows(text, length)
    assert all(len(window) <= length for window in windows)
    assert all(window[0] == OURS.start and window[-1] == OURS.end for window in windows)
    assert [index for window in windows for index in window[1:-1]] == OURS.ids(text)
    assert len(windows) == 1 or all(len(window) > 2 for window in windows), "no empty window"


def test_windows_cut_between_words_where_words_fit():
    text = " ".join(CAPTIONS[:20])
    words = [OURS.ids(word) for word in OURS.words(text)]
    for window in OURS.windows(text, 24):
        inside = window[1:-1]
        while inside:
            word = words.pop(0)
            assert inside[: len(word)] == word, "a word was cut"
            inside = inside[len(word) :]
    assert not words


def test_an_empty_text_is_one_window_of_start_and_end():
    for text in ("", "   ", "\u200b"):
        assert OURS.windows(text, 48) == [[OURS.start, OURS.end]]


def test_a_damaged_file_is_named(tmp_path: Path):
    path = tmp_path / "tokenizer.json"
    for content in (
        None,
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"model": {"vocab": [1]}}',
        b'{"model": {"vocab": {"a": "b"}}}',
    ):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"tokenizer\.json"):
            Tokenizer.load(path)


def test_a_vocabulary_without_special_pieces_is_refused():
    with pytest.raises(CheckpointError, match=r"lacks \[UNK\], \[SEP\]"):
        Tokenizer({PAD: 0, START: 1, "lake": 2})
