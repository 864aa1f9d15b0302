"""Change a trained network: a new network comes back, the old one stays as it is."""

from __future__ import annotations

import copy
from dataclasses import replace

from snnlab.network.net import SpikingNet
from snnlab.neuron.own_layer import drop_noise


def with_neurons(net: SpikingNet, **changes: object) -> SpikingNet:
    """A copy of the network whose neurons have other constants, and no noise.

    Args:
        net: stays as it is.
        changes: fields of `Neuron`: v_th, v_init, beta, reset.

    Raises:
        TypeError: a field that `Neuron` does not have.
        ValueError: a value outside its range, or neurons whose constants are their own.

    Example:
        >>> broken = with_neurons(net, reset="zero")
    """
    changed = copy.deepcopy(net).eval()
    layers = changed.neuron_layers("neuron", needed_by="with_neurons()")
    for layer in layers:
        layer.neuron = replace(layer.neuron, **changes)  # type: ignore[arg-type]
    drop_noise(layers)
    return changed
