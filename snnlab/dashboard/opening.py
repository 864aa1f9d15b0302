"""What the server does before the first visitor comes, and after the last one has gone.

Charts and torch take seconds to import, and so do the processes that train: both begin with the
server, in threads of their own, so that nobody waits for them who comes a moment later.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import threading
from collections.abc import AsyncIterator, Iterable

from streamlit import App

from snnlab.dashboard.service import prepare, runs_folder
from snnlab.experiment.engine import close_engines

SLOW = ("pandas", "altair", "torch", "snnlab.dashboard.neuron", "snnlab.dashboard.train")
"""Modules in the order in which the first page needs them."""
LOG = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def opened(app: App) -> AsyncIterator[None]:
    """Get ready beside the server, and end what trains when it ends."""
    threading.Thread(target=load, args=[SLOW], name="snnlab-imports", daemon=True).start()
    prepare(str(runs_folder().absolute()))
    try:
        yield
    finally:
        close_engines()


def load(modules: Iterable[str]) -> None:
    """Import modules; one that cannot be imported is the business of the page that needs it."""
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception:
            LOG.exception("%s", name)
