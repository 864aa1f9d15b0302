"""The rules by which a race judges a claim of the paper, the same for all claims.

Verdicts:

- Comparisons are paired over seeds: both sides share data, architecture, epochs and seed.
- Supported: the t-interval of the mean over seeds lies completely on the claimed side of the bound.
  Contradicted: it lies completely on the other side. Undecided: it contains the bound. Untested:
  the race lacks the data, or has a single seed, which gives no interval.
- For an undecided claim the audit gives the number of seeds that would decide it in 4 of 5 races,
  if mean and spread over the seeds do not change, see `seeds_needed`.
- Printed numbers are rounded against the claim.

What decides, if the abstract leaves it open:

- It names no T: the mean over the curve decides, T = 2, 4, ... to the last, with equal weights.
  This is one number with one interval. If the least favourable of several T decided, all intervals
  would have to lie on one side, and a true effect would be missed most of the time; a band that
  holds at all T at once (Bonferroni) is twice as wide with 3 seeds and 4 T.
- There are several rivals: the best one, least favourable to the claim, decides. Of equal rivals
  one is best by chance, so a contradiction must hold at 1 - (1 - confidence) / rivals.

To show the effect of this choice, the audit also reports the most and the least favourable single
comparison (a T, a rival, a conversion), with their own verdicts. As they were selected by their
numbers, their intervals hold simultaneously for all comparisons: each at the level
1 - (1 - confidence) / number (Bonferroni; Dunn, 1961).

Accuracy that is kept follows the one rule of certificates (`PairedImages`): `MARGIN` points are
the bound, and a verdict errs in at most 5 of 100 cases, so that the interval over seeds is one of
90 %, each end of which errs in 5 of 100 (two one-sided tests; Schuirmann, 1987). For a conversion
without loss seeds and images must agree. Supported: both exclude a loss of `MARGIN` points.
Contradicted: both show that something is lost, or one T alone lies beyond the margin. The exact
tests on the images that change sides take the images of all seeds, and the mean over the curve.

In simulated races with 3, 5 and 10 seeds, 2,000 images of which 4 % change sides, and 0.3 points
between seeds, these shares of 100 were supported / contradicted, the rest undecided:

    true loss    3 seeds    5 seeds    10 seeds
    0 points     69 / 1     96 / 1     100 / 0
    0.5          23 / 21    43 / 31    74 / 8
    1             1 / 74     2 / 92      0 / 95
    2             0 / 100    0 / 100     0 / 100

(400 races each; `tests/studies/test_error_rates.py`.) For a loss between 0 and `MARGIN` both
verdicts are acceptable: the loss is real, but smaller than the margin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, stdev
from typing import Any, Literal

from snnlab.measure.statistics import (
    CONFIDENCE,
    LEVEL,
    MOST_SEEDS,
    POWER,
    Estimate,
    PairedImages,
    estimate,
    ratio_estimate,
    seeds_needed,
)
from snnlab.studies.evidence import Evidence, Untested
from snnlab.studies.study import Entry

Status = Literal["supported", "contradicted", "undecided", "untested"]


@dataclass(frozen=True)
class Reading:
    """One comparison, with an interval that holds simultaneously for all comparisons."""

    condition: str
    """The T, or the rival."""
    measured: float
    """Mean over seeds."""
    interval: list[float] | None
    """Interval of the mean."""
    status: Status
    """The verdict of this comparison alone."""

    def text(self, unit: str) -> str:
        """The comparison in a line."""
        found = in_words(self.measured, unit, self.interval, "joint interval")
        return f"{found}, {self.condition}: {self.status}"


@dataclass(frozen=True)
class Claim:
    """A claim of the abstract, and the verdict on it."""

    name: str
    """The claim in words."""
    status: Status
    """The verdict, by the rules at the top of this file."""
    compared: str
    """A description of the comparison."""
    measured: float | None = None
    """The number that decides; only `text` rounds it against the claim."""
    unit: str = ""
    """Its unit."""
    condition: str = ""
    """The T, or the rival; empty if there was only one."""
    interval: list[float] | None = None
    """Its interval over seeds."""
    confidence: float = CONFIDENCE
    """Confidence of the interval, 0 to 1."""
    seeds: list[int] = field(default_factory=list)
    """Seeds of the compared runs."""
    seeds_needed: int | None = None
    """How many seeds would decide it, if undecided; None: more than `MOST_SEEDS`, see `power`."""
    power: str = ""
    """`seeds_needed` in words."""
    speaks_for: Reading | None = None
    """The most favourable comparison; None if there is only one."""
    speaks_against: Reading | None = None
    """The least favourable one."""
    reason: str = ""
    """Why it is untested or undecided, or a note on the measurement."""
    details: dict[str, Any] = field(default_factory=dict)
    """All comparisons with their numbers."""

    def text(self) -> str:
        """The claim in a few lines, rounded down, as more is better in every claim."""
        lines = [f"{self.status.upper()}: {self.name}", f"  compared: {self.compared}"]
        if self.measured is not None:
            interval = f"{100 * self.confidence:g} % interval"
            found = in_words(self.measured, self.unit, self.interval, interval)
            told = ", ".join(filter(None, [found, self.condition]))
            lines.append(f"  measured: {told}; seeds {', '.join(map(str, self.seeds))}")
        for words, reading in (("for", self.speaks_for), ("against", self.speaks_against)):
            if reading is not None:
                lines.append(f"  most {words} it: {reading.text(self.unit)}")
        notes = (("power", self.power), ("note", self.reason))
        return "\n".join([*lines, *(f"  {name}: {said}" for name, said in notes if said)])


@dataclass(frozen=True)
class Found:
    """The measurements of a race for a claim; larger numbers are better for the claim."""

    values: Sequence[float]
    """The number that decides, one per seed."""
    seeds: list[int]
    """Seeds of the compared runs."""
    condition: str = ""
    """The T, or the rival."""
    readings: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Single comparisons, one value per seed each."""
    note: str = ""
    """A note on the measurement."""
    images: PairedImages | None = None
    """Lost and gained images; for some claims their verdict must agree with that of the seeds."""
    rivals: int = 1
    """The number of rivals from which the best was selected by these numbers."""
    at_least: frozenset[str] = frozenset()
    """Readings whose true values may be larger, so that they cannot contradict; "" for `values`."""
    details: dict[str, Entry] = field(default_factory=dict)
    """Further values to store, by reading."""


