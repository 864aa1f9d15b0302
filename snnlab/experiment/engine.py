"""The job engine as those who use it see it: submit a configuration, look, cancel.

A job is a run that somebody asked for. It waits in a fair queue, trains in a process of its
own, and leaves a run folder like any other run, see `store`. `DaskEngine` is the engine that
works; tests of pages bring their own.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Protocol

from snnlab.experiment.config import RunConfig
from snnlab.experiment.job import Job
from snnlab.experiment.store import RUNS

SCHEDULER = "SNNLAB_SCHEDULER"
"""Environment variable with the address of an existing Dask scheduler: tcp://127.0.0.1:8786."""


class Engine(Protocol):
    """Carries out jobs, in a fair order, and never makes the caller wait for one."""

    def submit(self, config: RunConfig, *, user: str) -> Job:
        """Ask for a run.

        The same configuration, code and seed name the same run: if it is finished, waiting or
        running already, that job is the answer, and the user shares it. An interrupted run
        goes on after its last whole epoch.

        Args:
            config: what to train.
            user: who asks, any text that tells users apart.

        Raises:
            QueueFull: two jobs of this user wait already.
        """
        ...

    def cancel(self, job_id: str, *, user: str | None = None) -> None:
        """Withdraw a user from a job; it ends when nobody wants it any more.

        Training ends within six seconds, and the run can be taken up again later. A job that
        has ended already stays as it is.

        Args:
            job_id: the job.
            user: who withdraws; None ends the job for all (the teacher).

        Raises:
            JobError: no such job, or the user did not ask for it.
        """
        ...

    def jobs(self) -> list[Job]:
        """Running jobs, waiting ones in the order in which they will start, ended ones.

        Of the ended ones the latest are kept, latest first.
        """
        ...

    def job(self, job_id: str) -> Job | None:
        """The job of that id, None if it is not in `jobs`."""
        ...

    def close(self) -> None:
        """End all training and all processes of the engine; what waits is kept for the next."""
        ...


_engines: dict[Path, Engine] = {}
_lock = threading.Lock()


def shared_engine(root: Path = RUNS) -> Engine:
    """The engine of this process for a folder of runs; made on the first call.

    Jobs run on the Dask scheduler at the address in the environment variable
    SNNLAB_SCHEDULER, or else on a cluster that belongs to this process. The engine is closed
    when the process ends.

    Example:
        >>> shared_engine().submit(PRESETS["digits"], user="me").status
        'waiting'
    """
    from snnlab.experiment.dask_engine import DaskEngine

    root = root.absolute()
    with _lock:
        if root not in _engines:
            _engines[root] = DaskEngine(root, address=os.environ.get(SCHEDULER) or None)
        return _engines[root]


def close_engines() -> None:
    """End the engines of this process, see `Engine.close`."""
    with _lock:
        ending = list(_engines.values())
        _engines.clear()
    for engine in ending:
        engine.close()
