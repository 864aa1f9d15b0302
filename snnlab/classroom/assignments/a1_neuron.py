"""Assignment 1: charge, fire, reset, and the trace of a neuron."""

from __future__ import annotations

from typing import Any

import numpy as np

from snnlab.classroom.assignments.task import code_task
from snnlab.classroom.checking import Exercise, Mistake, wrong_order
from snnlab.classroom.neuron_with_mistakes import Floats, run_neuron


def _grid(rng: np.random.Generator, low: int, high: int) -> float:
    """A multiple of 1/32, so that sums are exact and a potential can meet the threshold."""
    return int(rng.integers(low, high + 1)) / 32


_charge_exercise = Exercise(
    solution=lambda v, current, beta: beta * v + current,
    calls=[(0.25, 0.5, 1.0), (0.5, 0.25, 0.5), (-0.75, 0.5, 0.75), (2.0, 1.5, 0.5)],
    mistakes=[
        Mistake(
            lambda v, current, beta: v + current,
            "The leak is missing: beta has no effect.",
            "Only the share beta of the old potential is kept.",
        ),
        Mistake(
            lambda v, current, beta: beta * (v + current),
            "Your leak takes from the current too. Only the old potential leaks.",
            "Multiply v by beta first, then add the current.",
        ),
        Mistake(
            lambda v, current, beta: (1 - beta) * v + current,
            "You keep the share that should leak away: with beta = 1 nothing would be left.",
            "beta is what stays, not what goes.",
        ),
        Mistake(
            lambda v, current, beta: v + beta * current,
            "You weaken the current. It is the old potential that leaks.",
            "Which of the two was there before?",
        ),
        Mistake(
            lambda v, current, beta: beta * v,
            "The current never arrives.",
            "Add it to what the leak has left.",
        ),
        Mistake(
            lambda v, current, beta: beta * v + (1 - beta) * current,
            "You average potential and current. Here the current comes in whole.",
            "Some books scale the current by 1 - beta. In this course it is not scaled.",
        ),
        Mistake(
            lambda v, current, beta: max(0.0, beta * v + current),
            "You cut the potential off at 0. A membrane potential may be negative.",
            "Return the sum as it is.",
        ),
    ],
    praise="What the leak has left, plus the current.",
)
charge = code_task(
    "charge",
    3,
    _charge_exercise,
    lambda rng: (_grid(rng, -64, 64), _grid(rng, -64, 64), _grid(rng, 8, 31)),
)

