"""Exercises of notebook 05: accuracy against T, and rounding to multiples of 1/T."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from snnlab.classroom.checking import Exercise, Mistake
from snnlab.classroom.neuron_with_mistakes import (
    MISTAKES,
    early_or_late,
    neuron_mistakes,
    run_neuron,
)
from snnlab.classroom.questions import Question


def _percent(choices: Tensor, labels: Tensor) -> Tensor:
    """Percentage of right choices (T, B) at each timestep, (T,)."""
    return 100 * (choices == labels).double().mean(1)


def _accuracy(readout: Tensor, labels: Tensor) -> Tensor:
    return _percent(readout.cumsum(0).argmax(2), labels)


def _example(timesteps: int, images: int, seed: int) -> tuple[Tensor, Tensor]:
    """A readout (T, B, 3) that leans towards the right classes, and the labels (B,)."""
    generator = torch.Generator().manual_seed(seed)
    readout = torch.randn(timesteps, images, 3, generator=generator)
    labels = torch.randint(3, (images,), generator=generator)
    readout[:, torch.arange(images), labels] += 0.8
    return readout, labels


_FEW = (
    torch.tensor(
        [[[0.5, 0.2], [0.4, 0.6]], [[0.1, 0.3], [0.9, 0.2]], [[0.2, 0.7], [0.3, 0.1]]],
    ),
    torch.tensor([1, 0]),
)  # three timesteps, two images, two classes

accuracy_after_each_timestep = Exercise(
    solution=_accuracy,
    calls=[_FEW, _example(6, 40, 0), _example(4, 25, 1)],
    mistakes=[
        Mistake(
            lambda readout, labels: _percent(readout.argmax(2), labels),
            "You judge each timestep alone. After T timesteps the network has seen all T of them.",
            "Add up over time first: `readout.cumsum(0)`.",
        ),
        Mistake(
            lambda readout, labels: _accuracy(readout, labels) / 100,
            "You return shares between 0 and 1. Asked for are percent.",
            "Multiply by 100.",
        ),
        Mistake(
            lambda readout, labels: _accuracy(readout, labels) * len(labels) / 100,
            "You return how many images are right, not the percentage.",
            "Divide by the number of images.",
        ),
        Mistake(
            lambda readout, labels: _accuracy(readout, labels)[-1],
            "You return the accuracy after all timesteps only. Asked for is a number for each T.",
            "`cumsum` keeps all the sums on the way.",
        ),
        Mistake(
            lambda readout, labels: _percent(readout.cummax(0).values.argmax(2), labels),
            "You take the largest output so far. The network adds its outputs up.",
            "`cumsum`, not `cummax`.",
        ),
        Mistake(
            lambda readout, labels: _accuracy(readout, labels).mean(),
            "You average over everything: one number. Asked for is a number for each T.",
            "Take the mean over the images only, dimension 1.",
        ),
        Mistake(
            lambda readout, labels: 100 * (readout.cumsum(0).argmax(2) == labels).double().mean(0),
            "You average over time: one number for each image.",
            "Choices and labels are compared in the shape (T, B): average over B, dimension 1.",
        ),
        Mistake(
            lambda readout, labels: _percent(readout.cumsum(1).argmax(2), labels),
            "You add up over the images.",
            "Time is dimension 0.",
        ),
        Mistake(
            lambda readout, labels: _percent(readout.cumsum(0).argmin(2), labels),
            "You choose the class with the smallest output.",
            "The largest output decides: `argmax`.",
        ),
        Mistake(
            lambda readout, labels: (
                _percent(readout.argmax(2), labels).cumsum(0) / torch.arange(1, len(readout) + 1)
            ),
            "You judge each timestep alone and average the accuracies.",
            "Add up the readouts, then choose a class, then count.",
        ),
        Mistake(
            lambda readout, labels: _percent(readout.cumsum(0).roll(1, 0).argmax(2), labels),
            "Your timesteps are shifted by one.",
            "The first number belongs to T = 1: the first readout alone.",
        ),
        Mistake(
            lambda readout, labels: _percent((readout.cumsum(0) - readout).argmax(2), labels),
            "You leave the readout of the timestep itself out of its sum.",
            "After t timesteps the network has seen timesteps 1 to t, t included.",
        ),
        Mistake(
            lambda readout, labels: _accuracy(readout, labels) * len(labels) / len(readout),
            "You divide by the number of timesteps.",
            "Divide by the number of images.",
        ),
        Mistake(
            lambda readout, labels: 100 - _accuracy(readout, labels),
            "You return the percentage of errors.",
            "Count where choice and label are equal.",
        ),
        Mistake(
            lambda readout, labels: _percent(readout.flip(0).cumsum(0).flip(0).argmax(2), labels),
            "You add up from the last timestep backwards.",
            "After T timesteps the network has seen timesteps 1 to T.",
        ),
        Mistake(
            lambda readout, labels: _percent(
                one_hot(readout.argmax(2)).cumsum(0).argmax(2), labels
            ),
            "You let the timesteps vote, each for one class. The network adds its outputs up.",
            "Add up the readouts first, and choose a class from each sum.",
        ),
        Mistake(
            lambda readout, labels: _percent(readout.softmax(2).cumsum(0).argmax(2), labels),
            "You add up probabilities. The network adds up its readouts as they are.",
            "Leave out the softmax.",
        ),
    ],
    praise="One pass over time gives the accuracy at every T.",
)


def _spikes(current: float, T: int) -> int:
    return max(0, min(T, math.floor(T * current + 0.5)))


def _simulated(current: float, T: int, mistake: str) -> float:
    """The rate of a neuron that is run, with one of `MISTAKES`."""
    return float(run_neuron([current] * T, 1.0, 1.0, 0.5, mistake)[0].mean())


rounded_rate = Exercise(
    solution=lambda current, T: _spikes(current, T) / T,
    calls=[
        *((0.125, 4), (0.375, 4), (0.625, 4)),  # halves: the threshold is met exactly
        *(
            (0.3, 4),
            (0.45, 8),
            (0.7, 2),
            (-0.4, 4),
            (1.6, 8),
            (0.6, 1),
            (-2.3, 3),
            (3.0, 2),
            (0.45, 1),
        ),
    ],
    mistakes=[
        Mistake(
            lambda current, T: max(0, min(T, math.floor(T * current))) / T,
            "You round down. A neuron that starts from v_th / 2 rounds to the nearest.",
            "Add one half before you round down: that is v_init.",
        ),
        Mistake(
            lambda current, T: max(0, min(T, math.ceil(T * current))) / T,
            "You round up. A neuron that starts from v_th / 2 rounds to the nearest.",
            "`math.floor` of something rounds down; of what must it be here?",
        ),
        Mistake(
            lambda current, T: max(0, min(T, math.ceil(T * current - 0.5))) / T,
            *MISTAKES["strict"],
        ),
        Mistake(
            lambda current, T: max(0, min(T, round(T * current))) / T,
            "Python's `round` takes halves to the even number: round(0.5) is 0. The neuron fires "
            "at a half.",
            "Add one half and round down.",
        ),
        Mistake(
            lambda current, T: max(0, math.floor(T * current + 0.5)) / T,
            "Your rate exceeds 1 for a large current.",
            "A neuron fires at most once in a timestep.",
            (lambda current, T: max(0, min(T, math.floor(T * current + 0.5) / T)),),
        ),
        Mistake(
            lambda current, T: min(T, math.floor(T * current + 0.5)) / T,
            "Your rate is negative for a negative current.",
            "A neuron that sinks is silent: its rate is 0.",
        ),
        Mistake(
            lambda current, T: max(0, min(T, math.floor(T * (current + 0.5)))) / T,
            "You add v_init at every timestep.",
            "v_init comes in once, the current T times: mind the brackets.",
        ),
        Mistake(
            lambda current, T: max(0.0, min(1.0, (T * current + 0.5) / T)),
            "You do not round: a neuron fires whole spikes.",
            "`math.floor` of the charge, before you divide by T.",
        ),
        *early_or_late(lambda steps, current, T: _spikes(current, steps) / T),
        Mistake(
            lambda current, T: math.floor(T * current + 0.5) / T,
            "Your rate leaves the interval from 0 to 1.",
            "At most one spike in a timestep, and never fewer than none.",
        ),
        Mistake(
            _spikes,
            "You return the number of spikes.",
            "A rate is spikes per timestep: divide by T.",
        ),
        Mistake(
            lambda current, T: max(0.0, min(1.0, current)),
            "That is the rate of infinitely many timesteps. With T of them it is a multiple of "
            "1 / T.",
            "Count whole spikes first, then divide by T.",
        ),
        Mistake(
            lambda current, T: max(0.0, min(1.0, round(current, T))),
            "`round(x, T)` rounds to T decimals. Asked for is a multiple of 1 / T.",
            "Multiply by T, round, and divide by T.",
        ),
        Mistake(
            lambda current, T: float(current + 0.5 >= 1),
            "That is the rate at T = 1, whatever T is.",
            "In T timesteps the charge T * current comes in.",
        ),
        *neuron_mistakes(_simulated, "to zero"),
    ],
    praise="Rounding to 1/T is all that a layer of few timesteps loses.",
)

what_breaks_it = Question(
    right="c",
    because={
        "a": "A run leaves nothing behind: the next one starts afresh from v_init, with the same "
        "weights. No order of runs changes a result.",
        "b": "Equal weights are what the certificate checks first. Copying them breaks nothing.",
        "c": "A reset to zero throws the remainder away. The residual is then no longer spread "
        "evenly, and the network meets rates that it was not trained for.",
        "d": "The noise stood for the residual. Now the residual itself is there, so the noise "
        "would only come on top.",
    },
    hint="Try each of them in the explorer, or think: which changes the distribution of residuals?",
)
