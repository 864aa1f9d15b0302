"""A small training and folders of one's own, as in the tests of runs; and a cluster by hand."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.experiment.conftest import finished, mine, own_folders, tiny
from tests.jobs.pretend_work import ROOT

__all__ = ["finished", "mine", "own_folders", "tiny"]
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(scope="module")
def address() -> str:
    """Where nobody listens until a scheduler is started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture(scope="module")
def start(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start a scheduler at the address or a worker, from a shell; `code` is where its code lies."""
    started: list[subprocess.Popen[bytes]] = []
    environ = os.environ | {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical"}
    scheduler = ("dask_scheduler", "--port", address.rsplit(":", 1)[1])
    arguments = {"scheduler": scheduler, "worker": ("dask_worker", address, "--nthreads", "1")}

    def start(what: str, code: Path = ROOT) -> subprocess.Popen[bytes]:
        module, *rest = arguments[what]
        command = [sys.executable, "-m", f"distributed.cli.{module}", *rest]
        started.append(
            subprocess.Popen(
                [*command, "--no-dashboard", "--host", "127.0.0.1"],
                env=environ | {"PYTHONPATH": str(code)},
                stderr=subprocess.DEVNULL,
                cwd=tmp_path_factory.mktemp("cluster"),
            )
        )
        return started[-1]

    yield start
    for program in reversed(started):
        program.terminate()
    for program in started:
        program.wait()
