"""The Hodgkin-Huxley neuron: known facts, and noise of the right size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

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
from snnlab.biology.ion_channels import (
    POTASSIUM_OPEN,
    SODIUM_OPEN,
    advance,
    gate_rates,
    graph,
    open_gates,
    settled,
)


def constant(current, milliseconds, dt=0.01, trials=1):
    return np.full((round(milliseconds / dt), trials), float(current))


def test_rates_are_those_of_the_paper():
    alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n = gate_rates([-65.0])[0]
    assert beta_m == 4
    assert alpha_h == 0.07
    assert beta_n == 0.125
    assert alpha_m == pytest.approx(2.5 / (np.exp(2.5) - 1))
    assert beta_h == pytest.approx(1 / (np.exp(3) + 1))
    assert alpha_n == pytest.approx(0.1 / (np.exp(1) - 1))


@pytest.mark.parametrize("voltage", [-40.0, -55.0])
def test_rates_are_smooth_where_their_formula_is_not(voltage):
    below, at, above = gate_rates([voltage - 1e-5, voltage, voltage + 1e-5])
    np.testing.assert_allclose(at, (below + above) / 2, rtol=1e-8)


def test_settled_states_are_products_of_gates_and_stay():
    m, h, n = open_gates(-50.0)
    x = settled(-50.0)
    assert x[SODIUM_OPEN] == pytest.approx(m**3 * h)
    assert x[POTASSIUM_OPEN] == pytest.approx(n**4)
    assert x[:8].sum() == pytest.approx(1)
    assert x[8:].sum() == pytest.approx(1)
    after = advance(np.array([-50.0]), x[None], 0.01)
    np.testing.assert_allclose(after[0], x, atol=1e-12)


def test_no_channel_is_lost():
    assert np.all(graph().incidence.sum(1) == 0)
    x = np.tile(settled(-65.0), (5, 1))
    generator = np.random.default_rng(0)
    for _ in range(50):
        x = advance(np.full(5, -20.0), x, 0.01, 0.01 * generator.standard_normal((5, 14)))
    np.testing.assert_allclose(x[:, :8].sum(1), 1)
    np.testing.assert_allclose(x[:, 8:].sum(1), 1)


def test_it_rests_at_minus_65_millivolts():
    assert simulate_membrane(constant(0, 50)).voltage[-1, 0] == pytest.approx(-65, abs=0.05)


def test_it_follows_the_four_equations():
    def slopes(_, y):
        v, m, h, n = y
        a_m, b_m, a_h, b_h, a_n, b_n = gate_rates(v)
        charge = 10 - SODIUM * m**3 * h * (v - E_SODIUM) - POTASSIUM * n**4 * (v - E_POTASSIUM)
        charge -= LEAK * (v - E_LEAK)
        return charge, a_m * (1 - m) - b_m * m, a_h * (1 - h) - b_h * h, a_n * (1 - n) - b_n * n

    trace = simulate_membrane(constant(10, 20, 0.005), dt=0.005)
    start = (REST, *open_gates(REST))
    exact = solve_ivp(slopes, (0, 21), start, t_eval=trace.time, rtol=1e-8, atol=1e-8).y[0]
    rises = (exact[1:] >= 0) & (exact[:-1] < 0)
    spikes = trace.time[trace.spikes[:, 0]]
    np.testing.assert_allclose(spikes, trace.time[1:][rises], atol=0.05)
    quiet = trace.time < spikes[0] - 0.5
    np.testing.assert_allclose(trace.voltage[quiet, 0], exact[quiet], atol=0.3)


def test_weak_currents_make_no_spike_and_strong_ones_many():
    """Repetitive firing begins between 6 and 7 uA/cm2 in this model."""
    current = np.tile([1.0, 2.0, 6.0, 7.0, 15.0], (12_000, 1))  # 120 ms
    spikes = simulate_membrane(current).spikes
    late = spikes[6000:].sum(0)  # after the first spikes of the switching on
    assert spikes[:, :2].sum() == 0
    assert late[2] == 0
    assert late[3] >= 3
    assert late[4] > late[3]


def test_a_second_pulse_finds_it_refractory():
    current = np.zeros((2500, 2))
    current[100:200] = 15.0
    current[500:600, 0] = 15.0  # 4 ms after the first
    current[2000:2100, 1] = 15.0  # 19 ms after it
    assert simulate_membrane(current).spikes.sum(0).tolist() == [1, 2]


@pytest.mark.parametrize("channels", [400, 6400])
def test_the_open_share_fluctuates_as_independent_channels_do(channels):
    """With the voltage held, the variance of the open share is p (1 - p) / N."""
    voltage, trials = np.full(400, -30.0), 400
    x = np.tile(settled(-30.0), (trials, 1))
    generator = np.random.default_rng(0)
    spread = np.full((trials, 14), np.sqrt(0.02 / channels))
    shares = []
    for t in range(1200):
        x = advance(voltage, x, 0.02, spread * generator.standard_normal(spread.shape))
        if t >= 400 and t % 100 == 0:
            shares.append(x[:, [SODIUM_OPEN, POTASSIUM_OPEN]])
    found = np.concatenate(shares)
    p = settled(-30.0)[[SODIUM_OPEN, POTASSIUM_OPEN]]
    np.testing.assert_allclose(found.mean(0), p, atol=3 * np.sqrt(0.25 / channels / 1000))
    np.testing.assert_allclose(found.var(0), p * (1 - p) / channels, rtol=0.15)


def test_noise_of_the_voltage_falls_like_one_over_root_n():
    quiet = constant(0, 12, 0.02, trials=300)
    few, many = (
        simulate_membrane(quiet, sodium_channels=n, dt=0.02, seed=0).voltage[-1].std()
        for n in (100_000, 1_600_000)
    )
    assert few / many == pytest.approx(4, rel=0.15)


def test_equal_seeds_give_equal_traces_and_infinitely_many_channels_no_noise():
    current = constant(5, 5, trials=2)
    one, same, other = (
        simulate_membrane(current, sodium_channels=1000, seed=seed).voltage for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    quiet = simulate_membrane(current, sodium_channels=[np.inf, 1000], seed=0).voltage
    np.testing.assert_allclose(quiet[:, 0], simulate_membrane(current).voltage[:, 0])


def test_kept_times_lose_no_spike():
    current = constant(10, 40)
    every, some = simulate_membrane(current), simulate_membrane(current, keep=20)
    assert some.spikes.sum() == every.spikes.sum() == 3
    np.testing.assert_array_equal(some.voltage, every.voltage[19::20])
    np.testing.assert_allclose(some.time, every.time[19::20])


@pytest.mark.parametrize(
    ("current", "options", "message"),
    [
        (np.zeros(5), {}, r"shape \(n, B\), got \(5,\)"),
        (np.full((5, 1), np.nan), {}, "finite"),
        (np.zeros((5, 1)), {"sodium_channels": 0.5, "seed": 0}, "at least 1, got 0.5"),
        (np.zeros((5, 1)), {"sodium_channels": 100}, "needs a seed"),
        (np.zeros((5, 2)), {"sodium_channels": [100] * 3, "seed": 0}, "2 trials"),
        (np.zeros((5, 1)), {"dt": 0.1}, "got 0.1"),
        (np.zeros((5, 1)), {"keep": 6}, "got 6"),
    ],
)
def test_what_makes_no_sense_is_refused(current, options, message):
    with pytest.raises(ValueError, match=message):
        simulate_membrane(current, **options)
