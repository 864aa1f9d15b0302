"""Run a student's notebook in a process of its own: cells and arguments in, outcomes back.

The process has limits on time, memory and files, an empty folder, and an environment without
secrets; see `process`. It does not know the right results, so the code can only change its own
results. These come back as JSON, which is read strictly.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from snnlab.classroom.assignments.walls import kernel
from snnlab.classroom.assignments.walls.confinement import LARGEST_FILE, on_the_clock
from snnlab.classroom.assignments.walls.report import (
    Ended,
    Report,
    Run,
    report_of,
    run_of,
)
from snnlab.jobs.child import end_group

SCRIPT = Path(__file__).with_name("process.py")
MEGABYTES = 1024
"""Memory of a notebook besides that of Python and its libraries."""
MOST_RUNS = 8
"""How often one notebook is run, each time without the code that ended the process before."""
SPARE_SECONDS = 10.0
"""Seconds besides the limits of all cells and calls, for work in between."""
SILENT_SECONDS = 30.0
"""Wall-clock seconds, besides the longest limit, after which a silent process is ended."""
MODULES_FOR = {"fit": "training", "backward": "training"} | {
    name: name for name in ("sympy", "sklearn", "torchvision")
}
"""Words in notebooks, with modules to load for them in advance, as these are slow or use ctypes."""
START_SECONDS = 60.0
"""Wall-clock seconds until a process that is no fork is ready."""
MOST_STUCK = 2
"""How often a notebook may get stuck before the rest of it is given up."""
ENDED_BY_TIME = {-getattr(signal, name, 0) for name in ("SIGKILL", "SIGXCPU", "SIGVTALRM")}


SECONDS = 3.0
"""Processor time of a cell that a student wrote, calls of answers excepted."""


class NoWalls(RuntimeError):
    """Students' code cannot be confined on this system; the message says what to do."""


@dataclass(frozen=True)
class Cell:
    """A cell of code."""

    source: str
    """Its text, with magics."""
    own: bool = True
    """Whether a student wrote it, so that its errors are reported."""
    answer: str = ""
    """Name of the task to which it is the answer; may be empty."""
    check: str = ""
    """Name of the task that it checks; such a cell is not run, but the function is called."""
    seconds: float = SECONDS


@dataclass(frozen=True)
class Job:
    """A notebook, and the calls to make."""

    cells: Sequence[Cell]
    """The code cells in order."""
    calls: Mapping[str, Sequence[tuple[Any, ...]]]
    """Positional arguments of each call, by name of the function."""
    seconds: Mapping[str, float]
    """Processor time for all calls of a function, by its name."""


