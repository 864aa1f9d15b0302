"""The process of a job, from its first line on; imports nothing that takes time.

What it does is named as MODULE:FUNCTION and imported here: with a fork server it is there already.
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
    """Do the work on a job, and send how it ended.

    Args:
        work: what to do, as MODULE:FUNCTION.
        job: what the function gets.
        environ: all environment variables; a fork server has those of the day it was started.
        niceness: added to that of this process, where there is such a thing.
        answers: where what the function returns is sent to.
    """
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)  # a group of its own, with all that it starts
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.clear()
    os.environ.update(environ)
    if hasattr(os, "nice"):
        os.nice(niceness)
    module, _, function = work.partition(":")
    do = getattr(importlib.import_module(module), function)
    # Not before: an import may be in the middle of C++, which no exception may cross.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    answers.send(do(job))


def end_with_parent() -> None:
    """End this process and all that it has started when the one that wanted it ends, however."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    end_group(os.getpid())
    os._exit(1)


def end_group(leader: int) -> None:
    """Kill a process of a job and all that it has started, also when it has ended itself.

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
