"""The noise families of the kit, each with mean 0 and standard deviation 1.

    family     F(z), the cumulative probability        support
    gaussian   (1 + erf(z / sqrt 2)) / 2               all numbers
    uniform    (1 + z / sqrt 3) / 2                    [-sqrt 3, sqrt 3]
    logistic   (1 + tanh(pi z / (2 sqrt 3))) / 2       all numbers

All three are symmetric, so the noise `mu + sigma * z` reaches a threshold that lies
d below its mean with probability F(d / sigma).

The fourth family, empirical, is a table of quantiles at equal steps of probability; between two
neighbouring quantiles the distribution is uniform. It need not be symmetric, and then the
probability above is that of the mirrored family, see `Family.mirrored`.

A surrogate takes the density of a family, or one that no noise here has: arctan (Cauchy), triangle.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from snnlab.neuron.family import Density, Family, affine

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SQRT2, SQRT3 = math.sqrt(2), math.sqrt(3)
LOGISTIC_RATE = math.pi / (2 * SQRT3)

SMOOTHING = 0.25
"""The density of empirical noise is its mean over this distance to both sides, in sigma."""


class Gaussian(Family):
    """The normal distribution."""

    name = on_gpu = "gaussian"
    symmetric = True

    def density(self, z: Tensor) -> Tensor:
        """See `Density`."""
        return (-0.5 * z.square()).exp() / math.sqrt(2 * math.pi)

    def cumulative(self, z: Tensor) -> Tensor:
        """See `Family`; precise in its lower tail."""
        return 0.5 * (-z / SQRT2).erfc()

    def quantile(self, p: Tensor) -> Tensor:
        """See `Family`."""
        return SQRT2 * (2 * p - 1).erfinv()

    def sample(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """See `Family`."""
        import torch

        return torch.empty_like(like).normal_(generator=generator)

    def lead(self, x: Tensor, offset: float, rate: float) -> Tensor:
        """See `Family`."""
        return affine(x, offset, rate / SQRT2).erf_()

    def quick_constants(self, width: float, v_th: float) -> tuple[float, float]:
        """See `Density`."""
        sigma = width * v_th
        return 1 / (SQRT2 * sigma), -math.log(math.sqrt(2 * math.pi) * sigma)

    def quick_slope(self, z: Tensor, constant: Tensor, width: float, v_th: float) -> Tensor:
        """See `Density`: exp(constant - z^2)."""
        import torch

        return torch.addcmul(constant, z, z, value=-1, out=z).exp_()


class Uniform(Family):
    """Spread evenly."""

    name = on_gpu = "uniform"
    symmetric = True
    half_width = SQRT3

    def density(self, z: Tensor) -> Tensor:
        """See `Density`."""
        return (z.abs() <= SQRT3).to(z.dtype) / (2 * SQRT3)

    def cumulative(self, z: Tensor) -> Tensor:
        """See `Family`."""
        return (z / (2 * SQRT3) + 0.5).clamp(0, 1)

    def quantile(self, p: Tensor) -> Tensor:
        """See `Family`."""
        return SQRT3 * (2 * p - 1)

    def sample(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """See `Family`."""
        import torch

        return torch.empty_like(like).uniform_(-SQRT3, SQRT3, generator=generator)

    def lead(self, x: Tensor, offset: float, rate: float) -> Tensor:
        """See `Family`."""
        return affine(x, offset, rate / SQRT3)

    def quick_constants(self, width: float, v_th: float) -> tuple[float, float]:
        """See `Density`."""
        return 1.0, 0.0

    def quick_slope(self, z: Tensor, constant: Tensor, width: float, v_th: float) -> Tensor:
        """See `Density`."""
        end = SQRT3 * (width * v_th)
        return z.abs_().le_(end).mul_(1 / (2 * end))


class Logistic(Family):
    """Its cumulative probability is a sigmoid."""

    name = on_gpu = "logistic"
    symmetric = True

    def density(self, z: Tensor) -> Tensor:
        """See `Density`."""
        return LOGISTIC_RATE / 2 / (LOGISTIC_RATE * z).cosh().square()

    def cumulative(self, z: Tensor) -> Tensor:
        """See `Family`."""
        return (2 * LOGISTIC_RATE * z).sigmoid()

    def quantile(self, p: Tensor) -> Tensor:
        """See `Family`."""
        return p.logit() / (2 * LOGISTIC_RATE)

    def lead(self, x: Tensor, offset: float, rate: float) -> Tensor:
        """See `Family`."""
        return affine(x, offset, 2 * rate * LOGISTIC_RATE).sigmoid_().mul_(2).sub_(1)


def table_of(quantiles: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Quantiles as a tensor, not to be changed.

    For a GPU it is made once: a copy to a GPU waits for it, and a CUDA graph cannot hold one.
    """
    import torch

    if device.type == "cpu" or torch.compiler.is_compiling():
        return torch.tensor(quantiles, dtype=dtype, device=device)
    return table_on_gpu(quantiles, dtype, device)