@dataclass(frozen=True)
class Test:
    """A claim, and how a race tests it."""

    name: str
    """The claim in words."""
    compared: str
    """A description of the comparison; `{e.ours}` and the like become names of methods."""
    find: Callable[[Any], Found]
    """Measures the numbers for the claim, or raises `Untested`."""
    unit: str
    """Unit of these numbers."""
    bound: float = 0.0
    """The claim holds for numbers at or above it."""
    strict: bool = False
    """Whether the claim holds only above the bound."""
    lost_below: float | None = None
    """The claim is contradicted below it; None: below `bound`."""
    ratio: bool = False
    """Whether the numbers are ratios, with geometric means."""
    confidence: float = CONFIDENCE
    """Confidence of the interval that decides, 0 to 1."""
    everywhere: bool = False
    """Whether a single reading that is certainly below `bound` contradicts."""

    def judge(self, evidence: Evidence | None) -> Claim:
        """Judge the claim by the rules at the top of this file."""
        compared = self.compared.format(e=evidence)
        try:
            found = self.find(evidence)
        except Untested as why:
            return Claim(self.name, "untested", compared, reason=str(why))
        decisive = self.estimate(found.values)
        estimates = {
            condition: self.estimate(values, len(found.readings))
            for condition, values in found.readings.items()
        }
        status, reason = self.verdict(found, decisive, estimates)
        needed, power = self.power(found, decisive) if status == "undecided" else (None, "")
        least, most = self.ends(found, estimates)
        return Claim(
            self.name,
            status,
            compared,
            measured=decisive.mean,
            unit=self.unit,
            condition=found.condition + (", at least" if "" in found.at_least else ""),
            interval=decisive.interval,
            confidence=self.confidence,
            seeds=found.seeds,
            seeds_needed=needed,
            power=power,
            speaks_for=most,
            speaks_against=least,
            reason="; ".join(filter(None, [reason, found.note])),
            details={
                condition: {"measured": e.mean, "interval": e.interval, "by_seed": list(e.values)}
                | found.details.get(condition, {})
                for condition, e in estimates.items()
            },
        )

    def estimate(self, values: Sequence[float], together: int = 1) -> Estimate:
        """Mean and interval; the latter as one of `together` that hold simultaneously."""
        confidence = 1 - (1 - self.confidence) / together
        return (ratio_estimate if self.ratio else estimate)(values, confidence)

    def ends(
        self, found: Found, estimates: Mapping[str, Estimate]
    ) -> tuple[Reading | None, Reading | None]:
        """The least and the most favourable comparison, if there are several."""
        if len(estimates) < 2:
            return None, None
        ranked = sorted(estimates, key=lambda condition: estimates[condition].mean)
        least, most = (self.reading(one, estimates[one], found) for one in (ranked[0], ranked[-1]))
        return least, most

    def reading(self, condition: str, estimate: Estimate, found: Found) -> Reading:
        """One comparison with its own verdict."""
        at_least = condition in found.at_least
        status = self.side(estimate, at_least=at_least)
        said = f"{condition}, at least" if at_least else condition
        return Reading(said, estimate.mean, estimate.interval, status)

    def side(self, estimate: Estimate, *, at_least: bool = False) -> Status:
        """The verdict of an interval; with `at_least` true values may be larger."""
        if estimate.low is None or estimate.high is None:
            return "untested"
        if estimate.low > self.bound or (estimate.low == self.bound and not self.strict):
            return "supported"
        other = self.bound if self.lost_below is None else self.lost_below
        below = estimate.high < other or (estimate.high == other and self.strict)
        return "contradicted" if below and not at_least else "undecided"

    def verdict(
        self, found: Found, decisive: Estimate, readings: Mapping[str, Estimate]
    ) -> tuple[Status, str]:
        """The verdict, and a reason if more than the interval decides."""
        status, images = self.side(decisive, at_least="" in found.at_least), found.images
        if status == "untested":
            return status, "one seed gives no interval"
        if status == "contradicted" and found.rivals > 1:
            wider = self.estimate(found.values, found.rivals)
            if self.side(wider) != "contradicted":
                return "undecided", f"the best of {found.rivals} rivals is so by chance, too"
        for condition, one in readings.items() if self.everywhere else ():
            if one.high is not None and one.high < self.bound:
                return "contradicted", f"{condition} alone lies beyond {self.bound:g} {self.unit}"
        if images is None or status == "undecided":
            return status, ""
        agrees = images.verdict == "kept" if status == "supported" else images.p_loss <= LEVEL
        return (status, "") if agrees else ("undecided", "too few images to tell")

    def power(self, found: Found, decisive: Estimate) -> tuple[int | None, str]:
        """How many seeds would decide the claim, as a number and in words."""
        if "" in found.at_least:
            return None, "more timesteps of the conversions would decide, not more seeds"
        if self.side(decisive) != "undecided":
            return None, "more test images would decide, not more seeds"
        scale = math.log if self.ratio else float
        values, bound = [scale(value) for value in decisive.values], scale(self.bound)
        other = bound if self.lost_below is None else self.lost_below
        distance = max(mean(values) - bound, other - mean(values))
        needed = seeds_needed(stdev(values), distance, self.confidence)
        if needed is None:
            return None, f"no number of seeds up to {MOST_SEEDS:,}: the mean lies at the bound"
        often = f"in {100 * POWER:g} of 100 races, if mean and spread stay as they are"
        return needed, f"{needed:,} seeds would decide {often}"


def in_words(measured: float, unit: str, interval: list[float] | None, called: str) -> str:
    """A number with its interval, rounded against the claim."""
    found = f"{round_down(measured)} {unit}"
    if interval is None:
        return found
    low, high = map(round_down, interval)
    return f"{found}, {called} {low} to {high}"


def round_down(value: float) -> str:
    """Two decimals, never more than the value."""
    return f"{math.floor(round(100 * value, 9)) / 100:,.2f}"
