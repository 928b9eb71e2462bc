"""What is done when the last step fails: latents that took minutes are not lost because the decoder ran out of memory."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from mutoscope.errors import NonFiniteError


def decode_safely(
    vae: Any, warn: Callable[[str], None], see: Callable[[Any], Any]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what wraps `vae.decode`: out of memory is decoded again in tiles, NaN of a half-precision decoder in float32.

    `see` is shown the latents first, and gives those that are decoded.
    """

    def wrap(decode: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(decode)
        def decoded(latents: Any, *args: Any, **kwargs: Any) -> Any:
            latents = see(latents)
            if not is_finite(latents):
                raise NonFiniteError(
                    "the latents are not finite before decoding; use another precision (fp32), or lower the guidance"
                )
            try:
                pixels = decode(latents, *args, **kwargs)
            except (MemoryError, RuntimeError) as error:
                if not ran_out(error) or not hasattr(vae, "enable_tiling"):
                    raise
                free_cache()
                vae.enable_tiling()
                warn("the decoder ran out of memory, so the picture was decoded in tiles; their seams can show")
                pixels = decode(latents, *args, **kwargs)
            return (
                pixels if is_finite(first_of(pixels)) else decode_in_float32(vae, decode, latents, args, kwargs, warn)
            )

        return decoded

    return wrap


def decode_in_float32(
    vae: Any, decode: Callable[..., Any], latents: Any, args: Any, kwargs: Any, warn: Callable[[str], None]
) -> Any:
    """Decode again with a decoder in float32, and put it back; NonFiniteError when that does not help."""
    import torch

    before = vae.dtype
    if before == torch.float32:
        raise NonFiniteError(
            "the decoder's pixels are not finite; the weights are damaged, or the guidance is too high"
        )
    vae.to(torch.float32)
    try:
        pixels = decode(latents.float(), *args, **kwargs)
    finally:
        vae.to(before)
    if not is_finite(first_of(pixels)):
        raise NonFiniteError("the decoder's pixels are not finite, in float32 neither; the weights are damaged")
    warn(f"the decoder gave no numbers in {str(before).removeprefix('torch.')}, so the picture was decoded in float32")
    return pixels


def first_of(outcome: Any) -> Any:
    """Return the tensor of what a decoder gives: a tuple, or an object with `sample`."""
    return outcome[0] if isinstance(outcome, tuple) else getattr(outcome, "sample", outcome)


def is_finite(tensor: Any) -> bool:
    """Say whether a tensor holds finite numbers alone."""
    import torch

    return not isinstance(tensor, torch.Tensor) or bool(torch.isfinite(tensor).all())


def ran_out(error: Exception) -> bool:
    """Say whether an error means that memory ran out."""
    import torch

    text = str(error).lower()
    return (
        isinstance(error, MemoryError | torch.OutOfMemoryError)
        or "out of memory" in text
        or "can't allocate memory" in text
    )


def free_cache() -> None:
    """Give back the memory that torch keeps of a GPU."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
