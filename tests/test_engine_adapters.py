"""LoRA files of other programs on pipelines of diffusers: every family and spelling against peft by hand; what is refused."""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

pytest.importorskip("diffusers")
pytest.importorskip("peft")

import tiny_pipelines as tiny
from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.cli.files import read_request
from mutoscope.engines.diffusers import adapters
from mutoscope.engines.diffusers.lora_keys import read_layers
from mutoscope.errors import CheckpointError, MutoscopeError, SettingError
from mutoscope.media.pixels import unit_to_levels
from mutoscope.prompt.request import UsedAdapter
from tiny_pipelines import CALLS, Form, draw_tiny, load_tiny, tiny_folder, write_lora

pytestmark = pytest.mark.usefixtures("one_thread")

FORMS: tuple[Form, ...] = ("peft", "diffusers", "kohya", "comfy", "comfy_own")
# The layers of each family's file, and where it is another number, of a form: in FLUX's first publication query, key and value are
# one matrix, and kohya's file for Wan has every layer.
LAYERS: dict[str, dict[str, int]] = {
    "sd": {"": 64}, "sdxl": {"": 68}, "sd3": {"": 4}, "flux": {"": 8, "kohya": 6, "comfy": 6}, "pixart": {"": 8},
    "z_image": {"": 8}, "qwen_image": {"": 4}, "lumina2": {"": 8}, "sana": {"": 8}, "ltx": {"": 8},
    "wan": {"": 8, "kohya": 20}, "hunyuan_video": {"": 10}, "cogvideox": {"": 4},
}  # fmt: skip
BY_HAND = ("sd", "sdxl", "flux", "sd3", "wan", "z_image", "qwen_image", "ltx")
CLIPS = ("wan", "ltx", "hunyuan_video", "cogvideox")
SCALE, PROMPT, SEED = 0.7, "a red ball", 1
GUIDANCE: dict[str, dict[str, Any]] = {
    "qwen_image": {"true_cfg_scale": 3.0, "negative_prompt": " "}, "z_image": {"guidance_scale": 2.0},
}  # fmt: skip


