"""A queue of jobs that is fair between users. It uses no processes and no clock."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from snnlab.runs.config import RunConfig
from snnlab.runs.methods import COMPARED

MOST_RUNNING = 1
"""Largest number of a user's jobs that run at the same time."""
MOST_IN_SWEEP = 12
"""Largest number of jobs in a sweep; a user may have one sweep besides `MOST_JOBS`."""
MOST_JOBS = 3 * len(COMPARED)
"""Largest number of a user's jobs that run or wait: all of `COMPARED` with three seeds each."""
MOST_ENDED = 200
"""Ended jobs that are remembered."""
JobStatus = Literal["waiting", "running", "finished", "failed", "cancelled", "interrupted"]


class QueueFull(ValueError):
    """A user has as many waiting jobs as one may have; the message says what to do."""


class JobError(ValueError):
    """There is no such job, or it is not the user's to cancel."""


@dataclass
class Job:
    """A run that a user has submitted. The engine returns copies of its jobs."""

    id: str
    """The id of the run; its folder has this name."""
    users: tuple[str, ...]
    """All users who have submitted it and not withdrawn, the first one first."""
    config: RunConfig
    """The configuration; the path of its data is absolute."""
    submitted: float
    """When it was submitted, in seconds since 1970."""
    status: JobStatus = "waiting"
    """finished, failed: see the run folder; interrupted: submit it again to continue."""
    started: float | None = None
    """When it began to train; None if it has not."""
    ended: float | None = None
    """When it ended; None if it has not, or the time is unknown."""
    reason: str = ""
    """Why it failed, was interrupted or cannot start, in words for the user; else empty."""
    sweep: bool = False
    """Whether it is part of a sweep: sweeps start after the other jobs of their user."""
    position: int | None = None
    """Position in the queue, set in copies only; 1 starts next, None: it does not wait."""

    @property
    def user(self) -> str:
        """The first of its users: it counts for the limits of this user only."""
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
    paused: bool = False
    """Whether no job starts; running jobs continue."""

    def find(self, job_id: str) -> Job | None:
        """The job of that id, in whatever state."""
        jobs = [*self.running, *self.waiting, *self.ended]
        return next((job for job in jobs if job.id == job_id), None)

    def add(
        self, asked: Mapping[str, RunConfig], user: str, now: float, *, sweep: bool = False
    ) -> list[Job]:
        """Queue jobs by their ids, all of them or none; the user shares those that wait or run.

        Args:
            asked: the configurations, by id.
            user: the user who submits them.
            now: the time, in seconds since 1970.
            sweep: whether they are a sweep, which has its own limit and starts after the user's
                other jobs.

        Raises:
            QueueFull: the user would have more jobs than allowed, or a second sweep.
        """
        active = {job.id: job for job in [*self.running, *self.waiting]}
        new = {name: config for name, config in asked.items() if name not in active}
        mine = [job for job in active.values() if job.user == user and job.sweep == sweep]
        if new and sweep:
            check_sweep(asked, mine)
        elif new and len(mine) + len(new) > MOST_JOBS:
            asked_for = "1 run is" if len(new) == 1 else f"{len(new)} runs are"
            raise QueueFull(
                f"{asked_for} asked for and {len(mine)} of yours train or wait, but one may have "
                f"{MOST_JOBS}: nothing was started; wait until some have ended, or cancel some"
            )
        self.ended = [job for job in self.ended if job.id not in new]
        self.waiting += [Job(id, (user,), config, now, sweep=sweep) for id, config in new.items()]
        active |= {job.id: job for job in self.waiting}
        for name in asked:
            if user not in active[name].users:
                active[name].users += (user,)
        return [active[name] for name in asked]

    def in_order(self) -> Iterator[Job]:
        """The waiting jobs in the order of their turns: one per user in turn, again and again."""
        waiting = dict[str, deque[Job]]()
        for job in sorted(self.waiting, key=lambda job: job.sweep):
            waiting.setdefault(job.user, deque()).append(job)
        turn = self.turn
        next_users = [(self.turns.get(user, -1), n, user) for n, user in enumerate(waiting)]
        heapq.heapify(next_users)
        while next_users:
            _, n, user = next_users[0]
            yield waiting[user].popleft()
            turn += 1
            if waiting[user]:
                heapq.heapreplace(next_users, (turn, n, user))
            else:
                heapq.heappop(next_users)

    def may_start(self) -> Iterator[Job]:
        """Waiting jobs of users without a running job, in order; none while paused."""
        users = [job.user for job in self.running]
        waiting = iter(()) if self.paused else self.in_order()
        return (job for job in waiting if users.count(job.user) < MOST_RUNNING)

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
        """Remove a user, or all (None), from a job; returns whether the job must end."""
        if user is not None and len(job.users) > 1:
            job.users = tuple(other for other in job.users if other != user)
            return False
        return True

    def copy(self) -> FairQueue:
        """A copy of the queue without ended jobs, for simulations."""
        running, waiting = list(map(replace, self.running)), list(map(replace, self.waiting))
        return FairQueue(
            waiting, running, turns=dict(self.turns), turn=self.turn, paused=self.paused
        )

    def jobs(self) -> list[Job]:
        """Running ones, waiting ones in order, ended ones."""
        waiting = [replace(job, position=n) for n, job in enumerate(self.in_order(), start=1)]
        return [*map(replace, self.running), *waiting, *map(replace, self.ended)]


def check_sweep(asked: Mapping[str, RunConfig], mine: list[Job]) -> None:
    """Raise QueueFull unless a user may have this sweep.

    Args:
        asked: its jobs by their ids.
        mine: jobs of sweeps that the user has already; those of this one may go on.
    """
    if len(asked) > MOST_IN_SWEEP:
        raise QueueFull(f"a sweep may have {MOST_IN_SWEEP} runs, got {len(asked)}")
    if left := [job for job in mine if job.id not in asked]:
        runs = "1 run" if len(left) == 1 else f"{len(left)} runs"
        raise QueueFull(
            f"one may have one sweep at a time, and {runs} of another of yours train or wait: "
            "nothing was started; wait until it has ended, or cancel it"
        )
