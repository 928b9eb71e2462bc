"""Names of models: folders, files, short names, repositories in the hub's cache; and the table of short names."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hub_folders import COMMIT, OTHER_COMMIT, make_folder, put_in_cache, write_weights
from mutoscope.errors import CheckpointError, MissingModelError
from mutoscope.hub.known import KINDS, TABLE, known_models
from mutoscope.hub.names import Place, cache_folder, find_place, repository_of

TURBO = "stabilityai/sdxl-turbo"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub's libraries, and an empty working folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class TestOnDisk:
    def test_a_folder(self, cache: Path):
        folder = make_folder(Path("models") / "mine").absolute()
        assert find_place("models/mine") == find_place(str(folder)) == Place(str(folder), folder)

    def test_a_file(self, cache: Path):
        file = write_weights(Path("painting.safetensors")).absolute()
        assert find_place("painting.safetensors") == Place(str(file), file)

    def test_in_the_home_folder(self, cache: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("HOME", str(Path.cwd()))
        folder = make_folder(Path("mine").absolute())
        # The user's name does not go into pictures.
        assert find_place("~/mine") == find_place(str(folder)) == Place("~/mine", folder)

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("a.ckpt", r"pickle \(\.ckpt\), which can run code; ask for a \.safetensors file, or convert it"),
            ("a.bin", r"pickle \(\.bin\), which can run code"),
            ("a.gguf", r"a GGUF file: .*this version opens \.safetensors files and folders"),
            ("a.png", r"is no model; a model is a folder or a \.safetensors file"),
        ],
    )
    def test_other_files(self, cache: Path, name: str, words: str):
        Path(name).write_bytes(b"what")
        with pytest.raises(CheckpointError, match=words):
            find_place(name)

    def test_a_short_name_goes_before_a_folder(self, cache: Path):
        make_folder(Path("wan"))
        snapshot = put_in_cache(cache, "Wan-AI/Wan2.1-T2V-1.3B-Diffusers")
        assert find_place("wan").path == snapshot
        assert find_place("./wan").path == Path("wan").absolute()

    def test_a_folder_goes_before_a_repository(self, cache: Path):
        put_in_cache(cache, "me/mine")
        folder = make_folder(Path("me") / "mine").absolute()
        assert find_place("me/mine").path == folder


class TestInTheCache:
    def test_by_short_name_and_by_repository(self, cache: Path):
        snapshot = put_in_cache(cache, TURBO)
        assert find_place("sdxl-turbo") == find_place(TURBO) == Place(TURBO, snapshot, COMMIT)
        assert find_place(str(snapshot)) == Place(TURBO, snapshot, COMMIT), "redo finds it by its name then"

    def test_the_commit_of_main(self, cache: Path):
        put_in_cache(cache, "me/mine", OTHER_COMMIT, branch="")
        snapshot = put_in_cache(cache, "me/mine")
        os.utime(cache / "models--me--mine" / "snapshots" / OTHER_COMMIT)
        assert find_place("me/mine") == Place("me/mine", snapshot, COMMIT)

    def test_the_newest_without_main(self, cache: Path):
        put_in_cache(cache, "me/mine", branch="")
        os.utime(put_in_cache(cache, "me/mine", OTHER_COMMIT, branch=""))
        assert find_place("me/mine").revision == OTHER_COMMIT

    def test_the_pinned_commit_goes_before_main(self, cache: Path):
        put_in_cache(cache, TURBO)
        pinned = known_models()["sdxl-turbo"].revision
        put_in_cache(cache, TURBO, pinned, branch="")
        assert find_place("sdxl-turbo").revision == find_place(TURBO).revision == pinned
        assert find_place(f"{TURBO}@main").revision == COMMIT

    @pytest.mark.parametrize("revision", [OTHER_COMMIT, OTHER_COMMIT[:7], "v2", "refs/pr/1"])
    def test_a_revision(self, cache: Path, revision: str):
        put_in_cache(cache, "me/mine")
        put_in_cache(cache, "me/mine", OTHER_COMMIT, branch="v2")
        change = cache / "models--me--mine" / "refs" / "refs" / "pr" / "1"
        change.parent.mkdir(parents=True)
        change.write_text(OTHER_COMMIT)
        assert find_place(f"me/mine@{revision}").revision == OTHER_COMMIT

    def test_a_revision_of_a_short_name(self, cache: Path):
        put_in_cache(cache, TURBO)
        assert find_place(f"sdxl-turbo@{COMMIT}").revision == COMMIT

    def test_a_revision_that_is_not_here(self, cache: Path):
        put_in_cache(cache, "me/mine")
        words = f"me/mine is on this disk, but not at v3, only at {COMMIT}; fetch it: mutoscope models get me/mine@v3"
        with pytest.raises(MissingModelError, match=re.escape(words)):
            find_place("me/mine@v3")

    @pytest.mark.parametrize("revision", ["", "../../etc", "a b", "/etc", "v1/../../x"])
    def test_what_is_no_revision(self, cache: Path, revision: str):
        with pytest.raises(MissingModelError, match="names no revision after the @"):
            find_place(f"me/mine@{revision}")

    def test_a_broken_link_is_half_a_download(self, cache: Path):
        snapshot = put_in_cache(cache, TURBO)
        (snapshot / "vae" / "diffusion_pytorch_model.safetensors").resolve().unlink()
        words = (
            r"half a download: \S+ lacks vae/diffusion_pytorch_model\.safetensors .*: mutoscope models get sdxl-turbo$"
        )
        with pytest.raises(MissingModelError, match=words):
            find_place("sdxl-turbo")

    def test_a_begun_file_is_half_a_download(self, cache: Path):
        snapshot = put_in_cache(cache, TURBO)
        begun = snapshot.parent.parent / "blobs" / "0123.incomplete"
        begun.write_bytes(b"half")
        with pytest.raises(MissingModelError, match=r"half a download: .* lacks 0123\.incomplete"):
            find_place("sdxl-turbo")
        os.utime(begun, (0, 0))  # of another snapshot, or of a download that was finished since
        assert find_place("sdxl-turbo").path == snapshot

    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            ({"HF_HUB_CACHE": "/a"}, "/a"),
            ({"HUGGINGFACE_HUB_CACHE": "/b"}, "/b"),
            ({"HF_HOME": "/c"}, "/c/hub"),
            ({"XDG_CACHE_HOME": "/d"}, "/d/huggingface/hub"),
            ({"HOME": "/e"}, "/e/.cache/huggingface/hub"),
            ({"HOME": "/e", "HF_HOME": "~/f"}, "/e/f/hub"),
        ],
    )
    def test_where_the_cache_is(self, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], expected: str):
        for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
            monkeypatch.delenv(name, raising=False)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        assert cache_folder() == Path(expected)

    def test_the_repository_of_a_snapshot(self, cache: Path):
        assert repository_of(put_in_cache(cache, "a-b/c--d_e.1")) == "a-b/c--d_e.1"
        assert repository_of(cache / "models--a--b") == repository_of(Path("x")) == ""


class TestNotThere:
    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("sdxl-turbo", f"{TURBO} is not on this disk; fetch it first: mutoscope models get sdxl-turbo (about 6.9 GB)"),
            (TURBO, f"{TURBO} is not on this disk; fetch it first: mutoscope models get sdxl-turbo (about 6.9 GB)"),
            ("lcm", "SimianLuo/LCM_Dreamshaper_v7 is not on this disk; fetch it first: mutoscope models get lcm"),
            ("me/mine", "there is no folder 'me/mine' here and no repository of that name on this disk; fetch it first: mutoscope"),
            ("sdxl-trubo", "no model is called 'sdxl-trubo' (did you mean 'sdxl-turbo'?)"),
            ("./mine", "there is no folder or file './mine'"),
            ("a/b/c", "there is no folder or file 'a/b/c'"),
            ("runs/a.safetensors", "there is no folder or file 'runs/a.safetensors'"),
            ("", "no model is called ''"),
            ("a\0b", "no model is called"),
            ("x" * 5000, "no model is called"),
            ("me/..", "no model is called 'me/..'"),
        ],
    )  # fmt: skip
    def test_it_is_said(self, cache: Path, name: str, words: str):
        with pytest.raises(MissingModelError, match=re.escape(words)) as caught:
            find_place(name)
        assert caught.value.exit_code == 2

    def test_it_needs_no_library(self, cache: Path):
        put_in_cache(cache, TURBO)
        code = "import sys\nfrom mutoscope.hub.names import find_place\nfind_place('sdxl-turbo')\n"
        code += (
            "heavy = {'huggingface_hub', 'torch', 'diffusers', 'safetensors', 'socket', 'numpy'} & set(sys.modules)\n"
        )
        code += "assert not heavy, heavy"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr


class TestTable:
    def test_its_names(self):
        rows = known_models()
        assert list(rows) == list(tomllib.loads(TABLE.read_text())) and len(rows) >= 20
        assert all(re.fullmatch(r"[a-z][a-z0-9-]{1,19}", name) for name in rows)
        assert len({known.repository for known in rows.values()}) == len(rows)
        kinds = [known.kind for known in rows.values()]
        assert kinds == sorted(kinds, key=KINDS.index), "pictures first"

    @pytest.mark.parametrize("name", known_models())
    def test_a_row(self, name: str):
        known = known_models()[name]
        assert re.fullmatch(r"[\w-]+/[\w.-]+", known.repository) and known.page.startswith("https://huggingface.co/")
        assert known.kind in KINDS and known.licence and known.about and known.about[-1] != "."
        assert re.fullmatch(r"[0-9a-f]{40}|", known.revision)
        assert known.variant in ("", "fp16", "bf16")
        for count in (known.download, known.memory):
            assert count is None or 1e9 < count < 200e9
        assert known.steps and 1 <= known.steps <= 100
        assert known.guidance is not None and 0 <= known.guidance <= 10
        assert known.width and known.height and known.width % 16 == known.height % 16 == 0
        if known.kind == "clip":
            assert known.frames and known.fps and 1 < known.frames < 300 and 8 <= known.fps <= 30
        else:
            assert known.frames is known.fps is None

    def test_its_head_tells_of_every_field(self):
        head = TABLE.read_text().partition("\n[")[0]
        fields = [name for name in type(known_models()["wan"]).__dataclass_fields__ if name != "name"]
        assert [name for name in fields if not re.search(rf"^#.*\b{name}\b", head, re.MULTILINE)] == []
