"""The neuron layer: no state, noise only where a generator is given."""

from __future__ import annotations

import pytest
import torch

from snnlab.neuron import Neuron, NeuronLayer, Noise, Surrogate
from snnlab.neuron.dynamics import scan


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_two_calls_never_influence_each_other():
    layer, currents = NeuronLayer(), torch.rand(5, 3, 4)
    first = layer(currents)
    layer(torch.randn(9, 7, 2))
    assert torch.equal(layer(currents), first)
    assert list(layer.parameters()) == list(layer.buffers()) == []


@pytest.mark.parametrize("neuron", [Neuron(), Neuron(v_th=0.7, beta=0.9, reset="zero")], ids=repr)
def test_advance_goes_on_from_the_potentials_given(neuron):
    layer, currents = NeuronLayer(neuron), torch.randn(20, 3, 4).double()
    spikes, last = layer.advance(currents)
    v, parts = None, []
    for chunk in currents.split([1, 6, 13]):
        part, v = layer.advance(chunk, v)
        parts.append(part)
    assert torch.equal(torch.cat(parts), spikes)
    assert torch.equal(v, last)
    assert torch.equal(layer(currents), spikes)


def test_trace_shows_what_advance_does():
    layer, currents = NeuronLayer(Neuron(v_th=0.8)), torch.randn(9, 3, 4)
    path, (spikes, last) = layer.trace(currents), layer.advance(currents)
    assert torch.equal(path.spikes, spikes)
    assert torch.equal(path.v[-1], last)
    assert path.h.shape == path.v.shape == currents.shape


def test_training_with_noise_needs_a_generator():
    layer = NeuronLayer(noise=Noise(sigma=0.2))
    for call in (layer, layer.advance, layer.trace, layer.first_potential):
        with pytest.raises(ValueError, match=r"sigma=0\.2.*generator=.*eval\(\)"):
            call(torch.zeros(1, 1, 1))


def test_evaluation_runs_without_noise_unless_given_a_generator():
    layer, plain = NeuronLayer(noise=Noise()).eval(), NeuronLayer()
    currents = torch.rand(1, 100, 10)
    assert torch.equal(layer(currents), plain(currents))
    noisy = layer(currents, generator=seeded())
    assert not torch.equal(noisy, plain(currents))
    assert torch.equal(noisy, layer.train()(currents, generator=seeded()))


def test_a_layer_without_noise_does_not_touch_the_generator():
    layer, generator, currents = NeuronLayer(), seeded(), torch.rand(3, 4, 5)
    assert torch.equal(layer(currents, generator=generator), layer(currents))
    assert torch.equal(generator.get_state(), seeded().get_state())


def test_noise_over_several_timesteps_acts_at_each():
    layer, currents = NeuronLayer(noise=Noise()), torch.rand(6, 50, 4)
    spikes, last = layer.advance(currents, generator=seeded())
    expected = scan(currents, Neuron(), noise=Noise(), generator=seeded())
    assert torch.equal(spikes, expected[0])
    assert torch.equal(last, expected[1])


def test_a_noisy_step_from_given_potentials_uses_them():
    layer, v = NeuronLayer(noise=Noise(sigma=1e-6)), torch.tensor([[0.2, 0.9]])
    spikes, after = layer.advance(torch.full((1, 1, 2), 0.5), v, generator=seeded())
    assert spikes.tolist() == [[[0, 1]]]
    torch.testing.assert_close(after, torch.tensor([[0.7, 0.4]]), atol=1e-4, rtol=0)


def test_a_lone_noisy_step_hands_nothing_on():
    spikes, after = NeuronLayer(noise=Noise()).advance(torch.rand(1, 4, 5), generator=seeded())
    assert spikes.shape == (1, 4, 5)
    assert after is None


def test_the_default_surrogate_matches_the_noise_and_the_leak():
    noise = Noise("logistic", sigma=0.4)
    layer = NeuronLayer(Neuron(beta=0.5), noise=noise)
    assert layer.surrogate == Surrogate("logistic", 0.2)
    assert NeuronLayer().surrogate == Surrogate("arctan")
    assert NeuronLayer(noise=noise, surrogate=Surrogate("triangle")).surrogate.shape == "triangle"


def test_print_names_the_constants():
    text = repr(NeuronLayer(Neuron(v_th=0.75, beta=0.9, reset="zero"), noise=Noise("uniform", 0.3)))
    for words in ("v_th=0.75", "v_init=0.375", "beta=0.9", "reset=zero", "noise=uniform(0.5, 0.3)"):
        assert words in text
