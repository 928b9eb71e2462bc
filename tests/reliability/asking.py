"""How long a server takes to answer /healthz while others keep it busy; asked by a process of its own, which does nothing else."""

import http.client
import multiprocessing
import time
from multiprocessing.connection import Connection

ASK_SECONDS = 0.05  # between two questions


def ask(port: int, pipe: Connection) -> None:
    """Ask on new connections until something comes through the pipe; send the seconds that each answer took."""
    taken: list[tuple[float, float]] = []
    while not pipe.poll(ASK_SECONDS):
        start = time.perf_counter()
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        asked.request("GET", "/healthz")
        status = asked.getresponse().status
        asked.close()
        if status != 200:
            raise RuntimeError(f"/healthz answered {status}")
        taken.append((time.monotonic(), time.perf_counter() - start))
    pipe.send(taken)


class Asker:
    """Asks from now on."""

    def __init__(self, port: int):
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=ask, args=(port, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def stop(self) -> list[tuple[float, float]]:
        """End it; return when each answer came (time.monotonic) and the seconds that it took."""
        self._ours.send("stop")
        taken = self._ours.recv()
        self._process.join(10)
        self._ours.close()
        return taken
