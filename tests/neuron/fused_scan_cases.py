"""What `test_fused_kernels` runs in a Python of its own: the GPU kernels against the plain neuron.

On a GPU they run there, elsewhere in Triton's interpreter, which must be asked for before Triton
is loaded: TRITON_INTERPRET=1. Here: the scan.
"""

from __future__ import annotations

import pytest
import torch
from fused_numbers import (
    DEVICE,
    NEURONS,
    NOISES,
    SURROGATES,
    assert_same,
    noise_numbers,
    outcome,
    random_64ths,
    seeded,
)

from snnlab.neuron import Neuron, Surrogate, dynamics
from snnlab.neuron.fast import fused, kernels


@pytest.mark.parametrize("neuron", NEURONS, ids=repr)
@pytest.mark.parametrize("shape", list(SURROGATES))
def test_the_scan_equals_the_plain_one(neuron, shape):
    currents, v = random_64ths(5, 3, 7, 61), random_64ths(3, 7, 61)
    weights = torch.randn_like(currents), torch.randn_like(v)
    surrogate = SURROGATES[shape]
    found = outcome(lambda c, u: fused.fused_scan(c, neuron, u, surrogate), currents, v, weights)
    plain = outcome(
        lambda c, u: dynamics.scan(c, neuron, u, surrogate=surrogate), currents, v, weights
    )
    assert 0.05 < plain[0].mean() < 0.95
    assert torch.equal(found[1], plain[1])
    assert_same(found, plain)


@pytest.mark.parametrize("uses", [(True, False), (False, True)])
@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_a_gradient_may_come_from_the_spikes_or_from_the_last_potential_alone(reset, uses):
    neuron, currents, v = Neuron(reset=reset), random_64ths(3, 5, 11), random_64ths(5, 11)
    weights = torch.randn_like(currents), torch.randn_like(v)
    surrogate = SURROGATES["arctan"]
    runs = (
        lambda c, u: fused.fused_scan(c, neuron, u, surrogate),
        lambda c, u: dynamics.scan(c, neuron, u, surrogate=surrogate),
    )
    assert_same(*(outcome(run, currents, v, weights, uses) for run in runs))


@pytest.mark.parametrize("timesteps", [1, 2, 7])
@pytest.mark.parametrize("n", [1, 4, fused.BLOCK, 2 * fused.BLOCK + 3])
def test_any_number_of_timesteps_and_neurons(timesteps, n):
    currents, v = random_64ths(timesteps, 1, n), random_64ths(1, n)
    spikes, last = fused.fused_scan(currents, Neuron(), v, Surrogate())
    plain = dynamics.scan(currents, Neuron(), v)
    assert torch.equal(spikes, plain[0])
    assert torch.equal(last, plain[1])
    assert not spikes.requires_grad


def test_the_memory_layout_is_kept_and_any_layout_of_the_gradient_is_right():
    currents = random_64ths(3 * 2, 4, 5, 6).to(memory_format=torch.channels_last)
    v = random_64ths(2, 4, 5, 6).contiguous()  # another layout
    leaf = currents.clone().requires_grad_()
    spikes, _ = fused.fused_scan(leaf.view(3, 2, 4, 5, 6), Neuron(), v, Surrogate())
    assert spikes.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)
    weight = torch.randn(3, 2, 4, 5, 6, device=DEVICE)  # contiguous: not as the spikes lie
    (found,) = torch.autograd.grad((spikes * weight).sum(), leaf)
    other = currents.clone().requires_grad_()
    plain, _ = dynamics.scan(other.view(3, 2, 4, 5, 6), Neuron(), v, surrogate=Surrogate())
    (expected,) = torch.autograd.grad((plain * weight).sum(), other)
    assert torch.equal(spikes, plain)
    torch.testing.assert_close(found, expected)


def test_one_current_repeated_in_time_and_a_gradient_repeated_in_time():
    first, v = random_64ths(4, 33), random_64ths(4, 33)
    weight = torch.randn_like(first)
    gradients = []
    for scan in (
        lambda c: fused.fused_scan(c, Neuron(), v, Surrogate()),
        lambda c: dynamics.scan(c, Neuron(), v, surrogate=Surrogate()),
    ):
        leaf = first.clone().requires_grad_()
        spikes, _ = scan(kernels.repeat_in_time(leaf, 6))
        total = kernels.sum_over_time(spikes)
        gradients.append(torch.autograd.grad((total * weight).sum(), leaf)[0])
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("neuron", [Neuron(), Neuron(2.5, beta=0.5, reset="zero")], ids=repr)
@pytest.mark.parametrize("family", list(NOISES))
def test_the_noisy_scan_equals_the_plain_one_with_the_same_noise(family, neuron):
    noise, surrogate = NOISES[family], SURROGATES["gaussian"]
    T, features = 4, (3, 401)
    currents, v = random_64ths(T, *features), random_64ths(*features)
    z = noise_numbers(noise, 5, currents.numel()).view(T, *features)

    def plain(c, u):
        spikes = []
        for current, draw in zip(c, z, strict=True):
            deviation = noise.sigma * neuron.v_th * draw
            s = dynamics.step(u, current, neuron, surrogate=surrogate, deviation=deviation)
            spikes.append(s.spikes)
            u = s.v
        return torch.stack(spikes), u

    weights = torch.randn_like(currents), torch.randn_like(v)
    found = outcome(
        lambda c, u: fused.fused_scan(c, neuron, u, surrogate, noise, seeded(5)),
        currents,
        v,
        weights,
    )
    assert_same(found, outcome(plain, currents, v, weights))
    quiet, _ = dynamics.scan(currents, neuron, v)
    assert not torch.equal(found[0], quiet)
