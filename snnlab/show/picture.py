"""A figure as a notebook shows it: with alternative text, and a line of summary below."""

from __future__ import annotations

import base64
import sys
from html import escape
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.show.description import describe, whole_figure
from snnlab.show.style import INK

SCREEN_DPI = 80


class Picture:
    """A drawn figure. A notebook shows the picture, a terminal its summary.

    Attributes:
        alt: what the figure shows, in words and numbers.
        summary: what to take from it, the line below the picture.
        png: the picture as bytes.

    Example:
        >>> picture(raster(spikes), "Neuron 2 fires most.")
        Neuron 2 fires most. Spike raster of 3 neurons over 4 timesteps: 5 spikes, ...
    """

    def __init__(self, png: bytes, alt: str, summary: str = "") -> None:
        self.png, self.alt, self.summary = png, alt, summary

    def __repr__(self) -> str:
        return f"{self.summary} {self.alt}".strip()

    def html(self) -> str:
        """The picture as an HTML figure that needs no other file."""
        data = base64.b64encode(self.png).decode()
        caption = self.summary or self.alt
        return (
            f'<figure style="margin: 0.5em 0; background: #FFFFFF; color: {INK}">'
            f'<img src="data:image/png;base64,{data}" alt="{escape(self.alt)}" '
            'style="max-width: 100%; height: auto">'
            '<figcaption style="padding: 0.2em 0.8em 0.6em; font-size: 105%">'
            f"{escape(caption)}</figcaption></figure>"
        )

    _repr_html_ = html


def picture(figure: Axes | Figure, summary: str = "", *, dpi: int = SCREEN_DPI) -> Picture:
    """Show a figure of this room with alternative text and a summary.

    Args:
        figure: an Axes, whose whole figure is shown, or a Figure. pyplot forgets it, so that a
            notebook does not show it a second time.
        summary: one line that says what to see; by default the description of the figure.
        dpi: dots per inch.

    Raises:
        ValueError: an Axes that was removed from its figure, or a figure that nobody described:
            then `summary` must say what it shows.

    Example:
        >>> picture(raster(spikes), "Neuron 2 fires most.")
    """
    refusal = "the Axes belongs to no figure any more, so it cannot be shown"
    whole = whole_figure(figure, refusal)
    alt = describe(whole) or summary
    if not alt:
        raise ValueError("nobody has described this figure: say in `summary` what it shows")
    buffer = BytesIO()
    whole.savefig(buffer, format="png", dpi=dpi, facecolor="white")
    _forget(whole)
    return Picture(buffer.getvalue(), alt, summary)


def _forget(figure: Figure) -> None:
    """Close the figure in pyplot, if pyplot is in use at all."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None and getattr(figure, "number", None) is not None:
        pyplot.close(figure)
