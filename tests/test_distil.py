"""Few-step drawing: the target against closed forms, convergence in the plane, the stage on the tiny preset, the student in use."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.checkpoint import open_checkpoint
from mutoscope.cli import main
from mutoscope.codec import Codec
from mutoscope.config import as_student, preset
from mutoscope.data.cache import open_folders
from mutoscope.data.folder import Scenery, render_folder
from mutoscope.engines.checkpoint import CheckpointEngine
from mutoscope.errors import CheckpointError, SettingError
from mutoscope.events import drain
from mutoscope.flow import grid, mix
from mutoscope.guidance import guided
from mutoscope.media import read_info, read_pixels
from mutoscope.prompt.request import Request
from mutoscope.run_folder import load_part, save_config, save_part
from mutoscope.runtime import Runtime, open_runtime
from mutoscope.sampler import SAMPLERS
from mutoscope.text_encoder import TextTower
from mutoscope.train import distil, run
from mutoscope.train.diffusion import HISTORY_NOISE
from mutoscope.train.distil import DistilObjective, adaptive, average_target, draw_intervals
from mutoscope.train.settings import DistilOptions
from mutoscope.train.words import small_tokenizer
from mutoscope.transformer import Transformer
from mutoscope.world.grammar import vocabulary

PROMPT = "a lake at sunset"


def runtime_of(model: TextToImageModel | TextToVideoModel) -> Runtime:
    """Return what runs the networks of a checkpoint's model."""
    assert isinstance(model.engine, CheckpointEngine)
    return model.engine.runtime


MEAN, DEVIATION = torch.tensor([0.8, -0.3]).double(), torch.tensor([0.35, 1.4]).double()


pytestmark = pytest.mark.usefixtures("one_thread")


# --- a Gaussian in the plane: x = (1 - t) m + sqrt(V(t)) e with e fixed along a path, V(t) = (1 - t)^2 s^2 + t^2


def root(time: Tensor) -> Tensor:
    return ((1 - time) ** 2 * DEVIATION**2 + time**2).sqrt()


def velocity(x: Tensor, time: Tensor) -> Tensor:
    return -MEAN + (time - (1 - time) * DEVIATION**2) / root(time) ** 2 * (x - (1 - time) * MEAN)


def average(x: Tensor, time: Tensor, delta: Tensor) -> Tensor:
    """What `velocity` is on average over [time - delta, time], along the path through x."""
    r = time - delta
    end = (1 - r) * MEAN + root(r) / root(time) * (x - (1 - time) * MEAN)
    return torch.where(delta > 0, (x - end) / delta.clamp(min=1e-9), velocity(x, time))


def other(x: Tensor, time: Tensor, delta: Tensor) -> Tensor:
    """Some smooth function that is no average velocity."""
    return torch.sin(x + 2 * time) * (1 + delta) + delta**2


