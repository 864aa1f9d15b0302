"""Data of the film of the idea: neurons that hop around a circle, and a stage of a network."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from snnlab.data.images import Images, as_picture
from snnlab.measure.one_neuron import Seen
from snnlab.measure.passes import watched_batches
from snnlab.measure.residuals import ResidualSummary, Tally, groups_of, trained_noise
from snnlab.network.net import SpikingNet
from snnlab.network.probes import run_whole
from snnlab.neuron.dynamics import Trace, trace
from snnlab.neuron.spec import Neuron, Noise
from snnlab.show.arrays import Floats
from snnlab.show.described import noise_density

BINS = 20
"""Bins of a histogram per v_th."""
SPAN = (-0.5, 1.5)
"""Span of a histogram, in units of v_th."""
LAW_POINTS = 161
"""Number of points of the density of the noise."""
DIGITS = 5
"""Decimals of a potential that are sent."""
MOST_NEURONS, AT_ONCE = 120, 16
"""Neurons that are drawn, at most; images that the network runs on at once."""


@dataclass(frozen=True)
class Hops:
    """Neurons that hop, timestep by timestep, potentials in units of v_th."""

    first: Floats
    """Potential before the first timestep, (N,)."""
    h: Floats
    """Potentials before firing, (T, N)."""
    spikes: Floats
    """(T, N)."""
    v: Floats
    """Potentials after reset, (T, N)."""

    @property
    def groups(self) -> list[int]:
        """For each neuron the index of its group in `GROUPS`, (N,)."""
        silent, _, saturated = (group.numpy() for group in groups_of(torch.tensor(self.spikes)))
        return np.where(silent, 0, np.where(saturated, 2, 1)).tolist()

    def sent(self, moments: Sequence[float]) -> dict[str, Any]:
        """The data from which the scene draws the neurons.

        Args:
            moments: (T,), the seconds at which the neurons land on the circle.
        """
        subtracted = np.allclose(self.v, self.h - self.spikes)
        return {
            "first": np.round(self.first, DIGITS).tolist(),
            "h": np.round(self.h, DIGITS).tolist(),
            "spikes": self.spikes.astype(int).tolist(),
            "v": None if subtracted else np.round(self.v, DIGITS).tolist(),
            "groups": self.groups,
            "moments": [round(moment, 3) for moment in moments],
        }


def hops(currents: Tensor) -> Hops:
    """Run neurons with v_th = 1 with currents (T, N)."""
    neuron = Neuron()
    path = trace(currents, neuron)
    first = np.full(currents.shape[1], neuron.v_start)
    return Hops(first, *(part.double().numpy() for part in path))


def edges() -> Floats:
    """Edges of the histograms, in units of v_th."""
    low, high = (round(end * BINS) for end in SPAN)
    return np.arange(low, high + 1) / BINS


def filling(landed: Sequence[Floats]) -> list[list[int]]:
    """How many residuals each bin holds after each timestep, (T + 1, bins).

    Args:
        landed: the residuals of each timestep.
    """
    counts = [np.histogram(values, edges())[0] for values in landed]
    return np.cumsum([np.zeros_like(edges()[1:]), *counts], axis=0).astype(int).tolist()


def histogram(landed: Sequence[Floats], mean: float, std: float) -> dict[str, Any]:
    """A histogram that fills over time: counts, number of residuals, mean and deviation.

    Without residuals, mean and deviation are None.
    """
    total = sum(len(values) for values in landed)
    numbers = {"mean": mean, "std": std} if total else {"mean": None, "std": None}
    return {"counts": filling(landed), "total": total, **numbers}


def of_one(path: Hops) -> dict[str, Any]:
    """The histogram of all residuals of a single neuron."""
    v = path.v[:, 0]
    return histogram([v[t : t + 1] for t in range(len(v))], float(v.mean()), float(v.std()))


def law(noise: Noise) -> dict[str, Any]:
    """The density of a noise for the scene, and its share outside [0, v_th)."""
    x = np.linspace(*SPAN, LAW_POINTS)
    ends = (torch.tensor([0.0, 1.0], dtype=torch.float64) - noise.mu) / noise.sigma
    below, up_to = noise.law.cumulative(ends).tolist()
    return {
        "x": x.round(DIGITS).tolist(),
        "density": noise_density(noise, x).round(DIGITS).tolist(),
        "mean": noise.mu,
        "std": noise.sigma,
        "outside": 1 - (up_to - below),
    }


@dataclass(frozen=True)
class LayerSeen:
    """The neurons of a stage of a trained network, without noise."""

    path: Hops
    """Some of the neurons, on the first image."""
    neurons: int
    """The number of neurons of the stage."""
    images: int
    """The number of images on which the residuals were measured."""
    landed: list[Floats]
    """Residuals v[t] of the active neurons, for t = 1 to T - 1."""
    found: ResidualSummary
    """Their summary, see `measure.residuals`."""
    noise: Noise | None
    """The noise that replaced them in training."""
    image: dict[str, Any]
    """The first image, to be drawn."""


@torch.no_grad()
def see_layer(net: SpikingNet, images: Images, timesteps: int, stage: int) -> LayerSeen:
    """Record some neurons of a stage on the first image, and the residuals of all on all images."""
    layers = net.neuron_layers("trace", "v_th", "first_potential", needed_by="the film")
    landed: list[list[Floats]] = [[] for _ in range(timesteps - 1)]
    tallies: list[Tally] = []
    paths: list[Hops] = []
    neurons = 0

    def watched(number: int, currents: Tensor) -> Tensor:
        nonlocal neurons
        own = layers[number]
        if number < stage:
            return own.advance(currents)[0]
        path = own.trace(currents)
        residuals = path.v[:-1] / own.v_th  # (T - 1, B, C, *)
        if not paths:
            neurons = currents[0, 0].numel()
            paths.append(some_of(own.first_potential(currents)[0], path, own.v_th))
            tallies.append(Tally(residuals.shape[2], residuals.device))
        tallies[0].add(residuals, path.spikes)
        _, active, _ = groups_of(path.spikes)
        for t, values in enumerate(residuals[:, active].double().cpu().numpy()):
            landed[t].append(values)
        raise Seen

    for batch, _ in watched_batches(images, AT_ONCE, "residuals", progress=False):
        with contextlib.suppress(Seen):
            run_whole(net, batch, timesteps, watched)
    return LayerSeen(
        paths[0],
        neurons,
        len(images),
        [np.concatenate(values) for values in landed],
        tallies[0].summary({}, channels=False),
        trained_noise(layers[stage]),
        drawable(as_picture(images.pixels[0])),
    )


def some_of(first: Tensor, path: Trace, v_th: float) -> Hops:
    """Some neurons, spread over the stage, on the first image.

    Args:
        first: potentials before the first timestep, (*).
        path: the dynamics on all images, (T, B, *).
        v_th: their threshold.
    """
    count = first.numel()
    chosen = torch.linspace(0, count - 1, min(MOST_NEURONS, count)).long().to(first.device)
    h, spikes, v = (part[:, 0].flatten(1)[:, chosen].double().cpu() for part in path)
    begin = first.flatten()[chosen].double().cpu()
    return Hops(*(part.numpy() for part in (begin / v_th, h / v_th, spikes, v / v_th)))


def drawable(pixels: Tensor) -> dict[str, Any]:
    """An image uint8 (C, H, W) for the scene: red, green and blue of each pixel."""
    channels, height, width = pixels.shape
    rgb = pixels.cpu().expand(3, -1, -1) if channels == 1 else pixels.cpu()
    values = rgb.permute(1, 2, 0).reshape(-1).tolist()
    return {"width": width, "height": height, "rgb": values}
