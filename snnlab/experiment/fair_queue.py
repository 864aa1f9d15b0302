"""Who is next: a queue that is fair between users. Pure bookkeeping, no processes, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field

from snnlab.experiment.config import RunConfig
from snnlab.experiment.job import Job, JobStatus, QueueFull

MOST_WAITING = 2
MOST_RUNNING = 1
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
        return Job(
            self.id,
            self.user,
            self.config,
            self.status,
            position,
            self.submitted,
            self.started,
            self.reason,
            tuple(self.users),
        )


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

    def add(self, job_id: str, config: RunConfig, user: str, now: float) -> Entry:
        """Queue a job, or let a user share it where it waits or runs.

        Raises:
            QueueFull: the user has as many waiting jobs as one may have.
        """
        for entry in [*self.running, *self.waiting]:
            if entry.id == job_id:
                if user not in entry.users:
                    entry.users.append(user)
                return entry
        mine = [entry for entry in self.waiting if entry.user == user]
        if len(mine) >= MOST_WAITING:
            raise QueueFull(
                f"{len(mine)} of your runs wait already, and one may have {MOST_WAITING}: "
                f"wait until one has started, or cancel one ({', '.join(e.id for e in mine)})"
            )
        self.ended = [entry for entry in self.ended if entry.id != job_id]
        entry = Entry(job_id, [user], config, now)
        self.waiting.append(entry)
        return entry

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
