r"""Rates against mean currents, and the noise that gives the same rates in a single step.

A single-step neuron under the noise u fires if beta u + I >= v_th, that is with the probability
1 - G((v_th - I) / beta), where G is the cumulative probability of u. So from a measured curve of
rates r against mean currents I follows the noise that gives the same rates in a single step:

    G(u) = 1 - r(v_th - beta u)

For an IF neuron under constant current this is the distribution of its residuals. For a leaky
neuron the residual depends on the current (see `conversion.leak`), and only this curve gives the
equivalent noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from scipy.optimize import isotonic_regression
from torch import Tensor

from snnlab.data.images import Images
from snnlab.measure.distances import EVEN_SHARES, Floats
from snnlab.measure.passes import images_for, watched_batches
from snnlab.measure.residuals import BINS, BINS_PER_THRESHOLD, RANGE, value_at
from snnlab.network.net import SpikingNet
from snnlab.network.probes import run_whole
from snnlab.neuron.spec import Neuron
from snnlab.settings import Valid, checked, count


@dataclass(frozen=True)
class Response:
    """Rates of one stage against the mean current, as a function of u = (v_th - I) / beta."""

    u: list[float]
    """Centres of the bins in units of v_th, rising; the end bins also count values beyond."""
    rate: list[float]
    """Mean rate of the neurons per bin, fitted so that it falls with u (isotonic regression)."""
    neurons: list[int]
    """How many neurons, over all images, lay in each bin."""

    def quantiles(self, count: int) -> tuple[float, ...]:
        """`count` quantiles of the equivalent noise, from 0 to 100 % in equal steps.

        Raises:
            ValueError: a count below 2.
        """
        checked("count", Annotated[int, Valid(low=2)], count)
        return tuple(self.value_at(np.linspace(0, 1, count)).tolist())

    @property
    def mean(self) -> float:
        """Mean of the equivalent noise in units of v_th."""
        return float(self.value_at(EVEN_SHARES).mean())

    @property
    def std(self) -> float:
        """Standard deviation of the equivalent noise in units of v_th."""
        return float(self.value_at(EVEN_SHARES).std())

    def value_at(self, shares: Floats) -> Floats:
        """Quantiles of the equivalent noise, for shares in [0, 1]."""
        reached = 1 - np.asarray(self.rate)
        reached = np.concatenate([[0.0], reached, [1.0]])
        half = 0.5 / BINS_PER_THRESHOLD
        u = np.concatenate([[self.u[0] - half], self.u, [self.u[-1] + half]])
        return value_at(shares, reached, u)


@torch.no_grad()
def responses(
    net: SpikingNet,
    images: Images | Any,
    timesteps: int,
    *,
    batch_size: int = 128,
    progress: bool = False,
) -> list[Response]:
    """Measure rates against mean currents in a network that runs without noise.

    Args:
        net: on the device of the images; evaluated in evaluation mode.
        images: images, of any kind that `images_of` accepts; no labels needed.
        timesteps: T, at least 1. All T timesteps of a batch are held in memory.
        batch_size: images at once.
        progress: show a progress bar, if there is a terminal.

    Returns:
        One response per stage.

    Raises:
        ValueError: timesteps below 1, or neurons without `neuron`, see `ABILITIES`.

    Example:
        >>> responses(net, data.test, 16)[0].std  # 0.29 for IF neurons
    """
    timesteps = count("timesteps", timesteps)
    images = images_for(net, images, "responses()", labelled=False)
    layers = net.neuron_layers("neuron", needed_by="responses()")
    size = (len(net.stages), BINS)
    counts = torch.zeros(size, dtype=torch.float64, device=images.device)
    rates = torch.zeros_like(counts)

    def seen(stage: int, currents: Tensor) -> Tensor:
        spikes, _ = layers[stage].advance(currents)
        bins = bin_of(currents.mean(0).double(), layers[stage].neuron).flatten()
        counts[stage] += torch.bincount(bins, minlength=BINS)
        fired = spikes.sum(0, dtype=torch.float64).flatten() / len(spikes)
        rates[stage] += torch.bincount(bins, fired, BINS)
        return spikes

    for batch, _ in watched_batches(images, batch_size, "responses", progress=progress):
        run_whole(net, batch, timesteps, seen)
    return [falling(*rows) for rows in zip(counts.cpu(), rates.cpu(), strict=True)]


def bin_of(mean_current: Tensor, neuron: Neuron) -> Tensor:
    """The bin of u = (v_th - I) / beta in units of v_th, for mean currents of any shape."""
    u = (1 - mean_current / neuron.v_th) / neuron.beta
    return ((u - RANGE[0]) * BINS_PER_THRESHOLD).long().clamp(0, BINS - 1)


def falling(counts: Tensor, rates: Tensor) -> Response:
    """A falling response, from the number of neurons and the sum of rates per bin, each (BINS,)."""
    centres = np.linspace(*RANGE, BINS + 1)[:-1] + 0.5 / BINS_PER_THRESHOLD
    filled = (counts > 0).numpy()
    number = counts.numpy()[filled]
    mean = rates.numpy()[filled] / number
    fitted = isotonic_regression(mean, weights=number, increasing=False).x
    rate = np.interp(centres, centres[filled], fitted)  # also in bins without neurons
    return Response(centres.tolist(), rate.tolist(), [int(n) for n in counts.tolist()])
