"""`snnlab assign`: release assignments, check, collect and grade them, and report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from tqdm import tqdm

from snnlab.cli.answer import answer, table

if TYPE_CHECKING:
    from snnlab.classroom.assignments.collecting import Collected
    from snnlab.classroom.assignments.tables import Grade

Step = Annotated[
    Literal["release", "check", "collect", "grade", "report"],
    tyro.conf.Positional,
    tyro.conf.arg(metavar="release|check|collect|grade|report"),
]

@dataclass(frozen=True)
class Assign:
    """Assignments: release, check FILE, collect ZIP-OR-FOLDER, grade, report.

    release [NAME ...]: make the notebooks for students, without solutions.
    check FILE: what a student runs before handing in; known cases only.
    collect ZIP-OR-FOLDER: take in the bulk download of a learning platform.
    grade [NAME ...]: grade all, write grades.csv and feedback/; needs SNNLAB_COURSE_SEED.
    report: per task how many passed, and the most frequent mistake.
    """

    step: Step
    """What to do."""
    what: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="WHAT")] = ()
    """check: one or more notebooks; collect: a zip file or a folder; else names of assignments."""
    course: Path | None = None
    """The course folder; by default this one, or notebooks/assignments below it."""
    workers: int = max(1, os.cpu_count() or 1)
    """grade, check: processes at once."""
    without_walls: bool = False
    """grade: run students' code also where the kernel cannot keep it apart; see TEACHERS_GUIDE."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Carry out the step.

        Raises:
            ValueError: what the step needs is missing, or nbgrader is not installed.
        """
        if self.step != "check":  # students need not have it
            need_nbgrader()
        if self.workers < 1:
            raise ValueError(f"--workers must be at least 1, got {self.workers}")
        getattr(self, f"_{self.step}")()

    def _release(self) -> None:
        from snnlab.classroom.assignments.course import find_course, release

        files = [str(file) for file in release(find_course(self.course), self.what)]
        answer({"released": files}, "\n".join(files), as_json=self.json)

    def _check(self) -> None:
        if not self.what:
            raise ValueError("check needs a notebook: snnlab assign check a1_neuron.ipynb")
        entries = [check_entry(Path(name), self.workers) for name in self.what]
        text = "\n\n".join(check_text(entry) for entry in entries)
        answer({"checks": entries}, text, as_json=self.json)

    def _collect(self) -> None:
        from snnlab.classroom.assignments.collecting import collect
        from snnlab.classroom.assignments.course import find_course
        from snnlab.classroom.assignments.tables import remember_students

        if len(self.what) != 1:
            raise ValueError(f"collect needs one zip file or folder, got {len(self.what)}")
        folder = find_course(self.course)
        found = collect(Path(self.what[0]), folder)
        remember_students(folder, {entry.student: entry.name for entry in found if entry.taken})
        value = {"collected": [asdict(entry) for entry in found]}
        answer(value, collected_text(found), as_json=self.json)

    def _grade(self) -> None:
        from snnlab.classroom.assignments.course import find_course, grade
        from snnlab.classroom.assignments.tables import GRADES, write_tables
        from snnlab.classroom.assignments.task import course_seed

        folder, seed = find_course(self.course), course_seed()
        progress = None if self.json else bar
        walls = not self.without_walls
        graded = grade(
            folder, self.what, seed=seed, workers=self.workers, walls=walls, progress=progress
        )
        if not graded.results and not graded.unreadable:
            raise ValueError(f"nothing is handed in below {folder / 'submitted'}; first: collect")
        grades = write_tables(folder, graded)
        value = {
            "grades": [asdict(entry) for entry in grades],
            "table": str(folder / GRADES),
            "walls": walls,
        }
        answer(value, grades_text(grades, folder), as_json=self.json)

    def _report(self) -> None:
        from snnlab.classroom.assignments.course import find_course
        from snnlab.classroom.assignments.tables import summaries

        found = summaries(find_course(self.course))
        lines = []
        for each in found:
            lines.append(f"{each.assignment} {each.task}: {each.passed} of {each.handed_in} passed")
            if each.times:
                lines.append(f"    most often ({each.times}): {each.most_frequent}")
        value = {"tasks": [asdict(each) for each in found]}
        answer(value, "\n".join(lines), as_json=self.json)


def need_nbgrader() -> None:
    """Say how to install nbgrader, where it is missing.

    Raises:
        ValueError: it is.
    """
    if find_spec("nbgrader") is None:
        raise ValueError('assignments need nbgrader: pip install "snnlab[classroom]"')


def check_entry(file: Path, workers: int) -> dict[str, Any]:
    """Judge one notebook by the known cases."""
    from snnlab.classroom.assignments.catalogue import assignment_of
    from snnlab.classroom.assignments.grading import judged
    from snnlab.classroom.assignments.submission import missing_cells, read_notebook, unanswered

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


def check_text(entry: dict[str, Any]) -> str:
    """The verdicts on one notebook, for people."""
    lines = [f"{entry['file']}: {entry['assignment']}, known cases only"]
    for task in entry["tasks"]:
        sign = "right" if task["passed"] else "not yet"
        lines.append(f"  {task['task']:<20} {sign:<8} {task['message']}")
        if task["hint"] and not task["passed"]:
            lines.append(f"  {'':<20} {'':<8} Hint: {task['hint']}")
    if entry["unanswered"]:
        lines.append(f"  not answered yet: {', '.join(entry['unanswered'])}")
    if entry["missing"]:
        lines.append(f"  cells that are missing: {', '.join(entry['missing'])}")
    passed = [task for task in entry["tasks"] if task["passed"]]
    points = sum(task["possible"] for task in passed)
    possible = sum(task["possible"] for task in entry["tasks"])
    lines.append(
        f"  {len(passed)} of {len(entry['tasks'])} tasks right so far, {points} of {possible} "
        "points in code if the hidden cases pass too"
    )
    return "\n".join(lines)


def collected_text(found: Sequence[Collected]) -> str:
    """What was collected, for people."""
    rows = [
        [entry.student, entry.assignment or "none", "yes" if entry.taken else "no", entry.note]
        for entry in found
    ]
    taken = sum(entry.taken for entry in found)
    students = len({entry.student for entry in found if entry.taken})
    text = table(["student", "assignment", "taken", "note"], rows)
    return f"{text}\n{taken} notebooks of {students} students taken"


def grades_text(grades: Sequence[Grade], folder: Path) -> str:
    """The grades, for people."""
    rows = [
        [each.student, each.assignment, f"{each.points:g}", f"{each.pending:g}", each.note]
        for each in grades
    ]
    text = table(["student", "assignment", "points", "to be read", "note"], rows)
    return (
        f"{text}\ngrades in {folder / 'grades.csv'}, feedback in {folder / 'feedback'}\n"
        f"written answers: fill in the points in {folder / 'written.csv'} and grade again"
    )


def bar(items: Any, *, total: int, desc: str) -> Any:
    """A progress bar on stderr, in a terminal only."""
    return tqdm(items, total=total, desc=desc, unit="notebook", leave=False, disable=None)
