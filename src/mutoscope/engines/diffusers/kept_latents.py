"""Finished latents on disk while they are decoded: a run of an hour is not lost when its last step fails.

A drawing that took long writes its latents before it decodes them, and removes them afterwards. When the same request is asked for
again, the model draws as few steps as it can, and the kept latents take the place of what came of them: text and decoder run again,
the steps do not. Pixels are those of an undisturbed drawing.
"""

import hashlib
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from mutoscope.errors import StorageError
from mutoscope.media.storage import write_bytes
from mutoscope.paths import cache_folder
from mutoscope.prompt.request import Request

LONG_SECONDS = 20.0  # a drawing that took less is drawn again


class KeptLatents:
    """The latents of one request."""

    def __init__(self, request: Request):
        name = hashlib.sha256(request.to_json().encode()).hexdigest()[:32]
        self.path: Path = cache_folder() / "latents" / f"{name}.safetensors"
        self._start = time.perf_counter()
        self.found = self._read()

    def keep(self, latents: Any, last: Any) -> None:
        """Write the latents that a decoder was given, if they are all of the picture (`last` are those of the last step)."""
        if (
            self.found is not None
            or time.perf_counter() - self._start < LONG_SECONDS
            or last is None
            or latents.numel() != last.numel()
        ):
            return
        from safetensors.torch import save

        with suppress(OSError, StorageError):  # a full disk costs safety, not the picture
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(self.path, save({"latents": latents.detach().cpu().contiguous()}))

    def replace(self, latents: Any) -> Any:
        """Return the kept latents in the place of others, which must be alike; without any, the others."""
        if self.found is None or self.found.shape != latents.shape:
            return latents
        return self.found.to(latents)

    def forget(self) -> None:
        """Remove what was kept; the picture is there."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _read(self) -> Any:
        from safetensors import SafetensorError
        from safetensors.torch import load

        try:
            return load(self.path.read_bytes())["latents"]
        except (OSError, SafetensorError, KeyError):
            return None
