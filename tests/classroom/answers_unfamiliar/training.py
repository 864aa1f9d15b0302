"""Answers to the exercises of notebook 04 in unfamiliar styles."""

import math
import statistics
from functools import reduce

import numpy as np
import pandas
import torch


def noisy_in_place(current, noise, v_th):
    noise.mul_(v_th).add_(current)
    return noise.ge_(v_th)


def nested(current, noise, v_th):
    if current.ndim == 0:
        return float(noise.item() * v_th + current.item() >= v_th)
    return [nested(c, n, v_th) for c, n in zip(current, noise, strict=True)]


def welford(accuracies):
    mean = squares = 0.0
    for n, a in enumerate(accuracies, 1):
        off = a - mean
        mean += off / n
        squares += off * (a - mean)
    return mean, math.sqrt(squares / (n - 1))


def empties_its_list(accuracies):
    seen = []
    while accuracies:
        seen.append(accuracies.pop())
    return statistics.mean(seen), statistics.stdev(seen)


RIGHT = {
    "noisy_spikes": [
        noisy_in_place,
        nested,
        lambda current, noise, v_th: np.heaviside((noise * v_th + current - v_th).numpy(), 1.0),
        lambda current, noise, v_th: torch.where(
            torch.stack([noise * v_th, current]).sum(0) < v_th, 0, 1
        ),
    ],
    "mean_and_spread": [
        welford,
        empties_its_list,
        lambda a: torch.std_mean(torch.tensor(a, dtype=torch.float64))[::-1],
        lambda a: pandas.Series(a).agg(["mean", "std"]),
        lambda a: (
            m := reduce(lambda x, y: x + y, a) / len(a),
            np.linalg.norm(np.array(a) - m) / math.sqrt(len(a) - 1),
        ),
    ],
}
WRONG = {
    "noisy_spikes": [
        (
            lambda c, n, v_th: (torch.randn(c.shape) * v_th + c >= v_th).float(),
            "Your function returns something else when it is called",
        ),
        (
            lambda c, n, v_th: (c - n * v_th >= v_th).float(),
            "The sign of your noise is turned round: it is taken",
        ),
        (
            lambda c, n, v_th: (c + n / v_th >= v_th).float(),
            "You divide the noise by v_th. It is in units of v_th,",
        ),
        (
            lambda c, n, v_th: (c + n * v_th >= 1).float(),
            "You compare with 1; that is right only where v_th is 1.",
        ),
        (
            lambda c, n, v_th: torch.floor((c + n * v_th) / v_th),
            "You count how often v_th fits into h. A neuron fires",
        ),
        (
            lambda c, n, v_th: ((c + n) * v_th >= v_th).float(),
            "You multiply the current by v_th too. It is in the unit",
        ),
        (
            lambda c, n, v_th: (c + n * v_th).sign(),
            "your function returns [1., 1., 1.]; it should return",
        ),
        (
            lambda c, n, v_th: (c + n * v_th >= v_th).float().mean(),
            "Your result is one number; it should have the shape",
        ),
        (lambda c, n, v_th: (c * n >= v_th).float(), "You return 0 in every case that was tried."),
        (
            lambda c, n, v_th: (c + n.std() * v_th >= v_th).float(),
            "your function returns [1., 1., 1.]; it should return",
        ),
        (
            lambda c, n, v_th: 1 if c + n * v_th >= v_th else 0,
            "RuntimeError: Boolean value of Tensor with more than",
        ),
    ],
    "mean_and_spread": [
        (
            lambda a: (statistics.stdev(a), statistics.mean(a)),
            "The two results are in the wrong order.",
        ),
        (
            lambda a: f"{statistics.mean(a):.2f} +- {statistics.stdev(a):.2f}",
            "Your function returns text ('97.25 +- 0.75'); it should",
        ),
        (
            lambda a: (statistics.mean(a), sum(abs(x - statistics.mean(a)) for x in a) / len(a)),
            "Your second number is the mean distance from the mean.",
        ),
        (lambda a: (sum(a), statistics.stdev(a)), "Your first number is the sum."),
        (
            lambda a: (sum(a) / (len(a) - 1), statistics.stdev(a)),
            "You divide by n - 1 in the mean too. That belongs to",
        ),
        (
            lambda a: (statistics.mean(a), np.std(a, ddof=1) ** 0.5),
            "Your second value is not right yet, the other one is.",
        ),
        (
            lambda a: (round(statistics.mean(a)), round(statistics.stdev(a))),
            "You round your result to whole numbers.",
        ),
        (
            lambda a: (statistics.mean(a), sum(x - statistics.mean(a) for x in a)),
            "your function returns (97.25, 0); it should return",
        ),
        (
            lambda a: (
                statistics.mean(a),
                math.sqrt(sum((x - statistics.mean(a)) ** 2 for x in a)) / (len(a) - 1),
            ),
            "You take the root first and divide by n - 1 afterwards.",
        ),
        (
            lambda a: (statistics.mean(a) / 100, statistics.stdev(a) / 100),
            "Each of your numbers is 0.01 times the right one.",
        ),
    ],
}
