"""Exercises of notebook 12: how two judgements of the same thing are combined."""

from __future__ import annotations

import torch
from torch import Tensor

from snnlab.classroom.checking import Exercise, Mistake, mean_and_variance, wrong_order
from snnlab.classroom.questions import Question


def _whole(scores: Tensor) -> Tensor:
    """Scores (K,) as probabilities."""
    return scores / scores.sum()


def _combine(left: Tensor, right: Tensor, prior: Tensor) -> Tensor:
    return _whole(left * right / prior)


def _given(*rows: list[float]) -> tuple[Tensor, ...]:
    return tuple(torch.tensor(row, dtype=torch.float64) for row in rows)


combine = Exercise(
    solution=_combine,
    calls=[
        _given([0.8, 0.2], [0.6, 0.4], [0.5, 0.5]),
        _given([0.7, 0.3], [0.6, 0.4], [0.8, 0.2]),
        _given([0.5, 0.3, 0.2], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3]),
        _given([0.1, 0.1, 0.2, 0.6], [0.25, 0.25, 0.25, 0.25], [0.4, 0.3, 0.2, 0.1]),
    ],
    mistakes=[
        Mistake(
            lambda left, right, prior: _whole(left * right),
            "You forgot the prior. Both senses know how frequent each class is, so the product "
            "counts it twice.",
            "Divide by the prior once, before you normalise.",
        ),
        Mistake(
            lambda left, right, prior: left * right / prior,
            "Your numbers do not sum to 1.",
            "Divide by their sum.",
            (lambda left, right, prior: left * right,),
        ),
        Mistake(
            lambda left, right, prior: _whole(left * right * prior),
            "You multiply by the prior. It stands in both posteriors already.",
            "Divide by it.",
        ),
        Mistake(
            lambda left, right, prior: _whole(left * right) / prior,
            "The sum that you divide by leaves out the prior, so your numbers do not sum to 1.",
            "First the product and the prior, then the sum of that.",
        ),
        Mistake(
            lambda left, right, prior: (left + right) / 2,
            "You average. Two senses that both say 0.8 then say 0.8 together; two independent "
            "witnesses are surer than one.",
            "Multiply the probabilities.",
            (lambda left, right, prior: left + right,),
        ),
        Mistake(
            lambda left, right, prior: _whole((left + right) / prior),
            "You add the probabilities. Of independent senses they multiply.",
            "Put `*` in the place of `+`.",
        ),
        Mistake(
            lambda left, right, prior: _whole(torch.maximum(left, right)),
            "You take the larger of the two probabilities. The other sense then says nothing.",
            "Multiply the probabilities.",
            (lambda left, right, prior: torch.maximum(left, right),),
        ),
        Mistake(
            lambda left, right, prior: _whole(left / prior * right / prior),
            "You divide by the prior twice. The product holds it twice, and once it belongs there.",
            "Divide by it once.",
        ),
        Mistake(
            lambda left, right, prior: _combine(left, right, prior).log(),
            "You return logarithms. Asked for are the probabilities.",
            "Take the exponential.",
        ),
        Mistake(
            lambda left, right, prior: torch.softmax(left * right / prior, 0),
            "You use softmax, which takes an exponential first. These are probabilities already.",
            "Divide by the sum.",
        ),
    ],
    praise="Multiply, take out what both knew before, and normalise.",
)


def _weigh(
    left: float, sigma_left: float, right: float, sigma_right: float, power: float = 2
) -> tuple[float, float]:
    """The mean with weights 1 / sigma ** power, and its sigma if the power is 2."""
    one, other = sigma_left**-power, sigma_right**-power
    return (one * left + other * right) / (one + other), (one + other) ** -0.5


weigh = Exercise(
    solution=_weigh,
    calls=[
        (2.0, 1.0, 4.0, 1.0),
        (1.0, 0.5, 3.0, 2.0),
        (-4.0, 3.0, 5.0, 0.25),
        (0.0, 2.0, 7.0, 5.0),
    ],
    mistakes=[
        wrong_order(_weigh, "The estimate first, then its sigma."),
        Mistake(
            lambda left, a, right, b: (_weigh(left, a, right, b, 1)[0], _weigh(0, a, 0, b)[1]),
            "You weigh by 1 / sigma. The weights of the best mean are one over the variance.",
            "Square sigma.",
            (lambda left, a, right, b: (_weigh(left, a, right, b, 1)[0], 1 / (1 / a + 1 / b)),),
        ),
        Mistake(
            lambda left, a, right, b: (_weigh(left, b, right, a)[0], _weigh(0, a, 0, b)[1]),
            "Your weights are the wrong way round: the noisier sense counts more.",
            "A large sigma means a small weight, 1 / sigma ** 2.",
        ),
        Mistake(
            lambda left, a, right, b: ((left + right) / 2, _weigh(0, a, 0, b)[1]),
            "You take the plain mean, which listens to both alike.",
            "Weigh each by 1 / sigma ** 2, and divide by the sum of the weights.",
            (lambda left, a, right, b: ((left + right) / 2, (a**2 + b**2) ** 0.5 / 2),),
        ),
        mean_and_variance(_weigh),
        Mistake(
            lambda left, a, right, b: (_weigh(left, a, right, b)[0], (a**2 + b**2) ** 0.5),
            "Your sigma is that of a sum or a difference. It is larger than either; two senses "
            "together are surer than one.",
            "The weights add: 1 / sigma ** 2 of the mean is their sum.",
        ),
        Mistake(
            lambda left, a, right, b: (_weigh(left, a, right, b)[0], (a + b) / 2),
            "You average the two sigmas. Two senses together are surer than the better one.",
            "The weights add: 1 / sigma ** 2 of the mean is their sum.",
            (lambda left, a, right, b: (_weigh(left, a, right, b)[0], min(a, b)),),
        ),
        Mistake(
            lambda left, a, right, b: (left / a**2 + right / b**2, _weigh(0, a, 0, b)[1]),
            "You forgot to divide by the sum of the weights.",
            "With two equal senses the estimate must lie half way between them.",
        ),
        Mistake(
            lambda left, a, right, b: (left, a) if a <= b else (right, b),
            "You take the surer sense alone. The other one still tells something.",
            "Weigh each by 1 / sigma ** 2, and divide by the sum of the weights.",
        ),
        Mistake(
            lambda left, a, right, b: (_weigh(left, a, right, b)[0], _weigh(0, a, 0, b)[1] ** -2),
            "Your second number is the sum of the weights.",
            "That is one over the variance. Asked for is the standard deviation.",
        ),
    ],
    praise="The surer sense counts more, and both together are surer than either.",
)

which_measure = Question(
    right="c",
    because={
        "a": "In points the second sense adds more under noise: 17 against 14.",
        "b": "In percent of the better sense it adds far more under noise: 47 against 18.",
        "c": "Of the errors of the better sense 70 % vanish without noise, and 27 % with it. The "
        "same four numbers, and inverse effectiveness is gone.",
        "d": "Work out each of them: (both - best), then over best, then over 100 - best. One "
        "goes the other way.",
    },
    hint="Without noise the better sense is wrong in 20 of 100 images, both in 6.",
)
