"""Accuracy in the noise laboratory: against sigma, under disturbances, against a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from snnlab.measure.curve import SeedCurves
from snnlab.neuron.spec import MATCHED_SIGMA
from snnlab.runs.methods import PLAIN, QUIET, Dashes
from snnlab.show.bands import Curve, banded, seed_curves, seeds_note
from snnlab.show.described import ACCURACY, TIMESTEPS, ends_in_words
from snnlab.show.draw import draw_plot
from snnlab.show.page import (
    given_grid,
    head,
    head_all,
    name_panel,
    write_inside,
    write_near,
)
from snnlab.show.plot import Axis, Look, Plot, Series
from snnlab.show.style import GREY, INK, TICK, looks_of

DISTURBANCES = {
    "input_noise": "Noise on pixels (white = 1)",
    "weight_noise": "Noise on weights (share)",
    "dropped_spikes": "Lost spikes (share)",
}
STRENGTH_PANEL = (5.2, 4.8)
"""Width and height of the panel of one disturbance in inches."""
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
_DASHES: tuple[Dashes, ...] = ("-", "--", "-.", ":", (0, (7, 2)), (0, (3, 1, 1, 1)), (0, (1, 1)))


def accuracy_against_sigma(
    curves: Mapping[str, Curve],
    *,
    ordered: bool = False,
    low: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Mean test accuracy over sigma, one line for each family or for each T.

    The sigma that matches the residual is marked.

    Args:
        curves: name to sigma (n,), rising, in units of v_th, and accuracy (seeds, n) in percent:
            as a pair, or as `SeedCurves`.
        ordered: whether the names have an order, for instance T: colours then go from dark to
            light.
        low: lower end of the accuracy axis, so that one bad setting does not flatten the others;
            None: just below the lowest mean.
        ax: where to draw; a new figure by default.
        title: above the figure.

    Raises:
        ValueError: no curves, shapes that do not fit, sigma that does not rise, accuracy outside
            0 to 100, or more lines than can be told apart.

    Example:
        >>> ax = accuracy_against_sigma({"gaussian": ([0, 0.29, 1], [[97, 98.5, 96]])})
    """
    found = seed_curves(curves, of_timesteps=False)
    looks = ordered_looks(list(found)) if ordered else looks_of(list(found))
    best = []
    for name, seeds in found.items():
        at = seeds.mean.index(max(seeds.mean))
        best.append(f"{name} is best at sigma {seeds.x[at]:.3g} with {seeds.mean[at]:.2f} %")
    lowest = min(min(seeds.mean) for seeds in found.values())
    highest = max(max(seeds.range[1]) for seeds in found.values())
    limits = (lowest if low is None else low) - 0.3, min(100, highest + 0.3)
    words = (
        f"Mean test accuracy against the standard deviation of the noise: {'; '.join(best)}. "
        f"Matched to the residual: {MATCHED_SIGMA:.3g}."
    )
    lines = (one for name, seeds in found.items() for one in banded(looks[name], seeds))
    matched = Series(Look("", INK), [MATCHED_SIGMA], [], "rule")
    x = Axis("Standard deviation of the noise, sigma (v_th)")
    plot = Plot(x, Axis(ACCURACY, limits), (*lines, matched), words)
    below = low is not None and lowest < low
    note = seeds_note(found.values()) + below * "; what lies below the axis is not shown"
    ax = draw_plot(ax, plot)
    mark, within = f"matched, {MATCHED_SIGMA:.3g}", ax.get_xaxis_transform()
    write_near(ax, mark, (MATCHED_SIGMA, 0), (6, 8), within, size=TICK)
    head(ax, title, note, key=True)
    return ax


def ordered_looks(names: list[str]) -> dict[str, Look]:
    """Looks for names with an order: from dark to light, each with its marker and dashes.

    Raises:
        ValueError: more names than markers.
    """
    if len(names) > len(_DASHES):
        raise ValueError(f"at most {len(_DASHES)} lines can be told apart, got {len(names)}")
    scale = colormaps["viridis"]
    shades = [to_hex(scale(0.85 * i / max(1, len(names) - 1))) for i in range(len(names))]
    kinds = zip(names, shades, _MARKERS, _DASHES, strict=False)
    return {name: Look(name, shade, marker, dashes) for name, shade, marker, dashes in kinds}


def accuracy_against_strength(
    kinds: Mapping[str, Mapping[str, Curve]],
    *,
    axes: Sequence[Axes] | None = None,
    title: str | None = None,
) -> tuple[Axes, ...]:
    """Mean test accuracy over the strength of each disturbance.

    Args:
        kinds: kind of disturbance (see `DISTURBANCES`; others are written as they are) to curves:
            method to strengths (n,), rising, and accuracy (seeds, n) in percent: as a pair, or
            as `SeedCurves`.
        axes: where to draw, one per kind; a new figure by default.
        title: above the first panel.

    Returns:
        The panels.

    Raises:
        ValueError: no kinds, another number of axes, or curves that do not fit.

    Example:
        >>> lost = {"noise": ([0, 0.5], [98, 80]), "no-noise": ([0, 0.5], [98, 70])}
        >>> axes = accuracy_against_strength({"dropped_spikes": lost})
    """
    if not kinds:
        raise ValueError("kinds is empty: give at least one disturbance")
    axes = given_grid(axes, len(kinds), "kinds", panel=STRENGTH_PANEL)
    drawn: list[SeedCurves] = []
    for ax, (kind, curves) in zip(axes, kinds.items(), strict=True):
        found = seed_curves(curves, of_timesteps=False)
        looks = looks_of(list(found))
        label = DISTURBANCES.get(kind, kind)
        lines = (one for method, seeds in found.items() for one in banded(looks[method], seeds))
        ends = [
            f"{looks[method].name} {seeds.mean[-1]:.2f} % at {seeds.x[-1]:g}"
            for method, seeds in found.items()
        ]
        words = f"{label}, mean test accuracy: {'; '.join(ends)}."
        draw_plot(ax, Plot(Axis(label), Axis(ACCURACY), tuple(lines), words), shared=True)
        head(ax, None, key=ax is axes[0])
        drawn += found.values()
    axes[0].set_ylim(top=100)
    head_all(axes, title, seeds_note(drawn))
    return axes


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
    axes = given_grid(axes, len(others), "curves")
    bottom = min(min(seeds.mean) for seeds in found.values()) - 1 if low is None else low
    noise, broken = looks_of([PLAIN, QUIET]).values()
    usual = Look(reference, GREY, noise.marker, noise.dashes)
    for ax, name in zip(axes, others, strict=True):
        changed = Look(name, broken.colour, broken.marker, broken.dashes)
        lines = *banded(changed, found[name]), *banded(usual, found[reference])
        ends = [ends_in_words(label, found[label]) for label in (name, reference)]
        words = f"Mean test accuracy: {', against '.join(ends)}."
        x = Axis(TIMESTEPS, None, "log", tuple(found[name].timesteps))
        draw_plot(ax, Plot(x, Axis("Accuracy (%)", (bottom, 100)), lines, words), shared=True)
        name_panel(ax, name)
        if max(found[name].mean) < bottom:
            write_inside(ax, "below the axis", 0.04, 0.06)
    head_all(axes, title, f"Grey: {reference}. {seeds_note(found.values())}")
    return axes
