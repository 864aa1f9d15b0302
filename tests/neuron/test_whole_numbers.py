"""Currents of whole numbers act like the same floating-point ones; numbers that vanish."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.neuron import (
    Neuron,
    NeuronLayer,
    Noise,
    StepLayer,
    Surrogate,
    fire,
    firing_probability,
    multi_step_rate,
    scan,
    step,
    trace,
)


@given(
    currents=st.lists(st.integers(-2, 2), min_size=1, max_size=12),
    v_init=st.sampled_from([0.0, 0.25, 0.5, 0.75]),
    beta=st.sampled_from([1.0, 0.5]),
    kind=st.sampled_from([torch.int64, torch.int32, torch.int8]),
)
def test_whole_currents_are_taken_as_numbers(
    currents: list[int], v_init: float, beta: float, kind: torch.dtype
) -> None:
    neuron = Neuron(v_th=1.5, v_init=v_init, beta=beta)
    whole = torch.tensor(currents, dtype=kind)[:, None]
    expected = trace(whole.float(), neuron)
    found = trace(whole, neuron)
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one, other)
    assert torch.equal(scan(whole, neuron)[0], expected.spikes)
    for layer in (NeuronLayer(neuron), StepLayer(neuron)):
        assert torch.equal(layer(whole), expected.spikes)
    first = step(v_init, whole[0], neuron)
    assert torch.equal(first.h, expected.h[0])


def test_a_v_init_of_three_quarters_stays() -> None:
    assert trace(torch.zeros(1, 1, dtype=torch.int64), Neuron(v_init=0.75)).h.item() == 0.75
    assert fire(torch.tensor(1)).item() == 1.0
    assert multi_step_rate(torch.tensor(1), 4).item() == 1.0
    half = firing_probability(torch.tensor(0), Noise(mu=1.0))
    assert half.item() == 0.5


@pytest.mark.parametrize("tiny", [1e-60, 1e-40, 5e-324])
def test_what_vanishes_in_single_precision_is_refused(tiny: float) -> None:
    with pytest.raises(ValueError, match=rf"sigma must lie in .*single precision, got {tiny}"):
        Noise(sigma=tiny)
    with pytest.raises(ValueError, match=r"surrogate width must lie in"):
        Surrogate(width=tiny)
    with pytest.raises(ValueError, match=r"v_th must lie in"):
        Neuron(v_th=tiny)
    with pytest.raises(ValueError, match=r"vanishes in single precision"):
        NeuronLayer(Neuron(v_th=1e-20), noise=Noise(sigma=1e-20))


@pytest.mark.parametrize("sigma", [1e-30, 1e-12])
def test_the_smallest_sigma_decides_like_no_noise(sigma: float) -> None:
    layer = NeuronLayer(noise=Noise(sigma=sigma))
    current = torch.tensor([[[0.2, 0.8]]], requires_grad=True)
    spikes = layer(current, generator=torch.Generator())
    assert spikes.flatten().tolist() == [0.0, 1.0]
    spikes.sum().backward()
    assert current.grad is not None
    assert current.grad.isfinite().all()
