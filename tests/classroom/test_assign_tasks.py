"""The graded tasks: right answers pass, each catalogued mistake gets its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from snnlab.classroom.assignments import a1_neuron
from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.task import COURSE_SEED, Task, course_seed, generator_for
from snnlab.classroom.checking import Exercise, Mistake
from snnlab.classroom.diagnosis import Diagnosis, NotYet

TASKS = [task for assignment in ASSIGNMENTS.values() for task in assignment.tasks]
COMPARED = [task for task in TASKS if isinstance(task.visible, Exercise)]
SEEDS = ("monday", "tuesday", "42")


def exercise_of(task: Task) -> Exercise:
    assert isinstance(task.visible, Exercise)
    return task.visible


def names(task: Task) -> str:
    return task.name


@pytest.mark.sample(4)
@pytest.mark.parametrize("task", COMPARED, ids=names)
def test_the_right_function_passes_known_and_hidden_cases(task: Task) -> None:
    solution = exercise_of(task).solution
    assert task.visible.check(solution).passed
    for seed in SEEDS:
        verdict = task.judge(seed).check(solution)
        assert verdict.passed, verdict


MISTAKES = [(task, mistake) for task in COMPARED for mistake in exercise_of(task).mistakes]


@pytest.mark.sample(13)
@pytest.mark.parametrize(
    ("task", "mistake"), MISTAKES, ids=[f"{task.name}-{i}" for i, (task, _) in enumerate(MISTAKES)]
)
def test_each_mistake_has_its_own_diagnosis(task: Task, mistake: Mistake) -> None:
    said = task.visible.check(mistake.answer)
    assert not said.passed
    assert said.message == mistake.message
    assert task.judge("monday").check(mistake.answer) == said


@pytest.mark.parametrize("task", COMPARED, ids=names)
def test_five_mistakes_at_least_are_catalogued(task: Task) -> None:
    messages = {mistake.message for mistake in exercise_of(task).mistakes}
    assert len(messages) >= 5
    assert len(messages) == len(exercise_of(task).mistakes)


@pytest.mark.sample(4)
@pytest.mark.parametrize("task", COMPARED, ids=names)
def test_an_answer_that_knows_only_the_known_cases_fails(task: Task) -> None:
    exercise = exercise_of(task)
    known = [(repr(call), exercise.solution(*call)) for call in exercise.calls]

    def learnt_by_heart(*arguments: Any) -> Any:
        return next((value for call, value in known if call == repr(arguments)), known[0][1])

    assert exercise.check(learnt_by_heart).passed
    assert not task.judge("monday").check(learnt_by_heart).passed


def test_a_hidden_case_is_told_by_its_kind_only() -> None:
    def leaks(v: float, current: float, beta: float) -> float:
        if v < -0.75:
            raise ValueError(f"v was {v}, beta was {beta}")
        return beta * v + current

    for wrong in (leaks, lambda v, current, beta: beta * v + current if v > -0.8 else [v, beta]):
        assert a1_neuron.charge.visible.check(wrong).passed
        said = a1_neuron.charge.judge("monday").check(wrong)
        known = "All known cases are right, but not a hidden one: a negative potential."
        happened = " Your function stopped with an error." if wrong is leaks else ""
        assert said.message == known + happened
        assert not any(sign.isdigit() for sign in str(said))


class Full(MemoryError):
    """A class of a student's own."""


def raises_full() -> float:
    raise Full


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (raises_full, "Your function asks for more memory than there is."),
        (lambda: print("h"), "There your function returns nothing."),  # noqa: T201
        (lambda: None, "There your function returns nothing."),
    ],
)
def test_a_hidden_case_says_what_happened(happens: Callable[[], Any], words: str) -> None:
    said = a1_neuron.charge.judge("monday").check(
        lambda v, current, beta: beta * v + current if v > -0.8 else happens()
    )
    assert said.message.endswith(f"a hidden one: a negative potential. {words}")


@pytest.mark.parametrize("task", COMPARED, ids=names)
def test_every_hidden_case_has_a_kind(task: Task) -> None:
    judge = task.judge("monday")
    assert len(judge.calls) == len(exercise_of(task).calls) + len(judge.hidden)
    assert len(set(judge.hidden)) >= 5
    assert not any(kind.endswith(".") or kind[0].isupper() for kind in judge.hidden)


def test_a_check_that_is_not_passed_is_an_error_for_validation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[Diagnosis] = []

    def show(diagnosis: Diagnosis) -> bool:
        shown.append(diagnosis)
        return True

    monkeypatch.setattr("snnlab.classroom.assignments.task.show", show)
    with pytest.raises(NotYet, match="The leak is missing") as caught:
        a1_neuron.charge.check(lambda v, current, beta: v + current)
    assert [diagnosis.message for diagnosis in shown] == [caught.value.diagnosis.message]
    assert caught.value._render_traceback_() == [
        "Not yet. The leak is missing: beta has no effect."
    ]
    # What is shown is not returned: nbgrader would take it for points.
    assert a1_neuron.charge.check(lambda v, current, beta: beta * v + current) is None
    assert [diagnosis.passed for diagnosis in shown] == [False, True]


def test_hidden_cases_depend_on_the_course_and_on_the_task() -> None:
    def draws(seed: str, name: str) -> list[float]:
        return generator_for(seed, name).uniform(size=4).tolist()

    assert draws("a", "charge") == draws("a", "charge")
    assert draws("a", "charge") != draws("b", "charge")
    assert draws("a", "charge") != draws("a", "fire")


def test_points_need_the_secret_of_the_course(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(COURSE_SEED, raising=False)
    with pytest.raises(ValueError, match=COURSE_SEED):
        a1_neuron.charge.grade(lambda v, current, beta: 0)
    monkeypatch.setenv(COURSE_SEED, "monday")
    assert course_seed() == "monday"
    assert a1_neuron.charge.grade(lambda v, current, beta: beta * v + current) == 3.0
    assert a1_neuron.charge.grade(lambda v, current, beta: v + current) == 0.0
