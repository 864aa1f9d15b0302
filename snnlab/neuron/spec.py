"""What a neuron, its noise and its surrogate are, in numbers. No torch here."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, Literal

from snnlab.neuron import registry
from snnlab.neuron.family import Density, Family
from snnlab.settings import Count, Valid, quoted, settle

Reset = Literal["subtract", "zero"]
Learned = Literal["no", "layer", "channel"]

MATCHED_MU = 0.5
"""Mean of the residual of an IF neuron under constant current, in units of v_th."""

MATCHED_SIGMA = 1 / math.sqrt(12)
"""Standard deviation of that residual (0.2887), in units of v_th."""

SMALLEST = 1e-30
"""Smallest sigma, width and threshold: with smaller ones, or above 1 / SMALLEST, results vanish or
overflow in single precision."""

Leak = Annotated[
    float, Valid(above=0, high=1, hint="1 is the IF neuron", usual=(0.5, 1.0), step=0.01)
]
Mean = Annotated[float, Valid(hint="in units of v_th", usual=(-0.5, 1.5), step=0.05)]
Sigma = Annotated[
    float,
    Valid(
        above=0,
        hint="in units of v_th; for no noise pass noise=None",
        usual=(0.0, 1.0),  # a slider at 0 stands for no noise
        step=0.01,
    ),
]


@dataclass(frozen=True)
class Neuron:
    """The constants of a neuron that integrates, fires and resets.

    `beta = 1` is the integrate-and-fire (IF) neuron, `beta < 1` the leaky one (LIF).

    Raises:
        ValueError: a constant lies outside its range.
    """

    v_th: Annotated[float, Valid(above=0, usual=(0.2, 2.0), step=0.05)] = 1.0
    """Threshold, above 0: the neuron fires when its potential reaches it."""
    v_init: Annotated[float | None, Valid(usual=(-1.0, 1.5), step=0.05)] = None
    """Potential before the first timestep; None stands for v_th / 2."""
    beta: Leak = 1.0
    """Leak factor in (0, 1]: the share of the potential kept from one timestep to the next."""
    reset: Reset = "subtract"
    """What a spike does to the potential: subtract v_th from it, or set it to zero."""

    def __post_init__(self) -> None:
        settle(self)
        require_size("v_th", self.v_th)

    @property
    def v_start(self) -> float:
        """Potential before the first timestep, as a number."""
        return self.v_th / 2 if self.v_init is None else self.v_init

    @property
    def loses_nothing(self) -> bool:
        """Whether it is an IF neuron that resets by subtraction: all current ends up in spikes."""
        return self.beta == 1 and self.reset == "subtract"

    def require_no_loss(self, claim: str, hint: str = "") -> None:
        """Raise ValueError unless the neuron `loses_nothing`.

        Args:
            claim: the message begins with it, as in "mean responses need".
            hint: the message ends with it.
        """
        if not self.loses_nothing:
            raise ValueError(
                f"{claim} IF neurons that reset by subtraction, got beta = {self.beta:g} and "
                f"reset = {self.reset!r}{hint}"
            )


@dataclass(frozen=True)
class Noise:
    """Random numbers that take the place of the residual while a network trains with T = 1.

    The defaults are the residual-matched noise: with the mean and the standard deviation of the
    residual of an IF neuron, which is distributed uniformly over [0, v_th).

    With `timesteps` above 1 it is target-T noise: one pass gives the rate over T timesteps of an
    IF neuron that starts from the noise, a multiple of 1/T in place of a spike, see `rounding`.

    Raises:
        ValueError: an unknown family, sigma not above 0, timesteps below 1, or quantiles that
            do not fit the family.

    Example:
        >>> Noise("empirical", quantiles=(0.0, 0.4, 1.0)).mu
        0.45
    """

    family: Annotated[str, Valid(options=registry.names, called="noise family")] = "gaussian"
    """Shape of the distribution: gaussian, uniform, logistic, empirical (that of `quantiles`), or
    one of your own from a module that is imported, or named in SNNLAB_FAMILIES."""
    sigma: Sigma = MATCHED_SIGMA
    """Standard deviation in units of v_th; matched to the residual: 0.2887. It follows from the
    quantiles if the family is empirical, and training starts from it if it is learned."""
    mu: Mean = MATCHED_MU
    """Mean in units of v_th; matched to the residual: 0.5. It follows from the quantiles if the
    family is empirical."""
    timesteps: Count = 1
    """T for which one training pass stands; above 1: target-T noise."""
    learned: Annotated[Learned, Valid(called="choice for learned")] = "no"
    """Whether training learns sigma too: no, one per layer, or one per channel."""
    quantiles: tuple[float, ...] = ()
    """For the family empirical only: quantiles from 0 to 100 % in equal steps, rising, in units of
    v_th. Between two neighbouring quantiles the distribution is uniform."""

    def __post_init__(self) -> None:
        registry.ask_for(self.family)
        settle(self)
        if self.learned != "no" and self.law.takes_quantiles:
            raise ValueError(
                "sigma of empirical noise cannot be learned: it follows from the table"
            )
        _check_quantiles("family", self.family, self.quantiles)
        if self.quantiles:
            mu, sigma = moments(self.quantiles)
            object.__setattr__(self, "mu", mu)
            object.__setattr__(self, "sigma", sigma)
            settle(self)  # quantiles too large or too close together give no finite sigma
        require_size("sigma", self.sigma, "; for no noise pass noise=None")

    @property
    def law(self) -> Family:
        """The distribution of the noise, brought to mean 0 and standard deviation 1."""
        return registry.family(self.family, self.standard_quantiles)

    @property
    def standard_quantiles(self) -> tuple[float, ...]:
        """The quantiles brought to mean 0 and standard deviation 1; none: no quantiles."""
        return tuple((q - self.mu) / self.sigma for q in self.quantiles)

    @property
    def each_timestep(self) -> bool:
        """Whether it can act anew at each timestep, and not in a single pass only."""
        return self.timesteps == 1 and self.learned != "channel"

    def scaled(self, factor: float) -> Noise:
        """The same noise, its standard deviation multiplied by `factor` (above 0)."""
        quantiles = tuple(self.mu + factor * (q - self.mu) for q in self.quantiles)
        return replace(self, sigma=factor * self.sigma, quantiles=quantiles)


@dataclass(frozen=True)
class Surrogate:
    """The slope that replaces the derivative of the hard threshold in the backward pass.

    Every shape here is a probability density, nowhere negative and with the area 1, so it is the
    slope of the firing probability under noise of that shape ("arctan" is Cauchy noise). Some other
    surrogates in the literature are no densities: the fast sigmoid 1 / (1 + k |x|)^2 has the area
    2 / k, and the multi-Gaussian is negative in places.

    Raises:
        ValueError: an unknown shape, or width not above 0.
    """

    shape: Annotated[str, Valid(options=registry.shapes, called="surrogate shape")] = "arctan"
    """Which density: that of a noise family, arctan or triangle."""
    width: Annotated[float, Valid(above=0, called="surrogate width")] = 1.0
    """Width in units of v_th: the standard deviation for gaussian, uniform and logistic,
    1 / peak for arctan, half the base for triangle."""
    quantiles: tuple[float, ...] = ()
    """For the shape empirical only: quantiles of mean - noise, rising, scaled to mean 0 and
    standard deviation 1."""

    def __post_init__(self) -> None:
        registry.ask_for(self.shape)
        settle(self)
        require_size("surrogate width", self.width)
        _check_quantiles("surrogate shape", self.shape, self.quantiles)

    @property
    def law(self) -> Density:
        """The density; that of a family is seen from the threshold, see `Family.mirrored`."""
        found = registry.density(self.shape, self.quantiles)
        if self.quantiles or found.symmetric:
            return found
        return registry.family(self.shape).mirrored()

    @classmethod
    def matched(cls, noise: Noise | None, beta: float = 1.0) -> Surrogate:
        """The derivative of the firing probability under `noise`, which leaks with factor `beta`.

        It is exact, except for empirical noise, whose density has steps and is smoothed. Without
        noise the firing probability has no derivative, and the arctangent is used.
        """
        if noise is None:
            return cls()
        return cls(noise.family, beta * noise.sigma, noise.law.mirrored().quantiles)


def require_size(called: str, value: float, hint: str = "") -> None:
    """Raise ValueError for a number above 0 that is too small or too large for single precision."""
    if not SMALLEST <= value <= 1 / SMALLEST:
        raise ValueError(
            f"{called} must lie in [{SMALLEST:g}, {1 / SMALLEST:g}], else it vanishes or overflows "
            f"in single precision, got {value!r}{hint}"
        )


def moments(quantiles: tuple[float, ...]) -> tuple[float, float]:
    """Mean and standard deviation of a distribution that is uniform between its quantiles."""
    pairs = list(pairwise(quantiles))
    mean = sum(a + b for a, b in pairs) / (2 * len(pairs))
    squares = [((a - mean) ** 2 + (a - mean) * (b - mean) + (b - mean) ** 2) for a, b in pairs]
    return mean, math.sqrt(sum(squares) / (3 * len(pairs)))


def _check_quantiles(called: str, name: str, quantiles: tuple[float, ...]) -> None:
    if registry.density(name).takes_quantiles != bool(quantiles):
        raise ValueError(
            f"the {called} empirical takes quantiles and the others take none: got {name!r} with "
            f"{len(quantiles)} quantiles"
        )
    if not quantiles:
        return
    fit = all(abs(q) < 1e30 for q in quantiles)  # squares, too, are finite
    if not fit or list(quantiles) != sorted(quantiles) or not quantiles[0] < quantiles[-1]:
        raise ValueError(
            "quantiles must be two or more finite numbers below 1e30 that rise, got "
            f"{quoted(quantiles)}"
        )
