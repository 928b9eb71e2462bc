"""Files of phones, browsers and other programs: color profiles, turned clips, samples that are not square, transparent masks,
end marks that are missing, modes of more than 8 bits. Each is made here, and what is right comes from the standards."""

import io
import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.container import InputContainer
from av.video.stream import VideoStream
from PIL import Image, ImageCms, ImageDraw, features

from mutoscope import media
from mutoscope.errors import MediaError, SettingError, SizeError
from mutoscope.init_image import InitImage, open_init_image
from mutoscope.media import limits

ONE = 0x10000  # 1 as a number of 16.16 bits
WHITE_POINT = (0.9642, 1.0, 0.8249)  # D50
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))


def opened(image: Any, mask: Any = None) -> InitImage:
    found = open_init_image(image, mask)
    assert found is not None
    return found


def mask_read(mask: Any, width: int = 64, height: int = 48) -> np.ndarray:
    """Return a mask as it is read for a black picture."""
    found = opened(np.zeros((height, width, 3), np.uint8), mask).mask
    assert found is not None
    return found


# profiles as the ICC specification (ICC.1:2010) lays them out -----------------------------------------------------


def s15(values: Any) -> bytes:
    return b"".join(struct.pack(">i", round(value * ONE)) for value in values)


def curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def profile(space: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ", kind: bytes = b"mntr") -> bytes:
    """Return a profile of version 2 with these tags."""
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags = {b"desc": text, b"cprt": b"text\0\0\0\0CC0\0", b"wtpt": b"XYZ \0\0\0\0" + s15(WHITE_POINT)} | tags
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", 128 + len(table) + len(body), b"none", 0x02400000, kind, space, connection)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + s15(WHITE_POINT)
    return head.ljust(128, b"\0") + table + body


def rgb_profile(primaries: Any = ADOBE_RGB, gamma: float = 2.2) -> bytes:
    tags = {name: b"XYZ \0\0\0\0" + s15(xyz) for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    return profile(b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve(gamma)))


def gray_profile(gamma: float) -> bytes:
    return profile(b"GRAY", {b"kTRC": curve(gamma)})


def cmyk_profile() -> bytes:
    """Return inks whose lightness falls with the sum of the four, without color: a table of two steps an ink, in L*a*b*."""
    steps = np.stack(np.meshgrid(*4 * [[0, 1]], indexing="ij"), -1).reshape(-1, 4)
    lab = np.stack([255 - steps.sum(1) * 255 / 4, *2 * [np.full(16, 128)]], -1).round().astype(np.uint8)
    straight = bytes(range(256))
    table = (
        b"mft1\0\0\0\0"
        + bytes([4, 3, 2, 0])
        + s15((1, 0, 0, 0, 1, 0, 0, 0, 1))
        + 4 * straight
        + lab.tobytes()
        + 3 * straight
    )
    return profile(b"CMYK", {b"A2B0": table, b"A2B1": table}, b"Lab ", b"prtr")


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    """Return levels 0 to 255 of linear light, by IEC 61966-2-1."""
    linear = linear.clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def adobe_to_srgb(levels: np.ndarray, gamma: float = 2.2) -> np.ndarray:
    """Return the sRGB of Adobe RGB levels by matrices alone."""
    to_xyz, from_xyz = np.array(ADOBE_RGB).T, np.linalg.inv(np.array(SRGB).T)
    return encode_srgb((levels / 255) ** gamma @ (from_xyz @ to_xyz).T)


def ramp() -> np.ndarray:
    """Colors without pure ones, whose sRGB in Adobe RGB's gamut is out of range."""
    red, green = np.meshgrid(np.linspace(60, 190, 24), np.linspace(60, 190, 16))
    return np.stack([red, green, 250 - red / 2 - green / 2], -1).round().astype(np.uint8)


class TestProfiles:
    @pytest.mark.parametrize(
        ("ending", "options"),
        [("png", {}), ("webp", {"lossless": True}), ("jpg", {"quality": 100, "subsampling": 0})],
    )
    def test_colors_are_converted_to_srgb(self, tmp_path: Path, ending: str, options: dict[str, Any]):
        path = tmp_path / f"wide.{ending}"
        Image.fromarray(ramp()).save(path, icc_profile=rgb_profile(), **options)
        wanted = adobe_to_srgb(ramp())
        assert np.abs(wanted - ramp()).max() > 20  # dull without
        for pixels in (media.read_pixels(path), opened(path).pixels):
            off = np.abs(pixels - wanted)
            assert off.mean() < 1 and (ending == "jpg" or off.max() <= 1.5)
        with Image.open(path) as image:
            assert np.array_equal(opened(image).pixels, opened(path).pixels)

    def test_so_are_palettes_and_transparent_pictures(self, tmp_path: Path):
        wanted = adobe_to_srgb(np.array([[(180, 90, 60)]]))
        plain = Image.new("RGB", (4, 4), (180, 90, 60))
        transparent = plain.convert("RGBA")
        transparent.putpixel((3, 3), (180, 90, 60, 0))
        for image in (plain.quantize(4), transparent):
            image.save(tmp_path / "a.png", icc_profile=rgb_profile())
            pixels = media.read_pixels(tmp_path / "a.png")
            assert np.abs(pixels[:3, :3] - wanted).max() <= 1.5
        assert pixels[3, 3].tolist() == [255, 255, 255]

    @pytest.mark.parametrize("mode", ["L", "LA"])
    def test_gray_profiles(self, tmp_path: Path, mode: str):
        levels = np.arange(0, 250, 10, dtype=np.uint8)[None]
        Image.fromarray(levels).convert(mode).save(tmp_path / "a.png", icc_profile=gray_profile(1.0))
        pixels = media.read_pixels(tmp_path / "a.png")
        assert np.abs(pixels[..., 0] - encode_srgb(levels / 255)).max() <= 1.5
        assert (pixels == pixels[..., :1]).all()

    def test_inks_are_mixed_by_their_profile(self, tmp_path: Path):
        inks = np.zeros((16, 64, 4), np.uint8)
        inks[:, ::2] = (128, 128, 128, 128)  # half of the four: L* = 50
        inks[8:] = (0, 0, 0, 255)  # a quarter: L* = 75
        Image.frombytes("CMYK", (64, 16), inks.tobytes()).save(
            tmp_path / "a.jpg", quality=100, subsampling=0, icc_profile=cmyk_profile()
        )
        pixels = media.read_pixels(tmp_path / "a.jpg").astype(int)
        wanted = [255, encode_srgb(((50 + 16) / 116) ** np.array(3)), encode_srgb(((75 + 16) / 116) ** np.array(3))]
        got = [pixels[:8, 1::2], pixels[:8, ::2], pixels[8:]]
        assert [round(float(np.abs(one - level).max())) <= 4 for one, level in zip(got, wanted, strict=True)] == [
            True
        ] * 3

    def test_pictures_with_the_profile_of_srgb_are_left_alone(self, tmp_path: Path):
        pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
        official = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        for number, data in enumerate((official, None)):
            Image.fromarray(pixels).save(tmp_path / f"{number}.png", icc_profile=data)
        assert np.array_equal(media.read_pixels(tmp_path / "0.png"), pixels)
        assert opened(tmp_path / "0.png").hash == opened(tmp_path / "1.png").hash == opened(pixels).hash

    @pytest.mark.parametrize(
        "data", [b"", b"no profile", rgb_profile()[:200], rgb_profile()[:140] + bytes(300), gray_profile(1.0), cmyk_profile()],
        ids=["empty", "text", "cut", "zeros", "gray", "inks"],
    )  # fmt: skip
    def test_one_that_makes_no_sense_is_ignored(self, tmp_path: Path, data: bytes):
        Image.fromarray(ramp()).save(tmp_path / "a.png", icc_profile=data)
        assert np.array_equal(media.read_pixels(tmp_path / "a.png"), ramp())

    def test_an_animation_is_converted_frame_by_frame(self, tmp_path: Path):
        frames = [Image.fromarray(np.roll(ramp(), step, 1)) for step in range(3)]
        frames[0].save(
            tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True, icc_profile=rgb_profile()
        )
        wanted = np.stack([adobe_to_srgb(np.asarray(frame)) for frame in frames])
        assert np.abs(media.read_pixels(tmp_path / "a.webp") - wanted).max() <= 1.5

    def test_a_mask_is_data_and_no_color(self, tmp_path: Path):
        levels = np.repeat(
            np.array([[120, 135]], np.uint8), 4, axis=0
        )  # linear light would lift both over the threshold
        Image.fromarray(levels).save(tmp_path / "mask.png", icc_profile=gray_profile(1.0))
        assert mask_read(tmp_path / "mask.png", 2, 4).tolist() == 4 * [[False, True]]


# masks -----------------------------------------------------------------------------------------------------------


def mask_of(size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """The right half is to be drawn anew."""
    painted = np.zeros(size[::-1], bool)
    painted[:, size[0] // 2 :] = True
    return painted


def painted_layer() -> Image.Image:
    """White paint on a transparent layer."""
    layer = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    ImageDraw.Draw(layer).rectangle((32, 0, 63, 47), fill=(255, 255, 255, 255))
    return layer


def palette_layer() -> Image.Image:
    image = Image.fromarray(mask_of().astype(np.uint8)).convert("P")
    image.putpalette([255, 255, 255] * 2)  # index 0 is white too, and transparent
    return image


def hole() -> Image.Image:
    """Opaque white all over, the left half rubbed out."""
    image = Image.new("RGBA", (64, 48), "white")
    image.paste((255, 255, 255, 0), (0, 0, 32, 48))
    return image


class TestMasks:
    @pytest.mark.parametrize(
        ("image", "options"),
        [
            (painted_layer(), {}), (painted_layer().convert("LA"), {}), (palette_layer(), {"transparency": 0}), (hole(), {}),
            (hole().convert("LA"), {}), (Image.fromarray(mask_of()), {}), (Image.fromarray(mask_of().astype(np.uint8) * 255), {}),
            (Image.fromarray(mask_of().astype(np.uint16) * 65535), {}),
        ],
        ids=["RGBA", "LA", "P with tRNS", "hole RGBA", "hole LA", "1", "L", "I;16"],
    )  # fmt: skip
    def test_what_is_transparent_stays(self, tmp_path: Path, image: Image.Image, options: dict[str, Any]):
        image.save(tmp_path / "mask.png", **options)
        pixels = np.zeros((48, 64, 3), np.uint8)
        for given in (tmp_path / "mask.png", str(tmp_path / "mask.png"), Image.open(tmp_path / "mask.png")):
            assert np.array_equal(mask_read(given), mask_of())
        drawn = opened(pixels, tmp_path / "mask.png").composite(np.full((1, 48, 64, 3), 255, np.uint8))
        assert not drawn[0, :, :24].any() and (drawn[0, :, 32:] == 255).all()

    def test_half_transparent_paint_counts_by_what_is_seen_over_black(self):
        layer = np.zeros((1, 4, 4), np.uint8)
        layer[0] = [(255, 255, 255, 100), (255, 255, 255, 160), (200, 200, 200, 160), (0, 0, 0, 255)]
        assert mask_read(layer, 4, 1).tolist() == [[False, True, False, False]]

    def test_arrays_of_bool(self):
        assert np.array_equal(mask_read(mask_of()), mask_of())

    def test_the_picture_itself_lies_over_white_as_before(self):
        assert (opened(painted_layer()).pixels == 255).all()

    def test_an_empty_layer_is_refused_with_the_reason(self):
        with pytest.raises(SettingError, match=r"black all over.*transparent counts as black"):
            open_init_image(np.zeros((48, 64, 3), np.uint8), Image.new("RGBA", (64, 48), (255, 255, 255, 0)))


# clips -----------------------------------------------------------------------------------------------------------


def corner_clip(aspect: Fraction | None = None, count: int = 3) -> bytes:
    """96 x 64, red in the top left corner, green along the rest of the top, blue below."""
    frame = np.full((64, 96, 3), (20, 30, 160), np.uint8)
    frame[:32, :] = (20, 160, 30)
    frame[:32, :48] = (220, 20, 20)
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=10, options={"crf": "10"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        for _ in range(count):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        film.mux(stream.encode())
    return target.getvalue()


def with_matrix(film: bytes, a: int, b: int, c: int, d: int) -> bytes:
    """Return an MP4 whose track header holds this matrix (ISO/IEC 14496-12, 8.3.2), in quarter turns."""
    at = film.index(b"tkhd") + 4
    at += 4 + (32 if film[at] == 1 else 20) + 16
    return film[:at] + struct.pack(">9i", a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30) + film[at + 36 :]


def layout(frame: np.ndarray) -> list[str]:
    """Return the colors of the four corners, row by row."""
    height, width = frame.shape[:2]
    corners = [frame[y, x] for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return ["red green blue".split()[int(np.argmax(corner))] for corner in corners]


TURNS = {
    "as it is": ((1, 0, 0, 1), "red green blue blue", False),
    "90 degrees clockwise": ((0, 1, -1, 0), "blue red blue green", True),
    "180 degrees": ((-1, 0, 0, -1), "blue blue green red", False),
    "270 degrees": ((0, -1, 1, 0), "green blue red blue", True),
    "mirrored": ((-1, 0, 0, 1), "green red blue blue", False),
    "upside down": ((1, 0, 0, -1), "blue blue red green", False),
    "transposed": ((0, 1, 1, 0), "red blue green blue", True),
    "transposed over the other diagonal": ((0, -1, -1, 0), "blue green blue red", True),
}


class TestTurnedClips:
    @pytest.mark.parametrize("turn", TURNS)
    def test_frames_stand_upright_as_players_show_them(self, tmp_path: Path, turn: str):
        matrix, corners, on_its_side = TURNS[turn]
        path = tmp_path / "phone.mp4"
        path.write_bytes(with_matrix(corner_clip(), *matrix))
        pixels, info = media.read_pixels(path), media.read_info(path)
        header, frames = media.open_frames(path)
        width, height = (64, 96) if on_its_side else (96, 64)
        assert pixels.shape == (3, height, width, 3) and (info["width"], info["height"]) == (width, height)
        assert (header.width, header.height) == (width, height) and np.array_equal(next(frames), pixels[0])
        assert [layout(frame) for frame in pixels] == 3 * [corners.split()]

    @pytest.mark.parametrize(("degrees", "turn"), [(90, 1), (180, 2), (-90, 3)])
    def test_the_librarys_own_turn_is_the_same(self, degrees: int, turn: int):
        """PyAV names the counterclockwise turn of a frame; numpy turns by it."""
        upright = corner_clip()
        matrix = {90: (0, -1, 1, 0), 180: (-1, 0, 0, -1), -90: (0, 1, -1, 0)}[degrees]
        with av.open(io.BytesIO(with_matrix(upright, *matrix))) as film:
            assert isinstance(film, InputContainer)
            assert abs(next(film.decode(video=0)).rotation - degrees) in (0, 360)
        plain, turned = (list(media.open_frames(data)[1]) for data in (upright, with_matrix(upright, *matrix)))
        assert np.array_equal(np.rot90(plain[0], turn), turned[0])

    @pytest.mark.parametrize(
        ("aspect", "width"), [(Fraction(4, 3), 128), (Fraction(1, 2), 48), (Fraction(1), 96), (Fraction(40, 1), 96)]
    )
    def test_samples_become_square(self, tmp_path: Path, aspect: Fraction, width: int):
        path = tmp_path / "wide.mp4"
        path.write_bytes(corner_clip(aspect))
        pixels, info = media.read_pixels(path), media.read_info(path)
        assert pixels.shape == (3, 64, width, 3) and (info["width"], info["height"]) == (width, 64)
        assert layout(pixels[0]) == ["red", "green", "blue", "blue"]

    def test_samples_become_square_before_the_clip_is_turned(self, tmp_path: Path):
        path = tmp_path / "a.mp4"
        path.write_bytes(with_matrix(corner_clip(Fraction(4, 3)), 0, 1, -1, 0))
        assert media.read_pixels(path).shape == (3, 128, 64, 3) and media.read_info(path)["height"] == 128

    def test_limits_are_those_of_what_is_shown(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        path = tmp_path / "a.mp4"
        path.write_bytes(corner_clip(Fraction(4, 1)))
        monkeypatch.setattr(limits, "MAX_PIXELS", 96 * 64)
        with pytest.raises(MediaError, match="384 x 64 pixels"):
            media.read_pixels(path)


# kinds -----------------------------------------------------------------------------------------------------------


def encoded(form: str, **options: Any) -> bytes:
    target = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 40, 3), np.uint8)).save(target, form, **options)
    return target.getvalue()


class TestKinds:
    def test_a_gif_of_one_frame_is_a_picture(self, tmp_path: Path):
        path = tmp_path / "still.gif"
        path.write_bytes(encoded("GIF"))
        info = media.read_info(path)
        assert (info["frames"], info["fps"], info["duration_seconds"]) == (1, None, None)
        assert media.read_pixels(path).shape == (40, 40, 3) and opened(path).pixels.shape == (40, 40, 3)

    def test_a_clip_of_ours_stays_one(self, tmp_path: Path):
        path = media.write_clip(
            np.zeros((1, 16, 16, 3), np.uint8), 8, tmp_path / "a.gif", media.Provenance(None, None, "m", False)
        )
        assert media.read_info(path)["fps"] == 8 and media.read_pixels(path).shape == (1, 16, 16, 3)
        with pytest.raises(MediaError, match="is a clip; give a picture"):
            open_init_image(path)

    @pytest.mark.skipif(not features.check("avif"), reason="this build of Pillow knows no AVIF")
    def test_avif(self, tmp_path: Path):
        path, colors = tmp_path / "a.avif", ramp()
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(colors).save(path, quality=100, subsampling="4:4:4")
        assert np.abs(media.read_pixels(path).astype(int) - colors).max() <= 6
        assert media.read_info(path)["format"] == "AVIF" and opened(path).pixels.shape == colors.shape
        Image.fromarray(colors).save(path, quality=100, subsampling="4:4:4", exif=exif)
        assert np.abs(media.read_pixels(path).astype(int) - np.rot90(colors, -1)).max() <= 6
        whole = path.read_bytes()
        for cut in (30, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:cut])
            with pytest.raises(MediaError, match="ends too early"):
                media.read_pixels(path)
        frames = [Image.fromarray(np.roll(colors, step, 0)) for step in range(3)]
        frames[0].save(path, save_all=True, append_images=frames[1:])
        with pytest.raises(MediaError, match=r"animated AVIF.*convert it to \.webp or \.mp4"):
            open_init_image(path)

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", r"it is HEIC, which is not read; convert it to \.png or \.jpg"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "it is HEIC"),
            (encoded("TIFF"), "it is TIFF"),
            (encoded("BMP"), "it is BMP"),
            (encoded("ICO"), "it is ICO"),
            (encoded("PDF"), "it is PDF"),
            (b"RIFF\x10\0\0\0AVI LIST", r"it is AVI, which is not read; convert it to \.mp4"),
            (b"what is this", "no PNG, JPEG, WebP, GIF, AVIF, MP4 or WebM file"),
        ],
        ids=["heic", "mif1", "tiff", "bmp", "ico", "pdf", "avi", "text"],
    )
    def test_others_are_called_by_their_name(self, tmp_path: Path, data: bytes, words: str):
        path = tmp_path / "picture.png"
        path.write_bytes(data)
        for read in (media.read_info, media.read_pixels, open_init_image):
            with pytest.raises(MediaError, match=words):
                read(path)


