"""Answers to the exercises of notebook 09."""

import math

import numpy as np
import torch
from scipy.stats import norm


def by_binomial(p, N):
    return (N * p * (1 - p)) ** 0.5 / N


def with_torch(p, N):
    return torch.tensor(p * (1 - p) / N, dtype=torch.float64).sqrt()


def variance(p, N):
    return p * (1 - p) / N


def of_the_count(p, N):
    return math.sqrt(N * p * (1 - p))


def like_one_over_n(p, N):
    return np.sqrt(p - p**2) / N


def with_scipy(current, threshold, sigma):
    return norm.cdf(current, threshold, sigma) - norm.cdf(0, threshold, sigma)


def with_erf(current, threshold, sigma):
    scale = sigma * math.sqrt(2)
    return (math.erf((current - threshold) / scale) + math.erf(threshold / scale)) / 2


def hits_only(current, threshold, sigma):
    return norm.cdf((current - threshold) / sigma)


def other_way_round(current, threshold, sigma):
    return norm.cdf(0, threshold, sigma) - norm.cdf(current, threshold, sigma)


def wrong_sign(current, threshold, sigma):
    return norm.cdf((current - threshold) / sigma) - norm.cdf(threshold / sigma)


RIGHT = {
    "open_share_noise": [by_binomial, with_torch],
    "hits_minus_false_alarms": [with_scipy, with_erf],
}
WRONG = {
    "open_share_noise": [
        (variance, "the variance"),
        (of_the_count, "number of open channels"),
        (like_one_over_n, "falls like 1 / N"),
        (lambda p, N: p / N, "should return"),
    ],
    "hits_minus_false_alarms": [
        (hits_only, "the hits only"),
        (other_way_round, "hits from the false alarms"),
        (wrong_sign, "wrong sign"),
        (lambda current, threshold, sigma: current, "You return `current` as it came in"),
    ],
}
