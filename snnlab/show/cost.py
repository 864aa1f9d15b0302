"""Accuracy against what it costs: seconds of training, operations, timesteps with early exit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from snnlab.measure.curve import check_percent
from snnlab.show.arrays import Floats, Values, floats
from snnlab.show.described import ACCURACY, accuracy_limits, cost_words
from snnlab.show.page import dressed, head
from snnlab.show.picture import attach_description
from snnlab.show.plot import Look
from snnlab.show.style import looks_of


class CostCurve(TypedDict):
    """One method: `cost` (n,) or (seeds, n), above 0, and `accuracy` in percent, same shape."""

    cost: Values
    accuracy: Values


@dataclass(frozen=True)
class _Points:
    """A checked curve: cost and accuracy (seeds, n)."""

    look: Look
    cost: Floats
    accuracy: Floats

    @property
    def means(self) -> tuple[list[float], list[float]]:
        return self.cost.mean(axis=0).tolist(), self.accuracy.mean(axis=0).tolist()


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

    Upright lines run from the lowest to the highest seed.

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
    lines = _checked(curves, names or {})
    ax = dressed(ax, x=cost, y=ACCURACY)
    for depth, line in enumerate(lines):
        _draw(ax, line, zorder=4 - depth / len(lines))  # the first on top
    _frame(ax, lines)
    seeds = max(len(line.cost) for line in lines)
    spread = (
        f"Mean of {seeds} seeds, upright lines from lowest to highest" if seeds > 1 else "One seed"
    )
    head(ax, title, ". ".join(filter(None, [spread, note])), key=True)
    attach_description(ax, cost_words(cost, {line.look.name: line.means for line in lines}))
    return ax


def _checked(curves: Mapping[str, CostCurve], names: Mapping[str, str]) -> list[_Points]:
    if not curves:
        raise ValueError("curves is empty: give at least one method")
    looks = looks_of(list(curves), names)
    lines = []
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
        lines.append(_Points(looks[method], cost, accuracy))
    return lines


def _draw(ax: Axes, line: _Points, zorder: float) -> None:
    look, (x, y) = line.look, line.means
    ax.plot(x, y, linewidth=2, markersize=10, clip_on=False, zorder=zorder, **look.line)
    if len(line.accuracy) > 1:
        low, high = line.accuracy.min(axis=0), line.accuracy.max(axis=0)
        ax.vlines(x, low, high, color=look.colour, linewidth=1.5, zorder=zorder - 1)


def _frame(ax: Axes, lines: list[_Points]) -> None:
    """A log axis with plain numbers; limits around all seeds, never above 100 %."""
    x = np.concatenate([line.means[0] for line in lines])
    low, high = float(x.min()), float(x.max())
    margin = max((high / low) ** 0.06, 1.15)
    ax.set_xscale("log")
    ax.set_xlim(low / margin, high * margin)
    steps: tuple[float, ...] = (1.0,) if high / low > 100 else (1.0, 2.0, 5.0)
    if high / low < 10:
        steps = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
    ax.xaxis.set_major_locator(LogLocator(10, subs=steps, numticks=12))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
    y = np.concatenate([line.accuracy.ravel() for line in lines])
    ax.set_ylim(*accuracy_limits(y.tolist()))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6))
