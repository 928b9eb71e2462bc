"""Tuning: Optuna proposes settings of the image or video stage, short runs try them, the held-out flow loss judges them.

    OUT/study.db         the study (SQLite), unless another storage is named, which many machines may share
    OUT/trials/NNNN/     the log of each trial
    OUT/report.md .png   the best settings, all trials, which settings mattered

All trials begin with the same weights and see the same samples in the same order. The same command goes on: a trial that was at
work when the process died is marked failed and its settings are tried again, so that on one machine a study that was killed comes
to the same trials as one never disturbed.
"""

import importlib.util
import io
import math
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, fields
from dataclasses import replace as copy_with
from pathlib import Path
from typing import Any

from mutoscope.config import ModelConfig, replace
from mutoscope.data.cache import Folder, open_folders
from mutoscope.data.claim import alone, claim
from mutoscope.errors import DataError, MissingExtraError, NonFiniteError, SettingError, did_you_mean
from mutoscope.events import Event, Phase
from mutoscope.media.storage import make_folder, write_bytes
from mutoscope.parts import has_part, load_part
from mutoscope.rng import stream
from mutoscope.train.loop import Settings, train

STAGES = ("image", "video")  # those that have a flow loss
PRUNERS = ("median", "hyperband", "none")
FIXED = ("samples", "budget", "seed", "save_every", "preview_every", "log_every", "max_shard")
REPORTS = 10  # of a trial on its way
FEWEST_COMPARED, FIRST_COMPARED = 4, 2  # trials, and reports, before anything is pruned
NEVER = 1e9  # seconds


@dataclass(frozen=True)
class Range:
    """The values that a setting may take: from `low` to `high`, or one of `choices`."""

    low: Any = None
    high: Any = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    def ends(self) -> tuple[Any, ...]:
        """Return values between which all others lie."""
        return self.choices or (self.low, self.high)

    def suggest(self, trial: Any, name: str) -> Any:
        """Return the value that an Optuna trial proposes."""
        if self.choices:
            return trial.suggest_categorical(name, list(self.choices))
        ask = trial.suggest_int if isinstance(self.low, int) else trial.suggest_float
        return ask(name, self.low, self.high, log=self.log)


