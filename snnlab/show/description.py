"""One line in words for every figure, for those who cannot see it."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure


class Description(Artist):
    """An artist that draws nothing and says what its Axes shows.

    It lives in the Axes, so it goes wherever the Axes goes (a pickle included) and leaves with
    `ax.clear()`.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.set_in_layout(False)

    def draw(self, renderer: RendererBase) -> None:
        """Nothing to draw."""


def attach_description(ax: Axes, text: str) -> None:
    """Give `ax` a description, in place of the one it may have."""
    for old in _descriptions(ax):
        old.remove()
    ax.add_artist(Description(text))


def describe(figure: Axes | Figure) -> str:
    """What a figure of this room shows, in words and numbers.

    Args:
        figure: an Axes, or a Figure, whose panels are then described in turn.

    Returns:
        One line; empty where nothing was described.

    Example:
        >>> describe(raster(spikes))
        'Spike raster of 3 neurons over 4 timesteps: 5 spikes, 0.417 per neuron and timestep.'
    """
    panels = [figure] if isinstance(figure, Axes) else figure.axes
    return " ".join(found.text for ax in panels for found in _descriptions(ax))


def whole_figure(shown: Axes | Figure, refusal: str) -> Figure:
    """The figure that an Axes belongs to, or the figure itself.

    Raises:
        ValueError: the Axes was removed from its figure; with the words of `refusal`.
    """
    whole = shown if isinstance(shown, Figure) else shown.get_figure(root=True)
    if whole is None:
        raise ValueError(refusal)
    return whole


def _descriptions(ax: Axes) -> list[Description]:
    return [artist for artist in ax.artists if isinstance(artist, Description)]
