"""A course folder in nbgrader's layout: release, grade, feedback."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from snnlab.classroom.assignments.catalogue import ASSIGNMENTS, Assignment, assignment_named
from snnlab.classroom.assignments.grading import Verdict, judged
from snnlab.classroom.assignments.nbgrader_cells import grading_steps
from snnlab.classroom.assignments.submission import UnreadableNotebook, read_notebook, restored

CONFIG = "nbgrader_config.py"


class CourseError(RuntimeError):
    """Something is missing in the course folder; the message says what to do."""


@dataclass(frozen=True)
class Graded:
    """What grading found."""

    results: dict[tuple[str, str], list[Verdict]] = field(default_factory=dict)
    """Verdicts by student and assignment."""
    unreadable: dict[tuple[str, str], str] = field(default_factory=dict)
    """Notebooks that could not be graded, and why."""


def find_course(folder: Path | None = None) -> Path:
    """The course folder: the one named, this one, or notebooks/assignments below this one.

    Raises:
        ValueError: it holds no `nbgrader_config.py`.
    """
    tried = [folder] if folder else [Path(), Path("notebooks/assignments")]
    for path in tried:
        if (path / CONFIG).is_file():
            return path.resolve()
    places = ", ".join(str(path) for path in tried)
    raise ValueError(f"no {CONFIG} in {places}; name the course folder with --course")


def course_directory(folder: Path, assignment: str = "", student: str = "*") -> CourseDirectory:
    """The course folder as nbgrader sees it."""
    directory = CourseDirectory(config=configuration(folder))
    directory.assignment_id, directory.student_id = assignment, student
    return directory


def configuration(folder: Path) -> Config:
    """The settings in `nbgrader_config.py`, for this folder."""
    config = PyFileConfigLoader(CONFIG, path=str(folder)).load_config()
    config.CourseDirectory.root = str(folder)
    return config


def names_of(names: Sequence[str]) -> list[str]:
    """Assignments by name, all of them if none is named.

    Raises:
        ValueError: an unknown one.
    """
    return [assignment_named(name).name for name in names] or list(ASSIGNMENTS)


def release(folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """Make the notebooks that students get: no solutions, no hidden parts.

    Args:
        folder: the course folder.
        names: assignments; none: all.

    Returns:
        The notebooks written.
    """
    written = []
    for name in names_of(names):
        directory = course_directory(folder, name)
        directory.config.SaveCells.enabled = False  # the gradebook is made when grades come in
        convert(GenerateAssignment, directory, no_database=True)
        written.append(folder / "release" / name / f"{name}.ipynb")
    return written


def grade(
    folder: Path,
    names: Sequence[str] = (),
    *,
    seed: str,
    workers: int = 2,
    walls: bool = True,
    progress: Any = None,
) -> Graded:
    """Grade all that was handed in, and write the feedback.

    Args:
        folder: the course folder.
        names: assignments; none: all that somebody handed in.
        seed: the course seed.
        workers: processes at once.
        walls: see `judged`.
        progress: wraps the iteration over the notebooks, as `tqdm` does; None: nothing.

    Returns:
        All verdicts, and what could not be read.
    """
    graded = Graded()
    for name in names_of(names):
        if not any(folder.glob(f"submitted/*/{name}/{name}.ipynb")):
            continue
        options = {"workers": workers, "walls": walls}
        judge_class(folder, assignment_named(name), graded, seed, progress, options)
        record(folder, name, graded)
    return graded


def judge_class(
    folder: Path,
    assignment: Assignment,
    graded: Graded,
    seed: str,
    progress: Any,
    options: dict[str, Any],
) -> None:
    """Fill in the verdicts on everybody's notebook."""
    released = read_notebook(released_notebook(folder, assignment.name))

    def in_order() -> Iterator[tuple[str, NotebookNode]]:
        for student, notebook, fault in notebooks(folder, assignment.name):
            if notebook is None:
                graded.unreadable[student, assignment.name] = fault
            else:
                yield student, restored(notebook, released)

    found: Any = judged(in_order(), assignment, seed, released=released, **options)
    if progress is not None:
        total = len(list(folder.glob(f"submitted/*/{assignment.name}/{assignment.name}.ipynb")))
        found = progress(found, total=total, desc=assignment.name)
    for student, verdicts in found:
        graded.results[student, assignment.name] = verdicts


def released_notebook(folder: Path, name: str) -> Path:
    """The released notebook of an assignment.

    Raises:
        CourseError: it was not released.
    """
    file = folder / "release" / name / f"{name}.ipynb"
    if not file.is_file():
        raise CourseError(f"{file} is not there; make it with: snnlab assign release {name}")
    return file


def notebooks(folder: Path, name: str) -> Iterator[tuple[str, NotebookNode | None, str]]:
    """Student, notebook and fault of each submission; a fault comes without a notebook."""
    for file in sorted(folder.glob(f"submitted/*/{name}/{name}.ipynb")):
        student = file.parent.parent.name
        try:
            yield student, read_notebook(file), ""
        except UnreadableNotebook as error:
            yield student, None, str(error)


def record(folder: Path, name: str, graded: Graded) -> None:
    """Write grades and feedback with nbgrader: gradebook, autograded/, feedback/."""
    unreadable = [student for student, which in graded.unreadable if which == name]
    directory = course_directory(folder, name)
    directory.student_id_exclude = ",".join(unreadable)
    convert(GenerateAssignment, directory)
    with keep_on():
        convert(Autograde, directory, autograde_preprocessors=grading_steps(graded.results))
    with keep_on():
        convert(GenerateFeedback, directory)


def feedback_again(folder: Path, name: str) -> None:
    """Write the feedback anew, after points were given by hand."""
    directory = course_directory(folder, name)
    with keep_on():
        convert(GenerateFeedback, directory)


def keep_on() -> contextlib.suppress:
    """One notebook that nbgrader cannot convert does not end the batch.

    nbgrader converts the others first and complains at the end. Whoever is missing in the
    gradebook is named in the table of grades.
    """
    return contextlib.suppress(CourseError)


def convert(step: type[BaseConverter], directory: CourseDirectory, **settings: Any) -> None:
    """Carry out a step of nbgrader, quietly, also where its result is there already.

    Args:
        step: the converter.
        directory: where, and for whom.
        settings: of the converter, whatever the course folder says about them.

    Raises:
        CourseError: it failed; with the last thing that nbgrader said.
    """
    log = logging.Logger("nbgrader", logging.ERROR)
    said = Messages()
    log.addHandler(said)
    directory.log = log
    converter = step(directory, config=directory.config, force=True)
    for name, value in {"log": log, **settings}.items():
        setattr(converter, name, value)
    try:
        with programs_at_hand(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of nbgrader, about its own database
            converter.start()
    except (NbGraderException, SystemExit) as error:  # nbgrader also ends programs
        raise CourseError(f"nbgrader stopped: {said.last or error}") from error


class Messages(logging.Handler):
    """Keeps what was logged last, in place of printing it."""

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Take one message in."""
        text = record.getMessage()
        if text.startswith("Traceback") or not self.last:
            self.last = text.strip().splitlines()[-1]


@contextlib.contextmanager
def programs_at_hand() -> Iterator[None]:
    """Let nbgrader find the program alembic, which is installed beside this Python."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


@contextlib.contextmanager
def gradebook(folder: Path) -> Iterator[Gradebook]:
    """The open gradebook of a course."""
    with programs_at_hand(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Gradebook(course_directory(folder).db_url) as book:
            yield book
