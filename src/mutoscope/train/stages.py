"""STAGES: one line per stage of training, torch-free. A new stage is an objective (see `loop.Objective`) and a line here."""

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from mutoscope.errors import SettingError, did_you_mean


@dataclass(frozen=True)
class Stage:
    """What a stage trains, on what, and what it leaves.

    The objective is called as Class(config, folders, run, **options). One that has a method `finish(run)` is told when the
    stage ends, before its parts are written.
    """

    objective: str  # "module:Class" in mutoscope.train
    leaves: dict[str, str]  # part of the model -> where the objective holds it
    starts: dict[str, str] = field(default_factory=dict)  # the same, of parts it goes on from when the run has them
    needs: tuple[str, ...] = ()  # parts the run must have
    data: str = "any"  # what at least one folder must hold: "any", "pictures" or "clips"
    settings: dict[str, Any] = field(default_factory=dict)  # defaults of loop.Settings
    options: dict[str, Any] = field(default_factory=dict)  # of the objective

    def load(self) -> Any:
        """Return the objective's class."""
        module, name = self.objective.split(":")
        return getattr(import_module(f"mutoscope.train.{module}"), name)


_CODEC, _TRANSFORMER = {"codec": "model"}, {"transformer": "model"}
_TOWERS = {"text": "model.text", "image_tower": "model.image"}
_JUDGE = {"rate": 2e-3, "muon": False}
_SLOW, _FAST = {"batch": 16, "adam_share": 0.3}, {"batch": 64, "rate": 1e-3}

STAGES: dict[str, Stage] = {
    "codec": Stage("codec:CodecObjective", _CODEC, _CODEC, settings={**_SLOW, "rate": 1e-3}),
    "decoder": Stage("codec:CodecObjective", _CODEC, _CODEC, ("codec",), settings={**_SLOW, "rate": 5e-4},
                     options={"decoder_only": True}),
    "clip": Stage("clip:ClipObjective", _TOWERS, settings={"batch": 128, "rate": 3e-4, "muon": False}),
    "image": Stage("diffusion:DiffusionObjective", _TRANSFORMER, _TRANSFORMER, ("text", "codec"), "pictures", _FAST,
                   {"video": False}),
    "video": Stage("diffusion:DiffusionObjective", _TRANSFORMER, _TRANSFORMER, ("text", "codec"), "clips", _FAST,
                   {"video": True}),
    "distil": Stage("distil:DistilObjective", {"student": "model"}, needs=("text", "codec", "transformer"), data="pictures",
                    settings={"batch": 64, "rate": 5e-4}),
    "judge": Stage("judge:JudgeObjective", {}, data="pictures", settings={**_JUDGE, "batch": 64}),
    "classifier": Stage("judge:JudgeObjective", {}, data="pictures", settings={**_JUDGE, "batch": 32},
                        options={"classifier_only": True}),
}  # fmt: skip


def stage_named(name: str) -> Stage:
    """Return the stage of this name; SettingError names the nearest known one."""
    if name not in STAGES:
        raise SettingError(f"unknown stage {name!r}{did_you_mean(name, STAGES)}; known: {', '.join(STAGES)}")
    return STAGES[name]
