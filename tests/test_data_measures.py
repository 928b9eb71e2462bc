"""Measures, hashes and workers against closed forms and things known to be so."""

import os
import random
from functools import partial

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from hostile import boxed, pan, scene
from mutoscope.data import hashes, measures
from mutoscope.data.workers import count_workers, on_this_machine, spread
from mutoscope.errors import SettingError


def array(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))


class TestBlur:
    def test_it_rises_with_the_blur_of_one_picture(self):
        image = scene(1, 256, 256)
        values = [measures.blur(array(image.filter(ImageFilter.GaussianBlur(s)))) for s in (0, 0.5, 1, 2, 4)]
        assert values == sorted(values) and values[0] < 0.35 and values[-1] > 0.75

    def test_against_the_formula_written_out(self):
        """Equations 1 to 7 of Crete et al. 2007 with plain loops."""
        pixels = array(scene(2, 40, 30))
        picture = measures.luma(pixels).astype(float)
        expected = []
        for turned in (picture, picture.T):
            rows, columns = turned.shape
            smooth = np.empty_like(turned)
            for y in range(rows):
                window = [min(max(y + k, 0), rows - 1) for k in range(-4, 5)]
                smooth[y] = sum(turned[k] for k in window) / 9
            lost = total = 0.0
            for y in range(1, rows):
                for x in range(columns):
                    step, after = abs(turned[y, x] - turned[y - 1, x]), abs(smooth[y, x] - smooth[y - 1, x])
                    total += step
                    lost += max(0.0, step - after)
            expected.append((total - lost) / total)
        assert measures.blur(pixels) == pytest.approx(max(expected), abs=1e-5)

    def test_one_colour_is_not_blurred(self):
        assert measures.blur(np.full((64, 64, 3), 90, np.uint8)) == 0.0

    def test_blur_does_not_depend_on_brightness_and_contrast(self):
        picture = array(scene(3))
        assert measures.blur(picture) == pytest.approx(measures.blur(40 + picture // 2), abs=0.02)


class TestBars:
    @pytest.mark.parametrize("bar", [6, 16, 30])
    def test_bars_are_measured(self, bar):
        assert measures.bars(array(boxed(1, bar))) == (bar, bar, 0, 0)
        assert measures.bars(array(boxed(1, bar, tall=True))) == (0, 0, bar, bar)

    def test_a_window_of_bars_on_all_sides(self):
        image = Image.new("RGB", (200, 160), (9, 9, 12))
        image.paste(scene(4, 150, 100), (25, 30))
        assert measures.bars(array(image)) == (30, 30, 25, 25)

    def test_what_is_none(self):
        thing = Image.new("RGB", (128, 128), "white")
        ImageDraw.Draw(thing).ellipse((30, 30, 98, 98), fill="red")
        ramp = np.broadcast_to(np.linspace(0, 255, 128)[:, None, None], (128, 128, 3)).astype(np.uint8)
        sky = array(scene(5)).copy()
        sky[:40] = 20  # above only
        framed = Image.new("RGB", (160, 160), "white")
        framed.paste(scene(8, 120, 120), (20, 20))
        for pixels in (array(framed), array(thing), ramp, sky, array(scene(6)), np.zeros((128, 128, 3), np.uint8)):
            assert measures.bars(pixels) == (0, 0, 0, 0)

    def test_noise_of_an_encoder_does_not_hide_them(self):
        import io

        target = io.BytesIO()
        boxed(7, 20).save(target, "JPEG", quality=60)
        top, bottom, *_ = measures.bars(array(Image.open(target)))
        assert abs(top - 20) <= 2 and abs(bottom - 20) <= 2


class TestMotion:
    def count(self, frames) -> measures.Motion:
        motion = measures.Motion()
        for frame in frames:
            motion.add(frame)
        return motion

    def test_still_and_moving(self):
        frame = array(scene(1))
        assert self.count([frame] * 5).most == 0.0
        most = np.sort(measures.resize(frame, 32, 32).max(axis=2), axis=None)[-10:]  # a hundredth of 1024 cells
        assert self.count([frame, frame, np.full_like(frame, 0)]).most == pytest.approx(most.mean())

    def test_a_small_thing_that_moves_is_seen(self):
        """A dot of one hundredth of the picture that crosses it slowly; and noise of a camera that is none."""
        frames = np.zeros((12, 100, 100, 3), np.uint8)
        for index, frame in enumerate(frames):
            frame[45:55, 10 + index : 20 + index] = 120
        assert self.count(frames).most > 20
        noise = np.random.default_rng(0).normal(90, 6, (12, 128, 128, 3)).clip(0, 255).astype(np.uint8)
        assert self.count(noise).most < 10

    def test_cuts_are_found_where_they_are(self):
        frames = [*pan(1, 7), *pan(2, 5), *pan(3, 6)]
        assert self.count(frames).cuts(24, 3, 0.6) == [7, 12]

    def test_a_flash_is_no_cut(self):
        frames = pan(4)
        frames[5] = 255
        assert self.count(frames).cuts(24, 3, 0.6) == []


class TestHashes:
    def prints(self, pictures) -> np.ndarray:
        return np.stack([hashes.fingerprint(array(picture)) for picture in pictures])

    def test_the_cosines_are_those_of_the_transform(self):
        values = np.random.default_rng(0).normal(size=32)
        written_out = [sum(v * np.cos(np.pi * (i + 0.5) * k / 32) for i, v in enumerate(values)) for k in range(8)]
        scale = np.array([np.sqrt(1 / 32)] + [np.sqrt(2 / 32)] * 7)
        assert np.allclose(hashes._cosines() @ values, scale * written_out, atol=1e-5)

    def test_copies_are_near_and_others_are_not(self):
        originals = [scene(i) for i in range(30)]
        copies = [image.resize((77, 77)).resize((200, 200)) for image in originals]
        graded = [Image.fromarray((array(image) * 1.03 + 2).clip(0, 255).astype(np.uint8)) for image in originals]
        first, second, third = self.prints(originals), self.prints(copies), self.prints(graded)
        assert hashes.is_near(first, second).mean() > 0.95 and hashes.is_near(first, third).all()
        for turn in range(1, 30):
            assert not hashes.is_near(first, np.roll(first, turn)).any()

    def test_colour_counts(self):
        red, blue = (Image.new("RGB", (99, 99), "white") for _ in range(2))
        for image, fill in ((red, (200, 30, 30)), (blue, (30, 60, 214))):
            ImageDraw.Draw(image).ellipse((20, 20, 80, 80), fill=fill)
        prints = self.prints([red, blue])
        assert hashes.distance(prints[:1], prints[1:])[0] <= hashes.DHASH_NEAR and not hashes.is_near(
            prints[:1], prints[1:]
        )

    def test_against_all_pairs(self):
        """Random prints with planted neighbours: what sorting finds is what comparing all with all finds."""
        generator = np.random.default_rng(1)
        prints = np.zeros(600, hashes.PRINT)
        prints["dhash"] = generator.integers(0, 2**63, (600, 4))
        for index in range(0, 300, 3):
            prints[index + 1] = prints[index + 2] = prints[index]
            for place in (index + 1, index + 2):
                for bit in generator.choice(256, int(generator.integers(1, 24)), replace=False):
                    prints["dhash"][place, bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
        pairs, distances = hashes.near_pairs(prints)
        left, right = np.triu_indices(600, 1)
        near = hashes.is_near(prints[left], prints[right])
        assert np.array_equal(pairs, np.stack([left[near], right[near]], axis=1)) and len(pairs) >= 200
        assert (distances <= hashes.DHASH_NEAR).all()

    def test_a_crowd_of_copies_leaves_one(self):
        generator = np.random.default_rng(2)
        prints = np.zeros(1500, hashes.PRINT)  # far more than the window, each a few bits off
        prints["dhash"] = generator.integers(0, 2**63, (1, 4))
        for place in range(1500):
            for bit in generator.choice(256, int(generator.integers(0, 6)), replace=False):
                prints["dhash"][place, bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
        dropped = hashes.surplus(prints, np.arange(1500))
        assert 1500 - len(dropped) <= 3 and 0 not in dropped
        assert all(other not in dropped or dropped[other][0] != place for place, (other, _) in dropped.items())

    def test_order_does_not_matter(self):
        pictures = [scene(i % 20).resize((90 + i, 90 + i)) for i in range(50)]
        prints, rank = self.prints(pictures), np.arange(50)
        first = hashes.surplus(prints, rank)
        order = np.array(random.Random(0).sample(range(50), 50))
        second = hashes.surplus(prints[order], rank[order])
        assert {int(order[i]): (int(order[other]), bits) for i, (other, bits) in second.items()} == first
        assert hashes.surplus(prints[:0], rank[:0]) == {}


def square(number: int) -> int:
    return number * number


def fragile(path: str, number: int) -> int:
    """Die like a decoder that crashed; `path` counts how often."""
    if number in (5, 11):
        with open(path, "a") as stream:
            stream.write("x")
        os._exit(139)
    return number


class TestWorkers:
    def test_results_come_in_order(self):
        assert list(spread(square, iter(range(100)), square, 7, 2)) == [i * i for i in range(100)]
        assert list(on_this_machine(1)(square, range(5), square, 7)) == [0, 1, 4, 9, 16]

    def test_a_process_that_dies_costs_its_item_alone(self, tmp_path):
        function = partial(fragile, str(tmp_path / "deaths"))
        done = list(spread(function, range(20), lambda item: -item, 4, 2))
        assert done == [-i if i in (5, 11) else i for i in range(20)]

    def test_errors_pass(self):
        with pytest.raises(ValueError):
            list(spread(int, ["1", "x"], str, 1, 2))

    def test_counts(self):
        assert count_workers(3) == 3 and count_workers(None) >= 1
        with pytest.raises(SettingError):
            count_workers(0)
