"""What channel noise does to a neuron: with what probability a short pulse makes it fire.

Without noise a pulse fires the neuron or does not. With noise it fires with a probability that
rises with the amplitude A of the pulse like the normal distribution,

    p(A) = Phi((A - threshold) / spread),

which is the firing probability of a neuron with one timestep and Gaussian noise (see
`neuron.transfer`) with other names: A for the current, threshold for v_th - mu, spread for sigma.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.stats import norm

from snnlab.biology.hodgkin_huxley import (
    LONGEST_STEP,
    REST,
    SPIKE_AT,
    drawn,
    noise_of,
    simulate_membrane,
    step_membrane,
)
from snnlab.biology.ion_channels import settled
from snnlab.settings import count, quoted

Floats = NDArray[np.float64]

PULSE, SETTLING, WINDOW = 1.0, 5.0, 9.0
"""ms: length of the pulse, time before it, and time after its beginning in which spikes count."""
PERIOD = 25.0
"""ms from one pulse of a train to the next, in which the membrane recovers from a spike."""


@dataclass(frozen=True)
class ThresholdFit:
    """The normal curve that describes measured firing probabilities best."""

    threshold: float
    """uA/cm2; at this amplitude the neuron fires with probability 1/2."""
    spread: float
    """uA/cm2; standard deviation of the threshold from pulse to pulse."""

    @property
    def relative_spread(self) -> float:
        """Spread over threshold: what sigma is to v_th - mu in a noisy neuron."""
        return self.spread / self.threshold

    def probability(self, amplitude: ArrayLike) -> Floats:
        """Firing probability at these amplitudes in uA/cm2, same shape."""
        z = (np.asarray(amplitude, dtype=np.float64) - self.threshold) / self.spread
        return np.asarray(norm.cdf(z), dtype=np.float64)


def pulse_response(
    amplitude: ArrayLike, sodium_channels: float, *, trials: int = 100, seed: int = 0
) -> Floats:
    """Share of the trials in which a pulse of 1 ms makes a Hodgkin-Huxley neuron fire.

    Args:
        amplitude: uA/cm2 (n,); 0 measures how often the neuron fires without a pulse.
        sodium_channels: N; infinite for no noise.
        trials: repetitions of each pulse, each on a neuron of its own.
        seed: of the channel noise.

    Returns:
        (n,), in [0, 1].

    Raises:
        ValueError: amplitudes that are not a list of finite numbers, trials that are not a whole
            number of at least 1, and channels that are not one number of at least 1.

    Source:
        The experiment: Verveen and Derksen (1968) on a nerve of the frog.

    Example:
        >>> pulse_response([0.0, 20.0], 600, trials=50)[1]
        1.0
    """
    sizes = _sizes(amplitude, sodium_channels, trials)
    return np.asarray(fired_by_pulses(sizes, sodium_channels, 1, trials, seed)[0].mean(1))


def first_spikes(
    amplitude: ArrayLike, sodium_channels: float, *, trials: int = 100, seed: int = 0
) -> Floats:
    """When a pulse of 1 ms first makes a Hodgkin-Huxley neuron fire.

    Quicker than `pulse_response`: no neuron is followed beyond its first spike. Trial k has the
    same noise with each amplitude, so amplitudes are compared under equal noise, and the time
    before the pulse is computed once for all of them.

    Args:
        amplitude: uA/cm2 (n,).
        sodium_channels: N; infinite for no noise.
        trials: repetitions of each pulse.
        seed: of the channel noise.

    Returns:
        ms from the begin of the pulse, up to `WINDOW`; infinite where the neuron does not fire in
        that time (n, trials).

    Raises:
        ValueError: as `pulse_response`.

    Example:
        >>> first_spikes([6.0, 12.0, 24.0], np.inf, trials=1)[:, 0].round(2)
        array([ inf, 1.98, 1.23])
    """
    sizes, dt = _sizes(amplitude, sodium_channels, trials), LONGEST_STEP
    noise = noise_of(sodium_channels, dt, seed)
    before, pulse, window = (round(time / dt) for time in (SETTLING, PULSE, WINDOW))
    voltage, x = np.full(trials, REST), np.tile(settled(REST), (trials, 1))
    for _ in range(before):
        voltage, x = step_membrane(0.0, voltage, x, dt, drawn(noise, trials))
    times = np.full(len(sizes) * trials, np.inf)
    silent, drive = np.arange(len(times)), np.repeat(sizes, trials)  # who has not fired yet
    voltage, x = np.tile(voltage, len(sizes)), np.tile(x, (len(sizes), 1))
    for t in range(window):
        last, kicks = voltage, drawn(noise, trials)
        if kicks is not None:
            kicks = kicks[silent % trials]
        voltage, x = step_membrane(drive if t < pulse else 0.0, last, x, dt, kicks)
        if (fires := (last < SPIKE_AT) & (voltage >= SPIKE_AT)).any():
            times[silent[fires]] = (t + 1) * dt
            silent, drive = silent[~fires], drive[~fires]
            voltage, x = voltage[~fires], x[~fires]
    return times.reshape(len(sizes), trials)


def _sizes(amplitude: ArrayLike, sodium_channels: float, trials: int) -> Floats:
    """Amplitudes (n,), checked together with the numbers of channels and trials."""
    sizes = np.asarray(amplitude, dtype=np.float64)
    if sizes.ndim != 1 or sizes.size == 0:
        raise ValueError(f"amplitude must have the shape (n,), got {sizes.shape}")
    if not np.isfinite(sizes).all():
        raise ValueError(f"amplitude must be finite, got {quoted(amplitude)}")
    if np.ndim(sodium_channels):
        raise ValueError(f"sodium_channels must be one number, got {quoted(sodium_channels)}")
    count("trials", trials)
    return sizes


def fired_by_pulses(
    sizes: Floats, sodium_channels: float, pulses: int, trials: int, seed: int
) -> NDArray[np.bool_]:
    """Whether each pulse of a train, every `PERIOD` ms, makes the neuron fire.

    A pulse of the train corresponds to a timestep of the kit's neurons.

    Args:
        sizes: amplitudes, uA/cm2 (n,); all pulses of a train have the same.
        sodium_channels: N; infinite for no noise.
        pulses: T, how many a train has.
        trials: trains of each amplitude, each to a neuron of its own.
        seed: of the channel noise.

    Returns:
        (T, n, trials).
    """
    steps = [round((SETTLING + k * PERIOD) / LONGEST_STEP) for k in range(pulses)]
    pulse, window = (round(time / LONGEST_STEP) for time in (PULSE, WINDOW))
    current = np.zeros((steps[-1] + window, len(sizes) * trials))
    for begin in steps:
        current[begin : begin + pulse] = np.repeat(sizes, trials)
    trace = simulate_membrane(current, sodium_channels=sodium_channels, dt=LONGEST_STEP, seed=seed)
    fired = np.stack([trace.spikes[begin : begin + window].any(0) for begin in steps])
    return fired.reshape(pulses, len(sizes), trials)  # (T, n * trials) before


def fit_threshold(amplitude: ArrayLike, probability: ArrayLike) -> ThresholdFit:
    """Fit the normal curve to measured shares by maximum likelihood.

    Args:
        amplitude: uA/cm2 (n,).
        probability: share of trials that fired, in [0, 1] (n,); each of equally many trials.

    Raises:
        ValueError: shapes that differ, fewer than 3 amplitudes, values outside [0, 1], or shares
            that are all 0, or all 1, or that do not rise.

    Example:
        >>> round(fit_threshold([4, 5, 6], [0.1587, 0.5, 0.8413]).spread, 2)
        1.0
    """
    x = np.asarray(amplitude, dtype=np.float64)
    p = np.asarray(probability, dtype=np.float64)
    if x.shape != p.shape or x.ndim != 1 or len(x) < 3:
        raise ValueError(f"amplitude and probability must be 3 or more, got {x.shape}, {p.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"probability must lie in [0, 1], got {p.min():g} to {p.max():g}")
    if p.min() == p.max() or np.corrcoef(x, p)[0, 1] <= 0:
        raise ValueError("the probability does not rise with the amplitude")

    def surprise(parameters: Floats) -> float:
        z = (x - parameters[0]) / np.exp(parameters[1])
        return float(-(p * norm.logcdf(z) + (1 - p) * norm.logsf(z)).sum())

    middle = x[np.abs(p - 0.5).argmin()]
    guess = [middle, np.log((x.max() - x.min()) / 8)]
    best = minimize(surprise, guess, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9})
    return ThresholdFit(float(best.x[0]), float(np.exp(best.x[1])))
