"""What noise does to one neuron, beside that of Hodgkin and Huxley."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from snnlab.biology.channel_noise import fired_by_pulses, fit_threshold
from snnlab.neuron.spec import Neuron, Noise
from snnlab.neuron.transfer import firing_probability
from snnlab.studies import lifelike
from snnlab.studies.lifelike import CHANNELS, fano, judge_neuron


def test_the_fano_factor_is_that_of_coins_and_of_clocks() -> None:
    coins = np.random.default_rng(0).binomial(4, [[0.2], [0.6]], (2, 100_000))
    assert fano(coins) == pytest.approx([0.8, 0.4], abs=0.01)
    assert fano(np.array([[2] * 10, [0] * 10])) == pytest.approx([0, np.nan], nan_ok=True)


def test_our_neuron_with_fresh_noise_is_a_coin() -> None:
    """Its spikes, drawn one by one, have the Fano factor that is taken in closed form."""
    noise, neuron = Noise(), Neuron()
    potential = noise.mu + noise.sigma * torch.randn(4, 50_000, generator=torch.manual_seed(0))
    counts = (potential + 0.4 >= neuron.v_th).sum(0)[None]  # (T, trials) before
    chance = float(firing_probability(torch.tensor(0.4), noise))
    assert fano(counts.numpy()) == pytest.approx(1 - chance, abs=0.01)


@pytest.mark.slow
def test_so_many_channels_are_as_noisy_as_our_neuron() -> None:
    sizes = np.linspace(0, 16, 17)
    shares = [fired_by_pulses(sizes, CHANNELS, 1, 150, seed)[0].mean(1) for seed in range(3)]
    spread = fit_threshold(sizes, np.mean(shares, axis=0)).relative_spread
    assert spread == pytest.approx(Noise().sigma / (1 - Noise().mu), abs=0.06)


def test_a_train_is_a_pulse_again_and_again() -> None:
    fired = fired_by_pulses(np.array([2.0, 20.0]), np.inf, 3, 2, 0)
    assert fired.shape == (3, 2, 2)
    assert fired.all((0, 2)).tolist() == [False, True]
    assert not fired[:, 0].any()


def test_the_verdict_can_be_against_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A living neuron that fires like a clock is not more like one with noise."""
    sharp = (np.array(lifelike.AMPLITUDES) >= 5)[:, None]
    monkeypatch.setattr(
        lifelike,
        "fired_by_pulses",
        lambda sizes, channels, T, trials, seed: np.broadcast_to(sharp, (T, len(sizes), trials)),
    )
    lifelike.nearer.cache_clear()
    try:
        assert [claim.status for claim in judge_neuron()] == ["contradicted"] * 2
    finally:
        lifelike.nearer.cache_clear()


@pytest.mark.slow
def test_noise_brings_both_numbers_nearer() -> None:
    found = judge_neuron()
    assert [claim.status for claim in found] == ["supported"] * 2
    assert found[0].measured == pytest.approx(0.22, abs=0.03)
    assert found[1].measured == pytest.approx(0.49, abs=0.05)
    assert found[0].measured is not None
    assert found[0].speaks_against is not None
    assert found[0].speaks_against.measured < found[0].measured
    assert all(claim.seeds == [0, 1, 2, 3, 4] for claim in found)
