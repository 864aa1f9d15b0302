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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    address, started = f"tcp://127.0.0.1:{port}", list[subprocess.Popen[bytes]]()
    options = {"scheduler": ("--port", port), "worker": (address, "--nthreads", "1")}

    def start(what: str, code: Path = ROOT) -> subprocess.Popen[bytes]:
        """Start a program that finds its code in a folder."""
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options[what]]
        environ = {"PYTHONPATH": str(code), "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical"}
        started.append(
            subprocess.Popen(
                [*command, "--no-dashboard", "--host", "127.0.0.1"],
                env=os.environ | environ,
                stderr=subprocess.DEVNULL,
                cwd=folder,
            )
        )
        return started[-1]

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for what in programs:
            start(what)
        yield address, start
        for program in reversed(started):
            program.terminate()
        for program in started:
            program.wait()
