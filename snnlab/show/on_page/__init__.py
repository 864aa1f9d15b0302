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


def predict_script() -> str:
    """Sketches that can be drawn into, and results that wait for a prediction."""
    files = ("dress.css", "predict.css", "how_far_off.js", "rings.js", "overlay.js", "predict.js")
    return _script("elements.js", "svg.js", *files)


def recorded_script() -> str:
    """Live pictures whose controls choose among recorded frames."""
    return _script("elements.js", "dress.css", "recorded.css", "recorded.js")


def sideways_script() -> str:
    """Pictures that are wider than the page can be moved by keys, too."""
    return joined("sideways.js")


def sideways_style() -> str:
    """Pictures that are wider than the page move in a box of their own, without scripts as well."""
    return (Path(__file__).parent / "sideways.css").read_text("utf-8")


def _script(*names: str) -> str:
    """Files as one module that knows the colours."""
    return f"const COLOURS = {json.dumps(COLOURS)};\n{joined(*names)}"
