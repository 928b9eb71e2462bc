"""From a pack to training: the trainer takes it as any folder, and never mirrors what its caption forbids."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hostile import clip, data, pan, scene
from mutoscope.data import buckets
from mutoscope.data.cache import open_folders
from mutoscope.data.check import check
from mutoscope.data.pack import Packing, pack
from mutoscope.events import drain
from mutoscope.train.settings import ImageOptions

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    """A pack of twelve pictures in two buckets and two clips; every third caption speaks of a side."""
    base = tmp_path_factory.mktemp("train")
    (base / "set").mkdir()
    rows = []
    for i in range(12):
        file = f"{i:02d}.png"
        (base / "set" / file).write_bytes(data(scene(i, 64 if i % 2 else 96, 64), "PNG"))
        rows.append({"file": file, "captions": ["a disc on the left" if i % 3 == 0 else "discs and lines"]})
    for i in range(2):
        (base / "set" / f"{i}.mp4").write_bytes(clip(pan(i, 9, 64)))
        rows.append({"file": f"{i}.mp4", "captions": ["discs that move"]})
    (base / "set" / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert drain(check(base / "set"))["kept"] == 14
    drain(pack(base / "set", base / "packed", Packing(tuple(buckets.around(64)), shard=4)))
    return base / "packed"


@pytest.mark.timeout(300)
def test_all_stages_train_on_a_pack(packed, tmp_path):
    from mutoscope.train import STAGES, run

    for stage in (name for name in STAGES if name not in ("judge", "classifier")):  # which learn from renders alone
        settings = {"samples": 8, "batch": 4}
        events = list(run(stage, preset_name="tiny", data=packed, out=tmp_path, overrides=settings))
        assert events[-1].phase == "done"
    machine = json.loads((tmp_path / "video" / "machine.json").read_text())
    assert {folder["name"]: folder["items"] for folder in machine["data"]} == {"64x64": 6, "96x64": 6, "64x64x9": 2}
    log = [json.loads(line) for line in (tmp_path / "image" / "log.jsonl").read_text().splitlines()]
    assert np.isfinite(log[-1]["loss"])


def test_which_items_may_be_mirrored(packed):
    folder = next(folder for folder in open_folders(packed) if folder.path.name == "96x64")
    assert folder.may_flip.tolist() == ["left" not in texts[0] for texts in folder.captions]
    assert 0 < folder.may_flip.sum() < len(folder)


def test_the_diffusion_never_draws_a_mirrored_item_that_must_not_be():
    from mutoscope.train.diffusion import DiffusionObjective, Latents
    from mutoscope.train.texts import TextStates

    N, allowed = 6, np.array([True, False] * 3)
    numbers = np.concatenate([np.arange(N), 100 + np.arange(N)]).astype(np.float16)  # the mirrored ones from 100
    texts = TextStates(np.zeros((3, 8), np.float16), np.array([0, 3]), np.zeros((N, 4), int))
    objective = DiffusionObjective.__new__(DiffusionObjective)
    objective.pictures = [Latents(numbers.reshape(-1, 1, 1, 1, 1), texts, allowed)]
    objective.clips, objective.empty, objective.options = [], torch.zeros(1, 1, 8), ImageOptions()
    seen = set()
    for seed in range(40):
        latents, _, _ = objective._batch(torch.Generator().manual_seed(seed), 8, of_clips=False)
        seen |= set(latents.flatten().int().tolist())
    assert seen == {0, 1, 2, 3, 4, 5, 100, 102, 104}


def test_the_towers_never_see_a_mirrored_item_that_must_not_be():
    from mutoscope.train.codec import flip

    pixels = torch.arange(4.0).view(1, 1, 1, 1, 4).expand(8, 3, 1, 4, 4)
    allowed = np.array([True, False] * 4)
    for seed in range(20):
        shown = flip(pixels, torch.Generator().manual_seed(seed), allowed)
        plain = flip(pixels, torch.Generator().manual_seed(seed))
        assert torch.equal(shown[1::2], pixels[1::2]) and torch.equal(shown[::2], plain[::2])


def test_a_shift_moves_pictures_towards_noise_and_leaves_clips():
    import torch

    from mutoscope.train.diffusion import DiffusionObjective

    objective = DiffusionObjective.__new__(DiffusionObjective)
    drawn = {}
    for shift in (1.0, 2.0):
        objective.options = ImageOptions(shift=shift)
        generator = torch.Generator().manual_seed(0)
        drawn[shift] = [objective._times(generator, 4000, frames, 4096) for frames in (1, 3)]
    (plain, clips), (shifted, same) = drawn[1.0], drawn[2.0]
    assert torch.allclose(shifted, 2 * plain / (1 + plain)) and torch.equal(clips, same)
    assert plain.median().item() == pytest.approx(2 / 3, abs=0.02)  # 128 x 128 pixels shift by 2 of themselves


def test_large_pictures_are_refined_and_meet_no_more_noise_than_that_takes(monkeypatch: pytest.MonkeyPatch):
    from mutoscope.config import preset
    from mutoscope.train import diffusion
    from mutoscope.train.diffusion import DiffusionObjective, Latents
    from mutoscope.train.texts import TextStates
    from mutoscope.transformer import Transformer

    sizes = preset("tiny").transformer
    objective = DiffusionObjective.__new__(DiffusionObjective)
    objective.model, objective.options = Transformer(sizes), ImageOptions(fine=0.5)
    texts = TextStates(np.zeros(2), np.zeros(2), np.zeros(2))
    objective.pictures = [Latents(np.zeros((2, sizes.latent_channels, 1, side, side), np.float16), texts, np.zeros(2))
                          for side in (4, 8)]  # fmt: skip
    met: dict[int, Any] = {}
    mix = diffusion.mix
    monkeypatch.setattr(
        diffusion, "mix", lambda data, noise, time: met.update({data.shape[-1]: time}) or mix(data, noise, time)
    )
    states, mask = torch.zeros(64, 3, sizes.text_width), torch.ones(64, 3, dtype=torch.bool)
    for side in (4, 8):
        data = torch.zeros(64, sizes.latent_channels, 1, side, side)
        objective._error(data, states, mask, torch.Generator().manual_seed(0))
    assert met[4].max() > 0.7 and 0.2 < met[8].max() <= 0.5


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85"])
def test_a_captioned_folder_is_described_by_its_lines(tmp_path: Path, mark: str):
    """JSON lines end at \\n alone: captions hold what else `str.splitlines` cuts at."""
    from mutoscope.data.cache import Folder
    from mutoscope.train.machine import describe

    rows = [
        {"file": f"{n}.png", "captions": [f"a{mark}b"], "licence": licence}
        for n, licence in enumerate(("MIT", "CC0-1.0"))
    ]
    (tmp_path / "captions.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8"
    )
    told = describe(Folder(tmp_path, np.zeros((2, 1, 8, 8, 3), np.uint8), [["a"], ["b"]], [{}, {}], ""))
    assert told["items"] == 2 and told["licences"] == ["CC0-1.0", "MIT"]
