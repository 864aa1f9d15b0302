"""The pad in a real browser: mouse, finger and keys, on a large and on a small screen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from snnlab.data.drawn import as_image
from snnlab.show.explorer.drawing import PEN, SIDE, WORDS, pad_given
from tests.dashboard.browser import browsing
from tests.show.pad_page import open_pad, told

pytestmark = pytest.mark.slow
LARGE, SMALL = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SHEET, SEEN, LIVE = ".snn-pad-sheet", ".snn-pad-seen", ".snn-pad-live"
VEE = [(0.2, 0.2), (0.5, 0.8), (0.8, 0.2)]
"""A stroke: where it goes, in parts of the side."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as started:
        yield started


@pytest.fixture
def page(browser, request) -> Iterator[Any]:
    """A page of a large screen; of a telephone with a finger where the test asks for SMALL."""
    size = getattr(request, "param", LARGE)
    phone = (
        {"has_touch": True, "is_mobile": True, "device_scale_factor": 2} if size == SMALL else {}
    )
    context = browser.new_context(viewport=size, **phone)
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url))
    yield page
    context.close()
    assert wrong == []


both_sizes = pytest.mark.parametrize("page", [LARGE, SMALL], indirect=True, ids=["1280", "390"])


def on_page(page: Any, x: float, y: float) -> tuple[float, float]:
    """A place of the sheet, in parts of its side, on the page."""
    left, top, width = page.evaluate(
        """() => { const s = document.querySelector(".snn-pad-sheet");
        const b = s.getBoundingClientRect();
        return [b.left + s.clientLeft, b.top + s.clientTop, s.clientWidth]; }"""
    )
    return left + x * width, top + y * width


def by_mouse(page: Any, stroke: list[tuple[float, float]]) -> None:
    page.mouse.move(*on_page(page, *stroke[0]))
    page.mouse.down()
    for place in stroke[1:]:
        page.mouse.move(*on_page(page, *place), steps=8)
    page.mouse.up()


def by_finger(page: Any, stroke: list[tuple[float, float]]) -> None:
    session = page.context.new_cdp_session(page)

    def send(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in places]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", on_page(page, *stroke[0]))
    for (x0, y0), (x1, y1) in pairwise(stroke):
        for part in np.linspace(0, 1, 9)[1:]:
            send("touchMove", on_page(page, x0 + part * (x1 - x0), y0 + part * (y1 - y0)))
    send("touchEnd")


def value_at(ink: np.ndarray, x: float, y: float) -> int:
    return int(ink[min(int(y * SIDE), SIDE - 1), min(int(x * SIDE), SIDE - 1)])


def assert_vee(ink: np.ndarray) -> None:
    """Ink along the stroke, none off it, as wide as the pen."""
    for x, y in [(0.2, 0.2), (0.35, 0.5), (0.65, 0.5), (0.8, 0.2)]:
        assert value_at(ink, x, y) == 255, (x, y)
    for x, y in [(0.5, 0.2), (0.5, 0.4), (0.1, 0.6), (0.9, 0.6), (0.5, 0.95)]:
        assert value_at(ink, x, y) == 0, (x, y)
    length = 2 * np.hypot(0.3, 0.6) * SIDE
    assert ink.sum() / 255 == pytest.approx(length * PEN * SIDE, rel=0.12)
    assert ((ink > 0) & (ink < 255)).sum() > 50  # its edges are smooth


def shades(page: Any, selector: str) -> np.ndarray:
    """The red of a canvas on the screen."""
    data, height = page.evaluate(
        """selector => { const c = document.querySelector(selector);
        const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        return [Array.from(d).filter((_, i) => i % 4 === 0), c.height]; }""",
        selector,
    )
    return np.array(data).reshape(height, -1)


def next_frame(page: Any) -> None:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


@both_sizes
@pytest.mark.parametrize("draw", [by_mouse, by_finger])
def test_a_stroke_is_told_once_when_it_ends(page, draw):
    if draw is by_finger and page.viewport_size == LARGE:
        pytest.skip("no finger there")
    open_pad(page)
    draw(page, VEE)
    page.wait_for_function("window.told.length > 0")
    (ink,) = told(page)
    assert_vee(ink)
    draw(page, [(0.5, 0.1), (0.5, 0.3)])
    page.wait_for_function("window.told.length > 1")
    assert value_at(told(page)[1], 0.5, 0.2) == 255
    assert (told(page)[1] >= ink).all()
    assert page.evaluate("scrollY") == 0


