"""The error tree is the one drawn in its docstring; events count, estimate and end with a result."""

import inspect
import itertools
import re

import pytest

from mutoscope import errors
from mutoscope.errors import MissingExtraError, MutoscopeError, did_you_mean
from mutoscope.events import Event, Phase, drain

TREE = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, MutoscopeError)]


def parents_drawn() -> dict[str, str]:
    """Read the tree in the docstring: child name -> parent name."""
    parents, path = {}, []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"^    ((?:[│ ]   )*(?:[├└]── )?)(\w+)  ", line):
            depth = len(found[1]) // 4
            path = [*path[:depth], found[2]]
            parents[found[2]] = path[-2] if depth else ""
    return parents


def test_the_drawn_tree_is_the_tree():
    drawn = parents_drawn()
    assert drawn == {cls.__name__: "" if cls is MutoscopeError else cls.__bases__[0].__name__ for cls in TREE}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("MutoscopeError", 1),
        ("CheckpointError", 1),
        ("MissingModelError", 2),
        ("PromptError", 2),
        ("OutputError", 2),
        ("Cancelled", 130),
    ],
)
def test_exit_codes(name: str, code: int):
    assert getattr(errors, name).exit_code == code


def test_errors_are_caught_by_their_python_family():
    assert issubclass(errors.SizeError, ValueError)
    assert issubclass(errors.StorageFullError, OSError)
    assert issubclass(errors.MissingExtraError, ImportError)
    assert not issubclass(errors.Cancelled, errors.RequestError)


def test_a_missing_extra_names_the_command():
    error = MissingExtraError("PyTorch", "torch")
    assert "PyTorch" in str(error) and "pip install 'mutoscope[torch]'" in str(error)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ("watercolour", " (did you mean 'watercolor'?)"),
        ("PHOTO", " (did you mean 'photo'?)"),
        ("zzz", ""),
        ("", ""),
        (7, ""),
    ],
)
def test_did_you_mean(got, expected):
    assert did_you_mean(got, ("photo", "watercolor", "oil painting")) == expected


@pytest.mark.parametrize(
    ("step", "total", "expected"), [(0, 4, 0.0), (1, 4, 0.25), (4, 4, 1.0), (9, 4, 1.0), (3, 0, 0.0)]
)
def test_fraction(step: int, total: int, expected: float):
    assert Event("draw", step, total).fraction == expected


def test_a_phase_counts_and_estimates(monkeypatch: pytest.MonkeyPatch):
    clock = itertools.count(100.0, 2.0)  # every look at the clock is two seconds later
    monkeypatch.setattr("mutoscope.events.time.perf_counter", lambda: next(clock))
    phase = Phase("draw", 4)
    assert phase.start() == Event("draw", 0, 4)
    assert phase.advance() == Event("draw", 1, 4, seconds_left=6.0)
    assert phase.advance(2, message="nearly") == Event("draw", 3, 4, seconds_left=4 / 3, message="nearly")
    assert phase.advance().seconds_left == 0.0


def test_an_unknown_total_has_no_estimate():
    assert Phase("train", 0).advance().seconds_left is None


def test_drain_returns_the_last_result():
    events = [Event("text", 1, 1), Event("draw", 1, 1), Event("done", 1, 1, result="picture")]
    assert drain(iter(events)) == "picture"
    assert drain(iter(events[:2])) is None


def test_cancelling_is_not_asking_again():
    cleaned = []

    def job():
        try:
            for step in range(100):
                yield Event("draw", step, 100)
        finally:
            cleaned.append(True)

    events = job()
    next(events)
    events.close()
    assert cleaned == [True]
