"""What screen readers and keyboards meet: each thing once, in plain words and numbers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from snnlab.dashboard.screen import ANNOUNCED
from tests.dashboard.browser import PATIENCE, drawn

LONG = re.compile(r"\d\.\d{5,}")
"""A number that nobody wants to hear."""
TOOLBAR = ("Show data", "Download as PNG", "Copy Vega-Lite spec", "Fullscreen")
SLIDERS = {"train": "Read the curve at T =", "distributions": "Timesteps T"}


def test_what_is_announced_ends_no_script() -> None:
    app = AppTest.from_string(
        "from snnlab.dashboard.screen import announce\n"
        "announce('Done: </script><b>\"it\\'s\"', key='run')\n"
    ).run()
    assert not app.exception
    body = app.get("html")[0].proto.body
    assert body.count("</script>") == 1
    assert 'const [id, text] = ["announced-run", "Done: \\u003c/script>' in body


def opened(browser: Any, address: str) -> Any:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(address)
    drawn(page)
    page.wait_for_selector(".stVegaLiteChart svg", state="attached")
    return page


def heard(page: Any) -> list[tuple[str, str]]:
    """Role and name of all that a screen reader meets."""
    page.wait_for_timeout(1000)
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    return [
        (node["role"]["value"], node["name"]["value"])
        for node in nodes
        if not node.get("ignored") and node.get("name", {}).get("value")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("page", ["neuron", "train", "sigma_map", "distributions", "compare"])
def test_nothing_is_heard_twice(page: str, server: str, browser: Any) -> None:
    there = opened(browser, f"{server}/{page}")
    found = heard(there)
    charts = [name for role, name in found if role == "graphics-document"]
    assert charts
    assert len(charts) == len(set(charts))
    names = there.evaluate("[...document.querySelectorAll('[aria-label]')].map(e => e.ariaLabel)")
    assert set(TOOLBAR) <= set(names)  # hidden ones, too: a pointer above the chart shows them
    assert all(sum(chart in name for name in names) == 1 for chart in charts)
    assert not [name for role, name in found if role in ("graphics-object", "graphics-symbol")]
    assert not [name for _, name in found if LONG.search(name)]
    assert not [name for role, name in found if role == "image" and name.endswith(" icon")]
    for name in (name for role, name in found if role == "slider"):
        half = name[: len(name) // 2].strip()
        assert name != f"{half} {half}"


@pytest.mark.slow
@pytest.mark.parametrize("page", SLIDERS)
def test_few_stops_lie_before_the_slider(page: str, server: str, browser: Any) -> None:
    there = opened(browser, f"{server}/{page}")
    there.get_by_role("slider", name=SLIDERS[page]).wait_for()
    there.evaluate("const h = document.querySelector('h1'); h.tabIndex = -1; h.focus()")
    stops = []
    while SLIDERS[page] not in stops and len(stops) < 15:
        there.keyboard.press("Tab")
        stops.append(there.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert stops[-1] == SLIDERS[page]  # only controls lie before it, no buttons of charts
    assert not [name for name in stops if name and name.startswith(TOOLBAR)]


@pytest.mark.slow
def test_a_region_says_each_text_once(server: str, browser: Any) -> None:
    page = opened(browser, f"{server}/train")

    def say(text: str) -> None:
        script = ANNOUNCED.replace("SAID", f'["announced-test", "{text}"]')
        page.evaluate(script.removeprefix("<script>").removesuffix("</script>"))

    said = "() => window.said"
    say("first")
    page.evaluate(
        "() => { window.said = []; const region = document.getElementById('announced-test');"
        " new MutationObserver(() => window.said.push(region.textContent))"
        ".observe(region, {childList: true}) }"
    )
    for text in ("first", "first", "second"):
        page.wait_for_timeout(400)
        say(text)
    page.wait_for_timeout(400)
    assert page.evaluate(said) in (["first", "second"], ["second"])
    region = page.locator("#announced-test")
    assert region.get_attribute("aria-live") == "polite"
