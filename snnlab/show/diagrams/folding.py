"""How time folds into the batch: stateless layers run once, neurons timestep by timestep."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from snnlab.measure.operations import stage_shapes
from snnlab.network.net import SpikingNet
from snnlab.show.diagrams.diagram import Diagram
from snnlab.show.diagrams.symbols import (
    GREY,
    RESIDUAL,
    arrow,
    arrow_of,
    box,
    key,
    neuron,
    sheet,
    write,
)

T, B = 3, 2
"""Timesteps and images of the drawing: few, and different numbers so that they are not confused."""

_MIDDLE, _TEXT = 84, 178  # x of the middle of the tiles, and of the beginning of texts
_STEP, _DOWN = 27, 32  # from tile to tile in a row, and from row to row
_DARK, _PALE = 0.75, 0.25  # the two images, as shades of grey


def folding(net: SpikingNet) -> Diagram:
    """Two images on their way through the first two stages, with shapes of tensors.

    Args:
        net: a network of two or more stages, whose shapes are written.

    Raises:
        ValueError: a network of one stage.

    Example:
        >>> folding(net)
    """
    if len(net.stages) < 2:
        raise ValueError(f"time folds from the second stage on, got {len(net.stages)} stage")
    first, second = stage_shapes(net)[:2]
    ax = sheet(434)
    _row(ax, 16, B)
    _shape(ax, 16, "(B, *)", B, *net.image_shape)
    _layers(ax, 47, 1, "once per image")
    _row(ax, 78, B)
    _shape(ax, 78, "(B, *)", B, *first)
    _through(ax, 99, "repeat: equal at each t")
    _grid(ax, 120, first)
    _through(ax, 205, "fold: time into the batch")
    _row(ax, 226, T * B)
    _shape(ax, 226, "(T\u00b7B, *)", T * B, *first)
    _layers(ax, 257, 2, "once for all of them")
    _row(ax, 288, T * B)
    _shape(ax, 288, "(T\u00b7B, *)", T * B, *second)
    _through(ax, 309, "unfold: time comes back")
    _grid(ax, 330, second)
    key(ax, 422, [("neuron", neuron), ("residual", arrow_of(RESIDUAL))])
    return Diagram(ax, _in_words(net.image_shape, first, second), _summary())


def _tile(ax: Axes, x: float, y: float, image: int) -> None:
    """One image at one timestep."""
    shape = FancyBboxPatch(
        (x - 10, y - 10),
        20,
        20,
        boxstyle="round,pad=0,rounding_size=3",
        facecolor=GREY,
        edgecolor="none",
        alpha=(_DARK, _PALE)[image % B],
    )
    ax.add_patch(shape)


def _row(ax: Axes, y: float, count: int) -> None:
    left = _MIDDLE - _STEP * (count - 1) / 2
    for i in range(count):
        _tile(ax, left + _STEP * i, y, i)


def _grid(ax: Axes, y: float, shape: tuple[int, ...]) -> None:
    """Rows of time, columns of images; residuals go down the columns."""
    _shape(ax, y, "(T, B, *)", T, B, *shape)
    write(ax, _TEXT, y + _DOWN, "neurons: t after t", GREY)
    for i in range(B):
        x = _MIDDLE + _STEP * (i - (B - 1) / 2)
        for t in range(T):
            _tile(ax, x, y + _DOWN * t, i)
            neuron(ax, x, y + _DOWN * t, radius=6.5)
        for t in range(T - 1):
            arrow(ax, (x, y + _DOWN * t + 8), (x, y + _DOWN * (t + 1) - 8), RESIDUAL)
    for t in range(T):
        write(ax, _MIDDLE - 32, y + _DOWN * t, f"t = {t + 1}", ha="right")


def _shape(ax: Axes, y: float, name: str, *sizes: int) -> None:
    write(ax, _TEXT, y, name, weight="bold")
    write(ax, 250, y, f"({', '.join(map(str, sizes))})")


def _layers(ax: Axes, y: float, stage: int, often: str) -> None:
    arrow(ax, (_MIDDLE, y - 20), (_MIDDLE, y - 10.5))
    box(ax, _MIDDLE - 76, y - 10, 152, 21, f"layers of stage {stage}")
    arrow(ax, (_MIDDLE, y + 11), (_MIDDLE, y + 20.5))
    write(ax, _TEXT, y, often, GREY)


def _through(ax: Axes, y: float, text: str) -> None:
    arrow(ax, (_MIDDLE, y - 10), (_MIDDLE, y + 10))
    write(ax, _TEXT, y, text, GREY)


def _summary() -> str:
    return (
        f"B = {B} images run through T = {T} timesteps; a tile is one image at one timestep. What "
        "stands before the first neurons runs once per image, as the image does not change. From "
        f"there on, stateless layers take all T\u00b7B = {T * B} tiles at once. Only the neurons "
        "go through time, since each timestep starts from the residual of the one before."
    )


def _in_words(image: tuple[int, ...], first: tuple[int, ...], second: tuple[int, ...]) -> str:
    return (
        f"Shapes from top to bottom. Images (B, *) = {(B, *image)} go through the layers of stage "
        f"1 once per image and become currents (B, *) = {(B, *first)}. They repeat in time: "
        f"(T, B, *) = {(T, B, *first)}, through which the neurons go timestep by timestep, handing "
        f"on their residuals. Time folds into the batch: (T\u00b7B, *) = {(T * B, *first)} goes "
        f"through the layers of stage 2 once for all and becomes {(T * B, *second)}. Unfolded, "
        f"(T, B, *) = {(T, B, *second)}, it reaches the neurons of stage 2."
    )
