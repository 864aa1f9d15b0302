"""From release to feedback: made-up students of known worth get exactly their points."""

from __future__ import annotations

import copy
import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from snnlab.classroom.assignments.catalogue import grade_id
from snnlab.classroom.assignments.submission import read_notebook
from snnlab.classroom.assignments.tables import points_of
from snnlab.classroom.assignments.task import COURSE_SEED
from snnlab.cli.main import main

COURSE = Path(__file__).parents[2] / "notebooks" / "assignments"
NAME = "a1_neuron"

CHARGE = "def charge(v, current, beta):\n    return beta * v + current"
FIRE = "def fire(h, v_th):\n    return int(h >= v_th)"
RESET = "def reset(h, spike, v_th):\n    return h - v_th * spike"
TRACE = """def trace(currents, v_th, beta, v_init):
    v, spikes, after = v_init, [], []
    for current in currents:
        h = beta * v + current
        spikes.append(h >= v_th)
        v = h - v_th if h >= v_th else h
        after.append(v)
    return spikes, after"""
RIGHT = {"charge": CHARGE, "fire": FIRE, "reset": RESET, "trace": TRACE}
Change = Callable[[NotebookNode], None]


def filled(answers: dict[str, str], change: Change | None = None) -> NotebookNode:
    """The released notebook with answers in its cells."""
    notebook = read_notebook(COURSE / "release" / NAME / f"{NAME}.ipynb")
    for cell in notebook.cells:
        if grade_id(cell) in answers:
            cell.source = answers[grade_id(cell)]
    if change is not None:
        change(notebook)
    return notebook


def without_checks(notebook: NotebookNode) -> None:
    """Delete all check cells, and put forged ones with many points in their place."""
    forged = []
    for cell in list(notebook.cells):
        if grade_id(cell).startswith("check_"):
            notebook.cells.remove(cell)
            false = copy.deepcopy(cell)
            false.source = "100"
            false.metadata.nbgrader["points"] = 100
            false.metadata.nbgrader["solution"] = True
            value = {"text/plain": "100"}
            false.outputs = [nbformat.v4.new_output("execute_result", value, execution_count=1)]
            forged.append(false)
    notebook.cells += forged


def with_million_lines(notebook: NotebookNode) -> None:
    """Output of a million lines below every code cell."""
    text = "spam\n" * 1_000_000
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.outputs = [nbformat.v4.new_output("stream", text=text)]


def with_patched_checker(notebook: NotebookNode) -> None:
    """A first cell that makes every check pass."""
    patch = (
        "from snnlab.classroom.checking import Exercise\n"
        "Exercise.check = lambda *a: True\n"
        "import numpy as np\nnp.allclose = lambda *a, **k: True"
    )
    notebook.cells.insert(0, nbformat.v4.new_code_cell(patch))
    for cell in notebook.cells:
        if grade_id(cell) == "charge":
            cell.source = patch + "\n" + cell.source


def students() -> dict[str, tuple[NotebookNode, float]]:
    """Ten notebooks, and the points that their code is worth."""
    strict = {"fire": "def fire(h, v_th):\n    return int(h > v_th)"}
    calls_fire = TRACE.replace("h >= v_th)", "fire(h, v_th))").replace(
        "if h >= v_th", "if spikes[-1]"
    )
    leave = {"charge": "import sys\ndef charge(v, current, beta):\n    sys.exit(0)"}
    loop = {"reset": "def reset(h, spike, v_th):\n    while True: pass"}
    bomb = {"fire": "def fire(h, v_th):\n    return len([bytearray(10**9) for _ in range(99)])"}
    spy = {"charge": "def charge(*a):\n    return float(open('../../gradebook.db', 'rb').read(1))"}
    loud = {"trace": TRACE.replace("    v, ", "    print('spam\\n' * 10**6)\n    v, ", 1)}
    wrong = {name: f"def {name}(*a):\n    return 0.125" for name in RIGHT}
    by_heart = "def charge(v, current, beta):\n    known = {(0.25, 0.5): 0.75, (0.5, 0.25): 0.5}\n"
    by_heart += "    known |= {(-0.75, 0.5): -0.0625, (2.0, 1.5): 2.5}\n"
    by_heart += "    return known.get((v, current), 0)"
    return {
        "Ada Right": (filled(RIGHT | {"explain": "The rate is 0.3."}), 16),
        "Bo Nothing": (filled({}), 0),
        "Çem Strict": (filled(RIGHT | strict | {"trace": calls_fire}), 7),
        "Dörte Heart": (filled(RIGHT | {"charge": by_heart}), 13),
        "Eli Exit": (filled(RIGHT | leave), 13),
        "Flo Loop": (filled(RIGHT | loop), 12),
        "Gus Bomb": (filled(RIGHT | bomb), 13),
        "Hal Patch": (filled(wrong | {"reset": RESET}, with_patched_checker), 4),
        "Ida Forge": (filled(wrong, without_checks), 0),
        "Jan Spy": (filled(RIGHT | spy | loud, with_million_lines), 13),
    }


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course folder of its own, with sources only."""
    folder = tmp_path / "course"
    shutil.copytree(COURSE / "source", folder / "source")
    shutil.copy(COURSE / "nbgrader_config.py", folder)
    monkeypatch.setenv(COURSE_SEED, "monday")
    monkeypatch.chdir(folder)
    return folder


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Carry out `snnlab assign ... --json`."""
    capsys.readouterr()
    status = main(["assign", *arguments, "--json"])
    said = capsys.readouterr()
    assert status == 0, said.err
    value = json.loads(said.out)
    assert isinstance(value, dict)
    return value


