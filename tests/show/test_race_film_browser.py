"""The film of a race in a real browser: from disk, without a network, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from snnlab.show.described import three_digits
from snnlab.show.films import race
from snnlab.show.films.film import Film
from tests.dashboard.browser import browsing
from tests.show.film_page import NARROW, WIDE, opened
from tests.show.test_race_film import three, training

pytestmark = pytest.mark.slow

ANN = training("ann", 1.0, 30.0, 90.0, 98.0, 98.5, 98.75, 98.75)

# Where the lines of a part end, in px of the picture, by racer; null before they begin.
MARKS = """(part) => [...document.querySelectorAll(`[data-part=${part}] [data-part=head]`)]
  .sort((a, b) => a.parentElement.dataset.racer - b.parentElement.dataset.racer)
  .map((mark) => /translate\\((\\S+) (\\S+)\\)/.exec(mark.getAttribute("transform")))
  .map((found) => found && found.slice(1).map(Number))"""
SLIDE = """(slider, t) => {
  slider.value = t;
  slider.dispatchEvent(new Event("input", {bubbles: true}));
}"""
LINE = '[data-part=training] [data-racer="0"] .line'
TEXTS = """(name) => [...document.querySelectorAll(`[data-part="${name}"]`)]
  .filter((text) => getComputedStyle(text).visibility === "visible")
  .map((text) => [text.closest("[data-racer]")?.dataset.racer, text.textContent])"""
BOXES = """(chosen) => [...document.querySelectorAll(chosen)]
  .filter((text) => text.textContent && getComputedStyle(text).visibility === "visible")
  .map((text) => { const box = text.getBoundingClientRect();
    return [box.left, box.top, box.right, box.bottom, text.textContent]; })"""
OVERFLOWS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as started:
        yield started


@pytest.fixture(scope="module")
def film() -> Film:
    return race(three() | {"ann": [ANN]})


@pytest.fixture(scope="module")
def file(film: Film, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of its page on disk."""
    path = tmp_path_factory.mktemp("film") / "film.html"
    path.write_text(film.page(), encoding="utf-8")
    return path.as_uri()


def go_to(page: Any, moment: float) -> None:
    """Move the slider, as a script of the page would."""
    page.locator(".film input[type=range]").evaluate(SLIDE, moment)


def texts(page: Any, name: str) -> dict[str | None, str]:
    return dict(page.evaluate(TEXTS, name))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_quick_ones_raise_their_flag_and_wait(
    browser: Any, file: str, film: Film, size: dict[str, int]
) -> None:
    page = opened(browser, file, size)
    scene = film.scene
    first, all_trained = film.chapters[1].at, film.chapters[2].at
    go_to(page, first + 0.1)
    assert set(texts(page, "flag")) == {"3"}  # the ANN, which is the quickest
    assert texts(page, "took")["3"] == f"{three_digits(scene['racers'][3]['ends'][-1])} s"
    before = page.evaluate(MARKS, "training")
    go_to(page, all_trained + 0.1)
    assert set(texts(page, "flag")) == {"0", "1", "2", "3"}
    after = page.evaluate(MARKS, "training")
    assert after[3] == before[3]  # it waited
    ends = [line["ends"][-1] for line in scene["racers"]]
    # the ends stand in the proportion of the seconds
    scale = (after[2][0] - after[0][0]) / (ends[2] - ends[0])
    assert [x for x, _ in after] == pytest.approx(
        [after[0][0] + scale * (end - ends[0]) for end in ends], abs=0.5
    )
    assert not page.evaluate(OVERFLOWS)
    assert page.wrong == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_points_move_to_their_accuracy_and_names_keep_apart(
    browser: Any, file: str, film: Film, size: dict[str, int]
) -> None:
    page = opened(browser, file, size)
    places = []
    for T, moment in film.scene["frames"]:
        go_to(page, moment)
        (now,) = [text for _, text in page.evaluate(TEXTS, "now") if text.startswith("T")]
        assert now == f"T = {T}"
        marks = page.evaluate(MARKS, "sweep")
        values = [line["accuracy"][line["timesteps"].index(T)] for line in film.scene["racers"]]
        # one px is the same everywhere
        low, high = min(values), max(values)
        down, up = marks[values.index(low)][1], marks[values.index(high)][1]
        expected = [down + (up - down) * (value - low) / (high - low) for value in values]
        assert [y for _, y in marks] == pytest.approx(expected, abs=0.1)
        places.append(marks[0][0])
        apart(page.evaluate(BOXES, "[data-part=label]"))
    steps = [b - a for a, b in pairwise(places)]  # T = 1, 2, 4, 8, 16 on an axis of doublings
    assert steps == pytest.approx([steps[0]] * 4, abs=0.1)
    go_to(page, film.length)
    for i, line in enumerate(film.scene["racers"]):
        assert texts(page, "board-took")[str(i)] == f"{line['took']} s"
        for T in film.scene["board"]:
            value = line["accuracy"][line["timesteps"].index(T)]
            assert texts(page, f"board-{T}")[str(i)] == f"{value:.2f}"
    apart(page.evaluate(BOXES, ".race [data-part=sweep] text"))
    assert page.wrong == []


