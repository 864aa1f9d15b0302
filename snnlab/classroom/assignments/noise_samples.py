"""Judge a function that draws random numbers: by bounds that a right one hardly ever leaves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnlab.classroom.calling import call
from snnlab.classroom.checking import Arguments
from snnlab.classroom.comparing import NotNumbers, parts
from snnlab.classroom.diagnosis import Diagnosis, not_yet
from snnlab.classroom.faults import fault_of, not_a_function

Floats = NDArray[np.float64]

DEVIATIONS = 4.5
"""Half-width of the bounds for mean and standard deviation, in standard errors."""
KOLMOGOROV = 2.3
"""Largest distance between the distributions, times the root of the sample size. A right answer
leaves these bounds in fewer than 1 of 10,000 checks; `tests/classroom` measures it."""
MU, SIGMA = 0.5, 1 / math.sqrt(12)


@dataclass(frozen=True)
class NoiseExercise:
    """A function `(count, seed)` that draws the noise matched to the residual.

    Example:
        >>> def draw(count, seed):
        ...     return np.random.default_rng(seed).normal(0.5, 12**-0.5, count)
        >>> NoiseExercise([1, 2, 3]).check(draw).passed
        True
    """

    seeds: Sequence[int]
    """At least two; each draws one sample."""
    count: int = 4000
    """Size of a sample."""
    seconds: float = 10.0

    @property
    def calls(self) -> list[Arguments]:
        """One for each seed, and the first one once more."""
        return [(self.count, seed) for seed in [*self.seeds, self.seeds[0]]]

    def check(self, answer: Any) -> Diagnosis:
        """Judge an answer. Whatever the answer does, this raises nothing."""
        if not callable(answer):
            return not_a_function(answer)
        samples = []
        for arguments in self.calls:
            outcome = call(answer, arguments, seconds=self.seconds)
            fault = fault_of(outcome) or self._fault_of_form(outcome.value)
            if fault is not None:
                return fault
            samples.append(parts(outcome.value, 0)[0])
        fault = fault_of_seeds(samples) or fault_of_numbers(np.concatenate(samples[:-1]))
        return fault or Diagnosis(True, "Mean, standard deviation and shape fit the residual.")

    def _fault_of_form(self, value: Any) -> Diagnosis | None:
        """The diagnosis for a result that is no sample of the right size, or None."""
        try:
            sample = parts(value, 0)[0]
        except NotNumbers as error:
            return not_yet(f"Your function returns {error}; it should return numbers.")
        if sample.shape != (self.count,):
            return not_yet(
                f"Your result has the shape {sample.shape}; for count = {self.count} it should "
                f"have ({self.count},).",
            )
        if not np.isfinite(sample).all():
            return not_yet("Some of your numbers are infinite or not numbers at all.")
        return None


def with_hidden_seeds(exercise: NoiseExercise, rng: np.random.Generator) -> NoiseExercise:
    """The same exercise with as many further seeds, drawn from a generator."""
    more = rng.integers(2**31, size=len(exercise.seeds)).tolist()
    return replace(exercise, seeds=[*exercise.seeds, *more])


def fault_of_seeds(samples: Sequence[Floats]) -> Diagnosis | None:
    """The diagnosis for a seed that is not used, or None. The last sample repeats the first."""
    first, others, again = samples[0], samples[1:-1], samples[-1]
    if not np.array_equal(first, again):
        return not_yet(
            "The same seed gives other numbers the second time.",
            "Make a generator from the seed, in the function: np.random.default_rng(seed).",
        )
    if any(np.array_equal(first, other) for other in others):
        return not_yet(
            "Different seeds give the same numbers.",
            "Hand the argument `seed` to the generator.",
        )
    return None


def fault_of_numbers(sample: Floats) -> Diagnosis | None:
    """The diagnosis for a wrong distribution, or None."""
    n, mean, std = len(sample), float(sample.mean()), float(sample.std())
    if std < 1e-9:
        return not_yet(f"All your numbers are {mean:.4g}: that is no noise.")
    fault = fault_of_std(std, n) or fault_of_mean(mean, n)
    return fault or fault_of_shape(sample)


def near(value: float, wanted: float, error: float) -> bool:
    """Whether a value lies within the bounds."""
    return abs(value - wanted) <= DEVIATIONS * error


def fault_of_std(std: float, n: int) -> Diagnosis | None:
    """The diagnosis for a wrong standard deviation, or None."""
    if near(std, SIGMA, SIGMA / math.sqrt(2 * n)):
        return None
    said = f"The standard deviation of your noise is {std:.4f}. "
    if near(std, SIGMA**2, SIGMA**2 / math.sqrt(2 * n)):
        return not_yet(
            said + "That is the variance of the residual, 1/12.",
            "The standard deviation is the root of the variance.",
        )
    if near(std, 1.0, 1 / math.sqrt(2 * n)):
        return not_yet(
            said + "You draw standard noise.",
            "Multiply by the standard deviation of the residual.",
        )
    if near(std, 0.5, 0.5 / math.sqrt(2 * n)):
        return not_yet(
            said + "You use v_th / 2 as the standard deviation. That is the mean.",
            "The residual is spread evenly over [0, v_th). What is the deviation of that?",
        )
    return not_yet(
        said + f"The residual has {SIGMA:.4f}.",
        "Evenly spread numbers in an interval of length a have the deviation a / sqrt(12).",
    )


def fault_of_mean(mean: float, n: int) -> Diagnosis | None:
    """The diagnosis for a wrong mean, or None."""
    error = SIGMA / math.sqrt(n)
    if near(mean, MU, error):
        return None
    if near(mean, 0.0, error):
        return not_yet(
            "Your noise has mean 0. The residual of a neuron has not: it lies in [0, v_th).",
            "Add the mean of the residual, v_th / 2.",
        )
    return not_yet(
        f"The mean of your noise is {mean:.4f}; the residual has {MU}.",
        "The residual is spread evenly over [0, v_th). Where is the middle?",
    )


def fault_of_shape(sample: Floats) -> Diagnosis | None:
    """The diagnosis for numbers that are not normally distributed, or None."""
    from scipy.stats import kstest, norm, uniform

    bound = KOLMOGOROV / math.sqrt(len(sample))
    if kstest(sample, norm(MU, SIGMA).cdf, method="asymp").statistic <= bound:
        return None
    if kstest(sample, uniform(0, 1).cdf, method="asymp").statistic <= bound:
        return not_yet(
            "Your noise is spread evenly over [0, 1). Mean and deviation fit, the shape does not.",
            "Asked for is Gaussian noise with this mean and this deviation.",
        )
    return not_yet(
        "Mean and standard deviation fit, but your numbers are not normally distributed.",
        "Draw a histogram of 10,000 of them.",
    )
