"""Synaptic operations against a brute-force count: one spike at a time through the real layers.

A spike takes every path: through a convolution and the pooling behind it as many as there are
outputs of the convolution that the pooling takes in.
"""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from snnlab.measure import accuracy_against_timesteps
from snnlab.measure.operations import fan_outs, image_operations, stage_shapes, synapses
from snnlab.network import SpikingNet, Stage, record
from snnlab.neuron import NeuronLayer

MODELS = ["mlp", "convnet", "resnet18"]


@torch.no_grad()
def connections(layer: nn.Module, shape: torch.Size) -> tuple[torch.Tensor, torch.Size]:
    """Which outputs change when a single input does, (inputs, outputs), and the outputs' shape.

    All weights are made positive, so that no two connections cancel.
    """
    layer = copy.deepcopy(layer).double().eval()
    if isinstance(layer, nn.Conv2d | nn.Linear):
        layer.weight.uniform_(0.5, 1.0)
    single = torch.eye(shape.numel(), dtype=torch.float64).view(-1, *shape)
    change = layer(single) - layer(torch.zeros(1, *shape, dtype=torch.float64))
    return (change.abs() > 1e-9).flatten(1).float(), change.shape[1:]


def paths(layers: nn.Module, shape: tuple[int, ...]) -> torch.Tensor:
    """How many ways lead from each input element to the outputs of some layers."""
    links, size = [], torch.Size(shape)
    for layer in layers if isinstance(layers, nn.Sequential) else [layers]:
        link, size = connections(layer, size)
        links.append(link)
    ways = torch.ones(size.numel())
    for link in reversed(links):
        ways = link @ ways
    return ways.view(shape)


def brute_force(net: SpikingNet, stage: int) -> torch.Tensor:
    """Paths of each neuron of a stage: into the next stage or the readout, and any shortcut."""
    shape = stage_shapes(net)[stage]
    later = [*(s.layers for s in net.stages[stage + 1 :]), net.readout]
    total = paths(later[0], shape)
    for j, other in enumerate(net.stages):
        source = j - 1 - other.back  # the stage whose spikes the shortcut of stage j takes
        if other.shortcut is not None and source == stage:
            total += paths(other.shortcut, shape)
    return total


@pytest.mark.parametrize("name", MODELS)
def test_fan_outs_equal_a_brute_force_count(name, busy_net):
    net = busy_net(name)
    found = fan_outs(net)
    assert len(found) == len(net.stages)
    for stage, ways in enumerate(found):
        assert torch.equal(ways, brute_force(net, stage))


def test_fan_outs_worked_out_by_hand():
    """A 3 x 3 kernel on 4 x 4 neurons: 4 outputs from a corner, 6 from an edge, 9 from inside."""
    layers = nn.Sequential(nn.Conv2d(1, 5, 3, padding=1, bias=False), nn.BatchNorm2d(5))
    stages = [Stage(nn.Identity(), NeuronLayer()), Stage(layers, NeuronLayer())]
    readout = nn.Sequential(nn.Flatten(), nn.Linear(80, 7))
    first, last = fan_outs(SpikingNet(stages, readout, (1, 4, 4)))
    side = torch.tensor([2.0, 3.0, 3.0, 2.0])
    assert torch.equal(first, 5 * torch.outer(side, side)[None])
    assert torch.equal(last, torch.full((5, 4, 4), 7.0))


@pytest.mark.parametrize(
    "layers",
    [
        nn.Conv2d(2, 3, 3, stride=2, padding=1),
        nn.Conv2d(2, 3, 3, stride=3),
        nn.Conv2d(2, 4, 3, padding=2, dilation=2),
        nn.Conv2d(2, 4, (1, 3), groups=2, padding=(0, 1)),
        nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(2, 3, 3, padding=1)),
        nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3), nn.AvgPool2d((2, 3))),
        nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.AvgPool2d(2), nn.BatchNorm2d(3)),
        nn.AvgPool2d(3),
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 6)),
        nn.Identity(),
    ],
    ids=str,
)
def test_strides_poolings_groups_and_edges_are_counted(layers):
    assert torch.equal(synapses(layers, (2, 7, 6)), paths(layers, (2, 7, 6)))


def test_counting_leaves_the_network_as_it_was(busy_net):
    net = busy_net("resnet18")
    before = {key: value.clone() for key, value in net.state_dict().items()}
    fan_outs(net)
    assert net.training
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize("name", MODELS)
def test_image_operations_equal_a_brute_force_count(name, busy_net):
    net = busy_net(name)
    assert image_operations(net) == paths(net.stages[0].layers, net.image_shape).sum()


@pytest.mark.parametrize("name", MODELS)
def test_operations_and_rates_of_a_run_equal_its_recorded_spikes(name, busy_net, random_images):
    net, images, T = busy_net(name), random_images(30), 11
    curve = accuracy_against_timesteps(net, images, T, batch_size=8)
    recordings = record(net, images.normalised(), T)
    for stage, recording in enumerate(recordings):
        spikes = recording.spikes.double()  # (T, B, *)
        assert 0 < spikes.mean() < 1
        operations = (spikes * brute_force(net, stage)).flatten(1).sum(1).cumsum(0) / 30
        torch.testing.assert_close(torch.tensor(curve.operations[stage]), operations.float())
        rates = spikes.flatten(1).mean(1).cumsum(0) / torch.arange(1, T + 1)
        torch.testing.assert_close(torch.tensor(curve.rates[stage]), rates.float())


def test_a_layer_that_cannot_be_counted_is_named():
    with pytest.raises(ValueError, match=r"MaxPool2d.*countable: .*AvgPool2d"):
        synapses(nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2)), (1, 8, 8))
