"""Means over seeds with intervals, and tests of whether accuracy is kept. No torch here."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from statistics import mean, stdev
from typing import Any, Literal

from snnlab.settings import quoted

CONFIDENCE = 0.95
"""In this share of cases an interval contains the true mean."""
POWER = 0.8
"""In this share of cases the number of seeds from `seeds_needed` is enough to decide; 0.8 is usual
in the planning of experiments (Cohen, 1988)."""
MOST_SEEDS = 1000
"""More than anybody trains; if even these cannot decide, the mean counts as equal to the bound."""


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its interval, usually of 95 %."""

    mean: float
    """Mean, or geometric mean for ratios."""
    low: float | None
    """Lower end of the interval; None with a single seed."""
    high: float | None
    """Upper end."""
    values: tuple[float, ...] = ()
    """One value per seed."""

    @property
    def deviation(self) -> float | None:
        """Standard deviation over the seeds; None with a single one."""
        return stdev(self.values) if len(self.values) > 1 else None

    @property
    def half(self) -> float | None:
        """Half the width of the interval of a mean; None with a single seed."""
        return None if self.high is None else self.high - self.mean

    @property
    def floor(self) -> float:
        """Lower end of the interval; the mean itself with a single seed."""
        return self.mean if self.low is None else self.low

    @property
    def interval(self) -> list[float] | None:
        """Both ends; None with a single seed."""
        return None if self.low is None or self.high is None else [self.low, self.high]

    def text(self, digits: int = 2, sign: Literal["", "+"] = "") -> str:
        """The mean, and half the width of its interval if there is one.

        Args:
            digits: number of digits after the decimal point.
            sign: "+" to write a plus before positive differences.

        Example:
            >>> estimate([97.0, 98.0, 98.5]).text()
            '97.83 ± 1.90'
        """
        half = "" if self.half is None else f" ± {self.half:,.{digits}f}"
        return f"{self.mean:{sign}z,.{digits}f}{half}"  # z: no "-0.0"


