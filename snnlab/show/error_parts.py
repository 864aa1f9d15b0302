"""The error of a converted network, by part and stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from snnlab.show.arrays import Floats, floats
from snnlab.show.laboratory import ordered_looks
from snnlab.show.page import dress, head, head_all, shown_panels
from snnlab.show.picture import attach_description

PARTS = ("clipping", "rounding", "unevenness")
_SIZE = (15.0, 1.2)  # inches: width, and height without rows
_ROW = 0.52  # inches

Sizes = Mapping[str, Mapping[str, Sequence[float]]]
"""By name, then by part: the size of the error in each stage, in spikes per timestep."""


def error_size(rows: int) -> tuple[float, float]:
    """Width and height in inches of a figure of `error_parts_by_stage` with that many names."""
    return _SIZE[0], _SIZE[1] + 1.6 + _ROW * rows


def error_parts_by_stage(
    sizes: Sizes, *, axes: Sequence[Axes] | None = None, title: str | None = None
) -> tuple[Axes, ...]:
    """A panel per part, a row per network, a dot per stage: root mean square of the error.

    Args:
        sizes: by name of a network, then by part (clipping, rounding, unevenness): sizes by stage.
        axes: where to draw, three; a new figure by default.
        title: above the first panel.

    Returns:
        The panels.

    Raises:
        ValueError: no networks, a part that is missing, or another number of stages or axes.

    Example:
        >>> found = decompose_error(net, data.test, 8)
        >>> parts = {p: [stage.root_mean_square[p] for stage in found] for p in PARTS}
        >>> axes = error_parts_by_stage({"converted": parts})
    """
    table = {name: _checked(name, parts) for name, parts in sizes.items()}
    if not table or len({rows.shape for rows in table.values()}) > 1:
        raise ValueError(
            "sizes must hold one or more networks with the same stages, got "
            f"{ {name: rows.shape for name, rows in table.items()} }"
        )
    axes = shown_panels(len(PARTS), error_size(len(table))) if axes is None else axes
    if len(axes) != len(PARTS):
        raise ValueError(f"the parts {', '.join(PARTS)} need as many axes, got {len(axes)}")
    names = list(table)
    for i, (ax, part) in enumerate(zip(axes, PARTS, strict=True)):
        _panel(ax, part, np.stack([table[name][i] for name in names]))
        ax.set_yticks(range(len(names)), names if i == 0 else [""] * len(names))
        ax.set_ylim(len(names) - 0.5, -0.5)
        head(ax, title if i == 0 else None, None, key=i == 0)
        attach_description(ax, _in_words(part, table, i))
    head_all(axes, None, "Root mean square over neurons and images, spikes per timestep")
    return tuple(axes)


def _checked(name: str, parts: Mapping[str, Sequence[float]]) -> Floats:
    if missing := [part for part in PARTS if part not in parts]:
        raise ValueError(f"{name!r} lacks {', '.join(missing)}, it has {', '.join(parts)}")
    return np.stack([floats(f"{part} of {name!r}", parts[part]) for part in PARTS])


def _panel(ax: Axes, part: str, sizes: Floats) -> None:
    """Sizes (networks, stages) of one part."""
    dress(ax, x=part.capitalize(), y="", grid="both")
    looks = list(ordered_looks([f"stage {i + 1}" for i in range(sizes.shape[1])]).values())
    for stage, look in enumerate(looks):
        dots = look.line | {"linestyle": "none"}
        rows = np.arange(len(sizes))
        ax.plot(sizes[:, stage], rows, markersize=11, clip_on=False, zorder=4, **dots)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.set_xlim(0, 1.08 * max(float(sizes.max()), 1e-3))


def _in_words(part: str, table: Mapping[str, Floats], i: int) -> str:
    parts = [
        f"{name}: {', '.join(f'{size:.3f}' for size in rows[i])}" for name, rows in table.items()
    ]
    return f"Root mean square error by {part}, stage by stage: {'; '.join(parts)}."
