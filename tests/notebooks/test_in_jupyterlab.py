"""A notebook in real JupyterLab, in a browser without a screen: sliders move, pictures follow."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 120_000  # milliseconds, for a busy machine

SKETCH = (
    "from snnlab import show\n"
    "guess = show.widgets.sketch([1, 2, 4, 8, 16], span=(0, 100), x_label='Timesteps T', "
    "y_label='Accuracy (%)')\nguess",
    "print(guess.told([1, 16], [97, 97]))",
)
"""A sketch, and what is said of it."""

EXPLORER = (
    "import snnlab\n"
    "from snnlab import show\n"
    "from snnlab.runs import EXAMPLE_IMAGE, example\n"
    "data = snnlab.load_data('mnist-5k')\n"
    "nets = {name: example(name).network() for name in ('noise', 'no-noise-rest')}\n"
    "explorer = show.widgets.network_explorer(\n"
    "    nets, data.test, data.classes, image=EXAMPLE_IMAGE, data='mnist-5k')\n"
    "explorer",
    "print('at', explorer.t, explorer.view, explorer.image, explorer.title, explorer.neuron)",
    "explorer.neuron = ('no-noise-rest', 1, 50)",
)
"""The network explorer, and where it stands."""

FILM = ("from snnlab import show\nshow.films.idea()",)
"""A film."""

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a JupyterLab that serves copies of the notebooks, with settings of its own."""
    tmp_path = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    for name, sources in {"sketch": SKETCH, "explorer": EXPLORER, "film": FILM}.items():
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        small = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
        nbformat.write(small, tmp_path / "notebooks" / f"{name}.ipynb")
    port = free_port()
    home = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        **home,
        "JUPYTER_CONFIG_PATH": str(ROOT / "notebooks" / ".jupyter"),  # as `make lab` does
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
    }
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        f"--ServerApp.root_dir={tmp_path / 'notebooks'}",
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--IdentityProvider.token="),
    ]
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address, server)
            yield address
        finally:
            end(server)


def wait_for(address: str, server: subprocess.Popen) -> None:
    for _ in range(240):
        assert server.poll() is None, "JupyterLab has ended"
        try:
            urllib.request.urlopen(f"{address}/api", timeout=2)
            return
        except OSError:
            time.sleep(0.5)
    pytest.fail("JupyterLab did not start")


def end(server: subprocess.Popen) -> None:
    """Let the server end its kernels; if that takes too long, end it and them."""
    server.terminate()
    try:
        server.wait(60)
    except subprocess.TimeoutExpired:
        for process in [*psutil.Process(server.pid).children(recursive=True), server]:
            process.kill()
        server.wait()


