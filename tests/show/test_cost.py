"""Accuracy against cost: what is drawn is what was given."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from snnlab.show.cost import accuracy_against_cost
from snnlab.show.picture import describe

COST = np.array([[10.0, 20.0, 45.0], [12.0, 22.0, 47.0]])
ACCURACY = np.array([[96.0, 97.0, 98.0], [95.0, 97.5, 98.5]])


def curves(**changed):
    return {"noise": {"cost": COST, "accuracy": ACCURACY} | changed}


def test_points_are_the_means_and_spans_run_over_the_seeds(ax):
    accuracy_against_cost(curves(), "Training time (s)", ax=ax)
    (line,) = ax.lines
    np.testing.assert_allclose(line.get_xdata(), COST.mean(axis=0))
    np.testing.assert_allclose(line.get_ydata(), ACCURACY.mean(axis=0))
    (spans,) = ax.collections
    ends = np.array(spans.get_segments())[:, :, 1]  # (points, 2)
    np.testing.assert_allclose(ends[:, 0], ACCURACY.min(axis=0))
    np.testing.assert_allclose(ends[:, 1], ACCURACY.max(axis=0))


def test_the_cost_axis_is_logarithmic_and_labelled(ax):
    accuracy_against_cost(curves(), "Training time (s)", note="Points: epochs", ax=ax)
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "Training time (s)"
    assert ax.get_ylabel() == "Test accuracy (%)"
    low, high = ax.get_xlim()
    assert low < 11
    assert high > 46
    note = " ".join(text.get_text() for text in ax.texts)
    assert "Mean of 2 seeds" in note
    assert "Points: epochs" in note


@pytest.mark.parametrize("high", [1.5, 30.0, 1e6])
def test_there_are_at_least_two_numbers_on_the_axis(ax, high):
    one = {"noise": {"cost": [1.0, high], "accuracy": [90.0, 91.0]}}
    accuracy_against_cost(one, "Cost", ax=ax)
    ax.figure.canvas.draw()
    low, right = ax.get_xlim()
    shown = [
        label.get_text()
        for label, x in zip(ax.get_xticklabels(), ax.get_xticks(), strict=True)
        if low <= x <= right
    ]
    assert len([text for text in shown if text]) >= 2


def test_one_seed_has_no_spans(ax):
    one = {"bptt": {"cost": torch.tensor([1.0, 2.0]), "accuracy": [90.0, 91.0]}}
    accuracy_against_cost(one, "Cost", ax=ax)
    assert not ax.collections
    assert "One seed" in ax.texts[0].get_text()


def test_methods_keep_their_looks_and_may_be_renamed(ax):
    both = curves() | {"qcfs": {"cost": [5.0], "accuracy": [99.0]}}
    accuracy_against_cost(both, "Cost", names={"qcfs": "QCFS conversion"}, ax=ax)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["with noise", "QCFS conversion"]


def test_the_figure_can_be_read_aloud(ax):
    accuracy_against_cost(curves(), "Training time (s)", ax=ax)
    assert describe(ax) == (
        "Mean test accuracy against training time (s). with noise: 95.50 % at 11, "
        "97.25 % at 21, 98.25 % at 46."
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "curves is empty"),
        (curves(cost=[[1.0, 2.0]]), r"shapes \(1, 2\) and \(2, 3\)"),
        (curves(cost=0 * COST), "cost of 'noise' must be above 0, got 0"),
        (curves(accuracy=2 * ACCURACY), "in percent, 0 to 100, got 190 to 197"),
        (curves(accuracy=np.full((2, 3), np.nan)), "must be finite"),
    ],
)
def test_what_cannot_be_drawn_is_refused(ax, given, message):
    with pytest.raises(ValueError, match=message):
        accuracy_against_cost(given, "Cost", ax=ax)


def test_a_name_for_a_stranger_is_refused(ax):
    with pytest.raises(ValueError, match="names has \\['ann'\\]"):
        accuracy_against_cost(curves(), "Cost", names={"ann": "x"}, ax=ax)
