"""The judge: a small classifier, trained on renders alone, that reads scene, light, weather, season and style.

It is trained apart from the generator: on scenes of another seed and on all combinations, those held out of the
generator's training as well, so that it knows more than what it judges. It is tested on held-out combinations of a
third seed, and its own accuracy is written beside its weights. It knows no model, no prompt and no report.

    judge = drain(find_judge(Path("runs/judge")))      # trained when the folder is empty, loaded by hash when it is not
    judge.read(pictures)                               # [{"scene": "lake", "light": "sunset", ...}, ...]

    FOLDER/judge.safetensors    weights, float32
    FOLDER/judge.json           how it was trained, SHA-256 of the weights, accuracy on renders it has not seen

Legend: pixels B 3 H W in [-1, 1], pictures uint8 (H, W, 3).
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from torch import Tensor, nn

from mutoscope.errors import CheckpointError, NonFiniteError
from mutoscope.evaluate.tally import share, styles_apart
from mutoscope.events import Event, Phase
from mutoscope.media import atomic_write
from mutoscope.rng import stream
from mutoscope.world.captions import caption_facts
from mutoscope.world.render import render
from mutoscope.world.spec import LIGHTS, SCENES, SEASONS, STYLES, WEATHERS, SceneSpec, draw_spec

ATTRIBUTES = {"scene": SCENES, "light": LIGHTS, "weather": WEATHERS, "season": SEASONS, "style": STYLES}
PICTURE = 128  # rows and columns of the renders
SIDE = 64  # rows and columns the judge looks at
UNSEEN = -100  # label of a fact that the picture does not show; the loss leaves it out
BATCH_RENDER = 32  # scenes rendered at once


@dataclass(frozen=True)
class Training:
    """How a judge is trained; everything random is a function of the seed."""

    seed: int = 9001  # world of the training renders
    test_seed: int = 9002  # world of the renders it is tested on, held-out combinations only
    renders: int = 15_000
    test_renders: int = 1_500
    epochs: int = 10
    batch: int = 64
    rate: float = 2e-3  # highest learning rate of AdamW: up over the first tenth, then down a cosine
    decay: float = 0.05
    smoothing: float = 0.05  # of the labels
    widths: tuple[int, ...] = (32, 64, 128, 192)


# -------------------------------------------------------------------------------------------------------------- network


class Stage(nn.Module):
    """Halve the grid, then one residual convolution."""

    def __init__(self, before: int, after: int):
        super().__init__()
        self.down = nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)
        self.same = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm_down, self.norm_same = nn.BatchNorm2d(after), nn.BatchNorm2d(after)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H/2, W/2)."""
        x = F.relu(self.norm_down(self.down(x)))
        return F.relu(x + self.norm_same(self.same(x)))


class AttributeNet(nn.Module):
    """Pixels -> logits of every attribute; columns are averaged away, rows are kept: the sky is above the land."""

    def __init__(self, widths: Sequence[int] = Training.widths, side: int = SIDE):
        super().__init__()
        ends = (3, *widths)
        self.stages = nn.Sequential(*(Stage(a, b) for a, b in zip(ends, ends[1:], strict=False)))
        self.rows = side >> len(widths)
        self.heads = nn.Linear(widths[-1] * self.rows, sum(map(len, ATTRIBUTES.values())))

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """(B, 3, SIDE, SIDE) -> {attribute: logits (B, words)}."""
        grid = self.stages(pixels)
        logits = self.heads(grid.mean(3).flatten(1))
        return dict(zip(ATTRIBUTES, logits.split([len(words) for words in ATTRIBUTES.values()], 1), strict=True))


