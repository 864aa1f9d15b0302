"""Surrogate slopes: densities, equal to the derivative of the firing probability under noise."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.integrate import quad

from snnlab.neuron import Neuron, NeuronLayer, Noise, Surrogate
from snnlab.neuron.dynamics import scan
from snnlab.neuron.fast.kernels import noisy_fire
from snnlab.neuron.surrogate import slope
from snnlab.neuron.transfer import firing_probability

SHAPES = ["gaussian", "uniform", "logistic", "arctan", "triangle"]
FAMILIES = SHAPES[:3]


@pytest.mark.parametrize("width", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_slope_is_a_symmetric_density(shape, width):
    surrogate = Surrogate(shape, width)

    def at(x: float) -> float:
        return slope(surrogate, torch.tensor(x, dtype=torch.float64)).item()

    ends = {"uniform": math.sqrt(3) * width, "triangle": width}
    end = ends.get(shape, math.inf)
    assert quad(at, 0, end)[0] == pytest.approx(0.5, abs=1e-6)
    for x in (0.1, 0.7, 2.3, 9.0):
        assert at(x) == at(-x) >= 0
        assert at(x) <= at(0)


@pytest.mark.parametrize("shape", ["arctan", "triangle"])
def test_the_peak_is_one_over_the_width(shape):
    assert slope(Surrogate(shape, 0.4), torch.zeros(1)).item() == pytest.approx(1 / 0.4)


@pytest.mark.parametrize(("shape", "end"), [("triangle", 0.4), ("uniform", 0.4 * math.sqrt(3))])
def test_slopes_with_an_end_are_zero_beyond_it(shape, end):
    around = torch.tensor([0.99 * end, 1.01 * end], dtype=torch.float64)
    assert slope(Surrogate(shape, 0.4), around).gt(0).tolist() == [True, False]


def gradient_of_scan(current, neuron, noise):
    surrogate = Surrogate.matched(noise, neuron.beta)
    generator = torch.Generator().manual_seed(0)
    return scan(current[None], neuron, surrogate=surrogate, noise=noise, generator=generator)[0]


def gradient_of_kernel(current, neuron, noise):
    surrogate = Surrogate.matched(noise, neuron.beta)
    return noisy_fire(current, neuron, noise, surrogate, torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "neuron", [Neuron(), Neuron(v_th=2.5, beta=0.8), Neuron(v_th=0.5, reset="zero")], ids=repr
)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_matched_surrogate_equals_autograd_of_the_firing_probability(family, neuron):
    noise = Noise(family, sigma=0.35, mu=0.4)
    current = neuron.v_th * torch.linspace(-1, 2.5, 98, dtype=torch.float64)  # no kink among them
    expected = _gradient(firing_probability, current, noise, neuron)
    assert expected.max() > 0.1
    for found in (
        _gradient(gradient_of_scan, current, neuron, noise),
        _gradient(gradient_of_kernel, current, neuron, noise),
    ):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-14)


def _gradient(function, current, *constants):
    current = current.clone().requires_grad_()
    return torch.autograd.grad(function(current, *constants).sum(), current)[0]


@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("shape", SHAPES)
def test_backpropagation_through_time_equals_the_sum_over_later_timesteps(shape, reset):
    """dL/dI[k] is the sum over t >= k of g[t] slope(h[t]) dh[t]/dI[k], the reset held constant."""
    neuron, surrogate = Neuron(v_th=0.8, beta=0.9, reset=reset), Surrogate(shape, 0.7)
    currents = torch.randn(12, 5, dtype=torch.float64).requires_grad_()
    spikes, last = scan(currents, neuron, surrogate=surrogate)
    g, g_last = torch.randn_like(spikes), torch.randn_like(last)
    (found,) = torch.autograd.grad((g * spikes).sum() + (g_last * last).sum(), currents)

    h, v = [], torch.full((5,), 0.4, dtype=torch.float64)
    for current in currents.detach():
        h.append(0.9 * v + current)
        fired = (h[-1] >= 0.8).double()
        v = h[-1] - 0.8 * fired if reset == "subtract" else h[-1] * (1 - fired)
    kept = [torch.ones(5) if reset == "subtract" else (row < 0.8).double() for row in h]
    for k in range(12):
        total, path = torch.zeros(5, dtype=torch.float64), torch.ones(5, dtype=torch.float64)
        for t in range(k, 12):  # path: dh[t]/dI[k]
            total += g[t] * slope(surrogate, h[t] / 0.8 - 1) / 0.8 * path
            path = path * kept[t] * (0.9 if t < 11 else 1.0)
        torch.testing.assert_close(found[k], total + g_last * path)


def test_without_a_surrogate_spikes_carry_no_gradient():
    currents = torch.rand(3, 2, requires_grad=True)
    assert not scan(currents, Neuron())[0].requires_grad


@pytest.mark.parametrize(
    ("current", "sent_back", "of_the_mean"),
    [(0.2, 0.168, 0.402), (0.5, 0.956, 0.691), (0.8, 0.947, 0.402)],
)
def test_through_two_noisy_layers_the_gradient_is_biased(current, sent_back, of_the_mean):
    """What notebook 03 says: exact for one layer, and with weight 1 and bias -0.5 these numbers."""
    noise, weight, bias = Noise(), 1.0, -0.5
    layer, generator = NeuronLayer(noise=noise), torch.Generator().manual_seed(0)
    x = torch.full((1, 100_000, 1), current, requires_grad=True)  # (T, B, N)
    first = layer(x, generator=generator)
    (slope_of_one,) = torch.autograd.grad(first.sum(), x, retain_graph=True)
    i = torch.tensor(current, requires_grad=True)
    rise = torch.autograd.grad(firing_probability(i, noise), i)[0]
    torch.testing.assert_close(slope_of_one, rise.expand_as(x))  # each draw, so their mean too
    (found,) = torch.autograd.grad(layer(weight * first + bias, generator=generator).sum(), x)
    on, off = firing_probability(torch.tensor([weight + bias, bias]), noise)
    assert found.mean().item() == pytest.approx(sent_back, abs=0.02)
    assert (rise * (on - off)).item() == pytest.approx(of_the_mean, abs=0.002)


def test_the_fast_sigmoid_has_an_area_of_two_over_its_steepness():
    for k in (2, 25):
        assert 2 * quad(lambda x, k=k: 1 / (1 + k * x) ** 2, 0, math.inf)[0] == pytest.approx(2 / k)
