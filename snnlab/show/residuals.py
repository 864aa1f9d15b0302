"""Residual potentials stage by stage, over the noise that stood for them in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from snnlab.measure.distances import Law
from snnlab.neuron.spec import Noise
from snnlab.show.arrays import Floats
from snnlab.show.description import attach_description
from snnlab.show.grid import head_all, is_inner, key_all, name_panel, shown_grid
from snnlab.show.page import dress, write_at_sides
from snnlab.show.style import BLACK, BLUE, GREY, NOTE, ORANGE

if TYPE_CHECKING:
    from snnlab.measure.residuals import ResidualSummary

_POINTS = 600
_EMPTY = "no neuron here fires sometimes"


def residual_histograms(
    stages: Sequence[ResidualSummary],
    *,
    noise: Sequence[Noise | None] | Noise | None = None,
    span: tuple[float, float] = (-0.75, 1.75),
    axes: Sequence[Axes] | None = None,
    title: str | None = None,
) -> tuple[Axes, ...]:
    """One panel per stage: the residuals of its active neurons, and the noise of the training.

    Args:
        stages: what `residuals` found.
        noise: that of all stages, or one per stage; None: none is drawn.
        span: potentials shown, in units of v_th.
        axes: where to draw, one per stage; a new figure by default.
        title: above the first panel.

    Returns:
        The panels.

    Raises:
        ValueError: no stages, another number of noises or axes, or an empty span.

    Example:
        >>> axes = residual_histograms(residuals(net, images, 16), noise=Noise())
    """
    if not stages:
        raise ValueError("stages is empty: give what residuals() found")
    if not span[0] < span[1]:
        raise ValueError(f"span must rise, got {span}")
    noises = list(noise) if isinstance(noise, Sequence) else [noise] * len(stages)
    if len(noises) != len(stages) or len(axes or stages) != len(stages):
        raise ValueError(
            f"{len(stages)} stages need as many noises and axes, got {len(noises)} and "
            f"{len(axes or stages)}"
        )
    axes = shown_grid(len(stages), panel=(4.6, 5.4)) if axes is None else tuple(axes)
    highest = max(
        _panel(ax, found, trained, span)
        for ax, found, trained in zip(axes, stages, noises, strict=True)
    )
    for number, (ax, found) in enumerate(zip(axes, stages, strict=True), start=1):
        ax.set_xlim(*span)
        ax.set_ylim(0, 1.35 * highest)
        name_panel(ax, f"Stage {number}")
        _write_numbers(ax, found)
        attach_description(ax, _in_words(number, found))
    key_all(axes)
    head_all(axes, title, "Residuals of active neurons; even: as many at each potential")
    return tuple(axes)


def _panel(
    ax: Axes, found: ResidualSummary, noise: Noise | None, span: tuple[float, float]
) -> float:
    """Draw one stage; the highest density in it."""
    dress(ax, x="Residual (v_th)", y="" if is_inner(ax) else "Density (1/v_th)")
    density, edges = _coarser(found)
    ax.stairs(density, edges, fill=True, color=ORANGE, alpha=0.55, label="residuals", zorder=2)
    x = np.linspace(*span, _POINTS)
    flat = ((x >= 0) & (x < 1)).astype(float)
    ax.plot(x, flat, color=BLACK, linestyle="--", linewidth=1.8, label="even", zorder=3)
    highest = max(1.0, float(density[1:-1].max(initial=0)))
    if noise is not None:
        drawn = _density(noise, x)
        ax.plot(x, drawn, color=BLUE, linewidth=2.5, label="noise in training", zorder=4)
        highest = max(highest, float(drawn.max()))
    if not density.any():
        ax.text(0.5, 0.5, _EMPTY, transform=ax.transAxes, ha="center", color=GREY, fontsize=NOTE)
    return highest


def _coarser(found: ResidualSummary, bins: int = 5) -> tuple[Floats, Floats]:
    """The histogram in bins that many times as wide."""
    density = np.asarray(found.density).reshape(-1, bins).mean(axis=1)
    return density, np.asarray(found.edges)[::bins]


def _density(noise: Noise, x: Floats) -> Floats:
    """Density of a noise, as the slope of its cumulative probability."""
    half = (x[1] - x[0]) / 2
    slope: Floats = (Law(noise).cdf(x + half) - Law(noise).cdf(x - half)) / (2 * half)
    return slope


def _write_numbers(ax: Axes, found: ResidualSummary) -> None:
    """Moments at the upper left, shares of the neurons not shown at the upper right."""
    left = f"mean {found.mean:.2f}\ndeviation {found.std:.2f}" if found.std >= 0 else ""
    right = f"{_percent(found.silent)} silent\n{_percent(found.saturated)} saturated"
    write_at_sides(ax, left, right, 0.02, 0.98, va="top")


def _moments(found: ResidualSummary) -> str:
    shares = f"{_percent(found.silent)} silent, {_percent(found.saturated)} saturated"
    if not found.std >= 0:
        return shares
    return f"mean {found.mean:.3f}, deviation {found.std:.3f}; {shares}, not shown"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _in_words(number: int, found: ResidualSummary) -> str:
    return (
        f"Residual potentials of stage {number} in units of v_th: {_percent(found.active)} of the "
        f"neurons active, {_moments(found)}."
    )


def histogram_of(entry: Mapping[str, object]) -> ResidualSummary:
    """A stage as an experiment's file holds it, to draw again."""
    from snnlab.measure.residuals import ResidualSummary

    known = ("silent", "active", "saturated", "mean", "std", "density")
    values = {name: float("nan") if entry[name] is None else entry[name] for name in known}
    return ResidualSummary(**values)  # type: ignore[arg-type]
