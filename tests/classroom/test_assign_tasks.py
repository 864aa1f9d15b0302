"""The graded tasks: right answers pass, each catalogued mistake gets its own words."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from snnlab.classroom.assignments import a1_neuron, a2_noise, a3_single_step_to_many, a4_race
from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.task import COURSE_SEED, Task, course_seed, generator_for
from snnlab.classroom.checking import Exercise, Mistake

TASKS = [task for assignment in ASSIGNMENTS.values() for task in assignment.tasks]
COMPARED = [task for task in TASKS if isinstance(task.visible, Exercise)]
SEEDS = ("monday", "tuesday", "42")


def exercise_of(task: Task) -> Exercise:
    assert isinstance(task.visible, Exercise)
    return task.visible


def names(task: Task) -> str:
    return task.name


@pytest.mark.parametrize("task", COMPARED, ids=names)
def test_the_right_function_passes_known_and_hidden_cases(task: Task) -> None:
    solution = exercise_of(task).solution
    assert task.check(solution).passed
    for seed in SEEDS:
        verdict = task.judge(seed).check(solution)
        assert verdict.passed, verdict


MISTAKES = [(task, mistake) for task in COMPARED for mistake in exercise_of(task).mistakes]


@pytest.mark.parametrize(
    ("task", "mistake"), MISTAKES, ids=[f"{task.name}-{i}" for i, (task, _) in enumerate(MISTAKES)]
)
def test_each_mistake_has_its_own_diagnosis(task: Task, mistake: Mistake) -> None:
    said = task.check(mistake.answer)
    assert not said.passed
    assert said.message == mistake.message
    assert not task.judge("monday").check(mistake.answer).passed


@pytest.mark.parametrize("task", COMPARED, ids=names)
def test_five_mistakes_at_least_are_catalogued(task: Task) -> None:
    messages = {mistake.message for mistake in exercise_of(task).mistakes}
    assert len(messages) >= 5
    assert len(messages) == len(exercise_of(task).mistakes)


@pytest.mark.parametrize("task", COMPARED, ids=names)
def test_an_answer_that_knows_only_the_known_cases_fails(task: Task) -> None:
    exercise = exercise_of(task)
    known = [(repr(call), exercise.solution(*call)) for call in exercise.calls]

    def learnt_by_heart(*arguments: Any) -> Any:
        return next((value for call, value in known if call == repr(arguments)), known[0][1])

    assert exercise.check(learnt_by_heart).passed
    assert not task.judge("monday").check(learnt_by_heart).passed


def trace_without_functions(currents: Any, v_th: float, beta: float, v_init: float) -> Any:
    v, out = v_init, []
    for t in range(len(currents)):
        v = v * beta + currents[t]
        out.append((v >= v_th, v - v_th if v >= v_th else v))
        v = out[-1][1]
    return [spike for spike, _ in out], [v for _, v in out]


def moments_by_closed_form(currents: Any, T: int, v_init: float) -> tuple[float, float]:
    t = np.arange(1, T + 1)[:, None]
    charge = v_init + t * np.asarray(currents)
    spikes = np.clip(np.floor(charge), 0, t)
    # A neuron above the threshold is saturated; below, all whole thresholds have left.
    active = (spikes[-1] > 0) & (spikes[-1] < T)
    kept = (charge - spikes)[:, active]
    return float(np.mean(kept)), math.sqrt(np.mean((kept - np.mean(kept)) ** 2))


def noise_by_quantiles(count: int, seed: int) -> Any:
    uniform = np.random.Generator(np.random.PCG64(seed)).uniform(size=count)
    return norm(0.5, 12**-0.5).ppf(uniform)


def run_many_by_rates(W1: Any, b1: Any, W2: Any, b2: Any, images: Any, T: int) -> Any:
    counts = np.zeros((len(images), len(b1)))
    v = 0.5 * np.ones_like(counts)
    for _ in range(T):
        v += images @ W1.T + b1
        counts += v >= 1
        v[v >= 1] -= 1
    return (counts / T) @ W2.T + b2


OTHERS: list[tuple[Task, Callable[..., Any]]] = [
    (a1_neuron.charge, lambda v, current, beta: np.float32(current) + beta * v),
    (a1_neuron.fire, lambda h, v_th: float(not h < v_th)),
    (a1_neuron.reset, lambda h, spike, v_th: h - v_th if spike else h),
    (a1_neuron.trace, trace_without_functions),
    (
        a2_noise.firing_probability,
        lambda current, mu, sigma, v_th: norm.sf(v_th, current + mu * v_th, sigma * v_th),
    ),
    (
        a2_noise.gradient,
        lambda current, mu, sigma, v_th: norm.pdf(current, v_th - mu * v_th, sigma * v_th),
    ),
    (a2_noise.residual_moments, moments_by_closed_form),
    (a2_noise.draw_noise, noise_by_quantiles),
    (a3_single_step_to_many.run_many, run_many_by_rates),
    (
        a3_single_step_to_many.largest_gap,
        lambda current, sigma: max(
            abs(norm.cdf(i, 0.5, sigma) - min(max(i, 0.0), 1.0)) for i in current
        ),
    ),
    (
        a3_single_step_to_many.best_sigma,
        lambda sigmas, accuracy: max(
            zip((sum(row) for row in accuracy), sigmas, strict=True), key=lambda pair: pair[0]
        )[1],
    ),
    (
        a4_race.plan,
        lambda budget, costs, seeds: [int(budget / (len(costs) * seeds * c)) for c in costs],
    ),
    (
        a4_race.paired_difference,
        lambda one, other, t: (
            np.mean(one) - np.mean(other),
            t * np.sqrt(np.cov(one - other) / len(one)),
        ),
    ),
    (
        a4_race.energy,
        lambda first, operations, ann, mac_pj, ac_pj: (
            np.array([first * mac_pj + operations * ac_pj, ann * mac_pj]) * 1e-3
        ),
    ),
]


@pytest.mark.parametrize(("task", "answer"), OTHERS, ids=[task.name for task, _ in OTHERS])
def test_another_right_way_is_accepted(task: Task, answer: Callable[..., Any]) -> None:
    for seed in (None, *SEEDS):
        verdict = task.judge(seed).check(answer)
        assert verdict.passed, verdict


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
