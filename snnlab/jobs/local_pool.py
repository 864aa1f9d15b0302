"""Processes of this machine, one for each job.

On Linux they are forked by the fork server of `multiprocessing`, which has imported PyTorch and
all else that a training needs: a job starts in milliseconds. Elsewhere each is a new Python that
imports it again. (macOS has a fork server, too, but there a process that has loaded libraries of
the system must not fork.)
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import connection, resource_tracker
from types import ModuleType
from typing import Any

from snnlab.jobs import child
from snnlab.jobs.places import Place
from snnlab.jobs.pool import POLL, TRAIN, JobData, Outcome
from snnlab.runs.provenance import SOURCE

FORK_SERVER = "forkserver"
METHOD = FORK_SERVER if sys.platform == "linux" else "spawn"
LOST = 255
"""What `multiprocessing` reports as exit code once the fork server has ended."""
PATIENCE = 0.5
"""Seconds between asking a process to end and killing it."""
ATTEMPTS = 3
"""How often a process is tried to be started."""
LAUNCH = threading.Lock()
"""Held while processes are started and their ends are read: `multiprocessing` looks after all
processes of this one together, whichever thread started them."""


@dataclass(eq=False)
class LocalTask:
    """A job in a process of this machine."""

    place: Place
    outcome: Outcome | None = None
    process: Any = None
    answers: connection.Connection | None = None
    """Where the process sends how it ended; None once it has."""
    answer: Outcome | None = None
    """What it has sent."""
    deadline: float | None = None
    """When its process is killed, if it was asked to end; else None."""

    def listen(self) -> None:
        """Take what the process has sent, if it has."""
        if self.answers is not None and self.answers.poll():
            with self.answers, contextlib.suppress(EOFError, OSError):  # it was killed
                self.answer = self.answers.recv()
            self.answers = None


class LocalPool:
    """Processes of this machine; see `Pool` for what the methods do.

    Args:
        places: how many jobs at a time, and where.
        work: what the processes do, as MODULE:FUNCTION.
        niceness: added to that of this process, so that others come first where cores are scarce.
        method: how processes are started, as `multiprocessing` names it.

    Example:
        >>> pool = LocalPool(separate_places())
        >>> task = pool.start(job_of(config, RUNS), pool.places[0])
        >>> while task.outcome is None:
        ...     pool.wait(1)
    """

    trouble = ""

    def __init__(
        self, places: list[Place], work: str = TRAIN, *, niceness: int = 0, method: str = METHOD
    ) -> None:
        self.places, self.kinds = list(places), frozenset(place.kind for place in places)
        self.work, self.niceness, self.method = work, niceness, method
        self.context: Any = multiprocessing.get_context(method)
        self.running: list[LocalTask] = []
        warm_up(method)
        atexit.register(self.close)

    def start(self, job: JobData, place: Place) -> LocalTask:
        """Begin a job; see `Pool.start`. Waits for a fork server that is still getting ready."""
        task = LocalTask(place)
        try:
            self.launch(task, job)
        except (OSError, EOFError) as error:  # no memory, say, or too many open files
            why = "the fork server ended as it started" if isinstance(error, EOFError) else error
            task.outcome = Outcome("interrupted", f"its process could not be started: {why}")
        else:
            self.places.remove(place)
            self.running.append(task)
        return task

    def launch(self, task: LocalTask, job: JobData) -> None:
        """Start the process of a job; once more where the fork server has just ended."""
        for attempt in range(1, ATTEMPTS + 1):
            task.answers, end = self.context.Pipe(duplex=False)
            with end, LAUNCH:
                environ = dict(os.environ) | task.place.environ
                arguments = (self.work, job, environ, self.niceness, end)
                task.process = self.context.Process(target=child.carry_out, args=arguments)
                try:
                    start_fork_server(self.method)
                    with launching(hold_back=self.method != FORK_SERVER):
                        task.process.start()
                    return
                except (OSError, EOFError):
                    if attempt == ATTEMPTS:
                        raise
            time.sleep(POLL)

    def stop(self, task: LocalTask) -> None:
        """Ask the process of a job to end; see `Pool.stop`."""
        if task.outcome is None and task.deadline is None:
            task.deadline = time.monotonic() + PATIENCE
            task.process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait until a job ends; see `Pool.wait`."""
        limits = [task.deadline - time.monotonic() for task in self.running if task.deadline]
        if self.running:
            ends = [task.process.sentinel for task in self.running]
            connection.wait(ends, max(0, min([seconds, *limits])))
        for task in list(self.running):
            self.look_after(task)

    def look_after(self, task: LocalTask) -> None:
        """Note whether a process has ended; kill it, if it was asked to end and has not."""
        with LAUNCH:
            code = task.process.exitcode
        if code is not None:
            child.end_group(task.process.pid)  # what it may have started
            task.listen()
            self.end(task, self.outcome_of(task, code))
            if code == LOST:
                time.sleep(POLL)  # until it is dead for `multiprocessing`, too
                warm_up(self.method)
            return
        task.listen()
        if task.deadline is not None and time.monotonic() > task.deadline:
            child.end_group(task.process.pid)
            task.process.kill()

    def outcome_of(self, task: LocalTask, code: int) -> Outcome:
        """How a job ended, from what its process has sent, and from its exit code."""
        if task.answer is not None:  # it came to its end, whatever happened then
            return task.answer
        if task.deadline is not None:
            return Outcome("cancelled")
        if code == LOST and self.method == FORK_SERVER:
            return Outcome("interrupted", "the fork server of the training processes was killed")
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return Outcome("interrupted", f"the training process {how}")

    def end(self, task: LocalTask, outcome: Outcome) -> None:
        """A job has ended: its place is free."""
        task.outcome = outcome
        self.running.remove(task)
        self.places.append(task.place)
        with LAUNCH:
            task.process.join()
            task.process.close()

    def close(self) -> None:
        """End all jobs; see `Pool.close`."""
        for task in self.running:
            self.stop(task)
        while self.running:
            self.wait(PATIENCE)
        atexit.unregister(self.close)


