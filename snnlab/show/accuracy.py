"""Accuracy against timesteps: the figure of the whole kit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from scipy.special import stdtrit

from snnlab.show.arrays import Floats, floats
from snnlab.show.description import attach_description
from snnlab.show.line_ends import LineEnd, name_line_ends, names_fit
from snnlab.show.page import dress, head, shown_axes
from snnlab.show.style import PREDICTED, Look, looks_of

if TYPE_CHECKING:
    from snnlab.show.arrays import Values

Band = Literal["range", "interval"]
_BANDS: dict[Band, str] = {
    "range": "band: lowest to highest seed",
    "interval": "band: 95 % t-interval of the mean",
}
_MOST_TICKS = 10


class Curve(TypedDict):
    """One method's accuracy: `timesteps` (n,) and `accuracy` (seeds, n) or (n,), in percent."""

    timesteps: Values
    accuracy: Values


@dataclass(frozen=True)
class _Seeds:
    """A checked curve: timesteps (n,) and accuracy (seeds, n) in percent."""

    look: Look
    timesteps: Floats
    accuracy: Floats

    @property
    def mean(self) -> Floats:
        return np.asarray(self.accuracy.mean(axis=0))

    @property
    def count(self) -> int:
        return int(self.accuracy.shape[0])

    @property
    def end(self) -> LineEnd:
        return LineEnd(self.timesteps[-1], self.mean[-1], self.look.name, self.look.colour)

    def band(self, kind: Band) -> tuple[Floats, Floats]:
        if kind == "range":
            return self.accuracy.min(axis=0), self.accuracy.max(axis=0)
        error = self.accuracy.std(axis=0, ddof=1) / np.sqrt(self.count)
        half = stdtrit(self.count - 1, 0.975) * error
        return self.mean - half, self.mean + half


