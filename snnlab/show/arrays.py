"""Input of figures: lists, NumPy arrays and tensors, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from torch import Tensor

Floats: TypeAlias = NDArray[np.float64]
Values: TypeAlias = "ArrayLike | Tensor"  # in quotes, as figures do not load torch
Line: TypeAlias = "Callable[[Floats], Values] | tuple[Values, Values]"


def floats(name: str, values: Values, *, ndim: int = 1) -> Floats:
    """`values` as a float64 array of `ndim` dimensions; tensors may need gradients or be on a GPU.

    Raises:
        ValueError: another number of dimensions, no values at all, or a value that is not finite.
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s), got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} is empty: shape {array.shape}")
    if not np.isfinite(array).all():
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite, got {array[first]} at index {first}")
    return array


def require_same_shape(**arrays: Floats) -> None:
    """Raise a ValueError that quotes every shape unless all arrays have the same one."""
    if len({array.shape for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"shapes must be equal, got {shapes}")


def require_binary(name: str, array: Floats) -> None:
    """Raise a ValueError that quotes the first value other than 0 and 1."""
    other = array[(array != 0) & (array != 1)]
    if other.size:
        raise ValueError(f"{name} must be 0 or 1, got {other[0]:g}")


def sampled(name: str, line: Line, low: float, high: float) -> tuple[Floats, Floats]:
    """Points (x, y) of a closed form given as a function of x or as the points themselves.

    A function is evaluated on 2,001 points from `low` to `high`, dense enough for staircases.

    Raises:
        ValueError: x and y of different shapes.
    """
    if callable(line):
        x = np.linspace(low, high, 2001)
        y = floats(name, line(x))
    else:
        x, y = floats(f"x of {name}", line[0]), floats(f"y of {name}", line[1])
    require_same_shape(**{f"x of {name}": x, f"y of {name}": y})
    return x, y
