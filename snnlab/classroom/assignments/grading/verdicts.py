"""From a notebook to points: the code runs in other processes, and is judged in this one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from nbformat import NotebookNode

from snnlab.classroom.assignments.catalogue import Assignment
from snnlab.classroom.assignments.notebooks.marks import grade_id, locked
from snnlab.classroom.assignments.task import Task
from snnlab.classroom.assignments.walls.report import Ended, Report
from snnlab.classroom.assignments.walls.workplace import SECONDS, Cell, Job, Workplace
from snnlab.classroom.diagnosis import Diagnosis
from snnlab.classroom.faults import missing
from snnlab.classroom.judging import Judge
from snnlab.classroom.outcomes import Outcome, Raised

K = TypeVar("K")
SECONDS_AS_RELEASED = 0.5
"""Processor time of an unchanged released cell, which only shows results of the answers."""
WAITING = 2
"""Notebooks in memory per worker, besides the one that it runs."""


@dataclass(frozen=True)
class Verdict:
    """The points of one task of one notebook, and the reason."""

    task: str
    """Name of the task."""
    points: float
    possible: int
    """Points of a right answer."""
    diagnosis: Diagnosis


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

    Notebooks are read when a worker is free, so that a class need not fit into memory. The results
    are judged in this process, one after the other.

    Args:
        notebooks: pairs of a key and a notebook, from `restored`, or as saved on the student's own
            machine.
        assignment: to which they belong.
        seed: the course seed; None: known cases only.
        workers: processes at once.
        walls: whether to refuse to run code where the kernel cannot confine it.
        released: the released notebook, if known: its unchanged cells get little time.

    Raises:
        NoWalls: the kernel cannot confine the code.
    """
    judges = {task.name: task.judge(seed) for task in assignment.tasks}
    local = threading.local()
    places: list[Workplace] = []

    def run(notebook: NotebookNode) -> Mapping[str, Report]:
        if not hasattr(local, "place"):  # one for each thread
            local.place = Workplace(walls=walls)
            places.append(local.place)
        return reports_on(cells_of(notebook, assignment, released), judges, local.place)

    def verdicts(reports: Mapping[str, Report]) -> list[Verdict]:
        return [verdict_of(t, judges[t.name], reports[t.name]) for t in assignment.tasks]

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
        for place in places:
            place.close()
        pool.shutdown(cancel_futures=True)


def cells_of(
    notebook: NotebookNode, assignment: Assignment, released: NotebookNode | None = None
) -> list[Cell]:
    """All cells of code, in the order of the notebook.

    Args:
        notebook: from `restored`, or as saved on the student's own machine.
        assignment: to which it belongs.
        released: the released notebook, if known.
    """
    unchanged = {cell.source for cell in released.cells} if released else set()
    checks = {task.check_id: task.name for task in assignment.tasks}
    found = []
    for cell in notebook.cells:
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        name = grade_id(cell)
        own = not locked(cell) and cell.source not in unchanged
        answer = name if name in checks.values() else ""
        seconds = SECONDS if own or answer else SECONDS_AS_RELEASED
        found.append(Cell(cell.source, own, answer, checks.get(name, ""), seconds))
    return found


def reports_on(
    cells: Sequence[Cell], judges: Mapping[str, Judge], place: Workplace
) -> dict[str, Report]:
    """The report on each function of a notebook, by its name, which is that of its judge.

    Hidden calls are made in a process of their own, once all known calls have given a result. The
    output of a process that knows hidden calls is only compared, and never quoted.
    """
    known = {name: judge.calls[: judge.known] for name, judge in judges.items()}
    reports = place.reports(Job(cells, known, {n: judge.seconds for n, judge in judges.items()}))
    left = {
        name: judge.calls[judge.known :]
        for name, judge in judges.items()
        if judge.hidden and reports[name].has_results(judge.known)
    }
    seconds = {name: judges[name].seconds_hidden for name in left}
    further = place.reports(Job(cells, left, seconds)) if left else {}
    for name, report in further.items():
        ended: Ended = "exit" if report.ended == "missing" else report.ended
        reports[name] = Report([*reports[name].outcomes, *report.outcomes], ended)
    return reports


def verdict_of(task: Task, judge: Judge, report: Report) -> Verdict:
    """Judge what a process reported on the function of a task."""
    outcomes = report.outcomes
    if len(outcomes) < len(judge.calls):  # the call in which the process ended
        kind = "OutOfTime" if report.ended == "time" else "SystemExit"
        outcomes = [*outcomes, Outcome(error=Raised(kind))]
    diagnosis = missing(report.error) if report.ended == "missing" else judge.judge(outcomes)
    points = float(task.points) if diagnosis.passed else 0.0
    return Verdict(task.name, points, task.points, diagnosis)
