"""Learned sigma and learned thresholds: positive, with the right gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snnlab.neuron import Neuron, NeuronLayer, Noise
from snnlab.neuron.learned import LearnedThreshold
from snnlab.neuron.transfer import mean_rate

STEP = 1e-6


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def layer_with(noise: Noise, log_ratio: float = 0.0) -> NeuronLayer:
    layer = NeuronLayer(noise=noise).double()
    with torch.no_grad():
        layer.log_sigma_ratio.fill_(log_ratio)
    return layer


@settings(max_examples=40, deadline=None)
@given(
    family=st.sampled_from(["gaussian", "logistic"]),
    timesteps=st.integers(1, 5),
    sigma=st.floats(0.1, 1.0),
    log_ratio=st.floats(-1.0, 1.0),
    current=st.floats(-0.5, 1.5),
)
def test_the_gradient_of_learned_sigma_is_that_of_the_mean_rate(
    family, timesteps, sigma, log_ratio, current
):
    noise = Noise(family, sigma, timesteps=timesteps, learned="layer")
    layer = layer_with(noise, log_ratio)
    x = torch.full((1, 1, 1), current, dtype=torch.float64, requires_grad=True)
    layer(x, generator=seeded()).sum().backward()

    def mean(ratio: float, at: float) -> float:
        scaled = noise.scaled(torch.tensor(ratio, dtype=torch.float64).exp().item())
        return mean_rate(torch.tensor(at, dtype=torch.float64), scaled).item()

    by_ratio = (mean(log_ratio + STEP, current) - mean(log_ratio - STEP, current)) / (2 * STEP)
    by_current = (mean(log_ratio, current + STEP) - mean(log_ratio, current - STEP)) / (2 * STEP)
    assert layer.log_sigma_ratio.grad.item() == pytest.approx(by_ratio, rel=1e-4, abs=1e-6)
    assert x.grad.item() == pytest.approx(by_current, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("T", [1, 3])
def test_learned_even_noise_has_the_gradient_of_its_mean_too(T):
    """Away from the corners of the distribution."""
    noise = Noise("uniform", 0.2, timesteps=T, learned="layer")
    current = (1 - 0.3 - 0.5) / T + 0.0  # the noise reaches the first spike with a chance in (0, 1)
    layer, x = layer_with(noise), torch.full((1, 1, 1), current, dtype=torch.float64)
    layer(x, generator=seeded()).sum().backward()
    means = [mean_rate(x, noise.scaled(1 + side)).item() for side in (STEP, -STEP)]
    expected = (means[0] - means[1]) / (2 * STEP)
    assert expected != 0
    assert layer.log_sigma_ratio.grad.item() == pytest.approx(expected, rel=1e-4)


def test_sigma_stays_positive_whatever_the_steps():
    layer = layer_with(Noise(learned="layer"))
    optimizer = torch.optim.SGD(layer.parameters(), lr=5.0)
    for _ in range(50):
        optimizer.zero_grad()
        layer.sigma(layer.noise).backward()  # a loss that wants sigma as small as can be
        optimizer.step()
    assert 0 < layer.sigma(layer.noise).item() < 0.05


def test_one_sigma_per_channel_acts_on_its_channel():
    layer = NeuronLayer(noise=Noise("uniform", learned="channel"), channels=2)
    with torch.no_grad():
        layer.log_sigma_ratio.copy_(torch.tensor([-8.0, 0.0]))
    spikes = layer(torch.full((1, 4000, 2, 3, 1), 0.4), generator=seeded())[0]
    assert (spikes[:, 0] == 0).all()
    assert spikes[:, 1].mean().item() == pytest.approx(0.4, abs=0.02)


def test_one_learned_sigma_acts_over_several_timesteps_too():
    noise = Noise(learned="layer")
    learned, plain = NeuronLayer(noise=noise), NeuronLayer(noise=Noise())
    currents = torch.rand(3, 20, 4)
    found, expected = (each(currents, generator=seeded()) for each in (learned, plain))
    assert torch.equal(found, expected)
    per_channel = NeuronLayer(noise=Noise(learned="channel"), channels=4)
    with pytest.raises(ValueError, match="single pass only"):
        per_channel(currents, generator=seeded())


def test_the_number_of_channels_must_be_known_and_right():
    with pytest.raises(ValueError, match="pass channels="):
        NeuronLayer(noise=Noise(learned="channel"))
    layer = NeuronLayer(noise=Noise(learned="channel"), channels=3)
    with pytest.raises(ValueError, match=r"3 channels .* \(2, 4\)"):
        layer(torch.zeros(1, 2, 4), generator=seeded())


@pytest.mark.parametrize(("learned", "channels"), [("layer", None), ("channel", 3)])
def test_a_threshold_is_learned_by_its_logarithm(learned, channels):
    threshold = LearnedThreshold(2.0, learned, channels)
    current = torch.randn(5, 3, 2, 2, dtype=torch.float64)
    torch.testing.assert_close(threshold.double()(current), current / 2)
    threshold(current).square().sum().backward()
    per_channel = -2 * (current / 2).square().sum((0, 2, 3))
    expected = per_channel if learned == "channel" else per_channel.sum()
    torch.testing.assert_close(threshold.log_v_th.grad, expected, rtol=1e-5, atol=1e-8)


def test_behind_a_threshold_neurons_fire_as_with_it():
    currents = 3 * torch.rand(8, 50, 4)
    behind = NeuronLayer(Neuron())(LearnedThreshold(2.0)(currents.flatten(0, 1)).view_as(currents))
    assert torch.equal(behind, NeuronLayer(Neuron(v_th=2.0))(currents))


@pytest.mark.parametrize("start", [0.0, -1.0, float("nan")])
def test_a_threshold_that_is_not_above_0_is_refused(start):
    with pytest.raises(ValueError, match="above 0, got"):
        LearnedThreshold(start)
