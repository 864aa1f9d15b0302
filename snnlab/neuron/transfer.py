"""Closed forms: how often a neuron fires under a constant current."""

from __future__ import annotations

import torch
from torch import Tensor

from snnlab.neuron.noise import cumulative, density
from snnlab.neuron.spec import Neuron, Noise


def firing_probability(current: Tensor, noise: Noise, neuron: Neuron | None = None) -> Tensor:
    """Probability that the noisy single step fires: p(I) = F((I + beta mu - v_th) / (beta sigma)).

    Here mu and sigma are in units of the potential (times v_th) and F is the cumulative
    probability of the noise family.

    Args:
        current: any shape.
        noise: family, sigma, mu.
        neuron: threshold and leak; default IF with v_th = 1.

    Returns:
        Same shape, in [0, 1].
    """
    neuron = neuron or Neuron()
    return cumulative(noise.family, _distance_in_sigmas(current, noise, neuron))


def firing_probability_slope(current: Tensor, noise: Noise, neuron: Neuron | None = None) -> Tensor:
    """dp/dI of `firing_probability`: the matched surrogate gradient. Shapes as there."""
    neuron = neuron or Neuron()
    z = _distance_in_sigmas(current, noise, neuron)
    return density(noise.family, z) / (neuron.beta * noise.sigma * neuron.v_th)


def multi_step_rate(current: Tensor, timesteps: int, neuron: Neuron | None = None) -> Tensor:
    """Spikes per timestep of a noise-free IF neuron under constant current.

    Reset by subtraction, with 0 <= v_init < v_th:
    rate = clip(floor((T I + v_init) / v_th), 0, T) / T,
    which is clip(I / v_th, 0, 1) rounded to multiples of 1/T for v_init = v_th / 2.
    Reset to zero: the first spike after ceil((v_th - v_init) / I) timesteps, then one
    every ceil(v_th / I).

    Args:
        current: any shape.
        timesteps: T, at least 1.
        neuron: IF neuron; default v_th = 1, v_init = 0.5, reset by subtraction.

    Returns:
        Same shape, multiples of 1/T in [0, 1].

    Raises:
        ValueError: a leaky neuron (no closed form: use `trace`), T < 1, or v_init
            outside [0, v_th).
    """
    neuron = neuron or Neuron()
    if neuron.beta != 1:
        raise ValueError(
            f"no closed form for a leaky neuron (beta = {neuron.beta}); measure it with trace()"
        )
    if timesteps < 1:
        raise ValueError(f"timesteps must be at least 1, got {timesteps}")
    if not 0 <= neuron.v_start < neuron.v_th:
        raise ValueError(f"v_init must lie in [0, v_th), got {neuron.v_start} of {neuron.v_th}")
    if neuron.reset == "subtract":
        count = ((timesteps * current + neuron.v_start) / neuron.v_th).floor()
    else:
        driven = current.clamp(min=torch.finfo(current.dtype).tiny)
        first = ((neuron.v_th - neuron.v_start) / driven).ceil().clamp(1, timesteps + 1)
        interval = (neuron.v_th / driven).ceil().clamp(1, timesteps + 1)
        count = ((timesteps - first) / interval).floor() + 1
    return count.clamp(0, timesteps) / timesteps


def _distance_in_sigmas(current: Tensor, noise: Noise, neuron: Neuron) -> Tensor:
    mean = current + neuron.beta * noise.mu * neuron.v_th
    return (mean - neuron.v_th) / (neuron.beta * noise.sigma * neuron.v_th)
