"""The process that fetches a model for a server, so that a connection that hangs, or a library, holds nobody else.

To it      (name, only_plan)    ("stop",), or the end of the pipe
From it    ("plan", facts)   ("step", bytes here, bytes of all, seconds left or None)   ("done",)   ("failed", words)

It ends by itself when nobody listens any more. Signals of the terminal are the server's to answer.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection

from mutoscope.errors import MutoscopeError
from mutoscope.hub.fetch import STOP_SECONDS, fetch, plan

EXIT_SECONDS = STOP_SECONDS + 3.0  # after the word to stop, whatever still hangs


def run(pipe: Connection, name: str, only_plan: bool, stopped: threading.Event) -> None:
    """Say what fetching a model means, then fetch it."""
    todo = plan(name)
    pipe.send(("plan", {"bytes": todo.bytes, "to_fetch": todo.to_fetch, "licence": todo.licence}))
    if only_plan:
        return
    with contextlib.closing(fetch(todo)) as events:  # type: ignore[type-var]  # a generator
        for event in events:
            if stopped.is_set():
                return
            if event.phase != "done":
                pipe.send(("step", event.step, event.total, event.seconds_left))


def listen(pipe: Connection, stopped: threading.Event) -> None:
    """Wait for the word to stop, and see to it that this process ends."""
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()
    stopped.set()
    time.sleep(EXIT_SECONDS)
    os._exit(0)


def main() -> None:
    """Be a fetcher: the one word is the descriptor of the pipe."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    pipe, stopped = Connection(int(sys.argv[1])), threading.Event()
    name, only_plan = pipe.recv()
    threading.Thread(target=listen, args=(pipe, stopped), daemon=True).start()
    with contextlib.suppress(OSError):  # nobody listens any more
        try:
            run(pipe, name, only_plan, stopped)
            pipe.send(("done",))
        except MutoscopeError as error:
            pipe.send(("failed", str(error)))
        except OSError:
            raise
        except Exception as error:  # a library's; its words may hold paths and keys
            print(f"mutoscope: {name} could not be fetched: {type(error).__name__}: {error}", file=sys.stderr)
            pipe.send(("failed", f"this is a mistake in Mutoscope or in a library ({type(error).__name__})"))
    sys.stderr.flush()
    os._exit(0)  # a thread of a library that hangs would hold this process


if __name__ == "__main__":
    main()
