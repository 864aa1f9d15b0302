"""The colours of the kit, on a light and on a dark background, and how methods are drawn.

All figures and charts use these, so that a colour has the same meaning everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from snnlab.runs.methods import METHODS, PLAIN, QUIET, RECIPE, Look


class Hue(NamedTuple):
    """A colour on both backgrounds."""

    light: str
    """The colour on white."""
    dark: str
    """About the same hue, but lighter, for near black."""


HUES: dict[str, Hue] = {
    "blue": Hue("#0072B2", "#56B4E9"),
    "vermillion": Hue("#D55E00", "#FF8C42"),
    "green": Hue("#009E73", "#2FC89B"),
    "black": Hue("#000000", "#FFFFFF"),
    "orange": Hue("#E69F00", "#F0C040"),
    "purple": Hue("#CC79A7", "#E29BC4"),
    "sky": Hue("#56B4E9", "#8FD3FF"),
    "grey": Hue("#5F5F5F", "#B9BEC5"),
    "violet": Hue("#7A4FB5", "#BFA0F0"),
    "plum": Hue("#A45C85", "#D98BB5"),
    "olive": Hue("#7D7A00", "#CFCB5A"),
    "brown": Hue("#7A4A24", "#C79A6E"),
}
"""The first seven on white: Okabe and Ito (2008), distinguishable with any colour vision."""

MAP: Final = "cividis"
"""A colour map from dark (low) to light (high) for any colour vision (Nuñez, Anderton, Renslow
2018)."""
MAP_BLACK_FROM = 0.47
"""From this share of the map on, black text has a contrast of 4.5; below it, white text has."""

PREDICTION = Look("plum", "p", (0, (2, 1)))
"""The look of a prediction."""

FREE = (
    Look("grey", "h", (0, (9, 3, 2, 3))),
    Look("violet", "*", (0, (5, 1, 1, 1))),
    Look("olive", "<", (0, (12, 3))),
    Look("brown", "d", (0, (3, 3))),
)
"""Looks for all other lines, in this order."""


def hue(name: str) -> Hue:
    """One of `HUES`; ValueError for another name."""
    if name not in HUES:
        raise ValueError(f"unknown hue {name!r}; valid: {', '.join(HUES)}")
    return HUES[name]


@dataclass(frozen=True)
class Palette:
    """The colours for one background."""

    dark: bool
    """Whether it is dark."""
    ink: str
    """Text, and lines drawn in the colour of text."""
    grey: str
    """Thresholds, references and other things in the background."""
    on_noise: str
    """Text on the colour of noise."""
    paper: str
    """The background, for shapes that have to hide what lies behind them."""

    def hue(self, name: str) -> str:
        """One of `HUES`."""
        found = hue(name)
        return found.dark if self.dark else found.light

    def of(self, method: str, place: int = 0) -> str:
        """The colour of a method; for any other name the free colour number `place`.

        Example:
            >>> palette(dark=False).of("noise")
            '#0072B2'
        """
        known = METHODS.get(method)
        return self.hue(known.look.hue) if known else self.free[place % len(FREE)]

    def named(self, *hues: str) -> dict[str, str]:
        """Ink, grey, paper and some of `HUES`, by their names in scripts of web pages."""
        plain = {"ink": self.ink, "grey": self.grey, "paper": self.paper}
        return plain | {f"hue_{name}": self.hue(name) for name in hues}

    @property
    def noise(self) -> str:
        """The colour of networks with noise."""
        return self.of(PLAIN)

    @property
    def quiet(self) -> str:
        """The colour of networks without noise."""
        return self.of(QUIET)

    @property
    def own_spikes(self) -> str:
        """The colour behind epochs in which a network trains on its own spikes."""
        return self.of(RECIPE)

    @property
    def free(self) -> tuple[str, ...]:
        """Colours for all other lines."""
        return tuple(self.hue(look.hue) for look in FREE)


LIGHT = Palette(dark=False, ink="#1C1F23", grey="#6B7280", on_noise="#FFFFFF", paper="#FFFFFF")
DARK = Palette(dark=True, ink="#F1F3F5", grey="#9AA3AE", on_noise="#14171B", paper="#14171B")


def palette(*, dark: bool) -> Palette:
    """The colours for a dark or a light background."""
    return DARK if dark else LIGHT
