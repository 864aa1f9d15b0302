"""The residual potentials that neurons carry from one timestep into the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import numpy as np
import torch
from torch import Tensor

from snnlab.data.images import Images
from snnlab.measure.distances import Distance, Floats, Law, Target, distance, matched_laws
from snnlab.measure.passes import images_for, watched_batches
from snnlab.network.net import SpikingNet
from snnlab.network.probes import run_whole
from snnlab.neuron.own_layer import SpikingLayer, noise_of, sigma_of
from snnlab.neuron.spec import Neuron, Noise
from snnlab.settings import Valid, checked

BINS_PER_THRESHOLD = 100
RANGE = (-1, 2)
"""The range of the histogram, in units of v_th; the end bins also count potentials beyond it."""

BINS = BINS_PER_THRESHOLD * (RANGE[1] - RANGE[0])

WIDE_RANGE = (-100, 100)
WIDE_BINS_PER_THRESHOLD = 10
"""The same for histograms as wide as potentials drift; their end bins also count those beyond."""

GROUPS = ("silent", "active", "saturated")
"""Groups of neurons, see `ResidualSummary`."""

Several = Annotated[int, Valid(low=2, hint="residuals exist from T = 2 on")]
"""A number of timesteps for which there are residuals."""

Described = Literal["active", "driven"]
"""The neurons whose residuals are described, see `residuals`."""


@dataclass(frozen=True)
class ResidualSummary:
    """Residual potentials v[t-1], t = 2 to T, of one stage or channel, in units of v_th.

    They are the potentials with which a neuron decides whether to fire.

    For an image, a neuron is *silent* if it never fired in T timesteps, *saturated* if it fired at
    each, else *active*. The potentials of most silent neurons become lower and lower, those of most
    saturated ones higher and higher, and whatever the residual, such a neuron did the same at each
    timestep. So mean, standard deviation and histogram are those of the active neurons.
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
    distances: dict[str, Distance] = field(default_factory=dict)
    """Distances of these residuals from "gaussian" and "uniform" noise matched to the IF neuron,
    and from the noise of training, "training", if it has one sigma for all channels."""
    channels: list[ResidualSummary] = field(default_factory=list)
    """A summary for each channel (each neuron of a linear layer); empty in these summaries."""
    neurons: int = 0
    """How many neurons are described; a neuron counts once for each image."""
    wide: dict[str, list[float]] = field(default_factory=dict)
    """Densities over the wide range for each of `GROUPS`; empty unless `wide` was True."""

    @property
    def edges(self) -> list[float]:
        """Edges of the bins, one more than bins, in units of v_th."""
        return edges_of(RANGE, len(self.density))

    @property
    def inside(self) -> float:
        """Share of the described residuals in [0, v_th); not a number if there are none."""
        total = sum(self.density)
        first = -RANGE[0] * BINS_PER_THRESHOLD
        within = sum(self.density[first : first + BINS_PER_THRESHOLD])
        return within / total if total else float("nan")

    def quantiles(self, count: int) -> tuple[float, ...]:
        """Quantiles of the residuals from 0 to 100 %, in equal steps.

        Args:
            count: how many, at least 2; the first and the last are the ends of the filled bins.

        Raises:
            ValueError: fewer than 2, or no active neuron.
        """
        checked("count", Annotated[int, Valid(low=2)], count)
        if not sum(self.density) > 0:
            raise ValueError(f"quantiles need active neurons, got {self.active:.1%} active")
        shares = np.concatenate([[0.0], np.cumsum(self.density)]) / sum(self.density)
        points = value_at(np.linspace(0, 1, count), shares, np.asarray(self.edges))
        return tuple(points.tolist())