@dataclass(frozen=True)
class Search:
    """What is tuned; made of a recipe's [tune] by `read_search`."""

    stage: str
    ranges: dict[str, Range]
    fixed: dict[str, Any]  # settings of the stage that are not tuned
    samples: int  # of a trial
    held_out: int = 256  # items that no trial trains on
    pruner: str = "median"

    def settings(self, chosen: dict[str, Any]) -> Settings:
        """Return what the loop is told with these values of the ranges."""
        values = {**self.fixed, **chosen, "samples": self.samples}
        settings = replace(Settings(), **values)
        steps = math.ceil(self.samples / settings.batch)
        return replace(settings, save_every=NEVER, preview_every=NEVER, log_every=max(1, steps // REPORTS))


@dataclass(frozen=True)
class Tuned:
    """What came of a study."""

    best: dict[str, Any]  # settings
    loss: float
    finished: int  # trials, pruned ones included
    pruned: int
    failed: int  # and tried again
    report: Path


def read_search(table: dict[str, Any], parts: list[dict[str, Any]]) -> tuple[int, Search]:
    """Return which of a recipe's [[train]] `parts` its [tune] `table` is about, and the search; SettingError.

    [tune] holds stage, samples, held_out, pruner, and for each setting a table {low, high, log} or {choices}.
    """
    known = ("stage", "samples", "held_out", "pruner", *(item.name for item in fields(Settings)))
    for key in table:
        if key not in known:
            raise SettingError(f"[tune]: unknown key {key!r}{did_you_mean(key, known)}")
    stages = [part["stage"] for part in parts]
    stage = table.get("stage", next((name for name in reversed(stages) if name in STAGES), "image"))
    if stage not in STAGES:
        raise SettingError(f"[tune]: stage must be {' or '.join(STAGES)}, got {stage!r}; others have no flow loss")
    if stage not in stages:
        raise SettingError(f"[tune]: the recipe has no [[train]] of stage {stage!r}")
    index = len(stages) - 1 - stages[::-1].index(stage)
    part = parts[index]
    ranges = {key: read_range(key, value) for key, value in table.items() if isinstance(value, dict)}
    if not ranges:
        raise SettingError("[tune] names no range; for example: rate = {low = 0.0003, high = 0.01, log = true}")
    fixed = {key: value for key, value in part.items() if key not in ("stage", "samples", *ranges)}
    search = Search(stage, ranges, fixed, table.get("samples", part["samples"]), table.get("held_out", 256),
                    table.get("pruner", "median"))  # fmt: skip
    _check(search)
    return index, search


def read_range(name: str, table: dict[str, Any]) -> Range:
    """Return the range of a setting; SettingError says what is wrong with it."""
    if name in FIXED:
        raise SettingError(f"[tune.{name}] cannot be tuned: it is the same for all trials, or changes no weight")
    keys = [item.name for item in fields(Range)]
    for key in table:
        if key not in keys:
            raise SettingError(f"[tune.{name}]: unknown key {key!r}{did_you_mean(key, keys)}; known: {', '.join(keys)}")
    if "choices" in table:
        if len(table) > 1 or not isinstance(table["choices"], list) or not table["choices"]:
            raise SettingError(f"[tune.{name}]: choices must be a list of values and stand alone")
        return Range(choices=tuple(table["choices"]))
    found = Range(**table)
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in found.ends())
    if not numbers or not found.low < found.high or (found.log and found.low <= 0):
        raise SettingError(f"[tune.{name}] needs low < high (above 0 with log), or choices, got {table}")
    if isinstance(found.low, int) != isinstance(found.high, int):
        found = copy_with(found, low=float(found.low), high=float(found.high))
    if not isinstance(getattr(Settings(), name), int) and isinstance(found.low, int):
        found = copy_with(found, low=float(found.low), high=float(found.high))
    return found


def _check(search: Search) -> None:
    """Raise SettingError for what no trial could do."""
    for key in ("samples", "held_out"):
        value = getattr(search, key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise SettingError(f"[tune]: {key} must be a whole number above 0, got {value!r}")
    if search.pruner not in PRUNERS:
        hint = did_you_mean(search.pruner, PRUNERS)
        raise SettingError(f"[tune]: unknown pruner {search.pruner!r}{hint}; known: {', '.join(PRUNERS)}")
    middle = {name: one.ends()[0] for name, one in search.ranges.items()}
    for name, one in search.ranges.items():
        for end in one.ends():
            search.settings({**middle, name: end})


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
        tuned = _report(study, out)
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

    def objective(self) -> Any:
        """Return a fresh objective and the held-out sets that judge it."""
        import torch

        from mutoscope.train.diffusion import DiffusionObjective, cache_folder

        torch.manual_seed(0)  # as in train.run: initial weights
        made = DiffusionObjective(self.config, self.training, self.base, video=self.search.stage == "video")
        if has_part(self.base, "transformer"):
            load_part(self.base, "transformer", made.model)
        made.preview = lambda model: None  # nobody looks at a trial
        parts = (made.codec, made.tower, made.tokenizer, self.config, self.base)
        return made, [cache_folder(folder, *parts) for folder in self.held]


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


def finished(study: Any) -> list[Any]:
    """Return the trials that came to a verdict."""
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.name in ("COMPLETE", "PRUNED")]


def _open_study(out: Path, name: str, search: Search, storage: str) -> Any:
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner: Any = optuna.pruners.NopPruner()
    if search.pruner == "median":
        pruner = optuna.pruners.MedianPruner(n_startup_trials=FEWEST_COMPARED, n_warmup_steps=FIRST_COMPARED)
    elif search.pruner == "hyperband":
        pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=REPORTS)
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
    objective, held = bench.objective()
    settings = bench.search.settings(chosen)
    job, reported = train(objective, place, settings, lambda *shown: None), 0
    try:
        for event in job:
            if event.phase == "done":
                return objective.held_out_loss(held)  # the averaged weights
            report = min(REPORTS - 1, event.step * REPORTS // settings.samples)
            if report > reported:
                reported, loss = report, objective.held_out_loss(held)
                trial.report(loss, report)
                yield Event(phase.name, phase.step, phase.total, message=f"trial {trial.number}: loss {loss:.4f}")
                if trial.should_prune():
                    return None
    finally:
        job.close()  # type: ignore[attr-defined]
    raise AssertionError("a run ends with done")


def _said(number: int, chosen: dict[str, Any], loss: float | None) -> str:
    values = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in chosen.items()
    )
    return f"trial {number}: {'pruned' if loss is None else f'loss {loss:.4f}'} ({values})"


