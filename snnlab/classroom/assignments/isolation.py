"""Run a student's function in a process of its own: inputs go in, arrays come back.

The process has limits on time, memory and files, an empty folder, and an environment without
secrets; see `student_process`. It holds no right results, so whatever the code does there, it can
only change what it returns. What comes back is JSON, which is read here with care.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from snnlab.classroom.checking import Arguments

SCRIPT = Path(__file__).with_name("student_process.py")
PACKAGE = Path(__file__).resolve().parents[3]
"""The folder that holds the package snnlab."""
MOST_BYTES = 5 << 20
"""Longest report that is read; the process can write 4 MB."""
MOST_TEXT = 300
"""Characters of a text in a report that are kept."""
START_UP = 60.0
"""Seconds on the wall clock for starting, on a busy machine too."""
WAITING = 5.0
"""Seconds on the wall clock beyond twice the processor time: for code that sleeps."""

PAUSE = 0.02
"""Seconds between two looks at a process."""

Ended = Literal["", "time", "missing", "exit"]


@dataclass(frozen=True)
class Job:
    """One function of a student, and the calls to make."""

    cells: Sequence[str]
    """The student's code cells, in order."""
    function: str
    """Name of the function."""
    calls: Sequence[Arguments]
    """Positional arguments of each call: numbers, texts, arrays, lists of these."""
    given: Sequence[str] = ()
    """Trusted cells that run before those of the student."""
    library: bool = False
    """Whether the code may import torch and snnlab (without its classroom)."""
    seconds: float = 10.0
    """Processor time for all cells and calls together."""
    memory_mb: int = 1024
    """Memory beyond what Python and the libraries take."""


@dataclass(frozen=True)
class ReportedError:
    """An error that a call raised in the other process."""

    kind: str
    """Name of its class."""
    kinds: tuple[str, ...]
    """Names of its class and of the classes above it."""
    message: str
    line: str
    """The line of the student's code, if known."""


@dataclass(frozen=True)
class Reply:
    """What one call did."""

    value: Any = None
    """Number, array, or tuple or mapping of these; None if nothing was returned."""
    printed: str = ""
    """The first characters that it printed."""
    error: ReportedError | None = None


@dataclass(frozen=True)
class Report:
    """What the process did."""

    replies: list[Reply] = field(default_factory=list)
    """One for each call that was finished, in order."""
    ended: Ended = ""
    """Why there are fewer replies than calls; empty if there are not."""
    error: ReportedError | None = None
    """Where the function is missing: the first error of the cells."""


class Unreadable(ValueError):
    """A reply that is not what the process should have written."""


class Foreign:
    """Stands for a returned object that is neither a number nor an array."""

    text = ""

    def __repr__(self) -> str:
        return self.text


def foreign(kind: str, text: str) -> Foreign:
    """A stand-in whose class has the name of the object's class, as diagnoses say it."""
    name = kind if kind.isidentifier() else "object"
    stand_in: Foreign = type(name, (Foreign,), {"text": text or f"<{name}>"})()
    return stand_in


def run_apart(job: Job) -> Report:
    """Run a job in a process of its own. Whatever the code does, this raises nothing for it.

    Args:
        job: cells, function and calls.

    Returns:
        The replies, in the order of the calls, and why some are missing.

    Example:
        >>> run_apart(Job(["def double(x): return 2 * x"], "double", [(4,)])).replies[0].value
        array(8.)
    """
    with (
        tempfile.TemporaryDirectory(prefix="snnlab-check-") as folder,
        tempfile.TemporaryFile() as f,
    ):
        seconds = start_and_wait(job, folder, f)
        f.seek(0)
        data = f.read(MOST_BYTES)
    return report_of(data, len(job.calls), out_of_time=seconds)


