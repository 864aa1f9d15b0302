"""Is a neuron with noise more like a living one? Two measurements, which need no race.

The living neuron is that of Hodgkin and Huxley with as many channels as make it, relative to its
threshold, as noisy as a neuron of this course in training: about 6,000 (see `channel_noise`). It
receives trains of T short pulses of one amplitude; a pulse corresponds to a timestep of our neuron.
Its threshold, fitted to the first pulses, corresponds to the current 1 - mu; nothing else is
fitted. Two numbers of our neuron, with and without noise, are compared with those of the living:

- the firing curve: the chance to fire at the first pulse, by amplitude;
- irregularity: the Fano factor of the number of spikes in T pulses, variance over mean, 0 for a
  clock. With fresh noise at each timestep ours is binomial, 1 - p(I); without noise it is 0.

The verdict holds for these two numbers of one model and not for biology in general. It also holds
only for the neuron in training: the converted network has no noise, and its neurons fire regularly.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from snnlab.biology.channel_noise import Floats, fired_by_pulses, fit_threshold
from snnlab.neuron.spec import Noise
from snnlab.neuron.transfer import firing_probability
from snnlab.studies.claims import Claim, Found, Test

CHANNELS = 6_000
AMPLITUDES = (2.0, 4.0, 6.0, 8.0, 10.0)
"""uA/cm2; the threshold lies near 6."""
PULSES, TRIALS = 4, 40
SEEDS = (0, 1, 2, 3, 4)


def judge_neuron() -> list[Claim]:
    """Judge the abstract's claim about biology, in two parts.

    Takes a few seconds the first time in a process.

    Source:
        Jiang and Zhang (2023), arXiv 2211.05453, claim it; Softky and Koch (1993) on how
        irregularly neurons of the cortex fire.

    Example:
        >>> [claim.status for claim in judge_neuron()]
        ['supported', 'supported']
    """
    return [test.judge(None) for test in TESTS]


@cache
def nearer() -> tuple[Found, Found]:
    """By how much noise brings our neuron nearer to the living one: firing curve, irregularity."""
    curves, irregular = zip(*map(nearer_by_pulse, SEEDS), strict=True)
    return over_pulses(curves), over_pulses(irregular)


def nearer_by_pulse(seed: int) -> tuple[Floats, Floats]:
    """By how much noise brings our neuron nearer at each pulse, with one seed.

    This is the error of the neuron without noise minus that of the neuron with noise, for the
    firing curve and for the Fano factor, each (n,).
    """
    sizes, noise = np.array(AMPLITUDES), Noise()
    fired = fired_by_pulses(sizes, CHANNELS, PULSES, TRIALS, seed)  # (T, n, trials)
    living, irregular = fired[0].mean(1), fano(fired.sum(0))
    threshold = fit_threshold(sizes, living).threshold
    current = torch.tensor((1 - noise.mu) * sizes / threshold)  # in units of v_th
    noisy = firing_probability(current, noise).numpy()
    step = (current.numpy() >= 1 - noise.mu).astype(np.float64)
    curve = np.abs(step - living) - np.abs(noisy - living)
    return curve, irregular - np.abs(1 - noisy - irregular)


def over_pulses(found: Sequence[Floats]) -> Found:
    """The mean over pulses, which decides, and each pulse as a reading, if neurons fired at it.

    Args:
        found: the differences, one (n,) per seed.
    """
    table = np.stack(found)  # (seeds, n)
    fires = np.isfinite(table).all(0)
    readings = {
        f"pulses of {size:g} uA/cm2": [float(value) for value in column]
        for size, column in zip(np.array(AMPLITUDES)[fires], table.T[fires], strict=True)
    }
    means = [float(value) for value in table[:, fires].mean(1)]
    return Found(means, list(SEEDS), "mean over pulses", readings)


def fano(counts: NDArray[np.integer]) -> Floats:
    """Variance over mean of the number of spikes, (n, trials) to (n,); NaN where there are none."""
    means = counts.mean(1)
    return np.divide(counts.var(1, ddof=1), means, out=np.full(len(means), np.nan), where=means > 0)


NEURONS = (
    "our neuron with and without noise, and that of Hodgkin and Huxley with "
    f"{CHANNELS:,} sodium channels, {PULSES} pulses of {AMPLITUDES[0]:g} to {AMPLITUDES[-1]:g} "
    "uA/cm2: "
)
TESTS = (
    Test(
        "a neuron with noise is more like a living one: how surely it fires",
        NEURONS + "how much nearer noise brings the chance to fire",
        lambda e: nearer()[0],
        "of probability",
        strict=True,
    ),
    Test(
        "a neuron with noise is more like a living one: how irregularly it fires",
        NEURONS + "how much nearer noise brings the Fano factor of the number of spikes",
        lambda e: nearer()[1],
        "of the Fano factor",
        strict=True,
    ),
)
"""Where the abstract puts them: last."""
