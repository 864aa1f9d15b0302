"""Calibrated noise: what an IF network must give, what a leaky one does, and until it rests."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from snnlab.conversion.leak import leaky_noise
from snnlab.conversion.noise_calibration import calibrate_noise, refine_noise, with_noise
from snnlab.data import Images, load_data
from snnlab.learning import SingleStep, Training, fit
from snnlab.network import Architecture, SpikingNet, Stage, build
from snnlab.neuron import Neuron, NeuronLayer, Noise

PIXELS = 1024


class Currents(nn.Module):
    """Gives each neuron a current of its own, whatever the image."""

    def __init__(self, currents: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("currents", currents)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.currents.expand(len(images), -1)


def driven_net(currents: torch.Tensor, neuron: Neuron) -> SpikingNet:
    """One stage whose neurons have the given constant currents."""
    stage = Stage(Currents(currents), NeuronLayer(neuron, noise=Noise()))
    return SpikingNet([stage], nn.Linear(len(currents), 2), (1, 1, 1))


def one_image() -> Images:
    pixels = torch.zeros(1, 1, 1, 1, dtype=torch.uint8)
    labels = torch.zeros(1, dtype=torch.int64)
    return Images(pixels, labels, mean=torch.zeros(1), std=torch.ones(1))


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    T=st.integers(64, 256),
    v_th=st.floats(0.1, 10),
    start=st.floats(0, 0.99),
)
def test_noise_of_if_neurons_is_the_matched_one(seed, T, v_th, start):
    generator = torch.Generator().manual_seed(seed)
    currents = v_th * torch.rand(PIXELS, generator=generator)
    net = driven_net(currents, Neuron(v_th, start * v_th))
    (noise,) = calibrate_noise(net, one_image(), T)
    assert noise.family == "gaussian"
    assert noise.mu == pytest.approx(1 / 2, rel=0.05)
    assert noise.sigma == pytest.approx(1 / math.sqrt(12), rel=0.05)


@pytest.mark.parametrize("beta", [1.0, 0.9, 0.5])
def test_rates_name_the_noise_of_a_leaky_neuron(beta):
    currents = torch.linspace(-0.5, 1.5, 4 * PIXELS)
    net = driven_net(currents, Neuron(beta=beta))
    (found,) = calibrate_noise(net, one_image(), 128, source="rates")
    wanted = leaky_noise(beta)
    assert found.mu == pytest.approx(wanted.mu, rel=0.05)
    assert found.sigma == pytest.approx(wanted.sigma, rel=0.06)
    (usual,) = calibrate_noise(net, one_image(), 128)
    assert (usual == found) == (beta < 1)


@pytest.mark.slow
def test_the_measured_distribution_itself_is_noise_to_train_with(trained, digits):
    for noise in calibrate_noise(trained, digits, 16, family="empirical"):
        assert noise.family == "empirical"
        assert list(noise.quantiles) == sorted(noise.quantiles)
        assert noise.mu == pytest.approx(0.5, abs=0.15)
    noises = calibrate_noise(trained, digits, 16, family="empirical")
    gaussian = calibrate_noise(trained, digits, 16)
    for one, other in zip(noises, gaussian, strict=True):
        assert one.mu == pytest.approx(other.mu, abs=0.02)
        assert one.sigma == pytest.approx(other.sigma, rel=0.1)
    net = with_noise(trained, noises)
    fit(net, digits, SingleStep(), Training(epochs=1, batch_size=50), seed=0)
    assert torch.isfinite(net.stages[0].layers[1].weight).all()


def test_silent_neurons_give_no_noise():
    net = driven_net(torch.full((8,), -1.0), Neuron())
    with pytest.raises(ValueError, match="stage 0: no neuron there fires sometimes"):
        calibrate_noise(net, one_image(), 8)


def test_bad_input_is_refused():
    net = driven_net(torch.rand(8), Neuron())
    with pytest.raises(ValueError, match="unknown source 'guess'; valid: residuals, rates"):
        calibrate_noise(net, one_image(), 8, source="guess")
    with pytest.raises(ValueError, match=r"must be at least 2, got 1 .*from T = 2 on"):
        calibrate_noise(net, one_image(), 1)
    with pytest.raises(ValueError, match="1 stages need as many noises, got 2"):
        with_noise(net, [None, None])
    with pytest.raises(ValueError, match="takes noise that stays as it is"):
        with_noise(net, [Noise(learned="layer")])


def test_a_network_with_other_noise_is_a_new_one():
    net = build(Architecture("mlp"), image_shape=(1, 8, 8), classes=10, seed=0, noise=Noise())
    noises = [Noise("logistic", 0.2, 0.4), None]
    changed = with_noise(net, noises)
    first, second = changed.neuron_layers()
    assert (first.noise, first.neuron.v_start) == (noises[0], 0.4)
    assert (first.surrogate.shape, first.surrogate.width) == ("logistic", 0.2)
    assert second.noise is None
    assert second.neuron == net.neuron_layers()[1].neuron
    assert all(layer.noise == Noise() for layer in net.neuron_layers())


@pytest.fixture(scope="module")
def digits():
    data = load_data("digits")
    return replace(data, train=data.train.first(400), test=data.test.first(100))


@pytest.fixture(scope="module")
def trained(digits):
    """A small network trained with noise that is far too narrow and too low."""
    wrong = Noise(sigma=0.1, mu=0.3)
    arch = Architecture("mlp", width=32)
    net = build(arch, image_shape=(1, 8, 8), classes=10, seed=0, noise=wrong)
    fit(net, digits, SingleStep(), Training(epochs=8, batch_size=32), seed=0)
    return net


def test_noise_is_measured_until_it_rests(trained, digits):
    seen = []
    tuned, rounds = refine_noise(
        trained,
        digits,
        16,
        Training(epochs=4, batch_size=32, learning_rate=2e-3),
        seed=0,
        rounds=6,
        tolerance=0.03,
        on_round=seen.append,
    )
    assert seen == rounds
    assert rounds[0].trained == [Noise(sigma=0.1, mu=0.3)] * 2
    assert rounds[0].moved > 0.15
    assert rounds[-1].moved <= 0.03
    assert len(rounds) < 6
    for before, after in pairwise(rounds):
        assert after.trained == before.measured
    for noise in rounds[-1].measured:
        assert noise.mu == pytest.approx(0.5, abs=0.06)
        assert noise.sigma == pytest.approx(0.2887, abs=0.06)
    assert [layer.noise for layer in tuned.neuron_layers()] == rounds[-1].trained
    assert trained.neuron_layers()[0].noise == Noise(sigma=0.1, mu=0.3)
    assert set(rounds[0].accuracy) == set(range(1, 17))


def test_training_images_are_measured_and_the_network_stays(trained, digits):
    state = {name: value.clone() for name, value in trained.state_dict().items()}
    assert calibrate_noise(trained, digits, 8) == calibrate_noise(trained, digits.train, 8)
    assert calibrate_noise(trained, digits, 8) != calibrate_noise(trained, digits.test, 8)
    assert all(torch.equal(value, state[name]) for name, value in trained.state_dict().items())


def test_one_round_only_measures(trained, digits):
    tuned, rounds = refine_noise(trained, digits, 8, Training(epochs=1), seed=0, rounds=1)
    assert len(rounds) == 1
    for one, other in zip(tuned.parameters(), trained.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(ValueError, match="rounds must be at least 1"):
        refine_noise(trained, digits, 8, Training(), seed=0, rounds=0)
