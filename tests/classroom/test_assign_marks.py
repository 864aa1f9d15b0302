"""Points by hand: typed in any spreadsheet, by several people, and never lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from snnlab.classroom.assignments.grading import class_grading
from snnlab.classroom.assignments.grading.class_grading import enter
from snnlab.classroom.assignments.grading.state import load_state
from snnlab.classroom.assignments.grading.written import MarksError
from tests.classroom.quick_course import A1, A4, hand_in, mark, points_of, rows, run, save


@pytest.mark.slow
def test_points_by_hand_survive_everything_that_follows(folder: Path) -> None:
    hand_in(folder, "ada", explain="The rate is 0.3.")
    hand_in(folder, "bo", explain="No idea.")
    hand_in(folder, "ada", A4, conclusion="Noise.")
    run(folder)
    mark(folder, {"ada": "3", "bo": "0,5"})
    found = rows(folder / "written.csv")
    save(folder / "written.csv", [row | {"comment": f"Well, {row['student']}."} for row in found])
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
    assert {row["comment"] for row in rows(folder / "written.csv")} == {"Well, ada.", "Well, bo."}
    page = (folder / "feedback" / "bo" / A1 / f"{A1}.html").read_text("utf-8")
    assert "Well, bo." in page


@pytest.mark.slow
@pytest.mark.sample(1)
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


@pytest.mark.sample(2)
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
    assert not load_state(folder, A1, "bo").verdicts


@pytest.mark.slow
def test_points_are_withdrawn_by_a_word(waiting: Path) -> None:
    folder = waiting
    for points, expected in (("3", (19.0, 0.0)), ("withdraw", (16.0, 4.0)), ("2", (18.0, 0.0))):
        mark(folder, {"ada": points})
        grades = enter(folder)[1]
        assert (grades[0].points, grades[0].pending) == expected


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_changed_answer_says_that_its_points_were_given_for_an_earlier_one(done: Path) -> None:
    folder, first = done, (done / "submitted" / "ada" / A1 / f"{A1}.ipynb").read_bytes()
    hand_in(folder, "ada", explain="The rate is 0.25.")
    grade_now = run(folder).grades[0]
    assert (grade_now.points, grade_now.pending) == (19.0, 4.0)
    assert "earlier text" in grade_now.note
    assert "earlier text" in rows(folder / "written.csv")[0]["note"]
    (folder / "submitted" / "ada" / A1 / f"{A1}.ipynb").write_bytes(first)  # and back again
    assert run(folder).grades[0].pending == 0.0


@pytest.mark.slow
def test_an_id_that_lost_its_zeros_is_known(folder: Path) -> None:
    hand_in(folder, "007", explain="The rate is 0.3.")
    run(folder)
    found = rows(folder / "written.csv")
    save(folder / "written.csv", [row | {"student": "7", "points": "4"} for row in found])
    assert enter(folder)[0] == 1
    assert points_of(run(folder)) == {"007": 20.0}


def test_points_and_comments_on_code_are_taken(waiting: Path) -> None:
    folder = waiting
    row = rows(folder / "written.csv")[0]
    code = row | {"task": "check_fire", "points": "1,5", "comment": "nearly"}
    save(folder / "written.csv", [row, code])
    assert enter(folder)[1][0].points == 14.5
    page = (folder / "feedback" / "ada" / A1 / f"{A1}.html").read_text("utf-8")
    assert "nearly" in page
    hand_in(folder, "ada", fire="wrong")
    (change,) = run(folder, agree=lambda changes: False).changes
    assert (change.before, change.after) == (1.5, 1.5)
    assert "1.5 given by hand stay, 0 without" in change.why


@pytest.mark.slow
def test_comments_of_an_old_copy_do_not_come_back(waiting: Path) -> None:
    folder = waiting
    for comment in ("first", "second", ""):
        (row,) = rows(folder / "written.csv")
        old = row | {"points": "2"}
        save(folder / "written.csv", [row | {"comment": comment}])
        assert enter(folder)[0] == 1
        assert rows(folder / "written.csv")[0]["comment"] == comment
        if comment == "second":
            save(folder / "kim.csv", [old])
            assert enter(folder, [folder / "kim.csv"])[0] == 1  # her points, not her old comment
            assert rows(folder / "written.csv")[0]["comment"] == "second"
            save(folder / "kim.csv", [old | {"comment": "third"}])
            with pytest.raises(MarksError, match="the comment became 'second'"):
                enter(folder, [folder / "kim.csv"])


def test_what_was_typed_in_the_course_s_table_stands_beside_a_marker_s(waiting: Path) -> None:
    folder = waiting
    (row,) = rows(folder / "written.csv")
    save(folder / "written.csv", [row | {"points": "1.5", "comment": "typed"}])
    save(folder / "ben.csv", [row | {"points": "2", "comment": "ben"}])
    with pytest.raises(MarksError, match=r"ben\.csv, row 2 .* 2 points, but written\.csv, row 2"):
        enter(folder, [folder / "ben.csv"])
    assert rows(folder / "written.csv")[0]["comment"] == "typed"


def test_two_copies_of_one_name_are_told_apart(waiting: Path, tmp_path: Path) -> None:
    files = []
    for marker, points in {"kim": "1", "lee": "2"}.items():
        files.append(tmp_path / marker / "written.csv")
        files[-1].parent.mkdir()
        save(files[-1], [row | {"points": points} for row in rows(waiting / "written.csv")])
    with pytest.raises(MarksError, match=r"lee/written\.csv, row 2 .*kim/written\.csv, row 2"):
        enter(waiting, files)


def test_cells_without_a_heading_stay(waiting: Path) -> None:
    folder = waiting
    text = (folder / "written.csv").read_text("utf-8-sig").rstrip()
    (folder / "written.csv").write_text(text + ",,look again\n", encoding="utf-8")
    enter(folder)
    assert "look again" in (folder / "written.csv").read_text("utf-8-sig")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04\x14\x00\x06\x00", b"\x00" * 30])
def test_a_workbook_is_no_table(waiting: Path, data: bytes) -> None:
    for name in ("written.csv", "students.csv"):
        kept = (waiting / name).read_bytes() if (waiting / name).is_file() else None
        (waiting / name).write_bytes(data)
        with pytest.raises(ValueError, match=f"{name} .*save it as CSV"):
            enter(waiting)
        assert (waiting / name).read_bytes() == data
        (waiting / name).unlink() if kept is None else (waiting / name).write_bytes(kept)
