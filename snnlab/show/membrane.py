"""Noise against residual: the two histograms that the method rests on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from snnlab.show.arrays import Floats, Line, Values, floats, sampled
from snnlab.show.description import attach_description
from snnlab.show.page import dressed, head, write_at_sides, write_near
from snnlab.show.style import BLACK, BLUE, DASHED, GREY, ORANGE, PURPLE, TICK, written

_DENSITIES = ((BLACK, "-"), (PURPLE, "--"), (GREY, "-."))


def membrane_histogram(
    single_step: Values,
    multi_step: Values,
    *,
    densities: Mapping[str, Line] | None = None,
    silent: float | None = None,
    saturated: float | None = None,
    span: tuple[float, float] = (-0.75, 1.75),
    bins: int = 50,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Potentials of the noisy single step over the residuals of the multi-step network.

    Silent neurons drift to ever lower potentials and saturated ones to ever higher; neither
    belongs to the residual distribution. Leave them out of `multi_step` and give their
    fractions, which are written in the figure.

    Args:
        single_step: potentials before charging at T = 1, noise included (n,), in units of v_th.
        multi_step: residuals v[t-1] of driven neurons at T > 1 (m,), in units of v_th.
        densities: name to closed-form density, at most three, as a function of a NumPy array
            of potentials or as its points (x, y).
        silent: fraction of neurons that never fire, 0 to 1; None where it is not known.
        saturated: fraction of neurons that fire at every timestep, 0 to 1, or None.
        span: potentials shown. Those outside count in the density, and their fraction is
            written in the figure.
        bins: number of bins over the span.
        ax: where to draw; a new figure by default.
        title: above the figure.

    Raises:
        ValueError: empty or non-finite potentials, fractions that are none, an empty span, or
            too many densities.

    Example:
        >>> flat = ([0, 0, 1, 1], [0, 1, 1, 0])
        >>> ax = membrane_histogram(noise, residuals, densities={"U(0, 1)": flat}, silent=0.31)
    """
    noisy, residual = floats("single_step", single_step), floats("multi_step", multi_step)
    densities = densities or {}
    _require_fractions(silent, saturated)
    _require_bins(span, bins)
    if len(densities) > len(_DENSITIES):
        raise ValueError(f"at most {len(_DENSITIES)} densities, got {len(densities)}")
    ax = dressed(ax, x="Membrane potential (v_th)", y="Probability density (1/v_th)")
    edges = np.linspace(*span, bins + 1)
    _draw_histogram(ax, residual, edges, "multi-step residual", ORANGE, 0.45)
    _draw_histogram(ax, noisy, edges, "noisy single step", BLUE, 0.0)
    for (name, line), (colour, dashes) in zip(densities.items(), _DENSITIES, strict=False):
        x, y = sampled(name, line, *span)
        ax.plot(x, y, label=name, color=colour, linestyle=dashes, linewidth=2.2, zorder=4)
    ax.set_xlim(*span)
    ax.set_ylim(0, 1.12 * ax.dataLim.ymax)
    _mark_threshold(ax)
    _mark_left_out(ax, silent, saturated)
    head(ax, title, _beyond(noisy, residual, span), key=True)
    attach_description(ax, _in_words(noisy, residual, silent, saturated))
    return ax


def _require_fractions(silent: float | None, saturated: float | None) -> None:
    low, high = silent or 0.0, saturated or 0.0
    if min(low, high) < 0 or low + high > 1:
        raise ValueError(
            "silent and saturated must be fractions of all neurons, at least 0 and together at "
            f"most 1, got {silent} and {saturated}"
        )


def _require_bins(span: tuple[float, float], bins: int) -> None:
    if not span[0] < span[1]:
        raise ValueError(f"span must rise, got {span}")
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")


def _draw_histogram(
    ax: Axes, values: Floats, edges: Floats, name: str, colour: str, fill: float
) -> None:
    """Density over all values, so the area inside the span is the fraction inside it."""
    counts, _ = np.histogram(values, edges)
    density = counts / (len(values) * np.diff(edges))
    if fill:
        ax.stairs(density, edges, fill=True, color=colour, alpha=fill, label=name, zorder=2)
    else:
        ax.stairs(density, edges, color=colour, linewidth=2.5, label=name, zorder=3)


def _mark_threshold(ax: Axes) -> None:
    ax.axvline(1, zorder=1, **DASHED)
    style = written(TICK) | {"va": "top"}
    write_near(ax, "v_th", (1, 1), (6, -4), style, ax.get_xaxis_transform())


def _mark_left_out(ax: Axes, silent: float | None, saturated: float | None) -> None:
    """Arrows to where the neurons are that the histogram leaves out."""
    left = "" if silent is None else f"← {_percent(silent)} silent\n(not shown)"
    right = "" if saturated is None else f"{_percent(saturated)} saturated →\n(not shown)"
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    write_at_sides(ax, left, right, 0.015, 0.62, va="center", bbox=box)


def _beyond(noisy: Floats, residual: Floats, span: tuple[float, float]) -> str | None:
    parts = []
    for name, values in (("noisy single step", noisy), ("multi-step residual", residual)):
        outside = float(np.mean((values < span[0]) | (values > span[1])))
        if outside:
            parts.append(f"{_percent(outside)} of {name}")
    return f"Beyond the axis: {', '.join(parts)}" if parts else None


def _percent(fraction: float) -> str:
    """One decimal, and never 0 % for a little."""
    if 0 < fraction < 0.001:
        return "< 0.1 %"
    return f"{100 * fraction:.1f} %" if fraction else "0 %"


def _in_words(
    noisy: Floats, residual: Floats, silent: float | None, saturated: float | None
) -> str:
    known = {"silent": silent, "saturated": saturated}
    left_out = [f"{_percent(part)} {name}" for name, part in known.items() if part is not None]
    return (
        "Histograms of membrane potentials in units of v_th: noisy single step with mean "
        f"{noisy.mean():.3f} and standard deviation {noisy.std():.3f} (n = {len(noisy)}), "
        f"multi-step residual with mean {residual.mean():.3f} and standard deviation "
        f"{residual.std():.3f} (n = {len(residual)})"
        + (f"; neurons left out: {', '.join(left_out)}." if left_out else ".")
    )
