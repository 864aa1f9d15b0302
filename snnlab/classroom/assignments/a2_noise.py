"""Assignment 2: the firing probability, its gradient, and the residual behind the noise."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit, ndtr

from snnlab.classroom import gradient_exercises
from snnlab.classroom.assignments.noise_samples import NoiseExercise, with_hidden_seeds
from snnlab.classroom.assignments.task import Draw, Task, code_task
from snnlab.classroom.checking import Exercise, Mistake, mean_and_variance
from snnlab.classroom.gradient_exercises import distance, probability, slope
from snnlab.classroom.neuron_with_mistakes import Floats, neuron_mistakes, run_neuron

_CURRENTS = np.array([-0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5])
_NOISE_CALLS = [
    (_CURRENTS, 0.5, 0.2887, 1.0),
    (_CURRENTS, 0.0, 0.4, 1.0),
    (2 * _CURRENTS, 0.5, 0.3, 2.0),
    (np.array([[0.2, 0.6, 1.0], [0.4, 0.8, 9.0]]), 0.25, 0.5, 1.5),
]


def _noise_case(
    rng: np.random.Generator,
    *,
    shape: tuple[int, ...] = (6,),
    mu: tuple[float, float] = (0.1, 1),
    sigma: tuple[float, float] = (0.15, 0.8),
    z: tuple[float, float] = (0, 3),
) -> tuple[Floats, float, float, float]:
    """Currents, mean, deviation and threshold.

    `z` bounds how far the mean potential lies from the threshold, in standard deviations.
    """
    m, s, v_th = rng.uniform([mu[0], sigma[0], 0.5], [mu[1], sigma[1], 2]).tolist()
    distances = rng.choice([-1, 1], shape) * rng.uniform(*z, shape)
    return (1 - m + s * distances) * v_th, m, s, v_th


_NOISE_KINDS: dict[str, Draw] = {
    "ordinary currents": _noise_case,
    "a two-dimensional array of currents": lambda rng: _noise_case(rng, shape=(3, 4)),
    "a single current": lambda rng: _noise_case(rng, shape=(1,)),
    "very little noise": lambda rng: _noise_case(rng, sigma=(0.03, 0.06)),
    "very much noise": lambda rng: _noise_case(rng, sigma=(2, 4)),
    "noise of mean 0": lambda rng: _noise_case(rng, mu=(0, 0)),
    "currents at which it always or never fires": lambda rng: _noise_case(rng, z=(5, 9)),
}


_probability_exercise = Exercise(
    solution=lambda current, mu, sigma, v_th: probability(current, mu, sigma, v_th),
    calls=_NOISE_CALLS,
    mistakes=[
        *gradient_exercises.firing_probability.mistakes,
        Mistake(
            lambda current, mu, sigma, v_th: probability(current, mu, sigma),
            "You take v_th for 1.",
            "mu and sigma are in units of v_th: the mean is mu * v_th.",
        ),
        Mistake(
            lambda current, mu, sigma, v_th: ndtr((current + mu - v_th) / sigma),
            "You take mu and sigma for potentials.",
            "They are in units of v_th: multiply both by v_th.",
        ),
    ],
    praise="A steep sigmoid for little noise, a flat one for much.",
)
firing_probability = code_task("firing_probability", 4, _probability_exercise, _NOISE_KINDS)

_gradient_exercise = Exercise(
    solution=lambda current, mu, sigma, v_th: slope(current, mu, sigma, v_th),
    calls=_NOISE_CALLS,
    mistakes=[
        *gradient_exercises.surrogate_slope.mistakes,
        Mistake(
            lambda current, mu, sigma, v_th: slope(current, mu, sigma, v_th) * v_th,
            "You divide by sigma only. sigma is in units of v_th.",
            "Divide by sigma * v_th.",
        ),
        Mistake(
            lambda *noise: expit(distance(*noise)) * expit(-distance(*noise)),
            "That is the slope of a logistic function, a generic surrogate.",
            "Asked for is the exact slope: the normal density over sigma * v_th.",
        ),
    ],
    praise="This density is the surrogate gradient. Nothing about it is made up.",
)
gradient = code_task("gradient", 4, _gradient_exercise, _NOISE_KINDS)


def _residual_moments(
    currents: Any,
    T: int,
    v_init: float,
    mistake: str = "",
    *,
    fewest: int = 1,
    spare: int = 1,
    chosen: slice = slice(None),
    early: bool = False,
    ddof: int = 0,
) -> tuple[float, float]:
    """Mean and deviation of v[1] to v[T] of the active neurons, or with a mistake.

    Active are neurons with at least `fewest` and at most T - `spare` spikes. `chosen` selects
    timesteps. `early` takes v[0] to v[T - 1] instead. For `mistake` see `run_neuron`.
    """
    every_step = np.tile(np.asarray(currents, float), (T, 1))  # (T, B)
    spikes, v = run_neuron(every_step, 1.0, 1.0, v_init, mistake)
    count = spikes.sum(0)  # (B,)
    residuals = v[:, (count >= fewest) & (count <= T - spare)]  # (T, active neurons)
    if early:
        residuals = np.concatenate([np.full_like(residuals[:1], v_init), residuals[:-1]])
    residuals = residuals[chosen]
    return float(residuals.mean()), float(residuals.std(ddof=ddof))


Residuals = tuple[Floats, int, float]


def _residual_case(
    rng: np.random.Generator,
    *,
    neurons: int = 20,
    T: tuple[int, int] = (10, 24),
    low: float = -0.5,
    high: float = 1.5,
    grain: int = 256,
    v_init: tuple[float, float] = (0.25, 0.75),
) -> Residuals:
    """Currents, also of silent and saturated neurons, on a grid: sums are exact in float32."""
    while True:
        currents = rng.integers(round(low * grain), round(high * grain) + 1, neurons) / grain
        timesteps, first = int(rng.integers(*T)), round(rng.uniform(*v_init) * 64) / 64
        count = run_neuron(np.tile(currents, (timesteps, 1)), 1.0, 1.0, first)[0].sum(0)
        if ((count > 0) & (count < timesteps)).sum() > 2:
            return currents, timesteps, first


_residual_exercise = Exercise(
    solution=_residual_moments,
    calls=[
        *(_residual_case(np.random.default_rng(seed)) for seed in (1, 2)),
        (np.array([-0.25, 0.25, 0.5, 0.75, 1.0, 1.25]), 4, 0.5),  # potentials meet the threshold
        (np.array([-0.1, 0.3, 0.7, 1.2]), 3, 0.4),
    ],
    mistakes=[
        Mistake(
            partial(_residual_moments, fewest=0, spare=0),
            "You count all neurons. Silent and saturated ones drift away; they carry no residual.",
            "Keep the neurons with more than 0 and fewer than T spikes.",
        ),
        Mistake(
            partial(_residual_moments, spare=0),
            "You leave out the silent neurons, but keep those that fire at each timestep.",
            "A neuron with T spikes is not active either.",
        ),
        Mistake(
            partial(_residual_moments, fewest=0),
            "You leave out the saturated neurons, but keep the silent ones.",
            "A neuron without a spike is not active either.",
        ),
        *neuron_mistakes(_residual_moments, "to zero", "keeps h", "strict", "from rest"),
        Mistake(
            partial(_residual_moments, chosen=slice(-1, None)),
            "You keep the last timestep only.",
            "The residuals of all timesteps count: v[1] to v[T].",
        ),
        Mistake(
            partial(_residual_moments, early=True),
            "You keep v[0] to v[T - 1], the potentials before each timestep.",
            "v[0] is the start. Keep v after the reset: v[1] to v[T].",
        ),
        Mistake(
            partial(_residual_moments, ddof=1),
            "Your deviation divides by n - 1. Asked for is np.std as it is.",
            "np.std(...), without ddof.",
        ),
        mean_and_variance(_residual_moments),
    ],
    praise="Mean v_th / 2, deviation v_th / sqrt(12), nearly: spread evenly over [0, v_th).",
)
residual_moments = code_task(
    "residual_moments",
    4,
    _residual_exercise,
    {
        "ordinary currents": lambda rng: _residual_case(rng, neurons=60),
        "few timesteps": lambda rng: _residual_case(rng, T=(2, 5)),
        "few neurons": lambda rng: _residual_case(rng, neurons=5, low=0),
        "mostly silent neurons": lambda rng: _residual_case(rng, low=-1.5, high=0.5),
        "mostly saturated neurons": lambda rng: _residual_case(rng, low=0.5, high=2.5),
        "potentials exactly at the threshold": lambda rng: _residual_case(rng, grain=4),
        "a start at rest": lambda rng: _residual_case(rng, v_init=(0, 0)),
    },
    each=2,
)

_noise_exercise = NoiseExercise([(4000, 1), (4000, 2), (4000, 3), (4000, 1)])
draw_noise = Task(
    "draw_noise", 4, _noise_exercise, lambda rng: with_hidden_seeds(_noise_exercise, rng)
)

TASKS = (firing_probability, gradient, residual_moments, draw_noise)
