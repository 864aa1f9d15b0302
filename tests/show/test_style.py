"""Looks that can be told apart, and names that are moved apart."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import numpy as np
import pytest

from snnlab.runs.methods import METHODS
from snnlab.show.line_ends import spread
from snnlab.show.page import blank_axes, blank_grid, blank_panels, head, size_in_points
from snnlab.show.plot import Look
from snnlab.show.style import FONT, NOTE, PREDICTED, look_of, looks_of, readable


def luminance(colour):
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_no_two_looks_share_colour_marker_or_dashes():
    looks = [PREDICTED, *looks_of([*METHODS, "a", "b", "c", "d"]).values()]
    assert len(looks) == len(METHODS) + 5
    for one, other in itertools.combinations(looks, 2):
        assert one.colour != other.colour
        assert one.marker != other.marker
        assert one.dashes != other.dashes


def test_known_methods_keep_their_look_and_unknown_ones_take_free_looks_in_order():
    looks = looks_of(["mine", "noise", "target-T"])
    assert looks["noise"] == Look("with noise", "#0072B2", "o", "-")
    assert look_of("mine") is None
    assert looks["mine"].marker == looks_of(["other"])["other"].marker
    assert looks["target-T"].marker == looks_of(["x", "y"])["y"].marker


def test_too_many_unknown_labels():
    with pytest.raises(ValueError, match=r"at most 4 .*got 5: a, b, c, d, e"):
        looks_of(["noise", *"abcde"])


@pytest.mark.parametrize("colour", ["#E69F00", "#56B4E9", "#CC79A7", "#F0E442"])
def test_text_in_pale_colours_is_darkened_to_contrast(colour):
    assert 1.05 / (luminance(colour) + 0.05) < 4.5
    assert 1.05 / (luminance(readable(colour)) + 0.05) >= 4.4  # hex rounding


def test_dark_colours_stay():
    assert readable("#0072B2").lower() == "#0072b2"


def test_spread_leaves_distant_heights_alone():
    np.testing.assert_allclose(spread(np.array([0.8, 0.2, 0.5]), 0.1), [0.8, 0.2, 0.5])


def test_spread_moves_equal_heights_apart_around_their_mean():
    np.testing.assert_allclose(spread(np.array([0.5, 0.5, 0.5]), 0.1), [0.4, 0.5, 0.6])


def test_spread_keeps_gap_order_and_bounds_for_any_heights():
    generator = np.random.default_rng(0)
    for _ in range(200):
        wanted = generator.normal(0.5, 0.4, 6)
        heights = spread(wanted, 0.12)
        order = np.argsort(wanted)
        assert (np.diff(heights[order]) >= 0.12 - 1e-9).all()
        assert heights.min() >= 0.06 - 1e-9
        assert heights.max() <= 0.94 + 1e-9


def test_sizes_are_points_and_follow_the_layout():
    ax = blank_axes((10, 6))
    bare = size_in_points(ax)
    assert 600 < bare[0] < 720
    ax.set_ylabel("y", fontsize=60)
    assert size_in_points(ax)[0] < bare[0] - 50


@pytest.mark.slow
def test_panels_beside_each_other_share_nothing_and_those_of_a_grid_all():
    left, right = blank_panels(2)
    left.set_xlim(3, 7)
    assert right.get_xlim() != (3, 7)
    first, *_, last = blank_grid(5)
    first.set_xlim(3, 7)
    assert last.get_xlim() == (3, 7)


def test_the_style_holds_for_texts_and_leaves_no_trace_in_any_thread():
    before = dict(mpl.rcParams)
    with ThreadPoolExecutor(4) as pool:
        axes = list(pool.map(lambda _: blank_axes((4, 3)), range(8)))
        list(pool.map(lambda ax: head(ax, "Title", "A note"), axes))
    assert dict(mpl.rcParams) == before
    for ax in axes:
        assert ax.texts[0].get_fontfamily() == [FONT]
        assert ax.texts[0].get_fontsize() == NOTE


def test_title_note_and_key_stand_above_each_other():
    ax = blank_axes((6, 4))
    for name in ("one", "a rather long name", "another long name", "four"):
        ax.plot([0, 1], label=name)
    head(
        ax, "Title", "A note that is long enough to need a second line in so narrow axes", key=True
    )
    ax.figure.draw_without_rendering()
    frame, key = ax.get_window_extent(), ax.get_legend().get_window_extent()
    note, title = ax.texts[0].get_window_extent(), ax._left_title.get_window_extent()
    assert frame.y1 <= key.y0
    assert key.y1 <= note.y0 + 1
    assert note.y1 <= title.y0 + 1
    assert "\n" in ax.texts[0].get_text()
    assert key.x1 <= frame.x1


def test_a_method_is_written_as_in_the_literature():
    looks = looks_of(["qcfs", "max-norm"])
    assert [look.name for look in looks.values()] == ["QCFS, converted", "max-norm"]
