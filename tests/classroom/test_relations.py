"""A mistake that nobody has catalogued is told by what it has to do with the right result."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from snnlab.classroom.checking import Exercise

power = Exercise(
    solution=lambda x, n: x**n,
    calls=[(1.5, 2), (2.5, 3), (0.5, 2), (3.0, 4)],
    mistakes=[],
)
SAID = [
    (lambda x, n: -(x**n), "has the wrong sign"),
    (lambda x, n: x ** (2 * n), "the square of the right one"),
    (lambda x, n: x ** (n / 2), "the square root of the right one"),
    (lambda x, n: x**-n, "1 divided by the right one"),
    (lambda x, n: 1 - x**n, "1 minus the right one"),
    (lambda x, n: 100 - x**n, "100 minus the right one"),
    (lambda x, n: 100 * x**n, "100 times the right one"),
    (lambda x, n: 3 * x**n, "3 times the right one"),
    (lambda x, n: x**n + 1, "1 too large"),
    (lambda x, n: x**n - 0.5, "0.5 too small"),
    (lambda x, n: x ** (n + 1), "the right one times `x`"),
    (lambda x, n: x ** (n - 1), "the right one divided by `x`"),
    (lambda x, n: x**n * n, "the right one times `n`"),
    (lambda x, n: x**n + n, "the right one plus `n`"),
    (lambda x, n: x**n - x, "the right one minus `x`"),
    (lambda x, n: round(x**n), "round your result to whole numbers"),
    (lambda x, n: round(x**n, 1), "round your result to 1 decimal."),
    (lambda x, n: x**n // 1, "down to whole numbers"),
    (lambda x, n: x**n * 1.01 - 0.001, "nearly right: they are off by"),
    (lambda x, n: x, "You return `x` as it came in"),
    (lambda x, n: 7, "You return 7 in every case that was tried"),
    (lambda x, n: np.log(-x), "infinite or nan"),
    (lambda x, n: x * n, "it should return"),  # related to nothing
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("answer", "words"), SAID, ids=[words for _, words in SAID])
def test_numbers(answer, words):
    said = power.check(answer)
    assert not said.passed
    assert words in said.message
    assert said.hint


@pytest.mark.slow
def test_every_sentence_holds_for_what_it_is_said_of_alone():
    """None of them is said of another wrong answer of the list."""
    for (_, words), (answer, own) in itertools.product(SAID, SAID):
        if words != own and words not in own:
            assert words not in power.check(answer).message


rows = torch.tensor([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]])
sums = Exercise(lambda x: x.sum(0), [(rows,), (rows + 1,)], [])
same = Exercise(lambda x: x * 2, [(rows,), (rows + 1,)], [])
signs = Exercise(lambda x: x > 3, [(rows,), (rows + 1,)], [])


@pytest.mark.parametrize(
    ("task", "answer", "words"),
    [
        (sums, lambda x: x.sum(0, keepdim=True), "Your numbers are right, but the shape is (1, 3)"),
        (sums, lambda x: x.sum(0)[:, None], "Your numbers are right, but the shape is (3, 1)"),
        (sums, lambda x: x.sum(0).flip(0), "in the reverse order"),
        (sums, lambda x: x, "shape (2, 3); it should have (3,). It has a dimension too many"),
        (sums, lambda x: x.sum(), "one number; it should have the shape (3,)"),
        (same, lambda x: (x * 2).T, "lie across"),
        (same, lambda x: x * 4, "2 times the right one"),
        (signs, lambda x: x <= 3, "exactly the other way round"),
    ],
)
def test_shapes_and_orders(task, answer, words):
    assert words in task.check(answer).message


two = Exercise(lambda x: (x + 1, x * 2), [(1.5,), (2.75,), (4.0,)], [])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: (x * 2, x + 1), "in the wrong order"),
        (lambda x: (x + 1, x * 4), "the other one is. In each case it is 2 times the right one."),
        (lambda x: (x, x * 2), "Your first value is not right yet, the other one is."),
        (lambda x: (100 * (x + 1), 200 * x), "Each of your numbers is 100 times the right one"),
        (lambda x: x * 2, "one value (3): the second of the 2"),
        (lambda x: (x + 1, x**3), "Your second value is not right yet, the other one is. For `x"),
    ],
)
def test_several_values(answer, words):
    assert words in two.check(answer).message


def test_the_smallest_case_that_goes_wrong_is_shown():
    long, short = np.arange(100.0), np.array([2.0, -1.0])
    total = Exercise(lambda x: x.sum() - 2 * min(x[-1], 0), [(long,), (-long,), (short,)], [])
    assert "For `x = [ 2., -1.]` your function returns 1; it should return 3." in (
        total.check(lambda x: x.sum()).message
    )


def test_of_a_large_result_the_first_difference_is_shown():
    ramp = Exercise(lambda x: x**2, [(np.arange(60.0),)], [])

    def one_off(x):
        return np.where(x == 7, 50, x**2)

    said = ramp.check(one_off).message
    assert "1 of 60 numbers differ; the first at [7], counted from 0: yours is 50, right is 49" in (
        said
    )


def test_who_draws_random_numbers_is_told():
    case = (np.arange(5.0),)
    exercise = Exercise(lambda x: x, [case, case], [])
    said = exercise.check(lambda x: x + np.random.rand(5))  # noqa: NPY002
    assert "something else when it is called once more" in said.message


def test_a_missing_return_is_told_from_a_missing_answer():
    exercise = Exercise(lambda x: abs(x), [(1,), (-1,), (2,)], [])
    said = exercise.check(lambda x: x if x > 0 else None)
    assert said.message.startswith("For `x = -1` your function returns nothing, in other cases")
    hidden = Exercise(lambda x: abs(x), [(1,), (-1,)], [], hidden=["negative"])
    assert hidden.check(lambda x: x if x > 0 else None).message.endswith(
        "negative. There your function returns nothing."
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: 1 if x > 3 else 0, "decide about one number"),
        (lambda x: __import__("math").sqrt(x), "take one number"),
        (lambda x: x + torch.ones(7), "Print `.shape` of both"),
        (lambda x: unknown, "spelt right"),  # noqa: F821
        (lambda x: x[9], "beyond the end"),
        (lambda x: x.means(), "something else than you think"),
    ],
)
def test_common_errors_have_a_hint(answer, words):
    assert words in signs.check(answer).hint


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "returned", [1e300, -1e300, 1e-300, float("inf"), float("nan"), [], [1e300, 0.0], 0.0]
)
def test_no_number_is_too_odd(returned):
    for exercise in (power, two, sums):
        assert not exercise.check(lambda *arguments: returned).passed
    empty = Exercise(lambda x: x, [(np.ones(0),), (np.ones((0, 2)),)], [])
    assert not empty.check(lambda x: returned).passed or returned == []
