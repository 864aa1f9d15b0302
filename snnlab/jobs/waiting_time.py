"""Estimate when waiting jobs start, by a simulation of the queue without processes and clock."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Collection, Mapping, Sequence

from snnlab.jobs.fair_queue import FairQueue, Job
from snnlab.jobs.places import Kind, kind_for

Seconds = Callable[[Job], float | None]
"""Seconds that a job takes: from now on if it runs, else from its start; None: unknown."""


def starts(
    queue: FairQueue,
    free: Sequence[Kind],
    at: Mapping[str, Kind],
    kinds: Collection[Kind],
    seconds: Seconds,
) -> dict[str, float]:
    """Seconds until each waiting job starts, by id, from a simulation of the queue.

    In it a job with an unknown duration never ends. So jobs that have to wait for it are left out,
    and for all others the result is the latest time of their start.

    Args:
        queue: is changed, see `FairQueue.copy`.
        free: kinds of the places where nothing runs.
        at: kind of the place of each running job, by its id.
        kinds: kinds of all places.
        seconds: how long each job takes.

    Example:
        >>> queue = FairQueue(waiting=[first, second])  # of one user, on one place
        >>> starts(queue, ["cpu"], {}, {"cpu"}, lambda job: 30)
        {'first': 0.0, 'second': 30.0}
    """
    now, found, places = 0.0, dict[str, float](), list(free)
    ends: list[tuple[float, int, Job, Kind]] = []
    number = itertools.count()
    takes = {job.id: seconds(job) for job in (*queue.running, *queue.waiting)}  # as they stand now

    def runs(job: Job, place: Kind) -> None:
        left = takes[job.id]
        end = math.inf if left is None else now + max(left, 0.0)
        heapq.heappush(ends, (end, next(number), job, place))

    for job in queue.running:
        runs(job, at.get(job.id, "any"))
    while now < math.inf:
        while (chosen := next_start(queue, places, kinds)) is not None:
            job, place = chosen
            queue.start(job, now)
            places.remove(place)
            found[job.id] = now
            runs(job, place)
        if not ends:
            break
        now, _, job, place = heapq.heappop(ends)
        queue.end(job, "finished")
        places.append(place)
    return {name: start for name, start in found.items() if start < math.inf}


def next_start(
    queue: FairQueue,
    free: Collection[Kind],
    kinds: Collection[Kind],
    ready: Callable[[Job], bool] = lambda job: True,
) -> tuple[Job, Kind] | None:
    """The job that starts next, and the kind of its place.

    Args:
        queue: of jobs that wait.
        free: kinds of the places where nothing runs.
        kinds: of all places.
        ready: whether a job can start as far as its run folder is concerned.
    """
    for job in queue.may_start() if free else ():
        kind = kind_for(job.config.device, free, kinds)
        if kind is not None and ready(job):
            return job, kind
    return None
