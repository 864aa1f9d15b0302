"""The noise families, each with mean 0 and standard deviation 1.

    family     F(z), the cumulative probability        support
    gaussian   (1 + erf(z / sqrt 2)) / 2               all numbers
    uniform    (1 + z / sqrt 3) / 2                    [-sqrt 3, sqrt 3]
    logistic   (1 + tanh(pi z / (2 sqrt 3))) / 2       all numbers

All three are symmetric, so the noise `mu + sigma * z` reaches a threshold that lies
d below its mean with probability F(d / sigma).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from snnlab.neuron.spec import Noise

SQRT2, SQRT3 = math.sqrt(2), math.sqrt(3)
LOGISTIC_RATE = math.pi / (2 * SQRT3)


def cumulative(family: str, z: Tensor) -> Tensor:
    """F(z): the probability that standard noise of `family` is at most z, any shape."""
    if family == "gaussian":
        return 0.5 * torch.erfc(-z / SQRT2)
    if family == "uniform":
        return (z / (2 * SQRT3) + 0.5).clamp(0, 1)
    return torch.sigmoid(2 * LOGISTIC_RATE * z)


def density(family: str, z: Tensor) -> Tensor:
    """F'(z): the probability density of standard noise of `family`, any shape."""
    if family == "gaussian":
        return torch.exp(-0.5 * z.square()) / math.sqrt(2 * math.pi)
    if family == "uniform":
        return (z.abs() <= SQRT3).to(z.dtype) / (2 * SQRT3)
    return LOGISTIC_RATE / 2 / torch.cosh(LOGISTIC_RATE * z).square()


def quantile(family: str, p: Tensor) -> Tensor:
    """The z with F(z) = p, for p in (0, 1), any shape."""
    if family == "gaussian":
        return SQRT2 * torch.erfinv(2 * p - 1)
    if family == "uniform":
        return SQRT3 * (2 * p - 1)
    return torch.logit(p) / (2 * LOGISTIC_RATE)


def standard_sample(family: str, like: Tensor, generator: torch.Generator) -> Tensor:
    """Standard noise with the shape, dtype and device of `like`."""
    draw = torch.empty_like(like)
    if family == "gaussian":
        return draw.normal_(generator=generator)
    if family == "uniform":
        return draw.uniform_(-SQRT3, SQRT3, generator=generator)
    uniform = draw.uniform_(generator=generator).clamp_(1e-7, 1 - 1e-7)
    return quantile("logistic", uniform)


def sample(
    noise: Noise,
    shape: tuple[int, ...],
    generator: torch.Generator,
    *,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Draw noise in units of v_th, on the generator's device.

    Args:
        noise: family, sigma and mu.
        shape: shape of the result.
        generator: where the randomness comes from.
        dtype: floating-point type of the result.

    Returns:
        Tensor of `shape` with mean `mu` and standard deviation `sigma`.

    Example:
        >>> u = sample(Noise(), (1000,), torch.Generator().manual_seed(0))
    """
    like = torch.empty(shape, dtype=dtype, device=generator.device)
    return noise.mu + noise.sigma * standard_sample(noise.family, like, generator)
