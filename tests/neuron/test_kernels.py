"""The fast kernels compute what the readable `dynamics` compute, and draw as well as it does."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from snnlab.neuron import Neuron, Noise, Surrogate, registry
from snnlab.neuron.dynamics import scan, step
from snnlab.neuron.fast.kernels import below, fast_scan, noisy_fire, repeat_in_time
from snnlab.neuron.transfer import firing_probability

SHAPES = ["gaussian", "uniform", "logistic", "arctan", "triangle"]
FAMILIES = SHAPES[:3]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_64ths(generator: torch.Generator, *shape: int) -> torch.Tensor:
    """Multiples of 1/64 in [-1, 2]: their sums are exact."""
    return torch.randint(-64, 129, shape, generator=generator).double() / 64


def outcome(run, currents, v, weights):
    """Spikes, last potential, and the gradients of a weighted sum of both."""
    currents, v = currents.clone().requires_grad_(), v.clone().requires_grad_()
    spikes, last = run(currents, v)
    loss = (spikes * weights[0]).sum() + (last * weights[1]).sum()
    return spikes.detach(), last.detach(), *torch.autograd.grad(loss, (currents, v))


@given(
    seed=st.integers(0, 2**31),
    timesteps=st.integers(1, 9),
    features=st.sampled_from([(3,), (2, 5), (2, 3, 4, 4)]),
    v_th=st.sampled_from([0.5, 1.0, 2.0]),
    beta=st.sampled_from([0.5, 1.0]),
    reset=st.sampled_from(["subtract", "zero"]),
    shape=st.sampled_from(SHAPES),
    width=st.floats(0.1, 2),
)
def test_fast_scan_equals_scan_in_spikes_potentials_and_gradients(
    seed, timesteps, features, v_th, beta, reset, shape, width
):
    generator = seeded(seed)
    neuron, surrogate = Neuron(v_th=v_th, beta=beta, reset=reset), Surrogate(shape, width)
    currents = random_64ths(generator, timesteps, *features)
    v = random_64ths(generator, *features)
    weights = (
        torch.randn(currents.shape, generator=generator, dtype=torch.float64),
        torch.randn(v.shape, generator=generator, dtype=torch.float64),
    )
    fast = outcome(lambda c, u: fast_scan(c, neuron, u, surrogate), currents, v, weights)
    plain = outcome(lambda c, u: scan(c, neuron, u, surrogate=surrogate), currents, v, weights)
    assert torch.equal(fast[0], plain[0])
    assert torch.equal(fast[1], plain[1])
    for found, expected in zip(fast[2:], plain[2:], strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_fast_scan_equals_scan_for_a_leak_that_must_round(reset):
    neuron = Neuron(v_th=0.7, beta=0.9, reset=reset)
    currents, v = torch.randn(50, 8, 20).double(), torch.randn(8, 20).double()
    fast, plain = fast_scan(currents, neuron, v, Surrogate()), scan(currents, neuron, v)
    assert torch.equal(fast[0], plain[0])
    torch.testing.assert_close(fast[1], plain[1], rtol=0, atol=1e-13)


def test_fast_scan_gives_the_same_with_and_without_gradients_due():
    neuron, v = Neuron(beta=0.9), torch.rand(4, 10)
    currents = torch.randn(7, 4, 10)
    without = fast_scan(currents, neuron, v, Surrogate())
    due = fast_scan(currents.clone().requires_grad_(), neuron, v, Surrogate())
    assert torch.equal(without[0], due[0])
    assert torch.equal(without[1], due[1])
    assert due[0].requires_grad
    assert not without[0].requires_grad


def test_fast_scan_leaves_its_inputs_as_they_are():
    for learning in (False, True):
        currents, v = torch.rand(5, 4, 3).requires_grad_(learning), torch.rand(4, 3)
        before = currents.detach().clone(), v.clone()
        spikes, _ = fast_scan(currents, Neuron(), v, Surrogate())
        assert spikes.sum() > 0
        assert torch.equal(currents.detach(), before[0])
        assert torch.equal(v, before[1])


@pytest.mark.parametrize("neuron", [Neuron(), Neuron(beta=0.8, reset="zero")], ids=["if", "leaky"])
def test_a_second_backward_pass_gives_the_same_gradients(neuron):
    currents, v = torch.rand(5, 4, 3).requires_grad_(), torch.rand(4, 3).requires_grad_()
    spikes, last = fast_scan(currents, neuron, v, Surrogate())
    total = (spikes * torch.rand(5, 4, 3)).sum() + last.sum()
    first = torch.autograd.grad(total, [currents, v], retain_graph=True)
    second = torch.autograd.grad(total, [currents, v])
    for one, other in zip(first, second, strict=True):
        assert one.abs().sum() > 0
        assert torch.equal(one, other)


def test_fast_scan_takes_one_current_expanded_over_time():
    first, v, weight = torch.rand(4, 3).double(), torch.rand(4, 3).double(), torch.randn(6, 4, 3)
    gradients = []
    for repeat in (
        lambda x: x.expand(6, 4, 3),
        lambda x: torch.stack([x] * 6),
    ):
        leaf = first.clone().requires_grad_()
        spikes, _ = fast_scan(repeat(leaf), Neuron(), v, Surrogate())
        gradients.append(torch.autograd.grad((spikes * weight).sum(), leaf)[0])
    torch.testing.assert_close(gradients[0], gradients[1])


@pytest.mark.parametrize("learning", [False, True])
def test_fast_scan_keeps_the_memory_layout_of_feature_maps(learning):
    currents, v = torch.randn(3, 2, 4, 5, 6), torch.rand(2, 4, 5, 6)
    expected = fast_scan(currents, Neuron(), v, Surrogate())[0]
    nhwc = currents.flatten(0, 1).to(memory_format=torch.channels_last).view(currents.shape)
    start = v.to(memory_format=torch.channels_last)
    spikes, last = fast_scan(nhwc.requires_grad_(learning), Neuron(), start, Surrogate())
    assert torch.equal(spikes, expected)
    assert spikes.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)
    assert last.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("timesteps", [1, 4])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_repeat_in_time_is_expand_with_the_gradient_in_the_layout_of_the_current(
    memory_format, timesteps
):
    leaf = torch.randn(2, 3, 4, 5).to(memory_format=memory_format).requires_grad_()
    weight = torch.randn(timesteps, 2, 3, 4, 5)
    repeated = repeat_in_time(leaf, timesteps)
    assert torch.equal(repeated, leaf.expand(timesteps, *leaf.shape))
    assert repeated.data_ptr() == leaf.data_ptr()
    (gradient,) = torch.autograd.grad((repeated * weight).sum(), leaf)
    torch.testing.assert_close(gradient, weight.sum(0))
    if timesteps > 1:
        assert gradient.stride() == leaf.stride()


def sixteen_bits(n: int, seed: int) -> torch.Tensor:
    """The numbers u in (0, 1) that the kernel draws for n neurons, float64 (n,).

    Four neurons share one 64-bit number of the generator, 16 bits each.
    """
    words = torch.empty((n + 3) // 4, dtype=torch.int64)
    words.random_(-(2**63), None, generator=seeded(seed))
    return (words.view(torch.int16)[:n].double() + 2**15 + 0.5) / 2**16


@pytest.mark.parametrize(
    "neuron", [Neuron(), Neuron(v_th=2.5, beta=0.8), Neuron(v_th=0.5)], ids=repr
)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_uniform_numbers_give_the_same_spikes_as_plain_noise(family, neuron):
    """A neuron that fires where u <= F(z) fires where z + deviation >= 0, deviation = -F^-1(u)."""
    noise = Noise(family, sigma=0.35, mu=0.4)
    current = neuron.v_th * torch.linspace(-1, 2, 40_001, dtype=torch.float64)
    u = sixteen_bits(len(current), seed=8)
    mean = torch.full_like(current, noise.mu * neuron.v_th)
    deviation = -noise.sigma * neuron.v_th * registry.family(family).quantile(u)
    plain = step(mean, current, neuron, deviation=deviation).spikes
    fast = noisy_fire(current, neuron, noise, Surrogate(), seeded(8))
    assert 0.2 < plain.mean() < 0.8
    assert torch.equal(fast, plain)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("family", FAMILIES)
def test_noisy_fire_has_the_gradient_of_plain_noise(family, shape):
    neuron, noise = Neuron(v_th=2.5, beta=0.8), Noise(family, sigma=0.35, mu=0.4)
    surrogate, weight = Surrogate(shape, 0.6), torch.randn(200, 3, dtype=torch.float64)
    leaf = (2 * torch.randn(200, 3, dtype=torch.float64)).requires_grad_()
    plain, _ = scan(leaf[None], neuron, surrogate=surrogate, noise=noise, generator=seeded(0))
    fast = noisy_fire(leaf, neuron, noise, surrogate, seeded(0))
    (expected,) = torch.autograd.grad((plain[0] * weight).sum(), leaf)
    (found,) = torch.autograd.grad((fast * weight).sum(), leaf)
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-14)


def test_more_current_never_silences_a_neuron_that_fires():
    rising = torch.linspace(-1, 2, 50)
    spikes = torch.stack(
        [
            noisy_fire(torch.full((999,), float(c)), Neuron(), Noise(), Surrogate(), seeded(3))
            for c in rising
        ]
    )
    assert spikes[0].sum() == 0
    assert spikes[-1].sum() == 999
    assert (spikes.diff(dim=0) >= 0).all()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 127])
def test_noisy_fire_takes_any_number_of_neurons(n):
    current = torch.tensor([-10.0, 10.0]).repeat(n)[:n]
    before = current.clone()
    spikes = noisy_fire(current, Neuron(), Noise(), Surrogate(), seeded(0))
    assert torch.equal(spikes, (before > 0).float())
    assert torch.equal(current, before)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_noisy_fire_keeps_the_memory_layout(memory_format):
    sign = torch.randn(3, 4, 5, 6).sign().to(memory_format=memory_format)
    spikes = noisy_fire(10 * sign, Neuron(), Noise(), Surrogate(), seeded(0))
    assert spikes.stride() == sign.stride()
    assert torch.equal(spikes, (sign > 0).float())


def test_the_probability_is_exact_to_half_of_the_last_of_16_bits():
    """Every one of the 2^16 draws once: the share that fires is p, rounded."""
    n, seed = 2**20, 5
    values = (sixteen_bits(n, seed) * 2**16).floor().long()
    positions = torch.full((2**16,), -1).scatter_(0, values, torch.arange(n))
    assert (positions >= 0).all(), "a draw of 16 bits did not come up; take another seed"
    for p in (0.0, 2.0**-16, 1e-4, 0.1, 1 / 3, 0.5, 0.9, 1 - 2.0**-16, 1.0):
        fired = below(torch.full((n,), 2 * p - 1), seeded(seed))[positions]
        assert abs(fired.double().mean().item() - p) <= 2.0**-17


def test_the_mean_of_many_draws_is_p():
    n = 2**22
    for p in (1e-4, 0.01, 0.25, 0.5, 0.75, 0.999):
        fired = below(torch.full((n,), 2 * p - 1), seeded(6)).double().mean().item()
        assert abs(fired - p) < 4 * math.sqrt(p * (1 - p) / n) + 2.0**-17


@pytest.mark.parametrize("p", [0.5, 0.2])
def test_the_four_numbers_of_one_draw_are_independent(p):
    """The 16 patterns that 4 neighbours can show come up as often as independence says."""
    n = 2**20
    fired = below(torch.full((n,), 2 * p - 1), seeded(7)).long().view(-1, 4)
    patterns = torch.bincount(fired @ torch.tensor([1, 2, 4, 8]), minlength=16)
    ones = torch.tensor([pattern.bit_count() for pattern in range(16)])
    expected = len(fired) * p**ones * (1 - p) ** (4 - ones)
    assert stats.chisquare(patterns.numpy(), expected.numpy(), sum_check=False).pvalue > 1e-3


def test_the_numbers_are_even_and_unrelated_to_later_ones():
    u = sixteen_bits(2**20, seed=9)
    assert stats.kstest(u.numpy(), "uniform").pvalue > 1e-3
    centred = (u - 0.5) * math.sqrt(12)
    for lag in (1, 2, 3, 4, 5, 8):
        correlation = (centred[lag:] * centred[:-lag]).mean().item()
        assert abs(correlation) < 4 / math.sqrt(len(u))


def test_equal_seeds_give_equal_spikes_and_a_generator_goes_on():
    current = torch.rand(1000)
    one, again, other = (
        noisy_fire(current, Neuron(), Noise(), Surrogate(), seeded(s)) for s in (0, 0, 1)
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    generator = seeded(0)
    calls = [noisy_fire(current, Neuron(), Noise(), Surrogate(), generator) for _ in range(2)]
    assert not torch.equal(calls[0], calls[1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_both_kernels_keep_the_floating_point_type(dtype):
    currents = torch.rand(2, 5, 4, dtype=dtype)
    assert noisy_fire(currents[0], Neuron(), Noise(), Surrogate(), seeded(0)).dtype == dtype
    spikes, last = fast_scan(currents, Neuron(), torch.zeros(5, 4, dtype=dtype), Surrogate())
    assert spikes.dtype == last.dtype == dtype


def test_far_tails_never_or_always_fire():
    current = torch.tensor([-3.0, 4.0]).repeat_interleave(10_000)
    assert firing_probability(current.double(), Noise()).unique().numel() == 2
    spikes = noisy_fire(current, Neuron(), Noise(), Surrogate(), seeded(0))
    assert torch.equal(spikes, (current > 0).float())
