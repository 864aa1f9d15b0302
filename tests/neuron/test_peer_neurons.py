"""The same spikes as snnTorch and SpikingJelly, given the same parameters and currents.

Both libraries keep the state in the neuron and are driven here from v_init by hand.

SpikingJelly: `v_reset=None` is reset by subtraction, a number is what the potential is reset to.
Its LIF neuron has beta = 1 - 1/tau and, with `decay_input=False`, adds the current undivided.
It fires at h >= v_th, as ours does.

snnTorch: fires at h > v_th, so it differs at exact equality. Its default `reset_delay=True`
resets one timestep later, after the leak: the same for reset to zero and for the IF neuron
reset by subtraction, but the leaky neuron loses v_th where ours loses beta v_th. With
`reset_delay=False` it resets as ours does as long as one reset brings the potential below
the threshold; where it does not, it takes that spike off again before it fires the next time.
"""

from __future__ import annotations

import pytest
import torch

from snnlab.neuron import Neuron, scan

T, SIZE = 200, (4, 50)
RESETS = ["subtract", "zero"]
BETAS = [1.0, 0.9, 0.5]


def random_currents(low: float, high: float) -> torch.Tensor:
    """(T, *SIZE), drawn evenly from [low, high)."""
    generator = torch.Generator().manual_seed(21)
    return torch.empty(T, *SIZE, dtype=torch.float64).uniform_(low, high, generator=generator)


def spikingjelly_spikes(currents, neuron):
    module = pytest.importorskip(
        "spikingjelly.activation_based.neuron", reason="SpikingJelly is not installed"
    )
    options = {
        "v_threshold": neuron.v_th,
        "v_reset": None if neuron.reset == "subtract" else 0.0,
        "step_mode": "m",
    }
    if neuron.beta == 1:
        node = module.IFNode(**options)
    else:
        node = module.LIFNode(tau=1 / (1 - neuron.beta), decay_input=False, **options)
    node.v = torch.full(SIZE, neuron.v_start, dtype=currents.dtype)
    return node(currents)


def snntorch_spikes(currents, neuron, *, reset_delay):
    snntorch = pytest.importorskip("snntorch", reason="snnTorch is not installed")
    node = snntorch.Leaky(
        beta=neuron.beta,
        threshold=neuron.v_th,
        reset_mechanism=neuron.reset,
        reset_delay=reset_delay,
    ).double()
    v, spikes = torch.full(SIZE, neuron.v_start, dtype=currents.dtype), []
    for current in currents:
        fired, v = node(current, v)
        spikes.append(fired.detach())
    return torch.stack(spikes)


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("beta", BETAS)
def test_same_spikes_as_spikingjelly(beta, reset):
    neuron = Neuron(v_th=0.8, v_init=0.3, beta=beta, reset=reset)
    currents = random_currents(-1.0, 1.5)
    ours, _ = scan(currents, neuron)
    assert 0.2 < ours.mean() < 0.6
    assert torch.equal(ours, spikingjelly_spikes(currents, neuron))


def test_spikingjelly_fires_at_equality_too():
    at_threshold = torch.full((1, *SIZE), 0.75, dtype=torch.float64)
    neuron = Neuron(v_th=0.75, v_init=0.0)
    assert spikingjelly_spikes(at_threshold, neuron).mean() == 1
    assert scan(at_threshold, neuron)[0].mean() == 1


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("beta", BETAS)
def test_same_spikes_as_snntorch_without_its_delay(beta, reset):
    neuron = Neuron(v_th=0.8, v_init=0.3, beta=beta, reset=reset)
    currents = random_currents(-0.5, 0.8)  # one reset always suffices
    ours, _ = scan(currents, neuron)
    assert 0.05 < ours.mean() < 0.5
    assert torch.equal(ours, snntorch_spikes(currents, neuron, reset_delay=False))


@pytest.mark.parametrize(("beta", "reset"), [(1.0, "subtract"), (1.0, "zero"), (0.9, "zero")])
def test_same_spikes_as_snntorch_with_its_delay(beta, reset):
    neuron = Neuron(v_th=0.8, v_init=0.3, beta=beta, reset=reset)
    currents = random_currents(-1.0, 1.5)
    ours, _ = scan(currents, neuron)
    assert 0.2 < ours.mean() < 0.6
    assert torch.equal(ours, snntorch_spikes(currents, neuron, reset_delay=True))


def test_snntorch_differs_where_the_docstring_says():
    at_threshold = torch.full((1, *SIZE), 0.75, dtype=torch.float64)
    neuron = Neuron(v_th=0.75, v_init=0.0)
    assert snntorch_spikes(at_threshold, neuron, reset_delay=False).mean() == 0
    assert scan(at_threshold, neuron)[0].mean() == 1

    leaky, currents = Neuron(v_th=0.8, beta=0.5), random_currents(0.0, 0.8)
    fewer = snntorch_spikes(currents, leaky, reset_delay=True)  # it loses v_th, not beta v_th
    assert fewer.mean() < scan(currents, leaky)[0].mean()
