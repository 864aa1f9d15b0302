"""The code with which the process of a job begins; it imports nothing slow.

The function to run is named MODULE:FUNCTION and imported here; a fork server has it already.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any

import psutil


def carry_out(
    work: str, job: dict[str, Any], environ: dict[str, str], niceness: int, answers: Connection
) -> None:
    """Call a function for a job, and send its result.

    Args:
        work: the function, as MODULE:FUNCTION.
        job: its argument.
        environ: all environment variables; those of a fork server may be out of date.
        niceness: added to that of this process, on systems that have it.
        answers: the connection for the result.
    """
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)  # a new process group, for all processes that this one starts
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.clear()
    os.environ.update(environ)
    if hasattr(os, "nice"):
        os.nice(niceness)
    module, _, function = work.partition(":")
    do = getattr(importlib.import_module(module), function)
    # After the import: an exception from a signal must not pass through C++ code in an import.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    answers.send(do(job))


def end_with_parent() -> None:
    """End this process, and all that it has started, when its parent ends for any reason."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    end_group(os.getpid())
    os._exit(1)


def end_group(leader: int) -> None:
    """Kill the process of a job and all that it has started, even if it has already ended.

    Args:
        leader: its process id.
    """
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing is left
            os.killpg(leader, signal.SIGKILL)
    else:  # Windows has no groups
        with contextlib.suppress(psutil.Error):
            for process in psutil.Process(leader).children(recursive=True):
                process.kill()
