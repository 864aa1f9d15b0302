"""Assignment 1: charge, fire, reset, and the trace of a neuron."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from snnlab.classroom.assignments.neuron_cases import (
    HAIR,
    after,
    against,
    case,
    grid,
    grids,
    leaky,
    met,
)
from snnlab.classroom.assignments.task import code_task
from snnlab.classroom.checking import Exercise, Mistake, wrong_order
from snnlab.classroom.neuron_with_mistakes import Floats, run_neuron

_charge_exercise = Exercise(
    solution=lambda v, current, beta: beta * v + current,
    calls=[
        *((0.25, 0.5, 1.0), (0.5, 0.25, 0.5), (-0.75, 0.5, 0.75), (2.0, 1.5, 0.5)),
        *((0.5, 0.0, 0.5), (0.75, -1.5, 0.5), (0.5, 0.25, 0.0)),
    ],
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
    {
        "a positive potential and current": grids((1, 31), (1, 31), (8, 31)),
        "a negative potential": grids((-256, -1), (-32, 64), (8, 31)),
        "a negative current": grids((1, 64), (-256, -1), (8, 31)),
        "no current": grids((1, 64), (0, 0), (8, 31)),
        "a potential and a current far above 1": grids((64, 256), (64, 256), (8, 31)),
        "a neuron without a leak": grids((-64, 64), (-64, 64), (32, 32)),
        "a neuron that keeps nothing": grids((1, 64), (1, 64), (0, 0)),
    },
)

_fire_exercise = Exercise(
    solution=lambda h, v_th: 1 if h >= v_th else 0,
    calls=[
        *((0.5, 1.0), (1.5, 1.0), (1.0, 1.0), (1.5, 2.0), (-1.5, 1.0), (3.0, 1.0), (0.75, 0.5)),
        *((0.9999, 1.0), (0.0, 1.0), (-0.5, 0.5)),
    ],
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


fire = code_task(
    "fire",
    3,
    _fire_exercise,
    {
        "a potential exactly at the threshold": lambda rng: against(rng, 1),
        "a potential a hair below the threshold": lambda rng: against(rng, 1, -HAIR),
        "a potential a hair above the threshold": lambda rng: against(rng, 1, HAIR),
        "a potential between 1 and a higher threshold": grids((32, 63), (64, 96)),
        "a potential between a low threshold and 1": grids((24, 31), (8, 23)),
        "a potential of several thresholds": lambda rng: against(rng, 2, grid(rng, 0, 32)),
        "a potential of many thresholds": lambda rng: against(rng, 10, grid(rng, 0, 32)),
        "a potential of no more than half the threshold": lambda rng: against(
            rng, 0.5, -grid(rng, 0, 8)
        ),
        "a negative potential": lambda rng: against(rng, 0, -grid(rng, 1, 96)),
        "a strongly negative potential": lambda rng: against(rng, -1, -grid(rng, 0, 96)),
    },
)

_reset_exercise = Exercise(
    solution=lambda h, spike, v_th: h - v_th * spike,
    calls=[
        *((0.5, 0, 1.0), (1.25, 1, 1.0), (2.5, 1, 2.0), (3.5, 1, 1.0), (-0.5, 0, 1.5)),
        *((1.75, 0, 1.0), (0.25, 1, 0.5)),  # the spike decides, whatever h is
    ],
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
            lambda h, spike, v_th: h - v_th if h >= v_th else h,
            "You look at h to find out whether there was a spike. The argument `spike` says so.",
            "What `fire` has decided is not decided again: use `spike`.",
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


reset = code_task(
    "reset",
    4,
    _reset_exercise,
    {
        "a spike": lambda rng: after(rng, 1, grid(rng, 0, 96)),
        "no spike": lambda rng: after(rng, 0, -grid(rng, 1, 96)),
        "a spike at a potential exactly at the threshold": lambda rng: after(rng, 1, 0),
        "a spike at a potential of several thresholds": lambda rng: after(rng, 1, 8),
        "a spike at a negative potential": lambda rng: after(rng, 1, -8),
        "a spike, whatever the potential": lambda rng: after(rng, 1, -grid(rng, 1, 96)),
        "no spike, whatever the potential": lambda rng: after(rng, 0, grid(rng, 0, 96)),
    },
)


def _run(
    currents: Any, v_th: float, beta: float, v_init: float, **mistakes: bool
) -> tuple[Floats, Floats]:
    """Spikes and potentials (T,) of one neuron; for the mistakes see `run_neuron`."""
    return run_neuron(currents, v_th, beta, v_init, **mistakes)[:2]


def _trace_of(step: Callable[[float, float], tuple[float, float]]) -> Callable[..., Any]:
    """A trace whose spike and potential follow from h and v_th in another way."""

    def answer(currents: Floats, v_th: float, beta: float, v_init: float) -> tuple[Floats, ...]:
        v, steps = v_init, []
        for current in currents:
            steps.append(step(beta * v + current, v_th))
            v = steps[-1][1]
        return tuple(np.array(steps).T)

    return answer


_trace_exercise = Exercise(
    solution=lambda currents, v_th, beta, v_init: _run(currents, v_th, beta, v_init),
    calls=[
        (np.full(8, 0.375), 1.0, 1.0, 0.5),
        (np.array([0.5, 0.5, -0.25, 1.75, 0.0, 0.5]), 1.0, 1.0, 0.0),
        (np.array([1.0, 1.5, 0.75, 2.0, 0.5]), 2.0, 0.5, 0.25),
        (np.array([2.75, 0.0, 0.25, -3.0, 0.5]), 1.0, 1.0, 0.5),  # more than one threshold at once
        (np.array([0.75]), 0.5, 1.0, -0.25),
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
            _trace_of(lambda h, v_th: (max(0.0, h // v_th), h % v_th if h >= v_th else h)),
            "Your neuron fires several times in one timestep. It fires at most once.",
            "`if`, not `while`: what exceeds one threshold stays for the next timestep.",
        ),
        Mistake(
            _trace_of(lambda h, v_th: (h >= v_th, max(0.0, h - v_th * (h >= v_th)))),
            "You cut the potential off at 0. A membrane potential may be negative.",
            "Keep what the reset leaves, as it is.",
        ),
        Mistake(
            lambda currents, v_th, beta, v_init: _run(beta * currents, v_th, beta, v_init),
            "Your leak takes from the current too. Only the old potential leaks.",
            "Multiply v by beta first, then add the current.",
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
            lambda *arguments: tuple(part[:-1] for part in _run(*arguments)),
            "You stop one timestep too early.",
            "One spike and one potential for each current.",
        ),
    ],
    praise="That is a spiking neuron. Everything else in this course is built from it.",
)


trace = code_task(
    "trace",
    6,
    _trace_exercise,
    {
        "ordinary currents": lambda rng: case(rng, low=0, high=1),
        "a leak": leaky,
        "a strong leak": lambda rng: case(rng, beta=0.5, T=(6, 10)),
        "a single timestep": lambda rng: case(rng, T=(1, 2)),
        "currents worth several spikes": lambda rng: case(rng, low=0, high=5),
        "negative currents": lambda rng: case(rng, low=-3, high=0.5),
        "potentials exactly at the threshold": lambda rng: met(rng, 0),
        "a potential a hair below the threshold": lambda rng: met(rng, HAIR),
        "a high threshold": lambda rng: case(rng, thresholds=(2.0, 3.0)),
        "a start above the threshold": lambda rng: case(rng, start=2.5, high=0.5),
        "a negative start": lambda rng: case(rng, start=-0.75),
        "many timesteps": lambda rng: case(rng, T=(150, 200)),
    },
    each=2,
)

TASKS = (charge, fire, reset, trace)
