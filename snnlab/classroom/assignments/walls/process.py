"""The program that runs students' code: one process for each notebook, a copy of this one.

`workplace` starts it once for many notebooks. It loads modules that notebooks use, and then reads
the paths of jobs from its standard input. It runs no student's code itself: for each job it makes a
process with an empty folder, waits for it, and reports how it ended. On Linux that process is a
fork, ready at once; elsewhere it is a new process. As the next process is a copy of this one, jobs
and reports are never in its memory. It has no right results: of `snnlab.classroom` it loads only
the code that calls answers, and removes even that before a student's code runs.
"""

# Strings in place of Path: patches by a student must have no effect here.
# ruff: noqa: PTH100, PTH102, PTH118, PTH120, PTH123, PTH202
from __future__ import annotations

import contextlib
import importlib
import json
import multiprocessing
import os
import pickle
import sys
import time
from typing import Any

PACKAGE = os.path.abspath(os.path.join(os.path.dirname(__file__), *[".."] * 4))
"""The folder that holds the package snnlab."""
sys.path.insert(0, PACKAGE)

from snnlab.classroom.assignments.walls import kernel  # noqa: E402
from snnlab.classroom.assignments.walls.confinement import (  # noqa: E402
    keep_watch,
    shut_in,
    ways_out,
)
from snnlab.classroom.assignments.walls.guard import forget_machine_code  # noqa: E402
from snnlab.jobs.child import end_group  # noqa: E402

FORKS = sys.platform == "linux"
POLL_SECONDS = 0.05
"""Seconds between two checks whether a process has ended."""
MOST_FILES = 4096
"""A process closes all open files with numbers below this at its start; few are in use."""
OFTEN_USED = (
    *("IPython.core.inputtransformer2", "asyncio", "scipy.integrate", "scipy.optimize"),
    *("scipy.stats", "matplotlib.pyplot", "pandas", "torch", "snnlab.conversion", "snnlab.measure"),
)


def main() -> None:
    """Read jobs and carry them out, until the sender ends."""
    end_with_parent()
    jobs, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    if FORKS:
        load_modules()
    loaded: set[str] = set()
    with contextlib.suppress(EOFError):
        while True:
            order = pickle.load(jobs)
            if FORKS:
                load_further(set(order["loads"]) - loaded)
                loaded |= set(order["loads"])
            replies.write(json.dumps(carried_out(order)).encode() + b"\n")
            replies.flush()


def end_with_parent() -> None:
    """Make this process end when the one that started it ends."""
    parent = os.getppid()
    kernel.end_with_parent()
    if os.getppid() != parent:  # it ended before this was set
        os._exit(1)


def load_modules() -> None:
    """Import modules that notebooks use. None starts a thread, as threads are lost in a fork."""
    import matplotlib as mpl

    mpl.use("Agg")
    for name in OFTEN_USED:
        importlib.import_module(name)
    import torch
    from scipy.integrate import quad

    from snnlab.classroom.assignments.walls import session  # noqa: F401

    quad(abs, 0.0, 1.0)  # it imports ctypes at its first call

    torch.set_num_threads(1)
    for name in ("snnlab", "snnlab.show"):  # all that a notebook may import of them
        package = importlib.import_module(name)
        for part in dir(package):
            getattr(package, part)
    forget_machine_code(but=kernel)


def load_further(names: set[str]) -> None:
    """Import modules that few notebooks use; `training` stands for all that training imports."""
    for name in names:
        for module in loaded_by_training() if name == "training" else [name]:
            with contextlib.suppress(Exception):
                importlib.import_module(module)
    if names:
        forget_machine_code(but=kernel)


def loaded_by_training() -> list[str]:
    """Names of modules that are imported only when a network is trained.

    A copy of this process trains, since a process that has computed gradients cannot be copied.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            train_a_little()
            names = " ".join(set(sys.modules))
            with os.fdopen(writing, "w") as stream:
                stream.write(names)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        names = stream.read()
    os.waitpid(child, 0)
    return sorted(set(names.split()) - set(sys.modules))


def train_a_little() -> None:
    """Train a tiny network for one step."""
    import torch

    from snnlab import Architecture, Data, Images, SingleStep, Training, build, fit

    pixels = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    part = Images(pixels, torch.arange(4) % 2, torch.zeros(1), torch.ones(1))
    net = build(Architecture("mlp", width=2), image_shape=(1, 8, 8), classes=2, seed=0)
    data = Data("", ("0", "1"), part, part, part)
    fit(net, data, SingleStep(), Training(epochs=1, batch_size=4), seed=0)


def carried_out(order: dict[str, Any]) -> tuple[int, bool]:
    """Carry out a job in a process, and end it if it is silent for too long; how it ended."""
    folder = order["folder"]
    report = os.path.join(folder, "report")
    os.mkdir(os.path.join(folder, "room"))
    with open(report, "xb"):
        pass
    context: Any = multiprocessing.get_context("fork" if FORKS else "spawn")
    process = context.Process(target=run_notebook, args=(folder, order["loads"]))
    process.start()
    now, parent = time.monotonic(), os.getppid()
    end, size, heard = now + order["clock"], 0, now
    while process.is_alive() and min(end, heard + order["silence"]) > now:
        process.join(POLL_SECONDS)
        now = time.monotonic()
        if os.getppid() != parent:
            break
        if (length := os.path.getsize(report)) != size:
            size, heard = length, now
    stuck = process.is_alive()
    end_group(process.pid)
    process.kill()  # even if it has no group of its own yet
    process.join()
    return process.exitcode or 0, stuck


def run_notebook(folder: str, loads: list[str]) -> None:
    """Carry out the job in a folder, in a process of its own, and end that process."""
    if FORKS:
        os.setsid()
        end_with_parent()
    else:
        load_modules()
        if "training" in loads:
            train_a_little()
    with open(os.path.join(folder, "job"), "rb") as stream:
        job = pickle.load(stream)
    from snnlab.classroom.assignments.walls.session import Session

    results = only_open_file(os.path.join(folder, "report"))
    room = os.path.join(folder, "room")
    os.chdir(room)
    os.environ |= {"HOME": room, "TMPDIR": room}
    session = Session(results, job["calls"], job["seconds"])
    standing = shut_in(PACKAGE, job["processor"], job["megabytes"])
    session.say({"standing": standing})
    if job["probe"]:
        session.say({"out": ways_out(job["probe"], job["megabytes"])})
    elif all(standing.values()) or not job["walls"]:
        keep_watch(PACKAGE, walled=standing["files"] and standing["calls"])
        session.carry_out(job["cells"], set(job["skipped"]))
    os._exit(0)  # without threads and exit handlers of the student


def only_open_file(report: str) -> int:
    """Open a file, and close all other files of this process."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    results = os.open(report, os.O_WRONLY | os.O_APPEND)
    os.dup2(results, 3)
    os.closerange(4, MOST_FILES)
    return 3


if __name__ == "__main__":
    main()
