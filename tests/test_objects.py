"""The object library: what it finds in prompts, where it puts objects, how it lays them into a picture."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.cli import main
from mutoscope.cutouts import dyed
from mutoscope.errors import SettingError
from mutoscope.objects import ObjectLibrary, load_library, own_objects
from mutoscope.objects.layout import lay_out
from mutoscope.objects.paste import interior_cells
from mutoscope.prompt.objects import MAX_OBJECTS
from mutoscope.prompt.request import NamedObject, ObjectPlan, Request
from mutoscope.rng import stream
from mutoscope.vocabulary import COLORS


@pytest.fixture(scope="module")
def library() -> ObjectLibrary:
    return load_library()


class TestWords:
    @pytest.mark.parametrize(
        ("prompt", "scene", "things"),
        [
            ("two red cars on a road at dusk", "a road at dusk", [NamedObject("car", 2, "red")]),
            ("A red fox in an autumn forest", "an autumn forest", [NamedObject("fox")]),
            ("a photo of a cat sitting on a beach at sunset", "a beach at sunset", [NamedObject("cat")]),
            ("Two hot air balloons over a meadow", "a meadow", [NamedObject("hot air balloon", 2, aloft=True)]),
            ("a dog to the left of a cat on a beach", "a beach", [NamedObject("dog", side="left"), NamedObject("cat", side="right")]),
            ("a robot on the left and a dinosaur on the right in a desert", "a desert",
             [NamedObject("robot", side="left"), NamedObject("dinosaur", side="right")]),
            ("a sailboat on a calm lake at sunset, watercolor", "a calm lake at sunset, watercolor", [NamedObject("sailboat")]),
            ("a castle on a hill at night with a dragon in the sky", "meadow, a hill at night",
             [NamedObject("castle"), NamedObject("dragon", aloft=True)]),
            ("a harbour with a ship at golden hour", "a harbour at golden hour", [NamedObject("ship")]),
            ("(fox:1.3) in a snowy forest", "a snowy forest", [NamedObject("fox")]),
            ("a teapot on a plain background", "a plain background", [NamedObject("teapot")]),
        ],
    )  # fmt: skip
    def test_things_and_the_scene_without_them(
        self, library: ObjectLibrary, prompt: str, scene: str, things: list[NamedObject]
    ):
        found = library.find(prompt)
        assert (found.scene, list(found.objects)) == (scene, things)

    @pytest.mark.parametrize(
        "prompt",
        ["A serene lake surrounded by pine trees at sunset", "waves crashing on a beach", "an orange sky over the desert",
         "a lighthouse in a storm", "an island with palm trees under the moon", "a snowy village at dawn, oil painting"],
    )  # fmt: skip
    def test_scenes_hold_no_things(self, library: ObjectLibrary, prompt: str):
        found = library.find(prompt)
        assert found.objects == () and found.scene == prompt

    @pytest.mark.parametrize(
        ("prompt", "color"),
        [("two bicycles on a white background", "white"), ("a cat, isolated on gray", "grey"), ("a sticker of a fox", ""),
         ("a teapot on a solid blue backdrop", "blue"), ("a product photo of a red car", ""), ("a plain teapot", "")],
    )  # fmt: skip
    def test_plain_grounds(self, library: ObjectLibrary, prompt: str, color: str):
        found = library.find(prompt)
        assert (found.place, found.ground) == ("plain ground", color) and len(found.objects) == 1

    def test_a_scene_goes_before_a_ground(self, library: ObjectLibrary):
        found = library.find("a car on a beach with a blue background")
        assert (found.place, found.ground) == ("beach", "")

    @pytest.mark.parametrize(
        "prompt",
        [
            # a bare noun behind a preposition of purpose or place
            "a village reached by train", "by bicycle through a meadow", "a road trip by car through the desert",
            "the sun goes to bed behind a lake", "out of bed at dawn, mountains",
            # where somebody looks from
            "a meadow photographed from a balloon", "a beach filmed from a helicopter", "a harbour watched from the lighthouse",
            "mountains, looking down from a plane", "a lake seen from my boat", "shot from a car, a desert",
            # absent, or out of view
            "a street with no cars", "a meadow without a bus", "a meadow without any cows", "not a dog, a lake",
            "a forest, a horse outside the frame", "a lake, a swan out of the picture", "a beach, two dogs out of view",
            # a fruit's or a flower's name that is a colour
            "a violet and peach sky over a lake", "a pale lemon sky over a beach", "an orange roof in a meadow",
            "deep plum clouds over a desert", "a beach at dawn in coral", "red and orange leaves in a forest",
        ],
    )  # fmt: skip
    def test_what_the_language_says_is_no_object_of_the_picture(self, library: ObjectLibrary, prompt: str):
        found = library.find(prompt)
        assert found.objects == () and found.scene == prompt

    @pytest.mark.parametrize(
        ("prompt", "noun"),
        [
            # the same words without what makes them a figure of speech
            ("a train in a village", "train"), ("a bus by a meadow", "bus"), ("a bed on a lake", "bed"),
            ("a balloon over a meadow", "balloon"), ("a toy made from a car, a meadow", "car"),
            ("two dogs without a leash in a meadow", "dog"), ("a horse in the frame of a door, a meadow", "horse"),
            ("an orange on a lake", "tangerine"), ("two oranges in a meadow", "tangerine"), ("a peach on a table", "peach"),
            ("two red cars in a city without clouds", "car"),
        ],
    )  # fmt: skip
    def test_the_same_nouns_are_objects_elsewhere(self, library: ObjectLibrary, prompt: str, noun: str):
        assert noun in [each.noun for each in library.find(prompt).objects]

    @pytest.mark.parametrize(
        ("prompt", "place"),
        [("a wheat field at dawn", "farm field"), ("a field full of poppies", "flower field"), ("icebergs under a full moon", "arctic"),
         ("fishing boats at the quay", "harbour")],
    )  # fmt: skip
    def test_the_wording_of_a_scene_keeps_its_things(self, library: ObjectLibrary, prompt: str, place: str):
        found = library.find(prompt)
        assert (found.objects, found.scene, found.place) == ((), prompt, place)

    def test_things_that_are_counted_stay_things(self, library: ObjectLibrary):
        found = library.find("three fishing boats on a lake")
        assert [thing.count for thing in found.objects] == [3] and found.place == "lake"
        assert library.find("an apple orchard at noon").objects == (NamedObject("apple"),)

    @pytest.mark.parametrize(
        "prompt", ["snow falling on tiny houses at midnight", "three red houses on a meadow", "houses by a lake"]
    )
    def test_houses_are_objects_like_any_other(self, library: ObjectLibrary, prompt: str):
        assert [each.noun for each in library.find(prompt).objects] == ["houses"]

    def test_things_without_a_scene_go_home(self, library: ObjectLibrary):
        assert library.find("a camel").place == "desert"
        assert library.find("a penguin, watercolor").scene.endswith(", watercolor")
        assert library.find("a teapot").place == "plain ground"

    def test_counts_colors_and_other_spellings(self, library: ObjectLibrary):
        (dogs,) = library.find("a couple of puppies in a meadow").objects
        assert (dogs.noun, dogs.count) == ("dog", 2)
        (cars,) = library.find("cars on a road").objects
        assert cars.count == 3
        (car,) = library.find("one big shiny gray automobile on a road").objects
        assert (car.noun, car.count, car.color) == ("car", 1, "grey")

    def test_never_more_than_there_is_room_for(self, library: ObjectLibrary):
        found = library.find("six dogs, six cats and six cows in a meadow")
        assert sum(thing.count for thing in found.objects) <= MAX_OBJECTS

    @pytest.mark.parametrize(
        "prompt", ["", " ", "🦊", "İstanbul'da bir kedi", "fox " * 400, "((((fox", "\t\n fox, , ,"]
    )
    def test_any_text_is_read(self, library: ObjectLibrary, prompt: str):
        found = library.find(prompt)
        assert isinstance(found.scene, str) and len(found.objects) <= MAX_OBJECTS


class TestLayout:
    @pytest.mark.parametrize("aspect", [0.5, 1.0, 16 / 9, 3.0])
    def test_all_are_inside_and_on_their_side(self, library: ObjectLibrary, aspect: float):
        for seed in range(40):
            things = (NamedObject("dog", 1, side="left"), NamedObject("cat", 1, side="right"))
            left, right = sorted(
                lay_out(things, library.nouns, library.rooms("meadow"), aspect, stream(seed), {}),
                key=lambda item: item.x,
            )
            assert left.wanted.noun == "dog" and right.wanted.noun == "cat" and left.x < 0 < right.x
            for item in (left, right):
                x0, y0, x1, y1 = item.box(1.0, 1.0)
                assert -aspect / 2 <= x0 and x1 <= aspect / 2 and y0 >= -0.01 and y1 <= 1.01

    @pytest.mark.parametrize("count", range(1, MAX_OBJECTS + 1))
    def test_none_hides_another(self, library: ObjectLibrary, count: int):
        for seed in range(30):
            items = lay_out((NamedObject("car", count),), library.nouns, library.rooms("road"), 1.0, stream(seed), {})
            assert len(items) == count
            spans = sorted(item.box(1.0, 1.0)[::2] for item in items)
            assert all(one[1] <= two[0] + 0.02 for one, two in zip(spans, spans[1:], strict=False))

    def test_places_are_those_of_the_scene(self, library: ObjectLibrary):
        def place(noun: str, scene: str, aloft: bool = False) -> tuple[str, float]:
            (item,) = lay_out(
                (NamedObject(noun, aloft=aloft),), library.nouns, library.rooms(scene), 1.0, stream(3), {}
            )
            return item.place, item.y

        assert place("sailboat", "lake")[0] == "water" and place("sailboat", "lake")[1] > 0.5
        assert place("cow", "meadow")[0] == "ground"
        assert place("eagle", "mountains", aloft=True)[0] == "air" and place("eagle", "mountains", aloft=True)[1] < 0.45
        assert place("teapot", "plain ground")[0] == "plain"


class TestPaste:
    def test_the_rest_of_the_picture_stays(self, library: ObjectLibrary):
        picture = np.full((128, 128, 3), (90, 160, 90), np.uint8)
        laid, covered = library.lay_into(picture, library.find("a cow in a meadow"), stream(1))
        assert laid.shape == picture.shape and laid.dtype == np.uint8
        assert 0.03 < covered.mean() < 0.5
        changed = np.abs(laid.astype(int) - picture).sum(-1) > 60
        assert changed[covered > 0.9].mean() > 0.5 and changed[:20].mean() < 0.02

    def test_night_is_darker_than_noon(self, library: ObjectLibrary):
        found = library.find("a white horse in a meadow")
        bright, dark = (
            library.lay_into(np.full((128, 128, 3), level, np.uint8), found, stream(1)) for level in (200, 25)
        )
        inside = bright[1] > 0.9
        assert dark[0][inside].mean() < 0.75 * bright[0][inside].mean()

    def test_a_plain_ground_has_no_ghosts(self, library: ObjectLibrary):
        noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
        white, covered = library.lay_into(noise, library.find("an apple on a white background"), stream(0, 0, "things"))
        around = white[:12].astype(int)
        assert not covered[:12].any() and around.min() > 200 and np.abs(np.diff(around, axis=0)).max() <= 2
        smooth, _ = library.lay_into(noise, library.find("an apple"), stream(0, 0, "things"))
        assert np.abs(np.diff(smooth[:12].astype(int), axis=0)).max() <= 4

    def test_a_thing_is_lit_on_a_dark_ground(self, library: ObjectLibrary):
        found = library.find("an apple on a black background")
        laid, covered = library.lay_into(np.zeros((128, 128, 3), np.uint8), found, stream(0, 0, "things"))
        assert laid[covered > 0.9].mean() > 60 > laid[covered == 0].mean()

    def test_the_same_dice_give_the_same_picture(self, library: ObjectLibrary):
        picture = np.full((64, 96, 3), 120, np.uint8)
        one, two = (library.lay_into(picture, library.find("three dogs in a meadow"), stream(5))[0] for _ in range(2))
        assert np.array_equal(one, two)

    def test_dye(self, library: ObjectLibrary):
        (number,) = [n for n in range(1)]
        pixels = library.drawing("apple", number).pixels
        for color, target in COLORS.items():
            made = dyed(pixels, color)
            solid = made[..., 3] > 0.9
            mean = made[solid][:, :3].mean(0)
            if color in ("red", "green", "blue"):
                assert int(np.argmax(mean)) == int(np.argmax(target))

    def test_held_cells_lie_inside(self):
        covered = np.zeros((32, 48), np.float32)
        covered[8:24, 8:32] = 1.0
        cells = interior_cells(covered, 8)
        assert cells.shape == (1, 1, 1, 4, 6) and cells.sum() == 6 and cells[0, 0, 0, 1, 1] == 1
        covered[8:16, 40:46] = 1.0  # three quarters of a cell
        assert interior_cells(covered, 8)[0, 0, 0, 1, 5] == pytest.approx(0.5)


@pytest.fixture
def my_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of objects of the user's own, with a blue disc on white in it, called `my ball`."""
    monkeypatch.setenv("MUTOSCOPE_CONFIG", str(tmp_path))
    folder = tmp_path / "things"
    folder.mkdir()
    y, x = np.mgrid[:80, :80]
    disc = np.where(((x - 40) ** 2 + (y - 40) ** 2 < 30**2)[..., None], (20, 40, 220), (255, 255, 255)).astype(np.uint8)
    Image.fromarray(disc).save(folder / "my_ball.png")
    return folder