def prepare(picture: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) of any size -> uint8 (SIDE, SIDE, 3), averaged over areas; 128 px is halved."""
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float()
    small = F.adaptive_avg_pool2d(pixels, SIDE)
    return small[0].round().byte().permute(1, 2, 0).numpy()


def to_pixels(small: np.ndarray) -> Tensor:
    """uint8 (B, SIDE, SIDE, 3) -> pixels (B, 3, SIDE, SIDE) in [-1, 1], channels last."""
    pixels = torch.from_numpy(small).permute(0, 3, 1, 2).float() / 127.5 - 1
    return pixels.contiguous(memory_format=torch.channels_last)


def render_pictures(specs: Sequence[SceneSpec], width: int = PICTURE, height: int = PICTURE) -> Iterator[np.ndarray]:
    """Yield the render of each spec, uint8 (H, W, 3)."""
    for first in range(0, len(specs), BATCH_RENDER):
        unit = render(specs[first : first + BATCH_RENDER], width, height)[:, :, 0]  # (B, 3, H, W)
        yield from (unit.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


# ---------------------------------------------------------------------------------------------------------------- judge


@dataclass(frozen=True)
class Judge:
    """A trained network with its papers."""

    net: AttributeNet
    card: dict[str, Any]  # how it was trained and what it can do
    sha256: str  # of the weights' file

    @torch.no_grad()
    def read(self, pictures: Sequence[np.ndarray]) -> list[dict[str, str]]:
        """Return what each picture, uint8 (H, W, 3), shows, in float32: the same on every machine."""
        self.net.eval()
        found: list[dict[str, str]] = []
        for first in range(0, len(pictures), 64):
            small = np.stack([prepare(picture) for picture in pictures[first : first + 64]])
            best = {name: logits.argmax(1).tolist() for name, logits in self.net(to_pixels(small)).items()}
            found += [
                {name: ATTRIBUTES[name][best[name][row]] for name in ATTRIBUTES} for row in range(len(small))
            ]  # fmt: skip
        return found


def find_judge(folder: Path, training: Training | None = None) -> Iterator[Event]:
    """Load the judge of `folder`, or train one and keep it there; the last event carries the `Judge`."""
    folder = Path(folder)
    if (folder / "judge.json").exists():
        judge = load_judge(folder)
        yield Event("done", 1, 1, result=judge)
    else:
        yield from train_judge(folder, training or Training())


def load_judge(folder: Path) -> Judge:
    """Return the judge of a folder; CheckpointError when it is missing, damaged, or made for another vocabulary."""
    weights, papers = folder / "judge.safetensors", folder / "judge.json"
    try:
        data, card = weights.read_bytes(), json.loads(papers.read_text("utf-8"))
        if hashlib.sha256(data).hexdigest() != card["sha256"]:
            raise CheckpointError(f"{weights}: the file was changed or cut; delete {folder} to train the judge again")
        if card["attributes"] != _vocabulary():
            raise CheckpointError(f"{papers}: the world has other words now; delete {folder} to train the judge again")
        net = AttributeNet(card["training"]["widths"])
        net.load_state_dict(safetensors.torch.load(data))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f"{folder} holds no whole judge ({error}); delete it to train one") from error
    return Judge(_channels_last(net).eval(), card, card["sha256"])


def _save(folder: Path, net: AttributeNet, training: Training, test: dict[str, Any]) -> Judge:
    tensors = {name: tensor.detach().contiguous() for name, tensor in net.state_dict().items()}
    data = safetensors.torch.save(tensors)
    card = {
        "training": asdict(training),
        "attributes": _vocabulary(),
        "parameters": sum(p.numel() for p in net.parameters()),
        "test": test,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    atomic_write(folder / "judge.safetensors", lambda file: file.write(data))
    text = json.dumps(card, indent=1).encode()
    atomic_write(folder / "judge.json", lambda file: file.write(text))
    return Judge(net.eval(), card, card["sha256"])


def _vocabulary() -> dict[str, list[str]]:
    return {name: list(words) for name, words in ATTRIBUTES.items()}


def _channels_last(net: AttributeNet) -> AttributeNet:
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


# ------------------------------------------------------------------------------------------------------------- training


def train_judge(folder: Path, training: Training) -> Iterator[Event]:
    """Render, train, test and keep a judge (minutes); the last event carries it. NonFiniteError if the loss bursts."""
    # --- what it learns from
    phase = Phase("render", training.renders + training.test_renders)
    yield phase.start()
    specs = [training_spec(training.seed, index) for index in range(training.renders)]
    small = np.empty((len(specs), SIDE, SIDE, 3), np.uint8)
    for row, picture in enumerate(render_pictures(specs)):
        small[row] = prepare(picture)
        if (row + 1) % BATCH_RENDER == 0:
            yield phase.advance(BATCH_RENDER)
    labels = torch.tensor([label(spec) for spec in specs])  # (n, attributes)

    # --- the network
    torch.manual_seed(training.seed)
    net = _channels_last(AttributeNet(training.widths)).train()
    optimiser = torch.optim.AdamW(net.parameters(), lr=training.rate, weight_decay=training.decay)
    steps = len(specs) // training.batch * training.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, training.rate, total_steps=steps, pct_start=0.1)

    # --- steps
    learning, count = Phase("train", steps), 0
    for epoch in range(training.epochs):
        order = stream(training.seed, "epoch", epoch).permutation(len(specs))
        for first in range(0, len(specs) - training.batch + 1, training.batch):
            rows = order[first : first + training.batch]
            generator = torch.Generator().manual_seed(stream(training.seed, "step", count).integers(0, 2**31))
            pixels = disturb(to_pixels(small[rows]), generator)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = loss_of(net(pixels), labels[rows], training.smoothing)
            if not bool(torch.isfinite(loss)):
                raise NonFiniteError(f"the judge's loss is {loss.item()} at step {count}; lower its rate")
            loss.backward()
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            schedule.step()
            count += 1
            event = learning.advance(message=f"epoch {epoch + 1}, loss {loss.item():.3f}" if count % 20 == 0 else "")
            yield event

    # --- its own test, on combinations and scenes it has not seen
    tests = [draw_spec(training.test_seed, index, held_out=True) for index in range(training.test_renders)]
    pictures: list[np.ndarray] = []
    for picture in render_pictures(tests):
        pictures.append(prepare(picture))
        yield phase.advance()
    judge = Judge(net, {}, "")
    test = examine([visible(spec) for spec in tests], judge.read(pictures), [spec.style for spec in tests])
    judge = _save(Path(folder), net, training, test)
    yield Event("done", count, count, result=judge)


def training_spec(seed: int, index: int) -> SceneSpec:
    """Draw a scene of any combination; every other one takes the styles in turn, since half of the world is photos."""
    turn = {} if index % 2 == 0 else {"style": STYLES[index // 2 % len(STYLES)]}
    return draw_spec(seed, index, held_out=None, **turn)


def visible(spec: SceneSpec) -> dict[str, str]:
    """Return the facts that a picture of this scene shows."""
    shown = caption_facts(spec)["visible"]
    return {name: getattr(spec, name) for name in ATTRIBUTES if name in shown}


def label(spec: SceneSpec) -> list[int]:
    """Return the number of each attribute's word; UNSEEN for what the picture does not show."""
    facts = visible(spec)
    return [words.index(facts[name]) if name in facts else UNSEEN for name, words in ATTRIBUTES.items()]


