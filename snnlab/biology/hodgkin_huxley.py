"""The neuron of Hodgkin and Huxley with finitely many ion channels, many trials at once.

    C dV/dt = I - g_Na p_Na (V - E_Na) - g_K p_K (V - E_K) - g_L (V - E_L)

p_Na and p_K are the shares of open channels (see `ion_channels`). Constants as in Hodgkin and
Huxley (1952), with the resting potential at -65 mV.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnlab.biology.ion_channels import (
    POTASSIUM_OPEN,
    SODIUM_OPEN,
    TRANSITIONS,
    Floats,
    advance,
    settled,
)

CAPACITANCE = 1.0  # uF/cm2
SODIUM, POTASSIUM, LEAK = 120.0, 36.0, 0.3  # mS/cm2, with all channels open
E_SODIUM, E_POTASSIUM, E_LEAK = 50.0, -77.0, -54.387  # mV
REST = -65.0  # mV
POTASSIUM_PER_SODIUM = 0.3
"""18 potassium and 60 sodium channels per square micrometre."""
SPIKE_AT = 0.0
"""mV; a spike is where V rises through it."""
LONGEST_STEP = 0.025  # ms
Noise: TypeAlias = tuple[Floats, np.random.Generator]
"""Size and random generator of the noise of the channels; see `noise_of`."""


@dataclass(frozen=True)
class MembraneTrace:
    """What `simulate_membrane` returns; time first, then trials."""

    time: Floats
    """ms (n,)."""
    voltage: Floats
    """mV (n, B)."""
    spikes: NDArray[np.bool_]
    """Where V rose through `SPIKE_AT` (n, B)."""
    sodium_open: Floats
    """Share of open sodium channels (n, B)."""
    potassium_open: Floats
    """Share of open potassium channels (n, B)."""


def simulate_membrane(
    current: ArrayLike,
    *,
    sodium_channels: ArrayLike = np.inf,
    dt: float = 0.01,
    keep: int = 1,
    seed: int | None = None,
) -> MembraneTrace:
    """Run the membrane from rest.

    Args:
        current: uA/cm2 at each time and for each trial (n, B); (n, 1) for one course of time.
        sodium_channels: N, one number or one for each trial (B,); there are 0.3 times as many
            potassium channels. Infinitely many make no noise.
        dt: timestep in ms, at most 0.025.
        keep: keep each `keep`-th time; a spike in between belongs to the next kept time.
        seed: of the noise; may be left out only without noise.

    Returns:
        Voltage, spikes and open shares at each kept time.

    Raises:
        ValueError: shapes that do not fit, fewer than one channel, a timestep that is too long,
            a current that is not finite, or noise without a seed.

    Source:
        Hodgkin and Huxley (1952); Fox and Lu (1994); Orio and Soudry (2012).

    Example:
        >>> trace = simulate_membrane(np.full((5000, 1), 10.0))  # 50 ms without noise
        >>> int(trace.spikes.sum())
        4
    """
    current = _checked(current, sodium_channels, dt, keep)
    noise = noise_of(sodium_channels, dt, seed)
    steps, batch = current.shape
    voltage = np.full(batch, REST)
    x = np.tile(settled(REST), (batch, 1))  # (B, 13)
    rows = steps // keep
    trace = MembraneTrace(
        np.arange(1, rows + 1, dtype=np.float64) * (dt * keep),
        voltage=np.empty((rows, batch)),
        spikes=np.zeros((rows, batch), dtype=bool),
        sodium_open=np.empty((rows, batch)),
        potassium_open=np.empty((rows, batch)),
    )
    for t in range(rows * keep):
        row, before = t // keep, voltage
        voltage, x = step_membrane(current[t], voltage, x, dt, drawn(noise, batch))
        trace.spikes[row] |= (before < SPIKE_AT) & (voltage >= SPIKE_AT)
        if t % keep == keep - 1:
            trace.voltage[row] = voltage
            trace.sodium_open[row] = x[:, SODIUM_OPEN]
            trace.potassium_open[row] = x[:, POTASSIUM_OPEN]
    return trace


def step_membrane(
    current: Floats | float, voltage: Floats, x: Floats, dt: float, kicks: Floats | None
) -> tuple[Floats, Floats]:
    """Voltage (B,) and states (B, 13) a time dt later.

    Args:
        current: uA/cm2, for all trials or one for each (B,).
        voltage: mV (B,).
        x: share of the channels in each state (B, 13).
        dt: ms.
        kicks: noise of the channels (B, 14), from `drawn`; None for none.
    """
    after = voltage + dt / CAPACITANCE * _charging(current, voltage, x)
    return after, advance(voltage, x, dt, kicks)


def noise_of(sodium_channels: ArrayLike, dt: float, seed: int | None) -> Noise | None:
    """The noise of channels: its size and its random generator.

    Args:
        sodium_channels: N, one number or one for each trial (B,).
        dt: ms.
        seed: of the noise; may be left out only without noise.

    Returns:
        sqrt(dt / N) for each transition (1, 14) or each trial, too (B, 14), and the generator;
        None if there are infinitely many channels.

    Raises:
        ValueError: fewer than one channel, or noise without a seed.
    """
    channels = np.atleast_1d(np.asarray(sodium_channels, dtype=np.float64))
    if channels.ndim > 1 or not (channels >= 1).all():
        raise ValueError(f"sodium_channels must be numbers of at least 1, got {sodium_channels!r}")
    if np.isinf(channels).all():
        return None
    if seed is None:
        raise ValueError("channel noise needs a seed; pass seed=0, say")
    kinds = np.array([1.0] * 10 + [POTASSIUM_PER_SODIUM] * 4)  # of the transitions
    return np.sqrt(dt / (channels[:, None] * kinds)), np.random.default_rng(seed)


def drawn(noise: Noise | None, batch: int) -> Floats | None:
    """The kicks of one timestep (batch, 14) that `advance` takes; None without noise."""
    if noise is None:
        return None
    size, generator = noise
    return size * generator.standard_normal((batch, TRANSITIONS))


def _charging(current: Floats | float, voltage: Floats, x: Floats) -> Floats:
    """What is left of the current to charge the membrane, uA/cm2 (B,)."""
    sodium = SODIUM * x[:, SODIUM_OPEN] * (voltage - E_SODIUM)
    potassium = POTASSIUM * x[:, POTASSIUM_OPEN] * (voltage - E_POTASSIUM)
    return current - sodium - potassium - LEAK * (voltage - E_LEAK)


def _checked(current: ArrayLike, sodium_channels: ArrayLike, dt: float, keep: int) -> Floats:
    """The current (n, B); ValueError for arguments of `simulate_membrane` that do not fit."""
    drive = np.asarray(current, dtype=np.float64)
    channels = np.asarray(sodium_channels, dtype=np.float64)
    if drive.ndim != 2 or drive.size == 0:
        raise ValueError(f"current must have the shape (n, B), got {drive.shape}")
    if not np.isfinite(drive).all():
        raise ValueError("current must be finite everywhere")
    if not 0 < dt <= LONGEST_STEP:
        raise ValueError(f"dt must lie between 0 and {LONGEST_STEP} ms, got {dt}")
    if not 1 <= keep <= len(drive):
        raise ValueError(f"keep must lie between 1 and {len(drive)}, got {keep}")
    if drive.shape[1] == 1 and channels.ndim == 1:
        drive = np.broadcast_to(drive, (len(drive), len(channels)))
    batch = drive.shape[1]
    if channels.ndim == 1 and len(channels) != batch:
        raise ValueError(f"current has {batch} trials, sodium_channels {len(channels)}")
    return drive
