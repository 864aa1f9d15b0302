"""The claims of the kit on MNIST: 20,000 images, four epochs, some minutes on one core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from snnlab.conversion import certify_ann, convert, convert_ann
from snnlab.data import Data, load_data
from snnlab.learning import PlainANN, SingleStep, fit
from snnlab.network import ANN, StagedNet, build
from snnlab.neuron import Noise
from snnlab.runs.presets import PRESETS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mnist(shared_data: Path) -> Data:
    """20,000 training images and all test images."""
    if not (shared_data / "MNIST" / "raw").is_dir():
        pytest.skip(f"no MNIST in {shared_data}")
    return load_data("mnist", root=shared_data, train_size=20_000, download=False)


@pytest.fixture(scope="module")
def trained(mnist: Data) -> Callable[..., StagedNet]:
    """Makes a convnet of the preset with some options, trained with an objective."""

    def train(objective: Any, **options: Any) -> StagedNet:
        preset = PRESETS["mnist"]
        training = replace(preset.training, epochs=4, learning_rate=4e-3)
        net = build(preset.model, image_shape=mnist.image_shape, classes=10, seed=0, **options)
        fit(net, mnist, objective, training, seed=0)
        return net

    return train


def test_a_network_trained_with_noise_gains_from_more_timesteps(
    mnist: Data, trained: Callable[..., StagedNet]
) -> None:
    _, certificate = convert(trained(SingleStep(), noise=Noise()), 8, mnist.test)
    assert certificate.lossless
    assert certificate.accuracy[4] >= 98.4
    assert certificate.accuracy[8] >= 98.5


@pytest.mark.parametrize("levels", [4, 8])
def test_a_qcfs_network_keeps_its_accuracy_at_as_many_timesteps_as_levels(
    levels: int, mnist: Data, trained: Callable[..., StagedNet]
) -> None:
    net = trained(PlainANN(), activation="qcfs", levels=levels)
    assert isinstance(net, ANN)
    report = certify_ann(net, convert_ann(net, levels, mnist.train.first(1000)), mnist.test)
    assert report.ann_accuracy > 98.5
    assert abs(report.loss) <= 0.5


def test_max_norm_conversion_tends_to_the_accuracy_of_the_relu_network(
    mnist: Data, trained: Callable[..., StagedNet]
) -> None:
    net = trained(PlainANN(), activation="relu")
    assert isinstance(net, ANN)
    test = mnist.test.first(2000)
    converted = convert_ann(net, 256, mnist.train.first(1000), half_threshold_start=False)
    report = certify_ann(net, converted, test)
    assert report.accuracy[4] < report.ann_accuracy - 20
    assert abs(report.loss) <= 0.3
