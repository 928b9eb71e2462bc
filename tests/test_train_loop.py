"""The parts of the training loop one by one: the clock's arithmetic, one step by hand, the tensors of a state, what is written."""

import copy
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mutoscope.errors import MissingModelError, NonFiniteError
from mutoscope.train import clock as clocks
from mutoscope.train.clock import Clock, Orders
from mutoscope.train.learner import Learner, StepResult, trainable
from mutoscope.train.loop import train
from mutoscope.train.objective import Objective
from mutoscope.train.ranks import Ranks
from mutoscope.train.run_writer import RunWriter
from mutoscope.train.settings import Settings
from mutoscope.train.state import save_state
from mutoscope.train.stopping import Stopping

pytestmark = pytest.mark.usefixtures("one_thread")


class Regression(Objective[torch.nn.Sequential]):
    """Learns the sum of four numbers; frozen bias included, which no state holds."""

    def __init__(self, hidden: int = 4):
        torch.manual_seed(0)
        self.model = torch.nn.Sequential(torch.nn.Linear(4, hidden), torch.nn.Linear(hidden, 1))
        self.model[1].bias.requires_grad_(False)

    def loss(self, generator: torch.Generator, batch: int, fraction: float):
        x = torch.randn(batch, 4, generator=generator)
        error = (self.model(x) - x.sum(1, keepdim=True)).square().mean()
        return error, {"fraction": fraction}


def first_weight(model: torch.nn.Module) -> torch.Tensor:
    return next(model.parameters()).detach()


def settings(**changes) -> Settings:
    return Settings(**{"batch": 8, "samples": 80, "bfloat16": False, "muon": False, "save_every": 1e9, **changes})


