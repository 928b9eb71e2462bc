"""Large pictures: tiles agree with the whole, leave no seams, take no more memory, and the same request gives the same bytes."""

import tracemalloc
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mutoscope import TextToImageModel, refine
from mutoscope.checkpoint import open_checkpoint
from mutoscope.errors import NonFiniteError
from mutoscope.events import Event
from mutoscope.media import read_info
from mutoscope.pipeline import Networks as ModelNetworks
from mutoscope.pipeline import encode_conditions, tile_networks
from mutoscope.prompt.conditioning import understand
from mutoscope.prompt.request import Request
from mutoscope.refine import Pass, TileNetworks, plan_passes
from mutoscope.runtime import open_runtime
from mutoscope.sampler import SAMPLERS
from mutoscope.tokenizer import Tokenizer

PROMPT = "a clear sky at noon"
LARGE = Request(PROMPT, width=512, height=512, draft=(128, 128), refine_strength=0.45, seed=3)


@pytest.fixture(scope="module")
def runtime():
    """The embedded model."""
    return open_runtime(open_checkpoint(), threads=1)


@pytest.fixture(scope="module")
def networks(runtime) -> TileNetworks:
    checkpoint = runtime.checkpoint
    of_model = ModelNetworks(runtime, Tokenizer.load(checkpoint.tokenizer_path), checkpoint.config, 128)
    conditioning = understand(LARGE)
    return tile_networks(of_model, encode_conditions(conditioning.prompt, conditioning.negative, of_model))


def refined(
    picture: np.ndarray,
    networks: TileNetworks,
    size: tuple[int, int],
    draft: tuple[int, int],
    steps: int = 12,
    lay: Any = None,
    passes: list[Pass] | None = None,
) -> np.ndarray:
    """Return a picture refined from the size of a draft, with seed 3."""
    passes = plan_passes(draft, size, steps, 0.45) if passes is None else passes
    return drain_return(refine.refine(picture, passes, size, SAMPLERS["dpm2m"], networks, (3, 0), lay))


def drain_return(job: Generator[Event, None, np.ndarray]) -> np.ndarray:
    """Run a generator to its end and return what it returns."""
    while True:
        try:
            next(job)
        except StopIteration as stop:
            return stop.value


def sky(rows: int, columns: int) -> np.ndarray:
    """A gradient from blue to the colour of sand, (H, W, 3) uint8."""
    down = np.linspace(0.0, 1.0, rows)[:, None, None]
    return np.broadcast_to((60, 110, 190) * (1 - down) + (230, 190, 150) * down, (rows, columns, 3)).astype(np.uint8)


