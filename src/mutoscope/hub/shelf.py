"""The models made elsewhere that a user may choose from: those in the cache, and those that are known and not here. Asks no network."""

from dataclasses import dataclass
from importlib.util import find_spec

from mutoscope.errors import CheckpointError, MissingModelError
from mutoscope.hub.checks import check_folder
from mutoscope.hub.kept import Kept, list_kept
from mutoscope.hub.known import KnownModel, find_known, known_models
from mutoscope.hub.names import find_place

NEEDED = ("torch", "diffusers", "transformers", "huggingface_hub")  # of the extra [hub]
HERE, HALF, AWAY = "here", "half", "away"


@dataclass(frozen=True)
class Offer:
    """A model that can be chosen, or fetched first."""

    name: str  # for find_place: a short name, or OWNER/NAME
    repository: str
    state: str  # HERE, HALF a download, AWAY
    bytes: int = 0  # of it on this disk
    obstacle: str = ""  # why one that is here cannot be opened
    known: KnownModel | None = None  # its row of the table


def missing_library() -> str:
    """Return the first library without which no such model can be fetched and drawn with, "" where all are installed."""
    return next((name for name in NEEDED if find_spec(name) is None), "")


def list_offers() -> list[Offer]:
    """Return the models of the table in its order, then the others that are in the cache."""
    kept: dict[str, list[Kept]] = {}
    for one in list_kept():
        kept.setdefault(one.name, []).append(one)
    known = [_look_at(row.name, kept.pop(row.repository, []), row) for row in known_models().values()]
    return known + [_look_at(name, there, find_known(name)) for name, there in kept.items()]


def find_here(name: str) -> Offer:
    """Return a model that is whole on this disk, by its short name or repository; MissingModelError for every other name."""
    for offer in list_offers():
        if name in (offer.name, offer.repository) and offer.state == HERE:
            return offer
    raise MissingModelError(f"no model {name[:80]!r} is whole on this disk; mutoscope models lists those that are")


def _look_at(name: str, there: list[Kept], known: KnownModel | None) -> Offer:
    """Return a model by what of it is in the cache."""
    repository = known.repository if known else name
    if not there:
        return Offer(name, repository, AWAY, known=known)
    size = max(one.bytes for one in there)
    try:
        check_folder(find_place(name).path)
    except CheckpointError as error:
        # What is known can be made whole by fetching the rest; of others nobody knows what a rest would bring.
        return Offer(name, repository, HALF if known else HERE, size, "" if known else str(error), known)
    return Offer(name, repository, HERE, size, known=known)
