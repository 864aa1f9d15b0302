"""Exercises of notebook 00: reading the spikes and the readout of a network."""

from __future__ import annotations

import torch
from torch import Tensor

from snnlab.classroom.checking import Exercise, Mistake
from snnlab.classroom.questions import Question


def _spikes(timesteps: int, neurons: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(timesteps, neurons, generator=generator) < 0.4).float()


def _readout(timesteps: int, batch: int, classes: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(timesteps, batch, classes, generator=generator)


rates = Exercise(
    solution=lambda spikes: spikes.mean(0),
    calls=[(_spikes(8, 3, 0),), (_spikes(5, 4, 1),), (torch.ones(1, 2),)],
    mistakes=[
        Mistake(
            lambda spikes: spikes.sum(0),
            "You count the spikes. A rate is spikes per timestep.",
            "How many timesteps are there? `len(spikes)`.",
        ),
        Mistake(
            lambda spikes: spikes.mean(1),
            "You average over the neurons: one number for each timestep.",
            "The spikes have the shape (T, N): time comes first. Average over dimension 0.",
        ),
        Mistake(
            lambda spikes: spikes.mean(),
            "You average over everything: one number for all neurons together.",
            "Each neuron has a rate of its own, so the result has the shape (N,).",
        ),
        Mistake(
            lambda spikes: spikes.sum(0) / spikes.shape[1],
            "You divide by the number of neurons; a rate is spikes per timestep.",
            "The spikes have the shape (T, N). Which of the two is the number of timesteps?",
        ),
        Mistake(
            lambda spikes: spikes[-1],
            "You look at the last timestep only.",
            "A rate needs all T timesteps.",
        ),
    ],
    praise="A rate is the mean of the spikes over time, one number for each neuron.",
)

predicted_classes = Exercise(
    solution=lambda readout: readout.sum(0).argmax(1),
    calls=[(_readout(6, 7, 4, 2),), (_readout(3, 12, 5, 3),)],
    mistakes=[
        Mistake(
            lambda readout: readout[-1].argmax(1),
            "You decide by the last timestep alone and throw the earlier ones away.",
            "Average (or add up) over time first, then look for the largest class.",
        ),
        Mistake(
            lambda readout: readout[0].argmax(1),
            "You decide by the first timestep alone, as if the network had run with T = 1.",
            "Average (or add up) over time first, then look for the largest class.",
        ),
        Mistake(
            lambda readout: readout.argmax(2).mode(0).values,
            "You let every timestep vote for a class. The network averages first: a timestep "
            "that is sure counts more than one that wavers.",
            "One mean over time, then one argmax.",
        ),
        Mistake(
            lambda readout: readout.sum(0).argmax(0),
            "You ask for each class which image has most of it.",
            "After the mean over time the shape is (B, K): images, classes. "
            "Take the argmax over the classes.",
        ),
        Mistake(
            lambda readout: readout.mean(0).max(1).values,
            "You return how large the largest output is, not which class it belongs to.",
            "`argmax` says where the largest is, `max` how large it is.",
        ),
        Mistake(
            lambda readout: readout.sum(0).argmin(1),
            "You choose the class with the smallest output.",
            "The largest output wins.",
        ),
    ],
    praise="First the mean over time, then the largest class. That is all the network does.",
)

why_nothing_is_lost = Question(
    right="c",
    because={
        "a": "The weights stay as they are, bit for bit: the conversion only copies them. You "
        "can read that in the certificate.",
        "b": "The noise is switched off when the network runs for many timesteps; the certificate "
        "counts without it.",
        "c": "In training the noise stood where the leftover potential stands later. The network "
        "has already learned to live with it.",
        "d": "Without noise the same average over T is taken, and there the accuracy falls. So "
        "averaging alone is not the reason.",
    },
    hint="What does a neuron carry into its second timestep that it had not in its first?",
)
