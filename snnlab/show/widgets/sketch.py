"""A prediction, sketched into the axes of a figure before anything is measured."""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from itertools import count, pairwise
from typing import Any, Final

import numpy as np
from ipywidgets import HTML, Box, FloatSlider, Layout, VBox
from matplotlib.axes import Axes

from snnlab.show.arrays import Values, floats, require_same_shape
from snnlab.show.bands import Curve, seeds_of
from snnlab.show.how_far_off import SENTENCES, how_far_off
from snnlab.show.page import dress, head
from snnlab.show.picture import SCREEN_DPI, Picture, movable
from snnlab.show.prediction import predicted_points
from snnlab.show.style import FONT, GREY, GRID, INK, PREDICTED
from snnlab.show.web import for_web_pages
from snnlab.show.widgets.live import live_axes
from snnlab.show.widgets.names import LIVE, name_controls

_SIZE = (10.0, 4.5)  # inches
_REACH = 28  # pixels, width of the area in which a handle can be dragged
_KNOB = 20  # pixels, width of a handle

_INSTRUCTIONS = (
    "Drag each ring to what you expect, or go to it with Tab and use the arrow keys. "
    "A ring that you leave alone predicts nothing."
)
_CLOSED_NOTE = (
    "This sketch is closed: the measurement has been shown. Run this cell again to predict anew."
)
_WORDS: Final = SENTENCES | {
    "axes": "Axes for your prediction",
    "asked": f"{_INSTRUCTIONS} What was measured stays hidden until you ask for it.",
    "waits": "nothing predicted, the ring waits at {value}",
    "show": "Show what was measured",
    "again": "Predict again",
    "predict": "Predict it above",
    "result": "Your prediction and what was measured",
    "waiting": "What was measured is hidden here until you have predicted it, or ask for it.",
    "rest": "So is what the rest of this section says of it.",
    "later": "What this cell gave is shown together with what was measured.",
    "unpredicted": "This is what was measured. You predicted nothing here.",
    "outside_one": "One of your points lies outside the picture: see its edge.",
    "outside_several": "{count} of your points lie outside the picture: see its edge.",
    "mine": "Your prediction",
    "measured": "Measured",
    "measured_one": "Measured: {name}",
}
"""Texts of a web page."""

_numbers = count(1)

_STYLE = f"""<style>
.snnlab-stage {{ position: relative; display: block; width: 100%; max-width: 800px;
  aspect-ratio: {_SIZE[0]} / {_SIZE[1]}; overflow: visible; margin: 0; background: #FFFFFF }}
.snnlab-stage .widget-html, .snnlab-stage .widget-html-content {{ position: absolute; inset: 0;
  width: 100%; height: 100%; margin: 0; padding: 0 }}
.snnlab-stage img, .snnlab-stage svg {{ position: absolute; inset: 0; width: 100%; height: 100% }}
.snnlab-stage svg {{ pointer-events: none }}
.snnlab-stage .widget-slider {{ position: absolute; padding: 0 }}
.snnlab-stage .widget-slider .widget-label {{ display: none }}
.snnlab-stage .widget-slider .slider-container {{ width: 100%; height: 100%; margin: 0;
  padding: 0 }}
.snnlab-stage .widget-slider .noUi-target {{ width: 100%; height: 100%; margin: 0; border: 0;
  box-shadow: none; cursor: pointer;
  background: linear-gradient({GRID}, {GRID}) center / 1px 100% no-repeat }}
.snnlab-stage .widget-slider .noUi-connects {{ display: none }}
.snnlab-stage .widget-slider .noUi-handle {{ width: {_KNOB}px; height: {_KNOB}px;
  right: {(_REACH - _KNOB) // 2}px; left: auto; top: -{_KNOB // 2}px; bottom: auto;
  border: 3px dashed {GREY}; border-radius: 50%; background: #FFFFFF; box-shadow: none;
  transform: none; box-sizing: border-box; cursor: grab }}
.snnlab-stage .widget-slider.snnlab-said .noUi-handle {{ border: 2px solid #FFFFFF;
  background: {PREDICTED.colour} !important }}
.snnlab-stage .widget-slider .noUi-handle:focus {{ outline: 3px solid {INK} }}
.snnlab-stage .widget-slider [disabled], .snnlab-stage .widget-slider [disabled] .noUi-handle {{
  cursor: not-allowed }}
</style>"""
"""The style of vertical sliders over the picture, each at its x, of which only the handle is
visible."""


