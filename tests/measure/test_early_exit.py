"""Early exit: which timestep an image leaves at, what it then says, and what that saves."""

from __future__ import annotations

import math
import re

import pytest
import torch

from snnlab.measure.accuracy import accuracy_against_timesteps
from snnlab.measure.early_exit import confidence_of, early_exit_curve

T = 6


@pytest.fixture(params=["mlp", pytest.param("resnet18", marks=pytest.mark.slow)])
def net(request, busy_net):
    return busy_net(request.param).eval()


@torch.no_grad()
def telling(net, images, confidence="probability"):
    """A threshold that about half of the images reach after the first timestep."""
    return confidence_of(net(images, 1), confidence).median().item()


def alone(net, image, threshold, confidence):
    """Label and timesteps of one image, from whole runs at T = 1, 2, ..."""
    for t in range(1, T + 1):
        logits = net(image[None], t)[0]
        if t == T or confidence_of(logits, confidence) >= threshold:
            return int(logits.argmax()), t
    raise AssertionError("the last timestep always decides")


@pytest.mark.parametrize("confidence", ["probability", "margin"])
@torch.no_grad()
def test_the_curve_is_what_images_do_alone(net, random_images, confidence):
    images = random_images(24)
    pixels = images.normalised()
    middle = telling(net, pixels, confidence)
    thresholds = [0.0, 0.9 * middle, middle, 1.1 * middle, 1.01]
    curve = early_exit_curve(net, images, thresholds, T, confidence=confidence, batch_size=7)
    for point, threshold in zip(curve, thresholds, strict=True):
        found = [alone(net, image, threshold, confidence) for image in pixels]
        labels, steps = (torch.tensor(column) for column in zip(*found, strict=True))
        assert point.threshold == threshold
        assert point.accuracy == pytest.approx(100 * (labels == images.labels).double().mean())
        assert point.mean_timesteps == pytest.approx(steps.double().mean().item())
        assert point.left_early == pytest.approx((steps < T).double().mean().item())
    steps = [point.mean_timesteps for point in curve]
    assert steps == sorted(steps)
    assert steps[0] < steps[2] < steps[-1], "the threshold must tell the images apart"


@pytest.mark.parametrize("threshold", [1.01, math.inf])
def test_a_threshold_above_one_is_the_full_run(net, random_images, threshold):
    images = random_images(50)
    (point,) = early_exit_curve(net, images, [threshold], T)
    assert point.accuracy == pytest.approx(accuracy_against_timesteps(net, images, T).at(T))
    assert (point.mean_timesteps, point.left_early) == (T, 0)


@pytest.mark.parametrize("threshold", [0.0, -math.inf])
def test_a_threshold_of_zero_is_one_timestep(net, random_images, threshold):
    images = random_images(50)
    (point,) = early_exit_curve(net, images, [threshold], T)
    assert point.accuracy == pytest.approx(accuracy_against_timesteps(net, images, 1).at(1))
    assert (point.mean_timesteps, point.left_early) == (1, 1)


def test_training_mode_is_put_back_and_nothing_stays(busy_net, random_images):
    net, images = busy_net("mlp").train(), random_images(8)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    early_exit_curve(net, images, [0.5], 2)
    assert net.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_confidence_of_known_logits():
    logits = torch.log(torch.tensor([[0.7, 0.2, 0.1], [0.4, 0.4, 0.2]]))
    torch.testing.assert_close(confidence_of(logits, "probability"), torch.tensor([0.7, 0.4]))
    torch.testing.assert_close(confidence_of(logits, "margin"), torch.tensor([0.5, 0.0]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thresholds": []}, "thresholds must be one or more numbers, got none"),
        ({"max_timesteps": 0}, "max_timesteps must be at least 1, got 0"),
        ({"confidence": "gut"}, "unknown confidence 'gut'; valid: probability, margin"),
        ({"thresholds": [float("nan")]}, "threshold must be a finite number, got nan"),
    ],
)
def test_settings_without_sense_are_refused(busy_net, random_images, options, message):
    settings = {"thresholds": [0.9], "max_timesteps": 4} | options
    with pytest.raises(ValueError, match=re.escape(message)):
        early_exit_curve(busy_net("mlp"), random_images(2), **settings)
