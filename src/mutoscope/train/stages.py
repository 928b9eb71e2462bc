"""STAGES: one line per stage of training, torch-free. A new stage is an objective (see `objective.py`) and a line here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from typing import Any

from mutoscope.config import replace
from mutoscope.errors import SettingError, did_you_mean
from mutoscope.train.settings import DistilOptions, ImageOptions, Options, Settings, VideoOptions


@dataclass(frozen=True)
class Stage:
    """What a stage trains, on what, and what it leaves.

    The objective is called as Class(config, folders, run), with an instance of `options` as well where the stage has some.
    """

    objective: str  # "module:Class" in mutoscope.train
    leaves: dict[str, str]  # part of the model -> where the objective holds it
    starts: dict[str, str] = field(default_factory=dict)  # the same, of parts it goes on from when the run has them
    needs: tuple[str, ...] = ()  # parts the run must have
    data: str = "any"  # what at least one folder must hold: "any", "pictures" or "clips"
    settings: dict[str, Any] = field(default_factory=dict)  # the stage's defaults of settings.Settings
    options: type[Options] | None = None  # settings of the objective

    def load(self) -> Any:
        """Return the objective's class."""
        module, name = self.objective.split(":")
        return getattr(import_module(f"mutoscope.train.{module}"), name)

    def default_options(self) -> Options | None:
        """Return the options as they are when nothing is set."""
        return None if self.options is None else self.options()


_CODEC, _TRANSFORMER = {"codec": "model"}, {"transformer": "model"}
_TOWERS = {"text": "model.text", "image_tower": "model.image"}
_JUDGE = {"rate": 2e-3, "muon": False}
_SLOW, _FAST = {"batch": 16, "adam_share": 0.3}, {"batch": 64, "rate": 1e-3}

STAGES: dict[str, Stage] = {
    "codec": Stage("codec:CodecObjective", _CODEC, _CODEC, settings={**_SLOW, "rate": 1e-3}),
    "decoder": Stage("codec:DecoderObjective", _CODEC, _CODEC, ("codec",), settings={**_SLOW, "rate": 5e-4}),
    "clip": Stage("clip:ClipObjective", _TOWERS, settings={"batch": 128, "rate": 3e-4, "muon": False}),
    "image": Stage("diffusion:DiffusionObjective", _TRANSFORMER, _TRANSFORMER, ("text", "codec"), "pictures", _FAST,
                   ImageOptions),
    "video": Stage("diffusion:DiffusionObjective", _TRANSFORMER, _TRANSFORMER, ("text", "codec"), "clips", _FAST,
                   VideoOptions),
    "distil": Stage("distil:DistilObjective", {"student": "model"}, needs=("text", "codec", "transformer"), data="pictures",
                    settings={"batch": 64, "rate": 5e-4}, options=DistilOptions),
    "judge": Stage("judge:JudgeObjective", {}, data="pictures", settings={**_JUDGE, "batch": 64}),
    "classifier": Stage("judge:ClassifierObjective", {}, data="pictures", settings={**_JUDGE, "batch": 32}),
}  # fmt: skip


def stage_named(name: str) -> Stage:
    """Return the stage of this name; SettingError names the nearest known one."""
    if name not in STAGES:
        raise SettingError(f"unknown stage {name!r}{did_you_mean(name, STAGES)}; known: {', '.join(STAGES)}")
    return STAGES[name]


def setting_names(stages: Iterable[str] = tuple(STAGES)) -> tuple[str, ...]:
    """Return the names of the settings that at least one of `stages` has: the loop's, then those of the objectives."""
    kinds = [Settings, *filter(None, (STAGES[stage].options for stage in stages))]
    return tuple(dict.fromkeys(item.name for kind in kinds for item in fields(kind)))


def read_settings(stage: str, values: Mapping[str, Any]) -> tuple[Settings, Options | None]:
    """Return the loop's settings and the objective's options: the stage's defaults, changed by `values`.

    SettingError for a name that no stage knows or that only others know, and for a value that does not fit.
    """
    row, loop_names = stage_named(stage), {item.name for item in fields(Settings)}
    for name in values:
        _check_name(stage, name)
    settings = replace(Settings(), **row.settings)
    settings = replace(settings, **{name: value for name, value in values.items() if name in loop_names})
    options = row.default_options()
    if options is not None:
        options = replace(options, **{name: value for name, value in values.items() if name not in loop_names})
    return settings, options


def _check_name(stage: str, name: str) -> None:
    known = setting_names([stage])
    if name in known:
        return
    others = [other for other in STAGES if name in setting_names([other])]
    if others:
        raise SettingError(f"{name} is a setting of {' and '.join(others)}; leave {name} out of the {stage} stage")
    raise SettingError(f"unknown setting {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}")
