"""How wrong results are related to the right ones: by a factor, a sign, a square, a dimension.

This is for mistakes that are in no catalogue. A sentence states only a relation that holds for all
results, so it is true whatever its cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnlab.classroom.calling import Arguments
from snnlab.classroom.comparing import Parts, same
from snnlab.classroom.faults import counted

Floats = NDArray[np.float64]
Said = tuple[str, str]
"""A message and a hint."""

PLACES = ("first", "second", "third", "fourth", "fifth")
NEAR = 0.03
"""Numbers that are off by less than this share are nearly right."""
FEWEST = 3
"""Different right numbers that are needed before a relation such as a factor is stated."""


def related(
    got: Sequence[Parts],
    wanted: Sequence[Parts],
    names: Sequence[str],
    calls: Sequence[Arguments],
) -> Said | None:
    """The relation of all results to the right ones, or None.

    Args:
        got: results of the answer.
        wanted: the right ones.
        names: of the arguments.
        calls: arguments of each case.
    """
    number = len(wanted[0])
    if number == 2 and _all(lambda g, w: same(g[::-1], w), got, wanted):
        return "The two results are in the wrong order.", "Turn them round."
    wrong = [
        i for i in range(number) if not _all(lambda g, w, i=i: same((g[i],), (w[i],)), got, wanted)
    ]
    if len(wrong) == number > 1 and len({part.shape for g in got for part in g}) == 1:
        together = [np.stack(g) for g in got], [np.stack(w) for w in wanted]
        with np.errstate(all="ignore"):
            return _of_values(*together, names, calls)
    if len(wrong) != 1:
        return None
    (i,) = wrong
    mine, right = [g[i] for g in got], [w[i] for w in wanted]
    with np.errstate(all="ignore"):
        said = _of_shape(mine, right) or _of_values(mine, right, names, calls)
    if said is None or number == 1:
        return said
    message = said[0].replace("Each of your numbers is", "In each case it is")
    message = message.replace("Your numbers are nearly right: they are", "It is nearly right:")
    return f"{only_one_wrong(i, number)} {message}", said[1]


def only_one_wrong(place: int, number: int) -> str:
    """The relation if only one of several values is wrong."""
    others = "the others are" if number > 2 else "the other one is"
    return f"Your {PLACES[place]} value is not right yet, {others}."


def _all(holds: Callable[..., bool], *lists: Sequence[Any]) -> bool:
    return all(holds(*items) for items in zip(*lists, strict=True))


def _of_shape(mine: list[Floats], right: list[Floats]) -> Said | None:
    """The relation if the numbers are right, but in another shape."""
    if _all(lambda g, w: g.shape == w.shape, mine, right):
        return None
    g, w = next((g, w) for g, w in zip(mine, right, strict=True) if g.shape != w.shape)
    shapes = f"the shape is {g.shape}; it should be {w.shape}."
    if _all(lambda g, w: same((g.squeeze(),), (w.squeeze(),)), mine, right):
        return (
            f"Your numbers are right, but {shapes}",
            "A dimension of length 1 is too much or missing: `keepdim` and `[None]` add one, "
            "`squeeze` takes it away.",
        )
    if _all(lambda g, w: same((g.T,), (w,)), mine, right):
        return f"Your numbers are right, but lie across: {shapes}", "Transpose it: `.T`."
    return None


def _of_values(
    mine: list[Floats], right: list[Floats], names: Sequence[str], calls: Sequence[Arguments]
) -> Said | None:
    """The relation if the shapes are right and the numbers wrong."""
    if not _all(lambda g, w: g.shape == w.shape, mine, right):
        return None
    g, w = np.concatenate([x.ravel() for x in mine]), np.concatenate([x.ravel() for x in right])
    if not w.size:
        return None
    if all(x.ndim for x in mine) and _all(lambda g, w: same((g[::-1],), (w,)), mine, right):
        return "Your numbers are right, but in the reverse order.", "Which one comes first?"
    if np.isfinite(w).all() and not np.isfinite(g).all():
        return (
            "Some of your numbers are infinite or nan, which is no number at all.",
            "Do you divide by 0, or take a root or a logarithm of something negative?",
        )
    given = _unchanged(mine, names, calls)
    if given is not None:
        return f"You return `{given}` as it came in.", "Nothing has been done with it yet."
    if len(g) > 1 and np.ptp(g) == 0 and np.ptp(w) > 0:
        return (
            f"You return {g[0]:.5g} in every case that was tried.",
            "Does your result depend on the arguments? On all of them?",
        )
    return _of_numbers(g, w) or _of_arguments(mine, right, names, calls) or _nearly(g, w)


def _unchanged(mine: list[Floats], names: Sequence[str], calls: Sequence[Arguments]) -> str | None:
    """Name of the argument that is returned unchanged."""
    for place, name in enumerate(names):
        if _all(lambda g, c, p=place: _equal(g, _number(c[p])), mine, calls):
            return name
    return None


def _number(value: Any) -> Floats | None:
    try:
        return np.asarray(value, dtype=np.float64)
    except Exception:  # objects that cannot be compared, such as a network
        return None


def _equal(g: Floats, other: Floats | None) -> bool:
    return other is not None and g.shape == other.shape and _close(g, other)


def _close(g: Floats, w: Any) -> bool:
    return bool(np.allclose(g, w, rtol=1e-4, atol=1e-7))


def _of_numbers(g: Floats, w: Floats) -> Said | None:
    """The relation that holds for every single number."""
    if set(np.unique(w)) <= {0.0, 1.0}:
        if _close(g, 1 - w):
            return "Your result is exactly the other way round.", "Turn the comparison round."
        return None
    if len(np.unique(w[w != 0])) < FEWEST:
        return None
    for holds, what, hint in (
        (-w, "has the wrong sign in every case.", "Which is taken from which?"),
        (w**2, "is the square of the right one.", "Take the square root: `x ** 0.5`."),
        (np.sqrt(w), "is the square root of the right one.", "Leave the root out."),
        (1 - w, "is 1 minus the right one.", "You have the share of all the others."),
        (100 - w, "is 100 minus the right one.", "You have the share of all the others."),
        (1 / w, "is 1 divided by the right one.", "Turn the fraction round."),
    ):
        if _close(g, holds):
            return f"Your result {what}", hint
    factor = float(g[np.abs(w).argmax()] / w[np.abs(w).argmax()])
    if abs(factor - 1) > NEAR and factor and _close(g, factor * w):
        return f"Each of your numbers is {factor:.4g} times the right one.", _about(factor)
    if np.abs(g - w - (g[0] - w[0])).max() < 1e-5:
        side = "large" if g[0] > w[0] else "small"
        return (
            f"Each of your numbers is {abs(g[0] - w[0]):.4g} too {side}.",
            "Where do you begin to count, and what is added once too often or forgotten?",
        )
    return _rounded(g, w)


def _about(factor: float) -> str:
    """A hint about a factor."""
    for known, hint in (
        (100, "Asked for is a share, not percent?"),
        (0.01, "Asked for are percent: multiply by 100."),
        (1000, "See which unit is asked for."),
        (0.001, "See which unit is asked for."),
    ):
        if abs(factor / known - 1) < 1e-3:
            return hint
    return "Which factor is missing, or stands there too often? See that the brackets are right."


def _rounded(g: Floats, w: Floats) -> Said | None:
    for digits in range(4):
        if np.abs(g - w.round(digits)).max() < 1e-6:
            decimals = f"to {counted(digits, 'decimal')}" if digits else "to whole numbers"
            return f"You round your result {decimals}.", "Return it as it was computed."
    for function, which in ((np.floor, "down"), (np.ceil, "up"), (np.trunc, "towards 0")):
        if np.abs(g - function(w)).max() < 1e-6:
            return (
                f"You round your result {which} to whole numbers.",
                "Return it as it was computed: no `//`, no `int`.",
            )
    return None


def _of_arguments(
    mine: list[Floats], right: list[Floats], names: Sequence[str], calls: Sequence[Arguments]
) -> Said | None:
    """The relation if an argument, or a length of one, is a superfluous factor or term."""
    factors, terms = [], []
    for g, w in zip(mine, right, strict=True):
        at = np.unravel_index(np.abs(w).argmax(), w.shape)
        if w[at] == 0 or g[at] == 0:
            return None
        factors.append(float(g[at] / w[at]))
        terms.append(float((g - w)[at]))
    in_proportion = _all(lambda g, w, c: _close(g, c * w), mine, right, factors)
    shifted = _all(lambda g, w, d: _close(g - w, d), mine, right, terms)
    for what, values in _quantities(names, calls):
        if len(set(values)) < 2:
            continue
        numbers = np.array(values)
        for found, say in (
            (numbers, f"times {what}"),
            (1 / numbers, f"divided by {what}"),
            (numbers**2, f"times the square of {what}"),
            (1 / numbers**2, f"divided by the square of {what}"),
            (np.sqrt(numbers), f"times the root of {what}"),
            (1 / np.sqrt(numbers), f"divided by the root of {what}"),
        ):
            if in_proportion and _close(np.array(factors), found):
                return (
                    f"Your result is the right one {say}.",
                    f"See what {what} does in your formula.",
                )
        for found, say in ((numbers, "plus"), (-numbers, "minus")):
            if shifted and _close(np.array(terms), found):
                return (
                    f"Your result is the right one {say} {what}.",
                    f"See where you add or subtract {what}.",
                )
    return None


def _quantities(
    names: Sequence[str], calls: Sequence[Arguments]
) -> Iterator[tuple[str, list[float]]]:
    """Arguments that are numbers, and lengths of other arguments, with their values."""
    for place, name in enumerate(names):
        values = [_number(arguments[place]) for arguments in calls]
        arrays = [value for value in values if value is not None]
        if len(arrays) < len(values):
            continue
        if all(array.ndim == 0 for array in arrays):
            yield f"`{name}`", [float(array) for array in arrays]
        for axis in range(min(array.ndim for array in arrays)):
            what = f"`len({name})`" if axis == 0 else f"`{name}.shape[{axis}]`"
            yield what, [float(array.shape[axis]) for array in arrays]


def _nearly(g: Floats, w: Floats) -> Said | None:
    """The relation if all numbers are slightly wrong."""
    if (w == 0).any() or len(np.unique(w)) < FEWEST:
        return None
    off = float(np.abs(g / w - 1).max())
    if off > NEAR:
        return None
    return (
        f"Your numbers are nearly right: they are off by {100 * off:.2g} % at most.",
        "Is a constant rounded, or is something divided by n instead of n - 1?",
    )
