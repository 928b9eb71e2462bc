"""What one run of the evaluation holds: the model, the networks that read pictures, and the numbers found so far.

The measures (measure_pictures.py, measure_clips.py) are functions of an `Evaluation`. They draw with its model, read with its
judge, and write into `numbers`, `missing` and `sheets`.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mutoscope.evaluate.judge import Judge
from mutoscope.evaluate.model_under_test import ModelUnderTest
from mutoscope.evaluate.plan import Plan
from mutoscope.evaluate.prompts import Question
from mutoscope.evaluate.renders import render_pictures
from mutoscope.evaluate.standard import Standard
from mutoscope.evaluate.tally import floor, share
from mutoscope.events import Event, Phase
from mutoscope.world.spec import SceneSpec
from mutoscope.world.sprites import SpriteLibrary

Pictures = list[np.ndarray]  # uint8 (H, W, 3)
Drawing = Generator[Event, None, Pictures]  # yields events, returns pictures


@dataclass
class Evaluation:
    """A run before it is written."""

    model: ModelUnderTest
    judge: Judge
    plan: Plan
    standard: Standard | None = None  # networks with public weights
    sprites: SpriteLibrary | None = None  # to render scenes with things
    numbers: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)  # what was not measured -> why
    sheets: dict[str, Pictures] = field(default_factory=dict)

    def draw(self, questions: Sequence[Question], name: str, style_argument: bool = False) -> Drawing:
        """Draw every question; with `style_argument` the question's style goes beside the prompt."""
        phase, pictures = Phase(name, len(questions)), []
        yield phase.start()
        for q in questions:
            style = q.style if style_argument else None
            pictures.append(self.model.draw_picture(q.prompt, q.seed, style))
            yield phase.advance(preview=pictures[-1])
        return pictures

    def render(self, specs: Sequence[SceneSpec], name: str, library: SpriteLibrary | None = None) -> Drawing:
        """Render every scene."""
        phase, pictures = Phase(name, len(specs)), []
        yield phase.start()
        for picture in render_pictures(specs, library=library):
            pictures.append(picture)
            yield phase.advance()
        return pictures

    def add_standard(self, metric: str, values: dict[str, Any]) -> None:
        """Keep a metric of the public networks, {pictures: number}."""
        self.numbers.setdefault("standard", {})[metric] = values


def summarise(questions: Sequence[Question], read: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Return what a report says of any questions: how many, the share read right, the floor, and every answer."""
    asked = [q.asked for q in questions]
    return {
        "n": len(questions),
        "generated": share(asked, read),
        "floor": floor(asked, read),
        "answers": list_answers(questions, read),
    }


def list_answers(questions: Sequence[Question], read: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    """Return every question with what was asked and what its picture was read as."""
    return [
        {"prompt": q.prompt, "seed": q.seed, "style": q.style, "asked": q.asked, "read": facts}
        for q, facts in zip(questions, read, strict=True)
    ]
