r"""The leaky neuron: its residuals, the noise that represents them, and how to undo the leak.

A leaky neuron under a constant current I with (1 - beta) v_th < I < v_th, reset by
subtraction, keeps its potential in [0, v_th). Over many timesteps the potential neither rises
nor falls, so with r the rate and m the mean residual

    r v_th = I - (1 - beta) m                                                          (1)

The map v -> beta v + I - v_th s contracts, so the neuron locks into cycles and r(I) is a
staircase with a step at every fraction p / q. The step ends at the current (Laurent and
Nogueira, 2018, "Rotation number of contracted rotations")

    I = (1 - beta) v_th (1 + sum_k beta^k s_k),   s_k = floor((k + 1) p / q) - floor(k p / q)

Along a step m rises with the current, from step to step it falls: the residual of a leaky neuron
depends on its current. But if the neuron spikes several times before it forgets, its potential is
spread uniformly over [0, v_th), as that of the IF neuron, and averaged over a step m is v_th / 2.
Inserted into (1) this gives, to first order in 1 - beta,

    r(I) = I / v_th - (1 - beta) / 2     for (1 - beta) v_th < I < v_th                (2)

and r = 0 below this range, 1 above. Only near the two ends, where spikes or gaps are rare, m tends
to v_th and to 0, and the curve bends down to 0 and up to 1. The steps around (2) remain, however
large T is: a leaky neuron forgets, so its rates have no finer steps. Their root mean square is
0.003 spikes per timestep for beta = 0.95, 0.007 for 0.9, 0.018 for 0.8 and 0.051 for 0.5.

**Noise.** A single step fires if beta u + I >= v_th. It fires with the probability (2) if the noise
u is uniform in [0, v_th) with probability beta, and equal to each of the two ends with probability
(1 - beta) / 2. In units of v_th this noise has

    mean 1 / 2,   variance (3 - 2 beta) / 12                                           (3)

which is the noise matched to the IF neuron for beta = 1, and a wider one for leaky neurons. Because
the curve bends at its ends, the exact deviation is 1 % smaller for beta = 0.9 and 5 % for 0.5. See
`leaky_noise`.

**Undoing the leak.** By (2) the current I + (1 - beta) v_th / 2 into a leaky neuron gives the
rates that I gives in an IF neuron, up to the steps, for rates between (1 - beta) / 2 and
1 - (1 - beta) / 2; smaller ones become 0 and larger ones 1. With v_init = v_th / 2 the first
timestep is the same, spike by spike. See `leaky_equivalent`.
"""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from snnlab.network.net import SpikingNet, check_network
from snnlab.neuron.own_layer import drop_noise
from snnlab.neuron.spec import MATCHED_SIGMA, Neuron, Noise


def leaky_noise(beta: float, family: str = "gaussian") -> Noise:
    """The noise that represents the residual of a leaky neuron: equation (3).

    Args:
        beta: leak factor in (0, 1]; 1 gives the noise matched to the IF neuron.
        family: shape of the distribution.

    Raises:
        ValueError: beta outside (0, 1].

    Example:
        >>> leaky_noise(0.9).sigma  # 0.316
    """
    return Noise(family, MATCHED_SIGMA * math.sqrt(3 - 2 * Neuron(beta=beta).beta))


@torch.no_grad()
def leaky_equivalent(net: SpikingNet, beta: float) -> SpikingNet:
    """A copy of a network of IF neurons with leaky neurons that have the same rates, see above.

    Args:
        net: network of IF neurons that reset by subtraction; it is not changed.
        beta: leak factor of the new neurons, in (0, 1].

    Returns:
        The new network, in evaluation mode, without noise.

    Raises:
        ValueError: beta outside (0, 1], other neurons, or a stage without a bias to raise,
            named.

    Example:
        >>> leaky = leaky_equivalent(net, 0.9)
    """
    check_network(net, "leaky_equivalent()")
    Neuron(beta=beta)  # raises for a leak outside its range
    leaky = copy.deepcopy(net).eval()
    layers = leaky.neuron_layers("neuron", needed_by="leaky_equivalent()")
    for i, layer in enumerate(layers):
        neuron = layer.neuron
        neuron.require_no_loss(f"stage {i} cannot be made leaky: that takes")
        layer.neuron = replace(neuron, beta=beta)
        threshold = leaky.stages[i].threshold  # currents are divided by it after the bias
        unit = 1.0 if threshold is None else threshold.v_th
        last_bias(leaky.stages[i].layers, i).add_((1 - beta) * neuron.v_th / 2 * unit)
    drop_noise(layers)
    return leaky


def last_bias(layers: nn.Module, stage: int) -> Tensor:
    """The bias that is added last to the currents: that of the last layer with a bias, (C,)."""
    for layer in reversed(list(layers.modules())):
        bias = getattr(layer, "bias", None)
        if isinstance(bias, Tensor):
            return bias
        if any(True for _ in layer.parameters(recurse=False)):
            break
    raise ValueError(f"the last layer with weights of stage {stage} has no bias to raise")
