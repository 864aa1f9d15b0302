"""nbgrader's marks on the cells of an assignment, and how its cells are named."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode

CHECK = "check_"
"""How the `grade_id` begins of a cell that checks a task."""


def check_id(task: str) -> str:
    """`grade_id` of the cell that checks a task and carries its points."""
    return f"{CHECK}{task}"


def answer_id(name: str) -> str:
    """`grade_id` of the cell that holds the answer for which a cell carries points."""
    return name.removeprefix(CHECK)


def marks(cell: NotebookNode) -> dict[str, Any]:
    """The marks of a cell; none, where an editor dropped them."""
    found = cell.get("metadata", {}).get("nbgrader", {})
    return found if isinstance(found, dict) else {}


def grade_id(cell: NotebookNode) -> str:
    """The name of a cell, or empty."""
    name = marks(cell).get("grade_id", "")
    return name if isinstance(name, str) else ""


def is_answer(cell: NotebookNode) -> bool:
    """Whether students write into this cell."""
    return bool(marks(cell).get("solution"))


def has_points(cell: NotebookNode) -> bool:
    """Whether a cell carries points."""
    return bool(marks(cell).get("grade"))


def by_hand(cell: NotebookNode) -> bool:
    """Whether a person reads this answer."""
    return is_answer(cell) and has_points(cell)


def locked(cell: NotebookNode) -> bool:
    """Whether students leave this cell as it is."""
    return bool(marks(cell).get("locked")) or (has_points(cell) and not is_answer(cell))
