"""The worker's side of a job: have a child process train, wait for it, stop it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from snnlab.experiment.config import RunConfig, to_dict
from snnlab.experiment.own_families import modules
from snnlab.experiment.provenance import SOURCE, command
from snnlab.experiment.store import run_id

Ending = Literal["finished", "failed", "cancelled", "interrupted"]
LOOK = 0.1
"""Seconds between two looks at whether a job is still wanted."""
TRAIN = "snnlab.experiment.train_job:train"
"""What the child does."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended."""

    status: Ending
    """interrupted: its process was killed; it can go on."""
    reason: str = ""
    """Why it failed or was interrupted, for the user."""


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def job_of(config: RunConfig, root: Path, *, threads: int | None = None) -> dict[str, Any]:
    """What the child needs to know, in plain values.

    Args:
        config: what to train, its paths absolute.
        root: the folder of run folders.
        threads: for torch on the CPU; None: as many as there are cores, but one.

    Raises:
        FamilyError: a noise family of one's own that the child could not import.
    """
    return {
        "id": run_id(config),
        "config": to_dict(config),
        "families": modules(config),
        "root": str(root.absolute()),
        "threads": threads,
        "command": command(),
    }


def environment_of_children() -> dict[str, str]:
    """Environment variables of a fork server: it imports the same package as this process.

    OpenBLAS has one thread, since none may be there when children are forked. PyTorch has as
    many as it is told to, see `train_job`.
    """
    paths = [str(SOURCE.parent), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OPENBLAS_NUM_THREADS": "1",
    }


class Trainer:
    """A fork server, see `fork_server`, and the one child that it has at a time.

    Args:
        work: what its children do, as MODULE:FUNCTION.
    """

    def __init__(self, work: str = TRAIN) -> None:
        self.work = work
        self.server = subprocess.Popen(
            [sys.executable, "-m", "snnlab.experiment.fork_server", work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment_of_children(),
            start_new_session=True,  # Ctrl-C is for us alone; we end the children
        )
        self.answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        """Queue the answers of the fork server; None when it has ended."""
        assert self.server.stdout is not None
        with self.server.stdout as lines:
            for line in lines:
                with contextlib.suppress(ValueError):  # cut short by a kill
                    self.answers.put(json.loads(line))
        self.answers.put(None)

    @property
    def alive(self) -> bool:
        """Whether the fork server still runs."""
        return self.server.poll() is None

    def ask(self, request: dict[str, Any]) -> None:
        """Send a request; to a dead server it is lost, which `carry_out` sees."""
        assert self.server.stdin is not None
        with contextlib.suppress(OSError):
            self.server.stdin.write(json.dumps(request).encode() + b"\n")
            self.server.stdin.flush()

    def carry_out(self, job: dict[str, Any], wanted: Callable[[], bool]) -> Outcome:
        """Have a child do a job, and wait until it has ended.

        Args:
            job: what the work function gets, see `train_job`.
            wanted: asked every now and then; once False, the child is ended.

        Returns:
            How it ended; never raises for what goes wrong in the child.
        """
        self.ask({"job": job})
        reported: dict[str, Any] = {}
        stopped = False
        while "exit_code" not in reported:
            try:
                answer = self.answers.get(timeout=LOOK)
            except queue.Empty:
                if not stopped and not wanted():
                    self.ask({"stop": True})
                    stopped = True
                continue
            if answer is None:
                self.answers.put(None)  # for whoever asks next
                return Outcome("interrupted", "the server of the training processes has ended")
            reported |= answer
        return outcome_of(reported, stopped=stopped)

    def close(self) -> None:
        """End the child, if there is one, and the fork server."""
        assert self.server.stdin is not None
        with contextlib.suppress(OSError):
            self.server.stdin.close()
        self.server.wait()


def outcome_of(reported: dict[str, Any], *, stopped: bool) -> Outcome:
    """How a job ended, from what the child said and its exit code."""
    if "status" in reported:  # it came to its end, whatever happened then
        return Outcome(reported["status"], str(reported.get("reason", "")))
    if stopped:
        return Outcome("cancelled")
    code = reported["exit_code"]
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return Outcome("interrupted", f"the training process {how}")


class Trainers:
    """The fork servers of this process that wait for a job."""

    def __init__(self) -> None:
        self.idle: list[Trainer] = []
        self.lock = threading.Lock()

    def warm_up(self, work: str = TRAIN) -> None:
        """Start a fork server, so that the first job need not wait for it; does not wait."""
        with self.lock:
            if not any(trainer.work == work for trainer in self.idle):
                self.idle.append(Trainer(work))

    @contextlib.contextmanager
    def one(self, work: str = TRAIN) -> Iterator[Trainer]:
        """A fork server for one job: one that waits, or a new one."""
        with self.lock:
            dead = [trainer for trainer in self.idle if not trainer.alive]
            self.idle = [trainer for trainer in self.idle if trainer.alive]
            fitting = [trainer for trainer in self.idle if trainer.work == work]
            if fitting:
                self.idle.remove(fitting[0])
        for trainer in dead:
            trainer.close()
        trainer = fitting[0] if fitting else Trainer(work)
        try:
            yield trainer
        finally:
            with self.lock:
                self.idle.append(trainer)

    def close(self) -> None:
        """End all that wait."""
        with self.lock:
            ending, self.idle = self.idle, []
        for trainer in ending:
            trainer.close()


TRAINERS = Trainers()
"""Those of this process, a Dask worker say: each job borrows one."""


def carry_out_task(work: str, job: dict[str, Any]) -> dict[str, Any]:
    """Carry out a job in a Dask worker; it ends when its client cancels it, or is gone.

    Returns:
        An `Outcome` in plain values.
    """
    from distributed import Status, get_worker

    worker = get_worker()
    task = worker.state.tasks[worker.get_current_task()]

    def wanted() -> bool:  # the state of a task that is cancelled while it runs is "cancelled"
        return task.state == "executing" and worker.status in (Status.running, Status.paused)

    with TRAINERS.one(work) as trainer:
        return asdict(trainer.carry_out(job, wanted))
