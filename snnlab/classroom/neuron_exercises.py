"""Exercises of notebook 01: charge, fire, reset, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Callable

from snnlab.classroom.checking import Exercise, Mistake, wrong_order
from snnlab.classroom.neuron_with_mistakes import (
    MISTAKES,
    charge,
    early_or_late,
    fire,
    neuron_mistakes,
    reset,
    run_neuron,
    step,
)
from snnlab.classroom.questions import Question


def _reset_first(v: float, current: float, v_th: float, beta: float) -> tuple[float, float]:
    _, after = step(v, current, v_th, beta)
    return fire(after, v_th), after


def _tested_before_charge(
    v: float, current: float, v_th: float, beta: float
) -> tuple[float, float]:
    spike = fire(v, v_th)
    return spike, reset(charge(v, current, beta), spike, v_th)


def _otherwise(results: Callable[..., tuple[float, float]]) -> Callable[..., tuple[float, float]]:
    """A step that returns other results, of `v, current, v_th, h, spike`."""

    def answer(v: float, current: float, v_th: float, beta: float) -> tuple[float, float]:
        h = charge(v, current, beta)
        return results(v, current, v_th, h, fire(h, v_th))

    return answer


one_step = Exercise(
    solution=step,
    calls=[
        (0.5, 0.75, 1.0, 1.0),  # above the threshold
        (0.25, 0.25, 1.0, 1.0),  # below
        (0.75, 0.5, 2.0, 1.0),  # above 1, below the threshold
        (0.25, 0.5, 0.5, 1.0),  # below 1, above the threshold
        (-1.5, 0.25, 1.0, 1.0),  # far below 0
        (-0.5, 0.25, 1.0, 0.5),  # a negative potential that leaks
        (0.5, 0.5, 1.0, 1.0),  # exactly at it
        (0.8, 0.5, 1.0, 0.5),  # with a leak, below
        (1.5, 0.7, 2.0, 1.0),  # another threshold
        (0.5, 2.0, 1.0, 1.0),  # more than twice the threshold
        (1.2, 0.2, 1.0, 0.5),  # above the threshold before the leak only
    ],
    mistakes=[
        Mistake(
            _reset_first,
            "Your reset happens before the threshold is tested, so hardly any neuron fires.",
            "Compute the spike from h first, then subtract v_th from h where there was one.",
        ),
        Mistake(
            _tested_before_charge,
            "You test the threshold on v, before the current is added.",
            "Charge first: h = beta * v + current. It is h that must reach v_th.",
        ),
        *neuron_mistakes(
            step,
            *("strict", "several spikes", "compares with one", "to zero", "keeps h", "no leak"),
            *("current leaks", "subtracts one", "never negative"),
        ),
        Mistake(
            _otherwise(lambda v, current, v_th, h, spike: (spike, h - v_th)),
            "You subtract v_th even when there was no spike.",
            "Multiply v_th by the spike, which is 0 or 1.",
        ),
        Mistake(
            _otherwise(lambda v, current, v_th, h, spike: (spike, h - current - spike * v_th)),
            "Your second number lacks the current: you reset the old potential.",
            "The reset takes v_th from h, the potential after the charge.",
        ),
        Mistake(
            _otherwise(lambda v, current, v_th, h, spike: (spike, v - spike * v_th)),
            "You reset the potential from before the charge: neither leak nor current is in it.",
            "The reset takes v_th from h.",
        ),
        Mistake(
            _otherwise(lambda v, current, v_th, h, spike: (spike, h + spike * v_th)),
            "Your spike adds v_th to the potential.",
            "A spike takes charge away: subtract.",
        ),
        Mistake(
            _otherwise(lambda v, current, v_th, h, spike: (spike, -spike * v_th)),
            "Your second number is only what the spike takes away.",
            "Start from h and subtract it.",
        ),
        Mistake(
            _otherwise(lambda v, current, v_th, h, spike: (h, spike)),
            "You return h and the spike. Asked for are the spike, then the potential after the "
            "reset.",
            "`return spike, v`, where v is h without what the spike took.",
        ),
        Mistake(
            lambda v, current, v_th, beta: (
                fire(v + current, v_th),
                beta * step(v, current, v_th, 1.0)[1],
            ),
            "Your leak comes after the reset. It takes from the old potential, before the charge.",
            "Begin with h = beta * v + current.",
        ),
        Mistake(
            lambda v, current, v_th, beta: step(v, beta * current, v_th, 1.0),
            "You weaken the current. It is the old potential that leaks.",
            "Multiply v by beta, not the current.",
        ),
        Mistake(
            _otherwise(lambda v, current, v_th, h, spike: (fire(h, 1.0), h - spike * v_th)),
            "Your spike compares with 1; that is right only where v_th is 1. Your reset is right.",
            "Use the argument v_th in both.",
        ),
        Mistake(
            lambda v, current, v_th, beta: step(v, current, v_th, 1 - beta),
            "You keep the share that should leak away.",
            "beta is what stays, not what goes.",
        ),
        Mistake(
            lambda v, current, v_th, beta: step(v, (1 - beta) * current, v_th, beta),
            "You scale the current by 1 - beta. Here the current comes in whole.",
            "Some books scale it. In this course it is not scaled.",
        ),
        Mistake(
            _otherwise(lambda v, current, v_th, h, spike: (1 - spike, h - spike * v_th)),
            "Your spike is the other way round: 1 where the neuron is silent.",
            "1 stands for a spike.",
        ),
        wrong_order(step, "First the spike, then the potential: `return spike, v`."),
    ],
    praise="Charge, fire, reset, in this order. You have written a spiking neuron.",
)


def _simulated(current: float, T: int, v_init: float, mistake: str = "") -> int:
    """The count of a neuron that is run, with one of `MISTAKES`."""
    return int(run_neuron([current] * T, 1.0, 1.0, v_init, mistake)[0].sum())


def _spike_count(current: float, T: int, v_init: float) -> int:
    """All charge in whole thresholds, v_th = 1, with a hair of tolerance for 10 times 0.1."""
    return max(0, min(T, math.floor(T * current + v_init + 1e-9)))


spike_count = Exercise(
    solution=_spike_count,
    calls=[
        (0.25, 4, 0.0),  # meets the threshold exactly
        (0.5, 5, 0.5),  # and again and again
        (0.36, 10, 0.5),
        (0.25, 7, 0.0),
        (0.37, 30, 0.5),
        (2.5, 3, 0.5),
        (0.3, 6, -0.5),
        (0.4, 4, 0.9),
        (0.11, 5, 0.5),
        (-0.2, 6, 0.5),
        (1.4, 5, 0.5),
        (0.25, 8, -1.5),  # far below 0 at first
        (-0.5, 6, 0.5),  # and in the end
    ],
    mistakes=[
        Mistake(
            lambda current, T, v_init: max(0, min(T, math.floor(T * current + 1e-9))),
            *MISTAKES["from rest"],
        ),
        Mistake(
            lambda current, T, v_init: max(0, math.floor(T * current + v_init + 1e-9)),
            "With a current above v_th you count more spikes than there are timesteps.",
            "A neuron fires at most once in a timestep.",
        ),
        Mistake(
            lambda current, T, v_init: min(T, math.floor(T * current + v_init + 1e-9)),
            "With a negative current you count a negative number of spikes.",
            "A neuron that sinks stays silent: its count is 0.",
        ),
        *early_or_late(lambda steps, current, T, v_init: _spike_count(current, steps, v_init)),
        Mistake(
            lambda current, T, v_init: _spike_count(current, 1, v_init),
            "You run a single timestep, whatever T is.",
            "Is there a `return` in your loop? It ends the function in the first round.",
        ),
        *neuron_mistakes(_simulated, "strict", "to zero", "never negative"),
        Mistake(
            lambda current, T, v_init: max(0, min(T, math.ceil(T * current + v_init - 1e-9))),
            "You round up. A threshold that is not yet reached gives no spike.",
            "Round down.",
        ),
        Mistake(
            lambda current, T, v_init: max(0, min(T, round(T * current + v_init))),
            "You round to the nearest. A threshold that is not yet reached gives no spike.",
            "`math.floor` rounds down.",
        ),
        Mistake(
            lambda current, T, v_init: sum(v_init + t * current >= 1 for t in range(1, T + 1)),
            "You never reset: from its first spike on, your neuron fires at every timestep.",
            "Subtract v_th, which is 1 here, after each spike.",
        ),
        Mistake(
            lambda current, T, v_init: math.floor(T * current + v_init + 1e-9),
            "Your count leaves the range from 0 to T.",
            "At most one spike in a timestep, and never fewer than none.",
            variants=(lambda current, T, v_init: math.trunc(T * current + v_init + 1e-9),),
        ),
        Mistake(
            lambda current, T, v_init: _spike_count(current, T, v_init) / T,
            "You return the rate, spikes per timestep. Asked for is the number of spikes.",
            "Do not divide by T.",
        ),
        Mistake(
            lambda current, T, v_init: int(max(0, min(T, T * current + v_init >= 1))),
            "You see only the first spike.",
            "How often does the sum of all the currents hold the threshold?",
        ),
        Mistake(
            lambda current, T, v_init: max(0.0, min(T, T * current + v_init)),
            "There are no half spikes: what is left over stays in the membrane.",
            "Round down.",
        ),
    ],
    praise="All that goes in comes out as spikes, but for the remainder in the membrane.",
)

leaky_and_silent = Question(
    right="d",
    because={
        "a": "Without a leak that would be so: 0.08 times 13 is more than 1. But here a tenth of "
        "the potential is lost at each timestep.",
        "b": "Small currents do add up in a membrane, until the leak takes away as much as comes "
        "in. Where is that?",
        "c": "The first timesteps tell nothing yet: the potential still rises at t = 10. How far "
        "can it rise?",
        "d": "The potential rises only until the leak takes as much as the current brings: "
        "0.1 * v = 0.08, so v = 0.8. That is below the threshold.",
    },
    hint="At which potential does beta * v + current equal v?",
)
