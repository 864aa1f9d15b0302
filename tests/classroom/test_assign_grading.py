"""Grading a class: nothing is lost, nothing is silent, whatever comes in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from snnlab.classroom.assignments import course
from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.grading import class_grading
from snnlab.classroom.assignments.grading.class_grading import Change, grade
from tests.classroom.quick_course import A1, A4, hand_in, points_of, rows, run


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_same_notebooks_are_not_judged_again(folder: Path) -> None:
    hand_in(folder, "ada")
    assert run(folder).judged == 1
    assert run(folder).judged == 0
    assert grade(folder, seed="tuesday").judged == 1  # other hidden cases
    hand_in(folder, "bo")
    assert run(folder, student="bo").judged == 1
    with pytest.raises(ValueError, match="by 'nobody'"):
        run(folder, student="nobody")


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("due", "late"),
    [
        ("", "1 d 10 h 1 min"),
        ("+1", "10 h 1 min"),
        ("+2", ""),
        ("2026-11-03 10:00", "1 min"),
        ("3.11.2026", ""),
        ("2", ""),
        ("+1 day", "10 h 1 min"),
        ("2026-11-03 9:00", "1 h 1 min"),
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
    ("save_state", lambda call: call in (1, 2, 3)),
    ("record", lambda call: call in (1, 2)),
    ("enter_assignment", lambda call: call == 1),
    ("write_tables", lambda call: call == 1),
]


@pytest.mark.parametrize(
    "step",
    [pytest.param(name, marks=[pytest.mark.slow] if name != "record" else []) for name, _ in STEPS],
)
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


@pytest.mark.parametrize("due", ["nonsense", "11/5/2026", "-1", "a9 +2"])
def test_an_extension_that_cannot_be_read_is_told_first(folder: Path, due: str) -> None:
    hand_in(folder, "ada")
    (folder / "students.csv").write_text(f"student,name,number,due\nada,Ada,1,{due}\n")
    with pytest.raises(ValueError, match=r"students\.csv, row of ada Ada: due"):
        run(folder)
    assert not (folder / ".kept" / A1 / "ada.json").exists()


def test_files_of_nobody_have_rows(folder: Path) -> None:
    hand_in(folder, "ada")
    (folder / "handins.csv").write_text(
        "student,assignment,source,time,taken,note\n"
        f",{A1},Ann Lee_9/a.ipynb,,no,two people are called Ann Lee\n"
    )
    done = run(folder)
    assert [(grade.student, grade.source) for grade in done.grades][-1] == ("", "Ann Lee_9/a.ipynb")
    assert done.nobodys == ["Ann Lee_9/a.ipynb"]


def test_text_in_another_place_than_the_answer_is_pointed_out(folder: Path) -> None:
    file = hand_in(folder, "ada")
    notebook = nbformat.read(file, 4)
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell("My answer: the rate is 0.3."))
    nbformat.write(notebook, file)
    assert "explain not answered in its place" in run(folder).grades[0].note
