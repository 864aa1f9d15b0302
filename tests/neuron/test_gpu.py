"""The neuron on a GPU against `dynamics` in float64 on the CPU: random inputs, types, layouts.

`test_fused_kernels` compares single kernels case by case; here they are met as networks meet
them, through `NeuronLayer` and `kernels`.
"""

from __future__ import annotations

import random

import pytest
import torch

from snnlab.neuron import Neuron, NeuronLayer, Surrogate, dynamics
from snnlab.neuron.fast import fused, kernels
from snnlab.neuron.transfer import firing_probability
from tests.neuron.kernel_inputs import NEURONS, NOISES

pytestmark = pytest.mark.gpu

TYPES = {torch.float32: 2e-5, torch.bfloat16: 2e-2, torch.float16: 3e-3}
"""Of the currents, and how much the rounding of a gradient to the type can change it."""
SHAPES = ("gaussian", "uniform", "logistic", "arctan", "triangle")


def dense(x):
    return x


def channels_last(x):
    """The feature maps of each timestep with their channels innermost."""
    return x.flatten(0, 1).to(memory_format=torch.channels_last).view(x.shape)


def with_gaps(x):
    """Every other column of a wider tensor."""
    return torch.stack([x, torch.full_like(x, 9)], -1).flatten(-2)[..., ::2]


def turned(x):
    """Batch innermost."""
    return x.permute(0, 2, 3, 4, 1).contiguous().permute(0, 4, 1, 2, 3)


def repeated(x):
    """The first timestep at each timestep, not copied."""
    return x[:1].expand_as(x)


LAYOUTS = (dense, channels_last, with_gaps, turned, repeated)


def cuda_generator(seed):
    return torch.Generator("cuda").manual_seed(seed)


@pytest.fixture
def seen(monkeypatch):
    """Whether each call was left to the fused kernels."""
    answers, usable = [], fused.usable

    def asked(*given):
        answers.append(usable(*given))
        return answers[-1]

    monkeypatch.setattr(fused, "usable", asked)
    return answers


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("neuron", NEURONS, ids=repr)
def test_the_scan_is_that_of_the_plain_neuron(neuron, dtype, layout, seen):
    """On multiples of 1/64, whose sums are exact, spike by spike; then the gradients."""
    chance = random.Random(f"{neuron}{dtype}{layout.__name__}")
    shape = [chance.randint(1, most) for most in (6, 5, 9, 11, 13)]
    surrogate = Surrogate(chance.choice(SHAPES), chance.choice([0.3, 0.8]))
    numbers = torch.Generator().manual_seed(chance.randrange(2**31))
    given = torch.randint(-64, 129, shape, generator=numbers) / 64
    start = torch.randint(-64, 129, shape[1:], generator=numbers) / 64
    weight = torch.randn(shape, generator=numbers).to(dtype)

    def outcome(scan, device, dtype):
        leaf = given.to(device, dtype).requires_grad_()
        v = start.to(device, torch.promote_types(dtype, torch.float32)).requires_grad_()
        spikes, last = scan(layout(leaf), neuron, v, surrogate=surrogate)
        loss = (spikes * layout(weight.to(device, dtype))).double().sum() + last.double().sum()
        return spikes, last, *torch.autograd.grad(loss, (leaf, v))

    found = outcome(kernels.fast_scan, "cuda", dtype)
    plain = outcome(dynamics.scan, "cpu", torch.float64)
    assert seen == [True]
    assert found[0].dtype == dtype
    assert torch.equal(found[0].cpu().double(), plain[0])
    assert torch.equal(found[1].cpu().double(), plain[1])
    for mine, expected in zip(found[2:], plain[2:], strict=True):
        bound = TYPES[dtype]
        torch.testing.assert_close(mine.cpu().double(), expected, rtol=bound, atol=bound)


