"""A clip becomes an MP4, GIF, WebP or WebM file that says how it was made, with exact rate and length.

Everything is encoded in memory on one thread: the same input gives the same bytes. H.264 and VP9 get BT.709 in limited
range, converted here and said so in the file (the library's default is BT.601, unsaid), so that players and browsers
show the colors that were drawn.
"""

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mutoscope.errors import OutputError, SizeError
from mutoscope.media.marks import AI_SOURCE, Provenance, exif_block, xmp_packet
from mutoscope.media.pixels import BT709
from mutoscope.media.storage import check_output, write_bytes

if TYPE_CHECKING:
    from PIL import Image

CLIP_ENDINGS = (".mp4", ".gif", ".webp", ".webm")
MAX_FPS = 240
XMP_BOX = bytes.fromhex(
    "be7acfcb97a942e89c71999491e3afac"
)  # the name of the XMP box in MP4 (XMP specification, part 3)

# Without cpu-independent, x264's fastest routines decide some ties by what lay in memory before: of 14 clips encoded ten times
# each on one thread, 9 came out in up to 7 versions (dev/log.md). It costs no measurable time.
_X264 = {"crf": "16", "preset": "medium", "threads": "1", "x264-params": "cpu-independent=1"}
_VP9 = {"crf": "20", "b": "0", "deadline": "good", "cpu-used": "3", "row-mt": "0", "threads": "1"}
_BT709, _LIMITED = 1, 1  # the numbers of the standard (ITU-T H.273) and of FFmpeg's range flag
_LUMA = np.array(BT709, np.float32)
_BLUE = (np.array([0, 0, 1], np.float32) - _LUMA) / np.float32(1.8556)
_RED = (np.array([1, 0, 0], np.float32) - _LUMA) / np.float32(1.5748)
_GIF_SHORTEST_CS = 2  # centiseconds; browsers slow anything shorter down to ten
_NOTHING_SHOWN = -1000  # far from every level
_GIF_HOLD_LEVELS = 2  # a pixel that changed no more keeps its index, so still parts neither flicker nor cost bytes


def write_clip(
    frames: np.ndarray,  # (T, H, W, 3) uint8
    fps: int,
    path: Path,  # .mp4 .gif .webp .webm
    provenance: Provenance,
    *,
    exclusive: bool = False,  # never replace a file
) -> Path:
    """Write a clip file, whole or not at all.

    MP4 and WebM need even sizes: an odd one gets its last row or column twice. Raises OutputError for a bad path,
    SizeError for a rate that cannot be made, StorageError when writing fails, and with `exclusive` FileExistsError where the
    name is taken.
    """
    path = check_output(path, CLIP_ENDINGS)
    return write_bytes(path, encode_clip(frames, fps, path.suffix, provenance), exclusive=exclusive)


def encode_clip(frames: np.ndarray, fps: int, ending: str, provenance: Provenance) -> bytes:
    """Return the bytes of the file that `write_clip` writes; the same input gives the same bytes."""
    assert frames.dtype == np.uint8 and frames.ndim == 4 and frames.shape[3] == 3 and len(frames), (
        "frames are (T, H, W, 3) uint8"
    )
    if int(fps) != fps or not 1 <= fps <= MAX_FPS:
        raise SizeError(f"{fps} frames per second cannot be made; use a whole number from 1 to {MAX_FPS}")
    encode = {".mp4": _mp4, ".gif": _gif, ".webp": _webp, ".webm": _webm}[ending.lower()]
    return encode(frames, int(fps), provenance.writable())


def _mp4(frames: np.ndarray, fps: int, provenance: Provenance) -> bytes:
    options = {"movflags": "+faststart+use_metadata_tags", "movie_timescale": str(fps * 1000)}
    film = _film(frames, fps, provenance, "mp4", "libx264", _X264, options)
    xmp = xmp_packet(provenance)
    return film + struct.pack(">I4s", 24 + len(xmp), b"uuid") + XMP_BOX + xmp


