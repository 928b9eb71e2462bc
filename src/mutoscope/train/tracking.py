"""What a run tells: `RUN/STAGE/log.jsonl` always, and where TensorBoard is installed its files in `RUN/STAGE/tensorboard`.

pip install 'mutoscope[track]'; tensorboard --logdir RUN
"""

import importlib.util
import json
from pathlib import Path
from typing import Any

from mutoscope.media.storage import write_bytes


class Log:
    """Lines of numbers, each with the samples seen."""

    def __init__(self, run: Path):
        self.path = run / "log.jsonl"
        self._board: Any = None
        if importlib.util.find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(run / "tensorboard"))

    def rewind(self, samples: int) -> None:
        """Drop what a killed run wrote after its last state, a line cut in half included."""
        if self.path.is_file():
            text = self.path.read_text(encoding="utf-8", errors="replace")
            kept = [line for line in text.splitlines() if _samples(line) <= samples]
            if "\n".join([*kept, ""]) != text:
                write_bytes(self.path, "".join(line + "\n" for line in kept).encode())

    def add(self, line: dict[str, Any]) -> None:
        """Append a line."""
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        if self._board is not None:
            for key, value in line.items():
                self._board.add_scalar(key, value, line["samples"])
            self._board.flush()

    def last(self) -> dict[str, Any]:
        """Return the last line; {} of an empty log."""
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.is_file() else []
        return json.loads(lines[-1]) if lines else {}

    def close(self) -> None:
        """Close TensorBoard's file."""
        if self._board is not None:
            self._board.close()


def _samples(line: str) -> float:
    try:
        return float(json.loads(line)["samples"])
    except (ValueError, KeyError, TypeError):
        return float("inf")
