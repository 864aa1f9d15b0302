"""What the processes of jobs do in tests, instead of training: told by the seed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from snnlab.jobs.engine import Engine
from snnlab.jobs.fair_queue import Job
from snnlab.jobs.pool import JobData, Outcome

ROOT = Path(__file__).parents[2]
PRETEND = "tests.jobs.pretend_work:act"


def act(job: JobData) -> Outcome:
    """Leave a process id in the run folder, then do what the seed says."""
    folder = Path(job["root"]) / job["id"]
    folder.mkdir(parents=True, exist_ok=True)
    part = ACTS[job["config"]["seed"] % 10]
    if part is grow:
        (folder / "grandchild").write_text(str(subprocess.Popen(["sleep", "600"]).pid))
    if part is resist:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (folder / "environ").write_text(json.dumps(dict(os.environ)))
    (folder / "pid.partial").write_text(str(os.getpid()))
    (folder / "pid.partial").rename(folder / "pid")
    return part(folder)


def finish(folder: Path) -> Outcome:
    return Outcome("finished")


def wait(folder: Path) -> Outcome:
    while not (folder.parent / "go").exists():
        time.sleep(0.02)
    return Outcome("finished")


def fail(folder: Path) -> Outcome:
    return Outcome("failed", "planted")


def resist(folder: Path) -> Outcome:
    return wait(folder)


def crash(folder: Path) -> Outcome:
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123
    raise ZeroDivisionError("planted")


def grow(folder: Path) -> Outcome:
    return wait(folder)


ACTS = (finish, wait, fail, resist, crash, grow)


def seed_of(what: str) -> int:
    """The seed that tells a process to do this."""
    return [part.__name__ for part in ACTS].index(what)


# What tests want to know of such processes.


def until(true: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return value


def job(what: str, root: Path, name: str = "run") -> JobData:
    """A job in whose process this happens."""
    return {"id": name, "root": str(root), "config": {"seed": seed_of(what)}}


def child_of(folder: Path, mark: str = "pid") -> psutil.Process:
    """The process that does a job, once it does; for other marks, another one."""
    until((folder / mark).exists)
    return psutil.Process(int((folder / mark).read_text()))


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended; one that nobody has waited for counts as ended."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def now(engine: Engine, job: Job) -> Job:
    """The same job, as it stands."""
    found = engine.job(job.id)
    assert found is not None
    return found


def becomes(engine: Engine, status: str, *jobs: Job) -> None:
    """Wait until jobs have a status."""
    until(lambda: {now(engine, job).status for job in jobs} == {status})
