"""The Dask cluster that carries out jobs: one of our own, or an existing one by address.

Our own listens on 127.0.0.1 only, has no dashboard, and ends with the process that made it.
Its workers carry out one job at a time each, and look after the process that trains; they
never load torch themselves. Any program of this machine may talk to it, as with every Dask
cluster without certificates.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import dask
from distributed import Client, Future, KilledWorker, Nanny, Scheduler, SpecCluster, WorkerPlugin

from snnlab.experiment.trainer import TRAINERS, Outcome

LOOPBACK = "127.0.0.1"
PATIENCE = 10.0
"""Seconds in which an existing scheduler must answer."""
YIELDING = 10
"""Added to the niceness of our own workers, and of what they start: who waits for a page or a
prompt comes first where cores are scarce."""
PATIENT = {"distributed.deploy.lost-worker-timeout": "1 day"}
"""Dask gives up a killed worker that is not back in 15 s; on a busy machine it takes longer."""


@dataclass(frozen=True)
class Place:
    """Where one job at a time is carried out."""

    kind: str
    """cpu or gpu: a resource in Dask's words."""
    environ: dict[str, str]
    """Environment variables of the worker and of what it starts."""


def places() -> list[Place]:
    """One place per GPU of this machine, and one for the CPU."""
    import torch

    gpus = torch.cuda.device_count()
    cards = [Place("gpu", {"CUDA_VISIBLE_DEVICES": str(index)}) for index in range(gpus)]
    return [*cards, Place("cpu", {})]


def own_cluster(places: list[Place]) -> SpecCluster:
    """A scheduler in this process, and a worker process per place."""
    quiet = {"silence_logs": logging.CRITICAL}
    # Dask serves its health over HTTP, on all addresses unless told otherwise.
    listening = {"host": LOOPBACK, "dashboard": False, "dashboard_address": f"{LOOPBACK}:0"}
    workers = {
        index: {
            "cls": Nanny,
            "options": {
                "nthreads": 1,
                **listening,
                "memory_limit": 0,  # what trains is not in the worker
                "resources": {place.kind: 1},
                "env": place.environ,
                **quiet,
            },
        }
        for index, place in enumerate(places)
    }
    scheduler = {
        "cls": Scheduler,
        # A job whose worker was killed is not tried again: its run is interrupted.
        "options": {**listening, "port": 0, "allowed_failures": 0},
    }
    return SpecCluster(workers=workers, scheduler=scheduler, name="snnlab", **quiet)


class WarmUp(WorkerPlugin):
    """Starts a fork server in every worker, also in one that takes the place of a killed one.

    Args:
        work: what its children do, as MODULE:FUNCTION.
        niceness: added to that of the worker and of all that it starts.
    """

    def __init__(self, work: str, niceness: int = 0) -> None:
        self.work, self.niceness = work, niceness

    def setup(self, worker: Any) -> None:
        """The worker has started."""
        if hasattr(os, "nice"):
            os.nice(self.niceness)
        TRAINERS.warm_up(self.work)


@contextlib.contextmanager
def connected(address: str | None, places: list[Place], work: str) -> Iterator[Client]:
    """A client of the scheduler at an address, or of a cluster of our own, warmed up.

    Raises:
        OSError: no scheduler answers at the address.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(PATIENT))
        with dask.config.set({"distributed.comm.timeouts.connect": f"{PATIENCE}s"}):
            if address is None:
                target: Any = stack.enter_context(own_cluster(places))
            else:
                target = address
            client = stack.enter_context(
                Client(target, timeout=PATIENCE, set_as_default=False, name="snnlab")
            )
        niceness = YIELDING if address is None else 0
        client.register_plugin(WarmUp(work, niceness), name=f"snnlab {work}")
        yield client


def threads(client: Client) -> int:
    """How many jobs an existing cluster can carry out at once."""
    return sum(client.nthreads().values())


def task_name(job_id: str) -> str:
    """A name for one attempt at a job that no other task of the cluster has."""
    return f"{job_id}-{uuid4().hex}"


def outcome_of(future: Future[Any]) -> Outcome:
    """How a job ended, from its future."""
    if future.status == "finished":
        return Outcome(**future.result())
    if future.status != "error":
        return Outcome("interrupted", "the cluster has lost the job")
    error = future.exception()
    if isinstance(error, KilledWorker):
        return Outcome("interrupted", "the worker was killed")
    return Outcome("failed", f"the worker could not carry out the job: {error}")