def _webm(frames: np.ndarray, fps: int, provenance: Provenance) -> bytes:
    return _film(frames, fps, provenance, "webm", "libvpx-vp9", _VP9, {})


def _film(
    frames: np.ndarray,  # (T, H, W, 3) uint8
    fps: int,
    provenance: Provenance,
    container: str,  # a muxer's name
    codec: str,  # an encoder's name
    settings: dict[str, str],  # of the encoder
    options: dict[str, str],  # of the container
) -> bytes:
    """Return a film with its provenance as container metadata."""
    import av
    from av.video.stream import VideoStream

    if codec not in av.codecs_available:
        raise OutputError(
            f"this build of PyAV has no {codec} encoder; write .gif or .webp, or install PyAV from its wheel"
        )
    target = io.BytesIO()
    options = {"fflags": "+bitexact", **options}
    with av.open(target, "w", format=container, options=options, io_open=lambda *_: _SecondReader(target)) as film:
        film.metadata.update(_keys(provenance))
        stream = film.add_stream(codec, rate=fps, options=settings)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = (size + size % 2 for size in frames.shape[1:3])
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED
        for index, planes in enumerate(_yuv420(frame) for frame in frames):
            picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            picture.pts, picture.colorspace, picture.color_range = index, _BT709, _LIMITED
            film.mux(stream.encode(picture))
        film.mux(stream.encode())
    return target.getvalue()


class _SecondReader:
    """A second reading position in a file in memory: moving an MP4's index to the front reads what was written."""

    def __init__(self, target: io.BytesIO):
        self._target, self._position = target, 0

    def read(self, size: int) -> bytes:
        back = self._target.seek(0, io.SEEK_CUR)
        self._target.seek(self._position)
        data = self._target.read(size)
        self._target.seek(back)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = (0, self._position, self._target.getbuffer().nbytes)[whence]
        self._position = start + offset
        return self._position


def _keys(provenance: Provenance) -> dict[str, str]:
    keys = {
        "comment": provenance.request_json,
        "parameters": provenance.parameters,
        "software": provenance.software,
        "digital_source_type": AI_SOURCE if provenance.marking else None,
    }
    return {name: text for name, text in keys.items() if text is not None}


def _yuv420(frame: np.ndarray) -> np.ndarray:
    """Return a frame (H, W, 3) as the planes Y, Cb, Cr one above the other (1.5 H, W), H and W made even by edge.

    BT.709 in limited range (ITU-R BT.709-6, items 3.2 to 3.4), 8 bits.
    """
    height, width = frame.shape[:2]
    rgb = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge").astype(np.float32)
    luma = 16 + rgb @ (_LUMA * np.float32(219 / 255))
    blue, red = (128 + _halved(rgb @ (row * np.float32(224 / 255))) for row in (_BLUE, _RED))
    planes = np.concatenate([luma.ravel(), blue.ravel(), red.ravel()])
    return np.rint(planes).clip(0, 255).astype(np.uint8).reshape(-1, luma.shape[1])


def _halved(chroma: np.ndarray) -> np.ndarray:
    """Return chroma (H, W) at half size: samples between two rows and on even columns, where H.264 expects them."""
    rows = (chroma[0::2] + chroma[1::2]) / 2
    left = np.concatenate([rows[:, :1], rows[:, 1:-1:2]], axis=1)
    return (left + 2 * rows[:, 0::2] + rows[:, 1::2]) / 4


