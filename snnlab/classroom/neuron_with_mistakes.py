"""A spiking neuron (charge, fire, reset), with switches for the mistakes of students.

Each function is right, or, if the name of a mistake is given, makes this one of `MISTAKES`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnlab.classroom.checking import Mistake

Floats = NDArray[np.float64]

MISTAKES = {
    "no leak": (
        "The leak is missing: beta has no effect.",
        "Only the share beta of the old potential is kept.",
    ),
    "current leaks": (
        "Your leak takes from the current too. Only the old potential leaks.",
        "Multiply v by beta first, then add the current.",
    ),
    "never negative": (
        "You cut the potential off at 0. A membrane potential may be negative.",
        "Keep the sum of potential and current as it is.",
    ),
    "strict": (
        "At exactly v_th your neuron stays silent. It may stay silent only below v_th: it fires "
        "from v_th on, equality included.",
        "Compare `>` with `>=`.",
    ),
    "compares with one": (
        "You compare with 1; that is right only where v_th is 1.",
        "Use the argument v_th.",
    ),
    "several spikes": (
        "You count how often v_th fits into h. A neuron fires once in a timestep, or not at all.",
        "What h exceeds one threshold by stays in the membrane for the next timestep.",
    ),
    "to zero": (
        "Your reset sets the potential to zero and throws away what exceeded the threshold.",
        "Reset by subtraction: take v_th away and keep the remainder.",
    ),
    "subtracts one": (
        "You subtract 1 after a spike; that is right only where v_th is 1.",
        "Subtract v_th.",
    ),
    "keeps h": (
        "You keep h, the potential before firing. Asked for is v, what the reset leaves of it.",
        "Where there was a spike, subtract v_th from h first.",
    ),
    "from rest": (
        "Your neuron starts from 0, but before the first timestep its potential is v_init.",
        "Begin with v_init, not with 0.",
    ),
    "forgets": (
        "Each timestep starts anew: your neuron forgets its residual.",
        "Set v before the loop, not in it, and keep what the reset leaves.",
    ),
}
"""Message and hint of each mistake, by its name."""


VARIANTS = {"several spikes": ("several spikes, none below 0",)}
"""Names of further variants of a mistake, with the same message."""


def neuron_mistakes(answer: Callable[..., Any], *names: str) -> list[Mistake]:
    """Mistakes of `MISTAKES` for an exercise.

    Args:
        answer: the right function, with a further parameter `mistake`.
        names: of the mistakes that it can make.
    """
    return [
        Mistake(
            partial(answer, mistake=name),
            *MISTAKES[name],
            variants=tuple(partial(answer, mistake=other) for other in VARIANTS.get(name, ())),
        )
        for name in names
    ]


def early_or_late(answer: Callable[..., Any]) -> list[Mistake]:
    """The mistakes of running one timestep too few or too many.

    Args:
        answer: the right function, given the number of timesteps to run, and then the arguments
            of the exercise, whose second one is T.
    """

    def running(more: int) -> Callable[..., Any]:
        return lambda current, T, *others: answer(T + more, current, T, *others)

    return [
        Mistake(
            running(-1), "You stop one timestep too early.", "There are T timesteps: `range(T)`."
        ),
        Mistake(
            running(+1),
            "You run one timestep too many.",
            "`range(T)` has T rounds, `range(T + 1)` one more.",
        ),
    ]


def charge(v: Any, current: Any, beta: float, mistake: str = "") -> Any:
    """The potential before firing, h, of one neuron or of an array of them."""
    kept = v if mistake == "no leak" else beta * v
    h = kept + (beta * current if mistake == "current leaks" else current)
    return np.maximum(h, 0) if mistake == "never negative" else h


def fire(h: Any, v_th: float, mistake: str = "") -> Any:
    """1 where a neuron fires, else 0: a number, or an array or tensor as h is one."""
    if mistake.startswith("several spikes"):
        return h // v_th if mistake == "several spikes" else h // v_th * (h > 0)
    level = 1 if mistake == "compares with one" else v_th
    return 1 * (h > level if mistake == "strict" else h >= level)


def reset(h: Any, spike: Any, v_th: float, mistake: str = "") -> Any:
    """The potential after the reset."""
    taken = {"to zero": h, "subtracts one": 1, "keeps h": 0}
    return h - taken.get(mistake, v_th) * spike


def step(v: Any, current: Any, v_th: float, beta: float, mistake: str = "") -> tuple[Any, Any]:
    """One timestep: spike, and potential after the reset."""
    h = charge(v, current, beta, mistake)
    spike = fire(h, v_th, mistake)
    return spike, reset(h, spike, v_th, mistake)


def run_neuron(
    currents: Any, v_th: float, beta: float, v_init: Any, mistake: str = ""
) -> tuple[Floats, Floats]:
    """All timesteps.

    Args:
        currents: of one neuron, (T,), or of several, (T, *).
        v_th, beta: threshold and leak.
        v_init: potential before the first timestep, a number or an array.
        mistake: one of `MISTAKES`.

    Returns:
        Spikes, and potentials after the reset, each as `currents`.
    """
    v = v_init = 0.0 if mistake == "from rest" else v_init
    steps = []
    for current in np.asarray(currents, float):
        spike, potential = step(v, current, v_th, beta, mistake)
        steps.append((spike, potential))
        after = {"forgets": v_init, "keeps h": reset(potential, spike, v_th)}
        v = after.get(mistake, potential)
    spikes, potentials = (np.array(part, float) for part in zip(*steps, strict=True))
    return spikes, potentials
