"""A pool of places that carry out jobs, on this machine or on a cluster.

A job is the result of `job_of`: a run as values for JSON. `LocalPool` carries out jobs in processes
of this machine, `DaskPool` on the workers of a Dask cluster. The dashboard's engine and sweeps use
both in the same way.
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
"""Seconds between two checks for new and cancelled jobs while jobs run."""
TRAIN = "snnlab.jobs.train:train"
"""The function that the process of a job calls, as MODULE:FUNCTION; it returns an `Outcome`."""

JobData = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a job ended."""

    status: Literal["finished", "failed", "cancelled", "interrupted"]
    """interrupted: its process was killed; it can go on."""
    reason: str = ""
    """Why it failed or was interrupted, for the user."""


class Task(Protocol):
    """A job that a pool has started."""

    outcome: Outcome | None
    """None until it has ended."""


class Pool(Protocol):
    """Carries out several jobs at a time. Only one thread may use it; it must call `wait` often."""

    @property
    def places(self) -> list[Place]:
        """The free places."""
        ...

    kinds: frozenset[Kind]
    """The kinds of all places, free or not."""
    trouble: str
    """A message for the user why no job can start; empty if jobs can start."""

    def start(self, job: JobData, place: Place) -> Task:
        """Begin a job at a free place. Errors become the outcome of the task."""
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
    """Everything that the process of a job needs, as values for JSON.

    Args:
        config: the configuration, with absolute paths.
        root: the folder of run folders.
        threads: for torch on the CPU; None: as many as there are cores, but one.

    Raises:
        FamilyError: the process could not import a user's own noise family.
        DataError: the module of a user's own data set does not exist.
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
    """Yield the name and outcome of each job when it ends; closing the generator ends the others.

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
