"""How large a file may be before it is refused, and what its header says; checked before pixels are made."""

from dataclasses import dataclass, field

MAX_FILE_BYTES = 64 << 20
MAX_PIXELS = 16_000_000  # of one picture or frame
MAX_CLIP_PIXELS = 256_000_000  # of all frames together, 768 MB of colours
MAX_FRAMES = 4096


@dataclass(frozen=True)
class Limits:
    """How large a file may be before it is refused, checked before pixels are made."""

    file_bytes: int = field(default_factory=lambda: MAX_FILE_BYTES)
    pixels: int = field(default_factory=lambda: MAX_PIXELS)  # of one picture or frame
    clip_pixels: int = field(default_factory=lambda: MAX_CLIP_PIXELS)  # of all frames together
    least_side: int = 0  # above 0, a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, no side under this


@dataclass(frozen=True)
class Header:
    """What a file holds: the size as it is shown, upright and with square pixels, whatever its frames are decoded at."""

    kind: str  # "PNG", "JPEG", "WebP", "GIF", "AVIF", "MP4" or "WebM"
    width: int
    height: int
    fps: float | None  # None for pictures, and where the file does not tell
    is_clip: bool


def check_size(width: int, height: int, frames: int = 1, limits: Limits | None = None) -> None:
    """Raise ValueError for sizes and lengths that are not read."""
    limits = limits or Limits()
    if not 1 <= width * height <= limits.pixels:  # FFmpeg tells 0 x 0 for a size above the limit it was given
        raise ValueError(f"{width} x {height} pixels; 1 to {limits.pixels:,} are read")
    if frames > MAX_FRAMES or width * height * frames > limits.clip_pixels:
        raise ValueError(
            f"{frames} frames of {width} x {height}; "
            f"at most {MAX_FRAMES} frames and {limits.clip_pixels:,} pixels are read"
        )
