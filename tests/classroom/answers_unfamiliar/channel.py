"""Answers to the exercises of notebook 11 in unfamiliar styles."""

from itertools import product

import numpy as np
import torch


def padded(spikes, dt):
    """A last row in which everybody fires."""
    everybody = np.ones((1, spikes.shape[1]), dtype=bool)
    return np.concatenate([spikes, everybody]).argmax(0) * dt


def by_minimum(spikes, dt):
    when = np.arange(len(spikes))[:, None] * dt
    return np.where(spikes, when, len(spikes) * dt).min(0)


def by_running_sum(spikes, dt):
    return [dt * sum(1 for seen in np.cumsum(column) if seen == 0) for column in spikes.T]


def with_torch(spikes, dt):
    raster = torch.tensor(spikes)
    return dt * (raster.cumsum(0) == 0).sum(0).double()


def of_all_cases(bright, dark):
    """Over the four cases."""
    total = 0.0
    for one, other in product((0, 1), repeat=2):
        weight = (bright if one else 1 - bright) * (dark if other else 1 - dark)
        total += weight * (1.0 if one > other else 0.5 if one == other else 0.0)
    return total


RIGHT = {
    "first_spike": [padded, by_minimum, by_running_sum, with_torch],
    "brighter_found": [
        of_all_cases,
        lambda bright, dark: np.mean([bright, 1 - dark]),
        lambda bright, dark: 0.5 * (bright + 1.0 - dark),
    ],
}
WRONG = {
    "first_spike": [
        (
            lambda spikes, dt: np.where(spikes.any(0), spikes.argmax(0) * dt, np.nan),
            "no finite time",
        ),
        (
            lambda spikes, dt: np.where(spikes.any(0), spikes.argmax(0) * dt, -1),
            "a time before all others",
        ),
        (
            lambda spikes, dt: np.where(spikes.any(0), spikes.argmax(0) * dt, len(spikes)),
            "the number of steps",
        ),
        (
            lambda spikes, dt: np.where(spikes.any(0), (spikes.argmax(0) + 1) * dt, 9 * dt),
            "it should",
        ),
        (
            lambda spikes, dt: (np.where(spikes.any(0), spikes.argmax(0), len(spikes) - 1)) * dt,
            "at the last time of all",
        ),
    ],
    "brighter_found": [
        (lambda bright, dark: 0.5 + (dark - bright) / 2, "the dark pixel is taken"),
        (lambda bright, dark: 50 * (1 + bright - dark), "You return percent."),
        (lambda bright, dark: bright * (1 - dark / 2), "none fires"),
        (lambda bright, dark: (1 - dark) * (1 + bright) / 2, "both fire"),
        (lambda bright, dark: max(bright, dark), "it should return"),
        (lambda bright, dark: 1.0 if bright >= dark else 0.0, "only 0 or 1"),
        (lambda bright, dark: (1 + bright * (1 - dark)) / 2, "only the dark one fires"),
    ],
}
