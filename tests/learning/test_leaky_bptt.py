"""Backpropagation through time of leaky neurons."""

from __future__ import annotations

import pytest

from snnlab.learning import BPTT, Training, fit
from snnlab.measure import accuracy_against_timesteps
from snnlab.neuron import Neuron, Noise, Surrogate


@pytest.mark.sample(1)
@pytest.mark.parametrize("beta", [0.5, 0.9])
def test_leaky_neurons_learn_through_time(beta, digits, net_for):
    net = net_for(
        BPTT(4),
        width=48,
        noise=None,
        neuron=Neuron(beta=beta, v_init=0.5),
        surrogate=Surrogate.matched(Noise()),
    )
    history = fit(net, digits, BPTT(4), Training(epochs=10), seed=0)
    assert history[-1].loss < 0.3 * history[0].loss
    curve = accuracy_against_timesteps(net, digits.test, 8).accuracy
    assert curve[3] > 95
    assert curve[7] > 95
