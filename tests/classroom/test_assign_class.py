"""A whole class through the command line: odd hand-ins, kills, time."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from snnlab.classroom.assignments.task import COURSE_SEED
from tests.classroom.odd_class import ALL, NAME, RELEASE, RIGHT, data_of, filled, hand_ins

PROGRAM = [sys.executable, "-c", "import sys; from snnlab.cli import main; sys.exit(main())"]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course folder of its own."""
    folder = tmp_path / "course"
    folder.mkdir()
    for part in ("source", "release"):
        shutil.copytree(RELEASE.parent / part, folder / part)
    shutil.copy(RELEASE.parent / "nbgrader_config.py", folder)
    monkeypatch.setenv(COURSE_SEED, "monday")
    return folder


def ask(course: Path, *arguments: str) -> dict[str, Any]:
    """Carry out `snnlab assign ... --json` in a process of its own."""
    done = subprocess.run(
        [*PROGRAM, "assign", *arguments, "--course", str(course), "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=RELEASE.parents[2],
    )
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


def download(folder: Path, class_: dict[str, dict[str, bytes]]) -> Path:
    """A platform's download with one folder for each student."""
    for number, (student, files) in enumerate(class_.items(), 1000):
        place = folder / f"{student}_{number}_assignsubmission_file_"
        place.mkdir(parents=True)
        for age, (name, data) in enumerate(files.items()):
            (place / name).write_bytes(data)
            os.utime(place / name, (1_780_000_000 + age, 1_780_000_000 + age))
    return folder


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_whatever_a_class_hands_in_every_student_has_one_row(course: Path, tmp_path: Path) -> None:
    odd = hand_ins()
    assert len(odd) >= 60
    names = {f"Kim {what.title()}": each for what, each in odd.items()}
    ask(course, "collect", str(download(tmp_path / "d", {n: e.files for n, e in names.items()})))
    ask(course, "grade")
    found = {row["name"]: row for row in rows(course / "grades.csv")}
    assert len(rows(course / "grades.csv")) == len(found) == len(names)
    worth = {name: float(found[name]["points"]) for name in names}
    assert worth == {name: each.points for name, each in names.items()}
    for name, each in names.items():
        assert each.note in found[name]["note"] + found[name]["source"], (name, found[name])
        assert each.points or found[name]["note"] or any(NAME in file for file in each.files)
    answers = {row["student"]: row["answer"] for row in rows(course / "written.csv")}
    texts = " ".join(answers.values())
    assert "below" in texts
    assert "in a raw cell" in texts
    tasks = (course / "tasks.csv").read_text("utf-8-sig")
    assert "0x7f" not in tasks
    assert "ValueError" in tasks


@pytest.mark.slow
def test_twenty_kills_lose_nothing(course: Path, tmp_path: Path) -> None:
    class_ = {f"Kim {n:02}": {f"{NAME}.ipynb": data_of(filled(RIGHT))} for n in range(12)}
    folder = download(tmp_path / "download", class_)
    steps = (["collect", str(folder)], ["grade"], ["release"])
    random.seed(1)
    length = {0: 4.0, 1: 12.0, 2: 6.0}
    for kill in range(20):
        step = kill % 3
        arguments = [*PROGRAM, "assign", *steps[step], "--course", str(course)]
        with subprocess.Popen(
            arguments,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=RELEASE.parents[2],
        ) as process:
            time.sleep(random.uniform(1.0, length[step]))
            process.send_signal(signal.SIGKILL if kill % 2 else signal.SIGINT)
            process.wait()
        for name in ("a1_neuron", "a2_noise"):
            file = f"{name}/{name}.ipynb"
            assert (course / "release" / file).read_bytes() == (RELEASE / file).read_bytes()
        for table in course.glob("*.csv"):
            assert rows(table) or table.stat().st_size  # whole, or not there at all
    ask(course, "collect", str(folder))
    done = ask(course, "grade")
    assert [grade["points"] for grade in done["grades"]] == [ALL] * 12
    assert len(list(course.glob(f"feedback/*/{NAME}/{NAME}.html"))) == 12
    assert not list(course.rglob(".*.csv.*"))


@pytest.mark.slow
def test_points_of_a_class_of_thirty_are_entered_in_seconds(course: Path, tmp_path: Path) -> None:
    answers = RIGHT | {"explain": "The rate is 0.3."}
    class_ = {f"Kim {n:02}": {f"{NAME}.ipynb": data_of(filled(answers))} for n in range(30)}
    ask(course, "collect", str(download(tmp_path / "download", class_)))
    start = time.monotonic()
    ask(course, "grade", "--workers", "2")
    graded = time.monotonic() - start
    table = rows(course / "written.csv")
    with (course / "written.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(table[0]))
        writer.writeheader()
        writer.writerows(row | {"points": "3"} for row in table)
    start = time.monotonic()
    done = ask(course, "enter", "--workers", "2")
    entered = time.monotonic() - start
    assert done["entered"] == 30
    assert {grade["points"] for grade in done["grades"]} == {ALL + 3}
    assert graded < 240  # twice the goal, on a busy machine
    assert entered < 20
