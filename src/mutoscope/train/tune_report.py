"""The report of a study: report.md and report.png with the best settings, all trials, and which settings mattered."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutoscope.errors import SettingError
from mutoscope.media.storage import write_bytes


@dataclass(frozen=True)
class Tuned:
    """What came of a study."""

    best: dict[str, Any]  # settings
    loss: float
    finished: int  # trials, pruned ones included
    pruned: int
    failed: int  # and tried again
    report: Path


def finished(study: Any) -> list[Any]:
    """Return the trials that came to a verdict."""
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.name in ("COMPLETE", "PRUNED")]


def write_report(study: Any, out: Path) -> Tuned:
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
