"""The residual potentials that neurons carry from one timestep into the next."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm.auto import tqdm

from snnlab.data.images import Images
from snnlab.network.net import SpikingNet, evaluating
from snnlab.neuron.layer import NeuronLayer

BINS_PER_THRESHOLD = 100
RANGE = (-1, 2)
"""The histogram covers this range, in units of v_th; what lies beyond counts in the end bins."""


@dataclass(frozen=True)
class ResidualSummary:
    """Residual potentials v[t-1], t = 2 to T, of one stage, in units of v_th.

    A neuron that saw an image is *silent* if it never fired in T timesteps, *saturated* if
    it fired at each, else *active*. Silent neurons drift to ever lower potentials and
    saturated ones to ever higher: their potentials decide nothing, so mean, standard
    deviation and histogram are those of the active ones.
    """

    silent: float
    """Share of silent neurons, over all images."""
    active: float
    """Share of active neurons."""
    saturated: float
    """Share of saturated neurons."""
    mean: float
    """Mean residual of the active neurons; not a number if there are none."""
    std: float
    """Standard deviation of these residuals."""
    density: list[float]
    """Histogram of these residuals as a density, one value per bin."""

    @property
    def edges(self) -> list[float]:
        """Edges of the bins, one more than bins, in units of v_th."""
        bins = len(self.density)
        low, high = RANGE
        return [low + (high - low) * i / bins for i in range(bins + 1)]


@torch.no_grad()
def residuals(
    net: SpikingNet,
    images: Images,
    timesteps: int,
    *,
    batch_size: int = 128,
    progress: bool = False,
) -> list[ResidualSummary]:
    """Measure the residual potentials of every stage of a network that runs without noise.

    Args:
        net: on the device of the images; evaluated in evaluation mode.
        images: what the network sees.
        timesteps: T, at least 2 (before the first timestep every potential is v_init). All
            T timesteps of a batch are held in memory, one stage at a time.
        batch_size: images at once.
        progress: show a progress bar, if there is a terminal.

    Returns:
        One summary per stage.

    Raises:
        ValueError: fewer than 2 timesteps.
    """
    if timesteps < 2:
        raise ValueError(f"residuals exist from T = 2 on, got {timesteps}")
    tallies = [Tally(images.device) for _ in net.stages]

    def run(
        stage: int,
        layer: NeuronLayer,
        currents: Tensor,
        v: Tensor | None,
        generator: torch.Generator | None,
    ) -> tuple[Tensor, Tensor]:
        trace = layer.trace(currents, v)
        tallies[stage].add(trace.v[:-1] / layer.neuron.v_th, trace.spikes)
        return trace.spikes, trace.v[-1]

    batches, total = images.batches(batch_size), images.batch_count(batch_size)
    with evaluating(net):
        for batch, _ in tqdm(
            batches, total=total, desc="residuals", disable=None if progress else True
        ):
            for _ in net.unroll(batch, timesteps, chunk=timesteps, run=run):
                pass
    return [tally.summary() for tally in tallies]


class Tally:
    """Adds up the residuals of one stage, batch by batch."""

    def __init__(self, device: torch.device) -> None:
        self.groups = torch.zeros(3, dtype=torch.float64, device=device)
        self.moments = torch.zeros(3, dtype=torch.float64, device=device)
        bins = BINS_PER_THRESHOLD * (RANGE[1] - RANGE[0])
        self.counts = torch.zeros(bins, dtype=torch.int64, device=device)

    def add(self, residuals: Tensor, spikes: Tensor) -> None:
        """Take in residuals (T - 1, B, *) in units of v_th, and spikes (T, B, *)."""
        fired = spikes.sum(0)  # (B, *)
        silent, saturated = fired == 0, fired == len(spikes)
        active = ~(silent | saturated)
        self.groups += torch.stack([g.sum() for g in (silent, active, saturated)])
        chosen = residuals[:, active].double()  # (T - 1, active neurons)
        sums = (torch.ones_like(chosen).sum(), chosen.sum(), chosen.square().sum())
        self.moments += torch.stack(sums)
        bins = ((chosen - RANGE[0]) * BINS_PER_THRESHOLD).long().clamp(0, len(self.counts) - 1)
        self.counts += torch.bincount(bins.flatten(), minlength=len(self.counts))

    def summary(self) -> ResidualSummary:
        """What was taken in so far."""
        silent, active, saturated = (self.groups / self.groups.sum()).tolist()
        count, total, squares = self.moments.tolist()
        mean = total / count if count else float("nan")
        variance = squares / count - mean**2 if count else float("nan")
        density = self.counts.double() / max(count, 1) * BINS_PER_THRESHOLD
        std = max(variance, 0.0) ** 0.5 if count else float("nan")
        return ResidualSummary(silent, active, saturated, mean, std, density.tolist())
