"""The command `tune`: tries settings of a recipe's last stages by short runs and writes the recipe with the best ones.

What comes before the tuned stage is rendered and trained once, in OUT/base.
"""

import json
from pathlib import Path
from typing import Annotated, Any

from mutoscope.cli import arguments as ask
from mutoscope.cli.arguments import argument, float_option, int_option, text_option
from mutoscope.cli.console import LINE_SECONDS, note, say, watch
from mutoscope.cli.recipe import prepare_data, read_recipe, train_part
from mutoscope.device import need_torch
from mutoscope.errors import SettingError

Storage = Annotated[
    str,
    text_option("--storage", "URL", "Optuna storage shared by several machines. Default: a file in DIR."),
]


def tune(
    file: Annotated[str, argument("RECIPE", "A recipe with a [tune] table; see docs/tune.md.")],
    out: Annotated[str, text_option("--out", "DIR", "Folder of the study; run the same command again to continue.")],
    trials: Annotated[int, int_option("--trials", 40, "Total number of trials.")] = 40,
    storage: Storage = "",
    seed: Annotated[int, int_option("--seed", 0, "Seed of the search.")] = 0,
    scale: Annotated[float, float_option("--scale", 0.01, "Run this share of everything, to try it out.")] = 1.0,
    quiet: ask.Quiet = False,
) -> None:
    """Search for good settings of a recipe: many short runs, compared by their held-out loss."""
    if trials < 1:
        raise SettingError(f"--trials must be 1 or more, got {trials}")
    if not 0 < scale <= 1:
        raise SettingError(f"--scale must be above 0 and at most 1, got {scale}")
    plan = read_recipe(Path(file))
    if "tune" not in plan:
        raise SettingError(f"{file}: no [tune] table, which says what to try; docs/tune.md shows one")
    search, index = _search(plan, scale)
    from mutoscope.config import preset
    from mutoscope.data.claim import alone
    from mutoscope.media.storage import make_folder
    from mutoscope.train.tune import claim_study
    from mutoscope.train.tune import tune as start

    config = preset(plan["model"]["preset"])
    base, name = Path(out) / "base", study_name(plan, scale)
    make_folder(base)
    with alone(base, "study"):
        claim_study(Path(out), name, seed, storage)
        _prepare(base, plan, index, scale, quiet)
        events = start(search, config, base=base, data=base / "world", out=Path(out), name=name,
                       trials=trials, seed=seed, storage=storage)  # fmt: skip
        tuned = watch(events, quiet=quiet, lines_every=LINE_SECONDS)
    note(f"{tuned.finished} trials, {tuned.pruned} of them pruned; best held-out loss {tuned.loss:.5f}")
    say(tuned.report)
    say(_write_best(Path(out) / "best.toml", plan, index, tuned.best))


def _prepare(base: Path, plan: dict[str, Any], index: int, scale: float, quiet: bool) -> None:
    """Render the data and train the stages before the tuned one, as `mutoscope recipe` does; goes on where it stopped."""
    prepare_data(base, plan, scale, quiet)
    for part in plan["train"][:index]:
        note(f"train {part['stage']}")
        watch(train_part(base, plan["model"], part, scale), quiet=quiet, lines_every=LINE_SECONDS)


def _search(plan: dict[str, Any], scale: float) -> tuple[Any, int]:
    """Return the search and the place of the stage it is about; MissingExtraError, SettingError."""
    from dataclasses import replace

    need_torch("tune")
    from mutoscope.train.tune import check_optuna, read_search

    check_optuna()
    index, search = read_search(plan["tune"], plan["train"])
    return replace(search, samples=max(1, round(search.samples * scale))), index


def study_name(plan: dict[str, Any], scale: float) -> str:
    """Return a name that only the same recipe at the same scale has, so that no two studies mix."""
    import hashlib

    digest = hashlib.sha256(json.dumps([plan, scale], sort_keys=True).encode()).hexdigest()[:12]
    return f"{plan['model']['name']}-{digest}"


def _write_best(path: Path, plan: dict[str, Any], index: int, best: dict[str, Any]) -> Path:
    """Write the recipe with the best settings in its stage and without [tune]."""
    import copy

    from mutoscope.media.storage import write_bytes

    tuned = copy.deepcopy(plan)
    del tuned["tune"]
    tuned["train"][index] |= best
    return write_bytes(path, to_toml(tuned).encode())


def to_toml(plan: dict[str, Any]) -> str:
    """Return a recipe as TOML: tables and lists of tables of plain values.

    >>> to_toml({"model": {"preset": "tiny"}, "train": [{"stage": "image", "rate": 0.01}]})
    '[model]\\npreset = "tiny"\\n\\n[[train]]\\nstage = "image"\\nrate = 0.01\\n'
    """
    blocks = []
    for name, held in plan.items():
        head, tables = (f"[[{name}]]", held) if isinstance(held, list) else (f"[{name}]", [held])
        blocks += [
            "\n".join([head, *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items())])
            for table in tables
        ]
    return "\n\n".join(blocks) + "\n"


COMMANDS = {
    "tune": (
        tune,
        """
mutoscope tune recipes/tune-nano-cpu.toml --trials 40 --out runs/tune
mutoscope tune recipes/tune-nano-cpu.toml --trials 40 --out runs/tune --storage postgresql://me@host/studies""",
    ),
}
