"""The task that draws noise: judged by bounds that a right answer hardly ever leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from snnlab.classroom.assignments import a2_noise
from snnlab.classroom.assignments.noise_samples import fault_of_samples


def normal(mean: float, std: float) -> Callable[[int, int], Any]:
    return lambda count, seed: np.random.default_rng(seed).normal(mean, std, count)


SIGMA = 12**-0.5
WRONG_NOISE: list[tuple[Callable[..., Any], str]] = [
    (normal(0.0, SIGMA), "mean 0"),
    (normal(0.5, 1 / 12), "variance"),
    (normal(0.5, 1.0), "standard noise"),
    (normal(0.5, 0.5), "That is the mean"),
    (normal(0.25, SIGMA), "The mean of your noise"),
    (normal(0.5, 0.35), "The residual has 0.2887"),
    (lambda count, seed: np.random.default_rng(seed).uniform(0, 1, count), "evenly"),
    (lambda count, seed: np.random.default_rng().normal(0.5, SIGMA, count), "The same seed"),
    (lambda count, seed: normal(0.5, SIGMA)(count, 0), "Different seeds"),
    (lambda count, seed: np.full(count, 0.5) + seed, "no noise"),
    (lambda count, seed: normal(0.5, SIGMA)(count - 1, seed), "shape"),
    (lambda count, seed: None, "Nothing is returned"),
    (lambda count, seed: np.full(count, np.nan), "not numbers"),
    (
        lambda count, seed: np.random.default_rng(seed).laplace(0.5, SIGMA / 2**0.5, count),
        "not normally distributed",
    ),
]


@pytest.mark.parametrize(("answer", "words"), WRONG_NOISE, ids=[words for _, words in WRONG_NOISE])
def test_wrong_noise_is_named(answer: Callable[..., Any], words: str) -> None:
    task = a2_noise.draw_noise
    for judge in (task.visible, task.judge("monday")):
        said = judge.check(answer)
        assert not said.passed
        assert words in said.message


def false_alarms(runs: int, samples: int = 3) -> int:
    rng = np.random.default_rng(20)
    drawn = rng.normal
    return sum(
        fault_of_samples([drawn(0.5, SIGMA, 4000) for _ in range(samples)]) is not None
        for _ in range(runs)
    )


@pytest.mark.slow
def test_right_noise_is_hardly_ever_refused() -> None:
    assert false_alarms(300) == 0


@pytest.mark.slow
def test_right_noise_is_refused_in_fewer_than_1_of_1000_checks() -> None:
    # With a true rate of 1 in 1,000, 3 or fewer in 10,000 have a probability of 1 %.
    assert false_alarms(10_000) <= 3
    assert false_alarms(500, samples=9) <= 1  # known and hidden ones together
