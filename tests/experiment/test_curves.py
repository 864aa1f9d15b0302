"""Accuracy against timesteps of many runs, grouped and as a table."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from snnlab.experiment.curves import COLUMNS, accuracy_table, curves_by_method, powers_of_two
from snnlab.experiment.store import Run, RunError


def made_up(finished: Run, method: str, seed: int, accuracy: dict[int, float]) -> Run:
    """A run of that method and seed with those accuracies."""
    assert finished.config is not None
    config = replace(finished.config, method=method, seed=seed)  # type: ignore[arg-type]
    result = {"accuracy": {str(T): value for T, value in accuracy.items()}}
    return replace(finished, config=config, result=result)


def test_curves_stand_by_method_and_seed(finished: Run) -> None:
    runs = [
        made_up(finished, "noise", 1, {1: 60.0, 2: 70.0, 3: 75.0}),
        made_up(finished, "no-noise", 0, {1: 50.0, 2: 40.0, 3: 30.0}),
        made_up(finished, "noise", 0, {1: 61.0, 2: 71.0, 3: 76.0}),
    ]
    assert curves_by_method(runs, [1, 3]) == {
        "no-noise": {"timesteps": [1, 3], "accuracy": [[50.0, 30.0]]},
        "noise": {"timesteps": [1, 3], "accuracy": [[61.0, 76.0], [60.0, 75.0]]},
    }


def test_a_run_without_these_timesteps_is_named(finished: Run) -> None:
    with pytest.raises(RunError, match=rf"'{finished.id}' \(finished\) .* at T = \[8, 16\]"):
        curves_by_method([finished], [1, 8, 16])
    damaged = replace(finished, status="damaged", config=None, result=None)
    with pytest.raises(RunError, match=r"\(damaged\) has no accuracy at T = \[1\]"):
        curves_by_method([damaged], [1])


def test_the_table_has_a_row_for_every_accuracy(finished: Run) -> None:
    runs = [made_up(finished, "noise", 2, {1: 60.0, 2: 200 / 3}), replace(finished, result=None)]
    rows = list(csv.reader(io.StringIO(accuracy_table(runs))))
    assert rows == [
        list(COLUMNS),
        ["noise", "2", "1", "60.0000"],
        ["noise", "2", "2", "66.6667"],
    ]


@pytest.mark.parametrize(
    ("highest", "powers"),
    [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (16, [1, 2, 4, 8, 16]), (20, [1, 2, 4, 8, 16, 20])],
)
def test_powers_of_two_end_with_the_highest(highest: int, powers: list[int]) -> None:
    assert powers_of_two(highest) == powers
