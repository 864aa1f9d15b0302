"""Who is next: a queue that is fair between users. Pure bookkeeping, no processes, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from snnlab.jobs.job import Job, JobStatus, QueueFull
from snnlab.runs.config import RunConfig

MOST_RUNNING = 1
"""Jobs of one user that run at a time."""
MOST_JOBS = 6
"""Jobs of one user that run or wait: two batches of three seeds."""
KEPT = 200
"""Ended jobs that are remembered."""


@dataclass
class Entry:
    """A job and who wants it."""

    id: str
    users: list[str]
    config: RunConfig
    submitted: float
    status: JobStatus = "waiting"
    started: float | None = None
    reason: str = ""

    @property
    def user(self) -> str:
        """The first of those who want it: it counts for that one's limits only."""
        return self.users[0]

    def seen(self, position: int | None = None) -> Job:
        """The job as others see it."""
        known = vars(self) | {"user": self.user, "users": tuple(self.users)}
        return Job(**known, position=position)


@dataclass
class FairQueue:
    """Jobs that wait, run and have ended; the user who was served longest ago is next.

    Not safe for threads: the engine holds a lock.
    """

    waiting: list[Entry] = field(default_factory=list)
    running: list[Entry] = field(default_factory=list)
    ended: list[Entry] = field(default_factory=list)
    turns: dict[str, int] = field(default_factory=dict)
    """By user: at which turn the last job was started."""
    turn: int = 0

    def find(self, job_id: str) -> Entry | None:
        """The job of that id, in whatever state."""
        entries = [*self.running, *self.waiting, *self.ended]
        return next((entry for entry in entries if entry.id == job_id), None)

    def add(self, asked: Mapping[str, RunConfig], user: str, now: float) -> list[Entry]:
        """Queue jobs by their ids, all of them or none; those that wait or run are shared.

        Raises:
            QueueFull: with them the user would have more jobs than one may have.
        """
        active = {entry.id: entry for entry in [*self.running, *self.waiting]}
        new = {name: config for name, config in asked.items() if name not in active}
        mine = [entry for entry in active.values() if entry.user == user]
        if new and len(mine) + len(new) > MOST_JOBS:
            asked_for = "1 run is" if len(new) == 1 else f"{len(new)} runs are"
            raise QueueFull(
                f"{asked_for} asked for and {len(mine)} of yours train or wait, but one may have "
                f"{MOST_JOBS}: nothing was started; wait until some have ended, or cancel some"
            )
        self.ended = [entry for entry in self.ended if entry.id not in new]
        self.waiting += [Entry(name, [user], config, now) for name, config in new.items()]
        active |= {entry.id: entry for entry in self.waiting}
        for name in asked:
            if user not in active[name].users:
                active[name].users.append(user)
        return [active[name] for name in asked]

    def in_order(self) -> list[Entry]:
        """Those that wait, in the order of their turns: one per user, then one per user, ..."""
        turns, turn = dict(self.turns), self.turn
        rest, order = list(self.waiting), []
        while rest:
            entry = min(rest, key=lambda entry: turns.get(entry.user, -1))  # the first of them
            rest.remove(entry)
            order.append(entry)
            turn += 1
            turns[entry.user] = turn
        return order

    def may_start(self) -> list[Entry]:
        """Those whose user has nothing running, in order."""
        users = [entry.user for entry in self.running]
        return [entry for entry in self.in_order() if users.count(entry.user) < MOST_RUNNING]

    def start(self, entry: Entry, now: float) -> None:
        """A waiting job has been started."""
        self.waiting.remove(entry)
        self.running.append(entry)
        entry.status, entry.started = "running", now
        self.turn += 1
        self.turns[entry.user] = self.turn

    def end(self, entry: Entry, status: JobStatus, reason: str = "") -> None:
        """A job has ended, however."""
        self.waiting = [other for other in self.waiting if other is not entry]
        self.running = [other for other in self.running if other is not entry]
        entry.status, entry.reason = status, reason
        self.remember(entry)

    def remember(self, entry: Entry) -> None:
        """Note a job that has ended."""
        self.ended = [entry, *(other for other in self.ended if other.id != entry.id)][:KEPT]

    def withdraw(self, entry: Entry, user: str | None) -> bool:
        """Take a user, or all (None), from a job that waits or runs; whether it must end."""
        if user is not None and len(entry.users) > 1:
            entry.users.remove(user)
            return False
        return True

    def jobs(self) -> list[Job]:
        """Running ones, waiting ones in order, ended ones."""
        waiting = [entry.seen(place) for place, entry in enumerate(self.in_order(), start=1)]
        running = [entry.seen() for entry in self.running]
        return [*running, *waiting, *(entry.seen() for entry in self.ended)]
