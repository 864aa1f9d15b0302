"""The residuals of one neuron over many images."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from snnlab.data import Images
from snnlab.measure import neuron_residuals, residuals
from snnlab.measure.match import Match
from snnlab.network import SpikingNet, Stage
from snnlab.network.probes import record
from snnlab.neuron import Neuron, NeuronLayer, Noise, StepLayer
from snnlab.show.described import one_neuron_words


def one_pixel(*greys: int, v_th: float = 1.0) -> tuple[SpikingNet, Images]:
    """A neuron for a single pixel, under the current grey / 255 in each image."""
    stage = Stage(nn.Flatten(), NeuronLayer(Neuron(v_th=v_th), noise=Noise()))
    net = SpikingNet([stage], nn.Linear(1, 2), (1, 1, 1))
    pixels = torch.tensor(greys, dtype=torch.uint8).view(-1, 1, 1, 1)
    labels = torch.zeros(len(greys), dtype=torch.int64)
    return net, Images(pixels, labels, mean=torch.zeros(1), std=torch.ones(1))


def test_three_timesteps_by_hand():
    """From 0.5 under 0.2: 0.7, 0.9, 1.1 fires. Under 1 it fires always, under 0 never."""
    net, images = one_pixel(51, 255, 0)
    found = neuron_residuals(net, images, 3, stage=0, index=0)
    torch.testing.assert_close(found.residuals, torch.tensor([[0.7, 0.5, 0.5], [0.9, 0.5, 0.5]]))
    assert found.spikes.tolist() == [[0, 1, 0], [0, 1, 0], [1, 1, 0]]
    silent, active, saturated = found.groups
    assert active.tolist() == [True, False, False]
    assert saturated.tolist() == [False, True, False]
    assert silent.tolist() == [False, False, True]
    assert found.summary.mean == pytest.approx(0.8)
    assert found.summary.neurons == 1
    assert one_neuron_words(found, Noise()) == (
        "Over 3 images it was active for 1 (silent for 1, saturated for 1): its residuals then "
        "have mean 0.80, deviation 0.10 v_th. No verdict on the noise: it must be active for 100 "
        "images or more."
    )
    assert net.training  # in the mode in which it was


def test_residuals_are_in_units_of_the_threshold():
    net, images = one_pixel(51, v_th=0.5)  # 0.25, 0.45, 0.65 fires
    found = neuron_residuals(net, images, 3, stage=0, index=0)
    torch.testing.assert_close(found.residuals, torch.tensor([[0.9], [0.3]]))


def test_a_neuron_of_a_linear_layer_is_the_channel_of_its_stage(busy_net, random_images):
    net, images = busy_net("mlp"), random_images(40)
    for stage, whole in enumerate(residuals(net, images, 8)):
        for index, channel in enumerate(whole.channels):
            own = neuron_residuals(net, images, 8, stage=stage, index=index, batch_size=16).summary
            assert (own.silent, own.active) == pytest.approx((channel.silent, channel.active))
            assert own.mean == pytest.approx(channel.mean, nan_ok=True)
            near, far = own.distances["uniform"], channel.distances["uniform"]
            assert near.wasserstein == pytest.approx(far.wasserstein, abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("layer", [None, StepLayer])
def test_a_neuron_of_any_stage_is_what_a_recording_says(layer, busy_net, random_images):
    net, images = busy_net("resnet18", layer=layer), random_images(9)
    seen = record(net, images.normalised(), 6)
    for stage in (0, 2, 5):
        recording, index = seen[stage], 11
        found = neuron_residuals(net, images, 6, stage=stage, index=index, batch_size=4)
        torch.testing.assert_close(found.residuals, recording.v.flatten(2)[:-1, :, index])
        assert torch.equal(found.spikes, recording.spikes.flatten(2)[:, :, index])


def test_later_stages_do_not_run(busy_net, random_images):
    net = busy_net("convnet")

    def refuse(*_: object) -> None:
        raise AssertionError("a stage behind the neuron has run")

    handle = net.stages[2].layers.register_forward_pre_hook(refuse)
    try:
        neuron_residuals(net, random_images(3), 4, stage=1, index=0)
        with pytest.raises(AssertionError, match="has run"):
            neuron_residuals(net, random_images(3), 4, stage=2, index=0)
    finally:
        handle.remove()


def test_a_neuron_that_is_not_there_is_refused(busy_net, random_images):
    net, images = busy_net("mlp"), random_images(3)
    with pytest.raises(ValueError, match="stages 0 to 1, got 2"):
        neuron_residuals(net, images, 4, stage=2, index=0)
    with pytest.raises(ValueError, match=r"neurons 0 to \d+, got -1"):
        neuron_residuals(net, images, 4, stage=1, index=-1)
    with pytest.raises(ValueError, match="at least 2, got 1"):
        neuron_residuals(net, images, 1, stage=0, index=0)


def test_the_verdict_of_a_neuron_that_saw_enough_images():
    net, images = one_pixel(*range(1, 255))
    found = neuron_residuals(net, images, 64, stage=0, index=0)
    assert int(found.groups[1].sum()) > 240
    said = one_neuron_words(found, Noise())
    assert said.endswith(Match(found.summary, Noise()).text())
    assert "The noise fits: distance 0.0" in said
    assert "would fit" in one_neuron_words(found, None)


def test_a_neuron_that_is_never_active_is_said_to_be():
    net, images = one_pixel(0, 0, 255)
    said = one_neuron_words(neuron_residuals(net, images, 4, stage=0, index=0), None)
    assert said == (
        "Over 3 images it was never active (silent for 2, saturated for 1): there is no residual "
        "to compare."
    )
