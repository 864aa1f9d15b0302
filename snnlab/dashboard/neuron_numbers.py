"""The numbers behind the neuron lab: plain settings in, plain numbers out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Annotated

import numpy as np

from snnlab.neuron.spec import Neuron, Noise
from snnlab.settings import Valid
from snnlab.show.arrays import Floats
from snnlab.show.described import binned, noise_density

SCALE = 100.0
"""Potentials are counted in hundredths: whole numbers, so that ten times 0.1 is exactly 1."""
CURRENTS = (-0.3, 1.6)
"""Over which the curves go."""
PLACES = 191
"""Points of the curves over currents."""
WIDE, POINTS = (-4.0, 5.0), 361
"""Where the density of the noise is known, in units of v_th: far enough for the widest."""
POPULATION, LONG = 96, 240
"""Neurons and timesteps behind the histogram of residuals ..."""
SPREAD = 0.04
"""... whose currents lie this far around the chosen one: a single current visits few potentials."""
DRAWS = 20_000
"""Samples of noise behind its histogram."""
BINS, LOWEST, HIGHEST = 60, -1.0, 2.0
"""Of the histograms; the ends in units of v_th."""
KEPT = 1000
"""Of each kind of numbers, the last so many."""


@dataclass(frozen=True)
class Settings:
    """What the sliders say; potentials and currents in one unit, sigma and mu in units of v_th."""

    current: Annotated[float, Valid(usual=CURRENTS, step=0.01)] = 0.3
    """Into the neuron at every timestep."""
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
        return scaled_up(self.neuron)


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
    return path_of(settings.current, settings.T, settings.scaled_neuron, noise)


def curves(settings: Settings) -> Curves:
    """Closed forms and what is measured beside them.

    Each is kept by what it depends on: most visitors look at the same neuron.
    """
    neuron, noise = settings.scaled_neuron, settings.acting_noise
    drawn, law = densities(noise)
    edges, without = residuals(settings.current, neuron)
    return Curves(
        currents().tolist(),
        probabilities(neuron, noise),
        rates(settings.T, neuron),
        edges,
        without,
        drawn,
        points().tolist(),
        law,
        probability_at(settings.current, neuron, noise),
    )


@lru_cache(KEPT)
def scaled_up(neuron: Neuron) -> Neuron:
    """A neuron, its potentials in units of 1 / SCALE."""
    v_th, v_init = round(SCALE * neuron.v_th, 6), round(SCALE * neuron.v_start, 6)
    return replace(neuron, v_th=v_th, v_init=v_init)


def scaled(current: float) -> Floats:
    """A current in units of 1 / SCALE, (1,)."""
    return np.array([round(SCALE * current, 6)])


@lru_cache
def currents() -> Floats:
    """Where the curves are known."""
    return np.linspace(*CURRENTS, PLACES).round(2)


@lru_cache
def points() -> Floats:
    """Where the density of the noise is known, in units of v_th."""
    return np.linspace(*WIDE, POINTS)


@lru_cache(KEPT)
def path_of(current: float, T: int, neuron: Neuron, noise: Noise | None) -> Timesteps:
    """What happens under a constant current; with another sigma the same noise, wider."""
    import torch

    from snnlab.neuron.dynamics import trace

    charged = scaled(current).item()
    generator = torch.Generator().manual_seed(0)
    path = trace(
        torch.full((T, 1), charged, dtype=torch.float64),  # (T, 1)
        neuron,
        noise=noise,
        generator=generator,
    )
    first = neuron.v_start if noise is None else noise.mu * neuron.v_th
    before = torch.cat([torch.full((1, 1), first, dtype=torch.float64), path.v[:-1]])
    deviation = (path.h - charged) / neuron.beta - before
    if noise is None:
        deviation = torch.zeros_like(deviation)
    parts = (before / SCALE, deviation / SCALE, path.h / SCALE, path.spikes, path.v / SCALE)
    return Timesteps(*(part[:, 0].tolist() for part in parts))


@lru_cache(KEPT)
def rates(T: int, neuron: Neuron) -> list[float]:
    """Spikes per timestep over T timesteps without noise, for all currents."""
    import torch

    from snnlab.neuron.dynamics import scan

    everywhere = torch.from_numpy((SCALE * currents()).round())
    spikes, _ = scan(everywhere.expand(T, -1), neuron)
    found: list[float] = spikes.mean(0).tolist()
    return found


@lru_cache(KEPT)
def probability_at(current: float, neuron: Neuron, noise: Noise | None) -> float:
    """Of a spike in one timestep, at the chosen current."""
    return probability(scaled(current), neuron, noise)[0]


@lru_cache(KEPT)
def probabilities(neuron: Neuron, noise: Noise | None) -> list[float]:
    """Of a spike in one timestep with noise, for all currents."""
    return probability((SCALE * currents()).round(), neuron, noise)


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
    return drawn.tolist(), noise_density(noise, points()).tolist()


@lru_cache(KEPT)
def residuals(current: float, neuron: Neuron) -> tuple[list[float], list[float]]:
    """The edges of the bins, and the density of what is left over without noise in each."""
    import torch

    from snnlab.neuron.dynamics import trace

    spread = torch.linspace(1 - SPREAD, 1 + SPREAD, POPULATION, dtype=torch.float64)
    around = scaled(current).item() * spread  # (POPULATION,)
    left = trace(around.expand(LONG, -1), neuron).v[LONG // 4 :] / neuron.v_th
    density, edges = binned(left.flatten().numpy(), (LOWEST, HIGHEST), BINS)
    return edges.tolist(), density.tolist()
