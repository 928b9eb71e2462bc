"""The width of the weight average, chosen after the run (post-hoc EMA: Karras et al. 2024, EDM2, section 3 and appendix C).

A run keeps averages of two widths and stores both a few times on its way (`RUN/STAGE/averages`, float16). Any other width is a
weighted sum of those snapshots; the weights are the least-squares fit of the profiles.

    mutoscope train ema runs/nano/video --pick --data held-out
"""

import json
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from mutoscope.errors import CheckpointError, MissingModelError, SettingError
from mutoscope.events import Event, Phase
from mutoscope.media.storage import write_bytes
from mutoscope.rng import stream
from mutoscope.train.stages import Stage, stage_named

EXPONENTS = (6.94, 16.97)  # relative widths 0.10 and 0.05
TRIED_WIDTHS = (0.03, 0.04, 0.05, 0.06, 0.07, 0.085, 0.10, 0.12, 0.14, 0.17)  # by `--pick`
MIN_WIDTH, MAX_WIDTH = 0.01, 0.25


def exponents(main: float) -> tuple[float, float]:
    """Return the exponents of the averages a run keeps: `main`, whose average it leaves, and one of the standard two."""
    return main, EXPONENTS[0] if math.isclose(main, EXPONENTS[1]) else EXPONENTS[1]


def exponent_of(width: float) -> float:
    """Return the exponent of a relative width, deviation over length of a power-function profile; SettingError out of range.

    Eq. 2, width^2 = (e + 1) / ((e + 2)^2 (e + 3)), is a cubic in the exponent e, whose largest root this is.
    """
    if not MIN_WIDTH <= width <= MAX_WIDTH:
        raise SettingError(f"a width of the average lies between {MIN_WIDTH} and {MAX_WIDTH}, got {width}")
    w = width**-2
    return float(max(np.roots([1, 7, 16 - w, 12 - w]).real))


@dataclass(frozen=True)
class Snapshot:
    """One stored average."""

    path: Path
    samples: int
    step: int
    exponent: float


def save_snapshot(run: Path, tensors: dict[str, Tensor], samples: int, step: int, exponent: float) -> Path:
    """Store an average under `run/averages`."""
    folder = run / "averages"
    folder.mkdir(exist_ok=True)
    metadata = {"samples": str(samples), "step": str(step), "exponent": repr(exponent)}
    cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return write_bytes(folder / f"{samples:012d}-{exponent:g}.safetensors", in_order(save(cpu, metadata)))


def in_order(file: bytes) -> bytes:
    """Return a safetensors file with the keys of its head in order: the library puts those of the metadata in any."""
    length = int.from_bytes(file[:8], "little")
    head = json.loads(file[8 : 8 + length])
    head["__metadata__"] = dict(sorted(head["__metadata__"].items()))
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + file[8 + length :]


def find_snapshots(run: Path) -> list[Snapshot]:
    """Return the stored averages of a stage's folder, oldest first; CheckpointError when one is damaged."""
    found = []
    for path in sorted((run / "averages").glob("*.safetensors")):
        try:
            with safe_open(path, "pt") as file:
                metadata = file.metadata()
            samples, step, exponent = (metadata[key] for key in ("samples", "step", "exponent"))
            found.append(Snapshot(path, int(samples), int(step), float(exponent)))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{path} cannot be read ({error}); delete it") from error
    return found


def forget_after(run: Path, samples: int) -> None:
    """Delete snapshots later than `samples`: the run goes on from an earlier state and makes them again."""
    for path in (run / "averages").glob("*.safetensors"):
        if int(path.name.split("-")[0]) > samples:
            path.unlink()


def product(t_a: float, e_a: float, t_b: float, e_b: float) -> float:
    """Integral of the product of two profiles (e + 1) s^e / t^(e + 1) on [0, t] (appendix C, algorithm 3)."""
    if t_a > t_b:
        t_a, e_a, t_b, e_b = t_b, e_b, t_a, e_a
    return (e_a + 1) * (e_b + 1) / (e_a + e_b + 1) * (t_a / t_b) ** e_b / t_b


def solve(known: list[tuple[float, float]], wanted: tuple[float, float]) -> tuple[np.ndarray, float]:
    """Return (weights, error): which sum of profiles (step, exponent) is nearest to the wanted one, and how far it stays off.

    The error is the distance in shares of the wanted profile's length.
    """
    end = wanted[0]
    profiles = [(step / end, exponent) for step, exponent in known]
    goal = (1.0, wanted[1])
    gram = np.array([[product(*a, *b) for b in profiles] for a in profiles])
    right = np.array([product(*a, *goal) for a in profiles])
    weights = np.linalg.lstsq(gram, right, rcond=1e-12)[0]
    norm = product(*goal, *goal)
    off = weights @ gram @ weights - 2 * weights @ right + norm
    return weights, math.sqrt(max(0.0, float(off)) / norm)


