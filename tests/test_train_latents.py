"""Latents and text states as few bytes: how far they are from exact, what mirror images cost, what older files are worth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from conftest import Shared
from mutoscope.config import preset
from mutoscope.data.cache import Folder, open_folders
from own_pictures import make_own_run

pytest.importorskip("torch")
import torch

from mutoscope.codec import Codec
from mutoscope.run_folder import load_part
from mutoscope.train import latents as kept
from mutoscope.train.latent_codes import STEP, mirror, mirror_signs, pack, to_codes, to_latents, unpack
from mutoscope.train.settings import ImageOptions
from mutoscope.train.texts import pack_states, packed_width, unpack_states

pytestmark = pytest.mark.usefixtures("one_thread")
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 5), st.integers(1, 5))


@pytest.fixture(scope="module")
def codec(shared: Shared) -> Codec:
    """A codec that was trained for some steps."""
    return load_part(shared("own", make_own_run) / "run", "codec", Codec(preset("tiny").codec)).eval()


@pytest.fixture(scope="module")
def folder(shared: Shared) -> Folder:
    """16 drawings of 64 px, the last of which may not be mirrored."""
    (found,) = open_folders(shared("own", make_own_run) / "packed")
    return replace(found, captions=[*found.captions[:-1], ["a ship on the left"]])


class TestCodes:
    @given(arrays.arrays(np.int16, SHAPES, elements=st.integers(-(2**12), 2**12)))
    def test_a_record_gives_its_codes_back(self, codes: np.ndarray):
        assert np.array_equal(unpack([pack(codes)], codes.shape)[0], codes)

    def test_many_are_read_at_once_large_numbers_among_them(self):
        codes = np.random.default_rng(0).integers(-300, 300, (5, 4, 3, 6, 8)).astype(np.int16)
        codes[1], codes[3] = codes[1] // 100, 7
        assert np.array_equal(unpack([pack(each) for each in codes], codes.shape[1:]), codes)

    def test_an_error_of_half_a_step_at_most(self):
        latents = np.random.default_rng(0).normal(0, 1, (100, 100)).astype(np.float32)
        error = to_latents(to_codes(latents)) - latents
        assert np.abs(error).max() <= STEP / 2 and error.std() == pytest.approx(STEP / 12**0.5, rel=0.05)

    def test_plain_areas_cost_next_to_nothing(self):
        """A ramp is the same difference again and again."""
        ramp = (np.arange(16)[:, None] * 3 + np.arange(16)[None] * 5).astype(np.int16)
        noise = np.random.default_rng(0).integers(-60, 60, (16, 1, 16, 16)).astype(np.int16)
        assert len(pack(np.tile(ramp, (16, 1, 1, 1)))) < 300 < 3000 < len(pack(noise)) < 16 * 256

    def test_what_a_mirror_does_to_the_linear_path(self):
        """An untrained codec is its linear path alone, so that the mirrored codes are those of the mirrored picture."""
        codec = Codec(preset("nano").codec)
        pixels = torch.rand((2, 3, 1, 32, 48)) * 2 - 1
        with torch.no_grad():
            for p in (*codec.encoder.out.parameters(), *codec.encoder.mix.parameters()):
                p.zero_()
            plain, other = (to_codes(codec.encode_raw(x).numpy()) for x in (pixels, pixels.flip(-1)))
        signs = mirror_signs(codec)
        assert -1 in signs and np.abs(mirror(plain, signs) - other).max() <= 1  # rounded to the other side


class TestKept:
    def test_they_are_the_latents_to_a_rounding(self, codec: Codec, folder: Folder, tmp_path: Path):
        exact, small = (
            kept.encode_pixels(folder, codec).astype(np.float32),
            kept.cached_latents(folder, codec, tmp_path),
        )
        assert small.shape == exact.shape and len(small) == 2 * len(folder)
        for places in (np.array([3, 0, 15, 16, 30, 17]), slice(2, 20, 3)):
            assert np.abs(small[places] - exact[places]).max() <= 0.51 * STEP
        with torch.no_grad():
            decoded = [codec.decode(torch.from_numpy(each)) for each in (small[:8], exact[:8])]
        assert float(10 * torch.log10(4 / (decoded[0] - decoded[1]).square().mean())) > 45

    def test_what_they_weigh(self, codec: Codec, folder: Folder, tmp_path: Path):
        """Less than was reckoned; a mirror image is cheaper than a picture, one that nobody sees costs nothing."""
        reckoned = [kept.latent_bytes(folder, codec, tmp_path, mirrored) for mirrored in (True, False)]
        small = kept.cached_latents(folder, codec, tmp_path)
        sizes = np.array([len(small.records[i]) for i in range(len(small.records))]).reshape(-1, 2)
        assert sizes[-1, 1] == 0 and (sizes[:-1, 1] < sizes[:-1, 0]).all()
        assert kept.latent_path(folder, codec, tmp_path).stat().st_size < reckoned[0] + 2**13
        assert kept.latent_bytes(folder, codec, tmp_path) == 0 < kept.latent_bytes(folder, codec, tmp_path, False)
        plain = kept.cached_latents(folder, codec, tmp_path, mirrored=False)
        assert [len(plain.records[2 * i + 1]) for i in range(16)] == [0] * 16 and reckoned[1] < 0.7 * reckoned[0]
        assert np.array_equal(plain[:16], small[:16])

    def test_clips(self, codec: Codec, tiny_world: Path, tmp_path: Path):
        clips = next(each for each in open_folders(tiny_world) if each.is_clips)
        exact, small = kept.encode_pixels(clips, codec), kept.cached_latents(clips, codec, tmp_path)
        assert small.shape == exact.shape == (4, 16, 3, 4, 4)
        assert np.abs(small[np.array([2, 0])] - exact[[2, 0]]).max() <= 0.51 * STEP

    def test_an_older_file_is_made_again_and_goes(self, codec: Codec, folder: Folder, tmp_path: Path):
        path = kept.latent_path(folder, codec, tmp_path)
        path.parent.mkdir()
        np.save(path.with_suffix(".npy"), np.zeros(kept.latent_shape(folder, codec), np.float16))
        assert kept.cached_latents(folder, codec, tmp_path)[:4].any()
        assert sorted(p.suffix for p in path.parent.glob("latents*")) == [".rec"]

    def test_nothing_is_mirrored_where_that_is_not_wanted(self, shared: Shared, tmp_path: Path):
        from mutoscope.train.diffusion import cache_folder, open_encoders

        run = shared("own", make_own_run) / "run"
        (found,) = open_folders(shared("own", make_own_run) / "packed")
        reader, codec = open_encoders(run, preset("tiny"))
        (tmp_path / "parts").symlink_to(run / "parts")
        for wanted in (True, False):
            made = cache_folder(found, codec, reader, tmp_path, ImageOptions(mirror=wanted))
            assert made.may_flip.any() == wanted and made.texts.packed == 32
        assert len(list((tmp_path / "cache").glob("latents-*.rec"))) == 2


class TestStates:
    @pytest.mark.parametrize("width", [384, 64, 32, 130])
    def test_a_number_is_a_byte(self, width: int):
        states = np.random.default_rng(0).normal(0, 0.4, (50, width)).astype(np.float32)
        states[7], states[:, 0] = 0.0, 5.0
        packed = pack_states(states)
        assert packed.shape == (50, packed_width(width)) and packed.dtype == np.uint8
        back = unpack_states(packed, width)
        assert np.abs(back - states).max() <= 5.0 / 127 / 2 * 1.01 and not back[7, 64:].any()
        assert np.sqrt(np.square(back - states).sum() / np.square(states).sum()) < 0.02

    def test_a_thousand_captions_of_24_tokens_take_less_than_10_MB(self):
        assert 1000 * 24 * packed_width(384) < 10e6
