"""What the preview sheets of a run show: the user's prompts, else captions of the run's own pictures, else views of the world."""

from collections.abc import Sequence
from pathlib import Path

from mutoscope.data.cache import Folder
from mutoscope.errors import DataError
from mutoscope.media.storage import make_folder, write_bytes
from mutoscope.rng import stream
from mutoscope.train.machine import is_rendered

FILE = "prompts.txt"  # in the run's folder, one prompt a line
MOST_PROMPTS = 24
USUAL_PROMPTS = 12
WORLD_PROMPTS = (
    "A serene lake surrounded by pine trees at sunset", "Waves crashing on a beach", "mountain sunset",
    "a city skyline at night", "a desert at noon", "a snowy village at dawn, watercolor",
    "an island with palm trees under the moon", "a pine forest in the fog, morning", "pixel art of a meadow in autumn",
    "flower field at golden hour, oil painting", "the open sea at blue hour", "a river in winter, ink wash",
)  # fmt: skip


def keep_prompts(run: Path, prompts: Sequence[str]) -> Path:
    """Write down the prompts of a run's previews; DataError for none, or more than a sheet has room for."""
    if not 1 <= len(prompts) <= MOST_PROMPTS:
        raise DataError(
            f"a preview sheet has 1 to {MOST_PROMPTS} prompts, got {len(prompts)}; give a file with one a line"
        )
    make_folder(run)
    return write_bytes(run / FILE, "\n".join(prompts).encode() + b"\n")


def preview_prompts(run: Path, folders: Sequence[Folder]) -> tuple[str, ...]:
    """Return the prompts of the previews; with rendered scenes and own pictures half of either."""
    if (run / FILE).is_file():
        lines = (line.strip() for line in (run / FILE).read_text("utf-8").splitlines())
        return tuple(line for line in lines if line)[:MOST_PROMPTS] or WORLD_PROMPTS
    own = [captions[0] for folder in folders for captions, facts in zip(folder.captions, folder.facts, strict=True)
           if captions and not is_rendered(facts)]  # fmt: skip
    if not own:
        return WORLD_PROMPTS
    everything = len(own) == sum(map(len, folders))
    count = USUAL_PROMPTS if everything else USUAL_PROMPTS // 2
    return (*spread(list(dict.fromkeys(own)), count), *(() if everything else WORLD_PROMPTS[: USUAL_PROMPTS - count]))


def spread(texts: Sequence[str], count: int) -> list[str]:
    """Return `count` of the texts in their order, chosen without pattern and always alike."""
    chosen = stream("previews").permutation(len(texts))[:count]
    return [texts[number] for number in sorted(int(place) for place in chosen)]
