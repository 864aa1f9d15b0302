"""Assignment 4: three roads to a spiking network under one compute budget."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnlab.classroom import cost_exercises
from snnlab.classroom.assignments.task import code_task
from snnlab.classroom.checking import Exercise, Mistake, wrong_order

Floats = NDArray[np.float64]


def _epochs(budget: float, costs: Any, seeds: int) -> Floats:
    """Whole epochs per road and seed, every road with the same share of the seconds."""
    return np.asarray(np.floor(budget / len(costs) / seeds / np.asarray(costs, float)))


def _plan_case(
    rng: np.random.Generator,
    *,
    roads: tuple[int, int] = (3, 5),
    seeds: tuple[int, int] = (2, 6),
    cost: tuple[float, float] = (0.1, 4.0),
) -> tuple[float, Floats, int]:
    """A budget whose shares are far from whole numbers of epochs: rounding errors do not matter."""
    while True:
        budget, runs = float(rng.integers(100, 400)), int(rng.integers(*seeds))
        costs: Floats = rng.uniform(*cost, int(rng.integers(*roads)))
        share = budget / len(costs) / runs / costs
        if np.abs(share - np.round(share)).min() > 0.01:
            return budget, costs, runs


def _whole_case(rng: np.random.Generator) -> tuple[float, Floats, int]:
    """Shares of whole epochs, with powers of two, so that divisions are exact in any order."""
    costs: Floats = np.exp2(rng.integers(-3, 3, 4))
    return float(64 * rng.integers(2, 12)), costs, int(rng.choice([1, 2, 4]))


_plan_exercise = Exercise(
    solution=_epochs,
    calls=[
        (300.0, np.array([0.7, 2.6, 0.45]), 3),
        (120.0, np.array([0.7, 2.6, 0.45]), 5),
        (250.0, np.array([1.1, 3.7, 0.9, 0.6]), 2),
        (64.0, np.array([0.5, 4.0]), 2),  # shares of whole epochs
        (10.0, np.array([0.3, 6.0]), 1),  # one road can have no epoch at all
    ],
    mistakes=[
        Mistake(
            lambda budget, costs, seeds: np.floor(budget / seeds / costs),
            "You give each road the whole budget.",
            "Divide by the number of roads first.",
        ),
        Mistake(
            lambda budget, costs, seeds: np.floor(budget / len(costs) / costs),
            "You plan a single run for each road.",
            "Each road is run with several seeds: divide by their number.",
        ),
        Mistake(
            lambda budget, costs, seeds: budget // len(costs) // seeds // np.asarray(costs),
            "You round down before the end: a part of the share is lost.",
            "Divide all the way, then round down once.",
        ),
        Mistake(
            lambda budget, costs, seeds: np.round(budget / len(costs) / seeds / costs),
            "You round to the nearest number. A road that rounds up exceeds its share.",
            "Round down.",
        ),
        Mistake(
            lambda budget, costs, seeds: np.ceil(budget / len(costs) / seeds / costs),
            "You round up: every road exceeds its share.",
            "Round down.",
        ),
        Mistake(
            lambda budget, costs, seeds: budget / len(costs) / seeds / np.asarray(costs),
            "There are no parts of epochs.",
            "Round down to whole epochs.",
        ),
        Mistake(
            lambda budget, costs, seeds: _epochs(budget, [np.mean(costs)] * len(costs), seeds),
            "You give each road the same number of epochs. The slow road then takes most of the "
            "time.",
            "Equal seconds for each road, not equal epochs.",
        ),
        Mistake(
            lambda budget, costs, seeds: _epochs(budget, [np.max(costs)] * len(costs), seeds),
            "You let the slowest road decide for all.",
            "Compute the epochs of each road from its own seconds per epoch.",
        ),
    ],
    praise="Equal seconds, equal seeds, whole epochs: a fair race.",
)
plan = code_task(
    "plan",
    4,
    _plan_exercise,
    {
        "several roads and seeds": _plan_case,
        "a single seed": lambda rng: _plan_case(rng, seeds=(1, 2)),
        "a single road": lambda rng: _plan_case(rng, roads=(1, 2)),
        "a share that is a whole number of epochs": _whole_case,
        "a road that is too slow for one epoch": lambda rng: _plan_case(rng, cost=(20, 90)),
        "a very fast road": lambda rng: _plan_case(rng, cost=(0.01, 0.05)),
    },
)


def _difference(one: Any, other: Any, t: float) -> tuple[float, float]:
    """Mean of the paired differences and half the width of its interval."""
    d = np.asarray(one, float) - np.asarray(other, float)
    return float(d.mean()), float(t * d.std(ddof=1) / math.sqrt(len(d)))


def _unpaired(one: Any, other: Any, t: float) -> tuple[float, float]:
    variance = np.var(one, ddof=1) / len(one) + np.var(other, ddof=1) / len(other)
    return _difference(one, other, t)[0], float(t * math.sqrt(variance))


def _seeds_case(
    rng: np.random.Generator,
    *,
    n: tuple[int, int] = (3, 9),
    gap: float = 1.0,
    noise: float = 0.2,
) -> tuple[Floats, Floats, float]:
    """Accuracies of two roads; each seed has the same effect on both."""
    seeds = int(rng.integers(*n))
    luck = rng.normal(0, 0.5, seeds)
    one = 96 + gap + luck + rng.normal(0, noise, seeds)
    return one, 96 + luck, float(rng.uniform(2.2, 4.5))


_difference_exercise = Exercise(
    solution=_difference,
    calls=[
        (np.array([98.1, 97.4, 98.4]), np.array([96.2, 95.9, 96.8]), 4.303),
        (np.array([95.0, 96.5, 94.5, 97.0, 95.5]), np.array([95.5, 96.0, 95.0, 96.0, 95.0]), 2.776),
        (np.array([91.5, 93.0]), np.array([94.0, 94.5]), 12.706),
    ],
    mistakes=[
        Mistake(
            _unpaired,
            "You treat the two roads as independent. They share their seeds.",
            "First subtract seed by seed, then take mean and deviation of the differences.",
        ),
        Mistake(
            lambda one, other, t: _difference(one, other, t * math.sqrt(1 - 1 / len(one))),
            "Your deviation divides by n. With the mean estimated from the same numbers it is "
            "n - 1.",
            "np.std(..., ddof=1).",
        ),
        Mistake(
            lambda one, other, t: _difference(one, other, t * math.sqrt(len(one))),
            "That is the spread of single runs. A mean of n runs is surer.",
            "Divide by the root of the number of seeds.",
        ),
        Mistake(
            lambda one, other, t: _difference(one, other, 1.0),
            "That is the standard error. The factor t of the 95 % interval is missing.",
            "Multiply by t.",
        ),
        Mistake(
            lambda one, other, t: _difference(other, one, t),
            "Your difference has the wrong sign.",
            "Positive means that the first road is better.",
        ),
        Mistake(
            lambda one, other, t: _difference(one, other, 2 * t),
            "You return the whole width of the interval. Asked for is half of it.",
            "The interval is mean - half to mean + half.",
        ),
        Mistake(
            lambda one, other, t: _difference(one, other, 1.96),
            "You use 1.96, which is right for many seeds only.",
            "With few seeds the factor is larger. Use the argument t.",
        ),
    ],
    praise="If the interval leaves out 0, the seeds alone hardly explain the difference.",
)
paired_difference = code_task(
    "paired_difference",
    4,
    _difference_exercise,
    {
        "several seeds": _seeds_case,
        "two seeds": lambda rng: _seeds_case(rng, n=(2, 3)),
        "a negative mean difference": lambda rng: _seeds_case(rng, gap=-2),
        "a mean difference near 0": lambda rng: _seeds_case(rng, gap=0),
        "the same difference in each seed": lambda rng: _seeds_case(rng, noise=0),
        "many seeds": lambda rng: _seeds_case(rng, n=(40, 60)),
        "seeds that scatter": lambda rng: _seeds_case(rng, noise=3),
    },
)


def _energies(
    first: float, operations: float, ann: float, mac_pj: float, ac_pj: float
) -> tuple[float, float]:
    """Energies of the spiking and of the ReLU network, in nanojoules."""
    spiking = cost_exercises.energy(first, operations, mac_pj, ac_pj)
    return spiking, cost_exercises.energy(ann, 0, mac_pj, ac_pj)


def _beside_relu(wrong: Mistake) -> Mistake:
    """A mistake in the energy of the spiking network only; that of the ReLU network is right."""

    def answer(
        first: float, operations: float, ann: float, mac: float, ac: float
    ) -> tuple[float, float]:
        return wrong.answer(first, operations, mac, ac), mac * ann / 1000

    return replace(wrong, answer=answer)


def _energy_case(
    rng: np.random.Generator,
    *,
    first: tuple[int, int] = (500, 50_000),
    operations: tuple[int, int] = (2000, 50_000),
    ann: tuple[int, int] = (9000, 50_000),
    mac_pj: tuple[float, float] = (2, 5),
    ac_pj: tuple[float, float] = (0.3, 1.5),
) -> tuple[int, int, int, float, float]:
    one, two, three = (int(rng.integers(*bounds)) for bounds in (first, operations, ann))
    return one, two, three, float(rng.uniform(*mac_pj)), float(rng.uniform(*ac_pj))


_energy_exercise = Exercise(
    solution=_energies,
    calls=[(4096, 20000, 12928, 4.6, 0.9), (1000, 5000, 3000, 3.0, 0.5), (2048, 0, 9000, 4.6, 0.9)],
    mistakes=[
        *map(_beside_relu, cost_exercises.MISTAKES_OF_COUNTING),
        Mistake(
            lambda *counts_and_prices: tuple(1000 * nj for nj in _energies(*counts_and_prices)),
            *cost_exercises.PICOJOULES,
        ),
        wrong_order(_energies, "First the spiking network, then the ReLU network."),
        Mistake(
            lambda first, additions, ann, mac, ac: _energies(
                first, additions, ann * ac / mac, mac, ac
            ),
            "You charge the ReLU network with additions only. Its activations are numbers.",
            "Its operations cost mac_pj.",
        ),
    ],
    praise="Now say what this leaves out: memory, neuron updates, the chip.",
)
energy = code_task(
    "energy",
    4,
    _energy_exercise,
    {
        "ordinary counts": _energy_case,
        "no spikes at all": lambda rng: _energy_case(rng, operations=(0, 1)),
        "nothing in the first layer": lambda rng: _energy_case(rng, first=(0, 1)),
        "more additions than multiplications": lambda rng: _energy_case(
            rng, operations=(200_000, 900_000)
        ),
        "large counts": lambda rng: _energy_case(
            rng, **dict.fromkeys(("first", "operations", "ann"), (10**8, 10**9))
        ),
        "an addition dearer than a multiplication": lambda rng: _energy_case(
            rng, mac_pj=(0.2, 0.5), ac_pj=(2, 5)
        ),
    },
)

TASKS = (plan, paired_difference, energy)
