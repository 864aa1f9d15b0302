"""The readout with a gain: as strong as its name says, in forward pass and in training."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from snnlab.conversion.ann import convert_ann
from snnlab.data.sources import load_data
from snnlab.network.layers import Readout, is_affine
from snnlab.network.models import build
from snnlab.network.net import SpikingNet
from snnlab.network.spec import Architecture, ModelName

SHAPE: dict[str, Any] = {"image_shape": (1, 32, 32), "classes": 10, "seed": 0}


def last_layer(net: nn.Module) -> Readout:
    (found,) = [layer for layer in net.modules() if isinstance(layer, Readout)]
    return found


@pytest.mark.parametrize("name", ["mlp", "convnet", "convnet6", "vgg11", "resnet18"])
@pytest.mark.parametrize("activation", ["spiking", "relu"])
def test_logits_without_the_bias_grow_by_the_gain(name: ModelName, activation: str) -> None:
    plain, loud = (
        build(Architecture(name, width=4, readout_gain=gain), activation=activation, **SHAPE).eval()
        for gain in (1.0, 10.0)
    )
    images = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    for net in (plain, loud):
        nn.init.zeros_(last_layer(net).bias)
    torch.testing.assert_close(loud(images), 10 * plain(images))
    assert torch.equal(last_layer(loud).weight, last_layer(plain).weight)
    assert is_affine(loud.readout)


def test_a_step_of_training_moves_the_logits_ten_times_as_far() -> None:
    x = torch.rand(8, 5, generator=torch.Generator().manual_seed(0))
    moves = []
    for gain in (1.0, 10.0):
        torch.manual_seed(0)
        layer = Readout(5, 3, gain=gain)
        optimizer = torch.optim.AdamW([layer.weight], lr=0.01, weight_decay=0.0)
        before = layer(x).detach()
        layer(x).square().sum().backward()
        optimizer.step()
        moves.append((layer(x) - before).abs().mean().item())
    assert moves[1] > 5 * moves[0]


def test_conversion_keeps_the_gain() -> None:
    data = load_data("digits", train_size=64, test_size=32)
    net = build(
        Architecture("convnet", width=4, readout_gain=3),
        image_shape=data.image_shape,
        classes=10,
        seed=0,
        activation="relu",
    )
    converted = convert_ann(net.eval(), 64, data.train, threshold="max")  # type: ignore[arg-type]
    assert isinstance(converted, SpikingNet)
    images = data.test.normalised(slice(32))
    with torch.no_grad():
        wanted, got = net(images), converted(images, 64)
    assert (wanted - got).abs().max() < 0.2 * wanted.std()
    assert last_layer(copy.deepcopy(converted)).gain == 3


@pytest.mark.parametrize("gain", [0.0, -1.0, float("nan")])
def test_a_gain_that_is_not_above_0_is_refused(gain: float) -> None:
    with pytest.raises(ValueError, match=r"^gain must be a number above 0"):
        Readout(2, 2, gain=gain)
    if gain == gain:
        with pytest.raises(ValueError, match="readout_gain must be a number above 0"):
            Architecture(readout_gain=gain)
