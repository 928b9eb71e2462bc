"""The one training loop: an objective, a counter of samples, and events.

Everything random is a function of (seed, rank, samples seen), so the same command goes on where it stopped, bit for bit on a CPU:
the parts of a step's batch are numbered, and each is drawn by its number, whichever process draws it. A run ends after `samples`
samples, `budget` seconds of all its calls or a signal, each time with a state. No state ever holds a number that is not finite. The
loop knows neither pages nor evaluation; previews are a function passed in.

    learner.py      one step, and the tensors of a state
    clock.py        samples, seconds and what is due
    run_writer.py   log, states, snapshots, previews
"""

from collections.abc import Generator
from pathlib import Path
from typing import Any

from mutoscope.errors import Cancelled, MissingModelError
from mutoscope.events import Event
from mutoscope.train.clock import Clock
from mutoscope.train.learner import Learner
from mutoscope.train.objective import Objective
from mutoscope.train.ranks import Ranks, pick_device
from mutoscope.train.run_writer import RunWriter, Show
from mutoscope.train.settings import Settings
from mutoscope.train.state import load_state
from mutoscope.train.stopping import Stopping

__all__ = ["Objective", "Settings", "train"]


def train(
    objective: Objective[Any],
    run: Path,
    settings: Settings,
    show: Show,
    ranks: Ranks | None = None,  # None = this process alone, where the model lies
) -> Generator[Event, None, None]:
    """Train until samples or budget are used up; yields events and ends with "done" carrying the log's last line.

    `show(samples, picture)` receives previews. SIGTERM or Ctrl-C: a state is saved and Cancelled raised. Steps without a finite
    loss and gradient are skipped, by all ranks together; NonFiniteError after `skip_limit` in a row.
    """
    ranks = ranks or _this_process(objective, settings)
    learner, clock = Learner(objective, settings, ranks), Clock(settings)
    _resume(run, learner, clock)
    ranks.agree(clock.samples, run)
    with RunWriter(run, learner, clock, show) as writer, Stopping() as stopping:
        yield Event("train", clock.samples, settings.samples, clock.seconds_left(), message=clock.begins())
        orders = clock.orders(ranks, stopping)
        while not (orders.finished or orders.stop):
            step = learner.step(clock.samples, clock.steps, orders.fraction)
            clock.count(step)
            before, orders = orders, clock.orders(ranks, stopping)
            line = writer.record(step, before, orders)
            if line is not None:
                yield Event(
                    "train", clock.samples, settings.samples, clock.seconds_left(), None, message=clock.message(line)
                )
        if orders.stop:
            writer.save()
            raise Cancelled(f"stopped after {clock.samples} samples, which are saved; the same command goes on")
        line = writer.finish()
        yield Event("done", clock.samples, clock.samples, 0.0, result=line, message=clock.message(line))


def _this_process(objective: Objective[Any], settings: Settings) -> Ranks:
    """Return one process alone; with device auto it computes where the model lies."""
    if settings.device != "auto":
        return Ranks(device=pick_device(settings.device))
    return Ranks(device=next(objective.model.parameters()).device)


def _resume(run: Path, learner: Learner, clock: Clock) -> None:
    """Go on from the newest state of `run`, where it has one; MissingModelError when it does not fit."""
    state = load_state(run)
    if state is None:
        return
    tensors, counters = state
    try:
        clock.restore(counters)
    except KeyError as error:
        raise MissingModelError(f"{run}: its state has no count of {error}; choose another --out") from error
    learner.restore(tensors, run)
