"""Free-worded prompts: what a person might type, written apart from the caption grammar and never trained on.

They stand in prompts_free.txt beside this file, each with the facts that a picture of it has to show.
"""

from pathlib import Path

from mutoscope.errors import DataError

FILE = Path(__file__).parent / "prompts_free.txt"


def read_prompts(path: Path) -> tuple[tuple[str, dict[str, str]], ...]:
    """Read lines "scene<TAB>light<TAB>prompt[<TAB>fact=word; ...]" as (prompt, facts); DataError names the line that is none."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        pairs = [part.partition("=") for part in (cells[3].split("; ") if len(cells) == 4 else ())]
        if len(cells) not in (3, 4) or not all(cells) or not all(key and word for key, _, word in pairs):
            raise DataError(
                f"{path}, line {number}: expected scene, light, prompt and perhaps fact=word, parted by tabs"
            )
        facts = {"scene": cells[0], "light": cells[1], "style": "photo", **{key: word for key, _, word in pairs}}
        found.append((cells[2], facts))
    return tuple(found)


FREE_PROMPTS = read_prompts(FILE)
