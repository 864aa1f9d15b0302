"""From one timestep to many: what the conversion keeps, drops and certifies."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn import functional

from snnlab.conversion import convert
from snnlab.conversion.timesteps import certify
from snnlab.data import load_data
from snnlab.learning import SingleStep, Training, fit
from snnlab.measure import accuracy, accuracy_against_timesteps
from snnlab.measure.curve import AccuracyCurve
from snnlab.network import Architecture, build
from snnlab.neuron import Neuron, Noise


@pytest.fixture(scope="module")
def digits():
    return load_data("digits", test_size=150)


@pytest.fixture(scope="module")
def trained(digits):
    """Briefly trained single-step networks by name; take a copy to change one."""
    nets = {}
    for name, width in (("mlp", 16), ("convnet", 8), ("resnet18", 2)):
        arch = Architecture(name, width=width)
        net = build(arch, image_shape=(1, 8, 8), classes=10, seed=0, noise=Noise())
        fit(net, digits, SingleStep(), Training(epochs=2), seed=0)
        nets[name] = net
    return nets


models = pytest.mark.parametrize("name", ["mlp", "convnet", "resnet18"])


@pytest.mark.sample(1)
@models
def test_at_one_timestep_the_conversion_is_bit_identical(name, trained, digits):
    net = trained[name]
    converted, certificate = convert(net, 8, digits.test)
    images = digits.test.normalised()
    alone = copy.deepcopy(net).eval()
    with torch.no_grad():
        assert torch.equal(converted(images, 1), alone(images, 1))
        assert not torch.equal(converted(images), alone(images, 1))
    assert certificate.weights_equal
    assert certificate.logits_equal_at_1


@torch.no_grad()
def slow_convnet(net, images, timesteps):
    """The convnet of the kit over T timesteps, from its named weights, one timestep at a time."""
    w = net.double().state_dict()

    def current(x, stage):
        y = functional.conv2d(x, w[f"stages.{stage}.layers.0.weight"], padding=1)
        norm = 1
        if stage < 2:  # halved by average pooling
            y = y[..., ::2, :] + y[..., 1::2, :]
            y = (y[..., ::2] + y[..., 1::2]) / 4
            norm = 2
        mean, variance, scale, shift = (
            w[f"stages.{stage}.layers.{norm}.{part}"][:, None, None]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (y - mean) / (variance + 1e-5).sqrt() * scale + shift

    v, total = [0.5, 0.5, 0.5], 0.0
    for _ in range(timesteps):
        x = images.double()
        for stage in range(3):
            h = v[stage] + current(x, stage)
            x = (h >= 1).double()
            v[stage] = h - x
        total = total + x.flatten(1) @ w["readout.1.weight"].T + w["readout.1.bias"]
    return total / timesteps


@pytest.mark.sample(2)
@pytest.mark.parametrize("timesteps", [1, 2, 7, 8, 9, 20])
def test_many_timesteps_equal_an_independent_slow_reference(timesteps, trained, digits):
    converted, _ = convert(trained["convnet"], timesteps, digits.test.first(10))
    images = digits.test.normalised(slice(40))
    expected = slow_convnet(copy.deepcopy(converted), images, timesteps)
    with torch.no_grad():
        found = converted.double()(images.double())
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


@pytest.mark.sample(1)
@models
def test_the_original_stays_as_it_was(name, trained, digits):
    net = trained[name]
    for training in (True, False):
        net.train(training)
        before = {key: value.clone() for key, value in net.state_dict().items()}
        state = torch.get_rng_state()
        converted, _ = convert(net, 4, digits.test)
        assert net.training is training
        assert net.timesteps == 1
        assert all(layer.noise == Noise() for layer in net.neuron_layers())
        assert torch.equal(torch.get_rng_state(), state)
        for parameter in converted.parameters():
            parameter.data.fill_(7)  # nothing is shared
        assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())


def test_the_converted_network_runs_its_timesteps_without_noise(trained, digits):
    converted, _ = convert(trained["mlp"], 6, digits.test)
    images = digits.test.normalised()
    assert not converted.training
    assert converted.timesteps == 6
    assert all(layer.noise is None for layer in converted.neuron_layers())
    assert torch.equal(converted(images), converted(images, 6))
    noisy = converted(images, generator=torch.Generator().manual_seed(0))
    assert torch.equal(noisy, converted(images))
    assert [n.surrogate for n in converted.neuron_layers()] == [
        n.surrogate for n in trained["mlp"].neuron_layers()
    ]


@pytest.mark.sample(1)
@models
def test_the_certificate_tells_what_is_measured_apart_from_it(name, trained, digits):
    net, images, T = trained[name], digits.test, 9
    converted, certificate = convert(net, T, images, seed=4)
    assert certificate.timesteps == T
    assert certificate.warm_up == 0
    assert certificate.images == len(images)
    assert list(certificate.accuracy) == list(range(1, T + 1))
    for steps, found in certificate.accuracy.items():
        assert found == pytest.approx(accuracy(net, images, timesteps=steps))
    generator = torch.Generator().manual_seed(4)
    with_noise = accuracy(net, images, timesteps=1, generator=generator)
    assert certificate.accuracy_with_noise_at_1 == with_noise
    curve = accuracy_against_timesteps(converted, images, T)
    assert certificate.accuracy.rates == curve.rates
    assert certificate.accuracy.operations == curve.operations
    with torch.no_grad():
        one, many = (
            converted(images.normalised(), steps).argmax(1) == images.labels for steps in (1, T)
        )
    paired = certificate.paired
    assert (paired.lost, paired.gained) == ((one & ~many).sum(), (~one & many).sum())
    assert paired.images == len(images)
    change = certificate.accuracy[T] - certificate.accuracy[1]
    assert paired.difference == pytest.approx(change)


def test_a_network_without_noise_has_no_accuracy_with_it(digits):
    net = build(Architecture(width=4), image_shape=(1, 8, 8), classes=10, seed=0)
    _, certificate = convert(net, 2, digits.test)
    assert certificate.accuracy_with_noise_at_1 is None


def test_the_certificate_shows_the_smallest_change_of_a_weight(trained, digits):
    net = trained["mlp"]
    converted, _ = convert(net, 2, digits.test)
    weight = converted.stages[0].layers[1].weight.data
    weight[0, 0] = torch.nextafter(weight[0, 0], torch.tensor(torch.inf))
    certificate = certify(net, converted, digits.test, seed=0)
    assert not certificate.weights_equal
    assert not certificate.lossless


def test_the_certificate_shows_other_neurons_behind_equal_weights(trained, digits):
    net = trained["mlp"]
    converted, _ = convert(net, 2, digits.test)
    converted.neuron_layers()[1].neuron = Neuron(v_init=0.0)
    certificate = certify(net, converted, digits.test, seed=0)
    assert certificate.weights_equal
    assert not certificate.logits_equal_at_1
    assert not certificate.lossless


def test_lossless_means_kept_bit_for_bit_and_kept_on_the_images(trained, digits):
    _, certificate = convert(trained["mlp"], 3, digits.test)
    change = {"weights_equal": True, "logits_equal_at_1": True}

    def made(lost, gained, images=449, **changes):
        right = images - 50
        percent = {1: 100 * right / images, 3: 100 * (right - lost + gained) / images}
        curve = AccuracyCurve(percent, images=images, changed={1: (0, 0), 3: (lost, gained)})
        return type(certificate)(**(vars(certificate) | change | {"accuracy": curve} | changes))

    assert made(0, 3).lossless
    assert made(1, 2).lossless
    assert (made(3, 1).verdict, made(3, 1).lossless) == ("undecided", False)
    assert (made(20, 2).verdict, made(20, 2).lossless) == ("lost", False)
    assert not made(0, 0, images=100).lossless
    assert not made(0, 3, weights_equal=False).lossless
    assert not made(0, 3, logits_equal_at_1=False).lossless
    assert made(0, 3).to_json()["verdict"] == "kept"


def test_an_ann_is_refused(digits):
    options = {"image_shape": (1, 8, 8), "classes": 10, "seed": 0, "activation": "relu"}
    with pytest.raises(ValueError, match=r"takes a SpikingNet.*got a ANN"):
        convert(build(Architecture(), **options), 4, digits.test)


@pytest.mark.parametrize("timesteps", [0, -2])
def test_timesteps_below_1_are_refused(timesteps, trained, digits):
    with pytest.raises(ValueError, match=f"at least 1, got {timesteps}"):
        convert(trained["mlp"], timesteps, digits.test)