class Sketch(VBox):
    """Axes with a handle at each x. A handle predicts only once it was moved.

    Args: see `sketch`.

    Attributes:
        controls: a slider for each x, which may also be moved from Python:
            `guess.controls["at_2"].value = 90`.
        x: where to predict.
        locked: whether the measurement was shown by `told`; then no handle can be moved.
    """

    def __init__(
        self,
        x: Sequence[float],
        span: tuple[float, float],
        start: Sequence[float],
        labels: tuple[str, str],
    ) -> None:
        self.x = list(x)
        self.locked = False
        self._name = f"sketch-{next(_numbers)}"
        self._measured = np.full(len(x), np.nan)
        self._labels = labels
        self._moved: set[str] = set()
        self._frame, self._span = _drawn_frame(self.x, span, labels), span
        top, height = self._frame.box
        self._start = list(start)
        self.controls = {
            f"at_{i}": FloatSlider(
                value=start[i],
                min=span[0],
                max=span[1],
                step=(span[1] - span[0]) / 100,
                description=f"{x[i]:g}",
                tooltip=f"{labels[1]} at {labels[0]}: {x[i]:g}",
                orientation="vertical",
                readout=False,
                layout=Layout(
                    left=f"calc({100 * place:.3f}% - {_REACH / 2}px)",
                    top=f"{100 * top:.3f}%",
                    height=f"{100 * height:.3f}%",
                    width=f"{_REACH}px",
                    min_width="0",
                    margin="0",
                ),
            )
            for i, place in enumerate(self._frame.places)
        }
        self._words, self._view = HTML(), HTML(layout=Layout(margin="0"))
        stage = Box([self._view, *self.controls.values()], layout=Layout(overflow="visible"))
        stage.add_class("snnlab-stage")
        super().__init__([self._words, stage, name_controls(*self.controls.values())])
        self.add_class(LIVE)
        for name, control in self.controls.items():
            control.observe(lambda _, name=name: self._predict(name), names="value")
        self._redraw()

    @property
    def y(self) -> list[float]:
        """The predicted value at each x; nan where nothing was predicted."""
        return [
            float(control.value) if name in self._moved else math.nan
            for name, control in self.controls.items()
        ]

    @property
    def values(self) -> dict[str, float]:
        """The value of each handle, moved or not."""
        return {name: float(control.value) for name, control in self.controls.items()}

    @property
    def picture(self) -> Picture:
        """The present sketch, for a page without handles."""
        return Picture(self._frame.png, self._alt, self._text)

    def told(self, measured: Curve | Values, y: Values | None = None) -> str:
        """Close the sketch, and say in a sentence how far off it was.

        Args:
            measured: accuracy in any form that `show.accuracy_against_timesteps` takes (its mean is
                used); or the x (n,) of a measurement, in rising order.
            y: the measurement at these x (n,), in the unit of the sketch.

        Raises:
            ValueError: shapes that differ.

        Example:
            >>> guess.told([1, 4, 16], [97.3, 97.8, 97.6])
            'Your prediction was 9.8 points off on average, most at T = 16: 28 points too low.'
        """
        self.locked = True
        for control in self.controls.values():
            control.disabled = True
        self._redraw()
        if y is None:
            curve = seeds_of(measured)
            at, found = floats("x", curve.x), floats("y", curve.mean)
        else:
            at, found = floats("x", measured), floats("y", y)  # type: ignore[arg-type]
        require_same_shape(x=at, y=found)
        self._measured = np.interp(self.x, at, found, left=np.nan, right=np.nan)
        said = np.array(self.y)
        width, unit = self._span[1] - self._span[0], self._unit
        return how_far_off(said, self._measured, where=self._where, width=width, unit=unit)

    @property
    def on_page(self) -> dict[str, Any]:
        """Data on this sketch for the picture of the measurement on a web page."""
        return {
            "sketch": self._name,
            "span": self._span,
            "measured": [None if math.isnan(value) else float(value) for value in self._measured],
        }

    @property
    def _asked(self) -> dict[str, Any]:
        """Data for the sketch on a web page."""
        frame, (low, high) = self._frame, self._span
        places = zip(frame.across, self.x, self.controls.values(), strict=True)
        return {
            "id": self._name,
            "low": low,
            "high": high,
            "width": high - low,
            "start": self._start,
            "labels": self._labels,
            "ticks": [{"share": share, "text": text} for share, text in frame.ticks],
            "x": [
                {"share": share, "text": _written(x), "name": control.tooltip}
                for share, x, control in places
            ],
            "where": self._where,
            "unit": self._unit,
            "words": _WORDS,
        }

    @property
    def _where(self) -> list[str]:
        return [_where(self._labels[0], x) for x in self.x]

    @property
    def _unit(self) -> str:
        _, unit = _name_and_unit(self._labels[1])
        return "points" if unit.startswith("%") else unit

    def _predict(self, name: str) -> None:
        self._moved.add(name)
        self.controls[name].add_class("snnlab-said")
        self._redraw()

    @property
    def _alt(self) -> str:
        x, y = predicted_points(self.x, self.y)
        if not len(x):
            return f"{self._labels[1]} against {self._labels[0]}: empty axes for a prediction."
        points = ", ".join(f"{b:.4g} at {a:g}" for a, b in zip(x, y, strict=True))
        return f"Your prediction: {points}."

    @property
    def _text(self) -> str:
        if self.locked:
            return f"{_CLOSED_NOTE} {self._alt if self._moved else ''}".strip()
        return self._alt if len(self._moved) == len(self.x) else _INSTRUCTIONS

    def _redraw(self) -> None:
        self._words.value = f"{_STYLE}<figure style='margin: 0'>{self._caption()}</figure>"
        self._view.value = self._drawing(markers=False)

    def _caption(self) -> str:
        return f"<figcaption style='font-size: 105%'>{escape(self._text)}</figcaption>"

    def _drawing(self, *, markers: bool) -> str:
        """The empty axes, and over them the prediction so far."""
        width, height = (round(inches * SCREEN_DPI) for inches in _SIZE)
        top, tall = self._frame.box
        low, high = self._span
        shapes, points = [], []
        for place, y in zip(self._frame.places, self.y, strict=True):
            if math.isnan(y):
                continue
            at = place * width, (top + tall * (high - y) / (high - low)) * height
            points.append(at)
            lower = at[1] < 30
            shapes.append(
                f'<text x="{at[0]:.1f}" y="{at[1] + (32 if lower else -16):.1f}" '
                f'text-anchor="middle" stroke="white" stroke-width="4">{y:.3g}</text>'
            )
            if markers:
                shapes.append(f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{_KNOB / 2}"/>')
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        data = b64encode(self._frame.png).decode()
        return (
            f'<img alt="{escape(self._alt)}" src="data:image/png;base64,{data}">'
            f'<svg viewBox="0 0 {width} {height}" aria-hidden="true" fill="{PREDICTED.colour}" '
            f'font-family="{FONT}, sans-serif" font-size="15" font-weight="bold" '
            'paint-order="stroke">'
            f'<polyline points="{line}" fill="none" stroke="{PREDICTED.colour}" stroke-width="3" '
            f'stroke-dasharray="6 3"/>{"".join(shapes)}</svg>'
        )

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = repr(self.picture)
        stage = f"<div class='snnlab-stage'>{self._drawing(markers=True)}</div>"
        width = round(_SIZE[0] * SCREEN_DPI)
        at_rest = (
            f"{_STYLE}<figure style='margin: 0.5em 0'>{movable(stage, width)}"
            f"{self._caption()}</figure>"
            "<p><em>In JupyterLab you draw into these axes.</em></p>"
        )
        if for_web_pages():
            asked = escape(json.dumps(self._asked))
            at_rest = f"<div data-needs='predict' data-sketch='{asked}'>{at_rest}</div>"
        bundle["text/html"] = at_rest
        return bundle


def sketch(
    x: Sequence[float],
    *,
    span: tuple[float, float],
    start: Sequence[float] | float | None = None,
    x_label: str,
    y_label: str,
) -> Sketch:
    """Ask for a prediction: axes with a handle at each x, to be dragged or moved by keys.

    The axis of x is logarithmic if every x is the same multiple of the one before. Draw the
    prediction over the measurement with `show.lay_prediction(ax, guess)`, and print how far off it
    was with `guess.told(...)`, which closes the sketch. On a web page the reader predicts: the
    outputs of the cells from here to that picture, and the rest of its section, stay hidden until
    the reader asks for them.

    Args:
        x: where to predict, at most 8 places, in rising order.
        span: lowest and highest value.
        start: values of the handles before they are moved, or one value for all; by default the
            middle. They are no predictions.
        x_label, y_label: with units.

    Raises:
        ValueError: no places or too many or not in rising order, a span that does not rise, or a
            start that does not fit.

    Example:
        >>> guess = sketch([1, 4, 16], span=(50, 100), x_label="T", y_label="Accuracy (%)")
        >>> guess.y
        [nan, nan, nan]
    """
    if not 1 <= len(x) <= 8:
        raise ValueError(f"x must hold 1 to 8 places, got {len(x)}")
    if any(later <= earlier for earlier, later in pairwise(x)):
        raise ValueError(f"x must rise, got {list(x)}")
    if not span[0] < span[1]:
        raise ValueError(f"span must rise, got {span}")
    if start is None:
        start = (span[0] + span[1]) / 2
    starts = [float(start)] * len(x) if isinstance(start, int | float) else list(start)
    if len(starts) != len(x) or not all(span[0] <= value <= span[1] for value in starts):
        raise ValueError(f"start must hold {len(x)} values in {span}, got {starts}")
    return Sketch(x, span, starts, (x_label, y_label))


@dataclass(frozen=True)
class _Frame:
    """The empty axes. Positions are shares of the whole picture unless stated otherwise."""

    png: bytes
    places: list[float]
    """The position of each x in the width."""
    box: tuple[float, float]
    """Top and height of the axes."""
    across: list[float]
    """The position of each x in the width of the axes."""
    ticks: list[tuple[float, str]]
    """The position of each tick in the height of the axes, and its label."""


def _drawn_frame(x: Sequence[float], span: tuple[float, float], labels: tuple[str, str]) -> _Frame:
    """Draw the empty axes."""
    ax = live_axes(_SIZE, top=0.45)
    dress(ax, x=labels[0], y=labels[1])
    if _geometric(x):
        ax.set_xscale("log")
        ax.minorticks_off()
    _leave_room(ax, x)
    ax.set_xticks(x, [_written(value) for value in x])
    ax.set_ylim(*span)
    head(ax, None)
    buffer = BytesIO()
    ax.figure.savefig(buffer, format="png", dpi=SCREEN_DPI, facecolor="white")  # type: ignore[union-attr]
    left, bottom, width, height = ax.get_position().bounds
    across = ax.transAxes.inverted().transform(
        ax.transData.transform([(value, span[0]) for value in x])
    )[:, 0]
    ticks = [value for value in ax.get_yticks() if span[0] <= value <= span[1]]
    texts = ax.yaxis.get_major_formatter().format_ticks(ticks)
    up = [(value - span[0]) / (span[1] - span[0]) for value in ticks]
    return _Frame(
        buffer.getvalue(),
        (left + width * across).tolist(),
        (1 - bottom - height, height),
        across.tolist(),
        list(zip(up, texts, strict=True)),
    )


def _written(x: float) -> str:
    """An x as text, as on the axis."""
    return f"{x:,.6g}"


def _geometric(x: Sequence[float]) -> bool:
    """Whether each x is the same multiple of the one before."""
    if len(x) < 3 or min(x) <= 0:
        return False
    ratios = np.divide(x[1:], x[:-1])
    return bool(np.ptp(ratios) < 0.01 * ratios[0])


def _leave_room(ax: Axes, x: Sequence[float]) -> None:
    """Limits with room for a handle beside the first and the last x."""
    scale = ax.xaxis.get_transform()
    low, high = scale.transform(np.array([x[0], x[-1]], dtype=np.float64))
    room = 0.06 * (high - low) or 0.5
    ax.set_xlim(*scale.inverted().transform(np.array([low - room, high + room])))


def _name_and_unit(label: str) -> tuple[str, str]:
    """Parts of an axis label: "Pulse (ms)" has the name "Pulse" and the unit "ms"."""
    name, _, unit = label.partition(" (")
    return name, unit.removesuffix(")")


def _where(label: str, x: float) -> str:
    """A position on the x axis in words: "at T = 16", or "at 4 ms"."""
    name, unit = _name_and_unit(label)
    symbol = name.split()[-1]
    if len(symbol) == 1 or symbol == "sigma":
        return f"at {symbol} = {_written(x)}"
    return f"at {_written(x)} {unit}".strip()
