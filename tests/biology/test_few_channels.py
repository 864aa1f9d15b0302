"""What notebook 09 says of few channels, beside single channels that jump one by one."""

from __future__ import annotations

import numpy as np
import pytest

from snnlab.biology import hodgkin_huxley, pulse_response
from snnlab.biology.ion_channels import gate_rates, graph, settled

pytestmark = pytest.mark.slow


def count_channels(pulses, sodium, trials, seed, dt=0.01):
    """Share of trials that fire, with whole channels that jump between their states."""
    rng, ways = np.random.default_rng(seed), graph()
    totals = np.array([sodium] * 8 + [round(0.3 * sodium)] * 5)
    batch = len(pulses) * trials
    shares = settled(hodgkin_huxley.REST)
    kinds = [
        rng.multinomial(totals[part][0], shares[part] / shares[part].sum(), size=batch)
        for part in (slice(0, 8), slice(8, 13))
    ]
    channels = np.concatenate(kinds, axis=1)  # (B, 13)
    ends = np.concatenate([(ways.incidence == sign).argmax(1) for sign in (1, -1)])
    voltage, fired = np.full(batch, hodgkin_huxley.REST), np.zeros(batch, bool)
    for t in range(round(14 / dt)):
        drive = np.repeat(pulses, trials) * (5 <= t * dt < 6)
        before = voltage
        voltage = voltage + dt * hodgkin_huxley._charging(drive, before, channels / totals)
        chance = gate_rates(before)[:, ways.gates] * ways.counts * dt  # (B, 28)
        moved = channels.copy()
        for state in range(13):
            left, gone = channels[:, state].copy(), np.zeros(batch)
            for way in np.flatnonzero(ways.sources == state):
                jumps = rng.binomial(left, np.clip(chance[:, way] / (1 - gone), 0, 1))
                left, gone = left - jumps, gone + chance[:, way]
                moved[:, state] -= jumps
                moved[:, ends[way]] += jumps
        channels = moved
        fired |= (before < 0) & (voltage >= 0) & (t * dt >= 5)
    return fired.reshape(len(pulses), trials).mean(1)


def test_a_thousand_channels_are_enough_for_the_noise_of_fox_and_lu():
    pulses = np.array([0.0, 4.0, 8.0])
    exact = count_channels(pulses, 1000, 500, seed=1)
    found = pulse_response(pulses, 1000, trials=1000, seed=1)
    assert np.abs(found - exact).max() < 0.1  # measured 0.04, with an error of 0.03


@pytest.mark.parametrize("seed", range(3))
def test_an_intermediate_membrane_notices_a_weak_pulse_best(seed):
    gain = [
        np.subtract(*pulse_response([4.0, 0.0], channels, trials=600, seed=seed))
        for channels in (1_000, 9_000, 81_000)
    ]
    assert gain[1] == max(gain)
    assert gain[2] < 0.03


def test_the_threshold_without_noise_is_sharp():
    assert pulse_response([6.85, 6.95], np.inf, trials=1).tolist() == [0, 1]
