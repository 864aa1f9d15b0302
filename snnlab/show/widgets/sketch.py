"""A prediction, sketched with sliders before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence

from ipywidgets import FloatSlider, Layout

from snnlab.show.page import dress, head
from snnlab.show.picture import Picture, picture
from snnlab.show.prediction import lay_prediction
from snnlab.show.widgets.live import LivePicture, live_axes


class Sketch(LivePicture):
    """A slider for each x; what they say together is the prediction.

    Args: see `sketch`.
    """

    def __init__(
        self,
        x: Sequence[float],
        span: tuple[float, float],
        start: Sequence[float],
        labels: tuple[str, str],
    ) -> None:
        self.x = list(x)
        self._span, self._labels = span, labels
        sliders = {
            f"at_{i}": _upright(x[i], start[i], span, f"{labels[1]} at {labels[0]}: {x[i]:g}")
            for i in range(len(x))
        }
        super().__init__(self._picture, sliders, direction="row")

    @property
    def y(self) -> list[float]:
        """The predicted values, one for each x."""
        return [float(value) for value in self.values.values()]

    def _picture(self, **values: float) -> Picture:
        low, high = self._span
        ax = live_axes((10.0, 4.5), top=0.4)
        dress(ax, x=self._labels[0], y=self._labels[1])
        ax.set_ylim(low, high)
        positions = list(range(len(self.x)))
        ax.set_xticks(positions, [f"{value:g}" for value in self.x])
        lay_prediction(ax, positions, list(values.values()))
        ax.set_ylim(low, high)
        head(ax, None)
        pairs = zip(self.x, values.values(), strict=True)
        points = ", ".join(f"{y:g} at {x:g}" for x, y in pairs)
        return picture(ax, alt=f"Your prediction: {points}.")


def sketch(
    x: Sequence[float],
    *,
    span: tuple[float, float],
    start: Sequence[float] | float | None = None,
    x_label: str,
    y_label: str,
) -> Sketch:
    """Ask for a prediction: a slider for each x, and a picture of the line they make.

    Lay it over the measurement with `show.lay_prediction(ax, guess.x, guess.y)`.

    Args:
        x: where to predict, at most 8 places.
        span: lowest and highest value.
        start: value of each slider before it is moved, or one for all; by default the middle.
        x_label, y_label: with units.

    Raises:
        ValueError: no places or too many, a span that does not rise, or a start that does not
            fit.

    Example:
        >>> guess = sketch([1, 4, 16], span=(50, 100), x_label="T", y_label="Accuracy (%)")
        >>> guess.y
        [75.0, 75.0, 75.0]
    """
    if not 1 <= len(x) <= 8:
        raise ValueError(f"x must hold 1 to 8 places, got {len(x)}")
    if not span[0] < span[1]:
        raise ValueError(f"span must rise, got {span}")
    if start is None:
        start = (span[0] + span[1]) / 2
    starts = [float(start)] * len(x) if isinstance(start, int | float) else list(start)
    if len(starts) != len(x) or not all(span[0] <= value <= span[1] for value in starts):
        raise ValueError(f"start must hold {len(x)} values in {span}, got {starts}")
    return Sketch(x, span, starts, (x_label, y_label))


def _upright(x: float, start: float, span: tuple[float, float], said: str) -> FloatSlider:
    """A vertical slider for one x; `said` is what it stands for."""
    return FloatSlider(
        value=start,
        min=span[0],
        max=span[1],
        step=(span[1] - span[0]) / 100,
        description=f"{x:g}",
        tooltip=said,
        orientation="vertical",
        readout_format=".3g",
        layout=Layout(height="12em", width="5.5em", overflow="visible"),
    )
