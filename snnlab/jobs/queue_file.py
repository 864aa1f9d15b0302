"""Store the queue on disk for the next server: queue.json in the folder of runs."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from snnlab.jobs.fair_queue import FairQueue, Job
from snnlab.runs.config import ConfigError, from_dict, to_dict
from snnlab.runs.files import RunError, read_json, write_json
from snnlab.runs.provenance import is_alive, this_process
from snnlab.runs.store import read_run, run_id

QUEUE = "queue.json"
STOPPED = "the server was stopped while this run trained; start it again and it goes on"


class QueueFile:
    """The stored queue of one server; a second server on the same runs does not store its queue.

    Args:
        root: the folder of run folders.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / QUEUE
        self.me = this_process()
        self.kept = False
        """Whether the last state was written, and so the next server finds it."""

    def read(self) -> FairQueue:
        """The queue of the last server: waiting jobs wait again, running ones are interrupted.

        If it was paused, it still is.
        """
        left = self.content()
        owner = left.get("server")
        self.mine = owner == self.me or not is_alive(owner)
        queue = FairQueue()
        if not self.mine:
            return queue
        queue.paused = left.get("paused") is True
        saved = left.get("jobs")
        for job in saved if isinstance(saved, list) else []:
            with contextlib.suppress(ConfigError, KeyError, TypeError, ValueError):
                put_back(queue, from_json(job), self.path.parent)
        return queue

    def content(self) -> dict[str, Any]:
        """The content of the file; empty if it is missing or damaged."""
        try:
            return read_json(self.path)
        except RunError:
            return {}

    def write(self, queue: FairQueue) -> None:
        """Write waiting and running jobs; on a full disk the old file stays."""
        self.kept = False
        if not self.mine:
            return
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            jobs = [to_json(job) for job in (*queue.running, *queue.waiting)]
            write_json(self.path, {"server": self.me, "paused": queue.paused, "jobs": jobs})
            self.kept = True

    def close(self, queue: FairQueue) -> None:
        """Write the queue for the last time."""
        self.write(queue)
        if self.mine and not (queue.running or queue.waiting or queue.paused):
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        self.mine = False


def to_json(job: Job) -> dict[str, Any]:
    """A job in plain values."""
    return vars(job) | {"config": to_dict(job.config)}


def from_json(saved: dict[str, Any]) -> Job:
    """The job that `to_json` wrote.

    Raises:
        ConfigError, KeyError, TypeError, ValueError: it did not.
    """
    users = tuple(str(user) for user in saved["users"])
    if not users:
        raise ValueError(f"a job without users: {saved!r}")
    config = from_dict(saved["config"])
    job = Job(str(saved["id"]), users, config, float(saved["submitted"]))
    job.sweep = saved.get("sweep") is True
    job.started = None if saved["started"] is None else float(saved["started"])
    job.status = "running" if saved["status"] == "running" else "waiting"
    return job


def put_back(queue: FairQueue, job: Job, root: Path) -> None:
    """Add a job of the last server to the queue, in its present state."""
    if job.status == "waiting":
        job.id = run_id(job.config)  # the code may be another
        if queue.find(job.id) is None:
            queue.waiting.append(job)
    elif read_run(root / job.id).status == "finished":
        queue.end(job, "finished")
    else:
        queue.end(job, "interrupted", STOPPED)
