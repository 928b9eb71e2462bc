"""A page on which people choose between two models without knowing which is which; what they choose is a votes file.

One HTML file with everything in it: it opens from a disk, on a phone too, and sends nothing anywhere. Sides are drawn for each
pair, by the models and the seed. The votes it saves are what `preference.py` reads.
"""

import base64
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mutoscope.errors import SettingError
from mutoscope.evaluate.model_under_test import ModelUnderTest
from mutoscope.evaluate.prompts import Question, ask_held_out
from mutoscope.events import Event, Phase
from mutoscope.media.storage import write_bytes
from mutoscope.rng import stream

TEMPLATE = Path(__file__).with_name("vote_page.html")
PAIR_COUNT = 60  # that one person looks at in ten minutes


def run(
    a: ModelUnderTest,
    b: ModelUnderTest,
    page: Path,
    count: int = PAIR_COUNT,
    prompts: Sequence[str] = (),  # to draw instead of held-out captions that both models have the words of
) -> Iterator[Event]:
    """Draw `count` pairs and write the page; the last event carries its path. SettingError for models without different hashes."""
    if not a.model_hash or not b.model_hash or a.model_hash == b.model_hash:
        raise SettingError(
            f"votes name models by hash, and these have {a.model_hash or 'none'!r} and {b.model_hash or 'none'!r}; "
            "compare two different checkpoints"
        )
    own = [Question(prompt, seed, {}, "") for seed, prompt in enumerate(prompts[:count])]
    questions = own or ask_held_out(count, replace(a.known, other=b.known))
    phase, pairs = Phase("draw pairs", 2 * len(questions)), []
    yield phase.start()
    for q in questions:
        pairs.append([])
        for model in (a, b):
            pairs[-1].append(model.draw_picture(q.prompt, q.seed))
            yield phase.advance(preview=pairs[-1][-1])
    yield Event("done", 1, 1, result=write_bytes(Path(page), make_page(questions, pairs, (a.model_hash, b.model_hash))))


def make_page(
    questions: Sequence[Question],
    pairs: Sequence[Sequence[np.ndarray]],  # of A and B, uint8 (H, W, 3)
    models: tuple[str, str],  # hashes of A and B
) -> bytes:
    """Return the page; `order` of a pair is the number of the model on the left."""
    rows: list[dict[str, Any]] = []
    for q, pair in zip(questions, pairs, strict=True):
        order = int(stream("blind", *models, q.prompt, q.seed).uniform() < 0.5)
        left, right = pair[order], pair[1 - order]
        rows.append(
            {"prompt": q.prompt, "seed": q.seed, "order": order, "left": _data_url(left), "right": _data_url(right)}
        )
    name = hashlib.sha256(json.dumps([models, [q.prompt for q in questions]]).encode()).hexdigest()[:16]
    data = json.dumps({"id": f"blind-{name}", "models": models, "pairs": rows}).replace("</", "<\\/")
    return TEMPLATE.read_text("utf-8").replace("DATA", data, 1).encode()


def _data_url(picture: np.ndarray) -> str:
    """Return a picture as a data URL, every pixel kept."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "WEBP", lossless=True)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
