"""A notebook in real JupyterLab, in a browser without a screen: sliders move, pictures follow."""

from __future__ import annotations

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

import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 120_000  # milliseconds, for a busy machine

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


def test_a_slider_moved_by_the_keyboard_changes_the_picture(lab, page):
    page.goto(f"{lab}/lab/tree/01_spiking_neuron.ipynb")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.get_by_text("Run", exact=True).first.click()
    page.get_by_text("Run All Cells", exact=True).click()

    picture = page.locator(".jupyter-widgets img[alt^='Membrane potential of one neuron']")
    picture.wait_for(state="attached")
    picture.scroll_into_view_if_needed()
    before = picture.get_attribute("alt")
    pixels = picture.get_attribute("src")
    assert "6 spikes" in before

    slider = page.locator(".widget-slider:has-text('current')").last.locator("[role=slider]")
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
