"""What a noise family is: an object with everything that the kit needs from a distribution.

`cumulative`, `density` and `quantile` define it. `lead` and `quick_slope` compute the same with
fewer passes over memory; a family that does not define them gets them from the other methods.
Torch is not imported before something is computed. `families` holds the families of the kit,
`registry` one object of each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class FamilyError(ValueError):
    """A family that cannot be used; the message names it and says what to do."""


SMALLEST_SHARE = 1e-7
"""No sample comes from a probability closer to 0 or 1: there quantiles may be infinite."""


class Density(ABC):
    """The shape of a surrogate: a probability density over z, the distance in widths."""

    name: str
    """Its name in configurations."""
    on_gpu: str | None = None
    """Its name in the Triton programs; None: they do not know it, and torch's operations run."""
    symmetric: bool = False
    """Whether F(-z) = 1 - F(z). False is always right, True is faster."""
    takes_quantiles: bool = False
    """Whether it is defined by a table of quantiles, see `Family.bound`."""
    quantiles: tuple[float, ...] = ()
    """The table: rising, at equal steps of probability, with mean 0 and standard deviation 1."""
    quick_inverse: bool = False
    """Whether `quick_slope` gives 1 / slope."""

    @abstractmethod
    def density(self, z: Tensor) -> Tensor:
        """F'(z), any shape."""

    def slope(self, distance: Tensor, width: float) -> Tensor:
        """The density with z = distance / width, any shape; over distances it integrates to 1."""
        return self.density(distance / width) / width

    def quick_constants(self, width: float, v_th: float) -> tuple[float, float]:
        """Factor of the distances from the threshold that `quick_slope` takes, and its constant.

        Args:
            width: in units of v_th.
            v_th: threshold.
        """
        return 1 / v_th, 0.0

    def quick_slope(self, z: Tensor, constant: Tensor, width: float, v_th: float) -> Tensor:
        """`slope` per potential, or 1 / slope with `quick_inverse`.

        Args:
            z: multiplied distances; may be overwritten.
            constant: of `quick_constants`, on the device of z.
            width: in units of v_th.
            v_th: threshold.
        """
        return self.slope(z, width).div_(v_th)


class Family(Density):
    """A distribution with mean 0 and standard deviation 1; derive your own family from it.

    Write `name`, `cumulative`, `density` and `quantile` in torch's operations, as gradients flow
    through `cumulative`. All other methods use these. Pass an object of your class to `register`.

    Example:
        >>> class Laplace(Family):  # R is the square root of 2
        ...     name, symmetric = "laplace", True
        ...     def density(self, z): return (-R * z.abs()).exp() * R / 2
        ...     def cumulative(self, z): return 0.5 - 0.5 * z.sign() * (-R * z.abs()).expm1()
        ...     def quantile(self, p): return (0.5 - p).sign() * (-(2 * p - 1).abs()).log1p() / R
    """

    half_width: float | None = None
    """For uniform noise only: its distance from 0 to either end. A few random bits suffice then."""

    @abstractmethod
    def cumulative(self, z: Tensor) -> Tensor:
        """F(z): the probability of at most z, any shape."""

    @abstractmethod
    def quantile(self, p: Tensor) -> Tensor:
        """The z with F(z) = p, for p in (0, 1), any shape."""

    def bound(self, quantiles: tuple[float, ...]) -> Family:
        """This family with a table of quantiles; unchanged if it takes none."""
        return self

    def mirrored(self) -> Family:
        """The family of -z, if this is the family of z."""
        return self if self.symmetric else Mirrored(self)

    def sample(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """Random numbers as a new tensor with the shape, dtype and device of `like`."""
        import torch

        even = torch.empty_like(like).uniform_(generator=generator)
        return self.quantile(even.clamp_(SMALLEST_SHARE, 1 - SMALLEST_SHARE))

    def lead(self, x: Tensor, offset: float, rate: float) -> Tensor:
        """2 F((x + offset) * rate) - 1 as a new tensor of the shape and layout of x.

        Where F is 0 or 1 it may lie beyond -1 and 1.
        """
        import torch

        reached = self.cumulative(affine(x, offset, rate))
        return torch.empty_like(x).copy_(reached).mul_(2).sub_(1)


class Mirrored(Family):
    """The family of -z, for a family of z that is not symmetric."""

    def __init__(self, original: Family) -> None:
        self.original, self.name = original, original.name

    def density(self, z: Tensor) -> Tensor:
        """See `Density`."""
        return self.original.density(-z)

    def cumulative(self, z: Tensor) -> Tensor:
        """See `Family`."""
        return 1 - self.original.cumulative(-z)

    def quantile(self, p: Tensor) -> Tensor:
        """See `Family`."""
        return -self.original.quantile(1 - p)


def affine(x: Tensor, offset: float, rate: float) -> Tensor:
    """(x + offset) * rate in one pass, as a new tensor."""
    import torch

    shift = torch.full((), offset * rate, dtype=x.dtype, device=x.device)  # no copy to a GPU
    return torch.add(shift, x, alpha=rate)
