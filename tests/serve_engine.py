"""An engine for tests of the server: it draws noise in no time, and its prompts can make it slow, hang, fail, or end its process.

`install(folder)` makes it a package with an entry point there; with the folder on PYTHONPATH, `--model fake:0` opens it. What stands
behind the colon is the seconds of a step. Words of a prompt that do something: slow (0.2 s a step), hang, die (every time),
die-once-NAME (the first time, by a file of this name in $MUTOSCOPE_FAKE_FOLDER), raise, nan. device
draws the name of the device that the worker was told: its letters are the first pixels. It knows auto, cpu, cuda:0 and cuda:1.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.capabilities import Capabilities
from mutoscope.engines import Drawn, EngineSettings
from mutoscope.errors import NonFiniteError, SettingError
from mutoscope.events import Event, Phase
from mutoscope.prompt.request import Request

STEPS = 4
DEVICES = ("auto", "cpu", "cuda:0", "cuda:1")


class FakeEngine:
    """Noise that depends on the seed and the index alone."""

    def __init__(self, seconds: float, device: str = "auto"):
        self.seconds, self.device = seconds, device
        self.capabilities = Capabilities(
            "fake", "f" * 16, engine="fake", objects=False, reads_facts=False, image_steps=STEPS
        )

    def draw(self, request: Request, init_image: Any = None, preview: bool = False) -> Iterator[Event]:
        """Yield the steps of a drawing, with a preview at each."""
        phase = Phase("draw", STEPS)
        for _ in range(STEPS):
            misbehave(request.prompt)
            time.sleep(0.2 if "slow" in request.prompt else self.seconds)
            yield phase.advance(preview=np.zeros((8, 8, 3), np.uint8) if preview else None)
            if preview and request.num_frames > 1:
                first, second = (np.full((1, 8, 8, 3), 60 * phase.step - 30 * place, np.uint8) for place in range(2))
                yield replace(phase.advance(0), frames=np.concatenate([first, second]))
        random = np.random.default_rng([request.seed, request.index])
        frames = random.integers(0, 256, (request.num_frames, request.height, request.width, 3), np.uint8)
        if "device" in request.prompt.split():
            frames.reshape(-1)[: len(self.device)] = list(self.device.encode())
        yield Event("done", 1, 1, result=Drawn(frames))


def misbehave(prompt: str) -> None:
    """Do what the words of a prompt say."""
    if "raise" in prompt:
        raise RuntimeError("a secret path: /root/secret")
    if "nan" in prompt:
        raise NonFiniteError("latent frame 0 is not finite after step 1")
    if "hang" in prompt:
        time.sleep(600)
    once = [word for word in prompt.split() if word.startswith("die-once-")]
    for name in once:
        try:
            Path(os.environ["MUTOSCOPE_FAKE_FOLDER"], name).touch(exist_ok=False)
        except FileExistsError:
            continue
        os._exit(9)
    if "die" in prompt.split():
        os._exit(9)


def open_fake(words: str, settings: EngineSettings) -> FakeEngine:
    """Return the engine; its model's name is the seconds of a step."""
    if settings.device not in DEVICES:
        raise SettingError(f"there is no device {settings.device!r} here; known: {', '.join(DEVICES)}")
    return FakeEngine(float(words), settings.device)


def install(folder: Path) -> Path:
    """Make a package with this engine in a folder, and return the folder."""
    facts = folder / "mutoscope_fake-1.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: mutoscope-fake\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[mutoscope.engines]\nfake = mutoscope_fake:open_fake\n")
    (folder / "mutoscope_fake.py").write_text(Path(__file__).read_text())
    return folder
