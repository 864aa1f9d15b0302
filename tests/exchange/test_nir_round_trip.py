"""A network that is written to a NIR file and read again fires as before, spike by spike."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from snnlab.conversion import streamline
from snnlab.conversion.folding import fold_batchnorm
from snnlab.exchange import from_nir, read_nir, to_nir, write_nir
from snnlab.exchange.nir_neurons import just_below, next_above
from snnlab.network import SpikingNet
from snnlab.network.layers import Readout
from snnlab.network.net import Stage
from snnlab.neuron import Neuron, NeuronLayer
from snnlab.neuron.learned import LearnedThreshold

from .networks import lived_in, network, spikes

nir = pytest.importorskip("nir", reason="the extra exchange is not installed")

NEURONS = {
    "IF": Neuron(),
    "IF to zero": Neuron(v_th=0.3, v_init=0.0, reset="zero"),
    "LIF": Neuron(beta=0.9, v_th=0.7, v_init=0.1),
    "LIF to zero": Neuron(beta=0.37, reset="zero"),
}
IMAGES = torch.rand(3, 1, 16, 16, generator=torch.Generator().manual_seed(0))


def same(found: SpikingNet, expected: SpikingNet, images: torch.Tensor) -> None:
    """Equal spikes at each timestep, some of them; logits equal but for rounding."""
    pairs = list(zip(spikes(found, images), spikes(expected, images), strict=True))
    assert all(torch.equal(one, other) for one, other in pairs)
    with torch.no_grad():
        torch.testing.assert_close(found(images, 8), expected(images, 8), rtol=1e-5, atol=1e-6)


@pytest.mark.sample(8)
@pytest.mark.parametrize("learned", ["no", "layer", "channel"])
@pytest.mark.parametrize("kind", NEURONS)
@pytest.mark.parametrize("name", ["mlp", "convnet", "convnet6", "vgg11", "vgg16", "resnet18"])
def test_every_model_and_neuron(tmp_path, name, kind, learned):
    neuron = NEURONS[kind]
    if learned != "no":
        neuron = Neuron(beta=neuron.beta, reset=neuron.reset)
    net = network(name, neuron, learned_threshold=learned, readout_gain=10)
    write_nir(net, tmp_path / "net.nir")
    found = read_nir(tmp_path / "net.nir")
    assert any(0 < fired.mean() < 1 for fired in spikes(found, IMAGES))
    same(found, fold_batchnorm(net), IMAGES)
    same(found, net, IMAGES)


def test_the_constants_come_back_as_they_were_written():
    for neuron in NEURONS.values():
        found = from_nir(to_nir(network("mlp", neuron)))
        for layer in found.neuron_layers():
            assert layer.neuron == Neuron(
                neuron.v_th, neuron.v_start, beta=neuron.beta, reset=neuron.reset
            )


def test_a_streamlined_network_too():
    net = streamline(network("convnet", shape=(3, 9, 11)))
    same(from_nir(to_nir(net)), net, torch.rand(3, 3, 9, 11))


def test_the_network_stays_as_it_is_and_needs_no_noise(tmp_path):
    net = network("mlp").double().train()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    write_nir(net, tmp_path / "net.nir")
    assert net.training
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


@given(st.floats(2**-20, 2**20, width=32), st.integers(-3, 3), st.sampled_from([1, 0.1, 0.63]))
def test_strict_and_loose_thresholds_fire_at_the_same_potentials(v_th, steps, gain):
    """NIR fires above its threshold, we fire at ours: also at ties, and one number beside them."""
    written = gain * just_below(np.array(v_th))
    assert next_above(written / gain) == np.float32(v_th)
    h = np.float32(v_th)
    for _ in range(abs(steps)):
        h = np.nextafter(h, np.float32(np.inf if steps > 0 else -np.inf))
    assert (h > just_below(np.array(v_th))) == (h >= np.float32(v_th))
    # A tool that holds its thresholds in single precision does as well.
    assert (h > np.float32(just_below(np.array(v_th)))) == (h >= np.float32(v_th))


def test_ties_fire_as_before():
    """Weights of 1/4 and thresholds of 1, which sums reach exactly."""
    first = nn.Linear(4, 6, bias=False)
    first.weight.data = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0, 1.25]).repeat(4, 1).T / 4
    layers = NeuronLayer(Neuron(v_init=0)), NeuronLayer(Neuron(v_init=0, reset="zero"))
    for neurons in layers:
        net = SpikingNet(
            [Stage(nn.Sequential(nn.Flatten(), first), neurons)], nn.Identity(), (1, 2, 2)
        )
        found = from_nir(to_nir(net))
        same(found, net, torch.ones(1, 1, 2, 2))
        assert found(torch.ones(1, 1, 2, 2), 4)[0].tolist()[:3] == [0, 0.25, 0.5]


@st.composite
def rows_of_stages(draw: st.DrawFn) -> SpikingNet:
    """Convolutions with all they can be told, poolings, shortcuts, linear layers, and neurons."""
    generator_seed = draw(st.integers(0, 2**16))
    with torch.random.fork_rng():
        torch.manual_seed(generator_seed)
        channels, size = draw(st.sampled_from([1, 2, 4])), draw(st.integers(6, 9))
        image_shape = (channels, size, size)
        x = torch.zeros(1, *image_shape)
        stages: list[Stage] = []
        shapes = [x.shape]
        for i in range(draw(st.integers(1, 3))):
            layers = [convolution(draw, x)]
            if draw(st.booleans()):
                layers.append(nn.BatchNorm2d(layers[0].out_channels))
            if min(nn.Sequential(*layers).eval()(x).shape[2:]) > 1 and draw(st.booleans()):
                layers.append(pooling(draw))
            row = nn.Sequential(*layers).eval()
            x = row(x)
            shortcut, back = None, 1
            if draw(st.booleans()):
                reached = [back for back in range(i) if shapes[-1 - back] == x.shape]
                if reached:
                    shortcut, back = nn.Identity(), draw(st.sampled_from(reached))
            stages.append(stage(draw, row, x.shape[1], shortcut, back))
            shapes.append(x.shape)
        if draw(st.booleans()):
            row = nn.Sequential(nn.Flatten(), nn.Linear(x[0].numel(), 7))
            x = row(x)
            stages.append(stage(draw, row, 7))
        net = SpikingNet(stages, readout(draw, x), image_shape)
        return lived_in(net, generator_seed)


def convolution(draw: st.DrawFn, x: torch.Tensor) -> nn.Conv2d:
    """A convolution that fits x (1, C, H, W)."""
    channels = x.shape[1]
    groups = draw(st.sampled_from([1, channels]))
    kernel = draw(st.sampled_from([1, 2, 3, (1, 3)]))
    return nn.Conv2d(
        channels,
        channels * draw(st.sampled_from([1, 2])),
        kernel,
        stride := draw(st.sampled_from([1, 2, (2, 1)])),
        padding=draw(st.sampled_from([1, (1, 2), "same" if stride == 1 and kernel != 2 else 1])),
        groups=groups,
        bias=draw(st.booleans()),
    )


def pooling(draw: st.DrawFn) -> nn.Module:
    """Average pooling, or sums."""
    return draw(
        st.sampled_from(
            [
                nn.AvgPool2d(2),
                nn.AvgPool2d(2, stride=1),
                nn.AvgPool2d((2, 1), padding=(1, 0)),
                nn.AvgPool2d(2, divisor_override=1),
            ]
        )
    )


def stage(draw: st.DrawFn, row: nn.Module, channels: int, *shortcut: object) -> Stage:
    """A stage with neurons of any kind."""
    learned = draw(st.sampled_from([None, "layer", "channel"]))
    neuron = Neuron(
        v_th=draw(st.floats(0.1, 2)) if learned is None else 1.0,
        v_init=draw(st.none() | st.floats(-1, 1)),
        beta=draw(st.just(1.0) | st.floats(0.01, 1)),
        reset=draw(st.sampled_from(["subtract", "zero"])),
    )
    threshold = learned and LearnedThreshold(0.5, learned, channels)
    return Stage(row, NeuronLayer(neuron), *shortcut or (None, 1), threshold or None)


def readout(draw: st.DrawFn, x: torch.Tensor) -> nn.Module:
    """A readout of features or maps, with a gain, or rates."""
    linear = Readout(x.shape[1], 3, gain=draw(st.sampled_from([1, 7.5])))
    if x.ndim == 2:
        return draw(st.sampled_from([linear, nn.Identity()]))
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)


@settings(max_examples=15)
@given(rows_of_stages())
def test_any_row_of_stages(net):
    comes_back(net)


@pytest.mark.slow
@settings(max_examples=200)
@given(rows_of_stages())
def test_many_rows_of_stages(net):
    comes_back(net)


def comes_back(net: SpikingNet) -> None:
    """A row of stages is read as it was written."""
    images = torch.rand(2, *net.image_shape, generator=torch.Generator().manual_seed(1))
    same(from_nir(to_nir(net)), net, images)


@pytest.mark.parametrize("beta", [0.05, 0.3, 0.5, 0.9, 0.95, 0.99])
def test_a_potential_on_the_threshold_does_not_fire_though_constants_are_rounded(beta):
    """NIR fires above it. snnTorch writes tau = dt / (1 - beta) and r = tau / dt rounded."""
    tau = np.float32(1e-4) / (np.float32(1) - np.full(4, beta, np.float32))
    ones = np.ones(4, np.float32)
    neurons = nir.LIF(tau, tau / np.float32(1e-4), 0 * ones, ones)
    identity = nir.Affine(np.eye(4, dtype=np.float32), 0 * ones)
    net = from_nir(nir.NIRGraph.from_list(identity, neurons), dt=1e-4, reset="zero")
    fired = net(torch.tensor([1.0, 0.999, 1.001, 2.0]).view(1, 1, 1, 4), 1)
    assert fired.flatten().tolist() == [0, 0, 1, 1]
