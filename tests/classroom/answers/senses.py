"""Answers to the exercises of notebook 12."""

import math

import numpy as np
import torch


def with_logarithms(left, right, prior):
    return torch.softmax(left.log() + right.log() - prior.log(), 0)


def in_a_loop(left, right, prior):
    found = [float(a) * float(b) / float(p) for a, b, p in zip(left, right, prior, strict=True)]
    total = sum(found)
    return [each / total for each in found]


def without_prior(left, right, prior):
    both = left * right
    return both / both.sum()


def not_normalised(left, right, prior):
    return left * right / prior


def mean_of_both(left, right, prior):
    return 0.5 * left + 0.5 * right


def by_share(left, sigma_left, right, sigma_right):
    share = sigma_right**2 / (sigma_left**2 + sigma_right**2)
    spread = sigma_left * sigma_right / math.hypot(sigma_left, sigma_right)
    return share * left + (1 - share) * right, spread


def with_numpy(left, sigma_left, right, sigma_right):
    weights = np.array([sigma_left, sigma_right]) ** -2.0
    return np.average([left, right], weights=weights), 1 / np.sqrt(weights.sum())


def not_squared(left, sigma_left, right, sigma_right):
    a, b = 1 / sigma_left, 1 / sigma_right
    return (a * left + b * right) / (a + b), (a**2 + b**2) ** -0.5


def other_way_round(left, sigma_left, right, sigma_right):
    a, b = sigma_left**2, sigma_right**2
    return (a * left + b * right) / (a + b), (1 / a + 1 / b) ** -0.5


def larger_sigma(left, sigma_left, right, sigma_right):
    return by_share(left, sigma_left, right, sigma_right)[0], math.hypot(sigma_left, sigma_right)


RIGHT = {"combine": [with_logarithms, in_a_loop], "weigh": [by_share, with_numpy]}
WRONG = {
    "combine": [
        (without_prior, "forgot the prior"),
        (not_normalised, "do not sum to 1"),
        (mean_of_both, "You average."),
        (lambda left, right, prior: left, "You return `left` as it came in"),
    ],
    "weigh": [
        (not_squared, "You weigh by 1 / sigma."),
        (other_way_round, "the wrong way round"),
        (larger_sigma, "that of a sum or a difference"),
    ],
}