def accuracy_against_timesteps(
    curves: Mapping[str, Curve],
    *,
    band: Band = "range",
    names: Mapping[str, str] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Mean test accuracy over T on a log2 axis, with a band over seeds.

    Args:
        curves: method to its timesteps (n,) and accuracy (seeds, n) in percent. The methods
            (see `METHODS`) look the same in every figure. A single seed has no
            band.
        band: "range" from the lowest to the highest seed, or "interval", the 95 % t-interval
            of the mean. The figure says which.
        names: other names for methods, as written in the figure.
        ax: where to draw; a new figure by default.
        title: above the figure.

    Raises:
        ValueError: no curves, shapes that do not fit, timesteps that are not rising positive
            integers, accuracy outside 0 to 100, a name for a method that is not there, or an
            unknown band.

    Example:
        >>> runs = {"timesteps": [1, 2, 4], "accuracy": [[98.1, 98.2, 98.3], [97.9, 98.1, 98.2]]}
        >>> ax = accuracy_against_timesteps({"noise": runs})
        >>> save(ax, "accuracy")
    """
    if band not in _BANDS:
        raise ValueError(f"band must be one of {', '.join(_BANDS)}, got {band!r}")
    lines = _checked(curves, names or {})
    ax = shown_axes() if ax is None else ax
    dress(ax, x="Timesteps T", y="Test accuracy (%)")
    ticks = _scale_timesteps(ax, [line.timesteps for line in lines])
    for depth, line in enumerate(lines):
        _draw(ax, line, band, ticks, zorder=4 - depth / len(lines))  # the first on top
    _frame_accuracy(ax, lines, band)
    ends = [line.end for line in lines]
    at_ends = names_fit(ax, ends)
    head(ax, title, _note(lines, band), key=not at_ends)
    if at_ends:
        name_line_ends(ax, ends)
    attach_description(ax, _in_words(lines))
    return ax


def _checked(curves: Mapping[str, Curve], names: Mapping[str, str]) -> list[_Seeds]:
    if not curves:
        raise ValueError("curves is empty: give at least one method")
    if strangers := sorted(set(names) - set(curves)):
        raise ValueError(f"names has {strangers}, curves has only {sorted(curves)}")
    looks = looks_of(list(curves))
    checked = []
    for method, curve in curves.items():
        look = looks[method]
        look = Look(names.get(method, look.name), look.colour, look.marker, look.dashes)
        checked.append(_checked_curve(method, curve, look))
    return checked


def _checked_curve(method: str, curve: Curve, look: Look) -> _Seeds:
    if missing := sorted({"timesteps", "accuracy"} - set(curve)):
        raise ValueError(f"curve {method!r} lacks {missing}, it has {sorted(curve)}")
    timesteps = floats(f"timesteps of {method!r}", curve["timesteps"])
    ndim = max(1, min(np.ndim(curve["accuracy"]), 2))
    accuracy = floats(f"accuracy of {method!r}", curve["accuracy"], ndim=ndim)
    accuracy = np.atleast_2d(accuracy)  # (seeds, n)
    if accuracy.shape[1] != len(timesteps):
        raise ValueError(
            f"accuracy of {method!r} has shape {accuracy.shape}, which does not fit timesteps of "
            f"shape {timesteps.shape}: it must be (seeds, {len(timesteps)})"
        )
    rising = timesteps[0] >= 1 and (np.diff(timesteps) > 0).all()
    if not rising or (timesteps % 1 != 0).any():
        raise ValueError(
            f"timesteps of {method!r} must be rising positive integers, got {timesteps.tolist()}"
        )
    if accuracy.min() < 0 or accuracy.max() > 100:
        raise ValueError(
            f"accuracy of {method!r} must be in percent, 0 to 100, "
            f"got {accuracy.min():g} to {accuracy.max():g}"
        )
    return _Seeds(look, timesteps, accuracy)


def _scale_timesteps(ax: Axes, timesteps: list[Floats]) -> Floats:
    """A log2 axis with a tick at every T, or at the powers of two where that is too many."""
    ticks = np.unique(np.concatenate(timesteps))
    low, high = ticks[0], ticks[-1]
    if len(ticks) > _MOST_TICKS:
        ticks = ticks[np.log2(ticks) % 1 == 0]
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator(ticks.tolist()))
    ax.xaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
    ax.xaxis.set_minor_locator(NullLocator())
    margin = (high / low) ** 0.04 if high > low else 1.5
    ax.set_xlim(low / margin, high * margin)
    return ticks


def _draw(ax: Axes, line: _Seeds, band: Band, ticks: Floats, zorder: float) -> None:
    look = line.look
    ax.plot(
        line.timesteps,
        line.mean,
        label=look.name,
        color=look.colour,
        marker=look.marker,
        linestyle=look.dashes,
        linewidth=2.5,
        markersize=9,
        markeredgecolor="white",
        markeredgewidth=1,
        markevery=np.flatnonzero(np.isin(line.timesteps, ticks)).tolist(),
        clip_on=False,
        zorder=zorder,
    )
    if line.count > 1:
        low, high = line.band(band)
        ax.fill_between(
            line.timesteps, low, high, color=look.colour, alpha=0.18, linewidth=0, zorder=2
        )


def _frame_accuracy(ax: Axes, lines: list[_Seeds], band: Band) -> None:
    """Limits around means and bands, never above 100 %."""
    edges = [line.mean for line in lines]
    edges += [edge for line in lines if line.count > 1 for edge in line.band(band)]
    values = np.concatenate(edges)
    low, high = float(values.min()), float(values.max())
    margin = max(0.07 * (high - low), 0.3)
    ax.set_ylim(low - margin, min(high + margin, 100))


def _note(lines: list[_Seeds], band: Band) -> str:
    lines = [line for line in lines if line.look.name != PREDICTED.name] or lines
    fewest, most = min(line.count for line in lines), max(line.count for line in lines)
    if most == 1:
        return "One seed"
    seeds = f"{most} seeds" if fewest == most else f"{fewest} to {most} seeds"
    return f"Mean of {seeds}, {_BANDS[band]}"


def _in_words(lines: list[_Seeds]) -> str:
    parts = []
    for line in lines:
        first, last = line.timesteps[0], line.timesteps[-1]
        text = f"{line.look.name} {line.mean[0]:.2f} % at T={first:g}"
        if last > first:
            text += f" and {line.mean[-1]:.2f} % at T={last:g}"
        parts.append(f"{text} ({line.count} seed{'s' if line.count > 1 else ''})")
    return f"Mean test accuracy against timesteps: {'; '.join(parts)}."
