"""Pictures that start from pictures: read, fitted, kept where a mask says so, and made again only from the same ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.errors import CheckpointError, MediaError, MutoscopeError, SettingError, SizeError
from mutoscope.init_image import FEATHER_PIXELS, InitImage, check_init_image, open_init_image
from mutoscope.media import read_info
from mutoscope.prompt.request import Request

PROMPT = "a lake at sunset"
SMALL: dict[str, Any] = {"size": "64x48", "num_inference_steps": 4, "seed": 5}


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio of uint8 arrays in dB."""
    return float(10 * np.log10(255**2 / max(1e-9, np.mean((a.astype(float) - b.astype(float)) ** 2))))


def noise(rows: int = 48, columns: int = 64) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (rows, columns, 3), np.uint8)


@pytest.fixture
def mask() -> np.ndarray:
    """White in the middle."""
    white = np.zeros((48, 64), np.uint8)
    white[20:27, 30:41] = 255
    return white


@pytest.fixture(scope="module")
def nano() -> TextToImageModel:
    """The embedded model."""
    return TextToImageModel(threads=1)


class TestReading:
    def test_path_picture_and_array_are_one_source(self, tmp_path: Path):
        pixels = noise()
        Image.fromarray(pixels).save(tmp_path / "a.png")
        given = [tmp_path / "a.png", str(tmp_path / "a.png"), Image.fromarray(pixels), pixels]
        sources = [open_init_image(one) for one in given]
        assert all(np.array_equal(source.pixels, pixels) for source in sources if source)
        assert len({source.hash for source in sources if source}) == 1 and len(sources) == 4
        assert open_init_image(None) is None

    def test_the_hash_knows_pixels_and_shape(self):
        black = np.zeros((4, 6, 3), np.uint8)
        others = [black.reshape(6, 4, 3), black + 1, black]
        assert [InitImage(other).hash == InitImage(black).hash for other in others] == [False, False, True]
        assert InitImage(black).mask_hash == ""

    def test_turned_photographs_stand_upright(self, tmp_path: Path):
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(noise()).save(tmp_path / "a.jpg", exif=exif)
        source = open_init_image(tmp_path / "a.jpg")
        assert source is not None and source.pixels.shape == (64, 48, 3)
        with Image.open(tmp_path / "a.jpg") as image:
            same = open_init_image(image)
        assert same is not None and np.array_equal(same.pixels, source.pixels)

    @pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "CMYK", "I;16"])
    def test_transparency_is_white_and_every_mode_is_colour(self, mode: str):
        image = Image.new("RGBA", (8, 6), (0, 0, 0, 0)) if mode in ("RGBA", "LA") else Image.new("RGB", (8, 6))
        source = open_init_image(image.convert("L").convert("I;16") if mode == "I;16" else image.convert(mode))
        assert source is not None and source.pixels.shape == (6, 8, 3) and source.pixels.dtype == np.uint8
        assert np.unique(source.pixels).tolist() == [255 if mode in ("RGBA", "LA") else 0]

    @pytest.mark.parametrize(
        ("image", "mask_image", "error", "words"),
        [
            ("gone.png", None, MediaError, "there is no file"),
            ("text.png", None, MediaError, r"text\.png cannot be read"),
            ("cut.png", None, MediaError, r"cut\.png cannot be read"),
            ("clip.gif", None, MediaError, r"clip\.gif is a clip; give a picture"),
            (".", None, MediaError, "cannot be read: it is not a file"),
            (7, None, SettingError, "image must be a path, a PIL.Image or a uint8 array .*, got int"),
            (np.zeros((4, 4, 3)), None, SettingError, r"uint8 \(H, W, 3\), got float64 \(4, 4, 3\)"),
            (np.zeros((4, 4, 2), np.uint8), None, SettingError, "uint8"),
            (np.zeros((0, 4, 3), np.uint8), None, SettingError, "uint8"),
            (None, np.zeros((4, 4), np.uint8), SettingError, "give the picture too"),
            (noise(), np.full((8, 8), 255, np.uint8), SizeError, "the mask is 8 x 8 pixels, its picture 64 x 48"),
            (noise(), np.full((48, 64), 127, np.uint8), SettingError, "black all over"),
        ],
        ids=lambda value: None if isinstance(value, np.ndarray) else str(value)[:16],
    )
    def test_refused_in_one_line(self, outputs: Path, image: Any, mask_image: Any, error: type, words: str):
        Path("text.png").write_text("not a picture")
        Image.fromarray(noise()).save("whole.png")
        Path("cut.png").write_bytes(Path("whole.png").read_bytes()[:3000])
        Image.new("RGB", (8, 8)).save("clip.gif", save_all=True, append_images=[Image.new("RGB", (8, 8), "red")])
        with pytest.raises(error, match=words) as caught:
            open_init_image(image, mask_image)
        assert "\n" not in str(caught.value) and isinstance(caught.value, MutoscopeError)

    def test_another_source_is_refused(self, mask: np.ndarray):
        one, masked = open_init_image(noise()), open_init_image(noise(), mask)
        assert one is not None and masked is not None
        check_init_image(None, "", "")
        check_init_image(masked, one.hash, masked.mask_hash)
        for source, hashes, words in (
            (None, (one.hash, ""), "starts from a picture .*; give the same one with --image"),
            (one, ("", ""), "without a picture; leave --image out"),
            (one, ("0" * 16, ""), f"this picture .{one.hash}. is not the one .*0000"),
            (one, (one.hash, masked.mask_hash), "starts from a mask .* --mask"),
            (masked, (one.hash, ""), "without a mask; leave --mask out"),
        ):
            with pytest.raises(SettingError, match=words):
                check_init_image(source, *hashes)


