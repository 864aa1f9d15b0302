"""Explorers of a trained network: potentials near the threshold, and early exits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from matplotlib.ticker import FixedLocator

from snnlab.data.images import Images
from snnlab.measure.early_exit import Confidence, confidence_and_hits
from snnlab.network.net import SpikingNet, evaluating
from snnlab.network.probes import record
from snnlab.neuron.spec import MATCHED_SIGMA
from snnlab.show.arrays import Floats
from snnlab.show.described import DENSITY, binned
from snnlab.show.page import dress, head
from snnlab.show.picture import Picture, picture
from snnlab.show.style import BLUE, DASHED, ORANGE, VERMILLION
from snnlab.show.widgets.live import (
    LivePicture,
    choice,
    first_images,
    live_axes,
    slider,
    which_images,
)
from snnlab.show.widgets.recorded import recording

_SPAN = (-3.0, 4.0)
_THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


@torch.no_grad()
def margin_explorer(
    nets: Mapping[str, SpikingNet], images: Images, *, sigma: float = MATCHED_SIGMA
) -> LivePicture:
    """Choose a network, a layer and a width; see the potentials around the threshold.

    Shown are the potentials before firing at T = 1 without noise, from the v_init of each
    network. A residual as large as the width can change the spikes of those neurons whose
    potential is closer to the threshold than that.

    Args:
        nets: name to network; all with the same number of layers.
        images: of the test set; the first 64 are used, for thousands of potentials each.
        sigma: first value of the slider of the width, in units of v_th.

    Raises:
        ValueError: no networks.

    Example:
        >>> live = margin_explorer({"with noise": net}, data.test)
    """
    if not nets:
        raise ValueError("nets is empty: give at least one network")
    shown = first_images(images, 64)
    batch = shown.normalised()
    potentials: dict[str, list[Floats]] = {}
    for name, net in nets.items():
        neurons = net.neuron_layers("v_th", needed_by="this picture")
        layers = zip(record(net, batch, 1), neurons, strict=True)
        potentials[name] = [
            (seen.h.flatten() / layer.v_th).double().cpu().numpy() for seen, layer in layers
        ]

    layers_shown = min(map(len, potentials.values()))
    first_width = round(sigma, 2)

    def draw(network: str, layer: int, width: float) -> Picture:
        h = potentials[network][layer - 1]
        near = float(np.mean(np.abs(h - 1) < width))
        ax = live_axes(top=0.55)
        dress(ax, x="Membrane potential before firing (v_th)", y=DENSITY)
        ax.stairs(*binned(h, _SPAN, 70), fill=True, color=BLUE, alpha=0.55, label=network)
        ax.axvspan(1 - width, 1 + width, color=ORANGE, alpha=0.35, label="near the threshold")
        ax.axvline(1, label="v_th", **DASHED)
        ax.set_xlim(*_SPAN)
        ax.set_ylim(0, 1.2)
        head(ax, None, key=True)
        text = (
            f"Layer {layer} of the network {network}: {100 * near:.1f} % of the potentials "
            f"lie within {width:.2f} v_th of the threshold. {which_images(shown, images)}"
        )
        return picture(ax, text, alt=f"Histogram of potentials before firing. {text}")

    return recording(
        draw,
        {
            "network": choice("network", list(nets)),
            "layer": slider("layer", 1, layers_shown, 1),
            "width": slider("width (v_th)", 0.05, 0.6, first_width, 0.01),
        },
        layer=range(1, layers_shown + 1),
        width=sorted({0.1, first_width, 0.45}),
    )


@torch.no_grad()
def exit_explorer(
    net: SpikingNet, images: Images, *, timesteps: int = 16, count: int = 1000
) -> LivePicture:
    """Choose a confidence; see at which timestep images exit, and with which accuracy.

    Args:
        net: it is run without noise.
        images: of the test set; the first `count` are classified, in one batch.
        timesteps: T at which all remaining images exit.
        count: number of images.

    Raises:
        ValueError: timesteps below 2.

    Example:
        >>> live = exit_explorer(net, data.test)
        >>> live.controls["threshold"].value = 0.99
    """
    if timesteps < 2:
        raise ValueError(f"early exit needs at least 2 timesteps, got {timesteps}")
    shown = first_images(images, count)
    batch = shown.normalised(), shown.labels
    with evaluating(net):
        kinds: tuple[Confidence, ...] = ("probability", "margin")
        found = {kind: confidence_and_hits(net, *batch, timesteps, kind) for kind in kinds}

    def draw(threshold: float, confidence: Confidence) -> Picture:
        sure, hit = (part.cpu() for part in found[confidence])  # (T, B)
        enough = sure >= threshold
        enough[-1] = True
        last = enough.int().argmax(0)  # (B,)
        right = hit.gather(0, last[None])[0]
        good, bad = (last[right == kind].bincount(minlength=timesteps) for kind in (True, False))
        ax = live_axes()
        dress(ax, x="Timesteps until the exit", y="Images")
        bar = partial(ax.bar, range(1, timesteps + 1), zorder=2)
        bar(good.tolist(), color=BLUE, label="right")
        bar(bad.tolist(), bottom=good.tolist(), color=VERMILLION, hatch="//", label="wrong")
        ax.set_xlim(0.4, timesteps + 0.6)
        ax.xaxis.set_major_locator(FixedLocator(range(timesteps, 0, -max(1, timesteps // 16))))
        head(ax, None, key=True)
        text = (
            f"{last.double().mean() + 1:.2f} timesteps on average, "
            f"accuracy {100 * right.double().mean():.2f} %. {which_images(shown, images)}"
        )
        return picture(ax, text, alt=f"How many images leave at each timestep. {text}")

    return recording(
        draw,
        {
            "threshold": slider("confidence to leave", 0.2, 1.0, 0.9, 0.01),
            "confidence": choice(
                "confidence", [("largest probability", "probability"), ("margin", "margin")]
            ),
        },
        threshold=_THRESHOLDS,
    )
