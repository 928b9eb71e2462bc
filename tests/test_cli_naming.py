"""Names of results: one that Mutoscope chooses never replaces a file, not even one that appears while it draws."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mutoscope.cli import main, naming
from mutoscope.errors import OutputError
from mutoscope.media import read_info, read_pixels
from mutoscope.media.storage import write_bytes


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(words: str) -> Callable[[Path, bool], object]:
    """Return what `Target.write` calls: it writes these words."""
    return lambda path, exclusive: write_bytes(path, words.encode(), exclusive=exclusive)


def paths_of(targets: list[naming.Target]) -> list[str]:
    return [target.path.as_posix() for target in targets]


class TestPlan:
    def test_names_of_one_and_of_several(self, here: Path):
        assert paths_of(naming.plan(None, "lake-7", 1, moves=False)) == ["outputs/lake-7.png"]
        assert paths_of(naming.plan(None, "lake-7", 2, moves=True)) == ["outputs/lake-7-0.mp4", "outputs/lake-7-1.mp4"]
        assert paths_of(naming.plan("x.jpg", "lake-7", 1, moves=False)) == ["x.jpg"]
        assert paths_of(naming.plan("x.jpg", "lake-7", 2, moves=False)) == ["x-0.jpg", "x-1.jpg"]

    @pytest.mark.parametrize("ending", [".webp", ".gif", ""])
    def test_the_ending_that_is_kept(self, here: Path, ending: str):
        (target,) = naming.plan(None, "a", 1, moves=False, ending=ending)
        assert target.path.suffix == (".webp" if ending == ".webp" else ".png")

    def test_a_set_of_which_one_is_taken_gets_another_number(self, here: Path):
        (here / "d").mkdir()
        (here / "d" / "a-1.png").touch()
        assert paths_of(naming.plan("d", "a", 3, moves=False)) == ["d/a-2-0.png", "d/a-2-1.png", "d/a-2-2.png"]

    def test_a_link_that_leads_nowhere_takes_its_name(self, here: Path):
        (here / "a.png").symlink_to("nowhere.png")
        assert paths_of(naming.plan("./", "a", 1, moves=False)) == ["a-2.png"]

    def test_refused(self, here: Path):
        for output, said in (
            ("no/", "does not exist"),
            ("a.txt", "endings that can be written"),
            ("no/a.png", "no folder"),
        ):
            with pytest.raises(OutputError, match=said):
                naming.plan(output, "a", 1, moves=False)


class TestWriting:
    def test_a_chosen_name_that_was_taken_meanwhile_goes_on_to_the_next(self, here: Path):
        one, other, third = (naming.plan(None, "a", 1, moves=False)[0] for _ in range(3))
        assert one == other == third, "all three looked before anybody wrote"
        written = [target.write(put(words)).name for target, words in ((one, "1"), (other, "2"), (third, "3"))]
        assert written == ["a.png", "a-2.png", "a-3.png"]
        assert [(here / "outputs" / name).read_text() for name in written] == ["1", "2", "3"]

    def test_several_of_a_set_go_on_together(self, here: Path):
        first, second = (naming.plan(None, "a", 2, moves=False) for _ in range(2))
        names = [target.write(put(str(n))).name for n, target in enumerate((*first, *second))]
        assert names == ["a-0.png", "a-1.png", "a-2-0.png", "a-2-1.png"]

    def test_a_name_that_was_given_is_replaced(self, here: Path):
        (target,) = naming.plan("a.png", "b", 1, moves=False)
        assert [target.write(put(words)).as_posix() for words in ("1", "2")] == ["a.png", "a.png"]
        assert (here / "a.png").read_text() == "2"

    def test_a_failure_leaves_no_name_taken(self, here: Path):
        (target,) = naming.plan(None, "a", 1, moves=False)

        def fail(path: Path, exclusive: bool) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            target.write(fail)
        assert list((here / "outputs").iterdir()) == []
        assert target.write(put("1")).name == "a.png"

    def test_many_at_once_lose_nothing(self, here: Path):
        """Threads that all planned the same name end with as many files, each whole."""
        targets = [naming.plan(None, "a", 1, moves=False)[0] for _ in range(12)]
        start = threading.Barrier(len(targets))

        def write(number: int) -> None:
            start.wait()
            targets[number].write(put(f"words of {number}"))

        threads = [threading.Thread(target=write, args=(number,)) for number in range(len(targets))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = sorted(path.read_text() for path in (here / "outputs").iterdir())
        assert found == sorted(f"words of {number}" for number in range(len(targets)))

    def test_two_folders_of_one_name(self, here: Path, monkeypatch: pytest.MonkeyPatch):
        assert naming.folder(None, "story").as_posix() == "outputs/story"
        assert naming.folder(None, "story").as_posix() == "outputs/story-2"
        monkeypatch.setattr(os.path, "lexists", lambda path: False)  # as if both had looked at once
        assert naming.folder(None, "story").as_posix() == "outputs/story-3"
        assert naming.folder("outputs/story", "x").as_posix() == "outputs/story", "a folder that was named is used"

    def test_a_folder_that_cannot_be_made(self, here: Path):
        (here / "outputs").write_text("a file")
        with pytest.raises(OutputError, match="cannot make the folder"):
            naming.folder(None, "story")
        with pytest.raises(OutputError, match=r"cannot make the folder 'outputs/x' .*--out"):
            naming.folder("outputs/x", "story")


@pytest.mark.parametrize("output", [[], ["-o", "outputs/"]], ids=["outputs", "a folder"])
def test_two_processes_with_one_name_make_two_files(here: Path, tiny_checkpoint: Path, output: list[str]):
    """One prompt and seed, two styles, two processes that both plan before one of them writes."""
    (here / "outputs").mkdir()
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom mutoscope.cli import main, naming\nplan = naming.plan\n"
        "def wait(*words, **more):\n"
        "    found = plan(*words, **more)\n    Path(sys.argv[1]).touch()\n"
        "    while not all(Path(name).exists() for name in ('ready-1', 'ready-2')): time.sleep(0.01)\n"
        "    return found\n"
        "naming.plan = wait\nraise SystemExit(main(sys.argv[2:]))"
    )
    words = ["image", "a lake", "--seed", "7", "--size", "64x64", "--steps", "1", "-q", "--model", str(tiny_checkpoint)]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, f"ready-{n}", *words, *output, "--style", style], stdout=subprocess.PIPE, text=True
        )
        for n, style in ((1, "watercolor"), (2, "comic"))
    ]  # fmt: skip
    printed = sorted(process.communicate(timeout=100)[0].strip() for process in running)
    assert [process.returncode for process in running] == [0, 0]
    assert [Path(name).name for name in printed] == ["a-lake-7-2.png", "a-lake-7.png"]
    assert sorted(path.name for path in (here / "outputs").iterdir()) == ["a-lake-7-2.png", "a-lake-7.png"]
    first, second = (read_info(Path(name))["request_json"] for name in printed)
    assert {"watercolor" in first, "watercolor" in second} == {True, False}


def test_a_link_is_written_through_and_a_read_only_file_refused(
    here: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
):
    words = ["image", "a lake", "--seed", "7", "--size", "64x64", "--steps", "1", "-q", "--model", str(tiny_checkpoint)]
    assert main([*words, "-o", "target.png"]) == 0
    first = read_pixels(here / "target.png")
    (here / "link.png").symlink_to("target.png")
    assert main([*words, "--style", "comic", "-o", "link.png"]) == 0
    assert (here / "link.png").is_symlink()
    assert not np.array_equal(read_pixels(here / "target.png"), first)
    (here / "mine.png").write_bytes(b"mine")
    (here / "mine.png").chmod(0o444)
    capsys.readouterr()
    assert main([*words, "-o", "mine.png"]) == 2
    assert "read-only" in capsys.readouterr().err
    assert (here / "mine.png").read_bytes() == b"mine"
