"""The claims of the paper's abstract, judged by the numbers of a race; all but the speed.

The rules, the same for every claim:

- Comparisons are paired over seeds: both sides share data, architecture, epochs and seed.
- The 95 % t-interval of the mean over seeds must lie wholly on the claimed side: only then
  is a claim supported. Two seeds at least; with one it is untested.
- Where a claim names no T, the T least favourable to it decides.
- Where several conversions could be meant, the fastest one counts, seed by seed.
- Timings count only if all runs were made on one machine with the same settings.
- Printed numbers are rounded against the claim.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from snnlab.measure.curve import AccuracyCurve, powers_of_two
from snnlab.measure.statistics import Estimate, estimate
from snnlab.runs.curves import curve_of
from snnlab.runs.methods import METHODS, Role, in_role
from snnlab.studies.race import TERMS, by_method

Status = Literal["supported", "not supported", "untested"]
Entry = dict[str, Any]

LEAST_SAVED = 65.0
"""Percent of training time. The claim says 65 to 75; more than 75 is more than claimed, so it
counts as support, and the exact number is printed."""


@dataclass(frozen=True)
class Claim:
    """A claim and what was found."""

    name: str
    """What is claimed."""
    status: Status
    """supported, not supported or untested, by the rules at the top of this file."""
    compared: str
    """What exactly was compared."""
    measured: float | None = None
    """The number that decides, rounded against the claim in `text` only."""
    unit: str = ""
    """Its unit."""
    interval: list[float] | None = None
    """Its 95 % interval over seeds."""
    seeds: list[int] = field(default_factory=list)
    """Seeds that took part."""
    reason: str = ""
    """Why it is untested, or a note on the measurement."""
    details: dict[str, Any] = field(default_factory=dict)
    """Every number that was looked at."""

    def text(self) -> str:
        """The claim in a few lines, rounded down, as more is better in every claim."""
        lines = [f"{self.status.upper()}: {self.name}", f"  compared: {self.compared}"]
        if self.measured is not None:
            number = f"{round_down(self.measured)} {self.unit}"
            if self.interval is not None:
                low, high = (round_down(end) for end in self.interval)
                number += f", 95 % interval {low} to {high}"
            lines.append(f"  measured: {number}; seeds {', '.join(map(str, self.seeds))}")
        if self.reason:
            lines.append(f"  note: {self.reason}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Evidence:
    """The runs of a race under equal epochs, by method and seed."""

    entries: dict[str, dict[int, Entry]]
    """Method to seed to run."""
    same_machine: bool
    """Whether all of them were timed on one machine."""
    start: dict[str, Any]
    """The configuration they share."""

    @classmethod
    def of(cls, race: dict[str, Any]) -> Evidence:
        """What race.json holds."""
        groups = by_method(race, TERMS[0]).items()
        entries = {method: {entry["seed"]: entry for entry in group} for method, group in groups}
        return cls(entries, bool(race.get("same_machine")), race["race"]["start"])

    def curve(self, method: str, seed: int) -> AccuracyCurve:
        """Accuracy against T of a run on all test images."""
        return curve_of(self.entries[method][seed])

    def missing(self, *methods: str) -> str:
        """Why these methods cannot be compared; empty if they can."""
        absent = [method for method in methods if method not in self.entries]
        if absent:
            return f"the race has no method {', '.join(absent)}"
        if not self.shared(*methods):
            return f"{' and '.join(methods)} share no seed"
        return ""

    def shared(self, *methods: str) -> list[int]:
        """Seeds with which all of these methods ran."""
        seeds = [set(self.entries[method]) for method in methods]
        return sorted(set.intersection(*seeds))


def side(role: Role, evidence: Evidence) -> str:
    """The method that stands on a side of the claims: the first that raced, or that there is."""
    methods = in_role(role)
    return next((method for method in methods if method in evidence.entries), methods[0])


def training_time(evidence: Evidence) -> Claim:
    """65 to 75 % less training time than BPTT."""
    name = "65 to 75 % less training time than BPTT"
    T = evidence.start.get("bptt_timesteps")
    fast, slow = side("ours", evidence), side("through time", evidence)
    titled = METHODS[slow].title
    compared = (
        f"training seconds of {fast} and of {titled} with T = {T}, same epochs; no validation"
    )
    if reason := evidence.missing(fast, slow) or untimed(evidence):
        return Claim(name, "untested", compared, reason=reason)
    ours, theirs = evidence.entries[fast], evidence.entries[slow]
    seeds = evidence.shared(fast, slow)
    saved = [
        100 * (1 - ours[seed]["training_seconds"] / theirs[seed]["training_seconds"])
        for seed in seeds
    ]
    note = "the saving grows with the T of BPTT, which the abstract does not give"
    return decide(name, compared, {"": estimate(saved)}, LEAST_SAVED, "%", seeds, note)


def noise_gain(evidence: Evidence) -> Claim:
    """Accuracy gained by Gaussian noise after conversion."""
    name = "Gaussian noise raises accuracy after conversion"
    noisy, quiet = side("ours", evidence), side("without noise", evidence)
    compared = f"test accuracy of {noisy} minus {quiet}, both run without noise at T > 1"
    if evidence.start.get("noise", {}).get("family", "gaussian") != "gaussian":
        return Claim(name, "untested", compared, reason="the noise was not Gaussian")
    if reason := evidence.missing(noisy, quiet):
        return Claim(name, "untested", compared, reason=reason)
    seeds = evidence.shared(noisy, quiet)
    pairs = [(evidence.curve(noisy, seed), evidence.curve(quiet, seed)) for seed in seeds]
    gains = {
        f"T = {T}": estimate([ours[T] - theirs[T] for ours, theirs in pairs])
        for T in converted_timesteps(evidence)
    }
    return decide(name, compared, gains, 0.0, "points", seeds, strict=True)


def no_loss(evidence: Evidence) -> Claim:
    """No loss in conversion."""
    name = "no accuracy is lost in the conversion to more timesteps"
    noisy = side("ours", evidence)
    compared = (
        f"test accuracy of {noisy} at T > 1, run without noise, minus that of the same weights at "
        "T = 1 with or without noise, whichever is larger"
    )
    if reason := evidence.missing(noisy):
        return Claim(name, "untested", compared, reason=reason)
    ours, seeds = evidence.entries[noisy], evidence.shared(noisy)
    certificates = [ours[seed].get("certificate") or {} for seed in seeds]
    if not all(certificate.get("weights_equal") for certificate in certificates):
        return Claim(name, "untested", compared, reason="a certificate lacks equal weights")
    curves = [evidence.curve(noisy, seed) for seed in seeds]
    before = [
        max(curve[1], certificate.get("accuracy_with_noise_at_1") or 0.0)
        for curve, certificate in zip(curves, certificates, strict=True)
    ]
    kept = {
        f"T = {T}": estimate(
            [curve[T] - single for curve, single in zip(curves, before, strict=True)]
        )
        for T in converted_timesteps(evidence)
    }
    return decide(name, compared, kept, 0.0, "points", seeds)


def converted_timesteps(evidence: Evidence) -> list[int]:
    """Powers of two above 1 at which all spiking runs were measured."""
    roles: tuple[Role, ...] = ("ours", "without noise", "through time")
    methods = [method for role in roles for method in in_role(role)]
    most = min(
        max(evidence.curve(method, seed))
        for method in methods
        for seed in evidence.entries.get(method, {})
    )
    return [T for T in powers_of_two(most) if T > 1]


def untimed(evidence: Evidence) -> str:
    """Why timings cannot be compared; empty if they can."""
    if evidence.same_machine:
        return ""
    return "the runs were timed on different machines, threads or versions"


def decide(
    name: str,
    compared: str,
    found: dict[str, Estimate],
    bound: float,
    unit: str,
    seeds: Sequence[int],
    note: str = "",
    *,
    strict: bool = False,
) -> Claim:
    """Judge by the least favourable of the estimates: its interval must not fall below `bound`.

    Args:
        name, compared, unit, seeds, note: for the claim.
        found: estimates by condition; more is better for the claim.
        bound: the claimed side is at or above it.
        strict: the claimed side is above it.
    """
    details = {
        condition: {"measured": e.mean, "interval": e.interval, "by_seed": list(e.values)}
        for condition, e in found.items()
    }
    if not found:
        return Claim(name, "untested", compared, reason=note or "nothing to compare was measured")
    worst = min(found, key=lambda condition: found[condition].floor)
    decisive = found[worst]
    unit = f"{unit} at {worst}" if worst else unit
    if decisive.low is None:
        status: Status = "untested"
        note = "; ".join(filter(None, ["one seed gives no interval", note]))
    else:
        holds = decisive.low > bound if strict else decisive.low >= bound
        status = "supported" if holds else "not supported"
    return Claim(
        name,
        status,
        compared,
        measured=decisive.mean,
        unit=unit,
        interval=decisive.interval,
        seeds=list(seeds),
        reason=note,
        details=details,
    )


def round_down(value: float) -> str:
    """Two decimals, never more than the value."""
    return f"{math.floor(round(100 * value, 9)) / 100:,.2f}"
