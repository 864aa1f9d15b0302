"""Exercises of notebook 04: the noisy single step, and comparisons over seeds."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import mean, median_high, pstdev, stdev

import torch
from torch import Tensor

from snnlab.classroom.checking import Exercise, Mistake, mean_and_variance, wrong_order
from snnlab.classroom.neuron_with_mistakes import fire, neuron_mistakes
from snnlab.classroom.questions import Question


def _noisy_spikes(current: Tensor, noise: Tensor, v_th: float, mistake: str = "") -> Tensor:
    spikes: Tensor = fire(noise * v_th + current, v_th, mistake)
    return spikes.float()


_MANY = (
    torch.tensor([0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4, -0.3, -0.6]),
    torch.tensor([0.1, 0.9, 0.8, 0.3, 0.4, 0.7, 0.2, 0.5, 0.6, -0.1, -0.2, -0.3, 1.3, 1.25]),
    2.0,
)  # twice, and many: random numbers of one's own give another result

noisy_spikes = Exercise(
    solution=_noisy_spikes,
    calls=[
        (torch.tensor([0.25, 1.5, 0.75]), torch.tensor([0.75, -0.75, 0.5]), 1.0),
        (
            torch.tensor([2.5, -1.5, -0.5, 0.5, 1.25]),
            torch.tensor([0.25, 0.25, 1.5, -0.75, 0.5]),
            1.0,
        ),  # far off, a tie
        (torch.tensor([0.5, 0.25, 0.125]), torch.tensor([0.0, 0.5, 0.25]), 0.5),  # below 1, a tie
        _MANY,
        _MANY,
        (torch.tensor([0.6, 1.2, 1.4, 2.5]), torch.tensor([0.75, 0.25, 0.5, -0.5]), 2.0),
        (torch.tensor([[0.1, 1.5], [0.9, -0.5]]), torch.tensor([[0.95, -0.75], [0.0, 1.2]]), 1.0),
    ],
    mistakes=[
        Mistake(
            lambda current, noise, v_th: (current >= v_th).float(),
            "The noise has no effect.",
            "The neuron starts from the noise: charge it with the current, then test.",
        ),
        Mistake(
            lambda current, noise, v_th: (noise + current >= v_th).float(),
            "You add the noise as it is. It is given in units of v_th.",
            "In the unit of the potential the noise is noise * v_th.",
        ),
        *neuron_mistakes(_noisy_spikes, "strict", "compares with one", "several spikes"),
        Mistake(
            lambda current, noise, v_th: (current - noise * v_th >= v_th).float(),
            "The sign of your noise is turned round: it is taken from the current.",
            "The neuron starts from the noise: add the current to it.",
        ),
        Mistake(
            lambda current, noise, v_th: (noise / v_th + current >= v_th).float(),
            "You divide the noise by v_th. It is in units of v_th, so the potential is larger.",
            "In units of the potential it is the noise times v_th.",
        ),
        Mistake(
            lambda current, noise, v_th: (noise * v_th >= v_th).float(),
            "The current has no effect: the noise alone decides.",
            "Charge the neuron first: add the current.",
        ),
        Mistake(
            lambda current, noise, v_th: ((noise + current) * v_th >= v_th).float(),
            "You multiply the current by v_th too. It is in the unit of the potential already.",
            "Only the noise is in units of v_th.",
        ),
        Mistake(
            lambda current, noise, v_th: ((noise * v_th + current).abs() >= v_th).float(),
            "Your neuron also fires at a strongly negative potential.",
            "Compare the potential itself, with its sign.",
        ),
        Mistake(
            lambda current, noise, v_th: 1 - _noisy_spikes(current, noise, v_th),
            "Your neuron fires below the threshold and is silent above.",
            "1 stands for a spike.",
        ),
        Mistake(
            lambda current, noise, v_th: (
                noise * v_th + current - v_th * (noise * v_th + current >= v_th)
            ),
            "You return the potential after the reset, not the spikes.",
            "Return the comparison with v_th.",
        ),
        Mistake(
            lambda current, noise, v_th: (0.5 * v_th + noise * v_th + current >= v_th).float(),
            "You start from v_th / 2 and add the noise to it. The noise has its mean already.",
            "The noise is the whole residual, not an addition to it.",
        ),
        Mistake(
            lambda current, noise, v_th: noise * v_th + current,
            "You return the potential before firing, not the spikes.",
            "Compare with v_th.",
        ),
        Mistake(
            lambda current, noise, v_th: (current >= noise * v_th).float(),
            "You use the noise as a threshold. The threshold is v_th; the noise is what the neuron "
            "starts from.",
            "Add noise and current, then compare with v_th.",
        ),
    ],
    praise="That is all the difference to an ordinary spiking neuron: where it starts.",
)


def _mean_and_spread(accuracies: list[float]) -> tuple[float, float]:
    return mean(accuracies), stdev(accuracies)


def _with_mean(spread: Callable[[list[float]], float]) -> Callable[..., tuple[float, float]]:
    """The mean, with another number in place of the standard deviation."""
    return lambda accuracies: (mean(accuracies), spread(accuracies))


mean_and_spread = Exercise(
    solution=_mean_and_spread,
    calls=[
        ([98.0, 96.5, 97.25],),
        ([90.0, 92.0, 97.0, 96.0, 95.0],),
        ([91.0, 94.0, 90.5, 95.5, 92.0],),
    ],
    mistakes=[
        Mistake(
            _with_mean(pstdev),
            "You divide by n. With a few seeds that makes the spread too small.",
            "Divide the sum of squares by n - 1: the mean was computed from the same numbers.",
        ),
        mean_and_variance(_mean_and_spread),
        Mistake(
            lambda accuracies: (max(accuracies), stdev(accuracies)),
            "You report the best seed. Whoever has more seeds would then always win.",
            "Report the mean of all of them.",
        ),
        Mistake(
            _with_mean(lambda accuracies: max(accuracies) - min(accuracies)),
            "Your second number is the range. It grows with the number of seeds.",
            "Asked for is the standard deviation.",
        ),
        Mistake(
            _with_mean(lambda accuracies: stdev(accuracies) / math.sqrt(len(accuracies))),
            "That is the standard error: how well the mean is known. Asked for is how far the "
            "seeds lie apart.",
            "Do not divide by the root of n.",
        ),
        Mistake(
            _with_mean(lambda accuracies: mean(abs(a - mean(accuracies)) for a in accuracies)),
            "Your second number is the mean distance from the mean. The standard deviation squares "
            "the distances.",
            "Square, add, divide by n - 1, take the root.",
        ),
        Mistake(
            lambda accuracies: (min(accuracies), stdev(accuracies)),
            "You report the worst seed.",
            "Report the mean of all the seeds.",
        ),
        Mistake(
            lambda accuracies: (sum(accuracies), stdev(accuracies)),
            "Your first number is the sum.",
            "Divide it by the number of seeds.",
        ),
        Mistake(
            lambda accuracies: (sum(accuracies) / (len(accuracies) - 1), stdev(accuracies)),
            "You divide by n - 1 in the mean too. That belongs to the spread only.",
            "The mean of n numbers is their sum divided by n.",
        ),
        Mistake(
            _with_mean(lambda accuracies: stdev(accuracies) * math.sqrt(len(accuracies) - 1)),
            "You never divide: that is the root of the sum of the squares.",
            "Divide the sum of squares by n - 1 before you take the root.",
        ),
        Mistake(
            _with_mean(lambda accuracies: stdev(accuracies) / math.sqrt(len(accuracies) - 1)),
            "You take the root first and divide by n - 1 afterwards.",
            "The root goes over the whole fraction.",
        ),
        wrong_order(_mean_and_spread, "First the mean, then the standard deviation."),
        Mistake(
            lambda accuracies: (median_high(accuracies), stdev(accuracies)),
            "Your first number is the median.",
            "Add all accuracies and divide by their number.",
        ),
    ],
    praise="One seed is an anecdote. Mean and spread are the least one should report.",
)

why_seeds = Question(
    right="d",
    because={
        "a": "The same seed is not the same luck: with a changed training, weights and noise take "
        "another course. One run tells little, whatever its seed.",
        "b": "More seeds cost more time, and that is the price of knowing how large the luck is. "
        "With enough of them even a small improvement shows.",
        "c": "A difference below 1 % can be real: the mean of many seeds is known far better than "
        "one seed. You have not measured it yet.",
        "d": "The two networks differ by less than two seeds of one method do. Such a difference "
        "may come from luck alone.",
    },
    hint="Look at the band in the figure of section 4. How does 0.3 % compare with its width?",
)
