"""Accuracy against a cost: seconds of training, operations, or timesteps with early exit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import numpy as np
from matplotlib.axes import Axes

from snnlab.measure.curve import check_percent
from snnlab.show.arrays import Floats, Values, floats
from snnlab.show.draw import draw_plot
from snnlab.show.page import head
from snnlab.show.pictures import cost_plot
from snnlab.show.plot import Look, Series
from snnlab.show.style import looks_of


class CostCurve(TypedDict):
    """One method: `cost` (n,) or (seeds, n), above 0, and `accuracy` in percent, same shape."""

    cost: Values
    accuracy: Values


def accuracy_against_cost(
    curves: Mapping[str, CostCurve],
    cost: str,
    *,
    names: Mapping[str, str] | None = None,
    note: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Mean test accuracy over mean cost on a log axis, a point per setting.

    Vertical lines run from the lowest to the highest seed.

    Args:
        curves: method to its cost and accuracy; points are joined in the order given.
        cost: label of the axis, with its unit: "Training time (s)".
        names: other names for methods, as written in the figure.
        note: what the points of a line are.
        ax: where to draw; a new figure by default.
        title: above the figure.

    Raises:
        ValueError: no curves, shapes that differ, a cost that is not above 0, accuracy outside
            0 to 100, or a name for a method that is not there.

    Example:
        >>> points = {"cost": [1.0, 2.0], "accuracy": [97.5, 98.1]}
        >>> ax = accuracy_against_cost({"noise": points}, "Training time (s)")
    """
    found = _checked(curves, names or {})
    series: list[Series] = []
    means = {}
    for look, (costs, accuracy) in found.items():
        x, y = costs.mean(axis=0).tolist(), accuracy.mean(axis=0).tolist()
        means[look.name] = x, y
        series.append(Series(look, x, y))
        if len(accuracy) > 1:
            low, high = accuracy.min(axis=0).tolist(), accuracy.max(axis=0).tolist()
            series.append(Series(look, x, low, "spans", high))
    seeds = max(len(accuracy) for _, accuracy in found.values())
    spread = (
        f"Mean of {seeds} seeds, upright lines from lowest to highest" if seeds > 1 else "One seed"
    )
    ax = draw_plot(ax, cost_plot(cost, series, means))
    head(ax, title, ". ".join(filter(None, [spread, note])), key=True)
    return ax


def _checked(
    curves: Mapping[str, CostCurve], names: Mapping[str, str]
) -> dict[Look, tuple[Floats, Floats]]:
    if not curves:
        raise ValueError("curves is empty: give at least one method")
    looks = looks_of(list(curves), names)
    found = {}
    for method, curve in curves.items():
        cost, accuracy = (
            np.atleast_2d(floats(f"{key} of {method!r}", values, ndim=max(1, np.ndim(values))))
            for key, values in (("cost", curve["cost"]), ("accuracy", curve["accuracy"]))
        )
        if cost.shape != accuracy.shape or cost.ndim != 2:
            raise ValueError(
                f"cost and accuracy of {method!r} must both be (n,) or (seeds, n), got shapes "
                f"{np.shape(curve['cost'])} and {np.shape(curve['accuracy'])}"
            )
        if cost.min() <= 0:
            raise ValueError(f"cost of {method!r} must be above 0, got {cost.min():g}")
        check_percent(f"accuracy of {method!r}", accuracy.ravel())
        found[looks[method]] = cost, accuracy
    return found
