"""Compare the results of an answer with the right ones."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnlab.classroom.outcomes import Foreign, without_addresses

Parts = tuple[NDArray[np.float64], ...]
"""A result as arrays: one, or one for each part of a tuple."""

TOLERANCE = 1e-4
"""Largest absolute and relative difference that counts as equal; float32 needs much less."""


class NotNumbers(TypeError):
    """A result that is neither a number nor an array of numbers."""


MOST_SHOWN = 24
"""Numbers of an array, or parts of a tuple, that an error message holds."""


def parts(value: Any, like: Any) -> Parts:
    """A result as arrays, split as the right result `like` is.

    If a number is right, an array with one number is accepted.

    Args:
        value: of an `Outcome`.
        like: the right result, turned into data by `as_data`.

    Raises:
        NotNumbers: the result is something else; the message says what.
    """
    if not isinstance(like, tuple):
        return (_array(value, like),)
    if not isinstance(value, tuple):
        value = _rows(value, like)
    if len(value) != len(like):
        raise NotNumbers(f"{len(value)} values" if len(value) != 1 else "1 value")
    return tuple(_array(*pair) for pair in zip(value, like, strict=True))


def _rows(value: Any, like: tuple[Any, ...]) -> tuple[Any, ...]:
    """The rows of an array that is returned in place of several values.

    Raises:
        NotNumbers: it is a single value; the message says which.
    """
    if not isinstance(value, np.ndarray):
        _array(value, like)  # raises if it is no number
        raise NotNumbers(f"{kind_of(value)} ({shown(value)})")
    if value.ndim == 0:
        raise NotNumbers(f"one value ({shown(value)})")
    rows = tuple(value)
    if all(np.shape(row) == np.shape(part) for row, part in zip(rows, like, strict=False)):
        return rows
    raise NotNumbers(f"one array of shape {value.shape}")


def _array(value: Any, like: Any) -> NDArray[np.float64]:
    """One part of a result as an array."""
    if type(value).__name__ in ("str", "bytes"):
        raise NotNumbers(f"text ({shown(value)})")
    try:
        array: NDArray[np.float64] = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise NotNumbers(f"{kind_of(value)} ({shown(value)})") from None
    if value is None:
        raise NotNumbers("nothing for a part of it")
    return array.reshape(()) if np.ndim(like) == 0 and array.size == 1 else array


def same(one: Parts, other: Parts) -> bool:
    """Whether two results have equal shapes and values, up to `TOLERANCE`."""
    return len(one) == len(other) and all(
        a.shape == b.shape and np.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        for a, b in zip(one, other, strict=True)
    )


def shown(value: Any) -> str:
    """A value for an error message: short, rounded, the same in each run. It never raises."""
    try:
        if isinstance(value, tuple) and len(value) > MOST_SHOWN:
            return f"({len(value)} values)"
        if isinstance(value, tuple):
            return f"({', '.join(shown(part) for part in value)})"
        if isinstance(value, dict) and len(value) <= MOST_SHOWN:
            return f"{{{', '.join(f'{key!r}: {shown(part)}' for key, part in value.items())}}}"
        if isinstance(value, Foreign):
            return value.text[:80]
        if hasattr(value, "detach") or isinstance(value, np.ndarray | np.generic):
            value = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
            if value.size > MOST_SHOWN:
                return f"(numbers of shape {value.shape})"
            if value.ndim == 0:
                return f"{float(value):.5g}"
            text = np.array2string(value, precision=4, separator=", ", threshold=MOST_SHOWN)
            return " ".join(text.split())
        if isinstance(value, float):
            return f"{value:.5g}"
        return without_addresses(reprlib.repr(value))
    except Exception:
        return kind_of(value)


def first_difference(one: Parts, other: Parts) -> str:
    """Where two results of equal shapes differ first, and in how many numbers.

    Args:
        one: what was returned.
        other: what is right.
    """
    for part, (a, b) in enumerate(zip(one, other, strict=True)):
        wrong = ~np.isclose(a, b, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            of = f" of part {part + 1}" if len(one) > 1 else ""
            return (
                f"{wrong.sum()} of {wrong.size} numbers{of} differ; the first at "
                f"{list(at)}, counted from 0: yours is {a[at]:.5g}, right is {b[at]:.5g}"
            )
    return "no number differs"


def kind_of(value: Any) -> str:
    """What a value is, with its article."""
    name = type(value).__name__
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"
