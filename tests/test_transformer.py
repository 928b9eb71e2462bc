"""What each frame may see, and that one frame at a time with a cache draws what the whole clip at once draws.

All in float64 with random weights everywhere (the fresh network answers zero, which would prove nothing).
"""

import numpy as np
import pytest
import torch
from torch import Tensor

from mutoscope.config import PATCH, TransformerConfig
from mutoscope.layers import rotate
from mutoscope.shapes import rotary_table
from mutoscope.transformer import Transformer, frame_mask, join_masks, patchify, unpatchify

CONFIG = TransformerConfig(width=128, depth=2, latent_channels=3, text_width=16, adapter_depth=1, window=2)
FRAMES, ROWS, COLUMNS, LENGTH = 6, 2, 3, 5
REACH = CONFIG.depth * (
    CONFIG.window - 1
)  # frames back that a token hears of, frame 0 aside: one window for each block


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def lively(config: TransformerConfig) -> Transformer:
    model = Transformer(config).double()
    for seed, parameter in enumerate(model.parameters()):
        fan_in = parameter.shape[-1] if parameter.ndim == 2 else 4
        parameter.data += draw(*parameter.shape, seed=seed) * 0.5 * fan_in**-0.5
    return model.requires_grad_(False)


@pytest.fixture(scope="module")
def model() -> Transformer:
    return lively(CONFIG)


@pytest.fixture
def clip() -> dict[str, Tensor]:
    return {
        "latents": draw(2, 3, FRAMES, ROWS * PATCH, COLUMNS * PATCH, seed=1),
        "time": torch.rand(2, FRAMES, generator=torch.Generator().manual_seed(2), dtype=torch.float64),
        "text": draw(2, LENGTH, CONFIG.width, seed=3),
        "text_mask": torch.tensor([[True] * LENGTH, [True] * 3 + [False] * 2]),
    }


def changed_frames(before: Tensor, after: Tensor) -> set[int]:
    return {
        k for k in range(before.shape[2]) if not torch.allclose(before[:, :, k], after[:, :, k], atol=1e-11, rtol=0)
    }


