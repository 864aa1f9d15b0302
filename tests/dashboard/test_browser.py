"""The story of a user, in a real browser, with the engine that works."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from snnlab.runs.examples import SHIPPED
from tests.dashboard.browser import (
    PATIENCE,
    badge,
    button,
    chromium,
    drawn,
    press_start,
    served,
    server_process,
)
from tests.dashboard.conftest import packed, picture

pytestmark = pytest.mark.slow
SHORT = "train?preset=digits-mlp&epochs=2"
LONG = "train?preset=digits&epochs=200"


@pytest.fixture(scope="module")
def server(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    chromium()
    root = tmp_path_factory.mktemp("served") / "runs"
    shutil.copytree(trained, root)  # so that no examples are trained
    with served(root, SNNLAB_TEACHER_PIN="1234") as address:
        yield address


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def open_at(page: Any, address: str) -> None:
    page.goto(address)
    drawn(page)


def test_the_story(server: str, browser: Any, page: Any, tmp_path: Path) -> None:
    outside: list[str] = []
    page.on(
        "request",
        lambda r: None if r.url.startswith((server, "data:", "blob:")) else outside.append(r.url),
    )
    open_at(page, server)
    page.wait_for_selector("[aria-label^='Membrane potential']")
    button(page, "Step").click()
    page.get_by_text("t = 1: charge").wait_for()

    open_at(page, f"{server}/{SHORT}&sigma=0.29")
    with_noise = press_start(page)
    page.get_by_text("Certificate of the conversion").wait_for()
    drawn(page)  # a key that is pressed before may be lost
    move(page, "Read the curve at T =", "at=9")

    open_at(page, f"{server}/{SHORT}&sigma=0")
    without = press_start(page)
    badge(page, "Done").wait_for()

    open_at(page, f"{server}/compare?run={with_noise},{without}")
    page.wait_for_selector("[aria-label*='with noise'][aria-label*='without noise']")
    shared = page.url

    open_at(page, f"{server}/runs?run={with_noise}")
    with page.expect_download() as download:
        button(page, "CSV").click()
    download.value.save_as(tmp_path / "run.csv")
    assert (tmp_path / "run.csv").read_text().startswith("method,seed,timesteps,accuracy")

    other = browser.new_context()
    other.set_default_timeout(PATIENCE)
    second = other.new_page()
    open_at(second, shared)
    second.wait_for_selector("[aria-label*='with noise'][aria-label*='without noise']")
    open_at(second, f"{server}/runs?run={with_noise}")
    assert second.get_by_role("button", name="Delete").count() == 0  # somebody else's
    other.close()
    assert outside == []


def test_start_and_cancel_twenty_times(server: str, page: Any) -> None:
    open_at(page, f"{server}/{SHORT}&sigma=0.28")
    press_start(page)
    badge(page, "Done").wait_for()  # all processes that stay are there
    at_first = {process.pid for process in children()}
    for number in range(20):
        open_at(page, f"{server}/{LONG}&sigma={0.30 + number / 100:.2f}")
        press_start(page)
        button(page, "Cancel").click()
        badge(page, "Cancelled").wait_for()
    for _ in range(60):
        if left_over(at_first) == []:
            break
        time.sleep(0.5)
    assert left_over(at_first) == []


def left_over(at_first: set[int]) -> list[psutil.Process]:
    """Processes that were not there at first."""
    return [process for process in children() if process.pid not in at_first]


def children() -> list[psutil.Process]:
    """All processes below this one that are not the browser's."""
    found = psutil.Process(os.getpid()).children(recursive=True)
    return [child for child in found if "chrom" not in child.name() and "node" not in child.name()]


def test_two_browsers_at_once(server: str, browser: Any) -> None:
    pages = []
    for sigma in ("0.21", "0.22"):
        context = browser.new_context()
        context.set_default_timeout(PATIENCE)
        pages.append(context.new_page())
        open_at(pages[-1], f"{server}/{SHORT}&sigma={sigma}")
    ids = [press_start(page) for page in pages]
    assert ids[0] != ids[1]
    for page, own, foreign in zip(pages, ids, reversed(ids), strict=True):
        page.get_by_text("Certificate of the conversion").wait_for()
        open_at(page, f"{server}/runs?run={own}")
        assert page.get_by_role("button", name="Delete").count() == 1
        open_at(page, f"{server}/runs?run={foreign}")
        assert page.get_by_role("button", name="Delete").count() == 0
        page.context.close()


def test_a_killed_server_leaves_a_run_that_goes_on(
    trained: Path, tmp_path: Path, page: Any
) -> None:
    root = tmp_path / "runs"
    shutil.copytree(trained, root)
    with served(root) as address:
        open_at(page, f"{address}/train?preset=digits&epochs=60&sigma=0.33")
        id = press_start(page)
        page.wait_for_selector("[aria-label^='Training loss']")
        below = server_process(address).children(recursive=True)
        server_process(address).kill()
        _, alive = psutil.wait_procs(below, timeout=30)
        assert alive == []  # workers and training end with their server
    with served(root) as address:
        open_at(page, f"{address}/train?run={id}")
        badge(page, "Interrupted").wait_for()
        page.get_by_text("start it again and it goes on").wait_for()
        epochs = len((root / id / "metrics.jsonl").read_text().splitlines())
        button(page, "Go on").click()
        badge(page, "Done").wait_for()
        page.get_by_text("Certificate of the conversion").wait_for()
    assert 0 < epochs < 60 == len((root / id / "metrics.jsonl").read_text().splitlines())


