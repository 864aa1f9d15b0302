"""nbgrader's marks on the cells of an assignment, and how its cells are named."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode

CHECK = "check_"
"""The beginning of the `grade_id` of a cell that checks a task."""


def check_id(task: str) -> str:
    """`grade_id` of the cell that checks a task and carries its points."""
    return f"{CHECK}{task}"


def answer_id(name: str) -> str:
    """`grade_id` of the cell that holds the answer for which a cell carries points."""
    return name.removeprefix(CHECK)


def marks(cell: NotebookNode) -> dict[str, Any]:
    """The marks of a cell; none if an editor has dropped them."""
    found = cell.get("metadata", {}).get("nbgrader", {})
    return found if isinstance(found, dict) else {}


def grade_id(cell: NotebookNode) -> str:
    """The `grade_id` of a cell; empty without one."""
    name = marks(cell).get("grade_id", "")
    return name if isinstance(name, str) else ""


def is_answer(cell: NotebookNode) -> bool:
    """Whether students write into this cell."""
    return bool(marks(cell).get("solution"))


def has_points(cell: NotebookNode) -> bool:
    """Whether a cell carries points."""
    return bool(marks(cell).get("grade"))


def by_hand(cell: NotebookNode) -> bool:
    """Whether this answer is marked by hand."""
    return is_answer(cell) and has_points(cell)


def locked(cell: NotebookNode) -> bool:
    """Whether students must not change this cell."""
    return bool(marks(cell).get("locked")) or (has_points(cell) and not is_answer(cell))
