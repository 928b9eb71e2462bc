"""Cameras and suns that move: seen in the pixels, by searching for the shift, the scale and the sun's disc."""

import pytest
import torch
import torch.nn.functional as F

from mutoscope.vocabulary import CAMERAS
from mutoscope.world.camera import SPEEDS, canvas, kind
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.noise import GLIDE, glide
from mutoscope.world.render import render
from mutoscope.world.scenes import SCENE_DRAWINGS
from mutoscope.world.spec import Facts

SIZE = 96
SCENES = {"pan": "city skyline", "tilt": "mountains", "zoom": "snowy village"}


def clip(camera: str, times, index: int = 0, width: int = SIZE, height: int = SIZE, styled: bool = False, **facts: str):
    facts = {
        "scene": SCENES.get(kind(camera), "lake"),
        "light": "noon",
        "weather": "clear",
        "season": "summer",
        **facts,
    }
    spec = draw_spec(3, index, held_out=None, **Facts(camera=camera, **facts))
    return render([spec], width, height, times, styled=styled)[0]


def shift(one, two, axis: int, reach: int = 24) -> int:
    """Return by how many pixels `one` (3 H W) has to be moved along `axis` to lie on `two` best."""
    costs, size = {}, one.shape[axis]
    for step in range(-reach, reach + 1):
        first = one.narrow(axis, max(0, -step), size - abs(step))
        costs[step] = (first - two.narrow(axis, max(0, step), size - abs(step))).abs().mean()
    return min(costs, key=lambda step: costs[step])


def scale(one, two) -> float:
    """Return how many times larger `two` (3 H W) shows what the middle of `one` shows."""
    costs = {}
    for percent in range(70, 141):
        turn = torch.diag(torch.tensor([100 / percent, 100 / percent])).float()
        grid = F.affine_grid(F.pad(turn, (0, 1))[None], [1, 3, SIZE, SIZE], align_corners=False)
        seen, inside = F.grid_sample(one[None], grid, align_corners=False)[0], (grid.abs() < 1).all(-1)[0]
        costs[percent] = (seen - two)[:, inside].abs().mean()
    return min(costs, key=lambda percent: costs[percent]) / 100


@pytest.mark.parametrize(
    ("camera", "axis", "sign"), [("pan left", 2, 1), ("pan right", 2, -1), ("tilt up", 1, 1), ("tilt down", 1, -1)]
)
def test_pans_and_tilts_go_where_the_word_says(camera, axis, sign):
    for index in range(2):
        frames = clip(camera, (0.0, 1.0, 2.0), index)
        slow, fast = (speed * SIZE for speed in SPEEDS[kind(camera)])
        first, second = (sign * shift(frames[:, k], frames[:, k + 1], axis) for k in range(2))
        assert slow - 1 <= first <= fast + 1 and abs(first - second) <= 1  # one second's way, the same in the next


@pytest.mark.parametrize(("camera", "sign"), [("zoom in", 1), ("zoom out", -1)])
def test_zooms_go_where_the_word_says(camera, sign):
    for index in range(2):
        frames = clip(camera, (0.0, 2.0), index)
        slow, fast = (2 * speed for speed in SPEEDS["zoom"])
        found = sign * torch.tensor(scale(frames[:, 0], frames[:, 1])).log()
        assert slow - 0.02 <= found <= fast + 0.02


def test_a_still_camera_stays_still():
    frames = clip("still", (0.0, 2.0), scene="mountains")
    assert shift(frames[:, 0], frames[:, 1], 1) == shift(frames[:, 0], frames[:, 1], 2) == 0
    assert abs(scale(frames[:, 0], frames[:, 1]) - 1) < 0.011


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("event", ["none", "sun setting"])
def test_a_frame_depends_on_its_time_alone(camera, event):
    facts = {"light": "sunset", "event": event, "style": "photo", "width": 64, "height": 48}
    frames = clip(camera, (0.0, 0.5, 1.5), **facts)
    assert frames.shape == (3, 3, 48, 64) and frames.isfinite().all() and 0 <= frames.min() and frames.max() <= 1
    assert torch.allclose(frames[:, 1:2], clip(camera, (0.5,), **facts), atol=2e-3)
    assert (frames[:, 1:2] - clip(camera, (0.5,), **facts)).abs().mean() < 1e-4


