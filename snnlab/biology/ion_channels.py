"""Ion channels that open and close at random: the rates and states of Hodgkin and Huxley.

A sodium channel has three gates m and one gate h, a potassium channel four gates n; a channel is
open when all its gates are. Gates open at the rate alpha(V) and close at the rate beta(V). So a
sodium channel is in one of 4 * 2 states, a potassium channel in one of 5, and 10 + 4 transitions
lead from a state to its neighbours. `x` holds the share of the channels in each of the 13 states.

Along each transition the share that changes over in a short time dt is

    (forward - backward) dt + sqrt((forward + backward) dt / N) * normal

for N channels: mean and variance of the jumps of N independent channels, so that the open shares
fluctuate as they should, in size and in time (Fox and Lu, 1994; in this form, with one normal for
each transition, Orio and Soudry, 2012).
"""

from __future__ import annotations

from functools import cache
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.intp]

STATES, TRANSITIONS = 13, 14
SODIUM_OPEN, POTASSIUM_OPEN = 7, 12
"""Columns of x with the share of open channels."""
_LOWEST, _HIGHEST, _FINENESS = -150.0, 120.0, 0.02  # mV: range and step of the table of rates


class Graph(NamedTuple):
    """The transitions: where each starts and ends, and how fast channels go along it."""

    sources: Whole
    """State in which each transition starts: 14 forwards, then the same 14 backwards (28,)."""
    gates: Whole
    """Column of `gate_rates` with the rate of the transition (28,)."""
    counts: Floats
    """How many gates can make the transition (28,)."""
    incidence: Floats
    """-1 where a transition starts, 1 where it ends (14, 13)."""


def gate_rates(voltage: ArrayLike) -> Floats:
    """How fast gates open and close.

    Args:
        voltage: mV (n,).

    Returns:
        Per ms: alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n (n, 6).

    Source:
        Hodgkin and Huxley (1952), with the resting potential at -65 mV.

    Example:
        >>> gate_rates([-40.0])[0, 0]
        1.0
    """
    v = np.asarray(voltage, dtype=np.float64)
    rates = [
        _ramp((v + 40) / 10),
        4.0 * np.exp(-(v + 65) / 18),
        0.07 * np.exp(-(v + 65) / 20),
        1.0 / (1.0 + np.exp(-(v + 35) / 10)),
        0.1 * _ramp((v + 55) / 10),
        0.125 * np.exp(-(v + 65) / 80),
    ]
    return np.stack(rates, axis=-1)


def open_gates(voltage: float) -> tuple[float, float, float]:
    """Shares of open gates m, h and n, after a long time at this voltage.

    Args:
        voltage: mV.

    Example:
        >>> [round(share, 3) for share in open_gates(-65.0)]
        [0.053, 0.596, 0.318]
    """
    m, h, n = (float(a / (a + b)) for a, b in gate_rates(voltage).reshape(3, 2))
    return m, h, n


def settled(voltage: float) -> Floats:
    """Share of the channels in each state after a long time at this voltage in mV, (13,)."""
    m, h, n = open_gates(voltage)
    sodium = [_binomial(3, i, m) * (h if j else 1 - h) for j in (0, 1) for i in range(4)]
    return np.array(sodium + [_binomial(4, i, n) for i in range(5)])


def flows(voltage: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Share of the channels that goes along each transition.

    Args:
        voltage: mV (B,).
        x: share of the channels in each state (B, 13).

    Returns:
        Forward and backward, per ms, each (B, 14).
    """
    place = ((voltage - _LOWEST) / _FINENESS + 0.5).astype(np.intp)
    flow = _table().take(place, axis=0, mode="clip") * x.take(graph().sources, axis=1)  # (B, 28)
    return flow[:, :TRANSITIONS], flow[:, TRANSITIONS:]


def advance(voltage: Floats, x: Floats, dt: float, kicks: Floats | None = None) -> Floats:
    """States after a time dt at this voltage; equation at the top of this file.

    Args:
        voltage: mV (B,).
        x: share of the channels in each state (B, 13).
        dt: ms.
        kicks: sqrt(dt / N) times a standard normal number, for each trial and transition (B, 14);
            None: no noise.

    Returns:
        (B, 13). With very few channels a share may fall a little below 0; what would flow out of
        it is then negative and brings it back.
    """
    forward, backward = flows(voltage, x)
    change = (forward - backward) * dt  # (B, 14)
    if kicks is not None:
        change += np.sqrt(np.maximum(forward + backward, 0.0)) * kicks
    return x + change @ graph().incidence


@cache
def graph() -> Graph:
    """All transitions: 6 of the gates m, 4 of the gate h, 4 of the gates n."""
    steps: list[tuple[int, int, int, int, int]] = []  # from, to, column of alpha, opens, closes
    for j in (0, 1):
        steps += [(4 * j + i, 4 * j + i + 1, 0, 3 - i, i + 1) for i in range(3)]
    steps += [(i, 4 + i, 2, 1, 1) for i in range(4)]
    steps += [(8 + i, 9 + i, 4, 4 - i, i + 1) for i in range(4)]
    start, end, alpha, opening, closing = (np.array(column) for column in zip(*steps, strict=True))
    incidence = np.zeros((TRANSITIONS, STATES))
    incidence[np.arange(TRANSITIONS), start] = -1.0
    incidence[np.arange(TRANSITIONS), end] = 1.0
    return Graph(
        sources=np.concatenate([start, end]),
        gates=np.concatenate([alpha, alpha + 1]),
        counts=np.concatenate([opening, closing]).astype(np.float64),
        incidence=incidence,
    )


@cache
def _table() -> Floats:
    """Rate of each transition, forwards and backwards, on a fine grid of voltages (n, 28)."""
    grid = np.arange(_LOWEST, _HIGHEST, _FINENESS)
    transitions = graph()
    rates = gate_rates(grid)[:, transitions.gates] * transitions.counts
    return np.ascontiguousarray(rates)  # so that taking rows is fast


def _ramp(x: Floats) -> Floats:
    """The ramp x / (1 - exp(-x)), which is 1 at 0."""
    small = np.abs(x) < 1e-6
    safe = np.where(small, 1.0, x)
    return np.where(small, 1.0 + x / 2, safe / -np.expm1(-safe))


def _binomial(n: int, k: int, p: float) -> float:
    return float(comb(n, k) * p**k * (1 - p) ** (n - k))
