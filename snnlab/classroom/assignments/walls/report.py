"""The report on a student's notebook: how its process writes it, and how the grader reads it.

It is JSON, a line for each event. As a student may forge it, reading is strict: a malformed line
raises one of a few errors, and the report ends there.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from snnlab.classroom.outcomes import MOST_TEXT, Foreign, Outcome, Raised, foreign

MOST_PARTS = 200_000
"""Numbers and items of lists in one reported result, at most."""

Ended = Literal["", "time", "exit", "missing"]


@dataclass(frozen=True)
class Report:
    """The results of the calls of one function."""

    outcomes: list[Outcome] = field(default_factory=list)
    """One for each call, in order; fewer if the last one has an error, or the process ended."""
    ended: Ended = ""
    """Why there are fewer outcomes than calls, unless by an error; else empty."""
    error: Raised | None = None
    """If the function is missing: the first error in the student's cells."""

    def has_results(self, calls: int) -> bool:
        """Whether each of the calls has given a result."""
        return len(self.outcomes) == calls and all(o.error is None for o in self.outcomes)


@dataclass
class Run:
    """What one process wrote before it ended."""

    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    """Outcomes by name of the function."""
    missing: set[str] = field(default_factory=set)
    errors: dict[int, Raised] = field(default_factory=dict)
    """The first error of each cell, by its number."""
    place: int | str | None = None
    """The cell that was running last, or the function that was called last."""
    whole: bool = False
    """Whether the process came to its regular end."""
    timeout: bool = False


def report_of(outcomes: list[Outcome], calls: int, ended: Ended) -> Report:
    """The report for a function that was called; `ended` holds if outcomes are missing."""
    outcomes = outcomes[:calls]
    settled = len(outcomes) == calls or (outcomes and outcomes[-1].error is not None)
    return Report(outcomes, "" if settled else ended)


def run_of(data: bytes) -> Run:
    """Read the report of a process, which a student's code may have forged."""
    run = Run()
    for line in data.split(b"\n"):
        if line.startswith(b"Timeout"):  # written when a process was stopped by force
            run.timeout = True
            break
        try:
            read_line(json.loads(line), run)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, MemoryError):
            break
    return run


def read_line(said: dict[str, Any], run: Run) -> None:
    """Add one line of a report."""
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


def encoded(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON.

    Raises:
        ValueError: it is larger than any result of a task.
    """
    left = MOST_PARTS

    def part(value: Any) -> dict[str, Any]:
        nonlocal left
        left -= 1 + np.size(value) if isinstance(value, np.ndarray) else 1
        if left < 0:
            raise ValueError("your function returns too much")
        if value is None:
            return {"nothing": True}
        if isinstance(value, dict):
            return {"mapping": {key: part(item) for key, item in value.items()}}
        if isinstance(value, tuple):
            return {"sequence": [part(item) for item in value]}
        if isinstance(value, Foreign):
            return {"kind": type(value).__name__, "text": value.text}
        text = base64.b64encode(np.ascontiguousarray(value, "<f8").tobytes()).decode()
        return {"shape": list(np.shape(value)), "floats": text}

    return {
        "outcome": part(outcome.value),
        "printed": outcome.printed,
        "error": None if outcome.error is None else asdict(outcome.error),
        "changed": list(outcome.changed),
    }


def outcome_of(said: dict[str, Any]) -> Outcome:
    """The outcome of one call."""
    error = None if said["error"] is None else error_of(said["error"])
    changed = tuple(int(place) for place in said["changed"])
    return Outcome(value_of(said["outcome"]), readable(said["printed"]), error, changed)


def error_of(said: dict[str, Any]) -> Raised:
    """An error in a report."""
    kind, message, line = (readable(said[key]) for key in ("kind", "message", "line"))
    return Raised(kind, tuple(readable(kind) for kind in said["kinds"][:8]), message, line)


def value_of(said: dict[str, Any]) -> Any:
    """A value in a report."""
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
            raise ValueError(f"{numbers.size} numbers in the shape {shape}")
        return numbers.reshape(shape).copy()
    return foreign(readable(said["kind"]), readable(said["text"]))


def readable(text: Any) -> str:
    """A short text that is safe to print in a terminal."""
    return "".join(c if c.isprintable() else " " for c in str(text)[:MOST_TEXT])
