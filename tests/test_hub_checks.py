"""Damages and traps of folders that were made elsewhere, each by name: what is said, and that no library is asked."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub_folders import COMMIT, INDEX, make_folder, put_in_cache, write_json, write_weights
from mutoscope.errors import CheckpointError, MissingModelError
from mutoscope.hub.checks import check_file, check_folder, find_variant

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 6938081905\n"
UNET, VAE = "unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors"
Damage = Callable[[Path], object]
DAMAGES: dict[str, tuple[Damage, str]] = {}


def damage(words: str) -> Callable[[Damage], Damage]:
    """Note a function that breaks a folder, and the words that must be said of it."""

    def note(function: Damage) -> Damage:
        DAMAGES[function.__name__] = (function, words)
        return function

    return note


def index(folder: Path, **changes: Any) -> None:
    """Write the index of a folder with some keys changed; `None` takes one out."""
    rows = {key: value for key, value in {**INDEX, **changes}.items() if value is not None}
    write_json(folder / "model_index.json", rows)


@damage(
    r"diffusion_pytorch_model\.safetensors is cut: \d+ bytes of \d+ bytes are there \(\d+ of \d+ bytes\); fetch or copy it again"
)
def cut_weights(folder: Path):
    data = (folder / UNET).read_bytes()
    (folder / UNET).write_bytes(data[:-40])


@damage(r"is cut: 30 bytes of \d+ bytes")
def cut_in_the_header(folder: Path):
    (folder / UNET).write_bytes((folder / UNET).read_bytes()[:30])


@damage(r"is no safetensors file: its first 8 bytes are no length")
def empty_file(folder: Path):
    (folder / UNET).write_bytes(b"")


@damage(r"is no safetensors file: its first 8 bytes are no length")
def a_web_page_in_place_of_weights(folder: Path):
    (folder / UNET).write_bytes(b"<!doctype html><title>Sign in</title>")


@damage(r"is no safetensors file: its header is not JSON")
def header_of_noise(folder: Path):
    (folder / UNET).write_bytes((16).to_bytes(8, "little") + b"\xff" * 40)


@damage(r"is damaged: its header says nothing sensible of 'a'")
def header_with_negative_places(folder: Path):
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [8, 4]}}).encode()
    (folder / UNET).write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))


@damage(
    r"unet/diffusion_pytorch_model\.safetensors is a pointer of Git LFS, not the file; fetch the file itself: git lfs pull"
)
def pointer_in_place_of_weights(folder: Path):
    (folder / UNET).write_text(POINTER)


@damage(r"tokenizer/vocab\.json is a pointer of Git LFS")
def pointer_in_place_of_the_vocabulary(folder: Path):
    (folder / "tokenizer" / "vocab.json").write_text(POINTER)


@damage(r"tokenizer/spiece\.model is a pointer of Git LFS")
def pointer_in_place_of_sentence_pieces(folder: Path):
    (folder / "tokenizer" / "spiece.model").write_text(POINTER)


@damage(r"model_index\.json is a pointer of Git LFS")
def pointer_in_place_of_the_index(folder: Path):
    (folder / "model_index.json").write_text(POINTER)


@damage(r"tokenizer has no vocabulary, none of .*: every prompt would be read as the same")
def tokenizer_without_its_vocabulary(folder: Path):
    (folder / "tokenizer" / "vocab.json").unlink()


@damage(r"has no tokenizer/, which its model_index\.json names \(CLIPTokenizer\)")
def tokenizer_folder_missing(folder: Path):
    (folder / "tokenizer").rename(folder / "elsewhere")


@damage(r"has no unet/, which its model_index\.json names \(UNet2DConditionModel\)")
def component_missing(folder: Path):
    (folder / "unet").rename(folder / "elsewhere")


@damage(r"unet has no weights in \.safetensors files, which UNet2DConditionModel needs")
def weights_missing(folder: Path):
    (folder / UNET).unlink()


@damage(
    r"unet has its weights as a pickle \(diffusion_pytorch_model\.bin\), which can run code; ask for a \.safetensors file, or convert"
)
def pickle_alone(folder: Path):
    (folder / UNET).rename(folder / "unet" / "diffusion_pytorch_model.bin")


@damage(r"text_encoder has its weights as a pickle \(model\.ckpt\)")
def ckpt_alone(folder: Path):
    (folder / "text_encoder" / "model.safetensors").rename(folder / "text_encoder" / "model.ckpt")


@damage(r"model_index\.json names code of its own \(my_pipe, MyPipe\); Mutoscope runs no code from a model")
def class_of_its_own(folder: Path):
    index(folder, _class_name=["my_pipe", "MyPipe"])


@damage(r"model_index\.json names code of its own \(my_unet\.py\)")
def component_of_its_own(folder: Path):
    index(folder, unet=["my_unet", "MyUnet"])
    (folder / "my_unet.py").write_text("raise SystemExit")


@damage(r"model_index\.json names code of its own \(unet/my_unet\.py\)")
def component_of_its_own_in_its_folder(folder: Path):
    index(folder, unet=["my_unet", "MyUnet"])
    (folder / "unet" / "my_unet.py").write_text("raise SystemExit")


@damage(r"unet names code of its own \(diffusers\.py\)")
def code_with_the_name_of_a_library(folder: Path):
    (folder / "unet" / "diffusers.py").write_text("raise SystemExit")


@damage(r"names code of its own \(None\.py\)")
def code_for_a_component_that_is_left_out(folder: Path):
    (folder / "None.py").write_text("raise SystemExit")


@damage(r"unet is of the library 'os'; Mutoscope opens what diffusers and transformers have, no other code")
def library_of_the_system(folder: Path):
    index(folder, unet=["os", "system"])


@damage(r"unet is of the library '\.\./\.\./tmp/evil'")
def library_that_is_a_path(folder: Path):
    index(folder, unet=["../../tmp/evil", "X"])


@damage(r"unet has no name of a class")
def component_without_a_class(folder: Path):
    index(folder, unet=["diffusers", "os.system"])


@damage(r"'\.\./unet' cannot be the name of a component")
def component_outside(folder: Path):
    index(folder, **{"../unet": ["diffusers", "UNet2DConditionModel"]})


@damage(r"_class_name must be the name of a pipeline, got 'a b'")
def class_that_is_no_name(folder: Path):
    index(folder, _class_name="a b")


@damage(r"_class_name must be the name of a pipeline, got 'None'")
def class_missing(folder: Path):
    index(folder, _class_name=None)


@damage(r"model_index\.json is not JSON")
def index_that_is_no_json(folder: Path):
    (folder / "model_index.json").write_text("{")


@damage(r"model_index\.json is not JSON")
def index_that_is_no_text(folder: Path):
    (folder / "model_index.json").write_bytes(b"\xff\xfe\x00")


@damage(r"model_index\.json must hold a JSON object, got list")
def index_that_is_a_list(folder: Path):
    write_json(folder / "model_index.json", [])


@damage(r"model_index\.json is not JSON")
def index_without_end(folder: Path):
    (folder / "model_index.json").write_text("[" * 200_000)


@damage(r"model_index\.json has 2,\d+,\d+ bytes; at most 1,048,576 are read")
def index_of_megabytes(folder: Path):
    index(folder, about="x" * 2_000_000)


@damage(r"unet/config\.json is not JSON")
def config_that_is_no_json(folder: Path):
    (folder / "unet" / "config.json").write_text("nothing")


@damage(r"unet/config\.json: hidden_size is 1,000,000,000,000, beyond every known model")
def size_beyond_all_memory(folder: Path):
    write_json(folder / "unet" / "config.json", {"inner": {"hidden_size": 10**12}})


@damage(r"unet/config\.json: num_hidden_layers is 1,000,000, beyond every known model \(at most 1,000\)")
def layers_without_end(folder: Path):
    write_json(folder / "unet" / "config.json", {"num_hidden_layers": 10**6})


@damage(r"link\.txt is a link out of the folder, to /etc/hostname; a model is opened only if all of it lies within")
def link_out_of_the_folder(folder: Path):
    (folder / "unet" / "link.txt").symlink_to("/etc/hostname")


@damage(r"vae is a link out of the folder")
def folder_that_is_a_link(folder: Path):
    (folder / "vae").rename(folder.parent / "vae")
    (folder / "vae").symlink_to(folder.parent / "vae")


@damage(r"link\.txt is a link to nothing")
def link_to_nothing(folder: Path):
    (folder / "link.txt").symlink_to("nowhere")


def shards(folder: Path, here: tuple[int, ...] = (1, 2), **names: str) -> Path:
    """Write the network in two files and their list; return the list."""
    part = folder / "unet"
    (folder / UNET).unlink()
    for number in here:
        write_weights(part / f"diffusion_pytorch_model-{number:05}-of-00002.safetensors")
    table = {f"{n}.weight": f"diffusion_pytorch_model-{n:05}-of-00002.safetensors" for n in (1, 2)}
    return write_json(part / "diffusion_pytorch_model.safetensors.index.json", {"weight_map": {**table, **names}})


@damage(r"unet lacks diffusion_pytorch_model-00002-of-00002\.safetensors, which \S+\.index\.json names")
def shard_missing(folder: Path):
    shards(folder, here=(1,))


@damage(r"names '\.\./evil\.safetensors', which is no \.safetensors file beside it")
def shard_outside(folder: Path):
    shards(folder, x="../evil.safetensors")


@damage(r"names 'evil\.bin', which is no \.safetensors file beside it")
def shard_that_is_a_pickle(folder: Path):
    shards(folder, x="evil.bin")


@damage(r"has its weights in 2 files and no list of them")
def list_of_shards_missing(folder: Path):
    shards(folder).unlink()


@damage(r"index\.json names no files \(weight_map\)")
def list_of_shards_empty(folder: Path):
    write_json(shards(folder), {"weight_map": None})


@damage(r"is a modular pipeline \(FLUX\.3, LTX-2\.5 class\); this version runs pipelines with a model_index\.json")
def modular_alone(folder: Path):
    (folder / "model_index.json").rename(folder / "modular_model_index.json")


@damage(r"has no model_index\.json: it is no model in the layout of diffusers")
def index_missing(folder: Path):
    (folder / "model_index.json").unlink()


@damage(r"has no model_index\.json; its file can be named itself: .*painting\.safetensors")
def index_missing_beside_a_file(folder: Path):
    (folder / "model_index.json").unlink()
    write_weights(folder / "painting.safetensors")


@damage(r"is a GGUF file")
def gguf_alone(folder: Path):
    (folder / "model_index.json").unlink()
    (folder / "painting.gguf").write_bytes(b"GGUF")


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_is_said(name: str, tmp_path: Path):
    folder = make_folder(tmp_path / "model")
    check_folder(folder)
    DAMAGES[name][0](folder)
    with pytest.raises(CheckpointError, match=DAMAGES[name][1]) as caught:
        check_folder(folder)
    assert "\n" not in str(caught.value)


def test_a_whole_folder(tmp_path: Path):
    layout = check_folder(make_folder(tmp_path))
    assert layout.class_name == "StableDiffusionPipeline" and layout.variant is None
    assert layout.components["unet"] == ("diffusers", "UNet2DConditionModel")
    assert "feature_extractor" not in layout.components and layout.settings["requires_safety_checker"] is False


def test_a_part_alone(tmp_path: Path):
    with pytest.raises(CheckpointError, match="is one part of a model"):
        check_folder(make_folder(tmp_path) / "unet")


def test_no_folder(tmp_path: Path):
    with pytest.raises(MissingModelError, match="there is no folder"):
        check_folder(tmp_path / "none")


def test_what_is_allowed(tmp_path: Path):
    """Pickles beside safetensors, code beside the components, shards, links within the folder, classes of one family."""
    folder = make_folder(tmp_path)
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"pickle")
    (folder / "example.py").write_text("print()")
    shards(folder)
    (folder / "README.md").symlink_to("model_index.json")
    write_json(folder / "safety_checker" / "config.json", {})
    write_weights(folder / "safety_checker" / "model.safetensors")
    index(folder, safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"], boundary=[0.1, 0.2])
    layout = check_folder(folder)
    assert layout.components["safety_checker"][0] == "stable_diffusion" and layout.settings["boundary"] == [0.1, 0.2]


def test_a_tokenizer_of_bytes_needs_no_vocabulary(tmp_path: Path):
    folder = make_folder(tmp_path)
    (folder / "tokenizer" / "vocab.json").unlink()
    index(folder, tokenizer=["transformers", "ByT5Tokenizer"])
    check_folder(folder)


class TestInTheCache:
    def test_links_to_its_own_files(self, tmp_path: Path):
        assert check_folder(put_in_cache(tmp_path, "me/mine")).class_name == "StableDiffusionPipeline"

    def test_links_to_files_that_all_share(self, tmp_path: Path):
        snapshot = put_in_cache(tmp_path, "me/mine")
        blob = (snapshot / VAE).resolve()
        shared = tmp_path / "blobs" / "ab" / "abcd"
        shared.parent.mkdir(parents=True)
        blob.rename(shared)
        blob.symlink_to(shared)
        check_folder(snapshot)

    def test_links_out_of_it(self, tmp_path: Path):
        snapshot = put_in_cache(tmp_path / "cache", "me/mine")
        (snapshot / "link.txt").symlink_to("/etc/hostname")
        with pytest.raises(CheckpointError, match="is a link out of the folder"):
            check_folder(snapshot)

    def test_half_a_download(self, tmp_path: Path):
        snapshot = put_in_cache(tmp_path, "me/mine")
        (snapshot / VAE).resolve().unlink()
        words = f"snapshots/{COMMIT} is half a download: it lacks {VAE}; fetch it again: mutoscope models get me/mine"
        with pytest.raises(CheckpointError, match=re.escape(words)):
            check_folder(snapshot)

    def test_how_it_is_put_right(self, tmp_path: Path):
        snapshot = put_in_cache(tmp_path, "stabilityai/sd-turbo")
        (snapshot / UNET).resolve().write_bytes(b"short")
        (snapshot / "tokenizer" / "vocab.json").unlink()
        with pytest.raises(CheckpointError, match=r"fetch it again: mutoscope models get sd-turbo$"):
            check_folder(snapshot)


@pytest.mark.parametrize("variant", ["", "fp16", "bf16"])
def test_the_variant_that_is_there(tmp_path: Path, variant: str):
    folder = make_folder(tmp_path, variant)
    assert find_variant(folder) == check_folder(folder).variant == (variant or None)
    write_weights(folder / UNET)
    assert find_variant(folder) == (variant or None), "one part has plain files too, the others not"
    for part, name in (("vae", "diffusion_pytorch_model"), ("text_encoder", "model")):
        write_weights(folder / part / f"{name}.safetensors")
    assert find_variant(folder) is None


class TestFiles:
    def test_a_whole_file(self, tmp_path: Path):
        check_file(write_weights(tmp_path / "a.safetensors"))

    @pytest.mark.parametrize(
        ("name", "data", "words"),
        [
            ("a.ckpt", b"PK", r"has its weights as a pickle \(\.ckpt\), which can run code; ask for"),
            ("a.gguf", b"GGUF", "is a GGUF file"),
            ("a.safetensors", POINTER.encode(), "is a pointer of Git LFS"),
            ("a.safetensors", b"<html>", "is no safetensors file"),
            ("a.safetensors", (2).to_bytes(8, "little") + b"{}", "holds no weights"),
            ("a.safetensors", (2).to_bytes(8, "little") + b"[]", "its header is no table"),
            ("a.zip", b"PK", "is no model"),
        ],
    )
    def test_others(self, tmp_path: Path, name: str, data: bytes, words: str):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(CheckpointError, match=words):
            check_file(tmp_path / name)

    def test_a_cut_file_says_how_much_is_there(self, tmp_path: Path):
        """With the numbers, although the file has none of the bytes that it speaks of."""
        row = {"a": {"dtype": "F16", "shape": [1700000000], "data_offsets": [0, 3400000000]}}
        header = json.dumps(row).encode()
        file = tmp_path / "a.safetensors"
        with open(file, "wb") as stream:
            stream.write(len(header).to_bytes(8, "little") + header)
            stream.truncate(1_200_000_000)
        with pytest.raises(CheckpointError, match=r"is cut: 1\.2 GB of 3\.4 GB are there"):
            check_file(file)

    def test_no_file(self, tmp_path: Path):
        with pytest.raises(MissingModelError, match="there is no file"):
            check_file(tmp_path / "a.safetensors")
