"""Sets of free-worded prompts: the two development sets of this package, and blind sets that are not in the repository.

A line of a set is `scene<TAB>light<TAB>prompt`, and where the prompt says more `<TAB>fact=word; fact=word`; `-` stands for a light
that the prompt does not say. Lines that begin with # are comments.

The code that reads prompts was written with the development sets in view. What a model gets right of them does not say how it
does with words that nobody has looked at, so no limit is judged on them. A blind set says it: a file outside of the repository,
of which a report keeps the hash, the date and the figures, and no prompt.
"""

import hashlib
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from mutoscope.errors import DataError, did_you_mean
from mutoscope.world.shown import attributes

FOLDER = Path(__file__).parent
DEVELOPMENT_FILES = ("prompts_free.txt", "prompts_second.txt")
HASH_LENGTH = 16  # hexadecimal digits of a SHA-256 that reports show
MAX_LISTED_WORDS = 30  # of a fact, in a message
UNSAID = "-"  # a fact that the prompt does not say
NAMED_PROMPTS = 3  # that a message names at most
LabelledPrompt = tuple[str, dict[str, str]]  # a prompt, and the facts that a picture of it must show


@dataclass(frozen=True)
class BlindSet:
    """Prompts that are not in the repository, and what a report says of their file."""

    prompts: tuple[LabelledPrompt, ...]
    sha256: str  # of the file
    date: str  # on which it is measured, UTC


def read_prompts(path: Path) -> tuple[LabelledPrompt, ...]:
    """Read a set of prompts; DataError names the file, the line and what is expected there."""
    return parse_prompts(_read_bytes(path), path)


def read_blind_set(path: Path) -> BlindSet:
    """Read a blind set; DataError for a file without prompts, or with prompts of the development sets or the same one twice."""
    data = _read_bytes(path)
    prompts = parse_prompts(data, path)
    if not prompts:
        raise DataError(f"{path} holds no prompts; expected lines of scene, light and prompt, separated by tabs")
    _refuse_repeated(path, prompts)
    _refuse_known(path, prompts)
    return BlindSet(prompts, hashlib.sha256(data).hexdigest(), datetime.now(UTC).date().isoformat())


def parse_prompts(data: bytes, path: Path) -> tuple[LabelledPrompt, ...]:
    """Return the prompts in the bytes of a set; `path` is named in errors."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return tuple(
        _parse_line(line, f"{path}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.startswith("#")
    )


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot read the prompts ({error.strerror or error})") from error


def _parse_line(line: str, place: str) -> LabelledPrompt:
    cells = line.split("\t")
    pairs = [part.partition("=") for part in (cells[3].split("; ") if len(cells) == 4 else ())]
    if len(cells) not in (3, 4) or not all(cells) or not all(name and word for name, _, word in pairs):
        raise DataError(f"{place}: expected scene, light, prompt and perhaps fact=word, separated by tabs")
    facts = {"scene": cells[0], "light": cells[1], "style": "photo", **{name: word for name, _, word in pairs}}
    facts = {name: word for name, word in facts.items() if word != UNSAID}
    for name, word in facts.items():
        _check_fact(name, word, place)
    return cells[2], facts


def _check_fact(name: str, word: str, place: str) -> None:
    known = _known_facts()
    if name not in known:
        raise DataError(f"{place}: unknown fact {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}")
    if word not in known[name]:
        listed = f"; known: {', '.join(known[name])}" if len(known[name]) <= MAX_LISTED_WORDS else ""
        raise DataError(f"{place}: unknown {name} {word!r}{did_you_mean(word, known[name])}{listed}")


@cache
def _known_facts() -> dict[str, tuple[str, ...]]:
    return attributes()


def _refuse_repeated(path: Path, prompts: tuple[LabelledPrompt, ...]) -> None:
    counts = Counter(normalize(prompt) for prompt, _ in prompts)
    repeated = [prompt for prompt, _ in prompts if counts.pop(normalize(prompt), 0) > 1]
    if repeated:
        raise DataError(f"{path}: {_name_some(repeated)} more than once; leave each prompt in once")


def _refuse_known(path: Path, prompts: tuple[LabelledPrompt, ...]) -> None:
    for name, known in development_sets().items():
        theirs = {normalize(prompt) for prompt, _ in known}
        if found := [prompt for prompt, _ in prompts if normalize(prompt) in theirs]:
            raise DataError(
                f"{path}: {len(found)} of {len(prompts)} prompts stand in the development set {name}, so they are "
                f"not blind: {_name_some(found)}; take them out"
            )


def _name_some(prompts: list[str]) -> str:
    more = len(prompts) - NAMED_PROMPTS
    return ", ".join(repr(prompt[:60]) for prompt in prompts[:NAMED_PROMPTS]) + (
        f" and {more} more" if more > 0 else ""
    )


def normalize(prompt: str) -> str:
    """Return the words of a prompt without case, punctuation and spacing: two prompts with the same words are the same."""
    text = unicodedata.normalize("NFKC", prompt).casefold()
    words = "".join(letter if letter.isalnum() else " " for letter in text).split()
    return " ".join(words or text.split())


def development_sets() -> dict[str, tuple[LabelledPrompt, ...]]:
    """Return the prompts of the development sets by the names of their files."""
    return {name: read_prompts(FOLDER / name) for name in DEVELOPMENT_FILES}


FREE_PROMPTS = read_prompts(FOLDER / "prompts_free.txt")  # the development set that `evaluate` asks
