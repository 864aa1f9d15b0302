"""Exercises of notebook 11: how a readout uses spikes, and what noise adds to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from snnlab.classroom.checking import Exercise, Mistake, percent
from snnlab.classroom.questions import Question


def _first(spikes: Any, dt: float, silent: float = 1.0, early: int = 0) -> Any:
    """Times of first spikes; a silent neuron gets the share `silent` of the window."""
    times = (spikes.argmax(0) + early) * dt
    return np.where(spikes.any(0), times, silent * len(spikes) * dt)


def _raster(*when: tuple[int, ...], steps: int = 6) -> Any:
    """Spikes (steps, neurons) from the steps at which each neuron fires."""
    spikes = np.zeros((steps, len(when)), dtype=bool)
    for neuron, fired in enumerate(when):
        spikes[list(fired), neuron] = True
    return spikes


first_spike = Exercise(
    solution=_first,
    calls=[
        (_raster((2,), (), steps=4), 0.5),
        (_raster((1, 4), (0,), (), (5,), (0, 1, 3)), 0.1),
        (_raster((), (3, 4), (2, 6), (0, 6), steps=7), 0.25),
        (_raster((1, 2), (0, 2), (), steps=3), 2.0),
    ],
    mistakes=[
        Mistake(
            lambda spikes, dt: spikes.argmax(0) * dt,
            "A neuron that never fires gets the time 0: the earliest spike of all. argmax of a "
            "column without a True is 0.",
            "Ask first whether a neuron fires at all: `spikes.any(0)`.",
        ),
        Mistake(
            lambda spikes, dt: np.where(
                spikes.argmax(0) > 0, spikes.argmax(0) * dt, len(spikes) * dt
            ),
            "A neuron that fires at the very first time counts as silent: argmax is 0 for both.",
            "`spikes.any(0)` tells the two apart.",
        ),
        Mistake(
            lambda spikes, dt: _first(spikes, dt, np.inf),
            "You give a silent neuron no finite time. A linear readout needs a number.",
            "Give it the length of the whole window.",
            variants=(lambda spikes, dt: _first(spikes, dt, np.nan),),
        ),
        Mistake(
            lambda spikes, dt: _first(spikes, dt, -1 / len(spikes) / dt),
            "You give a silent neuron a time before all others. To a readout it then fires first.",
            "It is later than any neuron that fires: give it the length of the whole window.",
            variants=(lambda spikes, dt: _first(spikes, dt, -1 / len(spikes)),),
        ),
        Mistake(
            lambda spikes, dt: _first(spikes, dt, (len(spikes) - 1) / len(spikes)),
            "A silent neuron gets the same time as one that fires at the last time of all.",
            "The window has the length `len(spikes) * dt`.",
        ),
        Mistake(
            lambda spikes, dt: _first(spikes, 1),
            "You return the number of the time step, not the time.",
            "Multiply by dt, in silent neurons, too.",
        ),
        Mistake(
            lambda spikes, dt: _first(spikes, dt, 1 / dt),
            "A silent neuron gets the number of steps, not the time that they take.",
            "Multiply by dt there, too.",
        ),
        Mistake(
            lambda spikes, dt: _first(spikes, dt, early=1),
            "You are one step late: the first row is time 0.",
            "Row k is the time k * dt.",
        ),
        Mistake(
            lambda spikes, dt: np.where(
                spikes.any(0), (len(spikes) - 1 - spikes[::-1].argmax(0)) * dt, len(spikes) * dt
            ),
            "You return the time of the last spike.",
            "argmax of True and False finds the first True.",
        ),
        Mistake(
            lambda spikes, dt: spikes.sum(0),
            "You count the spikes. Asked for is when the first one comes.",
            "argmax of True and False finds the first True.",
        ),
    ],
    praise="Early means strong, and silence is later than everything: one number for both.",
)


def _found(bright: float, dark: float) -> float:
    return 0.5 + (bright - dark) / 2


brighter_found = Exercise(
    solution=_found,
    calls=[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.8, 0.1), (0.3, 0.6), (0.25, 0.0)],
    mistakes=[
        Mistake(
            lambda bright, dark: bright * (1 - dark),
            "You count only the cases in which the bright one fires alone. In a tie you guess, and "
            "half of the guesses are right.",
            "A tie: both fire, or none does.",
        ),
        Mistake(
            lambda bright, dark: bright * (1 - dark) + (1 - bright) * (1 - dark) / 2,
            "You forgot the tie in which both fire.",
            "There are four cases. Write down what each adds.",
        ),
        Mistake(
            lambda bright, dark: bright * (1 - dark) + bright * dark / 2,
            "You forgot the tie in which none fires. Two silent neurons leave you to guess.",
            "There are four cases. Write down what each adds.",
        ),
        Mistake(
            lambda bright, dark: 1 - dark * (1 - bright),
            "You count every tie as right. A guess is right in half of the cases only.",
            "Halve the ties.",
        ),
        Mistake(
            lambda bright, dark: bright - dark,
            "That is hits minus false alarms, as in notebook 09. Two silent neurons would never "
            "be right; but you may guess.",
            "Write down the four cases; half of each tie is right.",
        ),
        Mistake(
            lambda bright, dark: 0.5 + bright - dark,
            "Your gain over guessing is twice too large: a perfect neuron would be right in 150 %.",
            "What is the result for bright = 1 and dark = 0?",
        ),
        Mistake(
            lambda bright, dark: _found(dark, bright),
            "That is how often the dark pixel is taken for the bright one.",
            "Right is: the bright one fires and the dark one does not.",
        ),
        Mistake(
            lambda bright, dark: float(bright > dark),
            "You return only 0 or 1. Asked is how often you are right, a share from 0 to 1.",
            "Neither compare nor round: add up the probabilities of the cases.",
            variants=(lambda bright, dark: float(bright >= dark),),
        ),
        Mistake(
            lambda bright, dark: 0.5 + bright * (1 - dark) / 2,
            "You take all but the bright one alone for a tie. If only the dark one fires, you are "
            "wrong.",
            "There are four cases. Write down what each adds.",
        ),
        percent(_found),
    ],
    praise="One half, plus half of hits minus false alarms. Silence and constant fire are worth "
    "the same: a guess.",
)

sixteen_equal = Question(
    right="c",
    because={
        "a": "Sixteen noisy neurons would see more than one. What does the second of sixteen equal "
        "neurons without noise do, if the first one fires?",
        "b": "A mean gets rid of noise. How much noise is there to get rid of?",
        "c": "All sixteen do the same, so the share that fires is 0 or 1, as for one.",
        "d": "More features would be harder to learn from. But the share is still one number for "
        "each pixel.",
    },
    hint="Without noise, which shares of the sixteen can fire under the same pulse?",
)
