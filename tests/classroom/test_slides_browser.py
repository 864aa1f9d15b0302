"""Slides in a real browser, from disk, with no network: nothing overflows, nothing is empty."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest

from snnlab.classroom.slides import CourseSlides
from snnlab.show.films.idea import example_idea
from snnlab.show.widgets.neurons import gradient_explorer, neuron_explorer, residual_explorer
from tests.dashboard.browser import browsing
from tests.show.course_page import cell, prediction_cells, shown
from tests.show.test_closed_forms import on_page

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
STEMS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
SCREEN = {"width": 1280, "height": 720}
READABLE = 23.9
"""Pixels of prose on a screen of 720, which the last row can read."""

# The next slide, with all of its parts.
NEXT = """() => {
  do Reveal.next();
  while (Reveal.getCurrentSlide().querySelector(".fragment:not(.visible)"));
}"""

# What is wrong with the slide that is shown; the network explorer may be taller than it.
FAULTS = """async (readable) => {
  const slide = Reveal.getCurrentSlide();
  while (slide.dataset.fitted !== "done") await new Promise(requestAnimationFrame);
  const faults = [];
  const scrolls = slide.querySelector(".snn:not(.film)");
  if (slide.scrollWidth > slide.clientWidth) faults.push("too wide");
  if (slide.scrollHeight > slide.clientHeight && !scrolls) faults.push("too tall");
  const parts = "p:not(.running), li, pre, img, svg, canvas, input, td";
  const inside = [...slide.querySelectorAll(parts)];
  const shown = (part) => !part.closest("aside") && part.getBoundingClientRect().height > 0;
  const seen = inside.filter(shown);
  if (!seen.length) faults.push("empty");
  for (const part of slide.querySelectorAll(".jp-RenderedMarkdown :is(p, li)")) {
    if (!shown(part)) continue;
    const size = parseFloat(getComputedStyle(part).fontSize) * part.currentCSSZoom;
    if (size < readable) faults.push(`letters of ${size} pixels`);
  }
  return faults.map((fault) => `${fault}: ${slide.innerText.slice(0, 80)}`);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as started:
        yield started


def opened(browser: Any, file: Path, size: dict[str, int] = SCREEN, **options: Any) -> Any:
    """The slides in a file; whatever they ask of a network is written down."""
    page = browser.new_context(viewport=size, **options).new_page()
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on(
        "request",
        lambda r: (
            None
            if r.url.startswith(("file:", "data:", "blob:", "about:"))
            else page.wrong.append(r.url)
        ),
    )
    page.goto(file.as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    return page


def faults_of(page: Any) -> list[str]:
    """What is wrong with any of the slides, gone through one by one."""
    found = []
    while True:
        found += page.evaluate(FAULTS, READABLE)
        if page.evaluate("Reveal.isLastSlide()"):
            return found + page.wrong
        page.evaluate(NEXT)


@pytest.mark.parametrize("stem", STEMS)
def test_prose_and_code_of_every_notebook_fit(browser, tmp_path, stem):
    notebook = nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4)
    made, _ = CourseSlides().from_notebook_node(notebook)
    file = tmp_path / f"{stem}.html"
    file.write_text(made, encoding="utf-8")
    assert faults_of(opened(browser, file)) == []


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """The slides of the quickstart, as `make slides` writes them."""
    folder = tmp_path_factory.mktemp("slides")
    options = ["--execute", "--ExecutePreprocessor.timeout=600", f"--output-dir={folder}"]
    options += ["--ExecutePreprocessor.store_widget_state=False"]
    for kind in ("text/html", "image/png", "text/plain"):
        options.append(f"--NbConvertBase.display_data_priority={kind}")
    exporter = ["--to", "snnlab.classroom.slides.CourseSlides", "notebooks/00_quickstart.ipynb"]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    subprocess.run(
        [sys.executable, "-m", "nbconvert", *options, *exporter],
        cwd=ROOT,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    return folder / "00_quickstart.html"


def test_pictures_fit_too(browser, run):
    assert faults_of(opened(browser, run)) == []


@pytest.fixture
def at_the_player(browser, run) -> Any:
    """The slide with the network explorer, on a screen that shows it larger."""
    page = opened(browser, run, {"width": 1920, "height": 1080})
    page.wait_for_selector(".snn[data-ready]", state="attached")
    page.evaluate(
        "() => { const at = Reveal.getIndices(document.querySelector('.snn').closest('section'));"
        " Reveal.slide(at.h, at.v); }"
    )
    page.wait_for_function("Reveal.getCurrentSlide().dataset.fitted === 'done'")
    return page


def place(page: Any) -> str:
    return json.dumps(page.evaluate("Reveal.getIndices()"))


def test_keys_belong_to_the_piece_that_has_the_focus(at_the_player):
    page, slider = at_the_player, at_the_player.locator(".snn .time input")
    here = place(page)
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "document.querySelector('.snn .time output').textContent.startsWith('t = 3')"
    )
    assert place(page) == here
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    assert place(page) != here  # the slides have the keys again
    page.keyboard.press("ArrowLeft")
    slider.focus()
    before = place(page)
    page.keyboard.press("PageDown")  # as a clicker sends it
    assert place(page) != before


def test_a_neuron_is_hit_where_it_is_seen(at_the_player):
    """Though the slide is shown half as large again."""
    page, canvas = at_the_player, at_the_player.locator(".snn canvas[data-stage]").first
    box = canvas.bounding_box()
    sizes = canvas.evaluate("e => ({scale: +e.dataset.scale, wide: e.width, shown: e.clientWidth})")
    assert box["width"] == pytest.approx(1.5 * sizes["shown"], rel=0.02)
    pixel = sizes["scale"] / sizes["wide"] * box["width"]
    x, y = box["x"] + 5.5 * pixel, box["y"] + 3.5 * pixel  # map 1, row 4, column 6
    page.mouse.move(x, y)
    tip = page.locator(".snn .tip")
    assert "map 1, row 4, column 6" in tip.text_content()
    beside = tip.bounding_box()
    assert x < beside["x"] < x + 4 * pixel
    assert beside["y"] + beside["height"] < y or y < beside["y"] < y + 6 * pixel
    page.mouse.click(x, y)
    page.wait_for_selector(".snn .opened h4")
    assert "map 1, row 4, column 6" in page.locator(".snn .opened h4").first.text_content()


def test_the_speaker_has_notes_in_a_window(browser, tmp_path):
    lecture = tmp_path / "lecture" / "notes"
    lecture.mkdir(parents=True)
    note = "# T\n\nHave it ready.\n\n## 1. First\n\nMinutes: 3\n\n**Say** something kind.\n"
    (lecture / "00_a.md").write_text(note, encoding="utf-8")
    cell = nbformat.v4.new_markdown_cell("# T\n\nIntro.\n\n## 1. First\n\nHere.")
    given = {"metadata": {"name": "00_a", "path": str(tmp_path)}}
    made, _ = CourseSlides().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]), given)
    file = tmp_path / "00_a.html"
    file.write_text(made, encoding="utf-8")
    page = opened(browser, file)
    assert "Have it ready" not in page.locator(".slides").inner_text()
    with page.context.expect_page() as window:
        page.keyboard.press("s")
    notes = window.value.locator(".speaker-controls-notes")
    notes.get_by_text("Have it ready.").wait_for()
    page.keyboard.press("ArrowRight")
    notes.get_by_text("something kind").wait_for()
    assert page.wrong == []


