"""The network explorer in a real browser: mouse, keys and fingers, wide and narrow."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.dashboard.browser import PATIENCE, button, drawn

pytestmark = pytest.mark.slow
MAPS = ".snn .board canvas"
STEPPED = """() => {
  const hosts = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")];
  const root = hosts.map((host) => host.shadowRoot).find((one) => one.querySelector(".snn"));
  const [canvas, snn] = [root.querySelector(".board canvas"), root.querySelector(".snn")];
  const before = [snn.dataset.t, canvas.toDataURL()];
  root.querySelector("[data-key=step]").click();
  return [before, [snn.dataset.t, canvas.toDataURL()]];
}"""
"""Steps, and says at once what has become of timestep and picture: nothing can come meanwhile."""


def opened(browser: Any, address: str, *, narrow: bool = False, **more: Any) -> Any:
    size = {"width": 390, "height": 844} if narrow else {"width": 1280, "height": 900}
    context = browser.new_context(viewport=size, has_touch=narrow, is_mobile=narrow, **more)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(address)
    drawn(page)
    page.wait_for_selector(".snn[data-ready], .snn-pad")
    return page


def t_of(page: Any) -> int:
    return int(page.locator(".snn").get_attribute("data-t"))


def until_t(page: Any, t: int) -> None:
    page.wait_for_selector(f'.snn[data-t="{t}"]')


def in_link(page: Any, what: str) -> None:
    page.wait_for_url(re.compile(rf"[?&]{what}(&|$)"))


def test_a_step_needs_no_server_and_the_link_follows(server: str, browser: Any) -> None:
    page = opened(browser, f"{server}/explorer")
    (before, first), (after, second) = page.evaluate(STEPPED)
    assert (before, after) == ("1", "2")
    assert first != second
    in_link(page, "t=2")
    page.locator(".snn input[type=range]").fill("9")
    until_t(page, 9)
    in_link(page, "t=9")
    button(page, "Rate so far").click()
    in_link(page, "view=rates")
    assert page.faults == []


def test_it_plays_on_while_the_page_is_drawn_anew(server: str, browser: Any) -> None:
    page = opened(browser, f"{server}/explorer")
    button(page, "slow").click()
    button(page, "Play").click()
    until_t(page, 2)
    page.locator(MAPS).first.click(position={"x": 25, "y": 25})  # tells the server
    in_link(page, "neuron=[0-9%C,]+")
    assert button(page, "Pause").is_visible()
    until_t(page, t_of(page) + 2)
    button(page, "Pause").click()
    in_link(page, f"t={t_of(page)}")
    page.keyboard.press("Escape")  # closes the neuron, here and below
    page.wait_for_selector(".st-key-explorer-neuron", state="detached")
    assert "neuron=" not in page.url


def test_keys_step_and_play(server: str, browser: Any) -> None:
    page = opened(browser, f"{server}/explorer")
    page.locator(".snn").focus()
    page.keyboard.press("ArrowRight")
    until_t(page, 2)
    page.keyboard.press("End")
    until_t(page, 16)
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    button(page, "Pause").wait_for()
    page.keyboard.press(" ")
    button(page, "Play").wait_for()


def test_a_link_restores_all_and_so_do_back_and_forward(server: str, browser: Any) -> None:
    page = opened(browser, f"{server}/explorer?image=4&t=5&view=h&neuron=2,2,140")
    assert t_of(page) == 5
    assert button(page, "Potential before firing").get_attribute("aria-pressed") == "true"
    assert page.locator(".snn figcaption b").inner_text().startswith("Test image 4,")
    page.get_by_text("stage 2, map 3, row 6, column 7").first.wait_for()
    page.get_by_role("link", name="Open in the Neuron lab").click()
    page.get_by_text("Currents of a neuron of a trained network").wait_for()
    drawn(page)
    page.go_back()
    page.wait_for_selector(".snn[data-ready]")
    assert t_of(page) == 5
    assert page.locator(".snn figcaption b").inner_text().startswith("Test image 4,")
    page.go_forward()
    page.get_by_text("Currents of a neuron of a trained network").wait_for()


def test_a_neuron_is_open_in_player_and_page_or_in_neither(server: str, browser: Any) -> None:
    page = opened(browser, f"{server}/explorer?image=4&neuron=2,2,140")
    below, panel = page.locator(".st-key-explorer-neuron h3"), page.locator(".snn .opened")
    below.wait_for()
    assert "Stage 2, map 3, row 6, column 7" in panel.locator("h4").inner_text()
    panel.get_by_role("button", name="Close").click()
    below.wait_for(state="detached")
    page.wait_for_url(re.compile(r"^((?!neuron=).)*$"))
    assert not panel.is_visible()
    page.locator(MAPS).last.click(position={"x": 15, "y": 15})  # of the network beside
    below.wait_for()
    beside = page.get_by_role("combobox", name="Beside it")
    beside.scroll_into_view_if_needed()
    page.wait_for_timeout(700)  # a page that still scrolls closes the menu
    beside.click()
    page.get_by_role("option", name="nothing").click()
    below.wait_for(state="detached")
    page.wait_for_url(re.compile(r"^((?!neuron=).)*$"))
    assert page.faults == []


def test_next_goes_to_an_image_that_the_other_network_loses(server: str, browser: Any) -> None:
    page = opened(browser, f"{server}/explorer?t=16")
    button(page, "Next").click()
    in_link(page, r"image=[1-9]\d*")
    page.locator(".snn figcaption b", has_text=re.compile("Test image [1-9]")).wait_for()
    right, wrong = page.locator(".snn .verdict").all_inner_texts()
    assert ": wrong" in wrong
    assert page.locator(MAPS).count() == 6
    assert page.faults == []
    assert right != wrong


@pytest.mark.parametrize("narrow", [False, True])
def test_a_digit_is_drawn_and_answered(server: str, browser: Any, narrow: bool) -> None:
    page = opened(browser, f"{server}/explorer?from=Draw", narrow=narrow)
    sheet = page.locator(".snn-pad-sheet")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    points = [(0.3, 0.2), (0.7, 0.2), (0.45, 0.8)]
    for number, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=8)
        if number == 0:
            page.mouse.down()
    page.mouse.up()
    page.wait_for_selector(".snn[data-ready]")
    page.locator(".snn-pad-said", has_text="with noise says 7").wait_for()
    in_link(page, "ink=[^&]+")
    assert "right" not in page.locator(".snn .verdict").first.inner_text()
    page.goto(page.url)
    page.locator(".snn-pad-said", has_text="with noise says 7").wait_for()
    button(page, "Clear").click()
    page.wait_for_url(re.compile(r"^((?!ink=).)*$"))
    assert page.faults == []


def test_a_phone_in_the_dark(server: str, browser: Any) -> None:
    page = opened(browser, f"{server}/explorer", narrow=True, color_scheme="dark")
    assert "dark" in page.locator(".snn").get_attribute("style")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    button(page, "Step").tap()
    until_t(page, 2)
    page.locator(MAPS).first.tap(position={"x": 15, "y": 15})
    in_link(page, "neuron=[0-9%C,]+")
    page.wait_for_selector(".st-key-explorer-neuron .stVegaLiteChart")
    page.locator(".snn [data-key=further]").tap()
    there = "document.querySelector('.st-key-explorer-neuron').getBoundingClientRect().top"
    page.wait_for_function(f"Math.abs({there}) < 200")
    assert page.faults == []