def result(loss: float = 1.0, skipped: bool = False, **numbers: float) -> StepResult:
    return StepResult(loss, 0.5, 1.0, numbers, skipped)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the clock reads: the last of these."""
    now = [100.0]
    monkeypatch.setattr(clocks.time, "monotonic", lambda: now[-1])
    return now


class TestClock:
    def test_progress_by_samples(self, seconds: list[float]):
        clock = Clock(settings(samples=32))
        assert (clock.fraction(), clock.seconds_left()) == (0.0, None)
        seconds.append(103.0)
        clock.count(result())
        assert clock.fraction() == 0.25 and clock.seconds_left() == pytest.approx(9.0)  # 3 s a step, three to go
        for _ in range(4):
            clock.count(result())
        assert clock.fraction() == 1.0 and clock.samples == 40 and clock.seconds_left() == 0.0

    def test_progress_by_budget(self, seconds: list[float]):
        clock = Clock(settings(samples=0, budget=20.0))
        seconds.append(105.0)
        assert clock.fraction() == 0.25 and clock.seconds_left() == 15.0
        assert not clock.orders(Ranks(), Stopping()).finished
        seconds.append(120.0)
        assert clock.fraction() == 1.0 and clock.orders(Ranks(), Stopping()).finished

    def test_whichever_end_comes_first(self, seconds: list[float]):
        clock = Clock(settings(samples=800, budget=10.0))
        seconds.append(101.0)
        clock.count(result())
        assert clock.seconds_left() == pytest.approx(9.0)  # by samples it would be 99 s

    def test_previews_and_states_when_they_are_due(self, seconds: list[float]):
        clock = Clock(settings(preview_every=10.0, save_every=25.0))
        due = []
        for now in (105.0, 110.0, 115.0, 121.0, 126.0):
            seconds.append(now)
            clock.count(result())
            orders = clock.orders(Ranks(), Stopping())
            due.append((orders.preview, orders.save))
        assert due == [(False, False), (True, True), (False, False), (True, True), (False, False)]

    def test_a_kill_costs_no_more_than_half_of_what_was_done(self, seconds: list[float]):
        """States of a young run follow close upon each other, later ones `save_every` apart, in whichever call."""
        clock, saved = Clock(settings(save_every=300.0)), []
        for _ in range(2):
            for second in range(1, 700):
                seconds.append(seconds[-1] + 1)
                clock.count(result())
                if clock.orders(Ranks(), Stopping()).save:
                    saved.append(second)
            held = clock.counters()
            clock = Clock(settings(save_every=300.0))
            clock.restore(held)
        assert saved == [10, 20, 40, 80, 160, 320, 620, 300, 600]

    def test_a_kill_in_the_middle_of_a_line_changes_no_number_of_it(self, seconds: list[float]):
        whole, lines = Clock(settings()), []
        broken = Clock(settings())
        for step in range(5):
            seconds.append(seconds[-1] + 2)
            for clock in (whole, broken):
                clock.count(result(loss=1.0 + step, psnr=20.0 * step))
            if step == 2:
                held = json.loads(json.dumps(broken.counters()))
                broken = Clock(settings())
                broken.restore(held)
        lines = [clock.take_line(0.5, 1.0) for clock in (whole, broken)]
        assert lines[0] == lines[1] and lines[0]["loss"] == 3.0 and lines[0]["samples_per_second"] == 4.0

    def test_a_budget_is_that_of_the_run(self, seconds: list[float]):
        """Killed at 50 of 60 minutes, ten more are trained, and the rate falls as if nothing had been; then it is finished."""
        first = Clock(settings(samples=0, budget=3600.0))
        seconds.append(3100.0)
        first.count(result())
        second = Clock(settings(samples=0, budget=3600.0))
        second.restore(first.counters())
        assert second.begins() == "goes on after 8 samples and 3000 s"
        assert second.fraction() == pytest.approx(5 / 6) and second.seconds_left() == 600.0
        seconds.append(3700.0)
        assert second.orders(Ranks(), Stopping()).finished
        third = Clock(settings(samples=0, budget=3600.0))
        third.restore(second.counters())
        assert third.orders(Ranks(), Stopping()).finished and "give a larger --budget" in third.begins()
        longer = Clock(settings(samples=0, budget=7200.0))
        longer.restore(second.counters())
        assert longer.fraction() == 0.5 and not longer.orders(Ranks(), Stopping()).finished

    def test_nothing_is_due_before_a_step(self, seconds: list[float]):
        clock = Clock(settings(preview_every=0.0, save_every=0.0))
        assert clock.orders(Ranks(), Stopping()) == Orders(0.0, False, False, False, False)

    def test_a_request_to_stop(self):
        stopping = Stopping()
        stopping.asked = True
        assert Clock(settings()).orders(Ranks(), stopping).stop

    def test_a_line_is_the_mean_since_the_last(self, seconds: list[float]):
        clock = Clock(settings())
        for loss, psnr in ((1.0, 10.0), (2.0, 30.0)):
            clock.count(result(loss, psnr=psnr))
        clock.count(result(float("nan"), skipped=True))
        seconds.append(104.0)
        line = clock.take_line(0.25, 0.5)
        assert line == {"samples": 24, "seconds": 4.0, "loss": 1.5, "samples_per_second": 6.0, "norm": 0.25,
                        "rate_factor": 0.5, "skipped": 1, "psnr": 20.0}  # fmt: skip
        seconds.append(105.0)
        clock.count(result(7.0))
        line = clock.take_line(0.0, 0.0)
        assert (line["loss"], line["samples_per_second"]) == (7.0, 8.0) and "psnr" not in line
        assert clock.message(line) == "32 samples, 8.0/s, loss 7.0000, 8 s left"

    def test_seconds_of_earlier_calls_are_added(self, seconds: list[float]):
        first = Clock(settings())
        seconds.append(107.0)
        first.count(result())
        held = json.loads(json.dumps(first.counters()))
        second = Clock(settings())
        second.restore(held)
        seconds.append(110.0)
        assert second.samples == 8 and second.steps == 1 and second.counters()["seconds"] == 10.0
        assert second.seconds_left() is None  # nothing was measured in this call

    def test_skipped_steps_in_a_row(self):
        clock = Clock(settings(skip_limit=3))
        for skipped in (True, True, False, True, True):
            clock.count(result(skipped=skipped))
        with pytest.raises(
            NonFiniteError, match="3 steps in a row were not finite, the last one's loss nan, after 48 samples"
        ):
            clock.count(result(float("nan"), skipped=True))
        assert clock.skipped == 5


class TestStep:
    def test_is_adamw_on_the_numbered_batch(self):
        """Against torch.optim.AdamW on a copy, the batch drawn from the stream that rng.py names."""
        from mutoscope.rng import stream

        chosen = settings(rate=0.01, decay=0.0, clip=1e9)
        learner = Learner(Regression(), chosen, Ranks())
        other = Regression()
        start = copy.deepcopy(other.model)
        optimiser = torch.optim.AdamW(
            [{"params": [p for p in trainable(other.model).values() if p.ndim == 2], "weight_decay": 0.01},
             {"params": [p for p in trainable(other.model).values() if p.ndim == 1], "weight_decay": 0.0}],
            lr=0.01, betas=(0.9, 0.99), eps=1e-8,
        )  # fmt: skip
        for number in range(3):
            step = learner.step(8 * number, number, 0.5)
            seed = stream(0, "batch", 8 * number).integers(0, 2**31)
            loss, _ = other.loss(torch.Generator().manual_seed(seed), 8, 0.5)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            assert step.loss == pytest.approx(loss.item(), rel=1e-6) and step.numbers == {"fraction": 0.5}
            assert not step.skipped and step.rate_factor == 1.0
        for mine, theirs, began in zip(
            learner.model.parameters(), other.model.parameters(), start.parameters(), strict=True
        ):
            assert torch.allclose(mine, theirs, atol=1e-7)
            assert torch.equal(mine, began) is not mine.requires_grad

    def test_the_gradient_is_clipped_and_its_norm_told(self):
        norms = []
        for clip in (1e9, 1e-3):
            learner = Learner(Regression(), settings(clip=clip), Ranks())
            norms.append(learner.step(0, 0, 0.5).norm)
        assert norms[0] == norms[1] > 1e-3

    def test_adamw_has_its_share_of_the_rate(self):
        learner = Learner(Regression(hidden=8), settings(rate=0.02, adam_share=0.25, decay=0.5), Ranks())
        assert learner.step(0, 0, 0.75).rate_factor == pytest.approx(0.5)
        rates = {group["lr"] for optimiser in learner.optimisers for group in optimiser.param_groups}
        assert sorted(rates) == pytest.approx([0.02 * 0.25 * 0.5])


class TestState:
    def test_tensors_go_back(self):
        one, other = (Learner(Regression(), settings(), Ranks()) for _ in range(2))
        for number in range(3):
            one.step(8 * number, number, 0.5)
        assert not torch.equal(first_weight(one.model), first_weight(other.model))
        other.restore({name: tensor.clone() for name, tensor in one.tensors().items()}, Path("run"))
        mine, theirs = one.tensors(), other.tensors()
        assert mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)
        assert one.step(24, 3, 0.5) == other.step(24, 3, 0.5)
        assert torch.equal(first_weight(one.model), first_weight(other.model))

    def test_a_frozen_weight_is_in_no_state(self):
        names = set(Learner(Regression(), settings(), Ranks()).tensors())
        assert "model.1.weight" in names and not any("1.bias" in name for name in names)

    def test_another_model_is_refused(self):
        tensors = Learner(Regression(hidden=5), settings(), Ranks()).tensors()
        with pytest.raises(MissingModelError, match="made with other settings"):
            Learner(Regression(), settings(), Ranks()).restore(tensors, Path("run"))

    @pytest.mark.parametrize("muon", [True, False])
    def test_the_bytes_reckoned_are_the_bytes_written(self, tmp_path: Path, muon: bool):
        class Blocks(Regression):
            def __init__(self):
                super().__init__()
                self.model = torch.nn.Sequential()
                self.model.add_module("block", torch.nn.Linear(4, 64))
                self.model.add_module("head", torch.nn.Linear(64, 1))

        learner = Learner(Blocks(), settings(muon=muon), Ranks())
        learner.step(0, 0, 0.5)
        assert len(learner.optimisers) == 1 + muon
        tensors = learner.tensors()
        save_state(tmp_path, 8, tensors, {}, 1 << 30)
        written = sum(t.numel() * t.element_size() for t in load_file(next(tmp_path.glob("*/tensors-*"))).values())
        counts = sum(t.numel() * t.element_size() for name, t in tensors.items() if name.endswith("step"))
        assert learner.state_bytes() == written - counts  # AdamW counts its steps in one number a weight

    def test_the_average_is_lent(self):
        learner = Learner(Regression(), settings(rate=0.1), Ranks())
        for number in range(4):
            learner.step(8 * number, number, 0.5)
        own = {name: p.detach().clone() for name, p in learner.model.named_parameters()}
        weights = learner.main_average()
        with pytest.raises(KeyError), learner.averaged(weights) as model:
            assert all(torch.equal(dict(model.named_parameters())[name], weights[name]) for name in weights)
            assert not torch.equal(weights["0.weight"], own["0.weight"])
            raise KeyError
        assert all(torch.equal(p, own[name]) for name, p in learner.model.named_parameters())


class TestRunWriter:
    @staticmethod
    def writer(run: Path, **changes) -> RunWriter:
        chosen = settings(**changes)
        return RunWriter(run, Learner(Regression(), chosen, Ranks()), Clock(chosen), lambda samples, picture: None)

    def test_what_is_due_is_written(self, tmp_path: Path):
        def orders(fraction: float, preview: bool = False, save: bool = False) -> Orders:
            return Orders(fraction, False, False, preview, save)

        shown = []
        writer = self.writer(tmp_path, log_every=2, snapshots=2)
        writer.show = lambda samples, picture: shown.append(samples)
        with writer:
            writer.clock.count(result())
            assert writer.record(result(), orders(0.0), orders(0.1)) is None and not list(tmp_path.glob("state-*"))
            writer.clock.count(result())
            line = writer.record(result(), orders(0.1), orders(0.6, preview=True, save=True))
        assert line is not None and line["samples"] == 16 and shown == [16]
        assert [path.name for path in tmp_path.glob("state-*")] == ["state-000000000016"]
        assert len(list((tmp_path / "averages").iterdir())) == 2  # one snapshot of both widths
        assert [json.loads(text) for text in (tmp_path / "log.jsonl").read_text().splitlines()] == [line]

    def test_a_line_of_no_steps_is_the_last_one(self, tmp_path: Path):
        with self.writer(tmp_path) as writer:
            writer.clock.count(result())
            assert writer.log(0.5, 1.0) == writer.log(0.0, 0.0)
        assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1

    def test_the_objective_is_left_with_the_average(self, tmp_path: Path):
        objective = Regression()
        events = list(train(objective, tmp_path, settings(rate=0.05), lambda samples, picture: None))
        held = load_file(next(tmp_path.glob("state-*/tensors-*")))
        own = {name: p.detach() for name, p in trainable(objective.model).items()}
        assert all(torch.equal(own[name], held[f"average.{name}"]) for name in own)
        assert not all(torch.equal(own[name], held[f"model.{name}"]) for name in own)
        assert events[-1].phase == "done" and events[-1].result["samples"] == 80

    def test_previews_see_the_average_and_no_gradient(self, tmp_path: Path):
        seen = []

        class Watched(Regression):
            def preview(self, model: torch.nn.Sequential) -> None:
                seen.append((first_weight(model).clone(), torch.is_grad_enabled()))

        objective = Watched()
        list(train(objective, tmp_path, settings(rate=0.05), lambda samples, picture: None))
        ((weight, graded),) = seen
        assert torch.equal(weight, first_weight(objective.model)) and not graded


class TestObjective:
    def test_what_a_stage_need_not_say(self, tmp_path: Path):
        objective = Regression()
        assert objective.preview(objective.model) is None and objective.compiled_modules() == [objective.model]
        objective.finish(tmp_path)
        assert not list(tmp_path.iterdir())

    def test_a_loss_is_needed(self):
        class Nothing(Objective[torch.nn.Linear]):
            pass

        with pytest.raises(TypeError, match="loss"):
            Nothing()  # pyright: ignore[reportAbstractUsage] - the fault under test


def test_a_finished_run_that_is_run_again_keeps_its_last_line(tmp_path: Path):
    """As after a kill between the last state and the parts."""
    for _ in range(2):
        *_, done = train(Regression(), tmp_path, settings(log_every=4), lambda samples, picture: None)
        lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
        assert (
            [line["samples"] for line in lines] == [32, 64, 80] and done.result == lines[-1] and lines[-1]["loss"] > 0
        )