class TestFitting:
    def test_a_fitting_one_is_left_alone(self):
        source = InitImage(noise())
        assert source.fit(64, 48) is source

    def test_what_sticks_out_is_cut_not_squeezed(self):
        pixels = np.zeros((40, 120, 3), np.uint8)
        pixels[:, 40:80] = 255  # a square in the middle
        fitted = InitImage(pixels).fit(64, 64)
        assert fitted.pixels.shape == (64, 64, 3) and fitted.pixels.min() > 200  # the filter's edge

    def test_a_thin_mask_does_not_vanish(self):
        white = np.zeros((400, 400), bool)
        white[:, 200] = True
        fitted = InitImage(np.zeros((400, 400, 3), np.uint8), white).fit(32, 32)
        assert fitted.mask is not None and fitted.mask.sum() == 32

    def test_the_default_size_is_its_own(self, painter: TextToImageModel):
        cases: list[tuple[tuple[int, int], dict[str, Any], tuple[int, int]]] = [
            ((48, 64), {}, (48, 64)), ((50, 71), {}, (48, 64)), ((20, 20), {}, (32, 32)), ((50, 100), {"width": 64}, (32, 64)),
            ((64, 64), {"height": 32}, (32, 32)), ((48, 64), {"size": "32x32"}, (32, 32)),
        ]  # fmt: skip
        for sides, given, shape in cases:
            made = painter.generate(PROMPT, image=noise(*sides), num_inference_steps=1, **given)
            assert made.pixels.shape == (*shape, 3), (sides, given)

    def test_sizes_are_checked_all_the_same(self, painter: TextToImageModel):
        wrong: list[dict[str, Any]] = [{"width": 0}, {"height": 33}, {"width": "64"}, {"width": True}]
        for given in wrong:
            with pytest.raises(SizeError):
                painter.generate(PROMPT, image=noise(), **given)


