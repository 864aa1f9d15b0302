"""What `test_fused_kernels` runs in a Python of its own: the GPU kernels against the plain neuron.

On a GPU they run there, elsewhere in Triton's interpreter, which must be asked for before Triton
is loaded: TRITON_INTERPRET=1. Here: noise.
"""

from __future__ import annotations

import math
from unittest.mock import patch

import pytest
import torch
from fused_numbers import (
    DEVICE,
    NOISES,
    SURROGATES,
    noise_numbers,
    noisy_fire,
    seeded,
    uniform_numbers,
)
from scipy import stats

from snnlab.neuron import Neuron, Noise, Surrogate
from snnlab.neuron.fast import fused
from snnlab.neuron.rounding import RoundAtRandom


@pytest.mark.parametrize("neuron", [Neuron(), Neuron(2.5, beta=0.8), Neuron(0.5)], ids=repr)
@pytest.mark.parametrize("family", list(NOISES))
def test_the_noisy_step_fires_where_the_same_uniform_numbers_say(family, neuron):
    noise, n = NOISES[family], 5 * fused.BLOCK + 3
    current = neuron.v_th * torch.linspace(-1, 2, n, device=DEVICE)
    fired = noisy_fire(current, neuron, noise, Surrogate(), seeded(8))
    mean = current.double() + (neuron.beta * noise.mu - 1) * neuron.v_th
    p = noise.law.mirrored().cumulative(mean / (neuron.beta * noise.sigma * neuron.v_th))
    lead = p - uniform_numbers(8, n).double()
    sure = lead.abs() > 1e-6
    assert sure.float().mean() > 0.9  # in the tails of uniform noise p is 0 or 1 exactly
    assert 0.2 < fired.mean() < 0.8
    assert torch.equal(fired[sure] > 0, lead[sure] > 0)


@pytest.mark.parametrize("shape", list(SURROGATES))
def test_the_noisy_step_has_the_gradient_of_plain_noise(shape):
    neuron, noise, surrogate = Neuron(2.5, beta=0.8), NOISES["gaussian"], SURROGATES[shape]
    leaf = (2 * torch.randn(2000, 3, device=DEVICE)).requires_grad_()
    weight = torch.randn_like(leaf)
    plain, mine = (
        noisy_fire(leaf, neuron, noise, surrogate, seeded(0), by_program=by_program)
        for by_program in (False, True)
    )
    expected, found = (
        torch.autograd.grad((spikes * weight).sum(), leaf)[0] for spikes in (plain, mine)
    )
    if shape == "empirical":  # a kink of the table lies where rounding puts it
        assert ((found - expected).abs() < 1e-5).float().mean() > 0.999
    else:
        torch.testing.assert_close(found, expected, rtol=2e-5, atol=1e-6)


def test_the_noisy_step_in_another_layout_or_with_gaps():
    sign = torch.randn(3, 4, 5, 6, device=DEVICE).sign().to(memory_format=torch.channels_last)
    spikes = noisy_fire(10 * sign, Neuron(), Noise(), Surrogate(), seeded(0))
    assert spikes.stride() == sign.stride()
    assert torch.equal(spikes, (sign > 0).float())
    gaps = (10 * sign)[:, ::2].requires_grad_()
    spikes = noisy_fire(gaps, Neuron(), Noise(), Surrogate(), seeded(0))
    assert torch.equal(spikes, (gaps > 0).float())
    assert torch.autograd.grad(spikes.sum(), gaps)[0].shape == gaps.shape


@pytest.mark.parametrize("family", list(NOISES))
@pytest.mark.parametrize("v_th", [1.0, 2.0])
def test_target_noise_rounds_as_the_same_numbers_say(family, v_th):
    given = NOISES[family]
    noise = Noise(family, given.sigma, given.mu, timesteps=4, quantiles=given.quantiles)
    leaf = (v_th * torch.linspace(-0.5, 1.5, 5001, device=DEVICE)).requires_grad_()
    u = noise.mu + noise.sigma * noise_numbers(noise, 3, leaf.numel()).double()
    whole = 4 * leaf.detach().double() / v_th + u
    expected = whole.floor().clamp(0, 4) / 4
    rates = fused.rounded_rates(leaf.detach(), v_th, noise, seeded(3))
    sure = (whole - whole.round()).abs() > 1e-5
    assert sure.float().mean() > 0.99
    assert torch.equal(rates[sure].double(), expected[sure])
    with patch.object(fused, "usable", lambda *_: True):
        found = RoundAtRandom.apply(leaf, v_th, noise, seeded(3))
    assert torch.equal(found.detach(), rates)
    low, high = ((edge - (noise.mu - 0.5) / 4) * v_th for edge in (0, 1))
    inside = ((leaf > low) & (leaf < high)).float() / v_th
    torch.testing.assert_close(torch.autograd.grad(found.sum(), leaf)[0], inside)


def test_uniform_numbers_are_even_and_unrelated():
    u = uniform_numbers(2, 2**15).double().cpu()
    assert stats.kstest(u.numpy(), "uniform").pvalue > 1e-3
    centred = (u - 0.5) * math.sqrt(12)
    for lag in (1, 2, 255, 256, 512, 1024):
        assert abs((centred[lag:] * centred[:-lag]).mean()) < 4 / math.sqrt(len(u))


@pytest.mark.parametrize("family", list(NOISES))
def test_noise_has_its_distribution(family):
    noise = NOISES[family]
    z = noise_numbers(noise, 4, 2**15).double().cpu()
    assert abs(z.mean()) < 4 / math.sqrt(len(z))
    assert abs(z.var() - 1) < 0.03
    shares = noise.law.cumulative(z)
    assert stats.kstest(shares.numpy(), "uniform").pvalue > 1e-3


def test_equal_seeds_repeat_and_a_generator_goes_on():
    current = torch.rand(3000, device=DEVICE)
    noise = Noise()

    def draw(generator):
        step = noisy_fire(current, Neuron(), noise, Surrogate(), generator)
        scanned, _ = fused.fused_scan(
            current.expand(3, 1, 3000),
            Neuron(),
            torch.zeros(1, 3000, device=DEVICE),
            Surrogate(),
            noise,
            generator,
        )
        return torch.cat([step, scanned.flatten()])

    generator = seeded(0)
    first, second = draw(generator), draw(generator)
    assert torch.equal(first, draw(seeded(0)))
    assert not torch.equal(first, second)
    assert not torch.equal(first, draw(seeded(1)))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_currents_give_spikes_of_their_type_and_add_up_in_float32(dtype):
    currents = torch.full((8, 1, 40), 1 / 256, dtype=dtype, device=DEVICE).requires_grad_()
    v = torch.full((1, 40), 255 / 256 - 7 / 256, device=DEVICE)
    spikes, last = fused.fused_scan(currents, Neuron(), v, Surrogate())
    assert spikes.dtype == dtype
    assert last.dtype == torch.float32
    assert torch.equal(spikes.sum(0), torch.ones(1, 40, dtype=dtype, device=DEVICE))
    (gradient,) = torch.autograd.grad(spikes.float().sum(), currents)
    assert gradient.dtype == dtype
    one = noisy_fire(currents[0], Neuron(), Noise(), Surrogate(), seeded(0))
    assert one.dtype == dtype
    assert torch.autograd.grad(one.float().sum(), currents)[0].dtype == dtype


def test_noise_without_a_generator_is_refused():
    x = torch.zeros(2, 1, 3, device=DEVICE)
    with pytest.raises(ValueError, match="generator"):
        fused.fused_scan(x, Neuron(), x[0], Surrogate(), Noise())
