"""SIGTERM and Ctrl-C end a run at the next step, with a state; a second one ends it at once."""

import signal
import threading
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopping:
    """While it is open, the first signal only sets `asked`; the handlers that were there before are then back."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Stopping":
        if threading.current_thread() is threading.main_thread():  # nobody else may
            self._before = {number: signal.signal(number, self._stop) for number in SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _stop(self, number: int, frame: object) -> None:
        self.asked = True
        self.__exit__()
