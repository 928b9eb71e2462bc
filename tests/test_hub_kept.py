"""The models in the cache: listed, removed whole or by the commit, and nothing else with them."""

import os
from pathlib import Path

import pytest

from hub_folders import COMMIT, OTHER_COMMIT, make_folder, put_in_cache, write_json
from mutoscope.errors import MissingModelError
from mutoscope.hub.kept import list_kept, remove
from mutoscope.hub.names import find_place

TURBO = "stabilityai/sd-turbo"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with sd-turbo in it, and a language model that is none of ours."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    put_in_cache(tmp_path / "cache", TURBO)
    write_json(tmp_path / "cache" / "models--some--llm" / "snapshots" / COMMIT / "config.json", {})
    (tmp_path / "cache" / "datasets--some--data").mkdir()
    return tmp_path / "cache"


def bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def test_an_empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    assert list_kept() == []


def test_what_is_there(cache: Path):
    (kept,) = list_kept()
    assert (kept.name, kept.short_name, kept.revision, kept.whole) == (TURBO, "sd-turbo", COMMIT, True)
    assert kept.path == find_place(TURBO).path
    assert kept.bytes == bytes_of(cache / "models--stabilityai--sd-turbo" / "blobs")


def test_half_a_download(cache: Path):
    (list_kept()[0].path / "unet" / "diffusion_pytorch_model.safetensors").resolve().unlink()
    assert [kept.whole for kept in list_kept()] == [False]


def test_half_a_download_of_a_known_model_without_its_index(cache: Path):
    (list_kept()[0].path / "model_index.json").unlink()
    assert [kept.whole for kept in list_kept()] == [False]


@pytest.mark.parametrize("name", [TURBO, "sd-turbo", f"{TURBO}@{COMMIT}", f"sd-turbo@{COMMIT[:7]}"])
def test_removing(cache: Path, name: str):
    size = bytes_of(cache / "models--stabilityai--sd-turbo")
    (cache / ".locks" / "models--stabilityai--sd-turbo").mkdir(parents=True)
    assert remove(name) == size
    assert list_kept() == [] and not (cache / "models--stabilityai--sd-turbo").exists()
    assert (cache / "models--some--llm").is_dir() and not list((cache / ".locks").iterdir())


def test_removing_one_commit(cache: Path):
    """A file that both commits have stays, and the reference to the commit goes."""
    second = put_in_cache(cache, TURBO, OTHER_COMMIT, branch="v2")
    home = cache / "models--stabilityai--sd-turbo"
    shared = (second / "vae" / "config.json").resolve()
    other = home / "snapshots" / COMMIT / "vae" / "config.json"
    other.unlink()
    other.symlink_to(os.path.relpath(shared, other.parent))
    before = bytes_of(home / "blobs")
    freed = remove(f"{TURBO}@v2")
    assert freed == before - bytes_of(home / "blobs") > 0
    assert [kept.revision for kept in list_kept()] == [COMMIT] and shared.exists() and other.exists()
    assert [path.name for path in (home / "refs").iterdir()] == ["main"]


def test_files_that_repositories_share(cache: Path):
    """They lie in CACHE/blobs; they go with the last that leads to them."""
    first, second = list_kept()[0].path, put_in_cache(cache, "me/mine")
    shared = cache / "blobs" / "ab" / "abcd"
    shared.parent.mkdir(parents=True)
    file = Path("unet") / "diffusion_pytorch_model.safetensors"
    for number, snapshot in enumerate((first, second)):
        blob = (snapshot / file).resolve()
        blob.unlink() if number else blob.rename(shared)
        blob.symlink_to(os.path.relpath(shared, blob.parent))
    for name, stays in ((TURBO, True), ("me/mine", False)):
        before = bytes_of(cache)
        assert remove(name) == before - bytes_of(cache) and shared.exists() == stays


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sdturbo", r"no model 'sdturbo' is in the cache \(did you mean 'sd-turbo'\?\)"),
        ("sdxl", "no model 'sdxl' is in the cache"),
        ("some/llm", "no model 'some/llm' is in the cache"),
        ("../models--some--llm", "no model .* is in the cache"),
        (f"{TURBO}@v9", f"stabilityai/sd-turbo is not here at 'v9', only at {COMMIT}"),
        (f"{TURBO}@../../x", "names no revision"),
        ("", "no model '' is in the cache"),
    ],
)
def test_it_wants_the_exact_name(cache: Path, name: str, words: str):
    with pytest.raises(MissingModelError, match=words):
        remove(name)
    assert len(list_kept()) == 1 and (cache / "models--some--llm").is_dir()


def test_a_folder_of_the_user_is_not_touched(cache: Path, tmp_path: Path):
    folder = make_folder(tmp_path / "mine")
    with pytest.raises(MissingModelError, match="is a file or folder of yours, which you remove yourself"):
        remove(str(folder))
    assert folder.is_dir()
