"""How long a training still takes: one rule, and its words."""

from __future__ import annotations

import pytest
import torch

from snnlab.learning.fit import Batch
from snnlab.learning.time_left import TimeLeft, left_in_words


def test_the_first_step_warms_up_and_the_others_decide():
    times = iter([100.0, 102.0, 104.0, 112.0])
    left = TimeLeft(lambda: next(times))
    steps = [Batch(1, step, 10, 1, torch.zeros(())) for step in (1, 2, 3, 4)]
    assert [left.after(batch) for batch in steps] == [0, 2 * 8, 2 * 7, 4 * 6]


def test_a_training_that_goes_on_counts_from_where_it_goes_on():
    times = iter([0.0, 1.0])
    left = TimeLeft(lambda: next(times))
    assert left.after(Batch(6, 51, 100, 10, torch.zeros(()))) == 0
    assert left.after(Batch(6, 52, 100, 10, torch.zeros(()))) == 48


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, ""), (1, "1 s left"), (99.4, "99 s left"), (120, "2 min left")],
)
def test_words(seconds, words):
    assert left_in_words(seconds) == words
