"""The surrogate slope times a gradient, as the backward kernels compute it."""

from __future__ import annotations

import pytest
import torch

from snnlab.neuron import Surrogate
from snnlab.neuron.fast.kernels import WeightedSlope, sum_over_time
from snnlab.neuron.surrogate import slope

SURROGATES = [
    *(Surrogate(shape, 0.4) for shape in ("gaussian", "uniform", "logistic", "arctan", "triangle")),
    Surrogate("empirical", 0.4, quantiles=(-1.5, -0.2, 0.3, 1.4)),
]


@pytest.mark.parametrize("surrogate", SURROGATES, ids=lambda s: s.shape)
@pytest.mark.parametrize("total", [None, "given"])
def test_it_equals_slope_times_gradient(surrogate, total):
    v_th, offset = 2.5, -1.7
    x, grad = torch.randn(2, 500, dtype=torch.float64)
    base = None if total is None else torch.randn(500, dtype=torch.float64)
    expected = grad * slope(surrogate, (x + offset) / v_th) / v_th
    assert expected.abs().max() > 0.05
    weighted, scratch = WeightedSlope(surrogate, offset, v_th, x), torch.empty_like(x)
    found = weighted.add_to(base, grad, x, scratch=scratch, out=torch.empty_like(x))
    torch.testing.assert_close(found, expected if base is None else base + expected)
    if base is None:
        torch.testing.assert_close(weighted.times(grad, x), expected)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_sum_over_time_is_sum_with_the_gradient_in_the_layout_of_the_spikes(memory_format):
    folded = torch.randn(6, 4, 5, 7).to(memory_format=memory_format).requires_grad_()
    spikes = folded.view(3, 2, 4, 5, 7)
    weight = torch.randn(2, 4, 5, 7)
    total = sum_over_time(spikes)
    torch.testing.assert_close(total, spikes.sum(0))
    (gradient,) = torch.autograd.grad((total * weight).sum(), spikes)
    assert torch.equal(gradient, weight.expand(3, 2, 4, 5, 7))
    assert gradient[0].stride() == spikes[0].stride()
