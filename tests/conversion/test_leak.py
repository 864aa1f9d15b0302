"""The leaky neuron: its staircase of rates, its residuals, and networks made leaky."""

from __future__ import annotations

import copy

import pytest
import torch

from snnlab.conversion.leak import leaky_equivalent, leaky_noise
from snnlab.network import Architecture, build
from snnlab.neuron import Neuron, Noise, firing_probability, trace

SETTLING, CYCLES = 400, 600


def steady(beta: float, v_th: float = 1.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Currents (n,), rates and mean residuals of a leaky neuron once it has settled."""
    currents = torch.linspace(0, v_th, 2001, dtype=torch.float64)
    path = trace(currents.expand(SETTLING + CYCLES, 1, -1), Neuron(v_th, beta=beta))
    spikes, v = path.spikes[SETTLING:], path.v[SETTLING - 1 : -1]
    return currents, spikes.mean((0, 1)), v.mean((0, 1))


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("beta", "steps"), [(0.95, 0.0027), (0.9, 0.0071), (0.8, 0.0175), (0.5, 0.051)]
)
def test_rates_follow_the_line_up_to_the_steps_that_the_docstring_names(beta, steps):
    currents, rate, _ = steady(beta)
    driven = (currents > 1 - beta) & (currents < 1)
    line = torch.where(driven, currents - (1 - beta) / 2, (currents >= 1).double())  # equation (2)
    off = rate - line
    assert off[driven].square().mean().sqrt().item() == pytest.approx(steps, rel=0.1)
    assert off.mean().abs() < 2e-3
    beyond = (currents < 0.999 * (1 - beta)) | (currents >= 1)
    assert off[beyond].abs().max() <= 1 / CYCLES


@pytest.mark.parametrize("v_th", [1.0, 2.0])
def test_residuals_rates_and_currents_balance(v_th):
    beta = 0.9
    currents, rate, residual = steady(beta, v_th)
    driven = (currents > (1 - beta) * v_th) & (currents < v_th)
    balance = currents - (1 - beta) * residual
    torch.testing.assert_close(
        rate[driven] * v_th, balance[driven], rtol=0, atol=1.01 * v_th / CYCLES
    )
    assert residual[driven].min() >= 0
    assert residual[driven].max() < v_th
    middle = (currents > 0.25 * v_th) & (currents < 0.85 * v_th)
    assert residual[middle].mean().item() == pytest.approx(v_th / 2, rel=0.02)


@pytest.mark.sample(2)
@pytest.mark.parametrize("beta", [0.9, 0.5])
@pytest.mark.parametrize(("p", "q"), [(1, 2), (1, 3), (2, 5)])
def test_the_step_at_a_fraction_ends_where_the_sum_says(beta, p, q):
    k = torch.arange(1, 200, dtype=torch.float64)
    spikes = ((k + 1) * p / q + 1e-9).floor() - (k * p / q + 1e-9).floor()
    end = (1 - beta) * (1 + (beta**k * spikes).sum())
    sides = torch.stack([end - 1e-4, end + 1e-4])
    path = trace(sides.expand(3000, 1, 2), Neuron(beta=beta))
    below, above = path.spikes[-120 * q :].mean((0, 1))
    assert below.item() == pytest.approx(p / q)
    assert above > below


@pytest.mark.sample(2)
@pytest.mark.parametrize("beta", [1.0, 0.95, 0.9, 0.8, 0.5])
def test_the_noise_fires_as_often_as_the_neuron(beta):
    currents, rate, _ = steady(beta)
    u = (1 - currents) / beta  # P(noise > u) = rate
    step = (currents[1] - currents[0]) / beta
    mean = (rate * step).sum()
    std = ((2 * u * rate * step).sum() - mean**2).sqrt()
    found = leaky_noise(beta)
    assert mean.item() == pytest.approx(found.mu, rel=0.01)
    assert std.item() == pytest.approx(found.sigma, rel=0.06)
    p = firing_probability(currents, leaky_noise(beta, "gaussian"), Neuron(beta=beta))
    assert (p - rate).abs().mean() < 0.06


def test_without_a_leak_the_noise_is_the_matched_one():
    assert leaky_noise(1.0) == Noise()
    with pytest.raises(ValueError, match=r"beta must lie in \(0, 1\]"):
        leaky_noise(1.5)


def some_net(name: str = "convnet", **options):
    return build(
        Architecture(name, width=4), image_shape=(1, 8, 8), classes=3, seed=0, **options
    ).eval()


@pytest.mark.parametrize("name", ["mlp", "convnet", "resnet18"])
@pytest.mark.parametrize("beta", [0.9, 0.5])
def test_a_network_made_leaky_keeps_its_single_step(name, beta):
    net = some_net(name, neuron=Neuron(v_th=1.5))
    before = {key: value.clone() for key, value in net.state_dict().items()}
    leaky = leaky_equivalent(net, beta)
    images = torch.randn(16, 1, 8, 8)
    torch.testing.assert_close(leaky(images, 1), net(images, 1), rtol=0, atol=1e-4)
    assert all(layer.neuron.beta == beta for layer in leaky.neuron_layers())
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


@pytest.mark.parametrize("learned", ["layer", "channel"])
def test_learned_thresholds_are_raised_in_their_own_unit(learned):
    arch = Architecture("convnet", width=4, learned_threshold=learned)
    net = build(arch, image_shape=(1, 8, 8), classes=3, seed=0).eval()
    for stage in net.stages:
        torch.nn.init.uniform_(stage.threshold.log_v_th, -0.7, 0.7)
    images = torch.randn(16, 1, 8, 8)
    leaky = leaky_equivalent(net, 0.8)
    torch.testing.assert_close(leaky(images, 1), net(images, 1), rtol=0, atol=1e-4)


@pytest.mark.parametrize("beta", [0.95, 0.9, 0.5])
def test_a_network_made_leaky_keeps_its_outputs_better_than_under_a_leak_alone(beta):
    net, images = some_net(), torch.randn(64, 1, 8, 8)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.constant_(module.bias, 0.4)
            torch.nn.init.constant_(module.running_var, 0.2)
    wanted, alone = net(images, 64), copy.deepcopy(net)
    for layer in alone.neuron_layers():
        layer.neuron = Neuron(beta=beta)
    made = (leaky_equivalent(net, beta)(images, 64) - wanted).square().mean()
    assert made < 0.25 * (alone(images, 64) - wanted).square().mean()


def test_what_cannot_be_made_leaky_is_refused():
    with pytest.raises(ValueError, match=r"beta must lie in \(0, 1\]"):
        leaky_equivalent(some_net(), 0.0)
    with pytest.raises(ValueError, match=r"stage 0 .* IF neurons .*, got beta = 0.9"):
        leaky_equivalent(some_net(neuron=Neuron(beta=0.9)), 0.5)
    net = some_net("mlp")
    net.stages[1].layers = torch.nn.Linear(4, 4, bias=False)
    with pytest.raises(ValueError, match="stage 1 has no bias"):
        leaky_equivalent(net, 0.9)
