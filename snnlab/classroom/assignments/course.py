"""A course folder in nbgrader's layout, and how to run steps of nbgrader in it."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from snnlab.classroom.assignments import places
from snnlab.classroom.assignments.catalogue import names_of
from snnlab.classroom.assignments.feedback_page import PAGE
from snnlab.classroom.assignments.spreadsheets import digest, write_whole
from snnlab.classroom.assignments.student_archive import write_archive

CONFIG = "nbgrader_config.py"


class CourseError(RuntimeError):
    """Something is missing in the course folder; the message says what to do."""


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
    config.HTMLExporter.update(PAGE)  # in the settings too, but not in those of older courses
    return config


def release(folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """Make the notebooks that students get: no solutions, no hidden parts.

    They are made in a temporary folder first, so that `release/` is complete at any moment.

    Args:
        folder: the course folder.
        names: assignments; none: all.

    Returns:
        The notebooks written, and the archive for students.
    """
    written = []
    for name in names_of(names):
        released = places.released(folder, name)
        with generated(folder, name, in_gradebook=False) as made:
            for file in sorted(path for path in made.rglob("*") if path.is_file()):
                write_whole(released.parent / file.relative_to(made), file.read_bytes())
        written.append(released)
    return [*written, write_archive(folder)]


def enter_assignment(folder: Path, name: str) -> None:
    """Update the tasks of an assignment and their points in the gradebook, from its source."""
    note = folder / places.REMEMBERED / f"{name}.source"
    source = digest(places.source(folder, name).read_bytes())
    with gradebook(folder) as book:
        known = name in {assignment.name for assignment in book.assignments}
    if known and note.is_file() and note.read_text("utf-8") == source:
        return
    with generated(folder, name, in_gradebook=True):
        write_whole(note, source.encode())


@contextlib.contextmanager
def generated(folder: Path, name: str, *, in_gradebook: bool) -> Iterator[Path]:
    """A temporary folder with an assignment as nbgrader generates it from the source."""
    with tempfile.TemporaryDirectory(prefix="snnlab-release-") as place:
        directory = course_directory(folder, name)
        directory.release_directory = place
        directory.config.SaveCells.enabled = in_gradebook
        convert(GenerateAssignment, directory, no_database=not in_gradebook)
        yield Path(directory.format_path(place, ".", name))


def released_notebook(folder: Path, name: str) -> Path:
    """The released notebook of an assignment.

    Raises:
        CourseError: it was not released.
    """
    file = places.released(folder, name)
    if not file.is_file():
        raise CourseError(f"{file} is not there; make it with: snnlab assign release {name}")
    return file


def convert(step: type[BaseConverter], directory: CourseDirectory, **settings: Any) -> None:
    """Run a step of nbgrader without output, even if its result exists already.

    Args:
        step: the converter.
        directory: the course, with assignment and student.
        settings: of the converter; they override those of the course folder.

    Raises:
        CourseError: it failed; the message is the last one of nbgrader.
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
    except (NbGraderException, SystemExit) as error:  # nbgrader may call sys.exit
        raise CourseError(f"nbgrader stopped: {said.last or error}") from error


class Messages(logging.Handler):
    """Keeps the last log message, and prints nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        text = record.getMessage()
        if text.startswith("Traceback") or not self.last:
            self.last = text.strip().splitlines()[-1]


@contextlib.contextmanager
def programs_at_hand() -> Iterator[None]:
    """Put the folder of this Python on the path, where nbgrader finds the program alembic."""
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
