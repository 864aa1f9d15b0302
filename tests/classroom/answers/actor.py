"""Answers to the exercises of notebook 10."""

import math

import numpy as np
import torch


def as_in_the_text(x, n, m):
    a = math.exp(-1 / m)
    return a * x + math.sqrt(1 - a**2) * n


def by_angle(x, n, m):
    angle = np.arccos(np.exp(-1 / m))
    return np.cos(angle) * x + np.sin(angle) * n


def adds_all(x, n, m):
    return math.exp(-1 / m) * x + n


def takes_the_rest(x, n, m):
    a = math.exp(-1 / m)
    return a * x + (1 - a) * n


def forgets_faster(x, n, m):
    a = math.exp(-m)
    return a * x + math.sqrt(1 - a**2) * n


def with_a_sum(readout, p):
    return (readout**2 * p * (1 - p)).sum() ** 0.5


def with_a_loop(readout, p):
    total = 0.0
    for w, q in zip(readout.tolist(), p.tolist(), strict=True):
        total += w * w * (q - q * q)
    return math.sqrt(total)


def variance(readout, p):
    return (readout**2 * p * (1 - p)).sum()


def deviations_added(readout, p):
    return (abs(readout) * torch.sqrt(p * (1 - p))).sum()


def only_the_bound(readout, p):
    return torch.linalg.norm(readout) / 2


RIGHT = {
    "next_noise": [as_in_the_text, by_angle],
    "action_spread": [with_a_sum, with_a_loop],
}
WRONG = {
    "next_noise": [
        (adds_all, "the whole new draw"),
        (takes_the_rest, "the noise fades"),
        (forgets_faster, "forgets faster"),
    ],
    "action_spread": [
        (variance, "You return the variance"),
        (deviations_added, "add up standard deviations"),
        (only_the_bound, "That is the bound"),
    ],
}
