"""Every exercise of the room: its catalogue is sound."""

from __future__ import annotations

import re

import pytest


def test_the_solution_passes_and_is_praised(exercise):
    diagnosis = exercise.check(exercise.solution)
    assert diagnosis.passed
    assert diagnosis.message


@pytest.mark.sample(7)
def test_every_mistake_is_found_and_named(exercise):
    assert len(exercise.mistakes) >= 3
    for mistake in exercise.mistakes:
        diagnosis = exercise.check(mistake.answer)
        assert not diagnosis.passed, mistake.message
        assert diagnosis.message == mistake.message  # no earlier mistake looks the same
        assert diagnosis.hint


def test_no_two_mistakes_are_told_in_the_same_words(exercise):
    messages = [mistake.message for mistake in exercise.mistakes]
    assert len(set(messages)) == len(messages)
    for message in messages:
        assert not re.match(r"(?i)(wrong|no|incorrect|false)\b\W*$", message)
        assert message.endswith((".", "?"))


def test_every_option_of_a_question_says_why(question):
    assert len(question.because) >= 4  # three wrong ones at least
    assert len(set(question.because.values())) == len(question.because)
    for letter, why in question.because.items():
        diagnosis = question.check(letter)
        assert diagnosis.passed == (letter == question.right)
        assert diagnosis.message == why
        assert len(why) > 40
    assert question.check(question.right.upper()).passed
    assert question.check(f" {question.right}) ").passed
