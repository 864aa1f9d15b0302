"""Answers to the exercises of notebook 08."""

import numpy as np
import torch


def with_a_mask(residual, rate):
    active = (rate > 0) & (rate < 1)
    return residual[active].mean(), residual[active].std()


def in_a_loop(residual, rate):
    kept = [float(v) for v, r in zip(residual, rate, strict=True) if 0 < r < 1]
    return np.mean(kept), np.std(kept)


def everybody(residual, rate):
    return residual.mean(), residual.std(correction=0)


def with_saturated(residual, rate):
    kept = residual[rate > 0]
    return kept.mean(), kept.std(correction=0)


def variance(residual, rate):
    kept = residual[(rate > 0) & (rate < 1)]
    return kept.mean(), kept.var(correction=0)


def with_where(spikes, share, draws):
    return torch.where(draws < share, 0.0, spikes)


def one_by_one(spikes, share, draws):
    result = spikes.clone()
    for t in range(spikes.shape[0]):
        for i in range(spikes.shape[1]):
            if draws[t, i] < share:
                result[t, i] = 0
    return result


def keeps_the_lost(spikes, share, draws):
    return torch.where(draws < share, spikes, 0.0)


def dropout(spikes, share, draws):
    return torch.where(draws < share, 0.0, spikes / (1 - share))


def smaller(spikes, share, draws):
    return (1 - share) * spikes


RIGHT = {
    "noise_from_residuals": [lambda *both: in_a_loop(*both), with_a_mask],
    "lose_spikes": [with_where, one_by_one],
}
WRONG = {
    "noise_from_residuals": [
        (everybody, "all neurons"),
        (with_saturated, "Saturated neurons"),
        (variance, "variance"),
    ],
    "lose_spikes": [
        (keeps_the_lost, "keep the share"),
        (dropout, "larger than 1"),
        (smaller, "every spike smaller"),
    ],
}