class TestTiles:
    @given(st.integers(2, 128), st.integers(2, 128), st.integers(2, 32), st.floats(0, 0.5))
    def test_windows_cover_everything_and_overlap(self, rows: int, columns: int, side: int, part: float):
        rows, columns, side = 2 * rows, 2 * columns, 2 * side
        overlap = int(part * side)
        seen = np.zeros((rows, columns), int)
        tiles = refine.windows(rows, columns, side, overlap)
        for down, across in tiles:
            assert down.start % 2 == across.start % 2 == 0, "a token is never cut"
            assert (down.stop - down.start, across.stop - across.start) == (min(side, rows), min(side, columns))
            seen[down, across] += 1
        assert seen.min() == 1 or overlap
        tops = sorted({down.start for down, _ in tiles})
        for one, after in zip(tops, tops[1:], strict=False):
            assert one + side - after >= overlap - 2, "rounding to whole tokens may take one of them"

    def test_the_average_of_one_velocity_is_that_velocity(self):
        latents = np.random.default_rng(0).normal(size=(1, 3, 1, 20, 34)).astype(np.float32)
        whole = refine.tile_velocity(lambda tile, time, centre: tile * time, 8, (1.0, 1.0))
        np.testing.assert_allclose(whole(latents, 0.5), latents * 0.5, rtol=1e-5)

    def test_tiles_that_differ_meet_softly(self):
        """Each tile answers its own number; with an overlap no step is as high as between tiles laid edge to edge."""

        def answer():
            count = iter(range(100))
            return lambda tile, time, centre: np.full_like(tile, next(count))

        latents = np.zeros((1, 1, 1, 8, 40), np.float32)
        soft = refine.tile_velocity(answer(), 8, (1.0, 1.0))(latents, 0.5)[0, 0, 0, 0]
        assert np.all(np.diff(soft) >= -1e-6) and np.diff(soft).max() < 0.85 and soft[-1] > 3

    def test_a_tile_is_told_its_place_in_the_draft(self):
        places = []

        def velocity(tile, time, centre):
            places.append(centre)
            return tile

        refine.tile_velocity(velocity, 8, (2.0, 4.0))(np.zeros((1, 1, 1, 16, 32), np.float32), 0.5)
        rows, columns = (sorted(set(place)) for place in zip(*places, strict=True))
        assert rows[0] == -rows[-1] == -(8 - 4) / 2 / 2, (
            "the middle of the first tile, in tokens, of a draft half as large"
        )
        assert columns[0] == -columns[-1] == -(16 - 4) / 2 / 4
        places.clear()
        refine.tile_velocity(velocity, 16, (2.0, 2.0))(np.zeros((1, 1, 1, 16, 16), np.float32), 0.5)
        assert places == [(0.0, 0.0)]

    def test_the_codec_in_tiles_is_the_codec_at_once(self, networks: TileNetworks):
        latents = networks.encode(sky(384, 256).astype(np.float32).transpose(2, 0, 1)[None, :, None] / 127.5 - 1)
        latents += np.random.default_rng(0).normal(scale=0.3, size=latents.shape).astype(np.float32)
        whole = refine.decode(latents, networks.decode)
        pixels = networks.decode(latents)[0, :, 0].transpose(1, 2, 0)
        once = np.rint((np.clip(pixels, -1, 1) + 1) * 127.5)
        assert whole.shape == (384, 256, 3) and np.abs(whole - once).max() <= 1
        assert np.abs(refine.encode(whole, networks.encode) - networks.encode(whole_pixels(whole))).max() < 1e-4


def whole_pixels(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float32).transpose(2, 0, 1)[None, :, None] / 127.5 - 1


def test_an_enlarged_picture_comes_back(networks: TileNetworks):
    """Through encoder and decoder, tile by tile, it loses little."""
    small = np.random.default_rng(1).integers(40, 216, (8, 8, 3), np.uint8)
    picture = refine.enlarge(small, 128, 128)
    back = refine.decode(refine.encode(picture, networks.encode), networks.decode)
    error = np.mean((back.astype(float) - picture) ** 2)
    assert 10 * np.log10(255**2 / error) > 30


def test_enlarging_gives_edges_back_and_leaves_flat_parts():
    picture = np.repeat(np.repeat(np.array([[60] * 8 + [180] * 8] * 16, np.uint8), 8, 0), 8, 1)[..., None].repeat(3, 2)
    large, soft = (
        refine.enlarge(picture, 256, 256).astype(int),
        np.asarray(Image.fromarray(picture).resize((256, 256), 3)).astype(int),
    )
    assert np.abs(np.diff(large[..., 0], axis=1)).max() > 1.2 * np.abs(np.diff(soft[..., 0], axis=1)).max()
    assert (large[:, :100] == 60).all() and (large[:, -100:] == 180).all()
    assert np.array_equal(refine.enlarge(picture, 64, 64), np.asarray(Image.fromarray(picture).resize((64, 64), 3)))


def test_own_pixels_are_enlarged_by_repeating(networks: TileNetworks):
    """Without a pass; with objects one pass of the draft's size paints over them."""
    small = np.random.default_rng(2).integers(0, 256, (128, 128, 3), np.uint8)
    repeated = refined(small, networks, (256, 256), (128, 128), passes=[])
    assert np.array_equal(repeated, small.repeat(2, 0).repeat(2, 1))
    lay = lambda picture: (picture, np.zeros((1, 1, 1, 16, 16), np.float32))  # noqa: E731
    picture = refined(
        small, networks, (256, 256), (128, 128), lay=lay, passes=plan_passes((128, 128), (128, 128), 12, 0.45)
    )
    assert np.array_equal(picture, picture[::2, ::2].repeat(2, 0).repeat(2, 1)) and not np.array_equal(
        picture[::2, ::2], small
    )
    assert refine.repeat_pixels(small, 300, 100).shape == (100, 300, 3)


