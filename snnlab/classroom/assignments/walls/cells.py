"""The code of a notebook, as the process that runs it needs it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from nbformat import NotebookNode

from snnlab.classroom.assignments.catalogue import Assignment
from snnlab.classroom.assignments.notebooks.marks import grade_id, locked

SECONDS = 3.0
"""Processor time of a cell that a student wrote, calls of answers excepted."""
SECONDS_AS_RELEASED = 0.5
"""Processor time of a cell that is as it was released: it shows what the answers do."""


@dataclass(frozen=True)
class Cell:
    """A cell of code."""

    source: str
    """What stands in it, magic included."""
    own: bool = True
    """Whether a student wrote it, so that its errors are told."""
    answer: str = ""
    """Name of the task that is to be answered in it."""
    check: str = ""
    """Name of the task that it checks: it is not run; the function is called in its place."""
    seconds: float = SECONDS


def cells_of(
    notebook: NotebookNode, assignment: Assignment, released: NotebookNode | None = None
) -> list[Cell]:
    """All cells of code, in the order of the notebook.

    Args:
        notebook: put in order by `restored`, or as it is on the student's own machine.
        assignment: to which it belongs.
        released: as students got it, if it is known.
    """
    unchanged = {cell.source for cell in released.cells} if released else set()
    checks = {task.check_id: task.name for task in assignment.tasks}
    names = [task.name for task in assignment.tasks]
    return [
        cell_of(cell, names, checks, unchanged)
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.strip()
    ]


def cell_of(
    cell: NotebookNode, names: Collection[str], checks: dict[str, str], unchanged: Collection[str]
) -> Cell:
    """One cell of code."""
    name = grade_id(cell)
    own = not locked(cell) and cell.source not in unchanged
    answer = name if name in names else ""
    seconds = SECONDS if own or answer else SECONDS_AS_RELEASED
    return Cell(cell.source, own, answer, checks.get(name, ""), seconds)
