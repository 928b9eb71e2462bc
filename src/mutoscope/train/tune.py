"""Tuning: Optuna proposes settings of the image or video stage, short runs try them, the held-out flow loss judges them.

    OUT/study.db         the study (SQLite), unless another storage is named, which many machines may share
    OUT/trials/NNNN/     the log of each trial
    OUT/report.md .png   the best settings, all trials, which settings mattered

All trials begin with the same weights and see the same samples in the same order. The same command goes on: a trial that was at
work when the process died is marked failed and its settings are tried again, so that on one machine a study that was killed comes
to the same trials as one never disturbed.
"""

import importlib.util
import math
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mutoscope.config import ModelConfig
from mutoscope.data.cache import Folder, open_folders
from mutoscope.data.claim import alone, claim
from mutoscope.errors import DataError, MissingExtraError, NonFiniteError, SettingError
from mutoscope.events import Event, Phase
from mutoscope.media.storage import make_folder, write_bytes
from mutoscope.rng import stream
from mutoscope.run_folder import has_part, load_part
from mutoscope.train.diffusion import DiffusionObjective, Latents, cache_folder
from mutoscope.train.loop import train
from mutoscope.train.search import REPORTS_PER_TRIAL, Search, read_search
from mutoscope.train.settings import ImageOptions
from mutoscope.train.tune_report import finished, write_report

__all__ = ["check_optuna", "claim_study", "read_search", "tune"]

WARM_UP_TRIALS, WARM_UP_REPORTS = 4, 2  # before anything is pruned


def check_optuna() -> None:
    """Raise MissingExtraError without Optuna, or without what draws its report."""
    for module, library in (("optuna", "Optuna"), ("matplotlib", "matplotlib")):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(library, "tune")


# The study -------------------------------------------------------------------------------------------------------


def tune(
    search: Search,
    config: ModelConfig,
    *,
    base: Path,  # a run that has the parts the stage begins with
    data: Path,  # captioned folders
    out: Path,  # the study's folder
    name: str,  # of the study in its storage
    trials: int,  # finished ones, those of earlier goes and of other machines included
    seed: int = 0,
    storage: str = "",  # an Optuna storage URL; "" = SQLite in `out`
) -> Iterator[Event]:
    """Try settings until `trials` are finished, then write the report; the last event carries a `Tuned`.

    Raises SettingError, DataError, OutputError when `out` holds another study or another process works on it.
    """
    check_optuna()
    make_folder(out)
    with alone(out, "study"):
        claim_study(out, name, seed, storage)
        study = _open_study(out, name, search, storage)
        worker = _worker(out)
        _retry(study, worker, shared=bool(storage))
        bench = Bench(search, config, base, open_folders(data))
        phase = Phase("tune", trials)
        phase.step = len(finished(study))
        yield phase.start()
        while len(finished(study)) < trials:
            key = (worker,) if storage else ()  # on one machine a trial depends on those before it and on nothing else
            study.sampler = _sampler(seed, len(finished(study)), *key)
            yield from _try(study, worker, bench, out / "trials", phase)
        tuned = write_report(study, out)
    yield Event("done", trials, trials, result=tuned)


def claim_study(out: Path, name: str, seed: int, storage: str) -> None:
    """Say what study `out` holds; OutputError when it holds another."""
    claim(out, "tune.json", {"study": name, "seed": seed, "storage": storage}, "study")


class Bench:
    """Makes the same start for every trial, and judges them on items that none of them sees."""

    def __init__(self, search: Search, config: ModelConfig, base: Path, folders: list[Folder]):
        self.search, self.config, self.base = search, config, base
        kept = [folder for folder in folders if search.stage == "video" or not folder.is_clips]
        self.training, self.held = hold_out(kept, search.held_out)

    def objective(self, options: ImageOptions) -> tuple["TrialObjective", list[Latents]]:
        """Return a fresh objective and the held-out sets that judge it."""
        torch.manual_seed(0)  # as in train.run: initial weights
        made = TrialObjective(self.config, self.training, self.base, options)
        if has_part(self.base, "transformer"):
            load_part(self.base, "transformer", made.model)
        parts = (made.codec, made.reader, self.base, options)
        return made, [cache_folder(folder, *parts) for folder in self.held]


class TrialObjective(DiffusionObjective):
    """The objective of a trial, which nobody looks at."""

    def preview(self, model: nn.Module) -> None:
        """Draw nothing."""
        return None


