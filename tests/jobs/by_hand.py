"""A Dask cluster as users start it, from shells."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.jobs.pretend_work import ROOT

Start = Callable[..., subprocess.Popen[bytes]]


@contextlib.contextmanager
def cluster(*programs: str) -> Iterator[tuple[str, Start]]:
    """Where the scheduler listens, and what starts it ("scheduler") or a "worker".

    Args:
        programs: those that are started at once.
    """
    with contextlib.ExitStack() as stack:
        free = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = str(free.getsockname()[1])
        free.close()
        address = f"tcp://127.0.0.1:{port}"
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        options = {"scheduler": ("--port", port), "worker": (address, "--nthreads", "1")}

        def start(what: str, code: Path = ROOT) -> subprocess.Popen[bytes]:
            """Start a program that finds its code in a folder."""
            command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options[what]]
            command += ["--no-dashboard", "--host", "127.0.0.1"]
            quiet = {"PYTHONPATH": str(code), "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical"}
            null = subprocess.DEVNULL
            made = subprocess.Popen(command, env=os.environ | quiet, stderr=null, cwd=folder)
            stack.callback(stack.enter_context(made).terminate)
            return made

        for what in programs:
            start(what)
        yield address, start
