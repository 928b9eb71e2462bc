"""The text tower against BERT written out in numpy from BERT's own weight names, and what MiniLM's weights know in it."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from mutoscope.config import ModelConfig, TextConfig, preset
from mutoscope.rng import stream
from mutoscope.text_encoder import TextTower, embed
from mutoscope.tokenizer import Tokenizer
from mutoscope.train import words

SIZES = TextConfig(vocabulary=20, width=24, depth=2, heads=3, hidden=40, window=9)
CONFIG = ModelConfig(text=SIZES)
KEPT = [17, 3, 4, 29, 8, 9, 1, 2, 0, 25, 26, 27, 5, 6, 7, 10, 11, 12, 13, 14]  # rows of BERT's table, in our order


def bert_weights() -> dict[str, np.ndarray]:
    """Random weights under the names of BERT's state dict, 30 words and 12 positions."""
    width, hidden = SIZES.width, SIZES.hidden
    shapes = {"embeddings.word_embeddings.weight": (30, width), "embeddings.position_embeddings.weight": (12, width),
              "embeddings.token_type_embeddings.weight": (2, width), "embeddings.LayerNorm.weight": (width,),
              "embeddings.LayerNorm.bias": (width,)}  # fmt: skip
    for i in range(SIZES.depth):
        layer = f"encoder.layer.{i}."
        linear = {"attention.self.query": (width, width), "attention.self.key": (width, width),
                  "attention.self.value": (width, width), "attention.output.dense": (width, width),
                  "intermediate.dense": (hidden, width), "output.dense": (width, hidden)}  # fmt: skip
        for name, shape in linear.items():
            shapes |= {f"{layer}{name}.weight": shape, f"{layer}{name}.bias": shape[:1]}
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{layer}{name}.weight": (width,), f"{layer}{name}.bias": (width,)}
    return {name: 0.4 * stream(name).normal(shape).astype(np.float64) for name, shape in shapes.items()}


def bert(weights: dict[str, np.ndarray], ids: list[int]) -> np.ndarray:
    """Devlin et al. 2018 for one unpadded text: ids of BERT's own table -> states (L, D)."""

    def linear(name, x):
        return x @ weights[name + ".weight"].T + weights[name + ".bias"]

    def norm(name, x):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * weights[name + ".weight"] + weights[name + ".bias"]

    gelu = np.vectorize(lambda x: 0.5 * x * (1 + float(torch.erf(torch.tensor(x / 2**0.5, dtype=torch.float64)))))
    x = weights["embeddings.word_embeddings.weight"][ids] + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm("embeddings.LayerNorm", x + weights["embeddings.token_type_embeddings.weight"][0])
    size = SIZES.width // SIZES.heads
    for i in range(SIZES.depth):
        layer = f"encoder.layer.{i}."
        q, k, v = (linear(f"{layer}attention.self.{part}", x) for part in ("query", "key", "value"))
        heads = []
        for head in range(SIZES.heads):
            part = slice(head * size, (head + 1) * size)
            scores = np.exp(q[:, part] @ k[:, part].T / size**0.5)
            heads.append(scores / scores.sum(-1, keepdims=True) @ v[:, part])
        out = linear(f"{layer}attention.output.dense", np.concatenate(heads, -1))
        x = norm(f"{layer}attention.output.LayerNorm", x + out)
        x = norm(
            f"{layer}output.LayerNorm",
            x + linear(f"{layer}output.dense", gelu(linear(f"{layer}intermediate.dense", x))),
        )
    return x


@pytest.fixture(scope="module")
def tower() -> TextTower:
    tower = TextTower(SIZES).requires_grad_(False).eval()
    tensors = {name: torch.from_numpy(array) for name, array in bert_weights().items()}
    missing, extra = tower.load_state_dict(words.convert(tensors, KEPT, CONFIG), strict=False)
    assert not missing and not extra, "the conversion must fill every weight"
    return tower


def test_converted_weights_give_the_states_of_bert(tower: TextTower):
    ids = [0, 19, 4, 4, 7, 12, 1]
    ours = tower(torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.bool))[0]
    theirs = bert(bert_weights(), [KEPT[index] for index in ids])
    np.testing.assert_allclose(ours.numpy(), theirs, atol=2e-5)


def test_weights_with_the_prefix_of_a_whole_model_are_read_as_well():
    tensors = {name: torch.from_numpy(array) for name, array in bert_weights().items()}
    prefixed = {"bert." + name: tensor for name, tensor in tensors.items()}
    plain, other = (words.convert(weights, KEPT, CONFIG) for weights in (tensors, prefixed))
    assert plain.keys() == other.keys() and all(torch.equal(plain[name], other[name]) for name in plain)


