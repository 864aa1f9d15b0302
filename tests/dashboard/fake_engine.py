"""An engine that trains nothing: tests say what becomes of its jobs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from snnlab.jobs.fair_queue import FairQueue, Job, JobError, JobStatus, QueueFull
from snnlab.jobs.places import Kind
from snnlab.jobs.waiting_time import Seconds, starts
from snnlab.runs.config import RunConfig, anchored
from snnlab.runs.store import read_run, run_id


class FakeEngine:
    """Keeps jobs in a list; the first one runs, the others wait, three at most, and one sweep."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.kept: dict[str, Job] = {}
        self.kinds, self.paused, self.is_written = frozenset({"cpu"}), False, True

    def submit(self, configs: Sequence[RunConfig], *, user: str, sweep: bool = False) -> list[Job]:
        asked = {run_id(anchored(config)): config for config in configs}
        active = [job for job in self.kept.values() if job.active]
        mine = [job for job in active if job.user == user and job.sweep == sweep]
        new = [id for id in asked if not (id in self.kept and self.kept[id].active)]
        new = [id for id in new if read_run(self.root / id).status != "finished"]
        if sweep and new and any(job.id not in asked for job in mine):
            raise QueueFull("one may have one sweep at a time")
        if not sweep and new and len(mine) + len(new) > 3:
            raise QueueFull("three of your runs train or wait already; cancel one, or wait")
        for id in new:
            status: JobStatus = "waiting" if active else "running"
            place = len(active) if active else None
            job = Job(id, (user,), asked[id], time.time(), status, sweep=sweep, position=place)
            self.kept[id] = job
            active.append(job)
        return [self.kept[id] for id in asked]

    def cancel(self, job_id: str, *, user: str | None = None) -> None:
        job = self.kept.get(job_id)
        if job is None or (user is not None and user not in job.users):
            raise JobError(f"no job {job_id!r} of yours")
        self.become(job_id, "cancelled")

    def become(self, job_id: str, status: JobStatus, reason: str = "") -> None:
        job = self.kept[job_id]
        self.kept[job_id] = replace(job, status=status, reason=reason, position=None)

    def jobs(self) -> list[Job]:
        return list(self.kept.values())

    def job(self, job_id: str) -> Job | None:
        return self.kept.get(job_id)

    def starts_in(self, seconds: Seconds) -> dict[str, float]:
        """The jobs take their turns as they stand."""
        running = [job for job in self.jobs() if job.status == "running"]
        waiting = [job for job in self.jobs() if job.status == "waiting"]
        queue = FairQueue(waiting, running, paused=self.paused).copy()
        free: list[Kind] = [] if running else ["cpu"]
        return starts(queue, free, {job.id: "cpu" for job in running}, ["cpu"], seconds)

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def clear(self, *, running: bool = False) -> None:
        states = ("waiting", "running") if running else ("waiting",)
        for job in self.jobs():
            if job.status in states:
                self.become(job.id, "cancelled")

    def close(self) -> None:
        self.kept.clear()
