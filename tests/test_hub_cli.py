"""`mutoscope models`: list, get, rm, info, as a user sees them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_hub import FakeHub
from hub_folders import COMMIT, make_folder, put_in_cache, write_weights
from mutoscope.cli import main
from mutoscope.hub.known import known_models

UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and an empty working folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def hub(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub with the model me/mine."""
    pytest.importorskip("huggingface_hub", reason="needs mutoscope[hub]")
    from huggingface_hub import constants

    hub = FakeHub(COMMIT)
    folder = make_folder(tmp_path / "there")
    write_weights(folder / UNET, 100)
    hub.put("me/mine", folder, license="mit")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    with hub.open():
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def run(capsys: pytest.CaptureFixture[str], line: str, code: int = 0) -> tuple[str, str]:
    """Run a command and return what it said on both streams."""
    found = main(["models", *line.split()])
    said, noted = capsys.readouterr()
    assert found == code, noted
    return said, noted


class TestList:
    def test_nothing_here(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        said, _ = run(capsys, "")
        assert said == run(capsys, "list")[0]
        here, _, away = said.partition("\n\n")
        assert [line.split()[0] for line in here.splitlines()] == ["embedded", "world"]
        assert away.startswith("To fetch with mutoscope models get NAME:\n")
        assert [line.split()[0] for line in away.splitlines()[1:]] == list(known_models())

    def test_what_is_here(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        put_in_cache(cache, "stabilityai/sd-turbo")
        put_in_cache(cache, "me/mine")
        half = put_in_cache(cache, "me/half")
        (half / UNET).resolve().unlink()
        here, _, away = run(capsys, "")[0].partition("\n\n")
        assert [line.split()[0] for line in here.splitlines()] == [
            "embedded",
            "world",
            "me/half",
            "me/mine",
            "sd-turbo",
        ]
        assert "half a download: get it again" in here.splitlines()[2] and "\nsd-turbo " not in away

    def test_as_json(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        snapshot = put_in_cache(cache, "me/mine")
        rows = {row["name"]: row for row in map(json.loads, run(capsys, "--json")[0].splitlines())}
        assert rows["me/mine"]["path"] == str(snapshot) and rows["me/mine"]["state"] == "here"
        assert rows["sdxl"]["state"] == "to fetch" and rows["sdxl"]["steps"] == 30 and rows["world"]["state"] == "here"

    def test_help(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        assert "Commands:\n  list " in run(capsys, "-h")[0]

    def test_an_unknown_word(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        assert "unknown command 'gte' (did you mean 'get'?); known: list, get, rm, info" in run(capsys, "gte", 2)[1]


class TestGet:
    def test_it(self, hub: FakeHub, cache: Path, capsys: pytest.CaptureFixture[str]):
        said, noted = run(capsys, "get me/mine")
        first, second = noted.splitlines()[:2]
        assert first.startswith("me/mine at aaaaaaa: 11 files, ") and first.endswith(" to fetch")
        assert second == f"licence: mit; read it at {hub.url}/me/mine"
        assert said == f"{cache}/models--me--mine/snapshots/{COMMIT}\n"
        assert "all of it is here" in run(capsys, "get me/mine")[1]

    def test_only_asking(self, hub: FakeHub, cache: Path, capsys: pytest.CaptureFixture[str]):
        said, noted = run(capsys, "get me/mine --dry-run")
        assert said == "" and noted.count("\n") == 2 and not cache.exists()

    def test_as_json(self, hub: FakeHub, capsys: pytest.CaptureFixture[str]):
        facts = json.loads(run(capsys, "get me/mine --json -q")[0])
        assert facts["bytes"] == facts["to_fetch"] > 0 and facts["licence"] == "mit" and facts["path"].endswith(COMMIT)

    def test_a_limited_licence_is_said_before(self, hub: FakeHub, capsys: pytest.CaptureFixture[str]):
        hub.commit = known_models()["sd-turbo"].revision
        hub.repositories["stabilityai/sd-turbo"] = hub.repositories["me/mine"]
        hub.cards["stabilityai/sd-turbo"] = {}
        noted = run(capsys, "get sd-turbo")[1]
        assert (
            "licence: Stability AI Community License, which limits commercial use, or who may use it; read it at"
            in noted
        )

    def test_gated(self, hub: FakeHub, capsys: pytest.CaptureFixture[str]):
        hub.gated.add("me/mine")
        noted = run(capsys, "get me/mine", 2)[1]
        assert noted.startswith("mutoscope: me/mine is given out only after you agree to its licence at")

    def test_a_cut_connection(self, hub: FakeHub, capsys: pytest.CaptureFixture[str]):
        hub.broken[UNET] = 503
        assert "try again, what is whole stays" in run(capsys, "get me/mine", 1)[1]
        hub.broken.clear()
        assert run(capsys, "get me/mine")[0]


class TestRemove:
    def test_it(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        put_in_cache(cache, "me/mine")
        said, _ = run(capsys, "rm me/mine")
        assert said.startswith("removed me/mine: ") and said.endswith(" set free\n")
        assert "no model 'me/mine' is in the cache" in run(capsys, "rm me/mine", 2)[1]

    def test_it_wants_a_name(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        put_in_cache(cache, "me/mine")
        assert "missing NAME" in run(capsys, "rm", 2)[1]
        assert "no model 'mine' is in the cache (did you mean 'me/mine'?)" in run(capsys, "rm mine", 2)[1]


class TestInfo:
    def test_one_that_is_not_here(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        said, _ = run(capsys, "info sdxl-turbo")
        rows = dict(line.split("  ", 1) for line in said.splitlines())
        facts = {key: value.strip() for key, value in rows.items()}
        assert facts["licence"] == "Stability AI Community License (limits commercial use, or who may use it)"
        assert facts["on this disk"] == "no; mutoscope models get sdxl-turbo"
        assert facts["defaults"] == "steps 4, guidance 0.0, size 512x512" and facts["download"] == "about 6.9 GB"
        assert facts["revision"] == known_models()["sdxl-turbo"].revision

    def test_one_without_a_commit(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        said, _ = run(capsys, "info ltx")
        assert "not pinned: the newest is taken, and its commit is recorded" in said and "frames 161, fps 25" in said

    def test_one_in_the_cache(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        snapshot = put_in_cache(cache, "stabilityai/sd-turbo")
        facts = json.loads(run(capsys, "info sd-turbo --json")[0])
        assert (
            facts["path"] == str(snapshot) and facts["commit"] == COMMIT and facts["class"] == "StableDiffusionPipeline"
        )
        assert facts["components"]["unet"] == {"float16": 128, "float32": 16} and facts["precision"] == "float16"
        assert "unet          128 bytes float16, 16 bytes float32" in run(capsys, "info stabilityai/sd-turbo")[0]

    def test_a_folder_and_a_file(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        make_folder(Path("mine"))
        write_weights(Path("painting.safetensors"))
        assert "class         StableDiffusionPipeline" in run(capsys, "info mine")[0]
        assert "network       128 bytes float16" in run(capsys, "info painting.safetensors")[0]

    def test_our_own(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        assert "part of Mutoscope" in run(capsys, "info embedded")[0]

    def test_a_damaged_one(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        (make_folder(Path("mine")) / UNET).write_bytes(b"")
        assert "is no safetensors file" in run(capsys, "info mine", 1)[1]

    def test_half_a_download(self, cache: Path, capsys: pytest.CaptureFixture[str]):
        (put_in_cache(cache, "stabilityai/sd-turbo") / UNET).resolve().unlink()
        assert "no; half a download: stabilityai/sd-turbo lacks unet/" in run(capsys, "info sd-turbo")[0]

    @pytest.mark.parametrize("name", ["nope", "me/none", "./none"])
    def test_an_unknown_one(self, cache: Path, capsys: pytest.CaptureFixture[str], name: str):
        run(capsys, f"info {name}", 2)
