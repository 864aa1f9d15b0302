"""The numbers that the neuron lab draws, computed from its settings."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Annotated

import numpy as np

from snnlab.neuron.spec import Neuron, Noise
from snnlab.settings import Valid
from snnlab.show.arrays import Floats
from snnlab.show.described import binned, noise_density, noise_points

SCALE = 100.0
"""Potentials are computed in hundredths. As the sliders move in steps of 0.01, these are whole
numbers, and ten times 0.1 is exactly 1.

The currents of a network are not multiples of 0.01. With such currents the neuron is computed in
the unit of the network and in single precision, and so fires at the same timesteps as there."""
CURRENTS = (-0.3, 1.6)
"""Lowest and highest current of the curves; they are extended to the currents of a network's
neuron."""
MOST_CURRENTS = 800
"""Currents at which the curves are computed, at most; 0.01 apart where so many suffice."""
POPULATION, RESIDUAL_TIMESTEPS = 96, 240
"""Neurons and timesteps in the histogram of residuals; with fewer timesteps, more neurons."""
SPREAD = 0.04
"""Their currents differ from the chosen one by up to this share, since under exactly one current a
neuron takes few different potentials."""
DRAWS = 20_000
"""Samples of noise in its histogram."""
BINS, LOWEST, HIGHEST = 60, -1.0, 2.0
"""Number of bins of the histograms, and their ends in units of v_th."""
CACHED_RESULTS = 1000
"""The latest results of each function below that are cached."""


@dataclass(frozen=True)
class Settings:
    """Values of the sliders; potentials and currents in one unit, sigma and mu in units of v_th."""

    current: Annotated[float, Valid(usual=CURRENTS, step=0.01)] = 0.3
    """The current at every timestep; the mean of `currents`, if there are any."""
    currents: tuple[float, ...] = ()
    """The currents at t = 1 to T of a neuron of a network; empty: `current` at each timestep."""
    T: Annotated[int, Valid(low=1, usual=(1, 50), step=1)] = 16
    """Timesteps."""
    noisy: bool = False
    """Whether noise acts in the trace."""
    quiet: bool = False
    """Whether there is no noise at all."""
    neuron: Neuron = field(default_factory=lambda: Neuron(v_init=Neuron().v_start))
    noise: Noise = field(default_factory=Noise)

    @property
    def acting_noise(self) -> Noise | None:
        """The noise, if there is any."""
        return None if self.quiet else self.noise

    @property
    def scaled_neuron(self) -> Neuron:
        """The neuron, its potentials in units of 1 / SCALE."""
        neuron = self.neuron
        return replace(neuron, v_th=scaled(neuron.v_th), v_init=scaled(neuron.v_start))


@dataclass(frozen=True)
class Timesteps:
    """What happens to the neuron at t = 1 to T."""

    before: list[float]
    """v[t-1]."""
    deviation: list[float]
    """The noise that is added to v[t-1]; 0 without noise."""
    h: list[float]
    spikes: list[float]
    v: list[float]


@dataclass(frozen=True)
class Curves:
    """Spikes per timestep against current, and densities of residual and noise."""

    currents: list[float]
    probability: list[float]
    """Probability of a spike in one timestep with noise; without noise 0 or 1."""
    rate: list[float]
    """Spikes per timestep over T timesteps without noise."""
    edges: list[float]
    without: list[float]
    drawn: list[float]
    """Density of samples of the noise; empty without noise."""
    points: list[float]
    law: list[float]
    """Density of the noise at the points, in closed form; empty without noise."""
    at_current: float
    """Probability of a spike at the chosen current."""


def timesteps(settings: Settings) -> Timesteps:
    """Run the neuron for T timesteps."""
    noise = settings.acting_noise if settings.noisy else None
    if settings.currents:
        return path(settings.currents, settings.neuron, noise, 1.0)
    constant = (scaled(settings.current),) * settings.T
    return path(constant, settings.scaled_neuron, noise, SCALE)


def curves(settings: Settings) -> Curves:
    """Closed forms, and measurements to compare with them.

    Each curve is cached by the settings that it depends on: most visitors look at the same neuron.
    """
    neuron, noise = settings.scaled_neuron, settings.acting_noise
    drawn, law = densities(noise)
    if settings.currents:
        edges, without = residuals(settings.currents, settings.neuron)
    else:
        edges, without = residuals(
            (scaled(settings.current),) * RESIDUAL_TIMESTEPS, neuron, start=RESIDUAL_TIMESTEPS // 4
        )
    span = span_of(settings.currents)
    return Curves(
        currents(span).tolist(),
        probabilities(neuron, noise, span),
        rates(settings.T, neuron, span),
        edges,
        without,
        drawn,
        noise_points().tolist(),
        law,
        probability(np.array([scaled(settings.current)]), neuron, noise)[0],
    )


def scaled(potential: float) -> float:
    """A potential or a current in units of 1 / SCALE."""
    return round(SCALE * potential, 6)


def span_of(met: tuple[float, ...]) -> tuple[float, float]:
    """Lowest and highest current of the curves, so that all currents of the neuron lie between."""
    low, high = CURRENTS
    return math.floor(min((low, *met)) * 10) / 10, math.ceil(max((high, *met)) * 10) / 10


def currents(span: tuple[float, float]) -> Floats:
    """The currents at which the curves are computed."""
    low, high = span
    places = min(round(SCALE * (high - low)) + 1, MOST_CURRENTS)
    return np.linspace(low, high, places).round(2)


@lru_cache(CACHED_RESULTS)
def path(met: tuple[float, ...], neuron: Neuron, noise: Noise | None, scale: float) -> Timesteps:
    """The neuron under given currents, (T,); another sigma scales the same samples of noise.

    Args:
        met: the currents at t = 1 to T.
        neuron, noise: see `trace`.
        scale: all potentials are in units of 1 / scale. With 1 they are those of a network, and
            are computed in single precision, as there.
    """
    import torch

    from snnlab.neuron.dynamics import first_potential, trace

    precision = torch.float32 if scale == 1 else torch.float64
    currents = torch.tensor(met, dtype=precision).unsqueeze(1)  # (T, 1)
    path = trace(currents, neuron, noise=noise, generator=torch.Generator().manual_seed(0))
    first = first_potential(currents, neuron, noise)
    before = torch.cat([first.unsqueeze(0), path.v[:-1]])
    deviation = torch.zeros_like(before)
    if noise is not None:
        deviation = (path.h - currents) / neuron.beta - before
    parts = (before / scale, deviation / scale, path.h / scale, path.spikes, path.v / scale)
    return Timesteps(*(part[:, 0].tolist() for part in parts))


@lru_cache(CACHED_RESULTS)
def rates(T: int, neuron: Neuron, span: tuple[float, float]) -> list[float]:
    """Spikes per timestep over T timesteps without noise, for all currents."""
    import torch

    from snnlab.neuron.dynamics import scan

    everywhere = torch.from_numpy((SCALE * currents(span)).round())
    spikes, _ = scan(everywhere.expand(T, -1), neuron)
    found: list[float] = spikes.mean(0).tolist()
    return found


@lru_cache(CACHED_RESULTS)
def probabilities(neuron: Neuron, noise: Noise | None, span: tuple[float, float]) -> list[float]:
    """The probability of a spike in one timestep, for all currents."""
    return probability((SCALE * currents(span)).round(), neuron, noise)


def probability(charged: Floats, neuron: Neuron, noise: Noise | None) -> list[float]:
    """The probability of a spike in one timestep at currents `charged`; without noise 0 or 1."""
    import torch

    from snnlab.neuron.transfer import firing_probability

    if noise is None:
        return [float(one + neuron.beta * neuron.v_start >= neuron.v_th) for one in charged]
    found: list[float] = firing_probability(torch.from_numpy(charged), noise, neuron).tolist()
    return found


@lru_cache(CACHED_RESULTS)
def densities(noise: Noise | None) -> tuple[list[float], list[float]]:
    """The densities of samples of the noise, by bin, and of its closed form, at the points."""
    import torch

    from snnlab.neuron.noise import sample

    if noise is None:
        return [], []
    draws = sample(noise, (DRAWS,), torch.Generator().manual_seed(1), dtype=torch.float64)
    drawn, _ = binned(draws.numpy(), (LOWEST, HIGHEST), BINS)
    return drawn.tolist(), noise_density(noise, noise_points()).tolist()


@lru_cache(CACHED_RESULTS)
def residuals(
    met: tuple[float, ...], neuron: Neuron, start: int = 0
) -> tuple[list[float], list[float]]:
    """The edges of the bins, and the density of the residual without noise in each bin.

    Args:
        met: currents at t = 1 to T; each of many neurons gets them a little weaker or stronger.
        neuron: its potentials are in the same unit.
        start: residuals before this timestep do not count.
    """
    import torch

    from snnlab.neuron.dynamics import trace

    crowd = POPULATION * RESIDUAL_TIMESTEPS // len(met)
    spread = torch.linspace(1 - SPREAD, 1 + SPREAD, crowd, dtype=torch.float64)
    currents = torch.tensor(met, dtype=torch.float64).unsqueeze(1) * spread  # (T, crowd)
    left = trace(currents, neuron).v[start:] / neuron.v_th
    density, edges = binned(left.flatten().numpy(), (LOWEST, HIGHEST), BINS)
    return edges.tolist(), density.tolist()
