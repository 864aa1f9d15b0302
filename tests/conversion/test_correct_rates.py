"""Biases of a noise-trained network corrected, so that its rates follow what it learned."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from snnlab.conversion.ann import convert_ann
from snnlab.conversion.correction import (
    MeanResponse,
    bias_of,
    correct_biases,
    correct_rates,
    mean_network,
)
from snnlab.conversion.timesteps import convert
from snnlab.data.images import Data
from snnlab.data.sources import load_data
from snnlab.learning.fit import fit
from snnlab.learning.objectives import SingleStep
from snnlab.learning.spec import Training
from snnlab.network.models import build
from snnlab.network.net import ANN, SpikingNet
from snnlab.network.probes import record
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Neuron, Noise


@pytest.fixture(scope="module")
def digits() -> Data:
    return load_data("digits")


def network(data: Data, name: Any = "convnet", **changes: Any) -> SpikingNet:
    """An untrained network of 8 channels."""
    settings: dict[str, Any] = {"noise": Noise("uniform", timesteps=4), "neuron": Neuron()}
    settings |= changes
    learned = settings.pop("learned", "layer")
    shape = Architecture(name, width=8, learned_threshold=learned, threshold_start=2.0)
    net = build(shape, image_shape=data.image_shape, classes=10, seed=0, **settings)
    assert isinstance(net, SpikingNet)
    return net


@pytest.fixture(scope="module")
def trained(digits: Data) -> SpikingNet:
    """A trained network; do not change it."""
    net = network(digits)
    fit(net, digits, SingleStep(), Training(epochs=6), seed=0)
    return net.eval()


def mean_rates(net: SpikingNet, images: torch.Tensor, timesteps: int) -> list[torch.Tensor]:
    """Mean rate of each channel, stage by stage, each (C,)."""
    stages = record(net, images, timesteps=timesteps)
    return [stage.spikes.mean((0, 1, 3, 4)) for stage in stages]


def wanted_rates(net: SpikingNet, images: torch.Tensor) -> list[torch.Tensor]:
    """The same of the mean responses."""
    x, found = images, []
    twin = mean_network(net)
    for stage in twin.stages:
        x = stage.neuron(stage.current([x]))
        found.append(x.mean((0, 2, 3)))
    return found


@pytest.mark.parametrize("learned", ["no", "layer", "channel"])
def test_mean_rates_come_closer_in_every_stage(digits: Data, learned: str) -> None:
    net = network(digits, learned=learned, neuron=Neuron(v_th=1.5))
    images = digits.train.normalised(slice(256))
    wanted = wanted_rates(net, images)
    with torch.no_grad():  # as if its spikes were uneven: all rates too high
        for stage in net.stages:
            bias_of(stage.layers).add_(0.3)
    biased = copy.deepcopy(net)
    target = mean_network(network(digits, learned=learned, neuron=Neuron(v_th=1.5)))
    corrected = correct_biases(biased.eval(), target, digits.train, 8)
    before, after = mean_rates(net, images, 8), mean_rates(corrected, images, 8)
    for stage in range(len(wanted)):
        miss = (before[stage] - wanted[stage]).abs().mean()
        left = (after[stage] - wanted[stage]).abs().mean()
        assert left < 0.3 * miss, (stage, left, miss)


def test_a_trained_network_loses_nothing_and_converts_bit_for_bit(
    digits: Data, trained: SpikingNet
) -> None:
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    corrected = correct_rates(trained, digits.train, 4)
    for name, value in trained.state_dict().items():
        assert torch.equal(value, before[name]), name
    changed = [n for n, v in corrected.state_dict().items() if not torch.equal(v, before[n])]
    assert changed
    assert all(name.endswith("bias") for name in changed)
    assert [layer.noise for layer in corrected.neuron_layers()] == [
        layer.noise for layer in trained.neuron_layers()
    ]
    converted, certificate = convert(corrected, 8, digits.test)
    assert certificate.weights_equal
    assert certificate.logits_equal_at_1
    plain = convert(trained, 8, digits.test)[1].accuracy
    assert certificate.accuracy[4] >= plain[4] - 1.5
    assert converted.timesteps == 8


@pytest.mark.parametrize("name", ["mlp", "resnet18"])
def test_every_architecture_can_be_corrected(digits: Data, name: str) -> None:
    net = network(digits, name)
    corrected = correct_rates(net, digits.train.first(64), 2)
    logits = corrected(digits.test.normalised(slice(8)), 4)
    assert torch.isfinite(logits).all()
    assert logits.shape == (8, 10)


def test_the_mean_network_is_what_endless_timesteps_tend_to(
    digits: Data, trained: SpikingNet
) -> None:
    """With constant currents, so in the first stage."""
    images = digits.test.normalised(slice(16))
    rates = record(trained, images, timesteps=256)[0].spikes.mean(0)
    twin = mean_network(trained)
    with torch.no_grad():
        wanted = twin.stages[0].neuron(twin.stages[0].current([images]))
    assert (rates - wanted).abs().max() <= 1 / 256


def test_what_cannot_be_corrected_is_said(digits: Data) -> None:
    leaky = network(digits, neuron=Neuron(beta=0.9), noise=Noise(), learned="no")
    with pytest.raises(ValueError, match=r"beta = 0\.9"):
        correct_rates(leaky, digits.train, 4)
    with pytest.raises(ValueError, match="reset = 'zero'"):
        MeanResponse(Neuron(reset="zero"))
    with pytest.raises(ValueError, match="at least 1, got 0"):
        correct_rates(network(digits), digits.train, 0)


@pytest.mark.parametrize("of_net", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("of_images", [torch.float32, torch.float64, torch.bfloat16])
def test_weights_and_images_of_any_type(of_net: torch.dtype, of_images: torch.dtype) -> None:
    pixels = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    given = pixels.to(of_images), torch.arange(20) % 10
    made: dict[str, Any] = {"image_shape": (1, 8, 8), "classes": 10, "seed": 0}
    net = build(Architecture("mlp", width=6), **made).to(of_net)
    assert isinstance(net, SpikingNet)
    ann = build(Architecture("mlp", width=6), **made, activation="relu").to(of_net)
    expected = correct_rates(copy.deepcopy(net).float(), (pixels, given[1]), 3)
    found = correct_rates(net, given, 3)
    for one, other in zip(found.parameters(), expected.parameters(), strict=True):
        assert one.dtype == of_net
        torch.testing.assert_close(one.float(), other, atol=0.1, rtol=0.1)
    assert isinstance(ann, ANN)
    assert convert_ann(ann, 4, given, correct_bias_at=2)(given[0]).isfinite().all()
