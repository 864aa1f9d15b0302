"""Processes of this machine, one for each job.

On Linux they are forked by the fork server of `multiprocessing`, which has already imported PyTorch
and everything else for training, so a job starts in milliseconds. On other systems each is a new
Python process with its own imports. (macOS has a fork server, too, but there a process that has
loaded libraries of the system must not fork.)
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
FORK_SERVER_ENDED = 255
"""The exit code that `multiprocessing` reports once the fork server has ended."""
SECONDS_TO_END = 0.5
"""Seconds between asking a process to end and killing it."""
ATTEMPTS = 3
"""Number of attempts to start a process."""
LAUNCH = threading.Lock()
"""Held while processes start and exit codes are read: `multiprocessing` manages the children of all
threads together."""


@dataclass(eq=False)
class LocalTask:
    """A job in a process of this machine."""

    place: Place
    outcome: Outcome | None = None
    process: Any = None
    answers: connection.Connection | None = None
    """The connection on which the process sends its outcome; None once that has arrived."""
    answer: Outcome | None = None
    """The outcome that has arrived."""
    deadline: float | None = None
    """When the process is killed, after it was asked to end; else None."""

    def listen(self) -> None:
        """Receive the outcome from the process, if it has sent one."""
        if self.answers is not None and self.answers.poll():
            with self.answers, contextlib.suppress(EOFError, OSError):  # it was killed
                self.answer = self.answers.recv()
            self.answers = None


class LocalPool:
    """Processes of this machine; the methods are described in `Pool`.

    Args:
        places: one for each job that can run at the same time.
        work: the function that the processes call, as MODULE:FUNCTION.
        niceness: added to that of this process, so that others come first if there are few cores.
        method: the start method of `multiprocessing`.

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
        """Start the process of a job; try again if the fork server has just ended."""
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
            task.deadline = time.monotonic() + SECONDS_TO_END
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
            if code == FORK_SERVER_ENDED:
                time.sleep(POLL)  # until `multiprocessing` has noticed that it is dead
                warm_up(self.method)
            return
        task.listen()
        if task.deadline is not None and time.monotonic() > task.deadline:
            child.end_group(task.process.pid)
            task.process.kill()

    def outcome_of(self, task: LocalTask, code: int) -> Outcome:
        """How a job ended, from what its process has sent, and from its exit code."""
        if task.answer is not None:  # the work was complete, whatever the exit code
            return task.answer
        if task.deadline is not None:
            return Outcome("cancelled")
        if code == FORK_SERVER_ENDED and self.method == FORK_SERVER:
            return Outcome("interrupted", "the fork server of the training processes was killed")
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return Outcome("interrupted", f"the training process {how}")

    def end(self, task: LocalTask, outcome: Outcome) -> None:
        """Note that a job has ended, and free its place."""
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
            self.wait(SECONDS_TO_END)
        atexit.unregister(self.close)


def warm_up(method: str = METHOD) -> None:
    """Start the fork server if `method` needs one; does not wait until it is ready."""
    with LAUNCH:
        start_fork_server(method)


def start_fork_server(method: str) -> None:
    """Start the fork server if `method` needs one and it does not run yet.

    Its environment lets it find the package, keeps the working directory out of the search path for
    modules, and keeps numpy from starting threads, which a fork would not copy.
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
    """Hide the main module of this process while another process is started.

    Otherwise the new process would run the main module again: for instance a user's script, or the
    page of a visitor, which Streamlit stores there.

    Args:
        hold_back: whether the new process never receives Ctrl-C.
    """
    main, nothing = sys.modules["__main__"], ModuleType("__main__")
    sys.modules["__main__"] = nothing
    masked = hold_back and hasattr(signal, "pthread_sigmask")
    if masked:
        resource_tracker.ensure_running()  # now, as its start unblocks signals
        old = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        if masked:
            signal.pthread_sigmask(signal.SIG_SETMASK, old)
        if sys.modules["__main__"] is nothing:  # else Streamlit has stored another visitor's page
            sys.modules["__main__"] = main
