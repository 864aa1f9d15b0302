"""Pictures that compute by themselves, on a page from disk: by mouse, keyboard and touch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import nbformat
import pytest
import torch

from snnlab.classroom.page import CoursePage
from snnlab.neuron.spec import Neuron, Noise
from snnlab.neuron.transfer import firing_probability, multi_step_rate
from snnlab.show.widgets.neurons import gradient_explorer, neuron_explorer, residual_explorer
from tests.dashboard.browser import PATIENCE, browsing
from tests.show.test_closed_forms import on_page

pytestmark = pytest.mark.slow

WIDTHS = {1280: 900, 390: 844}
NEURON, RESIDUALS, FIRING = range(3)
DRAWN = "svg => [...svg.querySelectorAll('.marks > g > g > g [d]')].map(p => p.outerHTML).join()"


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    """A page of the course with the three of them, as if their cells had been run."""
    cells = []
    for make in (neuron_explorer, residual_explorer, gradient_explorer):
        shown = nbformat.v4.new_output("display_data", {"text/html": on_page(make())})
        cells.append(nbformat.v4.new_code_cell(f"{make.__name__}()", outputs=[shown]))
    page, _ = CoursePage().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page, "utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as started:
        yield started


@pytest.fixture(params=WIDTHS)
def pieces(request, browser, address) -> Iterator[Any]:
    """The three pictures, alive, with no network."""
    size = {"width": request.param, "height": WIDTHS[request.param]}
    context = browser.new_context(viewport=size, has_touch=True)
    asked = []
    context.route("http*://**/*", lambda route: (asked.append(route.request.url), route.abort()))
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address)
    page.wait_for_function("document.querySelectorAll('.snn-live-chart .at-rest').length === 0")
    found = page.locator(".snn-live-chart")
    assert found.count() == 3
    yield found
    assert page.evaluate("document.documentElement.scrollWidth") <= request.param
    assert (faults, asked) == ([], [])
    context.close()


def said(piece: Any) -> str:
    return str(piece.get_by_role("status").text_content())


def value_of(piece: Any, name: str) -> float:
    """Where a slider stands."""
    return float(piece.get_by_role("slider", name=name, exact=True).input_value())


def put(piece: Any, name: str, share: float, *, touch: bool = False) -> None:
    """Click or tap on a slider, at a share of its width."""
    slider = piece.get_by_role("slider", name=name, exact=True)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    at = {"x": share * box["width"], "y": box["height"] / 2}
    (slider.tap if touch else slider.click)(position=at)


def drawn(piece: Any) -> list[str]:
    """What the charts of a picture show."""
    return piece.locator(".chart svg").evaluate_all(f"all => all.map({DRAWN})")


def place_of(piece: Any, chart: int, layer: int) -> tuple[float, float]:
    """Where the dot of a layer is, as shares of the width and the height of the data area."""
    svg = piece.locator(".chart svg").nth(chart)
    moved = svg.locator(f".layer_{layer}_marks path").get_attribute("transform")
    x, y = map(float, re.findall(r"-?[\d.]+", moved)[:2])
    shape = svg.locator(".root > g > .background").get_attribute("d")
    width, height = map(float, re.findall(r"[hv]([\d.]+)", shape)[:2])
    return x / width, 1 - y / height


def test_every_control_moves_the_picture_by_mouse_keyboard_and_touch(pieces):
    for piece in pieces.all():
        for slider in piece.get_by_role("slider").all():
            name = slider.get_attribute("aria-label")
            seen = [(slider.input_value(), said(piece), drawn(piece))]
            for way in ("mouse", "touch", "keyboard"):
                if way == "keyboard":
                    slider.press("PageUp")
                else:
                    put(piece, name, {"mouse": 0.7, "touch": 0.3}[way], touch=way == "touch")
                seen.append((slider.input_value(), said(piece), drawn(piece)))
            for before, after in pairwise(seen):
                assert before[0] != after[0], name
                assert before[1] != after[1], name
            # more silent neurons alone leave the picture of the active ones as it is
            assert len({"".join(charts) for *_, charts in seen}) > 1, name
        for choice in piece.get_by_role("combobox").all():
            before = drawn(piece)
            choice.focus()
            choice.press("ArrowDown")
            assert drawn(piece) != before
            choice.select_option(index=0)
            assert drawn(piece) == before


def test_a_neuron_fires_as_the_closed_form_says(pieces):
    piece = pieces.nth(NEURON)
    for current, v_init, T in ((0.4, 0.1, 0.9), (0.62, 0.8, 0.2)):
        put(piece, "current (v_th)", current)
        put(piece, "v_init (v_th)", v_init, touch=True)
        put(piece, "timesteps T", T)
        current, v_init = value_of(piece, "current (v_th)"), value_of(piece, "v_init (v_th)")
        T = round(value_of(piece, "timesteps T"))
        neuron = Neuron(v_init=v_init)
        rate = multi_step_rate(torch.tensor(current, dtype=torch.float64), T, neuron).item()
        assert said(piece).startswith(f"{round(T * rate)} spike")
        assert f"rate {rate:.3f}." in said(piece)
        x, y = place_of(piece, 1, 3)  # of the chart that follows
        assert x == pytest.approx((current + 0.3) / 1.8, abs=0.002)
        assert y == pytest.approx(rate / 1.03, abs=0.003)
        spikes = piece.locator(".chart").first.locator(".layer_7_marks path")
        assert spikes.count() == round(T * rate)


def test_noise_fires_as_the_closed_form_says(pieces):
    piece = pieces.nth(FIRING)
    piece.get_by_role("combobox", name="noise").select_option("logistic")
    put(piece, "sigma (v_th)", 0.4, touch=True)
    put(piece, "mu (v_th)", 0.3)
    put(piece, "current (v_th)", 0.7)
    current = value_of(piece, "current (v_th)")
    noise = Noise("logistic", value_of(piece, "sigma (v_th)"), value_of(piece, "mu (v_th)"))
    expected = firing_probability(torch.tensor(current, dtype=torch.float64), noise).item()
    assert f"with probability {expected:.3f};" in said(piece)
    x, y = place_of(piece, 0, 5)
    assert x == pytest.approx((current + 0.5) / 2, abs=0.002)
    assert y == pytest.approx(expected / 1.03, abs=0.003)


def test_controls_are_named_and_large_enough_and_words_follow(pieces):
    for piece in pieces.all():
        for control in [*piece.get_by_role("slider").all(), *piece.get_by_role("combobox").all()]:
            assert control.bounding_box()["height"] >= 44
            assert control.get_attribute("aria-label")
        for chart in piece.locator(".chart").all():
            assert chart.get_attribute("aria-label").endswith(said(piece))
            svg = chart.locator("svg")
            width = pytest.approx(svg.bounding_box()["width"], abs=1)
            assert float(svg.get_attribute("width")) == width  # not scaled
            assert chart.bounding_box()["width"] == width
    piece = pieces.nth(RESIDUALS)
    shown = piece.locator("label", has_text="lowest current").locator(".value")
    put(piece, "lowest current (v_th)", 0.2)
    lowest = value_of(piece, "lowest current (v_th)")
    assert lowest < 0
    assert shown.text_content() == f"\u2212{-lowest:.2f}"
    assert piece.locator(".chart").get_attribute("aria-label").endswith(said(piece))


def test_charts_fit_when_a_phone_is_turned(browser, address):
    context = browser.new_context(viewport={"width": 844, "height": 390})
    page = context.new_page()
    page.goto(address)
    svg = page.locator(".snn-live-chart .chart svg").first
    wide = svg.bounding_box()["width"]
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(
        "document.querySelector('.chart svg').getAttribute('width') <= innerWidth"
    )
    assert svg.bounding_box()["width"] < wide
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_without_scripts_the_last_picture_is_seen(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.locator(".snn-live-chart .at-rest img").count() == 3
    assert page.get_by_text("With scripts this picture has sliders").first.is_visible()
    context.close()
