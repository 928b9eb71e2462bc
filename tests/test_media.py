"""Files: round trips in every ending, exact timing, readable marks, whole-or-nothing writing, and bad files refused."""

import errno
import io
import json
import os
import random
import struct
import subprocess
import sys
import zlib
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from mutoscope import media
from mutoscope.errors import MediaError, OutputError, SizeError, StorageError, StorageFullError
from mutoscope.media import clip, containers, limits, storage

PROMPT = 'Ein See, "湖" & <b>☀</b> 😀\twith a tab'
REQUEST = json.dumps({"prompt": PROMPT, "seed": 7}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
A1111 = f"{PROMPT}\nNegative prompt: blur\nSteps: 16, Seed: 7, Size: 48x32"
FULL = media.Provenance(REQUEST, A1111, "mutoscope 0.1.0", True)
CLOSE = 3.5  # levels of mean difference that lossy formats may make of a 32-pixel scene full of edges
JOBS = [("picture", ending) for ending in media.PICTURE_ENDINGS] + [("clip", ending) for ending in media.CLIP_ENDINGS]


def scene(frames: int, height: int = 32, width: int = 48) -> np.ndarray:
    """Return a still sky of soft colours with a moving sun, uint8 (T, H, W, 3)."""
    y, x = np.mgrid[:height, :width]
    sky = np.stack([40 + 3 * y, 90 + 2 * x, 220 - 2 * y + 0 * x], axis=-1)
    film = np.repeat(sky[None], frames, axis=0)
    for index, frame in enumerate(film):
        frame[(y - height / 2) ** 2 + (x - 8 - index) ** 2 < 30] = (250, 200, 60)
    return film.clip(0, 255).astype(np.uint8)


def write(kind: str, ending: str, folder: Path, provenance: media.Provenance = FULL, frames: int = 12) -> Path:
    path = folder / f"out{ending}"
    if kind == "picture":
        return media.write_picture(scene(1)[0], path, provenance)
    return media.write_clip(scene(frames), 12, path, provenance)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape and a.dtype == b.dtype == np.uint8
    return float(np.abs(a.astype(int) - b).mean())


# round trips -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "ending"), JOBS)
def test_a_file_comes_back_with_pixels_and_provenance(kind, ending, tmp_path):
    path = write(kind, ending, tmp_path)
    assert path == tmp_path / f"out{ending}" and list(tmp_path.iterdir()) == [path]
    info = media.read_info(path)
    assert info["request_json"] == REQUEST
    assert info["parameters"] == A1111
    assert info["software"] == "mutoscope 0.1.0"
    assert info["ai_marking"] is True
    assert (info["width"], info["height"]) == (48, 32)
    timing = (1, None, None) if kind == "picture" else (12, 12, 1.0)
    assert (info["frames"], info["fps"], info["duration_seconds"]) == timing
    wanted = scene(1)[0] if kind == "picture" else scene(12)
    assert difference(media.read_pixels(path), wanted) < (0.01 if ending == ".png" else CLOSE)


@pytest.mark.parametrize(("kind", "ending"), JOBS)
def test_the_request_can_be_left_out_and_the_mark_too(kind, ending, tmp_path):
    marked = write(kind, ending, tmp_path, media.Provenance(None, None, "mutoscope", True))
    info = media.read_info(marked)
    assert (info["request_json"], info["parameters"], info["ai_marking"]) == (None, None, True)
    assert b"prompt" not in marked.read_bytes()
    bare = write(kind, ending, tmp_path, media.Provenance(REQUEST, None, "mutoscope", False))
    info = media.read_info(bare)
    assert (info["request_json"], info["ai_marking"]) == (REQUEST, False)
    assert b"trainedAlgorithmicMedia" not in bare.read_bytes()


@pytest.mark.parametrize(("kind", "ending"), JOBS)
def test_the_same_input_gives_the_same_bytes(kind, ending, tmp_path):
    first = write(kind, ending, tmp_path).read_bytes()
    assert write(kind, ending, tmp_path).read_bytes() == first


@pytest.mark.parametrize(("kind", "ending"), JOBS)
def test_long_and_strange_prompts_fit(kind, ending, tmp_path):
    words = "a lake, 湖, " * 800 + 'end\n\r\t]]> &amp; \\ "'
    request = json.dumps({"prompt": words + "\x00\x1b"}, ensure_ascii=False)
    info = media.read_info(write(kind, ending, tmp_path, media.Provenance(request, words, "mutoscope", True), frames=2))
    assert info["request_json"] == request and info["parameters"] == words


@pytest.mark.parametrize(("kind", "ending"), JOBS)
def test_characters_no_file_can_hold_keep_their_meaning_in_the_request(kind, ending, tmp_path):
    request = '{"prompt":"a\ud83d b\ufffe"}'  # a lone surrogate and a non-character
    path = write(kind, ending, tmp_path, media.Provenance(request, "a\0\ud83d", "mutoscope", True), frames=2)
    info = media.read_info(path)
    assert json.loads(info["request_json"]) == json.loads(request)
    assert info["parameters"] == "a\ufffd\ufffd"


@pytest.mark.parametrize("quality", [80, 92, 100])
def test_noise_becomes_a_jpeg(tmp_path, quality):
    """Its file is larger than its pixels, which is more room than Pillow gives to a JPEG that it optimises."""
    noise = np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8)
    path = media.write_picture(noise, tmp_path / "noise.jpg", FULL, quality)
    read = media.read_pixels(path).astype(float)
    assert np.abs(read - noise).mean() < 20 and path.stat().st_size > 256 * 256


