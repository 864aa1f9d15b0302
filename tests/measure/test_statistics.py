"""Means over seeds and their intervals."""

from __future__ import annotations

import math
import random
from statistics import stdev

import numpy as np
import pytest
from scipy import stats

from snnlab.measure.statistics import (
    LEVEL,
    MARGIN,
    MOST_SEEDS,
    POWER,
    PairedImages,
    estimate,
    ratio_estimate,
    seeds_needed,
)

VALUES = [66.1, 71.0, 68.4, 73.2]


def test_the_interval_is_that_of_student() -> None:
    found = estimate(VALUES)
    expected = stats.ttest_1samp(VALUES, 0).confidence_interval(0.95)
    assert found.interval == pytest.approx([expected.low, expected.high])
    assert found.mean == pytest.approx(sum(VALUES) / 4)


def test_other_confidences_give_other_intervals() -> None:
    found = estimate(VALUES, 0.9)
    expected = stats.ttest_1samp(VALUES, 0).confidence_interval(0.9)
    assert found.interval == pytest.approx([expected.low, expected.high])
    ratios = ratio_estimate([50.0, 200.0], 0.9)
    assert ratios.high == pytest.approx(100 * math.exp(6.3138 * math.log(4) / 2), rel=1e-4)


@pytest.mark.parametrize(("deviation", "distance"), [(0.5, 0.5), (1.0, 0.4), (0.2, 0.5)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_so_many_seeds_decide_as_often_as_promised(
    deviation: float, distance: float, confidence: float
) -> None:
    """And one seed less does not: of simulated t-intervals."""
    needed = seeds_needed(deviation, distance, confidence)
    assert needed is not None

    def decided(seeds: int) -> float:
        values = np.random.default_rng(0).normal(distance, deviation, (20_000, seeds))
        error = values.std(1, ddof=1) / seeds**0.5
        reached = stats.t.ppf(1 - (1 - confidence) / 2, seeds - 1)
        return float((values.mean(1) - reached * error > 0).mean())

    assert decided(needed) > POWER - 0.01
    assert needed == 2 or decided(needed - 1) < POWER + 0.01


def test_no_spread_needs_two_seeds_and_no_distance_needs_more_than_there_are() -> None:
    assert seeds_needed(0.0, 1.0) == seeds_needed(1e-12, 1.0) == 2
    assert seeds_needed(0.0, 0.0) is None
    assert seeds_needed(1.0, 0.0) is None
    assert seeds_needed(1.0, -0.5) == seeds_needed(1.0, 0.5)
    assert seeds_needed(1.0, 0.01) is None
    assert MOST_SEEDS == 1000


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


def test_chance_is_that_of_coins_and_of_images_none_of_which_changed() -> None:
    assert PairedImages(449, 8, 1).p_loss == pytest.approx((1 + 9) / 2**9)
    assert PairedImages(449, 1, 1).p_loss == pytest.approx(3 / 4)
    # None changed: if a point is lost, each image has a chance of 0.99 to stay as it is.
    assert PairedImages(10, 0, 0).p_margin == pytest.approx(0.99**10)
    assert PairedImages(449, 0, 0).p_margin == pytest.approx(0.99**449)
    # All five gained: 49.5 % gained and 50.5 % lost is the likeliest way to lose a point.
    assert PairedImages(5, 0, 5).p_margin == pytest.approx(0.495**5)


@pytest.mark.parametrize(("images", "lost", "gained"), [(40, 2, 3), (60, 0, 2), (30, 7, 1)])
def test_the_exact_test_is_the_sum_over_all_that_can_happen(
    images: int, lost: int, gained: int
) -> None:
    found = PairedImages(images, lost, gained)
    gain = found.share_gained()
    shares = [gain + MARGIN / 100, gain, 1 - 2 * gain - MARGIN / 100]
    every = [
        ((a, b), stats.multinomial.pmf([a, b, images - a - b], images, shares))
        for a in range(images + 1)
        for b in range(images + 1 - a)
    ]
    expected = sum(p for (a, b), p in every if a - b <= lost - gained)
    assert found.p_margin == pytest.approx(expected)

    def likelihood(q: float) -> float:
        counts = [lost, gained, images - lost - gained]
        return float(stats.multinomial.pmf(counts, images, [q + 0.01, q, 0.99 - 2 * q]))

    best = likelihood(gain)
    assert best >= max(likelihood(gain + 1e-3), likelihood(max(0, gain - 1e-3)))


@pytest.mark.parametrize(
    ("images", "lost", "gained", "verdict"),
    [
        (1250, 9, 12, "kept"),
        (10_000, 60, 50, "kept"),  # a loss, but of far less than a point
        (299, 0, 0, "kept"),  # the fewest that can tell, if none changes
        (298, 0, 0, "undecided"),
        (449, 4, 3, "undecided"),  # seed 2 of a small network on digits: 96.88 to 96.66 %
        (20, 0, 1, "undecided"),
        (1, 1, 0, "undecided"),
        (449, 8, 1, "lost"),
        (1250, 200, 5, "lost"),
    ],
)
def test_what_images_say(images: int, lost: int, gained: int, verdict: str) -> None:
    found = PairedImages(images, lost, gained)
    assert found.verdict == verdict
    assert f"(lost {lost}, gained {gained})" in found.text()
    assert (f"{images:,} images" in found.text()) == (verdict == "undecided")


def test_a_loss_of_the_margin_is_seldom_called_kept() -> None:
    generator = random.Random(0)
    for rare in (0.0, 0.02):  # share of images that are gained
        kept = 0
        for _ in range(400):
            draws = [generator.random() for _ in range(1000)]
            lost = sum(draw < rare + MARGIN / 100 for draw in draws)
            gained = sum(draw > 1 - rare for draw in draws)
            kept += PairedImages(1000, lost, gained).verdict == "kept"
        assert kept / 400 <= LEVEL + 0.03


@pytest.mark.parametrize("counts", [(0, 0, 0), (5, -1, 0), (5, 3, 3)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="needs images of which some are lost"):
        PairedImages(*counts)
