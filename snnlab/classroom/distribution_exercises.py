"""Exercises of notebook 02: residual potentials and the noise that matches them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from snnlab.classroom.checking import Exercise, Mistake, mean_and_variance, wrong_order
from snnlab.classroom.neuron_with_mistakes import (
    MISTAKES,
    early_or_late,
    neuron_mistakes,
    run_neuron,
)
from snnlab.classroom.questions import Question


def _residual(current: float, T: int, v_init: float, v_th: float) -> float:
    """What is left of v_init + T * current once all whole thresholds are taken away."""
    return (v_init + T * current) % v_th


def _last(current: float, T: int, v_init: float, v_th: float, mistake: str) -> float:
    """The last potential of a neuron that is run, with one of `MISTAKES`."""
    return float(run_neuron([current] * T, v_th, 1.0, v_init, mistake)[1][-1])


def _once(charge: float, v_th: float) -> float:
    return charge - v_th if charge >= v_th else charge


residual = Exercise(
    solution=_residual,
    calls=[
        (0.25, 3, 0.5, 1.0),  # 1.25: one spike
        (0.2, 4, 0.75, 1.0),  # v_init and the rest of T * current are more than v_th together
        (0.25, 2, 0.5, 1.0),  # meets the threshold exactly
        (0.23, 5, 0.1, 0.5),
        (0.3, 10, 0.55, 1.0),
        (0.17, 8, 0.55, 1.0),
        (0.7, 3, 0.25, 2.0),
        (0.05, 4, 0.1, 1.0),
        (1.23, 7, 0.31, 1.5),
    ],
    mistakes=[
        Mistake(
            lambda current, T, v_init, v_th: (T * current) % v_th,
            *MISTAKES["from rest"],
        ),
        Mistake(
            lambda current, T, v_init, v_th: v_init + T * current % v_th,
            "Your remainder leaves v_init out, so your residual can exceed v_th. Python takes `%` "
            "before `+`.",
            "Put brackets round all the charge.",
        ),
        Mistake(
            lambda current, T, v_init, v_th: v_th - _residual(current, T, v_init, v_th),
            "That is what is missing to the next spike.",
            "Asked for is what is in the membrane.",
        ),
        *neuron_mistakes(_last, "strict", "to zero", "keeps h"),
        *early_or_late(lambda steps, current, T, *rest: _residual(current, steps, *rest)),
        Mistake(
            lambda current, T, v_init, v_th: _once(v_init + T * current, v_th),
            "You take one threshold away at most, after all the charge has come in.",
            "Each spike takes v_th. How often does v_th fit in?",
        ),
        Mistake(
            lambda current, T, v_init, v_th: (v_init * T + T * current) % v_th,
            "v_init comes in once, not at every timestep.",
            "Only the current comes T times.",
        ),
        Mistake(
            lambda current, T, v_init, v_th: math.remainder(v_init + T * current, v_th),
            "You round to the nearest number of spikes, so your residual can be negative.",
            "A neuron fires only where v_th is reached: round down, or use `%`.",
        ),
        Mistake(
            lambda current, T, v_init, v_th: (v_init + T * current) % 1,
            "You take whole numbers away; that is right only where v_th is 1.",
            "Each spike takes v_th.",
        ),
        Mistake(
            lambda current, T, v_init, v_th: v_init + T * current,
            "That is all the charge that came in. The spikes have carried some of it away.",
            "How many whole thresholds are in it? Take them away.",
        ),
        Mistake(
            lambda current, T, v_init, v_th: (v_init + T * current) // v_th,
            "That is the number of spikes. Asked for is what they leave behind.",
            "`a // b` says how often b fits in a, `a % b` what is left over.",
        ),
        Mistake(
            lambda current, T, v_init, v_th: (v_init + current) % v_th,
            "That is the residual after a single timestep.",
            "The current comes T times.",
        ),
        Mistake(
            lambda current, T, v_init, v_th: ((v_init + T * current) % v_th) / v_th,
            "You give the residual in units of v_th. Asked for is the potential itself.",
            "Do not divide by v_th.",
        ),
    ],
    praise="The residual is a remainder, so it always lies in [0, v_th).",
)


def _matched(v_th: float) -> tuple[float, float]:
    """Mean and standard deviation of the residual."""
    return v_th / 2, v_th / math.sqrt(12)


matched_noise = Exercise(
    solution=_matched,
    calls=[(1.0,), (2.0,), (0.6,)],
    mistakes=[
        mean_and_variance(_matched),
        Mistake(
            lambda v_th: (0.0, v_th / math.sqrt(12)),
            "Your noise has mean 0. The residual is never below 0, so its mean is not 0.",
            "The mean of an even spread lies in its middle.",
        ),
        Mistake(
            lambda v_th: (v_th / 2, v_th / 2),
            "That is the largest distance from the mean. The standard deviation is smaller.",
            "Integrate (v - v_th / 2)^2 over the interval, divide by its length, take the root.",
        ),
        Mistake(
            lambda v_th: (v_th / 2, v_th / 12),
            "You have divided by 12 without the root.",
            "The variance is v_th^2 / 12. What is its square root?",
        ),
        Mistake(
            lambda v_th: (v_th / 2, v_th / 24),
            "Python takes `**` before `/`: `12**1/2` is 12 divided by 2, no root.",
            "Write `12 ** 0.5`, or `math.sqrt(12)`.",
        ),
        Mistake(
            lambda v_th: (v_th / 2, math.sqrt(v_th / 12)),
            "You take the root of v_th too. The variance is v_th^2 / 12.",
            "The root of v_th^2 is v_th itself.",
        ),
        Mistake(
            lambda v_th: (v_th / 2, v_th / math.sqrt(3)),
            "That is the root of the mean square: the distance from 0, not from the mean.",
            "Take the mean away first: the variance is the mean of (v - mu)^2.",
        ),
        Mistake(
            lambda v_th: (v_th / 2, v_th / 4),
            "That is the mean distance from the mean. The standard deviation squares first.",
            "Integrate (v - v_th / 2)^2, not |v - v_th / 2|.",
        ),
        Mistake(
            lambda v_th: (v_th, v_th / math.sqrt(12)),
            "Your mean lies at the threshold, where the interval ends.",
            "The mean of an even spread lies half-way.",
        ),
        Mistake(
            lambda v_th: (v_th / 2, math.sqrt(12) / v_th),
            "Your fraction is upside down.",
            "A larger threshold makes a larger spread.",
        ),
        Mistake(
            lambda v_th: (v_th / 2, math.sqrt(12) * v_th),
            "You multiply by the root of 12.",
            "The variance is v_th^2 divided by 12.",
        ),
        Mistake(
            lambda v_th: (0.5, 1 / math.sqrt(12)),
            "These numbers are right for v_th = 1 only.",
            "A threshold twice as high spreads the residual twice as far.",
        ),
        wrong_order(_matched, "First mu, the mean, then sigma, the standard deviation."),
    ],
    praise="These two numbers are all that the training has to know about many timesteps.",
)


def _active(spikes: Tensor) -> Tensor:
    count = spikes.sum(0)
    return (count > 0) & (count < len(spikes))


_PATTERN = torch.tensor(
    [[0, 1, 0, 1, 0], [0, 1, 1, 0, 0], [0, 1, 0, 1, 1], [0, 1, 0, 1, 0]], dtype=torch.float32
)  # silent, saturated, active, active, active

_TALL = torch.tensor([[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0.0]])  # T > N

active_neurons = Exercise(
    solution=_active,
    calls=[(_PATTERN[:3, [1, 3, 0, 2]],), (_PATTERN,), (_TALL,)],
    mistakes=[
        Mistake(
            lambda spikes: spikes.sum(0) > 0,
            "You keep the saturated neurons, which fire at every timestep.",
            "An active neuron fires at some timesteps, but not at all of them.",
        ),
        Mistake(
            lambda spikes: spikes.sum(0) < len(spikes),
            "You keep the silent neurons, which never fire.",
            "An active neuron fires at least once.",
        ),
        Mistake(
            lambda spikes: (spikes.sum(0) > 0) | (spikes.sum(0) < len(spikes)),
            "You join the two conditions with `or`: every neuron fulfils one of them.",
            "Both must hold: `&`, with brackets round each.",
        ),
        Mistake(
            lambda spikes: (spikes.sum(0) > 0) & (spikes.sum(0) < spikes.shape[1]),
            "You compare with the number of neurons, not of timesteps.",
            "The spikes have the shape (T, N): T is `len(spikes)`.",
        ),
        Mistake(
            lambda spikes: (spikes.sum(0) > 1) & (spikes.sum(0) < len(spikes)),
            "You leave out neurons that fire just once.",
            "One spike is enough: `> 0`.",
        ),
        Mistake(
            lambda spikes: (spikes.sum(0) > 0) & (spikes.sum(0) < len(spikes) - 1),
            "You leave out neurons that are silent just once.",
            "Fewer than T spikes: `< len(spikes)`.",
        ),
        Mistake(
            lambda spikes: spikes.mean(0),
            "You return the rate of each neuron. Asked for is whether it is active.",
            "Compare the rate with 0 and with 1.",
        ),
        Mistake(
            lambda spikes: _active(spikes).nonzero()[:, 0],
            "You return which neurons are active, by their numbers. Asked for is true or false for "
            "each neuron.",
            "Return the condition itself.",
        ),
        Mistake(
            lambda spikes: _active(spikes).sum(),
            "You return how many neurons are active. Asked for is true or false for each.",
            "Return the condition itself.",
        ),
        Mistake(
            lambda spikes: ~_active(spikes),
            "You have marked exactly the neurons that are not active.",
            "Turn the result round.",
        ),
        Mistake(
            lambda spikes: spikes.sum(0),
            "You return how often each neuron fires. Asked for is whether it is active.",
            "Compare the count with 0 and with T.",
        ),
        Mistake(
            lambda spikes: (spikes.sum(1) > 0) & (spikes.sum(1) < spikes.shape[1]),
            "You count over the neurons: one result for each timestep.",
            "The spikes have the shape (T, N). Count over time, dimension 0.",
        ),
    ],
    praise="Only these neurons have a residual that decides something.",
)

why_silent_neurons_are_left_out = Question(
    right="b",
    because={
        "a": "They do have a potential, and it changes at each timestep. Look where it goes.",
        "b": "A negative current pulls the potential lower and lower. It depends on how long the "
        "neuron has run, and it decides next to nothing: with noise or without, nearly all silent "
        "neurons stay silent.",
        "c": "They are not few: in trained networks often half of the neurons are silent.",
        "d": "A residual in [0, v_th) needs spikes that keep it there. A neuron that never "
        "fires has none, and most of them drift out of the interval.",
    },
    hint="Follow v[t] for a current of -0.1 over ten timesteps.",
)
