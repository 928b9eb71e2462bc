"""The import direction is a table: a module may import lower layers, and of its own layer only what FRIENDS names.

CONTRIBUTING.md shows the table; `python tests/test_layers.py` writes it there again after a change here.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "mutoscope"
PAGE = ROOT / "CONTRIBUTING.md"
START, END = "<!-- layers: python tests/test_layers.py -->", "<!-- end of layers -->"
LAYERS = {
    10: "__init__ __main__ cli model",
    9: "batch bench cluster evaluate export mcp_server serve series train",
    8: "models",
    7: "engines",
    6: "data hub world",
    5: "options pipeline sizing",
    4: "adapter checkpoint extractors init_image objects refine run_folder runtime",
    3: "clip_tower codec guidance image_encoder media postprocess prompt sampler text_encoder tokenizer transformer",
    2: "flow layers",
    1: "capabilities config cutouts device events paths rng shapes",
    0: "errors telemetry text_files vocabulary weights",
}
PURPOSE = {
    10: "what users call",
    9: "what stands beside drawing: training, evaluation, export, serving, series, measuring",
    8: "the two classes that users hold",
    7: "what draws behind one call",
    6: "training data, the rendered world, models made elsewhere",
    5: "from options to a request, and from a request to pixels",
    4: "files and devices of a model, parts of the way",
    3: "the prompt, networks, sampling, media",
    2: "single steps without a model",
    1: "plain values",
    0: "what everything may use",
}
LAYER = {name: number for number, names in LAYERS.items() for name in names.split()}
# (user, used) of one layer.
FRIENDS = {
    ("options", "sizing"),
    ("device", "paths"),  # what was measured of this machine lies among the user's settings
    ("shapes", "config"),  # sizes are counted in the factors of the codec
    ("runtime", "checkpoint"),
    ("runtime", "adapter"),
    ("adapter", "checkpoint"),
    ("run_folder", "checkpoint"),  # a run may begin with one's weights
    ("data", "world"),
    ("postprocess", "media"),  # pixels and their luma, without files
    ("bench", "export"),  # tables of Markdown
    ("serve", "evaluate"),  # strengths out of votes, prompts to draw
    ("cluster", "serve"),  # its replicas hold the workers of a server
    ("prompt", "postprocess"),  # a style may bring a step
}
# {user: what it may not import although it lies lower}. The world is what a model is taught from; it knows nothing of drawing.
BARRED = {
    "world": "models pipeline runtime refine checkpoint adapter engines init_image guidance sampler transformer codec",
}
FILES = [*sorted(PACKAGE.rglob("*.py")), SOURCE / "model.py"]
TOP = max(LAYERS)


def owner(path: Path) -> str:
    """Return the room a file belongs to: `runtime` for runtime/onnx.py, `rng` for rng.py."""
    return path.relative_to(SOURCE).with_suffix("").parts[0 if path.parent == SOURCE else 1]


def is_type_checking(node: ast.AST) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def imports(node: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    """Yield the dotted name of everything imported under `node`, also inside functions, TYPE_CHECKING blocks left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = package[: len(package) - child.level + 1] if child.level else ()
            module = ".".join((*base, *filter(None, [child.module])))
            yield from (f"{module}.{alias.name}" for alias in child.names)
        elif is_type_checking(child):
            yield from (name for other in child.orelse for name in imports(ast.Module([other], []), package))
        else:
            yield from imports(child, package)


def rooms_used(source: str, path: Path) -> set[str]:
    """Return the rooms of mutoscope that a file imports, its own left out."""
    package = path.relative_to(SOURCE).parts[:-1]
    names = [name.split(".") for name in imports(ast.parse(source), package)]
    used = {parts[1] if len(parts) > 1 else "__init__" for parts in names if parts[0] == "mutoscope"}
    return used - {owner(path), "__version__"}


def forbidden(user: str, used: str) -> bool:
    """Say whether `user` may not import `used`."""
    if used in BARRED.get(user, "").split():
        return True
    return LAYER.get(used, TOP) >= LAYER[user] and (user, used) not in FRIENDS and LAYER[user] < TOP


def is_package(name: str) -> bool:
    return (PACKAGE / name).is_dir()


