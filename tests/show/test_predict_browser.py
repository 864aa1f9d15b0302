"""Course pages in a browser, from disk and without a network: predict, see, and play."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from snnlab.show.how_far_off import how_far_off
from snnlab.show.modules import joined
from snnlab.show.web import PREDICT_FILES, making_web_pages
from tests.dashboard.browser import browsing
from tests.show.course_page import MEASURED, SPAN, X, cell, page_of, prediction_page, shown
from tests.show.test_recorded import rising

pytestmark = pytest.mark.slow

SHOW, AGAIN = "Show what was measured", "Predict again"


@pytest.fixture(scope="module")
def browser():
    with browsing() as started:
        yield started


@pytest.fixture(params=[(1280, 900, False), (390, 844, True)], ids=["wide", "phone"])
def opened(request, browser, tmp_path):
    """Opens a page that was written to disk, with every address blocked."""
    width, height, touch = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=touch, reduced_motion="reduce"
    )
    context.route("http*://**/*", lambda route: route.abort())

    def open_page(html: str):
        (tmp_path / "page.html").write_text(html, encoding="utf-8")
        page = context.new_page()
        page.errors = []
        page.touch = touch
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda said: said.type == "error" and page.errors.append(said.text))
        page.goto((tmp_path / "page.html").as_uri())
        return page

    yield open_page
    context.close()


def ring(page, T):
    return page.get_by_role("slider", name=f"Test accuracy (%) at Timesteps T: {T}", exact=True)


def value(page, T):
    return float(ring(page, T).get_attribute("aria-valuenow"))


def middle(box):
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, T, by):
    """Drag a ring down by mouse or finger."""
    ring(page, T).scroll_into_view_if_needed()
    x, y = middle(ring(page, T).bounding_box())
    if page.touch:
        client = page.context.new_cdp_session(page)
        for kind, at in (("Start", y), ("Move", y + by / 2), ("Move", y + by)):
            points = [{"x": x, "y": at}]
            client.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    else:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y + by, steps=4)
        page.mouse.up()


def test_the_reader_predicts_and_then_sees_the_measurement_with_the_prediction_over_it(opened):
    page = opened(prediction_page())
    hidden = [page.get_by_text("62 to 97"), page.get_by_alt_text("measured")]
    hidden += map(page.get_by_text, ("A text behind", "A table tells", "Its last words"))
    assert not any(one.first.is_visible() for one in hidden)
    for stays in ("A text between", "The next section", "A later output"):
        assert page.get_by_text(stays).is_visible()
    assert "waits" in ring(page, 1).get_attribute("aria-valuetext")

    height = page.locator(".axes").bounding_box()["height"]
    drag(page, 1, height / 4)  # from the middle
    assert value(page, 1) == pytest.approx(25, abs=1.1)
    ring(page, 2).focus()
    for key in ("PageUp", "PageUp", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    assert value(page, 2) == 70
    ring(page, 8).focus()
    page.keyboard.press("End")
    column = page.locator(".column").nth(4).bounding_box()
    point = column["x"] + 18, column["y"] + 0.1 * column["height"]
    page.touchscreen.tap(*point) if page.touch else page.mouse.click(*point)
    assert value(page, 16) == pytest.approx(90, abs=1)
    assert not any(one.first.is_visible() for one in hidden)

    page.get_by_role("button", name=SHOW).first.click()
    assert all(one.first.is_visible() for one in hidden)
    said = np.array([value(page, 1), 70, np.nan, 100, value(page, 16)])
    where = [f"at T = {T}" for T in X]
    told = how_far_off(said, np.array(MEASURED), where=where, width=100, unit="points")
    assert page.locator(".snn-result .told").inner_text() == told
    assert not page.get_by_text("You predicted nothing here").is_visible()
    assert page.evaluate("() => document.activeElement.className").startswith("snn-result")
    mine, measured = page.locator(".snn-result tbody tr").all_inner_texts()
    written = [f"{value(page, 1):g}", "70", "\u2013", "100", f"{value(page, 16):g}"]
    assert mine.split() == ["Your", "prediction", *written]
    assert measured.split() == ["Measured", "62", "70", "90", "95.5", "97.2"]
    assert page.locator(".snn-rings g polyline").count() == 1

    # The points lie where the picture has these values; the first lies below its axes.
    answer = json.loads(page.locator("[data-answer]").get_attribute("data-answer"))
    low, high = answer["y"]
    heights = [low + (high - low) * (y - SPAN[0]) / (SPAN[1] - SPAN[0]) for y in said]
    image = page.locator("[data-answer] img").bounding_box()
    size = image["width"] / answer["size"][0]
    marks = page.locator("[data-answer] svg .point")
    assert marks.count() == 3
    for mark, place in zip(marks.all(), (1, 3, 4), strict=True):
        x, y = middle(mark.bounding_box())
        assert x == pytest.approx(image["x"] + size * answer["x"][place], abs=1.5)
        assert y == pytest.approx(image["y"] + size * heights[place], abs=1.5)
    outside = page.locator("[data-answer] svg .outside")
    assert outside.text_content() == f"{value(page, 1):g}"
    assert page.get_by_text("lies outside the picture").is_visible()
    assert page.locator("[data-answer] svg").get_by_text("your prediction").count() == 1

    # Nothing moves any more, until the reader starts again.
    ring(page, 2).focus()
    page.keyboard.press("End")
    assert value(page, 2) == 70
    page.get_by_role("button", name=AGAIN).first.click()
    assert not any(one.first.is_visible() for one in hidden)
    assert value(page, 2) == 50
    assert page.locator("[data-answer] svg").count() == 0
    assert page.evaluate("() => document.activeElement.getAttribute('role')") == "slider"
    assert page.evaluate("() => document.body.scrollWidth <= innerWidth")
    assert page.errors == []


def test_who_does_not_want_to_predict_sees_it_by_keyboard(opened):
    page = opened(prediction_page())
    button = page.locator(".snn-waiting").get_by_role("button", name=SHOW)
    button.focus()
    page.keyboard.press("Enter")
    assert page.get_by_text("It rises.").is_visible()
    assert "You predicted nothing here." in page.locator(".snn-result .told").inner_text()
    assert page.errors == []


def test_a_printed_page_has_the_measurement(opened):
    page = opened(prediction_page())
    page.emulate_media(media="print")
    assert page.get_by_text("62 to 97").is_visible()
    assert page.get_by_text("It rises.").is_visible()
    assert not page.get_by_role("button", name=SHOW).first.is_visible()


def test_without_scripts_all_is_there(browser, tmp_path):
    (tmp_path / "page.html").write_text(prediction_page(), encoding="utf-8")
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto((tmp_path / "page.html").as_uri())
    assert page.get_by_text("It rises.").is_visible()
    assert page.locator(".snnlab-stage img").is_visible()


def test_page_and_python_tell_the_same(opened):
    """Many predictions, some of them exactly between two written numbers."""
    page = opened(prediction_page())
    words = page.locator("[data-sketch]").evaluate("one => JSON.parse(one.dataset.sketch).words")
    source = joined(*PREDICT_FILES)
    functions = source[source.index("// How far off") : source.index("// Axes with a ring")]
    phrase = re.search(r"function phrase.*?\n}", source, re.S)[0]
    chance, cases = np.random.default_rng(0), []
    for _ in range(400):
        places = int(chance.integers(1, 9))
        width = float(chance.choice([0.5, 1, 2, 15, 16, 40, 100, 300]))
        steps = chance.integers(0, 101, places)
        said = [None if chance.random() < 0.2 else width / 100 * int(k) for k in steps]
        measured = np.round(chance.random(places) * width, int(chance.integers(0, 4)))
        measured = [None if chance.random() < 0.1 else float(y) for y in measured]
        where = [f"at {k}" for k in range(places)]
        cases.append({"said": said, "measured": measured, "width": width, "where": where})
    one = {"measured": [0], "width": 100, "where": ["at 0"]}
    cases += [one | {"said": [size]} for size in (0.625, 2.5, 12.5, 13.5, 10.5, 9.95, 99.5)]
    found = page.evaluate(
        f"([cases, words]) => {{ {phrase} {functions}"
        "return cases.map((one) => howFarOff({ ...one, words, unit: 'points' }, one.said)); }",
        [cases, words],
    )
    for case, sentence in zip(cases, found, strict=True):
        said, measured = (
            np.array([np.nan if y is None else y for y in case[name]], dtype=float)
            for name in ("said", "measured")
        )
        told = how_far_off(said, measured, where=case["where"], width=case["width"], unit="points")
        assert sentence == told, case


def test_recorded_frames_follow_their_controls(opened):
    with making_web_pages():
        html = rising(slope=(0.0, 0.2, 0.8, 1.0))._repr_mimebundle_()["text/html"]
    page = opened(page_of(cell("live", shown(html))))
    image, line = page.locator(".snn-recorded img"), page.locator(".snn-recorded figcaption")
    assert line.inner_text() == "It rises by 0.5 from 2."
    before = image.get_attribute("src")
    slope = page.get_by_role("slider", name="slope")
    slope.focus()
    page.keyboard.press("ArrowRight")
    assert line.inner_text() == "It rises by 0.8 from 2."
    assert image.get_attribute("src") != before
    assert "0.8" in image.get_attribute("alt")
    assert slope.get_attribute("aria-valuetext") == "0.8"
    slope.scroll_into_view_if_needed()
    box = slope.bounding_box()
    point = box["x"] + 4, box["y"] + box["height"] / 2
    page.touchscreen.tap(*point) if page.touch else page.mouse.click(*point)
    assert line.inner_text() == "It rises by 0 from 2."
    page.get_by_label("end").select_option("level")
    assert line.inner_text() == "It rises by 0 from 2."
    assert page.get_by_text("offset stays at 2").is_visible()
    assert image.evaluate("img => img.naturalWidth") == 400
    assert page.evaluate("() => document.body.scrollWidth <= innerWidth")
    assert page.errors == []
