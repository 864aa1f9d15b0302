"""What the server does when it starts, before it answers, and when it ends.

Charts and torch take seconds to import. The server imports them before it answers, so that no
visitor sees half a page. The processes that train are started at the same time.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable

from streamlit import App
from streamlit.cli_util import open_browser

from snnlab.dashboard.joining import by_name
from snnlab.dashboard.pin import the_pin
from snnlab.dashboard.service import engine, prepare
from snnlab.jobs.engine import close_engines
from snnlab.jobs.local_pool import warm_up
from snnlab.jobs.scheduler import scheduler
from snnlab.runs.config import ConfigError
from snnlab.runs.files import RunError
from snnlab.runs.store import runs_folder

SKIPPED_MODULE = "rfc3987_syntax"
"""A module that jsonschema imports in 2 s to check addresses, and does without if it is missing. No
chart has an address."""
SLOW_MODULES = (
    *("pandas", "altair", "torch", "matplotlib", "snnlab.data.sources"),
    *("snnlab.dashboard.train", "snnlab.dashboard.explorer", "snnlab.show.explorer.frames"),
)
"""Modules that take long to import, for all pages."""
LOG = logging.getLogger(__name__)
shown_by: list[Callable[[str], None]] = []
"""Called with the address once the server answers; `snnlab app` adds one that opens a browser."""
BROWSER_DELAY = 0.5
"""Seconds until a browser is opened; by then the server answers."""


@contextlib.asynccontextmanager
async def opened(app: App) -> AsyncIterator[None]:
    """Get ready, let the server run, and end the processes that train when the server ends."""
    say("snnlab is loading ...")
    try:
        await asyncio.to_thread(prepare)
        if not the_pin():  # no teacher could resume a queue paused earlier
            engine().resume()
        await asyncio.to_thread(get_ready)
        say(f"Open {by_name()} in a browser. Ctrl-C ends the dashboard.")
        for show in shown_by:
            show(by_name())
        yield
    finally:
        await asyncio.to_thread(close_engines)


def get_started() -> None:
    """Start the processes that train, before this process imports slow modules.

    Ends the program with a message if SNNLAB_SCHEDULER is no address, or SNNLAB_RUNS a file.
    """
    try:
        runs_folder()
        if scheduler() is None:
            warm_up()
    except (ConfigError, RunError) as error:
        sys.exit(f"snnlab: {error}")


def get_ready() -> None:
    """Import slow modules, draw the first page once, and keep all this from garbage collection."""
    sys.modules.setdefault(SKIPPED_MODULE, None)  # type: ignore[arg-type]  # as if not installed
    load(SLOW_MODULES)
    try:
        importlib.import_module("snnlab.dashboard.neuron").warm_up()
    except Exception:  # the page itself will show the error
        LOG.exception("the first page cannot be drawn")
    # Streamlit collects garbage after every redraw. With all objects of torch and Altair, which are
    # never freed, that would take 0.2 s each time, and no visitor would get an answer meanwhile.
    gc.collect()
    gc.freeze()


def say(text: str) -> None:
    """Print a line for the person who started the server."""
    sys.stdout.write(f"\n  {text}\n")
    sys.stdout.flush()


def show_in_browser(address: str) -> None:
    """Open an address in the user's browser, after a moment; without a screen, do nothing."""
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        return
    timer = threading.Timer(BROWSER_DELAY, open_browser, [address])
    timer.daemon = True
    timer.start()


def load(modules: Iterable[str]) -> None:
    """Import modules. One that fails is passed over: the page that needs it shows the error."""
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception:
            LOG.exception("%s", name)
