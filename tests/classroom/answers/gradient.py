"""Answers to the exercises of notebook 03."""

import math
from statistics import NormalDist

import torch


def above(current, mu, sigma):
    """Area of the noise above what is missing to the threshold."""
    return 1 - NormalDist(mu, sigma).cdf(1 - current)


def with_torch(current, mu, sigma):
    z = torch.tensor((current + mu - 1) / sigma, dtype=torch.float64)
    return torch.special.ndtr(z)


def no_mean(current, mu, sigma):
    return NormalDist(0, sigma).cdf(current - 1)


def of_silence(current, mu, sigma):
    return NormalDist(mu, sigma).cdf(1 - current)


def hard(current, mu, sigma):
    return int(mu + current >= 1)


def by_difference(current, mu, sigma):
    small = 1e-5
    return (above(current + small, mu, sigma) - above(current - small, mu, sigma)) / (2 * small)


def forgot_sigma(current, mu, sigma):
    z = (current - 1 + mu) / sigma
    return math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def not_normalised(current, mu, sigma):
    z = (current - 1 + mu) / sigma
    return math.exp(-0.5 * z**2) / sigma


def arctangent(current, mu, sigma):
    z = (current - 1 + mu) / sigma
    return 1 / (1 + z**2)


RIGHT = {
    "firing_probability": [above, with_torch],
    "surrogate_slope": [
        by_difference,
        lambda current, mu, sigma: NormalDist(mu, sigma).pdf(1 - current),
    ],
}
WRONG = {
    "firing_probability": [
        (no_mean, "forget the mean"),
        (of_silence, "probability of silence"),
        (hard, "hard threshold"),
        (lambda current, mu, sigma: math.erf((current + mu - 1) / sigma), "should return"),
        (lambda current, mu, sigma: math.log(current), "math domain error"),
    ],
    "surrogate_slope": [
        (forgot_sigma, "inner derivative is missing"),
        (not_normalised, "area below it is not 1"),
        (above, "firing probability itself"),
        (arctangent, "should return"),
    ],
}
