"""Answers to the assignments as students write them, with known and with hidden cases.

The answers stand in `answers_assignments/`, by the name of the task.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from snnlab.classroom.assignments.catalogue import ASSIGNMENTS

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
