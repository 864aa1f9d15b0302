r"""The error of each stage of a converted network at T timesteps, as a sum of three parts.

Each neuron of a stage receives the same spikes as in the running network. With x the mean current
that these spikes cause, in units of v_th, and r the rate of the neuron:

    total       r - max(x, 0)                the neuron against a ReLU
    clipping    min(max(x, 0), 1) - max(x, 0)    no rate exceeds 1
    rounding    r_even - min(max(x, 0), 1)   r_even: the rate under the constant current x, a
                                             multiple of 1 / T
    unevenness  r - r_even                   the same spikes in another order give another rate

    total = clipping + rounding + unevenness

For a neuron that leaks or resets to zero, the rate under a constant current is another curve than
min(max(x, 0), 1); the difference is part of `rounding`. Clipping is a loss for a network that was
trained with ReLU, but not for one that was trained with spikes, as it had clipping in training.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from snnlab.data.images import Images
from snnlab.measure.passes import images_for
from snnlab.network.net import SpikingNet, check_network, evaluating, over_time
from snnlab.neuron.fast.kernels import repeat_in_time
from snnlab.settings import count

PARTS = ("clipping", "rounding", "unevenness")


class ErrorParts(NamedTuple):
    """The error of every neuron of one stage, in spikes per timestep; all (B, *), float64."""

    total: Tensor
    """Rate minus max(x, 0)."""
    clipping: Tensor
    """The part that comes from rates being at most 1."""
    rounding: Tensor
    """The part that remains under a constant current."""
    unevenness: Tensor
    """The part that comes from the order of the spikes."""


@dataclass(frozen=True)
class ErrorSummary:
    """The error of one stage over all its neurons and images, in spikes per timestep."""

    mean: dict[str, float]
    """Mean of the total and of each part; above 0 if rates are too high."""
    root_mean_square: dict[str, float]
    """Root mean square of the total and of each part."""
    share: dict[str, float]
    """Share of each part in the mean square of the total; they add up to 1. A part that
    compensates for others has a share below 0. Not a number if there is no error."""


@torch.no_grad()
def error_parts(net: SpikingNet, images: Tensor, timesteps: int) -> Iterator[ErrorParts]:
    """The error of each stage on a batch, see the top of this file.

    Args:
        net: runs in evaluation mode, without noise.
        images: (B, C, H, W); all timesteps of two stages are held at once.
        timesteps: T, at least 1.

    Yields:
        One entry per stage.

    Raises:
        ValueError: timesteps below 1, or images of another shape.

    Source:
        Clipping, rounding ("quantisation") and unevenness: Bu et al. (ICLR 2022), "Optimal
        ANN-SNN conversion for high-accuracy and ultra-low-latency spiking neural networks".

    Example:
        >>> parts = list(error_parts(net, images, 8))
    """
    timesteps = count("timesteps", timesteps)
    check_network(net, "error_parts()")
    layers = net.neuron_layers("v_th", needed_by="decompose_error()")
    images = net.taken(images)
    spikes, means = (deque([images], maxlen=net.reach) for _ in range(2))
    with evaluating(net):
        for i, stage in enumerate(net.stages):
            even = stage.current(means)  # (B, *)
            constant = repeat_in_time(even, timesteps)  # (T, B, *)
            currents = constant
            if i > 0:
                currents = over_time(stage.current(spikes), i, timesteps)  # (T, B, *)
            fired = layers[i].advance(currents)[0]  # (T, B, *)
            rate = mean_over_time(fired)
            even_rate = mean_over_time(layers[i].advance(constant)[0])
            yield split(rate, even.double() / layers[i].v_th, even_rate)
            spikes.append(fired.flatten(0, 1))
            means.append(rate.to(images.dtype))


def mean_over_time(spikes: Tensor) -> Tensor:
    """Rates (B, *) in float64 of spikes (T, B, *)."""
    return spikes.sum(0, dtype=torch.float64) / len(spikes)


def split(rate: Tensor, x: Tensor, even_rate: Tensor) -> ErrorParts:
    """The parts, from rate, mean current in units of v_th, and rate under that current."""
    wanted, possible = x.clamp(min=0), x.clamp(0, 1)
    return ErrorParts(
        total=rate - wanted,
        clipping=possible - wanted,
        rounding=even_rate - possible,
        unevenness=rate - even_rate,
    )


def decompose_error(
    net: SpikingNet, images: Images | Any, timesteps: int, *, batch_size: int = 64
) -> list[ErrorSummary]:
    """The error of each stage of a converted network, as a sum of three parts.

    Args:
        net: on the device of the images.
        images: images, of any kind that `images_of` accepts; no labels needed.
        timesteps: T, at least 1.
        batch_size: images at once.

    Returns:
        One summary per stage.

    Raises:
        ValueError: timesteps below 1.

    Example:
        >>> decompose_error(net, data.test, 8)[1].share["unevenness"]
    """
    images = images_for(net, images, "decompose_error()", labelled=False)
    sums: list[Tensor] = []
    for batch, _ in images.batches(batch_size):
        found = [moments(parts) for parts in error_parts(net, batch, timesteps)]
        sums = [a + b for a, b in zip(sums, found, strict=True)] if sums else found
    return [summary(total) for total in sums]


def moments(parts: ErrorParts) -> Tensor:
    """Sums over a batch (4, 4): entries, squares, products with the total, and their number."""
    rows = torch.stack([part.flatten() for part in parts])  # (4, n)
    sums = [rows.sum(1), rows.square().sum(1), (rows * rows[0]).sum(1)]
    return torch.stack([*sums, torch.full_like(sums[0], rows.shape[1])])


def summary(sums: Tensor) -> ErrorSummary:
    """The summary that follows from the sums of `moments`."""
    names = ("total", *PARTS)
    added, squares, products, count = sums.cpu()
    shares = products / squares[0] if squares[0] > 0 else torch.full_like(products, torch.nan)
    return ErrorSummary(
        mean=dict(zip(names, (added / count).tolist(), strict=True)),
        root_mean_square=dict(zip(names, (squares / count).sqrt().tolist(), strict=True)),
        share=dict(zip(PARTS, shares[1:].tolist(), strict=True)),
    )
