"""What the server does before the first visitor comes, and after the last one has gone.

Charts and torch take seconds to import. The server does that before it answers, so that nobody
who is there sees half a page; what trains gets ready beside it.
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

NEEDLESS = "rfc3987_syntax"
"""Checks addresses in JSON, which no chart has; jsonschema does without it. It takes 2 s."""
SLOW = (
    *("pandas", "altair", "torch", "matplotlib", "snnlab.data.sources"),
    *("snnlab.dashboard.train", "snnlab.dashboard.explorer", "snnlab.show.explorer.frames"),
)
"""Modules that take long to import, for all pages."""
LOG = logging.getLogger(__name__)
shown_by: list[Callable[[str], None]] = []
"""What is done with the address once the server answers; `snnlab app` opens a browser."""
MOMENT = 0.5
"""Seconds until a browser is opened: the server takes the last step meanwhile."""


@contextlib.asynccontextmanager
async def opened(app: App) -> AsyncIterator[None]:
    """Get ready, serve, and end what trains when the server ends."""
    say("snnlab is loading ...")
    try:
        await asyncio.to_thread(prepare)
        if not the_pin():  # nobody could let a queue go on that an earlier server has paused
            engine().resume()
        await asyncio.to_thread(get_ready)
        say(f"Open {by_name()} in a browser. Ctrl-C ends the dashboard.")
        for show in shown_by:
            show(by_name())
        yield
    finally:
        await asyncio.to_thread(close_engines)


def get_started() -> None:
    """Before anything slow is imported: what trains loads beside this process from now on.

    Ends the program in a sentence where SNNLAB_SCHEDULER holds no address or SNNLAB_RUNS a file.
    """
    try:
        runs_folder()
        if scheduler() is None:
            warm_up()
    except (ConfigError, RunError) as error:
        sys.exit(f"snnlab: {error}")


def get_ready() -> None:
    """Load what is slow, draw the first page once, and do not look through it all again."""
    sys.modules.setdefault(NEEDLESS, None)  # type: ignore[arg-type]  # as if not installed
    load(SLOW)
    try:
        importlib.import_module("snnlab.dashboard.neuron").warm_up()
    except Exception:  # the page itself will tell
        LOG.exception("the first page cannot be drawn")
    # Streamlit collects garbage after every redraw. To look through all that torch and Altair have
    # loaded, which stays loaded, would take 0.2 s each time, in which nobody gets an answer.
    gc.collect()
    gc.freeze()


def say(text: str) -> None:
    """Tell whoever started the server."""
    sys.stdout.write(f"\n  {text}\n")
    sys.stdout.flush()


def show_in_browser(address: str) -> None:
    """Open an address in the user's browser, in a moment; not where there is no screen."""
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        return
    timer = threading.Timer(MOMENT, open_browser, [address])
    timer.daemon = True
    timer.start()


def load(modules: Iterable[str]) -> None:
    """Import modules; one that cannot be imported is the business of the page that needs it."""
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception:
            LOG.exception("%s", name)
