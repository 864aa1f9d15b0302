r"""The rates phase: a network learns from its own spikes, at the cost of one backward pass.

Forwards the network runs T timesteps, from v_init and without noise, just as it will run when
training is over. Backwards each neuron is the rate that an IF neuron with reset by subtraction has
over endless timesteps,

    r = clip(I / v_th, 0, 1),   I the mean of its currents over the T timesteps,

so that one pass leads back through the network, whatever T is, and no timestep is kept for it.
What a mean rate leaves out, spikes that come unevenly, is in the forward pass: the network learns
to do well with the spikes and the residual potentials that it really has.

At T = 1 rate and spike are the same, and the phase is single-step training without noise whose
surrogate is the slope of r.

Batch norm takes its statistics from the mean currents of a batch, which are those that it has to
know after training, and shifts and scales each timestep by them.

Source:
    The nearest published relative: Yu et al. (NeurIPS 2024, arXiv 2410.11488), rate-based
    backpropagation.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from snnlab.network.layers import ConvPoolNorm
from snnlab.network.net import SpikingNet, Stage, StagedNet, check_network
from snnlab.neuron.fast.kernels import sum_over_time
from snnlab.neuron.spec import Neuron

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def check_own_rates(net: StagedNet) -> None:
    """Raise ValueError unless the rates phase can train this network."""
    phase = "the rates phase (rates_fraction)"
    check_network(net, phase)
    for layer in net.neuron_layers("neuron", needed_by=phase):
        layer.neuron.require_no_loss(f"{phase} needs")


class OverTime(NamedTuple):
    """What flows through a network in T timesteps."""

    mean: Tensor
    """Over time, (B, *); the gradient goes through it."""
    each: Tensor | None
    """At each timestep, (T * B, *), without gradient; None: always the mean."""


def logits_of_rates(net: SpikingNet, images: Tensor, timesteps: int) -> Tensor:
    """Logits of T timesteps without noise, whose gradient is that of one pass over mean rates.

    Args:
        net: in training mode; IF neurons with reset by subtraction, without noise.
        images: (B, C, H, W).
        timesteps: T.

    Returns:
        (B, K): those of `net(images, timesteps)`, but batch norm goes by the mean currents.
    """
    inputs = deque([OverTime(net.taken(images), None)], maxlen=net.reach)
    for stage in net.stages:
        inputs.append(own_rates(stage, stage_current(stage, inputs, timesteps), timesteps))
    return cast(Tensor, net.readout(inputs[-1].mean))


def stage_current(stage: Stage, inputs: deque[OverTime], timesteps: int) -> OverTime:
    """`Stage.current`, for the mean and for each timestep."""
    current = through(stage.layers, inputs[-1], timesteps)
    if stage.shortcut is not None:
        other = through(stage.shortcut, inputs[-1 - stage.back], timesteps)
        current = added(current, other, timesteps)
    return current if stage.threshold is None else through(stage.threshold, current, timesteps)


def added(a: OverTime, b: OverTime, timesteps: int) -> OverTime:
    """The sum."""
    mean = a.mean + b.mean
    if a.each is None and b.each is None:
        return OverTime(mean, None)
    with torch.no_grad():
        one, other = (repeated(x.mean, timesteps) if x.each is None else x.each for x in (a, b))
        return OverTime(mean, one + other)


def repeated(mean: Tensor, timesteps: int) -> Tensor:
    """(B, *) at each timestep: (T * B, *)."""
    return mean.repeat(timesteps, *[1] * (mean.ndim - 1))


def through(layer: nn.Module, x: OverTime, timesteps: int) -> OverTime:
    """What a stateless layer makes of the mean, and of each timestep."""
    if x.each is None:
        return OverTime(layer(x.mean), None)
    if isinstance(layer, NORMS):
        return through_norm(layer, x)
    if isinstance(layer, ConvPoolNorm):
        return through_norm(cast(nn.BatchNorm2d, layer[2]), both(layer.pooled, x))
    if isinstance(layer, nn.Sequential):
        for part in layer:
            x = through(part, x, timesteps)
        return x
    return both(layer, x)


def both(layer: Any, x: OverTime) -> OverTime:
    """What a layer makes of the mean, and of each timestep without a gradient."""
    with torch.no_grad():
        each = layer(x.each)
    return OverTime(layer(x.mean), each)


def through_norm(norm: nn.BatchNorm1d | nn.BatchNorm2d, x: OverTime) -> OverTime:
    """Batch norm by the statistics of the mean."""
    assert x.each is not None
    with torch.no_grad():
        along = [0, *range(2, x.mean.ndim)]
        variance, centre = torch.var_mean(x.mean, along, correction=0)
        each = nn.functional.batch_norm(
            x.each, centre, variance, norm.weight, norm.bias, False, 0.0, norm.eps
        )
    return OverTime(norm(x.mean), each)


def own_rates(stage: Stage, current: OverTime, timesteps: int) -> OverTime:
    """Spikes of a stage (T * B, *) and their mean rates (B, *)."""
    layer: Any = stage.neuron
    with torch.no_grad():
        if current.each is None:
            currents = current.mean.expand(timesteps, *current.mean.shape)
        else:
            currents = current.each.view(timesteps, *current.mean.shape)
        spikes = layer.advance(currents)[0]  # (T, B, *)
        rates = spikes[0] if timesteps == 1 else sum_over_time(spikes) / timesteps
    mean = OwnRate.apply(current.mean, rates, layer.neuron)
    return OverTime(mean, None if timesteps == 1 else spikes.flatten(0, 1))


class OwnRate(torch.autograd.Function):
    """A rate that was counted, with the slope of clip(I / v_th, 0, 1)."""

    @staticmethod
    def forward(ctx: Any, mean: Tensor, rates: Tensor, neuron: Neuron) -> Tensor:
        """The rates."""
        ctx.save_for_backward(mean)
        ctx.v_th = neuron.v_th
        return rates

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None, None]:
        """Gradient with respect to the mean current."""
        (mean,) = ctx.saved_tensors
        inside = torch.ops.aten.hardtanh_backward(grads[0], mean, 0.0, ctx.v_th)
        return inside if ctx.v_th == 1 else inside / ctx.v_th, None, None
