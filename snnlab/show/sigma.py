"""Accuracy against the standard deviation of the noise."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from snnlab.measure.curve import SeedCurves
from snnlab.neuron.spec import MATCHED_SIGMA
from snnlab.runs.methods import Dashes
from snnlab.show.bands import Curve, draw_band, seed_curves, seeds_note
from snnlab.show.description import attach_description
from snnlab.show.page import dressed, head, write_near
from snnlab.show.style import DASHED, TICK, Look, looks_of, written

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
_DASHES: tuple[Dashes, ...] = ("-", "--", "-.", ":", (0, (7, 2)), (0, (3, 1, 1, 1)), (0, (1, 1)))


def accuracy_against_sigma(
    curves: Mapping[str, Curve],
    *,
    ordered: bool = False,
    matched: float = MATCHED_SIGMA,
    low: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Mean test accuracy over sigma, one line for each family or for each T.

    Args:
        curves: name to sigma (n,), rising, in units of v_th, and accuracy (seeds, n) in percent:
            as a pair, or as `SeedCurves`.
        ordered: whether the names have an order, as T has: colours then go from dark to light.
        matched: sigma that is marked; that of the residual by default.
        low: where the accuracy axis begins, so that one bad setting does not flatten the others;
            None: below the lowest mean.
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
    ax = dressed(ax, x="Standard deviation of the noise, sigma (v_th)", y="Test accuracy (%)")
    for name, seeds in found.items():
        draw_band(ax, seeds, looks[name])
    lowest = min(min(seeds.mean) for seeds in found.values())
    highest = max(max(seeds.range[1]) for seeds in found.values())
    ax.set_ylim((lowest if low is None else low) - 0.3, min(100, highest + 0.3))
    _mark(ax, matched)
    note = seeds_note(found.values())
    below = low is not None and lowest < low
    head(ax, title, f"{note}; what lies below the axis is not shown" if below else note, key=True)
    attach_description(ax, _in_words(found, matched))
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


def _mark(ax: Axes, matched: float) -> None:
    ax.axvline(matched, zorder=1, **DASHED)
    text, within = f"matched, {matched:.3g}", ax.get_xaxis_transform()
    write_near(ax, text, (matched, 0), (6, 8), written(TICK), within)


def _in_words(found: dict[str, SeedCurves], matched: float) -> str:
    parts = []
    for name, seeds in found.items():
        best = seeds.mean.index(max(seeds.mean))
        parts.append(f"{name} is best at sigma {seeds.x[best]:.3g} with {seeds.mean[best]:.2f} %")
    return (
        f"Mean test accuracy against the standard deviation of the noise: {'; '.join(parts)}. "
        f"Matched to the residual: {matched:.3g}."
    )
