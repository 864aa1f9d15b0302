"""What makes pictures live on a web page without Python: scripts, and how they are dressed.

`predict` lets the reader predict before the result is shown, `recorded` plays pictures that were
drawn beforehand, `sideways` keeps pictures readable where the page is narrow. `show/web.py` brings
each once per page.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from snnlab.show.colours import LIGHT
from snnlab.show.modules import joined
from snnlab.show.style import BLUE, GRID, PREDICTED

COLOURS: Final = {
    "--ink": LIGHT.ink,
    "--grey": LIGHT.grey,
    "--grid": GRID,
    "--accent": BLUE,
    "--predicted": PREDICTED.colour,
    "--paper": LIGHT.paper,
}
"""Of the pieces, as variables of CSS; pages of the course are light."""

PREDICT_FILES: Final = (
    "elements.js",
    "svg.js",
    "dress.css",
    "predict.css",
    "how_far_off.js",
    "rings.js",
    "overlay.js",
    "predict.js",
)
"""Sketches that can be drawn into, and results that wait for a prediction."""
RECORDED_FILES: Final = ("elements.js", "dress.css", "recorded.css", "recorded.js")
"""Live pictures whose controls choose among recorded frames."""
SIDEWAYS_JS, SIDEWAYS_CSS = "sideways.js", "sideways.css"
"""Pictures that are wider than the page: keys move them, too; and the style, see below."""


def sideways_style() -> str:
    """Pictures that are wider than the page move in a box of their own, without scripts as well."""
    return (Path(__file__).parent / SIDEWAYS_CSS).read_text("utf-8")


def script(*names: str) -> str:
    """Files as one module that knows the colours."""
    return f"const COLOURS = {json.dumps(COLOURS)};\n{joined(*names)}"