@lru_cache(maxsize=256)
def table_on_gpu(quantiles: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """See `table_of`."""
    import torch

    return torch.tensor(quantiles, dtype=dtype, device=device)


class Empirical(Family):
    """Uniform between neighbouring quantiles of a table; with a smoothed density (`SMOOTHING`)."""

    name = on_gpu = "empirical"
    takes_quantiles = True

    def __init__(self, quantiles: tuple[float, ...] = ()) -> None:
        self.quantiles = quantiles

    def bound(self, quantiles: tuple[float, ...]) -> Empirical:
        """See `Family`."""
        return Empirical(quantiles)

    def mirrored(self) -> Empirical:
        """See `Family`."""
        return Empirical(tuple(-z for z in reversed(self.quantiles)))

    def density(self, z: Tensor) -> Tensor:
        """See `Density`."""
        higher, lower = (self.cumulative(z + side) for side in (SMOOTHING, -SMOOTHING))
        return (higher - lower) / (2 * SMOOTHING)

    def cumulative(self, z: Tensor) -> Tensor:
        """See `Family`; no gradient."""
        import torch

        z = z.detach()
        knots = table_of(self.quantiles, z.dtype, z.device)
        upper = torch.searchsorted(knots, z.contiguous(), right=True).clamp_(1, len(knots) - 1)
        low, high = knots[upper - 1], knots[upper]
        within = ((z - low) / (high - low)).nan_to_num(1.0, 1.0, 0.0).clamp_(0, 1)
        return (upper - 1 + within) / (len(knots) - 1)

    def quantile(self, p: Tensor) -> Tensor:
        """See `Family`."""
        import torch

        knots = table_of(self.quantiles, p.dtype, p.device)
        place = p * (len(knots) - 1)
        lower = place.long().clamp_(0, len(knots) - 2)
        return torch.lerp(knots[lower], knots[lower + 1], place - lower)


class Arctan(Density):
    """The Cauchy distribution with the peak 1. It has no standard deviation, so it is no noise."""

    name = on_gpu = "arctan"
    symmetric = quick_inverse = True

    def density(self, z: Tensor) -> Tensor:
        """See `Density`."""
        return self.slope(z, 1.0)

    def slope(self, distance: Tensor, width: float) -> Tensor:
        """See `Density`."""
        return 1 / (width * (1 + (math.pi * (distance / width)).square()))

    def quick_constants(self, width: float, v_th: float) -> tuple[float, float]:
        """See `Density`."""
        width *= v_th
        return math.pi / math.sqrt(width), width

    def quick_slope(self, z: Tensor, constant: Tensor, width: float, v_th: float) -> Tensor:
        """See `Density`: constant + z^2 is 1 / slope."""
        import torch

        return torch.addcmul(constant, z, z, out=z)


class Triangle(Density):
    """A triangle from -1 to 1."""

    name = on_gpu = "triangle"
    symmetric = True

    def density(self, z: Tensor) -> Tensor:
        """See `Density`."""
        return (1 - z.abs()).clamp(min=0)


FAMILIES: tuple[Family, ...] = (Gaussian(), Uniform(), Logistic(), Empirical())
DENSITIES: tuple[Density, ...] = (Arctan(), Triangle())
"""Shapes of surrogates that are no noise."""
