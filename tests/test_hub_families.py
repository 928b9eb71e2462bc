"""No false alarm: the folder of every family, as diffusers writes it, is found whole."""

from pathlib import Path

import pytest

from mutoscope.hub.checks import check_file, check_folder
from mutoscope.hub.headers import component_bytes, stored_precision
from tiny_pipelines import FAMILIES, tiny_folder


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family(name: str):
    folder: Path = tiny_folder(name)
    layout = check_folder(folder)
    sizes = component_bytes(folder, layout.variant)
    assert layout.class_name.endswith("Pipeline") and layout.variant is None
    assert set(sizes) <= set(layout.components) and "vae" in sizes and stored_precision(folder) == "float32"
    for file in folder.rglob("*.safetensors"):
        check_file(file)
        assert sum(component_bytes(file)["network"].values()) > 0
    held = sum(count for part in sizes.values() for count in part.values())
    assert held == sum(_numbers_in(file) for part in sizes for file in (folder / part).glob("*.safetensors"))


def _numbers_in(file: Path) -> int:
    """Return the bytes of a file behind its header."""
    with open(file, "rb") as stream:
        return file.stat().st_size - 8 - int.from_bytes(stream.read(8), "little")