@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("beta", [1.0, 0.9])
def test_on_any_numbers_it_fires_where_the_potential_says(beta, reset):
    """Given the spikes, the potentials follow in float64; near the threshold either is right."""
    neuron, T = Neuron(1.3, beta=beta, reset=reset), 16
    currents = torch.randn(T, 64, 1000, generator=torch.Generator().manual_seed(5)) / 2 + 0.3
    v = torch.rand(64, 1000)
    spikes, last = (x.cpu().double() for x in kernels.fast_scan(
        currents.cuda(), neuron, v.cuda(), Surrogate()
    ))  # fmt: skip
    u = v.double()
    for current, fired in zip(currents.double(), spikes, strict=True):
        h = beta * u + current
        sure = (h - neuron.v_th).abs() > 1e-5
        assert sure.double().mean() > 0.999
        assert torch.equal(fired[sure] > 0, h[sure] >= neuron.v_th)
        u = dynamics.reset(h, fired, neuron)
    torch.testing.assert_close(last, u, rtol=0, atol=1e-4)


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("neuron", [Neuron(), Neuron(2.5, beta=0.8)], ids=repr)
@pytest.mark.parametrize("family", NOISES)
def test_a_noisy_layer_fires_as_often_as_the_closed_form_says(family, neuron, dtype, seen):
    noise, n = NOISES[family], 200_000
    layer = NeuronLayer(neuron, noise=noise)
    current = (neuron.v_th * torch.linspace(-0.6, 1.6, 12)).to(dtype)
    spikes = layer(current.cuda().expand(1, n, 12), generator=cuda_generator(3))
    assert seen[-1]
    p = firing_probability(current.double(), noise, neuron)
    bound = 5 * (p * (1 - p) / n).sqrt() + 1e-5
    assert ((spikes[0].double().mean(0).cpu() - p).abs() <= bound).all()


@pytest.mark.parametrize("family", NOISES)
def test_noise_at_each_timestep_spreads_the_potentials_by_sigma(family):
    """Neurons that never fire add up T independent deviations."""
    noise, T, n = NOISES[family], 6, 100_000
    currents = torch.full((T, 1, n), -50.0, device="cuda")
    v = torch.zeros(1, n, device="cuda")
    _, last = fused.fused_scan(currents, Neuron(), v, Surrogate(), noise, cuda_generator(1))
    spread = last.double().std().item()
    assert spread == pytest.approx(noise.sigma * T**0.5, rel=0.02)
    assert last.double().mean().item() == pytest.approx(-50 * T, abs=5 * spread / n**0.5)


def test_float64_and_strangers_take_the_plain_path_and_are_right(seen):
    currents = torch.randint(-64, 129, (4, 3, 50)).double() / 64
    v = torch.zeros(3, 50).double()
    spikes, last = kernels.fast_scan(currents.cuda(), Neuron(), v.cuda(), Surrogate())
    assert seen == [False]
    plain = dynamics.scan(currents, Neuron(), v)
    assert torch.equal(spikes.cpu(), plain[0])
    assert torch.equal(last.cpu(), plain[1])


def test_noise_for_more_neurons_than_32_bits_can_count():
    """The last of more than 2^31 neurons fire, and no other."""
    n = 2**31 + 5
    if torch.cuda.mem_get_info()[0] < 12 * n:
        pytest.skip(f"needs {12 * n / 2**30:.0f} GiB of free GPU memory")
    current = torch.full((1, n), -9.0, dtype=torch.bfloat16, device="cuda")
    current[:, -3:] = 9.0
    current.requires_grad_()
    surrogate = Surrogate("triangle", 20.0)
    spikes = kernels.noisy_fire(current, Neuron(), NOISES["uniform"], surrogate, cuda_generator(0))
    assert spikes.sum(dtype=torch.float64).item() == 3
    assert spikes[0, -3:].tolist() == [1, 1, 1]
    (gradient,) = torch.autograd.grad(spikes[0, -1], current)
    assert gradient[0, -1].item() > 0
    assert gradient.count_nonzero().item() == 1


def test_more_neurons_than_32_bits_can_count():
    """T * B * features above 2^31: the last timestep and its last neuron are right."""
    T, n = 5, 2**29
    needed = 3 * T * n * 2 + 8 * n
    if torch.cuda.mem_get_info()[0] < 1.2 * needed:
        pytest.skip(f"needs {needed / 2**30:.0f} GiB of free GPU memory")
    currents = torch.zeros(T, 1, n, dtype=torch.bfloat16, device="cuda")
    currents[:, 0, -3:] = torch.tensor([0.25, 0.5, 1.0], device="cuda")
    v = torch.zeros(1, n, device="cuda")
    spikes, _ = kernels.fast_scan(currents, Neuron(), v, Surrogate())
    assert spikes.sum(dtype=torch.float64).item() == 1 + 2 + 5
    assert spikes[:, 0, -3:].sum(0).tolist() == [1, 2, 5]
    assert spikes[-1, 0, -3:].tolist() == [0, 0, 1]