class TestMask:
    def test_latents_are_free_wherever_a_pixel_of_theirs_is(self, mask: np.ndarray):
        free = InitImage(noise(), mask > 0).latent_mask
        assert free is not None and free.shape == (1, 1, 1, 6, 8)
        assert np.argwhere(free[0, 0, 0]).tolist() == [[2, 3], [2, 4], [2, 5], [3, 3], [3, 4], [3, 5]]
        assert InitImage(noise()).latent_mask is None

    def test_the_seam_is_soft_and_outside(self, mask: np.ndarray):
        source = InitImage(np.zeros((48, 64, 3), np.uint8), mask > 0)
        share = source.composite(np.full((1, 48, 64, 3), 255, np.uint8))[0, ..., 0]
        assert (share[mask > 0] == 255).all()
        row = share[23].astype(int)  # white from column 30 to 40
        assert not row[: 30 - 2 * FEATHER_PIXELS].any() and (np.diff(row[:36]) >= 0).all() and np.diff(row).max() <= 64
        assert 0 < row[30 - FEATHER_PIXELS - 1] < 255 and not share[: 20 - 2 * FEATHER_PIXELS].any()
        frames = noise()[None]
        assert InitImage(noise()).composite(frames) is frames


class TestPictures:
    def test_strength_one_is_drawn_from_noise_alone(self, painter: TextToImageModel):
        plain = painter.generate(PROMPT, **SMALL)
        started = painter.generate(PROMPT, image=noise(), strength=1.0, **SMALL)
        assert np.array_equal(started.pixels, plain.pixels) and started.request != plain.request

    @pytest.mark.parametrize("sampler", ["euler", "heun", "dpm2m"])
    def test_a_mask_keeps_every_pixel_far_from_it(self, painter: TextToImageModel, mask: np.ndarray, sampler: str):
        source, drawn = noise(), []
        asked = Request(PROMPT, width=64, height=48, num_inference_steps=4, sampler=sampler,
                        image_hash=InitImage(source).hash, mask_hash=InitImage(source, mask > 0).mask_hash)  # fmt: skip
        for seed in (1, 2):
            request = Request.from_json(asked.to_json().replace('"seed":0', f'"seed":{seed}'))
            drawn.append(painter.redo(request, image=source, mask_image=mask).pixels)
        far = np.ones((48, 64), bool)
        far[20 - 2 * FEATHER_PIXELS : 27 + 2 * FEATHER_PIXELS, 30 - 2 * FEATHER_PIXELS : 41 + 2 * FEATHER_PIXELS] = (
            False
        )
        for pixels in drawn:
            assert np.array_equal(pixels[far], source[far])
        assert not np.array_equal(drawn[0][mask > 0], drawn[1][mask > 0])

    def test_white_all_over_is_no_mask(self, painter: TextToImageModel):
        white = np.full((48, 64), 255, np.uint8)
        masked = painter.generate(PROMPT, image=noise(), mask_image=white, **SMALL)
        assert masked.request.strength == 1.0
        assert np.array_equal(masked.pixels, painter.generate(PROMPT, **SMALL).pixels)

    def test_each_of_several_can_be_made_again_from_its_file(self, painter: TextToImageModel, tmp_path: Path):
        source = painter.generate(PROMPT, **SMALL)
        pictures = painter.generate("a meadow", image=source, strength=0.7, num_images_per_prompt=2, **SMALL)
        for index, picture in enumerate(pictures):
            path = picture.save(tmp_path / f"{index}.png")
            request = Request.from_json(read_info(path)["request_json"])
            assert request == picture.request and request.strength == 0.7
            assert np.array_equal(painter.redo(request, image=source.pil).pixels, picture.pixels)
            with pytest.raises(SettingError, match="give the same one with --image"):
                painter.redo(request)
            with pytest.raises(SettingError, match="is not the one"):
                painter.redo(request, image=noise())
        assert not np.array_equal(pictures[0].pixels, pictures[1].pixels)

    def test_few_steps_start_from_a_picture_too(self, few_step_checkpoint: Path, mask: np.ndarray):
        quick = TextToImageModel(few_step_checkpoint, threads=1)
        asked: dict[str, Any] = {"size": "64x48", "seed": 5}
        plain = quick.generate(PROMPT, **asked)
        assert np.array_equal(quick.generate(PROMPT, image=noise(), strength=1.0, **asked).pixels, plain.pixels)
        kept = quick.generate(PROMPT, image=noise(), mask_image=mask, **asked)
        assert np.array_equal(kept.pixels[:10], noise()[:10]) and not np.array_equal(kept.pixels, noise())

    def test_events_count_the_steps_that_are_taken(self, painter: TextToImageModel):
        for strength, fewer in ((1.0, 0), (0.6, 1), (0.05, 3), (0.0, 4)):
            events = list(painter.stream(PROMPT, image=noise(), strength=strength, **SMALL))
            steps = [(event.step, event.total) for event in events if event.phase == "draw"]
            left = SMALL["num_inference_steps"] - fewer
            assert len(steps) - 1 == left and steps[-1] == (left, left), (strength, steps)

    @pytest.mark.parametrize(
        "asked",
        [
            {"strength": 0.5}, {"mask_image": np.full((48, 64), 255, np.uint8)}, {"image": noise(), "strength": 1.1},
            {"image": noise(), "strength": -0.1}, {"image": noise(), "strength": float("nan")},
            {"image": noise(), "strength": "0.5"}, {"image": noise(), "strength": True},
        ],
        ids=range(7),
    )  # fmt: skip
    def test_refused_before_any_work(self, tiny_checkpoint: Path, asked: dict[str, Any]):
        model = TextToImageModel(tiny_checkpoint)
        with pytest.raises(SettingError):
            model.stream(PROMPT, **asked)
        assert "_runtime" not in vars(model)

    def test_a_checkpoint_without_its_encoder(self, copied_checkpoint: Path):
        (copied_checkpoint / "encoder.safetensors").unlink()
        with pytest.raises(CheckpointError, match="without its encoder a model draws from words alone"):
            TextToImageModel(copied_checkpoint, threads=1).generate(PROMPT, image=noise())


