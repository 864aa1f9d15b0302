"""Charge, fire, reset: against plain Python numbers, and the paths through time against each other.

Currents are multiples of a power of two where exact equality is asked for, so that no sum is
rounded.
"""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.neuron import Neuron, NeuronLayer, Noise, Surrogate
from snnlab.neuron.dynamics import charge, fire, first_potential, reset, scan, step, trace
from snnlab.neuron.fast.kernels import fast_scan
from snnlab.neuron.transfer import multi_step_rate

NEURONS = [
    Neuron(),
    Neuron(reset="zero"),
    Neuron(beta=0.5),
    Neuron(v_th=0.75, v_init=-0.25, beta=0.9),
    Neuron(v_th=2.0, v_init=0.0, beta=0.9, reset="zero"),
]


def by_hand(currents: list[float], neuron: Neuron) -> list[tuple[float, float, float]]:
    """(h, spike, v) of each timestep, in Python floats."""
    v, rows = neuron.v_th / 2 if neuron.v_init is None else neuron.v_init, []
    for current in currents:
        h = neuron.beta * v + current
        spike = 1.0 if h >= neuron.v_th else 0.0
        after_spike = h - neuron.v_th if neuron.reset == "subtract" else 0.0
        v = after_spike if spike else h
        rows.append((h, spike, v))
    return rows


@given(
    currents=st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=30),
    neuron=st.sampled_from(NEURONS),
)
def test_trace_is_the_equations_worked_out_by_hand(currents, neuron):
    path = trace(torch.tensor(currents, dtype=torch.float64).view(-1, 1, 1), neuron)
    assert list(zip(*(part.flatten().tolist() for part in path), strict=True)) == by_hand(
        currents, neuron
    )


def test_the_three_verbs_make_a_step():
    v, current = torch.randn(4, 3), torch.randn(4, 3)
    for neuron in NEURONS:
        h = charge(v, current, neuron.beta)
        spikes = fire(h, neuron.v_th)
        found = step(v, current, neuron)
        assert torch.equal(found.h, h)
        assert torch.equal(found.spikes, spikes)
        assert torch.equal(found.v, reset(h, spikes, neuron))


@pytest.mark.parametrize("neuron", NEURONS, ids=repr)
def test_scan_and_trace_equal_step_after_step(neuron):
    currents = torch.randn(20, 4, 3)
    v, steps = first_potential(currents, neuron), []
    for current in currents:
        steps.append(step(v, current, neuron))
        v = steps[-1].v
    path = trace(currents, neuron)
    for kept, parts in zip(path, zip(*steps, strict=True), strict=True):
        assert torch.equal(kept, torch.stack(parts))
    spikes, last = scan(currents, neuron)
    assert torch.equal(spikes, path.spikes)
    assert torch.equal(last, path.v[-1])


@pytest.mark.parametrize("neuron", NEURONS, ids=repr)
def test_a_run_cut_in_two_equals_the_whole(neuron):
    currents = torch.randn(20, 4, 3)
    spikes, last = scan(currents, neuron)
    early, v = scan(currents[:7], neuron)
    late, end = scan(currents[7:], neuron, v)
    assert torch.equal(torch.cat([early, late]), spikes)
    assert torch.equal(end, last)


def by_step(currents, neuron):
    return step(first_potential(currents, neuron), currents[0], neuron).spikes


def by_scan(currents, neuron):
    return scan(currents, neuron)[0]


def by_fast_scan(currents, neuron):
    return fast_scan(currents, neuron, first_potential(currents, neuron), Surrogate())[0]


