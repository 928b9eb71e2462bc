"""Writing: names that are taken, links, modes and permissions; whole-or-nothing itself is in test_media.py."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mutoscope import media
from mutoscope.errors import OutputError, StorageError
from mutoscope.media import storage

NOTHING = media.Provenance(None, None, "mutoscope", False)
posix = pytest.mark.skipif(os.name != "posix", reason="links and modes are a POSIX matter")


def put(path: Path, data: bytes, **options: bool) -> Path:
    return media.atomic_write(path, lambda file: file.write(data), **options)


def no_links(*_: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")  # what FAT answers


@pytest.fixture(params=["with hard links", "without"])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to take a name exclusively."""
    if request.param == "without":
        monkeypatch.setattr(storage.os, "link", no_links)


@pytest.mark.usefixtures("file_system")
class TestTakenNames:
    def test_a_free_name_is_written(self, tmp_path: Path):
        path = put(tmp_path / "a.bin", b"new", exclusive=True)
        assert path.read_bytes() == b"new" and list(tmp_path.iterdir()) == [path]
        assert path.stat().st_nlink == 1

    @pytest.mark.parametrize("there", ["file", "folder", "link", "dangling link"])
    def test_whatever_has_the_name_keeps_it(self, tmp_path: Path, there: str):
        path, other = tmp_path / "a.bin", tmp_path / "other"
        if there == "file":
            path.write_bytes(b"old")
        elif there == "folder":
            path.mkdir()
        else:
            if there == "link":
                other.write_bytes(b"old")
            path.symlink_to(other)
        before = {one: one.is_dir() or (one.exists() and one.read_bytes()) for one in tmp_path.iterdir()}
        with pytest.raises(FileExistsError) as caught:
            put(path, b"new", exclusive=True)
        assert caught.value.errno == errno.EEXIST and str(path) in str(caught.value)
        assert {one: one.is_dir() or (one.exists() and one.read_bytes()) for one in tmp_path.iterdir()} == before

    def test_pictures_and_clips_too(self, tmp_path: Path):
        pixels = np.zeros((2, 16, 16, 3), np.uint8)
        for _ in range(2):
            done = []
            for write in (
                lambda: media.write_picture(pixels[0], tmp_path / "a.png", NOTHING, exclusive=True),
                lambda: media.write_clip(pixels, 8, tmp_path / "a.gif", NOTHING, exclusive=True),
            ):
                try:
                    done.append(write().name)
                except FileExistsError:
                    done.append("taken")
        assert done == ["taken", "taken"] and sorted(os.listdir(tmp_path)) == ["a.gif", "a.png"]

    @pytest.mark.parametrize("error", [OSError(errno.EIO, "I/O error"), KeyboardInterrupt()])
    def test_a_failure_gives_the_name_back(self, tmp_path: Path, error: BaseException):
        def fail(file: object) -> None:
            raise error

        with pytest.raises((StorageError, KeyboardInterrupt)):
            media.atomic_write(tmp_path / "a.bin", fail, exclusive=True)
        assert not list(tmp_path.iterdir())

    def test_the_callers_own_error_is_not_taken_for_a_taken_name(self, tmp_path: Path):
        def fail(file: object) -> None:
            raise FileExistsError(errno.EEXIST, "something else")

        with pytest.raises(StorageError):
            media.atomic_write(tmp_path / "a.bin", fail, exclusive=True)


def test_a_failed_rename_gives_the_name_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "I/O error")

    monkeypatch.setattr(storage.os, "link", no_links)
    monkeypatch.setattr(storage.os, "replace", fail)
    with pytest.raises(StorageError, match="I/O error"):
        put(tmp_path / "a.bin", b"new", exclusive=True)
    assert not list(tmp_path.iterdir())


