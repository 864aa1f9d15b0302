"""Time folded into the batch, time cut into chunks: the same as a plain loop over t."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from snnlab.network import SpikingNet, Stage
from snnlab.network.net import CHUNK_ELEMENTS
from snnlab.neuron import Neuron, NeuronLayer, Noise

CHUNK = 8
"""Timesteps at once, in the tests that ask for `small_chunks`."""


@pytest.fixture
def small_chunks(monkeypatch):
    """Make evaluations of these images hold CHUNK timesteps at once."""

    def limit(net, images):
        currents = net.stages[0].current([images]).numel()
        monkeypatch.setitem(CHUNK_ELEMENTS, "cpu", CHUNK * currents)

    return limit


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    "neuron",
    [Neuron(), Neuron(v_th=0.7, v_init=0.2, beta=0.9), Neuron(v_th=0.7, reset="zero")],
    ids=repr,
)
def test_folded_time_equals_a_plain_loop_over_t(model, neuron, small_net, images_for, slow_readout):
    net, images = small_net(model, neuron=neuron), images_for(model)
    expected = slow_readout(net, images, 6)
    assert expected.std(0).max() > 0, "the readout must change over time to test anything"
    folded = torch.cat(list(net.unroll(images, 6, chunk=6)))
    torch.testing.assert_close(folded, expected, rtol=0, atol=1e-10)
    for T in (1, 2, 6):
        torch.testing.assert_close(net(images, T), expected[:T].mean(0), rtol=0, atol=1e-10)


@pytest.mark.sample(10)
@pytest.mark.parametrize("chunk", [1, 2, 5, 8, 20, 64])
def test_chunked_equals_unchunked(model, chunk, small_net, images_for):
    net, images, T = small_net(model), images_for(model), 20
    with torch.no_grad():
        parts = list(net.unroll(images, T, chunk=chunk))
        whole = torch.cat(list(net.unroll(images, T, chunk=T)))
    assert [len(part) for part in parts] == [min(chunk, T - t) for t in range(0, T, chunk)]
    torch.testing.assert_close(torch.cat(parts), whole, rtol=0, atol=1e-10)


def test_the_mean_over_time_is_the_same_in_chunks_and_with_gradients(
    model, small_net, images_for, small_chunks
):
    net, images, T = small_net(model), images_for(model), 2 * CHUNK + 3
    small_chunks(net, images)
    whole = net(images, T)
    assert whole.requires_grad
    with torch.no_grad():
        torch.testing.assert_close(net(images, T), whole.detach(), rtol=0, atol=1e-10)


def test_potentials_are_passed_on_explicitly(model, small_net, images_for):
    net, images = small_net(model), images_for(model)
    first = net.stages[0].current([images])
    start = [None] * len(net.stages)
    whole, end = net.advance(images, first, 7, start)
    early, v = net.advance(images, first, 3, start)
    late, last = net.advance(images, first, 4, v)
    assert start == [None] * len(net.stages)
    torch.testing.assert_close(torch.cat([early, late]), whole, rtol=0, atol=1e-10)
    for found, expected in zip(last, end, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


def test_a_call_leaves_no_potential_behind(model, small_net, images_for):
    net, images = small_net(model), images_for(model)
    before = net(images, 5)
    net(images[:2], 9)
    assert torch.equal(net(images, 5), before)


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_chunks_under_noise_keep_their_potentials(chunk, small_net, images_for):
    """With hardly any noise, T noisy steps equal T steps that start from the noise's mean."""
    net = small_net("convnet", neuron=Neuron(), noise=Noise(sigma=1e-12))
    images, generator = images_for("convnet"), torch.Generator().manual_seed(0)
    quiet = torch.cat(list(net.unroll(images, 7)))
    noisy = torch.cat(list(net.unroll(images, 7, generator=generator, chunk=chunk)))
    assert quiet.std(0).max() > 0
    torch.testing.assert_close(noisy, quiet, rtol=0, atol=1e-9)


class Calls:
    """Counts what a layer is given: the first dimension of its input in each call."""

    def __init__(self, layer: nn.Module) -> None:
        self.sizes: list[int] = []
        layer.register_forward_pre_hook(lambda _, inputs: self.sizes.append(len(inputs[0])))


def test_the_layers_before_the_first_neurons_run_once_per_image(
    model, small_net, images_for, small_chunks
):
    net, images = small_net(model), images_for(model, count=4)
    small_chunks(net, images)
    calls = Calls(net.stages[0].layers)
    with torch.no_grad():
        net(images, 5 * CHUNK)
    net(images, 5)
    assert calls.sizes == [4, 4]


