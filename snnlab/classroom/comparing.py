"""Compare what an answer returned with what it should have returned."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Parts = tuple[NDArray[np.float64], ...]
"""A result as arrays: one, or one for each part of a tuple."""

TOLERANCE = 1e-4
"""Largest difference that counts as equal, absolute and relative: float32 and patience."""


class NotNumbers(TypeError):
    """A result that is neither a number nor an array of numbers."""


MOST_SHOWN = 24
"""Numbers of an array that an error message holds."""


def parts(value: Any, like: Any) -> Parts:
    """A result as arrays, split as the right result `like` is.

    Args:
        value: number, list, NumPy array or tensor; where `like` is a tuple, a sequence of as
            many of them.
        like: the right result.

    Raises:
        NotNumbers: anything else; the message says what it was.
    """
    if not isinstance(like, tuple):
        return (_array(value),)
    try:
        found = list(value)
    except Exception:
        raise NotNumbers(f"one value ({shown(value)})") from None
    if len(found) != len(like):
        raise NotNumbers(f"{len(found)} values")
    return tuple(_array(part) for part in found)


def _array(value: Any) -> NDArray[np.float64]:
    """A number, list, array or tensor as float64, with the same shape."""
    if isinstance(value, str | bytes):
        raise NotNumbers(f"text ({shown(value)})")
    try:
        if isinstance(value, list | tuple):
            value = [_array(item) for item in value]
        if hasattr(value, "detach"):
            value = value.detach().cpu().double()
        return np.asarray(value, dtype=np.float64)
    except NotNumbers:
        raise
    except Exception:
        raise NotNumbers(f"{_kind(value)} ({shown(value)})") from None


def same(one: Parts, other: Parts) -> bool:
    """Whether two results have equal shapes and values, up to `TOLERANCE`."""
    return len(one) == len(other) and all(
        a.shape == b.shape and np.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        for a, b in zip(one, other, strict=True)
    )


def shown(value: Any) -> str:
    """A value in an error message: short, rounded, and never an error itself."""
    try:
        if isinstance(value, tuple):
            return f"({', '.join(shown(part) for part in value)})"
        if hasattr(value, "detach") or isinstance(value, np.ndarray | np.generic):
            value = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
            if value.size > MOST_SHOWN:
                return f"(numbers of shape {value.shape})"
            text = np.array2string(value, precision=4, separator=", ", threshold=MOST_SHOWN)
            return " ".join(text.split())
        if isinstance(value, float):
            return f"{value:.5g}"
        return reprlib.repr(value)
    except Exception:
        return _kind(value)


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"
