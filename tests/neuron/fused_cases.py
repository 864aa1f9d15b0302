"""What `test_fused_kernels` runs in a Python of its own: the GPU kernels against the plain neuron.

On a GPU they run there, elsewhere in Triton's interpreter, which must be asked for before Triton
is loaded: TRITON_INTERPRET=1.
"""

from __future__ import annotations

import math

import pytest
import torch
import triton
import triton.language as tl
from scipy import stats
from torch.utils._python_dispatch import TorchDispatchMode

from snnlab.learning import BPTT, SingleStep
from snnlab.network import Architecture, build
from snnlab.neuron import Neuron, NeuronLayer, Noise, Surrogate, dynamics, fused, kernels
from snnlab.neuron.noise import SMOOTHING, reach_probability
from snnlab.neuron.rounding import RoundAtRandom
from snnlab.neuron.triton_kernels import even, standard_noise

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
TABLE = (-0.5, 0.2, 0.4, 0.45, 1.5)
NOISES = {
    **{family: Noise(family, sigma=0.35, mu=0.4) for family in ("gaussian", "uniform", "logistic")},
    "empirical": Noise("empirical", quantiles=TABLE),
}
SURROGATES = {
    **{shape: Surrogate(shape, 0.6) for shape in ("gaussian", "uniform", "logistic")},
    "arctan": Surrogate("arctan", 0.8),
    "triangle": Surrogate("triangle", 0.7),
    "empirical": Surrogate("empirical", 0.6, NOISES["empirical"].mirrored_quantiles),
}
NEURONS = [
    Neuron(v_th, beta=beta, reset=reset)
    for v_th in (1.0, 2.5)
    for beta in (1.0, 0.5)
    for reset in ("subtract", "zero")
]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator(DEVICE).manual_seed(seed)


@triton.jit
def write_uniform(seeds, out, BLOCK: tl.constexpr):
    """The numbers that `noisy_step` compares with, in its order."""
    seed, lane = tl.load(seeds), tl.arange(0, BLOCK)
    place = tl.program_id(0).to(tl.int64) * BLOCK + lane
    one, two, three, four = tl.randint4x(seed, place)
    i = tl.program_id(0) * 4 * BLOCK + lane
    tl.store(out + i, even(one))
    tl.store(out + i + BLOCK, even(two))
    tl.store(out + i + 2 * BLOCK, even(three))
    tl.store(out + i + 3 * BLOCK, even(four))