# missing end marks -----------------------------------------------------------------------------------------------


class TestEnds:
    @pytest.mark.parametrize(
        "options", [{}, {"progressive": True}, {"quality": 30}], ids=["baseline", "progressive", "coarse"]
    )
    @pytest.mark.parametrize("change", ["no end", "half an end", "zeros behind", "text behind"])
    def test_a_jpeg_with_all_its_pixels_is_read(self, tmp_path: Path, options: dict[str, Any], change: str):
        whole, path = encoded("JPEG", **options), tmp_path / "a.jpg"
        changed = {
            "no end": whole[:-2],
            "half an end": whole[:-1],
            "zeros behind": whole + bytes(3 << 20),
            "text behind": whole[:-2] + b"text" * 9,
        }
        path.write_bytes(changed[change])
        wanted = np.asarray(Image.open(io.BytesIO(whole)))
        assert np.array_equal(media.read_pixels(path), wanted) and media.read_info(path)["width"] == 40

    @pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=["baseline", "progressive"])
    def test_one_that_lacks_pixels_is_refused(self, tmp_path: Path, options: dict[str, Any]):
        whole, path = encoded("JPEG", **options), tmp_path / "a.jpg"
        for cut in (12, 40, 200, len(whole) // 2, len(whole) - 300):
            path.write_bytes(whole[:-cut])
            for read in (media.read_info, media.read_pixels):
                with pytest.raises(MediaError, match="the file ends too early"):
                    read(path)

    @pytest.mark.parametrize("cut", [1, 5, 11, 12])
    def test_a_png_without_its_end(self, tmp_path: Path, cut: int):
        whole, path = encoded("PNG"), tmp_path / "a.png"
        path.write_bytes(whole[:-cut])
        assert np.array_equal(media.read_pixels(path), np.asarray(Image.open(io.BytesIO(whole))))
        for more in (13, 60, 600):
            path.write_bytes(whole[:-more])
            with pytest.raises(MediaError, match="the file ends too early"):
                media.read_pixels(path)

    def test_a_png_whose_chunks_end_before_its_pixels_do(self, tmp_path: Path):
        whole, path = encoded("PNG"), tmp_path / "a.png"
        rows = zlib.decompressobj()
        at = whole.index(b"IDAT")
        size = struct.unpack(">I", whole[at - 4 : at])[0]
        part = zlib.compress(rows.decompress(whole[at + 4 : at + 4 + size])[: 121 * 20])[:-40]
        chunk = b"IDAT" + part
        path.write_bytes(whole[: at - 4] + struct.pack(">I", len(part)) + chunk + struct.pack(">I", zlib.crc32(chunk)))
        with pytest.raises(MediaError, match="the file ends too early"):
            media.read_pixels(path)

    def test_a_gif_without_its_trailer(self, tmp_path: Path):
        frames = [Image.fromarray(np.roll(ramp(), step, 1)) for step in range(3)]
        path, whole = tmp_path / "a.gif", io.BytesIO()
        frames[0].save(whole, "GIF", save_all=True, append_images=frames[1:], duration=100)
        path.write_bytes(whole.getvalue())
        wanted = media.read_pixels(path)
        path.write_bytes(whole.getvalue()[:-1])
        assert np.array_equal(media.read_pixels(path), wanted) and media.read_info(path)["frames"] == 3
        for cut in (2, 30):
            path.write_bytes(whole.getvalue()[:-cut])
            with pytest.raises(MediaError, match="the file ends too early"):
                media.read_pixels(path)


# modes and sizes -------------------------------------------------------------------------------------------------


class TestModes:
    @pytest.mark.parametrize(
        ("values", "wanted"),
        [
            (np.array([[0, 128, 255]], np.int32), [0, 128, 255]),
            (np.array([[0, 257, 65535]], np.int32), [0, 1, 255]),
            (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),
            (np.array([[0.0, 99.6, 255.0]], np.float32), [0, 100, 255]),
            (np.array([[0, 257, 65535]], np.uint16), [0, 1, 255]),
            (np.array([[0, 255, 255]], np.uint16), [0, 0, 0]),  # 16 bits are said by the mode: nearly black
        ],
        ids=["I to 255", "I to 65535", "F to 1", "F to 255", "I;16", "I;16 dark"],
    )
    def test_more_than_8_bits(self, values: np.ndarray, wanted: list[int]):
        pixels = opened(Image.fromarray(values)).pixels
        assert pixels.tolist() == [[[level] * 3 for level in wanted]]

    @pytest.mark.parametrize("values", [[-1, 3], [0, 70000], [0.0, np.nan], [0.0, np.inf], [-0.5, 0.5]])
    def test_levels_that_no_picture_has_are_refused(self, values: list[float]):
        kind = np.float32 if any(isinstance(value, float) for value in values) else np.int32
        with pytest.raises(
            MediaError, match=r"image cannot be read: its levels go from .* expected 0 to 1, 0 to 255 or 0 to 65,535"
        ):
            open_init_image(Image.fromarray(np.array([values], kind)))

    @pytest.mark.parametrize("mode", ["La", "RGBa", "LA", "RGBA", "PA"])
    def test_transparency_of_every_kind_is_white(self, mode: str):
        straight = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
        straight.putpixel((1, 0), (255, 0, 0, 255) if "L" not in mode else (90, 90, 90, 255))
        image = {
            "La": straight.convert("LA").convert("La"),
            "LA": straight.convert("LA"),
            "PA": straight.convert("RGB").convert("PA"),
        }.get(mode)
        if mode == "PA" and image is not None:
            image.putalpha(straight.getchannel("A"))
        pixels = opened(image or straight.convert(mode)).pixels
        assert pixels.tolist() == [[[255] * 3, [90] * 3 if "L" in mode else [255, 0, 0]]]

    @pytest.mark.parametrize("mode", ["LAB", "HSV", "YCbCr", "CMYK"])
    def test_other_kinds_of_color(self, mode: str):
        image = Image.new("RGB", (4, 4), (200, 120, 40))
        if mode == "LAB":
            image = ImageCms.profileToProfile(
                image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
            )
            assert image is not None
        pixels = opened(image if mode == "LAB" else image.convert(mode)).pixels
        assert np.abs(pixels.astype(int) - (200, 120, 40)).max() <= 3


class TestLargePhotos:
    """A limit of 3,000 pixels stands for that of 16 million."""

    @pytest.fixture(autouse=True)
    def low_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "MAX_PIXELS", 3_000)

    @pytest.mark.parametrize(
        ("size", "shown"), [((60, 50), (60, 50)), ((61, 50), (31, 25)), ((120, 100), (60, 50)), ((190, 100), (64, 34))]
    )
    def test_they_are_scaled_down_by_a_whole_number(
        self, tmp_path: Path, size: tuple[int, int], shown: tuple[int, int]
    ):
        pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photo.png")
        for given in (tmp_path / "photo.png", pixels, Image.fromarray(pixels)):
            small = opened(given).pixels
            assert small.shape == (shown[1], shown[0], 3)
        factor = -(-size[0] // shown[0])
        block = pixels[:factor, :factor].reshape(-1, 3).mean(axis=0)
        assert np.abs(small[0, 0] - block).max() <= 1

    def test_the_mask_goes_with_it_and_thin_lines_stay(self):
        mask = np.zeros((100, 121), bool)
        mask[:, 120] = mask[7, :] = True
        found = opened(np.zeros((100, 121, 3), np.uint8), mask)
        assert found.mask is not None and found.mask.shape == found.pixels.shape[:2] == (34, 41)
        rows, columns = np.nonzero(found.mask)
        assert set(columns[rows != 7 // 3]) == {40} and (found.mask[7 // 3]).all() and found.mask[:, 40].all()
        with pytest.raises(SizeError, match="the mask is 120 x 100 pixels, its picture 121 x 100"):
            open_init_image(np.zeros((100, 121, 3), np.uint8), mask[:, 1:])

    def test_there_is_a_limit(self):
        target = io.BytesIO()
        Image.new("L", (13_000, 10_000)).save(target, "PNG")
        with pytest.raises(MediaError, match="13000 x 10000 pixels; 1 to 120,000,000 are read"):
            media.open_frames(target.getvalue(), media.Limits(pixels=120_000_000))

    def test_twenty_megapixels(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.undo()
        pixels = np.zeros((4000, 5000, 3), np.uint8)
        pixels[:, 2500:] = 200
        small = opened(pixels).pixels
        assert small.shape == (2000, 2500, 3) and (small[:, 1250:] == 200).all() and not small[:, :1250].any()
