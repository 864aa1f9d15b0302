"""What player and films share: a host mounts them, and buttons, a slider and keys move them."""

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
"""Scripts and styles; what is mounted is derived from their classes, so they come first."""
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
"""On the buttons."""


def colours(*hues: str) -> dict[str, dict[str, str]]:
    """Ink, paper, grey and these hues on both backgrounds, for scripts."""
    return {"light": LIGHT.named(*hues), "dark": DARK.named(*hues)}
