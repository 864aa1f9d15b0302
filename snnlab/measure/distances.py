"""The distance between a measured distribution of potentials and the noise that replaced it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from snnlab.neuron.spec import MATCHED_MU, MATCHED_SIGMA, Noise

Floats = NDArray[np.float64]

EVEN_SHARES: Floats = (np.arange(1000) + 0.5) / 1000
"""Probabilities of 1000 quantiles, all equally likely, that represent a distribution."""


@dataclass(frozen=True)
class Law:
    """The distribution of a noise in units of v_th, for NumPy; named as in scipy.stats.

    Example:
        >>> float(Law(Noise("uniform")).cdf(0.25))
        0.25
    """

    noise: Noise

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of a value of at most x, same shape."""
        z = (np.asarray(x, dtype=np.float64) - self.noise.mu) / self.noise.sigma
        found: Floats = self.noise.law.cumulative(torch.as_tensor(z)).numpy()
        return found

    def ppf(self, q: ArrayLike) -> Floats:
        """The quantile: a value is below it with probability q; same shape."""
        share = torch.as_tensor(np.asarray(q, dtype=np.float64))
        found: Floats = self.noise.law.quantile(share).numpy()
        return self.noise.mu + self.noise.sigma * found


@dataclass(frozen=True)
class Distance:
    """Two distances between the measured potentials and a law."""

    ks: float
    """Kolmogorov-Smirnov: the largest difference of the cumulative probabilities, 0 to 1."""
    wasserstein: float
    """Wasserstein-1: by how many v_th potentials must move on average to follow the law."""


@cache
def matched_laws() -> dict[str, Law]:
    """The Gaussian and the uniform with mean v_th / 2 and standard deviation v_th / sqrt(12)."""
    return {name: Law(Noise(name, MATCHED_SIGMA, MATCHED_MU)) for name in ("gaussian", "uniform")}


class Target:
    """The probabilities of a law at the edges between bins, and 1000 quantiles, computed once.

    Args:
        law: the distribution.
        edges: inner edges between the bins (n - 1,), in units of v_th.
    """

    def __init__(self, law: Law, edges: Floats) -> None:
        self.reached = law.cdf(edges)
        self.points = law.ppf(EVEN_SHARES)


def distance(counts: Floats, sums: Floats, target: Target) -> Distance:
    """Distance of a histogram from a law.

    Args:
        counts: number of potentials per bin (n,); those beyond the range count in the end bins.
        sums: sum of the potentials of each bin (n,).
        target: the law. The Kolmogorov-Smirnov distance compares probabilities at its edges only,
            so it can miss a larger difference inside a bin.

    Returns:
        Both distances; not a number if the histogram is empty. For the Wasserstein distance all
        potentials of a bin count as equal to their mean.
    """
    total = counts.sum()
    if total == 0:
        return Distance(float("nan"), float("nan"))
    gap = np.abs(counts.cumsum()[:-1] / total - target.reached).max()
    filled = counts > 0
    means = sums[filled] / counts[filled]
    moved = stats.wasserstein_distance(means, target.points, counts[filled])
    return Distance(float(gap), float(moved))