@triton.jit
def write_noise(seeds, out, n, table, intervals, FAMILY: tl.constexpr, BLOCK: tl.constexpr):
    """Standard noise at the places 0 .. n - 1."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + i, standard_noise(tl.load(seeds), i, table, intervals, FAMILY), mask=i < n)


def uniform_numbers(seed: int, n: int) -> torch.Tensor:
    """(n,) as the first call of `noisy_fire` with this seed draws them."""
    grid = fused.programs(n)
    out = torch.empty(grid[0] * fused.BLOCK, device=DEVICE)
    write_uniform[grid](fused.draw_seed(seeded(seed), DEVICE), out, fused.BLOCK // 4)
    return out[:n]


def noise_numbers(noise: Noise, seed: int, n: int) -> torch.Tensor:
    """(n,) as the first call of `fused_scan` or `rounded_rates` with this seed draws them."""
    out = torch.empty(n, device=DEVICE)
    table = fused.table_of(out, noise.standard_quantiles)
    drawn = fused.draw_seed(seeded(seed), DEVICE)
    write_noise[fused.programs(n)](drawn, out, n, *table, noise.family, fused.BLOCK)
    return out


def random_64ths(*shape: int) -> torch.Tensor:
    """Multiples of 1/64 in [-1, 2]: their sums are exact."""
    return torch.randint(-64, 129, shape, device=DEVICE, generator=seeded(1)).float() / 64


def outcome(run, currents, v, weights, uses=(True, True)):
    """Spikes, last potential, and the gradients of a weighted sum of one or both."""
    currents, v = currents.clone().requires_grad_(), v.clone().requires_grad_()
    spikes, last = run(currents, v)
    loss = sum(
        (x * w).sum() for x, w, used in zip((spikes, last), weights, uses, strict=True) if used
    )
    return spikes.detach(), last.detach(), *torch.autograd.grad(loss, (currents, v))


def assert_same(found, expected):
    assert torch.equal(found[0], expected[0])
    torch.testing.assert_close(found[1], expected[1])
    for mine, plain in zip(found[2:], expected[2:], strict=True):
        torch.testing.assert_close(mine, plain, rtol=2e-5, atol=2e-6)


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


@pytest.mark.parametrize("neuron", [Neuron(), Neuron(2.5, beta=0.8), Neuron(0.5)], ids=repr)
@pytest.mark.parametrize("family", list(NOISES))
def test_the_noisy_step_fires_where_the_same_uniform_numbers_say(family, neuron):
    noise, n = NOISES[family], 5 * fused.BLOCK + 3
    current = neuron.v_th * torch.linspace(-1, 2, n, device=DEVICE)
    fired = fused.noisy_fire(current, neuron, noise, Surrogate(), seeded(8))
    mean = current.double() + (neuron.beta * noise.mu - 1) * neuron.v_th
    p = reach_probability(noise, mean / (neuron.beta * noise.sigma * neuron.v_th))
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
    plain = kernels.NoisyFire.apply(leaf, neuron, noise, surrogate, seeded(0))
    mine = fused.noisy_fire(leaf, neuron, noise, surrogate, seeded(0))
    expected, found = (
        torch.autograd.grad((spikes * weight).sum(), leaf)[0] for spikes in (plain, mine)
    )
    if shape == "empirical":  # a kink of the table lies where rounding puts it
        assert ((found - expected).abs() < 1e-5).float().mean() > 0.999
        assert SMOOTHING == 0.25
    else:
        torch.testing.assert_close(found, expected, rtol=2e-5, atol=1e-6)


def test_the_noisy_step_in_another_layout_or_with_gaps():
    sign = torch.randn(3, 4, 5, 6, device=DEVICE).sign().to(memory_format=torch.channels_last)
    spikes = fused.noisy_fire(10 * sign, Neuron(), Noise(), Surrogate(), seeded(0))
    assert spikes.stride() == sign.stride()
    assert torch.equal(spikes, (sign > 0).float())
    gaps = (10 * sign)[:, ::2].requires_grad_()
    spikes = fused.noisy_fire(gaps, Neuron(), Noise(), Surrogate(), seeded(0))
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
    monkeypatched = pytest.MonkeyPatch()
    with monkeypatched.context() as patch:
        patch.setattr(fused, "usable", lambda x: True)
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
    from snnlab.neuron.noise import cumulative

    shares = cumulative(family, z, noise.standard_quantiles)
    assert stats.kstest(shares.numpy(), "uniform").pvalue > 1e-3


def test_equal_seeds_repeat_and_a_generator_goes_on():
    current = torch.rand(3000, device=DEVICE)
    noise = Noise()

    def draw(generator):
        step = fused.noisy_fire(current, Neuron(), noise, Surrogate(), generator)
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
    one = fused.noisy_fire(currents[0], Neuron(), Noise(), Surrogate(), seeded(0))
    assert one.dtype == dtype
    assert torch.autograd.grad(one.float().sum(), currents)[0].dtype == dtype


def test_noise_without_a_generator_is_refused():
    x = torch.zeros(2, 1, 3, device=DEVICE)
    with pytest.raises(ValueError, match="generator"):
        fused.fused_scan(x, Neuron(), x[0], Surrogate(), Noise())


class NoWaiting(TorchDispatchMode):
    """Refuses every operation that reads a number of the device into Python."""

    WAITS = ("_local_scalar_dense", "item", "nonzero", "is_nonzero", "equal", "unique")

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        assert name not in self.WAITS, f"{func} waits for the device"
        return func(*args, **(kwargs or {}))


@pytest.fixture
def always_fused(monkeypatch):
    """Use the fused kernels wherever their types allow; lists the calls."""
    calls = []

    def usable(x):
        calls.append(tuple(x.shape))
        return x.dtype in fused.TYPES

    monkeypatch.setattr(fused, "usable", usable)
    return calls


@pytest.mark.parametrize(
    ("objective", "noise"),
    [
        (SingleStep(), Noise()),
        (SingleStep(), Noise(timesteps=4)),
        (BPTT(3), None),
        (BPTT(3), Noise("uniform")),
    ],
    ids=repr,
)
def test_a_training_step_uses_them_and_never_waits(always_fused, objective, noise):
    net = build(
        Architecture("convnet", width=4), image_shape=(1, 8, 8), classes=3, seed=0, noise=noise
    )
    net.to(DEVICE, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), fused=True)
    images = torch.randn(4, 1, 8, 8, device=DEVICE).to(memory_format=torch.channels_last)
    labels, generator = torch.zeros(4, dtype=torch.int64, device=DEVICE), seeded(0)

    def step():
        loss = torch.nn.functional.cross_entropy(objective.logits(net, images, generator), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    step()  # tables of quantiles go to the device once
    assert len(always_fused) >= len(net.stages)
    with NoWaiting():
        step()
    assert all(p.grad.abs().sum() > 0 for p in net.parameters() if p.ndim > 1)


def test_the_guard_sees_what_waits():
    with NoWaiting(), pytest.raises(AssertionError, match="waits"):
        torch.ones(3).sum().item()


@pytest.mark.parametrize("name", ["convnet", "resnet18"])
def test_a_network_learns_the_same_as_by_the_plain_kernels(monkeypatch, name):
    images = torch.randn(4, 1, 8, 8, device=DEVICE)
    found = []
    for use in (False, True):
        monkeypatch.setattr(fused, "usable", lambda x, use=use: use)
        net = build(Architecture(name, width=4), image_shape=(1, 8, 8), classes=3, seed=0)
        net.to(DEVICE)
        net(images, 4).square().sum().backward()
        found.append([p.grad for p in net.parameters()])
    for plain, mine in zip(*found, strict=True):
        torch.testing.assert_close(mine, plain, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_a_layer_goes_on_from_potentials_with_noise(always_fused, reset):
    layer = NeuronLayer(Neuron(reset=reset), noise=Noise())
    currents = random_64ths(4, 2, 50)
    _, v = layer.advance(currents[:2], generator=seeded(0))
    spikes, v = layer.advance(currents[2:], v, generator=seeded(0))
    assert spikes.shape == (2, 2, 50)
    assert v.shape == (2, 50)
