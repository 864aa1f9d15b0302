r"""Charge, fire, reset: the discrete-time spiking neuron, written to be read.

    charge   h[t] = beta * v[t-1] + I[t]
    fire     s[t] = 1 if h[t] >= v_th else 0
    reset    v[t] = h[t] - v_th * s[t]      or, reset to zero,  v[t] = h[t] * (1 - s[t])

Noise adds a random deviation to the residual v[t-1] before the charge. There is one
draw per neuron and timestep, so the firing and the reset see the same potential.
`fast` computes the same numbers faster; the tests hold the two together.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import NamedTuple

import torch
from torch import Tensor

from snnlab.neuron import noise as families
from snnlab.neuron.spec import Leak, Neuron, Noise, Surrogate
from snnlab.neuron.surrogate import fire_with_slope
from snnlab.neuron.tensors import beside, check_generator, checked_tensors, in_time, inside_checked
from snnlab.settings import checked


class Step(NamedTuple):
    """One timestep of a neuron; all tensors have the shape of the current."""

    h: Tensor
    """Potential before firing."""
    spikes: Tensor
    """1 where the neuron fired, else 0."""
    v: Tensor
    """Potential after reset."""


class Trace(NamedTuple):
    """T timesteps of a neuron; all tensors have shape (T, B, *)."""

    h: Tensor
    """Potentials before firing."""
    spikes: Tensor
    """1 where the neuron fired, else 0."""
    v: Tensor
    """Potentials after reset."""


@checked_tensors()
def charge(v: Tensor, current: Tensor, beta: Leak = 1.0) -> Tensor:
    """Potential before firing: what the leak left of v, plus the current. Shapes broadcast."""
    return beta * v + current


@checked_tensors()
def fire(h: Tensor, v_th: float = 1.0) -> Tensor:
    """1 where the potential h reaches the threshold (equality included), else 0."""
    return (h >= v_th).to(h.dtype)


@checked_tensors()
def reset(h: Tensor, spikes: Tensor, neuron: Neuron) -> Tensor:
    """Potential after firing. Only neurons that fired change."""
    if neuron.reset == "subtract":
        return h - neuron.v_th * spikes
    return h * (1 - spikes)


@checked_tensors(to="current")
def step(
    v: Tensor,
    current: Tensor,
    neuron: Neuron,
    *,
    surrogate: Surrogate | None = None,
    deviation: Tensor | None = None,
) -> Step:
    """One timestep: charge, fire, reset.

    Args:
        v: residual potential, the shape of `current` or one that broadcasts to it.
        current: input of this timestep, any shape.
        neuron: threshold, leak and reset.
        surrogate: slope used backwards; None makes the spikes a constant for autograd.
        deviation: noise added to the residual, in the unit of the potential.

    Returns:
        Potential before firing, spikes, potential after reset. The reset treats the
        spikes as a constant in the backward pass.

    Raises:
        ValueError: arguments of another kind, or shapes or devices that do not fit.

    Example:
        >>> step(torch.tensor(0.5), torch.tensor(0.5), Neuron()).spikes
        tensor(1.)
    """
    mean = charge(v, current, neuron.beta)
    h = mean if deviation is None else mean + neuron.beta * deviation
    if surrogate is None:
        spikes = fire(h, neuron.v_th)
    else:
        spikes = fire_with_slope(h, mean, neuron.v_th, surrogate)
    return Step(h, spikes, reset(h, spikes.detach(), neuron))


def first_potential(currents: Tensor, neuron: Neuron, noise: Noise | None = None) -> Tensor:
    """Potential before the first of the currents (T, B, *): shape (B, *).

    It is the mean of the noise where noise acts, else the neuron's v_init.
    """
    v = neuron.v_start if noise is None else noise.mu * neuron.v_th
    return torch.full_like(in_time(currents)[0], v)


def trace(
    currents: Tensor,
    neuron: Neuron,
    v: Tensor | None = None,
    *,
    surrogate: Surrogate | None = None,
    noise: Noise | None = None,
    generator: torch.Generator | None = None,
) -> Trace:
    """Run a neuron over T timesteps and keep every potential.

    Args:
        currents: (T, B, *).
        neuron: threshold, leak, reset, v_init.
        v: potential to start from, (B, *); None: v_init, or the mean of the noise.
        surrogate: slope used backwards, see `step`.
        noise: random deviations, one per neuron and timestep; needs a generator.
        generator: where the randomness comes from.

    Returns:
        Potentials before firing, spikes and potentials after reset, each (T, B, *).

    Raises:
        ValueError: noise without a generator, currents without timesteps, or arguments of another
            kind, shape or device.

    Example:
        >>> trace(torch.full((8, 1), 0.3), Neuron()).spikes.sum()
        tensor(2.)
    """
    currents = in_time(currents)
    if not torch.compiler.is_compiling():
        for name, kind, value in (
            ("neuron", Neuron, neuron),
            ("surrogate", Surrogate | None, surrogate),
            ("noise", Noise | None, noise),
        ):
            checked(name, kind, value)
    check_generator(generator, currents)
    if noise is not None and generator is None:
        raise ValueError("noise needs a torch.Generator: pass generator=")
    if v is None:
        v = first_potential(currents, neuron, noise)
    else:
        v = beside("v", v, currents[0], "the current of a timestep")
    steps = []
    for current in currents:  # (B, *)
        deviation = None
        if noise is not None and generator is not None:
            deviation = neuron.v_th * families.deviation(noise, current, generator)
        with nullcontext() if torch.compiler.is_compiling() else inside_checked:
            steps.append(step(v, current, neuron, surrogate=surrogate, deviation=deviation))
        v = steps[-1].v
    return Trace(*(torch.stack(parts) for parts in zip(*steps, strict=True)))


def scan(
    currents: Tensor,
    neuron: Neuron,
    v: Tensor | None = None,
    *,
    surrogate: Surrogate | None = None,
    noise: Noise | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Run a neuron over T timesteps: spikes (T, B, *) and the last potential (B, *).

    Arguments as for `trace`.
    """
    path = trace(currents, neuron, v, surrogate=surrogate, noise=noise, generator=generator)
    return path.spikes, path.v[-1]
