"""Exercises of notebook 09: channels that open at random, and noise that lets a signal through."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.special import ndtr

from snnlab.classroom.checking import Exercise, Mistake, percent, variance
from snnlab.classroom.questions import Question


def _open_share_noise(p: float, N: int) -> float:
    return math.sqrt(p * (1 - p) / N)


open_share_noise = Exercise(
    solution=_open_share_noise,
    calls=[(0.5, 100), (0.1, 4000), (0.25, 9), (0.9, 2)],
    mistakes=[
        variance(_open_share_noise),
        Mistake(
            lambda p, N: p * (1 - p) / N / 2,
            "You halve the variance. `x ** 1 / 2` is half of x: the power comes before the "
            "division.",
            "Put brackets round the exponent: `** (1 / 2)`.",
        ),
        Mistake(
            lambda p, N: math.sqrt(p - p**2 / N),
            "You divide only the square of p by N.",
            "Put brackets round p - p ** 2, as in (p - p ** 2) / N.",
        ),
        Mistake(
            lambda p, N: math.sqrt(N * p * (1 - p)),
            "That is the standard deviation of the number of open channels, not of their share.",
            "The share is the number divided by N, so its standard deviation is, too.",
        ),
        Mistake(
            lambda p, N: math.sqrt(p * (1 - p)) / N,
            "Your noise falls like 1 / N. Independent channels average out more slowly.",
            "Variances of independent channels add up: N of them have N times the variance.",
        ),
        Mistake(
            lambda p, N: math.sqrt(p * (1 - p) / (N - 1)),
            "You divide by N - 1. That corrects an estimate from data; here p is known.",
            "The variance of a mean over N is the variance of one, divided by N.",
        ),
        Mistake(
            lambda p, N: math.sqrt(p * (1 - p) / N) / N,
            "You divide by N under the root and once more outside.",
            "Once is enough: under the root.",
        ),
        Mistake(
            lambda p, N: p * (1 - p) / math.sqrt(N),
            "Your root covers N only. It must cover p (1 - p) too.",
            "Put brackets round the whole fraction.",
        ),
        percent(_open_share_noise),
        Mistake(
            lambda p, N: math.sqrt((1 - p) / N),
            "You forgot the factor p. With p = 0 nothing would fluctuate.",
            "The variance of one channel is p * (1 - p).",
        ),
        Mistake(
            lambda p, N: math.sqrt((1 - p) / (p * N)),
            "That is the noise in proportion to the mean: you have divided by p.",
            "Asked for is the standard deviation of the share itself.",
        ),
        Mistake(
            lambda p, N: math.sqrt(p * (1 - p)),
            "That is the noise of a single channel: N has no effect.",
            "A mean of N independent numbers fluctuates less than one of them.",
        ),
        Mistake(
            lambda p, N: math.sqrt(p / N),
            "You forgot the channels that are closed. With p = 1 nothing would fluctuate.",
            "A channel that is open with probability p has the variance p * (1 - p).",
        ),
        Mistake(
            lambda p, N: math.sqrt(1 / N),
            "Your noise does not depend on p. Channels that are always closed make none.",
            "What is the variance of a number that is 1 with probability p, and else 0?",
        ),
    ],
    praise="Four times the channels, half the noise.",
)


def _hits(current: float, threshold: float, sigma: float) -> float:
    return float(ndtr((current - threshold) / sigma))


def _false_alarms(current: float, threshold: float, sigma: float) -> float:
    return _hits(0, threshold, sigma)


def _hits_less(false_alarms: Callable[..., float]) -> Callable[..., float]:
    """Hits minus false alarms, where the false alarms may be computed wrongly."""
    return lambda *given: _hits(*given) - false_alarms(*given)


def _gain(current: float, threshold: float, sigma: float) -> float:
    return _hits(current, threshold, sigma) - _false_alarms(current, threshold, sigma)


hits_minus_false_alarms = Exercise(
    solution=_gain,
    calls=[(0.3, 0.5, 0.29), (0.2, 0.5, 0.05), (0.4, 1.0, 2.0), (0.5, 0.5, 0.1)],
    mistakes=[
        Mistake(
            _hits,
            "You return the hits only. A neuron that fires all the time has many of them, too.",
            "Subtract the probability that it fires although there is no current.",
        ),
        Mistake(
            lambda *given: -_gain(*given),
            "You subtract the hits from the false alarms.",
            "Hits first: the neuron fires more often with the pulse than without.",
        ),
        Mistake(
            lambda *given: _hits(*given) + _false_alarms(*given),
            "You add the false alarms. They are what makes a spike worth less.",
            "Subtract them.",
        ),
        Mistake(
            _false_alarms,
            "You return the false alarms only.",
            "Subtract them from the hits.",
        ),
        Mistake(
            lambda current, threshold, sigma: _gain(current, threshold, sigma / math.sqrt(2)),
            "A factor sqrt(2) is missing inside erf.",
            "Phi(z) = 0.5 * (1 + erf(z / sqrt(2))).",
        ),
        Mistake(
            _hits_less(lambda current, threshold, sigma: ndtr(-current / sigma)),
            "In the false alarms there is no current, but still the threshold.",
            "Put current = 0 into your formula for the hits.",
        ),
        Mistake(
            lambda current, threshold, sigma: (
                ndtr(current - threshold / sigma) - ndtr(-threshold / sigma)
            ),
            "You divide only the threshold by sigma: `/` comes before `-`.",
            "Put brackets round the difference.",
        ),
        Mistake(
            lambda current, threshold, sigma: _gain(current, threshold, 1),
            "sigma has no effect.",
            "The distance to the threshold is measured in units of sigma.",
        ),
        Mistake(
            lambda *given: _hits(*given) * (1 - _false_alarms(*given)),
            "You multiply hits by silences. Asked for is a difference.",
            "Subtract the false alarms from the hits.",
        ),
        Mistake(
            _hits_less(lambda *given: 1 - _hits(*given)),
            "That is hits minus misses. A miss is silence with the pulse, a false alarm a spike "
            "without it.",
            "Put current = 0 into your formula for the hits.",
        ),
        Mistake(
            lambda current, threshold, sigma: _gain(current, threshold, sigma**2),
            "You divide by the variance. Phi wants the distance in standard deviations.",
            "Divide by sigma itself.",
        ),
        Mistake(
            lambda current, threshold, sigma: _gain(current, threshold, 1 / sigma),
            "You multiply by sigma. Then more noise makes the curve steeper.",
            "Measure the distance from the threshold in units of sigma: divide.",
        ),
        Mistake(
            _hits_less(lambda current, threshold, sigma: ndtr(threshold / sigma)),
            "Your false alarms have the wrong sign inside Phi: without a current the neuron is "
            "`threshold` below the threshold, not above.",
            "Put current = 0 into your own formula for the hits.",
        ),
        Mistake(
            _hits_less(lambda *given: 0.5),
            "You take Phi(0), one half, for the false alarms. No current is not no distance: the "
            "threshold is still there.",
            "Put current = 0 into your formula for the hits.",
        ),
        Mistake(
            _hits_less(lambda current, threshold, sigma: ndtr(-threshold)),
            "You forgot sigma in the false alarms.",
            "Hits and false alarms come from the same formula; only the current differs.",
        ),
    ],
    praise="With sigma near 0 there is nothing to gain, with much noise neither: in between there "
    "is a best sigma.",
)

double_membrane = Question(
    right="b",
    because={
        "a": "More channels mean more of them flicker, but each carries a smaller share of the "
        "current. Which of the two wins?",
        "b": "Four times the channels: the variance is a quarter, its square root a half.",
        "c": "The density of channels stays equal, but the noise depends on their number: it is "
        "a mean over N independent channels.",
        "d": "That would be so if noise fell like 1 / N. The variance does; the standard deviation "
        "falls like one over the square root.",
    },
    hint="How does the standard deviation of a mean over N independent numbers depend on N?",
)
