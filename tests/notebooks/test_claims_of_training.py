"""What notebooks 00, 02 and 04 say about trained networks, held by numbers of other seeds."""

from __future__ import annotations

import pytest
import torch

import snnlab
from snnlab.classroom import preset
from snnlab.measure import see_image
from snnlab.neuron import Neuron, Noise, Surrogate

WIDE = Surrogate.matched(Noise())


@pytest.fixture(scope="module")
def data():
    return snnlab.load_data("digits")


def trained(data, noise, *, v_init=0.5, surrogate=None, seed=1):
    settings = preset("fast")
    net = snnlab.build(
        settings.architecture,
        image_shape=data.image_shape,
        classes=len(data.classes),
        seed=seed,
        noise=noise,
        neuron=Neuron(v_init=v_init),
        surrogate=surrogate,
    )
    snnlab.fit(net, data, snnlab.SingleStep(), settings.training, seed=seed)
    return net


def with_residuals(net, data):
    for layer in net.neuron_layers():
        layer.noise = Noise("uniform")
    generator = torch.Generator().manual_seed(0)
    return snnlab.accuracy(net, data.test, timesteps=1, generator=generator)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_some_silent_and_saturated_neurons_are_not_out_of_reach(data, seed):
    net = trained(data, Noise(), seed=seed)
    images, generator = data.test.normalised(slice(256)), torch.Generator().manual_seed(0)
    quiet = snnlab.record(net, images, 16)
    once = snnlab.record(net, images, 1, generator=generator)
    for seen, drawn in zip(quiet, once, strict=True):
        count, last = seen.spikes.sum(0), seen.residuals[-1]
        inside = (last >= 0) & (last < 1)
        for group, other, most in (
            (count == 0, drawn.spikes[0], 0.12),
            (count == 16, 1 - drawn.spikes[0], 0.25),
        ):
            assert 0.02 < inside[group].float().mean() < most
            assert 0.002 < other[group].mean() < 0.1


@pytest.mark.slow
def test_a_needle_harms_the_learning_and_a_wide_slope_mends_most_of_it(data):
    needle = trained(data, Noise(sigma=0.02))
    wide = trained(data, Noise(sigma=0.02), surrogate=WIDE)
    matched = trained(data, Noise())
    at_1, mended, best = (
        snnlab.accuracy(net, data.test, timesteps=1) for net in (needle, wide, matched)
    )
    assert at_1 < mended - 2
    assert abs(mended - best) < 3
    hit = [with_residuals(net, data) for net in (needle, wide, matched)]
    assert hit[0] < hit[1] < hit[2] - 5


@pytest.mark.slow
def test_most_of_the_loss_from_rest_is_the_mean(data):
    rest, half = (trained(data, None, v_init=v, surrogate=WIDE) for v in (0.0, 0.5))
    matched = trained(data, Noise())
    at_16 = [snnlab.accuracy(net, data.test, timesteps=16) for net in (rest, half, matched)]
    assert at_16[0] < at_16[1] - 4
    assert abs(at_16[1] - at_16[2]) < 3
    hit = [with_residuals(net, data) for net in (rest, half, matched)]
    assert hit[0] < hit[1] - 8
    assert hit[1] < hit[2] + 1


@pytest.mark.slow
def test_rates_come_close_to_training_with_noise_and_move_away_without():
    """What notebook 00 says of its networks, with another seed."""
    settings, mnist = preset("fast").quickstart(), snnlab.load_data("mnist-5k")
    images = mnist.test.normalised(slice(20))
    for noise, v_init in ((Noise(), 0.5), (None, 0.5), (None, 0.0)):
        net = snnlab.build(
            settings.architecture,
            image_shape=mnist.image_shape,
            classes=len(mnist.classes),
            seed=1,
            noise=noise,
            neuron=Neuron(v_init=v_init),
            surrogate=WIDE,
        )
        snnlab.fit(net, mnist, snnlab.SingleStep(), settings.training, seed=1)
        for image in images:
            for stage in see_image(net, image, 16).stages:
                if noise:
                    assert stage.moved[-1] < 0.6 * stage.moved[0]
                else:
                    assert stage.moved[0] == 0
                    assert stage.moved[-1] > 0.05