def start_and_wait(job: Job, folder: str, results: IO[bytes]) -> bool:
    """Start the process, wait until it ends, kill what is left. True: it ran out of time."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-B", str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=results,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=bare_environment(folder),
        start_new_session=True,
    )
    try:
        assert process.stdin is not None
        with contextlib.suppress(OSError), process.stdin as stream:
            stream.write(message(job))  # an OSError: it ended before it had read its job
        late = wait(process, results, WAITING + 2 * job.seconds)
    finally:
        kill_group(process)
    return late or process.returncode in (-signal.SIGKILL, -getattr(signal, "SIGXCPU", 0))


def wait(process: subprocess.Popen[bytes], results: IO[bytes], seconds: float) -> bool:
    """Wait for a process. True: it was given up, `seconds` after it had said that it is ready."""
    ready, end = False, time.monotonic() + START_UP
    while process.poll() is None:
        if not ready and os.fstat(results.fileno()).st_size:
            ready, end = True, time.monotonic() + seconds
        if time.monotonic() > end:
            return True
        time.sleep(PAUSE)
    return False


def bare_environment(folder: str) -> dict[str, str]:
    """Environment variables of the process: none of this one's but what Python needs."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
    # Without CUDA_VISIBLE_DEVICES a training would find a GPU and answer differently.
    return kept | threads | {"HOME": folder, "TMPDIR": folder, "CUDA_VISIBLE_DEVICES": ""}


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and all that it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def message(job: Job) -> bytes:
    """A job as JSON."""
    return json.dumps(vars(job) | {"package": str(PACKAGE)}, default=encoded).encode()


def encoded(part: Any) -> Any:
    """What JSON does not know in an argument: NumPy's numbers and arrays."""
    if isinstance(part, np.generic):
        return part.item()
    text = base64.b64encode(np.ascontiguousarray(part).tobytes()).decode()
    return {"bytes": text, "dtype": part.dtype.str, "shape": list(part.shape)}


def report_of(data: bytes, wanted: int, *, out_of_time: bool) -> Report:
    """Read what the process wrote, which a student's code may have written in its place."""
    replies: list[Reply] = []
    for line in data.split(b"\n")[1 : wanted + 1]:  # the first one says that it is ready
        if not line.strip():
            break
        try:
            said = json.loads(line)
            if "missing" in said:
                return Report([], "missing", error_of(said.get("error")))
            replies.append(reply_of(said))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, MemoryError):
            return Report(replies, "exit")
    if len(replies) == wanted:
        return Report(replies)
    return Report(replies, "time" if out_of_time else "exit")


def reply_of(said: dict[str, Any]) -> Reply:
    """One line of the report."""
    printed = readable(said.get("printed", ""))
    if said.get("error") is not None:
        return Reply(None, printed, error_of(said["error"]))
    return Reply(value_of(said["value"]), printed)


def error_of(said: Any) -> ReportedError | None:
    """An error in the report, or None."""
    if not isinstance(said, dict):
        return None
    parts = (readable(said.get(key, "")) for key in ("kind", "kinds", "message", "line"))
    kind, kinds, text, line = parts
    return ReportedError(kind, tuple(kinds.split()), text, line)


def value_of(said: dict[str, Any]) -> Any:
    """A value in the report."""
    if "nothing" in said:
        return None
    if "mapping" in said:
        return {str(key): value_of(item) for key, item in said["mapping"].items()}
    if "sequence" in said:
        return tuple(value_of(item) for item in said["sequence"])
    if "floats" in said:
        numbers = np.frombuffer(base64.b64decode(said["floats"], validate=True), "<f8")
        shape = tuple(int(size) for size in said["shape"])
        if len(shape) > 32 or any(size < 0 for size in shape) or np.prod(shape) != numbers.size:
            raise Unreadable(f"{numbers.size} numbers in the shape {shape}")
        return numbers.reshape(shape)
    return foreign(readable(said["kind"]), readable(said.get("text", "")))


def readable(text: Any) -> str:
    """A text for people: short, and without what a terminal would take for a command."""
    return "".join(c if c.isprintable() else " " for c in str(text)[:MOST_TEXT])
