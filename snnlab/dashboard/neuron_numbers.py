"""The numbers behind the neuron lab: plain settings in, plain numbers out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
import streamlit as st

from snnlab.neuron.spec import Neuron, Noise
from snnlab.settings import Valid
from snnlab.show.described import binned, noise_density

SCALE = 100.0
"""Potentials are counted in hundredths: whole numbers, so that ten times 0.1 is exactly 1."""
CURRENTS = (-0.3, 1.6)
"""Over which the curves go."""
PLACES, POINTS = 191, 121
"""Points of the curves over currents, and of the density of the noise."""
POPULATION, LONG = 96, 240
"""Neurons and timesteps behind the histogram of residuals ..."""
SPREAD = 0.04
"""... whose currents lie this far around the chosen one: a single current visits few potentials."""
DRAWS = 20_000
"""Samples of noise behind its histogram."""
BINS, LOWEST, HIGHEST = 60, -1.0, 2.0
"""Of the histograms; the ends in units of v_th."""


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
        neuron = self.neuron
        v_th, v_init = round(SCALE * neuron.v_th, 6), round(SCALE * neuron.v_start, 6)
        return replace(neuron, v_th=v_th, v_init=v_init)


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
    points: list[float]
    law: list[float]
    at_current: float
    """The probability at the chosen current."""


@st.cache_data(max_entries=500, show_spinner=False)
def timesteps(settings: Settings) -> Timesteps:
    """Run the neuron for T timesteps."""
    import torch

    from snnlab.neuron.dynamics import trace

    neuron = settings.scaled_neuron
    noise = settings.acting_noise if settings.noisy else None
    current = round(SCALE * settings.current, 6)
    currents = torch.full((settings.T, 1), current, dtype=torch.float64)  # (T, 1)
    generator = torch.Generator().manual_seed(0)
    path = trace(currents, neuron, noise=noise, generator=generator)
    first = neuron.v_start if noise is None else noise.mu * neuron.v_th
    before = torch.cat([torch.full((1, 1), first, dtype=torch.float64), path.v[:-1]])
    deviation = (path.h - current) / neuron.beta - before
    if noise is None:
        deviation = torch.zeros_like(deviation)
    parts = (before / SCALE, deviation / SCALE, path.h / SCALE, path.spikes, path.v / SCALE)
    return Timesteps(*(part[:, 0].tolist() for part in parts))


@st.cache_data(max_entries=500, show_spinner=False)
def curves(settings: Settings) -> Curves:
    """Closed forms and what is measured beside them."""
    import torch

    from snnlab.neuron.dynamics import trace
    from snnlab.neuron.noise import sample
    from snnlab.neuron.transfer import firing_probability

    neuron, noise = settings.scaled_neuron, settings.acting_noise
    v_th = neuron.v_th
    places = torch.linspace(*CURRENTS, PLACES, dtype=torch.float64)
    currents = (SCALE * places).round()
    rate = trace(currents.expand(settings.T, -1), neuron).spikes.mean(0)
    chosen = torch.tensor([round(SCALE * settings.current, 6)], dtype=torch.float64)
    points = np.linspace(LOWEST, HIGHEST, POINTS)
    if noise is None:  # the neuron fires or it does not
        sure = currents + neuron.beta * neuron.v_start >= v_th
        probability, at = sure.double(), float(chosen + neuron.beta * neuron.v_start >= v_th)
        drawn, law = np.zeros(BINS), np.zeros(POINTS)
    else:
        probability = firing_probability(currents, noise, neuron)
        at = firing_probability(chosen, noise, neuron).item()
        draws = sample(noise, (DRAWS,), torch.Generator().manual_seed(1), dtype=torch.float64)
        drawn, _ = binned(draws.numpy(), (LOWEST, HIGHEST), BINS)
        law = noise_density(noise, points)
    around = chosen * torch.linspace(1 - SPREAD, 1 + SPREAD, POPULATION, dtype=torch.float64)
    residuals = trace(around.expand(LONG, -1), neuron).v[LONG // 4 :] / v_th
    without, edges = binned(residuals.flatten().numpy(), (LOWEST, HIGHEST), BINS)
    return Curves(
        (currents / SCALE).tolist(),
        probability.tolist(),
        rate.tolist(),
        edges.tolist(),
        without.tolist(),
        drawn.tolist(),
        points.tolist(),
        law.tolist(),
        at,
    )
