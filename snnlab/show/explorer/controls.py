"""What player and films share: how a page mounts them, and their buttons, slider and keys."""

from __future__ import annotations

from typing import Final

from snnlab.show.colours import DARK, LIGHT

MOUNTED_FILES: Final = (
    "controls.css",
    "elements.js",
    "svg.js",
    "bytes.js",
    "controls.js",
    "mounted.js",
    "motion.js",
)
"""Scripts and styles. They come first, as player and films derive from their classes."""
CONTROL_WORDS: Final = {
    "play": "Play",
    "pause": "Pause",
    "step": "Step",
    "back": "Back",
    "speed": "Speed",
    "slow": "slow",
    "normal": "normal",
    "fast": "fast",
}
"""Labels of the buttons."""


def colours(*hues: str) -> dict[str, dict[str, str]]:
    """Ink, paper, grey and these hues, for a light and a dark background."""
    return {"light": LIGHT.named(*hues), "dark": DARK.named(*hues)}