@pytest.mark.parametrize(
    "asked", [{"style": "pixel art"}, {"style": "pixel art:0.7, watercolor:0.3"}, {"postprocess": "pixelate"}]
)
def test_pictures_of_larger_pixels_are_drawn_small(painter: TextToImageModel, asked: dict):
    """Their cells are those of the draft: no pass of refining is spent on them, while other pictures get theirs."""

    def passes(**more: Any) -> int:
        events: list[Event] = []
        painter.generate("a lake", size="256x256", seed=1, num_inference_steps=2, callback=events.append, **more)
        return sum(event.phase == "refine" and event.step > 0 for event in events)

    assert (passes(**asked), passes()) == (0, 2)


class TestPlan:
    @pytest.mark.parametrize(
        ("size", "draft", "sizes"),
        [
            ((256, 256), (128, 128), [(256, 256)]), ((512, 512), (128, 128), [(256, 256), (512, 512)]),
            ((2048, 1152), (224, 128), [(512, 288), (1024, 576), (2048, 1152)]), ((240, 240), (128, 128), [(240, 240)]),
            ((592, 592), (256, 256), [(592, 592)]),
        ],
    )  # fmt: skip
    def test_passes_double_up_to_the_size(self, size: tuple, draft: tuple, sizes: list):
        passes = plan_passes(draft, size, LARGE.num_inference_steps, LARGE.refine_strength)
        assert [(one.width, one.height) for one in passes] == sizes
        strengths = [one.strength for one in passes]
        assert strengths[0] == 0.45 and strengths == sorted(strengths, reverse=True) and strengths[-1] > 0.15
        assert all(one.steps >= 2 for one in passes)

    @given(st.floats(0.05, 0.95), st.integers(1, 40))
    def test_times_fall_from_the_strength_to_zero(self, strength: float, steps: int):
        times = refine.times(refine.Pass(256, 256, strength, steps), 4096)
        assert times[0] == pytest.approx(strength) and times[-1] == 0 and np.all(np.diff(times) < 0)
        assert len(times) == steps + 1


