"""How often neurons fire, measured, against the closed forms."""

from __future__ import annotations

import pytest
import torch

from snnlab.neuron import Neuron, Noise, Surrogate
from snnlab.neuron.dynamics import scan
from snnlab.neuron.fast.kernels import noisy_fire
from snnlab.neuron.transfer import firing_probability, multi_step_rate

N = 50_000  # neurons per current
SIXTEEN_BITS = 2.0**-17  # the most by which the kernel's probability is rounded
families = pytest.mark.parametrize("family", ["gaussian", "uniform", "logistic"])


def plain_spikes(currents, neuron, noise, generator):
    return scan(currents[None], neuron, noise=noise, generator=generator)[0][0]


def kernel_spikes(currents, neuron, noise, generator):
    return noisy_fire(currents, neuron, noise, Surrogate(), generator)


@pytest.mark.parametrize("run", [plain_spikes, kernel_spikes])
@pytest.mark.parametrize(
    ("neuron", "constants"),
    [
        (Neuron(), {}),
        (Neuron(v_init=0.0), {"sigma": 0.5, "mu": 0.0}),
        (Neuron(v_th=2.5, beta=0.8), {"sigma": 0.3, "mu": 0.4}),
    ],
    ids=["matched", "zero mean", "leaky"],
)
@families
def test_firing_rate_equals_the_closed_form(family, neuron, constants, run):
    check_rates(run, neuron, Noise(family, **constants), "cpu")


@pytest.mark.gpu
def test_firing_rate_equals_the_closed_form_on_a_gpu():
    for family in ("gaussian", "uniform", "logistic"):
        for run in (plain_spikes, kernel_spikes):
            check_rates(run, Neuron(v_th=2.5, beta=0.8), Noise(family), "cuda")


def check_rates(run, neuron, noise, device):
    current = neuron.v_th * torch.linspace(-0.6, 1.6, 12, device=device)
    generator = torch.Generator(device).manual_seed(11)
    spikes = run(current.expand(N, -1).contiguous(), neuron, noise, generator)
    measured = spikes.double().mean(0)
    p = firing_probability(current.double(), noise, neuron)
    standard_error = (p * (1 - p) / N).sqrt()
    assert ((spikes == 0) | (spikes == 1)).all()
    assert ((measured - p).abs() <= 4 * standard_error + SIXTEEN_BITS).all()


@families
def test_vanishing_noise_leaves_the_hard_threshold(family):
    noise = Noise(family, sigma=1e-9)
    current = torch.tensor([0.49, 0.51], dtype=torch.float64)
    assert firing_probability(current, noise).tolist() == [0, 1]


@families
def test_at_the_threshold_half_of_the_neurons_fire(family):
    neuron, noise = Neuron(v_th=3.0, beta=0.7), Noise(family, mu=0.25)
    current = torch.tensor(neuron.v_th - 0.7 * 0.25 * neuron.v_th, dtype=torch.float64)
    assert firing_probability(current, noise, neuron).item() == pytest.approx(0.5)


def test_matched_uniform_noise_fires_at_exactly_the_rate_of_many_timesteps():
    current = torch.linspace(-1, 2, 301, dtype=torch.float64)
    p = firing_probability(current, Noise("uniform"))
    torch.testing.assert_close(p, current.clamp(0, 1), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("sigma", "largest"), [(Noise().sigma, 0.057), (0.30, 0.048)])
def test_gaussian_noise_misses_the_rate_of_many_timesteps_by_little(sigma, largest):
    current = torch.linspace(-1, 2, 30_001, dtype=torch.float64)
    p = firing_probability(current, Noise(sigma=sigma))
    assert (p - current.clamp(0, 1)).abs().max().item() == pytest.approx(largest, abs=6e-4)


def test_the_rate_of_many_timesteps_tends_to_the_clipped_current():
    current = torch.linspace(-1, 2, 301, dtype=torch.float64)
    for T in (1, 10, 1000):
        error = (multi_step_rate(current, T) - current.clamp(0, 1)).abs().max()
        assert error <= 0.5 / T + 1e-12
