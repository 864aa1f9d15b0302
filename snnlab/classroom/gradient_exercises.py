"""Exercises of notebook 03: the firing probability and its slope."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit, ndtr

from snnlab.classroom.checking import Exercise, Mistake
from snnlab.classroom.questions import Question

_ROOT_OF_2_PI = math.sqrt(2 * math.pi)


def distance(current: Any, mu: float, sigma: float, v_th: float = 1.0) -> Any:
    """How far above the threshold the mean potential lies, in standard deviations."""
    return (current + mu * v_th - v_th) / (sigma * v_th)


def probability(current: Any, mu: float, sigma: float, v_th: float = 1.0) -> Any:
    """Firing probability under noise of mean `mu` and deviation `sigma`, in units of v_th."""
    return ndtr(distance(current, mu, sigma, v_th))


def bell(z: Any) -> Any:
    """Density of the standard normal distribution."""
    return np.exp(-z * z / 2) / _ROOT_OF_2_PI


def slope(current: Any, mu: float, sigma: float, v_th: float = 1.0) -> Any:
    """Derivative of the firing probability with respect to the current."""
    return bell(distance(current, mu, sigma, v_th)) / (sigma * v_th)


def _of_distance(answer: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A function of z, the distance in standard deviations, and of the standard deviation."""
    return lambda current, mu, sigma, v_th=1.0: answer(
        distance(current, mu, sigma, v_th), sigma * v_th
    )


_CALLS = [(0.5, 0.5, 0.25), (0.3, 0.5, 0.25), (0.9, 0.4, 0.3), (-0.2, 0.5, 0.4), (1.1, 0.6, 0.2)]

firing_probability = Exercise(
    solution=probability,
    calls=_CALLS,
    mistakes=[
        Mistake(
            lambda current, mu, *width: probability(current, 0.0, *width),
            "You forget the mean of the noise: the neuron starts from mu, not from 0.",
            "How far is the mean potential before firing from the threshold?",
        ),
        Mistake(
            lambda current, mu, *width: probability(current, 1 - mu, *width),
            "You put the threshold at mu. That is where the neuron starts.",
            "Charge the neuron first: mu and current together must reach the threshold.",
        ),
        Mistake(
            lambda *noise: 1 - probability(*noise),
            "Your probability falls when the current grows: that is the probability of silence.",
            "Turn the sign of the distance round.",
        ),
        Mistake(
            lambda current, mu, sigma, *v_th: probability(current, mu, sigma**2, *v_th),
            "You divide by the variance.",
            "The distance to the threshold is measured in standard deviations.",
        ),
        Mistake(
            _of_distance(lambda z, width: ndtr(z * width**2)),
            "You multiply by sigma: more noise would make the curve steeper.",
            "The distance to the threshold is measured in standard deviations: divide.",
        ),
        Mistake(
            _of_distance(lambda z, width: ndtr(z * width)),
            "The width of the noise has no effect.",
            "Divide the distance to the threshold by the standard deviation.",
        ),
        Mistake(
            lambda *noise: bell(distance(*noise)),
            "You return the bell curve, the density. A probability of firing is an area under it.",
            "Phi(z) is the area on the left of z: (1 + erf(z / sqrt(2))) / 2.",
        ),
        Mistake(
            lambda *noise: 1.0 * (distance(*noise) >= 0),
            "That is the hard threshold: the neuron without noise.",
            "With noise, neurons fire below the threshold too, only less often.",
        ),
        Mistake(
            lambda *noise: ndtr(distance(*noise) * math.sqrt(2)),
            "Your probability is too steep: a factor sqrt(2) is missing inside erf.",
            "In erf stands z / sqrt(2).",
        ),
        Mistake(
            lambda current, mu, sigma, v_th=1.0: probability(current, -mu, sigma, v_th),
            "Your mean has the wrong sign: the noise lifts the neuron, it does not hold it down.",
            "Add mu to the current.",
        ),
        Mistake(
            lambda current, mu, sigma, v_th=1.0: ndtr((current + mu * v_th) / (sigma * v_th)),
            "The threshold is missing: you ask how far the potential lies above 0.",
            "Subtract v_th.",
        ),
        Mistake(
            lambda *noise: expit(distance(*noise)),
            "That is the logistic function. The noise is Gaussian, so it is Phi.",
            "Phi(z) has no simple formula, but `erf`.",
        ),
        Mistake(
            lambda current, mu, sigma, v_th=1.0: probability(current, mu, math.sqrt(sigma), v_th),
            "You take the root of sigma, which is a standard deviation already.",
            "Divide by sigma itself.",
        ),
        Mistake(
            lambda *noise: ndtr(2 * distance(*noise)),
            "Your probability is too steep: you multiply by sqrt(2) inside erf.",
            "In erf stands z / sqrt(2).",
        ),
        Mistake(
            lambda *noise: 2 * probability(*noise) - 0.5,
            "You halve the 1 only: Python takes `*` before `+`.",
            "Put brackets round 1 + erf(z / sqrt(2)).",
        ),
        Mistake(
            lambda *noise: 2 * probability(*noise) - 1,
            "Your result runs from -1 to 1. A probability runs from 0 to 1.",
            "Phi(z) = (1 + erf(z / sqrt(2))) / 2.",
        ),
    ],
    praise="The noise has turned the step into a smooth curve.",
)

