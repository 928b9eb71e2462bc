"""Where a user's own files lie: adapters, styles, wildcards. The folders need not be there."""

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
