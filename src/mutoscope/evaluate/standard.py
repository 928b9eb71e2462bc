"""FID, KID, CLIPScore and FVD, by their names, where the public networks they are defined on lie on this machine.

    --inception FILE   TorchScript of Inception-v3, `inception-2015-12-05.pt` as NVIDIA's StyleGAN repositories use it: called with
                       uint8 (B, 3, H, W) and return_features=True, it resizes by itself and gives (B, 2048)
    --i3d FILE         TorchScript of I3D, `i3d_torchscript.pt` as StyleGAN-V uses it: called with values 0..255 (B, 3, T, H, W) and
                       rescale=True, resize=True, return_features=True, it gives (B, 400)
    --clip DIR         a CLIP folder in the form of transformers' `save_pretrained`, model and processor, such as a copy of
                       openai/clip-vit-large-patch14

The networks turn pixels into features; torchmetrics (extra `metrics`) turns features into the number. Nothing is fetched.
"""

import importlib.util
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mutoscope.errors import MissingExtraError, OutputError
from mutoscope.evaluate.frechet import frechet_distance
from mutoscope.evaluate.intervals import bootstrap, bootstrap_mean
from mutoscope.telemetry import disable_telemetry

BATCH = 16
KID_SUBSETS, KID_SUBSET_SIZE = 100, 1000  # of KID, as torchmetrics has it


@dataclass(frozen=True)
class Standard:
    """The public networks at hand; features are uint8 in, float out."""

    inception: Callable[[np.ndarray], np.ndarray] | None = None  # (n, H, W, 3) -> (n, D)
    i3d: Callable[[np.ndarray], np.ndarray] | None = None  # (n, T, H, W, 3) -> (n, D)
    clip: Any = None  # torchmetrics' CLIPScore

    def distances(self, pictures: Sequence[np.ndarray], reals: Sequence[np.ndarray]) -> dict[str, dict[str, Any]]:
        """Return FID with a bootstrap interval, and KID with the deviation over its subsets."""
        assert self.inception is not None
        ours, theirs = self.inception(np.stack(pictures)), self.inception(np.stack(reals))
        return {"FID": fid(ours, theirs), "KID": kid(ours, theirs)}

    def video_distance(self, clips: Sequence[np.ndarray], reals: Sequence[np.ndarray]) -> dict[str, Any]:
        """Return FVD (Unterthiner et al. 2018): the Fréchet distance on I3D's features."""
        assert self.i3d is not None
        return fid(self.i3d(np.stack(clips)), self.i3d(np.stack(reals)))

    def clip_score(self, pictures: Sequence[np.ndarray], prompts: Sequence[str]) -> dict[str, Any]:
        """Return CLIPScore (Hessel et al. 2021) with a bootstrap interval."""
        self.clip.reset()
        rows = [torch.from_numpy(np.array(picture)).permute(2, 0, 1) for picture in pictures]
        with torch.no_grad():
            each = [float(self.clip(row, prompt)) for row, prompt in zip(rows, prompts, strict=True)]
            return {**bootstrap_mean(np.array(each)), "value": float(self.clip.compute())}


def open_standard(inception: str | None, clip: str | None, i3d: str | None) -> Standard | None:
    """Open what is named, None when nothing is; OutputError for a path that does not hold it, MissingExtraError."""
    if not (inception or clip or i3d):
        return None
    for option, path, folder in (("--inception", inception, False), ("--i3d", i3d, False), ("--clip", clip, True)):
        if path and not (Path(path).is_dir() if folder else Path(path).is_file()):
            raise OutputError(
                f"{option} {path!r} is not a {'folder' if folder else 'file'}; docs/evaluation.md says what is meant"
            )
    if importlib.util.find_spec("torchmetrics") is None:
        raise MissingExtraError("torchmetrics", "metrics")
    picture_options = {"return_features": True}
    clip_options = {"rescale": True, "resize": True, "return_features": True}
    return Standard(
        open_network(inception, (0, 3, 1, 2), picture_options) if inception else None,
        open_network(i3d, (0, 4, 1, 2, 3), clip_options) if i3d else None,
        open_clip(Path(clip)) if clip else None,
    )