def test_a_request_no_jpeg_can_hold_is_refused_before_writing(tmp_path):
    huge = media.Provenance(json.dumps({"prompt": "x" * 70_000}), None, "mutoscope", True)
    with pytest.raises(OutputError, match=r"write \.png"):
        write("picture", ".jpg", tmp_path, huge)
    assert list(tmp_path.iterdir()) == []


# what other programs see -----------------------------------------------------------------------------------------


def test_a1111_text_is_where_tools_look_for_it(tmp_path):
    from PIL import Image

    with Image.open(write("picture", ".png", tmp_path)) as image:
        assert image.info["parameters"] == A1111
    plain = media.Provenance(None, "a lake\nSteps: 16", "mutoscope", True)
    assert b"tEXtparameters\0a lake\nSteps: 16" in write("picture", ".png", tmp_path, plain).read_bytes()
    for ending in (".jpg", ".webp"):
        with Image.open(write("picture", ending, tmp_path)) as image:
            comment = image.getexif().get_ifd(0x8769)[0x9286]
        assert comment[:8] == b"UNICODE\0" and comment[8:].decode("utf-16-be") == A1111


def xmp_of(path: Path) -> bytes:
    from PIL import Image

    data = path.read_bytes()
    if path.suffix in (".gif", ".mp4"):
        kind = containers.kind_of(data)
        assert kind is not None
        return containers.notes_of(data, kind).xmp or b""
    with Image.open(path) as image:
        image.load()
        return image.info["xmp"]


@pytest.mark.parametrize(("kind", "ending"), [job for job in JOBS if job[1] != ".webm"])
def test_the_mark_is_well_formed_xmp(kind, ending, tmp_path):
    packet = xmp_of(write(kind, ending, tmp_path))
    tree = ElementTree.fromstring(packet.decode())
    name = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
    assert [node.text for node in tree.iter(name)] == [media.AI_SOURCE]


def test_a_mark_written_as_an_attribute_is_found(tmp_path):
    from PIL import Image

    packet = f'<rdf:Description Iptc4xmpExt:DigitalSourceType="{media.AI_SOURCE}" xmp:CreatorTool="other &amp; co"/>'
    Image.new("RGB", (8, 8)).save(tmp_path / "foreign.jpg", xmp=packet.encode())
    info = media.read_info(tmp_path / "foreign.jpg")
    assert info["ai_marking"] is True and info["software"] == "other & co" and info["request_json"] is None


def test_mp4_metadata_has_the_keys(tmp_path):
    import av

    with av.open(str(write("clip", ".mp4", tmp_path))) as film:
        keys = dict(film.metadata)
    assert keys["comment"] == REQUEST and keys["parameters"] == A1111
    assert keys["software"] == "mutoscope 0.1.0" and keys["digital_source_type"] == media.AI_SOURCE


# clips -----------------------------------------------------------------------------------------------------------


