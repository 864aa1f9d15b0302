"""From what a process reports to a verdict: the words of the notebook's check."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from snnlab.classroom.assignments import a1_neuron
from snnlab.classroom.assignments.grading.verdicts import verdict_of
from snnlab.classroom.calling import outcomes_of
from snnlab.classroom.outcomes import Raised


def verdict(answer: Any, *, ended: str = "", error: Raised | None = None, first: int = 99) -> Any:
    """Of a report on `charge`; with `first`, the process ended after so many calls."""
    task = a1_neuron.charge
    judge = task.judge("monday")
    outcomes = list(outcomes_of(answer, judge.calls))[:first]
    report = SimpleNamespace(outcomes=outcomes, ended=ended, error=error)
    return verdict_of(task, judge, report)  # type: ignore[arg-type]


def right(v: float, current: float, beta: float) -> float:
    return beta * v + current


def test_a_right_answer_has_all_points() -> None:
    found = verdict(right)
    assert (found.task, found.points, found.possible) == ("charge", 3.0, 3)
    assert found.diagnosis.passed


@pytest.mark.parametrize(
    "answer",
    [
        lambda v, current, beta: v + current,
        lambda v, current, beta: v / 0,
        lambda v, current, beta: sys.exit(),
        lambda v, current, beta: ...,
        lambda v: v,
        7,
        "charge",
    ],
)
def test_the_words_are_those_of_the_notebook(answer: Any) -> None:
    found = verdict(answer)
    assert found.points == 0
    assert found.diagnosis == a1_neuron.charge.visible.check(answer)


def test_how_the_process_ended_belongs_to_the_call_that_it_was_in() -> None:
    assert "took too long" in verdict(right, ended="time", first=3).diagnosis.message
    assert "ended Python" in verdict(right, ended="exit", first=0).diagnosis.message
    hidden = verdict(right, ended="time", first=12).diagnosis.message
    assert hidden == (
        "All known cases are right, but not a hidden one: a negative potential. "
        "Your function took too long and was stopped."
    )


def test_a_missing_function_is_told_with_the_first_error() -> None:
    assert "is not there." in verdict(right, ended="missing", first=0).diagnosis.message
    error = Raised("NameError", (), "name 'x' is not defined", "y = x")
    found = verdict(right, ended="missing", error=error, first=0)
    assert "line `y = x`: `NameError: name 'x' is not defined`" in found.diagnosis.message


def test_a_report_without_outcomes_never_passes() -> None:
    assert not verdict(right, first=0).diagnosis.passed
