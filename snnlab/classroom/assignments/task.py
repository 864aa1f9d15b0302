"""A graded task: a function to write, its points, and hidden cases."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from snnlab.classroom.assignments.notebooks.marks import check_id
from snnlab.classroom.calling import Arguments
from snnlab.classroom.checking import Exercise
from snnlab.classroom.diagnosis import Diagnosis, NotYet
from snnlab.classroom.judging import Judge

Draw = Callable[[np.random.Generator], Arguments]
"""Draws the arguments of one hidden call."""

COURSE_SEED = "SNNLAB_COURSE_SEED"
"""The environment variable that holds the lecturer's secret: a number or any text."""
HIDDEN_CASES = 4
"""Hidden calls of each kind."""


@dataclass(frozen=True)
class Task:
    """A function that a student writes in a cell of an assignment, for points.

    `check` uses the cases that everyone knows. `grade` adds cases that are drawn from the course
    seed. A right function gets all points, any other none.

    Example:
        >>> task = a1_neuron.charge
        >>> task.check(lambda v, current, beta: beta * v + current).passed
        True
    """

    name: str
    """Name of the function, and `grade_id` of the cell in which it is written."""
    points: int
    """Points of a right function."""
    visible: Judge
    """The known cases."""
    hidden: Callable[[np.random.Generator], Judge]
    """The judge with known and hidden cases, drawn from a generator."""

    @property
    def check_id(self) -> str:
        """`grade_id` of the cell that checks it and carries the points."""
        return check_id(self.name)

    def check(self, answer: Any) -> Diagnosis | None:
        """Judge a function by the known cases, in a cell of a notebook.

        Args:
            answer: the function that the student wrote.

        Returns:
            The diagnosis of a right function; None if a notebook has already shown it.

        Raises:
            NotYet: the function is wrong.
        """
        diagnosis = self.visible.check(answer)
        shown = show(diagnosis)
        if not diagnosis.passed:
            raise NotYet(diagnosis)
        return None if shown else diagnosis  # nbgrader would take a returned value for points

    def grade(self, answer: Any) -> float:
        """Points of a function by the known and hidden cases, called in this process.

        Sites that use nbgrader alone run this in the hidden part of a check cell;
        `snnlab assign grade` keeps the function in a process of its own instead.

        Args:
            answer: the function that the student wrote.

        Raises:
            ValueError: there is no course seed.
        """
        return float(self.points) if self.judge(course_seed()).check(answer).passed else 0.0

    def judge(self, seed: str | None) -> Judge:
        """The judge with the hidden cases of a course; None: with the known cases alone."""
        return self.visible if seed is None else self.hidden(generator_for(seed, self.name))


def code_task(
    name: str,
    points: int,
    exercise: Exercise,
    kinds: Mapping[str, Draw],
    *,
    each: int = HIDDEN_CASES,
) -> Task:
    """A task whose results are compared with those of the right function.

    Args:
        name: of the function.
        points: for a right function.
        exercise: right function, known calls, catalogue of mistakes.
        kinds: kinds of hidden calls, in words that complete "a hidden case: ...".
        each: hidden calls of each kind.
    """

    def hidden(rng: np.random.Generator) -> Exercise:
        words = [kind for kind in kinds for _ in range(each)]
        calls = [*exercise.calls, *(kinds[kind](rng) for kind in words)]
        return replace(exercise, calls=calls, hidden=words)

    return Task(name, points, exercise, hidden)


def show(diagnosis: Diagnosis) -> bool:
    """Show a diagnosis in a notebook and return True; elsewhere return False."""
    shell = sys.modules.get("IPython")
    if shell is None or shell.get_ipython() is None:
        return False
    shell.display.display(diagnosis)
    return True


def course_seed() -> str:
    """The lecturer's secret.

    Raises:
        ValueError: the environment variable is not set, or is empty.
    """
    seed = os.environ.get(COURSE_SEED, "").strip()
    if not seed:
        raise ValueError(
            f"{COURSE_SEED} is not set: the hidden cases are drawn from it. Choose a text that "
            f"nobody guesses, keep it for the whole course: export {COURSE_SEED}=..."
        )
    return seed


def generator_for(seed: str, name: str) -> np.random.Generator:
    """Random numbers that depend on the seed and on the name, the same on every machine."""
    digest = hashlib.sha256(f"{seed}\n{name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))