@pytest.fixture(autouse=True)
def library(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's adapters, none at first."""
    monkeypatch.setenv("MUTOSCOPE_CONFIG", str(tmp_path_factory.getbasetemp() / "settings"))
    monkeypatch.setenv("MUTOSCOPE_ADAPTERS", str(tmp_path / "library"))
    (tmp_path / "library").mkdir()
    return tmp_path / "library"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A random LoRA of a family in a spelling."""
    folder = tmp_path_factory.mktemp("loras")

    @functools.cache
    def make(name: str, form: Form, rank: int = 2, seed: int = 0) -> Path:
        return write_lora(tiny_folder(name), folder / f"{name}-{form}-{rank}-{seed}.safetensors", form, rank, seed)

    return make


@functools.cache
def model_of(name: str) -> Any:
    return (TextToVideoModel if name in CLIPS else TextToImageModel)(tiny_folder(name), threads=1)


@functools.cache
def pipeline_of(name: str) -> Any:
    return load_tiny(tiny_folder(name))


def pixels_of(result: Any) -> np.ndarray:
    return result.frames if hasattr(result, "frames") else result.pixels[None]


def ask(name: str, adapter: str | None = None) -> Any:
    words: dict[str, Any] = {
        "width": 64, "height": 64, "num_inference_steps": 2, "seed": SEED, "guidance_scale": 3.0, "adapter": adapter,
    }  # fmt: skip
    if name in CLIPS:
        words["num_frames"] = CALLS[name]["num_frames"]
    return model_of(name).generate(PROMPT, **words)


def draw(name: str, adapter: str | None = None) -> np.ndarray:
    return pixels_of(ask(name, adapter))


@functools.cache
def base(name: str) -> np.ndarray:
    return draw(name)


def draw_by_hand(name: str, *loras: tuple[Path, float]) -> np.ndarray:
    pipeline = load_tiny(tiny_folder(name))
    for number, (file, _) in enumerate(loras):
        pipeline.load_lora_weights(load_tensors(file), adapter_name=f"a{number}")
    pipeline.set_adapters([f"a{number}" for number in range(len(loras))], [scale for _, scale in loras])
    drawn = draw_tiny(pipeline, name, PROMPT, SEED, **GUIDANCE.get(name, {"guidance_scale": 3.0}))
    return unit_to_levels(drawn).reshape(base(name).shape)


def load_tensors(file: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(file)


def wear_alone(name: str, file: Path, scale: float = 1.0) -> tuple[int, tuple[str, ...]]:
    """Return how many layers of a fresh pipeline carry a file, and the warnings."""
    pipeline = pipeline_of(name)
    used = adapters.find_adapters(((str(file), scale),))
    warnings = adapters.wear(pipeline, used)
    return adapters.count_carried(pipeline, f"lora_{used[0].hash}"), warnings


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_of_every_spelling_is_carried(name: str, form: Form, files: Any):
    expected = LAYERS[name].get(form, LAYERS[name][""])
    assert wear_alone(name, files(name, form)) == (expected, ())


@pytest.mark.parametrize("name", BY_HAND)
def test_the_picture_is_that_of_peft_by_hand(name: str, files: Any):
    file = files(name, "peft")
    ours = draw(name, f"{file}:{SCALE}")
    assert np.array_equal(ours, draw_by_hand(name, (file, SCALE)))
    assert not np.array_equal(ours, base(name))


@pytest.mark.parametrize("form", FORMS[1:])
@pytest.mark.parametrize("name", BY_HAND)
def test_every_spelling_gives_the_same_picture(name: str, form: Form, files: Any):
    """The random numbers of a file follow the order of its layers, so spellings of the same layers have the same factors."""
    if form in LAYERS[name] or (name in ("sd", "sdxl") and form == "comfy"):
        # Other layers, or in another order: against diffusers, which knows this spelling, or against the tensors put in order.
        file = files(name, form)
        ours = draw(name, f"{file}:{SCALE}")
        if name in ("flux", "wan"):
            assert np.array_equal(ours, draw_by_hand(name, (file, SCALE)))
        assert not np.array_equal(ours, base(name))
        return
    assert np.array_equal(draw(name, f"{files(name, form)}:{SCALE}"), draw(name, f"{files(name, 'peft')}:{SCALE}"))


def test_names_of_the_first_publication_lead_to_the_same_layers(files: Any):
    """ComfyUI's names of a UNet, against the table that writes a tiny model as one file."""
    for name in ("sd", "sdxl"):
        pipeline = pipeline_of(name)
        config = tiny._config(tiny_folder(name) / "unet")
        own = tiny._layers(
            tiny_folder(name) / "unet", r"\.(to_[qkv]|conv1|conv2|conv_shortcut|time_emb_proj|proj_in|conv)$"
        )
        renames = tiny._unet_renames(config)
        parts = {"unet": adapters.name_modules(pipeline.unet)}
        for layer in own:
            original = f"diffusion_model.{tiny._renamed(layer, renames)}"
            module = pipeline.unet.get_submodule(layer)
            module = getattr(module, "base_layer", module)
            import torch

            outputs, *rest = module.weight.shape
            down, up = torch.zeros(2, *rest), torch.zeros(outputs, 2, *([1] * len(rest[1:])))
            tensors = {f"{original}.lora_down.weight": down, f"{original}.lora_up.weight": up}
            found = read_layers(tensors, parts, ("unet",))
            assert [one.name for one in found.layers] == [layer], original


@pytest.mark.parametrize("name", BY_HAND)
def test_scale_zero_and_no_adapter_give_the_bytes_of_the_base(name: str, files: Any):
    file = files(name, "peft")
    before = base(name)
    assert not np.array_equal(draw(name, str(file)), before)
    assert np.array_equal(draw(name, f"{file}:0"), before)
    assert np.array_equal(draw(name), before)


@pytest.mark.filterwarnings("ignore:Already found")  # peft, of a second adapter by hand
def test_several_at_once_in_any_order_and_negative(files: Any):
    one, two = files("sd", "peft"), files("sd", "peft", 4, 7)
    both = draw("sd", f"{one}:0.5,{two}:-0.3")
    assert np.array_equal(both, draw("sd", f"{two}:-0.3,{one}:0.5"))
    by_hand = sorted([(one, 0.5), (two, -0.3)], key=lambda pair: adapters.hash_model(pair[0]))
    assert np.array_equal(both, draw_by_hand("sd", *by_hand))
    assert not np.array_equal(both, draw("sd", f"{one}:0.5"))
    assert np.array_equal(draw("sd"), base("sd"))


def test_alpha_of_kohya_is_honoured(files: Any, tmp_path: Path):
    """Alpha 1 at rank 2 is half of the change; another alpha for each layer, another number."""
    tensors = load_file(files("sd", "kohya"))
    halves = {key: np.float32(1) if key.endswith(".alpha") else value for key, value in tensors.items()}
    save_file({key: np.asarray(value) for key, value in halves.items()}, tmp_path / "half.safetensors")
    assert np.array_equal(draw("sd", str(tmp_path / "half.safetensors")), draw("sd", f"{files('sd', 'kohya')}:0.5"))


def test_ranks_that_differ_do_not_change_the_scale(files: Any, tmp_path: Path):
    """A layer of rank 4 whose other two rows are zero is the layer of rank 2."""
    tensors = load_file(files("sd", "peft"))
    wide = dict(tensors)
    for key in [key for key in tensors if "mid_block" in key and key.endswith("lora_A.weight")]:
        up = key.replace("lora_A", "lora_B")
        wide[key] = np.concatenate([tensors[key], np.zeros_like(tensors[key])])
        wide[up] = np.concatenate([tensors[up], np.zeros_like(tensors[up])], 1)
    save_file(wide, tmp_path / "wide.safetensors")
    pictures = [draw("sd", str(file)).astype(int) for file in (tmp_path / "wide.safetensors", files("sd", "peft"))]
    assert np.abs(pictures[0] - pictures[1]).max() <= 1


def test_half_precision_files_are_computed_in_the_model_s(files: Any, tmp_path: Path):
    import torch

    tensors = {key: value.astype(np.float16) for key, value in load_file(files("sd", "peft")).items()}
    save_file(tensors, tmp_path / "half.safetensors")
    pipeline = load_tiny(tiny_folder("sd"))
    adapters.wear(pipeline, adapters.find_adapters(((str(tmp_path / "half.safetensors"), 1.0),)))
    assert {weight.dtype for name, weight in pipeline.unet.named_parameters() if "lora_" in name} == {torch.float32}


def test_text_encoders(tmp_path: Path):
    """Kohya's names of CLIP, with and without the "text_model" that newer libraries leave out, are the same layers."""
    random = np.random.default_rng(0)
    for head in (
        "lora_te1_text_model_encoder_layers_0_self_attn_q_proj",
        "text_encoder.text_model.encoder.layers.0.mlp.fc1",
    ):
        outputs = 64 if head.endswith("fc1") else 32
        down, up = random.normal(size=(2, 32)), random.normal(size=(outputs, 2))
        file = tmp_path / f"{outputs}.safetensors"
        pair = {f"{head}.lora_down.weight": down, f"{head}.lora_up.weight": up}
        save_file({key: value.astype(np.float32) for key, value in pair.items()}, file)
        assert wear_alone("sdxl", file) == (1, ())
        assert not np.array_equal(draw("sdxl", str(file)), base("sdxl"))
        assert np.array_equal(draw("sdxl"), base("sdxl"))


@pytest.mark.parametrize(
    ("model", "made_for", "form", "words"),
    [("sd", "flux", "peft", "none of its 8 layers is in this one; its keys look like 'transformer"),
     ("flux", "sd", "kohya", "none of its 64 layers is in this one; its keys look like 'lora_unet_down_blocks"),
     ("wan", "ltx", "comfy_own", "is for another kind of model"),
     ("sd", "sdxl", "peft", "is for another kind of model: the layer unet")],
)  # fmt: skip
def test_a_lora_for_another_model_is_refused(model: str, made_for: str, form: Form, words: str, files: Any):
    with pytest.raises(SettingError, match=words):
        draw(model, str(files(made_for, form)))
    assert np.array_equal(draw(model), base(model))  # nothing of it is left


def test_what_is_left_over_is_said(files: Any, tmp_path: Path):
    tensors = load_file(files("sd", "peft"))
    more = {
        key.replace("down_blocks.0", "down_blocks.9"): value for key, value in tensors.items() if "down_blocks.0" in key
    }
    save_file(tensors | more | {"extra.diff_b": np.zeros(3, np.float32)}, tmp_path / "more.safetensors")
    drawn = [ask("sd", str(tmp_path / "more.safetensors")) for _ in range(2)]
    for one in drawn:
        assert any(f"64 layers are used, and {len(more) // 2 + 1} of its parts" in words for words in one.warnings)
    assert np.array_equal(pixels_of(drawn[0]), draw("sd", str(files("sd", "peft"))))


@pytest.mark.parametrize(
    ("key", "words"),
    [("unet.x.lora_magnitude_vector.dora_scale", "is a DoRA"), ("lora_unet_x.hada_w1_a", "is a LoHa"),
     ("lora_unet_x.lokr_w1", "is a LoKr"), ("lora_unet_x.lora_mid.weight", "is a LoCon"),
     ("model.conv_in.weight", "is no LoRA: its 1 tensors have names such as 'model.conv_in.weight'")],
)  # fmt: skip
def test_other_kinds_are_refused_by_name(key: str, words: str, tmp_path: Path):
    save_file({key: np.zeros((2, 2), np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(SettingError, match=words):
        draw("sd", str(tmp_path / "other.safetensors"))


def test_files_that_are_none(library: Path, tmp_path: Path):
    (tmp_path / "x.ckpt").write_bytes(b"\x80\x04")
    (tmp_path / "cut.safetensors").write_bytes(b"\x80\x04.")
    save_file({"unet.x.lora_A.weight": np.zeros((2, 2), np.float32)}, library / "Detail XL.safetensors")
    refused: tuple[tuple[str, type[MutoscopeError], str], ...] = (
        (str(tmp_path / "x.ckpt"), CheckpointError, "as a pickle .*which can run code"),
        (str(tmp_path / "cut.safetensors"), CheckpointError, "is no safetensors file"),
        (str(tmp_path / "none.safetensors"), SettingError, "there is no LoRA file"),
        ("Detail XXL", SettingError, "no adapter 'Detail XXL' in .*did you mean.*Detail XL.*known: Detail XL"),
    )
    for name, error, words in refused:
        with pytest.raises(error, match=words):
            draw("sd", name)


def test_an_adapter_of_our_own_model_is_refused(library: Path):
    from mutoscope.adapter import Facts, save_adapter

    facts = Facts("inks", "mutoscope-nano", "0" * 16, 2, "inks", 5, 80, 0, "CC0-1.0")
    tensors = {"transformer.x::up": np.zeros((4, 2)), "transformer.x::down": np.zeros((2, 4))}
    save_adapter(library / "inks.safetensors", facts, tensors)
    with pytest.raises(SettingError, match="was trained on mutoscope-nano; give that model with --model"):
        draw("sd", "inks")


def test_a_lora_of_others_does_not_fit_our_own_model(files: Any):
    with pytest.raises(CheckpointError, match="is a LoRA for another kind of model; give that model with --model"):
        TextToImageModel().generate(PROMPT, adapter=str(files("sd", "peft")))


def test_redo_finds_the_file_again(library: Path, files: Any, tmp_path: Path):
    (library / "Mine.safetensors").write_bytes(files("sd", "peft").read_bytes())
    made = ask("sd", "Mine:0.5")
    path = made.save(tmp_path / "a.png")
    request = read_request(path)
    assert request.adapters == (UsedAdapter("Mine", 0.5, adapters.hash_model(library / "Mine.safetensors")),)
    again = TextToImageModel(tiny_folder("sd"), threads=1)
    assert np.array_equal(again.redo(request).pixels, made.pixels)
    (library / "Mine.safetensors").write_bytes(files("sd", "peft", 2, 5).read_bytes())
    fresh = TextToImageModel(tiny_folder("sd"), threads=1)
    with pytest.raises(CheckpointError, match=r"was made with adapter 'Mine' .* give the right file with --adapter"):
        fresh.redo(request)
    (library / "Mine.safetensors").unlink()
    with pytest.raises(SettingError, match="no adapter 'Mine'"):
        TextToImageModel(tiny_folder("sd"), threads=1).redo(request)
    assert np.array_equal(fresh.redo(request, adapter="none").pixels, base("sd")[0])


def test_many_are_not_all_kept(files: Any):
    pipeline = load_tiny(tiny_folder("flux"))
    used = [adapters.find_adapters(((str(files("flux", "peft", 2, seed)), 1.0),))[0] for seed in range(10)]
    for one in used:
        adapters.wear(pipeline, (one,))
    carried = [adapters.count_carried(pipeline, f"lora_{one.hash}") for one in used]
    assert carried == [0, 0, *[8] * 8]
    adapters.wear(pipeline, (used[0],))
    assert adapters.count_carried(pipeline, f"lora_{used[0].hash}") == 8


def test_networks_for_much_and_for_little_noise(files: Any, tmp_path: Path):
    import diffusers.pipelines.wan.pipeline_wan as wan

    parts = tiny._wan_parts(in_channels=16)
    pipeline = wan.WanPipeline(
        **parts, transformer_2=tiny._wan_parts(in_channels=16)["transformer"], boundary_ratio=0.9
    )
    for name, expected in (("my_low_noise", (0, 8)), ("my_high_noise", (8, 0)), ("mine", (8, 8))):
        file = tmp_path / f"{name}.safetensors"
        file.write_bytes(files("wan", "peft", 2, len(name)).read_bytes())
        used = adapters.find_adapters(((str(file), 1.0),))
        adapters.wear(pipeline, used)
        counts = [
            sum(f"lora_{used[0].hash}" in getattr(module, "lora_A", ()) for module in network.modules())
            for network in (pipeline.transformer, pipeline.transformer_2)
        ]
        assert tuple(counts) == expected