def warm_up(method: str = METHOD) -> None:
    """Have a fork server ready, if there is to be one; does not wait for it."""
    with LAUNCH:
        start_fork_server(method)


def start_fork_server(method: str) -> None:
    """Start a fork server, unless it is there or there is to be none.

    It finds the package as this process does, nothing in the working directory comes before the
    standard library, and numpy starts no threads in it, which a fork would not copy.
    """
    if method != FORK_SERVER:
        return
    from multiprocessing.forkserver import ensure_running, set_forkserver_preload

    set_forkserver_preload([TRAIN.partition(":")[0]])
    paths = [str(SOURCE.parent), os.environ.get("PYTHONPATH", "")]
    extra = {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONSAFEPATH": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    before = {name: os.environ.get(name) for name in extra}
    os.environ.update(extra)
    try:
        with launching(hold_back=True):
            ensure_running()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def launching(*, hold_back: bool) -> Iterator[None]:
    """Hide the main module of this process while another one is started.

    Else that one would carry out the main module once more: a user's script, say, or the page of a
    visitor, which Streamlit puts there.

    Args:
        hold_back: whether what is started shall never see Ctrl-C.
    """
    main, nothing = sys.modules["__main__"], ModuleType("__main__")
    sys.modules["__main__"] = nothing
    masked = hold_back and hasattr(signal, "pthread_sigmask")
    if masked:
        resource_tracker.ensure_running()  # whose start would let signals through again
        old = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        if masked:
            signal.pthread_sigmask(signal.SIG_SETMASK, old)
        if sys.modules["__main__"] is nothing:  # else Streamlit has put another visitor's there
            sys.modules["__main__"] = main
