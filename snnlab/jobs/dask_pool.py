"""A pool on the workers of an existing Dask cluster; each job has a separate process there.

The workers must have the same code, and the same folder of runs at the same path. As in every Dask
cluster without certificates, any program that can reach the scheduler can use it.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import multiprocessing
import socket
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

import dask
from distributed import Client, Future, KilledWorker, Status, get_worker
from distributed.comm.addressing import get_address_host_port
from distributed.security import Security

from snnlab.jobs.local_pool import LocalPool
from snnlab.jobs.places import Place
from snnlab.jobs.pool import POLL, TRAIN, JobData, Outcome

SCHEDULER_TIMEOUT = 3.0
"""Seconds within which a scheduler must answer."""
SECONDS_BETWEEN_CHECKS = 2.0
"""Seconds between two checks of the scheduler and its workers."""
SCHEDULER_LOST = "the Dask scheduler answers no more; start the run again and it goes on"
HERE = Place()
LOG = logging.getLogger(__name__)


@dataclass(eq=False)
class DaskTask:
    """A job on a worker."""

    future: Future[Any]
    outcome: Outcome | None = None


class DaskPool:
    """The workers of a cluster; the methods are described in `Pool`.

    If no scheduler answers there is no error: `trouble` holds a message, and `wait` tries again.

    Args:
        address: address of the scheduler, see `scheduler`.
        work: the function that the processes of jobs call, as MODULE:FUNCTION.
    """

    kinds = frozenset({HERE.kind})

    def __init__(self, address: str, work: str = TRAIN) -> None:
        self.address, self.work = address, work
        self.client: Client | None = None
        self.running: list[DaskTask] = []
        self.threads = 0
        self.trouble = ""
        self.changed = threading.Event()
        for name in ("distributed", "distributed.client"):  # `trouble` reports problems instead
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.look()
        atexit.register(self.close)

    @property
    def places(self) -> list[Place]:
        """One place for each free thread of the workers."""
        return [HERE] * (self.threads - len(self.running))

    def look(self) -> None:
        """Connect to the scheduler if necessary, and count the threads of its workers."""
        try:
            if self.client is None:
                check_that_it_speaks(self.address)
                with dask.config.set(
                    {"distributed.comm.timeouts.connect": f"{SCHEDULER_TIMEOUT}s"}
                ):
                    self.client = Client(
                        self.address, timeout=SCHEDULER_TIMEOUT, set_as_default=False, name="snnlab"
                    )
            scheduler: Any = self.client.scheduler
            ask = scheduler.ncores  # like `nthreads` of the client, which may wait for ever
            self.threads = sum(self.client.sync(ask, callback_timeout=SCHEDULER_TIMEOUT).values())
        except (OSError, ValueError, TypeError, ImportError) as error:
            self.let_go()
            why = "" if isinstance(error, OSError) else f" ({error})"
            trouble = f"no Dask scheduler answers at {self.address}{why}; trying again"
        else:
            none = f"the Dask scheduler at {self.address} has no workers; waiting for one"
            trouble = "" if self.threads else none
        if trouble and trouble != self.trouble:
            LOG.warning("%s", trouble)
        self.trouble, self.looked = trouble, time.monotonic()

    def start(self, job: JobData, place: Place) -> DaskTask:
        """Begin a job; see `Pool.start`."""
        assert self.client is not None  # without a client there is no place
        key = f"{job['id']}-{uuid4().hex}"  # unique in the cluster, also for a second attempt
        future = self.client.submit(carry_out_task, self.work, job, key=key, pure=False)
        future.add_done_callback(lambda _: self.changed.set())
        task = DaskTask(future)
        self.running.append(task)
        return task

    def stop(self, task: DaskTask) -> None:
        """Withdraw a job; see `Pool.stop`. Its worker ends the process."""
        if task.outcome is None and self.client is not None:
            self.client.cancel([task.future])
            self.end(task, Outcome("cancelled"))

    def wait(self, seconds: float) -> None:
        """Wait until a job ends; see `Pool.wait`."""
        self.changed.wait(seconds)
        self.changed.clear()
        if self.client is not None and self.client.status != "running":
            self.let_go()
        for task in list(self.running):
            if task.future.done():
                self.end(task, outcome_of(task.future))
        if time.monotonic() - self.looked > SECONDS_BETWEEN_CHECKS:
            self.look()

    def end(self, task: DaskTask, outcome: Outcome) -> None:
        """Note that a job has ended."""
        task.outcome = outcome
        self.running.remove(task)

    def let_go(self) -> None:
        """Close the connection to a scheduler that is gone; its jobs are interrupted."""
        client, self.client, self.threads = self.client, None, 0
        for task in list(self.running):
            self.end(task, Outcome("interrupted", SCHEDULER_LOST))
        if client is not None:
            with contextlib.suppress(OSError):  # a timeout is one
                client.close(timeout=SCHEDULER_TIMEOUT)

    def close(self) -> None:
        """End all jobs; see `Pool.close`."""
        for task in list(self.running):
            self.stop(task)
        self.let_go()
        atexit.unregister(self.close)


def check_that_it_speaks(address: str) -> None:
    """Raise OSError unless a scheduler answers: a Dask client would wait for ever.

    Over TCP without TLS a scheduler sends the first byte.
    """
    if address.startswith("tls:") and not Security().get_connection_args("client")["ssl_context"]:
        raise ValueError("distributed.comm.tls in Dask's configuration names no certificates")
    with socket.create_connection(get_address_host_port(address), SCHEDULER_TIMEOUT) as line:
        if address.startswith("tcp:") and not line.recv(1):
            raise ConnectionError("it hung up")


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


def carry_out_task(work: str, job: JobData) -> dict[str, Any]:
    """Carry out a job in a worker; it ends when its client cancels it or disconnects.

    Returns:
        An `Outcome` in plain values.
    """
    worker = get_worker()
    state = worker.state.tasks[worker.get_current_task()]
    multiprocessing.current_process().daemon = False  # Dask's workers are, and may have no children
    with contextlib.closing(LocalPool([HERE], work)) as pool:
        task = pool.start(job, HERE)
        while task.outcome is None:
            pool.wait(POLL)
            alive = worker.status in (Status.running, Status.paused)
            if state.state != "executing" or not alive:  # "cancelled", say
                pool.stop(task)
    return asdict(task.outcome)
