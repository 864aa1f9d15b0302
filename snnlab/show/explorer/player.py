"""The player in a web page: it plays frames without Python and without internet access."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from snnlab.show.explorer.controls import MOUNTED_FILES
from snnlab.show.explorer.frames import VIEWS
from snnlab.show.modules import for_script, joined, piece_of_page

PLAYER_FILES: Final = (
    *MOUNTED_FILES,
    "player.css",
    "values.js",
    "maps.js",
    "stage.js",
    "readout.js",
    "one_neuron.js",
    "pointing.js",
    "opened.js",
    "legends.js",
    "play.js",
    "player.js",
)
"""Files of the player; the last one mounts it."""
PLAYER_JS: Final = joined(*PLAYER_FILES)
"""The player, an ES module with `mount(element, frames, tell, options)`."""


def player_page(
    frames: Mapping[str, Any],
    *,
    t: int = 1,
    view: str = VIEWS[0],
    neuron: Sequence[int] | None = None,
) -> str:
    """A self-contained piece of HTML with a player; a page may have several.

    Args:
        frames: from `frames()`.
        t: the timestep at which it starts.
        view: what the maps show, one of `VIEWS`.
        neuron: network, stage and index of the open neuron, counted from 0; None: none is open.

    Raises:
        ValueError: a timestep that the frames do not have, or another view.

    Example:
        >>> page = Path("seven.html").write_text(player_page(shown))
    """
    if not 1 <= t <= frames["T"]:
        raise ValueError(f"t must be from 1 to {frames['T']}, got {t}")
    if view not in VIEWS:
        raise ValueError(f"view must be one of {', '.join(VIEWS)}, got {view!r}")
    options = f'{{ t: {t}, view: "{view}", neuron: {json.dumps(neuron)}, dark }}'
    return piece_of_page(PLAYER_JS, f"mount(place, {for_script(frames)}, null, {options});")
