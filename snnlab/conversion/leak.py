r"""The leaky neuron: what its residuals are, which noise stands for them, and how to undo the leak.

A leaky neuron under a constant current I with (1 - beta) v_th < I < v_th, reset by
subtraction, keeps its potential in [0, v_th). Over many timesteps the potential neither rises
nor falls, so with r the rate and m the mean residual

    r v_th = I - (1 - beta) m                                                          (1)

The map v -> beta v + I - v_th s contracts, so the neuron locks into cycles and r(I) is a
staircase with a step at every fraction p / q. The step ends at the current (Laurent and
Nogueira, 2018, "Rotation number of contracted rotations")

    I = (1 - beta) v_th (1 + sum_k beta^k s_k),   s_k = floor((k + 1) p / q) - floor(k p / q)

Along a step m rises with the current, from step to step it falls: the residual of a leaky
neuron depends on its current. But where the neuron spikes several times before it forgets, the
potential visits [0, v_th) evenly, as that of the IF neuron does, and averaged over a step m is
v_th / 2. Put into (1), that is first order in 1 - beta,

    r(I) = I / v_th - (1 - beta) / 2     for (1 - beta) v_th < I < v_th                (2)

and 0 below, 1 above. Only near the two ends, where spikes or gaps are rare, m moves to v_th and
to 0, and the curve bends down to 0 and up to 1. Around (2) the steps remain, however large T is:
a leaky neuron cannot count finer, as it forgets. Their root mean square is 0.003 spikes per
timestep for beta = 0.95, 0.007 for 0.9, 0.018 for 0.8 and 0.051 for 0.5.

**Noise.** A single step fires if beta u + I >= v_th. The noise u that does so with the
probability (2) lies evenly in [0, v_th) with a share of beta, and at each of the two ends with a
share of (1 - beta) / 2. In units of v_th it has

    mean 1 / 2,   variance (3 - 2 beta) / 12                                           (3)

which is the noise matched to the IF neuron for beta = 1, and a wider one for leaky neurons: the
bends make the exact deviation 1 % smaller for beta = 0.9 and 5 % for 0.5. See `leaky_noise`.

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

from snnlab.measure.passes import check_network
from snnlab.network.net import SpikingNet
from snnlab.neuron.own_layer import drop_noise
from snnlab.neuron.spec import MATCHED_SIGMA, Neuron, Noise


def leaky_noise(beta: float, family: str = "gaussian") -> Noise:
    """The noise that stands for the residual of a leaky neuron: equation (3).

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
    """A copy of a network of IF neurons whose neurons leak and whose rates stay, see above.

    Args:
        net: network of IF neurons that reset by subtraction; it stays as it is.
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
    """The bias that reaches the neurons unchanged: of the last layer that has one, (C,)."""
    for layer in reversed(list(layers.modules())):
        bias = getattr(layer, "bias", None)
        if isinstance(bias, Tensor):
            return bias
        if any(True for _ in layer.parameters(recurse=False)):
            break
    raise ValueError(f"the last layer with weights of stage {stage} has no bias to raise")
