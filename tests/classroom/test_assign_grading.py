"""Grading a class: nothing is lost, nothing is silent, whatever comes in between."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from snnlab.classroom.assignments import class_grading, course
from snnlab.classroom.assignments.catalogue import ASSIGNMENTS, grade_id
from snnlab.classroom.assignments.class_grading import Change, Graded, enter, grade
from snnlab.classroom.assignments.grading import Verdict
from snnlab.classroom.assignments.kept import recall
from snnlab.classroom.assignments.notebook_files import read_notebook
from snnlab.classroom.assignments.written import MarksError
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


def test_points_by_hand_survive_everything_that_follows(folder: Path) -> None:
    hand_in(folder, "ada", explain="The rate is 0.3.")
    hand_in(folder, "bo", explain="No idea.")
    hand_in(folder, "ada", A4, conclusion="Noise.")
    run(folder)
    mark(folder, {"ada": "3", "bo": "0,5"})
    enter(folder)
    assert points_of(run(folder, A4)) == {"ada": 19.0, "bo": 16.5}
    before = rows(folder / "written.csv")
    assert {(row["student"], row["assignment"]) for row in before} == {
        ("ada", A1),
        ("bo", A1),
        ("ada", A4),
    }
    (folder / "gradebook.db").unlink()  # the worst case: all is graded anew
    shutil.rmtree(folder / ".kept")
    assert points_of(run(folder)) == {"ada": 19.0, "bo": 16.5}


@pytest.mark.parametrize(
    ("encoding", "sep"),
    [("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t"), ("cp1252", ";"), ("utf-16-le", ",")],
)
def test_the_table_comes_back_from_any_spreadsheet(waiting: Path, encoding: str, sep: str) -> None:
    folder = waiting
    mark(folder, {"ada": "2,5"}, encoding, sep)
    changed, grades = enter(folder)
    assert changed == 1
    assert grades[0].points == 18.5
    assert rows(folder / "written.csv")[0]["answer"].startswith("Für drei")


def test_entering_points_grades_nothing(waiting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = waiting
    monkeypatch.setattr(class_grading, "judged", None)
    mark(folder, {"ada": "3"})
    changed, grades = enter(folder)
    assert (changed, grades[0].points, grades[0].pending) == (1, 19.0, 0.0)
    page = folder / "feedback" / "ada" / A1 / f"{A1}.html"
    assert "19.0 / 20.0" in page.read_text("utf-8")
    assert enter(folder)[0] == 0  # the same table again changes nothing


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"points": "9"}, "points must be 0 to 4, got '9'"),
        ({"points": "good"}, "points must be 0 to 4, got 'good'"),
        ({"points": "nan"}, "points must be 0 to 4, got 'nan'"),
        ({"points": "-1"}, "points must be 0 to 4, got '-1'"),
        ({"points": ""}, "its 3 points are gone"),
        ({"student": "adda"}, "there is no such answer in this course"),
        ({"task": "explain it"}, "there is no such answer in this course"),
    ],
)
def test_a_row_that_cannot_be_taken_stops_before_grading(
    done: Path, change: dict[str, str], words: str
) -> None:
    folder = done
    (row,) = rows(folder / "written.csv")
    save(folder / "written.csv", [row | change])
    typed = (folder / "written.csv").read_bytes()
    hand_in(folder, "bo")
    for step in (run, enter):
        with pytest.raises(MarksError, match=r"written\.csv, row 2") as error:
            step(folder)
        assert words in str(error.value)
    assert (folder / "written.csv").read_bytes() == typed
    assert not recall(folder, A1, "bo").verdicts


def test_points_are_withdrawn_by_a_word(waiting: Path) -> None:
    folder = waiting
    for points, expected in (("3", (19.0, 0.0)), ("withdraw", (16.0, 4.0)), ("2", (18.0, 0.0))):
        mark(folder, {"ada": points})
        grades = enter(folder)[1]
        assert (grades[0].points, grades[0].pending) == expected


def test_two_markers_are_merged_and_conflicts_named(folder: Path) -> None:
    for student in ("ada", "bo", "cy"):
        hand_in(folder, student, explain=f"The rate is 0.3, says {student}.")
    run(folder)
    base = rows(folder / "written.csv")
    tables = {}
    for marker, points in {"kim": {"ada": "1"}, "lee": {"bo": "2", "cy": "3"}}.items():
        tables[marker] = folder / f"{marker}.csv"
        save(tables[marker], [row | {"points": points.get(row["student"], "")} for row in base])
    assert enter(folder, list(tables.values()))[0] == 3
    assert points_of(run(folder)) == {"ada": 17.0, "bo": 18.0, "cy": 19.0}
    save(tables["kim"], [row | {"points": "4"} for row in base])  # from before lee's were entered
    with pytest.raises(MarksError) as error:
        enter(folder, [tables["kim"]])
    assert "kim.csv, row 2 (ada" in str(error.value)
    assert "since this table was written 1 points were given" in str(error.value)
    base = rows(folder / "written.csv")
    save(tables["kim"], [row | {"points": "4"} for row in base])
    save(tables["lee"], [row | {"points": "0"} for row in base])
    with pytest.raises(MarksError) as error:
        enter(folder, list(tables.values()))
    assert str(error.value).count("0 points, but kim.csv, row") == 3
    assert points_of(run(folder)) == {"ada": 17.0, "bo": 18.0, "cy": 19.0}


def test_rows_and_columns_of_the_lecturer_stay_and_the_table_is_backed_up(waiting: Path) -> None:
    folder = waiting
    (row,) = rows(folder / "written.csv")
    other = row | {"student": "zoe", "points": "", "answer": "on paper"}
    save(folder / "written.csv", [row | {"marker": "Kim"}, other | {"marker": "Lee"}])
    typed = (folder / "written.csv").read_bytes()
    hand_in(folder, "bo", explain="No idea.")
    run(folder)
    found = {row["student"]: row for row in rows(folder / "written.csv")}
    assert found["ada"]["marker"] == "Kim"
    assert found["zoe"]["answer"] == "on paper"
    assert "bo" in found
    assert typed in [file.read_bytes() for file in (folder / "backups").iterdir()]


def test_grading_enters_points_that_were_typed(waiting: Path) -> None:
    folder = waiting
    mark(folder, {"ada": "3"})
    assert points_of(run(folder)) == {"ada": 19.0}  # grading enters them too


def test_a_changed_answer_says_that_its_points_were_given_for_an_earlier_one(done: Path) -> None:
    folder, first = done, (done / "submitted" / "ada" / A1 / f"{A1}.ipynb").read_bytes()
    hand_in(folder, "ada", explain="The rate is 0.25.")
    grade_now = run(folder).grades[0]
    assert (grade_now.points, grade_now.pending) == (19.0, 4.0)
    assert "earlier text" in grade_now.note
    assert "earlier text" in rows(folder / "written.csv")[0]["note"]
    (folder / "submitted" / "ada" / A1 / f"{A1}.ipynb").write_bytes(first)  # and back again
    assert run(folder).grades[0].pending == 0.0


def test_what_changed_is_shown_before_it_counts(folder: Path) -> None:
    hand_in(folder, "ada")
    hand_in(folder, "bo")
    run(folder)
    hand_in(folder, "ada", fire="wrong")
    shown: list[Change] = []

    def refuse(changes: list[Change]) -> bool:
        shown.extend(changes)
        return False

    done = run(folder, agree=refuse)
    assert [(c.student, c.task, c.before, c.after) for c in shown] == [("ada", "fire", 3.0, 0.0)]
    assert shown[0].why == "handed in again"
    assert done.held
    assert points_of(done) == {"ada": 16.0, "bo": 16.0}
    assert "would change" in done.grades[0].note
    assert points_of(run(folder)) == {"ada": 13.0, "bo": 16.0}


def test_the_same_notebooks_are_not_judged_again(folder: Path) -> None:
    hand_in(folder, "ada")
    assert run(folder).judged == 1
    assert run(folder).judged == 0
    assert grade(folder, seed="tuesday").judged == 1  # other hidden cases
    hand_in(folder, "bo")
    assert run(folder, student="bo").judged == 1
    with pytest.raises(ValueError, match="by 'nobody'"):
        run(folder, student="nobody")


def test_a_damaged_notebook_leaves_no_stale_points(folder: Path) -> None:
    file = hand_in(folder, "ada", explain="The rate is 0.3.")
    run(folder)
    file.write_bytes(b"damaged")
    done = run(folder)
    assert [(change.task, change.after) for change in done.changes] == [
        (task.name, 0.0) for task in ASSIGNMENTS[A1].tasks
    ]
    assert points_of(done) == {"ada": 0.0}
    assert "not a notebook" in done.grades[0].note
    assert not list(folder.glob("feedback/ada/**/*.html"))
    hand_in(folder, "ada")
    assert points_of(run(folder)) == {"ada": 16.0}


def test_odd_bytes_are_graded_as_they_were_judged(folder: Path) -> None:
    file = hand_in(folder, "ada", fire="wrong")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert points_of(run(folder)) == {"ada": 13.0}


def test_everybody_of_the_class_list_has_a_row_in_every_assignment(folder: Path) -> None:
    hand_in(folder, "ada")
    hand_in(folder, "ada", A4)
    (folder / "students.csv").write_text("student,name,number\nada,Ada A,1\nzoe,Zoe Z,2\n")
    header = "student,assignment,source,time,taken,note\n"
    (folder / "handins.csv").write_text(
        f"{header}ada,{A1},x/a.ipynb,2026-11-02 10:00,yes,\n"
        "zoe,,zoe/scan.pdf,,no,no notebook: scan.pdf\n"
    )
    done = run(folder)
    found = {(row["student"], row["assignment"]): row for row in rows(folder / "grades.csv")}
    assert set(found) == {(who, name) for who in ("ada", "zoe") for name in (A1, A4)}
    assert found["ada", A1]["source"] == "x/a.ipynb"
    assert found["zoe", A1]["number"] == "2"
    assert found["zoe", A1]["source"] == "zoe/scan.pdf"
    assert "no notebook" in found["zoe", A1]["note"]
    assert len(done.grades) == 4


@pytest.mark.parametrize(
    ("due", "late"),
    [
        ("", "1 d 10 h 1 min"),
        ("+1", "10 h 1 min"),
        ("+2", ""),
        ("2026-11-03 10:00", "1 min"),
        ("3.11.2026", ""),
        (f"{A4} +5", "1 d 10 h 1 min"),
        (f"{A1}: +1; {A4} +5", "10 h 1 min"),
    ],
)
def test_late_notebooks_and_extensions(folder: Path, due: str, late: str) -> None:
    hand_in(folder, "ada")
    (folder / "deadlines.csv").write_text(f"assignment,due\n{A1},2026-11-02 00:00\n")
    (folder / "students.csv").write_text(f"student,name,number,due\nada,Ada,1,{due}\n")
    (folder / "handins.csv").write_text(
        f"student,assignment,source,time,taken,note\nada,{A1},a.ipynb,2026-11-03 10:01,yes,\n"
    )
    assert run(folder).grades[0].late == late


def test_a_release_is_whole_at_any_moment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "release" / A1 / f"{A1}.ipynb"
    before = file.read_bytes()

    def stop(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(course, "convert", stop)
    with pytest.raises(KeyboardInterrupt):
        course.release(folder, [A1])
    assert file.read_bytes() == before


STEPS: list[tuple[str, Callable[[int], bool]]] = [
    ("keep", lambda call: call in (1, 2, 3)),
    ("record", lambda call: call in (1, 2)),
    ("enter_assignment", lambda call: call == 1),
    ("write_tables", lambda call: call == 1),
]


@pytest.mark.parametrize("step", [name for name, _ in STEPS])
def test_the_same_command_goes_on_where_it_was_stopped(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    for student in ("ada", "bo", "cy"):
        hand_in(folder, student)
    calls, right, when = [0], getattr(class_grading, step), dict(STEPS)[step]

    def stopped(*arguments: Any, **options: Any) -> Any:
        calls[0] += 1
        if when(calls[0]):
            raise KeyboardInterrupt
        return right(*arguments, **options)

    monkeypatch.setattr(class_grading, step, stopped)
    for _ in range(4):
        try:
            done = run(folder)
            break
        except KeyboardInterrupt:
            continue
    assert points_of(done) == {"ada": 16.0, "bo": 16.0, "cy": 16.0}
    assert len(list(folder.glob("feedback/*/*/*.html"))) == 3
    assert not (folder / ".staging").exists()
    assert json.loads((folder / ".kept" / A1 / "ada.json").read_text())["counted"]