@both_sizes
def test_a_tap_is_a_dot(page):
    open_pad(page)
    by_mouse(page, [(0.4, 0.6)])
    (ink,) = told(page)
    assert ink.sum() / 255 == pytest.approx(np.pi * (PEN * SIDE / 2) ** 2, rel=0.05)
    rows, columns = np.nonzero(ink)
    assert (columns.mean() + 0.5) / SIDE == pytest.approx(0.4, abs=0.01)
    assert (rows.mean() + 0.5) / SIDE == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize("page", [SMALL], indirect=True)
def test_the_page_scrolls_beside_the_sheet_and_not_on_it(page):
    open_pad(page)
    assert page.locator(SHEET).evaluate("s => getComputedStyle(s).touchAction") == "none"
    around = page.evaluate(
        "[...document.querySelectorAll('.snn-pad, .snn-pad-row, .snn-pad-seen, body')]"
        ".map(e => getComputedStyle(e).touchAction)"
    )
    assert set(around) == {"auto"}
    by_finger(page, [(0.5, 0.9), (0.5, 0.1)])
    page.wait_for_function("window.told.length > 0")  # it was a stroke
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") == 0
    by_finger(page, [(0.5, 2.2), (0.5, 1.3)])  # from below the pad
    page.wait_for_function("scrollY > 50")
    assert len(told(page)) == 1


@both_sizes
def test_keys_draw_too(page):
    open_pad(page)
    page.locator(SHEET).focus()
    for key in ["ArrowLeft"] * 3 + ["Shift+ArrowUp"] * 2 + [" "] + ["Shift+ArrowRight"] * 2:
        page.keyboard.press(key)
    page.wait_for_function("window.told.length > 0")  # a moment after the last key
    ink = told(page)[-1]
    x, y = 0.5 - 3 / 28, 0.5 - 8 / 28
    for part in (0, 0.5, 1):
        assert value_at(ink, x + part * 8 / 28, y) == 255
    assert value_at(ink, x, y + 0.1) == value_at(ink, x + 8 / 28 + 0.1, y) == 0
    page.wait_for_function(f"document.querySelector('{LIVE}').textContent.includes('%')")
    said = page.locator(LIVE).text_content()
    assert said == f"{WORDS['pen_down']} 68 % from the left, 21 % from the top."
    page.keyboard.press("Escape")
    assert page.locator(LIVE).text_content() == WORDS["pen_up"]
    before = told(page)[-1]
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press(" ")
    page.keyboard.press(" ")  # a dot
    assert told(page)[-1].sum() > before.sum()
    page.keyboard.press("Backspace")
    assert (told(page)[-1] == before).all()
    page.keyboard.press("Backspace")
    assert told(page)[-1] is None
    assert page.locator(LIVE).text_content().strip() == WORDS["undone"]


def test_the_cursor_of_the_keys_is_seen_and_goes_with_the_focus(page):
    open_pad(page)
    empty = shades(page, SHEET)
    assert (empty == empty[0, 0]).all()
    page.keyboard.press("Tab")
    next_frame(page)
    ring = shades(page, SHEET)
    assert page.locator(SHEET).evaluate("s => s === document.activeElement")
    assert (ring != empty).sum() > 100
    page.keyboard.press(" ")
    next_frame(page)
    assert (shades(page, SHEET) != empty).sum() > (ring != empty).sum()  # filled: the pen is down
    page.keyboard.press("Backspace")
    page.locator(SHEET).evaluate("s => s.blur()")
    next_frame(page)
    assert (shades(page, SHEET) == empty).all()


@both_sizes
def test_undo_and_clear_tell_what_is_left(page):
    open_pad(page)
    undo, clear = (page.get_by_role("button", name=WORDS[name]) for name in ("undo", "clear"))
    assert undo.get_attribute("aria-disabled") == clear.get_attribute("aria-disabled") == "true"
    undo.click(force=True)
    assert told(page) == []
    by_mouse(page, VEE)
    by_mouse(page, [(0.5, 0.1), (0.5, 0.3)])
    undo.click()
    first, _, left = told(page)
    assert (left == first).all()
    assert undo.get_attribute("aria-disabled") == "false"
    by_mouse(page, [(0.1, 0.9), (0.9, 0.9)])
    clear.click()
    assert told(page)[-1] is None
    assert clear.get_attribute("aria-disabled") == "true"
    next_frame(page)
    sheet = shades(page, SHEET)
    assert (sheet == sheet[0, 0]).all()
    by_mouse(page, VEE)  # and on it goes
    assert_vee(told(page)[-1])