def as_markdown() -> str:
    """Return the table of CONTRIBUTING.md: layer, modules, what they are for, who may import whom within the layer."""

    def shown(name: str) -> str:
        return f"`{name}/`" if is_package(name) else f"`{name}`"

    lines = ["| layer | modules | what for | may import within its layer |", "|---|---|---|---|"]
    for number, names in LAYERS.items():
        friends: dict[str, list[str]] = {}
        for user, used in sorted(FRIENDS):
            if LAYER[user] == number:
                friends.setdefault(user, []).append(shown(used))
        rule = "; ".join(f"{shown(user)}: {', '.join(used)}" for user, used in friends.items())
        everything = "all of them" if number == TOP else rule
        lines.append(f"| {number} | {', '.join(map(shown, names.split()))} | {PURPOSE[number]} | {everything} |")
    barred = "; ".join(f"{shown(user)} never imports {', '.join(map(shown, n.split()))}" for user, n in BARRED.items())
    return "\n".join([*lines, "", f"Besides, {barred}."])


def write_table(page: str) -> str:
    """Return the text of CONTRIBUTING.md with the table between its markers written again."""
    before, rest = page.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{as_markdown()}\n{END}{after}"


def test_every_module_is_in_the_table():
    unknown = {owner(path) for path in FILES} - set(LAYER)
    assert not unknown, (
        f"give {sorted(unknown)} a layer in LAYERS of tests/test_layers.py, then run: python tests/test_layers.py"
    )


def test_everything_in_the_table_exists():
    there = {owner(path) for path in FILES} | {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    named = {*LAYER, *(name for pair in FRIENDS for name in pair), *BARRED, *" ".join(BARRED.values()).split()}
    assert not named - there, (
        f"take {sorted(named - there)} out of tests/test_layers.py, then run: python tests/test_layers.py"
    )
    assert len(LAYER) == sum(len(names.split()) for names in LAYERS.values()), "a module stands in two layers"


def test_contributing_shows_the_table():
    page = PAGE.read_text(encoding="utf-8")
    assert write_table(page) == page, "the table in CONTRIBUTING.md is an old one; run: python tests/test_layers.py"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_point_down(path: Path):
    user = owner(path)
    assert user in LAYER, f"{path.relative_to(ROOT)}: {user!r} has no layer in tests/test_layers.py"
    wrong = {name for name in rooms_used(path.read_text(encoding="utf-8"), path) if forbidden(user, name)}
    assert not wrong, (
        f"{path.relative_to(ROOT)} (layer {LAYER[user]}) imports "
        f"{', '.join(f'{name} (layer {LAYER.get(name)})' for name in sorted(wrong))}; see the table in CONTRIBUTING.md"
    )


@pytest.mark.parametrize(
    ("source", "room", "used"),
    [
        ("import mutoscope.rng", "pipeline.py", {"rng"}),
        ("from mutoscope import rng, errors, __version__", "pipeline.py", {"rng", "errors"}),
        ("from . import rng", "pipeline.py", {"rng"}),
        ("from ..models import Picture", "runtime/onnx.py", {"models"}),
        ("from . import numbers", "runtime/onnx.py", set()),
        ("def f():\n    from mutoscope.models import Picture", "flow.py", {"models"}),
        ("if TYPE_CHECKING:\n    import mutoscope.models\nelse:\n    import mutoscope.rng", "flow.py", {"rng"}),
    ],
)
def test_the_reader_of_imports(source: str, room: str, used: set[str]):
    assert rooms_used(source, PACKAGE / room) == used


@pytest.mark.parametrize(
    ("user", "used", "expected"),
    [
        ("runtime", "sampler", False),
        ("pipeline", "models", True),
        ("models", "pipeline", False),
        ("sampler", "flow", False),
        ("world", "rng", False),
        ("world", "sampler", True),  # lower, and barred
        ("train", "evaluate", True),
        ("train", "data", False),
        ("rng", "config", True),
        ("pipeline", "cli", True),
        ("cli", "train", False),
    ],
)
def test_the_table_itself(user: str, used: str, expected: bool):
    assert forbidden(user, used) is expected


if __name__ == "__main__":
    PAGE.write_text(write_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
