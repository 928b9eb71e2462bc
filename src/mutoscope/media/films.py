"""MP4 and WebM read with PyAV: frames as players show them, upright and with square pixels, and what the file says."""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from mutoscope.media.containers import CUT_SHORT, Notes
from mutoscope.media.limits import Header, Limits, check_size
from mutoscope.media.marks import xmp_values
from mutoscope.media.stills import plain_rate, shape_info

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

DEMUXERS = {"MP4": "mp4", "WebM": "matroska"}
MAX_ASPECT = 8  # of a sample, either way; more is a damaged header
_DECODERS = "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,mpeg4"
_MARKS = {"request": "comment", "parameters": "parameters", "software": "software", "source": "digital_source_type"}


@dataclass(frozen=True)
class Geometry:
    """How stored frames become what players show: samples made square first, then turned and mirrored."""

    width: int  # of stored frames with square samples
    height: int
    transposed: bool = False  # rows and columns swapped, before the mirroring
    mirrored: bool = False  # left and right swapped
    flipped: bool = False  # top and bottom swapped

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as shown."""
        return (self.height, self.width) if self.transposed else (self.width, self.height)

    def show(self, picture: "VideoFrame") -> np.ndarray:
        """Return a decoded frame as it is shown, (H, W, 3) uint8."""
        from av.video.reformatter import Interpolation

        exact = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
        scaled = picture.reformat(width=self.width, height=self.height, format="rgb24", interpolation=int(exact))
        frame = scaled.to_ndarray()
        frame = frame.transpose(1, 0, 2) if self.transposed else frame
        return np.ascontiguousarray(frame[:: -1 if self.flipped else 1, :: -1 if self.mirrored else 1])


def film_frames(
    data: bytes, kind: str, notes: Notes, limits: Limits, as_mask: bool = False
) -> Iterator[Header | np.ndarray]:
    """Yield the header of a film, then its frames (H, W, 3) uint8."""
    with _opened(data, kind, limits) as (film, stream):
        pictures = film.decode(stream)
        first = next(pictures, None)
        if first is None:
            raise ValueError(CUT_SHORT)
        geometry = _geometry(stream, first)
        yield Header(kind, *geometry.size, plain_rate(stream.average_rate), True)
        count = 0
        for picture in chain([first], pictures):
            count += 1
            check_size(picture.width, picture.height, count, limits)
            check_size(*geometry.size, count, limits)
            if picture.is_corrupt:
                raise ValueError("it is damaged")
            yield geometry.show(picture)
        if count < stream.frames:
            raise ValueError(CUT_SHORT)


def film_info(data: bytes, kind: str, notes: Notes) -> tuple[dict[str, Any], dict[str, str]]:
    """Return size and timing of a film, checked to be whole, and its marks."""
    with _opened(data, kind, Limits()) as (film, stream):
        keys = {name.lower(): text for name, text in film.metadata.items()}
        frames, end, first = 0, 0, None
        for packet in film.demux(stream):
            if packet.size:
                frames, end = frames + 1, max(end, (packet.pts or 0) + (packet.duration or 0))
                check_size(1, 1, frames)
            if packet.is_corrupt:
                raise ValueError(CUT_SHORT)
            first = first or next(iter(packet.decode()), None)  # knows how it is turned
        time_base = stream.time_base or Fraction(0)
        announced = stream.duration * time_base if stream.duration else Fraction(film.duration or 0, 1_000_000)
        rate = stream.average_rate
        _check_whole(stream, frames, announced - end * time_base, rate)
        size = _geometry(stream, first).size
        marks = xmp_values(notes.xmp) | {name: keys[key] for name, key in _MARKS.items() if key in keys}
        return shape_info(*size, frames, plain_rate(rate), float(announced)), marks


@contextlib.contextmanager
def _opened(data: bytes, kind: str, limits: Limits) -> Iterator[tuple["InputContainer", "VideoStream"]]:
    """Open a film from memory: (container, video stream), size checked from its header."""
    import av
    from av.container import InputContainer

    options = {"protocol_whitelist": "none", "codec_whitelist": _DECODERS, "max_pixels": str(limits.pixels)}
    with av.open(io.BytesIO(data), format=DEMUXERS[kind], options=options, metadata_errors="replace") as film:
        assert isinstance(film, InputContainer), "opened to be read"
        stream = next((stream for stream in film.streams.video if stream.codec_context), None)
        if stream is None:
            raise ValueError("it holds no film of a kind that is read here")
        check_size(stream.width, stream.height, stream.frames or 1, limits)
        yield film, stream


def _geometry(stream: "VideoStream", first: "VideoFrame | None") -> Geometry:
    """Return how the frames of a stream are shown, by the shape of its samples and the matrix its first frame carries."""
    width, height = stream.width, stream.height
    aspect = stream.sample_aspect_ratio or Fraction(1)
    if Fraction(1, MAX_ASPECT) <= aspect <= MAX_ASPECT:
        width = max(1, round(width * aspect))
    matrix = first.side_data.get("DISPLAYMATRIX") if first is not None else None
    return Geometry(width, height, *_turn(bytes(matrix)) if matrix is not None else ())


def _turn(matrix: bytes) -> tuple[bool, bool, bool]:
    """Return (transposed, mirrored, flipped) of a display matrix: nine numbers, x' = a x + c y and y' = b x + d y.

    Anything between quarter turns is taken for the nearest one. ISO/IEC 14496-12, 8.3.2; FFmpeg's libavutil/display.h.
    """
    a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return False, a < 0, d < 0
    return True, c < 0, b < 0


def _check_whole(stream: "VideoStream", frames: int, missing: Fraction, rate: Fraction | None) -> None:
    """Refuse a film that announces more than it has, in frames where the container counts them, else in seconds."""
    if not frames or frames < stream.frames or (not stream.frames and rate and missing * rate > 1.5):
        raise ValueError(CUT_SHORT)