def reconstruct(snapshots: list[Snapshot], width: float) -> tuple[dict[str, Tensor], float]:
    """Return (weights by name in float32, error of the fit) of the average of this width at the last snapshot."""
    factors, error = solve([(s.step, s.exponent) for s in snapshots], (snapshots[-1].step, exponent_of(width)))
    total: dict[str, Tensor] = {}
    for snapshot, factor in zip(snapshots, factors, strict=True):
        for name, tensor in load_file(snapshot.path).items():
            total[name] = total.get(name, 0.0) + float(factor) * tensor.double()
    return {name: tensor.float() for name, tensor in total.items()}, error


def choose(
    folder: Path,  # RUN/STAGE
    *,
    width: float | None = None,  # take this one
    held_out: Path | None = None,  # or pick by the loss on this data
    batches: int = 32,  # of held-out samples
) -> Iterator[Event]:
    """Put the average of another width into the run's parts; the last event carries what `RUN/STAGE/ema.json` then holds."""
    run, row = folder.parent, stage_named(folder.resolve().name)
    _check_order(folder, run)
    snapshots = find_snapshots(folder)
    if not snapshots:
        raise MissingModelError(f"{folder} has no stored averages; they are kept by runs with snapshots above 0")
    record: dict[str, Any] = {"samples": snapshots[-1].samples, "snapshots": len(snapshots)}
    if held_out is not None:
        losses = yield from _measure_widths(folder, snapshots, held_out, batches)
        width = min(losses, key=lambda tried: losses[tried]["loss"])
        record["losses"] = {f"{tried:g}": found for tried, found in losses.items()}
    if width is None:
        raise SettingError("which width? give --width 0.07, or --pick with --data")
    weights, error = reconstruct(snapshots, width)
    _replace_parts(run, row, weights)
    record |= {"width": width, "exponent": exponent_of(width), "fit_error": error}
    write_bytes(folder / "ema.json", (json.dumps(record, indent=1) + "\n").encode())
    yield Event("done", 1, 1, result=record)


def _replace_parts(run: Path, row: Stage, weights: dict[str, Tensor]) -> None:
    """Write the averaged weights of a stage's model into the parts that the stage leaves."""
    from mutoscope.run_folder import replace_tensors

    for name, where in row.leaves.items():
        prefix = "".join(f"{module}." for module in where.split(".")[1:])  # of "model.text": "text."
        own = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
        replace_tensors(run, name, own)


def _check_order(folder: Path, run: Path) -> None:
    """Refuse to change what a later stage was trained on."""
    built_on = {"codec": ("decoder", "image", "video"), "clip": ("image", "video"), "image": ("video",)}
    later = [stage for stage in built_on.get(folder.resolve().name, ()) if (run / stage).is_dir()]
    if later:
        raise SettingError(
            f"{folder}: the stage {later[0]} was trained on it; choose the average before the next stage"
        )


def _measure_widths(
    folder: Path, snapshots: list[Snapshot], held_out: Path, batches: int
) -> Generator[Event, None, dict[float, dict[str, Any]]]:
    """Yield events and return {width: {"loss", "standard_error", "batches"}}: the same draws for every width."""
    from mutoscope.data.cache import open_folders
    from mutoscope.run_folder import load_config
    from mutoscope.train import make_objective

    row = stage_named(folder.resolve().name)
    if not row.starts:
        raise SettingError(f"the stage {folder.resolve().name} has no held-out loss; give --width")
    objective = make_objective(row, load_config(folder.parent), open_folders(held_out), folder.parent)
    phase, found = Phase("measure", len(TRIED_WIDTHS)), {}
    own = dict(objective.model.named_parameters())
    for width in TRIED_WIDTHS:
        for name, value in reconstruct(snapshots, width)[0].items():
            own[name].data.copy_(value)
        losses = _held_out_losses(objective, row.settings["batch"], batches)
        mean, error = float(np.mean(losses)), float(np.std(losses, ddof=1)) / math.sqrt(batches)
        found[width] = {"loss": mean, "standard_error": error, "batches": batches}
        yield phase.advance(message=f"width {width:g}: loss {mean:.5f}")
    return found


@torch.no_grad()
def _held_out_losses(objective: Any, batch: int, batches: int) -> list[float]:
    """Return the losses of `batches` batches, each drawn by its number alone."""
    seeds = (stream(0, "held out", i).integers(0, 2**31) for i in range(batches))
    return [float(objective.loss(torch.Generator().manual_seed(seed), batch, 1.0)[0]) for seed in seeds]