def test_of_two_processes_one_gets_the_name(tmp_path: Path):
    """Eight processes write the same ten names as fast as they can: every name is won once, and holds what its winner wrote."""
    program = (
        "import sys; from pathlib import Path; from mutoscope.media.storage import write_bytes\n"
        "sys.stdin.readline()\n"
        "for name in range(10):\n"
        "    try: write_bytes(Path(str(name)), sys.argv[1].encode() * 1000, exclusive=True); print(name)\n"
        "    except FileExistsError: pass\n"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", program, str(one)], cwd=tmp_path, text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for one in range(8)
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = {str(number): racer.communicate()[0].split() for number, racer in enumerate(racers)}
    winners = {name: number for number, names in won.items() for name in names}
    assert sorted(name for names in won.values() for name in names) == sorted(map(str, range(10)))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        name: number * 1000 for name, number in winners.items()
    }


@posix
class TestLinks:
    def test_a_link_is_written_through(self, tmp_path: Path):
        (tmp_path / "far").mkdir()
        target, link, second = tmp_path / "far" / "a.bin", tmp_path / "link.bin", tmp_path / "second.bin"
        target.write_bytes(b"old")
        link.symlink_to(Path("far") / "a.bin")  # relative to the link's own folder
        second.symlink_to(link)
        for path in (link, second):
            assert put(path, path.name.encode()) == path
            assert target.read_bytes() == path.name.encode() and link.is_symlink() and second.is_symlink()
        assert sorted(os.listdir(tmp_path)) == ["far", "link.bin", "second.bin"] and os.listdir(target.parent) == [
            "a.bin"
        ]

    def test_a_link_to_nothing_makes_its_target(self, tmp_path: Path):
        link = tmp_path / "link.png"
        link.symlink_to(tmp_path / "new.png")
        assert media.check_output(link, (".png",)) == link
        put(link, b"new")
        assert (tmp_path / "new.png").read_bytes() == b"new" and link.is_symlink()

    @pytest.mark.parametrize(
        ("leads_to", "words"),
        [("nowhere/new.png", "there is no folder"), ("link.png", "cannot write"), ("folder", "is a folder")],
    )
    def test_a_link_that_leads_nowhere_is_refused_early(self, tmp_path: Path, leads_to: str, words: str):
        (tmp_path / "folder").mkdir()
        link = tmp_path / "link.png"
        link.symlink_to(tmp_path / leads_to)
        with pytest.raises(OutputError, match=words):
            media.check_output(link, (".png",))
        with pytest.raises(StorageError, match="cannot write"):
            put(link, b"new")
        assert link.is_symlink() and sorted(os.listdir(tmp_path)) == ["folder", "link.png"]

    def test_the_other_names_of_a_file_keep_the_old_content(self, tmp_path: Path):
        path, other = tmp_path / "a.bin", tmp_path / "other.bin"
        path.write_bytes(b"old")
        other.hardlink_to(path)
        put(path, b"new")
        assert (path.read_bytes(), other.read_bytes()) == (b"new", b"old")


@posix
class TestModes:
    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
    def test_a_file_keeps_its_mode(self, tmp_path: Path, mode: int):
        path = tmp_path / "a.bin"
        path.write_bytes(b"old")
        path.chmod(mode)
        put(path, b"new")
        assert path.read_bytes() == b"new" and path.stat().st_mode & 0o7777 == mode

    def test_a_read_only_file_is_refused_early_and_late(self, tmp_path: Path):
        path = tmp_path / "a.png"
        path.write_bytes(b"old")
        path.chmod(0o444)
        for refused in (lambda: media.check_output(path, (".png",)), lambda: put(path, b"new")):
            with pytest.raises(OutputError, match=r"a\.png is read-only; .* chmod u\+w") as caught:
                refused()
            assert "\n" not in str(caught.value)
        assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.png"]

    def test_so_is_one_behind_a_link(self, tmp_path: Path):
        path, link = tmp_path / "a.png", tmp_path / "link.png"
        path.write_bytes(b"old")
        path.chmod(0o444)
        link.symlink_to(path)
        with pytest.raises(OutputError, match="read-only"):
            media.check_output(link, (".png",))
