"""Exercises of notebook 03: the firing probability and its slope."""

from __future__ import annotations

import math

from snnlab.classroom.checking import Exercise, Mistake
from snnlab.classroom.questions import Question


def _normal(z: float) -> float:
    """Phi(z), the cumulative probability of the standard normal distribution."""
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _bell(z: float) -> float:
    """phi(z), its density."""
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


_CALLS = [(0.5, 0.5, 0.25), (0.3, 0.5, 0.25), (0.9, 0.4, 0.3), (-0.2, 0.5, 0.4), (1.1, 0.6, 0.2)]

firing_probability = Exercise(
    solution=lambda current, mu, sigma: _normal((current + mu - 1) / sigma),
    calls=_CALLS,
    mistakes=[
        Mistake(
            lambda current, mu, sigma: _normal((current - 1) / sigma),
            "You forget the mean of the noise: the neuron starts from mu, not from 0.",
            "How far is current + mu from the threshold?",
        ),
        Mistake(
            lambda current, mu, sigma: _normal((current - mu) / sigma),
            "You put the threshold at mu. The threshold is 1; mu is where the neuron starts.",
            "The potential before firing has the mean current + mu. It must reach 1.",
        ),
        Mistake(
            lambda current, mu, sigma: _normal((1 - current - mu) / sigma),
            "Your probability falls when the current grows: that is the probability of silence.",
            "Turn the sign of the distance round.",
        ),
        Mistake(
            lambda current, mu, sigma: _normal((current + mu - 1) / sigma**2),
            "You divide by the variance.",
            "The distance to the threshold is measured in standard deviations: divide by sigma.",
        ),
        Mistake(
            lambda current, mu, sigma: _normal((current + mu - 1) * sigma),
            "You multiply by sigma: more noise would make the curve steeper.",
            "The distance to the threshold is measured in standard deviations: divide by sigma.",
        ),
        Mistake(
            lambda current, mu, sigma: _normal(current + mu - 1),
            "The width of the noise has no effect.",
            "Divide the distance to the threshold by sigma.",
        ),
        Mistake(
            lambda current, mu, sigma: _bell((current + mu - 1) / sigma),
            "You return the bell curve, the density. A probability of firing is an area under it.",
            "`math.erf` gives the area: Phi(z) = (1 + erf(z / sqrt(2))) / 2.",
        ),
        Mistake(
            lambda current, mu, sigma: 1.0 if current + mu >= 1 else 0.0,
            "That is the hard threshold: the neuron without noise.",
            "With noise, neurons fire below the threshold too, only less often.",
        ),
        Mistake(
            lambda current, mu, sigma: math.erf((current + mu - 1) / sigma / math.sqrt(2)),
            "Your result runs from -1 to 1. A probability runs from 0 to 1.",
            "Phi(z) = (1 + erf(z / sqrt(2))) / 2.",
        ),
    ],
    praise="The noise has turned the step into a smooth curve.",
)

surrogate_slope = Exercise(
    solution=lambda current, mu, sigma: _bell((current + mu - 1) / sigma) / sigma,
    calls=_CALLS,
    mistakes=[
        Mistake(
            lambda current, mu, sigma: _bell((current + mu - 1) / sigma),
            "The factor 1 / sigma is missing: the inner derivative.",
            "The derivative of Phi(z) is phi(z) times the derivative of z.",
        ),
        Mistake(
            lambda current, mu, sigma: _bell((current + mu - 1) / sigma) * sigma,
            "You multiply by sigma; the inner derivative is 1 / sigma.",
            "z = (current + mu - 1) / sigma. Derive it with respect to the current.",
        ),
        Mistake(
            lambda current, mu, sigma: _normal((current + mu - 1) / sigma),
            "That is the firing probability itself. Asked for is its slope.",
            "The slope of Phi is the bell curve phi.",
        ),
        Mistake(
            lambda current, mu, sigma: _bell((current - 1) / sigma) / sigma,
            "Your bell stands over the wrong current: you forget mu.",
            "The slope is largest where current + mu equals the threshold 1.",
        ),
        Mistake(
            lambda current, mu, sigma: math.exp(-(((current + mu - 1) / sigma) ** 2) / 2) / sigma,
            "The bell is too high: the area below it is not 1.",
            "phi(z) = exp(-z^2 / 2) / sqrt(2 pi).",
        ),
        Mistake(
            lambda current, mu, sigma: 0.0,
            "That is the derivative of the hard threshold, zero everywhere: nothing learns.",
            "Derive the firing probability, not the step.",
        ),
        Mistake(
            lambda current, mu, sigma: (
                -(current + mu - 1) / sigma**2 * _bell((current + mu - 1) / sigma) / sigma
            ),
            "You have derived twice: that is the slope of the bell.",
            "Derive the firing probability once.",
        ),
    ],
    praise="This is the surrogate gradient. You did not choose it: the noise did.",
)

noise_gets_small = Question(
    right="a",
    because={
        "a": "The probability becomes the hard step again. Its slope is a needle: almost no "
        "neuron stands where it is not zero, so almost none learns.",
        "b": "A needle is high but narrow. A gradient that is huge for a few neurons and zero for "
        "all others teaches little.",
        "c": "The slope depends on sigma: its height is 1 / (sigma sqrt(2 pi)), its width is "
        "sigma.",
        "d": "At small sigma the curve is steep, not flat. Look at the explorer once more.",
    },
    hint="Move sigma to its lowest value. For how many currents is the slope still above 0?",
)
