"""The models that a server draws with, by name, and what each takes; no weights are loaded here."""

from collections.abc import Sequence
from dataclasses import dataclass

from mutoscope.capabilities import Capabilities
from mutoscope.engines import EngineSettings, open_engine
from mutoscope.errors import SettingError, did_you_mean


@dataclass(frozen=True)
class Entry:
    """One model: the name that requests say, the one that it was opened by, and what it takes."""

    id: str
    opened_as: str
    capabilities: Capabilities


class Catalog:
    """The models of a server, the first one for requests that name none."""

    def __init__(self, entries: list[Entry]):
        self.entries = {entry.id: entry for entry in entries}
        self._by_other_name = {entry.opened_as: entry for entry in entries}
        self.first = entries[0]

    def __iter__(self):
        return iter(self.entries.values())

    def find(self, name: str | None) -> Entry:
        """Return a model by its name, the first for None; SettingError names the nearest. Nothing else is ever opened."""
        if name is None:
            return self.first
        entry = self.entries.get(name) or self._by_other_name.get(name)
        if entry is None:
            raise SettingError(
                f"unknown model {name[:60]!r}{did_you_mean(name[:60], self.entries)}; this server has {', '.join(self.entries)}"
            )
        return entry


def open_catalog(names: tuple[str, ...], settings: Sequence[EngineSettings]) -> Catalog:
    """Return the models of names for `open_engine`; raises what that raises. Each must be able to run with all of the settings."""
    first, *others = dict.fromkeys(settings)
    entries = []
    for name in names:
        capabilities = open_engine(name, first).capabilities
        for other in others:
            open_engine(name, other)
        same = sum(entry.capabilities.name == capabilities.name for entry in entries)
        entries.append(Entry(f"{capabilities.name}-{same + 1}" if same else capabilities.name, name, capabilities))
    return Catalog(entries)
