"""What `convert_ann` refuses, by name and with what to use instead."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from snnlab.conversion.ann import convert_ann
from snnlab.data.images import Images
from snnlab.network.models import build
from snnlab.network.net import ANN, Stage
from snnlab.network.spec import Architecture

IMAGES = Images(
    torch.arange(48, dtype=torch.uint8).view(3, 1, 4, 4),
    torch.zeros(3, dtype=torch.int64),
    torch.zeros(1),
    torch.ones(1),
)


def net_with(
    layers: nn.Module | None = None,
    neuron: nn.Module | None = None,
    shortcut: nn.Module | None = None,
    readout: nn.Module | None = None,
) -> ANN:
    """Two stages; the second is made of what is given."""
    stages = [
        Stage(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU()),
        Stage(layers or nn.Conv2d(2, 2, 1), neuron or nn.ReLU(), shortcut, back=0),
    ]
    return ANN(stages, readout or nn.Sequential(nn.Flatten(), nn.Linear(32, 2)), (1, 4, 4))


@pytest.mark.parametrize(
    ("net", "named", "instead"),
    [
        (
            net_with(nn.Sequential(nn.Conv2d(2, 2, 1), nn.Sequential(nn.MaxPool2d(2)))),
            r"'stages.1.layers.1.0' \(MaxPool2d\)",
            "use AvgPool2d",
        ),
        (net_with(readout=nn.AdaptiveMaxPool2d(1)), r"'readout' \(Ada", "use AdaptiveAvgPool2d"),
        (net_with(neuron=nn.Tanh()), r"'stages.1.neuron' \(Tanh\)", "use ReLU or QCFS"),
        (net_with(neuron=nn.Hardtanh()), r"'stages.1.neuron' \(Hardtanh\)", r"Hardtanh\(0, 1\)"),
        (
            net_with(nn.Sequential(nn.Conv2d(2, 2, 1), nn.ReLU(), nn.Conv2d(2, 2, 1))),
            r"'stages.1.layers.1' \(ReLU\)",
            "end a stage with it",
        ),
        (net_with(nn.Sequential(nn.Dropout())), r"'stages.1.layers.0' \(Dropout\)", "remove it"),
        (
            net_with(shortcut=nn.GroupNorm(1, 2)),
            r"'stages.1.shortcut' \(GroupNorm\)",
            "BatchNorm2d",
        ),
        (net_with(readout=nn.Sequential(nn.Softmax(1))), r"'readout.0' \(Softmax\)", "remove it"),
        (
            net_with(readout=nn.Sequential(nn.Upsample(2))),
            r"'readout.0' \(Upsample\)",
            "Conv2d, Linear",
        ),
        (net_with(nn.Flatten(2)), r"'stages.1.layers' \(Flatten\(start_dim=2", r"use Flatten\(\)"),
    ],
)
def test_what_cannot_be_converted_is_named_with_what_to_use(
    net: ANN, named: str, instead: str
) -> None:
    with pytest.raises(ValueError, match=f"(?s){named}.*{instead}"):
        convert_ann(net, 4, IMAGES)


def test_a_layer_of_another_class_is_not_taken_for_its_parent() -> None:
    class Standardised(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) - super().forward(x).mean()

    with pytest.raises(ValueError, match=r"'stages.1.layers' \(Standardised\)"):
        convert_ann(net_with(Standardised(2, 2, 1)), 4, IMAGES)


def test_a_spiking_network_is_refused() -> None:
    net = build(Architecture(), image_shape=(1, 8, 8), classes=10, seed=0)
    with pytest.raises(ValueError, match=r"takes an ANN .* got a SpikingNet"):
        convert_ann(net, 4, IMAGES)


@pytest.mark.parametrize("timesteps", [0, -2])
def test_timesteps_below_1_are_refused(timesteps: int) -> None:
    with pytest.raises(ValueError, match=f"at least 1, got {timesteps}"):
        convert_ann(net_with(), timesteps, IMAGES)


@pytest.mark.parametrize("options", [{"threshold": "mean"}, {"percentile": -1.0}])
def test_an_impossible_rule_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"mean|-1"):
        convert_ann(net_with(), 4, IMAGES, **options)
