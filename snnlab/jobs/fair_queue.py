"""Jobs and who is next: a queue that is fair between users. No processes, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from snnlab.runs.config import RunConfig
from snnlab.runs.methods import COMPARED

MOST_RUNNING = 1
"""Jobs of one user that run at a time."""
MOST_JOBS = 3 * len(COMPARED)
"""Jobs of one user that run or wait: all starts that are compared, with three seeds each."""
MOST_ENDED = 200
"""Ended jobs that are remembered."""
JobStatus = Literal["waiting", "running", "finished", "failed", "cancelled", "interrupted"]


class QueueFull(ValueError):
    """A user has as many waiting jobs as one may have; the message says what to do."""


class JobError(ValueError):
    """There is no such job, or it is not the user's to cancel."""


@dataclass
class Job:
    """A run that somebody asked for. Those that the engine gives away are copies."""

    id: str
    """The id of the run; its folder has this name."""
    users: tuple[str, ...]
    """All who asked for it and have not withdrawn, in the order in which they asked."""
    config: RunConfig
    """What trains; its data has an absolute path."""
    submitted: float
    """When it was asked for, in seconds since 1970."""
    status: JobStatus = "waiting"
    """finished, failed: see the run folder; interrupted: submit it again and it goes on."""
    started: float | None = None
    """When it began to train; None if it has not."""
    reason: str = ""
    """Why it failed, was interrupted or cannot start, in words for the user; else empty."""
    position: int | None = None
    """Of a copy: place in the queue, 1 starts next; None unless waiting."""

    @property
    def user(self) -> str:
        """The first of those who want it: it counts for that one's limits only."""
        return self.users[0]

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.status in ("waiting", "running")


@dataclass
class FairQueue:
    """Jobs that wait, run and have ended; the user who was served longest ago is next.

    Not safe for threads: the engine holds a lock.
    """

    waiting: list[Job] = field(default_factory=list)
    running: list[Job] = field(default_factory=list)
    ended: list[Job] = field(default_factory=list)
    turns: dict[str, int] = field(default_factory=dict)
    """By user: at which turn the last job was started."""
    turn: int = 0

    def find(self, job_id: str) -> Job | None:
        """The job of that id, in whatever state."""
        jobs = [*self.running, *self.waiting, *self.ended]
        return next((job for job in jobs if job.id == job_id), None)

    def add(self, asked: Mapping[str, RunConfig], user: str, now: float) -> list[Job]:
        """Queue jobs by their ids, all of them or none; those that wait or run are shared.

        Raises:
            QueueFull: with them the user would have more jobs than one may have.
        """
        active = {job.id: job for job in [*self.running, *self.waiting]}
        new = {name: config for name, config in asked.items() if name not in active}
        mine = [job for job in active.values() if job.user == user]
        if new and len(mine) + len(new) > MOST_JOBS:
            asked_for = "1 run is" if len(new) == 1 else f"{len(new)} runs are"
            raise QueueFull(
                f"{asked_for} asked for and {len(mine)} of yours train or wait, but one may have "
                f"{MOST_JOBS}: nothing was started; wait until some have ended, or cancel some"
            )
        self.ended = [job for job in self.ended if job.id not in new]
        self.waiting += [Job(name, (user,), config, now) for name, config in new.items()]
        active |= {job.id: job for job in self.waiting}
        for name in asked:
            if user not in active[name].users:
                active[name].users += (user,)
        return [active[name] for name in asked]

    def in_order(self) -> list[Job]:
        """Those that wait, in the order of their turns: one per user, then one per user, ..."""
        turns, turn = dict(self.turns), self.turn
        rest, order = list(self.waiting), []
        while rest:
            job = min(rest, key=lambda job: turns.get(job.user, -1))  # the first of them
            rest.remove(job)
            order.append(job)
            turn += 1
            turns[job.user] = turn
        return order

    def may_start(self) -> list[Job]:
        """Those whose user has nothing running, in order."""
        users = [job.user for job in self.running]
        return [job for job in self.in_order() if users.count(job.user) < MOST_RUNNING]

    def start(self, job: Job, now: float) -> None:
        """A waiting job has been started."""
        self.waiting.remove(job)
        self.running.append(job)
        job.status, job.started = "running", now
        self.turn += 1
        self.turns[job.user] = self.turn

    def end(self, job: Job, status: JobStatus, reason: str = "") -> None:
        """A job has ended, however."""
        self.waiting = [other for other in self.waiting if other is not job]
        self.running = [other for other in self.running if other is not job]
        job.status, job.reason = status, reason
        self.remember(job)

    def remember(self, job: Job) -> None:
        """Note a job that has ended."""
        self.ended = [job, *(other for other in self.ended if other.id != job.id)][:MOST_ENDED]

    def withdraw(self, job: Job, user: str | None) -> bool:
        """Take a user, or all (None), from a job that waits or runs; whether it must end."""
        if user is not None and len(job.users) > 1:
            job.users = tuple(other for other in job.users if other != user)
            return False
        return True

    def jobs(self) -> list[Job]:
        """Running ones, waiting ones in order, ended ones."""
        waiting = [replace(job, position=n) for n, job in enumerate(self.in_order(), start=1)]
        return [*map(replace, self.running), *waiting, *map(replace, self.ended)]
