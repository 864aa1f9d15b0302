"""Predictions over measurements, and galleries."""

from __future__ import annotations

import json
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from snnlab.data.images import Images
from snnlab.show.curves import line_chart
from snnlab.show.gallery import gallery
from snnlab.show.picture import describe, picture
from snnlab.show.prediction import lay_prediction
from snnlab.show.transfer import transfer_curve
from snnlab.show.web import making_web_pages
from snnlab.show.widgets.sketch import sketch
from tests.show.course_page import MEASURED, SPAN, X, answered_sketch


def guess_of(x, y):
    """What a sketch says whose handles stand anywhere."""
    return SimpleNamespace(x=x, y=y, on_page={})


def test_a_prediction_is_seen_whole_and_described(ax):
    transfer_curve([0, 1], [0, 1], ([0, 1], [0, 1]), ax=ax)
    before = describe(ax)
    lay_prediction(ax, guess_of([0, 0.5, 1], [-0.5, 1.7, 0.2]))
    low, high = ax.get_ylim()
    assert low < -0.5
    assert high > 1.7
    assert describe(ax).startswith(before)
    assert "Your prediction: -0.5 at 0, 1.7 at 0.5, 0.2 at 1." in describe(ax)


@pytest.mark.parametrize("guess", [[0.5] * 3, [2.0] * 3, [-1.0] * 3, [0.1, 0.9, 0.6]])
def test_the_name_hides_no_data_and_stays_inside(ax, guess):
    line_chart([0, 1, 2], {"measured": [0, 1, 0.5]}, x_label="x", y_label="y", ax=ax)
    lay_prediction(ax, guess_of([0, 1, 2], guess))
    (name,) = [text for text in ax.texts if text.get_text() == "your prediction"]
    whole, frame = name.get_window_extent(), ax.get_window_extent()
    assert frame.y0 < whole.y0
    assert whole.y1 < frame.y1
    for line in ax.lines:
        x = np.linspace(0, 2, 1001)
        points = ax.transData.transform(np.column_stack([x, np.interp(x, *line.get_data())]))
        assert not any(whole.contains(*point) for point in points)


def test_only_what_was_predicted_is_drawn(ax):
    line_chart([0, 1, 2], {"measured": [0, 1, 0.5]}, x_label="x", y_label="y", ax=ax)
    before, limits = describe(ax), ax.get_ylim()
    lay_prediction(ax, guess_of([0, 1, 2], [np.nan] * 3))
    assert (describe(ax), ax.get_ylim(), len(ax.lines)) == (before, limits, 1)
    lay_prediction(ax, guess_of([0, 1, 2], [np.nan, 0.4, np.nan]))
    assert describe(ax).endswith("Your prediction: 0.4 at 1.")


def test_shapes_must_fit(ax):
    with pytest.raises(ValueError, match=r"x \(2,\), y \(3,\)"):
        lay_prediction(ax, guess_of([1, 2, 3], [1, 2, 3]), at=[1, 2])


def test_points_go_where_the_figure_has_them(ax):
    line_chart([0, 1, 2], {"measured": [0, 1, 0.5]}, x_label="x", y_label="y", ax=ax)
    lay_prediction(ax, guess_of([0.1, 5, 70], [0.2, 0.4, 0.6]), at=range(3))
    assert ax.lines[-1].get_xdata().tolist() == [0, 1, 2]


def test_a_picture_tells_a_page_where_values_lie_in_its_pixels():
    with making_web_pages():
        guess, ax = answered_sketch()
        guess.told(X, MEASURED)
        shown = picture(ax, "It rises.")
    told = json.loads(shown.attributes["data-answer"])
    assert told["sketch"] == guess.on_page["sketch"]
    assert told["measured"] == MEASURED
    image = np.asarray(Image.open(BytesIO(shown.png)).convert("RGB")).astype(int)
    assert told["size"] == [image.shape[1], image.shape[0]]
    blue = np.abs(image - [0, 114, 178]).sum(axis=2) < 40
    low, high = told["y"]
    for x, value in zip(told["x"], MEASURED, strict=True):
        share = (value - SPAN[0]) / (SPAN[1] - SPAN[0])
        rows, columns = np.nonzero(blue)
        near = np.hypot(columns - x, rows - (low + (high - low) * share)).min()
        assert near < 3  # the measured line goes through there


def test_a_page_gets_all_curves_of_the_figure_the_predicted_one_first():
    with making_web_pages():
        guess = sketch([1, 4, 32], span=(0, 100), x_label="Timesteps T", y_label="Share (%)")
        lines = {"other": [50, 60, 70, 90], "mine": [10, 20, 30, 40]}
        ax = line_chart([1, 2, 4, 16], lines, x_label="Timesteps T", y_label="Share (%)")
        ax.axvline(3, label="upright")
        ax.axhline(50, label="level")
        lay_prediction(ax, guess)
        guess.told([1, 2, 4, 16], lines["mine"])
        told = json.loads(picture(ax, "It rises.").attributes["data-answer"])
    first, second = told["curves"]
    assert (first["name"], first["predicted"], first["y"]) == ("mine", True, [10, 30, None])
    assert (second["name"], second["predicted"], second["y"]) == ("other", False, [50, 70, None])
    assert second["texts"] == ["50", "70", "\u2013"]
    assert second["colour"] != first["colour"]


def test_what_was_predicted_comes_first_even_if_no_line_shows_it():
    with making_web_pages():
        guess, ax = answered_sketch()
        guess.told(X, [1, 2, 3, 4, -5])
        told = json.loads(picture(ax, "It rises.").attributes["data-answer"])
    first, second = told["curves"]
    assert (first["name"], first["texts"][-1]) == ("", "\u22125")
    assert second["y"] == MEASURED


def test_values_far_outside_the_picture_lie_where_its_axis_would_reach():
    with making_web_pages():
        guess = sketch(X, span=(-100, 400), x_label="Timesteps T", y_label="Share (%)")
        ax = line_chart(X, {"measured": MEASURED}, x_label="x", y_label="y")
        ax.set_ylim(50, 100)
        shown = picture(lay_prediction(ax, guess), "It rises.")
    told = json.loads(shown.attributes["data-answer"])
    _, top, _, bottom = told["frame"]  # at 100 and 50
    slope = (top - bottom) / 50
    assert told["y"] == pytest.approx([bottom - 150 * slope, bottom + 350 * slope], abs=1)


def test_only_web_pages_are_told():
    guess, ax = answered_sketch()
    guess.told(X, MEASURED)
    assert picture(ax, "It rises.").attributes == {}


def test_gallery():
    pixels = torch.zeros(7, 3, 4, 4, dtype=torch.uint8)
    images = Images(pixels, torch.arange(7) % 2, torch.zeros(3), torch.ones(3))
    figure = gallery(images, ["cat", "dog"], columns=4)
    assert describe(figure) == "7 images: cat, dog, cat, dog, cat, dog, cat."
    assert len([ax for ax in figure.axes if ax.images]) == 7
    with pytest.raises(ValueError, match="columns"):
        gallery(images, ["cat", "dog"], columns=0)
