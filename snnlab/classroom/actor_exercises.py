"""Exercises of notebook 10: noise with a memory, and how much of it passes the threshold."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from snnlab.classroom.checking import Exercise, Mistake, variance
from snnlab.classroom.questions import Question


def _next_noise(x: float, n: float, m: float) -> float:
    a = math.exp(-1 / m)
    return a * x + math.sqrt(1 - a**2) * n


next_noise = Exercise(
    solution=_next_noise,
    calls=[(1.0, 0.0, 1.0), (0.0, 1.0, 1.0), (0.5, -1.5, 20.0), (-2.0, 0.3, 3.0)],
    mistakes=[
        Mistake(
            lambda x, n, m: math.exp(-1 / m) * x + n,
            "You add the whole new draw. The noise grows, and most with a long memory.",
            "Variances add up: a ** 2 is kept, so only 1 - a ** 2 may come in.",
        ),
        Mistake(
            lambda x, n, m: math.exp(-1 / m) * x + (1 - math.exp(-1 / m)) * n,
            "You take the rest 1 - a of the new draw. That keeps the mean, but the noise fades: "
            "variances add up, not standard deviations.",
            "The factor is a root.",
        ),
        Mistake(
            lambda x, n, m: math.exp(-1 / m) * x + (1 - math.exp(-2 / m)) * n,
            "1 - a ** 2 is the variance that comes in. A draw is multiplied by a standard "
            "deviation.",
            "Take the square root.",
        ),
        Mistake(
            lambda x, n, m: math.exp(-1 / m) * x + math.sqrt(1 - math.exp(-1 / m)) * n,
            "Under your root stands 1 - a. The part that is kept has the variance a ** 2.",
            "Square a under the root.",
        ),
        Mistake(
            lambda x, n, m: math.exp(-m) * x + math.sqrt(1 - math.exp(-2 * m)) * n,
            "Your noise forgets faster the longer its memory is: a = exp(-m).",
            "After m steps 1 / e is to be left. What does one step leave?",
        ),
        Mistake(
            lambda x, n, m: (1 - 1 / m) * x + math.sqrt(1 - (1 - 1 / m) ** 2) * n,
            "a = 1 - 1 / m comes near exp(-1 / m) only for a long memory; with m = 1 it keeps "
            "nothing.",
            "Use math.exp.",
        ),
        Mistake(
            lambda x, n, m: _next_noise(n, x, m),
            "You have exchanged the old noise and the new draw.",
            "a belongs to x, the root to n.",
        ),
        Mistake(
            lambda x, n, m: x - x / m + math.sqrt(2 / m) * n,
            "That is a small step of the differential equation. It keeps the variance 1 only for a "
            "long memory.",
            "Take a = exp(-1 / m) and the root of 1 - a ** 2.",
        ),
        Mistake(
            lambda x, n, m: math.sqrt(1 - math.exp(-2 / m)) * n,
            "The noise now has no effect: nothing is remembered.",
            "Add a * x.",
        ),
        Mistake(
            lambda x, n, m: math.exp(-1 / m) * x,
            "The new draw has no effect: the noise dies away.",
            "Add n, with its factor.",
        ),
    ],
    praise="a ** 2 is kept and 1 - a ** 2 comes in: the variance stays 1, whatever the memory.",
)


def _action_spread(readout: Tensor, p: Tensor) -> Tensor:
    return (readout**2 * p * (1 - p)).sum().sqrt()


def _pair(readout: list[float], p: list[float]) -> tuple[Tensor, Tensor]:
    return torch.tensor(readout, dtype=torch.float64), torch.tensor(p, dtype=torch.float64)


action_spread = Exercise(
    solution=_action_spread,
    calls=[
        _pair([2.0], [0.5]),
        _pair([1.0, -1.0, 1.0, -1.0], [0.5, 0.5, 0.5, 0.5]),
        _pair([0.3, -2.0, 2.5], [0.1, 0.8, 0.25]),
        _pair([3.0, 4.0], [0.0, 1.0]),
    ],
    mistakes=[
        variance(_action_spread),
        Mistake(
            lambda readout, p: (readout.abs() * (p * (1 - p)).sqrt()).sum(),
            "You add up standard deviations. Of independent neurons the variances add up.",
            "Square first, then add, then take the root.",
        ),
        Mistake(
            lambda readout, p: (readout.abs() * p * (1 - p)).sum().sqrt(),
            "You forgot to square the weights. A weight multiplies the standard deviation, so its "
            "square multiplies the variance.",
            "Use readout ** 2.",
        ),
        Mistake(
            lambda readout, p: (readout * p * (1 - p)).sum().sqrt(),
            "You forgot to square the weights: those below 0 take noise away in your sum.",
            "Use readout ** 2.",
        ),
        Mistake(
            lambda readout, p: (p * (1 - p)).sum().sqrt(),
            "You forgot the weights. A weight of 2 shakes the action twice as far.",
            "Multiply each variance by readout ** 2.",
        ),
        Mistake(
            lambda readout, p: (readout**2 * p).sum().sqrt(),
            "A neuron that always fires makes no noise, but in your formula it makes the most.",
            "The variance of a spike is p * (1 - p).",
        ),
        Mistake(
            lambda readout, p: (readout**2 * p * (1 - p)).mean().sqrt(),
            "You take the mean over the neurons. The readout adds them up.",
            "Use the sum.",
        ),
        Mistake(
            lambda readout, p: (readout**2).sum().sqrt() / 2,
            "That is the bound, which the spread has only if every p is one half.",
            "Each neuron has a variance of its own, p * (1 - p).",
        ),
        Mistake(
            lambda readout, p: ((readout * p * (1 - p)) ** 2).sum().sqrt(),
            "You square p * (1 - p), which is a variance already.",
            "Square the weights only.",
        ),
    ],
    praise="So no noise on charging shakes the action by more than half the length of the readout: "
    "each p (1 - p) is a quarter at most.",
)

louder = Question(
    right="b",
    because={
        "a": "That is what noise on the action does. Here the noise meets a threshold first, and a "
        "spike stays a spike.",
        "b": "p is near one half already, where p (1 - p) has its maximum, one quarter.",
        "c": "The firing probabilities come still nearer to one half. That makes the spread no "
        "smaller.",
        "d": "Nothing is averaged here. How large can the variance of a spike be?",
    },
    hint="The variance of a spike is p (1 - p). What can p become?",
)
