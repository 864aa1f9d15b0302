"""Answers to the exercises of notebook 03 in unfamiliar styles."""

import cmath
import math

import numpy as np
import torch
from scipy import integrate, stats


def by_integration(current, mu, sigma):
    density = stats.norm(mu, sigma).pdf
    return integrate.quad(density, 1 - current, mu + 12 * sigma + 2)[0]


def by_autograd(current, mu, sigma):
    x = torch.tensor(current, dtype=torch.float64, requires_grad=True)
    torch.distributions.Normal(0.0, 1.0).cdf((x + mu - 1) / sigma).backward()
    return x.grad


def by_complex_step(current, mu, sigma):
    z = (current + mu - 1) / sigma
    return (cmath.exp(-z * z / 2) / cmath.sqrt(2 * cmath.pi * sigma**2)).real


phi = lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi)  # noqa: E731

RIGHT = {
    "firing_probability": [
        by_integration,
        lambda current, mu, sigma: math.erfc((1 - mu - current) / sigma / 2**0.5) / 2,
        lambda current, mu, sigma: np.array([stats.norm.sf(1.0, current + mu, sigma)]),
        lambda current, mu, sigma: (
            torch.distributions.Normal(mu, sigma).cdf(torch.tensor(1 - current)).neg().add(1)
        ),
    ],
    "surrogate_slope": [
        by_autograd,
        by_complex_step,
        lambda current, mu, sigma: stats.norm.pdf(current, loc=1 - mu, scale=sigma),
    ],
}
WRONG = {
    "firing_probability": [
        (
            lambda current, mu, sigma: (
                0.5 * (1 + math.erf((current + mu - 1) / sigma * math.sqrt(2)))
            ),
            "Your probability is too steep: you multiply by sqrt(2) inside erf.",
        ),
        (
            lambda current, mu, sigma: (
                0.5 * 1 + math.erf((current + mu - 1) / sigma / math.sqrt(2))
            ),
            "You halve the 1 only",
        ),
        (
            lambda c, mu, sigma: 0.5 * (1 + math.erf((c + mu - 1) / sigma)),
            "Your probability is too steep: a factor sqrt(2) is",
        ),
        (
            lambda c, mu, sigma: 0.5 * math.erf((c + mu - 1) / sigma / 2**0.5),
            "Each of your numbers is 0.5 too small.",
        ),
        (
            lambda c, mu, sigma: 1 + math.erf((c + mu - 1) / sigma / 2**0.5),
            "Each of your numbers is 2 times the right one.",
        ),
        (
            lambda c, mu, sigma: 1 / (1 + math.exp(-(c + mu - 1) / sigma)),
            "That is the logistic function. The noise is Gaussian,",
        ),
        (
            lambda c, mu, sigma: stats.norm.cdf((c - mu - 1) / sigma),
            "Your mean has the wrong sign: the noise lifts the",
        ),
        (
            lambda c, mu, sigma: stats.norm.cdf((c + mu) / sigma),
            "The threshold is missing: you ask how far the potential",
        ),
        (
            lambda c, mu, sigma: stats.norm.cdf(c + mu - 1 / sigma),
            "your function returns 0.0013499; it should return 0.5.",
        ),
        (
            lambda c, mu, sigma: 100 * stats.norm.cdf((c + mu - 1) / sigma),
            "Each of your numbers is 100 times the right one.",
        ),
        (
            lambda c, mu, sigma: (c + mu - 1) / sigma,
            "your function returns 0; it should return 0.5.",
        ),
    ],
    "surrogate_slope": [
        (
            lambda current, mu, sigma: (
                math.exp(-((current + mu - 1) ** 2) / (2 * sigma)) / math.sqrt(2 * math.pi) / sigma
            ),
            "In your exponent the distance is squared and sigma is not.",
        ),
        (
            lambda c, mu, sigma: phi(math.sqrt(2) * (c + mu - 1) / sigma) / sigma,
            "The factor 1/2 in the exponent is missing.",
        ),
        (
            lambda c, mu, sigma: math.exp(((c + mu - 1) / sigma) ** 2 / 2) / 2.5066 / sigma,
            "Your exponent has the wrong sign: the slope would grow",
        ),
        (
            lambda c, mu, sigma: phi((c + mu - 1) / sigma) / sigma**2,
            "You divide by the standard deviation twice.",
        ),
        (
            lambda c, mu, sigma: phi((c + mu - 1) / sigma) * sigma,
            "You multiply by the standard deviation. The inner",
        ),
        (
            lambda c, mu, sigma: -phi((c + mu - 1) / sigma) / sigma,
            "Your result has the wrong sign in every case.",
        ),
        (
            lambda c, mu, sigma: phi((c + mu - 1) / sigma) / sigma * 2.5066 / 2 / math.pi,
            "Each of your numbers is 0.3989 times the right one.",
        ),
        (
            lambda c, mu, sigma: phi((c - mu - 1) / sigma) / sigma,
            "mu has the wrong sign: your bell stands over the wrong",
        ),
        (
            lambda c, mu, sigma: (
                math.exp(-(((c + mu - 1) / sigma) ** 2) / 2) / math.sqrt(2) * math.pi / sigma
            ),
            "Each of your numbers is 5.568 times the right one.",
        ),
    ],
}
