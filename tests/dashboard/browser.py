"""A real server and a real browser, for the tests that need them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import pytest

from snnlab.dashboard.trouble import WENT_WRONG

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = (
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
"""Options of a browser that looks nothing up by itself."""
PATIENCE = 120_000
"""Milliseconds for one step; the tests never assert a time."""


def chromium() -> str:
    """The path of a Chromium, or the test is skipped."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser here; looked for {', '.join(NAMES)}")
    return found


@contextlib.contextmanager
def browsing() -> Iterator[Any]:
    """A browser without a screen, or the test is skipped."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, args=["--no-sandbox", *QUIET])
        yield started
        started.close()


def drawn(page: Any) -> None:
    """Until the page has a title and its script has come to an end."""
    page.wait_for_selector("h1")
    page.wait_for_function(
        "document.querySelector('.stApp')?.dataset.testScriptState !== 'running'"
        " && !document.querySelector('[data-testid=stSkeleton]')"
    )
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.get_by_text(WENT_WRONG).count() == 0  # the last net


def button(page: Any, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True).first


def badge(page: Any, word: str) -> Any:
    """Where a run stands; the text of a badge begins with the name of its icon."""
    return page.get_by_text(re.compile(rf"(^|\W){word}$")).first


def press_start(page: Any) -> str:
    """Start, and wait until the link names the run: its id."""
    button(page, "Start").click()
    page.wait_for_url(re.compile(r"[?&]run="))
    return str(re.search(r"[?&]run=([^&]+)", page.url).group(1))  # type: ignore[union-attr]


@contextlib.contextmanager
def served(root: Path, checkout: Path = ROOT, **environment: str) -> Iterator[str]:
    """The dashboard with the runs in `root`, at an address of this machine, until the end.

    Args:
        root: folder of runs; the log lies beside it.
        checkout: whose dashboard, by default that of these tests.
        environment: variables on top.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(checkout / "app.py")]
    command += ["--server.headless", "true", "--server.address", "127.0.0.1"]
    command += ["--browser.gatherUsageStats", "false", "--server.port", str(port)]
    log = root.parent / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command,
            cwd=checkout,
            stdout=out,
            stderr=out,
            env=os.environ | {"SNNLAB_RUNS": str(root)} | environment,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, process)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def server_process(address: str) -> psutil.Process:
    """The process that serves an address of `served`."""
    port = address.rsplit(":", 1)[1]
    children = psutil.Process().children(recursive=True)
    return next(child for child in children if port in child.cmdline())


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    """Until the server answers."""
    for _ in range(600):
        assert process.poll() is None, "the server has ended"
        with contextlib.suppress(OSError):
            urlopen(f"{address}/_stcore/health").read()
            return
        time.sleep(0.2)
    raise AssertionError("the server does not answer")
