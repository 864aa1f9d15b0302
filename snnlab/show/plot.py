"""The description of a picture: axes, series, words. No drawing library is imported here.

`show.draw` draws it with matplotlib, `show.charts.draw` with Altair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from snnlab.runs.methods import Dashes
from snnlab.show.arrays import Floats


@dataclass(frozen=True)
class Look:
    """Colour, marker and dashes of one method, each enough to tell it from the others."""

    name: str
    """The name in the figure."""
    colour: str
    marker: str = ""
    """Its name in matplotlib; empty: points are not marked."""
    dashes: Dashes = "-"

    @property
    def line(self) -> dict[str, Any]:
        """Arguments for matplotlib to draw it as a line with markers."""
        kinds = {"color": self.colour, "marker": self.marker, "linestyle": self.dashes}
        return kinds | {"label": self.name, "markeredgecolor": "white"}


Numbers: TypeAlias = "Sequence[float] | Floats"
Scale = Literal["linear", "log", "sqrt"]


@dataclass(frozen=True)
class Axis:
    """One axis of a picture."""

    name: str
    """Name with unit; it may have a line break."""
    limits: tuple[float, float] | None = None
    """None: limits that fit the data."""
    scale: Scale = "linear"
    ticks: tuple[float, ...] = ()
    """Values with a tick; empty: the library chooses them."""


@dataclass(frozen=True)
class Series:
    """One line, band or other mark of a picture. Comparison ignores the data."""

    look: Look
    """Its name is in the key, unless it is empty; several series may share a name."""
    x: Numbers = field(compare=False)
    """(n,); for bars the edges (n + 1,)."""
    y: Numbers = field(compare=False)
    """(n,); empty for a rule."""
    kind: Literal["line", "band", "spans", "bars", "points", "ticks", "rule", "span"] = "line"
    """A line marks its values if its look has a marker; spans are upright, as rules are.

    A span, which only charts draw, is an area from x to `top` over the whole height. Its name is
    not in the key, but written inside, at the share y of the height from above.
    """
    top: Numbers = field(default=(), compare=False)
    """The upper ends of bands and spans (n,); y holds the lower ends.

    For points in a figure: the upper ends of their error bars, which are symmetric.
    """
    size: float = 1.0
    """Size of lines and points, as a multiple of the usual one."""
    opacity: float = 1.0
    tooltip_names: tuple[str, ...] = ()
    """Names of the values that a chart shows when the pointer is on a point."""
    tooltip_values: tuple[Sequence[Any], ...] = field(default=(), compare=False)
    """The values for each of these names, (n,)."""


@dataclass(frozen=True)
class Plot:
    """A picture, for any drawing library. Comparison ignores the data."""

    x: Axis
    y: Axis
    series: tuple[Series, ...]
    """Of each kind the first one is on top; bars, bands and rules are behind lines."""
    words: str = field(default="", compare=False)
    """The alternative text: what the picture shows, in words and numbers."""
