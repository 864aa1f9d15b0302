"""Closed forms: how often a neuron fires under a constant current."""

from __future__ import annotations

import torch
from torch import Tensor

from snnlab.neuron.noise import reach_density, reach_probability
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
    return reach_probability(noise, _distance_in_sigmas(current, noise, neuron))


def firing_probability_slope(current: Tensor, noise: Noise, neuron: Neuron | None = None) -> Tensor:
    """dp/dI of `firing_probability`: the matched surrogate gradient. Shapes as there."""
    neuron = neuron or Neuron()
    z = _distance_in_sigmas(current, noise, neuron)
    return reach_density(noise, z) / (neuron.beta * noise.sigma * neuron.v_th)


def target_mean(current: Tensor, noise: Noise, neuron: Neuron | None = None) -> Tensor:
    """Mean rate under target-T noise: the mean over k = 1 .. T of the chance of k spikes or more.

    With x = I / v_th and u the noise, k spikes or more fall if T x + u >= k, so

        mean = (1/T) sum_k F((T x + mu - k) / sigma)

    which is `firing_probability` for T = 1, and clip(x, 0, 1) for noise spread over [0, 1).

    Args:
        current: any shape.
        noise: family, sigma, mu and T, its `timesteps`.
        neuron: IF neuron that resets by subtraction; default v_th = 1.

    Returns:
        Same shape, in [0, 1].

    Raises:
        ValueError: a leaky neuron, or reset to zero, with T > 1.

    Example:
        >>> target_mean(torch.tensor(0.3), Noise("uniform", timesteps=4))
        tensor(0.3000)
    """
    neuron = neuron or Neuron()
    check_target(noise, neuron)
    return mean_rate(current, noise, neuron, noise.sigma)


def target_variance(current: Tensor, noise: Noise, neuron: Neuron | None = None) -> Tensor:
    """Variance of the rate under target-T noise; arguments as for `target_mean`.

    With p_k the chance of k spikes or more, the number n of spikes has the mean sum_k p_k and the
    mean square sum_k (2k - 1) p_k. For noise spread over [0, 1) the variance of the rate is
    f (1 - f) / T^2, where f is what T x exceeds a whole number by.

    Example:
        >>> target_variance(torch.tensor(0.5), Noise("uniform", timesteps=4))
        tensor(0.)
    """
    neuron = neuron or Neuron()
    check_target(noise, neuron)
    chances = _spike_chances(current, noise, neuron, noise.sigma)
    total = torch.stack(chances).sum(0)
    squares = torch.stack([(2 * k - 1) * p for k, p in enumerate(chances, start=1)]).sum(0)
    return (squares - total.square()).clamp(min=0) / noise.timesteps**2


def mean_rate(current: Tensor, noise: Noise, neuron: Neuron, sigma: float | Tensor) -> Tensor:
    """`target_mean` with another sigma, which may be a tensor that broadcasts to the current.

    It can be differentiated with respect to the current and to sigma. Leaky neurons: T = 1 only.
    """
    chances = _spike_chances(current, noise, neuron, sigma)
    return torch.stack(chances).mean(0) if len(chances) > 1 else chances[0]


def check_target(noise: Noise, neuron: Neuron) -> None:
    """Raise ValueError if target-T noise does not describe the neuron."""
    if noise.timesteps > 1 and (neuron.beta != 1 or neuron.reset != "subtract"):
        raise ValueError(
            "target-T noise stands for IF neurons that reset by subtraction, got "
            f"beta = {neuron.beta:g} and reset = {neuron.reset!r}; use noise with timesteps=1"
        )


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


def _spike_chances(
    current: Tensor, noise: Noise, neuron: Neuron, sigma: float | Tensor
) -> list[Tensor]:
    """For k = 1 .. T the probability of k spikes or more, each the shape of the current."""
    reached = noise.timesteps * current / neuron.v_th + neuron.beta * noise.mu
    width = neuron.beta * sigma
    counts = range(1, noise.timesteps + 1)
    return [reach_probability(noise, (reached - k) / width) for k in counts]


def _distance_in_sigmas(current: Tensor, noise: Noise, neuron: Neuron) -> Tensor:
    mean = current + neuron.beta * noise.mu * neuron.v_th
    return (mean - neuron.v_th) / (neuron.beta * noise.sigma * neuron.v_th)
