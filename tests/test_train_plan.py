"""The plan's arithmetic against the module itself: parameters, FLOPs, bytes kept for the backward pass; and its documents."""

import re
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mutoscope.cli import main
from mutoscope.config import PRESETS
from mutoscope.errors import SettingError
from mutoscope.train import plan as planning
from mutoscope.train.optim import split_parameters
from mutoscope.train.plan import Work, cache_bytes, count_matrix_parameters, count_parameters, forward_flops, plan
from mutoscope.transformer import Transformer


def run_once(name: str, batch: int, side: int, frames: int) -> tuple[float, int]:
    """Return (bytes kept for the backward pass, FLOPs) of one forward pass under bf16 autocast; side in tokens."""
    c = PRESETS[name].transformer
    model = Transformer(c)
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    latents = torch.randn(batch, c.latent_channels, frames, 2 * side, 2 * side)
    states, mask = (
        torch.randn(batch, planning.TOKENS_PER_CAPTION, c.text_width),
        torch.ones(batch, planning.TOKENS_PER_CAPTION, dtype=torch.bool),
    )
    counter = FlopCounterMode(display=False)
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with hooks, counter, torch.autocast("cpu", dtype=torch.bfloat16):
        model(latents, torch.rand(batch, frames), model.adapt(states, mask), mask)
    size = sum(storage.nbytes() for at, storage in kept.items() if at not in weights)
    return size, counter.get_total_flops()


@pytest.mark.parametrize("name", PRESETS)
def test_parameters(name: str):
    c = PRESETS[name].transformer
    with torch.device("meta"):
        model = Transformer(c)
    assert count_parameters(c) == sum(p.numel() for p in model.parameters())
    assert count_matrix_parameters(c) == sum(p.numel() for p in split_parameters(model)[0].values())


@pytest.mark.parametrize(("name", "side", "frames"), [("nano", 8, 1), ("nano", 4, 3), ("mini", 8, 1)])
def test_flops_and_activations(name: str, side: int, frames: int):
    config = PRESETS[name]
    (one, flops), (three, _) = run_once(name, 1, side, frames), run_once(name, 3, side, frames)
    assert forward_flops(config.transformer, frames, side * side) == flops
    work = Work(gpus=1, batch=1, width=16 * side, height=16 * side, frames=1 + 4 * (frames - 1))
    assert plan(config, work).flops == 3 * flops
    assert plan(config, work).activations == pytest.approx((three - one) / 2, rel=0.35 if side == 4 else 0.1)


def test_sharing_out():
    whole, shared = (plan(PRESETS["large"], Work(gpus=8, shard=shard)) for shard in (False, True))
    for part in ("weights", "gradients", "optimiser", "averages"):
        assert getattr(whole, part) == 8 * getattr(shared, part)
    assert shared.total < whole.total and shared.samples_per_second == whole.samples_per_second
    again = plan(PRESETS["large"], Work(gpus=8, checkpointing=True))
    assert again.activations < whole.activations / 5 and again.flops == whole.flops * 4 / 3


def test_the_command(capsys: pytest.CaptureFixture):
    assert main(["train", "plan", "--preset", "base", "--gpus", "8", "--budget", "1h"]) == 0
    out = capsys.readouterr().out
    for word in ("153,645,512 parameters", "activations", "FLOPs", "samples/s", "assumed", "the budget"):
        assert word in out, word


@pytest.mark.parametrize(
    "words", ["--gpus 0", "--device h1000", "--size 100", "--frames 4", "--batch 0", "--share 1.5", "--preset bsae"]
)
def test_refused(words: str, capsys: pytest.CaptureFixture):
    assert main(["train", "plan", *words.split()]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(SettingError):
        Work(gpus=0)


def test_the_page_is_current(root: Path):
    page = (root / "docs" / "training.md").read_text(encoding="utf-8")
    assert planning.make_table() in page, "docs/training.md: put in what python -m mutoscope.train.plan prints"


def test_what_a_run_keeps_on_the_disk(root: Path):
    """The table of the page, and the shapes that training writes."""
    kept = cache_bytes(PRESETS["nano"], Work(width=128, height=128))
    page = (root / "docs" / "training.md").read_text("utf-8")
    for name, bytes_ in (("pixels", kept.pixels), ("latents", kept.latents), ("texts", kept.texts)):
        assert re.search(rf"`{name}-\*\.(npy|rec)` .* {bytes_ / 1000:.1f} MB", page), name
    clips = cache_bytes(PRESETS["nano"], Work(width=128, height=128, frames=9))
    assert clips.pixels == 9 * kept.pixels
    assert clips.latents == pytest.approx(
        3 * kept.latents / (1 + planning.MIRROR_BYTES / planning.LATENT_BYTES), rel=1e-3
    )
