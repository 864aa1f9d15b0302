"""From a notebook to points: the code runs elsewhere, the judgement is made here."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from nbformat import NotebookNode

from snnlab.classroom.assignments.catalogue import Assignment
from snnlab.classroom.assignments.task import Task
from snnlab.classroom.assignments.walls.cells import Cell, cells_of
from snnlab.classroom.assignments.walls.report import Ended, Report
from snnlab.classroom.assignments.walls.workplace import Job, Workplace
from snnlab.classroom.diagnosis import Diagnosis
from snnlab.classroom.faults import missing
from snnlab.classroom.judging import Judge
from snnlab.classroom.outcomes import Outcome, Raised

K = TypeVar("K")
WAITING = 2
"""Notebooks in memory for each worker, beside the one that it runs."""


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
    """A task, and what judges it."""

    task: Task
    judge: Judge


def judged(
    notebooks: Iterable[tuple[K, NotebookNode]],
    assignment: Assignment,
    seed: str | None,
    *,
    workers: int = 1,
    walls: bool,
    released: NotebookNode | None = None,
) -> Iterator[tuple[K, list[Verdict]]]:
    """Run notebooks, several at once, and judge each, in order.

    Notebooks are asked for when a worker is free, so that a class need not fit into memory. The
    judging itself is done here, one after the other.

    Args:
        notebooks: each with a key of any kind; put in order by `restored`, or as they are on the
            student's own machine.
        assignment: to which they belong.
        seed: the course seed; None: known cases only.
        workers: processes at once.
        walls: run nothing unless the walls of the kernel stand.
        released: as students got it, if it is known: what is unchanged gets little time.

    Raises:
        NoWalls: they do not.
    """
    cases = cases_of(assignment, seed)
    places = Workplaces(walls=walls)

    def run(notebook: NotebookNode) -> Mapping[str, Report]:
        return reports_on(cells_of(notebook, assignment, released), cases, places.mine())

    def verdicts(reports: Mapping[str, Report]) -> list[Verdict]:
        return [verdict_of(case, reports[case.task.name]) for case in cases]

    pool = ThreadPoolExecutor(max_workers=max(1, workers))
    try:
        waiting: deque[tuple[K, Future[Mapping[str, Report]]]] = deque()
        for key, notebook in notebooks:
            waiting.append((key, pool.submit(run, notebook)))
            if len(waiting) > WAITING * workers:
                key, future = waiting.popleft()
                yield key, verdicts(future.result())
        while waiting:
            key, future = waiting.popleft()
            yield key, verdicts(future.result())
    finally:
        places.close()
        pool.shutdown(cancel_futures=True)


def cases_of(assignment: Assignment, seed: str | None) -> list[Case]:
    """The tasks of an assignment with their judges; seed None: known cases only."""
    return [Case(task, task.judge(seed)) for task in assignment.tasks]


def reports_on(cells: Sequence[Cell], cases: Sequence[Case], place: Workplace) -> dict[str, Report]:
    """What became of each function of a notebook, by name.

    The hidden calls are made in a process of their own, when all known ones gave a result: what a
    process said that knew hidden calls is compared, and never quoted.
    """
    seconds = {case.task.name: case.judge.seconds for case in cases}
    known = {case.task.name: case.judge.calls[: case.judge.known] for case in cases}
    hidden = {case.task.name: case.judge.calls[case.judge.known :] for case in cases}
    reports = place.reports(Job(cells, known, seconds))
    left = {
        name: calls
        for name, calls in hidden.items()
        if calls and gave_results(reports[name], len(known[name]))
    }
    seconds = {case.task.name: case.judge.seconds_hidden for case in cases}
    further = place.reports(Job(cells, left, seconds)) if left else {}
    for name, report in further.items():
        ended: Ended = "exit" if report.ended == "missing" else report.ended
        reports[name] = Report([*reports[name].outcomes, *report.outcomes], ended)
    return reports


def gave_results(report: Report, calls: int) -> bool:
    """Whether each call came to its end."""
    return len(report.outcomes) == calls and all(o.error is None for o in report.outcomes)


class Workplaces:
    """A workplace for each thread, made when it is first asked for."""

    def __init__(self, *, walls: bool) -> None:
        self.walls = walls
        self.all: list[Workplace] = []
        self.local = threading.local()

    def mine(self) -> Workplace:
        """The workplace of this thread."""
        if not hasattr(self.local, "place"):
            self.local.place = Workplace(walls=self.walls)
            self.all.append(self.local.place)
        place: Workplace = self.local.place
        return place

    def close(self) -> None:
        """End all of them."""
        for place in self.all:
            place.close()


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
