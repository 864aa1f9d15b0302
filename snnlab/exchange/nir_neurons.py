r"""What a neuron of ours is in NIR, and back.

NIR (Pedersen et al., 2024) describes neurons in continuous time; tools run them in Euler steps of
a timestep dt. With potentials u there and v here

    LIF    tau du/dt = v_leak - u + r I    h = (1 - dt / tau) u + (r dt / tau) I
    IF     du/dt = r I                     h = u + r I, for every tool takes this r per timestep
    ours                                   h = beta v + I

so beta = 1 - dt / tau, and u = g v with the gain g = r dt / tau, or g = r for IF. Thresholds scale
as potentials do: v_threshold = g v_th. We write r = 1, because Norse ignores any other, so

    tau = dt / (1 - beta),   v_threshold = (1 - beta) v_th     for beta < 1
    v_threshold = v_th                                         for beta = 1, as IF

**Equality.** NIR fires where h > v_threshold, we fire where h >= v_th. Potentials are numbers in
single precision, so both are the same if v_threshold lies between v_th and the next such number
below: we write one a quarter of the way up, and read the next number above.

**Reset.** NIR knows one reset, to `v_reset`. Reset by subtraction stands in the metadata of the
node (`reset`), as does the potential before the first timestep (`v_init`, in units of u), which
NIR does not know. A tool that does not read them resets to `v_reset` and starts at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from snnlab.exchange.packages import package
from snnlab.neuron.spec import Reset

Values = NDArray[np.float64]

DT = 1e-4
"""Seconds that a timestep stands for in the files we write: snnTorch reads and writes no other."""


@dataclass(frozen=True)
class Constants:
    """A layer of neurons of ours, as far as NIR describes it."""

    v_th: Values
    """Thresholds, a scalar or the shape of the layer."""
    v_init: Values
    """Potentials before the first timestep, likewise."""
    beta: float
    reset: Reset


def node_of(constants: Constants, shape: tuple[int, ...]) -> Any:
    """The NIR node of a layer whose currents have this shape, without batch and time."""
    nir = package("nir", "NIR")
    beta = constants.beta
    gain = 1.0 if beta == 1 else 1 - beta
    fields = {
        "r": np.ones(shape),
        "v_threshold": np.full(shape, gain * just_below(constants.v_th)),
        "v_reset": np.zeros(shape),
        "metadata": {"reset": constants.reset, "v_init": gain * constants.v_init},
    }
    if beta == 1:
        return nir.IF(**fields)
    return nir.LIF(tau=np.full(shape, DT / (1 - beta)), v_leak=np.zeros(shape), **fields)


def just_below(v_th: Values) -> Values:
    """X for which h > x is h >= v_th, whatever the single-precision h."""
    top = np.asarray(v_th, np.float32)
    below = np.nextafter(top, np.float32(-np.inf)).astype(np.float64)
    return cast(Values, below + (top - below) / 4)


def next_above(x: Values) -> Values:
    """v_th for which h >= v_th is h > x, whatever the single-precision h."""
    nearest = np.asarray(x, np.float32)
    return np.where(nearest > x, nearest, np.nextafter(nearest, np.float32(np.inf)))
