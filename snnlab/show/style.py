"""How every figure looks: colours that keep their meaning, sizes for the last row.

Nothing here touches matplotlib's global settings; every property is set on the Axes itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from matplotlib.colors import to_hex, to_rgb

SIZE = (10.0, 6.0)  # inches
TITLE, LABEL, TICK, NOTE = 20, 18, 16, 14  # font sizes in points
INK, GREY, GRID = "#222222", "#5F5F5F", "#E4E4E4"
FONT = "DejaVu Sans"  # ships with matplotlib: the same picture on every machine

Dashes: TypeAlias = Literal["-", "--", "-.", ":"] | tuple[float, tuple[float, ...]]


@dataclass(frozen=True)
class Look:
    """Colour, marker and dashes of one method, each enough to tell it from the others."""

    name: str
    """As written in the figure."""
    colour: str
    marker: str
    dashes: Dashes


# Colours: Okabe and Ito (2008), made to be told apart with any colour vision.
BLUE, VERMILLION, GREEN, BLACK = "#0072B2", "#D55E00", "#009E73", "#000000"
ORANGE, PURPLE, SKY = "#E69F00", "#CC79A7", "#56B4E9"

LOOKS: dict[str, Look] = {
    "noise": Look("with noise", BLUE, "o", "-"),
    "no-noise": Look("without noise", VERMILLION, "s", "--"),
    "bptt": Look("BPTT", GREEN, "^", "-."),
    "ann": Look("ANN conversion", BLACK, "D", ":"),
    "prediction": Look("your prediction", "#A45C85", "p", (0, (2, 1))),
}
"""Methods, and what a student expected of them: the same look in every figure."""

_FREE = (
    Look("", ORANGE, "v", (0, (7, 2))),
    Look("", PURPLE, "P", (0, (3, 1, 1, 1, 1, 1))),
    Look("", SKY, "X", (0, (1, 1))),
    Look("", GREY, "h", (0, (9, 3, 2, 3))),
)


_WRITTEN = {"qcfs": "QCFS"}  # methods without a look of their own whose name is not their label


def looks_of(labels: Sequence[str]) -> dict[str, Look]:
    """The look of each label: a known method's own, or a free one in the order given.

    Args:
        labels: method names (see `LOOKS`) or any other text, which is then written as it is.

    Raises:
        ValueError: more unknown labels than there are free looks.

    Example:
        >>> looks_of(["noise", "qcfs"])["qcfs"].marker
        'v'
    """
    unknown = [label for label in labels if label not in LOOKS]
    if len(unknown) > len(_FREE):
        raise ValueError(
            f"at most {len(_FREE)} labels besides {', '.join(LOOKS)} can be told apart in one "
            f"figure, got {len(unknown)}: {', '.join(unknown)}"
        )
    free = {
        label: Look(_WRITTEN.get(label, label), look.colour, look.marker, look.dashes)
        for label, look in zip(unknown, _FREE, strict=False)
    }
    return {label: LOOKS.get(label) or free[label] for label in labels}


def readable(colour: str) -> str:
    """`colour`, darkened until text in it has a contrast of 4.5 on white (WCAG 2.1 AA)."""
    red, green, blue = to_rgb(colour)
    while _contrast_on_white(red, green, blue) < 4.5:
        red, green, blue = 0.95 * red, 0.95 * green, 0.95 * blue
    return to_hex((red, green, blue))


def _contrast_on_white(*rgb: float) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)
