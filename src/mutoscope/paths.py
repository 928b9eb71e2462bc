"""Where a user's own files lie (adapters, styles, wildcards), and what can be made again. The folders need not be there."""

import os
import sys
from pathlib import Path


def settings_folder() -> Path:
    """Return Mutoscope's folder among the user's settings: MUTOSCOPE_CONFIG, or where the system keeps such (XDG)."""
    if asked := os.environ.get("MUTOSCOPE_CONFIG"):
        return Path(asked)
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        settings = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        settings = home / "Library" / "Application Support"
    else:
        settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return settings / "mutoscope"


def cache_folder() -> Path:
    """Return Mutoscope's folder for what it can make again: MUTOSCOPE_CACHE, or where the system keeps such (XDG)."""
    if asked := os.environ.get("MUTOSCOPE_CACHE"):
        return Path(asked)
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "mutoscope" / "cache"
    caches = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or caches) / "mutoscope"
