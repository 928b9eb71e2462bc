"""The models that a server draws with, by name, and what each takes; no weights are loaded here."""

import threading
from collections.abc import Iterator, Sequence
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

    def __init__(self, entries: Sequence[Entry] = ()):
        self.entries = {entry.id: entry for entry in entries}  # a new one for every change: others may be reading it
        self._by_other_name = {entry.opened_as: entry for entry in entries}
        self._adding = threading.Lock()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    @property
    def first(self) -> Entry:
        """The model for requests that name none."""
        return next(iter(self.entries.values()))

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

    def add(self, name: str, settings: Sequence[EngineSettings]) -> Entry:
        """Open a model, which must run with all of the settings, and return it; raises what `open_engine` raises."""
        with self._adding:
            if name in self._by_other_name:
                return self._by_other_name[name]
            first, *others = dict.fromkeys(settings)
            capabilities = open_engine(name, first).capabilities
            for other in others:
                open_engine(name, other)
            same = sum(entry.capabilities.name == capabilities.name for entry in self)
            entry = Entry(f"{capabilities.name}-{same + 1}" if same else capabilities.name, name, capabilities)
            self.entries = {**self.entries, entry.id: entry}
            self._by_other_name = {**self._by_other_name, name: entry}
            return entry


def open_catalog(names: tuple[str, ...], settings: Sequence[EngineSettings]) -> Catalog:
    """Return the models of names for `open_engine`; raises what that raises."""
    catalog = Catalog()
    for name in names:
        catalog.add(name, settings)
    return catalog
