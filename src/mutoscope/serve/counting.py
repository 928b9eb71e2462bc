"""GET /metrics for Prometheus, and GET /healthz. No prompt, name or id is a label."""

from collections.abc import Iterator
from typing import Any

from fastapi import Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mutoscope import __version__
from mutoscope.serve.access import get_desk
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import ENDED, QUEUED, RUNNING
from mutoscope.serve.strict import new_router

router = new_router()
COUNTED = {
    "accepted": "Orders that were accepted.",
    "refused": "Orders that were refused since the queue was full.",
    "pictures": "Pictures that were finished.",
    "clips": "Clips that were finished.",
    "expired": "Jobs that were kept no longer: --keep-days, --keep-gb.",
    "workers_lost": "Workers that ended while they drew.",
}


class DeskCollector(Collector):
    """Reads the numbers of a desk when they are asked for."""

    def __init__(self, desk: Desk):
        self._desk = desk

    def collect(self) -> Iterator[Metric]:
        """Yield every number."""
        desk = self._desk
        for name, about in COUNTED.items():
            yield CounterMetricFamily(f"mutoscope_{name}", about, value=desk.tally[name])
        ended = CounterMetricFamily("mutoscope_jobs_ended", "Jobs that ended, by how.", labels=["state"])
        for state in ENDED:
            ended.add_metric([state], desk.tally[f"ended_{state}"])
        yield ended
        now = desk.store.counts()
        jobs = GaugeMetricFamily("mutoscope_jobs", "Jobs that wait or run.", labels=["state"])
        for state in (QUEUED, RUNNING):
            jobs.add_metric([state], now.get(state, 0))
        yield jobs
        yield GaugeMetricFamily("mutoscope_streams", "Open event streams.", value=desk.streams)
        yield GaugeMetricFamily("mutoscope_workers", "Workers that run.", value=sum(seat.is_up for seat in desk.seats))


@router.get("/metrics")
async def get_metrics(desk: Desk = Depends(get_desk)) -> Response:
    """Return all numbers as Prometheus reads them."""
    return Response(await desk.look_up(write_metrics, desk), media_type=CONTENT_TYPE_LATEST)


def write_metrics(desk: Desk) -> bytes:
    """Return the numbers of a desk as text."""
    registry = CollectorRegistry()
    registry.register(DeskCollector(desk))
    return generate_latest(registry)


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def get_health(desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """Say that the server answers; needs no token."""
    return {"status": "ending" if desk.stopping else "ok", "version": __version__}