@pytest.mark.parametrize("page", [SMALL], indirect=True)
def test_it_fits_a_telephone_and_buttons_a_finger(page):
    open_pad(page, said="With noise says 3: right, since t = 2.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert box["width"] >= 44
        assert box["height"] >= 44
    sheet, seen = (page.locator(name).bounding_box() for name in (SHEET, SEEN))
    assert sheet["width"] >= 220
    assert sheet["width"] == pytest.approx(sheet["height"])
    assert seen["y"] == pytest.approx(sheet["y"])  # side by side: seen without scrolling
    assert seen["width"] >= 100
    assert not page.locator(".snn-pad-keys").is_visible()  # there are no keys


def test_what_the_network_sees_is_shown_pixel_by_pixel_and_named(page):
    open_pad(page)
    assert page.get_by_role("img", name=WORDS["nothing"]).count() == 1
    below = page.get_by_text("Below the pad.")
    place = below.bounding_box()
    by_mouse(page, VEE)
    image = as_image(told(page)[0], "mnist")
    page.evaluate("given => window.pad.update(given)", pad_given(image, "It says 4: <b>no</b>"))
    given = pad_given(image)
    assert page.get_by_role("img", name=given["seen"]["alt"]).count() == 1
    assert page.get_by_text("It says 4: <b>no</b>", exact=True).count() == 1  # text, never HTML
    shown, grey = shades(page, SEEN), image[0].numpy()
    assert shown.shape == (28, 28)
    assert (shown == grey).all()  # as it is given, and as the player shows it
    assert below.bounding_box() == place  # nothing has jumped
    assert_vee(told(page)[0])
    by_mouse(page, [(0.1, 0.9), (0.9, 0.9)])  # an update takes nothing away
    assert (told(page)[1] >= told(page)[0]).all()


@both_sizes
def test_a_drawing_is_restored_and_can_be_added_to_and_taken_back(page):
    open_pad(page)
    by_mouse(page, VEE)
    ink = told(page)[0]
    open_pad(page, ink=ink)
    by_mouse(page, [(0.1, 0.95), (0.9, 0.95)])
    more = told(page)[-1]
    assert (more[:100] == ink[:100]).all()
    assert value_at(more, 0.3, 0.95) == 255
    page.get_by_role("button", name=WORDS["undo"]).click()
    assert (told(page)[-1] == ink).all()
    page.get_by_role("button", name=WORDS["undo"]).click()
    assert told(page)[-1] is None


def test_another_width_of_the_page_changes_neither_drawing_nor_place(page):
    open_pad(page)
    by_mouse(page, VEE)
    page.set_viewport_size(SMALL)
    by_mouse(page, [(0.5, 0.1)])
    first, second = told(page)
    assert (second >= first).all()
    assert value_at(second, 0.5, 0.1) == 255
    next_frame(page)
    sheet = shades(page, SHEET)  # (n, n) of another n
    for x, y in VEE:
        assert sheet[int(y * len(sheet)), int(x * len(sheet))] < 100


@pytest.mark.parametrize("dark", [False, True])
def test_ink_is_dark_on_light_paper_and_light_on_dark(page, dark):
    open_pad(page, dark=dark)
    by_mouse(page, VEE)
    next_frame(page)
    sheet = shades(page, SHEET)
    ink, paper = sheet[len(sheet) // 2, int(0.35 * len(sheet))], sheet[-1, -1]
    assert (ink > 200, paper < 50) == (dark, dark)
    assert told(page)[0].max() == 255  # and what is told is the same
    page.evaluate("dark => window.pad.update({ dark })", not dark)
    next_frame(page)
    assert (shades(page, SHEET)[-1, -1] < 50) != dark


def test_a_second_finger_does_not_disturb_and_remove_leaves_nothing(page):
    open_pad(page)
    page.evaluate(
        """() => { const s = document.querySelector(".snn-pad-sheet");
        const b = s.getBoundingClientRect();
        s.setPointerCapture = () => {};
        const send = (kind, id, x, y) => s.dispatchEvent(new PointerEvent(kind, { pointerId: id,
          clientX: b.left + x * b.width, clientY: b.top + y * b.height, button: 0 }));
        send("pointerdown", 7, 0.2, 0.5); send("pointerdown", 8, 0.5, 0.1);
        send("pointermove", 8, 0.5, 0.9); send("pointerup", 8, 0.5, 0.9);
        document.querySelector(".snn-pad-undo").click();
        send("pointermove", 7, 0.8, 0.5); send("pointercancel", 7, 0.8, 0.5); }"""
    )
    (ink,) = told(page)
    assert value_at(ink, 0.5, 0.5) == 255
    assert value_at(ink, 0.5, 0.1) == value_at(ink, 0.5, 0.9) == 0
    page.evaluate("window.pad.remove()")
    assert page.evaluate("document.querySelector('#here').childNodes.length") == 0
    page.set_viewport_size(SMALL)
    next_frame(page)
