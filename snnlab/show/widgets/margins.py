"""How far from the threshold the neurons of trained networks stand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from snnlab.data.images import Images
from snnlab.network.net import SpikingNet
from snnlab.network.probes import record
from snnlab.show.arrays import Floats
from snnlab.show.description import attach_description
from snnlab.show.page import dress, head
from snnlab.show.picture import Picture, picture
from snnlab.show.style import BLUE, DASHED, ORANGE
from snnlab.show.widgets.live import LivePicture, choice, live_axes, slider

_SPAN = (-3.0, 4.0)


@torch.no_grad()
def margin_explorer(
    nets: Mapping[str, SpikingNet], images: Images, *, sigma: float = 0.2887
) -> LivePicture:
    """Choose a network, a layer and a width; see the potentials around the threshold.

    Shown are the potentials before firing at T = 1 without noise, from the v_init of each
    network. Neurons within the width of the threshold are those whose spike a residual of that
    size can change.

    Args:
        nets: name to network; all with the same number of layers.
        images: the first 64 are used.
        sigma: where the slider of the width starts, in units of v_th.

    Raises:
        ValueError: no networks.

    Example:
        >>> live = margin_explorer({"with noise": net}, data.test)
    """
    if not nets:
        raise ValueError("nets is empty: give at least one network")
    batch = images.first(min(64, len(images))).normalised()
    potentials: dict[str, list[Floats]] = {}
    for name, net in nets.items():
        neurons = net.neuron_layers("v_th", needed_by="this picture")
        layers = zip(record(net, batch, 1), neurons, strict=True)
        potentials[name] = [
            (seen.h.flatten() / layer.v_th).double().cpu().numpy() for seen, layer in layers
        ]
    depth = min(len(layers) for layers in potentials.values())

    def draw(network: str, layer: int, width: float) -> Picture:
        h = potentials[network][layer - 1]
        near = float(np.mean(np.abs(h - 1) < width))
        ax = live_axes(top=0.55)
        dress(ax, x="Membrane potential before firing (v_th)", y="Density (1/v_th)")
        counts, edges = np.histogram(h, bins=70, range=_SPAN)
        density = counts / (len(h) * np.diff(edges))
        ax.stairs(density, edges, fill=True, color=BLUE, alpha=0.55, label=network)
        ax.axvspan(1 - width, 1 + width, color=ORANGE, alpha=0.35, label="near the threshold")
        ax.axvline(1, label="v_th", **DASHED)
        ax.set_xlim(*_SPAN)
        ax.set_ylim(0, 1.2)
        head(ax, None, key=True)
        text = (
            f"Layer {layer} of the network {network}: {100 * near:.1f} % of the potentials "
            f"lie within {width:.2f} v_th of the threshold."
        )
        attach_description(ax, f"Histogram of potentials before firing. {text}")
        return picture(ax, text)

    return LivePicture(
        draw,
        {
            "network": choice("network", list(nets)),
            "layer": slider("layer", 1, depth, 1),
            "width": slider("width (v_th)", 0.05, 0.6, round(sigma, 2), 0.01),
        },
    )