def test_an_mp4_starts_to_play_before_it_is_there_whole(tmp_path):
    data = write("clip", ".mp4", tmp_path).read_bytes()
    names = [name for name, _, _ in containers.mp4_boxes(data)]
    assert names.index(b"moov") < names.index(b"mdat")


@pytest.mark.parametrize(("fps", "frames"), [(12, 60), (7, 9), (24, 1), (30, 31), (60, 13), (1, 2)])
def test_mp4_rate_and_length_are_exact(fps, frames, tmp_path):
    import av

    path = media.write_clip(scene(frames), fps, tmp_path / "out.mp4", FULL)
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        assert (stream.duration or 0) * (stream.time_base or 0) == Fraction(frames, fps)
        assert stream.frames == frames and stream.average_rate == fps and stream.start_time == 0
        assert film.duration == pytest.approx(1e6 * frames / fps, abs=1)
        times = [(picture.pts or 0) * (picture.time_base or 0) for picture in film.decode(stream)]
    assert times == [Fraction(index, fps) for index in range(frames)]
    assert media.read_info(path)["duration_seconds"] == frames / fps


@pytest.mark.parametrize("ending", media.CLIP_ENDINGS)
@pytest.mark.parametrize(("fps", "frames"), [(12, 60), (7, 9), (24, 1), (30, 31)])
def test_every_ending_keeps_rate_and_frames(ending, fps, frames, tmp_path):
    path = media.write_clip(scene(frames), fps, tmp_path / f"out{ending}", FULL)
    info = media.read_info(path)
    assert (info["frames"], info["fps"]) == (frames, fps)
    assert info["duration_seconds"] == pytest.approx(frames / fps, abs=0.0051 if ending == ".gif" else 0.00051)
    assert media.read_pixels(path).shape == (frames, 32, 48, 3)


@pytest.mark.parametrize("ending", media.CLIP_ENDINGS)
def test_equal_frames_are_not_lost(ending, tmp_path):
    still = np.repeat(scene(1), 10, axis=0)
    held = scene(10)
    held[3:7] = held[3]
    for frames in (still, held):
        path = media.write_clip(frames, 12, tmp_path / f"out{ending}", FULL)
        assert media.read_info(path)["frames"] == 10
        assert difference(media.read_pixels(path), frames) < CLOSE


def test_gif_times_are_centiseconds_that_sum_up(tmp_path):
    from PIL import Image

    with Image.open(write("clip", ".gif", tmp_path, frames=60)) as image:
        assert image.info["loop"] == 0 and json.loads(image.info["comment"]) == json.loads(REQUEST)
        delays = []
        for index in range(getattr(image, "n_frames", 0)):
            image.seek(index)
            delays.append(image.info["duration"])
    assert len(delays) == 60 and sum(delays) == 5000 and set(delays) == {80, 90}


def test_a_gif_leaves_out_frames_too_short_for_browsers(tmp_path):
    path = media.write_clip(scene(48), 120, tmp_path / "out.gif", FULL)
    delays = containers.notes_of(path.read_bytes(), "GIF").delays
    assert min(delays) >= 20 and sum(delays) == 400


def test_still_parts_of_a_gif_keep_their_bytes(tmp_path):
    noise = np.random.default_rng(0).integers(-1, 2, (20, 32, 48, 3))
    shaky = (np.repeat(scene(1), 20, axis=0).astype(int) + noise).clip(0, 255).astype(np.uint8)
    shown = media.read_pixels(media.write_clip(shaky, 12, tmp_path / "out.gif", FULL))
    assert (shown == shown[0]).mean() > 0.99 and difference(shown, shaky) < 3


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_film_colours_are_the_ones_drawn(ending, tmp_path):
    import av

    colours = [(255, 0, 0), (30, 200, 90), (10, 20, 240), (255, 255, 255), (0, 0, 0), (128, 128, 128), (250, 180, 40)]
    flat = np.stack([np.full((32, 32, 3), colour, np.uint8) for colour in colours])
    path = media.write_clip(flat, 12, tmp_path / f"out{ending}", FULL)
    assert np.abs(media.read_pixels(path).mean(axis=(1, 2)) - colours).max() < 3
    path = write("clip", ending, tmp_path)
    assert np.abs(media.read_pixels(path).mean(axis=(1, 2)) - scene(12).mean(axis=(1, 2))).max() < 3
    with av.open(str(path)) as film:
        picture = next(film.decode(video=0))
        flags = (picture.colorspace, picture.color_primaries, picture.color_trc, picture.color_range)
        assert [int(flag) for flag in flags] == [1, 1, 1, 1] and picture.format.name == "yuv420p"


