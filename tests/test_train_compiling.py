"""torch.compile in training: cut libraries of a killed run are swept out, what cannot be compiled runs as it is written."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from mutoscope.train import compiling
from mutoscope.train.compiling import Guarded, is_whole, sweep_cache

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads the format of Linux")


def a_library() -> Path:
    """A library that is surely whole: one that this process runs on."""
    return next(path for path in map(Path, _mapped()) if ".so" in path.name)


def _mapped() -> list[str]:
    return [line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "/" in line]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Inductor's folder: a whole library, one of no bytes, one cut in half, one of text; and files of other kinds."""
    data = a_library().read_bytes()
    for name, content in (("whole", data), ("empty", b""), ("half", data[: len(data) // 2]), ("text", b"x" * 100)):
        (tmp_path / name[:2]).mkdir()
        (tmp_path / name[:2] / f"{name}.main.so").write_bytes(content)
        (tmp_path / name[:2] / f"{name}.main.cpp").write_bytes(b"")
    return tmp_path


@linux
def test_only_cut_libraries_are_deleted(cache: Path):
    assert is_whole(a_library())
    assert [path.name for path in sweep_cache(cache)] == ["empty.main.so", "half.main.so", "text.main.so"]
    assert [path.name for path in cache.glob("*/*.so")] == ["whole.main.so"] and len(list(cache.glob("*/*.cpp"))) == 4
    assert sweep_cache(cache) == []


@linux
def test_what_another_process_builds_is_left_alone(cache: Path):
    from filelock import FileLock

    (cache / "locks").mkdir()
    with FileLock(str(cache / "locks" / "half.lock")):
        assert [path.name for path in sweep_cache(cache)] == ["empty.main.so", "text.main.so"]
    assert [path.name for path in sweep_cache(cache)] == ["half.main.so"]


def test_a_folder_that_is_not_there(tmp_path: Path):
    assert sweep_cache(tmp_path / "nothing") == []


@pytest.mark.parametrize(("failures", "warned"), [(0, False), (1, False), (2, True)])
def test_tried_twice_then_as_it_is_written(
    failures: int, warned: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """The numbers are the same whichever way; the warning is one line, once."""
    calls, swept = [], []
    module = nn.Linear(3, 2)

    def compiled(x):
        calls.append(x)
        if len(calls) <= failures:
            raise OSError("cbhe.main.so: file too short\nmore")
        return module._call_impl(x)

    monkeypatch.setattr(compiling, "sweep_cache", lambda: swept.append(1))
    module._compiled_call_impl = Guarded(module, compiled)  # pyright: ignore[reportAttributeAccessIssue] - what compile_modules puts there
    x = torch.ones(4, 3)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert torch.equal(module(x), x @ module.weight.T + module.bias)
    assert [record.getMessage() for record in caplog.records] == (
        ["torch.compile failed, this model trains uncompiled: cbhe.main.so: file too short"] if warned else []
    )
    assert len(swept) == failures and len(calls) == (2 if warned else 3 + failures)


def test_mistakes_of_the_model_are_not_hidden():
    def broken(x):
        raise ZeroDivisionError

    module = nn.Linear(3, 2)
    module._compiled_call_impl = Guarded(module, broken)  # pyright: ignore[reportAttributeAccessIssue] - what compile_modules puts there
    with pytest.raises(ZeroDivisionError):
        module(torch.ones(1, 3))


SCRIPT = """
import torch
from torch import nn
from mutoscope.train.compiling import compile_modules

class Toy(nn.Module):
    def forward(self, x):
        return (x.sin() * 2).relu()

module = Toy()
compile_modules([module], torch.device("cpu"))
x = torch.linspace(-1, 1, 64)
assert torch.allclose(module(x), (x.sin() * 2).relu()), "wrong numbers"
assert module._compiled_call_impl.works
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not any(map(shutil.which, compiling.COMPILERS)), reason="there is no C++ compiler")
def test_a_run_that_was_killed_while_it_compiled(tmp_path: Path):
    """Compile for good, cut what was made, and start again in a new process."""

    def start() -> None:
        done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True)
        assert done.returncode == 0 and "torch.compile failed" not in done.stderr, done.stderr[-2000:]

    source = str(Path(compiling.__file__).parents[2])
    environment = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(tmp_path), "PYTHONPATH": source}
    start()
    made = sorted(tmp_path.glob("*/*.main.so"))
    assert made
    for library, kept in zip(made, (0, 3000), strict=False):
        library.write_bytes(library.read_bytes()[:kept])
    start()
    assert made == sorted(tmp_path.glob("*/*.main.so")) and all(map(is_whole, made))
