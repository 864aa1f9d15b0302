"""The switches of the noise laboratory: each changes one thing and leaves its network alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from snnlab.data import Images
from snnlab.network import Architecture, SpikingNet, build
from snnlab.neuron import Noise
from snnlab.runs.config import RunConfig
from snnlab.studies.switches import (
    SWITCHES,
    pools,
    renormalised,
    with_constants,
    with_max_pooling,
    with_threshold,
    zero_mean,
)


def net_of(name: str = "convnet") -> SpikingNet:
    arch = Architecture(name, width=4)
    return build(arch, image_shape=(1, 8, 8), classes=3, seed=0, noise=Noise())


def images(count: int = 64) -> Images:
    pixels = torch.randint(0, 256, (count, 1, 8, 8), dtype=torch.uint8)
    labels = torch.zeros(count, dtype=torch.int64)
    return Images(pixels, labels, mean=torch.full((1,), 0.5), std=torch.full((1,), 0.3))


def test_names_are_different_and_explained() -> None:
    names = [switch.name for switch in SWITCHES]
    assert len(set(names)) == len(names) == 12
    assert all(switch.says.endswith(".") for switch in SWITCHES)


def test_neurons_are_changed_in_a_copy() -> None:
    net = net_of()
    before = [layer.neuron for layer in net.neuron_layers()]
    reset = with_constants(reset="zero")(net, None, 8)
    assert {layer.neuron.reset for layer in reset.neuron_layers()} == {"zero"}
    double = with_threshold(2.0)(net, None, 8)
    assert {(n.neuron.v_th, n.neuron.v_start) for n in double.neuron_layers()} == {(2.0, 1.0)}
    assert [layer.neuron for layer in net.neuron_layers()] == before


def test_zero_mean_noise_starts_at_rest() -> None:
    config = zero_mean(RunConfig())
    assert config.noise.mu == 0
    assert config.acting_neuron.v_start == 0


def test_new_statistics_are_those_of_the_network_without_noise() -> None:
    net, data = net_of(), images()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    fresh = renormalised(net, data, 4)
    first = fresh.stages[0].layers
    with torch.no_grad():
        raw = first[1](first[0](data.normalised()))  # convolution, pooling
    torch.testing.assert_close(first[2].running_mean, raw.mean((0, 2, 3)), rtol=0, atol=1e-5)
    assert first[2].momentum == net.stages[0].layers[2].momentum
    assert not fresh.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(layer.noise == Noise() for layer in net.neuron_layers())


def test_statistics_depend_on_the_timesteps_from_the_second_stage_on() -> None:
    net, data = net_of(), images()
    norms = [
        [m for m in renormalised(net, data, T).modules() if isinstance(m, nn.BatchNorm2d)]
        for T in (1, 8)
    ]
    one, many = norms
    torch.testing.assert_close(one[0].running_var, many[0].running_var)
    assert not torch.allclose(one[1].running_var, many[1].running_var)


@pytest.mark.parametrize("name", ["convnet", "vgg11"])
def test_maxima_take_the_place_of_means(name: str) -> None:
    arch = Architecture(name, width=4)
    net = build(arch, image_shape=(1, 16, 16), classes=3, seed=0)
    changed = with_max_pooling(net)
    counts = [
        sum(isinstance(m, kind) for m in changed.modules()) for kind in (nn.MaxPool2d, nn.AvgPool2d)
    ]
    assert counts[0] > 0 == counts[1]
    assert pools(net)
    assert not pools(changed)
    images = torch.randn(2, 1, 16, 16)
    first, second = (n.eval().stages[0].layers(images) for n in (net, changed))
    assert (second >= first - 1e-6).all()
    assert (second > first + 1e-3).any()  # batch norm is the identity here, up to a scale


def test_a_network_of_linear_layers_has_nothing_to_pool() -> None:
    assert not pools(net_of("mlp"))
