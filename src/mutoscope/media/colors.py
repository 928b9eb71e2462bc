"""A PIL picture of any mode becomes sRGB: embedded color profiles, transparency, and more than 8 bits.

    picture   colors are converted from the embedded profile to sRGB, transparency lies over white
    mask      levels stay as they are stored, transparency lies over black: a hole in a mask is not painted

A profile that is damaged or of another kind of colors than the picture's is ignored, as browsers do.
"""

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

COLOR_SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # of a profile -> mode of Pillow
MAX_UNCHANGED_LEVELS = 2  # a profile that moves no color further is sRGB: the pixels are left alone


def to_rgb(image: "Image.Image", *, as_mask: bool = False) -> np.ndarray:
    """Return a picture as (H, W, 3) uint8 in sRGB, transparency over white; a mask as it is stored, transparency over black."""
    from PIL import Image

    profile = None if as_mask else image.info.get("icc_profile")
    image = _to_8_bits(image)
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    rgb = _from_profile(image, profile) or _convert(image)
    if alpha is None:
        return np.array(rgb)
    rgb.putalpha(alpha)
    background = Image.new("RGBA", image.size, "black" if as_mask else "white")
    return np.array(Image.alpha_composite(background, rgb).convert("RGB"))


def _convert(image: "Image.Image") -> "Image.Image":
    """Return a picture of 8 bits as RGB without a look at its profile, transparency dropped."""
    if image.mode == "LAB":
        from PIL import ImageCms

        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None, "not in place"
        return converted
    if image.has_transparency_data:
        image = image.convert("RGBA")
    return image.convert("RGB")


def _to_8_bits(image: "Image.Image") -> "Image.Image":
    """Return a picture whose channels have 8 bits and straight alpha; ValueError for levels that no picture has."""
    from PIL import Image

    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image, np.int64) // 257).astype(np.uint8))
    if image.mode in ("I", "F"):
        return Image.fromarray(_levels_of(np.asarray(image, np.float64)))
    straight = {"La": "LA", "RGBa": "RGBA"}.get(image.mode)
    return image.convert(straight) if straight else image


def _levels_of(values: np.ndarray) -> np.ndarray:
    """Return numbers of 32 bits as levels. Nothing in such a picture says what white is; the largest number tells: 1, 255 or 65,535."""
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 65_535):  # NaN too
        raise ValueError(f"its levels go from {low:g} to {high:g}; expected 0 to 1, 0 to 255 or 0 to 65,535")
    scale = 255 if high <= 1 else 1 if high <= 255 else 1 / 257
    return np.rint(values * scale).astype(np.uint8)


def _from_profile(image: "Image.Image", profile: Any) -> "Image.Image | None":
    """Return a picture in sRGB by its embedded profile; None without one, or where it changes nothing."""
    mode = _profile_mode(image.mode)
    transform = _transform(profile, mode) if isinstance(profile, bytes) and mode else None
    if transform is None:
        return None
    from PIL import ImageCms

    base = {"RGB": _convert, "L": lambda image: image.getchannel("L"), "CMYK": lambda image: image}[mode](image)
    return ImageCms.applyTransform(base, transform)


def _profile_mode(mode: str) -> str:
    """Return the mode in which a profile reads a picture of `mode`; "" where it has none."""
    if mode in ("L", "LA"):
        return "L"
    return "" if mode in ("1", "LAB") else "CMYK" if mode == "CMYK" else "RGB"


@lru_cache(maxsize=8)  # the frames of an animation share a profile
def _transform(profile: bytes, mode: str) -> Any:
    """Return the ImageCms transform from a profile to sRGB; None where it is damaged, of other colors, or sRGB itself."""
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if COLOR_SPACES.get(_color_space(profile)) != mode:
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return None if mode != "CMYK" and _changes_nothing(transform, mode) else transform
    except Exception:  # no reason to refuse a picture; also where Pillow was built without LittleCMS
        return None


def _color_space(profile: bytes) -> str:
    """Return the kind of colors a profile is for: the signature at byte 16 of its header (ICC.1, 7.2.6)."""
    return profile[16:20].decode("ascii", "replace").strip()


def _changes_nothing(transform: Any, mode: str) -> bool:
    """Return whether a transform leaves a grid of colors as they are, as the profiles of sRGB do that most photos have."""
    from PIL import Image, ImageCms

    levels = np.arange(0, 256, 51, dtype=np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(1, -1, 3) if mode == "RGB" else levels[None]
    after = np.asarray(ImageCms.applyTransform(Image.fromarray(grid), transform)).astype(int)
    return bool(np.abs(after - grid.reshape(1, grid.shape[1], -1)).max() <= MAX_UNCHANGED_LEVELS)