@pytest.fixture
def page():
    """A page of headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        shown = chromium.new_page(viewport={"width": 1400, "height": 1000})
        shown.set_default_timeout(PATIENCE)
        yield shown
        chromium.close()


def test_the_index_is_shown_as_a_page(lab, page):
    page.goto(f"{lab}/lab/tree/README.md")
    link = page.locator(".jp-MarkdownViewer").get_by_role("link", name="00 Quickstart")
    link.click()
    page.locator(".jp-Notebook h1:has-text('Quickstart')").wait_for()
    page.locator(".jp-NotebookPanel-toolbar").get_by_text("Notebook", exact=True).wait_for()
    for offered in ("Validate", "Create Assignment", "Nbgrader"):  # the course is not nbgrader's
        assert page.get_by_text(offered, exact=True).count() == 0


def open_and_run(lab, page, stem):
    """Open a notebook and run all its cells, as a student does with the menu."""
    page.goto(f"{lab}/lab/tree/{stem}.ipynb?reset")  # no notebooks of other tests beside it
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.get_by_text("Run", exact=True).first.click()
    page.get_by_text("Run All Cells", exact=True).click()


def test_a_slider_moved_by_the_keyboard_changes_the_picture(lab, page):
    open_and_run(lab, page, "01_spiking_neuron")
    picture = page.locator(".jupyter-widgets img[alt^='Membrane potential of one neuron']")
    picture.wait_for(state="attached")
    picture.scroll_into_view_if_needed()
    before = picture.get_attribute("alt")
    pixels = picture.get_attribute("src")
    assert "6 spikes" in before

    slider = page.get_by_role("slider", name="current (v_th)", exact=True)
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    page.wait_for_function(
        "old => { const img = document.querySelector("
        "\".jupyter-widgets img[alt^='Membrane potential of one neuron']\");"
        "return img && img.alt !== old; }",
        arg=before,
    )
    assert picture.get_attribute("src") != pixels
    assert re.search(r"\b[67] spikes", picture.get_attribute("alt"))
    assert page.locator(".jp-RenderedHTMLCommon [role=status]").count() == 3  # the three checks

    # Everything that can be moved has a name that a screen reader says.
    page.get_by_role("slider", name="Rate (spikes per timestep) at Current (v_th): 0.25").wait_for()
    for role in ("slider", "combobox"):
        for control in page.locator(".snnlab-live").get_by_role(role).all():
            named = control.get_attribute("aria-label") or control.evaluate(
                "node => node.labels && node.labels.length && node.labels[0].textContent"
            )
            assert named, control.evaluate("node => node.outerHTML")
    assert page.locator(".snnlab-live [aria-live=polite] figcaption").count() == 2


def test_a_wrong_answer_is_told_what_it_does(lab, page):
    open_and_run(lab, page, "01_spiking_neuron")
    check = page.locator(".jp-CodeCell:has-text('one_step.check(one_step)')")
    check.locator("[role=status]:has-text('Nothing is returned yet')").wait_for()
    exercise = page.locator(".jp-CodeCell:has-text('def one_step')").locator(".cm-content")
    exercise.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(
        "def one_step(v, current, v_th, beta):\n"
        "    h = beta * v + current\n"
        "    spike = 1 if h > v_th else 0\n"
        "    return spike, h - v_th * spike\n"
    )
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    told = check.locator("[role=status]:has-text('Not yet')")
    page.wait_for_function(
        "() => [...document.querySelectorAll('[role=status]')]"
        ".some(node => /equal/i.test(node.textContent))"
    )
    assert re.search(r"(?i)equal", told.inner_text())


def test_a_training_is_drawn_while_it_goes_on_and_stays(lab, page):
    open_and_run(lab, page, "00_quickstart")
    seen = page.locator(".jp-OutputArea [role=img][aria-label^='Network 1 of']")
    seen.wait_for()
    assert re.search(r"epoch \d+ of 4", seen.get_attribute("aria-label"))
    kept = page.locator(".jp-OutputArea [role=img][aria-label*='networks trained, 4 epochs each']")
    kept.wait_for()
    assert kept.locator("svg").count() == 2
    assert seen.count() == 0  # one picture, replaced


def test_a_sketch_is_drawn_on_its_axis_by_dragging_and_by_keys_and_closes(lab, page):
    page.goto(f"{lab}/lab/tree/sketch.ipynb?reset")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.locator(".jp-CodeCell").first.click()
    page.keyboard.press("Shift+Enter")
    handles = [
        page.get_by_role("slider", name=f"Accuracy (%) at Timesteps T: {T}", exact=True)
        for T in (1, 2, 4, 8, 16)
    ]
    handles[4].wait_for()
    stage = page.locator(".snnlab-stage")
    page.wait_for_timeout(500)
    whole = stage.bounding_box()
    assert whole["width"] / whole["height"] == pytest.approx(10 / 4.5, rel=0.01)
    middles = []
    for handle in handles:
        box = handle.bounding_box()
        middles.append((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
    steps = [right[0] - left[0] for left, right in itertools.pairwise(middles)]
    assert steps == pytest.approx([steps[0]] * 4, abs=1.5)  # a logarithmic axis
    assert stage.locator("polyline").get_attribute("points") == ""

    page.mouse.move(*middles[1])
    page.mouse.down()
    page.mouse.move(middles[1][0], middles[1][1] - 60, steps=6)
    page.mouse.up()
    handles[4].focus()
    for _ in range(3):
        handles[4].press("ArrowUp")
    page.wait_for_function(
        "() => document.querySelectorAll('.snnlab-stage svg text').length == 2"
        " && document.querySelector('.snnlab-stage').textContent.includes('53')"
    )
    page.wait_for_timeout(500)
    whole = stage.bounding_box()  # the page may have scrolled
    # The line of the picture ends in the middle of each handle that was moved.
    corners = [
        tuple(map(float, corner.split(",")))
        for corner in stage.locator("polyline").get_attribute("points").split()
    ]
    for (x, y), handle in zip(corners, (handles[1], handles[4]), strict=True):
        box, size = handle.bounding_box(), whole["width"] / 800
        assert whole["x"] + x * size == pytest.approx(box["x"] + box["width"] / 2, abs=1.5)
        assert whole["y"] + y * size == pytest.approx(box["y"] + box["height"] / 2, abs=1.5)

    page.locator(".jp-CodeCell").nth(1).click()
    page.keyboard.press("Shift+Enter")
    page.locator("text=points off on average, most at T = 16: 44 points too low.").wait_for()
    page.locator(".snnlab-stage [disabled]").first.wait_for(state="attached")
    assert page.locator("figcaption:has-text('This sketch is closed')").count() == 1
    shoot(page, "sketch")


def where(page):
    """Where the explorer stands, as Python says."""
    cell = page.locator(".jp-CodeCell").nth(1)
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(1500)
    return cell.locator(".jp-OutputArea-output:has-text('at ')").inner_text()


def test_the_explorer_plays_and_steps_draws_and_follows_the_theme(lab, page):
    page.goto(f"{lab}/lab/tree/explorer.ipynb?reset")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.locator(".jp-CodeCell").first.click()
    page.keyboard.press("Shift+Enter")
    player = page.locator(".snnlab-live .snn")
    player.wait_for()
    step = player.get_by_role("slider", name="Timestep")
    player.get_by_role("button", name="Step", exact=True).click()
    player.get_by_text("t = 2 of 16").wait_for()  # by mouse
    player.focus()
    player.press("ArrowRight")
    player.get_by_text("t = 3 of 16").wait_for()  # by keyboard
    player.get_by_role("button", name="Rate so far").click()
    player.press("Space")
    page.wait_for_function(
        "() => document.querySelector('.snnlab-live .snn input[type=range]').value > 4"
    )
    player.press("Space")
    player.press("End")
    player.get_by_text("t = 16 of 16").wait_for()
    assert step.input_value() == "16"
    page.wait_for_timeout(1000)
    assert where(page).startswith("at 16 rates 27 Test image 27, of class 5 None")
    shoot(page, "explorer-light", player)

    # A neuron opens below, the images go on, and a digit is drawn.
    maps = player.locator("canvas[data-network='0'][data-stage='0']")
    maps.scroll_into_view_if_needed()
    box = maps.bounding_box()
    page.mouse.click(box["x"] + 12, box["y"] + 12)
    opened = page.locator(".snnlab-live img[alt^='Membrane potential of one neuron']")
    opened.wait_for()
    assert "Current" in opened.get_attribute("alt")
    page.get_by_role("button", name="Next", exact=True).click()
    player.get_by_text("Test image 28, of class").first.wait_for()
    player.get_by_text("t = 16 of 16").wait_for()  # where it was
    assert re.search(r"at 16 rates 28 .* \('noise', 0, \d+\)", where(page))
    shoot(page, "explorer-neuron", opened)
    player.get_by_role("button", name="Close", exact=True).click()
    opened.wait_for(state="detached")  # here and below
    page.locator(".jp-CodeCell").nth(2).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    player.get_by_text("without noise, from rest, Stage 2, map 2, row 1, column 2").wait_for()
    opened.wait_for()
    page.get_by_role("button", name="Draw your own").click()
    sheet = page.get_by_role("application", name="Drawing area")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"]
    page.mouse.move(x, y + 0.15 * box["height"])
    page.mouse.down()
    page.mouse.move(x - 5, y + 0.85 * box["height"], steps=8)
    page.mouse.up()
    player.get_by_text("Your drawing").first.wait_for()
    said = page.locator(".snn-pad-said")
    page.wait_for_function(
        "() => document.querySelector('.snn-pad-said').textContent.startsWith('After 16')"
    )
    assert "with noise says 1" in said.inner_text()
    assert "Your drawing" in where(page)
    shoot(page, "explorer-drawn", sheet)

    # JupyterLab turns dark, and narrow.
    light = player.evaluate("node => getComputedStyle(node).color")
    page.get_by_text("Settings", exact=True).click()
    page.get_by_text("Theme", exact=True).hover()
    page.get_by_text("JupyterLab Dark", exact=True).click()
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    page.wait_for_timeout(500)
    dark = player.evaluate("node => getComputedStyle(node).color")
    brightness = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (light, dark)]
    assert brightness[0] < 300 < 500 < brightness[1]
    shoot(page, "explorer-dark", player)
    page.keyboard.press("Control+b")  # the list of files closes
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(1000)
    shoot(page, "explorer-narrow", player)
    for part in (player, page.locator(".snn-pad"), page.locator(".snnlab-live").first):
        widths = part.evaluate("node => [node.scrollWidth, node.clientWidth]")
        assert 250 < widths[0] <= widths[1] + 1 < 390, widths


def test_a_film_plays_stops_steps_and_follows_the_theme(lab, page):
    page.goto(f"{lab}/lab/tree/film.ipynb?reset")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.locator(".jp-CodeCell").first.click()
    page.keyboard.press("Shift+Enter")
    film = page.locator(".film[data-ready]")
    film.wait_for()
    assert film.count() == 1
    picture = "document.querySelector('.film canvas').toDataURL()"
    before = page.evaluate(picture)
    film.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("document.querySelector('.film').dataset.t > 1.5")
    film.get_by_role("button", name="Pause", exact=True).click()
    assert page.evaluate(picture) != before
    film.get_by_role("button", name="The noise", exact=True).click()
    assert film.get_attribute("data-t") == "31.50"
    film.press("ArrowRight")  # JupyterLab has keys of its own
    assert film.get_attribute("data-t") == "35.50"
    shoot(page, "film-light", film)
    page.get_by_text("Settings", exact=True).click()
    page.get_by_text("Theme", exact=True).hover()
    page.get_by_text("JupyterLab Dark", exact=True).click()
    page.wait_for_function(
        "getComputedStyle(document.querySelector('.film')).color === 'rgb(241, 243, 245)'"
    )
    assert film.get_attribute("data-t") == "35.50"
    shoot(page, "film-dark", film)


def shoot(page, name, at=None):
    """Keep a picture of the page where a part of it begins, if a folder for it is named."""
    if folder := os.environ.get("SNNLAB_SCREENSHOTS"):
        if at is not None:
            at.evaluate("node => node.scrollIntoView({ block: 'start' })")
            page.wait_for_timeout(300)
        page.screenshot(path=f"{folder}/{name}.png")
