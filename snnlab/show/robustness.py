"""Accuracy against the strength of a disturbance, one panel for each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from snnlab.measure.curve import SeedCurves
from snnlab.show.bands import Curve, draw_band, seed_curves, seeds_note
from snnlab.show.description import attach_description
from snnlab.show.grid import head_all, shown_grid
from snnlab.show.page import dress, head
from snnlab.show.style import looks_of

LABELS = {
    "input_noise": "Noise on pixels (white = 1)",
    "weight_noise": "Noise on weights (share)",
    "dropped_spikes": "Lost spikes (share)",
}


def accuracy_against_strength(
    kinds: Mapping[str, Mapping[str, Curve]],
    *,
    axes: Sequence[Axes] | None = None,
    title: str | None = None,
) -> tuple[Axes, ...]:
    """Mean test accuracy over the strength of each disturbance.

    Args:
        kinds: kind of disturbance (see `LABELS`; others are written as they are) to curves:
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
    axes = shown_grid(len(kinds), panel=(5.2, 4.8)) if axes is None else tuple(axes)
    if len(axes) != len(kinds):
        raise ValueError(f"{len(kinds)} kinds need as many axes, got {len(axes)}")
    drawn: list[SeedCurves] = []
    for i, (ax, (kind, curves)) in enumerate(zip(axes, kinds.items(), strict=True)):
        found = seed_curves(curves, of_timesteps=False)
        looks = looks_of(list(found))
        dress(ax, x=LABELS.get(kind, kind), y="" if i else "Test accuracy (%)")
        for method, seeds in found.items():
            draw_band(ax, seeds, looks[method])
        ends = [
            f"{looks[method].name} {seeds.mean[-1]:.2f} % at {seeds.x[-1]:g}"
            for method, seeds in found.items()
        ]
        head(ax, None, key=i == 0)
        attach_description(ax, f"{LABELS.get(kind, kind)}, mean test accuracy: {'; '.join(ends)}.")
        drawn += found.values()
    axes[0].set_ylim(top=100)
    head_all(axes, title, seeds_note(drawn))
    return tuple(axes)