def test_patches_are_squares_in_reading_order_and_come_back():
    latents = draw(2, 3, 2, 4, 6)
    tokens = patchify(latents)
    place = 0
    for t in range(2):
        for row in range(2):
            for column in range(3):
                square = latents[:, :, t, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                assert torch.equal(tokens[:, place], square.flatten(1))
                place += 1
    assert tokens.shape[1] == place
    assert torch.equal(unpatchify(tokens, 2, 2, 3), latents)


@pytest.mark.parametrize("window", [1, 2, 4])
def test_the_mask_of_frames_by_hand(window: int):
    mask = frame_mask(5, 3, window)
    for query in range(15):
        for key in range(15):
            q, k = query // 3, key // 3
            assert mask[query, key] == (k == 0 or k in range(max(0, q - window + 1), q + 1)) and (
                k <= q or not mask[query, key]
            )


def test_joined_masks_stand_in_the_order_text_frames():
    text = torch.tensor([[True, False], [True, True]])
    frames = torch.tensor([[True, False, False], [True, True, False], [True, True, True]])
    joined = join_masks(text, frames, 3)
    assert joined.shape == (2, 1, 3, 2 + 3)
    for b in range(2):
        for query in range(3):
            assert joined[b, 0, query].tolist() == text[b].tolist() + frames[query].tolist()
    assert join_masks(text, None, 3)[0, 0].tolist() == [[True, False] + [True] * 3]


@pytest.mark.parametrize("frame", range(FRAMES))
def test_a_frame_is_heard_by_itself_its_window_and_if_first_by_all(model: Transformer, clip, frame: int):
    before = model(**clip)
    clip["latents"][:, :, frame] += 1.0
    heard = range(FRAMES) if frame == 0 else range(frame, min(FRAMES, frame + REACH + 1))
    assert changed_frames(before, model(**clip)) == set(heard)


@pytest.mark.parametrize("frame", range(FRAMES))
def test_the_time_of_a_frame_reaches_as_far_as_its_latents(model: Transformer, clip, frame: int):
    before = model(**clip)
    clip["time"][:, frame] *= 0.5
    heard = range(FRAMES) if frame == 0 else range(frame, min(FRAMES, frame + REACH + 1))
    assert changed_frames(before, model(**clip)) == set(heard)


def test_a_picture_is_the_first_frame_of_a_clip(model: Transformer, clip):
    whole = model(**clip)
    clip["latents"], clip["time"] = clip["latents"][:, :, :1], clip["time"][:, :1]
    torch.testing.assert_close(model(**clip), whole[:, :, :1], atol=1e-11, rtol=0)


@pytest.mark.parametrize("window", [1, 2, 3, 9])
@pytest.mark.parametrize(("sample", "length"), [(0, LENGTH), (1, 3)])
def test_frame_by_frame_with_a_cache_equals_the_whole_clip(clip, window: int, sample: int, length: int):
    """Frame k at its own time after clean frames: once in one pass over the clip, once with remembered keys and values."""
    clip = {name: value[sample : sample + 1] for name, value in clip.items()}
    model = lively(TransformerConfig(**{**vars(CONFIG), "window": window}))
    latents, text, text_mask = clip["latents"], clip["text"], clip["text_mask"]
    head_width = CONFIG.width // CONFIG.heads
    table = torch.from_numpy(rotary_table(np.arange(FRAMES), ROWS, COLUMNS, head_width)).unflatten(1, (FRAMES, -1))
    remembered: dict[int, tuple[Tensor, Tensor]] = {}
    for k in range(FRAMES):
        time = torch.zeros(1, k + 1, dtype=torch.float64)
        time[:, k] = clip["time"][:, k]
        whole = model(latents[:, :, : k + 1], time, text, text_mask)[:, :, k:]

        seen = [j for j in remembered if j == 0 or k - j < window]
        pooled, keys, values = model.read_text(text[:, :length])
        if seen:
            past_keys, past_values = (torch.cat([remembered[j][i] for j in seen], 3) for i in (0, 1))
            keys = torch.cat([keys, rotate(past_keys, table[:, seen].flatten(1, 2))], 3)
            values = torch.cat([values, past_values], 3)
        patches = patchify(latents[:, :, k : k + 1])
        velocity, _, _ = model.step(patches, time[:, k:], pooled, keys, values, table[:, k])
        torch.testing.assert_close(unpatchify(velocity, 1, ROWS, COLUMNS), whole, atol=1e-10, rtol=0)
        _, keys, values = model.step(patches, torch.zeros_like(time[:, k:]), pooled, keys, values, table[:, k])
        assert keys.shape == values.shape == (CONFIG.depth, 1, CONFIG.heads, ROWS * COLUMNS, head_width)
        remembered[k] = (keys, values)


def test_each_sample_of_a_batch_stands_alone(model: Transformer, clip):
    whole = model(**clip)
    for b in range(2):
        alone = model(**{name: value[b : b + 1] for name, value in clip.items()})
        torch.testing.assert_close(alone, whole[b : b + 1], atol=1e-11, rtol=0)


def test_padding_of_the_text_does_not_matter(model: Transformer):
    """Other states under the mask, more padding, less padding: the same velocity; a token that stands does matter."""
    latents, time = draw(1, 3, 2, 4, 4), torch.tensor([[0.2, 0.9]], dtype=torch.float64)
    states = draw(1, 7, CONFIG.text_width, seed=5)

    def velocity(states: Tensor, standing: int) -> Tensor:
        mask = torch.arange(states.shape[1])[None] < standing
        return model(latents, time, model.adapt(states, mask), mask)

    expected = velocity(states[:, :4], 4)
    torch.testing.assert_close(velocity(states, 4), expected, atol=1e-11, rtol=0)
    wild = states.clone()
    wild[:, 4:] = 100.0
    torch.testing.assert_close(velocity(wild, 4), expected, atol=1e-11, rtol=0)
    assert not torch.allclose(velocity(states, 5), expected, atol=1e-3)
    wild[:, 0] += 1.0
    assert not torch.allclose(velocity(wild, 4), expected, atol=1e-3)


def test_a_fresh_network_answers_zero_and_every_parameter_can_learn(clip):
    fresh = Transformer(CONFIG).double()
    assert not fresh(**clip).any()
    model = lively(CONFIG).requires_grad_(True)
    states = draw(2, LENGTH, CONFIG.text_width, seed=6)
    clip["text"] = model.adapt(states, clip["text_mask"])
    model(**clip).square().mean().backward()
    idle = [name for name, parameter in model.named_parameters() if parameter.grad is None or not parameter.grad.any()]
    assert not idle
