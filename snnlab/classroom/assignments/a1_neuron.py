"""Assignment 1: charge, fire, reset, and the trace of a neuron."""

from __future__ import annotations

import numpy as np

from snnlab.classroom import neuron_with_mistakes as neuron
from snnlab.classroom.assignments.task import Draw, code_task
from snnlab.classroom.checking import Exercise, Mistake, wrong_order
from snnlab.classroom.neuron_with_mistakes import Floats, neuron_mistakes, run_neuron

HAIR = 2.0**-20
"""A distance from the threshold that float32 resolves: no comparison may ignore it."""


def _grid(rng: np.random.Generator, low: int, high: int) -> float:
    """A multiple of 1/32, so that sums are exact and a potential can meet the threshold."""
    return int(rng.integers(low, high + 1)) / 32


def _grids(*bounds: tuple[int, int]) -> Draw:
    """Draws one number for each pair of bounds; see `_grid`."""
    return lambda rng: tuple(_grid(rng, *pair) for pair in bounds)


def _threshold(rng: np.random.Generator) -> float:
    """From 0.5 to 3."""
    return _grid(rng, 16, 96)


def _h_to_fire(rng: np.random.Generator, share: float, more: float = 0.0) -> tuple[float, float]:
    """Arguments of `fire`: an h of `share` times the threshold plus `more`, and the threshold."""
    v_th = _threshold(rng)
    return share * v_th + more, v_th


def _h_to_reset(rng: np.random.Generator, spike: int, beyond: float) -> tuple[float, int, float]:
    """Arguments of `reset`: an h of the threshold plus `beyond`, the spike, and the threshold."""
    v_th = _threshold(rng)
    return v_th + beyond, spike, v_th


Trace = tuple[Floats, float, float, float]


def _trace_case(
    rng: np.random.Generator,
    *,
    T: tuple[int, int] = (6, 16),
    low: float = -0.5,
    high: float = 2.0,
    beta: float = 1.0,
    v_init: float = 0.25,
    thresholds: tuple[float, ...] = (0.5, 1.0, 1.5),
) -> Trace:
    """Arguments of `trace`: currents of `low` to `high` thresholds, and v_init in units of them."""
    v_th = float(rng.choice(thresholds))
    currents = v_th * rng.integers(round(32 * low), round(32 * high) + 1, rng.integers(*T)) / 32
    return currents, v_th, beta, v_init * v_th


def _at_threshold(rng: np.random.Generator, less: float) -> Trace:
    """The first potential lies a little below the threshold, the second one meets it exactly."""
    currents, v_th, beta, v_init = _trace_case(rng)
    currents[:2] = v_th - v_init - less, less
    return currents, v_th, beta, v_init


def _leaky_case(rng: np.random.Generator) -> Trace:
    """A leak with rounding errors, but no potential so near to the threshold that they matter."""
    while True:
        leaking = _trace_case(rng, beta=0.9, T=(12, 30))
        h = run_neuron(*leaking, mistake="keeps h")[1]
        if np.abs(h - leaking[1]).min() > 1e-3:
            return leaking


_charge_exercise = Exercise(
    solution=neuron.charge,
    calls=[
        *((0.25, 0.5, 1.0), (0.5, 0.25, 0.5), (-0.75, 0.5, 0.75), (2.0, 1.5, 0.5)),
        *((0.5, 0.0, 0.5), (0.75, -1.5, 0.5), (0.5, 0.25, 0.0)),
    ],
    mistakes=[
        *neuron_mistakes(neuron.charge, "no leak", "current leaks", "never negative"),
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
    ],
    praise="What the leak has left, plus the current.",
)
charge = code_task(
    "charge",
    3,
    _charge_exercise,
    {
        "a positive potential and current": _grids((1, 31), (1, 31), (8, 31)),
        "a negative potential": _grids((-256, -1), (-32, 64), (8, 31)),
        "a negative current": _grids((1, 64), (-256, -1), (8, 31)),
        "no current": _grids((1, 64), (0, 0), (8, 31)),
        "a potential and a current far above 1": _grids((64, 256), (64, 256), (8, 31)),
        "a neuron without a leak": _grids((-64, 64), (-64, 64), (32, 32)),
        "a neuron that keeps nothing": _grids((1, 64), (1, 64), (0, 0)),
    },
)