def test_a_clip_is_the_same_in_a_mixed_batch():
    facts = {"held_out": None, "scene": "lake", "light": "dawn", "weather": "clear"}
    specs = [draw_spec(4, i, camera=camera, **facts) for i, camera in enumerate(CAMERAS)]
    specs += [draw_spec(4, i, event="sun rising", **facts) for i in range(2)]
    together = render(specs, 48, 48, (0.0, 1.0), styled=False)
    for spec, frames in zip(specs, together, strict=True):
        assert (render([spec], 48, 48, (0.0, 1.0), styled=False)[0] - frames).abs().mean() < 1e-4


def test_every_scene_takes_a_camera_and_a_moving_sun():
    facts = {"held_out": None, "weather": "clear"}
    for scene in SCENE_DRAWINGS:
        specs = [draw_spec(5, 0, scene=scene, light="dawn", camera="tilt up", event="sun rising", **facts)]
        specs += [draw_spec(5, 1, scene=scene, light="sunset", camera="pan left", event="sun setting", **facts)]
        frames = render(specs, 48, 32, (0.0, 1.0), styled=False)
        change = (frames[:, :, 0] - frames[:, :, 1]).abs().mean((1, 2, 3))
        assert frames.isfinite().all() and (change.min() > 1e-3 or scene == "plain ground")  # an empty backdrop


def test_a_still_scene_pays_nothing(monkeypatch):
    def refuse(*_):
        raise AssertionError("a still scene came to the camera or the moving sun")

    still, moving = (draw_spec(4, 0, held_out=None, scene="lake", camera=camera) for camera in ("still", "pan left"))
    mixed = render([moving, still], 32, 32, styled=False)[1]
    monkeypatch.setattr("mutoscope.world.render.follow", refuse)
    monkeypatch.setattr("mutoscope.world.view.sun_events", refuse)
    assert torch.equal(render([still], 32, 32, styled=False)[0], mixed)


def test_a_long_clip_comes_to_rest_inside_the_canvas():
    times = torch.linspace(0, 60, 601)
    way = glide(times)
    assert torch.equal(way[:31], times[:31]) and (way.diff() >= 0).all() and way[-1] <= GLIDE
    assert (way.diff().diff().abs() < 0.011).all()  # the speed never jumps
    for camera in CAMERAS[1:]:
        frames = clip(camera, (30.0, 60.0), light="noon", width=48, height=48)
        assert frames.isfinite().all()
    assert canvas("pan left", 128, 96) == (round(128 * 1.34), 96) and canvas("tilt up", 128, 96) == (128, 123)


def sun_height(frames, rows: float) -> list[float]:
    """Return the y of the disc in each frame (3 T H W): the middle of the brightest 1 in 400 of the upper `rows`."""
    grey = frames.mean(0)[:, : int(rows * frames.shape[2])]
    heights = []
    for frame in grey:
        disc = (frame >= frame.flatten().topk(frame.numel() // 400).values[-1]).float()
        heights.append(float((disc.sum(1) * torch.arange(len(frame))).sum() / disc.sum() / frames.shape[2]))
    return heights


@pytest.mark.parametrize(("event", "light", "sign"), [("sun rising", "dawn", -1), ("sun setting", "sunset", 1)])
@pytest.mark.parametrize("scene", ["flower field", "meadow"])
def test_the_sun_moves(event, light, sign, scene):
    frames = clip("still", (0.0, 0.5, 1.0, 1.5, 2.0), scene=scene, light=light, event=event)
    heights = torch.tensor(sun_height(frames, 0.46))
    assert (sign * heights.diff() > 0).all()
    assert 0.04 < sign * (heights[-1] - heights[0]) < 0.14  # about a tenth; a sinking disc is hidden by and by
    mean = frames[:, :, : int(0.35 * SIZE)].mean((2, 3))  # of the sky
    assert (sign * mean.sum(0).diff() < 0).all()  # it grows lighter, or darker
    warmth = mean[0] / mean[2]
    assert (warmth.diff() > 0).all()  # redder both ways