def estimate(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Mean and two-sided t-interval of the mean (Student, n - 1 degrees of freedom).

    For a paired comparison pass one difference per seed.

    Args:
        values: one per seed, at least one.
        confidence: share of cases in which the interval contains the true mean, 0 to 1.

    Raises:
        ValueError: no values, or one that is not finite.

    Example:
        >>> estimate([1.0, 2.0, 3.0]).interval  # 2 -+ 4.303 / sqrt(3)
        [-0.484..., 4.484...]
    """
    given: Any = values
    numbers = isinstance(given, Sequence) and all(isinstance(value, Real) for value in given)
    if not numbers or not values or not all(map(math.isfinite, values)):
        raise ValueError(f"needs one or more finite values, got {quoted(values)}")
    middle = mean(values)
    if len(values) == 1:
        return Estimate(middle, None, None, tuple(values))
    from scipy.special import stdtrit

    beyond = (1 - confidence) / 2
    half = float(stdtrit(len(values) - 1, 1 - beyond)) * stdev(values) / math.sqrt(len(values))
    return Estimate(middle, middle - half, middle + half, tuple(values))


def ratio_estimate(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Like `estimate` for ratios: geometric mean, and the interval of the mean logarithm.

    Raises:
        ValueError: no values, or one that is not above 0.
    """
    if not values or not all(math.isfinite(value) and value > 0 for value in values):
        raise ValueError(f"needs one or more ratios above 0, got {list(values)}")
    logs = estimate([math.log(value) for value in values], confidence)
    ends = [None if end is None else math.exp(end) for end in (logs.low, logs.high)]
    return Estimate(math.exp(logs.mean), ends[0], ends[1], tuple(values))


def seeds_needed(deviation: float, distance: float, confidence: float = CONFIDENCE) -> int | None:
    """How many seeds are needed until the interval of the mean lies on one side of a bound.

    This is the smallest n for which the t-interval does not contain the bound in `POWER` of all
    cases, if the true mean has this distance from it: the power of a t-test, by the noncentral t
    distribution.

    Args:
        deviation: standard deviation over seeds, at least 0.
        distance: distance of the mean from the bound, in the same unit; its sign does not matter.
        confidence: confidence of the interval, 0 to 1.

    Returns:
        n, at least 2; None if `MOST_SEEDS` are not enough.

    Source:
        Cohen, Statistical Power Analysis for the Behavioral Sciences (1988), chapter 2.

    Example:
        >>> seeds_needed(deviation=0.5, distance=0.5)  # one standard deviation away
        10
    """
    from scipy.special import nctdtr, stdtrit

    def decides(n: int) -> bool:
        away = min(abs(distance) * math.sqrt(n) / deviation, 1e4)  # in standard errors
        reached = float(stdtrit(n - 1, 1 - (1 - confidence) / 2))
        return 1 - float(nctdtr(n - 1, away, reached)) >= POWER

    if deviation == 0:
        return 2 if distance else None
    numbers = range(2, MOST_SEEDS + 1)
    at = bisect_left(numbers, True, key=decides)
    return numbers[at] if at < len(numbers) else None


MARGIN = 1.0
"""Points of accuracy: accuracy is kept if a loss of this much, or more, can be excluded. One point,
an image in a hundred, is about the difference between two seeds, and the smallest that a few
hundred test images can show. If the margin were 0, chance would decide every verdict."""
LEVEL = 0.05
"""Largest probability that a verdict "kept" or "lost" is due to chance."""

RULE = (
    f"Kept: a loss of {MARGIN:g} point or more can be excluded. Lost: more images are lost than "
    "chance would take. Both by exact tests on the images that T = 1 and T tell apart; each errs "
    f"in at most {100 * LEVEL:g} of 100 cases. Few images often cannot decide."
)
"""The rule in words, shown with a verdict."""

Verdict = Literal["kept", "lost", "undecided"]
"""Whether accuracy is kept from one timestep to many, by `RULE`; see `PairedImages`."""


@dataclass(frozen=True)
class PairedImages:
    """One network evaluated twice on the same images: after one timestep, and after T.

    The two evaluations differ in the images that are right in one and wrong in the other. The
    verdict is the first of these that applies:

    - kept: if T timesteps truly lost `MARGIN` points, a result as good as this one would occur in
      at most 5 of 100 sets of images (`p_margin`).
    - lost: if they truly lost nothing, this many lost images would occur in at most 5 of 100 sets
      (`p_loss`).
    - undecided: otherwise; more images are needed.

    The verdict holds for this network and images like these, and not for other seeds.

    Raises:
        ValueError: counts below 0, or more images that change than there are.

    Example:
        >>> PairedImages(images=1250, lost=9, gained=12).verdict
        'kept'
    """

    images: int
    """Number of all images."""
    lost: int
    """Number of images right after one timestep and wrong after T."""
    gained: int
    """Number of images wrong after one timestep and right after T."""

    def __post_init__(self) -> None:
        if min(self.images - 1, self.lost, self.gained, self.images - self.lost - self.gained) < 0:
            raise ValueError(
                f"needs images of which some are lost and others gained, got {self.lost} lost and "
                f"{self.gained} gained of {self.images}"
            )

    @property
    def difference(self) -> float:
        """Points of accuracy gained; below 0 if some are lost."""
        return 100 * (self.gained - self.lost) / self.images

    @property
    def p_loss(self) -> float:
        """Chance of so many lost images or more among those that change, if neither is likelier.

        The exact sign test of McNemar (1947), one-sided.
        """
        from scipy.stats import binom

        return float(binom.sf(self.lost - 1, self.lost + self.gained, 0.5))

    @property
    def p_margin(self) -> float:
        """Chance of a difference at least as good as this one, if `MARGIN` points are truly lost.

        Each image is lost, gained, or neither, and all possible counts are summed exactly. The
        share of gained images is the one that, with a loss of `MARGIN`, makes the measured counts
        likeliest (Tango, 1998).
        """
        from scipy.stats import binom

        gain = self.share_gained()
        lose = gain + MARGIN / 100
        lost = range(self.images + 1)
        left = [self.images - k for k in lost]
        needed = [k - self.lost + self.gained for k in lost]  # gained ones, for such a difference
        likely = min(1.0, gain / (1 - lose))
        enough = binom.sf([k - 1 for k in needed], left, likely)
        return min(1.0, float((binom.pmf(lost, self.images, lose) * enough).sum()))

    def share_gained(self) -> float:
        """The likeliest share of gained images, if the share of lost ones is larger by `MARGIN`."""
        margin, changed = MARGIN / 100, self.lost + self.gained
        same = self.images - changed
        linear = changed * (1 - margin) - 2 * margin * (self.gained + same)
        root = math.sqrt(linear**2 + 8 * self.images * self.gained * margin * (1 - margin))
        return max(0.0, (linear + root) / (4 * self.images))

    @property
    def verdict(self) -> Verdict:
        """The verdict by the rule above."""
        if self.p_margin <= LEVEL:
            return "kept"
        return "lost" if self.p_loss <= LEVEL else "undecided"

    def text(self) -> str:
        """The verdict and the counts behind it, in a line.

        Example:
            >>> PairedImages(images=20, lost=0, gained=1).text()
            'cannot be decided with 20 images (lost 0, gained 1)'
        """
        words: dict[Verdict, str] = {
            "kept": f"kept: less than {MARGIN:g} point lost",
            "lost": "lost: more than chance would take",
            "undecided": f"cannot be decided with {self.images:,} images",
        }
        return f"{words[self.verdict]} (lost {self.lost}, gained {self.gained})"
