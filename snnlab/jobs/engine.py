"""The job engine: submit configurations, list jobs, cancel them.

A job is a run that a user has submitted. It waits in a fair queue, trains in a separate process,
and writes a run folder like any other run, see `store`. A thread of the engine owns the pool of
processes and starts as many jobs as there are places; the others wait in the queue, where their
order can change and they can be cancelled. Calls of the engine never wait for a job.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from snnlab.jobs.fair_queue import FairQueue, Job, JobError
from snnlab.jobs.places import Kind, Place, separate_places
from snnlab.jobs.pool import POLL, Outcome, Pool, Task, job_of
from snnlab.jobs.queue_file import STOPPED, QueueFile
from snnlab.jobs.scheduler import open_pool, scheduler
from snnlab.jobs.waiting_time import Seconds, next_start, starts
from snnlab.runs.config import RunConfig, anchored
from snnlab.runs.provenance import family_modules
from snnlab.runs.store import is_occupied, read_run, run_id, runs_folder

IDLE_POLL = 0.5
"""Seconds between two checks of the pool while nothing trains: workers may come or go."""
RETRY_AFTER = 5.0
"""Seconds that the engine waits after an error in its own thread."""
NICENESS = 10
"""Niceness of training processes, so that pages are drawn first if there are few cores."""
PAUSED = "The teacher has paused the queue: it starts when the queue goes on."
"""The reason of waiting jobs while the queue is paused."""
LOG = logging.getLogger(__name__)


class Engine:
    """Carries out jobs in a fair order; its methods never wait for a job.

    Args:
        root: the folder of run folders; the queue is stored there, too, so that waiting jobs
            survive the end of this process.
        open_pool: makes the pool that carries out jobs; called in the thread of the engine. None:
            a pool with a place per GPU of this machine and one for the CPU.

    It is closed when the process ends.

    Example:
        >>> engine = Engine(Path("runs"))
        >>> (job,) = engine.submit([PRESETS["digits"]], user="me")
        >>> engine.cancel(job.id, user="me")
    """

    def __init__(
        self, root: Path | None = None, open_pool: Callable[[], Pool] | None = None
    ) -> None:
        self.root = (root or runs_folder()).absolute()
        self.open_pool = open_pool or pool_at(None)
        self.lock = threading.RLock()
        self.wake = threading.Event()
        self.closing = False
        self.file = QueueFile(self.root)
        self.queue: FairQueue = self.file.read()
        self.tasks: list[tuple[Job, Task]] = []
        self.free: list[Kind] = []
        self.kinds: frozenset[Kind] = frozenset()
        self.at: dict[str, Kind] = {}
        self.trouble = ""
        self.thread = threading.Thread(target=self.serve, name="snnlab-engine", daemon=True)
        self.thread.start()

    # Methods for users.

    def submit(self, configs: Sequence[RunConfig], *, user: str, sweep: bool = False) -> list[Job]:
        """Submit runs, all of them or none.

        The same configuration, code and seed have the same run: if it is finished, waiting or
        running already, its job is returned, and the user shares it. An interrupted run continues
        after its last complete epoch.

        Args:
            configs: what to train.
            user: a text that identifies the user.
            sweep: whether the runs are a sweep, see `FairQueue.add`.

        Returns:
            A job for each configuration, in their order.

        Raises:
            QueueFull: the user would have more jobs than allowed.
            FamilyError: another process could not import a user's own noise family.
            JobError: the engine is closed.
        """
        asked = {run_id(config): config for config in map(anchored, configs)}
        for config in asked.values():
            family_modules(config)
        now = time.time()
        with self.lock:
            if self.closing:
                raise JobError("the engine is closed: start the server again")
            missing = {name: asked[name] for name in asked if not self.is_done(name)}
            self.queue.add(missing, user, now, sweep=sweep)
            for name in asked.keys() - missing.keys():
                self.queue.remember(Job(name, (user,), asked[name], now, "finished"))
            self.file.write(self.queue)
            self.wake.set()
            found = {job.id: job for job in self.jobs()}
        return [found[name] for name in asked]

    def cancel(self, job_id: str, *, user: str | None = None) -> None:
        """Withdraw a user from a job; without any user left the job ends.

        Training ends within a second, and the run can be continued later. A job that has already
        ended does not change.

        Args:
            job_id: the id of the job.
            user: the user who withdraws; None ends the job for all users (by the teacher).

        Raises:
            JobError: no such job, or the user did not ask for it.
        """
        with self.lock:
            job = self.queue.find(job_id)
            if job is None:
                raise JobError(f"there is no job {job_id!r}")
            if user is not None and user not in job.users:
                raise JobError(f"job {job_id!r} is not yours to cancel")
            if not job.active:
                return
            if self.queue.withdraw(job, user):
                self.end(job, Outcome("cancelled"))  # its task is ended in `collect`
            self.file.write(self.queue)

    def jobs(self) -> list[Job]:
        """Running jobs, waiting ones in the order in which they will start, ended ones.

        Only the latest ended jobs are remembered; they come latest first.
        """
        with self.lock:
            jobs = self.queue.jobs()
            why = PAUSED if self.queue.paused else self.trouble
        return [replace(job, reason=why) if job.status == "waiting" else job for job in jobs]

    def job(self, job_id: str) -> Job | None:
        """The job of that id, None if it is not in `jobs`."""
        return next((job for job in self.jobs() if job.id == job_id), None)

    def starts_in(self, seconds: Seconds) -> dict[str, float]:
        """Seconds until each waiting job starts, by id; jobs with an unknown start are left out.

        Args:
            seconds: see `starts`.
        """
        with self.lock:
            queue, free, at, kinds = self.queue.copy(), list(self.free), dict(self.at), self.kinds
        return starts(queue, free, at, kinds, seconds)

    # Methods for the teacher.

    @property
    def paused(self) -> bool:
        """Whether no job starts."""
        return self.queue.paused

    @property
    def is_written(self) -> bool:
        """Whether the queue is stored for the next server; not if the disk is full, say."""
        return self.file.kept

    def pause(self) -> None:
        """Start no more jobs until `resume`; running jobs continue.

        The next server is paused, too, if `is_written`.
        """
        self.set_paused(True)

    def resume(self) -> None:
        """Start jobs again."""
        self.set_paused(False)

    def clear(self, *, running: bool = False) -> None:
        """Cancel all jobs that wait, of all users.

        Args:
            running: whether to cancel running jobs, too.
        """
        with self.lock:
            for job in [*self.queue.waiting, *(self.queue.running if running else ())]:
                self.end(job, Outcome("cancelled"))  # its task is ended in `collect`
            self.file.write(self.queue)

    def close(self) -> None:
        """End all training and all processes of the engine; waiting jobs are stored."""
        with self.lock:
            if self.closing:
                return
            self.closing = True
        self.wake.set()
        self.thread.join()
        atexit.unregister(self.close)

    # Bookkeeping; the caller holds the lock.

    def is_done(self, job_id: str) -> bool:
        """Whether a run is finished, and is not being trained again."""
        job = self.queue.find(job_id)
        return read_run(self.root / job_id).status == "finished" and not (job and job.active)

    def end(self, job: Job, outcome: Outcome) -> None:
        """Note that a job has ended or must end."""
        job.ended = time.time()
        self.queue.end(job, outcome.status, outcome.reason)

    def set_paused(self, paused: bool) -> None:
        """Pause the queue, or resume it."""
        with self.lock:
            self.queue.paused = paused
            self.file.write(self.queue)
        self.wake.set()

    # The engine's own thread.

    def serve(self) -> None:
        """Until the engine is closed: start jobs in the pool, and note how they end."""
        pool: Pool | None = None
        while not self.closing:
            try:
                if pool is None:
                    pool = self.open_pool()
                    atexit.register(self.close)  # after what it imports, to be called before that
                self.hand_out(pool)
                if not self.tasks:
                    self.wake.wait(IDLE_POLL)
                    self.wake.clear()
                pool.wait(POLL if self.tasks else 0)
                self.trouble = pool.trouble
                self.collect(pool)
                self.look_at_places(pool)
            except Exception as error:
                LOG.exception("the engine goes on in %g s", RETRY_AFTER)
                self.trouble = f"jobs cannot be carried out at the moment: {error}"
                self.wake.wait(RETRY_AFTER)
                self.wake.clear()
        self.give_up(pool)

    def hand_out(self, pool: Pool) -> None:
        """Start all jobs that may start now."""
        while not self.closing:
            with self.lock:
                found = self.next_job(pool)
                if found is None:
                    return
                job, place = found
                self.queue.start(job, time.time())
                self.at[job.id] = place.kind
                self.file.write(self.queue)
            try:  # without the lock, as this may wait until a fork server is ready
                self.tasks.append((job, pool.start(job_of(job.config, self.root), place)))
            except Exception as error:
                LOG.exception("job %s", job.id)
                with self.lock:
                    self.end(job, Outcome("failed", f"it could not be started: {error}"))
                    self.file.write(self.queue)

    def next_job(self, pool: Pool) -> tuple[Job, Place] | None:
        """The job that starts next and a place for it; None: no job can start."""
        places = {place.kind: place for place in reversed(pool.places)}  # the first of each kind

        def ready(job: Job) -> bool:  # a job that was just cancelled may still use its folder
            return not is_occupied(self.root / job.id)

        found = next_start(self.queue, list(places), pool.kinds, ready)
        return found and (found[0], places[found[1]])

    def look_at_places(self, pool: Pool) -> None:
        """Note free places and running jobs, for `starts_in`."""
        with self.lock:
            self.free = [place.kind for place in pool.places]
            self.kinds = pool.kinds
            running = {job.id for job, _ in self.tasks}
            self.at = {id: kind for id, kind in self.at.items() if id in running}

    def collect(self, pool: Pool) -> None:
        """Note which jobs have ended, and end the tasks of cancelled jobs."""
        for job, task in list(self.tasks):
            with self.lock:
                wanted = job.status == "running"
                if wanted and task.outcome is not None:
                    self.note(job, task.outcome)
            if task.outcome is not None:
                self.tasks.remove((job, task))
            elif not wanted:
                pool.stop(task)

    def note(self, job: Job, outcome: Outcome) -> None:
        """Note that a running job has ended; it is finished if its run folder is."""
        if read_run(self.root / job.id).status == "finished":
            outcome = Outcome("finished")
        self.end(job, outcome)
        self.file.write(self.queue)

    def give_up(self, pool: Pool | None) -> None:
        """End all running jobs, as the engine is closed."""
        try:
            if pool is not None:
                pool.close()
        finally:
            with self.lock:
                self.file.close(self.queue)  # "running" ones are interrupted for the next server
                for job in list(self.queue.running):
                    self.note(job, Outcome("interrupted", STOPPED))


def pool_at(address: str | None) -> Callable[[], Pool]:
    """A function that opens a pool: on the scheduler at an address, or on this machine."""
    return partial(open_pool, address, separate_places, niceness=NICENESS)


_engines: dict[Path, Engine] = {}
_lock = threading.Lock()


def shared_engine(root: Path | None = None) -> Engine:
    """The engine of this process for a folder of runs; made on the first call.

    Jobs run on the Dask scheduler whose address is in the environment variable SNNLAB_SCHEDULER,
    or else in processes of this machine. The engine is closed when the process ends.

    Raises:
        ConfigError: SNNLAB_SCHEDULER holds no address.

    Example:
        >>> shared_engine().submit([PRESETS["digits"]], user="me")[0].status
        'waiting'
    """
    root = (root or runs_folder()).absolute()
    with _lock:
        if root not in _engines:
            _engines[root] = Engine(root, pool_at(scheduler()))
        return _engines[root]


def close_engines() -> None:
    """Close all engines of this process; `shared_engine` still returns them, closed."""
    for engine in list(_engines.values()):
        engine.close()
