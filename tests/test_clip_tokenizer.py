"""Our byte pairs of CLIP give the ids that transformers gives."""

import importlib
import importlib.util
import json
import random
from pathlib import Path
from typing import Any

import pytest

from mutoscope.engines.onnx_folder.clip_tokenizer import END, START, ClipTokenizer, byte_letters
from mutoscope.errors import CheckpointError

MERGES = [
    ("a", "l"), ("l", "a"), ("la", "k"), ("lak", "e</w>"), ("t", "h"), ("th", "e</w>"), ("'", "s</w>"), ("!", "!</w>"),
    ("!", "!"), ("s", "u"), ("su", "n"), (",", ",</w>"), ("e", "r</w>"), ("|", ">"), ("|", "></w>"), ("<", "|</w>"),
]  # fmt: skip
LETTERS = byte_letters()
PIECES = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), *map("".join, MERGES), START, END]
VOCABULARY = {piece: number for number, piece in enumerate(dict.fromkeys(PIECES))}
TEXTS = [
    "a lake at sunset, the lake's mirror", "It'S 1984!! don't we'll I'd", "  tabs\tand\nlines\u00a0x\u3000y\x85z\x1c q ",
    "café e\u0301é naïve ÉÀ İstanbul ΣΑΣ ß ǅ", "日本語の 風景 🏔️👩‍🚀 emoji!!", "<|endoftext|> x<|STARTOFTEXT|>!! <|endoftext|>!",
    "½ ² ٣ Ⅷ 12345", "''s ''ll '' ' 'dog", "a_b-c...d;:,,,", "", "!", "!!!", "\u200b zero\u200dwidth \ufeff", " x" * 200,
]  # fmt: skip


@pytest.fixture(params=[END, "!"], ids=["sd", "sdxl"])
def pad(request: pytest.FixtureRequest) -> str:
    return request.param


def test_equals_transformers(pad: str, tmp_path: Path):
    if importlib.util.find_spec("transformers") is None:
        pytest.skip("needs transformers")
    CLIPTokenizer: Any = importlib.import_module("transformers").CLIPTokenizer
    theirs = CLIPTokenizer(vocab=VOCABULARY, merges=MERGES, pad_token=pad, model_max_length=100_000)
    theirs.save_pretrained(tmp_path)
    own = ClipTokenizer.load(tmp_path)
    assert (own.start, own.end, own.pad) == (theirs.bos_token_id, theirs.eos_token_id, theirs.pad_token_id)
    seeded = random.Random(3)
    letters = "abclakesunth  '!.,-|<>\t\n1²éΣİ日🏔\u0301\u1680\x1f\u2028drvm"
    made = ["".join(seeded.choices(letters, k=seeded.randrange(1, 60))) for _ in range(1500)]
    for text in [*TEXTS, *made]:
        ids = own.ids(text)
        assert ids == theirs(text).input_ids[1:-1], text
        if len(ids) <= 75:
            assert own.windows(ids) == [theirs(text, padding="max_length", max_length=77).input_ids]


def test_reads_the_files_of_older_folders(tmp_path: Path):
    (tmp_path / "vocab.json").write_text(json.dumps(VOCABULARY))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n" + "\n".join(map(" ".join, MERGES)) + "\n")
    (tmp_path / "special_tokens_map.json").write_text(json.dumps({"pad_token": "!", "bos_token": {"content": START}}))
    tokenizer = ClipTokenizer.load(tmp_path)
    assert tokenizer.pad == VOCABULARY["!"]
    assert tokenizer.ids("The lake") == [VOCABULARY["the</w>"], VOCABULARY["lake</w>"]]


def test_windows():
    tokenizer = ClipTokenizer(VOCABULARY, MERGES)
    assert [len(window) for window in tokenizer.windows([7] * 76)] == [77, 77]
    assert len(tokenizer.windows([7] * 75)) == len(tokenizer.windows([])) == 1
    assert tokenizer.windows([7])[0][:3] == [tokenizer.start, 7, tokenizer.end]


def test_damaged_files(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"tokenizer\.json: not the byte pairs"):
        ClipTokenizer.load(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"model": {"vocab": {"a": 0}, "merges": []}}')
    with pytest.raises(CheckpointError, match="the vocabulary lacks"):
        ClipTokenizer.load(tmp_path)