class Workplace:
    """A process that starts a process for each notebook; it ends when this object is closed.

    Args:
        walls: whether to refuse to run code where the walls do not hold.

    Raises:
        NoWalls: the walls are required and do not hold.

    Example:
        >>> with Workplace(walls=False) as workplace:
        ...     reports = workplace.reports(Job([Cell("def f(x): return 2 * x")], {"f": [(4,)]},
        ...                                     {"f": 1.0}))
        >>> reports["f"].outcomes[0].value
        array(8.)
    """

    def __init__(self, *, walls: bool) -> None:
        if walls and not kernel.has_walls():
            raise no_walls([f"anything, for this is {platform.system() or sys.platform}"])
        self.walls = walls
        self.folder = tempfile.TemporaryDirectory(prefix="snnlab-check-")
        self.process = self._started()
        self.lost = False
        if walls:
            self._try_walls()

    def __enter__(self) -> Workplace:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and all that it started."""
        kill(self.process)
        self.folder.cleanup()

    def reports(self, job: Job) -> dict[str, Report]:
        """Run a notebook. No error of its code is raised here.

        A notebook is run once. If its code ends the process, it is run again without the cell, or
        without the calls, in which that happened.

        Returns:
            The report on each function, by name.
        """
        skipped: dict[int, Ended] = {}
        found: dict[str, Report] = {}
        run, stuck = Run(), 0
        for _ in range(MOST_RUNS):
            if stuck == MOST_STUCK:
                break
            left = {name: calls for name, calls in job.calls.items() if name not in found}
            code, data, was_stuck = self._carried_out(job, left, sorted(skipped))
            run, stuck = run_of(data), stuck + was_stuck
            if run.whole:
                break
            ended: Ended = "time" if run.timeout or code in ENDED_BY_TIME else "exit"
            if isinstance(run.place, int):
                skipped[run.place] = ended
            for name, calls in left.items():
                outcomes = run.outcomes.get(name, [])
                if name == run.place or len(outcomes) >= len(calls):
                    found[name] = report_of(outcomes, len(calls), ended)
        for name in [name for name in job.calls if name not in found]:
            if name in run.outcomes:
                found[name] = report_of(run.outcomes[name], len(job.calls[name]), "exit")
            else:
                found[name] = without_function(name, job.cells, run, skipped)
        return {name: found[name] for name in job.calls}

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", "-s", "-B", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.folder.name,
            env=bare_environment(self.folder.name),
            start_new_session=True,
        )

    def _carried_out(
        self, job: Job, calls: Mapping[str, Sequence[tuple[Any, ...]]], skipped: list[int]
    ) -> tuple[int, bytes, bool]:
        """Exit code and report of a process that runs a notebook, and whether it got stuck."""
        text = "\n".join(cell.source for cell in job.cells)
        seconds = [cell.seconds for cell in job.cells] + [2 * job.seconds[name] for name in calls]
        return self._asked(
            cells=[asdict(cell) for cell in job.cells],
            skipped=skipped,
            calls={name: list(arguments) for name, arguments in calls.items()},
            seconds=dict(job.seconds),
            probe="",
            loads=sorted({load for word, load in MODULES_FOR.items() if word in text}),
            processor=math.ceil(sum(seconds) + SPARE_SECONDS),
            silence=on_the_clock(max(seconds, default=0.0)) + SILENT_SECONDS,
        )

    def _asked(
        self, *, loads: Sequence[str] = (), silence: float = SILENT_SECONDS, **job: Any
    ) -> tuple[int, bytes, bool]:
        """Let the process carry out a job: exit code, report, and whether it got stuck."""
        job |= {"walls": self.walls, "megabytes": MEGABYTES}
        folder = Path(tempfile.mkdtemp(dir=self.folder.name))
        order = {"folder": str(folder), "loads": list(loads), "silence": silence}
        order["clock"] = on_the_clock(job["processor"]) + START_SECONDS
        (folder / "job").write_bytes(pickle.dumps(job))
        try:
            code, stuck = self._answered(order)
            with (folder / "report").open("rb") as stream:
                return code, stream.read(LARGEST_FILE), stuck
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _answered(self, order: dict[str, Any]) -> tuple[int, bool]:
        """Send an order, and wait until it is carried out."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            pickle.dump(order, self.process.stdin)
            self.process.stdin.flush()
            code, stuck = json.loads(self.process.stdout.readline())
        except (OSError, ValueError):  # it was ended from outside, or never began
            kill(self.process)
            if self.lost:
                raise RuntimeError(
                    f"{SCRIPT.name}, which runs students' code, ends by itself"
                ) from None
            self.process, self.lost = self._started(), True
            shutil.rmtree(Path(order["folder"]) / "room", ignore_errors=True)
            (Path(order["folder"]) / "report").unlink(missing_ok=True)
            return self._answered(order)
        self.lost = False
        return code, stuck

    def _try_walls(self) -> None:
        """Test that a confined process cannot reach the outside.

        Raises:
            NoWalls: it can reach something.
        """
        file = Path(self.folder.name) / "trial"
        file.touch()
        _, data, _ = self._asked(probe=str(file), calls={}, seconds={}, processor=20)
        said: dict[str, Any] = {}
        for line in data.splitlines():
            said |= json.loads(line)
        lacking = [name for name, stands in said.get("standing", {}).items() if not stands]
        open_ways = said.get("out", ["everything"])
        if lacking or open_ways:
            raise no_walls([*lacking, *open_ways])


def no_walls(lacking: Sequence[str]) -> NoWalls:
    """The error for a system on which students' code can reach some things."""
    return NoWalls(
        f"students' code cannot be kept apart here. Not walled off: {', '.join(lacking)}. "
        "It takes Linux 5.13 or later with Landlock and seccomp, on x86-64 or ARM64. "
        "Elsewhere, on Windows and macOS too, grade in a container, see "
        "notebooks/assignments/Dockerfile, or say --without-walls: then whoever knows "
        "Python well can read and write what you can"
    )


def without_function(
    name: str, cells: Sequence[Cell], run: Run, skipped: Mapping[int, Ended]
) -> Report:
    """The report for a function that is missing, or was never reached."""
    own = [number for number, cell in enumerate(cells) if cell.answer == name]
    for number in own:
        if number in skipped:
            return Report([], skipped[number])
    if name not in run.missing:
        return Report([], "exit")
    errors = {number: error for number, error in run.errors.items() if cells[number].own}
    first = [errors[number] for number in [*own, *errors] if number in errors]
    return Report([], "missing", first[0] if first else None)


def bare_environment(folder: str) -> dict[str, str]:
    """Environment variables of the process: only those that Python needs."""
    import matplotlib as mpl

    needed = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
    folders = dict.fromkeys(("HOME", "TMPDIR", "USERPROFILE", "TEMP", "TMP"), folder)
    return {
        **(needed | threads | folders),
        "MPLCONFIGDIR": mpl.get_cachedir(),  # otherwise matplotlib searches all fonts each time
        "PYTHONHASHSEED": "0",  # same order of sets each time
        "ARROW_DEFAULT_MEMORY_POOL": "system",  # its own pool needs too much memory
        "CUDA_VISIBLE_DEVICES": "",  # a GPU would give other numbers
    }


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its group; a notebook that runs ends with it, or at its limits."""
    end_group(process.pid)
    process.kill()
    process.communicate()
