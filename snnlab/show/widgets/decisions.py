"""A network that makes up its mind: one image, and the readout after T timesteps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.data.images import Images
from snnlab.network.net import SpikingNet, evaluating
from snnlab.show.description import attach_description
from snnlab.show.gallery import draw_image
from snnlab.show.page import dress
from snnlab.show.picture import Picture, picture
from snnlab.show.style import BLUE, GREEN, GREY, VERMILLION
from snnlab.show.widgets.live import LivePicture, slider


@torch.no_grad()
def decision_explorer(
    net: SpikingNet, images: Images, classes: Sequence[str], *, timesteps: int = 16
) -> LivePicture:
    """Choose an image and T; see the readout averaged over the first T timesteps.

    Args:
        net: run without noise.
        images: at most the first 64 are offered.
        classes: names of the classes, K of them.
        timesteps: T_max.

    Example:
        >>> live = decision_explorer(net, data.test, data.classes)
        >>> live.controls["timesteps"].value = 1
    """
    offered = images.first(min(64, len(images)))
    with evaluating(net):
        parts = list(net.unroll(offered.normalised(), timesteps))
    steps = torch.arange(1, timesteps + 1).view(-1, 1, 1)
    means = torch.cat(parts).cpu().cumsum(0) / steps  # (T, B, K)
    labels, pixels = offered.labels.cpu(), offered.pixels.cpu()

    def draw(image: int, timesteps: int) -> Picture:
        readout, label = means[timesteps - 1, image], int(labels[image])  # (K,)
        chosen = int(readout.argmax())
        figure = Figure(figsize=(10, 4.6))
        draw_image(figure.add_axes((0.02, 0.12, 0.3, 0.72)), pixels[image], f"a {classes[label]}")
        bars = figure.add_axes((0.42, 0.18, 0.56, 0.66))
        _draw_readout(bars, readout.tolist(), chosen, label, classes)
        verdict = "right" if chosen == label else "wrong"
        text = f"After T = {timesteps} the network says {classes[chosen]}: {verdict}."
        attach_description(bars, f"Readout of image {image}, a {classes[label]}. {text}")
        return picture(figure, text)

    return LivePicture(
        draw,
        {
            "image": slider("image", 0, len(offered) - 1, 0),
            "timesteps": slider("timesteps T", 1, timesteps, 1),
        },
    )


def _draw_readout(
    ax: Axes, readout: list[float], chosen: int, label: int, classes: Sequence[str]
) -> None:
    """A bar per class; the chosen one is green if it is right, else vermillion."""
    colours = [GREY] * len(readout)
    colours[label] = BLUE
    colours[chosen] = GREEN if chosen == label else VERMILLION
    dress(ax, x="Class", y="Readout, mean over time")
    places = list(range(len(readout)))
    ax.bar(places, readout, color=colours, zorder=2)
    ax.axhline(0, color=GREY, linewidth=1)
    ax.set_xticks(places, list(classes))