def test_a_killed_training_is_said_and_the_queue_goes_on(server: str, page: Any) -> None:
    open_at(page, f"{server}/{LONG}&sigma=0.77")
    press_start(page)
    page.wait_for_selector("[aria-label^='Training loss']")
    youngest = max(children(), key=lambda child: child.create_time())
    youngest.kill()
    badge(page, "Interrupted").wait_for()
    page.get_by_text("was killed by signal 9").wait_for()
    open_at(page, f"{server}/{SHORT}&sigma=0.78")
    press_start(page)
    badge(page, "Done").wait_for()


def test_the_first_page_has_an_address_of_its_own(server: str, page: Any) -> None:
    """A lesson link may spell it out."""
    open_at(page, f"{server}/neuron?current=0.45&fix=sigma")
    page.wait_for_selector("[aria-label^='Membrane potential']")
    assert page.get_by_role("dialog").count() == 0
    assert "current=0.45" in page.url


def entries(page: Any) -> int:
    return int(page.evaluate("history.length"))


def move(page: Any, slider: str, link: str) -> None:
    page.get_by_role("slider", name=slider).first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(rf"[?&]{link}(&|$)"))
    drawn(page)


def go_to(page: Any, name: str, title: str) -> None:
    page.get_by_role("link", name=name).first.click()
    page.get_by_role("heading", name=title).wait_for()
    drawn(page)


def standing(page: Any, slider: str) -> str:
    return str(page.get_by_role("slider", name=slider).first.get_attribute("aria-valuetext"))


def test_back_leads_from_page_to_page(server: str, browser: Any, page: Any) -> None:
    open_at(page, f"{server}/?sigma=7")
    page.wait_for_url(re.compile(r"[?&]sigma=1$"))  # clamped
    first = entries(page)
    for number in (31, 32, 33):
        move(page, "Current", f"current=0.{number}")
    assert entries(page) == first
    go_to(page, "Train", "Train with one timestep")
    move(page, "Epochs", "epochs=61")
    move(page, "Epochs", "epochs=62")
    assert entries(page) == first + 1
    go_to(page, "Compare", "Compare")
    page.wait_for_url(re.compile(r"/compare\?run="))
    assert entries(page) == first + 2

    page.go_back()
    page.wait_for_url(f"{server}/train?epochs=62")
    page.get_by_role("heading", name="Train with one timestep").wait_for()
    drawn(page)
    assert standing(page, "Epochs") == "62"
    page.go_back()
    page.wait_for_url(f"{server}/?sigma=1&current=0.33")
    page.get_by_role("heading", name="One neuron").wait_for()
    drawn(page)
    assert standing(page, "Current") == "0.33"
    go_to(page, "Train", "Train with one timestep")  # from the menu: as it was
    page.wait_for_url(f"{server}/train?epochs=62")
    assert standing(page, "Epochs") == "62"

    other = browser.new_context()
    other.set_default_timeout(PATIENCE)
    second = other.new_page()
    open_at(second, page.url)
    assert standing(second, "Epochs") == "62"
    other.close()


def test_the_default_start_shows_the_example(browser: Any, page: Any, tmp_path: Path) -> None:
    with served(tmp_path / "runs") as address:
        open_at(page, f"{address}/train")
        assert standing(page, "Noise σ") == "0.2887"
        id = press_start(page)
        page.get_by_text("Certificate of the conversion").wait_for()
        assert id in [folder.name for folder in SHIPPED.iterdir()]


HEAR = """
window.heard = [];
setInterval(() => {
  const text = document.querySelector("#announced-runs")?.textContent;
  if (text && text !== heard.at(-1)) heard.push(text);
}, 50);
"""
"""What a screen reader says of the region that it listens to."""


def all_done(page: Any, runs: int) -> None:
    """Until so many curves are in front, and nothing trains."""
    page.wait_for_function(
        "document.querySelector('.st-key-live')"
        " && !/Training|Waiting/.test(document.querySelector('.st-key-live').innerText)"
        f" && document.querySelectorAll('[data-testid=stMetric]').length === {runs}",
        timeout=runs * PATIENCE,
    )
    drawn(page)


def curves(page: Any) -> str:
    """What the chart of accuracy says."""
    return str(page.locator("[aria-label^='Mean test accuracy']").first.get_attribute("aria-label"))


def in_sight(page: Any, found: Any) -> bool:
    """Whether an element lies in the window as a whole."""
    box, window = found.bounding_box(), page.viewport_size
    across = box["x"] >= 0 and box["x"] + box["width"] <= window["width"]
    return across and box["y"] >= 0 and box["y"] + box["height"] <= window["height"]


