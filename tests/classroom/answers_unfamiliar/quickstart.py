"""Answers to the exercises of notebook 00 in unfamiliar styles."""

from collections import Counter
from functools import reduce

import numpy as np
import torch


class Rates:
    """A class that is called."""

    def __call__(self, spikes):
        return torch.stack([column.float().mean() for column in spikes.T])


def rates_in_place(spikes):
    for t in range(1, len(spikes)):
        spikes[0] += spikes[t]
    spikes /= len(spikes)
    return spikes[0]


def total(readout):
    """The sum over time, by recursion."""
    return readout[0] if len(readout) == 1 else readout[0] + total(readout[1:])


def winner_in_place(readout):
    readout.cumsum_(0)
    return torch.sort(readout[-1], dim=1, descending=True).indices[:, 0]


def bottom_of_the_loop(readout):
    chosen = []
    for b in range(readout.shape[1]):
        scores = readout[:, b].sum(0)
        chosen.append(scores.argmax())
        return chosen


RIGHT = {
    "rates": [
        Rates(),
        rates_in_place,
        lambda spikes: torch.einsum("tn->n", spikes) / spikes.size(0),
        lambda spikes: [sum(column) / len(column) for column in zip(*spikes.tolist(), strict=True)],
        lambda spikes: torch.full((len(spikes),), 1 / len(spikes)) @ spikes,
    ],
    "predicted_classes": [
        lambda readout: total(readout).argmax(1),
        winner_in_place,
        lambda readout: np.argmax(np.einsum("tbk->bk", readout.numpy()), axis=1).tolist(),
        lambda readout: reduce(torch.add, readout).softmax(-1).max(-1)[1].to(torch.float16),
    ],
}
WRONG = {
    "rates": [
        (
            lambda spikes: spikes.mean(0, keepdim=True),
            "Your numbers are right, but the shape is (1, 3); it",
        ),
        (
            lambda spikes: spikes.max(0).values,
            "You say whether a neuron fires at all, not how often.",
        ),
        (
            lambda spikes: 100 * spikes.mean(0),
            "You return percent. Asked for is a number from 0 to 1.",
        ),
        (
            lambda spikes: spikes.numpy().mean(axis=1),
            "You average over the neurons: one number for each",
        ),
        (
            lambda spikes: sum(spikes[t] for t in range(len(spikes) - 1)) / len(spikes),
            "You leave the last timestep out, but divide by all T.",
        ),
        (
            lambda spikes: spikes.mean(0).round(),
            "All your rates are 0 or 1: is there a median, or are",
        ),
        (lambda spikes: 1 - spikes.mean(0), "Your result is 1 minus the right one."),
        (
            lambda spikes: spikes.sum(0) // len(spikes),
            "You round your result down to whole numbers.",
        ),
        (
            lambda spikes: f"{spikes.mean(0)}",
            "Your function returns text ('tensor([0.6000, 0.2000,",
        ),
        (
            lambda spikes: dict(enumerate(spikes.mean(0).tolist())),
            "Your function returns a dict ({'0': 0.6, '1': 0.2,",
        ),
    ],
    "predicted_classes": [
        (lambda readout: readout.mean(0).argmax(1) + 1, "Each of your numbers is 1 too large."),
        (
            lambda readout: readout.max(0).values.argmax(1),
            "You take the largest output over time, so one timestep",
        ),
        (
            lambda readout: readout.mean(0).argmax(),
            "Your result is one number; it should have the shape",
        ),
        (
            lambda readout: readout.mean(0).softmax(1),
            "Your result has the shape (2, 3); it should have (2,).",
        ),
        (
            lambda readout: readout.mean(1).argmax(1),
            "Your result has the shape (3,); it should have (2,).",
        ),
        (
            lambda readout: Counter(readout.argmax(2).flatten().tolist()).most_common(1)[0][0],
            "Your result is one number; it should have the shape",
        ),
        (
            lambda readout: readout.mean(0).argsort(1)[:, 0],
            "You choose the class with the smallest output.",
        ),
        (
            lambda readout: readout.argmax(2).float().mean(0).round(),
            "your function returns [1., 1.]; it should return [2.,",
        ),
        (bottom_of_the_loop, "Your result has the shape (1,); it should have (2,)."),
    ],
}
