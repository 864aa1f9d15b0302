"""Many curves against one reference, each in a panel of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from snnlab.measure.curve import SeedCurves
from snnlab.runs.methods import PLAIN, QUIET
from snnlab.show.bands import (
    Curve,
    draw_band,
    ends_in_words,
    scale_timesteps,
    seed_curves,
    seeds_note,
)
from snnlab.show.description import attach_description
from snnlab.show.grid import head_all, is_inner, name_panel, shown_grid
from snnlab.show.page import dress
from snnlab.show.style import GREY, NOTE, Look, looks_of


def against_reference(
    curves: Mapping[str, Curve],
    reference: str,
    *,
    axes: Sequence[Axes] | None = None,
    low: float | None = None,
    title: str | None = None,
) -> tuple[Axes, ...]:
    """Accuracy against T: each curve over the reference, one panel for each.

    Args:
        curves: name to accuracy, as `accuracy_against_timesteps` takes it.
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
    found = seed_curves(curves)
    others = [name for name in found if name != reference]
    if reference not in found or not others:
        raise ValueError(f"curves must hold {reference!r} and others, got {list(found)}")
    axes = shown_grid(len(others)) if axes is None else tuple(axes)
    if len(axes) != len(others):
        raise ValueError(f"{len(others)} curves need as many axes, got {len(axes)}")
    lowest = min(min(seeds.mean) for seeds in found.values())
    bottom = lowest - 1 if low is None else low
    for ax, name in zip(axes, others, strict=True):
        _panel(ax, found, reference, name, bottom)
        ends = [ends_in_words(label, found[label]) for label in (name, reference)]
        attach_description(ax, f"Mean test accuracy: {', against '.join(ends)}.")
    head_all(axes, title, f"Grey: {reference}. {seeds_note(found.values())}")
    return tuple(axes)


def _panel(
    ax: Axes, found: Mapping[str, SeedCurves], reference: str, name: str, bottom: float
) -> None:
    dress(ax, x="Timesteps T", y="" if is_inner(ax) else "Accuracy (%)")
    scale_timesteps(ax, found[name].timesteps)
    noise, broken = looks_of([PLAIN, QUIET]).values()
    usual = Look(reference, GREY, noise.marker, noise.dashes)
    draw_band(ax, found[reference], usual)
    draw_band(ax, found[name], Look(name, broken.colour, broken.marker, broken.dashes), zorder=4)
    ax.set_ylim(bottom, 100)
    name_panel(ax, name)
    if max(found[name].mean) < bottom:
        ax.text(0.04, 0.06, "below the axis", transform=ax.transAxes, fontsize=NOTE, color=GREY)
