"""Means over seeds, and intervals that say how far to trust them. No torch here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Literal


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its 95 % interval."""

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
            digits: behind the point.
            sign: "+" for differences, which say in which direction they go.

        Example:
            >>> estimate([97.0, 98.0, 98.5]).text()
            '97.83 ± 1.90'
        """
        half = "" if self.half is None else f" ± {self.half:,.{digits}f}"
        return f"{self.mean:{sign},.{digits}f}{half}"


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and two-sided 95 % t-interval of the mean (Student, n - 1 degrees of freedom).

    Paired comparisons pass one difference per seed.

    Args:
        values: one per seed, at least one.

    Raises:
        ValueError: no values, or one that is not finite.

    Example:
        >>> estimate([1.0, 2.0, 3.0]).interval  # 2 -+ 4.303 / sqrt(3)
        [-0.484..., 4.484...]
    """
    if not values or not all(math.isfinite(value) for value in values):
        raise ValueError(f"needs one or more finite values, got {list(values)}")
    middle = mean(values)
    if len(values) == 1:
        return Estimate(middle, None, None, tuple(values))
    from scipy.special import stdtrit

    half = float(stdtrit(len(values) - 1, 0.975)) * stdev(values) / math.sqrt(len(values))
    return Estimate(middle, middle - half, middle + half, tuple(values))


def ratio_estimate(values: Sequence[float]) -> Estimate:
    """Like `estimate` for ratios: geometric mean, and the interval of the mean logarithm.

    Raises:
        ValueError: no values, or one that is not above 0.
    """
    if not values or not all(math.isfinite(value) and value > 0 for value in values):
        raise ValueError(f"needs one or more ratios above 0, got {list(values)}")
    logs = estimate([math.log(value) for value in values])
    ends = [None if end is None else math.exp(end) for end in (logs.low, logs.high)]
    return Estimate(math.exp(logs.mean), ends[0], ends[1], tuple(values))