_fire_exercise = Exercise(
    solution=lambda h, v_th: 1 if h >= v_th else 0,
    calls=[(0.5, 1.0), (1.5, 1.0), (1.0, 1.0), (1.5, 2.0), (-1.5, 1.0), (3.0, 1.0), (0.75, 0.5)],
    mistakes=[
        Mistake(
            lambda h, v_th: 1 if h > v_th else 0,
            "Your neuron stays silent when h is exactly v_th. It fires when h >= v_th, equality "
            "included.",
            "Compare `>` with `>=`.",
        ),
        Mistake(
            lambda h, v_th: 1 if h >= 1 else 0,
            "You compare with 1; that is right only where v_th is 1.",
            "Use the argument v_th.",
        ),
        Mistake(
            lambda h, v_th: 0 if h >= v_th else 1,
            "Your neuron fires below the threshold and is silent above.",
            "1 stands for a spike.",
        ),
        Mistake(
            lambda h, v_th: h if h >= v_th else 0,
            "A spike has no size: it is 1, whatever h was.",
            "Return 1 or 0.",
        ),
        Mistake(
            lambda h, v_th: max(0, int(h // v_th)),
            "You count how often v_th fits into h. A neuron fires at most once in a timestep.",
            "What h exceeds the threshold by stays in the membrane.",
        ),
        Mistake(
            lambda h, v_th: 1 if abs(h) >= v_th else 0,
            "Your neuron also fires at a strongly negative potential.",
            "Compare h itself, with its sign.",
        ),
    ],
    praise="It fires when h reaches v_th, equality included.",
)


def _near_threshold(rng: np.random.Generator) -> tuple[float, float]:
    """A potential around the threshold, exactly at it in every third case."""
    v_th = _grid(rng, 16, 96)
    return (v_th if rng.integers(3) == 0 else v_th + _grid(rng, -96, 96)), v_th


fire = code_task("fire", 3, _fire_exercise, _near_threshold)

_reset_exercise = Exercise(
    solution=lambda h, spike, v_th: h - v_th * spike,
    calls=[(0.5, 0, 1.0), (1.25, 1, 1.0), (2.5, 1, 2.0), (3.5, 1, 1.0), (-0.5, 0, 1.5)],
    mistakes=[
        Mistake(
            lambda h, spike, v_th: h * (1 - spike),
            "Your reset sets the potential to zero and throws away what exceeded the threshold.",
            "Reset by subtraction: take v_th away and keep the rest.",
        ),
        Mistake(
            lambda h, spike, v_th: h - spike,
            "You subtract 1 after a spike; that is right only where v_th is 1.",
            "Subtract v_th.",
        ),
        Mistake(
            lambda h, spike, v_th: h,
            "The potential is not reset after a spike.",
            "Where there was a spike, subtract v_th.",
        ),
        Mistake(
            lambda h, spike, v_th: h - v_th,
            "You subtract v_th even when there was no spike.",
            "Use the argument `spike`: it is 0 or 1.",
        ),
        Mistake(
            lambda h, spike, v_th: h % v_th,
            "You take away as many thresholds as fit. A spike takes exactly one.",
            "A current above v_th leaves more than v_th behind. That is right.",
        ),
        Mistake(
            lambda h, spike, v_th: h + v_th * spike,
            "Your spike adds to the potential.",
            "A spike takes charge away.",
        ),
    ],
    praise="One spike takes one threshold. The rest stays: the residual.",
)


def _after_firing(rng: np.random.Generator) -> tuple[float, int, float]:
    h, v_th = _near_threshold(rng)
    return h, int(h >= v_th), v_th


reset = code_task("reset", 4, _reset_exercise, _after_firing)


def _run(
    currents: Any, v_th: float, beta: float, v_init: float, **mistakes: bool
) -> tuple[Floats, Floats]:
    """Spikes and potentials (T,) of one neuron; for the mistakes see `run_neuron`."""
    return run_neuron(currents, v_th, beta, v_init, **mistakes)[:2]


_trace_exercise = Exercise(
    solution=lambda currents, v_th, beta, v_init: _run(currents, v_th, beta, v_init),
    calls=[
        (np.full(8, 0.375), 1.0, 1.0, 0.5),
        (np.array([0.5, 0.5, -0.25, 1.75, 0.0, 0.5]), 1.0, 1.0, 0.0),
        (np.array([1.0, 1.5, 0.75, 2.0, 0.5]), 2.0, 0.5, 0.25),
    ],
    mistakes=[
        Mistake(
            lambda currents, v_th, beta, v_init: _run(currents, v_th, beta, 0.0),
            "Your neuron starts from 0. Before the first timestep it has v_init.",
            "Set v to v_init before the loop.",
        ),
        Mistake(
            lambda currents, v_th, beta, v_init: _run(currents, v_th, beta, v_init, to_zero=True),
            "Your reset sets the potential to zero.",
            "Reset by subtraction, as in `reset`.",
        ),
        Mistake(
            lambda currents, v_th, beta, v_init: _run(currents, v_th, beta, v_init, strict=True),
            "Your neuron stays silent when h is exactly v_th.",
            "It fires when h >= v_th.",
        ),
        Mistake(
            lambda currents, v_th, beta, v_init: _run(currents, v_th, beta, v_init, forget=True),
            "Each timestep starts from v_init again: your neuron forgets its residual.",
            "Set v to v_init before the loop, not in it.",
        ),
        Mistake(
            lambda currents, v_th, beta, v_init: _run(currents, v_th, 1.0, v_init),
            "The leak is missing: beta has no effect.",
            "Use `charge` with beta.",
        ),
        Mistake(
            lambda currents, v_th, beta, v_init: run_neuron(currents, v_th, beta, v_init)[::2],
            "You keep h, the potential before the reset.",
            "Append v after the reset.",
        ),
        wrong_order(_run, "First the spikes, then the potentials."),
        Mistake(
            lambda currents, v_th, beta, v_init: _run(currents[:-1], v_th, beta, v_init),
            "You stop one timestep too early.",
            "One spike and one potential for each current.",
        ),
    ],
    praise="That is a spiking neuron. Everything else in this course is built from it.",
)


def _currents(rng: np.random.Generator) -> tuple[Floats, float, float, float]:
    T = int(rng.integers(6, 25))
    currents = rng.integers(-16, 65, T) / 32  # (T,)
    beta = float(rng.choice([1.0, 0.5, 0.75]))
    return currents, float(rng.choice([1.0, 0.5, 1.5])), beta, _grid(rng, 0, 15)


trace = code_task("trace", 6, _trace_exercise, _currents)

TASKS = (charge, fire, reset, trace)
