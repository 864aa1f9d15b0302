"""Where jobs are carried out: a pool of places, on this machine or on a cluster.

A job is what `job_of` gives: a run in plain values. `LocalPool` carries jobs out in processes of
this machine, `DaskPool` on the workers of a Dask cluster. The dashboard's engine and sweeps use
either in the same way.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from snnlab.jobs.places import Kind, Place
from snnlab.runs.config import RunConfig, to_dict
from snnlab.runs.provenance import command, data_folders, family_modules
from snnlab.runs.store import run_id

POLL = 0.1
"""Seconds between two looks at what waits outside the pool: new jobs, jobs no longer wanted."""
TRAIN = "snnlab.jobs.train:train"
"""What the process of a job does, as MODULE:FUNCTION: from a job to an `Outcome`."""

JobData = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a job ended."""

    status: Literal["finished", "failed", "cancelled", "interrupted"]
    """interrupted: its process was killed; it can go on."""
    reason: str = ""
    """Why it failed or was interrupted, for the user."""


class Task(Protocol):
    """A job in the hands of a pool."""

    outcome: Outcome | None
    """None until it has ended."""


class Pool(Protocol):
    """Carries out jobs, several at a time. For one thread, which calls `wait` again and again."""

    @property
    def places(self) -> list[Place]:
        """Those that are free."""
        ...

    kinds: frozenset[Kind]
    """Which kinds of places there are, free or not."""
    trouble: str
    """What keeps all jobs from starting, for the user; empty if nothing does."""

    def start(self, job: JobData, place: Place) -> Task:
        """Begin a job at a free place. What goes wrong is the outcome of the task."""
        ...

    def stop(self, task: Any) -> None:
        """End a job, in less than a second; its place is free again once it has ended."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait until a job ends, or until the time is over."""
        ...

    def close(self) -> None:
        """End all jobs and wait until they have ended."""
        ...


def job_of(config: RunConfig, root: Path, *, threads: int | None = None) -> JobData:
    """What the process of a job needs to know, in plain values.

    Args:
        config: what to train, its paths absolute.
        root: the folder of run folders.
        threads: for torch on the CPU; None: as many as there are cores, but one.

    Raises:
        FamilyError: a noise family of one's own that the process could not import.
        DataError: the module of a data set of one's own is not there.
    """
    return {
        "id": run_id(config),
        "config": to_dict(config),
        "families": family_modules(config),
        "folders": data_folders(config),
        "root": str(root.absolute()),
        "threads": threads,
        "command": command(),
    }


def carry_out(pool: Pool, jobs: dict[str, JobData]) -> Generator[tuple[str, Outcome], None, None]:
    """Names of jobs and how they ended, as they do; closing the generator ends all that run.

    Example:
        >>> for name, outcome in carry_out(LocalPool(places), jobs):
        ...     print(name, outcome.status)
    """
    waiting, running = list(reversed(jobs)), dict[str, Task]()
    try:
        while waiting or running:
            while waiting and pool.places:
                name = waiting.pop()
                running[name] = pool.start(jobs[name], pool.places[0])
            pool.wait(POLL)
            for name, task in list(running.items()):
                if task.outcome is not None:
                    del running[name]
                    yield name, task.outcome
    finally:
        for task in running.values():
            pool.stop(task)
        while any(task.outcome is None for task in running.values()):
            pool.wait(POLL)
