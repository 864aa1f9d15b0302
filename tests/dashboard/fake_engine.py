"""An engine that trains nothing: tests say what becomes of its jobs."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from snnlab.experiment.anchored import anchored
from snnlab.experiment.config import RunConfig
from snnlab.experiment.job import Job, JobError, JobStatus, QueueFull
from snnlab.experiment.store import run_id


class FakeEngine:
    """Keeps jobs in a list; the first one runs, the others wait, three at most."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.kept: dict[str, Job] = {}

    def submit(self, config: RunConfig, *, user: str) -> Job:
        id = run_id(anchored(config))
        active = [job for job in self.kept.values() if job.status in ("running", "waiting")]
        if id not in self.kept:
            if len([job for job in active if job.user == user]) >= 3:
                raise QueueFull("two of your runs wait already; cancel one, or wait")
            status: JobStatus = "waiting" if active else "running"
            place = len(active) if active else None
            self.kept[id] = Job(id, user, config, status, place, time.time(), None, "", (user,))
        return self.kept[id]

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

    def close(self) -> None:
        self.kept.clear()
