"""The parts of the conversion error: they add up, and each is what its name says."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from snnlab.conversion.error_parts import PARTS, decompose_error, error_parts
from snnlab.data import Images
from snnlab.network import Architecture, SpikingNet, Stage, build
from snnlab.neuron import Neuron, NeuronLayer

SHAPE = (2, 8, 8)


def busy(name: str = "convnet", neuron: Neuron | None = None, seed: int = 0) -> SpikingNet:
    """An untrained network whose neurons fire."""
    arch = Architecture(name, width=4)
    net = build(arch, image_shape=SHAPE, classes=3, seed=seed, neuron=neuron)
    generator = torch.Generator().manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.bias.data.uniform_(-0.2, 0.8, generator=generator)
            module.running_var.uniform_(0.05, 0.5, generator=generator)
    return net.eval()


def batch(count: int = 6, seed: int = 1) -> torch.Tensor:
    return torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(seed))


def images(count: int) -> Images:
    """Labelled noise."""
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (count, *SHAPE), generator=generator, dtype=torch.uint8)
    labels = torch.zeros(count, dtype=torch.int64)
    return Images(pixels, labels, mean=torch.full((2,), 0.5), std=torch.full((2,), 0.29))


@settings(max_examples=25)
@given(
    T=st.integers(1, 20),
    seed=st.integers(0, 99),
    v_th=st.floats(0.2, 3),
    v_init=st.floats(-1, 1),
    beta=st.sampled_from([1.0, 0.9, 0.5]),
    reset=st.sampled_from(["subtract", "zero"]),
)
def test_the_parts_add_up_to_the_total_in_every_neuron(T, seed, v_th, v_init, beta, reset):
    net = busy(neuron=Neuron(v_th, v_init * v_th, beta, reset), seed=seed)
    for parts in error_parts(net, batch(3, seed), T):
        whole = parts.clipping + parts.rounding + parts.unevenness
        torch.testing.assert_close(whole, parts.total, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["convnet", "mlp", "resnet18"])
def test_the_total_is_the_rate_of_the_running_network_against_a_relu(name):
    net, T, x = busy(name), 7, batch()
    rates, currents = [], []

    def run(stage, layer, current, v, generator):
        spikes, after = layer.advance(current, v)
        rates.append(spikes.double().mean(0))
        currents.append(current.double().mean(0))
        return spikes, after

    for _ in net.unroll(x, T, chunk=T, run=run):
        pass
    for parts, rate, current in zip(error_parts(net, x, T), rates, currents, strict=True):
        torch.testing.assert_close(parts.total, rate - current.clamp(min=0), rtol=0, atol=1e-5)


def test_each_part_is_what_its_name_says():
    T = 8
    first, *others = error_parts(busy(), batch(), T)
    assert first.unevenness.abs().max() == 0  # its current is the same at each timestep
    assert any(parts.unevenness.abs().max() > 0 for parts in others)
    for parts in [first, *others]:
        assert parts.clipping.max() <= 0
        assert parts.rounding.abs().max() <= 1 / (2 * T) + 1e-6


def test_clipping_is_what_exceeds_the_threshold():
    stage = Stage(nn.Identity(), NeuronLayer(Neuron(v_th=2.0)))
    readout = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    net = SpikingNet([stage], readout, (1, 2, 2))
    x = torch.tensor([-3.0, 1.0, 2.0, 5.0]).view(1, 1, 2, 2)
    (parts,) = error_parts(net, x, 4)
    assert parts.clipping.flatten().tolist() == [0, 0, 0, -1.5]
    assert parts.total.flatten().tolist() == [0, 0, 0, -1.5]


def test_maxima_of_spikes_are_unevenness():
    layers = nn.Sequential(nn.MaxPool2d(2))
    stages = [Stage(nn.Identity(), NeuronLayer()), Stage(layers, NeuronLayer())]
    net = SpikingNet(stages, nn.Sequential(nn.Flatten(), nn.Linear(1, 2)), (1, 2, 2))
    x = torch.tensor([0.5, 0.49, 0.25, 0.2]).view(1, 1, 2, 2)
    _, second = error_parts(net, x, 64)
    assert second.unevenness.item() > 0.1  # some neuron fires more often than the busiest one


def test_the_summary_adds_up_over_batches():
    net, whole = busy(), images(10)
    one, other = (decompose_error(net, whole, 8, batch_size=size) for size in (10, 3))
    for a, b in zip(one, other, strict=True):
        assert a.mean["total"] == pytest.approx(sum(a.mean[part] for part in PARTS), abs=1e-12)
        assert sum(a.share.values()) == pytest.approx(1)
        assert a.root_mean_square == pytest.approx(b.root_mean_square, rel=1e-6)
        assert a.root_mean_square["total"] > 0


def test_bad_input_is_refused():
    net = busy()
    with pytest.raises(ValueError, match="at least 1, got 0"):
        list(error_parts(net, batch(), 0))
    with pytest.raises(ValueError, match="images of shape"):
        list(error_parts(net, torch.zeros(1, 1, 8, 8), 2))
