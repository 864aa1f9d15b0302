"""Judge a function that draws random numbers, by bounds that a right one almost never exceeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnlab.classroom.comparing import NotNumbers, parts
from snnlab.classroom.diagnosis import Diagnosis, not_yet
from snnlab.classroom.faults import fault_of, hidden_case, right
from snnlab.classroom.judging import Judge
from snnlab.classroom.outcomes import Outcome
from snnlab.neuron.spec import MATCHED_SIGMA

Floats = NDArray[np.float64]
Draw = tuple[int, int]
"""Count and seed."""

DEVIATIONS = 4.5
"""Half-width of the bounds for mean and standard deviation, in standard errors."""
KOLMOGOROV = 2.3
"""Largest distance between the distributions, times the root of the sample size. A right answer
exceeds these bounds in fewer than 1 of 10,000 checks; `tests/classroom` measures it."""
TAILS = 6.0
"""Largest skewness, kurtosis and correlation, in standard errors; these vary more by chance."""
LARGE = 1000
"""The distribution of a sample is judged if it has at least so many numbers."""
FEW = 0.01
"""Largest share of repeated numbers: in float32 some occur twice by chance."""
MU, SIGMA = 0.5, MATCHED_SIGMA
WRONG_SIGMAS = {
    SIGMA**2: (
        "That is the variance of the residual, 1/12.",
        "The standard deviation is the root of the variance.",
    ),
    1.0: (
        "You draw standard noise.",
        "Multiply by the standard deviation of the residual.",
    ),
    0.5: (
        "You use v_th / 2 as the standard deviation. That is the mean.",
        "The residual is spread evenly over [0, v_th). What is the deviation of that?",
    ),
}
"""Message and hint for each wrong standard deviation."""
OTHER_SIGMA = (
    f"The residual has {SIGMA:.4f}.",
    "Evenly spread numbers in an interval of length a have the deviation a / sqrt(12).",
)
NAMES = ("count", "seed")


@dataclass(frozen=True)
class NoiseExercise(Judge):
    """A function `(count, seed)` that draws the noise matched to the residual.

    Example:
        >>> def draw(count, seed):
        ...     return np.random.default_rng(seed).normal(0.5, 12**-0.5, count)
        >>> NoiseExercise([(4000, 1), (4000, 2), (4000, 1)]).check(draw).passed
        True
    """

    calls: Sequence[Draw]
    """At least two seeds, and one of them twice."""
    hidden: Sequence[str] = ()
    """Kind of each hidden call: the last ones of `calls`."""
    seconds: float = 10.0

    def judge(self, outcomes: Sequence[Outcome]) -> Diagnosis:
        """Judge the known samples, then all of them."""
        return (
            self._fault_of(outcomes[: self.known])
            or self._fault_of_hidden(outcomes)
            or right("Mean, standard deviation and shape fit the residual.", NAMES, outcomes)
        )

    def _fault_of(self, outcomes: Sequence[Outcome]) -> Diagnosis | None:
        """The diagnosis for the samples, each one and all together, or None."""
        samples: list[Floats] = []
        for outcome, draw in zip(outcomes, self.calls, strict=False):
            fault = fault_of(outcome, NAMES, draw) or fault_of_form(outcome.value, draw[0])
            if fault is None:
                samples.append(sample_of(outcome.value, draw[0]))
                fault = fault_of_numbers(samples[-1]) or fault_of_seeds(samples, self.calls)
            if fault is not None:
                return fault
        return fault_of_samples(samples)

    def _fault_of_hidden(self, outcomes: Sequence[Outcome]) -> Diagnosis | None:
        """The diagnosis for the first wrong hidden sample, which only names its kind, or None."""
        if not self.hidden or self._fault_of(outcomes) is None:
            return None
        places = range(self.known, len(outcomes))
        first = next(n for n in places if self._fault_of(outcomes[: n + 1]) is not None)
        return hidden_case(self.hidden[first - self.known], outcomes[first])


def with_hidden_seeds(exercise: NoiseExercise, rng: np.random.Generator) -> NoiseExercise:
    """The same exercise with further seeds and counts, drawn from a generator.

    Two seeds differ from known ones by round numbers: a function that uses only a part of the
    seed, such as `seed % 10` or its last bits, returns the same numbers for them.
    """
    count, seed = exercise.calls[0]
    fresh = [int(n) for n in rng.integers(2**31, size=3)]
    round_numbers = 5_040_000 * int(rng.integers(1, 400)), 2**16 * int(rng.integers(1, 2**14))
    more = {
        "another seed": [(count, s) for s in fresh],
        "a seed for the second time": [(count, fresh[0])],
        "two seeds that differ by a round number": [(count, seed + by) for by in round_numbers],
        "another count": [(int(rng.integers(LARGE, count)), int(rng.integers(2**31)))],
        "a small count": [(int(rng.integers(2, 9)), int(rng.integers(2**31)))],
        "a single number": [(1, int(rng.integers(2**31)))],
    }
    calls = [*exercise.calls, *(draw for kind in more.values() for draw in kind)]
    return replace(exercise, calls=calls, hidden=[kind for kind in more for _ in more[kind]])


def sample_of(value: Any, count: int) -> Floats:
    """The numbers of a result."""
    return parts(value, np.zeros(count))[0]


def fault_of_form(value: Any, count: int) -> Diagnosis | None:
    """The diagnosis for a result that is no sample of the right size, or None."""
    try:
        sample = sample_of(value, count)
    except NotNumbers as error:
        return not_yet(f"Your function returns {error}; it should return numbers.")
    if sample.shape != (count,):
        return not_yet(
            f"Your result has the shape {sample.shape}; for count = {count} it should "
            f"have ({count},).",
        )
    if not np.isfinite(sample).all():
        return not_yet("Some of your numbers are infinite or not numbers at all.")
    return None


def fault_of_numbers(sample: Floats) -> Diagnosis | None:
    """The diagnosis for a large sample whose numbers are not drawn one by one, or None."""
    if len(sample) < LARGE:
        return None
    if float(sample.std()) < 1e-9:
        return not_yet(f"All your numbers are {sample[0]:.4g}: that is no noise.")
    if len(np.unique(sample)) < (1 - FEW) * len(sample):
        return not_yet(
            "Your numbers repeat themselves, or are rounded.",
            "Draw `count` numbers of their own, and return them as they are.",
        )
    return None


def fault_of_seeds(samples: Sequence[Floats], draws: Sequence[Draw]) -> Diagnosis | None:
    """The diagnosis for a sample that wrongly equals, or differs from, an earlier one, or None."""
    last, draw = samples[-1], draws[len(samples) - 1]
    for other, other_draw in zip(samples[:-1], draws, strict=False):
        if other_draw == draw and not np.array_equal(last, other):
            return not_yet(
                "The same seed gives other numbers the second time.",
                "Make a generator from the seed, in the function: np.random.default_rng(seed).",
            )
        if other_draw[1] != draw[1] and related(last, other):
            return not_yet(
                "Different seeds give the same numbers.",
                "Hand the argument `seed` to the generator, as it is.",
            )
    return None


def related(one: Floats, other: Floats) -> bool:
    """Whether two large samples share numbers, in any order."""
    size = min(len(one), len(other))
    return size >= LARGE and len(np.intersect1d(one, other)) > FEW * size


def correlated(pairs: Sequence[tuple[Floats, Floats]]) -> bool:
    """Whether pairs of samples are correlated by more than chance explains."""
    found = [np.corrcoef(one, other)[0, 1] for one, other in pairs]
    return abs(np.mean(found)) > TAILS / math.sqrt(sum(len(one) for one, _ in pairs))


def fault_of_samples(samples: Sequence[Floats]) -> Diagnosis | None:
    """The diagnosis for the numbers of all large samples, or None."""
    different = {sample.tobytes(): sample for sample in samples if len(sample) >= LARGE}
    large = list(different.values())
    return (
        fault_of_distribution(np.concatenate(large))
        or fault_of_order(large)
        or fault_of_likeness(large)
    )


def fault_of_order(samples: Sequence[Floats]) -> Diagnosis | None:
    """The diagnosis for numbers that depend on their position in the sample, or None."""
    places = [(sample, np.arange(len(sample), dtype=float)) for sample in samples]
    lags = [[(sample[:-lag], sample[lag:]) for sample in samples] for lag in (1, 2, 3)]
    halves = [np.split(sample[: len(sample) // 2 * 2], 2) for sample in samples]
    repeated = [(one, other) for one, other in halves]
    mirrored = [(one, other[::-1]) for one, other in halves]
    if any(map(correlated, (places, *lags, repeated, mirrored))):
        return not_yet(
            "Your numbers depend on their places: each should be drawn anew.",
            "Return them as the generator gives them, neither sorted nor smoothed.",
        )
    return None


def fault_of_likeness(samples: Sequence[Floats]) -> Diagnosis | None:
    """The diagnosis for samples that are too similar, or None."""
    pairs = [pair for pair in combinations(samples, 2) if len(pair[0]) == len(pair[1])]
    if any(correlated([pair]) for pair in pairs):
        return not_yet(
            "The numbers of two seeds rise and fall together.",
            "Make the generator from the seed; add nothing to the seed's numbers afterwards.",
        )
    if pairs and all(abs(one.mean() - other.mean()) < 1e-6 for one, other in pairs):
        return not_yet(
            "Each of your samples has exactly the same mean: you move it there.",
            "The mean of a sample scatters. Return the numbers as the generator gives them.",
        )
    return None


def near(value: float, wanted: float, error: float) -> bool:
    """Whether a value is within `DEVIATIONS` standard errors of the wanted one."""
    return abs(value - wanted) <= DEVIATIONS * error


def fault_of_distribution(sample: Floats) -> Diagnosis | None:
    """The diagnosis for a wrong standard deviation, mean or shape, or None."""
    n, mean, std = len(sample), float(sample.mean()), float(sample.std())
    if not near(std, SIGMA, SIGMA / math.sqrt(2 * n)):
        wrong = (sigma for sigma in WRONG_SIGMAS if near(std, sigma, sigma / math.sqrt(2 * n)))
        reason, hint = WRONG_SIGMAS.get(next(wrong, SIGMA), OTHER_SIGMA)
        return not_yet(f"The standard deviation of your noise is {std:.4f}. {reason}", hint)
    error = SIGMA / math.sqrt(n)
    if near(mean, 0.0, error):
        return not_yet(
            "Your noise has mean 0. The residual of a neuron has not: it lies in [0, v_th).",
            "Add the mean of the residual, v_th / 2.",
        )
    if not near(mean, MU, error):
        return not_yet(
            f"The mean of your noise is {mean:.4f}; the residual has {MU}.",
            "The residual is spread evenly over [0, v_th). Where is the middle?",
        )
    return fault_of_shape(sample)


def fault_of_shape(sample: Floats) -> Diagnosis | None:
    """The diagnosis for numbers that are not normally distributed, or None."""
    from scipy.stats import kstest, kurtosis, norm, skew, uniform

    error = math.sqrt(6 / len(sample))  # of the skewness of normal numbers
    tails = abs(skew(sample)) > TAILS * error or abs(kurtosis(sample)) > TAILS * 2 * error
    far_from_normal, far_from_even = (
        kstest(sample, law.cdf, method="asymp").statistic > KOLMOGOROV / math.sqrt(len(sample))
        for law in (norm(MU, SIGMA), uniform(0, 1))
    )
    if not (tails or far_from_normal):
        return None
    if not far_from_even:
        return not_yet(
            "Your noise is spread evenly over [0, 1). Mean and deviation fit, the shape does not.",
            "Asked for is Gaussian noise with this mean and this deviation.",
        )
    return not_yet(
        "Mean and standard deviation fit, but your numbers are not normally distributed.",
        "Draw a histogram of 10,000 of them.",
    )