def borders(length: int, side: int, overlap: int) -> set[int]:
    """Return the pixels where tiles of a pass begin or end inside of the picture."""
    edges = {edge for down, _ in refine.windows(length // 8, 2, side // 8, overlap) for edge in (down.start, down.stop)}
    return {8 * edge for edge in edges} - {0, length}


def seam(picture: np.ndarray, edges: set[int]) -> float:
    """Return how much larger the steps across columns `edges` are than across the other borders of tokens."""
    steps = np.abs(np.diff(picture.astype(float).mean(-1), axis=1)).mean(0)
    others = [steps[x - 1] for x in range(16, picture.shape[1], 16) if x not in edges]
    return float(np.mean([steps[x - 1] for x in edges]) / np.mean(others))


class TestSeams:
    @pytest.mark.parametrize("kind", ["flat", "gradient"])
    def test_a_sky_has_none_and_tiles_laid_edge_to_edge_have(self, networks: TileNetworks, kind: str, monkeypatch):
        draft = sky(144, 144) if kind == "gradient" else np.full((144, 144, 3), (120, 160, 210), np.uint8)

        def worst(overlap: float) -> float:
            monkeypatch.setattr(refine, "TILE_OVERLAP", overlap)
            picture = refined(draft, replace(networks, side=96), (288, 288), (144, 144), steps=6)
            edges = borders(288, 96, int(np.ceil(12 * overlap)))
            return max(seam(picture, edges), seam(picture.transpose(1, 0, 2), edges))

        tiled = worst(refine.TILE_OVERLAP)
        assert tiled < 1.25
        monkeypatch.setattr(refine, "bump", lambda length: np.ones(length, np.float32))
        assert worst(0.0) > 1.5 > tiled

    def test_the_sky_stays_the_sky(self, networks: TileNetworks):
        draft = sky(128, 128)
        picture = refined(draft, networks, (256, 256), (128, 128))
        small = refine.enlarge(picture, 32, 32).astype(float)
        assert np.abs(small - refine.enlarge(draft, 32, 32)).mean() < 10, (
            "levels of 255: large forms and colours are kept"
        )


class TestMemory:
    def test_the_networks_never_see_more_than_a_tile(self):
        def peak(side: int) -> tuple[set, float]:
            shapes = set()

            def velocity(tile, time, centre):
                shapes.add(tile.shape)
                return tile

            def encode(pixels):
                shapes.add(pixels.shape)
                return np.zeros((1, 16, 1, pixels.shape[3] // 8, pixels.shape[4] // 8), np.float32)

            def decode(latents):
                shapes.add(latents.shape)
                return np.zeros((1, 3, 1, latents.shape[3] * 8, latents.shape[4] * 8), np.float32)

            tiles = TileNetworks(velocity, encode, decode, 128)
            tracemalloc.start()
            try:
                picture = refined(sky(128, 128), tiles, (side, side), (128, 128), steps=4)
                assert picture.shape == (side, side, 3)
                return shapes, tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

        (few, small), (many, large) = peak(1024), peak(2048)
        assert few == many
        assert (large - small) / (2048**2 - 1024**2) < 24, (
            "bytes a pixel: the picture and its latents alone, 4 MB of 16 channels"
        )


class TestModel:
    SIZE = {"size": "256x224", "num_inference_steps": 3, "seed": 5}

    def test_the_same_request_gives_the_same_bytes(self, painter: TextToImageModel, tmp_path: Path):
        one = painter.generate(PROMPT, **self.SIZE)
        assert one.pixels.shape == (224, 256, 3) and one.request.draft == (144, 128)
        path = one.save(tmp_path / "large.png")
        again = painter.redo(Request.from_json(read_info(path)["request_json"]))
        assert again.request == one.request and np.array_equal(again.pixels, one.pixels)
        other = painter.redo(replace(one.request, refine_strength=0.3))
        assert not np.array_equal(other.pixels, one.pixels)
        assert not np.array_equal(painter.redo(replace(one.request, index=1)).pixels, one.pixels)

    def test_a_request_without_a_draft_is_drawn_at_once_as_before(self, painter: TextToImageModel):
        (planned,) = painter.requests(painter.options(PROMPT, **self.SIZE))
        request = replace(planned, draft=None, refine_strength=0.0)
        assert "draft" not in request.to_json() and "refine" not in request.to_json()
        phases = []
        direct = painter.redo(request, callback=lambda event: phases.append(event.phase))
        assert "refine" not in phases and direct.pixels.shape == (224, 256, 3)
        assert not np.array_equal(direct.pixels, painter.generate(PROMPT, **self.SIZE).pixels)

    def test_events_tell_of_the_passes_and_it_can_be_stopped(self, painter: TextToImageModel):
        events = painter.stream(PROMPT, **self.SIZE)
        assert isinstance(events, Generator)
        for event in events:
            if event.phase == "refine" and event.step == 1:
                assert event.total == sum(one.steps for one in plan_passes((144, 128), (256, 224), 3, 0.45))
                events.close()
        assert next(events, None) is None

    def test_a_few_step_model_refines_too(self, few_step_checkpoint: Path):
        picture = TextToImageModel(few_step_checkpoint, threads=1).generate(PROMPT, size="240x240", seed=1)
        assert picture.pixels.shape == (240, 240, 3) and picture.request.sampler == "meanflow"

    def test_torch_and_onnx_agree(self, painter: TextToImageModel, tiny_checkpoint: Path):
        other = TextToImageModel(tiny_checkpoint, runtime="torch", threads=1).generate(PROMPT, **self.SIZE)
        assert np.abs(other.pixels.astype(int) - painter.generate(PROMPT, **self.SIZE).pixels).max() <= 2

    def test_a_velocity_that_breaks_is_told(self, networks: TileNetworks):
        broken = replace(networks, velocity=lambda tile, time, centre: tile * np.nan)
        with pytest.raises(NonFiniteError, match="step 1 of pass 1"):
            refined(sky(128, 128), broken, (256, 256), (128, 128))
