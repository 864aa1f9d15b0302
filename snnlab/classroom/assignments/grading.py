"""From a notebook to points: the code runs elsewhere, the judgement is made here."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from snnlab.classroom.assignments.catalogue import Assignment
from snnlab.classroom.assignments.isolation import Job, Reply, Report, run_apart
from snnlab.classroom.assignments.submission import code_of, given_code
from snnlab.classroom.assignments.task import Judge, Task
from snnlab.classroom.diagnosis import Diagnosis, not_yet
from snnlab.classroom.faults import NOT_WRITTEN, TOO_LONG, stopped

LIBRARY = ("torch", "snnlab")


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
        trusted = given if task.library else [without_library(cell) for cell in given]
        job = Job(code, task.name, judge.calls, trusted, task.library, task.seconds)
        cases.append(Case(task, judge, job))
    return cases


def without_library(cell: str) -> str:
    """A trusted cell without the statements that need torch or snnlab."""
    statements = [ast.unparse(statement) for statement in ast.parse(cell).body]
    return "\n".join(s for s in statements if not any(word in s for word in LIBRARY))


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
    diagnosis = fault_of_report(report) or case.judge.check(replay(report.replies))
    points = case.task.points if diagnosis.passed else 0
    return Verdict(case.task.name, float(points), case.task.points, diagnosis)


def fault_of_report(report: Report) -> Diagnosis | None:
    """What kept the calls from giving results, or None."""
    for reply in report.replies:
        if reply.error is not None:
            kind = reply.error.kind
            if "NotImplementedError" in reply.error.kinds:
                kind = "NotImplementedError"
            return stopped(kind, reply.error.message, reply.error.line)
    if report.ended == "time":
        return TOO_LONG
    if report.ended == "missing" and report.error is not None:
        return not_yet(
            f"Your function is not there. The first error of your code is in the line "
            f"`{report.error.line}`: `{report.error.kind}: {report.error.message}`",
            "Keep the name of the function, and run the whole notebook from the top.",
        )
    if report.ended == "missing":
        return not_yet(
            "Your function is not there.",
            "Keep the name of the function and the cell in which it was.",
        )
    if report.ended == "exit":
        return not_yet(
            "Your function ended Python before it returned anything.",
            "No sys.exit or os._exit: end a function with `return`.",
        )
    return None if report.replies else NOT_WRITTEN


def replay(replies: Sequence[Reply]) -> Callable[..., Any]:
    """A function that answers each call with the next reply, whatever it is called with."""
    left = iter(replies)

    def answer(*arguments: Any) -> Any:
        return next(left).value

    return answer
