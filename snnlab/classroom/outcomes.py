"""The outcome of one call of an answer as plain data, in a notebook and in another process.

An outcome does not depend on the run: it has no addresses in memory and no order of a set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

MOST_NUMBERS = 100_000
"""Numbers of an array, or items of an iterator, that are read at most."""
MOST_TEXT = 300
"""Characters of a message, a print or a text that are kept."""
DEEPEST = 3
"""Depth to which nested lists that are no array are read."""
ADDRESS = re.compile(r"( at)? ?\b0x[0-9a-fA-F]{6,}|(?<![\d.])\d{12,}(?!\d|\.\d)")
"""An address in memory, in hexadecimal or as a long number that is no part of a decimal
fraction."""


@dataclass(frozen=True)
class Raised:
    """An error that an answer raised, as text."""

    kind: str
    """Name of its class."""
    kinds: tuple[str, ...] = ()
    """Names of its class and of the classes above it."""
    message: str = ""
    line: str = ""
    """The line of the student's code, if it is known."""


class Foreign:
    """Stands for a returned object that is neither a number nor an array."""

    text = ""

    def __repr__(self) -> str:
        return self.text


def foreign(kind: str, text: str) -> Foreign:
    """A stand-in whose class has the name of the object's class, which diagnoses quote."""
    name = kind if kind.isidentifier() else "object"
    text = without_addresses(text)[:MOST_TEXT] or f"<{name}>"
    stand_in: Foreign = type(name[:80], (Foreign,), {"text": text})()
    return stand_in


@dataclass(frozen=True)
class Outcome:
    """The outcome of one call as plain data."""

    value: Any = None
    """A float64 array, a tuple or a mapping of these, or Foreign; None: nothing was returned."""
    printed: str = ""
    """The first characters that it printed."""
    error: Raised | None = None
    """The error that it raised."""
    changed: tuple[int, ...] = ()
    """Indices of the arguments that it changed in place."""


def without_addresses(text: str) -> str:
    """A text without addresses in memory, which differ in every run."""
    return ADDRESS.sub("", text)


def as_data(value: Any, depth: int = 0) -> Any:
    """The result of an answer as data that can be compared, printed and sent.

    Args:
        value: anything.
        depth: how many lists it is nested in.

    Returns:
        None for None, `...` and NotImplementedError; a float64 array for a number of any kind, an
        array, a tensor and a list of numbers; a tuple for other sequences and for what can be
        iterated over; a mapping for mappings and networks; `Foreign` for anything else.
    """
    if value is None or value is Ellipsis or isinstance(value, NotImplementedError):
        return None
    if hasattr(value, "state_dict"):
        value = dict(value.state_dict())
    if hasattr(value, "detach"):
        value = value.detach().cpu().double().numpy()
    if isinstance(value, Mapping):
        return {str(key): as_data(item, depth + 1) for key, item in islice(value.items(), 1000)}
    if isinstance(value, str | bytes):
        return foreign(type(value).__name__, repr(value))
    if isinstance(value, set | frozenset):  # a set has no order
        return foreign(type(value).__name__, "")
    array = None if isinstance(value, tuple) else array_of(value)
    if array is not None:
        return array
    if isinstance(value, Iterable) and depth < DEEPEST:
        items = list(islice(value, MOST_NUMBERS))
        array = None if isinstance(value, tuple | list) else array_of(items)
        return tuple(as_data(item, depth + 1) for item in items) if array is None else array
    return foreign(type(value).__name__, written(value))


def written(value: Any) -> str:
    """The `repr` of an object, unless it fails."""
    try:
        return repr(value)
    except Exception:
        return ""


def array_of(value: Any) -> Any:
    """A value as a float64 array, or None where it is none."""
    try:
        if isinstance(value, list) and any(hasattr(item, "detach") for item in value):
            value = [as_data(item) for item in value]
        array = np.asarray(value)
        if array.dtype.kind == "O":  # fractions, decimals, other classes of numbers
            flat = array.ravel()
            if any(item is None or isinstance(item, str | bytes) for item in flat):
                return None
            imaginary = any(isinstance(item, complex) for item in flat)
            array = np.asarray(array, dtype=np.complex128 if imaginary else np.float64)
        if array.dtype.kind == "c" and not array.imag.any():
            array = array.real
        if array.dtype.kind not in "biuf":
            return None
        if array.size > MOST_NUMBERS:
            return foreign("array", f"too large, shape {array.shape}")
        return np.array(array, dtype=np.float64)
    except Exception:
        return None


def differ(before: Any, after: Any) -> bool:
    """Whether an argument has changed during the call."""
    try:
        one, other = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    except Exception:  # objects that cannot be compared
        return False
    return not np.array_equal(one, other, equal_nan=True)