@torch.no_grad()
def residuals(
    net: SpikingNet,
    images: Images | Any,
    timesteps: int,
    *,
    neurons: Described = "active",
    channels: bool = True,
    wide: bool = False,
    batch_size: int = 32,
    progress: bool = False,
) -> list[ResidualSummary]:
    """Measure the residual potentials of every stage of a network that runs without noise.

    Args:
        net: on the device of the images; evaluated in evaluation mode.
        images: images, of any kind that `images_of` accepts; no labels needed.
        timesteps: T, at least 2 (before the first timestep every potential is v_init). All
            T timesteps of a batch are held in memory, one stage at a time.
        neurons: the neurons described by mean, deviation, histogram and distances: all "active"
            ones, or only the "driven" among them, whose mean current lies between
            (1 - beta) v_th and v_th. Under such a current a neuron fires at some timesteps and
            not at others. The remaining active neurons fired because their current varied; their
            potentials become lower and lower, or higher and higher.
        channels: whether to describe each channel as well.
        wide: whether to measure also the densities of silent and saturated neurons.
        batch_size: images at once: more are not faster, and take more memory.
        progress: show a progress bar, if there is a terminal.

    Returns:
        One summary per stage.

    Raises:
        ValueError: fewer than 2 timesteps, unknown neurons, or neurons without `trace` and
            `v_th` (and `neuron`, if only the driven ones are wanted), see `ABILITIES`.

    Example:
        >>> residuals(net, data.test, 16)[0].distances["uniform"].ks
    """
    timesteps = checked("timesteps", Several, timesteps)
    checked("neurons", Described, neurons)
    images = images_for(net, images, "residuals()", labelled=False)
    abilities = ("trace", "v_th", "neuron") if neurons == "driven" else ("trace", "v_th")
    layers = net.neuron_layers(*abilities, needed_by="residuals()")
    tallies: list[Tally | None] = [None] * len(net.stages)

    def seen(stage: int, currents: Tensor) -> Tensor:
        own = layers[stage]
        trace = own.trace(currents)
        tally = tallies[stage] or Tally(currents.shape[2], currents.device, wide=wide)
        tallies[stage] = tally
        wanted = driven(currents, own.neuron) if neurons == "driven" else None
        tally.add(trace.v[:-1] / own.v_th, trace.spikes, wanted)
        return trace.spikes

    for batch, _ in watched_batches(images, batch_size, "residuals", progress=progress):
        run_whole(net, batch, timesteps, seen)
    return [
        tally.summary(targets_for(layer), channels=channels)
        for tally, layer in zip(tallies, layers, strict=True)
        if tally is not None
    ]


def value_at(shares: Floats, reached: Floats, values: Floats) -> Floats:
    """Quantiles for these shares, if the share `reached[i]` lies below `values[i]`, each (n,)."""
    rising = np.flatnonzero(np.diff(reached) > 0)
    knots = np.unique(np.concatenate([rising, rising + 1]))
    quantiles: Floats = np.interp(shares, reached[knots], values[knots])
    return quantiles


def driven(currents: Tensor, neuron: Neuron) -> Tensor:
    """Whether the mean of the currents (T, B, *) makes a neuron fire at some timesteps: (B, *)."""
    mean = currents.mean(0)
    return (mean > (1 - neuron.beta) * neuron.v_th) & (mean < neuron.v_th)