def test_planes_agree_with_the_library(tmp_path):
    import av
    from av.video.reformatter import ColorRange, Colorspace, Interpolation

    frame = scene(1, 64, 64)[0]
    exact = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP
    theirs = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG, interpolation=exact
    )
    ours = clip._yuv420(frame).astype(int)
    assert np.abs(ours[:64] - theirs.to_ndarray()[:64]).max() <= 1
    assert np.abs(ours[64:] - theirs.to_ndarray()[64:]).mean() < 1


@pytest.mark.parametrize("ending", media.CLIP_ENDINGS)
def test_odd_sizes_are_padded_by_the_edge(ending, tmp_path):
    frames = scene(3, 31, 47)
    pixels = media.read_pixels(media.write_clip(frames, 12, tmp_path / f"out{ending}", FULL))
    even = ending in (".mp4", ".webm")
    assert pixels.shape == ((3, 32, 48, 3) if even else (3, 31, 47, 3))
    assert difference(pixels[:, :31, :47], frames) < CLOSE
    if even:
        assert difference(pixels[:, 31], pixels[:, 30]) < 4


@pytest.mark.parametrize("fps", [0, -1, 241, 12.5])
def test_impossible_rates_are_refused(fps, tmp_path):
    with pytest.raises(SizeError, match="1 to 240"):
        media.write_clip(scene(2), fps, tmp_path / "out.mp4", FULL)


# whole or not at all ---------------------------------------------------------------------------------------------


def failing(monkeypatch, nth: int, error: BaseException):
    """Let the nth write, fsync or rename raise `error`; returns a writer of four parts."""
    count = 0

    def step(action):
        def counted(*args):
            nonlocal count
            count += 1
            if count == nth:
                raise error
            return action(*args)

        return counted

    monkeypatch.setattr(storage.os, "fsync", step(os.fsync))
    monkeypatch.setattr(storage.os, "replace", step(os.replace))
    return lambda file: [step(file.write)(b"new!") for _ in range(4)]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "I/O error"), KeyboardInterrupt(), RuntimeError("encoder")])
def test_any_failure_leaves_the_old_file_or_the_new_one(error, tmp_path, monkeypatch):
    path = tmp_path / "out.bin"
    outcomes = []
    for nth in range(1, 9):  # 4 writes, fsync of the file, rename, fsync of the folder, nothing
        path.write_bytes(b"old")
        with monkeypatch.context() as patch:
            writer = failing(patch, nth, error)
            try:
                media.atomic_write(path, writer)
            except (StorageError, KeyboardInterrupt, RuntimeError) as raised:
                if isinstance(error, OSError):
                    assert isinstance(raised, StorageError) and str(path) in str(raised) and raised.errno == errno.EIO
                else:
                    assert raised is error
        assert list(tmp_path.iterdir()) == [path]
        outcomes.append(path.read_bytes())
    assert outcomes == [b"old"] * 6 + [b"new!" * 4] * 2


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_with_path_and_bytes(code, tmp_path, monkeypatch):
    def full(file):
        file.write(b"some")
        raise OSError(code, os.strerror(code))

    with pytest.raises(StorageFullError, match=r"disk is full.*out\.bin") as caught:
        media.atomic_write(tmp_path / "out.bin", full)
    assert caught.value.errno == code and isinstance(caught.value, OSError)
    failing(monkeypatch, 1, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(StorageFullError, match=r"out\.png \([\d,]+ bytes needed\)"):
        write("picture", ".png", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "ending"), JOBS)
def test_a_failed_save_leaves_nothing(kind, ending, tmp_path, monkeypatch):
    for nth in (1, 2):  # fsync of the file, rename
        with monkeypatch.context() as patch:
            failing(patch, nth, OSError(errno.EIO, "I/O error"))
            with pytest.raises(StorageError):
                write(kind, ending, tmp_path, frames=2)
        assert list(tmp_path.iterdir()) == []


