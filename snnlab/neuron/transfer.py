"""Closed forms: how often a neuron fires under a constant current."""

from __future__ import annotations

import torch
from torch import Tensor

from snnlab.neuron.spec import Neuron, Noise
from snnlab.neuron.tensors import checked_tensors
from snnlab.settings import Count

ROUNDING = 4
"""A number n of spikes counts as whole if it lies at most ROUNDING * eps * n below a whole number
(eps is that of its type): current, product, sum and quotient are each rounded once."""


@checked_tensors()
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
    mean = current + neuron.beta * noise.mu * neuron.v_th
    width = neuron.beta * noise.sigma * neuron.v_th
    return noise.law.mirrored().cumulative((mean - neuron.v_th) / width)


def mean_rate(
    current: Tensor,
    noise: Noise,
    neuron: Neuron | None = None,
    sigma: float | Tensor | None = None,
) -> Tensor:
    """Mean rate under target-T noise: the mean over k = 1 .. T of the chance of k spikes or more.

    With x = I / v_th and u the noise, k spikes or more fall if T x + u >= k, so

        mean = (1/T) sum_k F((T x + mu - k) / sigma)

    which is `firing_probability` for T = 1, and clip(x, 0, 1) for noise spread over [0, 1). It can
    be differentiated with respect to the current and to sigma.

    Args:
        current: any shape.
        noise: family, sigma, mu and T, its `timesteps`.
        neuron: IF neuron that resets by subtraction, or any neuron for T = 1; default v_th = 1.
        sigma: replaces the sigma of the noise; a tensor broadcasts to the current.

    Returns:
        Same shape, in [0, 1].

    Example:
        >>> mean_rate(torch.tensor(0.3), Noise("uniform", timesteps=4))
        tensor(0.3000)
    """
    neuron, sigma = neuron or Neuron(), noise.sigma if sigma is None else sigma
    reached = noise.timesteps * current / neuron.v_th + neuron.beta * noise.mu
    width = neuron.beta * sigma
    at_most = noise.law.mirrored().cumulative  # of the distance below the mean of the noise
    chances = [at_most((reached - k) / width) for k in range(1, noise.timesteps + 1)]
    return torch.stack(chances).mean(0) if len(chances) > 1 else chances[0]


@checked_tensors()
def multi_step_rate(current: Tensor, timesteps: Count, neuron: Neuron | None = None) -> Tensor:
    """Spikes per timestep of a noise-free IF neuron under constant current.

    Reset by subtraction, with 0 <= v_init < v_th:
    rate = clip(floor((T I + v_init) / v_th), 0, T) / T,
    which is clip(I / v_th, 0, 1) rounded to multiples of 1/T for v_init = v_th / 2.
    Reset to zero: the first spike after ceil((v_th - v_init) / I) timesteps, then one
    every ceil(v_th / I).

    A potential equal to the threshold fires, as everywhere: a spike that is due exactly at timestep
    T counts. "Exactly" refers to the decimal numbers that were written, so the comparison allows
    for the rounding of their type (`ROUNDING`): 100 timesteps of 0.29 are 29 spikes, although the
    float nearest to 0.29 lies below it.

    `trace` adds the floats one by one and compares exactly. If its sums are exact (multiples of
    1/64, whole numbers, hundredths counted as whole numbers), both give the same spikes for every
    current. Otherwise they differ only where the potential should equal the threshold: a sum that
    ends slightly below it delays the last spike beyond T, which is one spike fewer. With reset to
    zero a sum starts anew after each spike, so each interval may be one timestep longer.

    Args:
        current: any shape, of a floating-point type.
        timesteps: T, at least 1.
        neuron: IF neuron; default v_th = 1, v_init = 0.5, reset by subtraction.

    Returns:
        Same shape, multiples of 1/T in [0, 1].

    Raises:
        ValueError: a leaky neuron (no closed form: use `trace`), T < 1, or v_init
            outside [0, v_th).

    Example:
        >>> multi_step_rate(torch.tensor(0.29), 100, Neuron(v_init=0.0))
        tensor(0.2900)
    """
    neuron = neuron or Neuron()
    if neuron.beta != 1:
        raise ValueError(
            f"no closed form for a leaky neuron (beta = {neuron.beta}); measure it with trace()"
        )
    if not 0 <= neuron.v_start < neuron.v_th:
        raise ValueError(f"v_init must lie in [0, v_th), got {neuron.v_start} of {neuron.v_th}")
    tie = ROUNDING * torch.finfo(current.dtype).eps
    if neuron.reset == "subtract":
        due = (timesteps * current + neuron.v_start) / neuron.v_th
        spikes = (due * (1 + tie)).floor()
    else:
        driven = current.clamp(min=torch.finfo(current.dtype).tiny)
        wait = (neuron.v_th - neuron.v_start) / driven * (1 - tie)
        first = wait.ceil().clamp(1, timesteps + 1)
        interval = (neuron.v_th / driven * (1 - tie)).ceil().clamp(1, timesteps + 1)
        spikes = ((timesteps - first) / interval).floor() + 1
    return spikes.clamp(0, timesteps) / timesteps
