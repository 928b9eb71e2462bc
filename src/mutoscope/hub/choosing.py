"""Which files of a repository are wanted: those that draw, in one variant, with its index, card and licence."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from mutoscope.errors import CheckpointError
from mutoscope.hub.checks import WITHOUT_WEIGHTS
from mutoscope.hub.endings import CONVERT, PICKLES
from mutoscope.hub.headers import variant_of

PLAIN = (".json", ".txt", ".model", ".jinja", ".tiktoken")  # of a component, beside its weights
AT_THE_TOP = re.compile(r"model_index\.json|(licen[cs]e|notice|readme|use_policy)[\w.-]*", re.IGNORECASE)
SHARD = re.compile(r"-\d{5}-of-\d{5}")
LISTED = re.compile(r"(?P<stem>.+?)\.safetensors\.index(\.(?P<variant>\w+))?\.json")


def choose(paths: Iterable[str], components: dict[str, tuple[str, str]], variant: str = "") -> list[str]:
    """Return which files of a repository are fetched: those of its components in one variant, its index, card and licence.

    CheckpointError where a component has its weights as a pickle alone.
    """
    chosen = [path for path in paths if "/" not in path and AT_THE_TOP.fullmatch(path)]
    for name, (_, cls) in components.items():
        files = [path for path in paths if PurePosixPath(path).parent.as_posix() == name]
        weights = [path for path in files if path.endswith(".safetensors") or LISTED.fullmatch(path)]
        chosen += [path for path in files if path.endswith(PLAIN) and path not in weights]
        pickles = [path for path in files if path.endswith(PICKLES)]
        if not weights and pickles and not WITHOUT_WEIGHTS.search(cls):
            raise CheckpointError(
                f"{name} has its weights as a pickle alone ({pickles[0]}), which can run code; {CONVERT}"
            )
        chosen += _choose_weights(weights, variant)
    return sorted(set(chosen))


def _choose_weights(paths: list[str], variant: str) -> list[str]:
    """Return the weights of a component in the variant, else the plain ones, else in the one variant there is; one file before shards."""
    by_variant: dict[str, list[str]] = {}
    for path in paths:
        listed = LISTED.fullmatch(path)
        if listed:
            of = listed["variant"] or variant_of(f"{PurePosixPath(listed['stem']).name}.safetensors")
        else:
            of = variant_of(PurePosixPath(path).name)
        by_variant.setdefault(of, []).append(path)
    files = by_variant.get(variant) or by_variant.get("") or (next(iter(by_variant.values())) if by_variant else [])
    whole = [path for path in files if not SHARD.search(path) and not LISTED.fullmatch(path)]
    usual = [path for path in whole if PurePosixPath(path).name.startswith(("model.", "diffusion_pytorch_model."))]
    return usual or whole or files
