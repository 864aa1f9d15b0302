r"""Convert neurons to nodes of NIR, and back.

NIR (Pedersen et al., 2024) describes neurons in continuous time; tools run them in Euler steps of
a timestep dt. With u the potential in NIR and v ours:

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

**Reset.** NIR has one reset, to `v_reset`. We write reset by subtraction into the metadata of the
node (`reset`), and also the potential before the first timestep (`v_init`, in units of u), which
NIR does not have. A tool that does not read the metadata resets to `v_reset` and starts at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnlab.exchange.packages import package
from snnlab.neuron.spec import Reset
from snnlab.settings import checked, quoted

Values = NDArray[np.float64]
Shape = tuple[int, ...]
"""Shape between layers, (C, H, W) or (F,): NIR has no axes for batch and time."""

DT = 1e-4
"""Seconds per timestep in the files we write: snnTorch accepts no other value."""


@dataclass(frozen=True)
class Constants:
    """The constants of a layer of neurons that NIR can describe."""

    v_th: Values
    """Thresholds, a scalar or the shape of the layer."""
    v_init: Values
    """Potentials before the first timestep, likewise."""
    beta: float
    reset: Reset


def node_of(constants: Constants, shape: Shape) -> Any:
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
    return below + (top - below) / 4


def next_above(x: Values) -> Values:
    """v_th for which h >= v_th is h > x, whatever the single-precision h."""
    with np.errstate(over="ignore"):  # then the neuron refuses a threshold without end
        nearest = np.asarray(x, np.float32)
    return np.where(nearest > x, nearest, np.nextafter(nearest, np.float32(np.inf)))


def constants_of(node: Any, place: str, shape: Shape, dt: float | None, reset: Reset) -> Constants:
    """The constants of a NIR node, for currents of this shape without batch and time.

    Args:
        node: IF, LIF, or CubaLIF without a synaptic filter.
        place: its name, for messages.
        shape: (C, H, W) or (F,).
        dt: seconds per timestep; None: unknown.
        reset: the reset if the metadata of the node has none.

    Raises:
        ValueError: constants that our neurons cannot have, named with their place.
    """
    fields = {name: value for name, value in vars(node).items() if name in FIELDS}
    found = {
        name: values_of(value, f"{name} of {place!r}", shape) for name, value in fields.items()
    }
    beta, gain = leak_and_gain(found, place, dt)
    reset = checked(f"reset of {place!r}", Reset, node.metadata.get("reset", reset))
    if found.get("v_leak", np.zeros(1)).any() or (reset == "zero" and found["v_reset"].any()):
        raise ValueError(
            f"{place!r} rests or is reset elsewhere than at 0, unlike our neurons; "
            "shift its potentials so that v_leak and v_reset are 0"
        )
    if not (gain > 0).all():
        raise ValueError(f"{place!r} has a current gain that is not above 0; flip the weights")
    v_th = next_above(found["v_threshold"] / gain)
    if not ((v_th > 0) & np.isfinite(v_th)).all():
        raise ValueError(
            f"thresholds of {place!r} must be above 0 and finite, got {v_th.min():g} to "
            f"{v_th.max():g}"
        )
    v_init = values_of(node.metadata.get("v_init", 0.0), f"v_init of {place!r}", shape)
    return Constants(v_th, v_init / gain, beta, reset)


FIELDS = ("r", "tau", "tau_mem", "tau_syn", "w_in", "v_leak", "v_threshold", "v_reset")
"""Fields of NIR nodes of neurons."""
ROUNDING = 4 * float(np.finfo(np.float32).eps)
"""Tolerance for a product of single-precision constants that should be 1."""


def values_of(given: Any, called: str, shape: Shape) -> Values:
    """Numbers of a node, one for each neuron."""
    try:
        values = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{called} must be numbers, got {quoted(given)}") from None
    if np.isnan(values).any():
        raise ValueError(f"{called} holds numbers that are not numbers (NaN)")
    try:
        return np.broadcast_to(values, shape)
    except ValueError:
        raise ValueError(
            f"{called} has shape {values.shape}, for currents of shape {shape}"
        ) from None


def leak_and_gain(found: dict[str, Values], place: str, dt: float | None) -> tuple[float, Values]:
    """beta, and the gain g = u / v of a node, see the top of this file."""
    tau = found.get("tau", found.get("tau_mem"))
    if tau is None:
        return 1.0, found["r"]
    if dt is None:
        raise ValueError(
            f"the file does not say how long a timestep is, which the leak of {place!r} depends "
            "on: give dt=1e-4 for files of snnTorch, and for those of Norse 1e-3 if they were "
            "written with to_nir(..., dt=1), else 1e-6"
        )
    if not np.allclose(found.get("tau_syn", dt), dt, rtol=1e-5, atol=0):
        raise ValueError(
            f"{place!r} filters its currents in a synapse, which our neurons do not; train it "
            f"without (snnTorch: Leaky, Norse: LIFBoxCell), or with tau_syn = dt = {dt:g}"
        )
    if not (tau > 0).all():
        raise ValueError(f"the time constant tau of {place!r} must be above 0, got {tau.min():g}")
    share = dt / tau
    beta = {round(1 - one, 12) for one in np.unique(share).tolist()}
    if len(beta) > 1 or not all(0 < one <= 1 for one in beta):
        raise ValueError(
            f"{place!r} leaks with beta = 1 - dt / tau of {min(beta):g} to {max(beta):g} at "
            f"dt = {dt:g}; neurons of a layer share one beta above 0 and up to 1"
        )
    endless = np.isinf(tau) & np.isinf(found["r"])  # snnTorch writes r = tau / dt
    gain = np.where(endless, 1.0, np.where(endless, 1.0, found["r"]) * share)
    gain = gain * found.get("w_in", 1.0)
    # snnTorch means 1, but writes r and tau in single precision. Ours have r = 1 and are exact.
    meant = np.isclose(gain, 1, rtol=0, atol=ROUNDING) & (found["r"] != 1)
    return beta.pop(), np.where(meant, 1.0, gain)