_fire_exercise = Exercise(
    solution=neuron.fire,
    calls=[
        *((0.5, 1.0), (1.5, 1.0), (1.0, 1.0), (1.5, 2.0), (-1.5, 1.0), (3.0, 1.0), (0.75, 0.5)),
        *((0.9999, 1.0), (0.0, 1.0), (-0.5, 0.5)),
    ],
    mistakes=[
        *neuron_mistakes(neuron.fire, "strict", "several spikes", "compares with one"),
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
        "a potential exactly at the threshold": lambda rng: _h_to_fire(rng, 1),
        "a potential a hair below the threshold": lambda rng: _h_to_fire(rng, 1, -HAIR),
        "a potential a hair above the threshold": lambda rng: _h_to_fire(rng, 1, HAIR),
        "a potential between 1 and a higher threshold": _grids((32, 63), (64, 96)),
        "a potential between a low threshold and 1": _grids((24, 31), (8, 23)),
        "a potential of several thresholds": lambda rng: _h_to_fire(rng, 2, _grid(rng, 0, 32)),
        "a potential of many thresholds": lambda rng: _h_to_fire(rng, 10, _grid(rng, 0, 32)),
        "a potential of no more than half the threshold": lambda rng: _h_to_fire(
            rng, 0.5, -_grid(rng, 0, 8)
        ),
        "a negative potential": lambda rng: _h_to_fire(rng, 0, -_grid(rng, 1, 96)),
        "a strongly negative potential": lambda rng: _h_to_fire(rng, -1, -_grid(rng, 0, 96)),
    },
)

_reset_exercise = Exercise(
    solution=neuron.reset,
    calls=[
        *((0.5, 0, 1.0), (1.25, 1, 1.0), (2.5, 1, 2.0), (3.5, 1, 1.0), (-0.5, 0, 1.5)),
        *((1.75, 0, 1.0), (0.25, 1, 0.5)),  # the spike decides, whatever h is
    ],
    mistakes=[
        *neuron_mistakes(neuron.reset, "to zero", "subtracts one", "keeps h"),
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
        "a spike": lambda rng: _h_to_reset(rng, 1, _grid(rng, 0, 96)),
        "no spike": lambda rng: _h_to_reset(rng, 0, -_grid(rng, 1, 96)),
        "a spike at a potential exactly at the threshold": lambda rng: _h_to_reset(rng, 1, 0),
        "a spike at a potential of several thresholds": lambda rng: _h_to_reset(rng, 1, 8),
        "a spike at a negative potential": lambda rng: _h_to_reset(rng, 1, -8),
        "a spike, whatever the potential": lambda rng: _h_to_reset(rng, 1, -_grid(rng, 1, 96)),
        "no spike, whatever the potential": lambda rng: _h_to_reset(rng, 0, _grid(rng, 0, 96)),
    },
)


_trace_exercise = Exercise(
    solution=run_neuron,
    calls=[
        (np.full(8, 0.375), 1.0, 1.0, 0.5),
        (np.array([0.5, 0.5, -0.25, 1.75, 0.0, 0.5]), 1.0, 1.0, 0.0),
        (np.array([1.0, 1.5, 0.75, 2.0, 0.5]), 2.0, 0.5, 0.25),
        (np.array([2.75, 0.0, 0.25, -3.0, 0.5]), 1.0, 1.0, 0.5),  # more than one threshold at once
        (np.array([0.75]), 0.5, 1.0, -0.25),
    ],
    mistakes=[
        *neuron_mistakes(run_neuron, *neuron.MISTAKES),
        wrong_order(run_neuron, "First the spikes, then the potentials."),
        Mistake(
            lambda *arguments: tuple(part[:-1] for part in run_neuron(*arguments)),
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
        "ordinary currents": lambda rng: _trace_case(rng, low=0, high=1),
        "a leak": _leaky_case,
        "a strong leak": lambda rng: _trace_case(rng, beta=0.5, T=(6, 10)),
        "a single timestep": lambda rng: _trace_case(rng, T=(1, 2)),
        "currents worth several spikes": lambda rng: _trace_case(rng, low=0, high=5),
        "negative currents": lambda rng: _trace_case(rng, low=-3, high=0.5),
        "potentials exactly at the threshold": lambda rng: _at_threshold(rng, 0),
        "a potential a hair below the threshold": lambda rng: _at_threshold(rng, HAIR),
        "a high threshold": lambda rng: _trace_case(rng, thresholds=(2.0, 3.0)),
        "a start above the threshold": lambda rng: _trace_case(rng, v_init=2.5, high=0.5),
        "a negative start": lambda rng: _trace_case(rng, v_init=-0.75),
        "many timesteps": lambda rng: _trace_case(rng, T=(150, 200)),
    },
    each=2,
)

TASKS = (charge, fire, reset, trace)
