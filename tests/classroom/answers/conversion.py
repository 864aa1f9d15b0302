"""Answers to the exercises of notebook 05."""

import math

import torch


def one_by_one(readout, labels):
    result = []
    total = torch.zeros_like(readout[0])
    for part in readout:
        total = total + part
        result.append(100 * (total.argmax(1) == labels).float().mean())
    return torch.stack(result)


def by_means(readout, labels):
    steps = range(1, len(readout) + 1)
    right = [(readout[:t].mean(0).argmax(-1) == labels).sum().item() for t in steps]
    return [100 * count / len(labels) for count in right]


def each_alone(readout, labels):
    return [100 * (part.argmax(1) == labels).float().mean().item() for part in readout]


def shares(readout, labels):
    return one_by_one(readout, labels) / 100


def only_the_last(readout, labels):
    return one_by_one(readout, labels)[-1]


def grows_its_argument(readout, labels):
    for t in range(1, len(readout)):
        readout[t] += readout[t - 1]
    return each_alone(readout, labels)


def by_running(current, T):
    v, spikes = 0.5, 0
    for _ in range(T):
        v += current
        if v >= 1:
            v -= 1
            spikes += 1
    return spikes / T


def clipped(current, T):
    return min(max(math.floor(current * T + 0.5) / T, 0.0), 1.0)


def starts_at_rest(current, T):
    return min(max(math.floor(current * T), 0), T) / T


def not_clipped(current, T):
    return math.floor(current * T + 0.5) / T


def count(current, T):
    return min(max(math.floor(current * T + 0.5), 0), T)


RIGHT = {
    "accuracy_after_each_timestep": [one_by_one, by_means, grows_its_argument],
    "rounded_rate": [by_running, clipped],
}
WRONG = {
    "accuracy_after_each_timestep": [
        (each_alone, "each timestep alone"),
        (shares, "shares between 0 and 1"),
        (only_the_last, "after all timesteps only"),
    ],
    "rounded_rate": [
        (starts_at_rest, "You round down"),
        (not_clipped, "leaves the interval"),
        (count, "number of spikes"),
        (lambda current, T: min(max(current, 0), 1), "infinitely many"),
        (lambda current, T: round(current, T), "should return"),
    ],
}
