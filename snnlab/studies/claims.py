"""The claims of the paper's abstract, judged by the numbers of a race.

The rules, the same for every claim:

- Comparisons are paired over seeds: both sides share data, architecture, epochs and seed.
- The 95 % t-interval of the mean over seeds must lie wholly on the claimed side: only then
  is a claim supported. Two seeds at least; with one it is untested.
- Where a claim names no T, the T least favourable to it decides.
- Where several conversions could be meant, the fastest one counts, seed by seed.
- Timings count only if all runs were made on one machine with the same settings.
- Printed numbers are rounded against the claim.
- Accuracy counts as kept where the interval excludes a loss of `MARGIN` points, see `statistics`.

Faster inference than conversion, in timesteps and in seconds: for our network after T timesteps,
the fewest timesteps T' at which a conversion of the same seed is at least as accurate, on the same
images. The speed-up is T' / T, or the ratio of the measured seconds per image at T' and T (between
two measured T' on the straight line). A conversion that stays below our accuracy counts with its
last T', so the speed-up is then "at least" that. Only those T take part at which the claimed factor
could be seen at all, given how far the conversions were run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, cast

from snnlab.measure.curve import AccuracyCurve, powers_of_two
from snnlab.measure.statistics import MARGIN, Estimate, estimate, ratio_estimate
from snnlab.runs.curves import conversions_of, curve_of
from snnlab.runs.methods import in_role
from snnlab.studies.evidence import SPIKING, Evidence, Untested
from snnlab.studies.study import Entry

Status = Literal["supported", "not supported", "untested"]
Cost = Callable[[Entry, int], float]
Pairs = list[tuple[AccuracyCurve, Mapping[int, float]]]

LEAST_SAVED = 65.0
"""Percent of training time. The claim says 65 to 75; more than 75 is more than claimed, so it
counts as support, and the exact number is printed."""
LEAST_SPEEDUP = 100.0
"""Times as fast as a conversion: more than this is claimed."""


@dataclass(frozen=True)
class Claim:
    """A claim and what was found."""

    name: str
    """What is claimed."""
    status: Status
    """By the rules at the top of this file."""
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
class Found:
    """What a race says to a claim."""

    estimates: dict[str, Estimate]
    """By condition; more is better for the claim."""
    seeds: list[int]
    """Seeds that took part."""
    note: str = ""
    """On the measurement."""
    details: dict[str, Entry] = field(default_factory=dict)
    """What else is to be kept of a condition."""


@dataclass(frozen=True)
class Test:
    """A claim, and how a race is asked about it."""

    name: str
    """What is claimed."""
    compared: str
    """What exactly is compared; names of methods stand as fields of `e`, the evidence."""
    find: Callable[[Evidence], Found]
    """Measures it, or raises `Untested`."""
    unit: str
    """Of what is measured."""
    bound: float = 0.0
    """The claimed side is at or above it."""
    strict: bool = False
    """Whether it is above it only."""

    def judge(self, evidence: Evidence) -> Claim:
        """Judge by the least favourable estimate: its interval must not fall below the bound."""
        compared = self.compared.format(e=evidence)
        try:
            found = self.find(evidence)
            if not found.estimates:
                raise Untested("nothing to compare was measured")
        except Untested as why:
            return Claim(self.name, "untested", compared, reason=str(why))
        worst = min(found.estimates, key=lambda condition: found.estimates[condition].floor)
        decisive, reason, status = found.estimates[worst], found.note, "untested"
        if decisive.low is None:
            reason = "; ".join(filter(None, ["one seed gives no interval", reason]))
        else:
            holds = decisive.low > self.bound or (decisive.low == self.bound and not self.strict)
            status = "supported" if holds else "not supported"
        return Claim(
            self.name,
            cast(Status, status),
            compared,
            measured=decisive.mean,
            unit=f"{self.unit} at {worst}" if worst else self.unit,
            interval=decisive.interval,
            seeds=found.seeds,
            reason=reason,
            details={
                condition: {"measured": e.mean, "interval": e.interval, "by_seed": list(e.values)}
                | found.details.get(condition, {})
                for condition, e in found.estimates.items()
            },
        )


def time_saved(e: Evidence) -> Found:
    """Percent of training time that one timestep saves."""
    seeds = e.shared(e.ours, e.slow)
    e.check_timings()
    pairs = zip(e.runs(e.ours, seeds), e.runs(e.slow, seeds), strict=True)
    saved = [100 * (1 - a["training_seconds"] / b["training_seconds"]) for a, b in pairs]
    note = "the saving grows with the T of BPTT, which the abstract does not give"
    return Found({"": estimate(saved)}, seeds, note)


def gained(e: Evidence) -> Found:
    """Points of accuracy that noise gains after conversion."""
    if e.config.get("noise", {}).get("family", "gaussian") != "gaussian":
        raise Untested("the noise was not Gaussian")
    seeds = e.shared(e.ours, e.quiet)
    noisy, quiet = (map(curve_of, e.runs(method, seeds)) for method in (e.ours, e.quiet))
    return gains(e, seeds, list(zip(noisy, quiet, strict=True)))


def gains(e: Evidence, seeds: list[int], pairs: Pairs) -> Found:
    """Accuracies at powers of two above 1, less others, where all spiking runs have them."""
    spiking = [method for role in SPIKING for method in in_role(role)]
    runs = [run for method in spiking for run in e.entries.get(method, {}).values()]
    found = {
        f"T = {T}": estimate([ours[T] - others[T] for ours, others in pairs])
        for T in powers_of_two(min(max(curve_of(run)) for run in runs))
        if T > 1
    }
    return Found(found, seeds)


def kept(e: Evidence) -> Found:
    """Points of accuracy after conversion, less those before it."""
    seeds = e.shared(e.ours)
    pairs: Pairs = []
    for run in e.runs(e.ours, seeds):
        certificate, curve = run.get("certificate") or {}, curve_of(run)
        if not certificate.get("weights_equal"):
            raise Untested("a certificate lacks equal weights")
        before = max(curve[1], certificate.get("accuracy_with_noise_at_1") or 0.0)
        pairs.append((curve, dict.fromkeys(curve, before)))
    return gains(e, seeds, pairs)


def speedup(e: Evidence, cost: Cost = lambda entry, T: T) -> Found:
    """How many times as fast as the fastest conversion our network is; by default in timesteps."""
    plainest = in_role("converted")[0]
    seeds = e.shared(*([e.ours, *e.rivals] if plainest in e.rivals else [plainest]))
    ours = e.runs(e.ours, seeds)
    rivals = [
        [
            (f"{method}: {name}", curve, e.entries[method][seed])
            for method in e.rivals
            for name, curve in conversions_of(e.entries[method][seed]["subset"]).items()
        ]
        for seed in seeds
    ]
    last = min(max(curve) for conversions in rivals for _, curve, _ in conversions)
    matches = {
        f"T = {T}": [fastest(run, each, T, cost) for run, each in zip(ours, rivals, strict=True)]
        for T in powers_of_two(min(max(curve_of(run["subset"])) for run in ours))
        if last / T > LEAST_SPEEDUP
    }
    if not matches:
        raise Untested(f"no conversion was run to more than {LEAST_SPEEDUP:g} timesteps")
    reached = all(match["reached"] for group in matches.values() for match in group)
    return Found(
        {T: ratio_estimate([match["speedup"] for match in group]) for T, group in matches.items()},
        seeds,
        "" if reached else "some conversions never reached our accuracy: at least this much",
        {T: {"matches": group} for T, group in matches.items()},
    )


def fastest(
    ours: Entry, conversions: list[tuple[str, AccuracyCurve, Entry]], T: int, cost: Cost
) -> Entry:
    """The conversion of one seed that first becomes as accurate as our network at T.

    Args:
        ours: the run of our network.
        conversions: name, accuracy and run of each.
        T: of our network.
        cost: what T timesteps of a run cost per image.

    Returns:
        Its name; its `timesteps`, the last measured if it never becomes so accurate, and whether it
        `reached` that; `speedup`, how many times as much our network saves.
    """
    goal, matches = curve_of(ours["subset"])[T], []
    for name, curve, run in conversions:
        steps = min((at for at in curve if curve[at] >= goal), default=max(curve))
        match = {"conversion": name, "timesteps": steps, "reached": curve[steps] >= goal}
        matches.append(match | {"speedup": cost(run, steps) / cost(ours, T)})
    return min(matches, key=lambda match: match["speedup"])


def timed_speedup(e: Evidence) -> Found:
    """How many times as fast our network is, in measured seconds."""
    e.check_timings()
    return speedup(e, seconds)


def seconds(entry: Entry, timesteps: int) -> float:
    """Seconds per image, measured or on the straight line between two measured T.

    Raises:
        ValueError: T lies outside what was timed.
    """
    timed = {int(T): value for T, value in entry["seconds_per_image"].items()}
    if timesteps in timed:
        return timed[timesteps]
    for (low, below), (high, above) in pairwise(sorted(timed.items())):
        if low < timesteps < high:
            return below + (above - below) * (timesteps - low) / (high - low)
    raise ValueError(f"seconds per image were measured at T = {sorted(timed)} only")


FASTER = "more than 100 times faster inference than conversion at equal accuracy"
CONVERSION = (
    " that the fastest conversion of {e.rival_names} needs to be as accurate as {e.ours} at T, "
    "on the same images, over those of {e.ours} at T (geometric mean)"
)
TESTS = (
    Test(
        "65 to 75 % less training time than BPTT",
        "training seconds of {e.ours} and of {e.slow_title} with T = {e.slow_T}, same epochs; "
        "no validation",
        time_saved,
        "%",
        LEAST_SAVED,
    ),
    Test(
        f"{FASTER}, in timesteps",
        "timesteps" + CONVERSION,
        speedup,
        "times",
        LEAST_SPEEDUP,
        strict=True,
    ),
    Test(
        f"{FASTER}, in measured seconds",
        "seconds per image" + CONVERSION,
        timed_speedup,
        "times",
        LEAST_SPEEDUP,
        strict=True,
    ),
    Test(
        "Gaussian noise raises accuracy after conversion",
        "test accuracy of {e.ours} minus {e.quiet}, both run without noise at T > 1",
        gained,
        "points",
        strict=True,
    ),
    Test(
        f"less than {MARGIN:g} point of accuracy is lost in the conversion to more timesteps",
        "test accuracy of {e.ours} at T > 1, run without noise, minus that of the same weights at "
        "T = 1 with or without noise, whichever is larger",
        kept,
        "points",
        -MARGIN,
        strict=True,
    ),
)
"""Every claim of the abstract."""


def round_down(value: float) -> str:
    """Two decimals, never more than the value."""
    return f"{math.floor(round(100 * value, 9)) / 100:,.2f}"
