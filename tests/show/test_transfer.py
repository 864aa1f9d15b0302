"""Transfer curves and training curves: data, units, errors."""

from __future__ import annotations

import numpy as np
import pytest

from snnlab.show.page import blank_panels
from snnlab.show.picture import describe
from snnlab.show.training import training_curves
from snnlab.show.transfer import transfer_curve

CURRENT = np.linspace(-0.25, 1.25, 7)
METRICS = {
    "loss": [2.0, 1.0, 0.5],
    "accuracy": [40.0, 70.0, 90.0],
    "validation_loss": [2.1, 1.2, 0.7],
    "validation_accuracy": [38.0, 66.0, 85.0],
}


def clipped(current):
    return np.clip(current, 0, 1)


def test_points_bars_and_line_are_what_was_given(ax):
    measured, error = clipped(CURRENT) + 0.01, np.full(7, 0.02)
    transfer_curve(CURRENT, measured, clipped, standard_error=error, ax=ax)
    (bars,) = ax.containers
    np.testing.assert_allclose(bars.lines[0].get_data(), (CURRENT, measured))
    segments = np.array(bars.lines[2][0].get_segments())  # (n, 2, 2)
    np.testing.assert_allclose(segments[:, 0, 1], measured - error)
    np.testing.assert_allclose(segments[:, 1, 1], measured + error)
    x, y = ax.lines[0].get_data()
    assert (x[0], x[-1]) == (CURRENT[0], CURRENT[-1])
    np.testing.assert_allclose(y, clipped(x))
    assert "standard error" in ax.texts[0].get_text()


def test_axes_name_their_units(ax):
    transfer_curve(CURRENT, clipped(CURRENT), clipped, ax=ax)
    assert ax.get_xlabel() == "Current (v_th)"
    assert ax.get_ylabel() == "Rate (spikes per timestep)"
    assert ax.get_legend() is None
    assert "standard error" not in ax.texts[0].get_text()


def test_several_curves_are_named_and_differ(ax):
    def staircase(current):
        return np.round(4 * clipped(current)) / 4

    transfer_curve(
        CURRENT,
        {"identity": clipped(CURRENT), "T = 4": staircase(CURRENT)},
        {"T = 4": staircase, "identity": clipped},
        ax=ax,
    )
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["identity", "T = 4"]
    first, second = (bars.lines[0] for bars in ax.containers)
    assert first.get_color() != second.get_color()
    assert first.get_marker() != second.get_marker()
    assert "T = 4: largest difference 0.0000 over 7 currents" in describe(ax)


def test_description_holds_the_largest_difference(ax):
    measured = clipped(CURRENT)
    measured[3] += 0.125
    points = ([-0.25, 0, 1, 1.25], [0, 0, 1, 1])
    transfer_curve(CURRENT, measured, points, ax=ax)
    assert "Largest difference 0.1250 over 7 currents" in describe(ax)


def test_transfer_refuses_what_does_not_fit(ax):
    with pytest.raises(ValueError, match=r"current \(7,\), measured \(3,\)"):
        transfer_curve(CURRENT, [0, 0, 1], clipped, ax=ax)
    with pytest.raises(ValueError, match=r"standard_error \(2,\)"):
        transfer_curve(CURRENT, clipped(CURRENT), clipped, standard_error=[0, 0], ax=ax)
    with pytest.raises(ValueError, match=r"closed_form has \['b'\], measured has \['a'\]"):
        transfer_curve(CURRENT, {"a": CURRENT}, {"b": clipped}, ax=ax)
    with pytest.raises(ValueError, match=r"standard_error has \['b'\]"):
        transfer_curve(
            CURRENT, {"a": CURRENT}, {"a": clipped}, standard_error={"b": CURRENT}, ax=ax
        )
    with pytest.raises(ValueError, match="1 to 5 curves, got 0"):
        transfer_curve(CURRENT, {}, {}, ax=ax)


def test_training_curves_draw_both_splits_per_epoch():
    left, right = training_curves(METRICS, axes=blank_panels(2))
    for ax, what in ((left, "loss"), (right, "accuracy")):
        training, validation = ax.lines
        np.testing.assert_array_equal(training.get_data(), ([1, 2, 3], METRICS[what]))
        np.testing.assert_array_equal(validation.get_ydata(), METRICS[f"validation_{what}"])
        assert ax.get_xlabel() == "Epoch"
        assert set(ax.get_xticks()) <= {1, 2, 3}
    assert left.get_ylabel() == "Loss (nats)"
    assert right.get_ylabel() == "Accuracy (%)"
    assert describe(left.figure) == (
        "Loss (nats) by epoch. training: 2 after epoch 1, 0.5 after epoch 3; "
        "validation: 2.1 after epoch 1, 0.7 after epoch 3. "
        "Accuracy (%) by epoch. training: 40 after epoch 1, 90 after epoch 3; "
        "validation: 38 after epoch 1, 85 after epoch 3."
    )


def test_epochs_may_be_given_and_one_split_is_enough():
    metrics = {"epoch": [5, 10], "loss": [1.0, 0.5], "validation_accuracy": [80.0, 85.0]}
    left, right = training_curves(metrics, axes=blank_panels(2))
    np.testing.assert_array_equal(left.lines[0].get_xdata(), [5, 10])
    assert [line.get_label() for line in right.lines] == ["validation"]


def test_one_epoch_is_a_point():
    left, _ = training_curves({"loss": [1.0], "accuracy": [50.0]}, axes=blank_panels(2))
    assert left.get_xlim()[0] < 1 < left.get_xlim()[1]
    assert left.lines[0].get_marker() != ""


def test_every_epoch_of_a_short_training_is_marked_and_no_line_is_cut():
    short = {"loss": range(15, 0, -1), "accuracy": [100.0] * 15}
    loss, _ = training_curves(short, axes=blank_panels(2))
    assert list(loss.lines[0].get_markevery()) == list(range(15))
    long = {"loss": range(60, 0, -1), "accuracy": [100.0] * 60}
    assert not training_curves(long, axes=blank_panels(2))[1].lines[0].get_clip_on()


def test_training_curves_refuse_what_does_not_fit():
    panels = blank_panels(2)
    with pytest.raises(ValueError, match=r"unknown metrics \['acc'\]; valid: loss, accuracy"):
        training_curves({**METRICS, "acc": [1, 2, 3]}, axes=panels)
    with pytest.raises(ValueError, match=r"needs accuracy or validation_accuracy, .*\['loss'\]"):
        training_curves({"loss": [1, 2]}, axes=panels)
    with pytest.raises(ValueError, match=r"loss \(3,\), accuracy \(2,\)"):
        training_curves({"loss": [1, 2, 3], "accuracy": [1, 2]}, axes=panels)
