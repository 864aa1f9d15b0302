"""The engine: a fair queue in this process, jobs on the workers of a Dask cluster.

One thread of its own starts the cluster and hands out jobs, as many as can run at once; the
others wait here, where they can be put in order and withdrawn. Whoever calls the engine waits
for neither.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnlab.experiment.anchored import anchored
from snnlab.experiment.config import RunConfig
from snnlab.experiment.fair_queue import Entry, FairQueue
from snnlab.experiment.job import Job, JobError
from snnlab.experiment.own_families import modules
from snnlab.experiment.queue_file import QueueFile
from snnlab.experiment.store import RUNS, is_occupied, read_run, run_id
from snnlab.experiment.trainer import TRAIN, Outcome, carry_out_task, job_of

if TYPE_CHECKING:
    from distributed import Client, Future

TICK = 0.5
"""Seconds between two looks at what no event tells: workers that came or went, marks of runs."""
RETRY = 5.0
"""Seconds between two attempts to reach a scheduler."""
ANY = "any"
"""The only kind of place of an existing cluster."""
ENDED = "the server or its Dask scheduler has ended; start the run again and it goes on"
LOG = logging.getLogger(__name__)


class DaskEngine:
    """Carries out jobs on Dask workers; see `Engine` for what its methods do.

    Args:
        root: the folder of run folders; the queue is kept there too, so that the jobs that
            wait outlive this process.
        address: of an existing scheduler, whose workers see the same folder; None: a cluster
            of our own with one place per GPU and one for the CPU.
        work: what the child processes do, as MODULE:FUNCTION.

    It is closed when the process ends.

    Example:
        >>> engine = DaskEngine(Path("runs"))
        >>> job = engine.submit(PRESETS["digits"], user="me")
        >>> engine.cancel(job.id, user="me")
    """

    def __init__(self, root: Path = RUNS, address: str | None = None, *, work: str = TRAIN) -> None:
        self.root, self.address, self.work = root.absolute(), address, work
        self.lock = threading.RLock()
        self.wake = threading.Event()
        self.closing = False
        self.file = QueueFile(self.root)
        self.queue: FairQueue = self.file.read()
        self.futures: dict[str, Future[Any]] = {}
        self.unwanted: list[Future[Any]] = []
        self.reason = ""
        self.thread = threading.Thread(target=self.serve, name="snnlab-engine", daemon=True)
        self.thread.start()

    # What users of the engine call.

    def submit(self, config: RunConfig, *, user: str) -> Job:
        """Ask for a run; see `Engine.submit`."""
        if self.closing:
            raise JobError("the engine is closed: start the server again")
        config = anchored(config)
        modules(config)  # refuses a noise family that its process could not import
        name = run_id(config)
        with self.lock:
            if read_run(self.root / name).status == "finished" and not self.active(name):
                entry = Entry(name, [user], config, time.time(), "finished")
                self.queue.remember(entry)
                return entry.seen()
            entry = self.queue.add(name, config, user, time.time())
            self.file.write(self.queue)
            self.wake.set()
            return self.seen(entry)

    def cancel(self, job_id: str, *, user: str | None = None) -> None:
        """Withdraw a user, or all, from a job; see `Engine.cancel`."""
        with self.lock:
            entry = self.queue.find(job_id)
            if entry is None:
                raise JobError(f"there is no job {job_id!r}")
            if user is not None and user not in entry.users:
                raise JobError(f"job {job_id!r} is not yours to cancel")
            if not self.active(job_id):
                return
            if self.queue.withdraw(entry, user):
                self.stop(entry)
            self.file.write(self.queue)

    def jobs(self) -> list[Job]:
        """All jobs; see `Engine.jobs`."""
        with self.lock:
            jobs = self.queue.jobs()
        return [replace(j, reason=self.reason) if j.status == "waiting" else j for j in jobs]

    def job(self, job_id: str) -> Job | None:
        """One job; see `Engine.job`."""
        with self.lock:
            entry = self.queue.find(job_id)
            return None if entry is None else self.seen(entry)

    def close(self) -> None:
        """End everything; see `Engine.close`."""
        with self.lock:
            if self.closing:
                return
            self.closing = True
        self.wake.set()
        self.thread.join()
        atexit.unregister(self.close)

    # Bookkeeping, under the lock.

    def seen(self, entry: Entry) -> Job:
        """A job with its place in the queue."""
        return next(job for job in self.jobs() if job.id == entry.id)

    def active(self, job_id: str) -> bool:
        """Whether a job waits or runs."""
        return any(e.id == job_id for e in (*self.queue.waiting, *self.queue.running))

    def stop(self, entry: Entry) -> None:
        """End a job that nobody wants any more."""
        self.queue.end(entry, "cancelled")
        future = self.futures.pop(entry.id, None)
        if future is not None:
            self.unwanted.append(future)
        self.wake.set()

    # The engine's own thread.

    def serve(self) -> None:
        """Keep a cluster and hand out jobs, until the engine is closed."""
        from snnlab.experiment import cluster  # here: it takes seconds to import

        atexit.register(self.close)  # after that import, to be called before Dask ends itself
        places = [] if self.address else cluster.places()
        while not self.closing:
            try:
                with cluster.connected(self.address, places, self.work) as client:
                    self.reason = ""
                    try:
                        self.attend(client, [place.kind for place in places])
                    finally:
                        self.give_up(client)
            except OSError as error:
                self.reason = f"no Dask scheduler answers at {self.address}; trying again"
                LOG.warning("%s (%s)", self.reason, error)
                self.wake.wait(RETRY)

    def attend(self, client: Client, kinds: list[str]) -> None:
        """Hand out jobs and note how they end, as long as the cluster is there."""
        from snnlab.experiment.cluster import threads

        while not self.closing and client.status == "running":
            self.collect(client)
            if self.queue.waiting:
                slots = Counter(kinds) if kinds else Counter({ANY: threads(client)})
                with self.lock:
                    self.hand_out(client, slots)
            self.wake.wait(TICK)
            self.wake.clear()

    def hand_out(self, client: Client, slots: Counter[str]) -> None:
        """Start all jobs that may start now."""
        from snnlab.experiment.cluster import task_name

        while (entry := self.next_entry(slots)) is not None:
            self.queue.start(entry, time.time())
            kind = self.kind(entry, slots)
            future = client.submit(
                carry_out_task,
                self.work,
                job_of(entry.config, self.root),
                key=task_name(entry.id),
                resources=None if kind == ANY else {kind: 1},
                pure=False,
            )
            future.add_done_callback(lambda _: self.wake.set())
            self.futures[entry.id] = future
            self.file.write(self.queue)

    def next_entry(self, slots: Counter[str]) -> Entry | None:
        """The job that starts next, if there is one and a place for it."""
        taken = Counter(self.kind(entry, slots) for entry in self.queue.running)
        for entry in self.queue.may_start():
            kind = self.kind(entry, slots)
            free = taken[kind] < slots[kind]
            if free and not is_occupied(self.root / entry.id):  # one just cancelled, say
                return entry
        return None

    def kind(self, entry: Entry, slots: Counter[str]) -> str:
        """Which kind of place a job needs."""
        if ANY in slots:
            return ANY
        return "gpu" if "gpu" in slots and entry.config.device in ("auto", "cuda") else "cpu"

    def collect(self, client: Client) -> None:
        """Note which jobs have ended, and end those that nobody wants."""
        from snnlab.experiment.cluster import outcome_of

        with self.lock:
            unwanted, self.unwanted = self.unwanted, []
            done = {name: future for name, future in self.futures.items() if future.done()}
        if unwanted:
            client.cancel(unwanted)
        for name, future in done.items():
            outcome = outcome_of(future)
            with self.lock:
                if self.futures.get(name) is future:  # else it was cancelled just now
                    del self.futures[name]
                    self.note(name, outcome)

    def note(self, name: str, outcome: Outcome) -> None:
        """A running job has ended; what the run folder says counts more."""
        entry = next(entry for entry in self.queue.running if entry.id == name)
        if read_run(self.root / name).status == "finished":
            outcome = Outcome("finished")
        self.queue.end(entry, outcome.status, outcome.reason)
        self.file.write(self.queue)

    def give_up(self, client: Client) -> None:
        """End what runs: the engine is closed, or the cluster is gone."""
        with self.lock:
            if self.closing:
                self.file.close(self.queue)
            left = [*self.unwanted, *self.futures.values()]
            self.unwanted = []
            self.futures.clear()
            for entry in list(self.queue.running):
                self.note(entry.id, Outcome("interrupted", ENDED))
        if left and client.status == "running":
            client.cancel(left)
