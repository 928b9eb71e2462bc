"""Cut-out drawings: the part that can be seen, made smaller, dyed in another colour.

A drawing is (h, w, 4) float32: premultiplied colour and alpha in [0, 1].
"""

import numpy as np

from mutoscope.vocabulary import COLORS

SEEN = 0.06  # alpha from which a pixel of a drawing is there


def cut(pixels: np.ndarray) -> np.ndarray:
    """Return the part of a drawing (h, w, 4), not premultiplied, that can be seen, premultiplied; of no pixels where none can."""
    seen = pixels[..., 3] > SEEN
    if not seen.any():
        return pixels[:0, :0]
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    part = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
    part[..., :3] *= part[..., 3:]
    return part


def shrunk(pixels: np.ndarray, side: int) -> np.ndarray:
    """Return a premultiplied drawing at most `side` pixels long; no smaller one is changed."""
    from PIL import Image

    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    planes = [Image.fromarray(pixels[..., k]).resize(size, Image.Resampling.BOX) for k in range(4)]
    return np.stack([np.asarray(plane) for plane in planes], -1)


def dyed(pixels: np.ndarray, color: str) -> np.ndarray:
    """Return a drawing of one hue, or of none, in one of COLORS: its middle tone becomes that colour, light and dark stay so."""
    target = np.array(COLORS[color], np.float32)
    alpha = pixels[..., 3:]
    rgb = pixels[..., :3] / np.maximum(alpha, 1e-3)
    chroma = rgb.max(-1, keepdims=True) - rgb.min(-1, keepdims=True)
    solid = alpha[..., 0] > 0.5
    colored = solid & (chroma[..., 0] > 0.18)
    grey = colored.sum() < 0.04 * solid.sum()
    tone = (rgb * np.array([0.3, 0.59, 0.11], np.float32)).sum(-1, keepdims=True)
    middle = float(np.median(tone[solid if grey else colored])) if solid.any() else 0.5
    ratio = 1 + (tone - middle) if grey and middle < 0.2 else tone / max(middle, 0.05)
    lighter = np.clip((ratio - 1) / max(1 / max(middle, 0.05) - 1, 0.6), 0, 1)
    hue = target * np.minimum(ratio, 1) * (1 - lighter) + lighter
    share = 1.0 if grey else np.clip((chroma - 0.06) / 0.14, 0, 1)
    return np.concatenate([(rgb + (hue - rgb) * share).astype(np.float32) * alpha, alpha], -1)