SHOW = """() => {
  const { h, v } = Reveal.getIndices(%s.closest('.slides section'));
  Reveal.slide(h, v);
}"""
GIVEN_AWAY = """() => [...Reveal.getCurrentSlide().querySelectorAll('pre, [data-answer]')].some(
  (part) => part.checkVisibility()
    && (part.dataset.answer || part.innerText.includes("62 to 97 %")))"""
FITTED = "Reveal.getCurrentSlide().dataset.fitted === 'done'"


def put(slider: Any, way: str) -> None:
    """Move a slider, to another place by each of three ways."""
    if way == "keyboard":
        return slider.press("Home")
    box = slider.bounding_box()
    at = {"mouse": 0.7, "touch": 0.4}[way]
    where = {"x": at * box["width"], "y": box["height"] / 2}
    (slider.click if way == "mouse" else slider.tap)(position=where)


CLOSED_FORMS = (neuron_explorer, residual_explorer, gradient_explorer)


@pytest.fixture(scope="module")
def pieces(tmp_path_factory) -> Path:
    """Slides of a prediction, of the pictures that compute by themselves, and of a film."""
    cells = [cell("import torch"), *prediction_cells()]
    for make in CLOSED_FORMS:
        cells.append(nbformat.v4.new_markdown_cell(f"## {make.__name__}"))
        cells.append(cell("show.it()", shown(on_page(make()))))
    cells.append(nbformat.v4.new_markdown_cell("## Film"))
    cells.append(cell("show.it()", shown(example_idea().html())))
    made, _ = CourseSlides().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    file = tmp_path_factory.mktemp("pieces") / "pieces.html"
    file.write_text(made, encoding="utf-8")
    return file


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (390, 844)])
def test_what_computes_by_itself_is_drawn_when_its_slide_is_seen(browser, pieces, width, height):
    page = opened(browser, pieces, {"width": width, "height": height}, has_touch=True)
    for at, make in enumerate(CLOSED_FORMS):
        page.evaluate(SHOW % f"document.querySelectorAll('.snn-live-chart')[{at}]")
        piece = page.locator(".snn-live-chart").nth(at)
        piece.locator(".chart svg").last.wait_for()
        page.wait_for_function(FITTED)
        assert page.evaluate(FAULTS, READABLE) == [], make.__name__
        scale = page.evaluate("Reveal.getScale()")
        room = piece.bounding_box()["width"]
        assert room == pytest.approx(1168 * scale, rel=0.01)
        charts = piece.locator(".chart svg").all()
        assert sum(chart.bounding_box()["width"] for chart in charts) > 0.9 * room
        slider = piece.locator("input[type=range]").first
        said = piece.get_by_role("status")
        seen = [said.text_content()]
        here = place(page)
        for way in ("mouse", "touch", "keyboard"):
            put(slider, way)
            seen.append(said.text_content())
        assert all(before != after for before, after in pairwise(seen)), make.__name__
        slider.press("ArrowRight")
        assert place(page) == here
        value = slider.input_value()
        page.keyboard.press("PageDown")
        assert place(page) != here
        assert slider.input_value() == value
    assert page.wrong == []


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
def test_an_answer_waits_until_it_is_asked_for(browser, pieces, width, height):
    page = opened(browser, pieces, {"width": width, "height": height})
    picture = page.locator("[data-answer]")

    def all_slides() -> list[bool]:
        """Whether a slide shows the result, from the first to the last."""
        page.evaluate("Reveal.slide(0, 0)")
        seen = []
        while True:
            seen.append(page.evaluate(GIVEN_AWAY))
            if page.evaluate("Reveal.isLastSlide()"):
                return seen
            page.evaluate(NEXT)

    assert not any(all_slides())
    assert page.evaluate("Reveal.getTotalSlides()") == len(all_slides())
    page.evaluate(SHOW % "document.querySelector('[data-sketch]')")
    ring, here = page.locator(".ring").first, place(page)
    ring.press("ArrowUp")
    predicted = ring.get_attribute("aria-valuenow")
    assert place(page) == here
    page.keyboard.press("PageDown")  # as a clicker sends it
    assert place(page) != here
    assert ring.get_attribute("aria-valuenow") == predicted
    page.keyboard.press("PageUp")
    button = page.locator("[data-sketch] button")
    button.focus()
    page.keyboard.press("Space")  # the button's, not the slides'
    page.locator(".snn-result .told").wait_for()
    assert picture.is_visible()
    page.wait_for_function(FITTED)
    assert page.evaluate(FAULTS, READABLE) == []
    assert page.evaluate("Reveal.getCurrentSlide().scrollTop") == 0
    there = place(page)
    page.keyboard.press("Space")
    assert place(page) != there
    assert sum(all_slides()) == 2
    assert page.wrong == []


def test_a_film_plays_on_its_slide(browser, pieces):
    page = opened(browser, pieces)
    page.evaluate(SHOW % "document.querySelector('.snn.film')")
    page.wait_for_function(FITTED)
    assert page.evaluate(FAULTS, READABLE) == []
    film, here = page.locator(".snn.film"), place(page)
    film.locator(".screen").click()
    page.wait_for_function("+document.querySelector('.snn.film').dataset.t > 0.2")
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('.snn.film').dataset.plays === 'false'")
    page.keyboard.press("ArrowRight")
    assert place(page) == here
    page.keyboard.press("PageUp")
    assert place(page) != here
    assert page.wrong == []
