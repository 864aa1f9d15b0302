"""Answers as students write them: right ones pass, wrong ones get their own diagnosis.

The answers stand in `answers/TOPIC.py`: RIGHT and WRONG, by the name of the exercise. Those in
`answers_unfamiliar/TOPIC.py` are written in other ways than the solutions: classes, recursion, in
place, one-liners, other types.
"""

from __future__ import annotations

import importlib
import runpy
from pathlib import Path

import pytest

from snnlab.classroom.checking import Exercise

HERE = Path(__file__).parent
FILES = [*sorted(HERE.glob("answers/*.py")), *sorted(HERE.glob("answers_unfamiliar/*.py"))]
ANSWERS = {}
for file in FILES:
    of_topic = ANSWERS.setdefault(file.stem, {"RIGHT": {}, "WRONG": {}})
    for kind, answers in of_topic.items():
        for exercise, given in runpy.run_path(str(file))[kind].items():
            answers.setdefault(exercise, []).extend(given)


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


def test_there_are_unfamiliar_answers_to_every_exercise():
    assert len(listed("RIGHT")) >= 120
    assert len(listed("WRONG")) >= 280


@pytest.mark.slow
def test_nine_in_ten_wrong_answers_are_told_what_is_wrong_or_shown_a_telling_case():
    """Named in words, or shown with all numbers in sight: what went in, came out, and is right."""
    silent = []
    for topic, name, number in listed("WRONG"):
        answer, _ = ANSWERS[topic]["WRONG"][name][number]
        said = exercise_named(topic, name).check(answer)
        if "(numbers of shape" in said.message:
            silent.append((topic, name, number))
    assert len(silent) <= len(listed("WRONG")) // 10, silent


IN_PLACE = [
    ("quickstart", "rates", "spikes"),
    ("quickstart", "predicted_classes", "readout"),
    ("distribution", "active_neurons", "spikes"),
    ("training", "noisy_spikes", "noise"),
    ("training", "mean_and_spread", "accuracies"),
    ("conversion", "accuracy_after_each_timestep", "readout"),
    ("roads", "scaled_layer", "weight` and `bias"),
    ("roads", "mean_saving", "ours` and `theirs"),
    ("cost", "exit_timestep", "confidence"),
    ("laboratory", "noise_from_residuals", "residual"),
    ("laboratory", "lose_spikes", "spikes"),
]


@pytest.mark.parametrize(("topic", "name", "arguments"), IN_PLACE)
def test_right_answers_that_work_in_place_pass_twice_with_a_note(topic, name, arguments):
    exercise = exercise_named(topic, name)
    for answer in ANSWERS[topic]["RIGHT"][name]:
        said = exercise.check(answer)
        if f"`{arguments}` in place" in said.message:
            assert said.passed
            assert exercise.check(answer) == said  # nothing is spoilt for the next check
            return
    pytest.fail("no answer changes its arguments")
