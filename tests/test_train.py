"""Training on the tiny preset: every stage, the same command again, bit for bit, and what a stopped or damaged run leaves."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mutoscope.codec import Codec
from mutoscope.config import preset
from mutoscope.data.cache import open_folders
from mutoscope.errors import CheckpointError, NonFiniteError, OutputError, SettingError, StorageError
from mutoscope.run_folder import load_config, load_part, load_text, save_part
from mutoscope.train import STAGES, run, setting_names
from mutoscope.train.latents import to_unit
from mutoscope.train.loop import Objective, Settings, train
from mutoscope.train.machine import record_machine
from mutoscope.train.optim import MatrixMuon, PowerAverage, make_optimisers, rate_factor, split_parameters
from mutoscope.train.settings import ImageOptions
from mutoscope.train.state import load_state, save_state

BATCH = 8
EVERY = {"batch": BATCH, "samples": 80, "save_every": 0.0, "preview_every": 1e9, "log_every": 1}


pytestmark = pytest.mark.usefixtures("one_thread")


def fit(stage: str, data: Path, out: Path, stop: int = 0, **overrides: Any) -> list:
    """Train one stage of the tiny preset to its end, or until an event tells of `stop` samples; return the events."""
    job = run(stage, preset_name="tiny", data=data, out=out, overrides={**EVERY, **overrides})
    events = []
    for event in job:
        events.append(event)
        if stop and event.step >= stop:
            job.close()
    return events


def state_of(run: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return the tensors and counters of a run's newest state, which must be there."""
    held = load_state(run)
    assert held is not None, f"{run} holds no state"
    return held


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a stage's log."""
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


# stage: the files of the run that the stage after it trains on, and makes anew
REMADE_LATER = {
    "codec": ("parts/codec.safetensors",), "image": ("parts/transformer.safetensors",),
    "judge": ("judge.safetensors", "judge.json"),
}  # fmt: skip
EARLIER = {"decoder": "codec", "video": "image", "classifier": "judge"}


