"""Noise given by a table of quantiles, against even and lopsided distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from snnlab.neuron import Neuron, NeuronLayer, Noise, Surrogate
from snnlab.neuron.families import SMOOTHING
from snnlab.neuron.noise import sample
from snnlab.neuron.spec import MATCHED_SIGMA
from snnlab.neuron.surrogate import slope
from snnlab.neuron.transfer import firing_probability

EVEN = Noise("empirical", quantiles=tuple(np.linspace(0, 1, 9)))
LOPSIDED = Noise(
    "empirical", quantiles=tuple(stats.gamma(2, scale=0.2).ppf(np.linspace(0, 0.99, 33)))
)
CURRENTS = torch.linspace(-0.5, 1.5, 41, dtype=torch.float64)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_an_even_table_is_uniform_noise():
    assert pytest.approx((0.5, MATCHED_SIGMA)) == (EVEN.mu, EVEN.sigma)
    even, uniform = (firing_probability(CURRENTS, noise) for noise in (EVEN, Noise("uniform")))
    torch.testing.assert_close(even, uniform, rtol=0, atol=1e-12)


def test_mean_and_deviation_are_those_of_the_samples():
    drawn = sample(LOPSIDED, (200_000,), seeded(), dtype=torch.float64)
    assert drawn.mean().item() == pytest.approx(LOPSIDED.mu, abs=0.003)
    assert drawn.std().item() == pytest.approx(LOPSIDED.sigma, abs=0.003)
    assert LOPSIDED.quantiles[0] <= drawn.min() < drawn.max() <= LOPSIDED.quantiles[-1]
    shares = torch.linspace(0, 1, 33, dtype=torch.float64)
    found = torch.quantile(drawn, shares[1:-1])
    expected = torch.tensor(LOPSIDED.quantiles[1:-1], dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=0, atol=0.02)


def test_lopsided_noise_fires_as_often_as_its_samples_reach_the_threshold():
    u = sample(LOPSIDED, (100_000, 1), seeded(1), dtype=torch.float64)
    reached = (u + CURRENTS >= 1).double().mean(0)
    p = firing_probability(CURRENTS, LOPSIDED)
    torch.testing.assert_close(reached, p, rtol=0, atol=0.007)
    layer = NeuronLayer(noise=LOPSIDED)
    spikes = layer(CURRENTS.float().expand(1, 50_000, -1).contiguous(), generator=seeded(2))
    torch.testing.assert_close(spikes[0].double().mean(0), p, rtol=0, atol=0.01)


def test_several_timesteps_and_one_fire_equally_often():
    layer = NeuronLayer(noise=LOPSIDED)
    currents = CURRENTS.float().expand(2, 50_000, -1).contiguous()
    first = layer(currents, generator=seeded(3))[0].double().mean(0)
    torch.testing.assert_close(first, firing_probability(CURRENTS, LOPSIDED), rtol=0, atol=0.01)


def matched_slope():
    return slope(Surrogate.matched(LOPSIDED), CURRENTS + LOPSIDED.mu - 1)


def test_the_slope_is_the_smoothed_density_of_the_firing_probability():
    width = SMOOTHING * LOPSIDED.sigma
    sides = (firing_probability(CURRENTS + side, LOPSIDED) for side in (width, -width))
    high, low = sides
    torch.testing.assert_close(matched_slope(), (high - low) / (2 * width), rtol=0, atol=1e-9)
    grid = torch.linspace(-6, 9, 20_001, dtype=torch.float64)
    area = torch.trapezoid(LOPSIDED.law.density(grid), grid)
    assert area.item() == pytest.approx(1, abs=1e-5)


def test_the_layer_learns_with_that_slope():
    currents = CURRENTS.float()[None, None].requires_grad_()
    layer = NeuronLayer(noise=LOPSIDED)
    assert layer.surrogate == Surrogate.matched(LOPSIDED)
    layer(currents, generator=seeded()).sum().backward()
    torch.testing.assert_close(currents.grad[0, 0], matched_slope().float(), rtol=1e-4, atol=1e-4)


def test_spikes_keep_the_memory_layout_of_the_current():
    current = torch.rand(1, 2, 3, 4, 5)[0].to(memory_format=torch.channels_last)[None]
    spikes = NeuronLayer(noise=EVEN)(current, generator=seeded())
    assert spikes[0].is_contiguous(memory_format=torch.channels_last)


def test_scaled_noise_keeps_its_mean_and_shape():
    narrow = LOPSIDED.scaled(0.25)
    assert (narrow.mu, narrow.sigma) == pytest.approx((LOPSIDED.mu, LOPSIDED.sigma / 4))
    assert narrow.standard_quantiles == pytest.approx(LOPSIDED.standard_quantiles)
    assert Noise(sigma=0.2).scaled(0.5) == Noise(sigma=0.1)


def test_quantiles_that_coincide_make_a_jump():
    noise = Noise("empirical", quantiles=(0.0, 0.5, 0.5, 0.5, 1.0))
    p = firing_probability(torch.tensor([0.49, 0.51], dtype=torch.float64), noise)
    assert p.tolist() == pytest.approx([0.245, 0.755])
    assert (p >= 0).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"family": "empirical"}, "'empirical' with 0 quantiles"),
        ({"quantiles": (0.0, 1.0)}, "'gaussian' with 2 quantiles"),
        ({"family": "empirical", "quantiles": (1.0, 0.0)}, r"that rise, got \(1.0, 0.0\)"),
        ({"family": "empirical", "quantiles": (1.0,)}, r"two or more .* got \(1.0,\)"),
        ({"family": "empirical", "quantiles": (1.0, 1.0)}, r"got \(1.0, 1.0\)"),
        ({"family": "empirical", "quantiles": (0.0, math.inf)}, "finite"),
        ({"family": "empirical", "quantiles": (0.0, 1.0), "learned": "layer"}, "cannot be learned"),
        ({"timesteps": 0}, "timesteps must be at least 1, got 0"),
        ({"learned": "yes"}, "learned 'yes'; valid: no, layer, channel"),
    ],
)
def test_impossible_noise_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Noise(**values)


def test_an_empirical_surrogate_needs_its_table():
    with pytest.raises(ValueError, match="'empirical' with 0 quantiles"):
        Surrogate("empirical")
    assert Surrogate.matched(LOPSIDED).quantiles == LOPSIDED.law.mirrored().quantiles
    assert NeuronLayer(Neuron(beta=0.5), noise=EVEN).surrogate.width == EVEN.sigma / 2
