"""How far a measured distribution of potentials lies from the noise that stands for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from snnlab.neuron.spec import MATCHED_MU, MATCHED_SIGMA, Noise

Floats = NDArray[np.float64]

POINTS = 1000
"""Equally likely points that stand for a law in the Wasserstein distance."""


class Law(Protocol):
    """A distribution in units of v_th, as scipy.stats has them."""

    def cdf(self, x: Floats) -> Floats:
        """Probability of a value of at most x."""

    def ppf(self, q: Floats) -> Floats:
        """The value below which the share q lies."""


@dataclass(frozen=True)
class Distance:
    """Two distances between the measured potentials and a law."""

    ks: float
    """Kolmogorov-Smirnov: the largest difference of the cumulative probabilities, 0 to 1."""
    wasserstein: float
    """Wasserstein-1: how far the potentials would have to move on average, in units of v_th."""


class Table:
    """A law given by its quantiles, equally likely, straight in between.

    Args:
        quantiles: in rising order, in units of v_th; the first and the last are the ends.
    """

    def __init__(self, quantiles: Sequence[float]) -> None:
        self.values = np.asarray(quantiles, dtype=np.float64)
        self.shares = np.linspace(0, 1, len(self.values))

    def cdf(self, x: Floats) -> Floats:
        """Probability of a value of at most x."""
        found: Floats = np.interp(x, self.values, self.shares, left=0, right=1)
        return found

    def ppf(self, q: Floats) -> Floats:
        """The value below which the share q lies."""
        found: Floats = np.interp(q, self.shares, self.values)
        return found


def law(noise: Noise) -> Law:
    """The distribution of a noise, in units of v_th.

    Args:
        noise: family, mean, standard deviation.

    Example:
        >>> law(Noise("uniform")).cdf(0.25)
        0.25
    """
    mu, sigma = noise.mu, noise.sigma
    if noise.family == "gaussian":
        return stats.norm(mu, sigma)
    if noise.family == "uniform":
        return stats.uniform(mu - 3**0.5 * sigma, 2 * 3**0.5 * sigma)
    if noise.family == "logistic":
        return stats.logistic(mu, sigma * 3**0.5 / np.pi)
    return Table(noise.quantiles)


@cache
def matched_laws() -> dict[str, Law]:
    """The Gaussian and the uniform with mean v_th / 2 and standard deviation v_th / sqrt(12)."""
    return {
        "gaussian": law(Noise("gaussian", MATCHED_SIGMA, MATCHED_MU)),
        "uniform": law(Noise("uniform", MATCHED_SIGMA, MATCHED_MU)),
    }


class Target:
    """A law, read once at the edges between bins and at equally likely points.

    Args:
        found: the law.
        edges: inner edges between the bins (n - 1,), in units of v_th.
    """

    def __init__(self, found: Law, edges: Floats) -> None:
        self.reached = found.cdf(edges)
        self.points = found.ppf((np.arange(POINTS) + 0.5) / POINTS)


def distance(counts: Floats, sums: Floats, target: Target) -> Distance:
    """Distance of a histogram from a law.

    Args:
        counts: potentials per bin (n,); those beyond the range count in the end bins.
        sums: sum of the potentials of each bin (n,).
        target: the law. The Kolmogorov-Smirnov distance is read at its edges, so it can miss
            what happens inside one bin.

    Returns:
        Both distances; not a number if the histogram is empty. The Wasserstein distance takes
        each bin as its mean potential.
    """
    total = counts.sum()
    if total == 0:
        return Distance(float("nan"), float("nan"))
    gap = np.abs(counts.cumsum()[:-1] / total - target.reached).max()
    filled = counts > 0
    means = sums[filled] / counts[filled]
    moved = stats.wasserstein_distance(means, target.points, counts[filled])
    return Distance(float(gap), float(moved))
