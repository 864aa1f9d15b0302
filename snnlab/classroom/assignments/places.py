"""Paths in a course folder, which has the layout of nbgrader."""

from __future__ import annotations

import glob
from pathlib import Path

STAMP = "timestamp.txt"
"""The file beside a notebook that says when it was handed in."""
REMEMBERED = ".kept"
"""Folder of the states that grading keeps between its runs."""


def source(course: Path, name: str) -> Path:
    """An assignment with its solutions."""
    return course / "source" / name / f"{name}.ipynb"


def released(course: Path, name: str) -> Path:
    """An assignment as students get it."""
    return course / "release" / name / f"{name}.ipynb"


def submitted(course: Path, student: str, name: str) -> Path:
    """A student's notebook."""
    return course / "submitted" / student / name / f"{name}.ipynb"


def autograded(course: Path, student: str, name: str) -> Path:
    """A student's notebook with what grading wrote into it."""
    return course / "autograded" / student / name / f"{name}.ipynb"


def page(course: Path, student: str, name: str) -> Path:
    """A student's page of feedback."""
    return course / "feedback" / student / name / f"{name}.html"


def all_submitted(course: Path, name: str, student: str = "") -> list[Path]:
    """The notebooks of an assignment, by student; with `student`: only that one's."""
    who = glob.escape(student) if student else "*"
    return sorted(course.glob(f"submitted/{who}/{name}/{name}.ipynb"))


def owner(file: Path) -> str:
    """The student who submitted a notebook."""
    return file.parent.parent.name


def students(course: Path) -> set[str]:
    """All students who have a folder for their notebooks."""
    return {place.name for place in course.glob("submitted/*") if place.is_dir()}