def hold_out(folders: list[Folder], items: int) -> tuple[list[Folder], list[Folder]]:
    """Return the folders without and with their last items, about `items` in all and never more than a quarter of a folder."""
    total = sum(map(len, folders))
    if total < 4:
        raise DataError(f"{total} items are too few to hold any out; tuning needs at least 4")
    training, held = [], []
    for folder in folders:
        count = min(len(folder) // 4, math.ceil(items * len(folder) / total))
        training.append(cut(folder, 0, len(folder) - count))
        if count:
            held.append(cut(folder, len(folder) - count, len(folder)))
    if not held:
        raise DataError("no folder has 4 items, so none can be held out; give more data")
    return training, held


def cut(folder: Folder, start: int, stop: int) -> Folder:
    """Return the items from `start` to `stop` of a folder."""
    return Folder(
        folder.path, folder.pixels[start:stop], folder.captions[start:stop], folder.facts[start:stop],
        f"{folder.digest}-{start}-{stop}",
    )  # fmt: skip


def _open_study(out: Path, name: str, search: Search, storage: str) -> Any:
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner: Any = optuna.pruners.NopPruner()
    if search.pruner == "median":
        pruner = optuna.pruners.MedianPruner(n_startup_trials=WARM_UP_TRIALS, n_warmup_steps=WARM_UP_REPORTS)
    elif search.pruner == "hyperband":
        pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=REPORTS_PER_TRIAL)
    url = storage or f"sqlite:///{(out / 'study.db').resolve()}"
    try:
        return optuna.create_study(study_name=name, storage=url, pruner=pruner, load_if_exists=True)
    except (SQLAlchemyError, ValueError, ImportError, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SettingError(f"the storage {url.partition('@')[2] or url} cannot be used ({reason[:200]})") from error


def _worker(out: Path) -> str:
    """Return the name under which this folder works, the same in every go."""
    file = out / "worker"
    if not file.is_file():
        write_bytes(file, secrets.token_hex(8).encode())
    return file.read_text("utf-8")


def _retry(study: Any, worker: str, shared: bool) -> None:
    """Mark the trials that this worker left unfinished as failed, and ask for their settings again."""
    from optuna.trial import TrialState

    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        owner = trial.user_attrs.get("worker")  # None: it was killed, or is about to say
        if owner == worker or (owner is None and not shared):
            study.tell(trial.number, state=TrialState.FAIL)
            if trial.params:
                study.enqueue_trial(trial.params, user_attrs={"again": trial.number})


def _sampler(seed: int, *key: int | str) -> Any:
    import optuna

    return optuna.samplers.TPESampler(seed=stream(seed, "tune", *key).integers(0, 2**31))


def _try(study: Any, worker: str, bench: Bench, folder: Path, phase: Phase) -> Iterator[Event]:
    """Run one trial to its end or until it is pruned; yields events."""
    trial = study.ask()
    trial.set_user_attr("worker", worker)
    chosen = {name: one.suggest(trial, name) for name, one in bench.search.ranges.items()}
    place = folder / f"{trial.number:04d}"
    shutil.rmtree(place, ignore_errors=True)
    try:
        loss = yield from _train(trial, bench, chosen, place, phase)
    except NonFiniteError as error:  # too high a rate: nothing to retry
        trial.set_user_attr("why", str(error))
        loss = None
    from optuna.trial import TrialState

    if loss is not None and math.isfinite(loss):
        study.tell(trial, loss)
    else:
        study.tell(trial, state=TrialState.PRUNED)
    for state in place.glob("state-*"):  # the weights of a trial are of no use, and large
        shutil.rmtree(state, ignore_errors=True)
    yield phase.advance(message=_said(trial.number, chosen, loss))


def _train(trial: Any, bench: Bench, chosen: dict[str, Any], place: Path, phase: Phase) -> Any:
    """Return the held-out loss at the end of a trial, None when it was pruned."""
    settings, options = bench.search.settings(chosen)
    assert isinstance(options, ImageOptions), "STAGES lists those alone that have a flow loss"
    objective, held = bench.objective(options)
    job, reported = train(objective, place, settings, lambda *shown: None), 0
    try:
        for event in job:
            if event.phase == "done":
                return objective.held_out_loss(held)  # the averaged weights
            report = min(REPORTS_PER_TRIAL - 1, event.step * REPORTS_PER_TRIAL // settings.samples)
            if report > reported:
                reported, loss = report, objective.held_out_loss(held)
                trial.report(loss, report)
                yield Event(phase.name, phase.step, phase.total, message=f"trial {trial.number}: loss {loss:.4f}")
                if trial.should_prune():
                    return None
    finally:
        job.close()
    raise AssertionError("a run ends with done")


def _said(number: int, chosen: dict[str, Any], loss: float | None) -> str:
    values = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in chosen.items()
    )
    return f"trial {number}: {'pruned' if loss is None else f'loss {loss:.4f}'} ({values})"
