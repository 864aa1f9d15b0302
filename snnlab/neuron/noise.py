"""The noise families, each with mean 0 and standard deviation 1.

    family     F(z), the cumulative probability        support
    gaussian   (1 + erf(z / sqrt 2)) / 2               all numbers
    uniform    (1 + z / sqrt 3) / 2                    [-sqrt 3, sqrt 3]
    logistic   (1 + tanh(pi z / (2 sqrt 3))) / 2       all numbers

All three are symmetric, so the noise `mu + sigma * z` reaches a threshold that lies
d below its mean with probability F(d / sigma).

The fourth family, empirical, is a table of quantiles at equal steps of share, even in between.
It need not be symmetric: for that probability its table must be mirrored, see
`Noise.mirrored_quantiles`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from snnlab.neuron.spec import Noise

SQRT2, SQRT3 = math.sqrt(2), math.sqrt(3)
LOGISTIC_RATE = math.pi / (2 * SQRT3)

SMOOTHING = 0.25
"""The density of empirical noise is its mean over this distance to both sides, in sigma."""


def cumulative(family: str, z: Tensor, quantiles: tuple[float, ...] = ()) -> Tensor:
    """F(z): the probability that standard noise of `family` is at most z, any shape."""
    if family == "gaussian":
        return 0.5 * torch.erfc(-z / SQRT2)
    if family == "uniform":
        return (z / (2 * SQRT3) + 0.5).clamp(0, 1)
    if family == "empirical":
        return share_below(z, quantiles)
    return torch.sigmoid(2 * LOGISTIC_RATE * z)


def share_below(z: Tensor, quantiles: tuple[float, ...]) -> Tensor:
    """The cumulative probability of a table of quantiles, any shape; no gradient."""
    knots = torch.tensor(quantiles, dtype=z.dtype, device=z.device)
    upper = torch.searchsorted(knots, z.detach().contiguous(), right=True)
    upper = upper.clamp_(1, len(knots) - 1)
    low, high = knots[upper - 1], knots[upper]
    within = ((z.detach() - low) / (high - low)).nan_to_num(1.0, 1.0, 0.0).clamp_(0, 1)
    return (upper - 1 + within) / (len(knots) - 1)


def density(family: str, z: Tensor, quantiles: tuple[float, ...] = ()) -> Tensor:
    """F'(z): the probability density of standard noise of `family`, any shape.

    That of empirical noise is smoothed, see `SMOOTHING`.
    """
    if family == "empirical":
        higher, lower = (share_below(z + side, quantiles) for side in (SMOOTHING, -SMOOTHING))
        return (higher - lower) / (2 * SMOOTHING)
    if family == "gaussian":
        return torch.exp(-0.5 * z.square()) / math.sqrt(2 * math.pi)
    if family == "uniform":
        return (z.abs() <= SQRT3).to(z.dtype) / (2 * SQRT3)
    return LOGISTIC_RATE / 2 / torch.cosh(LOGISTIC_RATE * z).square()


def quantile(family: str, p: Tensor, quantiles: tuple[float, ...] = ()) -> Tensor:
    """The z with F(z) = p, for p in (0, 1), any shape."""
    if family == "empirical":
        knots = torch.tensor(quantiles, dtype=p.dtype, device=p.device)
        place = p * (len(knots) - 1)
        lower = place.long().clamp_(0, len(knots) - 2)
        return torch.lerp(knots[lower], knots[lower + 1], place - lower)
    if family == "gaussian":
        return SQRT2 * torch.erfinv(2 * p - 1)
    if family == "uniform":
        return SQRT3 * (2 * p - 1)
    return torch.logit(p) / (2 * LOGISTIC_RATE)


def standard_sample(
    family: str, like: Tensor, generator: torch.Generator, quantiles: tuple[float, ...] = ()
) -> Tensor:
    """Standard noise with the shape, dtype and device of `like`."""
    draw = torch.empty_like(like)
    if family == "gaussian":
        return draw.normal_(generator=generator)
    if family == "uniform":
        return draw.uniform_(-SQRT3, SQRT3, generator=generator)
    uniform = draw.uniform_(generator=generator).clamp_(1e-7, 1 - 1e-7)
    return quantile(family, uniform, quantiles)


def deviation(noise: Noise, like: Tensor, generator: torch.Generator) -> Tensor:
    """Noise less its mean, in units of v_th, with the shape, dtype and device of `like`."""
    draw = standard_sample(noise.family, like, generator, noise.standard_quantiles)
    return noise.sigma * draw


def reach_probability(noise: Noise, distance: Tensor) -> Tensor:
    """Probability that the noise reaches what lies `distance` sigma below its mean, any shape."""
    return cumulative(noise.family, distance, noise.mirrored_quantiles)


def reach_density(noise: Noise, distance: Tensor) -> Tensor:
    """The derivative of `reach_probability`; smoothed for empirical noise."""
    return density(noise.family, distance, noise.mirrored_quantiles)


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
    return noise.mu + deviation(noise, like, generator)
