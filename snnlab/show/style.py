"""The style of every figure: colours with a fixed meaning, text readable from the last row."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.markers import MarkerStyle

from snnlab.runs import methods
from snnlab.runs.methods import METHODS
from snnlab.show.colours import FREE, HUES, PREDICTION, hue
from snnlab.show.plot import Look

SIZE = (10.0, 6.0)  # inches
TITLE, LABEL, TICK, NOTE = 20, 18, 16, 14  # font sizes in points
INK, GREY, GRID = "#222222", HUES["grey"].light, "#E4E4E4"
FONT = "DejaVu Sans"  # ships with matplotlib: the same picture on every machine


DASHED: dict[str, Any] = {"color": INK, "linewidth": 1.5, "linestyle": (0, (4, 3))}
"""A line that marks a value, such as the threshold."""


STYLE: Any = {
    "font.family": FONT,
    "font.size": NOTE,
    "text.color": INK,
    "axes.titlesize": TITLE,
    "axes.titlecolor": INK,
    "axes.titleweight": "bold",
    "figure.titlesize": TITLE,
    "figure.titleweight": "bold",
    "figure.labelsize": NOTE,
    "legend.frameon": False,
    "legend.fontsize": NOTE,
    "legend.labelcolor": INK,
}
"""Fonts and colours of texts, and a key without a frame, as settings of matplotlib."""

ONE_AT_A_TIME = threading.RLock()
"""Held while matplotlib's settings, which all threads share, are changed temporarily."""


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style of the kit; afterwards matplotlib's settings are restored."""
    with ONE_AT_A_TIME, mpl.rc_context(STYLE):
        yield


def marker_path(marker: str, size: float = 1.0) -> str:
    """A marker of matplotlib as a path of SVG, about `size` wide around 0.

    Example:
        >>> marker_path("s")
        'M-0.5 0.5L0.5 0.5L0.5 -0.5L-0.5 -0.5Z'
    """
    style = MarkerStyle(marker)
    path = style.get_path().transformed(style.get_transform())
    letters = {path.MOVETO: "M", path.LINETO: "L", path.CURVE3: "Q", path.CURVE4: "C"}
    parts = []
    for points, code in path.iter_segments(simplify=False):
        upright = np.reshape(points, (-1, 2)) * (size, -size)
        numbers = " ".join(f"{number:.4g}" for number in upright.ravel())
        parts.append("Z" if code == path.CLOSEPOLY else f"{letters[code]}{numbers}")
    return "".join(parts)


BLUE, VERMILLION, GREEN, BLACK, ORANGE, PURPLE = (
    HUES[name].light for name in ("blue", "vermillion", "green", "black", "orange", "purple")
)


STYLES = (
    Look("", BLUE, "o", "-"),
    Look("", VERMILLION, "s", "--"),
    Look("", GREEN, "^", "-."),
    Look("", PURPLE, "D", ":"),
    Look("", BLACK, "v", (0, (7, 2))),
)
"""Looks of curves that are no methods, in this order."""


def drawn(name: str, look: methods.Look) -> Look:
    """The look of a method as a `Look` with this name, in the colour for white."""
    return Look(name, hue(look.hue).light, look.marker, look.dashes)


PREDICTED = drawn("your prediction", PREDICTION)
"""The look of a student's prediction."""


def look_of(label: str) -> Look | None:
    """The look of a method in every figure; None for other labels."""
    known = methods.entry_of(label)
    return drawn(known.title, known.look) if known else None


def looks_of(labels: Sequence[str], names: Mapping[str, str] | None = None) -> dict[str, Look]:
    """The look of each label: that of a method, or for other labels the next free one.

    Args:
        labels: names of methods, or any other text, which is written as it is.
        names: other names for some of them, as written in the figure.

    Raises:
        ValueError: more unknown labels than there are free looks, or a name for a label that is
            not there.

    Example:
        >>> looks_of(["noise", "mine"])["mine"].marker
        'X'
    """
    names = names or {}
    if strangers := sorted(set(names) - set(labels)):
        raise ValueError(f"names has {strangers}, curves has only {sorted(labels)}")
    looks = {label: look_of(label) for label in labels}
    unknown = [label for label, look in looks.items() if look is None]
    if len(unknown) > len(FREE):
        raise ValueError(
            f"at most {len(FREE)} labels besides {', '.join(METHODS)} can be told apart in one "
            f"figure, got {len(unknown)}: {', '.join(unknown)}"
        )
    free = {label: drawn(label, look) for label, look in zip(unknown, FREE, strict=False)}
    found = {label: look or free[label] for label, look in looks.items()}
    return {label: replace(look, name=names.get(label, look.name)) for label, look in found.items()}


def looks_in_order(names: Iterable[str]) -> dict[str, Look]:
    """Looks of lines: networks of the course have their own, others the next of `STYLES`.

    Example:
        >>> looks_in_order(["noise", "mine"])["noise"].name
        'with noise'
    """
    pairs = zip(names, STYLES, strict=False)
    return {name: look_of(name) or replace(style, name=name) for name, style in pairs}


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