def points() -> tuple[Tensor, Tensor, Tensor]:
    draws = torch.rand((200, 2), generator=torch.Generator().manual_seed(0), dtype=torch.float64).sort(1).values
    x = torch.randn((200, 2), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return x, draws[:, 1:], draws[:, 1:] - draws[:, :1]


def derivative(function, x: Tensor, time: Tensor, delta: Tensor) -> Tensor:
    """d/dt of `function` along the velocity, r held."""
    one = torch.ones_like(time)
    return torch.func.jvp(function, (x, time, delta), (velocity(x, time), one, one))[1]


class TestTarget:
    def test_the_closed_form_obeys_the_identity(self):
        """u = v - delta du/dt: the truth of this file, by forward-mode differentiation."""
        x, time, delta = points()
        expected = velocity(x, time) - delta * derivative(average, x, time, delta)
        torch.testing.assert_close(average(x, time, delta), expected, atol=1e-10, rtol=0)

    def test_the_exact_average_is_a_fixed_point_up_to_high_order(self, monkeypatch: pytest.MonkeyPatch):
        """Third order from the midpoint rule; on the paths of a Gaussian its leading term cancels, which leaves the fourth."""
        x, time, delta = points()
        kept = delta[:, 0] > 0.25
        x, time, delta = x[kept], time[kept], delta[kept]
        errors = []
        for first in (1 / 16, 1 / 32, 1 / 64, 1 / 128):
            monkeypatch.setattr(distil, "MAX_PART", first)
            target = average_target(velocity, average, x, time, delta)
            errors.append(float((target - average(x, time, delta)).square().mean().sqrt()))
        ratios = [a / b for a, b in zip(errors, errors[1:], strict=False)]
        assert ratios == pytest.approx([16.0] * 3, rel=0.1), (errors, ratios)

    def test_the_limit_is_the_target_of_meanflow(self, monkeypatch: pytest.MonkeyPatch):
        """For any function u: (target - u) / share goes to (v - delta du/dt) - u, the residual of the identity."""
        monkeypatch.setattr(distil, "MAX_PART", 1e-6)
        x, time, delta = points()
        residual = velocity(x, time) - delta * derivative(other, x, time, delta) - other(x, time, delta)
        share = 1e-6 / delta
        target = average_target(velocity, other, x, time, delta)
        torch.testing.assert_close((target - other(x, time, delta)) / share, residual, atol=1e-4, rtol=1e-4)

    def test_without_span_it_is_the_velocity(self):
        x, time, _ = points()
        target = average_target(velocity, other, x, time, torch.zeros_like(time))
        torch.testing.assert_close(target, velocity(x, time), atol=0, rtol=0)

    def test_adaptive_weights_make_errors_of_all_sizes_count_the_same(self):
        error = torch.tensor([1.0, 100.0, 0.0], requires_grad=True)
        adaptive(error).backward()
        assert error.grad is not None
        torch.testing.assert_close(error.grad * 3, 1 / (error.detach() + distil.ERROR_FLOOR))

    def test_spans(self):
        time, delta = draw_intervals(torch.Generator().manual_seed(0), 20_000, 2.0)
        r = time - delta
        assert bool((delta >= 0).all()) and bool((r >= -1e-6).all()) and float(time.max()) == 1.0
        assert float((delta == 0).float().mean()) == pytest.approx(distil.INSTANT_SHARE, abs=0.01)
        for steps in (1, 2, 3, 4):  # every step of every grid is among them, exactly
            for now, after in zip(grid(steps, 2.0), grid(steps, 2.0)[1:], strict=False):
                assert bool(((time - now).abs() + (r - after).abs() < 1e-6).any()), (steps, now, after)


# --- a mixture in the plane, whose velocity is known

CENTRES = torch.tensor([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7], [0.0, 0.0]])
WIDTH = 0.25