class TestClips:
    def test_the_picture_is_the_first_frame(self, filmer: TextToVideoModel, painter: TextToImageModel):
        asked: dict[str, Any] = {"num_frames": 9, "num_inference_steps": 2}
        one, other = (filmer.generate(PROMPT, image=noise(), seed=seed, **asked) for seed in (1, 2))
        assert one.frames.shape == (9, 48, 64, 3) and one.request.strength == 0.0
        kept = painter.generate(PROMPT, image=noise(), strength=0.0)
        assert np.array_equal(one.frames[0], kept.pixels) and np.array_equal(other.frames[0], kept.pixels)
        assert not np.array_equal(one.frames[1:], other.frames[1:])
        assert np.array_equal(filmer.redo(one.request, image=noise()).frames, one.frames)
        with pytest.raises(SettingError, match="--image"):
            filmer.redo(one.request)

    def test_no_mask(self):
        with pytest.raises(SettingError, match="a mask is for pictures"):
            Request(PROMPT, num_frames=5, image_hash="0", mask_hash="0")


class TestShippedModel:
    """What strength means to the eye: figures of the embedded checkpoint, 64 px, 8 steps."""

    def test_the_lower_the_strength_the_nearer(self, nano: TextToImageModel):
        source = nano.generate(PROMPT, size="64x64", num_inference_steps=8, seed=7)
        strengths = (0.0, 0.05, 0.3, 0.6, 0.9)
        made = [
            nano.generate("a snowy village at night", image=source, strength=strength, num_inference_steps=8, seed=3)
            for strength in strengths
        ]
        figures = [psnr(picture.pixels, source.pixels) for picture in made]
        assert figures == sorted(figures, reverse=True)
        assert figures[1] > 30 and figures[-1] < 15  # dB; at 128 px and 16 steps 39.5 and 9.8

    def test_what_is_drawn_fits_what_is_kept(self, nano: TextToImageModel):
        """The latents outside of a mask lead to the original: around it, what was drawn looks like it before any of it is put back."""
        source = nano.generate(PROMPT, size="64x64", num_inference_steps=8, seed=7)
        white = np.zeros((64, 64), np.uint8)
        white[24:40, 24:40] = 255
        events = list(nano.stream(PROMPT, image=source, mask_image=white, num_inference_steps=8, seed=3))
        seen = [event.preview for event in events if event.preview is not None][-1]
        ring = np.ones((64, 64), bool)
        ring[8:56, 8:56] = False
        assert psnr(seen[ring], source.pixels[ring]) > 28
        assert psnr(seen[24:40, 24:40], source.pixels[24:40, 24:40]) < 28
