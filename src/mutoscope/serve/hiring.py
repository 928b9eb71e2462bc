"""Which workers a server has: processes of this machine, each with its device, or replicas on a cluster."""

from collections.abc import Callable
from functools import partial

from mutoscope.serve.remote import Remote
from mutoscope.serve.seat import Link, Process
from mutoscope.serve.settings import ServeSettings


def hirings(settings: ServeSettings) -> list[Callable[[], Link]]:
    """Return how each seat gets a worker, a new one whenever it has lost one."""
    if settings.cluster is not None:
        return [partial(Remote, settings.cluster, settings.cluster_token)] * settings.workers
    return [partial(Process, engine) for engine in settings.engines]
