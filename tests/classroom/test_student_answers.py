"""Answers as students write them: right ones pass, wrong ones get their own diagnosis.

The answers stand in `answers/TOPIC.py`: RIGHT and WRONG, by the name of the exercise.
"""

from __future__ import annotations

import importlib
import runpy
from pathlib import Path

import pytest

from snnlab.classroom.checking import Exercise

FILES = sorted((Path(__file__).parent / "answers").glob("*.py"))
ANSWERS = {file.stem: runpy.run_path(str(file)) for file in FILES}


def listed(kind):
    """(topic, exercise, number) of every answer."""
    return [
        (topic, name, number)
        for topic, answers in ANSWERS.items()
        for name, given in answers[kind].items()
        for number in range(len(given))
    ]


def exercise_named(topic, name):
    return getattr(importlib.import_module(f"snnlab.classroom.{topic}_exercises"), name)


@pytest.mark.sample(12)
@pytest.mark.parametrize(("topic", "name", "number"), listed("RIGHT"))
def test_right_answers_pass(topic, name, number):
    diagnosis = exercise_named(topic, name).check(ANSWERS[topic]["RIGHT"][name][number])
    assert diagnosis.passed, diagnosis


@pytest.mark.parametrize(("topic", "name", "number"), listed("WRONG"))
def test_wrong_answers_are_diagnosed(topic, name, number):
    answer, words = ANSWERS[topic]["WRONG"][name][number]
    diagnosis = exercise_named(topic, name).check(answer)
    assert not diagnosis.passed
    assert words in diagnosis.message


def test_every_exercise_has_two_right_answers_and_three_wrong_ones():
    folder = Path(importlib.import_module("snnlab.classroom.checking").__file__).parent
    for file in folder.glob("*_exercises.py"):
        topic = file.stem.removesuffix("_exercises")
        module = importlib.import_module(f"snnlab.classroom.{file.stem}")
        names = {name for name, value in vars(module).items() if isinstance(value, Exercise)}
        right, wrong = ANSWERS[topic]["RIGHT"], ANSWERS[topic]["WRONG"]
        assert set(right) == set(wrong) == names
        assert all(len(given) >= 2 for given in right.values())
        assert all(len({words for _, words in given}) >= 3 for given in wrong.values())
