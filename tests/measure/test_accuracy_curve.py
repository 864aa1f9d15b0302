"""Accuracy at every T in one pass equals the accuracy measured at each T on its own."""

from __future__ import annotations

import pytest
import torch

from snnlab.measure import AccuracyCurve, accuracy, accuracy_against_timesteps
from snnlab.network import Architecture, build
from snnlab.network.net import CHUNK_ELEMENTS
from snnlab.neuron import Noise


@pytest.mark.parametrize(
    "name", ["mlp", "convnet", pytest.param("resnet18", marks=pytest.mark.slow)]
)
def test_the_curve_equals_the_accuracy_at_each_T(name, busy_net, random_images, monkeypatch):
    net, images, most = busy_net(name), random_images(203), 19
    monkeypatch.setitem(CHUNK_ELEMENTS, "cpu", 4 * 64 * 16)  # a few timesteps at once
    curve = accuracy_against_timesteps(net, images, most, batch_size=50)
    alone = [accuracy(net, images, timesteps=T, batch_size=64) for T in range(1, most + 1)]
    assert len(set(alone)) > 1, "the accuracy must change with T to test anything"
    assert curve.accuracy == pytest.approx(alone, abs=1e-9)
    assert curve.timesteps == list(range(1, most + 1))
    assert curve.images == 203


def test_accuracy_is_the_share_of_right_predictions(busy_net, random_images):
    net, images = busy_net("mlp", width=16), random_images(40)
    predicted = net.eval()(images.normalised(), 4).argmax(1)
    right = (predicted == images.labels).sum().item()
    assert 0 < right < 40
    assert accuracy(net, images, timesteps=4) == pytest.approx(100 * right / 40)
    net.timesteps = 4
    assert accuracy(net, images) == pytest.approx(100 * right / 40)


def test_accuracy_of_an_ann(random_images):
    net = build(
        Architecture("mlp"), image_shape=(2, 9, 8), classes=5, seed=0, activation="relu"
    ).eval()
    images = random_images(40)
    right = (net(images.normalised()).argmax(1) == images.labels).sum().item()
    assert accuracy(net, images, batch_size=7) == pytest.approx(100 * right / 40)


@pytest.mark.parametrize("name", ["mlp", "convnet", "resnet18"])
def test_rates_lie_between_0_and_1_and_operations_only_grow(name, busy_net, random_images):
    curve = accuracy_against_timesteps(busy_net(name), random_images(20), 12)
    rates, operations = torch.tensor(curve.rates), torch.tensor(curve.operations)
    assert rates.shape == operations.shape == (len(busy_net(name).stages), 12)
    assert (rates >= 0).all()
    assert (rates <= 1).all()
    assert (operations.diff(dim=1) >= 0).all()


def test_a_measurement_leaves_the_network_as_it_was(busy_net, random_images):
    for training in (True, False):
        net = busy_net("convnet", noise=Noise()).train(training)
        before = {key: value.clone() for key, value in net.state_dict().items()}
        accuracy(net, random_images(10))
        accuracy_against_timesteps(net, random_images(10), 3)
        assert net.training is training
        assert net.timesteps == 1
        assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())


def test_noise_acts_only_where_a_generator_is_given(busy_net, random_images):
    net, plain, images = busy_net("mlp", noise=Noise()), busy_net("mlp"), random_images(200)
    for module in (net, plain):
        module.load_state_dict(busy_net("mlp").state_dict())
    quiet = accuracy_against_timesteps(net, images, 4)
    same = accuracy_against_timesteps(plain, images, 4)
    assert (quiet, quiet.rates, quiet.operations) == (same, same.rates, same.operations)
    noisy, again, other = (
        accuracy_against_timesteps(net, images, 4, generator=torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    )
    assert (noisy, noisy.rates) == (again, again.rates)
    assert noisy.rates != quiet.rates
    assert noisy.rates != other.rates
    at_1 = accuracy(net, images, timesteps=1, generator=torch.Generator().manual_seed(0))
    assert at_1 != accuracy(net, images, timesteps=1)


def test_a_curve_answers_for_what_was_measured_only():
    curve = AccuracyCurve(accuracy=[50.0, 60.0], rates=[], operations=[], images=10)
    assert [curve.at(1), curve.at(2)] == [50, 60]
    for T in (0, 3):
        with pytest.raises(ValueError, match=f"T = 1 to 2, got T = {T}"):
            curve.at(T)


@pytest.mark.parametrize("timesteps", [0, -1])
def test_timesteps_below_1_are_an_error(timesteps, busy_net, random_images):
    with pytest.raises(ValueError, match=f"at least 1, got {timesteps}"):
        accuracy_against_timesteps(busy_net("mlp"), random_images(2), timesteps)
