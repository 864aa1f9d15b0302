"""Pictures of course pages on a narrow screen: readable, and the page stays narrow."""

from __future__ import annotations

import pytest

from snnlab.show import curves
from snnlab.show.page import blank_grid
from snnlab.show.picture import picture
from snnlab.show.style import NOTE
from snnlab.show.web import making_web_pages
from tests.dashboard.browser import browsing
from tests.show.course_page import answered_sketch, cell, page_of, shown

pytestmark = pytest.mark.slow

SMALLEST = 11  # pixels, of the smallest text


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A page with a picture, one of four panels, and a sketch at rest."""
    with making_web_pages():
        ax = curves.line_chart([0, 1], {"a": [0, 1]}, x_label="x", y_label="y")
        one = picture(ax, "One.").html()
        several = picture(blank_grid(4)[0], "Several.").html()
        guess = answered_sketch()[0]._repr_mimebundle_()["text/html"]
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page_of(*(cell(".", shown(html)) for html in (one, several, guess))), "utf-8")
    return path


@pytest.fixture(params=[(390, True), (390, False), (700, True), (1280, True)])
def opened(request, path):
    width, scripts = request.param
    with browsing() as started:
        size = {"width": width, "height": 844}
        context = started.new_context(viewport=size, java_script_enabled=scripts)
        context.route("http*://**/*", lambda route: route.abort())
        page = context.new_page()
        page.goto(path.as_uri())
        page.wide, page.scripts = width, scripts
        yield page


def shape(box):
    return box.evaluate("box => [box.clientWidth, box.scrollWidth, box.scrollHeight]")


def hint(box):
    style = "box => parseFloat(getComputedStyle(box.parentElement, '::after').height)"
    return box.evaluate(style)


def test_pictures_keep_text_readable_in_boxes_of_their_own(opened):
    boxes = opened.locator(".snn-sideways > div")
    assert boxes.count() == (2 if opened.scripts else 3)  # with scripts the sketch is alive
    for box, drawn_at in zip(boxes.all(), (800, 1472, 800), strict=False):
        seen, whole, _ = shape(box)
        image = box.locator("img").bounding_box()
        text = NOTE * 80 / 72 * image["width"] / drawn_at
        assert text >= SMALLEST
        assert image["width"] <= drawn_at
        assert (hint(box) > 15) == (whole > seen)
        if opened.scripts:
            assert box.get_attribute("tabindex") == ("0" if whole > seen else None)
    assert opened.evaluate("() => document.documentElement.scrollWidth") <= opened.wide


def test_a_picture_is_moved_by_keys_and_shown_whole_where_it_fits(opened):
    if not opened.scripts:
        pytest.skip("needs scripts")
    box = opened.locator(".snn-sideways > div").first
    if opened.wide > 390:
        assert shape(box)[0] >= shape(box)[1]
        assert hint(box) == 0
        return
    box.focus()
    for _ in range(3):
        opened.keyboard.press("ArrowRight")
    opened.wait_for_function("() => document.activeElement.scrollLeft > 60")
    opened.set_viewport_size({"width": 844, "height": 390})
    opened.wait_for_function("() => !document.activeElement.hasAttribute('tabindex')")
    opened.emulate_media(media="print")
    opened.set_viewport_size({"width": 390, "height": 844})
    assert shape(box)[0] >= shape(box)[1]
