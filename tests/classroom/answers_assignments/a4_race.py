"""Answers to the tasks of assignment 4; see `a1_neuron`."""

import math
import statistics
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas
import torch
from scipy import stats

Energy = namedtuple("Energy", "spiking ordinary")


def plan_by_counting(budget, costs, seeds):
    epochs = []
    for cost in costs:
        share, count = Fraction(budget) / len(costs) / seeds, 0
        while share >= (count + 1) * Fraction(cost):
            count += 1
        epochs.append(count)
    return epochs


def paired_in_torch(one, other, t):
    d = torch.tensor(one) - torch.tensor(other)
    return d.mean(), t * d.std() / len(d) ** 0.5


def paired_by_hand(one, other, t):
    d = [a - b for a, b in zip(one, other, strict=True)]
    mean = sum(d) / len(d)
    variance = sum((x - mean) ** 2 for x in d) / (len(d) - 1)
    return mean, t * math.sqrt(variance / len(d))


def paired_in_place(one, other, t):
    one -= other
    return [one.mean()], [t * one.std(ddof=1) / math.sqrt(one.size)]


def energy_in_decimal(first, operations, ann, mac_pj, ac_pj):
    mac, ac = Decimal(mac_pj), Decimal(ac_pj)
    return (mac * first + ac * operations) / 1000, mac * ann / 1000


RIGHT = {
    "plan": [
        lambda budget, costs, seeds: [int(budget / (len(costs) * seeds * c)) for c in costs],
        lambda budget, costs, seeds: budget / costs.size / seeds // costs,
        lambda budget, costs, seeds: torch.floor(torch.tensor(budget / len(costs) / seeds / costs)),
        lambda budget, costs, seeds: (budget / len(costs) / seeds / costs).astype(int),
        lambda budget, costs, seeds: (
            pandas.Series(costs).rdiv(budget / seeds / len(costs)).map(math.floor)
        ),
        lambda budget, costs, seeds: (math.trunc(budget / len(costs) / seeds / c) for c in costs),
        plan_by_counting,
    ],
    "paired_difference": [
        lambda one, other, t: (
            np.mean(one) - np.mean(other),
            t * np.sqrt(np.cov(one - other) / len(one)),
        ),
        lambda one, other, t: ((one - other).mean(), t * stats.sem(one - other)),
        lambda one, other, t: (
            statistics.fmean(one - other),
            t * statistics.stdev(one - other) / len(one) ** 0.5,
        ),
        lambda one, other, t: (
            pandas.Series(one - other).mean(),
            t * pandas.Series(one - other).sem(),
        ),
        paired_in_torch,
        paired_by_hand,
        paired_in_place,
    ],
    "energy": [
        lambda first, operations, ann, mac_pj, ac_pj: (
            np.array([first * mac_pj + operations * ac_pj, ann * mac_pj]) * 1e-3
        ),
        energy_in_decimal,
        lambda first, operations, ann, mac_pj, ac_pj: Energy(
            (mac_pj * first + ac_pj * operations) / 1e3, mac_pj * ann / 1e3
        ),
        lambda first, operations, ann, mac_pj, ac_pj: (
            torch.tensor([[first, operations], [ann, 0]], dtype=torch.float32)
            @ torch.tensor([mac_pj, ac_pj])
            / 1000
        ),
        lambda *counts: {
            "spiking": (counts[3] * counts[0] + counts[4] * counts[1]) / 1000,
            "ordinary": counts[3] * counts[2] / 1000,
        }.values(),
    ],
}
WRONG = {
    "plan": [
        (lambda budget, costs, seeds: np.floor(budget / seeds / costs), "whole budget"),
        (lambda budget, costs, seeds: np.round(budget / len(costs) / seeds / costs), "nearest"),
        (
            lambda budget, costs, seeds: np.ceil(budget / len(costs) / seeds / costs) - 1,
            "should return",
        ),
        (
            lambda budget, costs, seeds: np.maximum(budget / len(costs) / seeds // costs, 1),
            "4 of 5 cases",
        ),
        (lambda budget, costs, seeds: budget // (len(costs) * seeds) // costs, "round down before"),
        (
            lambda budget, costs, seeds: np.floor(budget / seeds / costs.sum()),
            "Your result is one number; it should have the shape (2,).",
        ),
    ],
    "paired_difference": [
        (lambda one, other, t: (abs((one - other).mean()), t * stats.sem(one - other)), "return"),
        (lambda one, other, t: ((one - other).mean(), t * stats.sem(one - other, ddof=0)), "n"),
        (lambda one, other, t: ((one - other).mean(), stats.sem(one - other)), "factor t"),
        (
            lambda one, other, t: ((one - other).mean(), t * (one - other).std(ddof=1)),
            "single runs",
        ),
        (lambda one, other, t: ((other - one).mean(), t * stats.sem(one - other)), "wrong sign"),
        (lambda one, other, t: (np.median(one - other), t * stats.sem(one - other)), "return"),
        (lambda one, other, t: (one - other).mean() + t * stats.sem(one - other), "one value"),
    ],
    "energy": [
        (lambda f, o, a, mac, ac: ((mac * f + ac * o) / 1000, ac * a / 1000), "additions only"),
        (lambda f, o, a, mac, ac: (mac * f + ac * o, mac * a), "picojoules"),
        (lambda f, o, a, mac, ac: (mac * a / 1000, (mac * f + ac * o) / 1000), "wrong order"),
        (
            lambda f, o, a, mac, ac: ((mac * f + ac * o) // 1000, mac * a // 1000),
            "You round your result down to whole numbers.",
        ),
        (lambda f, o, a, mac, ac: ((ac * f + mac * o) / 1000, ac * a / 1000), "should return"),
        (
            lambda f, o, a, mac, ac: print((mac * f + ac * o) / 1000, mac * a / 1000),  # noqa: T201
            "prints, but",
        ),
    ],
}
NEARLY = {
    "plan": [
        (
            lambda budget, costs, seeds: np.minimum(budget / len(costs) / seeds // costs, 200),
            "",
        ),
        (
            lambda budget, costs, seeds: budget / max(len(costs), 2) / seeds // costs,
            "a single road",
        ),
    ],
    "paired_difference": [
        (lambda one, other, t: paired_by_hand((one - other).round(2), 0 * one, t), ""),
        (
            lambda one, other, t: (
                (one - other).mean(),
                {3: 4.303, 5: 2.776, 2: 12.706}.get(len(one), 1.96) * stats.sem(one - other),
            ),
            "seeds",
        ),
    ],
    "energy": [
        (
            lambda f, o, a, mac, ac: ((mac * f + min(ac, mac) * o) / 1000, mac * a / 1000),
            "an addition dearer",
        ),
        (
            lambda f, o, a, mac, ac: ((mac * (f or 1000) + ac * o) / 1000, mac * a / 1000),
            "nothing in the first layer",
        ),
    ],
}
