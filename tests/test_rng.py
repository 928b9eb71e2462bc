"""Random streams: equal to the published Philox, uniform and normal as they say, and one per sample."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutoscope.rng import FEW_BLOCKS, between, philox, philox_block, stream

FULL = 0xFFFFFFFF
GOLDEN_BITS = ["e94996d1", "c506362a", "d578ac1d", "befb38ee"]
GOLDEN_NORMAL = [0.05302102, -0.42778596, -0.0150691, -0.60259628]


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [  # kat_vectors of Random123, philox4x32 with 10 rounds
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((FULL,) * 4, (FULL, FULL), "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_known_answers(counter, key, expected):
    words = philox(np.array([counter], np.uint64), key)[0]
    assert " ".join(f"{word:08x}" for word in words) == expected


def plain_philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 as in figure 2 of Salmon et al. 2011, on Python integers."""
    for _ in range(10):
        p0, p1 = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = [(p1 >> 32) ^ counter[1] ^ key[0], p1 & FULL, (p0 >> 32) ^ counter[3] ^ key[1], p0 & FULL]
        key = [(key[0] + 0x9E3779B9) & FULL, (key[1] + 0xBB67AE85) & FULL]
    return counter


@given(st.lists(st.integers(0, FULL), min_size=4, max_size=4), st.lists(st.integers(0, FULL), min_size=2, max_size=2))
def test_philox_equals_integer_arithmetic(counter, key):
    assert philox(np.array([counter], np.uint64), (key[0], key[1]))[0].tolist() == plain_philox(counter, key)


def test_golden_numbers_do_not_move():
    """Every saved request depends on these; if they change, raise the sampler version."""
    assert [f"{word:08x}" for word in stream(7, 0).bits(4)] == GOLDEN_BITS
    assert stream(7, 0).normal((4,)).tolist() == pytest.approx(GOLDEN_NORMAL, abs=1e-7)


def test_uniform_is_uniform():
    values = stream("uniform").uniform(shape=(100_000,))
    assert 0 < values.min() and values.max() < 1
    assert values.mean() == pytest.approx(0.5, abs=4 * np.sqrt(1 / 12 / 1e5))
    counts = np.histogram(values, bins=100, range=(0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 160  # chi-square, 99 degrees of freedom: beyond 160 once in 10,000


def test_normal_is_normal():
    values = stream("normal").normal((200_000,)).astype(np.float64)
    assert values.mean() == pytest.approx(0, abs=0.01)
    assert values.var() == pytest.approx(1, abs=0.02)
    assert (values**3).mean() == pytest.approx(0, abs=0.04)
    assert (values**4).mean() == pytest.approx(3, abs=0.1)
    assert np.corrcoef(values[:-1], values[1:])[0, 1] == pytest.approx(0, abs=0.01)
    assert (np.abs(values) < 1.959964).mean() == pytest.approx(0.95, abs=0.003)


def test_a_sample_does_not_depend_on_its_batch():
    batch = np.stack([stream(3, index).normal((4, 5)) for index in range(8)])
    assert np.array_equal(stream(3, 7).normal((4, 5)), batch[7])


def test_shapes_only_arrange_the_numbers():
    flat = stream(1).normal((24,))
    assert np.array_equal(stream(1).normal((2, 3, 4)), flat.reshape(2, 3, 4))
    assert np.array_equal(stream(1).normal((7,)), flat[:7])


def test_a_stream_goes_on_where_it_stopped():
    whole, parts = stream(5), stream(5)
    assert np.array_equal(whole.bits(16), np.concatenate([parts.bits(4), parts.bits(12)]))


def test_keys_are_kept_apart():
    keys = [(0,), (1,), (0, 0), (0, 1), (1, 0), (10,), ("0",), ("0,1",), ("0", "1"), ("a",), ("a", 0), (-1,), (2**70,)]
    heads = {tuple(stream(*key).bits(4).tolist()) for key in keys}
    assert len(heads) == len(keys)


def test_streams_of_neighbouring_keys_are_independent():
    rows = np.stack([stream(seed, 0).normal((5000,)) for seed in range(6)])
    for one, other in itertools.combinations(rows, 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.07  # five standard deviations


@given(st.integers(-1000, 1000), st.integers(1, 1000), st.integers(0, 2**32))
def test_integers_stay_inside(low, width, seed):
    values = stream(seed).integers(low, low + width, (64,))
    assert values.min() >= low and values.max() < low + width
    assert isinstance(stream(seed).integers(low, low + width), int)


def test_choice_follows_the_weights():
    random = stream("choice")
    drawn = [random.choice("abc", (1.0, 0.0, 3.0)) for _ in range(4000)]
    assert "b" not in drawn
    assert drawn.count("c") / 4000 == pytest.approx(0.75, abs=0.03)


@given(st.integers(0, 300), st.integers(0, 2**32))
def test_permutation_keeps_everything(count, seed):
    assert sorted(stream(seed).permutation(count)) == list(range(count))


def test_noise_between_two_is_normal_and_goes_from_one_to_the_other():
    one, other = stream("one").normal((40_000,)), stream("other").normal((40_000,))
    assert np.array_equal(between(one, other, 0.0), one) and np.array_equal(between(one, other, 1.0), other)
    distances = []
    for share in np.linspace(0, 1, 9):
        noise = between(one, other, share)
        assert noise.dtype == np.float32 and abs(noise.mean()) < 0.02 and abs(noise.std() - 1) < 0.02
        assert np.mean(noise * one) == pytest.approx(np.cos(share * np.pi / 2), abs=0.02)  # the angle grows evenly
        distances.append(np.square(noise - one).mean())
    assert distances == sorted(distances)


@pytest.mark.parametrize("block", [0, 1, 7, 2**32 - 1, 2**32, 2**40 + 5])
def test_few_blocks_are_the_numbers_of_many(block: int):
    key = (0xDEADBEEF, 0x12345678)
    counters = np.array([[block & 0xFFFFFFFF, block >> 32, 0, 0]], np.uint64)
    assert philox(counters, key)[0].tolist() == list(philox_block(block, key))


def test_a_stream_goes_on_the_same_in_small_and_large_calls():
    counts = (1, 4, 3, 4 * FEW_BLOCKS, 4 * FEW_BLOCKS + 1, 2)
    taken, blocks = stream("a"), sum(-(-count // 4) for count in counts)
    all_at_once = stream("a").bits(4 * blocks)
    at = 0
    for count in counts:
        assert np.array_equal(taken.bits(count), all_at_once[at : at + count])
        at += 4 * -(-count // 4)
