"""The archive of drawings and its table: what they hold, what is refused, and that files of earlier archives are made again."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from runpy import run_path

import pytest

from mutoscope import TextToImageModel
from mutoscope.errors import CheckpointError
from mutoscope.objects import EMBEDDED, FORMER_DIGESTS, TABLE, ObjectLibrary, load_library
from mutoscope.vocabulary import COLORS, nouns


@pytest.fixture(scope="module")
def library() -> ObjectLibrary:
    return load_library()


def test_it_names_its_makers(library: ObjectLibrary):
    assert len(library.nouns) > 800
    assert all(row["source"] and row["licence"] and row["sprites"] > 0 for row in library.credits)
    assert all(library.drawing(noun, 0).pixels.shape[2] == 4 for noun in list(library.nouns)[::40])


def test_what_is_damaged_is_refused(tmp_path: Path):
    broken = tmp_path / "things.zip"
    broken.write_bytes(b"no archive")
    with pytest.raises(CheckpointError, match=r"things\.zip cannot be read"):
        ObjectLibrary(broken)
    zipfile.ZipFile(broken, "w").close()
    with pytest.raises(CheckpointError, match=r"things\.zip cannot be read"):  # without its table
        ObjectLibrary(broken)
    (tmp_path / TABLE).write_text(json.dumps({"format": 99}))
    with pytest.raises(CheckpointError, match="format 99"):
        ObjectLibrary(broken)


def test_table_archive_and_vocabulary_agree(library: ObjectLibrary):
    with zipfile.ZipFile(EMBEDDED) as archive:
        files = [row.file for rows in library.drawings.values() for row in rows]
        assert sorted(files) == sorted(archive.namelist()) and len(files) == sum(
            row["sprites"] for row in library.credits
        )
    assert set(library.drawings) <= set(nouns())
    assert {row.color for rows in library.drawings.values() for row in rows} <= {"", *COLORS}


def test_a_damaged_archive_is_named(tmp_path: Path):
    """A cut one at once, one whose list of files is damaged with the first drawing."""
    path = tmp_path / "things.zip"
    (tmp_path / TABLE).write_bytes(EMBEDDED.with_name(TABLE).read_bytes())
    for content in (None, b"cut"):
        if content:
            path.write_bytes(content)
        with pytest.raises(CheckpointError, match="cannot be read as an object library"):
            ObjectLibrary(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.webp", b"")
    path.write_bytes(path.read_bytes().replace(b"PK\x01\x02", b"PK\x00\x00"))
    with pytest.raises(CheckpointError, match="cannot be read as an object library"):
        ObjectLibrary(path).drawing("fox", 0)


def test_a_file_of_an_earlier_archive_is_made_again(library: ObjectLibrary):
    """0.1.0 wrote the digest of an archive with other bookkeeping and the same drawings."""
    (former,) = FORMER_DIGESTS
    assert library.holds(library.digest) and library.holds(former) and not library.holds("0" * 16)
    now = TextToImageModel().generate("a red fox in a forest", seed=3, num_inference_steps=1, width=64, height=64)
    plan = now.request.objects
    assert plan is not None and [each.noun for each in plan.objects] == ["fox"]
    again = TextToImageModel().redo(replace(now.request, objects=replace(plan, library=former)))
    assert (again.pixels == now.pixels).all()


def test_writing_it_again_gives_the_same_bytes(tmp_path: Path):
    script = run_path(str(Path(__file__).parent.parent / "scripts" / "make_objects"))
    script["write"](tmp_path / EMBEDDED.name, *script["packed"]())
    for name in (EMBEDDED.name, TABLE):
        assert (tmp_path / name).read_bytes() == EMBEDDED.with_name(name).read_bytes()