def test_all_three_in_one_press(server: str, page: Any) -> None:
    page.add_init_script(HEAR)
    open_at(page, f"{server}/{SHORT}&sigma=0.23")
    press_start(page)
    all_done(page, 1)
    move(page, "Noise σ", "sigma=0.24")
    page.evaluate("heard.length = 0")
    button(page, "Train all three").click()
    all_done(page, 3)
    front = ("with noise, σ = 0.24", "without noise, from v_th / 2", "without noise, from rest")
    behind = "with noise, σ = 0.23, earlier"
    for name in (*front, behind):
        assert f"{name}: " in curves(page)
    assert "One image of 449 is 0.22 points." in curves(page)
    assert page.get_by_test_id("stMetric").all_inner_texts()[0].startswith(front[0])
    for name in front:
        page.get_by_text(re.compile(rf"{re.escape(name)} (kept|lost|cannot be decided)")).wait_for()

    heard = page.evaluate("heard")
    assert len(heard) == len(set(heard)) < 30
    assert heard[-1].count("Done: ") == 3
    assert any(re.match(r"Training \d of 3: with", text) for text in heard)

    counted = page.get_by_text(re.compile(r"Of all 449 test images \d+ gained and \d+ lost: net"))
    assert counted.count() == 1
    gained, lost = map(int, re.findall(r"\d+", counted.inner_text())[1:3])
    assert page.locator(".st-key-gallery img").count() == min(gained, 8) + min(lost, 8) > 0

    button(page, "Train all three").focus()
    for _ in ("Map σ × T", "You are ...", "the slider"):
        page.keyboard.press("Tab")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == "Read the curve at T ="
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(r"[?&]at=9"))
    drawn(page)

    button(page, behind).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"[?&]pin=[0-9a-f]{8}"))
    open_at(page, page.url)  # another session
    assert f"{behind}: " in curves(page)
    button(page, behind).click()
    page.wait_for_url(lambda url: "pin=" not in url)


def test_on_a_phone_what_matters_is_in_sight(server: str, browser: Any) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme="dark",
        reduced_motion="reduce",
        has_touch=True,
        is_mobile=True,
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    open_at(page, f"{server}/train?preset=digits-mlp&epochs=40&sigma=0.26")
    assert in_sight(page, button(page, "Start"))
    assert in_sight(page, button(page, "Train all three"))
    assert in_sight(page, page.get_by_role("slider", name="Noise σ").first)
    button(page, "Train all three").click()
    live = page.locator(".st-key-live .stVegaLiteChart").first
    live.wait_for()
    page.wait_for_timeout(1500)
    assert in_sight(page, live)
    all_done(page, 3)
    slider = page.get_by_role("slider", name="Read the curve at T =").first
    page.get_by_text("Accuracy from T = 1 to 8:").scroll_into_view_if_needed()
    assert in_sight(page, slider)  # it sticks to the top
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") == 390
    context.close()


def test_images_of_ones_own_from_the_field_to_the_result(
    server: str, page: Any, tmp_path: Path
) -> None:
    good, bad = tmp_path / "pets.zip", tmp_path / "cats.zip"
    good.write_bytes(packed({"cat": 40, "dog": 40}, **{"dog/large.png": picture((30, 40))}))
    bad.write_bytes(packed({"cat": 40}))
    open_at(page, f"{server}/train?sigma=0.31")
    page.get_by_text("More settings").click()
    field = page.locator("input[type=file]")
    field.wait_for(state="attached")
    field.set_input_files(bad)
    page.get_by_text("cats.zip: only one class, 'cat'").wait_for()
    drawn(page)  # the field is a new one
    field.set_input_files(good)
    page.get_by_text("81 images").first.wait_for()
    page.wait_for_url(re.compile(r"[?&]data=[0-9a-f]{16}\.zip"))
    page.locator("img[alt^='5 of the images: cat']").wait_for()
    assert page.get_by_text("only one class").count() == 0
    page.reload()
    drawn(page)
    press_start(page)
    page.get_by_text("Certificate of the conversion").wait_for()
    assert page.get_by_text("pets.zip, convnet").count() > 0


def test_runs_are_ticked_with_the_keyboard_and_compared(
    trained: Path, tmp_path: Path, page: Any
) -> None:
    shutil.copytree(trained, tmp_path / "runs")
    ids = {folder.name for folder in trained.iterdir()}
    with served(tmp_path / "runs") as address:
        open_at(page, f"{address}/runs")
        table = page.locator(".st-key-runs-wide .dvn-scroller").first
        table.click(position={"x": 200, "y": 55})  # a cell of the first row
        page.keyboard.press("Shift+Space")
        page.wait_for_url(re.compile(r"[?&]run="))
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Shift+Space")
        button(page, "Compare 2 runs").click()
        page.wait_for_url(re.compile(r"/compare\?run="))
        drawn(page)
        assert set(re.split("%2C|,", page.url.split("run=")[1])) == ids
        page.go_back()
        page.set_viewport_size({"width": 390, "height": 844})
        page.locator(".st-key-runs-narrow canvas").first.wait_for(state="visible")
        assert not page.locator(".st-key-runs-wide").is_visible()
