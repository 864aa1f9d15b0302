"""Residual potentials: even over [0, v_th) under constant current, told apart by activity."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from snnlab.data import Images
from snnlab.measure import residuals
from snnlab.network import SpikingNet, Stage
from snnlab.neuron import Neuron, NeuronLayer, Noise


def one_stage(neuron: Neuron | None = None) -> SpikingNet:
    """Every pixel drives a neuron of its own with a constant current."""
    stage = Stage(nn.Flatten(), NeuronLayer(neuron, noise=Noise()))
    return SpikingNet([stage], nn.Linear(256, 2), (1, 16, 16))


def ramp(mean: float, std: float, copies: int = 1) -> Images:
    """Images of all 256 grey values: currents (k / 255 - mean) / std."""
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).repeat(copies, 1, 1, 1)
    labels = torch.zeros(copies, dtype=torch.int64)
    return Images(pixels, labels, mean=torch.tensor([mean]), std=torch.tensor([std]))


@pytest.mark.parametrize("v_th", [1.0, 2.0])
def test_residuals_under_constant_current_lie_evenly_below_the_threshold(v_th):
    currents = ramp(0.0, math.sqrt(1.01) / v_th)  # from 0 to 0.995 v_th, no simple fractions
    (found,) = residuals(one_stage(Neuron(v_th=v_th)), currents, 512)
    assert found.active == pytest.approx(255 / 256)  # all but the one without any current
    assert found.mean == pytest.approx(0.5, abs=0.005)
    assert found.std == pytest.approx(1 / math.sqrt(12), abs=0.005)
    density = torch.tensor(found.density).view(3, 10, -1).mean(2)  # tenths of -1..0, 0..1, 1..2
    torch.testing.assert_close(density[1], torch.ones(10), rtol=0, atol=0.02)
    assert density[0].sum() + density[2].sum() == 0


def test_silent_active_and_saturated_neurons_are_told_apart():
    T, images = 64, ramp(0.25, 0.5)  # currents from -0.5 to 1.5
    v, fired, kept = torch.full((256,), 0.5), torch.zeros(256), []
    for _ in range(T):
        kept.append(v.double())
        v = v + images.normalised().flatten()
        fired += v >= 1
        v = v - (v >= 1).float()
    silent, saturated = fired == 0, fired == T
    active = ~(silent | saturated)
    chosen = torch.stack(kept[1:])[:, active]
    assert min(silent.sum(), active.sum(), saturated.sum()) > 50

    (found,) = residuals(one_stage(), images, T)
    assert found.silent == pytest.approx(silent.double().mean().item())
    assert found.active == pytest.approx(active.double().mean().item())
    assert found.saturated == pytest.approx(saturated.double().mean().item())
    assert found.mean == pytest.approx(chosen.mean().item(), abs=1e-5)
    assert found.std == pytest.approx(chosen.std(correction=0).item(), abs=1e-5)


def test_the_histogram_is_a_density(busy_net, random_images):
    for found in residuals(busy_net("convnet"), random_images(20), 16):
        widths = [b - a for a, b in zip(found.edges, found.edges[1:], strict=False)]
        total = sum(d * w for d, w in zip(found.density, widths, strict=True))
        assert total == pytest.approx(1)
        assert found.silent + found.active + found.saturated == pytest.approx(1)
        assert found.active > 0.1


def test_batches_add_up(busy_net, random_images):
    net, images = busy_net("resnet18"), random_images(21)
    whole, parts = (residuals(net, images, 6, batch_size=size) for size in (21, 4))
    assert len(whole) == len(net.stages)
    for one, other in zip(whole, parts, strict=True):
        assert other.mean == pytest.approx(one.mean, abs=1e-6)
        assert other.std == pytest.approx(one.std, abs=1e-6)
        assert (other.silent, other.active) == pytest.approx((one.silent, one.active), abs=1e-3)


def test_no_active_neuron_gives_no_moments():
    (found,) = residuals(one_stage(), ramp(2.0, 1.0), 8)
    assert found.silent == 1
    assert math.isnan(found.mean)
    assert math.isnan(found.std)
    assert set(found.density) == {0.0}


def test_measuring_residuals_leaves_the_mode_as_it_was():
    net = one_stage()  # in training mode, with noise: it runs without
    residuals(net, ramp(0.0, 1.0), 4)
    assert net.training
    assert net.neuron_layers()[0].noise == Noise()


@pytest.mark.parametrize("timesteps", [1, 0])
def test_residuals_need_two_timesteps(timesteps):
    with pytest.raises(ValueError, match=f"at least 2, got {timesteps} .*from T = 2 on"):
        residuals(one_stage(), ramp(0.0, 1.0), timesteps)


def test_channels_add_up_to_their_stage(busy_net, random_images):
    for found in residuals(busy_net("convnet"), random_images(20), 8):
        assert len(found.channels) > 1
        assert not found.channels[0].channels
        for share in ("silent", "active", "saturated"):
            parts = [getattr(channel, share) for channel in found.channels]
            assert sum(parts) / len(parts) == pytest.approx(getattr(found, share))
        weighed = [c.mean * c.active for c in found.channels if c.active]
        total = sum(c.active for c in found.channels)
        assert sum(weighed) / total == pytest.approx(found.mean, abs=1e-6)


def test_channels_are_told_apart():
    stage = Stage(nn.Identity(), NeuronLayer())
    readout = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16, 2))
    net = SpikingNet([stage], readout, (3, 4, 4))
    pixels = torch.tensor([0, 100, 255], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    labels = torch.zeros(1, dtype=torch.int64)
    images = Images(pixels, labels, mean=torch.full((3,), 0.2), std=torch.full((3,), 0.4))
    (found,) = residuals(net, images, 16)
    groups = [(c.silent, c.active, c.saturated) for c in found.channels]
    assert groups == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert math.isnan(found.channels[0].distances["uniform"].ks)


def test_distances_name_the_noise_of_the_training():
    currents = ramp(0.0, math.sqrt(1.01))
    (found,) = residuals(one_stage(), currents, 512)
    assert found.distances["training"] == found.distances["gaussian"]
    assert found.distances["uniform"].ks < 0.01
    assert found.distances["uniform"].wasserstein < 0.005
    assert found.distances["gaussian"].ks == pytest.approx(0.058, abs=0.01)  # Phi(-1.732) + ...
    net = one_stage()
    net.neuron_layers()[0].noise = None
    (found,) = residuals(net, currents, 512)
    assert set(found.distances) == {"gaussian", "uniform"}


def test_driven_neurons_leave_out_those_that_fired_by_chance():
    net = one_stage(Neuron(v_init=0.95))
    images = ramp(0.25, 0.5)  # currents from -0.5 to 1.5
    (active,) = residuals(net, images, 512)
    (driven,) = residuals(net, images, 512, neurons="driven")
    assert active.active == driven.active
    assert driven.mean == pytest.approx(0.5, abs=0.01)
    assert driven.std == pytest.approx(1 / math.sqrt(12), abs=0.01)
    with pytest.raises(ValueError, match="unknown neurons 'all'; valid: active, driven"):
        residuals(net, images, 4, neurons="all")


def test_quantiles_of_even_residuals_are_even():
    (found,) = residuals(one_stage(), ramp(0.0, math.sqrt(1.01)), 512)
    assert found.quantiles(5) == pytest.approx((0, 0.25, 0.5, 0.75, 1), abs=0.01)
    with pytest.raises(ValueError, match="at least 2"):
        found.quantiles(1)