# The report ------------------------------------------------------------------------------------------------------


def _report(study: Any, out: Path) -> Tuned:
    """Write report.md and report.png; return what came out."""
    ended = finished(study)
    complete = sorted((trial for trial in ended if trial.state.name == "COMPLETE"), key=lambda trial: trial.value)
    failed = [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == "FAIL"]
    if not complete:
        raise SettingError(
            "no trial came to its end with a finite loss; lower the rates in [tune], or allow more samples"
        )
    best, weights = complete[0], importance(study)
    write_bytes(out / "report.png", _plot(ended, weights))
    names = list(best.params)
    rows = [[trial.number, f"{trial.value:.5f}", *_cells(trial, names)] for trial in complete]
    rows += [[trial.number, "pruned", *_cells(trial, names)] for trial in ended if trial.state.name == "PRUNED"]
    lines = [
        f"# {study.study_name}", "",
        f"{len(complete)} trials to the end, {len(ended) - len(complete)} pruned, {len(failed)} stopped and tried again. "
        f"Best held-out flow loss {best.value:.5f} (trial {best.number}).", "", "![history and importance](report.png)", "",
        *_table(["setting", "best", "importance"], [
            [name, _cell(best.params[name]), f"{weights[name]:.2f}" if name in weights else "not measured"] for name in names
        ]), "",
        *_table(["trial", "loss", *names], rows),
    ]  # fmt: skip
    report = write_bytes(out / "report.md", ("\n".join(lines) + "\n").encode())
    return Tuned(dict(best.params), best.value, len(ended), len(ended) - len(complete), len(failed), report)


def importance(study: Any) -> dict[str, float]:
    """Return the share of each setting in how the losses differ (PED-ANOVA, Watanabe et al. 2023); {} for too few trials."""
    import warnings

    import optuna

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is said in the report how many trials there were
            evaluator = optuna.importance.PedAnovaImportanceEvaluator(evaluate_on_local=False)
            return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))
    except (ValueError, RuntimeError):  # fewer than two losses, or all alike
        return {}


def _plot(trials: list[Any], weights: dict[str, float]) -> bytes:
    """Return a PNG: the losses in their order with the best so far, and the importance of each setting."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained", dpi=120)
    history, bars = figure.subplots(1, 2)
    complete = [trial for trial in trials if trial.state.name == "COMPLETE"]
    numbers, losses = [trial.number for trial in complete], [trial.value for trial in complete]
    history.plot(numbers, losses, "o", color="#4477aa", label="to the end")
    history.step(
        numbers, [min(losses[: i + 1]) for i in range(len(losses))], where="post", color="#222222", label="best so far"
    )
    cut_short = [trial for trial in trials if trial.state.name == "PRUNED" and trial.intermediate_values]
    if cut_short:
        last = [trial.intermediate_values[max(trial.intermediate_values)] for trial in cut_short]
        history.plot([trial.number for trial in cut_short], last, "x", color="#aaaaaa", label="pruned")
    history.set(xlabel="trial", ylabel="held-out flow loss")
    history.legend(fontsize="small")
    names = sorted(weights, key=lambda name: weights[name])
    bars.barh(names, [weights[name] for name in names], color="#4477aa")
    bars.set(xlabel="importance" if weights else "importance: not measured, too few trials", xlim=(0, 1))
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def _cells(trial: Any, names: list[str]) -> list[str]:
    return [_cell(trial.params.get(name)) for name in names]


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(head: list[str], rows: list[list[Any]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(map(str, line)) + " |" for line in lines]
