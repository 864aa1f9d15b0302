"""Answers to the exercises of notebook 09 in unfamiliar styles."""

import math
from statistics import NormalDist

import numpy as np
import torch
from scipy import integrate, stats


def by_enumeration(p, N):
    one = np.array([0.0, 1.0])
    variance = np.average((one - p) ** 2, weights=[1 - p, p])
    return np.sqrt([variance / N])


class Detector:
    """A neuron that is asked."""

    def __init__(self, threshold, sigma):
        self.noise = NormalDist(threshold, sigma)

    def fires(self, current):
        """Firing probability."""
        return self.noise.cdf(current)


def asked(current, threshold, sigma):
    neuron = Detector(threshold, sigma)
    return neuron.fires(current) - neuron.fires(0)


def phi(z):
    """The cumulative normal distribution."""
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def keeps_printing(current, threshold, sigma):
    for i in range(1000):
        print("round", i)  # noqa: T201
    return phi((current - threshold) / sigma)


RIGHT = {
    "open_share_noise": [
        by_enumeration,
        lambda p, N: stats.binom.std(N, p) / N,
        lambda p, N: math.exp(0.5 * (math.log(p) + math.log1p(-p) - math.log(N))),
        lambda p, N: (
            math.hypot(*[math.sqrt(p * (1 - p)) / N] * N) if N < 50 else (p / N - p * p / N) ** 0.5
        ),
    ],
    "hits_minus_false_alarms": [
        asked,
        lambda current, threshold, sigma: integrate.quad(
            stats.norm(threshold, sigma).pdf, 0, current
        )[0],
        lambda current, threshold, sigma: torch.special.ndtr(
            (torch.tensor([0.0, current], dtype=torch.float64) - threshold) / sigma
        ).diff(),
    ],
}
WRONG = {
    "open_share_noise": [
        (lambda p, N: (p * (1 - p) / N) ** 1 / 2, "You halve the variance."),
        (lambda p, N: math.sqrt(p - p**2 / N), "You divide only the square of p by N."),
        (
            lambda p, N: math.sqrt(p * (1 - p)) / N * math.sqrt(1 / N),
            "You divide by N under the root and once more outside.",
        ),
        (
            lambda p, N: math.sqrt(p * (1 - p) / (N - 1)),
            "You divide by N - 1. That corrects an estimate from",
        ),
        (
            lambda p, N: p * (1 - p) / math.sqrt(N),
            "Your root covers N only. It must cover p (1 - p) too.",
        ),
        (
            lambda p, N: math.sqrt(p * (1 - p)) / N,
            "Your noise falls like 1 / N. Independent channels",
        ),
        (
            lambda p, N: 100 * math.sqrt(p * (1 - p) / N),
            "You return percent. Asked for is a number from 0 to 1.",
        ),
        (lambda p, N: math.sqrt(p * (p - 1) / N), "ValueError: math domain error"),
        (
            lambda p, N: math.sqrt(p * 1 - p / N),
            "your function returns 0.70356; it should return 0.05.",
        ),
        (lambda p, N: round(math.sqrt(p * (1 - p) / N), 2), "You round your result to 2 decimals."),
        (lambda p, N: p * N, "your function returns 50; it should return 0.05."),
        (lambda p, N: 0.5 / math.sqrt(N), "your function returns 0.0079057; it should return"),
        (
            lambda p, N: np.random.default_rng(0).binomial(N, p, 200).std() / N,
            "your function returns 0.054166; it should return 0.05.",
        ),
    ],
    "hits_minus_false_alarms": [
        (
            lambda c, th, s: phi((c - th) / s) - phi(-th),
            "You forgot sigma in the false alarms.",
        ),
        (keeps_printing, "You return the hits only. A neuron that fires all the"),
        (
            lambda c, th, s: phi(c - th / s) - phi(-th / s),
            "You divide only the threshold by sigma: `/` comes",
        ),
        (
            lambda c, th, s: math.erf((c - th) / s) / 2 - math.erf(-th / s) / 2,
            "A factor sqrt(2) is missing inside erf.",
        ),
        (
            lambda c, th, s: phi((c - th) / s) - phi((th - c) / s),
            "That is hits minus misses. A miss is silence with the",
        ),
        (
            lambda c, th, s: (phi((c - th) / s), phi(-th / s)),
            "Your result holds 2 numbers; it should be one number.",
        ),
        (lambda c, th, s: phi(c / s), "your function returns 0.84954; it should return"),
        (
            lambda c, th, s: 100 * (phi((c - th) / s) - phi(-th / s)),
            "Each of your numbers is 100 times the right one.",
        ),
        (
            lambda c, th, s: phi((c - th) / s) - phi(0),
            "You take Phi(0), one half, for the false alarms.",
        ),
        (lambda c, th, s: phi(c - th) - phi(-th), "sigma has no effect."),
        (
            lambda c, th, s: math.erf((c - th) / s / 2**0.5) - math.erf(-th / s / 2**0.5),
            "Each of your numbers is 2 times the right one.",
        ),
    ],
}
