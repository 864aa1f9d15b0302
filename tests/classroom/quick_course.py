"""A course folder whose judge runs nothing, for tests of what grading keeps and writes."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from snnlab.classroom.assignments import course
from snnlab.classroom.assignments.grading import class_grading
from snnlab.classroom.assignments.grading.class_grading import Graded, enter, grade
from snnlab.classroom.assignments.grading.verdicts import Verdict
from snnlab.classroom.assignments.notebooks.marks import grade_id
from snnlab.classroom.assignments.notebooks.reading import read_notebook
from snnlab.classroom.diagnosis import Diagnosis, not_yet

COURSE = Path(__file__).parents[2] / "notebooks" / "assignments"
A1, A4 = "a1_neuron", "a4_race"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course folder with releases and an empty gradebook."""
    folder = tmp_path_factory.mktemp("released") / "course"
    shutil.copytree(COURSE / "source", folder / "source")
    shutil.copytree(COURSE / "release", folder / "release")
    shutil.copy(COURSE / "nbgrader_config.py", folder)
    for name in (A1, A4):
        course.enter_assignment(folder, name)
    return folder


@pytest.fixture(scope="module")
def graded(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course folder in which Ada's answer waits to be read."""
    folder = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(released, folder)
    hand_in(folder, "ada", explain='Für drei Zehntel; "genau",\nweil ...')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(class_grading, "judged", quick)
        run(folder)
    return folder


@pytest.fixture(scope="module")
def marked(graded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, after Ada got three points."""
    folder = tmp_path_factory.mktemp("marked") / "course"
    shutil.copytree(graded, folder)
    mark(folder, {"ada": "3"})
    enter(folder)
    return folder


@pytest.fixture
def waiting(folder: Path, graded: Path) -> Path:
    """A copy of `graded` for one test."""
    shutil.rmtree(folder)
    shutil.copytree(graded, folder)
    return folder


@pytest.fixture
def done(folder: Path, marked: Path) -> Path:
    """A copy of `marked` for one test."""
    shutil.rmtree(folder)
    shutil.copytree(marked, folder)
    return folder


@pytest.fixture
def folder(released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course folder whose judge gives all points but to those who wrote `wrong`."""
    folder = tmp_path / "course"
    shutil.copytree(released, folder)
    monkeypatch.setattr(class_grading, "judged", quick)
    return folder


def quick(
    notebooks: Iterator[tuple[Any, NotebookNode]], assignment: Any, seed: Any, **options: Any
) -> Iterator[tuple[Any, list[Verdict]]]:
    """A judge that runs nothing: an answer that says `wrong` is wrong."""
    for key, notebook in notebooks:
        text = {grade_id(cell): cell.source for cell in notebook.cells}
        yield key, [verdict_on(task, text[task.name]) for task in assignment.tasks]


def verdict_on(task: Any, source: str) -> Verdict:
    said = not_yet("It says wrong.") if "wrong" in source else Diagnosis(True, "Fine.")
    return Verdict(task.name, task.points if said.passed else 0.0, task.points, said)


def hand_in(folder: Path, student: str, name: str = A1, **answers: str) -> Path:
    """Put a notebook where `collect` puts it."""
    notebook = read_notebook(COURSE / "release" / name / f"{name}.ipynb")
    for cell in notebook.cells:
        if grade_id(cell) in answers:
            cell.source = answers[grade_id(cell)]
    file = folder / "submitted" / student / name / f"{name}.ipynb"
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, file)
    return file


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def mark(folder: Path, points: dict[str, str], encoding: str = "utf-8-sig", sep: str = ",") -> None:
    """Fill points into `written.csv`, by student, and save it as a spreadsheet would."""
    found = rows(folder / "written.csv")
    for row in found:
        row["points"] = points.get(row["student"], row["points"])
    save(folder / "written.csv", found, encoding, sep)


def save(file: Path, found: list[dict[str, str]], encoding: str = "utf-8", sep: str = ",") -> None:
    with file.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, list(found[0]), delimiter=sep)
        writer.writeheader()
        writer.writerows(found)


def run(folder: Path, *names: str, **options: Any) -> Graded:
    return grade(folder, names, seed="monday", **options)


def points_of(done: Graded, name: str = A1) -> dict[str, float]:
    return {each.student: each.points for each in done.grades if each.assignment == name}
