"""The search for the peak learning rate of a method."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnlab.bench import tuning
from snnlab.bench.tuning import (
    AT,
    FACTOR,
    HIGHEST,
    LOWEST,
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
        assert rate in scores or not LOWEST <= rate <= HIGHEST
    assert len(scores) <= abs(steps) + 3


def test_a_training_that_diverges_everywhere_ends_the_search_too():
    scores = searched(lambda rate: 0.0)
    assert min(scores) >= LOWEST
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
    assert all(len(curve) == len(AT) for curve in found.curves.values())
    assert (found.method, found.learning_rate, found.epochs) == (method, 8e-3, 3)
    assert found.seconds > 0
    if method != "ann":  # that is judged by itself
        means = [sum(curve) / len(AT) for curve in found.curves.values()]
        assert found.score == pytest.approx(max(means))
    assert 10 < found.score < 100


def test_a_training_that_diverges_scores_nothing(monkeypatch):
    def diverges(*rest, **options):
        raise TrainingError("the loss became nan")

    monkeypatch.setattr(tuning, "fit", diverges)
    assert short_training(SMALL) == ShortTraining("noise", 8e-3, 0.0, {}, 3, None)


def test_without_validation_images_there_is_nothing_to_choose_by():
    config = replace(SMALL, data=replace(SMALL.data, validation_fraction=0.0))
    with pytest.raises(ConfigError, match="a validation_fraction of 0 leaves none"):
        short_training(config)
