"""A streamlined network gives the same outputs, from fewer layers and fewer products."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from snnlab.conversion import streamline
from snnlab.conversion.folding import merge_pooling
from snnlab.network import Architecture, build
from snnlab.network.layers import CHANNELS
from snnlab.neuron import Neuron

SHAPES = {
    "mlp": (1, 8, 8),
    "convnet": (2, 9, 11),
    "vgg11": (1, 16, 19),
    "resnet18": (3, 9, 8),
}


def lived_in(name: str, activation: str) -> nn.Module:
    """A float64 network whose batch norms have seen data."""
    shape = SHAPES[name]
    net = build(
        Architecture(name, width=4),
        image_shape=shape,
        classes=5,
        seed=0,
        activation=activation,
        neuron=Neuron(v_th=0.3),
    )
    for _ in range(3):
        net.train()(1 + 2 * torch.randn(8, *shape))
    return net.double()


@pytest.mark.sample(3)
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("activation", ["relu", "spiking"])
def test_outputs_are_the_same_and_the_network_stays_as_it_is(name, activation):
    net = lived_in(name, activation)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    images = torch.randn(6, *SHAPES[name], dtype=torch.float64)
    options = {"timesteps": 5} if activation == "spiking" else {}
    fast = streamline(net)
    with torch.no_grad():
        found, expected = fast(images, **options), net.eval()(images, **options)
    assert expected.std(0).max() > 0
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_nothing_is_left_that_could_be_merged():
    fast = streamline(lived_in("convnet", "spiking"))
    left = {type(m) for stage in fast.stages for m in stage.layers}
    assert left == {nn.Conv2d}
    assert [stage.layers[0].kernel_size for stage in fast.stages] == [(4, 4), (4, 4), (3, 3)]


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Conv2d(2, 3, 3, stride=2, padding=1), nn.AvgPool2d(2)],
        [nn.Conv2d(2, 3, 3, dilation=2), nn.AvgPool2d(2)],
        [nn.Conv2d(2, 3, 3, padding="same"), nn.AvgPool2d(2)],
        [nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), nn.AvgPool2d(2)],
        [nn.Conv2d(2, 3, 3), nn.AvgPool2d(3, stride=2)],
        [nn.Conv2d(2, 3, 3), nn.AvgPool2d(2, padding=1)],
        [nn.Conv2d(2, 3, 3), nn.AvgPool2d(2, ceil_mode=True)],
        [nn.Conv2d(2, 3, 3), nn.AvgPool2d(2, divisor_override=3)],
        [nn.Conv2d(2, 3, 3), nn.MaxPool2d(2)],
        [nn.AvgPool2d(2), nn.Conv2d(2, 3, 3)],
    ],
    ids=str,
)
def test_what_cannot_be_merged_is_left_alone(layers):
    merged = merge_pooling(layers)
    assert list(merged) == layers


@pytest.mark.parametrize("k", [2, 3])
def test_groups_and_bias_are_merged_too(k):
    layers = [nn.Conv2d(4, 6, (3, 5), padding=(1, 2), groups=2), nn.AvgPool2d(k)]
    images = torch.randn(2, 4, 11, 10)
    merged = merge_pooling(layers)
    assert len(merged) == 1
    torch.testing.assert_close(merged(images), nn.Sequential(*layers)(images), rtol=0, atol=1e-6)


def test_images_are_averaged_where_there_are_channels_enough():
    layers = [nn.Conv2d(CHANNELS, 6, 3, padding=1), nn.AvgPool2d(2)]
    images = torch.randn(2, CHANNELS, 11, 10).to(memory_format=torch.channels_last)
    before = layers[0].weight.clone()
    average, conv = merge_pooling(layers)
    assert isinstance(average, nn.AvgPool2d)
    assert (conv.kernel_size, conv.stride) == ((3, 3), (2, 2))
    found = conv(average(images))
    torch.testing.assert_close(found, nn.Sequential(*layers)(images), rtol=0, atol=1e-6)
    assert layers[0].stride == (1, 1)
    assert torch.equal(layers[0].weight, before)