def test_the_file_is_synced_before_the_rename_and_the_folder_after(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        storage.os, "fsync", lambda handle: (order.append(f"fsync {os.fstat(handle).st_mode >> 12:o}"), fsync(handle))
    )
    monkeypatch.setattr(storage.os, "replace", lambda *names: (order.append("rename"), replace(*names)))
    media.atomic_write(tmp_path / "out.bin", lambda file: file.write(b"x"))
    assert order == ["fsync 10", "rename", "fsync 4"]


@pytest.mark.skipif(os.name != "posix", reason="file modes are a POSIX matter")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_the_file_mode_follows_the_umask(mask, mode, tmp_path):
    before = os.umask(mask)
    try:
        path = write("picture", ".png", tmp_path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == mode


def test_a_bad_output_is_refused_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.png").mkdir()
    kinds = media.PICTURE_ENDINGS
    assert media.check_output(tmp_path / "new.PNG", kinds) == tmp_path / "new.PNG"
    assert media.check_output(tmp_path / "new.png", ("png", "jpg")) == tmp_path / "new.png"
    bad = {
        "lake.pngg": r"did you mean '\.png'.*\.png \.jpg \.jpeg \.webp",
        "lake.mp4": r"\.png \.jpg",
        "lake": "no ending",
        "nowhere/lake.png": "no folder",
        "file/lake.png": "is a file",
        "folder.png": "is a folder",
        "x" * 300 + ".png": "choose another name",
        "a\0b.png": "choose another name",
    }
    for name, words in bad.items():
        with pytest.raises(OutputError, match=words) as caught:
            media.check_output(tmp_path / name, kinds)
        assert "\n" not in str(caught.value)
    monkeypatch.setattr(storage.os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="read-only"):
        media.check_output(tmp_path / "lake.png", kinds)


def test_a_folder_that_vanishes_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match="cannot write"):
        media.atomic_write(tmp_path / "gone" / "out.bin", lambda file: file.write(b"x"))


# bad files -------------------------------------------------------------------------------------------------------


def refused(path: Path, words: str | None = None) -> None:
    """Both readers raise one line that names the file."""
    for read in (media.read_info, media.read_pixels):
        with pytest.raises(MediaError, match=words) as caught:
            read(path)
        assert path.name in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("kind", "ending"), JOBS)
