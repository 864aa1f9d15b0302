"""Biases corrected after a conversion: by hand, channel by channel, and what it is good for."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from snnlab.conversion import correction
from snnlab.conversion.ann import convert_ann
from snnlab.data.images import Data, Images
from snnlab.data.sources import load_data
from snnlab.learning.fit import fit
from snnlab.learning.objectives import PlainANN
from snnlab.learning.spec import Training
from snnlab.measure.accuracy import accuracy, accuracy_against_timesteps
from snnlab.network.activations import QCFS
from snnlab.network.models import build
from snnlab.network.net import ANN, Stage
from snnlab.network.probes import record
from snnlab.network.spec import Architecture


def as_they_are(pixels: list[list[int]]) -> Images:
    """Images (N, 1, 1, 2) whose normalised values are the pixels."""
    values = torch.tensor(pixels, dtype=torch.uint8).view(-1, 1, 1, 2)
    return Images(
        values, torch.zeros(len(pixels)).long(), torch.zeros(1), torch.full((1,), 1 / 255)
    )


def one_neuron(*, bias: bool) -> ANN:
    """ReLU(x0 - x1 / 2), with a bias of 0 or without any."""
    linear, readout = nn.Linear(2, 1, bias=bias), nn.Linear(1, 2)
    linear.weight.data = torch.tensor([[1.0, -0.5]])
    if bias:
        linear.bias.data.zero_()
    return ANN([Stage(nn.Sequential(nn.Flatten(), linear), nn.ReLU())], readout, (1, 1, 2))


@pytest.fixture(scope="module")
def digits() -> Data:
    return load_data("digits")


@pytest.fixture(scope="module")
def quantised(digits: Data) -> ANN:
    """A trained QCFS network with L = 4; do not change it."""
    options = {"image_shape": digits.image_shape, "classes": 10, "seed": 0, "activation": "qcfs"}
    net = build(Architecture("convnet", width=8), **options)
    fit(net, digits, PlainANN(), Training(epochs=8), seed=0)
    assert isinstance(net, ANN)
    return net


@pytest.mark.parametrize("bias", [True, False])
def test_the_mean_error_goes_into_the_bias(bias: bool) -> None:
    """Threshold 4, T = 2, half start: activations 4 and 1.5 become rates 1 and 0.5 (not 0.375).

    The logits are then the rates' weights times 0.0625 too high, and the readout makes up for it.
    """
    images = as_they_are([[4, 0], [2, 1]])
    net = one_neuron(bias=bias)
    plain = convert_ann(net, 2, images, correct_bias_at=0)
    corrected = convert_ann(net, 2, images, correct_bias_at=2)
    rates = record(plain, images.normalised(), timesteps=2)[0].spikes.mean(0)
    assert rates.flatten().tolist() == [1, 0.5]
    linear = corrected.stages[0].layers[1]
    assert linear.weight.tolist() == plain.stages[0].layers[1].weight.tolist()
    assert linear.bias.tolist() == pytest.approx([-0.125 / 2])  # mean of 0 and 0.375 - 0.5
    before, after = plain.readout[0], corrected.readout[0]
    wanted = before.bias - before.weight[:, 0] * 0.125 / 2
    torch.testing.assert_close(after.bias, wanted)


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", ["mlp", "convnet", "resnet18"])
def test_mean_rates_come_closer_to_the_activations_in_every_architecture(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (32, 1, 8, 8), generator=generator, dtype=torch.uint8)
    images = Images(pixels, torch.zeros(32).long(), torch.full((1,), 0.5), torch.full((1,), 0.3))
    options = {"image_shape": (1, 8, 8), "classes": 5, "seed": 1, "activation": "qcfs"}
    net = build(Architecture(name, width=4), **options)
    assert isinstance(net, ANN)
    for _ in range(20):  # so that batch norm knows the images
        net.train()(images.normalised())
    net.eval()
    plain = convert_ann(net, 4, images, correct_bias_at=0)
    corrected = convert_ann(net, 4, images)
    errors = []
    for spiking in (plain, corrected):
        spikes = [traces.spikes for traces in record(spiking, images.normalised(), timesteps=4)]
        wanted = [
            y / stage.neuron.threshold
            for y, stage in zip(net.activations(images.normalised()), net.stages, strict=True)
        ]
        means = [(y - s.mean(0)).mean(0) for y, s in zip(wanted, spikes, strict=True)]
        errors.append([m.reshape(len(m), -1).mean(1).abs().mean().item() for m in means])
    assert sum(errors[1]) < 0.7 * sum(errors[0])


def test_the_first_stage_of_a_qcfs_network_is_exact_already(quantised: ANN, digits: Data) -> None:
    """Its current is constant, so at T = L nothing is left to correct there."""
    plain = convert_ann(quantised, 4, digits.train, correct_bias_at=0)
    corrected = convert_ann(quantised, 4, digits.train)
    before, after = (net.stages[0].layers[0].bias for net in (plain, corrected))
    torch.testing.assert_close(before, after, atol=2e-3, rtol=0)
    assert not torch.equal(plain.stages[1].layers[0].bias, corrected.stages[1].layers[0].bias)


def test_a_qcfs_network_is_corrected_at_its_levels_unless_told_otherwise(
    quantised: ANN, digits: Data
) -> None:
    state = copy.deepcopy(quantised.state_dict())
    by_itself = convert_ann(quantised, 8, digits.train)
    told = convert_ann(quantised, 8, digits.train, correct_bias_at=4)
    without_images = convert_ann(quantised, 8)
    switched_off = convert_ann(quantised, 8, digits.train, correct_bias_at=0)
    same = [equal(by_itself, told), equal(without_images, switched_off), equal(told, switched_off)]
    assert same == [True, True, False]
    assert all(torch.equal(state[key], value) for key, value in quantised.state_dict().items())


def equal(one: nn.Module, other: nn.Module) -> bool:
    """Whether all parameters agree, bit for bit."""
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_mixed_levels_are_left_alone(quantised: ANN, digits: Data) -> None:
    mixed = copy.deepcopy(quantised)
    mixed.stages[1].neuron = QCFS(8)
    assert equal(
        convert_ann(mixed, 8, digits.train), convert_ann(mixed, 8, digits.train, correct_bias_at=0)
    )


@pytest.mark.slow
def test_it_pays_for_a_relu_network_at_few_timesteps(digits: Data) -> None:
    options = {"image_shape": digits.image_shape, "classes": 10, "seed": 0, "activation": "relu"}
    net = build(Architecture("convnet", width=8), **options)
    fit(net, digits, PlainANN(), Training(epochs=8), seed=0)
    curves = [
        accuracy_against_timesteps(
            convert_ann(net, 64, digits.train, per_channel=True, correct_bias_at=at),
            digits.test,
            64,
        ).accuracy
        for at in (0, 4)
    ]
    assert curves[1][0] > curves[0][0] + 2  # T = 1
    assert abs(curves[1][63] - accuracy(net, digits.test)) < 2


def test_many_timesteps_are_corrected_with_fewer_images(
    monkeypatch: pytest.MonkeyPatch, quantised: ANN, digits: Data
) -> None:
    assert correction.images_at_once(quantised, digits.train, 4) == correction.MOST_IMAGES
    largest = max(y.numel() for y in quantised.activations(digits.train.normalised(slice(1))))
    monkeypatch.setattr(correction, "MOST_SPIKES", 3 * 4 * largest)
    assert correction.images_at_once(quantised, digits.train, 4) == 3
    assert correction.images_at_once(quantised, digits.train, 400) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"correct_bias_at": -1}, "correct_bias_at must be at least 1, got -1"),
        ({"correct_bias_at": 4, "calibration": None}, "pass calibration="),
    ],
)
def test_impossible_corrections_are_refused(
    options: dict[str, object], message: str, quantised: ANN, digits: Data
) -> None:
    with pytest.raises(ValueError, match=message):
        convert_ann(quantised, 4, **{"calibration": digits.train} | options)


def test_without_images_nothing_can_be_corrected(quantised: ANN, digits: Data) -> None:
    none = replace(digits.train, pixels=digits.train.pixels[:0], labels=digits.train.labels[:0])
    with pytest.raises(ValueError, match="needs images, and this split has none"):
        convert_ann(quantised, 4, none)
