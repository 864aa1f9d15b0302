"""What the children of a fork server do in tests, instead of training: told by the seed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Report = Callable[[dict[str, Any]], None]


def act(job: dict[str, Any], report: Report) -> None:
    """Leave a process id in the run folder, then do what the seed says."""
    folder = Path(job["root"]) / job["id"]
    folder.mkdir(parents=True, exist_ok=True)
    part = ACTS[job["config"]["seed"] % 10]
    if part is grow:
        (folder / "grandchild").write_text(str(subprocess.Popen(["sleep", "600"]).pid))
    if part is resist:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (folder / "pid.partial").write_text(str(os.getpid()))
    (folder / "pid.partial").rename(folder / "pid")
    part(folder, report)


def finish(folder: Path, report: Report) -> None:
    os.write(1, b"a library says something\n")  # no answer
    report({"status": "finished"})


def wait(folder: Path, report: Report) -> None:
    while not (folder.parent / "go").exists():
        time.sleep(0.02)
    report({"status": "finished"})


def fail(folder: Path, report: Report) -> None:
    report({"status": "failed", "reason": "planted"})


def resist(folder: Path, report: Report) -> None:
    wait(folder, report)


def crash(folder: Path, report: Report) -> None:
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123
    raise ZeroDivisionError("planted")


def grow(folder: Path, report: Report) -> None:
    wait(folder, report)


ACTS = {0: finish, 1: wait, 2: fail, 3: resist, 4: crash, 5: grow}
