"""Answers to the exercises of notebook 05 in unfamiliar styles."""

import math
from itertools import accumulate

import numpy as np
import torch


def cumulated_in_place(readout, labels):
    readout.cumsum_(0)
    return (readout.argmax(-1) == labels).double().mean(-1).mul_(100)


def with_numpy(readout, labels):
    hits = np.cumsum(readout.numpy(), 0).argmax(2) == labels.numpy()[None]
    return [100 * row.sum() / row.size for row in hits]


def by_triangle(readout, labels):
    T = len(readout)
    sums = torch.einsum("st,tbk->sbk", torch.ones(T, T).tril(), readout)
    return torch.tensor([(s.max(1).indices - labels).eq(0).float().mean() * 100 for s in sums])


def run(current, T, v=0.5):
    """The number of spikes, by recursion."""
    if not T:
        return 0
    v += current
    return run(current, T - 1, v - 1) + 1 if v >= 1 else run(current, T - 1, v)


def only_first_image(readout, labels):
    return [100.0 * (r.argmax(1)[0] == labels[0]) for r in readout.cumsum(0)]


def strictly(current, T):
    v, n = 0.5, 0
    for _ in range(T):
        v += current
        if v > 1:
            v, n = v - 1, n + 1
    return n / T


RIGHT = {
    "accuracy_after_each_timestep": [
        cumulated_in_place,
        with_numpy,
        by_triangle,
        lambda readout, labels: [
            float((s.argmax(1) == labels).sum()) / len(labels) * 100
            for s in accumulate(readout, torch.add)
        ],
    ],
    "rounded_rate": [
        lambda current, T: run(current, T) / T,
        lambda current, T: np.clip(np.floor(0.5 + T * np.array(current)), 0, T) / T,
        lambda current, T: sum(current * T + 0.5 >= n for n in range(1, T + 1)) / T,
        lambda current, T: torch.tensor((T * current + 0.5) // 1).clamp(0, T).div(T),
    ],
}
WRONG = {
    "accuracy_after_each_timestep": [
        (
            lambda readout, labels: (
                100 * (readout.softmax(2).cumsum(0).argmax(2) == labels).float().mean(1)
            ),
            "You add up probabilities.",
        ),
        (
            lambda r, y: 100 * (r.cummax(0).values.argmax(2) == y).float().mean(1),
            "You take the largest output so far. The network adds",
        ),
        (
            lambda r, y: 100 * (r.cumsum(0).argmax(2) == y).float().mean(),
            "You average over everything: one number. Asked for is a",
        ),
        (
            lambda r, y: 100 * (r.cumsum(0).argmax(2) == y).float().mean(0),
            "You average over time: one number for each image.",
        ),
        (
            lambda r, y: 100 * (r.cumsum(0).argmax(2) == y).float().mean(1, keepdim=True),
            "Your numbers are right, but the shape is (3, 1); it",
        ),
        (
            lambda r, y: 100 * (r.cumsum(1).argmax(2) == y).float().mean(1),
            "You add up over the images.",
        ),
        (
            lambda r, y: (r.cumsum(0).argmax(2) == y).float().mean(1),
            "You return shares between 0 and 1. Asked for are",
        ),
        (
            lambda r, y: 100 * (r.cumsum(0).argmax(2) == y),
            "Your result has the shape (3, 2); it should have (3,).",
        ),
        (
            lambda r, y: 100 * (r.cumsum(0).argmax(1) == y).float().mean(1),
            "RuntimeError: The size of tensor a (3) must match the",
        ),
        (only_first_image, "your function returns [ 0., 0., 100.]; it should return"),
        (
            lambda r, y: (100 * (r.cumsum(0).argmax(2) == y).float().mean(1)).flip(0),
            "Your numbers are right, but in the reverse order.",
        ),
        (
            lambda r, y: 100 * (r[:-1].cumsum(0).argmax(2) == y).float().mean(1),
            "Your result has the shape (2,); it should have (3,).",
        ),
    ],
    "rounded_rate": [
        (
            lambda current, T: min(max(math.floor(T * current + 0.5) / T, 0), T),
            "Your rate exceeds 1 for a large current.",
        ),
        (strictly, "At exactly v_th your neuron stays silent. It may stay"),
        (
            lambda current, T: max(0, min(T, math.ceil(T * current - 0.5))) / T,
            "At exactly v_th your neuron stays silent. It may stay",
        ),
        (
            lambda current, T: max(0, min(T, round(T * current))) / T,
            "Python's `round` takes halves to the even number:",
        ),
        (
            lambda current, T: max(0, min(1, math.floor(T * current + 0.5) // T)),
            "You round your result down to whole numbers.",
        ),
        (
            lambda current, T: max(0, math.floor(T * current + 0.5)) / T,
            "Your rate exceeds 1 for a large current.",
        ),
        (
            lambda current, T: max(0, min(T, math.floor(T * (current + 0.5)))) / T,
            "You add v_init at every timestep.",
        ),
        (
            lambda current, T: round(current, T),
            "your function returns 0.125; it should return 0.25.",
        ),
        (
            lambda current, T: max(0, min(T, T * current + 0.5)) / T,
            "You do not round: a neuron fires whole spikes.",
        ),
        (
            lambda current, T: 100 * run(current, T) / T,
            "Each of your numbers is 100 times the right one.",
        ),
        (lambda current, T: run(current, T - 1) / T, "You stop one timestep too early."),
    ],
}
