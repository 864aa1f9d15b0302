"""Read what a process wrote about a student's notebook: JSON that the student may have forged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from snnlab.classroom.assignments.walls.cells import Cell
from snnlab.classroom.assignments.walls.outcome_json import error_of, outcome_of
from snnlab.classroom.outcomes import Outcome, Raised

Ended = Literal["", "time", "exit", "missing"]


@dataclass(frozen=True)
class Report:
    """What the process did for one function."""

    outcomes: list[Outcome] = field(default_factory=list)
    """One for each call, in order; fewer if the last one has an error, or the process ended."""
    ended: Ended = ""
    """Why there are fewer outcomes than calls, if it is not an error; else empty."""
    error: Raised | None = None
    """Where the function is missing: the first error of the student's cells."""


@dataclass
class Run:
    """What one process wrote before it ended."""

    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    """By name of the function."""
    missing: set[str] = field(default_factory=set)
    errors: dict[int, Raised] = field(default_factory=dict)
    """The first error of each cell, by its number."""
    place: int | str | None = None
    """The cell in which it was, or the function that it called."""
    whole: bool = False
    """Whether it came to its end."""
    timeout: bool = False


def without_function(
    name: str, cells: Sequence[Cell], run: Run, skipped: Mapping[int, Ended]
) -> Report:
    """The report for a function that is not there, or was never reached."""
    own = [number for number, cell in enumerate(cells) if cell.answer == name]
    for number in own:
        if number in skipped:
            return Report([], skipped[number])
    if name not in run.missing:
        return Report([], "exit")
    errors = {number: error for number, error in run.errors.items() if cells[number].own}
    first = [errors[number] for number in [*own, *errors] if number in errors]
    return Report([], "missing", first[0] if first else None)


def report_of(outcomes: list[Outcome], calls: int, ended: Ended) -> Report:
    """The report for a function that was called; `ended` holds if outcomes are missing."""
    outcomes = outcomes[:calls]
    settled = len(outcomes) == calls or (outcomes and outcomes[-1].error is not None)
    return Report(outcomes, "" if settled else ended)


def run_of(data: bytes) -> Run:
    """Read what a process wrote, which a student's code may have written in its place."""
    run = Run()
    for line in data.split(b"\n"):
        if line.startswith(b"Timeout"):  # the last word of a process that did not listen
            run.timeout = True
            break
        try:
            read_line(json.loads(line), run)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, MemoryError):
            break
    return run


def read_line(said: dict[str, Any], run: Run) -> None:
    """Take one line of a report in."""
    if "cell" in said:
        run.place = int(said["cell"])
    elif "calls" in said:
        run.place = name = str(said["calls"])
        run.outcomes[name] = []
    elif "again" in said:
        run.place = str(said["again"])
    elif "outcome" in said:
        run.outcomes[str(run.place)].append(outcome_of(said))
    elif "error" in said and isinstance(run.place, int):
        run.errors[run.place] = error_of(said["error"])
    elif "missing" in said:
        run.missing.add(str(said["missing"]))
    elif "end" in said:
        run.whole = True
