"""A spiking neuron, and the mistakes that students make with it, to switch on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def charge_fire_reset(
    v: Any, current: Any, v_th: float, beta: float, *, strict: bool = False, to_zero: bool = False
) -> tuple[Any, Any, Any]:
    """One timestep of one neuron, or of an array of them.

    Args:
        v: potential before, a number or an array.
        current: as `v`.
        v_th, beta: threshold and leak.
        strict: a potential of exactly v_th stays silent.
        to_zero: the reset sets the potential to zero.

    Returns:
        Spikes, potential after the reset, potential before firing.
    """
    h = beta * v + current
    spikes = 1 * (h > v_th if strict else h >= v_th)
    return spikes, h * (1 - spikes) if to_zero else h - v_th * spikes, h


def run_neuron(
    currents: Any, v_th: float, beta: float, v_init: Any, *, forget: bool = False, **mistakes: bool
) -> tuple[Floats, Floats, Floats]:
    """All timesteps.

    Args:
        currents: of one neuron, (T,), or of several, (T, *).
        v_th, beta: threshold and leak.
        v_init: potential before the first timestep, a number or an array.
        forget: every timestep starts from v_init.
        mistakes: see `charge_fire_reset`.

    Returns:
        Spikes, potentials after the reset, potentials before firing, each as `currents`.
    """
    v, steps = v_init, []
    for current in np.asarray(currents, float):
        steps.append(charge_fire_reset(v, current, v_th, beta, **mistakes))
        v = v_init if forget else steps[-1][1]
    spikes, after, before = (np.array(part, float) for part in zip(*steps, strict=True))
    return spikes, after, before
