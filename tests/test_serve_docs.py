"""What docs/serve.md says works word for word, and the command line says what is missing."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

from mutoscope.cli import main
from mutoscope.cli import serve as command
from mutoscope.media import read_info
from mutoscope.serve.settings import DEFAULT_PORT
from serving import served

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "serve.md").read_text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_three_lines(tmp_path: Path):
    """With the embedded model; the port alone is another one."""
    (block,) = re.findall(r"^## Three lines\n```\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    with served(tmp_path / "data", model="embedded") as one:
        said = []
        for line in block.replace(str(DEFAULT_PORT), str(one.port)).splitlines():
            done = subprocess.run(
                ["bash", "-c", f"{line} -s --noproxy '*'"], capture_output=True, text=True, timeout=100, cwd=tmp_path
            )
            assert done.returncode == 0, done.stderr
            said.append(done.stdout)
        assert '"ok"' in said[0] and '"seed":7' in said[2]
        assert read_info(tmp_path / "lake.png")["ai_marking"]


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, capsys):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "fastapi" else real(name))
    assert main(["serve"]) == 1
    assert (
        capsys.readouterr().err
        == "mutoscope: this needs fastapi, which is not installed; run: pip install 'mutoscope[serve]'\n"
    )


def test_what_the_page_says_is_so():
    for name in (
        "--host",
        "--token",
        "--allow-host",
        "--workers",
        "--time-limit",
        "--max-queue",
        "--folder",
        "--model",
    ):
        assert name in PAGE
    assert f":{DEFAULT_PORT}/" in PAGE and command.COMMANDS["serve"][0] is command.serve
