"""The body of POST /api/jobs: the options of Python and of the command line, by the same names."""

import base64
import binascii
from typing import Annotated, Any, Literal

from pydantic import Field

from mutoscope.errors import SettingError
from mutoscope.options import MAX_COUNT
from mutoscope.prompt.checks import MAX_PROMPT_CHARACTERS, MAX_SEED
from mutoscope.prompt.request import MAX_FRAMES, MAX_GUIDANCE_SCALE, MAX_SIDE_PIXELS, MAX_STEPS
from mutoscope.serve.jobs import Order
from mutoscope.serve.strict import StrictBody
from mutoscope.sizing import MAX_DURATION_SECONDS

MAX_WORD = 1000  # letters of an option that is a name
MAX_PICTURE = 44 << 20  # letters of a picture in base64
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Word = Annotated[str, Field(max_length=MAX_WORD)]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE_PIXELS)]
Share = Annotated[float, Field(ge=0, le=1)]
Picture = Annotated[
    str, Field(max_length=MAX_PICTURE)
]  # base64 of a PNG, JPEG or WebP file, with or without data:...;base64,
OWN = ("kind", "prompt", "n", "model", "format", "preview")  # the others are options


class JobBody(StrictBody):
    """What to draw. Only `prompt` has to be given."""

    prompt: str = Field(max_length=MAX_PROMPT_CHARACTERS)
    kind: Literal["image", "video"] = "image"
    n: int = Field(1, ge=1, le=MAX_COUNT)
    model: Word | None = None
    format: Word | None = None
    preview: bool = True
    negative_prompt: Annotated[str, Field(max_length=MAX_PROMPT_CHARACTERS)] | None = None
    style: Word | None = None
    size: Word | None = None
    width: Side | None = None
    height: Side | None = None
    num_inference_steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] | None = None
    guidance_scale: Annotated[float, Field(ge=0, le=MAX_GUIDANCE_SCALE)] | None = None
    seed: Seed | None = None
    variation: Share | None = None
    variation_seed: Seed | None = None
    image: Picture | None = None
    mask_image: Picture | None = None
    strength: Share | None = None
    adapter: Word | None = None
    objects: bool | None = None
    postprocess: Word | None = None
    precision: Word | None = None
    duration_seconds: Annotated[float, Field(gt=0, le=MAX_DURATION_SECONDS)] | None = None
    num_frames: Annotated[int, Field(ge=2, le=MAX_FRAMES)] | None = None
    fps: Annotated[int, Field(ge=1, le=60)] | None = None

    def as_order(self, key: str | None = None) -> Order:
        """Return what is ordered; SettingError for a picture that is not base64."""
        options: dict[str, Any] = {
            name: value for name, value in self.__dict__.items() if value is not None and name not in OWN
        }
        for name in ("image", "mask_image"):
            if name in options:
                options[name] = read_base64(name, options[name])
        return Order(self.prompt, self.kind, options, self.model, self.format, self.n, key, self.preview)


def read_base64(name: str, text: str) -> bytes:
    """Return the bytes of base64 text, with or without `data:...;base64,` before it; SettingError. No address is ever fetched."""
    if text[:5].lower() == "data:":
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SettingError(f"{name} must be a picture file in base64; addresses are not fetched") from None


def check_adapter(order: Order) -> None:
    """Refuse an adapter that is named by a path: clients may name what is installed, not look through the disk; SettingError."""
    words = order.options.get("adapter")
    if words and any(part in words for part in ("/", "\\", "~", ".safetensors")):
        raise SettingError("adapter is a name, not a path; adapters are installed on the server: mutoscope adapt")
