"""What a neuron, its noise and its surrogate are, in numbers. No torch here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

Reset = Literal["subtract", "zero"]
Family = Literal["gaussian", "uniform", "logistic"]
Shape = Literal["gaussian", "uniform", "logistic", "arctan", "triangle"]

MATCHED_MU = 0.5
"""Mean of the residual of an IF neuron under constant current, in units of v_th."""

MATCHED_SIGMA = 1 / math.sqrt(12)
"""Standard deviation of that residual (0.2887), in units of v_th."""


@dataclass(frozen=True)
class Neuron:
    """The constants of a neuron that integrates, fires and resets.

    `beta = 1` is the integrate-and-fire (IF) neuron, `beta < 1` the leaky one (LIF).

    Raises:
        ValueError: a constant lies outside its range.
    """

    v_th: float = 1.0
    """Threshold, above 0: the neuron fires when its potential reaches it."""
    v_init: float | None = None
    """Potential before the first timestep; None stands for v_th / 2."""
    beta: float = 1.0
    """Leak factor in (0, 1]: the share of the potential kept from one timestep to the next."""
    reset: Reset = "subtract"
    """What a spike does to the potential: subtract v_th from it, or set it to zero."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.v_th) and self.v_th > 0):
            raise ValueError(f"v_th must be a number above 0, got {self.v_th!r}")
        if self.v_init is not None and not math.isfinite(self.v_init):
            raise ValueError(f"v_init must be a finite number or None, got {self.v_init!r}")
        if not 0 < self.beta <= 1:
            raise ValueError(f"beta must lie in (0, 1] (1 is the IF neuron), got {self.beta!r}")
        _one_of("reset", self.reset, get_args(Reset))

    @property
    def v_start(self) -> float:
        """Potential before the first timestep, as a number."""
        return self.v_th / 2 if self.v_init is None else self.v_init


@dataclass(frozen=True)
class Noise:
    """Random numbers that stand for the residual potential while a network trains with T = 1.

    The defaults are the residual-matched noise: the mean and the standard deviation
    of the residual of an IF neuron, which lies evenly in [0, v_th).

    Raises:
        ValueError: an unknown family, or sigma not above 0.
    """

    family: Family = "gaussian"
    """Shape of the distribution."""
    sigma: float = MATCHED_SIGMA
    """Standard deviation in units of v_th; matched to the residual: 0.2887."""
    mu: float = MATCHED_MU
    """Mean in units of v_th; matched to the residual: 0.5."""

    def __post_init__(self) -> None:
        _one_of("noise family", self.family, get_args(Family))
        if not (math.isfinite(self.sigma) and self.sigma > 0):
            raise ValueError(
                f"sigma must be a number above 0 (in units of v_th), got {self.sigma!r}; "
                "for no noise pass noise=None"
            )
        if not math.isfinite(self.mu):
            raise ValueError(f"mu must be a finite number (in units of v_th), got {self.mu!r}")


@dataclass(frozen=True)
class Surrogate:
    """The slope that stands in for the derivative of the hard threshold.

    Every shape is a probability density: the surrogate is the slope of the firing
    probability under noise of that shape ("arctan" is Cauchy noise).

    Raises:
        ValueError: an unknown shape, or width not above 0.
    """

    shape: Shape = "arctan"
    """Which density."""
    width: float = 1.0
    """Width in units of v_th: the standard deviation for gaussian, uniform and logistic,
    1 / peak for arctan, half the base for triangle."""

    def __post_init__(self) -> None:
        _one_of("surrogate shape", self.shape, get_args(Shape))
        if not (math.isfinite(self.width) and self.width > 0):
            raise ValueError(f"surrogate width must be a number above 0, got {self.width!r}")

    @classmethod
    def matched(cls, noise: Noise, beta: float = 1.0) -> Surrogate:
        """The exact derivative of the firing probability under `noise` (leaked by `beta`)."""
        return cls(noise.family, beta * noise.sigma)


def _one_of(what: str, got: str, valid: tuple[str, ...]) -> None:
    if got not in valid:
        raise ValueError(f"unknown {what} {got!r}; valid: {', '.join(valid)}")