def test_truncated_files_are_refused(kind, ending, tmp_path):
    path = write(kind, ending, tmp_path, frames=4)
    data = path.read_bytes()
    forgiven = ending in (".png", ".jpg", ".jpeg", ".gif")  # of these an end mark may be missing: test_foreign_media
    for cut in (0, 3, 20, len(data) // 4, len(data) // 2, len(data) * 9 // 10, len(data) - (30 if forgiven else 1)):
        path.write_bytes(data[:cut])
        refused(path)


@pytest.mark.parametrize(("kind", "ending"), JOBS)
def test_damaged_files_give_one_kind_of_error(kind, ending, tmp_path):
    path = write(kind, ending, tmp_path, frames=4)
    data, chance = path.read_bytes(), random.Random(ending)
    for _ in range(60):
        broken = bytearray(data)
        for _ in range(chance.choice((1, 3, 20))):
            broken[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(broken)
        for read in (media.read_info, media.read_pixels):
            try:
                read(path)
            except MediaError as error:
                assert "\n" not in str(error)


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of a header and `chunks` without pixels."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), *chunks, (b"IDAT", b""), (b"IEND", b"")]
    packed = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def picture_bytes(form: str) -> bytes:
    from PIL import Image

    target = io.BytesIO()
    Image.new("RGB", (16, 16)).save(target, form)
    return target.getvalue()


def test_what_is_not_what_it_says_is_refused(tmp_path):
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    refused(text, "no PNG, JPEG, WebP, GIF, AVIF, MP4 or WebM")
    (tmp_path / "empty.png").touch()
    refused(tmp_path / "empty.png", "empty")
    refused(tmp_path, "not a file")
    refused(tmp_path / "missing.png", "there is no file")
    for form in ("TIFF", "EPS", "ICO", "BMP", "PDF", "PPM"):
        (tmp_path / "other.png").write_bytes(picture_bytes(form))
        refused(tmp_path / "other.png")


def test_playlists_named_as_films_touch_no_other_file(tmp_path):
    secret = write("clip", ".mp4", tmp_path)
    playlists = [
        f"#EXTM3U\n#EXTINF:1,\n{secret}\n",
        f"ffconcat version 1.0\nfile '{secret}'\n",
        f"concat:{secret}|{secret}",
        "subfile,,start,0,end,9,,:/etc/passwd",
    ]
    for playlist in playlists:
        for head in (b"", b"\0\0\0\x18ftypisom", b"\x1aE\xdf\xa3\x80"):
            path = tmp_path / "film.mp4"
            path.write_bytes(head + playlist.encode())
            refused(path)


def test_limits_are_checked_before_pixels_are_made(tmp_path, monkeypatch):
    path = tmp_path / "huge.png"
    for size in (4001, 9500, 65535):  # above our limit, in the library's warning band, above its error
        path.write_bytes(png(size, size))
        refused(path)
    path.write_bytes(png(8, 8, (b"zTXt", b"parameters\0\0" + zlib.compress(bytes(10_000_000)))))
    refused(path)
    gif = write("clip", ".gif", tmp_path, frames=1).read_bytes()
    start = gif.index(b"\x21\xf9")
    (tmp_path / "many.gif").write_bytes(gif[:start] + gif[start:-1] * (limits.MAX_FRAMES + 1) + b";")
    refused(tmp_path / "many.gif", "frames")
    films = [write("clip", ending, tmp_path) for ending in media.CLIP_ENDINGS]
    monkeypatch.setattr(limits, "MAX_CLIP_PIXELS", 5 * 32 * 48)
    for film in films:
        with pytest.raises(MediaError, match="at most"):
            media.read_pixels(film)
    monkeypatch.setattr(limits, "MAX_PIXELS", 32 * 48 - 1)
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 10**6)
    for film in films:
        refused(film, "pixels; 1 to")
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 100)
    refused(films[0], "bytes; at most 100")


def test_foreign_pictures_come_as_upright_rgb(tmp_path):
    from PIL import Image

    colour, path = np.full((8, 12, 3), (200, 100, 50), np.uint8), tmp_path / "foreign.png"
    Image.fromarray(colour).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    assert difference(media.read_pixels(tmp_path / "cmyk.jpg"), colour) < 3
    Image.fromarray(np.full((8, 12), 40_000, np.uint16)).save(path)
    assert (media.read_pixels(path) == 40_000 // 257).all()
    Image.new("RGBA", (12, 8), (200, 100, 50, 0)).save(path)
    assert (media.read_pixels(path) == 255).all()
    Image.fromarray(colour).quantize(4).save(path)
    assert difference(media.read_pixels(path), colour) < 1
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    turned = scene(1)[0]
    Image.fromarray(turned).save(tmp_path / "turned.jpg", exif=exif, quality=95, subsampling=0)
    assert difference(media.read_pixels(tmp_path / "turned.jpg"), np.ascontiguousarray(np.rot90(turned, -1))) < 3
    assert media.read_info(tmp_path / "turned.jpg")["width"] == 32


def test_foreign_notes_are_not_taken_for_requests(tmp_path):
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    for text in ("hello", "[1]", '{"a":', "{" + "[" * 100_000):
        chunks = PngInfo()
        chunks.add_text("mutoscope", text)
        Image.new("RGB", (8, 8)).save(tmp_path / "foreign.png", pnginfo=chunks)
        assert media.read_info(tmp_path / "foreign.png")["request_json"] is None
        Image.new("RGB", (8, 8)).save(tmp_path / "foreign.gif", comment=text)
        assert media.read_info(tmp_path / "foreign.gif")["request_json"] is None


def test_a_name_with_control_characters_stays_on_one_line(tmp_path):
    path = tmp_path / "a\n\x1b[31mb.png"
    path.write_text("x")
    with pytest.raises(MediaError) as caught:
        media.read_info(path)
    assert str(caught.value).isprintable()


def test_importing_is_cheap():
    code = "import sys, mutoscope.media; sys.exit(any(name in sys.modules for name in ('PIL', 'av', 'torch')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
