"""diffusers and what it stands on, imported once and silent.

What opens a model here passes `local_files_only`, so that nothing speaks to the hub (`hub/fetch.py` alone does), and no
`trust_remote_code`. On top of that diffusers is told while it is imported to run no code of a repository in this process.
"""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from typing import Any

from mutoscope.errors import MissingExtraError
from mutoscope.telemetry import disable_telemetry

NEEDED = ("torch", "diffusers", "transformers")
NO_CODE = "DIFFUSERS_DISABLE_REMOTE_CODE"  # read at the import


def need_libraries() -> None:
    """Raise MissingExtraError for the first library that is not installed."""
    for name in NEEDED:
        if find_spec(name) is None:
            raise MissingExtraError(name, "hub")


@cache
def import_diffusers() -> Any:
    """Return the module `diffusers`; MissingExtraError where it, or what it needs, is not installed."""
    need_libraries()
    disable_telemetry()
    # What they log is for programmers ("falling back to ...Pil"); what users have to know we say ourselves.
    for name in ("transformers", "diffusers", "peft", "torchao", "torch.utils._pytree"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings(), without_code():
        warnings.simplefilter("ignore")
        import transformers

        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        import diffusers
        from diffusers.utils import logging as log_of_diffusers
    for module in (
        r"diffusers\.",
        r"transformers\.",
        r"torch\.amp",
    ):  # of their own deprecations, and of CPUs without autocast
        warnings.filterwarnings("ignore", module=module)
    log_of_diffusers.set_verbosity_error()
    log_of_diffusers.disable_progress_bar()
    return diffusers


@contextmanager
def without_code() -> Iterator[None]:
    """Switch code of repositories off for what is imported here; child processes of the user's own are left as they were."""
    before = os.environ.get(NO_CODE)
    os.environ[NO_CODE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[NO_CODE]
        else:
            os.environ[NO_CODE] = before


def describe_libraries(device: str) -> str:
    """Return what pixels can depend on besides the request: "diffusers 0.42.1, transformers 5.24.0, torch 2.13.0, cpu"."""
    return ", ".join([*(f"{name} {metadata.version(name)}" for name in ("diffusers", "transformers", "torch")), device])
