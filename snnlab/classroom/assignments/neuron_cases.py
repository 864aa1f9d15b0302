"""Cases for a neuron of assignment 1: around the threshold, and far from it on both sides."""

from __future__ import annotations

import numpy as np

from snnlab.classroom.assignments.task import Draw
from snnlab.classroom.neuron_with_mistakes import Floats, run_neuron

HAIR = 2.0**-20
"""A distance from the threshold that float32 still sees, and that no comparison may forgive."""


def grid(rng: np.random.Generator, low: int, high: int) -> float:
    """A multiple of 1/32, so that sums are exact and a potential can meet the threshold."""
    return int(rng.integers(low, high + 1)) / 32


def grids(*bounds: tuple[int, int]) -> Draw:
    """Draws one number for each pair of bounds; see `grid`."""
    return lambda rng: tuple(grid(rng, *pair) for pair in bounds)


def threshold(rng: np.random.Generator) -> float:
    """From 0.5 to 3."""
    return grid(rng, 16, 96)


def against(rng: np.random.Generator, share: float, more: float = 0.0) -> tuple[float, float]:
    """A potential of a share of the threshold and something more, and the threshold."""
    v_th = threshold(rng)
    return share * v_th + more, v_th


def after(rng: np.random.Generator, spike: int, beyond: float) -> tuple[float, int, float]:
    """A potential so far beyond the threshold, and whether there was a spike."""
    v_th = threshold(rng)
    return v_th + beyond, spike, v_th


Case = tuple[Floats, float, float, float]


def case(
    rng: np.random.Generator,
    *,
    T: tuple[int, int] = (6, 16),
    low: float = -0.5,
    high: float = 2.0,
    beta: float = 1.0,
    v_init: float = 0.25,
    thresholds: tuple[float, ...] = (0.5, 1.0, 1.5),
) -> Case:
    """Currents from `low` to `high` times the threshold, and v_init, in units of it as well."""
    v_th = float(rng.choice(thresholds))
    currents = v_th * rng.integers(round(32 * low), round(32 * high) + 1, rng.integers(*T)) / 32
    return currents, v_th, beta, v_init * v_th


def met(rng: np.random.Generator, less: float) -> Case:
    """The first potential lies a little below the threshold, the second one meets it exactly."""
    currents, v_th, beta, v_init = case(rng)
    currents[:2] = v_th - v_init - less, less
    return currents, v_th, beta, v_init


def leaky(rng: np.random.Generator) -> Case:
    """A leak that rounds: no potential comes so near to the threshold that rounding decides."""
    while True:
        leaking = case(rng, beta=0.9, T=(12, 30))
        h = run_neuron(*leaking, mistake="keeps h")[1]
        if np.abs(h - leaking[1]).min() > 1e-3:
            return leaking
