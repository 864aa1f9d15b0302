"""The numbers behind the neuron lab: plain settings in, plain numbers out."""

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
"""Potentials are counted in hundredths: whole numbers, so that ten times 0.1 is exactly 1.

The currents of a network are no such numbers. With them the neuron runs in its own unit and in
single precision, as it did there, and so it fires at the same timesteps."""
CURRENTS = (-0.3, 1.6)
"""Over which the curves go, and further where a neuron met currents beyond."""
PLACES = 800
"""Points of the curves over currents at most; as long as these suffice, a hundredth apart."""
POPULATION, LONG = 96, 240
"""Neurons and timesteps behind the histogram of residuals; over fewer timesteps more neurons."""
SPREAD = 0.04
"""By which share their currents lie around the chosen one: under a single current a neuron visits
few potentials."""
DRAWS = 20_000
"""Samples of noise behind its histogram."""
BINS, LOWEST, HIGHEST = 60, -1.0, 2.0
"""Of the histograms; the ends in units of v_th."""
KEPT = 1000
"""Results that are kept of each function below, the latest."""


@dataclass(frozen=True)
class Settings:
    """What the sliders say; potentials and currents in one unit, sigma and mu in units of v_th."""

    current: Annotated[float, Valid(usual=CURRENTS, step=0.01)] = 0.3
    """Into the neuron at every timestep; the mean of `currents`, if there are any."""
    currents: tuple[float, ...] = ()
    """Into the neuron at t = 1 to T, where it is one of a network; none: always the same."""
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
    """Noise added to v[t-1]; 0 without."""
    h: list[float]
    spikes: list[float]
    v: list[float]


@dataclass(frozen=True)
class Curves:
    """Spikes per timestep against current, and densities of residual and noise."""

    currents: list[float]
    probability: list[float]
    """Of a spike in one timestep with noise; without noise 0 or 1."""
    rate: list[float]
    """Over T timesteps without noise."""
    edges: list[float]
    without: list[float]
    drawn: list[float]
    """Of noise that was drawn; empty without noise."""
    points: list[float]
    law: list[float]
    """Of the noise at the points, in closed form; empty without noise."""
    at_current: float
    """The probability at the chosen current."""


def timesteps(settings: Settings) -> Timesteps:
    """Run the neuron for T timesteps."""
    noise = settings.acting_noise if settings.noisy else None
    if settings.currents:
        return path(settings.currents, settings.neuron, noise, 1.0)
    constant = (scaled(settings.current),) * settings.T
    return path(constant, settings.scaled_neuron, noise, SCALE)


def curves(settings: Settings) -> Curves:
    """Closed forms and what is measured beside them.

    Each is kept by what it depends on: most visitors look at the same neuron.
    """
    neuron, noise = settings.scaled_neuron, settings.acting_noise
    drawn, law = densities(noise)
    if settings.currents:
        edges, without = residuals(settings.currents, settings.neuron)
    else:
        edges, without = residuals((scaled(settings.current),) * LONG, neuron, start=LONG // 4)
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
    """From where to where the curves go, so that the currents that a neuron met lie within."""
    low, high = CURRENTS
    return math.floor(min((low, *met)) * 10) / 10, math.ceil(max((high, *met)) * 10) / 10


def currents(span: tuple[float, float]) -> Floats:
    """Where the curves are known."""
    low, high = span
    places = min(round(SCALE * (high - low)) + 1, PLACES)
    return np.linspace(low, high, places).round(2)


@lru_cache(KEPT)
def path(met: tuple[float, ...], neuron: Neuron, noise: Noise | None, scale: float) -> Timesteps:
    """What happens under currents, (T,); with another sigma the same noise, wider.

    Args:
        met: the currents at t = 1 to T.
        neuron, noise: see `trace`.
        scale: all potentials are in units of 1 / scale; 1: those of a network, and computed as
            there, in single precision.
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


@lru_cache(KEPT)
def rates(T: int, neuron: Neuron, span: tuple[float, float]) -> list[float]:
    """Spikes per timestep over T timesteps without noise, for all currents."""
    import torch

    from snnlab.neuron.dynamics import scan

    everywhere = torch.from_numpy((SCALE * currents(span)).round())
    spikes, _ = scan(everywhere.expand(T, -1), neuron)
    found: list[float] = spikes.mean(0).tolist()
    return found


@lru_cache(KEPT)
def probabilities(neuron: Neuron, noise: Noise | None, span: tuple[float, float]) -> list[float]:
    """Of a spike in one timestep with noise, for all currents."""
    return probability((SCALE * currents(span)).round(), neuron, noise)


def probability(charged: Floats, neuron: Neuron, noise: Noise | None) -> list[float]:
    """Of a spike in one timestep with noise; without noise it falls or it does not."""
    import torch

    from snnlab.neuron.transfer import firing_probability

    if noise is None:
        return [float(one + neuron.beta * neuron.v_start >= neuron.v_th) for one in charged]
    found: list[float] = firing_probability(torch.from_numpy(charged), noise, neuron).tolist()
    return found


@lru_cache(KEPT)
def densities(noise: Noise | None) -> tuple[list[float], list[float]]:
    """Of noise that was drawn, per bin, and of the noise in closed form, at the points."""
    import torch

    from snnlab.neuron.noise import sample

    if noise is None:
        return [], []
    draws = sample(noise, (DRAWS,), torch.Generator().manual_seed(1), dtype=torch.float64)
    drawn, _ = binned(draws.numpy(), (LOWEST, HIGHEST), BINS)
    return drawn.tolist(), noise_density(noise, noise_points()).tolist()


@lru_cache(KEPT)
def residuals(
    met: tuple[float, ...], neuron: Neuron, start: int = 0
) -> tuple[list[float], list[float]]:
    """The edges of the bins, and the density of what is left over without noise in each.

    Args:
        met: currents at t = 1 to T; each neuron of a crowd meets them a little weaker or stronger.
        neuron: in the same unit.
        start: what is left over before this timestep does not count.
    """
    import torch

    from snnlab.neuron.dynamics import trace

    crowd = POPULATION * LONG // len(met)
    spread = torch.linspace(1 - SPREAD, 1 + SPREAD, crowd, dtype=torch.float64)
    currents = torch.tensor(met, dtype=torch.float64).unsqueeze(1) * spread  # (T, crowd)
    left = trace(currents, neuron).v[start:] / neuron.v_th
    density, edges = binned(left.flatten().numpy(), (LOWEST, HIGHEST), BINS)
    return edges.tolist(), density.tolist()
