"""The queue on disk, so that it outlives its server: queue.json among the runs."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from snnlab.jobs.fair_queue import Entry, FairQueue
from snnlab.runs.config import ConfigError, from_dict, to_dict
from snnlab.runs.provenance import is_alive, this_process
from snnlab.runs.store import RunError, read_json, read_run, run_id, write_json

QUEUE = "queue.json"
STOPPED = "the server was stopped while this run trained; start it again and it goes on"


class QueueFile:
    """The queue of one server at a time; a second one on the same runs keeps its own to itself.

    Args:
        root: the folder of run folders.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / QUEUE
        self.me = this_process()

    def read(self) -> FairQueue:
        """What the last server left: waiting jobs wait again, running ones are interrupted."""
        left = self.content()
        owner = left.get("server")
        self.mine = owner == self.me or not is_alive(owner)
        queue = FairQueue()
        if not self.mine:
            return queue
        saved = left.get("jobs")
        for job in saved if isinstance(saved, list) else []:
            with contextlib.suppress(ConfigError, KeyError, TypeError, ValueError):
                put_back(queue, entry_of(job), self.path.parent)
        return queue

    def content(self) -> dict[str, Any]:
        """What stands in the file; nothing, if it is missing or damaged."""
        try:
            return read_json(self.path)
        except RunError:
            return {}

    def write(self, queue: FairQueue) -> None:
        """Note what waits and runs; on a full disk the last state stays."""
        if not self.mine:
            return
        entries = [*queue.running, *queue.waiting]
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_json(self.path, {"server": self.me, "jobs": [plain(e) for e in entries]})

    def close(self, queue: FairQueue) -> None:
        """Note the queue for the last time."""
        self.write(queue)
        if self.mine and not (queue.running or queue.waiting):
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        self.mine = False


def plain(entry: Entry) -> dict[str, Any]:
    """An entry in plain values."""
    return vars(entry) | {"config": to_dict(entry.config)}


def entry_of(job: dict[str, Any]) -> Entry:
    """The entry that `plain` wrote.

    Raises:
        ConfigError, KeyError, TypeError, ValueError: it did not.
    """
    users = [str(user) for user in job["users"]]
    if not users:
        raise ValueError(f"a job without users: {job!r}")
    config = from_dict(job["config"])
    entry = Entry(str(job["id"]), users, config, float(job["submitted"]))
    entry.started = None if job["started"] is None else float(job["started"])
    entry.status = "running" if job["status"] == "running" else "waiting"
    return entry


def put_back(queue: FairQueue, entry: Entry, root: Path) -> None:
    """Put an entry of the last server where it belongs now."""
    if entry.status == "waiting":
        entry.id = run_id(entry.config)  # the code may be another
        if queue.find(entry.id) is None:
            queue.waiting.append(entry)
    elif read_run(root / entry.id).status == "finished":
        queue.end(entry, "finished")
    else:
        queue.end(entry, "interrupted", STOPPED)
