"""A run of the reader's own among other seeds: bands, small dots for seeds, large ones for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from snnlab.measure.curve import powers_of_two
from snnlab.measure.statistics import estimate
from snnlab.show.arrays import Floats, Values, floats
from snnlab.show.bands import BANDS
from snnlab.show.described import ACCURACY, TIMESTEPS
from snnlab.show.draw import scale_log
from snnlab.show.page import dressed, head
from snnlab.show.picture import attach_description
from snnlab.show.style import BLACK, STYLES, looks_in_order

_APART = 0.035
"""Distance between the dots of two lines, as a share of the distance of two points on the x
axis."""


def among_seeds(
    x: Values,
    lines: Mapping[str, Values],
    own: Mapping[str, Values | Mapping[float, float]] | None = None,
    *,
    x_label: str,
    y_label: str = ACCURACY,
    images: int | None = None,
    even: bool = False,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Means over seeds with the 95 % t-interval of the mean, every seed, and the run of the reader.

    Args:
        x: (n,), rising.
        lines: up to five, name to the numbers of all seeds (seeds, n). A method has
            the same look as in other figures.
        own: name, as in `lines`, to the numbers of the reader's run: (n,), or a mapping from x to
            number where some are missing.
        x_label, y_label: with units.
        images: number of images on which each accuracy was measured: then the figure says how much
            one image counts. None if the numbers are no accuracies.
        even: whether the points stand at even distances, for instance sigma from 0.02 to 1.
        names: of the points (n,), where not all are numbers; they then stand at even distances.
        ax: where to draw; a new figure by default.
        title: above the figure.

    Raises:
        ValueError: no lines or more than five, shapes that do not fit, or a name in `own` that is
            not in `lines`.

    Example:
        >>> runs = {"noise": [[97.0, 98.0], [97.5, 98.5]]}
        >>> ax = among_seeds([1, 2], runs, {"noise": [97.2, 98.1]}, x_label="T", images=449)
    """
    own = own or {}
    if not 1 <= len(lines) <= len(STYLES):
        raise ValueError(f"lines must hold 1 to {len(STYLES)} entries, got {len(lines)}")
    if strangers := sorted(set(own) - set(lines)):
        raise ValueError(f"own has {strangers}, lines has only {sorted(lines)}")
    given = floats("x", x)
    even = even or names is not None
    at = np.arange(len(given), dtype=float) if even else given
    points = [f"{value:g}" for value in given] if names is None else names
    ax = dressed(ax, x=x_label, y=y_label)
    parts = []
    for i, (name, look) in enumerate(looks_in_order(lines).items()):
        rows = floats(name, lines[name], ndim=2)
        places = moved(at, x_label, _APART * (i - (len(lines) - 1) / 2))
        found = [estimate(column) for column in rows.T.tolist()]
        means = [each.mean for each in found]
        low, high = np.array([each.interval or [each.mean] * 2 for each in found]).T
        ax.fill_between(at, low, high, color=look.colour, alpha=0.15, linewidth=0, zorder=2)
        ax.plot(at, means, linewidth=2, zorder=3, markevery=[], **look.line)  # for the key
        for row in rows:
            ax.plot(places, row, look.marker, color=look.colour, alpha=0.35, ms=4, zorder=3)
        if name in own:
            mine = look.line | {"linestyle": "", "markeredgecolor": BLACK, "label": ""}
            there = own_points(name, own[name], given)
            ax.plot(places[list(there)], list(there.values()), markersize=10, zorder=5, **mine)
        ends = " and ".join(f"{found[k].text()} at {points[k]}" for k in (0, -1))
        told = (f"{y:.4g} at {points[k]}" for k, y in there.items()) if name in own else ()
        parts.append(f"{look.name}: {ends}" + (name in own) * f"; your run: {', '.join(told)}")
    if even:
        ax.set_xticks(at, points)
    elif is_timesteps(given, x_label):
        scale_log(ax, powers_of_two(int(given[-1])))
    head(ax, title, note_of(len(rows), images, bool(own)), key=len(lines) > 1)
    attach_description(ax, f"{y_label} against {x_label}: {'; '.join(parts)}.")
    return ax


def own_points(name: str, own: Values | Mapping[float, float], x: Floats) -> dict[int, float]:
    """The numbers of the reader's run, by the index of their point in x."""
    if isinstance(own, Mapping):
        return {x.tolist().index(point): float(value) for point, value in own.items()}
    return dict(enumerate(floats(name, own).tolist()))


def note_of(seeds: int, images: int | None, own: bool) -> str:
    """A note on how to read the figure: the band, the dots, and how much one image counts."""
    parts = [f"{seeds} seeds (small dots), {BANDS['interval']}"] + own * ["large: your run"]
    return "; ".join(parts + one_image(images)) + "."


def one_image(images: int | None) -> list[str]:
    """How many percentage points one image counts; empty if the number of images is None."""
    return [] if images is None else [f"one image is {100 / images:.2f}"]


def is_timesteps(x: Floats, label: str) -> bool:
    """Whether an axis shows timesteps T, which has a log2 scale."""
    return label == TIMESTEPS and bool(x[0] >= 1)


def moved(at: Floats, label: str, share: float) -> Floats:
    """The points, moved by a share of their distance, so that dots of lines stand side by side."""
    if is_timesteps(at, label):
        return at * 2**share
    return at + share * (at[-1] - at[0]) / max(1, len(at) - 1)
