"""Disturbed networks: nothing changes without a disturbance, and much under a strong one."""

from __future__ import annotations

import pytest
import torch

from snnlab.measure import accuracy_against_timesteps
from snnlab.measure.disturbance import Disturbance, disturbed_accuracy, with_noisy_weights
from snnlab.measure.operations import stage_shapes


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_without_a_disturbance_it_is_the_plain_accuracy(busy_net, random_images):
    net, images = busy_net("convnet"), random_images(40)
    curve = accuracy_against_timesteps(net, images, 5)
    found = disturbed_accuracy(net, images, [5, 1], generator=generator())
    assert found == {5: curve.at(5), 1: curve.at(1)}


@pytest.mark.parametrize("kind", ["input_noise", "weight_noise", "dropped_spikes"])
def test_the_same_seed_disturbs_in_the_same_way(kind, busy_net, random_images):
    net, images = busy_net("convnet"), random_images(60)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    strong = Disturbance(**{kind: 0.5})
    one, same, other = (
        disturbed_accuracy(net, images, [1, 2, 4, 6], strong, generator=generator(seed))
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other
    assert net.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_without_any_spikes_all_images_look_the_same(busy_net, random_images):
    net, images = busy_net("convnet"), random_images(50)
    lost = Disturbance(dropped_spikes=1.0)
    (found,) = disturbed_accuracy(net, images, [4], lost, generator=generator()).values()
    silent = net.readout(torch.zeros(1, *stage_shapes(net)[-1]))
    share = 100 * (images.labels == silent.argmax()).double().mean().item()
    assert found == pytest.approx(share)


def test_noise_on_weights_has_the_strength_asked_for(busy_net):
    net = busy_net("convnet", width=16)
    noisy = with_noisy_weights(net, 0.3, generator())
    for before, after in zip(net.modules(), noisy.modules(), strict=True):
        if isinstance(before, torch.nn.Conv2d) and before.weight.numel() > 1000:
            change = (after.weight - before.weight).square().mean().sqrt()
            size = before.weight.square().mean().sqrt()
            assert (change / size).item() == pytest.approx(0.3, rel=0.1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"input_noise": -0.1}, "input_noise must be at least 0, got -0.1"),
        ({"weight_noise": float("nan")}, "weight_noise must be at least 0, got nan"),
        ({"dropped_spikes": 1.1}, r"dropped_spikes must lie in \[0, 1\], got 1.1"),
    ],
)
def test_disturbances_out_of_range_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Disturbance(**values)


def test_timesteps_are_needed(busy_net, random_images):
    for wrong, message in (([], "one or more, each at least 1"), ([0, 2], "at least 1, got 0")):
        with pytest.raises(ValueError, match=message):
            disturbed_accuracy(busy_net("mlp"), random_images(2), wrong, generator=generator())