def test_stateless_layers_see_all_timesteps_at_once(model, small_net, images_for):
    net, images = small_net(model), images_for(model, count=4)
    calls = [Calls(stage.layers) for stage in net.stages[1:]]
    calls += [Calls(stage.shortcut) for stage in net.stages if stage.shortcut is not None]
    readout = Calls(net.readout)
    net(images, 5)
    assert [call.sizes for call in calls] == [[20]] * len(calls)
    assert readout.sizes == [4], "an affine readout sees the mean over time"


def test_a_readout_that_is_not_affine_sees_each_timestep(small_net, images_for):
    net, images = small_net("mlp"), images_for("mlp", count=4)
    net.readout = nn.Sequential(net.readout, nn.ReLU())
    readout = Calls(net.readout)
    expected = torch.cat(list(net.unroll(images, 5))).mean(0)
    readout.sizes.clear()
    torch.testing.assert_close(net(images, 5), expected, rtol=0, atol=1e-12)
    assert readout.sizes == [20]


def test_one_look_at_the_mean_gives_the_gradients_of_a_look_at_each_timestep(
    model, small_net, images_for
):
    net, images = small_net(model).train(), images_for(model)
    gradients = []
    for logits in (net(images, 6), torch.cat(list(net.unroll(images, 6, chunk=6))).mean(0)):
        net.zero_grad()
        (logits * torch.arange(logits.numel()).view_as(logits)).sum().backward()
        gradients.append([p.grad.clone() for p in net.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-8)


def test_memory_does_not_grow_with_the_timesteps(model, small_net, images_for, small_chunks):
    net, images = small_net(model), images_for(model, count=2)
    small_chunks(net, images)
    calls = [Calls(stage.layers) for stage in net.stages[1:]]
    with torch.no_grad():
        net(images, 50)
    for call in calls:
        assert sum(call.sizes) == 50 * 2
        assert max(call.sizes) <= CHUNK * 2


def test_gradients_flow_through_time(model, small_net, images_for):
    """Chunks handed on through potentials carry the gradient as one long unroll does."""
    net, images = small_net(model), images_for(model)
    weights = torch.randn(6, len(images), 3, dtype=torch.float64)
    gradients = []
    for chunk in (6, 2):
        net.zero_grad()
        readout = torch.cat(list(net.unroll(images, 6, chunk=chunk)))
        (readout * weights).sum().backward()
        gradients.append([p.grad.clone() for p in net.parameters()])
    assert all(g.abs().max() > 0 for g in gradients[0])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-9)


def test_the_network_runs_its_own_timesteps_unless_told_otherwise(small_net, images_for):
    net, images = small_net("convnet"), images_for("convnet")
    assert torch.equal(net(images), net(images, 1))
    net.timesteps = 5
    assert torch.equal(net(images), net(images, 5))
    assert not torch.equal(net(images), net(images, 1))


def test_noise_needs_a_generator_in_training_only(small_net, images_for):
    net, images = small_net("convnet", noise=Noise()), images_for("convnet")
    quiet = net(images)
    assert torch.equal(net(images), quiet)
    one, again, other = (
        net(images, generator=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    with pytest.raises(ValueError, match="generator="):
        net.train()(images)


@pytest.mark.parametrize("timesteps", [0, -3])
def test_timesteps_below_1_are_an_error(timesteps, small_net, images_for):
    with pytest.raises(ValueError, match=f"at least 1, got {timesteps}"):
        small_net("mlp")(images_for("mlp"), timesteps)


@pytest.mark.parametrize("shape", [(3, 9, 8), (2, 1, 9, 8), (2, 3, 8, 9), (2, 216)])
@pytest.mark.parametrize("activation", ["spiking", "relu"])
def test_images_of_another_shape_are_an_error_that_quotes_it(activation, shape, small_net):
    with pytest.raises(ValueError, match=r"\(B, 3, 9, 8\)") as caught:
        small_net("convnet", activation=activation)(torch.zeros(shape))
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize(("position", "back"), [(0, 1), (1, 1), (2, 2), (2, -1)])
def test_a_shortcut_that_starts_before_the_first_neurons_is_refused(position, back):
    stages = [Stage(nn.Flatten(), NeuronLayer())]
    stages += [Stage(nn.Linear(64, 64), NeuronLayer()) for _ in range(2)]
    stages[position].shortcut, stages[position].back = nn.Identity(), back
    with pytest.raises(ValueError, match=f"stage {position} reaches back {back}"):
        SpikingNet(stages, nn.Linear(64, 2), (1, 8, 8))
