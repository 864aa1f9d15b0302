"""A prediction, sketched into axes with handles."""

from __future__ import annotations

import json
import math
import re
from html import unescape

import pytest

from snnlab.measure.curve import AccuracyCurve
from snnlab.show.web import making_web_pages
from snnlab.show.widgets.names import LIVE
from snnlab.show.widgets.sketch import sketch


def asked(**options):
    """A sketch of accuracy against T."""
    usual = {"span": (0, 100), "x_label": "Timesteps T", "y_label": "Accuracy (%)"}
    return sketch(options.pop("x", [1, 4, 16]), **usual | options)


def test_left_alone_it_predicts_nothing():
    guess = asked(start=[20, 40, 60])
    assert guess.x == [1, 4, 16]
    assert all(map(math.isnan, guess.y))
    assert "Drag" in guess.picture.summary
    assert guess.told([1, 4, 16], [90, 90, 90]) == "You predicted nothing here."


def test_what_was_moved_predicts_and_the_rest_does_not():
    guess = asked()
    guess.controls["at_1"].value = 90
    assert guess.y[1] == 90
    assert math.isnan(guess.y[0])
    assert "90 at 4" in repr(guess.picture)
    assert "snnlab-said" in guess.controls["at_1"]._dom_classes
    assert "snnlab-said" not in guess.controls["at_0"]._dom_classes


def test_it_is_told_in_a_sentence_and_closed():
    guess = asked()
    for place, value in enumerate([97, 90, 69]):
        guess.controls[f"at_{place}"].value = value
    curve = AccuracyCurve(dict.fromkeys((1, 2, 4, 8, 16), 97.0))
    words = "Your prediction was 12 points off on average, most at T = 16: 28 points too low."
    assert guess.told(curve) == words
    assert guess.told([1, 16], [97, 97]) == words
    assert guess.locked
    assert all(control.disabled for control in guess.controls.values())
    assert "Run this cell again" in guess.picture.summary
    assert guess.y == [97, 90, 69]


@pytest.mark.parametrize(
    ("x_label", "y_label", "words"),
    [
        ("Pulse (ms)", "Firing probability", "Your prediction at 4 ms was 0.3 too high."),
        ("sigma (v_th)", "Mean (v_th)", "Your prediction at sigma = 4 was 0.3 v_th too high."),
    ],
)
def test_units_are_those_of_the_axes(x_label, y_label, words):
    guess = sketch([1, 4], span=(0, 1), x_label=x_label, y_label=y_label)
    guess.controls["at_1"].value = 0.8
    assert guess.told([1, 4], [0.5, 0.5]) == words


def test_a_prediction_that_is_right_is_told_so():
    guess = asked()
    guess.controls["at_0"].value = 97
    assert "was right" in guess.told([1, 16], [97.2, 97.2])


def test_handles_stand_on_the_true_axis():
    low, middle, high = asked(x=[1, 4, 16])._frame.places
    assert middle == pytest.approx((low + high) / 2)  # logarithmic
    places = asked(x=[0, 2, 8])._frame.places
    assert places[1] - places[0] == pytest.approx((places[2] - places[0]) / 4)


def test_a_page_without_widgets_gets_the_axes_and_what_was_predicted():
    guess = asked()
    guess.controls["at_0"].value = 75
    bundle = guess._repr_mimebundle_()
    assert bundle["text/html"].count("<circle") == 1
    assert "application/vnd.jupyter.widget-view+json" in bundle
    layout = guess.controls["at_0"].layout
    top, height = (float(share.rstrip("%")) / 100 for share in (layout.top, layout.height))
    (y,) = re.findall(r'cy="([\d.]+)"', bundle["text/html"])
    assert float(y) == pytest.approx(360 * (top + height / 4), abs=0.1)


def test_each_handle_has_a_name_that_is_said():
    guess = asked()
    assert guess.controls["at_1"].tooltip == "Accuracy (%) at Timesteps T: 4"
    assert LIVE in guess._dom_classes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": []}, "got 0"),
        ({"x": range(9)}, "got 9"),
        ({"x": [2, 1, 3]}, r"rise, got \[2, 1, 3\]"),
        ({"span": (1, 1)}, r"got \(1, 1\)"),
        ({"start": 200.0}, "got "),
        ({"start": [0.5]}, "3 values"),
    ],
)
def test_a_sketch_refuses_what_makes_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        asked(**options)


def test_a_web_page_knows_what_is_asked():
    with making_web_pages():
        html = asked(start=[20, 40, 60])._repr_mimebundle_()["text/html"]
    (told,) = re.findall(r"data-sketch='([^']+)'", html)
    told = json.loads(unescape(told))
    assert told["start"] == [20, 40, 60]
    assert [place["text"] for place in told["x"]] == ["1", "4", "16"]
    assert told["x"][1]["share"] == pytest.approx(0.5)
    assert told["ticks"][0] == {"share": 0, "text": "0"}
    assert told["where"] == ["at T = 1", "at T = 4", "at T = 16"]
    assert told["unit"] == "points"
    assert "<figure" in html  # for readers without scripts


def test_each_sketch_of_a_page_has_a_name_of_its_own():
    assert asked().on_page["sketch"] != asked().on_page["sketch"]


def test_a_page_gets_the_measurement_at_the_places_of_the_sketch():
    guess = asked(x=[1, 4, 32])
    guess.told([1, 2, 6, 16], [10, 20, 40.25, 50])
    assert guess.on_page["measured"] == [10, pytest.approx(30.125), None]
