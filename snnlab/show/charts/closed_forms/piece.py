"""The piece of a web page that such a picture is, and the script that brings it to life."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from snnlab.show.modules import for_script

PIECE_FILES: Final = ("piece.css", "piece.js")
"""What brings the pieces to life."""
AT_REST = (
    "<p><em>With scripts this picture has sliders and follows them, on this page too.</em></p>"
)


def piece(charts: Sequence[dict[str, Any]], at_rest: str) -> str:
    """HTML for a page whose head holds what `data-needs` names, see `snnlab.show.web`.

    Args:
        charts: of `charts_with`.
        at_rest: the picture as HTML, shown until the charts are there, and where no script runs.
    """
    return (
        '<div class="snn-live-chart" data-needs="vega">\n'
        f'<div class="at-rest" data-needs="live charts">{at_rest}{AT_REST}</div>\n'
        f'<script type="application/json">{for_script(list(charts))}</script>\n'
        "</div>"
    )
