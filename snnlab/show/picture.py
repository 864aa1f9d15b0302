"""Figures with alternative text, and pictures for notebooks with a line of text below."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Mapping
from html import escape
from io import BytesIO

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure

from snnlab.show.page import whole_figure
from snnlab.show.style import INK

SCREEN_DPI = 80


class Description(Artist):
    """An invisible artist that holds the description of its Axes.

    As part of the Axes it is pickled with it, and removed by `ax.clear()`.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.set_in_layout(False)

    def draw(self, renderer: RendererBase) -> None:
        """Nothing to draw."""


class ForPages(Artist):
    """An invisible artist that holds data on its Axes for scripts of a web page.

    Args:
        tell: called once the figure is drawn; returns attributes of HTML, name to value.
    """

    def __init__(self, tell: Callable[[], Mapping[str, str]]) -> None:
        super().__init__()
        self.tell = tell
        self.set_in_layout(False)

    def draw(self, renderer: RendererBase) -> None:
        """Nothing to draw."""


def attach_description(ax: Axes, text: str) -> None:
    """Give an Axes a description, which replaces an earlier one."""
    for old in _descriptions(ax):
        old.remove()
    ax.add_artist(Description(text))


def describe(figure: Axes | Figure) -> str:
    """The description of a figure of this room, in words and numbers.

    Args:
        figure: an Axes, or a Figure, whose panels are then described in turn.

    Returns:
        One line; empty if the figure has no description.

    Example:
        >>> describe(transfer_curve([0, 1], [0, 1], ([0, 1], [0, 1])))
        'Rate against current, measured and closed form. Largest difference 0.0000 over 2 currents.'
    """
    panels = [figure] if isinstance(figure, Axes) else figure.axes
    return " ".join(found.text for ax in panels for found in _descriptions(ax))


def _descriptions(ax: Axes) -> list[Description]:
    return [artist for artist in ax.artists if isinstance(artist, Description)]


class Picture:
    """A rendered figure. A notebook shows the picture, a terminal its summary.

    Attributes:
        alt: what the figure shows, in words and numbers.
        summary: what to take from it, the line below the picture.
        png: the picture as bytes.
        attributes: of the HTML figure, for scripts of a web page.

    Example:
        >>> picture(line_chart([0, 1], {"a": [2, 3]}, x_label="t", y_label="h"), "It rises.")
        It rises. h against t: a from 2 to 3, lowest 2, highest 3.
    """

    def __init__(
        self, png: bytes, alt: str, summary: str = "", attributes: Mapping[str, str] | None = None
    ) -> None:
        self.png, self.alt, self.summary = png, alt, summary
        self.attributes = dict(attributes or {})

    def __repr__(self) -> str:
        return f"{self.summary} {self.alt}".strip()

    @property
    def width(self) -> int:
        """Width of the picture in pixels."""
        return int.from_bytes(self.png[16:20], "big")

    def html(self) -> str:
        """The picture as a self-contained HTML figure."""
        data = base64.b64encode(self.png).decode()
        caption = self.summary or self.alt
        said = "".join(f' {name}="{escape(text)}"' for name, text in self.attributes.items())
        return (
            f'<figure{said} style="margin: 0.5em 0; background: #FFFFFF; color: {INK}">'
            + movable(
                f'<img src="data:image/png;base64,{data}" alt="{escape(self.alt)}" '
                'style="max-width: 100%; height: auto">',
                self.width,
            )
            + '<figcaption style="padding: 0.2em 0.8em 0.6em; font-size: 105%">'
            f"{escape(caption)}</figcaption></figure>"
        )

    _repr_html_ = html


def movable(drawn: str, width: int) -> str:
    """A drawing in a box that web pages can scroll sideways, so that it stays readable.

    Args:
        drawn: HTML that shrinks with the available width.
        width: in pixels, at which it was drawn.
    """
    return (
        f'<div class="snn-sideways" data-needs="sideways" style="--wide: {width}px">'
        f"<div>{drawn}</div></div>"
    )


def picture(figure: Axes | Figure, summary: str = "", *, alt: str = "") -> Picture:
    """Show a figure of this room with alternative text and a summary.

    Args:
        figure: an Axes, whose whole figure is shown, or a Figure. pyplot forgets it, so that a
            notebook does not show it a second time.
        summary: one line that says what to see; by default the alternative text.
        alt: the alternative text; by default the description of the figure, or the summary.

    Raises:
        ValueError: an Axes that was removed from its figure, or a figure without a description:
            then `summary` must say what it shows.

    Example:
        >>> picture(accuracy_against_timesteps(curves), "With noise it holds.")
    """
    whole = whole_figure(figure, "shown")
    alt = alt or describe(whole) or summary
    if not alt:
        raise ValueError("nobody has described this figure: say in `summary` what it shows")
    buffer = BytesIO()
    whole.savefig(buffer, format="png", dpi=SCREEN_DPI, facecolor="white")
    attributes: dict[str, str] = {}
    for ax in whole.axes:
        for artist in ax.artists:
            if isinstance(artist, ForPages):
                attributes |= artist.tell()
    _forget(whole)
    return Picture(buffer.getvalue(), alt, summary, attributes)


def _forget(figure: Figure) -> None:
    """Close the figure in pyplot, if pyplot is in use at all."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None and getattr(figure, "number", None) is not None:
        pyplot.close(figure)
