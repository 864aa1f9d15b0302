"""Scripts and styles of interactive pictures on web pages without Python.

`predict` lets the reader predict before the result is shown, `recorded` shows pictures that were
drawn in advance, `sideways` keeps pictures readable on narrow pages. `show/web.py` puts each script
into a page once.
"""

from __future__ import annotations

from typing import Final

from snnlab.show.colours import LIGHT
from snnlab.show.modules import text_of
from snnlab.show.style import BLUE, GRID, PREDICTED

COLOURS: Final = {
    "ink": LIGHT.ink,
    "grey": LIGHT.grey,
    "grid": GRID,
    "accent": BLUE,
    "predicted": PREDICTED.colour,
    "paper": LIGHT.paper,
}
"""CSS variables on every web page of the course, for interactive pictures and slides."""

PAGE_STYLE: Final = "\n".join(
    [
        ":root { " + "; ".join(f"--{name}: {colour}" for name, colour in COLOURS.items()) + " }",
        text_of("sideways.css"),
    ]
)
"""The style in the head of every page: colours, and boxes in which pictures wider than the page can
be scrolled, even without scripts."""
