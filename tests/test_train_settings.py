"""Settings and options of the stages: which stage has which, what is refused, and that they reach what they are for."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from mutoscope.cli import main
from mutoscope.cli.recipe import read_recipe
from mutoscope.errors import SettingError
from mutoscope.train.settings import DistilOptions, ImageOptions, Settings, VideoOptions
from mutoscope.train.stages import STAGES, read_settings, setting_names


class TestWhichStageHasWhich:
    def test_the_loops_settings_are_of_every_stage(self):
        loop = {item.name for item in fields(Settings)}
        for stage in STAGES:
            assert loop <= set(setting_names([stage]))
        own = {stage: set(setting_names([stage])) - loop for stage in STAGES}
        image = {
            "curriculum",
            "fine",
            "shift",
            "caption_dropout",
            "shuffle_tags",
            "tag_dropout",
            "keep_tags",
            "mirror",
            "repeats",
        }
        assert {stage: names for stage, names in own.items() if names} == {
            "image": image,
            "video": {*image, "clip_share"},
            "distil": {"curriculum"},
        }
        assert set(setting_names()) == loop.union(*own.values())

    def test_no_name_is_of_loop_and_objective(self):
        loop = {item.name for item in fields(Settings)}
        for kind in (VideoOptions, DistilOptions):
            assert not loop & {item.name for item in fields(kind)}

    @pytest.mark.parametrize("stage", STAGES)
    def test_defaults(self, stage: str):
        settings, options = read_settings(stage, {})
        assert {name: getattr(settings, name) for name in STAGES[stage].settings} == STAGES[stage].settings
        assert options == STAGES[stage].default_options()

    def test_values_go_where_they_belong(self):
        settings, options = read_settings("video", {"rate": 0.5, "shift": 2.0, "clip_share": 0.1, "batch": 4})
        assert (settings.rate, settings.batch) == (0.5, 4)
        assert options == VideoOptions(shift=2.0, clip_share=0.1)

    def test_every_recipe_of_the_repository_is_read(self, root: Path):
        seen = set()
        for path in sorted((root / "recipes").glob("*.toml")):
            for part in read_recipe(path)["train"]:
                values = {key: value for key, value in part.items() if key != "stage"}
                settings, options = read_settings(part["stage"], values)
                given = vars(settings) | (vars(options) if options else {})
                assert {key: given[key] for key in values} == values, path
                seen |= set(values)
        assert {"curriculum", "fine", "clip_share"} <= seen


class TestRefused:
    @pytest.mark.parametrize(
        ("stage", "values", "said"),
        [
            ("image", {"clip_share": 0.5}, "clip_share is a setting of video; leave clip_share out of the image stage"),
            ("codec", {"shift": 2.0}, "shift is a setting of image and video; leave shift out of the codec stage"),
            ("distil", {"fine": 0.5}, "fine is a setting of image and video; leave fine out of the distil stage"),
            ("clip", {"curriculum": 0.5}, "curriculum is a setting of image and video and distil"),
            ("image", {"shfit": 2.0}, "did you mean 'shift'"),
            ("codec", {"btch": 2}, "did you mean 'batch'"),
            ("image", {"curriculum": 2.0}, "curriculum is a share, 0 to 1, got 2.0"),
            ("image", {"curriculum": -0.1}, "curriculum is a share"),
            ("image", {"shift": 0.0}, "shift must be above 0"),
            ("image", {"fine": 0.0}, "fine must be above 0"),
            ("image", {"fine": 1.5}, "fine is a share"),
            ("video", {"clip_share": 1.1}, "clip_share is a share"),
            ("video", {"clip_share": "half"}, "clip_share must be float"),
            ("image", {"shift": True}, "shift must be float"),
            ("codec", {"decay": 1.5}, "decay is a share"),
            ("codec", {"device": "cudа"}, "device must be one of auto, cpu, cuda"),
            ("codec", {"rate": float("inf")}, "rate must be above 0"),
            ("codec", {"skip_limit": 0}, "skip_limit must be 1 or more"),
            ("codecs", {}, "did you mean 'codec'"),
        ],
        ids=str,
    )
    def test_in_one_line(self, stage: str, values: dict, said: str):
        with pytest.raises(SettingError) as caught:
            read_settings(stage, values)
        assert said in str(caught.value) and "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("words", "said"), [("--set shift=0", "above 0"), ("--set clip_share=0.5", "leave clip_share")]
    )
    def test_on_the_command_line_before_data_is_read(self, tmp_path: Path, capsys, words: str, said: str):
        line = f"train image --preset tiny --data {tmp_path} --out {tmp_path / 'run'} --batch 8 {words} --quiet"
        assert main(line.split()) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1 and not (tmp_path / "run").exists()

    @pytest.mark.parametrize(
        ("settings", "processes", "size"),
        [({"batch": 16}, 1, 16), ({"batch": 16, "accumulate": 2}, 1, 8), ({"batch": 16, "accumulate": 2}, 4, 2),
         ({"batch": 16, "shard": True}, 2, 8)],
    )  # fmt: skip
    def test_parts_of_a_batch(self, settings: dict, processes: int, size: int):
        assert Settings(**settings).part_size(processes) == size

    def test_a_batch_that_cannot_be_cut(self):
        with pytest.raises(SettingError, match="take batch=18"):
            Settings(batch=16, accumulate=3).part_size(2)


class TestOptionsReachTheObjective:
    """Drawn from the objective itself, over data sets that stand for folders of two sizes and of clips."""

    @staticmethod
    def objective(options: ImageOptions):
        from mutoscope.train.diffusion import DiffusionObjective, Latents
        from mutoscope.train.texts import TextStates

        def latents(items: int, frames: int, side: int) -> Latents:
            values = np.zeros((items, 1, frames, side, side), np.float16)
            texts = TextStates(np.zeros((1, 8), np.float16), np.array([0, 1]), np.zeros((items, 4), int))
            return Latents(values, texts, np.ones(items, bool))

        made = DiffusionObjective.__new__(DiffusionObjective)
        made.options, made.empty = options, torch.zeros(1, 1, 8)
        made.pictures, made.clips = [latents(4, 1, 4), latents(400, 1, 8)], [latents(4, 3, 4)]
        return made

    @pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
    def test_the_share_of_clips(self, share: float):
        made, generator = self.objective(VideoOptions(clip_share=share)), torch.Generator().manual_seed(0)
        drawn = [made._takes_clips(generator) for _ in range(2000)]
        assert np.mean(drawn) == pytest.approx(share, abs=0.03)

    def test_one_kind_of_data_draws_nothing(self):
        """Where there is no choice, none is drawn: the numbers of a run of pictures do not depend on the share."""
        made, generator = self.objective(VideoOptions(clip_share=0.5)), torch.Generator().manual_seed(0)
        before = generator.get_state()
        made.clips, clips = [], made.clips
        assert made._takes_clips(generator) is False
        made.pictures, made.clips = [], clips
        assert made._takes_clips(generator) is True and torch.equal(generator.get_state(), before)

    def test_a_curriculum_begins_with_the_smallest(self):
        made, generator = self.objective(ImageOptions(curriculum=0.5)), torch.Generator().manual_seed(0)
        sides = {fraction: {made._batch(generator, 4, False, fraction)[0].shape[-1] for _ in range(50)}
                 for fraction in (0.0, 0.49, 0.5)}  # fmt: skip
        assert sides[0.0] == sides[0.49] == {4} and 8 in sides[0.5]
        assert 8 in {self.objective(ImageOptions())._batch(generator, 4, False, 0.0)[0].shape[-1] for _ in range(20)}