def open_network(path: str, order: tuple[int, ...], options: dict[str, bool]) -> Callable[[np.ndarray], np.ndarray]:
    """Return uint8 arrays -> features (n, D) of a TorchScript file; `order` puts colours where the network wants them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # TorchScript files are what these networks are shared as
            module = torch.jit.load(path, map_location="cpu").eval()
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise OutputError(
            f"{path} is no TorchScript file ({reason}); docs/evaluation.md says which is meant"
        ) from error

    def features(frames: np.ndarray) -> np.ndarray:
        parts = []
        for first in range(0, len(frames), BATCH):
            pixels = torch.from_numpy(np.array(frames[first : first + BATCH])).permute(*order).contiguous()
            with torch.no_grad():
                parts.append(module(pixels, **options).double().flatten(1).numpy())
        return np.concatenate(parts)

    return features


def open_clip(folder: Path) -> Any:
    """Return torchmetrics' CLIPScore over the CLIP of a folder; OutputError when there is none."""
    if importlib.util.find_spec("transformers") is None:
        raise MissingExtraError("transformers", "metrics")
    disable_telemetry()
    from torchmetrics.multimodal.clip_score import CLIPScore
    from transformers import CLIPModel, CLIPProcessor

    class Plain(CLIPModel):
        """A CLIP whose features are tensors, as torchmetrics expects; transformers 5 wraps them."""

        def get_image_features(self, *args: Any, **given: Any) -> Tensor:
            return _unwrap(super().get_image_features(*args, **given))

        def get_text_features(self, *args: Any, **given: Any) -> Tensor:
            return _unwrap(super().get_text_features(*args, **given))

    def both() -> tuple[Any, Any]:
        return (Plain.from_pretrained(folder, local_files_only=True),
                CLIPProcessor.from_pretrained(folder, local_files_only=True))  # fmt: skip

    try:
        return CLIPScore(model_name_or_path=both)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise OutputError(
            f"--clip {folder}: no CLIP model and processor that transformers can read ({reason})"
        ) from error


def _unwrap(output: Any) -> Tensor:
    return output if isinstance(output, Tensor) else output.pooler_output


def fid(ours: np.ndarray, theirs: np.ndarray) -> dict[str, Any]:
    """Return the Fréchet distance of features (n, D) and (m, D) by torchmetrics; its interval is ours (frechet.py)."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=PrecomputedFeatures(ours.shape[1]))
    _fill(metric, ours, theirs)
    found = bootstrap(lambda rows: frechet_distance(ours[rows], theirs), len(ours))
    value = float(metric.compute())
    move = value - found["value"]
    return {**found, "value": value, "low": found["low"] + move, "high": found["high"] + move}


def kid(ours: np.ndarray, theirs: np.ndarray) -> dict[str, Any]:
    """Return the kernel distance of features by torchmetrics: the mean over random subsets and its deviation."""
    from torchmetrics.image.kid import KernelInceptionDistance

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it keeps the features: they are here already
        metric = KernelInceptionDistance(
            feature=PrecomputedFeatures(ours.shape[1]),
            subsets=KID_SUBSETS,
            subset_size=min(KID_SUBSET_SIZE, len(ours), len(theirs)),
        )
    _fill(metric, ours, theirs)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        mean, deviation = (float(x) for x in metric.compute())
    return {"value": mean, "low": mean - 1.96 * deviation, "high": mean + 1.96 * deviation, "n": len(ours)}


def _fill(metric: Any, ours: np.ndarray, theirs: np.ndarray) -> None:
    metric.update(torch.from_numpy(np.array(theirs)), real=True)
    metric.update(torch.from_numpy(np.array(ours)), real=False)


class PrecomputedFeatures(nn.Module):
    """The network of a metric that is handed features instead of pixels."""

    def __init__(self, width: int):
        super().__init__()
        self.num_features = width

    def forward(self, features: Tensor) -> Tensor:
        """(n, D) -> the same."""
        return features
