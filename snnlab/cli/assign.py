"""`snnlab assign`: release assignments, check, collect and grade them, and report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from psutil import virtual_memory
from tqdm import tqdm

from snnlab.cli import assign_words as words
from snnlab.cli.answer import answer, need
from snnlab.jobs.places import cores

if TYPE_CHECKING:
    from snnlab.classroom.assignments.grading.class_grading import Change

Step = Annotated[
    Literal["release", "check", "collect", "grade", "enter", "report", "similar"],
    tyro.conf.Positional,
    tyro.conf.arg(metavar="release|check|collect|grade|enter|report|similar"),
]
MEMORY = 1 << 31
"""Bytes that a process with a student's code may need, libraries and all."""
FITTING = max(1, min(cores(), virtual_memory().total // MEMORY))
"""Processes that this machine has cores and memory for."""
FOR_STUDENTS = ("check",)
"""Steps for students, who need not have nbgrader."""


@dataclass(frozen=True)
class Assign:
    """Assignments: release, check FILE, collect ZIP-OR-FOLDER, grade, enter, report, similar.

    release [NAME ...]: make the notebooks for students, without solutions, and an archive.
    check FILE: what a student runs before handing in; known cases only.
    collect ZIP-OR-FOLDER: take in the bulk download of a learning platform.
    grade [NAME ...]: grade what is new, write grades.csv and feedback/; needs SNNLAB_COURSE_SEED.
    enter [FILE ...]: take in the points of written.csv, or of several markers' copies of it.
    report: per task how many passed, and the most frequent mistake.
    similar [NAME ...]: answers that are much alike; a hint to look, not a verdict.
    """

    step: Step
    """What to do."""
    what: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="WHAT")] = ()
    """check, enter: files; collect: a zip file or a folder; else names of assignments."""
    course: Path | None = None
    """The course folder; by default this one, or notebooks/assignments below it."""
    student: str = ""
    """grade: this student only: id, name or number in students.csv."""
    yes: bool = False
    """grade: points that change against those that count so far are to count."""
    without_walls: bool = False
    """grade: also where the system cannot keep students' code apart; see TEACHERS_GUIDE.md."""
    workers: int = FITTING
    """grade, check, enter: processes at once."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Carry out the step.

        Raises:
            ValueError: what the step needs is missing, or nbgrader is not installed.
        """
        if self.step not in FOR_STUDENTS:
            need("nbgrader", 'assignments need nbgrader: pip install "snnlab[classroom]"')
        if self.workers < 1:
            raise ValueError(f"--workers must be at least 1, got {self.workers}")
        value, text = getattr(self, f"_{self.step}")()
        answer(value, text, as_json=self.json)

    @property
    def _folder(self) -> Path:
        from snnlab.classroom.assignments.course import find_course

        return find_course(self.course)

    @property
    def _progress(self) -> Callable[..., Any]:
        """A progress bar on stderr, in a terminal only."""
        return partial(tqdm, unit="notebook", leave=False, disable=self.json or None)

    def _release(self) -> tuple[dict[str, Any], str]:
        from snnlab.classroom.assignments.course import release

        files = [str(file) for file in release(self._folder, self.what)]
        return {"released": files}, "\n".join(files)

    def _check(self) -> tuple[dict[str, Any], str]:
        if not self.what:
            raise ValueError("check needs a notebook: snnlab assign check a1_neuron.ipynb")
        entries = [check_entry(Path(name), self.workers) for name in self.what]
        return {"checks": entries}, "\n\n".join(words.check_text(entry) for entry in entries)

    def _collect(self) -> tuple[dict[str, Any], str]:
        from snnlab.classroom.assignments.collecting.collect import collect

        if len(self.what) != 1:
            raise ValueError(f"collect needs one zip file or folder, got {len(self.what)}")
        found = collect(Path(self.what[0]), self._folder)
        return {"collected": [asdict(entry) for entry in found]}, words.collected_text(found)

    def _grade(self) -> tuple[dict[str, Any], str]:
        from snnlab.classroom.assignments.grading.class_grading import grade
        from snnlab.classroom.assignments.grading.grades import GRADES
        from snnlab.classroom.assignments.task import course_seed

        folder = self._folder
        done = grade(
            folder,
            self.what,
            seed=course_seed(),
            workers=self.workers,
            student=self.student,
            walls=not self.without_walls,
            agree=self._agree,
            progress=self._progress,
        )
        return asdict(done) | {"table": str(folder / GRADES)}, words.graded_text(done, folder)

    def _agree(self, changes: Sequence[Change]) -> bool:
        """Whether changed points are to count: `--yes`, or the answer to a question."""
        if self.yes or self.json or not sys.stdin.isatty():
            return self.yes
        print(words.changes_text(changes))
        try:
            return input("Are these points to count? [y/N] ").strip().lower() in ("y", "yes")
        except EOFError:
            return False

    def _enter(self) -> tuple[dict[str, Any], str]:
        from snnlab.classroom.assignments.grading.class_grading import enter

        folder = self._folder
        changed, grades = enter(
            folder,
            [Path(name) for name in self.what],
            workers=self.workers,
            progress=self._progress,
        )
        value = {"entered": changed, "grades": [asdict(each) for each in grades]}
        return value, words.entered_text(changed, grades, folder)

    def _report(self) -> tuple[dict[str, Any], str]:
        from snnlab.classroom.assignments.grading.grades import summaries

        found = summaries(self._folder)
        return {"tasks": [asdict(each) for each in found]}, words.report_text(found)

    def _similar(self) -> tuple[dict[str, Any], str]:
        from snnlab.classroom.assignments.similarity import similar, similar_text

        found = similar(self._folder, self.what)
        return {"similar": [asdict(each) for each in found]}, similar_text(found)


def check_entry(file: Path, workers: int) -> dict[str, Any]:
    """Judge one notebook by the known cases."""
    from snnlab.classroom.assignments.catalogue import assignment_of
    from snnlab.classroom.assignments.grading.verdicts import judged
    from snnlab.classroom.assignments.notebooks.reading import read_notebook
    from snnlab.classroom.assignments.notebooks.restoring import missing_cells, unanswered

    if not file.is_file():
        raise FileNotFoundError(f"there is no file {str(file)!r}")
    notebook = read_notebook(file)
    assignment = assignment_of(notebook)
    if assignment is None:
        raise ValueError(f"{str(file)!r} is no notebook of an assignment of this course")
    ((_, found),) = judged([(file, notebook)], assignment, None, workers=workers, walls=False)
    tasks = [
        {
            "task": verdict.task,
            "passed": verdict.diagnosis.passed,
            "possible": verdict.possible,
            "message": verdict.diagnosis.message,
            "hint": verdict.diagnosis.hint,
        }
        for verdict in found
    ]
    return {
        "file": str(file),
        "assignment": assignment.name,
        "tasks": tasks,
        "unanswered": unanswered(notebook),
        "missing": missing_cells(notebook, assignment),
    }
