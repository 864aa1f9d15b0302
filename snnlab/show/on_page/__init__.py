"""What makes pictures live on a web page without Python: scripts, and how they are dressed.

`predict` lets the reader predict before the result is shown, `recorded` plays pictures that were
drawn beforehand, `sideways` keeps pictures readable where the page is narrow. `show/web.py` brings
each once per page.
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
"""Variables of CSS on every page of the course, which is light, for pieces and slides."""

PAGE_STYLE: Final = "\n".join(
    [
        ":root { " + "; ".join(f"--{name}: {colour}" for name, colour in COLOURS.items()) + " }",
        text_of("sideways.css"),
    ]
)
"""In the head of every page: the colours, and that pictures which are wider than the page move in a
box of their own, without scripts as well."""
