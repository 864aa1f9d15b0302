"""Answers to the assignments as students write them, with known and with hidden cases.

The answers stand in `answers_assignments/`, by the name of the task.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import nbformat
import pytest

from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.grading.verdicts import judged
from snnlab.classroom.assignments.notebooks.marks import grade_id
from tests.classroom.odd_class import RELEASE

FOLDER = Path(__file__).parent / "answers_assignments"
ANSWERS = {file.stem: runpy.run_path(str(file)) for file in sorted(FOLDER.glob("*.py"))}
TASKS = {task.name: task for assignment in ASSIGNMENTS.values() for task in assignment.tasks}
SEEDS = ("monday", "tuesday", "42")
UNSEEN = "not a hidden one: "


def listed(kind):
    """(file, task, number) of every answer."""
    return [
        (name, task, number)
        for name, answers in ANSWERS.items()
        for task, given in answers[kind].items()
        for number in range(len(given))
    ]


def given(kind, name, task, number):
    return TASKS[task], ANSWERS[name][kind][task][number]


@pytest.mark.sample(13)
@pytest.mark.parametrize(("name", "task", "number"), listed("RIGHT"))
def test_right_answers_pass_known_and_hidden_cases(name, task, number):
    task, answer = given("RIGHT", name, task, number)
    for seed in (None, *SEEDS):
        diagnosis = task.judge(seed).check(answer)
        assert diagnosis.passed, diagnosis


@pytest.mark.parametrize(("name", "task", "number"), listed("WRONG"))
def test_wrong_answers_are_told_the_same_in_the_notebook_and_in_grading(name, task, number):
    task, (answer, words) = given("WRONG", name, task, number)
    said = task.visible.check(answer)
    assert not said.passed
    assert words in said.message
    assert UNSEEN not in said.message
    assert task.judge("monday").check(answer) == said


@pytest.mark.sample(8)
@pytest.mark.parametrize(("name", "task", "number"), listed("NEARLY"))
def test_nearly_right_answers_fail_hidden_cases_only(name, task, number):
    task, (answer, kind) = given("NEARLY", name, task, number)
    assert task.visible.check(answer).passed
    for seed in SEEDS:
        said = task.judge(seed).check(answer)
        assert not said.passed
        assert UNSEEN in said.message
        assert kind in said.message
        assert not any(
            sign.isdigit() for sign in said.message.replace("above 1", "").replace("between 1", "")
        )


def test_there_are_enough_of_each():
    assert len(listed("RIGHT")) >= 40
    assert len(listed("WRONG")) + len(listed("NEARLY")) >= 40
    wanted = set(TASKS) - {"train"}  # see test_assign_training
    for kind in ("RIGHT", "WRONG", "NEARLY"):
        assert {task for _, task, _ in listed(kind)} == wanted


def notebooks(name, kind):
    """Released notebooks, each with one answer to every task of a file that has so many."""
    answers = ANSWERS[name][kind]
    source = (FOLDER / f"{name}.py").read_text("utf-8")
    assignment = next(each for each in ASSIGNMENTS.values() if next(iter(answers)) in each.cells)
    for number in range(max(map(len, answers.values()))):
        chosen = {task: number for task, given in answers.items() if number < len(given)}
        notebook = nbformat.read(RELEASE / assignment.name / f"{assignment.name}.ipynb", 4)
        notebook.cells.insert(0, nbformat.v4.new_code_cell(source))
        for cell in notebook.cells:
            if grade_id(cell) in chosen:
                which = f"{kind}[{grade_id(cell)!r}][{number}]"
                taken = which if kind == "RIGHT" else f"{which}[0]"
                cell.source = f"{grade_id(cell)} = {taken}"
        yield (assignment, chosen), notebook


@pytest.mark.slow
@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("kind", ["RIGHT", "WRONG", "NEARLY"])
def test_the_grader_says_the_same_in_its_process(name, kind):
    found = list(notebooks(name, kind))
    assignment = found[0][0][0]
    worth = {task.name: task.points for task in assignment.tasks}
    for (_, chosen), verdicts in judged(found, assignment, "monday", workers=2, walls=False):
        points = {verdict.task: verdict.points for verdict in verdicts}
        said = {verdict.task: verdict.diagnosis for verdict in verdicts}
        for task, number in chosen.items():
            expected = worth[task] if kind == "RIGHT" else 0
            assert points[task] == expected, (task, number, said[task])
            _, answer = given(kind, name, task, number)
            here = TASKS[task].judge("monday").check(answer if kind == "RIGHT" else answer[0])
            assert said[task] == here
