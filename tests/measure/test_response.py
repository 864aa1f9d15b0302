"""The noise that makes a single step fire as often as a neuron does over T timesteps."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from snnlab.data import Images
from snnlab.measure.response import responses
from snnlab.network import SpikingNet, Stage
from snnlab.neuron import Neuron, NeuronLayer


def one_stage(neuron: Neuron) -> SpikingNet:
    """Every pixel drives a neuron of its own with a constant current."""
    return SpikingNet([Stage(nn.Flatten(), NeuronLayer(neuron))], nn.Linear(1024, 2), (1, 32, 32))


def currents(low: float, high: float) -> Images:
    """Two images of all grey values, which become currents between low and high."""
    pixels = torch.arange(2048).mul(255).div(2047).to(torch.uint8).view(2, 1, 32, 32)
    std = 1 / (high - low)
    labels = torch.zeros(2, dtype=torch.int64)
    return Images(pixels, labels, mean=torch.tensor([-low * std]), std=torch.tensor([std]))


@pytest.mark.parametrize("neuron", [Neuron(), Neuron(v_th=2.0), Neuron(beta=0.95)])
def test_the_equivalent_noise_is_even_below_the_threshold(neuron):
    (found,) = responses(one_stage(neuron), currents(-0.5 * neuron.v_th, 1.5 * neuron.v_th), 256)
    assert found.mean == pytest.approx(0.5, abs=0.01)
    assert found.std == pytest.approx(1 / math.sqrt(12), rel=0.05)
    assert found.quantiles(3) == pytest.approx((0, 0.5, 1), abs=0.07)


def test_rates_fall_with_the_distance_to_the_threshold(busy_net, random_images):
    images = random_images(20)
    for found in responses(busy_net("convnet"), images, 8):
        assert all(a >= b for a, b in zip(found.rate, found.rate[1:], strict=False))
        assert 0 <= min(found.rate) <= max(found.rate) <= 1
    neurons = [sum(found.neurons) for found in responses(busy_net("mlp"), images, 8)]
    assert neurons == [20 * 3, 20 * 3]


def test_without_a_timestep_there_are_no_rates(busy_net, random_images):
    with pytest.raises(ValueError, match="at least 1, got 0"):
        responses(busy_net("mlp"), random_images(2), 0)
    (first, _) = responses(busy_net("mlp"), random_images(2), 1)
    with pytest.raises(ValueError, match="at least 2, got 1"):
        first.quantiles(1)
