"""Checks of single values: each returns the value as plain Python data, or says what was got and what is expected.

Numbers of NumPy and of other libraries are taken and turned into int and float, so that a request is always plain JSON.
"""

import math
import numbers
import operator
from contextlib import suppress
from typing import Any

from mutoscope.errors import PromptError, SettingError

MAX_PROMPT_CHARACTERS = 20_000
MAX_SEED = 2**32 - 1


def check_text(name: str, value: Any, may_be_empty: bool = True) -> str:
    """Return `value` as it is; PromptError when it is not text, is empty or too long, or holds what no file can."""
    if not isinstance(value, str):
        raise PromptError(f"the {name} must be text, got {type(value).__name__}")
    if not may_be_empty and not value.strip():
        raise PromptError(f"the {name} is empty; say what to draw, for example: a lake at sunset")
    if len(value) > MAX_PROMPT_CHARACTERS:
        raise PromptError(
            f"the {name} has {len(value)} characters, at most {MAX_PROMPT_CHARACTERS} are read; shorten it"
        )
    if "\0" in value:
        raise PromptError(f"the {name} holds a NUL character at position {value.index(chr(0))}; take it out")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise PromptError(f"the {name} holds half a character (a lone surrogate); was it cut or decoded wrongly?")
    return value


def check_word(name: str, value: Any) -> str:
    """Return a short text such as a name or a hash; SettingError for anything else."""
    if not isinstance(value, str):
        raise SettingError(f"{name} must be text, got {value!r}"[:200])
    return value


def as_int(name: str, value: Any, error: type[Exception] = SettingError) -> int:
    """Return a whole number, also one of NumPy, as int; `error` for anything else."""
    if isinstance(value, bool):
        raise error(f"{name} must be a whole number, got {value!r}")
    try:
        return operator.index(value)
    except TypeError:
        raise error(f"{name} must be a whole number, got {value!r}"[:200]) from None


def as_float(name: str, value: Any, error: type[Exception] = SettingError) -> float:
    """Return a finite number, also one of NumPy, as float; `error` for anything else."""
    number = math.nan
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        with suppress(OverflowError):  # a whole number of hundreds of digits
            number = float(value)
    if not math.isfinite(number):
        raise error(f"{name} must be a finite number, got {value!r}"[:200])
    return number


def check_int(name: str, value: Any, low: int, high: int, error: type[Exception] = SettingError) -> int:
    """Return a whole number from `low` to `high` as int; `error` for anything else."""
    number = as_int(name, value, error)
    if not low <= number <= high:
        raise error(f"{name} must be from {low} to {high}, got {number}")
    return number


def check_float(name: str, value: Any, low: float, high: float) -> float:
    """Return a number from `low` to `high` as float; SettingError for anything else."""
    number = as_float(name, value)
    if not low <= number <= high:
        raise SettingError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}")
    return number


def check_bool(name: str, value: Any) -> bool:
    """Return True or False; SettingError for anything else."""
    if not isinstance(value, bool):
        raise SettingError(f"{name} must be true or false, got {value!r}"[:200])
    return value
