"""Means over seeds and their intervals."""

from __future__ import annotations

import math
from statistics import stdev

import pytest
from scipy import stats

from snnlab.measure.statistics import estimate, ratio_estimate

VALUES = [66.1, 71.0, 68.4, 73.2]


def test_the_interval_is_that_of_student() -> None:
    found = estimate(VALUES)
    expected = stats.ttest_1samp(VALUES, 0).confidence_interval(0.95)
    assert found.interval == pytest.approx([expected.low, expected.high])
    assert found.mean == pytest.approx(sum(VALUES) / 4)


def test_ratios_are_averaged_as_logarithms() -> None:
    found = ratio_estimate([50.0, 200.0])
    assert found.mean == pytest.approx(100)
    half = 12.7062 * math.log(4) / 2  # t of one degree of freedom times s / sqrt(2)
    assert found.interval == pytest.approx([100 * math.exp(-half), 100 * math.exp(half)], rel=1e-4)


def test_one_seed_has_no_interval() -> None:
    found = estimate([3.0])
    assert (found.mean, found.interval, found.floor) == (3.0, None, 3.0)
    assert ratio_estimate([3.0]).interval is None


def test_an_estimate_in_words() -> None:
    found = estimate(VALUES)
    assert found.half == pytest.approx(found.high - found.mean)  # type: ignore[operator]
    assert found.text() == f"69.67 ± {found.half:.2f}"
    assert found.text(0, sign="+") == f"+70 ± {found.half:.0f}"
    assert estimate([1234.5]).text(1) == "1,234.5"
    assert found.deviation == pytest.approx(stdev(VALUES))


@pytest.mark.parametrize("values", [[], [float("nan")], [1.0, float("inf")]])
def test_values_without_a_mean_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite values, got"):
        estimate(values)


@pytest.mark.parametrize("values", [[], [0.0], [-1.0, 2.0]])
def test_ratios_must_be_above_zero(values: list[float]) -> None:
    with pytest.raises(ValueError, match="ratios above 0, got"):
        ratio_estimate(values)
