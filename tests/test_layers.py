"""The import direction is a table: a module may import lower layers, and of its own layer only what FRIENDS names."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "mutoscope"
LAYERS = {
    9: "model __main__ __init__ cli",
    8: "serve cluster series",
    7: "train evaluate export hub",
    6: "data world",
    5: "pipeline models",
    4: "runtime refine checkpoint adapter advice parts extractors init_image",
    3: "tokenizer text_encoder image_encoder transformer autoencoder guidance sampler media objects",
    2: "layers flow prompt postprocess",
    1: "shapes config device rng events folders phrases",
    0: "errors weights telemetry",
}
LAYER = {name: number for number, names in LAYERS.items() for name in names.split()}
FRIENDS = {
    ("shapes", "config"),  # sizes are counted in the factors of the codec
    ("runtime", "checkpoint"),
    ("runtime", "adapter"),
    ("adapter", "checkpoint"),
    ("advice", "checkpoint"),
    ("models", "pipeline"),
    ("parts", "checkpoint"),  # a run may begin with one's weights
    ("data", "world"),
}
FILES = sorted(PACKAGE.rglob("*.py"))


def owner(path: Path) -> str:
    """Return the room a file belongs to: `runtime` for runtime/onnx.py, `rng` for rng.py."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


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
    package = ("mutoscope", *path.relative_to(PACKAGE).parts[:-1])
    names = [name.split(".") for name in imports(ast.parse(source), package)]
    used = {parts[1] if len(parts) > 1 else "__init__" for parts in names if parts[0] == "mutoscope"}
    return used - {owner(path), "__version__"}


def forbidden(user: str, used: str) -> bool:
    """Say whether `user` may not import `used`."""
    return LAYER.get(used, 9) >= LAYER[user] and (user, used) not in FRIENDS and LAYER[user] < 9


def test_every_module_is_in_the_table():
    unknown = {owner(path) for path in FILES} - set(LAYER)
    assert not unknown, f"give {sorted(unknown)} a layer in tests/test_layers.py and in docs/how_it_works.md"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_down(path: Path):
    user = owner(path)
    wrong = {name for name in rooms_used(path.read_text(), path) if forbidden(user, name)}
    assert not wrong, f"{user} (layer {LAYER[user]}) imports {', '.join(f'{n} (layer {LAYER.get(n)})' for n in wrong)}"


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
        ("train", "evaluate", True),
        ("train", "data", False),
        ("rng", "config", True),
        ("pipeline", "cli", True),
        ("cli", "train", False),
    ],
)
def test_the_table_itself(user: str, used: str, expected: bool):
    assert forbidden(user, used) is expected
