"""When jobs will start and end, in words."""

from __future__ import annotations

import time

import streamlit as st

from snnlab.dashboard.nicknames import called, nicknames
from snnlab.dashboard.screen import escaped
from snnlab.dashboard.service import all_runs, engine, runs_folder
from snnlab.jobs.durations import Durations
from snnlab.jobs.fair_queue import Job
from snnlab.jobs.progress import read_progress
from snnlab.jobs.waiting_time import Seconds
from snnlab.learning.time_left import in_words

MOST_NAMES = 4
"""Names of other visitors in a sentence; the rest is counted."""


def expected() -> Seconds:
    """A function that estimates how long a job still takes, see `starts`."""
    here = engine()
    durations = Durations(here.jobs(), all_runs(), here.kinds)

    def seconds(job: Job) -> float | None:
        if job.status == "running":
            return durations.left(job, read_progress(runs_folder() / job.id), time.time())
        return durations.whole(job.config)

    return seconds


@st.cache_data(ttl=2.0, max_entries=4, show_spinner=False)
def starts_in(root: str) -> dict[str, float]:
    """Seconds until each waiting job starts; computed once for all visitors of the same moment."""
    return engine().starts_in(expected())


@st.cache_data(ttl=2.0, max_entries=4, show_spinner=False)
def ends_in(root: str) -> dict[str, float]:
    """Seconds until each job has ended, where that is known; cached like `starts_in`."""
    seconds, starts = expected(), starts_in(root)
    active = {job.id: job for job in engine().jobs() if job.active}
    begin = {id: 0.0 if job.status == "running" else starts.get(id) for id, job in active.items()}
    return {
        id: start + took
        for id, start in begin.items()
        if start is not None and (took := seconds(active[id])) is not None
    }


def when(job: Job) -> str:
    """When a job that waits will start.

    Example:
        >>> when(job)
        'Number 3 in the queue, starts in about 2 min.'
    """
    first = job.position in (1, None)
    place = "Starts next" if first else f"Number {job.position} in the queue"
    seconds = starts_in(str(runs_folder().absolute())).get(job.id)
    if seconds is None:
        return f"{place}; when, is not known yet: no run like those before it has ended here."
    about = "in a moment" if seconds < 1 else f"in about {in_words(seconds)}"
    return f"{place}, {'' if first else 'starts '}{about}."


def who_goes_first(job: Job) -> str:
    """The names of visitors whose jobs run or start before this one; empty if there are none."""
    names = nicknames(runs_folder())
    ahead = [
        other.user
        for other in engine().jobs()
        if other.status == "running"
        or (other.status == "waiting" and (other.position or 0) < (job.position or 0))
    ]
    others = [called(user, names) for user in dict.fromkeys(ahead) if user not in job.users]
    if not others:
        return ""
    rest = len(others) - MOST_NAMES
    return ", ".join(others[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def draw_wait(job: Job | None, last: Job | None = None) -> None:
    """Say when a job starts, and whose jobs come before it.

    Args:
        job: the job, or the first of several.
        last: the last of several.
    """
    if job is None:
        st.caption("Starts next.")
        return
    others = who_goes_first(job)
    said = when(job) + (f" Before it: {escaped(others)}." if others else "")
    if last:
        said += f" The last of them: {when(last)[0].lower()}{when(last)[1:]}"
    st.caption(said)
