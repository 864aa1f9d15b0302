"""Answers to the exercises of notebook 04."""

import statistics

import numpy as np
import torch


def shifted_threshold(current, noise, v_th):
    """The noise moves the threshold down instead of the potential up."""
    return torch.where(current >= v_th * (1 - noise), 1.0, 0.0)


def booleans(current, noise, v_th):
    return noise + current / v_th >= 1


def without_noise(current, noise, v_th):
    return (current >= v_th) * 1


def unit_forgotten(current, noise, v_th):
    h = noise + current
    return (h >= v_th).int()


def strict(current, noise, v_th):
    return torch.heaviside(noise * v_th + current - v_th, torch.tensor(0.0))


def twice_the_mean(current, noise, v_th):
    v = v_th / 2
    v = v + noise * v_th
    return (v + current >= v_th).float()


def by_hand(accuracies):
    n = len(accuracies)
    mean = sum(accuracies) / n
    return mean, (sum((a - mean) ** 2 for a in accuracies) / (n - 1)) ** 0.5


RIGHT = {
    "noisy_spikes": [shifted_threshold, booleans],
    "mean_and_spread": [
        by_hand,
        lambda accuracies: (np.mean(accuracies), np.std(accuracies, ddof=1)),
        lambda accuracies: [statistics.fmean(accuracies), statistics.stdev(accuracies)],
    ],
}
WRONG = {
    "noisy_spikes": [
        (without_noise, "noise has no effect"),
        (unit_forgotten, "in units of v_th"),
        (strict, "exactly v_th"),
        (twice_the_mean, "has its mean already"),
    ],
    "mean_and_spread": [
        (lambda accuracies: (np.mean(accuracies), np.std(accuracies)), "divide by n"),
        (lambda a: (statistics.mean(a), statistics.variance(a)), "is the variance"),
        (lambda a: (max(a), statistics.stdev(a)), "best seed"),
        (lambda a: (statistics.median(a), statistics.stdev(a)), "is the median"),
        (lambda a: statistics.mean(a), "one value"),
    ],
}