class TestOwnObjects:
    def test_a_file_is_a_word(self, library: ObjectLibrary, my_objects: Path):
        joined = library.with_own(own_objects())
        found = joined.find("my ball on a beach")
        assert [thing.noun for thing in found.objects] == ["my ball"] and found.scene == "a beach"
        assert library.find("my ball on a beach").objects == ()
        pixels = joined.drawing("my ball", 0).pixels
        assert abs(pixels.shape[0] - 60) < 4 and pixels[0, 0, 3] < 0.1 and pixels[30, 30, 2] > 0.7

    def test_it_is_drawn_and_made_again(self, my_objects: Path):
        model = TextToImageModel(threads=1)
        asked: dict[str, Any] = {"seed": 2, "num_inference_steps": 4, "size": "128x128"}
        picture = model.generate("my ball on a beach at noon", **asked)
        assert [name for name, _ in picture.request.objects.own] == ["my ball"]
        assert not any("ball" in warning for warning in picture.warnings)
        alone = model.generate("my ball on a beach at noon", objects=False, **asked)
        blue, before = ((p.astype(int)[..., 2] - p[..., 0])[25:] > 90 for p in (picture.pixels, alone.pixels))
        assert blue.mean() > before.mean() + 0.03
        assert np.array_equal(model.redo(Request.from_json(picture.request.to_json())).pixels, picture.pixels)
        (my_objects / "my_ball.png").unlink()
        with pytest.raises(SettingError, match="your own object 'my ball'"):
            model.redo(picture.request)

    @pytest.mark.parametrize("kind", ["noise", "text", "clear"])
    def test_what_is_no_cut_out_is_refused(self, library: ObjectLibrary, my_objects: Path, kind: str):
        file = my_objects / "odd.png"
        if kind == "text":
            file.write_bytes(b"no picture")
        elif kind == "noise":
            Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)).save(file)
        else:
            Image.fromarray(np.zeros((40, 40, 4), np.uint8)).save(file)
        with pytest.raises(SettingError):
            library.with_own(own_objects()).drawing("odd", 0)


