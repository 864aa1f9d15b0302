"""`record` keeps everything that the neurons do and leaves nothing behind."""

from __future__ import annotations

import pytest
import torch

from snnlab.network import Architecture, build, record
from snnlab.neuron import Noise


def traces(net):
    """All that a probe could leave in a network: attributes, hooks, the mode, values."""
    modules = [
        (name, {key: str(value) for key, value in vars(module).items() if key != "_modules"})
        for name, module in net.named_modules()
    ]
    return modules, {key: value.clone() for key, value in net.state_dict().items()}


def test_a_recording_obeys_the_equations(model, small_net, images_for):
    net, images = small_net(model), images_for(model)
    recordings = record(net, images, 12)
    assert len(recordings) == len(net.stages)
    for found, layer in zip(recordings, net.neuron_layers(), strict=True):
        n = layer.neuron
        assert all(part.shape == found.currents.shape for part in found)
        assert found.currents.shape[:2] == (12, len(images))
        assert torch.equal(found.residuals[0], torch.full_like(found.v[0], n.v_init))
        assert torch.equal(found.residuals[1:], found.v[:-1])
        assert torch.equal(found.h, n.beta * found.residuals + found.currents)
        assert torch.equal(found.spikes, (found.h >= n.v_th).double())
        assert torch.equal(found.v, found.h - n.v_th * found.spikes)


def test_a_recording_shows_what_the_network_does(model, small_net, images_for):
    net, images, T = small_net(model), images_for(model), 12
    recordings = record(net, images, T)
    current = net.stages[0].layers(images)
    torch.testing.assert_close(recordings[0].currents, current.expand(T, *current.shape))
    readout = net.readout(recordings[-1].spikes.flatten(0, 1)).view(T, len(images), -1)
    torch.testing.assert_close(readout.mean(0), net(images, T), rtol=0, atol=1e-10)


@pytest.mark.sample(2)
def test_recording_leaves_nothing_behind(model, small_net, images_for):
    for training in (False, True):
        net, images = small_net(model, noise=Noise()).train(training), images_for(model)
        (modules, values), logits = traces(net), None
        if not training:
            logits = net(images)
        recordings = record(net, images, 5, generator=torch.Generator().manual_seed(0))
        after, values_after = traces(net)
        assert after == modules
        assert all(torch.equal(values[key], values_after[key]) for key in values)
        assert not any(part.requires_grad for recording in recordings for part in recording)
        assert logits is None or torch.equal(net(images), logits)


def test_a_recording_that_fails_leaves_nothing_behind():
    net = build(Architecture(), image_shape=(1, 8, 8), classes=3, seed=0)
    before = traces(net)
    with pytest.raises(ValueError, match=r"\(B, 1, 8, 8\)"):
        record(net, torch.zeros(1, 1, 9, 9))
    with pytest.raises(ValueError, match="got 0"):
        record(net, torch.zeros(1, 1, 8, 8), 0)
    assert traces(net)[0] == before[0]


def test_a_recording_under_noise_shows_residuals_without_and_h_with_it():
    noise = Noise(sigma=0.3, mu=0.4)
    net = build(Architecture(), image_shape=(1, 8, 8), classes=3, seed=0, noise=noise)
    generator = torch.Generator().manual_seed(0)
    first = record(net, torch.randn(64, 1, 8, 8), 6, generator=generator)[0]
    assert torch.equal(first.residuals[0], torch.full_like(first.v[0], 0.4))
    deviation = (first.h - first.residuals - first.currents) / 0.3
    assert deviation.mean().abs() < 4 / deviation.numel() ** 0.5
    assert deviation.std().item() == pytest.approx(1, abs=0.02)


def test_a_recording_runs_the_timesteps_of_the_network():
    net = build(Architecture(), image_shape=(1, 8, 8), classes=3, seed=0)
    net.timesteps = 3
    assert record(net, torch.zeros(2, 1, 8, 8))[0].h.shape == (3, 2, 64)
