"""Synaptic operations against a brute-force count: one spike at a time through the real layers.

A synapse is a pair of an input and an output of the last layer with weights that are connected.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from snnlab.data.images import Images
from snnlab.measure import accuracy_against_timesteps
from snnlab.measure.energy import cost_report
from snnlab.measure.operations import (
    ann_operations,
    fan_outs,
    image_operations,
    stage_shapes,
    synapses,
)
from snnlab.network import Architecture, SpikingNet, Stage, build, record
from snnlab.network.net import ANN
from snnlab.neuron import Neuron, NeuronLayer

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


def pairs(layers: nn.Sequential, shape: tuple[int, ...]) -> torch.Tensor:
    """Connected pairs of each input and the outputs of the last layer with weights that are read.

    One input at a time through the real layers.
    """
    row = list(layers)
    last = max(i for i, layer in enumerate(row) if isinstance(layer, nn.Conv2d | nn.Linear))
    links, size, read = torch.eye(torch.Size(shape).numel()), torch.Size(shape), None
    for i, layer in enumerate(row):
        link, size = connections(layer, size)
        if i <= last:
            links = (links @ link > 0).float()
        else:
            read = link if read is None else read @ link
    seen = torch.ones(links.shape[1]) if read is None else (read.sum(1) > 0).float()
    return (links @ seen).view(shape)


SEVERAL = [
    nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.AvgPool2d(3, 2)),
    nn.Sequential(nn.AvgPool2d(3, 2), nn.Flatten(), nn.Linear(9, 3)),
    nn.Sequential(nn.AvgPool2d(3, 2, 1, ceil_mode=True), nn.Conv2d(1, 3, 3, padding=1)),
    nn.Sequential(nn.AdaptiveAvgPool2d((5, 3)), nn.Conv2d(1, 2, 2)),
    nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(32, 5)),
    nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 4, 3, groups=2, dilation=2)),
    nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.BatchNorm2d(2), nn.AvgPool2d(2)),
    nn.Sequential(nn.Conv2d(1, 2, (2, 4), padding="same"), nn.AdaptiveAvgPool2d(1)),
    *(
        nn.Sequential(nn.Conv2d(1, 2, 3, padding=2, padding_mode=mode), nn.AvgPool2d(4))
        for mode in ("circular", "reflect", "replicate")
    ),
    nn.Sequential(nn.Flatten(), nn.Linear(56, 8), nn.Unflatten(1, (2, 2, 2)), nn.Conv2d(2, 3, 2)),
]


@pytest.mark.parametrize("layers", SEVERAL, ids=str)
def test_a_pair_that_several_ways_connect_is_one_synapse(layers):
    size = (1, 8, 7) if not isinstance(layers[0], nn.AvgPool2d) else (1, 8, 8)
    assert torch.equal(synapses(layers, size), pairs(layers, size))


@pytest.mark.parametrize(
    ("layers", "size", "count"),
    [
        (nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.AvgPool2d(3, 2)), (1, 8, 8), 800),
        (nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), (1, 5, 5), 450),
        (nn.Linear(7, 4), (2, 3, 7), 2 * 3 * 7 * 4),  # without a Flatten: along columns alone
        (nn.Sequential(nn.Linear(6, 8), nn.Unflatten(1, (2, 2, 2))), (6,), 48),
        (nn.Sequential(nn.Unflatten(1, (2, 3, 1)), nn.Flatten(), nn.Linear(6, 4)), (6,), 24),
    ],
    ids=str,
)
def test_synapses_worked_out_by_hand(layers, size, count):
    assert synapses(layers, size).sum() == count


def test_a_residual_connection_from_the_image_is_counted():
    """3 x 3 taps on 6 x 6 pixels: (6 * 3 - 2)^2; 5 x 5 taps: (6 * 5 - 6)^2; three channels."""
    first = Stage(
        nn.Conv2d(1, 3, 3, padding=1), NeuronLayer(), nn.Conv2d(1, 3, 5, padding=2), back=0
    )
    net = SpikingNet([first], nn.Sequential(nn.Flatten(), nn.Linear(108, 2)), (1, 6, 6))
    assert image_operations(net) == 3 * (16**2 + 24**2) == 2496
    assert ann_operations(net) == 2496 + 108 * 2


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


def taps_along(size: int, kernel: int, stride: int, padding: int, pool: int) -> int:
    """Products along one axis, one by one: with a pixel, for an output that a pooling reads."""
    products = 0
    outputs = (size + 2 * padding - kernel) // stride + 1
    for output in range(outputs):
        if output // pool >= outputs // pool:  # falls off the edge of the poolings
            continue
        for tap in range(kernel):
            if 0 <= output * stride - padding + tap < size:
                products += 1
    return products


def layers_in(part: nn.Module) -> list[nn.Module]:
    return list(part) if isinstance(part, nn.Sequential) else [part]


def plain_count(part: nn.Module, shape: tuple[int, ...]) -> int:
    """Multiply-accumulates of some layers on an input of this shape, counted by loops."""
    layers, size = layers_in(part), shape
    pool = next((int(one.kernel_size) for one in layers if isinstance(one, nn.AvgPool2d)), 1)
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            (kernel, _), (stride, _), (padding, _) = layer.kernel_size, layer.stride, layer.padding
            rows, columns = (taps_along(n, kernel, stride, padding, pool) for n in size[1:])
            return layer.in_channels * layer.out_channels * rows * columns
        if isinstance(layer, nn.Linear):  # an average before it is part of its weights
            return torch.Size(size).numel() * layer.out_features
    return torch.Size(size).numel()  # a residual connection without layers


def parts_of(net: SpikingNet | ANN) -> Iterator[tuple[nn.Module, tuple[int, ...]]]:
    """All layers with the shape of their input: of stages, residual connections, the readout."""
    shapes = [tuple(net.image_shape), *stage_shapes(net)]
    for i, stage in enumerate(net.stages):
        yield stage.layers, shapes[i]
        if stage.shortcut is not None:
            yield stage.shortcut, shapes[i - stage.back]
    yield net.readout, shapes[-1]


SIZES = [(17, 19), (28, 28), (29, 18), (32, 32), (35, 21)]


@pytest.mark.sample(6)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", ["convnet", "convnet6", "vgg11", "vgg16", "resnet18", "mlp"])
def test_both_sides_count_the_same_synapses(name, size):
    """Where all neurons fire, at T = 1, and as many as a count by loops finds."""
    shape = (2, *size)
    always = Neuron(v_init=1e6)
    net = build(Architecture(name, width=2), image_shape=shape, classes=3, seed=0, neuron=always)
    relu = build(
        Architecture(name, width=2), image_shape=shape, classes=3, seed=0, activation="relu"
    )
    counted = [plain_count(part, shape) for part, shape in parts_of(net)]
    assert ann_operations(net) == ann_operations(relu) == sum(counted)
    pixels, labels = torch.zeros(1, *shape, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64)
    images = Images(pixels, labels, mean=torch.zeros(2), std=torch.ones(2))
    report = cost_report(net, accuracy_against_timesteps(net, images, 1))
    assert report.rate == [1.0]
    assert report.image_operations == counted[0]
    assert report.image_operations + report.synaptic_operations[0] == report.ann_operations


def test_the_figures_of_a_network_with_dropped_rows():
    """vgg11 at 28 x 28: the fourth pooling leaves out a row and a column of 7 x 7."""
    net = build(Architecture("vgg11", width=8), image_shape=(1, 28, 28), classes=10, seed=0)
    assert ann_operations(net) == 950_944
    assert not any(layer._forward_hooks for layer in net.modules())


def test_counting_draws_nothing_at_random() -> None:
    net = build(Architecture("convnet", width=2), image_shape=(1, 8, 8), classes=3, seed=0)
    before = torch.get_rng_state()
    ann_operations(net)
    assert torch.equal(torch.get_rng_state(), before)
