"""From a notebook to points: the code runs elsewhere, the judgement is made here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from nbformat import NotebookNode

from snnlab.classroom.assignments.catalogue import Assignment
from snnlab.classroom.assignments.isolation import Job, Report, run_apart
from snnlab.classroom.assignments.submission import code_of, given_code
from snnlab.classroom.assignments.task import Task
from snnlab.classroom.calling import Outcome, Raised
from snnlab.classroom.diagnosis import Diagnosis
from snnlab.classroom.faults import missing
from snnlab.classroom.judging import Judge


@dataclass(frozen=True)
class Verdict:
    """What one task of one notebook is worth, and why."""

    task: str
    """Name of the task."""
    points: float
    possible: int
    """Points of a right answer."""
    diagnosis: Diagnosis


@dataclass(frozen=True)
class Case:
    """One task of one notebook, ready to run."""

    task: Task
    judge: Judge
    job: Job


def cases_of(notebook: NotebookNode, assignment: Assignment, seed: str | None) -> list[Case]:
    """What has to run for a notebook.

    Args:
        notebook: put in order by `restored`, or as it is on the student's own machine.
        assignment: to which it belongs.
        seed: the course seed; None: known cases only.
    """
    code, given = code_of(notebook, assignment), given_code(notebook)
    cases = []
    for task in assignment.tasks:
        judge = task.judge(seed)
        job = Job(code, task.name, judge.calls, given, seconds=task.seconds)
        cases.append(Case(task, judge, job))
    return cases


def verdicts(cases: Sequence[Case], *, workers: int = 1) -> Iterator[Verdict]:
    """Run the cases, several at once, and judge each, in order.

    The judging itself is done here, one case after the other: it redirects what is printed,
    which threads cannot do at once.

    Args:
        cases: of one notebook or of a whole class.
        workers: processes at once.
    """
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        reports = pool.map(run_apart, [case.job for case in cases])
        yield from map(verdict_of, cases, reports)


def verdict_of(case: Case, report: Report) -> Verdict:
    """Judge what a process reported."""
    diagnosis = fault_of_report(report) or case.judge.judge(
        outcomes_in(report, len(case.judge.calls))
    )
    points = case.task.points if diagnosis.passed else 0
    return Verdict(case.task.name, float(points), case.task.points, diagnosis)


def fault_of_report(report: Report) -> Diagnosis | None:
    """What kept the calls from being made, or None."""
    return missing(report.error) if report.ended == "missing" else None


def outcomes_in(report: Report, wanted: int) -> list[Outcome]:
    """What the calls did; how the process ended is the outcome of the call that it was in."""
    if len(report.outcomes) == wanted:
        return report.outcomes
    kind = "OutOfTime" if report.ended == "time" else "SystemExit"
    return [*report.outcomes, Outcome(error=Raised(kind))]
