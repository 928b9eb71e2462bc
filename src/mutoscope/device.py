"""Device, threads: what this machine offers."""

import os


def thread_count() -> int:
    """Return how many threads to compute with: MUTOSCOPE_THREADS, else the cores this process may use, at most 8."""
    asked = os.environ.get("MUTOSCOPE_THREADS", "")
    if asked.isascii() and asked.isdigit() and int(asked) > 0:
        return int(asked)
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        cores = os.cpu_count() or 1
    return max(1, min(8, cores))
