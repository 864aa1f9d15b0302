"""Histograms of residual potentials and of the noise that replaces them in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from snnlab.neuron.spec import Noise
from snnlab.runs.methods import Dashes
from snnlab.show.arrays import Floats, Line, Values, floats, sampled
from snnlab.show.described import (
    DENSITY,
    POTENTIAL,
    RESIDUAL,
    binned,
    drifted_span,
    residual_words,
    whole_percent,
)
from snnlab.show.draw import draw_plot
from snnlab.show.page import (
    given_grid,
    head,
    head_all,
    name_panel,
    write_at_sides,
    write_inside,
    write_near,
)
from snnlab.show.pictures import residual_series
from snnlab.show.plot import Axis, Look, Plot, Series
from snnlab.show.style import BLACK, BLUE, GREY, INK, ORANGE, PURPLE, TICK

if TYPE_CHECKING:
    from snnlab.measure.residuals import ResidualSummary

_DENSITIES: tuple[tuple[str, Dashes], ...] = ((BLACK, "-"), (PURPLE, "--"), (GREY, "-."))
_POINTS = 600
IN_SIGHT = (-0.75, 1.75)
"""Range of potentials that is shown by default, in units of v_th."""
STAGE_PANEL = (4.6, 5.4)
"""Width and height of the panel of one stage in inches."""


def membrane_histogram(
    single_step: Values,
    multi_step: Values,
    *,
    densities: Mapping[str, Line] | None = None,
    silent: float | None = None,
    saturated: float | None = None,
    span: tuple[float, float] = IN_SIGHT,
    bins: int = 50,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Potentials of the noisy single step over the residuals of the multi-step network.

    Most silent neurons drift to ever lower potentials and most saturated ones to ever higher;
    neither belong to the residual distribution. Leave them out of `multi_step` and give their
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
    low, high = silent or 0.0, saturated or 0.0
    if min(low, high) < 0 or low + high > 1:
        raise ValueError(
            "silent and saturated must be fractions of all neurons, at least 0 and together at "
            f"most 1, got {silent} and {saturated}"
        )
    _require_rising(span)
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")
    if len(densities) > len(_DENSITIES):
        raise ValueError(f"at most {len(_DENSITIES)} densities, got {len(densities)}")
    series = []
    for look, values, opacity in (
        (Look("multi-step residual", ORANGE), residual, 0.45),
        (Look("noisy single step", BLUE), noisy, 1.0),
    ):
        heights, edges = binned(values, span, bins)
        series.append(Series(look, edges, heights, "bars", opacity=opacity))
    for (name, line), (colour, dashes) in zip(densities.items(), _DENSITIES, strict=False):
        x, y = sampled(name, line, *span)
        series.append(Series(Look(name, colour, "", dashes), x, y, size=0.9))
    top = 1.12 * max(float(np.max(one.y)) for one in series)
    series.append(Series(Look("", INK), [1], [], "rule"))
    words = _in_words(noisy, residual, silent, saturated)
    density = Axis(f"Probability {DENSITY.lower()}", (0, top))
    ax = draw_plot(ax, Plot(Axis(POTENTIAL, span), density, tuple(series), words))
    write_near(ax, "v_th", (1, 1), (6, -4), ax.get_xaxis_transform(), size=TICK, va="top")
    _write_left_out(ax, silent, saturated)
    head(ax, title, _beyond(noisy, residual, span), key=True)
    return ax


def residual_histograms(
    stages: Sequence[ResidualSummary],
    *,
    noise: Sequence[Noise | None] | Noise | None = None,
    names: Sequence[str] | None = None,
    span: tuple[float, float] = IN_SIGHT,
    axes: Sequence[Axes] | None = None,
    title: str | None = None,
) -> tuple[Axes, ...]:
    """One panel per stage: the residuals of its active neurons, and the noise of the training.

    Args:
        stages: from `residuals`.
        noise: that of all stages, or one per stage; None: none is drawn.
        names: of the panels; by default "Stage 1", "Stage 2", ...
        span: potentials shown, in units of v_th.
        axes: where to draw, one per stage; a new figure by default.
        title: above the first panel.

    Returns:
        The panels.

    Raises:
        ValueError: no stages, another number of noises, names or axes, or an empty span.

    Example:
        >>> axes = residual_histograms(residuals(net, images, 16), noise=Noise())
    """
    if not stages:
        raise ValueError("stages is empty: give what residuals() found")
    _require_rising(span)
    noises = list(noise) if isinstance(noise, Sequence) else [noise] * len(stages)
    if len(noises) != len(stages):
        raise ValueError(f"{len(stages)} stages need as many noises, got {len(noises)}")
    names = names or [f"Stage {number}" for number in range(1, len(stages) + 1)]
    axes = given_grid(axes, len(stages), "stages", panel=STAGE_PANEL)
    drawn = [_stage(found, law, span) for found, law in zip(stages, noises, strict=True)]
    highest = max(1.0, *(max(one.y[1:-1], default=0.0) for panel in drawn for one in panel))
    for name, ax, found, series in zip(names, axes, stages, drawn, strict=True):
        words = residual_words(f"{name[:1].lower()}{name[1:]}", found)
        y = Axis(DENSITY, (0, 1.35 * highest))
        draw_plot(ax, Plot(Axis(RESIDUAL, span), y, series, words), shared=True)
        if not any(series[0].y):
            write_inside(ax, "no neuron here fires sometimes", 0.5, 0.5, ha="center")
        name_panel(ax, name)
        left = f"mean {found.mean:.2f}\ndeviation {found.std:.2f}" if found.std >= 0 else ""
        right = f"{whole_percent(found.silent)} silent\n{whole_percent(found.saturated)} saturated"
        write_at_sides(ax, left, right, 0.02, 0.98, va="top")
    note = "Residuals of active neurons; even: as many at each potential"
    head_all(axes, title, note, key=True)
    return axes


def _require_rising(span: tuple[float, float]) -> None:
    if not span[0] < span[1]:
        raise ValueError(f"span must rise, got {span}")


def _stage(
    found: ResidualSummary, noise: Noise | None, span: tuple[float, float]
) -> tuple[Series, ...]:
    """The series of the panel of a stage; the residuals come first."""
    wide = found.wide and drifted_span(found, IN_SIGHT)  # then not all lie in the bins of a stage
    x = np.linspace(*span, _POINTS)
    looks = {"active": Look("residuals", ORANGE), "noise": Look("noise in training", BLUE)}
    residuals, *trained = residual_series(found, noise, looks, span if wide else None, x)
    flat = ((x >= 0) & (x < 1)).astype(float)
    even = Series(Look("even", BLACK, dashes="--"), x, flat, size=0.72)
    return residuals, even, *trained


def _write_left_out(ax: Axes, silent: float | None, saturated: float | None) -> None:
    """Write the shares of silent and saturated neurons, which the histogram leaves out."""
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
    """A fraction in percent with one decimal; a small one as "< 0.1 %", never as 0 %."""
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


def histogram_of(entry: Mapping[str, object]) -> ResidualSummary:
    """The residuals of a stage from its entry in the file of an experiment."""
    from snnlab.measure.residuals import ResidualSummary

    known = ("silent", "active", "saturated", "mean", "std", "density")
    values = {name: float("nan") if entry[name] is None else entry[name] for name in known}
    return ResidualSummary(**values)  # type: ignore[arg-type]
