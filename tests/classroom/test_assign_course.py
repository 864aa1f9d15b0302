"""The commands of `snnlab assign`, from release to feedback."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

from snnlab.classroom.assignments.task import COURSE_SEED
from snnlab.cli.main import main
from tests.classroom.odd_class import CHARGE, FIRE, NAME, RELEASE, data_of, filled


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course folder of its own, with sources only."""
    folder = tmp_path / "course"
    shutil.copytree(RELEASE.parent / "source", folder / "source")
    shutil.copy(RELEASE.parent / "nbgrader_config.py", folder)
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


def hand_in(folder: Path, student: str, answers: dict[str, str]) -> Path:
    """A platform's download with one folder."""
    place = folder / f"{student}_100_assignsubmission_file_"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{NAME} (1).ipynb").write_bytes(data_of(filled(answers)))
    return folder


@pytest.mark.slow
def test_from_release_to_points_by_hand(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(capsys, "release", NAME)
    answers = {"charge": CHARGE, "explain": "=The rate is 0.3."}
    ask(capsys, "collect", str(hand_in(tmp_path / "download", "Ada Right", answers)))
    (grade,) = ask(capsys, "grade")["grades"]
    assert (grade["name"], grade["points"], grade["pending"]) == ("Ada Right", 3, 4)
    assert "was called" in grade["note"]
    with (course / "written.csv").open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["answer"] == "'=The rate is 0.3."  # no spreadsheet computes it
    row |= {"points": "2,5", "comment": "Why 0.3?"}
    with (course / "written.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(row))
        writer.writeheader()
        writer.writerow(row)
    (grade,) = ask(capsys, "enter")["grades"]
    assert (grade["points"], grade["pending"]) == (5.5, 0)
    (page,) = course.glob(f"feedback/*/{NAME}/{NAME}.html")
    assert "Why 0.3?" in page.read_text("utf-8")
    assert "5.5 / 20.0" in page.read_text("utf-8")
    report = {task["task"]: task for task in ask(capsys, "report")["tasks"]}
    assert (report["charge"]["handed_in"], report["charge"]["passed"]) == (1, 1)
    assert report["fire"]["most_frequent"]


@pytest.mark.slow
def test_changed_points_wait_for_a_word(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(capsys, "release", NAME)
    for answers in ({"charge": CHARGE}, {"fire": FIRE}):
        ask(capsys, "collect", str(hand_in(tmp_path / "download", "Ada Right", answers)))
        done = ask(capsys, "grade")
    assert done["held"]
    assert {(c["task"], c["before"], c["after"]) for c in done["changes"]} == {
        ("charge", 3, 0),
        ("fire", 0, 3),
    }
    capsys.readouterr()
    assert main(["assign", "grade"]) == 0  # the text says how to go on
    assert "snnlab assign grade --yes" in capsys.readouterr().out
    done = ask(capsys, "grade", "--yes")
    assert not done["held"]
    assert done["judged"] == 0


@pytest.mark.slow
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


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check"], "check needs a notebook"),
        (["check", "nowhere.ipynb"], "there is no file 'nowhere.ipynb'"),
        (["check", "nbgrader_config.py"], "is not a notebook"),
        (["collect"], "needs one zip file or folder"),
        (["collect", "nowhere.zip"], "neither a folder nor a zip"),
        (["grade"], "nothing is handed in"),
        (["grade", "--student", "ada"], "nothing is handed in by 'ada'"),
        (["grade", "a9"], "unknown assignment 'a9'"),
        (["enter", "nowhere.csv"], "there is no table 'nowhere.csv'"),
        (["enter", "nbgrader_config.py"], "has no column"),
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
