"""A job: a run that somebody asked for, as those who ask for runs see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from snnlab.runs.config import RunConfig

JobStatus = Literal["waiting", "running", "finished", "failed", "cancelled", "interrupted"]


class QueueFull(ValueError):
    """A user has as many waiting jobs as one may have; the message says what to do."""


class JobError(ValueError):
    """There is no such job, or it is not the user's to cancel."""


@dataclass(frozen=True)
class Job:
    """A run that somebody asked for, as it stands at the moment."""

    id: str
    """The id of the run; its folder has this name."""
    user: str
    """Who asked for it first, of those who still want it."""
    config: RunConfig
    """What trains; its data has an absolute path."""
    status: JobStatus
    """finished, failed: see the run folder; interrupted: submit it again and it goes on."""
    position: int | None
    """Place in the queue, 1 starts next; None unless waiting."""
    submitted: float
    """When it was asked for, in seconds since 1970."""
    started: float | None
    """When it began to train; None if it has not."""
    reason: str
    """Why it failed, was interrupted or cannot start, in words for the user; else empty."""
    users: tuple[str, ...] = ()
    """All who asked for it and have not withdrawn, `user` first."""
