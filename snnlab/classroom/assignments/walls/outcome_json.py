"""Outcomes as JSON: how a process with a student's code writes them, and how the grader reads them.

What is read may be forged: whatever is not what it should be is an error of one of a few kinds.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

import numpy as np

from snnlab.classroom.outcomes import MOST_TEXT, Foreign, Outcome, Raised, foreign

MOST_PARTS = 200_000
"""Numbers, and parts of lists, of one result that are reported."""


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
    """What one call did."""
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
    """A text for people: short, and without what a terminal would take for a command."""
    return "".join(c if c.isprintable() else " " for c in str(text)[:MOST_TEXT])
