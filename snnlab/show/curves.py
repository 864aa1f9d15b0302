"""Lines over a common x axis, for data without a figure of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from matplotlib.axes import Axes

from snnlab.show.arrays import Values, floats, require_same_shape
from snnlab.show.page import dressed, head
from snnlab.show.picture import attach_description
from snnlab.show.style import DASHED, STYLES, looks_in_order

_MOST_MARKERS = 30


def line_chart(
    x: Values,
    lines: Mapping[str, Values],
    *,
    x_label: str,
    y_label: str,
    ax: Axes | None = None,
    title: str | None = None,
    note: str | None = None,
) -> Axes:
    """Up to five named lines; points are marked unless there are many.

    Args:
        x: (n,), in rising order.
        lines: name to values (n,); a network of the course, such as "no-noise-rest", has its own
            title and look.
        x_label, y_label: with units.
        ax: where to draw; a new figure by default.
        title: above the figure.
        note: how to read it, in grey.

    Raises:
        ValueError: no lines or more than five, or shapes that differ.

    Example:
        >>> ax = line_chart([0, 1, 2], {"h": [0.2, 0.9, 1.3]}, x_label="t", y_label="h (v_th)")
    """
    if not 1 <= len(lines) <= len(STYLES):
        raise ValueError(f"lines must hold 1 to {len(STYLES)} entries, got {len(lines)}")
    at = floats("x", x)
    values = {name: floats(name, y) for name, y in lines.items()}
    require_same_shape(x=at, **values)
    ax = dressed(ax, x=x_label, y=y_label)
    looks = looks_in_order(values).values()
    for look, y in zip(looks, values.values(), strict=True):
        shown = look if len(at) <= _MOST_MARKERS else replace(look, marker="")
        ax.plot(at, y, linewidth=2.5, markersize=8, zorder=3, **shown.line)
    head(ax, title, note, key=len(values) > 1)
    parts = [
        f"{look.name} from {y[0]:.4g} to {y[-1]:.4g}, lowest {y.min():.4g}, highest {y.max():.4g}"
        for look, y in zip(looks, values.values(), strict=True)
    ]
    attach_description(ax, f"{y_label} against {x_label}: {'; '.join(parts)}.")
    return ax


def mark_value(ax: Axes, x: float) -> Axes:
    """Mark a value of x with a vertical dashed line; the note of the figure should explain it.

    Args:
        ax: a figure of this room.
        x: in the units of its x axis.

    Example:
        >>> mark_value(line_chart([0, 1], {"h": [0, 1]}, x_label="t", y_label="h"), 0.5)
    """
    ax.axvline(x, zorder=2, **DASHED)
    return ax
