"""A picture before it is drawn: axes, series, words. No library that draws is loaded here.

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
    """As written in the figure."""
    colour: str
    marker: str = ""
    """As matplotlib names it; none: its points are not marked."""
    dashes: Dashes = "-"

    @property
    def line(self) -> dict[str, Any]:
        """How matplotlib draws it as a line with markers."""
        kinds = {"color": self.colour, "marker": self.marker, "linestyle": self.dashes}
        return kinds | {"label": self.name, "markeredgecolor": "white"}


Numbers: TypeAlias = "Sequence[float] | Floats"
Scale = Literal["linear", "log", "sqrt"]


@dataclass(frozen=True)
class Axis:
    """One axis of a picture."""

    name: str
    """With its unit; a line break begins a second line."""
    limits: tuple[float, float] | None = None
    """None: as the data need."""
    scale: Scale = "linear"
    ticks: tuple[float, ...] = ()
    """Where numbers stand; none: where the library puts them."""


@dataclass(frozen=True)
class Series:
    """One thing that is drawn. Two that look the same are equal, whatever their data."""

    look: Look
    """Its name is that in the key; several series may share one, and "" is not in the key."""
    x: Numbers = field(compare=False)
    """(n,); of bars the edges (n + 1,)."""
    y: Numbers = field(compare=False)
    """(n,); of a rule nothing."""
    kind: Literal["line", "band", "spans", "bars", "points", "ticks", "rule", "span"] = "line"
    """A line marks its values if its look has a marker; spans are upright, as rules are.

    A span, which only charts have, goes from x to `top` over the whole height; its name stands
    in it, at the share y of the height from above, and not in the key.
    """
    top: Numbers = field(default=(), compare=False)
    """Of bands and spans: the upper ends (n,); y holds the lower ones.

    Of points in a figure: where their error bars end above them; they reach as far below.
    """
    size: float = 1.0
    """Of lines and points, as a multiple of what is usual."""
    opacity: float = 1.0
    told: tuple[str, ...] = ()
    """Names of what a point of a chart says to whoever points at it."""
    telling: tuple[Sequence[Any], ...] = field(default=(), compare=False)
    """For each of these names (n,)."""


@dataclass(frozen=True)
class Plot:
    """A picture, whoever draws it. Two that look the same are equal, whatever their data."""

    x: Axis
    y: Axis
    series: tuple[Series, ...]
    """Of each kind the first lies on top; bars, bands and rules lie behind lines."""
    words: str = field(default="", compare=False)
    """What it shows, in words and numbers: the alternative text."""
