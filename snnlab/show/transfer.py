"""Rate against current: measured points and closed form."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from snnlab.show.arrays import Floats, Line, Values, floats, require_same_shape, sampled
from snnlab.show.described import CURRENT, RATE
from snnlab.show.draw import HOLLOW, draw_plot
from snnlab.show.page import head
from snnlab.show.plot import Axis, Look, Plot, Series
from snnlab.show.style import STYLES, style


def transfer_curve(
    current: Values,
    measured: Values | Mapping[str, Values],
    closed_form: Line | Mapping[str, Line],
    *,
    standard_error: Values | Mapping[str, Values] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Measured rates as points with error bars, closed forms as lines.

    For several curves, at most five, give mappings with the same names.

    Args:
        current: constant input (n,), in units of v_th.
        measured: rate at each current (n,), 0 to 1.
        closed_form: as a function of a NumPy array of currents, or as its points (x, y).
        standard_error: of the measured rates (n,); the bars are one standard error each way.
            Rates without an entry get no bars.
        ax: where to draw; a new figure by default.
        title: above the figure.

    Raises:
        ValueError: shapes that differ, or mappings with other names than `measured`.

    Example:
        >>> identity = ([0, 1], [0, 1])
        >>> ax = transfer_curve([0.2, 0.5], [0.21, 0.49], identity, standard_error=[0.01, 0.01])
    """
    x = floats("current", current)
    points = _named("measured", measured)
    errors = {} if standard_error is None else _named("standard_error", standard_error)
    forms = closed_form if isinstance(closed_form, Mapping) else {"": closed_form}
    _require_fit(x, points, forms, errors)
    gaps, series = [], []
    for (name, y), look in zip(points.items(), STYLES, strict=False):
        form = forms[name]
        at = sampled(_of("closed_form", name), form, x.min(), x.max())
        top = y + errors[name] if name in errors else ()
        series.append(Series(Look("", look.colour, "", look.dashes), *at, size=0.9))
        series.append(Series(look, x, y, "points", top))
        expected = floats(name, form(x)) if callable(form) else np.interp(x, *at)
        gaps.append(_gap_in_words(name, y, expected))
    words = f"Rate against current, measured and closed form. {'; '.join(gaps)}."
    ax = draw_plot(ax, Plot(Axis(CURRENT), Axis(RATE, (-0.03, 1.03)), tuple(series), words))
    note = "Points: measured; lines: closed form"
    head(ax, title, note + ("; bars: one standard error" if errors else ""))
    if set(points) != {""}:
        _name_curves(ax, list(points))
    return ax


def _named(what: str, given: Values | Mapping[str, Values]) -> dict[str, Floats]:
    """Checked curves by name; a single curve has the empty name."""
    named = given if isinstance(given, Mapping) else {"": given}
    return {name: floats(_of(what, name), values) for name, values in named.items()}


def _of(what: str, name: str) -> str:
    return f"{what} of {name!r}" if name else what


def _require_fit(
    x: Floats,
    points: Mapping[str, Floats],
    forms: Mapping[str, Line],
    errors: Mapping[str, Floats],
) -> None:
    if not 1 <= len(points) <= len(STYLES):
        raise ValueError(f"measured must hold 1 to {len(STYLES)} curves, got {len(points)}")
    if set(forms) != set(points):
        raise ValueError(f"closed_form has {sorted(forms)}, measured has {sorted(points)}")
    if strangers := sorted(set(errors) - set(points)):
        raise ValueError(f"standard_error has {strangers}, measured has {sorted(points)}")
    for what, given in (("measured", points), ("standard_error", errors)):
        for name, values in given.items():
            require_same_shape(**{"current": x, _of(what, name): values})


@style()
def _name_curves(ax: Axes, names: list[str]) -> None:
    """A key in the upper left corner, where rising curves leave room."""
    handles = [
        Line2D([], [], linewidth=2.2, **look.line | HOLLOW | {"markeredgecolor": look.colour})
        for look in STYLES
    ]
    ax.legend(handles[: len(names)], names, loc="upper left", handlelength=3)


def _gap_in_words(name: str, measured: Floats, expected: Floats) -> str:
    gap = np.abs(measured - expected).max()
    start = f"{name}: largest" if name else "Largest"
    return f"{start} difference {gap:.4f} over {len(measured)} currents"
