"""Assignment 3: train with one timestep, run with many, and find the right sigma."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from snnlab.classroom.assignments.task import Draw, Task, code_task
from snnlab.classroom.assignments.trained_networks import TrainingExercise, with_hidden_runs
from snnlab.classroom.checking import Exercise, Mistake
from snnlab.classroom.gradient_exercises import probability
from snnlab.classroom.neuron_with_mistakes import Floats, neuron_mistakes, run_neuron


def _hidden(W1: Any, b1: Any, images: Any, T: int, mistake: str = "", v_init: Any = 0.5) -> Floats:
    """Spikes (T, B, H) of one hidden layer of IF neurons, v_th = 1."""
    currents = np.tile(images @ W1.T + b1, (T, 1, 1))  # (T, B, H)
    return run_neuron(currents, 1.0, 1.0, v_init, mistake)[0]


def _readout(
    W1: Any, b1: Any, W2: Any, b2: Any, images: Any, T: int, mistake: str = "", v_init: Any = 0.5
) -> Floats:
    """Mean readout (B, K) over T timesteps; for the mistakes see `run_neuron`."""
    return np.asarray(_hidden(W1, b1, images, T, mistake, v_init).mean(0) @ W2.T + b2)


Network = tuple[Floats, Floats, Floats, Floats, Floats, int]


def _network_case(
    rng: np.random.Generator,
    *,
    T: tuple[int, int] = (3, 12),
    images: int = 5,
    hidden: int = 8,
    scale: float = 1.0,
    shift: float = 0.0,
) -> Network:
    """Weights and images on grids, so that every sum is exact in any precision and order."""
    B, D, H, K = images, 6, hidden, 3
    W1, b1 = rng.integers(-8, 11, (H, D)) / 16, rng.integers(-4, 9, H) / 16
    W2, b2 = rng.integers(-16, 17, (K, H)) / 16, rng.integers(-16, 17, K) / 16
    pixels = rng.integers(0, 9, (B, D)) / 8
    return scale * W1, scale * b1 + shift, W2, b2, pixels, int(rng.integers(*T))


def _at_threshold(rng: np.random.Generator) -> Network:
    """Every current is 1/4: starting at 0.5, potentials often equal the threshold exactly."""
    W1, b1, W2, b2, images, T = _network_case(rng)
    return np.round(W1), np.round(4 * b1) / 4, W2, b2, np.round(4 * images) / 4, T


_run_many_exercise = Exercise(
    solution=_readout,
    calls=[
        *(_network_case(np.random.default_rng(seed)) for seed in (11, 12)),
        _at_threshold(np.random.default_rng(13)),
        _network_case(np.random.default_rng(14), scale=4.0),
    ],
    mistakes=[
        Mistake(
            partial(_readout, v_init=0.0),
            "Your neurons start from 0. The noise had the mean v_th / 2; so must v_init.",
            "Begin with v = 0.5 in every neuron.",
        ),
        *neuron_mistakes(_readout, "forgets", "to zero", "strict"),
        Mistake(
            lambda W1, b1, W2, b2, images, T: T * _readout(W1, b1, W2, b2, images, T),
            "You add the readout up. Asked for is its mean over the timesteps.",
            "Divide by T.",
        ),
        Mistake(
            lambda W1, b1, W2, b2, images, T: _hidden(W1, b1, images, T)[-1] @ W2.T + b2,
            "You keep the readout of the last timestep only.",
            "Add up over all timesteps, then divide by T.",
        ),
        Mistake(
            lambda W1, b1, W2, b2, images, T: _readout(W1, 0, W2, b2, images, T, v_init=0.5 + b1),
            "The bias b1 enters at the first timestep only.",
            "The current is the same at each timestep, bias included.",
        ),
        Mistake(
            lambda W1, b1, W2, b2, images, T: _readout(W1, b1, W2, 0, images, T),
            "The bias b2 of the readout is missing.",
            "Add b2 at each timestep, or once to the mean.",
        ),
        Mistake(
            lambda W1, b1, W2, b2, images, T: np.clip(images @ W1.T + b1, 0, 1) @ W2.T + b2,
            "You use the limit of many timesteps, clip(I, 0, 1). At this T rates are rounded.",
            "Run the neurons, timestep by timestep.",
        ),
    ],
    praise="The same weights, no noise, T timesteps: that is the whole conversion.",
)
run_many = code_task(
    "run_many",
    5,
    _run_many_exercise,
    {
        "an ordinary network": _network_case,
        "a single timestep": lambda rng: _network_case(rng, T=(1, 2)),
        "a single image": lambda rng: _network_case(rng, images=1),
        "a single hidden neuron": lambda rng: _network_case(rng, hidden=1),
        "currents worth several spikes": lambda rng: _network_case(rng, scale=4),
        "negative currents": lambda rng: _network_case(rng, shift=-2),
        "potentials exactly at the threshold": _at_threshold,
        "many timesteps": lambda rng: _network_case(rng, T=(40, 60)),
    },
    each=2,
)

train = Task(
    "train",
    5,
    TrainingExercise(),
    lambda rng: with_hidden_runs(int(rng.integers(1, 2**31))),
)


def _gaps(current: Any, sigma: float, mu: float = 0.5) -> Floats:
    """Firing probability of the noisy single step, minus the rate of many timesteps."""
    return np.asarray(probability(current, mu, sigma) - np.clip(current, 0, 1))


_gap_exercise = Exercise(
    solution=lambda current, sigma: float(np.abs(_gaps(current, sigma)).max()),
    calls=[
        (np.linspace(-1, 2, 301), 0.2887),
        (np.linspace(-1, 2, 301), 0.6),
        (np.linspace(0, 0.45, 46), 0.2),
        (np.array([0.8, 0.1]), 0.3),
    ],
    mistakes=[
        Mistake(
            lambda current, sigma: float(_gaps(current, sigma).max()),
            "You see only where the probability lies above the rate.",
            "Take the absolute value before the maximum.",
        ),
        Mistake(
            lambda current, sigma: float(np.abs(_gaps(current, sigma)).mean()),
            "That is the mean gap. Asked for is the largest one.",
            "Use the maximum.",
        ),
        Mistake(
            lambda current, sigma: np.abs(probability(current, 0.5, sigma) - current).max(),
            "You compare with the current itself. A rate ends at 0 and at 1.",
            "The rate is clip(I, 0, 1).",
        ),
        Mistake(
            lambda current, sigma: float(np.abs(_gaps(current, sigma, 0.0)).max()),
            "The mean of the noise is missing.",
            "p(I) = Phi((I + 0.5 - 1) / sigma) for v_th = 1.",
        ),
        Mistake(
            lambda current, sigma: float(np.abs(_gaps(current, sigma**2)).max()),
            "You divide by the variance.",
            "Phi takes a distance in standard deviations.",
        ),
        Mistake(
            lambda current, sigma: current[np.abs(_gaps(current, sigma)).argmax()],
            "That is the current with the largest gap. Asked for is the gap.",
            "Use max, not argmax.",
        ),
        Mistake(
            lambda current, sigma: float(np.abs(_gaps(current, sigma)).sum()),
            "You add the gaps up. Asked for is the largest one.",
            "Use the maximum.",
        ),
    ],
    praise="With sigma = 0.2887 the two never differ by more than 0.057.",
)


def _gap_case(
    rng: np.random.Generator,
    *,
    n: int = 40,
    low: float = -1.0,
    high: float = 2.0,
    sigma: tuple[float, float] = (0.1, 0.9),
) -> tuple[Floats, float]:
    return rng.uniform(low, high, n), float(rng.uniform(*sigma))


largest_gap = code_task(
    "largest_gap",
    3,
    _gap_exercise,
    {
        "currents in any order": lambda rng: _gap_case(rng),
        "a single current": lambda rng: _gap_case(rng, n=1),
        "currents below 0": lambda rng: _gap_case(rng, low=-1, high=0),
        "currents above 1": lambda rng: _gap_case(rng, low=1, high=2),
        "currents from 0 to 1": lambda rng: _gap_case(rng, low=0, high=1),
        "very little noise": lambda rng: _gap_case(rng, sigma=(0.02, 0.05)),
        "very much noise": lambda rng: _gap_case(rng, sigma=(1.5, 3)),
    },
)


LEAD = 0.05
"""Lead of the best mean, in percent, so that there are no ties and rounding does not matter."""


def _sigma_case(
    rng: np.random.Generator,
    *,
    rows: int = 6,
    seeds: int = 4,
    best: int | None = None,
    lucky: bool = False,
    tied: bool = False,
    in_order: bool = True,
) -> tuple[Floats, Floats]:
    """Sigmas and accuracies (S, R).

    Args:
        rng: random generator.
        rows: S.
        seeds: R.
        best: index of the row with the best mean; None: any.
        lucky: whether another row than the best has the single best run.
        tied: whether all rows have the same best run.
        in_order: whether the sigmas are in rising order.
    """
    while True:
        sigmas = rng.uniform(0.05, 1.2, rows)
        accuracy = np.round(
            rng.uniform(90, 98, rows)[:, None] + rng.normal(0, 0.7, (rows, seeds)), 2
        )
        if best is not None:
            accuracy[best] += 4
        if lucky:
            first = int(accuracy.mean(1).argmax())
            other = (first + 1 + int(rng.integers(rows - 1))) % rows
            accuracy[other] -= 3
            accuracy[other, 0] = 99.9
        if tied:
            accuracy[:, -1] = 99.5
        means = np.sort(accuracy.mean(1))
        if rows == 1 or means[-1] - means[-2] > LEAD:
            return np.sort(sigmas) if in_order else sigmas, accuracy


_SIGMAS = np.array([0.1, 0.2, 0.3, 0.6])
_sigma_exercise = Exercise(
    solution=lambda sigmas, accuracy: float(sigmas[accuracy.mean(1).argmax()]),
    calls=[
        (
            _SIGMAS,
            np.array([[91.0, 99.5, 90.0], [95.0, 95.5, 96.0], [96.5, 97.0, 96.0], [94, 93, 95.0]]),
        ),
        (_SIGMAS, np.array([[99.0, 94.5], [99.2, 90.0], [95.0, 96.0], [94.0, 93.0]])),
        (_SIGMAS[::-1], np.array([[90, 97, 97.0], [96, 96, 96], [99, 95.5, 95], [91, 91, 91]])),
    ],
    mistakes=[
        Mistake(
            lambda sigmas, accuracy: float(sigmas[accuracy.max(1).argmax()]),
            "You choose by the single best run. One lucky seed decides.",
            "Choose by the mean over the seeds.",
        ),
        Mistake(
            lambda sigmas, accuracy: float(accuracy.mean(1).argmax()),
            "That is the place in the list. Asked for is the sigma.",
            "sigmas[place].",
        ),
        Mistake(
            lambda sigmas, accuracy: float(accuracy.mean(1).max()),
            "That is the best accuracy. Asked for is the sigma that has it.",
            "Use argmax, then look the sigma up.",
        ),
        Mistake(
            lambda sigmas, accuracy: float(sigmas[accuracy.mean(1).argmin()]),
            "You choose the worst sigma.",
            "Use argmax.",
        ),
        Mistake(
            lambda sigmas, accuracy: float(sigmas[accuracy.mean(0).argmax()]),
            "You average over the sigmas. Each row is a sigma, each column a seed.",
            "mean(axis=1).",
        ),
        Mistake(
            lambda sigmas, accuracy: float(sigmas[np.median(accuracy, 1).argmax()]),
            "You choose by the median over the seeds.",
            "Asked for is the highest mean.",
        ),
        Mistake(
            lambda sigmas, accuracy: float(sigmas[accuracy[:, 0].argmax()]),
            "You look at the first seed only.",
            "Choose by the mean over the seeds.",
        ),
        Mistake(
            lambda sigmas, accuracy: float(sigmas[accuracy.min(1).argmax()]),
            "You choose by the worst run of each sigma.",
            "That is cautious, but asked for is the mean over the seeds.",
        ),
    ],
    praise="Chosen on validation images, it may be reported on test images, once.",
)
_SIGMA_KINDS: dict[str, Draw] = {
    "ordinary accuracies": _sigma_case,
    "a single seed": lambda rng: _sigma_case(rng, seeds=1),
    "a single sigma": lambda rng: _sigma_case(rng, rows=1),
    "as many seeds as sigmas": lambda rng: _sigma_case(rng, rows=5, seeds=5),
    "a lucky run of another sigma": lambda rng: _sigma_case(rng, lucky=True),
    "sigmas whose best runs are alike": lambda rng: _sigma_case(rng, tied=True),
    "sigmas in no order": lambda rng: _sigma_case(rng, in_order=False),
    "a best sigma that comes first": lambda rng: _sigma_case(rng, best=0),
    "a best sigma that comes last": lambda rng: _sigma_case(rng, best=-1),
}
best_sigma = code_task("best_sigma", 2, _sigma_exercise, _SIGMA_KINDS)

TASKS = (run_many, train, largest_gap, best_sigma)
