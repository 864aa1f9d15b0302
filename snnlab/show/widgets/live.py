"""A picture below controls, redrawn whenever one of them changes."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

from ipywidgets import HTML, Box, Dropdown, FloatSlider, IntSlider, Layout, ValueWidget, VBox
from matplotlib.axes import Axes

from snnlab.data.images import Images
from snnlab.show.page import fixed_panels
from snnlab.show.picture import Picture
from snnlab.show.web import for_web_pages
from snnlab.show.widgets.names import LIVE, name_controls

_AT_REST = "<p data-note=''><em>In JupyterLab this picture has sliders and follows them.</em></p>"
_LEFT, _BOTTOM, _RIGHT = 1.15, 0.9, 0.65  # margins in inches

RESETS = (("by subtraction", "subtract"), ("to zero", "zero"))
"""The resets to choose from."""


class LivePicture(VBox):
    """Controls, and a picture that follows them.

    Where widgets do not run (a web page, a printout) the last picture is shown, unless `on_page`
    gives an interactive one.

    Args:
        draw: called with the value of each control by name; returns the picture. If it
            raises, the message is shown in place of the picture.
        controls: name to widget. They may also be moved from Python:
            `live.controls["current"].value = 0.3`.
        on_page: returns the HTML for a web page without Python; if it returns None, the last
            picture is shown there.

    Raises:
        ValueError: a control without a description, or two of the same name.

    Attributes:
        picture: the last `Picture` drawn; None if drawing failed.

    Example:
        >>> live = LivePicture(draw_rate, {"current": slider("current (v_th)", 0, 1, 0.3)})
    """

    def __init__(
        self,
        draw: Callable[..., Picture],
        controls: Mapping[str, ValueWidget],
        *,
        on_page: Callable[[], str | None] | None = None,
    ) -> None:
        self.controls = dict(controls)
        self.picture: Picture | None = None
        self._draw, self._on_page = draw, on_page
        self._view = HTML()
        flow = Layout(
            display="flex",
            flex_flow="column wrap",
            overflow="visible",
            padding="0.3em 0.8em",
        )
        given = list(self.controls.values())
        super().__init__([Box(given, layout=flow), self._view, name_controls(*given)])
        self.add_class(LIVE)
        for control in self.controls.values():
            control.observe(self._redraw, names="value")
        self._redraw()

    @property
    def values(self) -> dict[str, Any]:
        """The value of each control."""
        return {name: control.value for name, control in self.controls.items()}

    def drawn(self, **values: Any) -> Picture:
        """The picture for given values; the controls are not changed."""
        with _without_full_collection():
            return self._draw(**values)

    def still(self) -> str:
        """The last picture, for a page without controls."""
        return str(self._view.value) + _AT_REST

    def _redraw(self, change: object = None) -> None:
        with _without_full_collection():
            try:
                self.picture = self._draw(**self.values)
                self._view.value = self.picture.html()
            except Exception as error:
                self.picture = None
                text = escape(f"{type(error).__name__}: {error}")
                self._view.value = f'<p role="alert">This cannot be drawn. {text}</p>'

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = repr(self.picture)
        alive = self._on_page() if self._on_page and for_web_pages() else None
        bundle["text/html"] = alive or self.still()
        return bundle


@contextmanager
def _without_full_collection() -> Iterator[None]:
    """Collect only the garbage of the drawing itself, after it is shown.

    A figure of matplotlib leaves thousands of objects in reference cycles. Because of these, Python
    would soon search all objects of the program for garbage, which takes half a second with torch
    loaded. The objects of the figure are young: collecting the youngest two generations suffices.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(1)
        if enabled:
            gc.enable()


def slider(name: str, low: float, high: float, value: float, step: float | None = None) -> Any:
    """A slider with its name to the left and its value to the right; an int one if all are int.

    Args:
        name: with the unit.
        low, high: ends of the range.
        value: first value.
        step: distance of neighbouring values; by default 1, or a hundredth of the range.
    """
    whole = all(isinstance(number, int) for number in (low, high, value))
    kind = IntSlider if whole else FloatSlider
    return kind(
        value=value,
        min=low,
        max=high,
        step=step or (1 if whole else (high - low) / 100),
        description=name,
        **_shape(),
        **({} if whole else {"readout_format": ".2f"}),
    )


def choice(name: str, options: Sequence[Any], value: Any = None) -> Any:
    """A list to choose from; options are values, or pairs of a text and a value."""
    chosen = {} if value is None else {"value": value}
    return Dropdown(options=list(options), description=name, **_shape(), **chosen)


def _shape() -> dict[str, Any]:
    """Widths of a control and its name."""
    return {
        "style": {"description_width": "11em"},
        "layout": Layout(width="34em", max_width="98%"),
    }


MOST_IMAGES = 500
"""Test images that a live picture classifies. The small digits have fewer, so all of them are used,
as for certificates and other accuracies. Of larger sets more images would be too slow for
sliders."""


def first_images(images: Images, count: int) -> Images:
    """The first `count` images, or all where there are fewer."""
    return images.first(min(count, len(images)))


def which_images(shown: Images, images: Images) -> str:
    """A sentence that says on which test images a picture is measured.

    Args:
        shown: the first ones of `images`, or all.
        images: the test images.
    """
    if len(shown) == len(images):
        return f"All {len(images):,} test images."
    return f"First {len(shown):,} of {len(images):,} test images."


def live_axes(size: tuple[float, float] = (10.0, 5.2), *, top: float = 1.0) -> Axes:
    """An Axes with fixed margins: it is drawn faster, and does not jump when redrawn.

    Args:
        size: width and height of the figure in inches.
        top: upper margin in inches, room for key and notes.
    """
    width, height = size
    box = (
        _LEFT / width,
        _BOTTOM / height,
        1 - (_LEFT + _RIGHT) / width,
        1 - (_BOTTOM + top) / height,
    )
    return fixed_panels(size, box)[0]
