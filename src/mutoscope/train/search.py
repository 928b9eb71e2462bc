"""What `mutoscope tune` searches: a recipe's [tune] table -> ranges of settings, checked before anything runs."""

import math
from dataclasses import dataclass, fields
from dataclasses import replace as copy_with
from typing import Any

from mutoscope.config import replace
from mutoscope.errors import SettingError, did_you_mean
from mutoscope.train.settings import Options, Settings
from mutoscope.train.stages import read_settings, setting_names, stage_named

TUNABLE_STAGES = ("image", "video")  # those that have a flow loss
PRUNERS = ("median", "hyperband", "none")
FIXED_SETTINGS = ("samples", "budget", "seed", "save_every", "preview_every", "log_every", "max_shard")
HELD_OUT_ITEMS = 256  # where [tune] does not say
REPORTS_PER_TRIAL = 10
NEVER_SECONDS = 1e9


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
    held_out: int = HELD_OUT_ITEMS  # items that no trial trains on
    pruner: str = "median"

    def settings(self, chosen: dict[str, Any]) -> tuple[Settings, Options | None]:
        """Return what loop and objective are told with these values of the ranges; SettingError when they do not fit."""
        settings, options = read_settings(self.stage, {**self.fixed, **chosen, "samples": self.samples})
        steps = math.ceil(self.samples / settings.batch)
        log_every = max(1, steps // REPORTS_PER_TRIAL)
        return replace(settings, save_every=NEVER_SECONDS, preview_every=NEVER_SECONDS, log_every=log_every), options


def read_search(table: dict[str, Any], parts: list[dict[str, Any]]) -> tuple[int, Search]:
    """Return which of a recipe's [[train]] `parts` its [tune] `table` is about, and the search; SettingError.

    [tune] holds stage, samples, held_out, pruner, and for each setting a table {low, high, log} or {choices}.
    """
    known = ("stage", "samples", "held_out", "pruner", *setting_names(TUNABLE_STAGES))
    for key in table:
        if key not in known:
            raise SettingError(f"[tune]: unknown key {key!r}{did_you_mean(key, known)}")
    stages = [part["stage"] for part in parts]
    stage = table.get("stage", next((name for name in reversed(stages) if name in TUNABLE_STAGES), "image"))
    if stage not in TUNABLE_STAGES:
        raise SettingError(
            f"[tune]: stage must be {' or '.join(TUNABLE_STAGES)}, got {stage!r}; others have no flow loss"
        )
    if stage not in stages:
        raise SettingError(f"[tune]: the recipe has no [[train]] of stage {stage!r}")
    index = len(stages) - 1 - stages[::-1].index(stage)
    part = parts[index]
    ranges = {key: read_range(key, value, stage) for key, value in table.items() if isinstance(value, dict)}
    if not ranges:
        raise SettingError("[tune] names no range; for example: rate = {low = 0.0003, high = 0.01, log = true}")
    fixed = {key: value for key, value in part.items() if key not in ("stage", "samples", *ranges)}
    search = Search(stage, ranges, fixed, table.get("samples", part["samples"]), table.get("held_out", HELD_OUT_ITEMS),
                    table.get("pruner", "median"))  # fmt: skip
    _check(search)
    return index, search


def read_range(name: str, table: dict[str, Any], stage: str) -> Range:
    """Return the range of a setting of a stage; SettingError says what is wrong with it."""
    if name in FIXED_SETTINGS:
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
    if all(isinstance(end, int) for end in found.ends()) and _is_whole(name, stage):
        return found
    return copy_with(found, low=float(found.low), high=float(found.high))


def _is_whole(name: str, stage: str) -> bool:
    """Say whether a setting of a stage is a whole number."""
    defaults = vars(Settings()) | (vars(options) if (options := stage_named(stage).default_options()) else {})
    return isinstance(defaults.get(name), int)


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
