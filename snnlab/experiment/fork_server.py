"""A program that trains on request, each time in a new child process.

    python -m snnlab.experiment.fork_server MODULE:FUNCTION

It imports MODULE, and with it PyTorch, once, and then starts children in milliseconds. It
has one thread, so that a fork copies no lock that another thread holds; if an import has
started threads all the same, children are started as fresh programs instead.

It reads one JSON object per line on stdin and answers with one per line on stdout:

    asked                  answered
    {"job": {...}}         {"pid": 123}, what FUNCTION reports, and {"exit_code": 0}
    {"stop": true}         nothing, but the child ends, within `PATIENCE` and a little

`exit_code` is negative after a signal, as in `subprocess`. When stdin closes, because
whoever started this program has ended, however it ended, the child ends, then this program.
If this program is killed, the kernel kills the child.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import psutil

PATIENCE = 3.0
"""Seconds between asking a child to end and killing it."""
GLANCE = 0.05
"""Seconds between two looks at stdin and at the child."""
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)

Report = Callable[[dict[str, Any]], None]
Work = Callable[[dict[str, Any], Report], None]


def find_work(name: str) -> Work:
    """The function named MODULE:FUNCTION."""
    module, _, function = name.partition(":")
    work: Work = getattr(importlib.import_module(module), function)
    return work


def report_to(file: int) -> Report:
    """A function that writes JSON objects to a file descriptor, one per line."""

    def report(value: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # nobody listens any more
            os.write(file, (json.dumps(value) + "\n").encode())

    return report


class Requests:
    """The requests on stdin, as they come."""

    def __init__(self) -> None:
        self.text = b""
        self.lines: list[bytes] = []
        self.open = True

    def next(self, seconds: float | None) -> dict[str, Any] | None:
        """The next request; None if there is none within the time, or stdin has closed."""
        if not self.lines and self.open and select.select([0], [], [], seconds)[0]:
            arrived = os.read(0, 65536)
            self.open = bool(arrived)
            *self.lines, self.text = (self.text + arrived).split(b"\n")
        if not self.lines:
            return None
        request: dict[str, Any] = json.loads(self.lines.pop(0))
        return request


def serve(name: str) -> None:
    """Carry out requests, one after the other, until stdin closes."""
    answers = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no answer
    report = report_to(answers)
    work = find_work(name)
    requests = Requests()
    while requests.open or requests.lines:
        request = requests.next(None)
        if request is not None and "job" in request:
            process = start(name, work, request["job"], answers)
            report({"pid": process})
            report({"exit_code": attend(process, requests)})


def start(name: str, work: Work, job: dict[str, Any], answers: int) -> int:
    """Start a child that does the work on a job; returns its process id."""
    server = os.getpid()
    if psutil.Process().num_threads() > 1:
        arguments = [name, json.dumps(job), str(answers), str(server)]
        command = [sys.executable, "-m", __spec__.name, *arguments]
        fresh = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[answers])
        fresh.returncode = 0  # it is waited for in `attend`
        return fresh.pid
    process = os.fork()
    if process == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        be_the_child(work, job, answers, server)
    with contextlib.suppress(OSError):  # the child does the same: whoever is first
        os.setpgid(process, process)
    return process


def be_the_child(work: Work, job: dict[str, Any], answers: int, server: int) -> None:
    """Do the work, and end this process."""
    code = 1
    try:
        end_with(server)
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)  # a group of its own, with all that it starts
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(-signal.SIGTERM))
        work(job, report_to(answers))
        code = 0
    except SystemExit:
        code = 128 + signal.SIGTERM
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)  # not through the exit handlers of the server


def end_with(parent: int) -> None:
    """End this process when its parent ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    else:
        threading.Thread(target=watch, args=[parent], daemon=True).start()
    if os.getppid() != parent:  # it has ended meanwhile
        os._exit(1)


def watch(parent: int) -> None:
    """Look every now and then whether the parent is still there."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def attend(process: int, requests: Requests) -> int:
    """Wait for a child to end, and end it when asked to or when stdin closes."""
    deadline: float | None = None
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            signal_group(process, signal.SIGKILL)  # what it may have started
            return os.waitstatus_to_exitcode(status)
        request = requests.next(GLANCE)
        if deadline is None and (not requests.open or (request and "stop" in request)):
            deadline = time.monotonic() + PATIENCE
            signal_group(process, signal.SIGTERM)
        if not requests.open:
            time.sleep(GLANCE)
        if deadline is not None and time.monotonic() > deadline:
            signal_group(process, signal.SIGKILL)


def signal_group(process: int, number: int) -> None:
    """Send a signal to a child and all that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process, number)


if __name__ == "__main__":
    if len(sys.argv) > 2:  # a fresh child, see `start`
        be_the_child(
            find_work(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
        )
    serve(sys.argv[1])
