"""Exercises of notebook 00: reading the spikes and the readout of a network."""

from __future__ import annotations

import torch
from torch import Tensor

from snnlab.classroom.checking import Exercise, Mistake, percent
from snnlab.classroom.questions import Question


def _spikes(timesteps: int, neurons: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(timesteps, neurons, generator=generator) < 0.4).float()


def _readout(timesteps: int, batch: int, classes: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(timesteps, batch, classes, generator=generator)


_FEW_SPIKES = torch.tensor([[1, 0, 1], [0, 0, 1], [0, 0, 1], [1, 0, 1], [1, 1, 1.0]])
_FEW_OUTPUTS = torch.tensor(
    [
        [[0.5, 0.1, 0.2], [-0.3, 0.8, 0.1]],
        [[0.4, 0.1, 0.2], [0.2, 0.1, 0.4]],
        [[-2.0, 0.3, 0.5], [0.3, 0.9, 0.6]],
    ]
)  # two images: one that two timesteps of three get wrong


rates = Exercise(
    solution=lambda spikes: spikes.mean(0),
    calls=[(_FEW_SPIKES,), (_spikes(8, 3, 0),), (_spikes(4, 6, 1),)],
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
        Mistake(
            lambda spikes: spikes[0],
            "You look at the first timestep only.",
            "A rate needs the spikes of every timestep.",
        ),
        Mistake(
            lambda spikes: spikes.amax(0),
            "You say whether a neuron fires at all, not how often.",
            "Take the mean over time, not the maximum.",
        ),
        Mistake(
            lambda spikes: spikes.median(0).values,
            "All your rates are 0 or 1: is there a median, or are they rounded?",
            "Take the mean over time, and leave it as it is.",
        ),
        Mistake(
            lambda spikes: spikes.sum(0) / (len(spikes) - 1),
            "You divide by T - 1, but there are T timesteps.",
            "`len(spikes)` is T: divide by it as it is.",
        ),
        Mistake(
            lambda spikes: spikes.sum(0) / (len(spikes) + 1),
            "You divide by T + 1, but there are T timesteps.",
            "`len(spikes)` is T: divide by it as it is.",
        ),
        Mistake(
            lambda spikes: spikes[:-1].mean(0),
            "You leave the last timestep out.",
            "`spikes[:-1]` and `range(T - 1)` stop one too early.",
        ),
        Mistake(
            lambda spikes: spikes[:-1].sum(0) / len(spikes),
            "You leave the last timestep out, but divide by all T.",
            "`range(T - 1)` stops one too early.",
        ),
        Mistake(
            lambda spikes: spikes[1:].mean(0),
            "You leave the first timestep out.",
            "Python counts from 0: the first timestep is `spikes[0]`.",
        ),
        Mistake(
            lambda spikes: spikes.sum(0) / spikes.sum(),
            "You divide by all the spikes of all neurons.",
            "Divide by the number of timesteps.",
        ),
        Mistake(
            lambda spikes: spikes.std(0),
            "That is the standard deviation over time.",
            "Take the mean.",
        ),
        percent(lambda spikes: spikes.mean(0)),
    ],
    praise="A rate is the mean of the spikes over time, one number for each neuron.",
)

predicted_classes = Exercise(
    solution=lambda readout: readout.sum(0).argmax(1),
    calls=[(_FEW_OUTPUTS,), (_readout(6, 7, 4, 2),), (_readout(3, 12, 5, 3),)],
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
        Mistake(
            lambda readout: readout.amax(0).argmax(1),
            "You take the largest output over time, so one timestep decides.",
            "Take the mean over time.",
        ),
        Mistake(
            lambda readout: readout.abs().sum(0).argmax(1),
            "You drop the signs. A strongly negative output speaks against a class.",
            "Average the readout as it is.",
        ),
        Mistake(
            lambda readout: readout.sum(0).abs().argmax(1),
            "You look for the output that is largest without its sign. A strongly negative output "
            "speaks against a class.",
            "Look for the largest output as it is.",
        ),
        Mistake(
            lambda readout: readout.softmax(2).mean(0).argmax(1),
            "You turn every timestep into probabilities before you average. The network averages "
            "its readout itself.",
            "One mean over time, then one argmax, and no softmax between them.",
        ),
        Mistake(
            lambda readout: readout.median(0).values.argmax(1),
            "You take the median over time. The network takes the mean.",
            "Add up over time, or average.",
        ),
        Mistake(
            lambda readout: readout.sum(0).topk(2).indices[:, 1],
            "You return the class in the second place.",
            "After sorting, the largest stands at the end or at the start: see which.",
        ),
        Mistake(
            lambda readout: readout[:-1].sum(0).argmax(1),
            "You leave the last timestep out of the average.",
            "`readout[:-1]` and `range(T - 1)` stop one too early.",
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