@pytest.fixture(scope="module")
def trained(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of all stages, 80 samples each."""
    out = tmp_path_factory.mktemp("runs") / "tiny"
    torch.set_num_threads(1)
    for stage in STAGES:
        fit(stage, tiny_world, out)
        for name in REMADE_LATER.get(stage, ()):
            (out.parent / stage / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(out / name, out.parent / stage / name)
    return out


def before(stage: str, trained: Path, out: Path) -> Path:
    """Return a run in which every stage before `stage` is done."""
    shutil.copytree(trained, out)
    for later in list(STAGES)[list(STAGES).index(stage) :]:
        shutil.rmtree(out / later)
    towers = ["text", "image_tower", "transformer", "student"]
    made = {
        "codec": ["codec", *towers], "decoder": towers, "clip": towers, "image": ["transformer", "student"],
        "video": ["student"], "distil": ["student"], "judge": [], "classifier": [],
    }  # fmt: skip
    for name in made[stage]:
        (out / "parts" / f"{name}.safetensors").unlink()
    for name in REMADE_LATER.get(EARLIER.get(stage, ""), ()):
        shutil.copy(trained.parent / EARLIER[stage] / name, out / name)
    return out


class TestStages:
    def test_each_leaves_its_parts(self, trained: Path):
        config = load_config(trained)
        assert config == preset("tiny")
        tower, tokenizer = load_text(trained, config)
        assert not any(p.requires_grad for p in tower.parameters())
        assert tokenizer.unknown not in tokenizer.ids("a lake at sunset")
        parts = {path.stem for path in (trained / "parts").iterdir()}
        assert parts == {"codec", "text", "image_tower", "transformer", "student"}
        for path in (trained / "parts").iterdir():
            assert all(bool(torch.isfinite(tensor).all()) for tensor in load_file(path).values()), path

    @pytest.mark.parametrize("stage", STAGES)
    def test_log_state_and_machine(self, trained: Path, stage: str):
        lines = [json.loads(line) for line in (trained / stage / "log.jsonl").read_text().splitlines()]
        assert [line["samples"] for line in lines] == list(range(BATCH, 81, BATCH))
        assert all(np.isfinite(line["loss"]) and line["samples_per_second"] >= 0 for line in lines)
        assert [path.name for path in (trained / stage).glob("*state*")] == ["state-000000000080"]
        machine = json.loads((trained / stage / "machine.json").read_text())
        assert len(machine["hardware"]) == 1 and "threads" in machine["hardware"][0]
        assert {folder["name"]: folder["items"] for folder in machine["data"]} == {"clips": 4, "pictures": 8}
        assert machine["data"][0]["licences"] == ["CC0-1.0"]

    def test_latents_have_unit_scale(self, trained: Path, tiny_world: Path):
        codec = load_part(trained, "codec", Codec(preset("tiny").codec))
        pictures = next(folder for folder in open_folders(tiny_world) if not folder.is_clips)
        with torch.no_grad():
            latents = codec.encode(to_unit(pictures.pixels))
        assert latents.mean().abs() < 0.2 and 0.7 < latents.std() < 1.3

    def test_video_goes_on_from_pictures(self, trained: Path, tiny_world: Path, tmp_path: Path):
        out = before("video", trained, tmp_path / "run")
        images = load_file(out / "parts" / "transformer.safetensors")
        fit("video", tiny_world, out, samples=BATCH, rate=1e-12)
        clips = load_file(out / "parts" / "transformer.safetensors")
        assert all(torch.allclose(images[name], clips[name], atol=1e-6) for name in images)

    def test_classifier_goes_on_from_the_judge(self, trained: Path, tiny_world: Path, tmp_path: Path):
        out = before("classifier", trained, tmp_path / "run")
        began = load_file(out / "judge.safetensors")
        fit("classifier", tiny_world, out, samples=BATCH, rate=1e-12)
        went_on = load_file(out / "judge.safetensors")
        assert began.keys() == went_on.keys()
        assert all(torch.allclose(began[name], went_on[name], atol=1e-4) for name in began)

    def test_previews(self, tiny_world: Path, tmp_path: Path):
        shown = []
        for _ in run("codec", preset_name="tiny", data=tiny_world, out=tmp_path, overrides={**EVERY, "samples": 8},
                     preview=lambda name, sheet: shown.append((name, sheet))):  # fmt: skip
            pass
        ((name, sheet),) = shown
        assert name == "codec-000000008" and sheet.dtype == np.uint8 and sheet.ndim == 3

    def test_a_budget_of_seconds(self, tiny_world: Path, tmp_path: Path):
        job = run(
            "codec", preset_name="tiny", data=tiny_world, out=tmp_path, budget_seconds=0.3, overrides={"batch": 4}
        )
        assert list(job)[-1].phase == "done"

    def test_clips_alone_are_enough_for_the_codec(self, tiny_world: Path, tmp_path: Path):
        """Every batch is one of clips, the first frames give the scale of the latents, and the weights move."""
        fit("codec", tiny_world / "clips", tmp_path, samples=24, batch=4)
        lines = read_log(tmp_path / "codec")
        assert all("psnr_clips" in line and "psnr_pictures" not in line for line in lines) and len(lines) == 6
        codec = load_part(tmp_path, "codec", Codec(preset("tiny").codec))
        clips = next(folder for folder in open_folders(tiny_world) if folder.is_clips)
        with torch.no_grad():
            latents = codec.encode(to_unit(clips.pixels[:, :1]))
        assert latents.mean().abs() < 0.2 and 0.7 < latents.std() < 1.3
        assert codec.decoder.out.weight.abs().max() > 0, "zero before training"

    def test_clips_alone_are_enough_for_video(self, trained: Path, tiny_world: Path, tmp_path: Path):
        out = before("video", trained, tmp_path / "run")
        held = load_file(out / "parts" / "transformer.safetensors")
        fit("video", tiny_world / "clips", out, samples=24, batch=4)
        lines = read_log(out / "video")
        assert all("loss_clips" in line and "loss_pictures" not in line for line in lines) and len(lines) == 6
        moved = load_file(out / "parts" / "transformer.safetensors")
        assert held.keys() == moved.keys() and not torch.equal(held["head.weight"], moved["head.weight"])

    def test_clips_are_met_as_often_as_their_share(self, trained: Path, tiny_world: Path, tmp_path: Path):
        for share, kind in ((0.0, "loss_pictures"), (1.0, "loss_clips")):
            out = before("video", trained, tmp_path / str(share))
            fit("video", tiny_world, out, samples=24, batch=4, clip_share=share)
            assert [key for line in read_log(out / "video") for key in line if key.startswith("loss_")] == [kind] * 6


class TestResume:
    """40 + 40 samples equal 80: parameters, averages and the optimisers' state, bit for bit."""

    @pytest.mark.parametrize("stage", STAGES)
    def test_bit_for_bit(self, trained: Path, tiny_world: Path, tmp_path: Path, stage: str):
        out = before(stage, trained, tmp_path / "run")
        half = fit(stage, tiny_world, out, stop=40)
        assert half[-1].step == 40 and half[-1].phase == "train"
        assert state_of(out / stage)[1]["samples"] == 40
        rest = fit(stage, tiny_world, out)
        assert [event.step for event in rest[:3]] == [0, 40, 48] and rest[-1].phase == "done"
        (whole, counters), (resumed, again) = state_of(trained / stage), state_of(out / stage)
        assert set(whole) == set(resumed) and counters["samples"] == again["samples"] == 80
        assert {name.split(".")[0] for name in whole} >= {"model", "average", "optimiser0"}
        different = [name for name in whole if not torch.equal(whole[name], resumed[name])]
        assert different == []
        for path in (out / "parts").iterdir():
            mine, other = load_file(path), load_file(trained / "parts" / path.name)
            if f"parts/{path.name}" not in REMADE_LATER.get(stage, ()):  # the run of all stages has trained that one on
                assert all(torch.equal(mine[name], other[name]) for name in mine), path

    def test_a_finished_run_is_left_as_it_is(self, trained: Path, tiny_world: Path, tmp_path: Path):
        out = tmp_path / "run"
        shutil.copytree(trained, out)
        fit("decoder", tiny_world, out)
        one, other = (load_file(folder / "parts" / "codec.safetensors") for folder in (trained, out))
        assert all(torch.equal(one[name], other[name]) for name in one)

    @pytest.mark.parametrize(("name", "value"), [("seed", 1), ("rate", 1e-4), ("batch", 4)])
    def test_settings_matter(self, trained: Path, tiny_world: Path, tmp_path: Path, name: str, value: Any):
        fit("codec", tiny_world, tmp_path, samples=16, **{name: value})
        fit("codec", tiny_world, tmp_path / "other", samples=16)
        one, other = (load_file(folder / "parts" / "codec.safetensors") for folder in (tmp_path, tmp_path / "other"))
        assert not all(torch.equal(one[key], other[key]) for key in one)


class TestState:
    TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4, dtype=torch.bfloat16), "c": torch.tensor(3.0)}

    @pytest.mark.parametrize("max_shard", [1, 30, 1 << 30])
    def test_round_trip(self, tmp_path: Path, max_shard: int):
        save_state(tmp_path, 1, self.TENSORS, {"samples": 1}, max_shard)
        save_state(tmp_path, 2, self.TENSORS, {"samples": 2}, max_shard)
        tensors, counters = state_of(tmp_path)
        assert counters == {"samples": 2} and [path.name for path in tmp_path.iterdir()] == ["state-000000000002"]
        assert all(torch.equal(tensors[name], tensor) for name, tensor in self.TENSORS.items())
        assert {tensor.dtype for tensor in tensors.values()} == {torch.float32, torch.bfloat16}

    @pytest.mark.parametrize("error", [OSError(28, "No space left on device"), OSError(5, "Input/output error")])
    @pytest.mark.parametrize("step", ["rename", "fsync"])
    def test_a_failed_save_leaves_the_last_state(self, tmp_path: Path, monkeypatch, step: str, error: OSError):
        save_state(tmp_path, 1, self.TENSORS, {"samples": 1}, 1 << 30)

        def fail(*given):
            raise error

        monkeypatch.setattr(f"os.{step}", fail)
        with pytest.raises(StorageError, match="the last complete one is kept"):
            save_state(tmp_path, 2, self.TENSORS, {"samples": 2}, 1 << 30)
        monkeypatch.undo()
        assert [path.name for path in tmp_path.iterdir()] == ["state-000000000001"]
        assert state_of(tmp_path)[1] == {"samples": 1}

    def test_a_killed_save_leaves_the_last_state(self, tmp_path: Path, monkeypatch):
        """Killed: nothing is tidied up, not even by the process that dies."""
        save_state(tmp_path, 1, self.TENSORS, {"samples": 1}, 1 << 30)
        monkeypatch.setattr("os.rename", lambda *given: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            save_state(tmp_path, 2, self.TENSORS, {"samples": 2}, 1 << 30)
        monkeypatch.undo()
        assert state_of(tmp_path)[1] == {"samples": 1}
        save_state(tmp_path, 3, self.TENSORS, {"samples": 3}, 1 << 30)
        assert [path.name for path in tmp_path.iterdir()] == ["state-000000000003"]  # the killed one's is gone

    @pytest.mark.parametrize("file", ["tensors-0000.safetensors", "counters.json", "manifest.json"])
    @pytest.mark.parametrize("damage", ["bit", "cut", "gone"])
    def test_damage_is_named(self, trained: Path, tiny_world: Path, tmp_path: Path, file: str, damage: str):
        out = tmp_path / "run"
        shutil.copytree(trained, out)
        path = out / "codec" / "state-000000000080" / file
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.unlink() if damage == "gone" else path.write_bytes(data if damage == "bit" else data[: len(data) // 2])
        with pytest.raises(CheckpointError, match="state-000000000080"):
            fit("codec", tiny_world, out)

    def test_other_settings_are_told(self, trained: Path, tiny_world: Path, tmp_path: Path):
        out = tmp_path / "run"
        shutil.copytree(trained, out)
        with pytest.raises(CheckpointError, match="other settings"):
            fit("video", tiny_world, out, muon=False, samples=160)


class TestRefused:
    def test_an_unknown_setting(self, tiny_world: Path, tmp_path: Path):
        with pytest.raises(SettingError, match="did you mean 'rate'"):
            fit("codec", tiny_world, tmp_path / "run", rates=1.0)
        assert "rate" in setting_names() and not (tmp_path / "run").exists()

    @pytest.mark.parametrize(
        "change",
        [
            {"batch": 0}, {"batch": -1}, {"batch": 1.5}, {"batch": "8"}, {"rate": 0.0}, {"rate": float("nan")},
            {"rate": -1.0}, {"samples": -8}, {"log_every": 0}, {"muon": 1}, {"seed": -1}, {"clip": float("inf")},
            {"bfloat16": "no"}, {"max_shard": 0},
        ],
        ids=str,
    )  # fmt: skip
    def test_values(self, tiny_world: Path, tmp_path: Path, change: dict):
        with pytest.raises(SettingError, match=next(iter(change))):
            fit("codec", tiny_world, tmp_path / "run", **change)

    def test_words(self, tiny_world: Path, tmp_path: Path):
        with pytest.raises(SettingError, match="did you mean 'codec'"):
            fit("codex", tiny_world, tmp_path)
        with pytest.raises(SettingError, match="needs an end"):
            fit("codec", tiny_world, tmp_path, samples=0)
        with pytest.raises(OutputError, match=r"captions\.jsonl"):
            fit("codec", tmp_path, tmp_path / "run")

    @pytest.mark.parametrize("stage", ["image", "video"])
    def test_stages_in_order(self, tiny_world: Path, tmp_path: Path, stage: str):
        with pytest.raises(CheckpointError, match="mutoscope train clip"):
            fit(stage, tiny_world, tmp_path)

    def test_the_wrong_data(self, trained: Path, tiny_world: Path):
        with pytest.raises(OutputError, match="holds clips only"):
            fit("image", tiny_world / "clips", trained, batch=4)
        with pytest.raises(OutputError, match="holds none"):
            fit("video", tiny_world / "pictures", trained)

    @pytest.mark.parametrize(("stage", "kind"), [("image", "clips"), ("video", "pictures")])
    def test_the_wrong_data_is_told_before_it_is_packed(
        self, trained: Path, tiny_world: Path, tmp_path: Path, stage: str, kind: str
    ):
        data = shutil.copytree(tiny_world / kind, tmp_path / "data", ignore=shutil.ignore_patterns(".cache"))
        with pytest.raises(OutputError, match=f"the {stage} stage needs"):
            fit(stage, data, trained, batch=4)
        assert not (data / ".cache").exists()

    def test_another_preset_in_the_same_run(self, trained: Path, tiny_world: Path):
        job = run("codec", preset_name="nano", data=tiny_world, out=trained, overrides=EVERY)
        with pytest.raises(CheckpointError, match="another preset"):
            list(job)

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"preset": 1}', '{"sizes": 1}', '{"text": 1}'])
    def test_a_damaged_config(self, tmp_path: Path, text: str):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(CheckpointError, match=r"config\.json"):
            load_config(tmp_path)

    def test_a_loss_that_is_none(self, tmp_path: Path):
        class Broken(Objective[torch.nn.Linear]):
            model = torch.nn.Linear(2, 2)

            def loss(self, generator, batch, fraction):
                return self.model(torch.full((batch, 2), float("nan"))).sum(), {}

        with pytest.raises(NonFiniteError, match=r"10 steps in a row .* after 640 samples"):
            list(train(Broken(), tmp_path, Settings(samples=10_000), lambda samples, sheet: None))
        assert load_state(tmp_path) is None


def test_a_larger_preset_trains_a_step(tiny_world: Path, tmp_path: Path):
    """`mini` is built and moved by one step on pictures of 64 px; its codec and text tower are untrained."""
    from mutoscope.text_encoder import TextTower
    from mutoscope.train.diffusion import DiffusionObjective
    from mutoscope.train.words import small_tokenizer

    config = preset("mini")
    config = replace(config, text=replace(config.text, depth=1, vocabulary=500))
    save_part(tmp_path, "codec", Codec(config.codec))
    save_part(tmp_path, "text", TextTower(config.text))
    (tmp_path / "tokenizer.json").write_text(small_tokenizer(["lake"], config.text.vocabulary).to_json())
    objective = DiffusionObjective(config, open_folders(tiny_world / "pictures"), tmp_path, ImageOptions())
    optimisers = make_optimisers(objective.model, 1e-3, 1.0, muon=True)
    first = objective.model.head.weight.detach().clone()
    loss, _ = objective.loss(torch.Generator().manual_seed(0), 4, 0.0)
    loss.backward()
    for optimiser in optimisers:
        optimiser.step()
    assert (
        torch.isfinite(loss) and 1.0 < loss < 10.0
    )  # velocity of unit data and unit noise, predicted as zero: about 2
    assert not torch.equal(objective.model.head.weight, first)
    assert all(bool(torch.isfinite(p).all()) for p in objective.model.parameters())


def test_the_codec_learns_eight_pictures(tiny_world: Path, tmp_path: Path):
    events = fit("codec", tiny_world / "pictures", tmp_path, samples=400, rate=3e-3, log_every=5, save_every=1e9)
    losses = [json.loads(line)["loss"] for line in (tmp_path / "codec" / "log.jsonl").read_text().splitlines()]
    assert np.mean(losses[-3:]) < 0.9 * losses[0] and events[-1].phase == "done"


def test_the_transformer_learns_eight_pictures(trained: Path, tiny_world: Path, tmp_path: Path):
    out = before("image", trained, tmp_path / "run")
    fit("image", tiny_world / "pictures", out, samples=800, batch=8, rate=1e-2, log_every=10, save_every=1e9)
    losses = [json.loads(line)["loss"] for line in (out / "image" / "log.jsonl").read_text().splitlines()]
    assert np.mean(losses[-3:]) < 0.75 * losses[0], losses


def test_the_towers_learn_eight_pictures(tiny_world: Path, tmp_path: Path):
    fit("clip", tiny_world / "pictures", tmp_path, samples=400, batch=8, rate=3e-3, log_every=5, save_every=1e9)
    lines = [json.loads(line) for line in (tmp_path / "clip" / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["loss"] < 0.9 * lines[0]["loss"]


class TestOptim:
    @pytest.mark.parametrize("muon", [False, True])
    @pytest.mark.parametrize("part", ["transformer", "codec"])
    def test_every_parameter_is_in_one_group(self, part: str, muon: bool):
        from mutoscope.transformer import Transformer

        kind = {"transformer": Transformer, "codec": Codec}[part]
        model = kind(getattr(preset("tiny"), part)).to(memory_format=torch.channels_last)
        matrices, rest = split_parameters(model)
        assert matrices and rest and not set(matrices) & set(rest)
        groups = [group for made in make_optimisers(model, 1e-3, 1.0, muon) for group in made.param_groups]
        inside = sorted(
            p.data_ptr() for group in groups for p in group["params"]
        )  # Muon's matrices are views of kernels
        assert inside == sorted(p.data_ptr() for p in model.parameters() if p.requires_grad) and len(
            set(inside)
        ) == len(inside)

    @pytest.mark.parametrize("shape", [(48, 16), (16, 48), (8, 4, 3, 3)])
    def test_muon_in_float32_is_pytorchs(self, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch):
        """Three steps of both, to the rounding of PyTorch's products in bfloat16."""
        moved = []
        for able in (True, False):
            monkeypatch.setattr("mutoscope.train.optim.has_bfloat16", lambda able=able: able)
            draw = torch.Generator().manual_seed(0)
            weight = torch.nn.Parameter(torch.randn(shape, generator=draw))
            begun, muon = weight.detach().clone(), MatrixMuon([weight], 0.1)
            for _ in range(3):
                weight.grad = torch.randn(shape, generator=draw)
                muon.step()
            moved.append(weight.detach() - begun)
        assert (moved[0] - moved[1]).norm() < 0.02 * moved[0].norm()

    def test_the_rate(self):
        factors = [rate_factor(fraction) for fraction in (0.0, 0.01, 0.02, 0.5, 0.75, 0.875, 1.0)]
        assert factors == pytest.approx([1e-3, 0.5, 1.0, 1.0, 1.0, 0.5, 1e-3])

    def test_the_average_is_the_power_function_of_edm2(self):
        """Against the definition: weights of step i in proportion to i^gamma, in the limit of its recursion."""
        model = torch.nn.Linear(1, 1, bias=False)
        average = PowerAverage(model, 6.94)
        values = torch.rand(50, generator=torch.Generator().manual_seed(0))
        expected = torch.zeros(())
        for step, value in enumerate(values, 1):
            model.weight.data.fill_(float(value))
            average.update(model, step)
            expected = value + (1 - 1 / step) ** 7.94 * (expected - value)
        assert torch.allclose(average.weights["weight"], expected.reshape(1, 1), atol=1e-6)


def test_a_run_remembers_whose_sprites_it_saw(tiny_world: Path, tmp_path: Path):
    """Rendered rows hold their credits, packed ones in their facts; what is no list of credits is passed over."""
    import shutil

    font, drawn = {"source": "a font", "licence": "OFL-1.1"}, {"source": "drawn things", "licence": "CC-BY-4.0"}
    held: list[dict] = [
        {"credits": [{**font, "sprites": 2}, drawn]},
        {"facts": {"credits": [font]}},
        {"credits": "mine"},
    ]
    copy = Path(shutil.copytree(tiny_world, tmp_path / "world"))
    file = copy / "pictures" / "captions.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    file.write_text(
        "".join(json.dumps(row | more) + "\n" for row, more in zip(rows, held + [{}] * len(rows), strict=False))
    )
    record_machine(tmp_path, open_folders(copy))
    known = {folder["name"]: folder for folder in json.loads((tmp_path / "machine.json").read_text())["data"]}
    assert known["pictures"]["credits"] == [font, drawn] and "credits" not in known["clips"]


def test_a_second_machine_is_added(tiny_world: Path, tmp_path: Path, monkeypatch):
    folders = open_folders(tiny_world)
    record_machine(tmp_path, folders)
    record_machine(tmp_path, folders)
    monkeypatch.setattr("mutoscope.train.machine.hardware", lambda: "another")
    record_machine(tmp_path, folders)
    known = json.loads((tmp_path / "machine.json").read_text())
    assert len(known["hardware"]) == 2 and len(known["data"]) == 2
    (tmp_path / "machine.json").write_text("{")
    record_machine(tmp_path, folders)
    assert json.loads((tmp_path / "machine.json").read_text())["hardware"] == ["another"]
