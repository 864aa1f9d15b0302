"""Images side by side, each with the name of its class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.data.images import Images, as_picture
from snnlab.show.picture import attach_description
from snnlab.show.style import LABEL, style


def gallery(images: Images, classes: Sequence[str], *, columns: int = 10) -> Figure:
    """A figure of images in rows; pyplot does not know it.

    Args:
        images: to be shown, 60 at most.
        classes: names of the classes.
        columns: images in a row.

    Raises:
        ValueError: no images or too many, or no columns.

    Example:
        >>> picture(gallery(data.test.first(20), data.classes))
    """
    if not 1 <= len(images) <= 60:
        raise ValueError(f"a gallery shows 1 to 60 images, got {len(images)}")
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(10, 10 / columns * 1.32 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    names = [classes[label] for label in images.labels.tolist()]
    for ax in grid[len(images) :]:
        ax.set_axis_off()
    for ax, pixels, name in zip(grid, as_picture(images.pixels).cpu(), names, strict=False):
        draw_image(ax, pixels, name)
    attach_description(grid[0], f"{len(images)} images: {', '.join(names)}.")
    return figure


@style()
def draw_image(ax: Axes, pixels: torch.Tensor, name: str) -> None:
    """One image, uint8 (C, H, W), grey or in colour, below its name."""
    grey = len(pixels) == 1
    ax.imshow((pixels[0] if grey else pixels.permute(1, 2, 0)).numpy(), cmap="gray_r")
    ax.set_axis_off()
    ax.set_title(name, fontsize=LABEL, fontweight="normal")
