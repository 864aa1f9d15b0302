"""Distances between measured potentials and the noise that stands for them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from snnlab.measure.distances import Law, Target, distance, matched_laws
from snnlab.neuron import Noise

EDGES = np.linspace(-1, 2, 301)


def histogram(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts and sums of bins of one hundredth."""
    counts, _ = np.histogram(values, EDGES)
    sums, _ = np.histogram(values, EDGES, weights=values)
    return counts.astype(float), sums


def matched(name: str) -> Target:
    return Target(matched_laws()[name], EDGES[1:-1])


@pytest.mark.parametrize("family", ["gaussian", "uniform", "logistic"])
def test_a_law_has_the_moments_of_its_noise(family):
    found = Law(Noise(family, sigma=0.3, mu=0.4))
    shares = (np.arange(20_000) + 0.5) / 20_000
    values = found.ppf(shares)
    assert values.mean() == pytest.approx(0.4, abs=1e-3)
    assert values.std() == pytest.approx(0.3, abs=2e-3)
    np.testing.assert_allclose(found.cdf(values), shares, atol=1e-9)


@pytest.mark.parametrize("name", ["gaussian", "uniform"])
@pytest.mark.parametrize("shift", [0.0, 0.2])
def test_distances_are_those_of_the_samples(name, shift):
    values = np.random.default_rng(0).uniform(0.02, 0.98, 4000) + shift
    target = matched_laws()[name]
    found = distance(*histogram(values), matched(name))
    assert found.ks == pytest.approx(stats.kstest(values, target.cdf).statistic, abs=0.015)
    x = np.linspace(-2, 3, 20_001)
    below = np.searchsorted(np.sort(values), x) / len(values)
    exact = integrate.trapezoid(np.abs(below - target.cdf(x)), x)
    assert found.wasserstein == pytest.approx(exact, abs=0.005)


def test_potentials_beyond_the_range_count_where_they_are():
    values = np.array([-5.0] * 50 + [0.5] * 50)
    counts, sums = histogram(values)
    counts[0], sums[0] = 50, -250  # as the tally puts them into the first bin
    found = distance(counts, sums, matched("uniform"))
    assert found.wasserstein == pytest.approx(0.5 * 5.25 + 0.5 * 0.25, abs=0.01)
    assert found.ks == pytest.approx(0.5, abs=0.02)


def test_an_empty_histogram_has_no_distance():
    found = distance(np.zeros(300), np.zeros(300), matched("uniform"))
    assert np.isnan([found.ks, found.wasserstein]).all()


def test_a_table_of_quantiles_is_a_law():
    table = Law(Noise("empirical", quantiles=(0.0, 0.5, 1.0)))
    np.testing.assert_allclose(table.cdf(np.array([-1.0, 0.25, 0.5, 2.0])), [0, 0.25, 0.5, 1])
    np.testing.assert_allclose(table.ppf(np.array([0.0, 0.25, 1.0])), [0, 0.25, 1])