def groups_of(spikes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Which neurons are silent, active, saturated, by their spikes (T, B, *): each (B, *)."""
    fired = spikes.sum(0)
    silent, saturated = fired == 0, fired == len(spikes)
    return silent, ~(silent | saturated), saturated


def targets_for(layer: SpikingLayer) -> dict[str, Target]:
    """The distributions that the residuals of a layer are compared with."""
    laws = dict(matched_laws())
    noise, trained = noise_of(layer), trained_noise(layer)
    if noise and trained and noise.learned != "channel":
        laws["training"] = Law(trained)
    inner = np.linspace(*RANGE, BINS + 1)[1:-1]
    return {name: Target(found, inner) for name, found in laws.items()}


def trained_noise(layer: object) -> Noise | None:
    """The distribution of a layer's noise, with its present sigma; None: it has no noise.

    If sigma is learned per channel, it is the mean of them.
    """
    noise = noise_of(layer)
    if noise is None:
        return None
    return replace(noise, sigma=sigma_of(layer, noise), timesteps=1, learned="no")


def edges_of(span: tuple[float, float], bins: int) -> list[float]:
    """Edges of equal bins, one more than bins."""
    low, high = span
    return [low + (high - low) * i / bins for i in range(bins + 1)]


class Tally:
    """Adds up the residuals of one stage by channel, batch by batch."""

    def __init__(self, channels: int, device: torch.device, *, wide: bool = False) -> None:
        self.groups = torch.zeros(3, channels, dtype=torch.float64, device=device)
        self.squares = torch.zeros(channels, dtype=torch.float64, device=device)
        self.counts = torch.zeros(channels, BINS, dtype=torch.float64, device=device)
        self.sums = torch.zeros_like(self.counts)
        self.described = 0
        bins = WIDE_BINS_PER_THRESHOLD * (WIDE_RANGE[1] - WIDE_RANGE[0])
        self.wide = torch.zeros(len(GROUPS), bins, dtype=torch.float64) if wide else None

    def add(self, residuals: Tensor, spikes: Tensor, wanted: Tensor | None = None) -> None:
        """Add residuals (T - 1, B, C, *) in units of v_th, and spikes (T, B, C, *).

        With `wanted`, a mask (B, C, *), only those of the active neurons are described.
        """
        groups = groups_of(spikes)
        if self.wide is not None:
            for counts, group in zip(self.wide, groups, strict=True):
                counts += wide_counts(residuals[:, group], len(counts))
        self.groups += torch.stack([over_channels(group) for group in groups])  # (3, C)
        active = groups[GROUPS.index("active")]
        described = active if wanted is None else active & wanted
        chosen = residuals[:, described].double()  # (T - 1, n)
        self.described += chosen.shape[1]
        channel = channel_of(described)  # (n,)
        bins = ((chosen - RANGE[0]) * BINS_PER_THRESHOLD).long().clamp(0, BINS - 1)
        places = (channel * BINS + bins).flatten()
        values, size = chosen.flatten(), self.counts.numel()
        self.counts += torch.bincount(places, minlength=size).view_as(self.counts)
        self.sums += torch.bincount(places, values, size).view_as(self.sums)
        channels = channel.expand_as(chosen).flatten()
        self.squares += torch.bincount(channels, values.square(), len(self.squares))

    def summary(self, targets: Mapping[str, Target], *, channels: bool) -> ResidualSummary:
        """The summary of everything that was added."""
        stage = (self.groups.sum(1), self.squares.sum(), self.counts.sum(0), self.sums.sum(0))
        parts = zip(self.groups.T, self.squares, self.counts, self.sums, strict=True)
        return replace(
            summarised(*stage, targets),
            channels=[summarised(*part, targets) for part in parts] if channels else [],
            neurons=self.described,
            wide={} if self.wide is None else wide_densities(self.wide),
        )


def wide_counts(residuals: Tensor, bins: int) -> Tensor:
    """How many residuals lie in each bin of the wide range: (bins,)."""
    places = ((residuals - WIDE_RANGE[0]) * WIDE_BINS_PER_THRESHOLD).floor().clamp(0, bins - 1)
    return torch.bincount(places.long().flatten(), minlength=bins).double().cpu()


def wide_densities(counts: Tensor) -> dict[str, list[float]]:
    """The densities of `GROUPS`, from their counts (3, bins)."""
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
    return dict(zip(GROUPS, (shares * WIDE_BINS_PER_THRESHOLD).tolist(), strict=True))


def summarised(
    groups: Tensor,
    squares: Tensor,
    counts: Tensor,
    sums: Tensor,
    targets: Mapping[str, Target],
) -> ResidualSummary:
    """A summary from the sizes of the groups (3,), the sum of squares, and the bins."""
    silent, active, saturated = (groups / groups.sum()).tolist()
    count = counts.sum().item()
    mean = sums.sum().item() / count if count else float("nan")
    variance = squares.item() / count - mean**2 if count else float("nan")
    std = max(variance, 0.0) ** 0.5 if count else float("nan")
    density = counts / max(count, 1) * BINS_PER_THRESHOLD
    tally, total = counts.cpu().numpy(), sums.cpu().numpy()
    distances = {name: distance(tally, total, target) for name, target in targets.items()}
    return ResidualSummary(silent, active, saturated, mean, std, density.tolist(), distances)


def over_channels(group: Tensor) -> Tensor:
    """How many neurons (B, C, *) of each channel belong to a group: (C,)."""
    return group.transpose(0, 1).flatten(1).sum(1, dtype=torch.float64)


def channel_of(chosen: Tensor) -> Tensor:
    """The channel of each neuron chosen by a mask (B, C, *), in the order of `tensor[mask]`."""
    numbers = torch.arange(chosen.shape[1], device=chosen.device)
    spread = numbers.view(-1, *[1] * (chosen.ndim - 2)).expand_as(chosen)  # (B, C, *)
    return spread[chosen]