def _gif(frames: np.ndarray, fps: int, provenance: Provenance) -> bytes:
    """Return a looping GIF with one palette for the whole clip; above 50 frames a second some are left out."""
    import av
    from av.video.stream import VideoStream

    starts = [round(100 * index / fps) for index in range(len(frames) + 1)]
    kept = _kept(starts, len(frames))
    palette, indices = _paletted(frames[kept])
    target = io.BytesIO()
    final = str(max(_GIF_SHORTEST_CS, starts[-1] - starts[kept[-1]]))
    with av.open(target, "w", format="gif", options={"loop": "0", "final_delay": final}) as film:
        stream = film.add_stream("gif", rate=100)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "pal8"
        for index, plane in zip(kept, indices, strict=True):
            picture = av.VideoFrame.from_ndarray((plane, palette), format="pal8")  # pyright: ignore[reportArgumentType] - the stub lacks the pair
            picture.pts = starts[index]
            film.mux(stream.encode(picture))
        film.mux(stream.encode())
    rate = fps if len(kept) == len(frames) else None
    return _with_gif_notes(
        target.getvalue(), provenance, xmp_packet(provenance, parameters=provenance.parameters, fps=rate)
    )


def _kept(starts: list[int], count: int) -> list[int]:
    """Return the frames a GIF can show: each at least two centiseconds after the one before."""
    kept = [0]
    for index in range(1, count):
        if starts[index] - starts[kept[-1]] >= _GIF_SHORTEST_CS and starts[-1] - starts[index] >= _GIF_SHORTEST_CS:
            kept.append(index)
    return kept


def _paletted(frames: np.ndarray) -> tuple[np.ndarray, Iterator[np.ndarray]]:
    """Return a palette (256, 4) of alpha, red, green, blue for the whole clip, and the planes of indices (H, W)."""
    from PIL import Image

    colors = frames.reshape(-1, 3)
    colors = colors[:: max(1, len(colors) // 2**16)]
    chosen = Image.fromarray(colors[None]).quantize(256, kmeans=1)
    table = np.asarray(chosen.getpalette("RGB"), np.uint8).reshape(-1, 3)[:256]
    palette = np.zeros((256, 4), np.uint8)
    palette[:, 0] = 255
    palette[: len(table), 1:] = table
    return palette, _planes(frames, chosen)


def _planes(frames: np.ndarray, palette: "Image.Image") -> Iterator[np.ndarray]:
    """Yield each frame in indices into a PIL palette picture, dithered, holding pixels that stay as they are."""
    from PIL import Image

    shown = np.full(frames.shape[1:], _NOTHING_SHOWN, np.int16)
    plane = np.zeros(frames.shape[1:3], np.uint8)
    for frame in frames:
        fresh = np.asarray(Image.fromarray(np.ascontiguousarray(frame)).quantize(palette=palette))
        still = (np.abs(frame - shown) <= _GIF_HOLD_LEVELS).all(axis=-1)
        plane = np.where(still, plane, fresh)
        shown = np.where(still[..., None], shown, frame)
        yield np.ascontiguousarray(plane)


def _with_gif_notes(gif: bytes, provenance: Provenance, xmp: bytes) -> bytes:
    """Return `gif` with XMP as an application block and the request as comment, both before the first frame."""
    flags = gif[10]
    head = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    trailer = (
        b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    )  # leads a reader of blocks out of the raw XMP, wherever it got to
    notes = b"\x21\xff\x0bXMP DataXMP" + xmp + trailer
    if provenance.request_json is not None:
        text = provenance.request_json.encode()
        parts = (text[at : at + 255] for at in range(0, len(text), 255))
        notes += b"\x21\xfe" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
    return gif[:head] + notes + gif[head:]


def _webp(frames: np.ndarray, fps: int, provenance: Provenance) -> bytes:
    """Return a looping WebP animation; the library joins equal frames, so the XMP says how many there were."""
    from PIL import Image

    ends = [round(1000 * index / fps) for index in range(len(frames) + 1)]
    pictures = [Image.fromarray(np.ascontiguousarray(frame)) for frame in frames]
    target = io.BytesIO()
    pictures[0].save(
        target,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=[end - start for start, end in zip(ends, ends[1:], strict=False)],
        loop=0,
        quality=90,
        method=4,
        xmp=xmp_packet(provenance, request=provenance.request_json, fps=fps, frames=len(frames)),
        exif=exif_block(provenance),
    )
    return target.getvalue()
