"""The models with a short name, as known_models.toml lists them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "known_models.toml"
KINDS = ("image", "clip")


@dataclass(frozen=True)
class KnownModel:
    """One model that has a short name; the head of known_models.toml says what the fields mean."""

    name: str
    repository: str
    kind: str
    licence: str
    about: str
    restricted: bool = False
    gated: bool = False
    revision: str = ""
    variant: str = ""
    download: float | None = None
    memory: float | None = None
    steps: int | None = None
    guidance: float | None = None
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    fps: int | None = None

    @property
    def page(self) -> str:
        """The page of the repository, with the model card and the licence."""
        return f"https://huggingface.co/{self.repository}"


@cache
def known_models() -> Mapping[str, KnownModel]:
    """Return the models by short name, in the order of the file."""
    import tomllib  # only who asks for such a model waits for it

    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: KnownModel(name, **row) for name, row in rows.items()}


def find_known(repository: str) -> KnownModel | None:
    """Return the known model that lies in a repository, None for others."""
    return next((known for known in known_models().values() if known.repository == repository), None)
