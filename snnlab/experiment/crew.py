"""Who carries out the runs of a sweep: processes of this machine, or a Dask cluster."""

from __future__ import annotations

import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, Protocol

from snnlab.experiment.trainer import TRAIN, Outcome, Trainers, carry_out_task, cores

Jobs = dict[str, dict[str, Any]]
"""What `trainer.job_of` gives, by name."""


Endings = Generator[tuple[str, Outcome], None, None]
"""Names of jobs and how they ended."""


class Crew(Protocol):
    """Carries out jobs, several at a time."""

    def carry_out(self, jobs: Jobs) -> Endings:
        """How the jobs end, as they do; closing the generator ends all that run."""
        ...


class LocalCrew:
    """Processes of this machine.

    Args:
        workers: how many at a time; None: one per core.
        work: what they do, as MODULE:FUNCTION.

    Example:
        >>> for name, outcome in LocalCrew(2).carry_out(jobs):
        ...     print(name, outcome.status)
    """

    def __init__(self, workers: int | None = None, work: str = TRAIN) -> None:
        self.workers, self.work = workers or cores(), work

    def carry_out(self, jobs: Jobs) -> Endings:
        """See `Crew`."""
        if not jobs:
            return
        trainers = Trainers()
        stopping = threading.Event()

        def carry_out(job: dict[str, Any]) -> Outcome:
            if stopping.is_set():
                return Outcome("cancelled")
            with trainers.one(self.work) as trainer:
                return trainer.carry_out(job, lambda: not stopping.is_set())

        try:
            with ThreadPoolExecutor(min(self.workers, len(jobs))) as pool:
                try:
                    futures = {pool.submit(carry_out, job): name for name, job in jobs.items()}
                    for future in as_completed(futures):
                        yield futures[future], future.result()
                finally:
                    stopping.set()
        finally:
            trainers.close()


class DaskCrew:
    """The workers of a Dask cluster.

    Args:
        address: of an existing scheduler, whose workers see the same folders; None: a cluster
            of our own.
        workers: of a cluster of our own; None: one per core.
        work: what they do, as MODULE:FUNCTION.

    Raises:
        OSError: no scheduler answers at the address.
    """

    def __init__(
        self, address: str | None = None, workers: int | None = None, work: str = TRAIN
    ) -> None:
        self.address, self.workers, self.work = address, workers or cores(), work

    def carry_out(self, jobs: Jobs) -> Endings:
        """See `Crew`."""
        if not jobs:
            return
        from distributed import as_completed

        from snnlab.experiment.cluster import Place, connected, outcome_of, task_name

        places = [Place("cpu", {})] * min(self.workers, len(jobs))
        with connected(self.address, places, self.work) as client:
            futures = {}
            for number, (name, job) in enumerate(jobs.items()):
                key = task_name(name)
                future = client.submit(
                    carry_out_task, self.work, job, key=key, priority=-number, pure=False
                )
                futures[future] = name
            try:
                for future in as_completed(futures, loop=client.loop):
                    yield futures[future], outcome_of(future)
            finally:
                client.cancel(list(futures))
