"""The search for the peak learning rate of a method."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.bench import tuning
from snnlab.bench.tuning import (
    CANDIDATES,
    FACTOR,
    SCORED,
    START,
    ShortTraining,
    best_rate,
    next_rate,
    short_training,
)
from snnlab.data.spec import DataSpec
from snnlab.learning.fit import TrainingError
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture
from snnlab.runs.config import ConfigError, RunConfig
from snnlab.runs.conversions import qcfs_conversions
from snnlab.runs.methods import METHODS

SMALL = RunConfig(
    data=DataSpec("digits", train_size=300),
    model=Architecture("mlp", width=16),
    training=Training(epochs=3, batch_size=32, learning_rate=8e-3),
)


def searched(accuracy) -> dict[float, float]:
    """The scores by rate of a whole search."""
    scores: dict[float, float] = {}
    while (rate := next_rate(scores)) is not None:
        scores[rate] = accuracy(rate)
    return scores


@given(st.integers(-4, 4))
def test_the_search_ends_at_the_peak_with_its_neighbours_tried(steps):
    peak = START * FACTOR**steps
    scores = searched(lambda rate: 90 - abs(rate - peak) / peak)
    assert best_rate(scores) == peak
    for rate in (peak / FACTOR, peak * FACTOR):
        assert rate in scores or rate not in CANDIDATES
    assert len(scores) <= abs(steps) + 3


def test_a_training_that_diverges_everywhere_ends_the_search_too():
    scores = searched(lambda rate: 0.0)
    assert set(scores) <= set(CANDIDATES)
    assert best_rate(scores) == min(scores)


def test_of_two_equal_rates_the_lower_one_is_taken():
    assert best_rate({8e-3: 91.0, 4e-3: 91.0, 2e-3: 90.0}) == 4e-3


@pytest.mark.parametrize(
    ("method", "conversions"), [("noise", 1), ("bptt", 1), ("qcfs", 2), ("ann", 0)]
)
def test_a_short_training_is_judged_on_validation_images(method, conversions, monkeypatch):
    seen = []

    def watched(net, images, *rest, **options):
        seen.append(len(images))
        return whole(net, images, *rest, **options)

    whole = tuning.accuracy_against_timesteps
    monkeypatch.setattr(tuning, "accuracy_against_timesteps", watched)
    found = short_training(replace(SMALL, method=method))
    assert seen == [135] * conversions  # a tenth of the images for training
    assert all(len(curve) == len(SCORED) for curve in found.curves.values())
    assert (found.method, found.learning_rate, found.epochs) == (method, 8e-3, 3)
    assert found.seconds > 0
    if method != "ann":  # that is judged by itself
        means = [sum(curve) / len(SCORED) for curve in found.curves.values()]
        assert found.score == pytest.approx(max(means))
    assert 10 < found.score < 100


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TrainingError("the loss became nan"), "the loss became nan"),
        (torch.OutOfMemoryError("CUDA out of memory"), "too little memory (CUDA out of memory)"),
        (RuntimeError("CUDA error: out of memory"), "too little memory (CUDA error: out of"),
    ],
)
def test_a_training_that_fails_scores_nothing_and_says_why(error, said, monkeypatch):
    def fails(*rest, **options):
        raise error

    monkeypatch.setattr(tuning, "fit", fails)
    found = short_training(SMALL)
    assert replace(found, failed="") == ShortTraining("noise", 8e-3, 0.0, {}, 3, None, "")
    assert said in found.failed


def test_other_errors_are_raised(monkeypatch):
    def fails(*rest, **options):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(tuning, "fit", fails)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        short_training(SMALL)


def test_conversions_are_calibrated_on_training_images(monkeypatch):
    seen = []

    def watched(net, train, config):
        seen.append(len(train))
        return qcfs_conversions(net, train, config.conversion_timesteps)

    monkeypatch.setitem(METHODS, "qcfs", replace(METHODS["qcfs"], conversions=watched))
    short_training(replace(SMALL, method="qcfs"))
    assert seen == [300]  # validation has 135, the test 449


def test_without_validation_images_there_is_nothing_to_choose_by():
    config = replace(SMALL, data=replace(SMALL.data, validation_fraction=0.0))
    with pytest.raises(ConfigError, match="a validation_fraction of 0 leaves none"):
        short_training(config)
