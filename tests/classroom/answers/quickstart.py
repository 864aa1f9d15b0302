"""Answers to the exercises of notebook 00."""

import numpy as np
import torch


def rates_by_loop(spikes):
    result = []
    for neuron in range(spikes.shape[1]):
        count = 0
        for t in range(len(spikes)):
            count += spikes[t, neuron]
        result.append(count / len(spikes))
    return torch.stack(result)


def over_neurons(spikes):
    return spikes.mean(dim=-1)


def counted(spikes):
    total = torch.zeros(spikes.shape[1])
    for row in spikes:
        total = total + row
    return total


def classes_by_loop(readout):
    _, B, K = readout.shape
    return [max(range(K), key=lambda k: readout[:, b, k].sum()) for b in range(B)]


def last_step(readout):
    return torch.argmax(readout[len(readout) - 1], dim=-1)


def no_mean(readout):
    return readout.argmax(-1)


def votes(readout):
    choices = readout.argmax(2)  # (T, B)
    return torch.stack([torch.bincount(choices[:, b]).argmax() for b in range(choices.shape[1])])


RIGHT = {
    "rates": [
        rates_by_loop,
        lambda spikes: spikes.sum(dim=0) / spikes.shape[0],
        lambda spikes: np.asarray(spikes).mean(axis=0),
    ],
    "predicted_classes": [
        lambda readout: readout.mean(dim=0).argmax(dim=-1),
        classes_by_loop,
        lambda readout: readout.sum(0).max(1).indices,
    ],
}
WRONG = {
    "rates": [
        (counted, "You count the spikes"),
        (over_neurons, "average over the neurons"),
        (lambda spikes: float(spikes.mean()), "one number for all neurons together"),
        (lambda spikes: spikes, "shape (5, 3); it should have (3,)"),
    ],
    "predicted_classes": [
        (last_step, "by the last timestep alone"),
        (votes, "vote for a class"),
        (no_mean, "shape (3, 2); it should have (2,)"),
        (lambda readout: readout.mean(0).amax(1), "not which class"),
    ],
}
