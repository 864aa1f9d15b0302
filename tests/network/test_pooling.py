"""Convolution and pooling as one convolution: the same numbers and gradients as one by one."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from snnlab.network import Architecture, build
from snnlab.network.layers import CHANNELS, ConvPoolNorm, averages_fast


def layers(
    k: int, size: int, padding: int, groups: int, *, bias: bool, channels: int = 4
) -> ConvPoolNorm:
    torch.manual_seed(0)
    conv = nn.Conv2d(channels, 6, size, padding=padding, groups=groups, bias=bias)
    return ConvPoolNorm(conv, nn.AvgPool2d(k), nn.BatchNorm2d(6)).double()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("channels", "memory_format"),
    [(4, torch.contiguous_format), (2 * CHANNELS, torch.channels_last)],
    ids=["kernel averaged", "images averaged"],
)
@pytest.mark.parametrize(
    ("k", "size", "padding", "groups", "bias"),
    [(2, 3, 1, 1, False), (3, 5, 2, 1, True), (2, 1, 0, 2, True), (4, 3, 0, 1, False)],
)
def test_outputs_gradients_and_statistics_equal_those_of_the_plain_row(
    k, size, padding, groups, bias, training, channels, memory_format
):
    merged = layers(k, size, padding, groups, bias=bias, channels=channels).train(training)
    plain = nn.Sequential(*copy.deepcopy(merged)).train(training)
    images = torch.randn(3, channels, 13, 14, dtype=torch.float64).to(memory_format=memory_format)
    assert averages_fast(images) == (channels >= CHANNELS)
    results = []
    for net in (merged, plain):
        leaf = images.clone().requires_grad_()
        out = net(leaf)
        out.square().sum().backward()
        results.append([out, leaf.grad, *(p.grad for p in net.parameters()), *net.buffers()])
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-10)


def test_a_hook_gets_to_see_the_convolution_and_the_pooling():
    net, shapes = layers(2, 3, 1, 1, bias=False), []
    for layer in (net[0], net[1]):
        layer.register_forward_hook(lambda _, __, out: shapes.append(tuple(out.shape[2:])))
    net(torch.randn(1, 4, 8, 8, dtype=torch.float64))
    assert shapes == [(8, 8), (4, 4)]


def test_the_weights_keep_their_names():
    net = build(Architecture("convnet", width=2), image_shape=(1, 8, 8), classes=2, seed=0)
    assert isinstance(net.stages[0].layers, ConvPoolNorm)
    assert {"stages.0.layers.0.weight", "stages.0.layers.2.weight"} <= set(net.state_dict())
