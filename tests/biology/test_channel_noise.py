"""Firing probability under pulses, and the normal curve fitted to it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from snnlab.biology.channel_noise import first_spikes, fit_threshold, pulse_response
from snnlab.biology.hodgkin_huxley import (
    E_LEAK,
    E_POTASSIUM,
    E_SODIUM,
    LEAK,
    POTASSIUM,
    REST,
    SODIUM,
    simulate_membrane,
)
from snnlab.biology.hodgkin_huxley import LONGEST_STEP as DT
from snnlab.biology.ion_channels import gate_rates, graph, settled


def test_without_noise_there_is_a_sharp_threshold():
    fired = pulse_response([6.0, 6.8, 7.1, 8.0], np.inf, trials=1)
    np.testing.assert_array_equal(fired, [0, 0, 1, 1])


def test_channel_noise_makes_a_normal_curve():
    pulses = np.linspace(0, 14, 8)
    fired = pulse_response(pulses, 10_000, trials=100, seed=0)
    fit = fit_threshold(pulses, fired)
    assert 5.5 < fit.threshold < 7.5
    np.testing.assert_allclose(fit.probability(pulses), fired, atol=0.12)  # binomial: 0.05


def test_first_spikes_come_in_the_same_share_of_the_trials():
    pulses = [0.0, 4.0, 7.0, 12.0]
    fired = np.isfinite(first_spikes(pulses, 3_000, trials=600, seed=1)).mean(1)
    expected = pulse_response(pulses, 3_000, trials=600, seed=2)
    np.testing.assert_allclose(fired, expected, atol=4 * np.sqrt(2 * 0.25 / 600))


def test_a_stronger_pulse_fires_earlier_and_a_weak_one_never():
    times = first_spikes([6.8, 7.1, 12.0, 24.0, 100.0], np.inf, trials=2)
    assert np.isinf(times[0]).all()
    assert (np.diff(times[1:, 0]) < 0).all()
    np.testing.assert_array_equal(times[:, 0], times[:, 1])
    trace = simulate_membrane(
        np.r_[np.zeros(200), np.full(40, 12.0), np.zeros(320)][:, None], dt=DT
    )
    (step,) = trace.spikes[:, 0].nonzero()[0]
    assert times[2, 0] == pytest.approx((step - 200 + 1) * DT)


def test_first_spikes_follow_their_seed():
    one, same, other = (first_spikes([8.0], 2_000, trials=40, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert (one[np.isfinite(one)] > 0).all()


def test_a_trial_has_the_same_noise_with_each_amplitude():
    """Alone or among others; and more pulse rarely makes it silent."""
    alone = first_spikes([8.0], 2_000, trials=100, seed=3)[0]
    weak, among, strong = first_spikes([4.0, 8.0, 16.0], 2_000, trials=100, seed=3)
    np.testing.assert_allclose(among, alone)
    lost = np.isfinite(weak) & np.isinf(strong)
    assert lost.mean() < 0.1


def test_few_channels_fire_without_a_pulse():
    alarms = [pulse_response([0.0], n, trials=150, seed=0)[0] for n in (300, 3000, 60_000)]
    assert alarms[0] > alarms[1] > alarms[2] == 0


def test_a_weak_pulse_is_noticed_best_with_some_noise():
    gains = []
    for channels in (50, 5_000, 200_000):
        alarm, hit = pulse_response([0.0, 4.0], channels, trials=200, seed=0)
        gains.append(hit - alarm)
    assert gains[1] > 0.08
    assert gains[1] > max(gains[0], gains[2])


@pytest.mark.slow
def test_it_fires_as_often_as_with_channels_that_jump_one_by_one():
    """Against the exact process: binomial numbers of jumps of whole channels."""
    pulses, trials = np.array([4.0, 7.0]), 250
    exact = jumping(np.repeat(pulses, trials), 3000).reshape(2, trials).mean(1)
    fired = pulse_response(pulses, 3000, trials=trials, seed=1)
    np.testing.assert_allclose(fired, exact, atol=4 * np.sqrt(2 * 0.25 / trials))


def jumping(amplitudes, channels, dt=0.025):
    """Which trials fire under a pulse of 1 ms, if whole channels jump from state to state."""
    generator, edges = np.random.default_rng(0), graph()
    batch = len(amplitudes)
    numbers = np.array([channels, round(0.3 * channels)])
    share = settled(REST)
    counts = np.concatenate(
        [
            generator.multinomial(numbers[0], share[:8], batch),
            generator.multinomial(numbers[1], share[8:], batch),
        ],
        axis=1,
    )
    v, fired = np.full(batch, REST), np.zeros(batch, dtype=bool)
    for t in range(round(14 / dt)):
        drive = amplitudes if 5 <= t * dt < 6 else 0.0
        rate = gate_rates(v)[:, edges.gates] * edges.counts
        sodium, potassium = counts[:, 7] / numbers[0], counts[:, 12] / numbers[1]
        charge = drive - SODIUM * sodium * (v - E_SODIUM) - LEAK * (v - E_LEAK)
        charge -= POTASSIUM * potassium * (v - E_POTASSIUM)
        before, v = v, v + dt * charge
        if t * dt >= 5:
            fired |= (before < 0) & (v >= 0)
        for edge in generator.permutation(28):
            way = 1 if edge < 14 else -1
            source = edges.sources[edge]
            jumps = generator.binomial(counts[:, source], 1 - np.exp(-rate[:, edge] * dt))
            step = (way * edges.incidence[edge % 14]).astype(int)
            counts = counts + jumps[:, None] * step
    return fired


def test_the_fit_finds_the_curve_it_was_given():
    x = np.linspace(0, 12, 13)
    fit = fit_threshold(x, norm.cdf(x, 6.5, 2.0))
    assert fit.threshold == pytest.approx(6.5, abs=1e-3)
    assert fit.spread == pytest.approx(2.0, abs=1e-3)
    assert fit.relative_spread == pytest.approx(2 / 6.5, abs=1e-3)


@pytest.mark.parametrize(
    ("amplitude", "probability", "message"),
    [
        ([1, 2], [0.1, 0.9], "3 or more"),
        ([1, 2, 3], [0.1, 0.9], "3 or more"),
        ([1, 2, 3], [0.1, 0.5, 1.2], r"\[0, 1\], got 0.1 to 1.2"),
        ([1, 2, 3], [0.5, 0.5, 0.5], "does not rise"),
        ([1, 2, 3], [0.9, 0.5, 0.1], "does not rise"),
    ],
)
def test_the_fit_refuses_what_makes_no_sense(amplitude, probability, message):
    with pytest.raises(ValueError, match=message):
        fit_threshold(amplitude, probability)


def test_pulses_refuse_what_makes_no_sense():
    with pytest.raises(ValueError, match=r"shape \(n,\), got \(\)"):
        pulse_response(3.0, 100)
    for measure in (pulse_response, first_spikes):
        with pytest.raises(ValueError, match="at least 1, got 0"):
            measure([3.0], 100, trials=0)
        with pytest.raises(ValueError, match=r"at least 1, got 0\.5"):
            measure([3.0], 0.5)
        for wrong in (np.nan, np.inf, -np.inf):
            with pytest.raises(ValueError, match="amplitude must be finite, got"):
                measure([1.0, wrong], 1_000)
        with pytest.raises(ValueError, match="sodium_channels must be one number, got"):
            measure([3.0], [1_000, 2_000])
        with pytest.raises(ValueError, match=r"trials must be a whole number, got 2\.5"):
            measure([3.0], 100, trials=2.5)
