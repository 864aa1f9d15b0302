r"""The rates phase: a network trains on its own spikes, at the cost of one backward pass.

In the forward pass the network runs T timesteps, from v_init and without noise, exactly as after
training. In the backward pass each neuron counts as the rate that an IF neuron with reset by
subtraction has over endless timesteps,

    r = clip(I / v_th, 0, 1),   I the mean of its currents over the T timesteps,

so there is one backward pass for any T, and no timestep is stored for it. A mean rate ignores that
spikes come unevenly, but the forward pass contains this: the network learns to classify with the
spikes and the residual potentials that it really has.

At T = 1 the rate is the spike, and the phase is single-step training without noise, whose surrogate
is the slope of r.

Weights that are good for few timesteps are not the best ones for many. So a share of the batches is
trained with endless timesteps, where the rate is r itself; these batches cost one pass.

Mean currents depend on T, since fewer spikes come less evenly. Batch norm with the statistics of
each batch would hide this from the network, which in evaluation has one set of statistics for every
T. So here batch norm uses its running statistics, by batch renormalization.

Source:
    The nearest published relative: Yu et al. (NeurIPS 2024, arXiv 2410.11488), rate-based
    backpropagation. Batch renormalization: Ioffe (NeurIPS 2017, arXiv 1702.03275).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from snnlab.network.layers import AFFINE, ConvPoolNorm, is_affine
from snnlab.network.net import SINGLE_IMAGE, SpikingNet, Stage, StagedNet, check_network
from snnlab.neuron.fast.kernels import sum_over_time, widened
from snnlab.neuron.layer import NeuronLayer
from snnlab.neuron.learned import LearnedThreshold
from snnlab.neuron.own_layer import SpikingLayer
from snnlab.neuron.rounding import mean_response
from snnlab.neuron.spec import Neuron
from snnlab.neuron.surrogate import with_gradient_of

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)

MEMORY = 0.02
"""Largest weight of a batch in the running statistics. Batches have different T; with the usual
weight of 0.1 the T of the last ten batches determined the accuracy at other T."""

MOST_RATIO, MOST_SHIFT = 3.0, 5.0
"""Limits for the difference between the statistics of a batch and the running ones: the ratio of
deviations, and the difference of means in units of the deviation (Ioffe, 2017)."""


def check_own_rates(net: StagedNet) -> None:
    """Raise ValueError unless the rates phase can train this network."""
    phase = "the rates phase (rates_fraction)"
    check_network(net, phase)
    for layer in net.neuron_layers("neuron", needed_by=phase):
        layer.neuron.require_no_loss(f"{phase} needs")
    seen = {id(part) for _, layer in net.stateless() for part in walked(layer)}
    for name, module in net.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and id(module) not in seen:
            raise ValueError(
                f"{phase} changes how batch norm counts, and cannot reach {name!r} inside a module "
                "of one's own: put it into an nn.Sequential, or set rates_fraction to 0"
            )


def walked(layer: nn.Module) -> Iterator[nn.Module]:
    """The batch norms inside a layer that `through` can reach."""
    if type(layer) in (nn.Sequential, ConvPoolNorm):
        for part in cast(nn.Sequential, layer):
            yield from walked(part)
    elif type(layer) in NORMS:
        yield layer


class OverTime(NamedTuple):
    """A value inside the network over T timesteps: its mean, and the value at each timestep."""

    mean: Tensor
    """Mean over time, (B, *); gradients flow through it."""
    each: Tensor | None
    """Value at each timestep, (T * B, *), without gradient; None: equal to the mean."""


def logits_of_rates(net: SpikingNet, images: Tensor, timesteps: int | None) -> Tensor:
    """Logits of T timesteps without noise, whose gradient is that of one pass over mean rates.

    Args:
        net: in training mode; IF neurons with reset by subtraction, without noise.
        images: (B, C, H, W).
        timesteps: T; None: endless timesteps, in which each neuron gives its mean response r.

    Returns:
        (B, K): the logits of `net(images, timesteps)` in evaluation mode.
    """
    inputs = deque([OverTime(net.taken(images), None)], maxlen=net.reach)
    for stage in net.stages:
        current = stage_current(stage, inputs, timesteps or 1)
        if timesteps is None:
            inputs.append(OverTime(mean_response(current.mean, neuron_of(stage)), None))
        else:
            inputs.append(own_rates(stage, current, timesteps))
    if is_affine(net.readout):
        return cast(Tensor, net.readout(inputs[-1].mean))
    return through(net.readout, inputs[-1]).mean


def stage_current(stage: Stage, inputs: deque[OverTime], timesteps: int) -> OverTime:
    """Compute `Stage.current` for the mean and for each timestep."""
    current = through(stage.layers, inputs[-1])
    if stage.shortcut is not None:
        other = through(stage.shortcut, inputs[-1 - stage.back])
        current = added(current, other, timesteps)
    return current if stage.threshold is None else through(stage.threshold, current)


def added(a: OverTime, b: OverTime, timesteps: int) -> OverTime:
    """The sum of two values."""
    mean = a.mean + b.mean
    if a.each is None and b.each is None:
        return OverTime(mean, None)
    with torch.no_grad():
        again = [timesteps, *[1] * (mean.ndim - 1)]  # (B, *) at each timestep: (T * B, *)
        one, other = (x.mean.repeat(again) if x.each is None else x.each for x in (a, b))
        return OverTime(mean, one + other)


def through(layer: nn.Module, x: OverTime) -> OverTime:
    """Apply a stateless layer to the mean, and, without gradient, to each timestep."""
    if isinstance(layer, ConvPoolNorm):
        return through_norm(cast(nn.BatchNorm2d, layer[2]), through_plain(layer.pooled, x))
    if type(layer) is nn.Sequential:
        for part in layer:
            x = through(part, x)
        return x
    if type(layer) in NORMS and layer.training and layer.running_mean is not None:
        return through_norm(layer, x)
    return through_plain(layer, x)


def through_plain(layer: Any, x: OverTime) -> OverTime:
    """Apply a layer other than batch norm; if it is not affine, correct the mean of its output."""
    mean = layer(x.mean)
    if x.each is None:
        return OverTime(mean, None)
    with torch.no_grad():
        each = layer(x.each)
        kind = type(getattr(layer, "__self__", layer))  # for a method, the class of its object
        if kind in (*AFFINE, ConvPoolNorm, LearnedThreshold):
            return OverTime(mean, each)
        # The mean of the outputs is not the output of the mean.
        correction = each.view(-1, *mean.shape).mean(0) - mean
    return OverTime(mean + correction, each)


def through_norm(norm: Any, x: OverTime) -> OverTime:
    """Batch renormalization of the mean and of each timestep.

    The result is (x - running mean) / running deviation, the same for every T and in evaluation.
    The gradient takes into account that the statistics of the batch depend on x.
    """
    shape = [1, -1] + [1] * (x.mean.ndim - 2)
    if x.mean.numel() == x.mean.shape[1]:
        raise ValueError(SINGLE_IMAGE)
    normal, centre, rate = torch.native_batch_norm(
        x.mean, None, None, None, None, training=True, momentum=0.0, eps=norm.eps
    )  # centre and rate, which is 1 / spread: (C,)
    with torch.no_grad():
        centre, spread = widened(centre.detach()), 1 / widened(rate.detach())
        remember(norm, centre, spread**2 - norm.eps, x.mean.numel() // len(centre))
        running = (norm.running_var + norm.eps).sqrt()  # deviation
        r = (spread / running).clamp(1 / MOST_RATIO, MOST_RATIO)
        d = ((centre - norm.running_mean) / running).clamp(-MOST_SHIFT, MOST_SHIFT)
    scale, shift = r, d
    if norm.affine:
        scale, shift = r * norm.weight, torch.addcmul(norm.bias, d, norm.weight)
    mean = torch.addcmul(shift.view(shape), normal, scale.view(shape))
    if x.each is None:
        return OverTime(mean, None)
    with torch.no_grad():
        slope = scale / spread
        offset = shift - centre * slope
        return OverTime(mean, torch.addcmul(offset.view(shape), x.each, slope.view(shape)))


def remember(norm: Any, centre: Tensor, variance: Tensor, count: int) -> None:
    """Update the running statistics (C,) of a batch norm with those of a batch."""
    norm.num_batches_tracked += 1
    usual = 1 / int(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
    share = min(MEMORY, usual)
    norm.running_mean.lerp_(centre, share)
    norm.running_var.lerp_(variance * count / max(1, count - 1), share)


def own_rates(stage: Stage, current: OverTime, timesteps: int) -> OverTime:
    """Spikes of a stage (T * B, *), and their mean rates (B, *) with the slope of the response."""
    with torch.no_grad():
        if current.each is None:
            currents = current.mean.expand(timesteps, *current.mean.shape)
        else:
            currents = current.each.view(timesteps, *current.mean.shape)
        spikes = cast(SpikingLayer, stage.neuron).advance(currents)[0]  # (T, B, *)
        rates = spikes[0] if timesteps == 1 else sum_over_time(spikes) / timesteps
    mean = with_gradient_of(mean_response(current.mean, neuron_of(stage)), rates)
    return OverTime(mean, None if timesteps == 1 else spikes.flatten(0, 1))


def neuron_of(stage: Stage) -> Neuron:
    """The constants of a stage's neurons."""
    return cast(NeuronLayer, stage.neuron).neuron
