"""Thresholds read from activations: by hand on small nets, and against a sort of all values."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from snnlab.conversion import calibration
from snnlab.conversion.calibration import BINS, find_thresholds
from snnlab.conversion.spec import ThresholdRule
from snnlab.data.images import Images
from snnlab.network.activations import QCFS
from snnlab.network.models import build
from snnlab.network.net import ANN, Stage
from snnlab.network.spec import Architecture


def as_they_are(pixels: Tensor) -> Images:
    """Images (N, C, H, W) whose normalised values are the pixels, whole numbers up to 255."""
    channels = pixels.shape[1]
    no_shift, no_scale = torch.zeros(channels), torch.full((channels,), 1 / 255)
    labels = torch.zeros(len(pixels), dtype=torch.int64)
    return Images(pixels.to(torch.uint8), labels, no_shift, no_scale)


def one_layer(activation: nn.Module | None = None) -> ANN:
    """Two neurons with the activations x0 and x0 - x1 for an image (x0, x1)."""
    linear = nn.Linear(2, 2)
    linear.weight.data = torch.tensor([[1.0, 0.0], [1.0, -1.0]])
    linear.bias.data.zero_()
    stage = Stage(nn.Sequential(nn.Flatten(), linear), activation or nn.ReLU())
    return ANN([stage], nn.Linear(2, 2), (1, 1, 2)).eval()


PAIRS = as_they_are(torch.tensor([[8, 2], [4, 3], [1, 9], [2, 1]]).view(4, 1, 1, 2))
# activations of the first neuron 8, 4, 1, 2; of the second 6, 1, 0, 1


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (ThresholdRule(), [8]),
        (ThresholdRule(per_channel=True), [8, 6]),
        (ThresholdRule("percentile", 100), [8]),
        (ThresholdRule("percentile", 100, per_channel=True), [8, 6]),
        (ThresholdRule("percentile", 50), [2]),  # the 4th of 1 1 1 2 4 6 8: zeros not counted
        (ThresholdRule("percentile", 75), [6]),  # the 6th
        (ThresholdRule("percentile", 50, per_channel=True), [2, 1]),
    ],
)
def test_thresholds_by_hand(rule: ThresholdRule, expected: list[float]) -> None:
    (found,) = find_thresholds(one_layer(), PAIRS, rule)
    wanted = torch.tensor(expected).float()
    torch.testing.assert_close(found, wanted, rtol=0, atol=8 / BINS)
    assert (found >= wanted).all()


@pytest.mark.sample(3)
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("percentile", [1.0, 37.5, 90.0, 99.0, 99.9])
def test_percentiles_equal_those_of_a_sort(percentile: float, per_channel: bool) -> None:
    net = build(
        Architecture("resnet18", width=3),
        image_shape=(2, 8, 8),
        classes=3,
        seed=0,
        activation="relu",
    ).eval()
    assert isinstance(net, ANN)
    images = as_they_are(torch.randint(0, 5, (300, 2, 8, 8)))  # three batches, the last not full
    rule = ThresholdRule("percentile", percentile, per_channel)
    found = find_thresholds(net, images, rule)
    with torch.no_grad():
        activations = list(net.activations(images.normalised()))
    assert len(found) == len(activations) == 17
    for thresholds, y in zip(found, activations, strict=True):
        channels = y.transpose(0, 1).flatten(1) if per_channel else y.reshape(1, -1)
        assert thresholds.shape == (len(channels),)
        for threshold, values in zip(thresholds, channels, strict=True):
            ranked = values[values > 0].sort().values
            if len(ranked) == 0:
                assert threshold == thresholds.max()
                continue
            rank = max(int(torch.tensor(len(ranked) * percentile / 100).ceil()), 1)
            assert threshold >= ranked[rank - 1] * (1 - 1e-6)
            assert threshold <= ranked[rank - 1] + 1.01 * ranked[-1] / BINS


def test_the_batches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = ThresholdRule("percentile", 60, per_channel=True)
    (whole,) = find_thresholds(one_layer(), PAIRS, rule)
    monkeypatch.setattr(calibration, "BATCH", 1)
    (single,) = find_thresholds(one_layer(), PAIRS, rule)
    assert torch.equal(whole, single)


def test_a_silent_channel_gets_the_largest_threshold_of_its_layer() -> None:
    net = one_layer()
    net.stages[0].layers[1].weight.data[1] = -1.0
    for rule in (ThresholdRule(per_channel=True), ThresholdRule("percentile", 100, True)):
        (found,) = find_thresholds(net, PAIRS, rule)
        assert found.tolist() == [8, 8]


def test_a_quantised_layer_brings_its_own_threshold() -> None:
    learned = one_layer(QCFS(4, threshold=0.75))
    for rule in (ThresholdRule(), ThresholdRule("percentile", 50, per_channel=True)):
        (found,) = find_thresholds(learned, None, rule)
        torch.testing.assert_close(found, torch.tensor([0.75]))
        assert not found.requires_grad


def test_learned_and_measured_thresholds_can_stand_side_by_side() -> None:
    mixed = one_layer(QCFS(4, threshold=16.0))
    stages = [*mixed.stages, Stage(nn.Linear(2, 2), nn.ReLU())]
    stages[1].layers.weight.data = torch.eye(2)
    stages[1].layers.bias.data.zero_()
    net = ANN(stages, nn.Linear(2, 2), (1, 1, 2)).eval()
    found = find_thresholds(net, PAIRS, ThresholdRule(per_channel=True))
    torch.testing.assert_close(found, [torch.tensor([16.0]), torch.tensor([8.0, 8.0])])


@pytest.mark.parametrize("images", [None, as_they_are(torch.zeros(0, 1, 1, 2))])
def test_relu_layers_need_images(images: Images | None) -> None:
    with pytest.raises(ValueError, match="read from images: pass calibration="):
        find_thresholds(one_layer(), images, ThresholdRule())


def test_a_silent_layer_is_refused() -> None:
    net = one_layer()
    net.stages[0].layers[1].weight.data.neg_().abs_().neg_()
    with pytest.raises(ValueError, match="stage 0 are silent on all 4 calibration images"):
        find_thresholds(net, PAIRS, ThresholdRule())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_activations_that_are_not_finite_are_refused(value: float) -> None:
    net = one_layer()
    net.stages[0].layers[1].bias.data[0] = value
    with pytest.raises(ValueError, match="stage 0 are not finite"):
        find_thresholds(net, PAIRS, ThresholdRule())


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"threshold": "mean"}, "unknown threshold 'mean'; valid: max, percentile"),
        ({"percentile": 0.0}, r"percentile must lie in \(0, 100\], got 0.0"),
        ({"percentile": 100.5}, "got 100.5"),
    ],
)
def test_impossible_rules_are_refused(options: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        ThresholdRule(**options)
