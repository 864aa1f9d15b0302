"""How often the audit is wrong about a loss, and how often it decides: simulated races."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from snnlab.measure.statistics import PairedImages
from snnlab.studies.abstract import TESTS, since_1
from snnlab.studies.claims import Claim

(LOSSLESS,) = (test for test in TESTS if "lossless" in test.name)
CURVE = (2, 4, 8, 16)
SPREAD = 0.3
"""Points between seeds beyond what images make: as much as MNIST and digits show."""


def a_race(
    generator: np.random.Generator,
    loss: float | tuple[float, ...],
    seeds: int,
    images: int,
    *,
    changed: float = 4.0,
    spread: float = SPREAD,
    shared: float = 0.0,
) -> Claim:
    """The verdict of a race whose networks truly lose so many points, on average over seeds.

    Seeds differ in what they truly lose; of each, `changed` percent of its images change sides,
    most of them the same ones at every T. Of the images, a share of `shared` does in all seeds what
    it does in one.
    """
    losses = np.broadcast_to(loss, len(CURVE)) + generator.normal(0, spread, seeds)[:, None]
    lose = np.clip(changed + losses, 0, None) / 200  # (seeds, T)
    gain = np.clip(changed - losses, 0, None) / 200
    ranks = generator.random((seeds, 1, images))  # the same at every T
    ranks = np.where(generator.random(images) < shared, ranks[0], ranks)
    moved = generator.random((seeds, len(CURVE), images)) < 0.2  # but for these
    drawn = np.where(moved, generator.random(moved.shape), ranks)  # (seeds, T, images)
    lost = (drawn < lose[..., None]).sum(-1)
    gained = (drawn > 1 - gain[..., None]).sum(-1)
    pairs = {
        T: [PairedImages(images, int(lost[i, k]), int(gained[i, k])) for i in range(seeds)]
        for k, T in enumerate(CURVE)
    }
    test = replace(LOSSLESS, compared="", find=lambda e: since_1(pairs, list(range(seeds))))
    return test.judge(None)


def shares(
    loss: float | tuple[float, ...], seeds: int, races: int, images: int = 2000, **options: float
) -> dict[str, float]:
    """How often each verdict is made, in 1 race."""
    generator = np.random.default_rng(seeds)
    found = Counter(a_race(generator, loss, seeds, images, **options).status for _ in range(races))
    return {status: found[status] / races for status in found} | {"races": races}


def at_most(promised: float, races: int) -> float:
    """What is still chance: three standard deviations above the promised share."""
    return promised + 3 * (promised * (1 - promised) / races) ** 0.5


@pytest.mark.parametrize(("loss", "wrong"), [(0.0, "contradicted"), (1.0, "supported")])
def test_verdicts_about_a_loss_are_seldom_wrong(loss: float, wrong: str) -> None:
    assert shares(loss, 3, races=60, images=500).get(wrong, 0) <= at_most(0.05, 60)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_error_rates_and_power(seeds: int) -> None:
    """Both errors are at most 5 of 100; no loss is found to be none more often than not."""
    races = 300
    found = {loss: shares(loss, seeds, races) for loss in (0.0, 0.5, 1.0, 2.0)}
    assert found[0.0].get("contradicted", 0) <= at_most(0.05, races)
    for loss in (1.0, 2.0):
        assert found[loss].get("supported", 0) <= at_most(0.05, races)
    assert found[0.0]["supported"] > 0.6
    assert found[2.0]["contradicted"] > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 1.0])
@pytest.mark.parametrize(("loss", "wrong"), [(0.0, "contradicted"), (1.0, "supported")])
def test_error_rates_hold_for_any_spread(loss: float, wrong: str, spread: float) -> None:
    found = shares(loss, 3, races=300, images=500, spread=spread)
    assert found.get(wrong, 0) <= at_most(0.05, 300)


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "wrong"), [(0.0, "contradicted"), (1.0, "supported")])
def test_error_rates_hold_where_seeds_share_images_that_are_hard(loss: float, wrong: str) -> None:
    found = shares(loss, 10, races=300, images=500, spread=0.0, shared=0.15)
    assert found.get(wrong, 0) <= at_most(0.05, 300)


@pytest.mark.slow
def test_a_loss_at_one_T_is_not_hidden_by_the_others() -> None:
    found = shares((3.0, 0.0, -0.5, -0.5), 5, races=100)
    assert found["contradicted"] > 0.9
