"""The claim of the kit on digits: noise in training makes more timesteps cost no accuracy."""

from __future__ import annotations

import pytest
import torch

from snnlab.data import load_data
from snnlab.learning import SingleStep, Training, fit
from snnlab.measure import accuracy_against_timesteps
from snnlab.network import build
from snnlab.neuron import Neuron, Noise
from snnlab.runs.presets import PRESETS

EXPECTED = {  # mean test accuracy of 5 seeds in percent, with matched noise, by timesteps
    "digits-mlp": {1: 98.09, 2: 98.13, 4: 98.27, 8: 98.27, 16: 98.27},
    "digits": {1: 97.56, 2: 97.96, 4: 98.04, 8: 98.13, 16: 98.18},
}
TOLERANCE = 0.4
"""Percent: twice the standard error of the difference between two means of 5 seeds.

Machines round differently, and from the first different spike on, a seed is another seed.
"""


def accuracies(preset: str, training: Training, seed: int, *, noise: bool) -> torch.Tensor:
    """Test accuracy in percent at T = 1 to 16, float64 (16,), after single-step training."""
    digits = load_data("digits")
    options = {"noise": Noise()} if noise else {"neuron": Neuron(v_init=0.0)}
    model = PRESETS[preset].model
    net = build(model, image_shape=(1, 8, 8), classes=10, seed=seed, **options)
    fit(net, digits, SingleStep(), training, seed=seed)
    return torch.tensor(accuracy_against_timesteps(net, digits.test, 16).accuracy).double()


@pytest.mark.parametrize("preset", ["digits-mlp", pytest.param("digits", marks=pytest.mark.slow)])
def test_one_seed_with_noise_keeps_its_accuracy_and_without_loses_some(preset):
    short = Training(epochs=8, batch_size=32)
    with_noise, without = (accuracies(preset, short, 0, noise=noise) for noise in (True, False))
    assert with_noise[0] > 94
    assert with_noise[7] >= with_noise[0] - 0.5
    assert with_noise[15] >= with_noise[0] - 0.5
    assert without[15] < without[0] - 0.5
    assert with_noise[15] > without[15] + 1


@pytest.mark.slow
@pytest.mark.parametrize("preset", EXPECTED)
def test_five_seeds_with_noise_gain_from_more_timesteps_and_without_fall(preset):
    training = PRESETS[preset].training
    with_noise, without = (
        torch.stack([accuracies(preset, training, seed, noise=noise) for seed in range(5)]).mean(0)
        for noise in (True, False)
    )
    assert with_noise[7] >= with_noise[0]
    assert with_noise[15] >= with_noise[0]
    assert without[15] < without[7] < without[0]
    for T, expected in EXPECTED[preset].items():
        assert with_noise[T - 1] >= expected - TOLERANCE
