"""Target-T noise: rates of many timesteps from one pass."""

from __future__ import annotations

import math

import pytest
import torch

from snnlab.neuron import Neuron, NeuronLayer, Noise, multi_step_rate, trace
from snnlab.neuron.fast.kernels import noisy_fire
from snnlab.neuron.rounding import mean_response, round_at_random, round_with_learned_noise
from snnlab.neuron.spec import Surrogate
from snnlab.neuron.transfer import firing_probability, mean_rate

N = 40_000
CURRENTS = torch.linspace(-0.6, 1.6, 23)
families = pytest.mark.parametrize("family", ["gaussian", "uniform", "logistic"])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(noise, neuron=None, currents=CURRENTS):
    many = currents.expand(N, -1).contiguous()
    return round_at_random(many, neuron or Neuron(), noise, seeded())


@pytest.mark.sample(3)
@families
@pytest.mark.parametrize("T", [1, 2, 4, 7])
def test_the_mean_has_its_closed_form(family, T):
    noise, neuron = Noise(family, timesteps=T), Neuron(v_th=2.0)
    currents = 2 * CURRENTS.double()
    rates = drawn(noise, neuron, currents)
    error = rates.std(0) / math.sqrt(N)
    mean = mean_rate(currents, noise, neuron)
    assert ((rates.mean(0) - mean).abs() <= 4 * error + 1e-4).all()
    assert set((rates * T).unique().tolist()) <= set(map(float, range(T + 1)))


@pytest.mark.parametrize("T", [1, 3, 4, 8])
def test_even_noise_rounds_without_bias(T):
    noise, x = Noise("uniform", timesteps=T), CURRENTS.double()
    clipped = x.clamp(0, 1)
    torch.testing.assert_close(mean_rate(x, noise), clipped, rtol=0, atol=1e-12)
    part = (T * clipped).frac()
    variance = part * (1 - part) / T**2
    assert ((drawn(noise, currents=x).var(0) - variance).abs() <= 0.02 / T**2).all()


def test_each_rate_is_that_of_a_neuron_that_starts_from_the_noise():
    """Potential for potential: T timesteps from the residual u that one pass draws."""
    T, noise = 5, Noise("uniform", timesteps=5)
    current = torch.rand(2000, dtype=torch.float64) * 1.4 - 0.2
    rates = round_at_random(current, Neuron(), noise, seeded(1))
    from snnlab.neuron.rounding import residual_draw

    u = residual_draw(noise, current, seeded(1))
    spikes = trace(current.expand(T, -1), Neuron(), u).spikes
    torch.testing.assert_close(rates, spikes.mean(0), rtol=0, atol=1e-12)


@families
def test_for_one_timestep_it_is_the_noisy_single_step(family):
    noise, x = Noise(family, sigma=0.35, mu=0.4), CURRENTS.double()
    torch.testing.assert_close(mean_rate(x, noise), firing_probability(x, noise))
    fired = noisy_fire(x.expand(N, -1).contiguous(), Neuron(), noise, Surrogate(), seeded(3))
    rounded = drawn(noise, currents=x)
    p = firing_probability(x, noise)
    error = (p * (1 - p) / N).sqrt()
    assert ((rounded.mean(0) - fired.mean(0)).abs() <= 6 * error + 1e-4).all()
    layer = NeuronLayer(noise=noise)
    current = torch.rand(1, 50, 6)
    expected = noisy_fire(current[0], Neuron(), noise, layer.surrogate, seeded())
    assert torch.equal(layer(current, generator=seeded())[0], expected)


def test_the_gradient_goes_straight_through_inside_the_threshold():
    for T in (1, 4):
        current = torch.tensor([-0.1, 0.1, 1.0, 1.9, 2.1], requires_grad=True)
        noise = Noise("uniform", timesteps=T)
        round_at_random(current, Neuron(v_th=2.0), noise, seeded()).sum().backward()
        assert current.grad.tolist() == [0, 0.5, 0.5, 0.5, 0]


@pytest.mark.parametrize("family", ["gaussian", "uniform", "logistic"])
def test_vanishing_noise_rounds_to_the_nearest_as_the_converted_neuron_does(family):
    noise = Noise(family, timesteps=4).scaled(1e-6)
    x = torch.linspace(-0.3, 1.3, 97)  # no tie at a half step
    torch.testing.assert_close(drawn(noise, currents=x)[0], multi_step_rate(x, 4))


def test_the_layer_gives_rates_in_training_and_spikes_in_evaluation():
    layer, current = NeuronLayer(noise=Noise("uniform", timesteps=4)), torch.rand(1, 500, 3)
    rates = layer(current, generator=seeded())
    assert set(rates.unique().tolist()) == {0, 0.25, 0.5, 0.75, 1}
    assert torch.equal(layer.eval()(current), NeuronLayer()(current))
    with pytest.raises(ValueError, match="single pass only"):
        layer.train()(current.expand(2, -1, -1), generator=seeded())
    with pytest.raises(ValueError, match="single pass only"):
        layer.trace(current, generator=seeded())


@pytest.mark.parametrize("neuron", [Neuron(beta=0.9), Neuron(reset="zero")])
def test_target_noise_is_for_if_neurons(neuron):
    with pytest.raises(ValueError, match="IF neurons that reset by subtraction"):
        NeuronLayer(neuron, noise=Noise(timesteps=4))


def test_the_mean_response_is_the_clipped_current():
    current = torch.tensor([-1.0, 0.5, 1.5, 3.0], requires_grad=True)
    response = mean_response(current, Neuron(v_th=2.0))
    assert response.tolist() == [0, 0.25, 0.75, 1]
    response.sum().backward()
    assert current.grad.tolist() == [0, 0.5, 0.5, 0]


def test_learned_noise_has_the_mean_of_plain_noise():
    for noise in (Noise(learned="layer"), Noise("uniform", timesteps=4, learned="layer")):
        sigma, many = torch.tensor(0.4), CURRENTS.expand(N, -1)
        rates = round_with_learned_noise(many, Neuron(), noise, sigma, seeded(5))
        expected = mean_rate(CURRENTS.double(), noise.scaled(0.4 / noise.sigma))
        torch.testing.assert_close(rates.double().mean(0), expected, rtol=0, atol=0.011)
