"""Fetching models from a hub on this machine: what is said before, what comes, what stays of half of it, what goes wrong."""

import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fake_hub import FakeHub
from hub_folders import COMMIT, INDEX, make_folder, write_json, write_weights
from mutoscope.errors import (
    CheckpointError,
    MissingExtraError,
    MissingModelError,
    MutoscopeError,
    SettingError,
    StorageFullError,
)
from mutoscope.events import drain
from mutoscope.hub.checks import check_folder
from mutoscope.hub.choosing import choose
from mutoscope.hub.fetch import _bar, fetch, plan
from mutoscope.hub.names import Place, find_place

pytest.importorskip("huggingface_hub", reason="needs mutoscope[hub]")
MINE = "me/mine"
UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub with the model me/mine, and an empty cache."""
    from huggingface_hub import constants

    hub = FakeHub(COMMIT)
    folder = make_folder(tmp_path / "there")
    write_weights(folder / UNET, 200_000)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    hub.put(MINE, folder, license="mit")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "token"))
    for name in ("HF_HUB_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 10_000)  # else 10 MB come before the first is counted
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    with hub.open():
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def refuse(kind: type[MutoscopeError], words: str, name: str = MINE) -> None:
    """Fetch and expect an error of one line with these words, without anything secret."""
    with pytest.raises(kind, match=words) as caught:
        drain(fetch(name))
    assert "\n" not in str(caught.value) and "hf_" not in str(caught.value)


def test_what_is_said_before(hub: FakeHub, tmp_path: Path):
    todo = plan(MINE)
    files = hub.repositories[MINE]
    assert todo.repository == MINE and todo.revision == COMMIT and todo.branch == "main"
    assert [file.path for file in todo.files] == sorted(files)
    assert todo.bytes == todo.to_fetch == sum(map(len, files.values()))
    assert (todo.licence, todo.restricted, todo.gated, todo.page) == ("mit", False, False, f"{hub.url}/{MINE}")
    assert hub.fetched() == ["model_index.json"] and not (tmp_path / "cache").exists(), "only the index was read"


def test_a_whole_fetch(hub: FakeHub):
    events = list(fetch(MINE))
    place = events[-1].result
    assert place == find_place(MINE) == Place(MINE, place.path, COMMIT)
    assert check_folder(place.path).class_name == "StableDiffusionPipeline"
    for path, data in hub.repositories[MINE].items():
        assert (place.path / path).read_bytes() == data
    steps = [event.step for event in events]
    assert steps[0] == 0 and steps == sorted(steps) and steps[-1] == events[-1].total == plan(MINE).bytes
    assert {event.phase for event in events[:-1]} == {"fetch"} and events[-1].phase == "done"
    assert plan(MINE).to_fetch == 0
    hub.log.clear()
    assert drain(fetch(MINE)) == place and hub.fetched() == ["model_index.json"]


def test_at_a_commit(hub: FakeHub, tmp_path: Path):
    assert drain(fetch(f"{MINE}@{COMMIT}")).revision == COMMIT
    assert not (tmp_path / "cache" / "models--me--mine" / "refs").exists()
    assert find_place(MINE).revision == find_place(f"{MINE}@{COMMIT[:8]}").revision == COMMIT


def test_a_known_model_is_pinned(hub: FakeHub, monkeypatch: pytest.MonkeyPatch):
    """The hub of this test has another commit, so it says that the pinned one is not there."""
    hub.repositories["stabilityai/sd-turbo"] = hub.repositories[MINE]
    refuse(MissingModelError, r"stabilityai/sd-turbo has no revision 'b261bac6", "sd-turbo")
    assert any(line.endswith("/revision/b261bac6fd2cf515557d5d0707481eafa0485ec2") for line in hub.log)


def test_a_connection_that_comes_back(hub: FakeHub, capfd: pytest.CaptureFixture[str]):
    hub.cut[UNET] = 120_000
    drain(fetch(MINE))
    assert capfd.readouterr() == ("", "")
    assert [line for line in hub.log if line.startswith("GET") and UNET in line] == [
        f"GET /{MINE}/resolve/{COMMIT}/{UNET}", f"GET /{MINE}/resolve/{COMMIT}/{UNET} bytes=120000-",
    ]  # fmt: skip
    assert (find_place(MINE).path / UNET).read_bytes() == hub.repositories[MINE][UNET]


def test_one_that_does_not_come_back_and_the_next_day(hub: FakeHub):
    hub.broken[UNET] = 503
    refuse(CheckpointError, "answered with 503; wait a little and try again, what is whole stays")
    with pytest.raises(MutoscopeError, match=r"lacks|has no|half a download"):
        check_folder(find_place(MINE).path)
    hub.broken.clear()
    hub.log.clear()
    first = next(events := fetch(MINE))
    assert first.step > 0, "what is whole is counted"
    drain(events)
    assert "model_index.json" in hub.fetched() and UNET in hub.fetched() and "tokenizer/vocab.json" not in hub.fetched()
    check_folder(find_place(MINE).path)


def test_stopping(hub: FakeHub, tmp_path: Path):
    hub.slow = threading.Event()
    events = fetch(MINE)
    for event in events:
        if event.message == UNET:
            break
    closer = threading.Timer(0.2, hub.slow.set)
    closer.start()
    events.close()  # type: ignore[attr-defined]  # a generator
    assert not [thread for thread in threading.enumerate() if type(thread).__name__ == "_Job"]
    assert not list((tmp_path / "cache").rglob("*.incomplete")) and not list((tmp_path / "cache").rglob(UNET))
    hub.slow = None
    drain(fetch(MINE))
    check_folder(find_place(MINE).path)


class TestRefused:
    def test_gated(self, hub: FakeHub):
        hub.gated.add(MINE)
        words = rf"me/mine is given out only after you agree to its licence at {hub.url}/me/mine; then log in: hf auth login"
        refuse(MissingModelError, words)

    def test_not_there(self, hub: FakeHub):
        refuse(MissingModelError, rf"there is no model me/none at {hub.url}, or it is private; look at", "me/none")

    def test_no_such_revision(self, hub: FakeHub):
        refuse(MissingModelError, "me/mine has no revision 'v7'; see", f"{MINE}@v7")

    @pytest.mark.parametrize("name", ["sdxl-trubo", "./folder", "a/b/c", ""])
    def test_no_name(self, hub: FakeHub, name: str):
        refuse(MissingModelError, "no model to fetch is called|names no revision", name)
        assert not hub.log

    def test_no_server(self, hub: FakeHub, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
        refuse(CheckpointError, "the connection to http://127.0.0.1:9 was lost or never came about; try again")

    def test_offline(self, hub: FakeHub, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        refuse(SettingError, "HF_HUB_OFFLINE is set, so nothing is fetched; unset it to fetch me/mine")
        assert not hub.log

    def test_a_full_disk_before_the_first_byte(self, hub: FakeHub, monkeypatch: pytest.MonkeyPatch):
        usage = type("Usage", (), {"free": 300_000})
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
        refuse(
            StorageFullError,
            r"me/mine brings \d+\.\d kB, and \S+ has 300\.0 kB free; make room \(mutoscope models rm NAME\)",
        )
        assert hub.fetched() == ["model_index.json"]

    def test_a_disk_that_fills_up(self, hub: FakeHub, monkeypatch: pytest.MonkeyPatch):
        def full(*args: Any, **settings: Any) -> None:
            raise OSError(28, "No space left on device")

        todo = plan(MINE)
        monkeypatch.setattr("huggingface_hub.hf_hub_download", full)
        with pytest.raises(StorageFullError, match="is full; make room and try again"):
            drain(fetch(todo))

    def test_without_the_library(self, hub: FakeHub, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setitem(sys.modules, "huggingface_hub", None)
        refuse(
            MissingExtraError,
            r"this needs huggingface_hub, which is not installed; run: pip install 'mutoscope\[hub\]'",
        )

    def test_pickles_alone(self, hub: FakeHub):
        files = hub.repositories[MINE]
        files["unet/diffusion_pytorch_model.bin"] = files.pop(UNET)
        refuse(CheckpointError, r"unet has its weights as a pickle alone \(unet/diffusion_pytorch_model\.bin\)")
        assert hub.fetched() == ["model_index.json"]

    def test_code_of_its_own(self, hub: FakeHub, tmp_path: Path):
        write_json(tmp_path / "there" / "model_index.json", {**INDEX, "_class_name": ["my_pipe", "MyPipe"]})
        hub.put(MINE, tmp_path / "there")
        refuse(CheckpointError, r"^me/mine: model_index\.json names code of its own \(my_pipe, MyPipe\)")

    def test_modular(self, hub: FakeHub):
        files = hub.repositories[MINE]
        files["modular_model_index.json"] = files.pop("model_index.json")
        refuse(CheckpointError, "me/mine is a modular pipeline")

    def test_a_single_file(self, hub: FakeHub):
        hub.repositories[MINE] = {"painting.safetensors": b"x", "README.md": b""}
        refuse(CheckpointError, r"has no model_index\.json: .* fetched with hf download me/mine painting\.safetensors")

    def test_a_licence_that_is_not_named(self, hub: FakeHub):
        hub.cards[MINE] = {"license": "other"}
        assert plan(MINE).licence == "not named; see its page"
        hub.cards[MINE] = {"license": "other", "license_name": "my-terms"}
        assert plan(MINE).licence == "my-terms"


def test_a_token_goes_to_the_hub_alone(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("HF_TOKEN", "hf_secret123")
    events = list(fetch(MINE))
    hub.gated.add(MINE)
    refuse(MissingModelError, "is given out only after")
    assert hub.tokens == {"Bearer hf_secret123"}
    assert "hf_secret" not in "".join([*capfd.readouterr(), *map(repr, events)])


def test_bytes_of_the_hubs_own_protocol_are_counted_once():
    """Xet reports what came over the wire beside what is written."""
    reporting = pytest.importorskip("huggingface_hub.utils._xet_progress_reporting")
    counted: list[float] = []
    with reporting.XetDownloadProgressReporter(
        reconstruction_desc="a", total=100, log_level=30, tqdm_class=_bar(counted.append)
    ) as progress:
        for done in (40, 100):
            report = SimpleNamespace(
                total_bytes_completed=done, total_transfer_bytes_completed=done // 2, total_bytes=100,
                total_bytes_completion_rate=1.0, total_transfer_bytes_completion_rate=None,
            )  # fmt: skip
            progress.update_progress(report)
    assert sum(counted) == 100


COMPONENTS = {"unet": ("diffusers", "UNet2DConditionModel"), "tokenizer": ("transformers", "CLIPTokenizer")}
STEM = "unet/diffusion_pytorch_model"


@pytest.mark.parametrize(
    ("there", "variant", "expected"),
    [
        (f"{STEM}.safetensors {STEM}.fp16.safetensors {STEM}.bin {STEM}.non_ema.safetensors", "", f"{STEM}.safetensors"),
        (f"{STEM}.safetensors {STEM}.fp16.safetensors {STEM}.fp16.bin", "fp16", f"{STEM}.fp16.safetensors"),
        (f"{STEM}.safetensors {STEM}.bf16.safetensors", "fp16", f"{STEM}.safetensors"),
        (f"{STEM}.fp16.safetensors", "", f"{STEM}.fp16.safetensors"),
        (f"{STEM}-00001-of-00002.safetensors {STEM}-00002-of-00002.safetensors {STEM}.safetensors.index.json", "",
         f"{STEM}-00001-of-00002.safetensors {STEM}-00002-of-00002.safetensors {STEM}.safetensors.index.json"),
        (f"{STEM}.safetensors {STEM}.safetensors.index.json {STEM}-00001-of-00001.safetensors", "", f"{STEM}.safetensors"),
        (f"{STEM}.safetensors {STEM}.fp16-00001-of-00001.safetensors {STEM}.safetensors.index.fp16.json", "fp16",
         f"{STEM}.fp16-00001-of-00001.safetensors {STEM}.safetensors.index.fp16.json"),
        (f"{STEM}.safetensors unet/model.onnx unet/flax_model.msgpack unet/openvino_model.xml unet/config.json unet/code.py", "",
         f"unet/config.json {STEM}.safetensors"),
        (f"model_index.json README.md LICENSE.md pipeline.py image.png sd.safetensors vae_1_0/a.safetensors {STEM}.safetensors",
         "", f"LICENSE.md README.md model_index.json {STEM}.safetensors"),
        (f"tokenizer/vocab.json tokenizer/merges.txt tokenizer/spiece.model tokenizer/pytorch.bin {STEM}.safetensors", "",
         f"tokenizer/merges.txt tokenizer/spiece.model tokenizer/vocab.json {STEM}.safetensors"),
    ],
)  # fmt: skip
def test_which_files_are_fetched(there: str, variant: str, expected: str):
    assert choose(there.split(), COMPONENTS, variant) == sorted(expected.split())