def mixture(count: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    centres = CENTRES[torch.randint(4, (count,), generator=generator)]
    return centres + WIDTH * torch.randn((count, 2), generator=generator)


def mixture_velocity(x: Tensor, time: Tensor) -> Tensor:
    """(B, 2), (B, 1) -> the marginal velocity: (x - the mean of the data given x) / time."""
    variance = ((1 - time) ** 2 * WIDTH**2 + time**2)[..., None]  # B 1 1
    away = x[:, None] - (1 - time)[..., None] * CENTRES  # B 4 2
    weight = (-away.square().sum(-1) / (2 * variance[..., 0])).softmax(-1)
    data = CENTRES + (1 - time)[..., None] * WIDTH**2 / variance * away
    return (x - (weight[..., None] * data).sum(1)) / time.clamp(min=1e-3)


def energy_distance(a: Tensor, b: Tensor) -> float:
    """Szekely and Rizzo 2013, eq. 5."""
    return float(2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean())


class Plane(nn.Module):
    """(x, time, delta) -> average velocity."""

    def __init__(self):
        super().__init__()
        self.rates = torch.tensor([1.0, 3.0, 8.0])
        widths = (2 + 4 * len(self.rates), 128, 128, 128)
        layers = [layer for a, b in zip(widths, widths[1:], strict=False) for layer in (nn.Linear(a, b), nn.SiLU())]
        self.layers = nn.Sequential(*layers, nn.Linear(128, 2))

    def forward(self, x: Tensor, time: Tensor, delta: Tensor) -> Tensor:
        angles = torch.cat([time * self.rates, delta * self.rates], -1)
        return self.layers(torch.cat([x, angles.sin(), angles.cos()], -1))


@pytest.mark.parametrize(
    ("steps", "batch", "rate", "one", "four", "times"),
    [
        (500, 256, 8e-3, 0.05, 0.035, 2),
        pytest.param(1500, 512, 2e-3, 0.02, 0.005, 10, marks=pytest.mark.slow),
    ],
)
def test_four_heaps_are_learned(steps: int, batch: int, rate: float, one: float, four: float, times: float):
    """One and four steps of the student are far nearer to the data than as many steps of Euler along the exact velocity.

    The slow one goes to convergence, which takes half a minute.
    """
    torch.manual_seed(0)
    net, generator = Plane(), torch.Generator().manual_seed(0)
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = rate * min(1.0, 2 * (steps - step) / steps)
        time, delta = (draw[:, None] for draw in draw_intervals(generator, batch, 1.0))
        x = mix(mixture(batch, step), torch.randn((batch, 2), generator=generator), time).noisy
        with torch.no_grad():
            target = average_target(mixture_velocity, net, x, time, delta)
        loss = adaptive((net(x, time, delta) - target).square().mean(1))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    noise, truth = torch.randn((4000, 2), generator=generator), mixture(4000, -1)
    ones = torch.ones((4000, 1))

    @torch.no_grad()
    def distance(name: str, count: int) -> float:
        def asked(x: Tensor, now: float, r: float | None = None) -> Tensor:
            return mixture_velocity(x, now * ones) if r is None else net(x, now * ones, (now - r) * ones)

        return energy_distance(list(SAMPLERS[name](asked, noise, grid(count, 1.0)))[-1].latents, truth)

    found = {(name, count): distance(name, count) for name in ("meanflow", "euler") for count in (1, 4)}
    assert found["meanflow", 1] < one and found["meanflow", 4] < four, found
    assert found["euler", 1] > 3 * times * found["meanflow", 1] and found["euler", 4] > times * found["meanflow", 4], (
        found
    )


# --- the network and the stage


@pytest.fixture(scope="module")
def teacher_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose transformer is drawn at random, loudly (a fresh one answers zero, a small test's training hardly more)."""
    torch.manual_seed(0)
    out, config = tmp_path_factory.mktemp("runs") / "tiny", preset("tiny")
    teacher = Transformer(config.transformer)
    for weight in teacher.parameters():
        if not weight.any():
            weight.data = 0.1 * torch.randn_like(weight)
    save_config(out, config)
    for name, part in (
        ("text", TextTower(config.text)),
        ("codec", Codec(config.codec)),
        ("transformer", teacher),
    ):
        save_part(out, name, part)
    tokenizer = small_tokenizer(sorted(vocabulary()), config.text.vocabulary)
    (out / "tokenizer.json").write_text(tokenizer.to_json(), encoding="utf-8")
    return out


@pytest.fixture
def objective(teacher_run: Path, tiny_world: Path) -> DistilObjective:
    torch.manual_seed(0)
    return DistilObjective(preset("tiny"), open_folders(tiny_world), teacher_run, DistilOptions())


def test_a_student_starts_as_its_teacher(objective: DistilObjective):
    latents, time = torch.randn(2, 16, 3, 4, 4), torch.rand(2, 3)
    states, mask = objective.read([PROMPT, "a desert at noon, watercolor"])
    text = objective.teacher.adapt(states, mask)
    with torch.no_grad():
        expected = objective.teacher(latents, time, text, mask)
        got = objective.model(latents, time, objective.model.adapt(states, mask), mask, torch.rand(2, 3), 3 * time)
    assert expected.any()
    torch.testing.assert_close(got, expected, atol=0, rtol=0)


def test_the_teacher_is_guided_as_in_the_pipeline(objective: DistilObjective):
    latents = torch.randn(2, 16, 1, 4, 4)
    states, mask = objective.read([PROMPT, "a desert at noon, watercolor"])
    with torch.no_grad():
        taught = objective._taught(states, mask, torch.tensor([[4.0], [4.0]]))
        both, both_mask = objective._with_empty(states, mask)
        text, teacher = objective.teacher.adapt(both, both_mask), objective.teacher

        def alone(x: Tensor, time: float) -> Tensor:
            return teacher(x, torch.full((2, 1), time), text[:2], mask)

        def pair(x: Tensor, time: float) -> tuple[Tensor, Tensor]:
            return alone(x, time), teacher(x, torch.full((2, 1), time), text[2:], both_mask[2:])

        for time in (0.05, 0.5, 1.0):  # the first outside of the interval of guidance
            expected = guided(pair, alone, 4.0)(latents, time)
            got = taught(latents, torch.full((2, 1, 1, 1, 1), time))
            torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)


def test_only_the_last_frame_of_a_clip_is_drawn(objective: DistilObjective):
    time, delta, guidance = objective._moments(torch.Generator().manual_seed(0), 50, 3, 256)
    assert time.shape == delta.shape == guidance.shape == (50, 3)
    assert not delta[:, :-1].any() and delta[:, -1].any() and float(time[:, :-1].max()) <= HISTORY_NOISE
    assert bool((guidance == 1).all())
    _, _, scales = objective._moments(torch.Generator().manual_seed(0), 500, 1, 256)
    assert 1.0 <= float(scales.min()) < 1.1 and 5.9 < float(scales.max()) <= 6.0


def test_every_parameter_is_moved_and_none_of_the_teachers(objective: DistilObjective):
    """In bfloat16 too, where weights cast without gradients would silently be used again."""
    for parameter in objective.model.parameters():
        if not parameter.any():
            parameter.data = 0.02 * torch.randn_like(parameter)
    for seed in range(4):  # pictures and clips
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss, numbers = objective.loss(torch.Generator().manual_seed(seed), 8, 0.0)
        loss.backward()
        assert np.isfinite(list(numbers.values())).all() and 0 < float(loss.detach()) <= 1
    idle = [name for name, p in objective.model.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle and all(p.grad is None for p in objective.teacher.parameters())


def _error(objective: DistilObjective) -> float:
    """Mean error over draws that are always the same."""
    draws = (torch.Generator().manual_seed(seed) for seed in range(40))
    with torch.no_grad():
        return float(np.mean([objective.loss(draw, 8, 0.0)[1]["error_pictures"] for draw in draws]))


@pytest.mark.parametrize(
    ("samples", "side", "share"), [(640, 32, 0.985), pytest.param(2400, 64, 0.85, marks=pytest.mark.slow)]
)
def test_eight_pictures_are_learned(teacher_run: Path, tmp_path: Path, samples: int, side: int, share: float):
    """The error falls, over draws that are always the same; the slow one lets it fall far, which takes a minute."""
    drain(render_folder(tmp_path / "pictures", Scenery(side, side), 8))
    out = Path(shutil.copytree(teacher_run, tmp_path / "run"))
    settings = {"batch": 8, "samples": samples, "rate": 5e-3, "log_every": 10}
    sheets = []
    for _ in run("distil", preset_name="tiny", data=tmp_path / "pictures", out=out, overrides=settings,
                 preview=lambda name, sheet: sheets.append((name, sheet))):  # fmt: skip
        pass
    objective = DistilObjective(preset("tiny"), open_folders(tmp_path / "pictures"), out, DistilOptions())
    untaught = _error(objective)
    load_part(out, "student", objective.model)
    assert _error(objective) < share * untaught
    assert [name for name, _ in sheets] == [f"distil-{samples:09d}"] and sheets[0][1].dtype == np.uint8
    before, after = (load_file(folder / "parts" / "transformer.safetensors") for folder in (teacher_run, out))
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_command_line_from_run_to_picture(
    teacher_run: Path, tiny_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    train = [
        "train",
        "distil",
        "--preset",
        "tiny",
        "--data",
        str(tiny_world),
        "--out",
        str(teacher_run),
        "--batch",
        "8",
    ]
    assert main([*train, "--set", "samples=16", "--quiet"]) == 0
    student = load_file(teacher_run / "parts" / "student.safetensors")
    assert {"few_step.span.down.weight", "few_step.guidance.up.bias", "head.weight"} <= set(student)
    out = tmp_path / "quick"
    assert main(["export", str(teacher_run), "--student", "--out", str(out), "--name", "quick"]) == 0
    assert open_checkpoint(out).config.transformer.few_step
    picture = tmp_path / "lake.png"
    capsys.readouterr()
    assert main(["image", PROMPT, "--model", str(out), "--seed", "1", "-o", str(picture), "--quiet"]) == 0
    request = Request.from_json(read_info(picture)["request_json"])
    assert (request.sampler, request.num_inference_steps, request.model) == ("meanflow", 4, "quick")
    again = tmp_path / "again.png"
    assert main(["redo", str(picture), "--model", str(out), "-o", str(again), "--quiet"]) == 0
    assert np.array_equal(read_pixels(again), read_pixels(picture))
    assert main(["image", PROMPT, "--model", str(out), "--not", "fog", "-o", str(picture)]) == 2
    assert "negative prompt" in capsys.readouterr().err


def test_a_run_without_a_teacher(tiny_world: Path, tmp_path: Path):
    with pytest.raises(CheckpointError, match="make it with: mutoscope train"):
        list(run("distil", preset_name="tiny", data=tiny_world, out=tmp_path, overrides={"samples": 8, "batch": 8}))


# --- drawing


class TestDrawing:
    def test_both_runtimes_draw_the_same(self, few_step_checkpoint: Path):
        pictures = [
            TextToImageModel(few_step_checkpoint, runtime=name, threads=1).generate(PROMPT, seed=3, size="64x48").pixels
            for name in ("onnx", "torch")
        ]
        assert np.abs(pictures[0].astype(int) - pictures[1].astype(int)).max() <= 1 and pictures[0].std() > 1

    @pytest.mark.parametrize("name", ["onnx", "torch"])
    def test_span_and_guidance_are_heard(self, few_step_checkpoint: Path, name: str):
        checkpoint = open_checkpoint(few_step_checkpoint)
        runtime = open_runtime(checkpoint, name, threads=1)
        context = runtime.read_text(np.ones((1, 3, checkpoint.config.transformer.width), np.float32))
        latents = np.random.default_rng(0).standard_normal((1, 16, 1, 4, 4)).astype(np.float32)

        def asked(delta: float = 0.0, guidance: float = 1.0) -> np.ndarray:
            return runtime.velocity(latents, 0.7, context, 0.0, delta, guidance)

        plain = asked()
        assert np.array_equal(plain, asked(0.0, 1.0))
        assert np.abs(asked(0.5, 1.0) - plain).max() > 1e-4 and np.abs(asked(0.0, 4.0) - plain).max() > 1e-4

    def test_a_picture_is_four_calls(self, few_step_checkpoint: Path, monkeypatch: pytest.MonkeyPatch):
        model = TextToImageModel(few_step_checkpoint, threads=1)
        runtime = runtime_of(model)
        asked, plain = [], runtime.velocity

        def counted(latents, time, context, frame, delta=0.0, guidance=1.0):
            asked.append((time, time - delta, guidance))
            return plain(latents, time, context, frame, delta, guidance)

        monkeypatch.setattr(runtime, "velocity", counted)
        picture = model.generate(PROMPT, seed=1, guidance_scale=2.5, size="128x128")
        times = grid(4, 2.0)
        assert asked == [(now, pytest.approx(after), 2.5) for now, after in zip(times, times[1:], strict=False)]
        assert picture.request.sampler == "meanflow" and picture.request.num_inference_steps == 4

    def test_a_clip_guides_its_first_frame_and_takes_two_steps_each(
        self, few_step_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
    ):
        model = TextToVideoModel(few_step_checkpoint, threads=1)
        runtime = runtime_of(model)
        asked, plain, remember = [], runtime.velocity, runtime.remember

        def counted(latents, time, context, frame, delta=0.0, guidance=1.0):
            asked.append((frame, time > 0, delta > 0, guidance))
            return plain(latents, time, context, frame, delta, guidance)

        def remembered(latents, context, frame):
            asked.append(("remember", frame))
            return remember(latents, context, frame)

        monkeypatch.setattr(runtime, "velocity", counted)
        monkeypatch.setattr(runtime, "remember", remembered)
        clip = model.generate(PROMPT, seed=1, num_frames=9, size="32x32")
        first, later = [(0.0, True, True, 3.0)] * 2, [(1.0, True, True, 1.0)] * 2
        last = [(2.0, True, True, 1.0)] * 2
        assert asked == [*first, ("remember", 0.0), *later, ("remember", 1.0), *last]
        assert clip.frames.shape == (9, 32, 32, 3) and clip.request.num_inference_steps == 2

    def test_a_request_is_redone_exactly(self, few_step_checkpoint: Path, tmp_path: Path):
        painter = TextToImageModel(few_step_checkpoint, threads=1)
        filmer = TextToVideoModel(few_step_checkpoint, threads=1)
        picture = painter.generate(PROMPT, seed=4, size="48x32", guidance_scale=2.0, num_inference_steps=1)
        request = Request.from_json(read_info(picture.save(tmp_path / "lake.png"))["request_json"])
        again = painter.redo(request)
        assert again.request == request == picture.request and np.array_equal(again.pixels, picture.pixels)
        clip = filmer.generate(PROMPT, seed=4, num_frames=9, size="32x32")
        assert np.array_equal(filmer.redo(clip.request).frames, clip.frames)

    def test_steps_and_guidance_matter(self, few_step_checkpoint: Path):
        model = TextToImageModel(few_step_checkpoint, threads=1)
        changes: list[dict[str, Any]] = [
            {}, {"num_inference_steps": 1}, {"num_inference_steps": 2}, {"guidance_scale": 1.0}, {"guidance_scale": 6.0},
        ]  # fmt: skip
        base = {"seed": 1, "size": "48x32"}
        drawn = [model.generate(PROMPT, **base | change).pixels.tobytes() for change in changes]
        assert len(set(drawn)) == 5

    def test_a_request_of_the_other_kind_takes_the_models_own_sampler(
        self, few_step_checkpoint: Path, tiny_checkpoint: Path
    ):
        student, teacher = (TextToImageModel(folder, threads=1) for folder in (few_step_checkpoint, tiny_checkpoint))
        old = Request(PROMPT, width=32, height=32, num_inference_steps=3)
        assert student.redo(old).request.sampler == "meanflow"
        assert teacher.redo(student.redo(old).request).request.sampler == "dpm2m"

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"negative_prompt": "fog"}, "takes no negative prompt"), ({"guidance_scale": 7.5}, "from 1 to 6"),
            ({"guidance_scale": 0.5}, "from 1 to 6"),
        ],
    )  # fmt: skip
    def test_what_a_student_was_not_taught_is_refused_at_once(
        self, few_step_checkpoint: Path, change: dict, words: str
    ):
        model = TextToImageModel(few_step_checkpoint, threads=1)
        with pytest.raises(SettingError, match=words):
            model.stream(PROMPT, **change)
        with pytest.raises(SettingError, match=words):
            model.redo(Request(PROMPT, **change))


def test_the_flag_is_a_config_like_any_other():
    config = as_student(preset("nano"))
    assert config.transformer.few_step and not preset("nano").transformer.few_step
    assert type(config).from_dict(json.loads(json.dumps(config.to_dict()))) == config
    extra = {name for name in Transformer(as_student(preset("tiny")).transformer).state_dict()}
    plain = {name for name in Transformer(preset("tiny").transformer).state_dict()}
    assert {name.split(".")[0] for name in extra - plain} == {"few_step"} and not plain - extra
