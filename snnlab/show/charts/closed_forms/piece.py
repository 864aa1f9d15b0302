"""A picture that computes in the browser, as a piece of HTML with its script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from snnlab.show.modules import for_script

PIECE_FILES: Final = ("piece.css", "piece.js")
"""Style and script of these pieces."""
AT_REST = (
    "<p><em>With scripts this picture has sliders and follows them, on this page too.</em></p>"
)


def piece(charts: Sequence[dict[str, Any]], at_rest: str) -> str:
    """HTML for a page whose head has the scripts named by `data-needs`, see `snnlab.show.web`.

    Args:
        charts: from `charts_with`.
        at_rest: the picture as HTML, shown until the charts are drawn, and without scripts.
    """
    return (
        '<div class="snn-live-chart" data-needs="vega">\n'
        f'<div class="at-rest" data-needs="live charts">{at_rest}{AT_REST}</div>\n'
        f'<script type="application/json">{for_script(list(charts))}</script>\n'
        "</div>"
    )