def test_padding_changes_neither_states_nor_embedding(tower: TextTower):
    ids = torch.tensor([[3, 5, 8, 1, 0, 0, 0], [3, 5, 8, 1, 9, 9, 9]])
    mask = torch.tensor([[True] * 4 + [False] * 3] * 2)
    padded = tower(ids, mask)
    alone = tower(ids[:1, :4], mask[:1, :4])
    for row in padded:
        torch.testing.assert_close(row[:4], alone[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(embed(padded, mask), embed(alone, mask[:1, :4]).expand(2, -1), atol=1e-5, rtol=0)


def test_the_order_of_words_matters(tower: TextTower):
    mask = torch.ones(1, 4, dtype=torch.bool)
    one, other = (embed(tower(torch.tensor([ids]), mask), mask) for ids in ([3, 5, 8, 1], [3, 8, 5, 1]))
    assert not torch.allclose(one, other, atol=1e-3)


def test_the_embedding_is_the_direction_of_the_mean():
    states = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[True] * 5, [True] * 2 + [False] * 3, [False] * 5])
    got = embed(states, mask)
    for row, count in ((0, 5), (1, 2)):
        mean = states[row, :count].numpy().mean(0)
        np.testing.assert_allclose(got[row].numpy(), mean / np.linalg.norm(mean), atol=1e-6)
    assert not got[2].any(), "no token, no direction, and no NaN"


def test_a_batch_is_cut_and_padded_and_masked():
    ids, mask = words.to_batch([[2, 7, 3], [2, 3], [2, 7, 7, 7, 7, 3]], pad=0, length=4)
    assert ids.tolist() == [[2, 7, 3, 0], [2, 3, 0, 0], [2, 7, 7, 7]]
    assert mask.tolist() == [[True, True, True, False], [True, True, False, False], [True] * 4]


def test_pruning_keeps_special_pieces_characters_and_asked_words():
    names = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "a",
        "##b",
        *(f"[unused{i}]" for i in range(1990)),
        "the",
        "lake",
        "frozen",
        "tarn",
    ]
    kept = words.keep_pieces({name: i for i, name in enumerate(names)}, ["tarn"], 8)
    assert kept == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##b", "tarn", "the"]


@pytest.mark.parametrize("begin", ["minilm", "embedded"])
def test_what_a_tower_begins_with_knows_what_is_near(begin: str, monkeypatch: pytest.MonkeyPatch):
    if begin == "embedded":
        monkeypatch.setattr(words, "minilm_folder", lambda: None)
    elif words.minilm_folder() is None:
        pytest.skip("MiniLM's weights are not installed")
    tower, teacher, tokenizer = words.start_tower(preset("nano"), ["pond", "tarn", "skyscraper"])
    learns = [{parameter.requires_grad for parameter in each.parameters()} for each in (tower, teacher)]
    assert learns == [{True}, {False}]
    rank = ["a lake", "a pond", "a river in the mountains", "a skyscraper"]
    near = _embeddings(tower, tokenizer, rank)
    assert near.isfinite().all()
    similar = (near @ near[0]).tolist()
    assert all(one > other + 0.05 for one, other in pairwise(similar)), dict(zip(rank, similar, strict=True))


def test_a_run_without_minilm_says_whose_tower_it_began_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The documented install brings no MiniLM: the stage begins with the embedded tower, and the card names it."""
    from mutoscope.checkpoint import open_checkpoint
    from mutoscope.export.card import find_licence, learned_world, read_begun
    from mutoscope.train.clip import ClipObjective

    monkeypatch.setattr(words, "minilm_folder", lambda: None)
    objective = ClipObjective.__new__(ClipObjective)
    objective.config, objective.tokenizer = preset("nano"), words.small_tokenizer(["a lake"], 99)
    objective.finish(tmp_path)
    begun, own = read_begun(tmp_path), {"image": {"data": [{"rendered": False, "licences": ["CC0-1.0"]}]}}
    assert (
        begun["hash"] == open_checkpoint(None).hash
        and next(iter(begun["stages"]))[:8] == "clip of "
        and not begun["world"]
    )
    assert find_licence(own, begun) == "Apache-2.0 AND CC0-1.0" and not learned_world(own)
    objective.config = preset("tiny")
    (tmp_path / "tiny").mkdir()
    objective.finish(tmp_path / "tiny")
    assert read_begun(tmp_path / "tiny") == {}, "its tower begins with nothing"


@torch.no_grad()
def _embeddings(tower: TextTower, tokenizer: Tokenizer, texts: list[str]) -> torch.Tensor:
    ids, mask = words.to_batch([tokenizer.windows(text, 48)[0] for text in texts], tokenizer.pad, 48)
    states = tower(ids, mask)
    assert states.isfinite().all() and states.shape == (*ids.shape, 384)
    return embed(states, mask)


def test_captions_that_the_embedded_tower_cannot_read_are_counted():
    from mutoscope.checkpoint import open_checkpoint

    tokenizer = Tokenizer.load(open_checkpoint(None).tokenizer_path)
    assert words.say_unread(["a lake", "озеро на закате", "Über den naïve café"], tokenizer) == ""
    said = words.say_unread(["a lake", "夕暮れの湖", "🐸 frog", "ทะเลสาบ"], tokenizer)
    assert said.startswith("3 of 4 captions hold words that it cannot read, such as '夕'")
    assert words.say_unread(["湖"] * 9000, tokenizer).startswith("1 of 1 captions")