def hand_in(folder: Path, notebooks: dict[str, NotebookNode]) -> Path:
    """A platform's download with one folder for each student."""
    for number, (name, notebook) in enumerate(notebooks.items()):
        place = folder / f"{name}_{100 + number}_assignsubmission_file_"
        place.mkdir(parents=True)
        nbformat.write(notebook, place / f"{NAME} ({number}).ipynb")
    return folder


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_ten_students_get_exactly_their_points(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made_up = students()
    ask(capsys, "release")
    download = hand_in(tmp_path / "download", {name: made_up[name][0] for name in made_up})
    (download / "Kim Junk_999_assignsubmission_file_").mkdir()
    (download / "Kim Junk_999_assignsubmission_file_" / f"{NAME}.ipynb").write_text("junk")
    assert len(ask(capsys, "collect", str(download))["collected"]) == 11
    grades = {each["name"]: each for each in ask(capsys, "grade")["grades"]}
    expected = {name: points for name, (_, points) in made_up.items()} | {"Kim Junk": 0}
    assert {name: each["points"] for name, each in grades.items()} == expected
    assert {each["maximum"] for each in grades.values()} == {20}
    assert "not a notebook" in grades["Kim Junk"]["note"]
    pages = sorted(course.glob("feedback/*/*/*.html"))
    assert len(pages) == 10
    text = (course / "feedback" / "flo_loop" / NAME / f"{NAME}.html").read_text("utf-8")
    assert "took too long" in text
    assert all(page.stat().st_size < 1_000_000 for page in pages)
    report = {each["task"]: each for each in ask(capsys, "report")["tasks"]}
    assert (report["charge"]["handed_in"], report["charge"]["passed"]) == (10, 4)
    assert report["trace"]["passed"] == 6


def test_points_by_hand_reach_grades_and_feedback(
    course: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ask(capsys, "release", NAME)
    answers = {"charge": CHARGE, "explain": "=The rate is 0.3."}
    ask(capsys, "collect", str(hand_in(tmp_path / "download", {"Ada Right": filled(answers)})))
    (grade,) = ask(capsys, "grade")["grades"]
    assert (grade["student"], grade["points"], grade["pending"]) == ("ada_right", 3, 4)
    (row,) = rows(course / "written.csv")
    assert row["answer"] == "'=The rate is 0.3."  # no spreadsheet computes it
    row |= {"points": "2,5", "comment": "Why 0.3?"}
    with (course / "written.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(row))
        writer.writeheader()
        writer.writerow(row)
    graded = ask(capsys, "grade", "--without-walls")
    assert graded["walls"] is False
    (grade,) = graded["grades"]
    assert (grade["points"], grade["pending"]) == (5.5, 0)
    page = (course / "feedback" / "ada_right" / NAME / f"{NAME}.html").read_text("utf-8")
    assert "Why 0.3?" in page
    assert "5.5 / 20.0" in page


@pytest.mark.parametrize("points", ["9", "-1", "good", "nan"])
def test_points_by_hand_outside_the_range_are_refused(points: str) -> None:
    row = {"student": "ada", "assignment": NAME, "task": "explain", "points": points}
    with pytest.raises(ValueError, match=f"must be 0 to 4, got '{points}'"):
        points_of(row, 4.0)


def test_a_student_checks_before_handing_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(COURSE_SEED, raising=False)  # students have no secret
    file = tmp_path / "my work.ipynb"
    nbformat.write(filled({"charge": CHARGE, "fire": FIRE.replace(">=", ">")}), file)
    (entry,) = ask(capsys, "check", str(file))["checks"]
    said = {task["task"]: task for task in entry["tasks"]}
    assert entry["assignment"] == NAME
    assert said["charge"]["passed"]
    assert "equality included" in said["fire"]["message"]
    assert said["trace"]["message"] == "Nothing is returned yet."
    assert entry["unanswered"] == ["explain"]
    assert entry["missing"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check"], "check needs a notebook"),
        (["check", "nowhere.ipynb"], "there is no file 'nowhere.ipynb'"),
        (["check", "nbgrader_config.py"], "is not a notebook"),
        (["collect"], "needs one zip file or folder"),
        (["collect", "nowhere.zip"], "neither a folder nor a zip"),
        (["grade"], "nothing is handed in"),
        (["grade", "a9"], "unknown assignment 'a9'"),
        (["report"], "nothing is graded"),
        (["release", "--course", "source"], "no nbgrader_config.py"),
        (["grade", "--workers", "0"], "at least 1"),
        (["explode"], "explode"),
    ],
)
def test_bad_input_is_said_in_one_line(
    course: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["assign", *arguments]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


def test_grading_needs_the_secret_of_the_course(
    course: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(COURSE_SEED)
    assert main(["assign", "grade"]) == 2
    assert COURSE_SEED in capsys.readouterr().err


@pytest.mark.slow
def test_a_class_of_30_is_graded_in_one_go(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(capsys, "release", NAME)
    class_ = {
        f"Student {n:02}": filled(RIGHT if n % 3 else RIGHT | {"fire": "x"}) for n in range(30)
    }
    ask(capsys, "collect", str(hand_in(tmp_path / "download", class_)))
    grades = ask(capsys, "grade", "--workers", "2")["grades"]
    assert sum(each["points"] for each in grades) == 20 * 16 + 10 * 13
