"""Pictures while somebody types: drawn at once or never, kept nowhere. They are no jobs: a job that comes ends them within a step, and
of one page only the newest is drawn.
"""

import math
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

from mutoscope.prompt.request import Request
from mutoscope.serve.worker import Work

FORMAT, QUALITY = "jpeg", 88
SKETCH_SHARE = 1 / 4  # of the usual steps: what the picture will be is seen by then
MAX_WISHES = 50  # that wait, of as many pages


def sketch_of(request: Request) -> Request:
    """Return the request of the same picture in a hurry: at the size of its draft, in a quarter of the steps."""
    steps = math.ceil((request.num_inference_steps or 0) * SKETCH_SHARE) or request.num_inference_steps
    width, height = request.draft or (request.width, request.height)
    return replace(request, width=width, height=height, draft=None, refine_strength=0.0, num_inference_steps=steps)


class Wish:
    """One picture that a page wants to see now. Its answer is the bytes of a file, or None when it is wanted no more."""

    def __init__(self, page: str, work: Work):
        self.page, self.work = page, work
        self.answer: Future[bytes | None] = Future()
        self._lock = threading.Lock()
        self._cancel: Callable[[], None] | None = None

    def begin(self, cancel: Callable[[], None]) -> bool:
        """Say that it is drawn from now on, and how that is ended; False when nobody wants it."""
        with self._lock:
            self._cancel = cancel
            return not self.answer.done()

    def settle(self, data: bytes | None, error: Exception | None = None) -> None:
        """Give the answer; the first one counts."""
        with self._lock:
            if self.answer.done():
                return
            if error is None:
                self.answer.set_result(data)
            else:
                self.answer.set_exception(error)

    def drop(self) -> None:
        """Answer that it is wanted no more, and end its drawing."""
        self.settle(None)
        with self._lock:
            cancel, self._cancel = self._cancel, None
        if cancel is not None:
            cancel()


class Wishes:
    """What waits and what is drawn; any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, Wish] = {}  # by page
        self._drawn: set[Wish] = set()

    def put(self, wish: Wish) -> None:
        """Take a wish; older ones of its page are dropped."""
        with self._lock:
            old = [one for one in self._drawn if one.page == wish.page]
            old += [self._waiting.pop(wish.page)] if wish.page in self._waiting else []
            if len(self._waiting) >= MAX_WISHES:
                old.append(self._waiting.pop(next(iter(self._waiting))))
            self._waiting[wish.page] = wish
        for one in old:
            one.drop()

    def take(self) -> Wish | None:
        """Return the one that has waited longest, to be drawn; None where none waits."""
        with self._lock:
            if not self._waiting:
                return None
            wish = self._waiting.pop(next(iter(self._waiting)))
            self._drawn.add(wish)
            return wish

    def end(self, wish: Wish) -> None:
        """Say that a wish is drawn no more."""
        with self._lock:
            self._drawn.discard(wish)
            if self._waiting.get(wish.page) is wish:
                del self._waiting[wish.page]
        wish.drop()

    def make_room(self) -> None:
        """End what is drawn, since a job waits."""
        with self._lock:
            drawn = list(self._drawn)
        for wish in drawn:
            wish.drop()

    def close(self) -> None:
        """Drop all."""
        with self._lock:
            waiting = list(self._waiting.values())
            self._waiting.clear()
        for wish in waiting:
            wish.drop()
        self.make_room()
