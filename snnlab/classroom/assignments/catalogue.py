"""The assignments, and how to find the one to which a notebook belongs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module

from nbformat import NotebookNode

from snnlab.classroom.assignments.notebooks.marks import check_id, grade_id
from snnlab.classroom.assignments.task import Task


@dataclass(frozen=True)
class Assignment:
    """An assignment: one notebook with tasks in code and written answers."""

    name: str
    """Name of its folder, of its notebook, and of the module that holds its tasks."""

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that are graded automatically; imported on demand, since some need torch."""
        tasks: tuple[Task, ...] = import_module(f"{__package__}.{self.name}").TASKS
        return tasks

    @property
    def cells(self) -> list[str]:
        """`grade_id` of the cells of its tasks and of their checks."""
        return [name for task in self.tasks for name in (task.name, task.check_id)]


ASSIGNMENTS = {
    name: Assignment(name)
    for name in ("a1_neuron", "a2_noise", "a3_single_step_to_many", "a4_race")
}

CHECKED = re.compile(r"^(\w+)\.(\w+)\.check\(", re.MULTILINE)
"""The beginning of a cell that checks a task."""


def assignment_named(name: str) -> Assignment:
    """The assignment with this name.

    Raises:
        ValueError: there is none.
    """
    if name not in ASSIGNMENTS:
        raise ValueError(f"unknown assignment {name!r}; valid: {', '.join(ASSIGNMENTS)}")
    return ASSIGNMENTS[name]


def names_of(names: Sequence[str]) -> list[str]:
    """Assignments by name, all of them if none is named.

    Raises:
        ValueError: an unknown one.
    """
    return [assignment_named(name).name for name in names] or list(ASSIGNMENTS)


def assignment_of(notebook: NotebookNode) -> Assignment | None:
    """The assignment to which most cells of a notebook belong, whatever its file is called.

    Args:
        notebook: of a student.

    Returns:
        None if it has no cell of any assignment, known by its mark, its id or its check.
    """
    marks = set(map(grade_id, notebook.cells))
    marks |= {str(cell.get("id", "")).replace("-", "_") for cell in notebook.cells}
    checked = CHECKED.findall("\n".join(cell.source for cell in notebook.cells))
    marks |= {check_id(task) for name, task in checked if name in ASSIGNMENTS}
    best = max(ASSIGNMENTS.values(), key=lambda assignment: len(marks & set(assignment.cells)))
    return best if marks & set(best.cells) else None
