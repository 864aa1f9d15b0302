"""The film on the first page, in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.dashboard.browser import PATIENCE, button, drawn

pytestmark = pytest.mark.slow
PICTURE = """() => {
  const hosts = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")];
  const root = hosts.map((host) => host.shadowRoot).find((one) => one?.querySelector(".film"));
  return root.querySelector(".film canvas").toDataURL();
}"""


def opened(browser: Any, address: str, *, narrow: bool = False) -> Any:
    size = {"width": 390, "height": 844} if narrow else {"width": 1280, "height": 900}
    context = browser.new_context(viewport=size, has_touch=narrow, is_mobile=narrow)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(address)
    drawn(page)
    return page


def test_the_film_is_opened_plays_and_the_link_follows(server: str, browser: Any) -> None:
    page = opened(browser, server)
    assert page.locator(".film").count() == 0
    page.get_by_text("Show the film of the idea").click()
    page.wait_for_selector(".film[data-ready]")
    page.wait_for_url(re.compile(r"[?&]film=1"))
    before = page.evaluate(PICTURE)
    button(page, "Play").click()
    page.wait_for_selector(".film[data-plays=true]")
    page.wait_for_timeout(2500)
    button(page, "Pause").click()
    assert page.evaluate(PICTURE) != before
    t = page.locator(".film").get_attribute("data-t")
    page.wait_for_url(re.compile(rf"[?&]at={float(t):g}(&|$)"))
    page.wait_for_timeout(1000)
    assert page.locator(".film").get_attribute("data-t") == t  # it stays where it was


def test_a_link_opens_it_at_a_moment_on_a_phone(server: str, browser: Any) -> None:
    page = opened(browser, f"{server}/?film=1&at=73.5", narrow=True)
    page.wait_for_selector(".film[data-ready]")
    film = page.locator(".film")
    assert film.get_attribute("data-t") == "73.50"
    assert re.match(r"Stage 1 of a trained network, 64 images", film.locator(".said").inner_text())
    button(page, "The noise").tap()
    page.wait_for_url(re.compile(r"[?&]at=31.5(&|$)"))
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]
    film.get_by_role("button", name="Step", exact=True).tap()
    page.wait_for_url(re.compile(r"[?&]at=35.5(&|$)"))
    page.get_by_text("Show the film of the idea").tap()
    page.wait_for_selector(".film", state="detached")
    page.wait_for_function("!location.search.includes('at=')")