def loss_of(logits: dict[str, Tensor], labels: Tensor, smoothing: float) -> Tensor:
    """Return the sum of the cross entropies of all attributes; `labels` (B, attributes)."""
    total = logits["scene"].new_zeros((), dtype=torch.float32)
    for (_, values), wanted in zip(logits.items(), labels.unbind(1), strict=True):
        if bool((wanted != UNSEEN).any()):
            total = total + F.cross_entropy(values.float(), wanted, ignore_index=UNSEEN, label_smoothing=smoothing)
    return total


def disturb(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror half, shift, soften a third, add a little noise, (B, 3, H, W): what a model draws is no exact render."""
    batch, side = len(pixels), pixels.shape[-1]

    def chosen(probability: float) -> Tensor:
        return torch.rand(batch, 1, 1, 1, generator=generator) < probability

    pixels = torch.where(chosen(0.5), pixels.flip(3), pixels)
    down, right = (int(torch.randint(0, 9, (), generator=generator)) for _ in range(2))
    pixels = F.pad(pixels, (4, 4, 4, 4), mode="replicate")[..., down : down + side, right : right + side]
    pixels = torch.where(chosen(0.33), _soften(pixels), pixels)
    strength = 0.06 * torch.rand(batch, 1, 1, 1, generator=generator) * chosen(0.5)
    noisy = pixels + strength * torch.randn(pixels.shape, generator=generator)
    return noisy.contiguous(memory_format=torch.channels_last)


def _soften(pixels: Tensor) -> Tensor:
    """Average each pixel with its neighbours, 1 2 1 both ways; the rim stays."""
    soft = pixels.clone()
    soft[..., 1:-1, :] = (pixels[..., :-2, :] + 2 * pixels[..., 1:-1, :] + pixels[..., 2:, :]) / 4
    rows = soft.clone()
    soft[..., 1:-1] = (rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]) / 4
    return soft


def examine(asked: list[dict[str, str]], read: list[dict[str, str]], styles: list[str]) -> dict[str, Any]:
    """Return the accuracy on all, on photos alone, and style by style."""
    photos = [row for row, style in enumerate(styles) if style == "photo"]
    return {
        "all": share(asked, read),
        "photo": share([asked[row] for row in photos], [read[row] for row in photos]),
        "styles": styles_apart(asked, read, styles),
    }
