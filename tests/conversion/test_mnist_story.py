"""The claim of the kit on MNIST: 20,000 images, four epochs, two minutes on one core."""

from __future__ import annotations

import pytest

from snnlab.conversion import convert
from snnlab.data import load_data
from snnlab.experiment.presets import PRESETS
from snnlab.learning import SingleStep, fit
from snnlab.network import build
from snnlab.neuron import Noise


@pytest.mark.slow
def test_a_network_trained_with_noise_gains_from_more_timesteps_on_mnist(shared_data):
    if not (shared_data / "MNIST" / "raw").is_dir():
        pytest.skip(f"no MNIST in {shared_data}")
    mnist = load_data("mnist", root=shared_data, train_size=20_000, download=False)
    preset = PRESETS["mnist"]
    assert preset.training.epochs == 4
    options = {"image_shape": mnist.image_shape, "classes": 10, "seed": 0, "noise": Noise()}
    net = build(preset.model, **options)
    fit(net, mnist, SingleStep(), preset.training, seed=0)
    _, certificate = convert(net, 8, mnist.test)
    assert certificate.lossless
    assert certificate.accuracy[4] >= 98.4
    assert certificate.accuracy[8] >= 98.5
