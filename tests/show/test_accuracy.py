"""The accuracy figure: what is drawn is what was given."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from matplotlib.collections import FillBetweenPolyCollection
from scipy import stats

from snnlab.measure.curve import AccuracyCurve
from snnlab.show.accuracy import accuracy_against_timesteps
from snnlab.show.page import blank_axes, blank_panels
from snnlab.show.picture import describe

T = [1, 2, 4, 8]
NOISE = np.array([[97.0, 98.0, 98.5, 98.75], [96.0, 97.5, 98.25, 99.0], [98.0, 98.5, 99.0, 98.5]])
PLAIN = np.array([[98.0, 97.0, 95.0, 92.0], [98.5, 96.0, 94.0, 90.0], [98.25, 96.5, 93.0, 91.0]])


def both():
    return {
        "noise": {"timesteps": T, "accuracy": NOISE},
        "no-noise": {"timesteps": T, "accuracy": PLAIN},
    }


def bands(ax):
    """Lower and upper edge at each T, per band."""
    edges = []
    for band in ax.collections:
        assert isinstance(band, FillBetweenPolyCollection)
        points = band.get_paths()[0].vertices
        x = np.unique(points[:, 0])
        low = [points[points[:, 0] == value, 1].min() for value in x]
        high = [points[points[:, 0] == value, 1].max() for value in x]
        edges.append((x, np.array(low), np.array(high)))
    return edges


def test_lines_are_the_means(ax):
    accuracy_against_timesteps(both(), ax=ax)
    noise, plain = ax.lines
    for line, values in ((noise, NOISE), (plain, PLAIN)):
        np.testing.assert_array_equal(line.get_xdata(), T)
        np.testing.assert_allclose(line.get_ydata(), values.mean(axis=0))


def test_range_band_runs_from_lowest_to_highest_seed(ax):
    accuracy_against_timesteps(both(), ax=ax)
    for (x, low, high), values in zip(bands(ax), (NOISE, PLAIN), strict=True):
        np.testing.assert_array_equal(x, T)
        np.testing.assert_allclose(low, values.min(axis=0))
        np.testing.assert_allclose(high, values.max(axis=0))
    assert "lowest to highest seed" in ax.texts[0].get_text()


def test_interval_band_is_the_t_interval_of_the_mean(ax):
    accuracy_against_timesteps({"noise": both()["noise"]}, band="interval", ax=ax)
    ((_, low, high),) = bands(ax)
    want = stats.t.interval(0.95, 2, loc=NOISE.mean(axis=0), scale=stats.sem(NOISE))
    np.testing.assert_allclose((low, high), want)
    assert "95 % t-interval" in ax.texts[0].get_text()


@pytest.mark.parametrize("accuracy", [NOISE[0], NOISE[:1]], ids=["(n,)", "(1, n)"])
def test_one_seed_has_no_band_and_says_so(ax, accuracy):
    accuracy_against_timesteps({"noise": {"timesteps": T, "accuracy": accuracy}}, ax=ax)
    assert not ax.collections
    assert ax.texts[0].get_text() == "One seed"


def test_axes_name_their_units_and_tick_at_every_t(ax):
    accuracy_against_timesteps(both(), ax=ax)
    assert ax.get_xlabel() == "Timesteps T"
    assert ax.get_ylabel() == "Test accuracy (%)"
    assert ax.get_xscale() == "log"
    assert list(ax.get_xticks()) == T
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "4", "8"]


def test_many_timesteps_tick_and_mark_at_powers_of_two(ax):
    timesteps = np.arange(1, 17)
    curve = {"timesteps": timesteps, "accuracy": np.linspace(90, 98, 16)}
    accuracy_against_timesteps({"noise": curve}, ax=ax)
    assert list(ax.get_xticks()) == [1, 2, 4, 8, 16]
    (line,) = ax.lines
    assert list(timesteps[line.get_markevery()]) == [1, 2, 4, 8, 16]


def test_axis_ends_at_100_percent(ax):
    accuracy_against_timesteps({"noise": {"timesteps": T, "accuracy": [99, 100, 100, 100]}}, ax=ax)
    assert ax.get_ylim()[1] == 100


def test_a_method_looks_the_same_whatever_stands_beside_it():
    alone = accuracy_against_timesteps({"no-noise": both()["no-noise"]}, ax=blank_axes())
    beside = accuracy_against_timesteps(both(), ax=blank_axes())

    def look(line):
        return line.get_color(), line.get_marker(), line.get_linestyle()

    assert look(alone.lines[0]) == look(beside.lines[1])
    assert all(a != b for a, b in zip(look(beside.lines[0]), look(beside.lines[1]), strict=True))


def test_names_stand_at_the_line_ends_in_their_order(ax):
    accuracy_against_timesteps(both(), names={"noise": "matched noise"}, ax=ax)
    heights = {text.get_text(): text.xyann[1] for text in ax.texts[1:]}
    assert set(heights) == {"matched noise", "without noise"}
    assert heights["matched noise"] > heights["without noise"]
    assert ax.get_legend() is None


def test_names_do_not_overlap_and_stay_inside_the_axes(ax):
    close = {
        name: {"timesteps": T, "accuracy": [90, 91, 92, 93 + 0.01 * i]}
        for i, name in enumerate(["noise", "no-noise", "bptt", "ann"])
    }
    accuracy_against_timesteps(close, ax=ax)
    ax.figure.draw_without_rendering()
    for name in ax.texts[1:]:
        name.arrowprops = name.arrow_patch = None  # the leader, which is part of the extent
    boxes = sorted((name.get_window_extent() for name in ax.texts[1:]), key=lambda box: box.y0)
    assert len(boxes) == 4
    for lower, upper in itertools.pairwise(boxes):
        assert upper.y0 >= lower.y1
    frame = ax.get_window_extent()
    assert all(box.x1 <= frame.x1 and box.y0 >= frame.y0 - 2 for box in boxes)


def test_lines_that_end_apart_are_named_in_a_key(ax):
    curves = both()
    curves["ann"] = {"timesteps": [1, 64, 256], "accuracy": [10, 96, 98]}
    accuracy_against_timesteps(curves, ax=ax)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["with noise", "without noise", "ANN, converted"]


def test_narrow_axes_use_a_key(ax):
    narrow = blank_axes((4, 4))
    accuracy_against_timesteps(both(), ax=narrow)
    assert narrow.get_legend() is not None


def test_draws_where_told_and_only_there():
    left, right = blank_panels(2)
    assert accuracy_against_timesteps(both(), ax=right) is right
    assert len(right.lines) == 2
    assert not left.lines


def test_without_axes_a_pyplot_figure_is_made():
    plt = pytest.importorskip("matplotlib.pyplot")
    ax = accuracy_against_timesteps(both())
    assert plt.get_fignums() == [ax.figure.number]
    plt.close(ax.figure)


def test_tensors_with_gradients_are_welcome(ax):
    accuracy = torch.tensor(NOISE, requires_grad=True)
    curve = {"timesteps": torch.tensor(T), "accuracy": accuracy}
    accuracy_against_timesteps({"noise": curve}, ax=ax)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), NOISE.mean(axis=0))


def test_description_holds_the_numbers(ax):
    text = describe(accuracy_against_timesteps(both(), ax=ax))
    assert "with noise: 97.00 % at T = 1 and 98.75 % at T = 8 (3 seeds)" in text
    assert "without noise: 98.25 % at T = 1 and 91.00 % at T = 8 (3 seeds)" in text


def test_one_timestep_is_a_point(ax):
    accuracy_against_timesteps({"noise": {"timesteps": [4], "accuracy": [[97], [98]]}}, ax=ax)
    assert list(ax.get_xticks()) == [4]
    assert ax.lines[0].get_ydata() == [97.5]
    assert "97.50 % at T = 4 (2 seeds)" in describe(ax)


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        ({"timesteps": T, "accuracy": NOISE[:, :3]}, r"\(3, 3\).*\(4,\).*\(seeds, 4\)"),
        ({"timesteps": [1, 4, 2, 8], "accuracy": NOISE}, r"must rise.*\[1.0, 4.0, 2.0"),
        ({"timesteps": [0, 1, 2, 4], "accuracy": NOISE}, r"rising positive.*\[0.0"),
        ({"timesteps": [1, 1.5, 2, 4], "accuracy": NOISE}, r"rising positive.*1.5"),
        ({"timesteps": T, "accuracy": NOISE + 10}, "in percent, 0 to 100, got 106 to 109"),
        ({"timesteps": T, "accuracy": [1, 2, np.nan, 4]}, r"finite, got nan at index \(2,\)"),
        ({"timesteps": T, "accuracy": NOISE[None]}, r"2 dimension.*\(1, 3, 4\)"),
        ({"timesteps": T}, r"'noise': needs timesteps and accuracy, got \['timesteps'\]"),
    ],
)
def test_bad_curves_are_quoted(ax, curve, message):
    with pytest.raises(ValueError, match=message):
        accuracy_against_timesteps({"noise": curve}, ax=ax)
    assert not ax.lines


def test_no_curves(ax):
    with pytest.raises(ValueError, match="empty"):
        accuracy_against_timesteps({}, ax=ax)


def test_unknown_band_lists_the_valid_ones(ax):
    with pytest.raises(ValueError, match="range, interval, got 'sd'"):
        accuracy_against_timesteps(both(), band="sd", ax=ax)


def test_names_for_absent_methods(ax):
    with pytest.raises(ValueError, match=r"\['bptt'\].*\['no-noise', 'noise'\]"):
        accuracy_against_timesteps(both(), names={"bptt": "x"}, ax=ax)


def test_every_form_of_a_curve_is_drawn_alike(ax):
    one, two = AccuracyCurve([97, 98]), AccuracyCurve([98, 99])
    forms = ([one, two], (one, two), {"timesteps": [1, 2], "accuracy": [[97, 98], [98, 99]]})
    for form in forms:
        line = accuracy_against_timesteps({"noise": form}, ax=blank_axes()).lines[0]
        np.testing.assert_allclose(line.get_ydata(), [97.5, 98.5])
    for form in (one, {1: 97, 2: 98}, one.to_json()):
        line = accuracy_against_timesteps({"noise": form}, ax=blank_axes()).lines[0]
        np.testing.assert_allclose(line.get_ydata(), [97, 98])


@pytest.mark.parametrize("wrong", [AccuracyCurve([97]), [1, 2]])
def test_curves_without_names_are_refused(wrong):
    with pytest.raises(ValueError, match="curves must be curves by their names"):
        accuracy_against_timesteps(wrong)
