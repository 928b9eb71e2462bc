"""Engines of other packages: the entry point `mutoscope.engines`.

A package says in its pyproject.toml

    [project.entry-points."mutoscope.engines"]
    mine = "my_package:open_mine"

and `--model mine:REST` calls `open_mine(REST, settings)`, which returns an `engines.base.Engine`. docs/plugins.md has one of 40 lines.
"""

from collections.abc import Callable
from importlib import metadata
from typing import Any

from mutoscope.engines.base import Engine, EngineSettings
from mutoscope.errors import MissingModelError, MutoscopeError, SettingError, did_you_mean

GROUP = "mutoscope.engines"
Opener = Callable[[str, EngineSettings], Engine]


def find_opener(prefix: str) -> Opener | None:
    """Return what opens the models of a plugin, None where no package has one of this name; SettingError for a broken one."""
    found = list(metadata.entry_points(group=GROUP, name=prefix))
    if not found:
        return None
    if len(found) > 1:
        packages = ", ".join(sorted(one.dist.name if one.dist else one.value for one in found))
        raise SettingError(f"several packages have an engine {prefix!r}: {packages}; uninstall all but one")
    try:
        opener: Any = found[0].load()
    except MutoscopeError:
        raise
    except Exception as error:  # it is the plugin's own code
        raise SettingError(
            f"the engine {prefix!r} ({found[0].value}) cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(opener, Callable):  # callable() would make pyright forget its type
        raise SettingError(f"the engine {prefix!r} ({found[0].value}) is no function (rest, settings) -> Engine")
    return opener


def refuse_unknown_prefix(prefix: str) -> None:
    """Raise MissingModelError for PREFIX:REST where no engine has this prefix."""
    if prefix in ("http", "https"):
        raise MissingModelError("servers are named openai:URL, for example openai:http://localhost:8000/v1")
    known = ["openai", *plugin_names()]
    hint = did_you_mean(prefix, known)
    raise MissingModelError(
        f"no engine is called {prefix[:40]!r}{hint}; installed are: {', '.join(known)}. A model is a folder, OWNER/NAME, or a "
        "name that mutoscope models lists"
    )


def plugin_names() -> list[str]:
    """Return the prefixes of the plugins that are installed."""
    return sorted(list_plugins())


def list_plugins() -> dict[str, str]:
    """Return prefix -> package and version of the plugins that are installed; imports none of them."""
    found = metadata.entry_points(group=GROUP)
    return {one.name: f"{one.dist.name} {one.dist.version}" if one.dist else one.value for one in found}