surrogate_slope = Exercise(
    solution=slope,
    calls=_CALLS,
    mistakes=[
        Mistake(
            lambda *noise: bell(distance(*noise)),
            "The inner derivative is missing: z depends on the current.",
            "The derivative of Phi(z) is phi(z) times the derivative of z.",
        ),
        Mistake(
            _of_distance(lambda z, width: bell(z) * width),
            "You multiply by the standard deviation. The inner derivative divides by it.",
            "Phi takes z, a distance divided by sigma. How fast does z grow with the current?",
        ),
        Mistake(
            probability,
            "That is the firing probability itself. Asked for is its slope.",
            "The slope of Phi is the bell curve phi.",
        ),
        Mistake(
            lambda current, mu, *width: slope(current, 0.0, *width),
            "Your bell stands over the wrong current: you forget mu.",
            "The slope is largest where the mean potential before firing meets the threshold.",
        ),
        Mistake(
            _of_distance(lambda z, width: bell(math.sqrt(2) * z) / width),
            "The factor 1/2 in the exponent is missing.",
            "The normal density is exp(-z^2 / 2) / sqrt(2 pi).",
        ),
        Mistake(
            lambda *noise: slope(*noise) * np.exp(distance(*noise) ** 2),
            "Your exponent has the wrong sign: the slope would grow away from the threshold.",
            "`-z * z / 2`: in Python `(-z) ** 2` has no sign left.",
        ),
        Mistake(
            _of_distance(lambda z, width: np.exp(-z / 2) / _ROOT_OF_2_PI / width),
            "z is not squared in your exponent.",
            "exp(-z^2 / 2): square z first.",
        ),
        Mistake(
            _of_distance(lambda z, width: bell(z) / width**2),
            "You divide by the standard deviation twice.",
            "The inner derivative divides by it once.",
        ),
        Mistake(
            _of_distance(lambda z, width: bell(z * math.sqrt(width)) / width),
            "In your exponent the distance is squared and sigma is not.",
            "exp(-z^2 / 2): compute z first, then square all of it.",
        ),
        Mistake(
            lambda *noise: probability(*noise) * (1 - probability(*noise)),
            "p (1 - p) is the slope of the logistic function, not of Phi.",
            "The derivative of Phi is the normal density.",
        ),
        Mistake(
            lambda current, mu, sigma, v_th=1.0: slope(current, -mu, sigma, v_th),
            "mu has the wrong sign: your bell stands over the wrong current.",
            "Take z as in the firing probability.",
        ),
        Mistake(
            lambda *noise: slope(*noise) * _ROOT_OF_2_PI,
            "The bell is too high: the area below it is not 1.",
            "phi(z) = exp(-z^2 / 2) / sqrt(2 pi).",
        ),
        Mistake(
            lambda current, *noise: 0.0 * current,
            "That is the derivative of the hard threshold, zero everywhere: nothing learns.",
            "Differentiate the firing probability, not the step.",
        ),
        Mistake(
            _of_distance(lambda z, width: -z * bell(z) / width**2),
            "You have differentiated twice: that is the slope of the bell.",
            "Differentiate the firing probability once.",
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
