"""The claim of faster inference than ANN-to-SNN conversion, in timesteps and in seconds.

For our network after T timesteps: the fewest timesteps T' at which a conversion of the same
seed is at least as accurate, on the same images. The speed-up is T' / T, or the ratio of the
measured seconds per image at T' and T (between two measured T' on the straight line). A
conversion that stays below our accuracy counts with its last T', so the speed-up is then "at
least" that.

Only those T take part at which the claimed factor could be seen at all, given how far the
conversions were run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from snnlab.measure.curve import powers_of_two
from snnlab.measure.statistics import ratio_estimate
from snnlab.runs.curves import conversions_of, curve_of
from snnlab.runs.methods import in_role
from snnlab.studies.claims import Claim, Entry, Evidence, decide, side, untimed

LEAST_SPEEDUP = 100.0
"""Times as fast as a conversion: more than this is claimed."""
NAME = "more than 100 times faster inference than conversion at equal accuracy"


@dataclass(frozen=True)
class Match:
    """Where a conversion becomes as accurate as our network."""

    conversion: str
    """Which one."""
    timesteps: int
    """T' of the conversion."""
    reached: bool
    """Whether it did; else `timesteps` is the last measured one."""
    speedup: float
    """How many times as much our network saves."""


Cost = Callable[[Entry, int], float]
"""What T timesteps of a run cost per image."""


def in_timesteps(evidence: Evidence) -> Claim:
    """Faster inference, counted in timesteps."""
    return faster(evidence, f"{NAME}, in timesteps", "timesteps", lambda entry, T: T)


def in_seconds(evidence: Evidence) -> Claim:
    """Faster inference, in measured seconds."""
    name = f"{NAME}, in measured seconds"
    if reason := untimed(evidence):
        return Claim(name, "untested", what_is_compared(evidence, "seconds"), reason=reason)
    return faster(evidence, name, "seconds per image", seconds)


def faster(evidence: Evidence, name: str, what: str, cost: Cost) -> Claim:
    """Judge the claim by what timesteps cost."""
    compared = what_is_compared(evidence, what)
    ours, rivals, plainest = side("ours", evidence), rivals_in(evidence), in_role("converted")[0]
    needed = [ours, *rivals] if plainest in rivals else [plainest]
    if reason := evidence.missing(*needed):
        return Claim(name, "untested", compared, reason=reason)
    seeds = evidence.shared(ours, *rivals)
    candidates = visible_timesteps(evidence, seeds, rivals)
    if not candidates:
        reason = f"no conversion was run to more than {LEAST_SPEEDUP:g} timesteps"
        return Claim(name, "untested", compared, reason=reason)
    found, matches = {}, {}
    for T in candidates:
        fastest = [fastest_match(evidence, seed, T, rivals, cost) for seed in seeds]
        found[f"T = {T}"] = ratio_estimate([match.speedup for match in fastest])
        matches[f"T = {T}"] = fastest
    note = ""
    if not all(match.reached for group in matches.values() for match in group):
        note = "some conversions never reached our accuracy: at least this much"
    claim = decide(name, compared, found, LEAST_SPEEDUP, "times", seeds, note, strict=True)
    rest = {
        T: {**row, "matches": [vars(m) for m in matches[T]]} for T, row in claim.details.items()
    }
    return replace(claim, details=rest)


def rivals_in(evidence: Evidence) -> list[str]:
    """The converted methods that raced."""
    return [method for method in in_role("converted") if method in evidence.entries]


def what_is_compared(evidence: Evidence, what: str) -> str:
    """The comparison in words."""
    rivals = " and ".join(rivals_in(evidence)) or in_role("converted")[0]
    ours = side("ours", evidence)
    return (
        f"{what} that the fastest conversion of {rivals} needs to be as accurate as {ours} at T, "
        f"on the same images, over those of {ours} at T (geometric mean)"
    )


def visible_timesteps(evidence: Evidence, seeds: Sequence[int], rivals: Sequence[str]) -> list[int]:
    """Powers of two T of our network at which a speed-up beyond the claimed one can show."""
    last = min(
        max(curve)
        for method in rivals
        for seed in seeds
        for curve in conversions_of(evidence.entries[method][seed]["subset"]).values()
    )
    runs = evidence.entries[side("ours", evidence)]
    longest = min(max(curve_of(runs[seed]["subset"])) for seed in seeds)
    return [T for T in powers_of_two(longest) if last / T > LEAST_SPEEDUP]


def fastest_match(
    evidence: Evidence, seed: int, T: int, rivals: Sequence[str], cost: Cost
) -> Match:
    """The conversion that first becomes as accurate as our network at T."""
    ours = evidence.entries[side("ours", evidence)][seed]
    goal, price = curve_of(ours["subset"])[T], cost(ours, T)
    matches = []
    for method in rivals:
        theirs = evidence.entries[method][seed]
        for name, curve in conversions_of(theirs["subset"]).items():
            enough = [step for step, accuracy in curve.items() if accuracy >= goal]
            steps = min(enough, default=max(curve))
            speedup = cost(theirs, steps) / price
            matches.append(Match(f"{method}: {name}", steps, bool(enough), speedup))
    return min(matches, key=lambda match: match.speedup)


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
