"""Linear layers with weights of 8 bits: a quarter of float32's memory, half of bfloat16's.

Weights are rounded, one scale a row, and multiplied in the precision of the rest (torchao's weight-only int8); activations stay as
they are. Pictures differ a little from those without. Decoders stay as they are.
"""

import importlib.util
import logging
import warnings
from typing import Any

from mutoscope.errors import MissingExtraError


def need_torchao() -> None:
    """Raise MissingExtraError where torchao is not installed."""
    if importlib.util.find_spec("torchao") is None:
        raise MissingExtraError("torchao", "quantize")


def quantise(network: Any) -> Any:
    """Quantise a network in place, and return it; convolutions and norms stay as they are."""
    need_torchao()
    for name in ("torchao", "torch.utils._pytree"):  # they tell of GPU kernels that are not for this machine
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torchao.quantization import Int8WeightOnlyConfig, quantize_

        quantize_(network, Int8WeightOnlyConfig())
    return network
