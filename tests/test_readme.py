"""What the pages say is so: paths exist, links lead somewhere, Python runs, commands and their options are known."""

import contextlib
import functools
import io
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mutoscope.cli import main

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/domains/*.md"), *ROOT.glob("dev/**/*.md")]
)
SCRIPTED = [ROOT / "README.md", ROOT / "docs" / "tutorial.md", ROOT / "docs" / "variations.md"]
EMBED = "import mutoscope.checkpoint, pathlib\nmutoscope.checkpoint.EMBEDDED = pathlib.Path({!r})"
GROUPS = ("data", "train", "models", "adapters")  # verbs whose next word is a verb too


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a page that carry `language`, "" for those without one."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return [text for name, text in found if name == language]


def tree() -> list[str]:
    """Return the paths drawn in the README's tree, relative to the repository."""
    drawing = next(text for text in blocks(ROOT / "README.md", "") if text.startswith(".\n"))
    paths, stack = [], []
    for line in drawing.splitlines()[1:]:
        found = re.match(r"((?:[│ ]   )*)[├└]── (\S+)", line)
        assert found, f"not a line of a tree: {line!r}"
        stack = [*stack[: len(found[1]) // 4], found[2]]
        paths.append("".join(stack))
    return paths


def commands() -> list[str]:
    """Return every line of a shell block, on any page, that calls mutoscope."""
    lines = [part for page in PAGES for text in blocks(page, "") for part in re.split(r"\n|&&", text)]
    return sorted({line.strip() for line in lines if re.match(r"\s*mutoscope [a-z]", line)})


@functools.cache
def help_of(*verb: str) -> str:
    """Return the --help of a verb; fails when it has none."""
    said, complaint = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("COLUMNS", "200"), ("NO_COLOR", "1"), ("TERM", "dumb")):
            patch.setenv(name, value)
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complaint):
            code = main([*verb, "--help"])
    assert code == 0, f"mutoscope {' '.join(verb)}: {complaint.getvalue()}"
    return said.getvalue()


@pytest.mark.parametrize("path", tree())
def test_the_tree_stands_on_the_disk(path: str):
    assert (ROOT / path).is_dir() if path.endswith("/") else (ROOT / path).is_file()


def test_the_tree_leaves_no_module_out():
    package = ROOT / "src" / "mutoscope"
    rooms = [path for path in package.iterdir() if path.is_dir() and path.name[0] != "_" and any(path.glob("*.[pjs]*"))]
    files = [path for path in package.glob("*.py") if not path.name.startswith("__")]
    there = {f"src/mutoscope/{path.name}{'/' if path.is_dir() else ''}" for path in [*rooms, *files]}
    assert there <= set(tree()), f"not in the README's tree: {sorted(there - set(tree()))}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path):
    targets = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text())]
    missing = [link for link in targets if link and "://" not in link and not (page.parent / link).exists()]
    assert not missing


def run_page(page: Path, outputs: Path, before: str = "") -> None:
    """Run the Python of a page, as one program, in an empty folder."""
    code = "\n".join(blocks(page, "python"))
    call = [sys.executable, "-c", f"{before}\n{code}"]
    done = subprocess.run(call, capture_output=True, text=True, cwd=outputs, timeout=280)
    assert done.returncode == 0, done.stderr
    saved = set(re.findall(r'\.save\("([^"]+)"\)', code))
    assert saved and saved <= {path.name for path in outputs.iterdir()}


@pytest.mark.parametrize("page", SCRIPTED, ids=lambda page: page.stem)
def test_python_on_the_page_runs(page: Path, tiny_checkpoint: Path, outputs: Path):
    """With a tiny model in the place of the one that is shipped."""
    run_page(page, outputs, EMBED.format(str(tiny_checkpoint)))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", SCRIPTED, ids=lambda page: page.stem)
def test_python_on_the_page_runs_with_the_shipped_model(page: Path, outputs: Path):
    """A page draws for half a minute."""
    run_page(page, outputs)


@pytest.mark.parametrize("line", commands())
def test_the_command_line_knows(line: str):
    words = shlex.split(line, comments=True)[1:]
    verb = words[: 2 if words[0] in GROUPS and len(words) > 1 else 1]
    options = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    known = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", help_of(*verb)))
    assert options <= known, f"mutoscope {' '.join(verb)} does not know {options - known}"


def test_requirements_install_everything():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    asked = [line for line in lines if line and not line.startswith("#")]
    assert asked == ["-c constraints-cpu.txt", ".[all]"]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = set(re.findall(r"\w+", extras["all"][0].partition("[")[2]))
    assert named == set(extras) - {"all", "dev", "cluster", "bench"}  # no use on one machine; another name of hub


def test_the_default_install_is_light():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=\[ ]", line)[0].lower() for line in project["dependencies"]}
    assert names == {"numpy", "onnxruntime", "safetensors", "pillow", "av", "typer"}
    extras = " ".join(line for lines in project["optional-dependencies"].values() for line in lines)
    assert "torchvision" not in extras  # its wheel breaks the CPU build of torch


def test_one_version():
    import mutoscope

    assert f"version: {mutoscope.__version__}\n" in (ROOT / "CITATION.cff").read_text()
