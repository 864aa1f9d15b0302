"""One way to call an answer: plain data comes out, the same in each run."""

from __future__ import annotations

import random
import re
import time
from collections import deque
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas
import pytest
import torch

from snnlab.classroom.calling import call, outcomes_of
from snnlab.classroom.checking import Exercise
from snnlab.classroom.outcomes import as_data

NUMBERS = [
    1.5,
    np.float32(1.5),
    Decimal("1.5"),
    Fraction(3, 2),
    torch.tensor(1.5),
    np.array([1.5]),
    [1.5],
    (1.5,),
    [[1.5]],
    torch.tensor([1.5], requires_grad=True),
    pandas.Series([1.5]),
    (1.5 for _ in range(1)),
    {"h": 1.5}.values(),
    deque([1.5]),
    np.array([Fraction(3, 2)]),
    1.5 + 0j,
    np.sqrt(np.array([2.25 + 0j])),
]


@pytest.mark.parametrize("value", NUMBERS, ids=lambda value: type(value).__name__)
def test_whatever_holds_one_number_counts_as_a_number(value):
    assert Exercise(lambda: 1.5, [()], []).check(lambda: value).passed


@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        [torch.tensor(1), torch.tensor([2])[0]],
        pandas.DataFrame({"a": [1, 2]})["a"],
        map(int, "12"),
        range(1, 3),
        np.array([True, 2], dtype=object),
        [Fraction(1), 2 + 0j],
    ],
)
def test_whatever_holds_numbers_counts_as_an_array(value):
    assert Exercise(lambda: np.array([1.0, 2.0]), [()], []).check(lambda: value).passed


def test_a_column_is_no_row():
    said = Exercise(lambda: np.ones(3), [()], []).check(lambda: np.ones((3, 1)))
    assert said.message == ("Your numbers are right, but the shape is (3, 1); it should be (3,).")


class Plain:
    """Python writes its place in memory."""


def fails_with_an_address():
    raise ValueError(f"no use for {Plain()}, {hex(id(Plain))}, {id(Plain)}.")


def default_argument(x, y, more=Plain()):  # noqa: B008
    return x


@pytest.mark.parametrize(
    "answer",
    [
        Plain,
        lambda: [Plain(), 1],
        fails_with_an_address,
        default_argument,
        lambda: {"b", "a"},
        Plain(),
    ],
)
def test_no_message_depends_on_the_run(answer):
    said = str(Exercise(lambda: 1.0, [()], []).check(answer))
    assert not re.search("0x[0-9a-f]{4}|[0-9]{12}", said)
    assert "'a'" not in said  # the order of a set of texts is another one each time


def test_random_numbers_without_a_seed_are_the_same_in_each_check_and_come_back():
    def draws():
        return random.random() + np.random.rand() + torch.rand(())  # noqa: NPY002

    before = random.getstate(), torch.get_rng_state()
    one = [float(outcome.value) for outcome in outcomes_of(draws, [(), ()])]
    other = [float(outcome.value) for outcome in outcomes_of(draws, [(), ()])]
    assert one == other
    assert one[0] != one[1]
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_calls_end_at_the_first_error():
    found = list(outcomes_of(lambda x: 1 / x, [(1,), (0,), (2,)]))
    assert [outcome.error is None for outcome in found] == [True, False]


def test_calls_share_their_time():
    def slow(x):
        time.sleep(0.2)
        return x

    found = list(outcomes_of(slow, [(number,) for number in range(9)], seconds=0.5))
    assert [outcome.error and outcome.error.kind for outcome in found] == [None, None, "OutOfTime"]


@pytest.mark.slow
def test_an_answer_that_goes_on_when_it_is_stopped_is_stopped_again():
    def stubborn(x):
        try:
            time.sleep(30)
        except BaseException:
            time.sleep(30)

    began = time.monotonic()
    found = list(outcomes_of(stubborn, [(1,), (2,)], seconds=0.1))
    assert [outcome.error and outcome.error.kind for outcome in found] == ["OutOfTime"]
    assert time.monotonic() - began < 10


def test_an_outcome_says_which_arguments_were_changed():
    def answer(one, other, third):
        other[0] = 5
        third *= 2
        return one

    outcome = call(answer, (1.0, [1, 2], np.ones(2)))
    assert outcome.changed == (1, 2)


def test_data_within_lists_stays_data():
    value = as_data({"a": [1, None, "text"], "b": [[1, 2], [3]]})
    assert value["a"][1] is None
    assert repr(value["a"][2]) == "'text'"
    assert [part.tolist() for part in value["b"]] == [[1, 2], [3]]
