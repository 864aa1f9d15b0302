"""Ways to break lossless conversion: each changes one thing, in training or after it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from snnlab.runs.config import RunConfig
from snnlab.runs.presets import without_noise

if TYPE_CHECKING:
    from torch import nn

    from snnlab.data.images import Data, Images
    from snnlab.network.net import SpikingNet

Change = Callable[["SpikingNet", "Data", int], "SpikingNet"]
LEAK = 0.9
"""Leak factor of the leaky neurons."""

BATCH = 256
"""Batch size for measuring the statistics of batch norm again."""


@dataclass(frozen=True)
class Switch:
    """One change in training or conversion."""

    name: str
    """Short, as in tables and figures."""
    says: str
    """What it does, in a sentence."""
    trained: Callable[[RunConfig], RunConfig] = lambda config: config
    """Changes the configuration of the training."""
    changed: Change = lambda net, data, timesteps: net
    """Changes the trained network, with the training images and T of the conversion."""
    max_pooling: bool = False
    """Whether the network pools maxima instead of means."""


def with_constants(**constants: float | str) -> Change:
    """A change of the neurons' constants after training."""

    def change(net: SpikingNet, data: Data, timesteps: int) -> SpikingNet:
        from snnlab.network.neurons import with_neurons

        return with_neurons(net, **constants)

    return change


def with_threshold(factor: float) -> Change:
    """Another threshold after training; v_init stays the same share of it."""

    def change(net: SpikingNet, data: Data, timesteps: int) -> SpikingNet:
        changed = copy.deepcopy(net)
        for layer in changed.neuron_layers():
            old = layer.neuron
            layer.neuron = replace(old, v_th=factor * old.v_th, v_init=factor * old.v_start)
        return changed

    return change


def renormalised(net: SpikingNet, images: Images, timesteps: int) -> SpikingNet:
    """A copy whose batch norms have the statistics of the network without noise at T."""
    from torch.optim.swa_utils import update_bn

    from snnlab.neuron.own_layer import drop_noise

    fresh = copy.deepcopy(net)
    drop_noise(fresh.neuron_layers())
    fresh.timesteps = timesteps  # with which `update_bn` runs it
    update_bn(images.batches(BATCH, drop_last=len(images) >= BATCH), fresh)
    fresh.timesteps = net.timesteps
    return fresh.eval()


def pools(net: SpikingNet) -> bool:
    """Whether a stage of the network pools means."""
    from torch import nn

    return any(isinstance(m, nn.AvgPool2d) for stage in net.stages for m in stage.modules())


def with_max_pooling(net: SpikingNet) -> SpikingNet:
    """A copy that pools maxima of the currents where the network pools their means."""
    changed = copy.deepcopy(net)
    for stage in changed.stages:
        replace_pooling(stage)
    return changed


def replace_pooling(module: nn.Module) -> None:
    """Put max pooling in place of every average pooling inside a module."""
    from torch import nn

    from snnlab.network.layers import ConvPoolNorm

    for name, child in module.named_children():
        if isinstance(child, ConvPoolNorm):  # it computes the mean without calling its pooling
            child = nn.Sequential(*child)
            setattr(module, name, child)
        if isinstance(child, nn.AvgPool2d):
            setattr(module, name, nn.MaxPool2d(child.kernel_size, child.stride, child.padding))
        else:
            replace_pooling(child)


def zero_mean(config: RunConfig) -> RunConfig:
    """Trained with noise of mean 0, and v_init = 0 with it."""
    return replace(config, noise=replace(config.noise, mu=0.0))


def leaky(config: RunConfig) -> RunConfig:
    """Trained with leaky neurons."""
    return replace(config, neuron=replace(config.neuron, beta=LEAK))


REFERENCE = Switch("as it should be", "Matched noise; converted with nothing changed.")

SWITCHES: tuple[Switch, ...] = (
    REFERENCE,
    Switch("no noise", "Trained without noise, from v_init = v_th / 2 on.", without_noise),
    Switch("zero-mean noise", "Trained with noise of mean 0; v_init = 0 with it.", zero_mean),
    Switch(
        "v_init = 0",
        "After training the neurons start at rest instead of v_th / 2.",
        changed=with_constants(v_init=0.0),
    ),
    Switch(
        "reset to zero",
        "After training a spike sets the potential to zero, so what exceeds v_th is lost.",
        changed=with_constants(reset="zero"),
    ),
    Switch(
        "leak after training",
        f"After training the neurons leak, beta = {LEAK}.",
        changed=with_constants(beta=LEAK),
    ),
    Switch("leak in training", f"Trained and converted with beta = {LEAK}.", leaky),
    Switch(
        "threshold halved",
        "After training v_th and v_init are half as high.",
        changed=with_threshold(0.5),
    ),
    Switch(
        "threshold doubled",
        "After training v_th and v_init are twice as high.",
        changed=with_threshold(2.0),
    ),
    Switch(
        "max pooling",
        "Trained with max pooling of the currents: the maximum of a mean over time is not the "
        "mean of the maxima.",
        max_pooling=True,
    ),
    Switch(
        "batch norm anew, T = 1",
        "Batch-norm statistics from the noisy phase are replaced by those without noise at T = 1.",
        changed=lambda net, data, timesteps: renormalised(net, data.train, 1),
    ),
    Switch(
        "batch norm anew, T = N",
        "Batch-norm statistics from the noisy phase are replaced by those of the converted "
        "network at the highest T.",
        changed=lambda net, data, timesteps: renormalised(net, data.train, timesteps),
    ),
)
"""All switches; the first one is the reference, with which the others are compared."""
