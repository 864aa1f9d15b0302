"""A film in a real browser, from disk and without a network: by mouse, finger and keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from snnlab.show.films import Film, idea
from tests.dashboard.browser import browsing
from tests.show.film_page import NARROW, opened

pytestmark = pytest.mark.slow

HEAD = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>x</title>'
)
PHONE = {"size": NARROW, "has_touch": True, "is_mobile": True}
PICTURE = "document.querySelector('.film canvas').toDataURL()"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as started:
        yield started


@pytest.fixture(scope="module")
def film() -> Film:
    return idea()


@pytest.fixture(scope="module")
def address(film: Film, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("films") / "film.html"
    path.write_text(HEAD + film.html(), encoding="utf-8")
    return path.as_uri()


def t_of(page: Any) -> float:
    return float(page.locator(".film").get_attribute("data-t"))


def key(page: Any, name: str) -> Any:
    return page.locator(f".film [data-key='{name}']")


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
def test_it_plays_when_asked_and_stops(browser: Any, address: str, narrow: bool) -> None:
    page = opened(browser, address, **(PHONE if narrow else {}))
    before = page.evaluate(PICTURE)
    page.wait_for_timeout(400)
    assert (t_of(page), page.evaluate(PICTURE)) == (0, before), "it starts by itself"
    press = (lambda what: what.tap()) if narrow else (lambda what: what.click())
    press(key(page, "play"))
    page.wait_for_function("document.querySelector('.film').dataset.t > 2")
    assert page.evaluate(PICTURE) != before
    press(key(page, "play"))
    assert page.locator(".film").get_attribute("data-plays") == "false"
    stopped, rests = page.evaluate(PICTURE), t_of(page)
    page.wait_for_timeout(400)
    assert (page.evaluate(PICTURE), t_of(page)) == (stopped, rests)
    press(page.locator(".film .screen"))  # the picture itself plays, too
    page.wait_for_function("t => document.querySelector('.film').dataset.t > t + 0.3", arg=rests)
    press(key(page, "chapter-4"))
    assert t_of(page) >= 44
    assert page.locator(".film").get_attribute("data-plays") == "true"
    assert page.locator(".film .said").inner_text().startswith("120 neurons")
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]
    assert page.wrong == []


def test_keys_go_from_step_to_step(browser: Any, address: str, film: Film) -> None:
    page = opened(browser, address)
    root = page.locator(".film")
    root.focus()
    for step in film.steps[:3]:
        root.press("ArrowRight")
        assert t_of(page) == pytest.approx(step, abs=0.01)
    root.press("ArrowLeft")
    assert t_of(page) == pytest.approx(film.steps[1], abs=0.01)
    root.press("End")
    assert t_of(page) == film.length
    assert key(page, f"chapter-{len(film.chapters)}").get_attribute("aria-current") == "true"
    root.press("Home")
    assert t_of(page) == 0
    root.press("Space")
    page.wait_for_function("document.querySelector('.film').dataset.t > 0.3")
    root.press("Space")
    assert root.get_attribute("data-plays") == "false"
    key(page, "step").focus()
    while t_of(page) < film.length:
        page.keyboard.press("Enter")
    page.keyboard.press("Home")  # a button that can do no more leaves the keys to another one
    assert t_of(page) == 0
    slider = key(page, "slider")
    slider.focus()
    before = t_of(page)
    slider.press("ArrowRight")
    assert t_of(page) == pytest.approx(before + 1, abs=0.02)
    assert page.wrong == []


def test_nothing_jumps_from_chapter_to_chapter_and_the_clock_comes_to_its_end(
    browser: Any, address: str, film: Film
) -> None:
    page = opened(browser, address, **PHONE)
    heights = set()
    for i in range(len(film.chapters)):
        key(page, f"chapter-{i + 1}").tap()
        heights.add(page.evaluate("document.querySelector('.film').offsetHeight"))
    assert len(heights) == 1
    page.locator(".film").press("End")
    shown = page.locator(".film .time output").inner_text()
    assert shown == f"{film.length:.0f} of {film.length:.0f} s"


def test_the_slider_is_dragged_and_says_where_it_is(browser: Any, address: str, film: Film) -> None:
    page = opened(browser, address)
    box = key(page, "slider").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 10, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=5)
    page.mouse.up()
    t = t_of(page)
    assert t == pytest.approx(0.7 * film.length, abs=2)
    said = key(page, "slider").get_attribute("aria-valuetext")
    assert said == f"A crowd, {int(t)} of {film.length:.0f} s"


def test_a_moment_has_one_picture_however_one_came_to_it(browser: Any, address: str) -> None:
    page = opened(browser, address)

    def at(t: float) -> str:
        slider = key(page, "slider")
        slider.evaluate("(n, t) => { n.value = t; n.dispatchEvent(new Event('input')); }", t)
        return str(page.evaluate(PICTURE))

    moments = (5.3, 20.0, 30.8, 38.0, 50.0, 65.0)
    forwards = [at(t) for t in moments]
    assert len(set(forwards)) == len(moments)
    assert [at(t) for t in reversed(moments)] == forwards[::-1]


def test_with_reduced_motion_it_stands_still_between_steps(
    browser: Any, address: str, film: Film
) -> None:
    page = opened(browser, address, reduced_motion="reduce")
    key(page, "speed-fast").click()
    key(page, "play").click()
    seen = page.evaluate(
        """async () => {
          const seen = [], film = document.querySelector(".film");
          const end = performance.now() + 9000;
          while (performance.now() < end) {
            await new Promise(requestAnimationFrame);
            const now = [Number(film.dataset.t), performance.now()];
            if (!seen.length || seen.at(-1)[0] !== now[0]) seen.push(now);
          }
          return seen;
        }"""
    )
    places = [t for t, _ in seen]
    assert places == pytest.approx(list(film.steps[: len(places)]), abs=0.01)
    assert len(places) >= 3
    held = [later[1] - sooner[1] for sooner, later in pairwise(seen[1:])]
    assert min(held) > 1400, "3 s at normal speed"
    assert page.locator(".film").get_attribute("data-plays") == "true"


def test_colours_follow_the_background(browser: Any, address: str) -> None:
    light = opened(browser, address, color_scheme="light")
    dark = opened(browser, address, color_scheme="dark")
    inks = [
        page.locator(".film").evaluate("n => getComputedStyle(n).color") for page in (light, dark)
    ]
    assert inks == ["rgb(28, 31, 35)", "rgb(241, 243, 245)"]
    assert light.evaluate(PICTURE) != dark.evaluate(PICTURE)


def test_several_stand_on_one_page(browser: Any, film: Film, tmp_path: Path) -> None:
    path = tmp_path / "two.html"
    path.write_text(HEAD + film.html() + film.html(), encoding="utf-8")
    page = opened(browser, path.as_uri())
    page.wait_for_function("document.querySelectorAll('.film[data-ready]').length === 2")
    page.locator(".film").nth(1).locator("[data-key=step]").click()
    times = [float(one.get_attribute("data-t")) for one in page.locator(".film").all()]
    assert times == [0, pytest.approx(film.steps[0])]
    assert page.wrong == []
