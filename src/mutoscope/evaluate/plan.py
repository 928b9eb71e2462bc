"""How much an evaluation measures: the suites `quick` and `full`, or numbers of one's own."""

from dataclasses import dataclass

from mutoscope.errors import SettingError
from mutoscope.evaluate.motion import FPS, FRAMES

LEAST = {"count": 2, "clips": 0, "reference": 2, "training": 2, "things": 0, "cameras": 0}


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    count: int  # pictures of held-out combinations
    clips: int  # clips; 0 leaves them out
    reference: int  # renders that sets of pictures are compared with
    training: int  # pictures of the training set that copies are searched in, at most
    seconds: float = 2.0  # of a clip
    free: bool = True  # ask the prompts of the development set too
    things: int = 0  # pictures with things that are asked for by kind, number and side
    cameras: int = 0  # clips whose caption says where the camera goes
    styles: bool = True  # draw every scene that is no photo once more, with its style as an argument

    def __post_init__(self):
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise SettingError(f"{name} must be {least} or more, got {getattr(self, name)}")

    @property
    def frames(self) -> int:
        """Frames of a clip; never fewer than are compared with renders."""
        return max(FRAMES, round(self.seconds * FPS) + 1)


SUITES = {
    #              pictures  clips  reference  training  seconds  free  things  cameras
    "quick": Plan(    200,      8,       600,     2000,     2.0,  True,     60,      12),
    "full":  Plan(   2000,     32,      5000,    20000,    10.0,  True,    400,      48),
}  # fmt: skip