def by_layer(currents, neuron):
    return NeuronLayer(neuron)(currents)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("v_th", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("run", [by_step, by_scan, by_fast_scan, by_layer])
def test_fires_at_exact_equality_and_not_just_below(run, v_th, dtype):
    threshold = torch.tensor(v_th, dtype=dtype)
    below = torch.nextafter(threshold, torch.zeros((), dtype=dtype))
    currents = torch.stack([threshold, below]).view(1, 2)
    assert run(currents, Neuron(v_th=v_th, v_init=0.0)).flatten().tolist() == [1, 0]


def test_constant_current_equals_the_rounding_formula_for_every_T_up_to_64():
    sixteenths = torch.arange(-8, 25)  # currents -0.5 to 1.5, ties at every half spike included
    currents = (sixteenths / 16).expand(64, 1, -1)  # (T, 1, currents)
    counts = scan(currents, Neuron())[0].cumsum(0).long()  # spikes in the first 1, 2, ... steps
    for T in range(1, 65):
        rounded = (2 * T * sixteenths + 16).div(32, rounding_mode="floor").clamp(0, T)  # integers
        assert torch.equal(counts[T - 1, 0], rounded)
        assert torch.equal(multi_step_rate(sixteenths / 16, T), rounded / T)


@pytest.mark.parametrize("v_th", [0.5, 1.0, 8.0])
@pytest.mark.parametrize("start_share", [0.0, 0.5, 0.75])
@pytest.mark.parametrize("reset_kind", ["subtract", "zero"])
def test_multi_step_rate_equals_a_scan(v_th, start_share, reset_kind):
    neuron = Neuron(v_th=v_th, v_init=start_share * v_th, reset=reset_kind)
    current = v_th * torch.arange(-16, 48, dtype=torch.float64) / 32
    counts = scan(current.expand(40, 1, -1), neuron)[0].cumsum(0)[:, 0]
    for T in (1, 2, 3, 7, 16, 40):
        assert torch.equal(multi_step_rate(current, T, neuron), counts[T - 1] / T)


HUNDREDTHS = torch.arange(-30, 161)  # of a current, as on the sliders: -0.30 to 1.60


def counted(v_th, start, reset_kind, T):
    """Spikes in the first 1 to T timesteps of neurons counted in whole hundredths: (T, N)."""
    neuron = Neuron(v_th=float(v_th), v_init=float(start), reset=reset_kind)
    return trace(HUNDREDTHS.double().expand(T, -1), neuron).spikes.cumsum(0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("v_th", [100, 35, 70, 195])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
@pytest.mark.parametrize("reset_kind", ["subtract", "zero"])
def test_closed_form_and_simulation_have_one_rule_for_ties(dtype, v_th, share, reset_kind):
    start = round(share * v_th)
    counts = counted(v_th, start, reset_kind, 128)
    neuron = Neuron(v_th=v_th / 100, v_init=start / 100, reset=reset_kind)
    currents = torch.tensor([k / 100 for k in HUNDREDTHS.tolist()], dtype=dtype)
    for T in range(1, 129):
        rate = multi_step_rate(currents, T, neuron)
        assert torch.equal((rate * T).round().double(), counts[T - 1]), T


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("v_th", [100, 35, 195])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_adding_floats_up_makes_at_most_one_spike_late_and_only_at_a_tie(dtype, v_th, share):
    start, T = round(share * v_th), 128
    neuron = Neuron(v_th=v_th / 100, v_init=start / 100)
    currents = torch.tensor([k / 100 for k in HUNDREDTHS.tolist()], dtype=dtype)
    exact = counted(v_th, start, "subtract", T)
    for run in (scan, trace):
        late = exact - run(currents.expand(T, 1, -1), neuron)[run is trace][:, 0].cumsum(0)
        due = torch.arange(1, T + 1)[:, None] * HUNDREDTHS + start
        tie = (due % v_th == 0) & (due > 0) | (v_th == HUNDREDTHS)
        assert set(late.flatten().tolist()) <= {0, 1}
        assert not late[~tie & (v_th > HUNDREDTHS)].any()


def test_a_hundred_timesteps_of_hundredths_are_the_hundredths():
    currents = HUNDREDTHS[30:131] / 100  # 0 to 1, float32: many lie below what was written
    rate = multi_step_rate(currents, 100, Neuron(v_init=0.0))
    assert torch.equal((100 * rate).round().long(), HUNDREDTHS[30:131])


@pytest.mark.parametrize(
    ("timesteps", "neuron", "message"),
    [
        (8, Neuron(beta=0.9), r"beta = 0\.9.*trace"),
        (0, Neuron(), "at least 1, got 0"),
        (8, Neuron(v_init=1.0), r"v_init must lie in \[0, v_th\), got 1\.0"),
        (8, Neuron(v_init=-0.1), r"v_init must lie in \[0, v_th\), got -0\.1"),
    ],
)
def test_multi_step_rate_refuses_what_it_has_no_formula_for(timesteps, neuron, message):
    with pytest.raises(ValueError, match=message):
        multi_step_rate(torch.zeros(1), timesteps, neuron)


def test_the_leak_forgets_geometrically():
    neuron = Neuron(v_th=100.0, v_init=1.0, beta=0.5)
    v = trace(torch.zeros(10, 1), neuron).v.flatten()
    assert torch.equal(v, 0.5 ** torch.arange(1, 11))


def test_start_is_v_init_or_the_mean_of_the_noise_or_what_is_given():
    currents = torch.zeros(3, 2, 5)
    neuron, noise = Neuron(v_th=2.0, v_init=0.25), Noise(mu=0.75)
    assert torch.equal(first_potential(currents, neuron), torch.full((2, 5), 0.25))
    assert torch.equal(first_potential(currents, Neuron(v_th=2.0)), torch.ones(2, 5))
    assert torch.equal(first_potential(currents, neuron, noise), torch.full((2, 5), 1.5))
    given = torch.rand(2, 5)
    assert torch.equal(trace(currents, neuron, given).h[0], given)


@pytest.mark.parametrize("family", ["gaussian", "uniform", "logistic"])
@pytest.mark.parametrize("neuron", NEURONS, ids=repr)
def test_firing_and_reset_see_the_same_draw(neuron, family):
    noise = Noise(family, sigma=0.4, mu=0.2)
    generator = torch.Generator().manual_seed(1)
    path = trace(torch.rand(10, 50, 40), neuron, noise=noise, generator=generator)
    assert 0 < path.spikes.mean() < 1
    assert torch.equal(path.spikes, fire(path.h, neuron.v_th))
    assert torch.equal(path.v, reset(path.h, path.spikes, neuron))


@pytest.mark.parametrize("neuron", NEURONS, ids=repr)
def test_noise_is_one_fresh_leaked_deviation_per_neuron_and_timestep(neuron):
    noise = Noise(sigma=0.4, mu=0.2)
    currents = torch.rand(8, 50, 100, dtype=torch.float64)
    path = trace(currents, neuron, noise=noise, generator=torch.Generator().manual_seed(1))
    residual = torch.cat([torch.full_like(path.v[:1], 0.2 * neuron.v_th), path.v[:-1]])
    deviation = (path.h - neuron.beta * residual - currents) / (neuron.beta * 0.4 * neuron.v_th)
    n = deviation.numel()
    assert deviation.mean().abs() < 4 / math.sqrt(n)
    assert (deviation.square().mean() - 1).abs() < 4 * math.sqrt(2 / n)
    correlation = (deviation[1:] * deviation[:-1]).mean()
    assert correlation.abs() < 4 / math.sqrt(n)


def test_equal_seeds_give_equal_noise_and_the_global_state_is_left_alone():
    currents, before = torch.rand(4, 10, 10), torch.get_rng_state()
    runs = [
        scan(currents, Neuron(), noise=Noise(), generator=torch.Generator().manual_seed(seed))[1]
        for seed in (5, 5, 6)
    ]
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])
    assert torch.equal(torch.get_rng_state(), before)


def test_noise_without_a_generator_is_an_error():
    with pytest.raises(ValueError, match="generator"):
        scan(torch.zeros(1, 1), Neuron(), noise=Noise())


@pytest.mark.parametrize("shape", [(), (0,), (0, 3, 2)])
def test_currents_without_timesteps_are_an_error_that_quotes_their_shape(shape):
    with pytest.raises(ValueError, match=r"\(T, B, \*\) with T >= 1") as caught:
        scan(torch.zeros(shape), Neuron())
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize(
    ("constants", "message"),
    [
        ({"v_th": 0.0}, r"v_th must be a number above 0, got 0\.0"),
        ({"v_th": -1.0}, r"v_th .* got -1\.0"),
        ({"v_th": math.nan}, "v_th .* got nan"),
        ({"v_init": math.inf}, "v_init .* got inf"),
        ({"beta": 0.0}, r"beta must lie in \(0, 1\].* got 0\.0"),
        ({"beta": 1.1}, r"beta .* got 1\.1"),
        ({"reset": "hard"}, "reset 'hard'; valid: subtract, zero"),
    ],
)
def test_a_neuron_with_impossible_constants_is_refused(constants, message):
    with pytest.raises(ValueError, match=message):
        Neuron(**constants)