class TestCommand:
    def test_list_prompt_and_credits(self, my_objects: Path, capsys: pytest.CaptureFixture[str]):
        assert main(["objects"]) == 0
        out, err = capsys.readouterr()
        assert "hot air balloon" in out and "my ball" in out and str(my_objects.with_name("objects")) in err
        assert main(["objects", "two red cars on a road", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["objects"] == [
            {"object": "car", "count": 2, "color": "red", "side": ""}
        ]
        assert main(["things", "--credits"]) == 0  # the former name
        assert "Apache-2.0" in capsys.readouterr().out


class TestPictures:
    def test_an_object_is_where_it_was_put(self):
        model = TextToImageModel(threads=1)
        asked: dict[str, Any] = {"seed": 4, "num_inference_steps": 6, "size": "128x128"}
        with_library = model.generate("a red car on a beach at noon", **asked)
        alone = model.generate("a red car on a beach at noon", objects=False, **asked)
        assert with_library.request.objects == ObjectPlan(
            (NamedObject("car", 1, "red"),), (("a beach at noon", 1.0),), "beach", library=load_library().digest
        )
        assert alone.request.objects is None
        red = [(p.astype(int)[..., 0] - p.astype(int)[..., 2] > 70).mean() for p in (with_library.pixels, alone.pixels)]
        assert red[0] > 0.02 and not np.array_equal(with_library.pixels, alone.pixels)
        assert np.array_equal(model.redo(with_library.request).pixels, with_library.pixels)

    def test_the_former_name_of_the_option_is_taken(self, painter: TextToImageModel):
        without: tuple[dict[str, Any], ...] = (
            {"things": False},
            {"objects": False},
            {"things": True, "objects": False},
        )
        for asked in without:
            (request,) = painter.requests(painter.options("a red car on a beach", seed=1, **asked))
            assert request.objects is None
        (request,) = painter.requests(painter.options("a red car on a beach", seed=1, things=True))
        assert request.objects is not None

    def test_without_objects_nothing_changes(self):
        model = TextToImageModel(threads=1)
        asked: dict[str, Any] = {"seed": 4, "num_inference_steps": 4, "size": "128x128"}
        one, two = (model.generate("a lake at noon", objects=objects, **asked).pixels for objects in (True, False))
        assert np.array_equal(one, two)

    def test_another_library_is_refused(self, painter: TextToImageModel):
        (request,) = painter.requests(painter.options("a fox in a forest", num_inference_steps=2, size="48x32"))
        assert request.objects is not None
        other = replace(request, objects=replace(request.objects, library="0123456789abcdef"))
        with pytest.raises(
            SettingError, match=f"with the object library 0123456789abcdef; this version has {load_library().digest}"
        ):
            painter.redo(other)

    def test_a_clip_begins_with_its_objects(self):
        clip = TextToVideoModel(threads=1).generate("a red car on a beach", num_frames=5, seed=1, num_inference_steps=3)
        assert clip.frames.shape == (5, 128, 128, 3) and clip.request.objects.objects == (NamedObject("car", 1, "red"),)
        alone = TextToVideoModel(threads=1).generate(
            "a red car on a beach", num_frames=5, seed=1, num_inference_steps=3, objects=False
        )
        red = [
            (made.frames.astype(int)[..., 0] - made.frames.astype(int)[..., 2] > 70).mean((1, 2))
            for made in (clip, alone)
        ]
        assert (red[0] > red[1]).all(), "in every frame, not only in the first"
