"""Many curves against one reference, each in a panel of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from snnlab.experiment.methods import PLAIN, QUIET
from snnlab.show.arrays import Floats
from snnlab.show.bands import Curves, checked_curves, draw_band, seeds_note
from snnlab.show.description import attach_description
from snnlab.show.grid import head_all, is_inner, name_panel, shown_grid
from snnlab.show.page import dress
from snnlab.show.style import GREY, NOTE, Look, looks_of


def against_reference(
    curves: Curves,
    reference: str,
    *,
    axes: Sequence[Axes] | None = None,
    low: float | None = None,
    title: str | None = None,
) -> tuple[Axes, ...]:
    """Accuracy against T: each curve over the reference, one panel for each.

    Args:
        curves: name to timesteps (n,), rising, and accuracy (seeds, n) in percent.
        reference: the name of the curve that stands in every panel.
        axes: where to draw, one for each curve but the reference; a new figure by default.
        low: where the accuracy axes begin; None: below the lowest mean.
        title: above the first panel.

    Returns:
        The panels.

    Raises:
        ValueError: no other curve than the reference, another number of axes, or curves that
            do not fit.

    Example:
        >>> runs = {"as it should be": ([1, 2], [98, 98]), "leak": ([1, 2], [97, 96])}
        >>> axes = against_reference(runs, "as it should be")
    """
    found = checked_curves(curves)
    others = [name for name in found if name != reference]
    if reference not in found or not others:
        raise ValueError(f"curves must hold {reference!r} and others, got {list(found)}")
    axes = shown_grid(len(others)) if axes is None else tuple(axes)
    if len(axes) != len(others):
        raise ValueError(f"{len(others)} curves need as many axes, got {len(axes)}")
    lowest = min(accuracy.mean(axis=0).min() for _, accuracy in found.values())
    bottom = lowest - 1 if low is None else low
    for ax, name in zip(axes, others, strict=True):
        _panel(ax, found, reference, name, bottom)
        attach_description(ax, _in_words(found, reference, name))
    note = seeds_note([accuracy for _, accuracy in found.values()])
    head_all(axes, title, f"Grey: {reference}. {note}")
    return tuple(axes)


def _panel(
    ax: Axes,
    found: Mapping[str, tuple[Floats, Floats]],
    reference: str,
    name: str,
    bottom: float,
) -> None:
    dress(ax, x="Timesteps T", y="" if is_inner(ax) else "Accuracy (%)")
    ax.set_xscale("log", base=2)
    ticks = found[name][0].tolist()
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
    ax.xaxis.set_minor_locator(NullLocator())
    noise, broken = looks_of([PLAIN, QUIET]).values()
    usual = Look(reference, GREY, noise.marker, noise.dashes)
    draw_band(ax, *found[reference], usual)
    draw_band(ax, *found[name], Look(name, broken.colour, broken.marker, broken.dashes), zorder=4)
    ax.set_ylim(bottom, 100)
    name_panel(ax, name)
    hidden = found[name][1].mean(axis=0) < bottom
    if hidden.all():
        ax.text(0.04, 0.06, "below the axis", transform=ax.transAxes, fontsize=NOTE, color=GREY)


def _in_words(found: Mapping[str, tuple[Floats, Floats]], reference: str, name: str) -> str:
    parts = []
    for label in (name, reference):
        T, mean = found[label][0], np.asarray(found[label][1].mean(axis=0))
        parts.append(f"{label} {mean[0]:.2f} % at T={T[0]:g} and {mean[-1]:.2f} % at T={T[-1]:g}")
    return f"Mean test accuracy: {', against '.join(parts)}."