def apart(boxes: list[tuple[float, float, float, float, str]]) -> None:
    """No text lies over another one; a little of the room around letters may."""
    slack = 4
    for i, (left, top, right, bottom, words) in enumerate(boxes):
        for other_left, other_top, other_right, other_bottom, others in boxes[i + 1 :]:
            across = min(right, other_right) - max(left, other_left)
            down = min(bottom, other_bottom) - max(top, other_top)
            assert min(across, down) < slack, (words, others)


def test_a_number_appears_on_the_board_when_the_film_has_come_to_it(
    browser: Any, file: str, film: Film
) -> None:
    page = opened(browser, file)
    frames = dict(film.scene["frames"])
    go_to(page, frames[4] - 0.2)
    assert texts(page, "board-1")["0"] == "97.50"
    assert texts(page, "board-4")["0"] == ""
    go_to(page, frames[4])
    assert texts(page, "board-4")["0"] == "98.25"
    go_to(page, 2.0)  # and any moment is drawn from nothing else
    assert texts(page, "board-1") == {}
    assert page.wrong == []


def test_it_plays_by_finger_and_moves_by_keys(browser: Any, file: str, film: Film) -> None:
    page = opened(browser, file, NARROW, has_touch=True)
    page.get_by_role("button", name="Play").tap()
    page.wait_for_function("document.querySelector('.film').dataset.t > 1.3")
    page.get_by_role("button", name="Pause").tap()
    assert page.evaluate("document.querySelector('[data-part=training] .now').getAttribute('d')")
    page.locator(".film").focus()
    for step in film.steps:
        if step > float(page.locator(".film").get_attribute("data-t")):
            page.keyboard.press("ArrowRight")
            assert float(page.locator(".film").get_attribute("data-t")) == step
    page.keyboard.press("Home")
    assert page.locator(".film").get_attribute("data-t") == "0.00"
    assert page.wrong == []


def test_its_clock_comes_to_the_end(browser: Any, file: str, film: Film) -> None:
    assert film.length % 1 >= 0.5  # which is rounded up
    page = opened(browser, file)
    page.locator(".film").press("End")
    now, end = page.locator(".film .time output").inner_text().removesuffix(" s").split(" of ")
    assert now == end


def test_colours_follow_a_dark_page(browser: Any, file: str) -> None:
    found = {}
    for scheme in ("light", "dark"):
        page = opened(browser, file, color_scheme=scheme)
        go_to(page, 12)
        found[scheme] = page.eval_on_selector(LINE, "(line) => getComputedStyle(line).stroke")
    assert found == {"light": "rgb(0, 114, 178)", "dark": "rgb(86, 180, 233)"}
