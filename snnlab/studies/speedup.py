"""How many times faster than a conversion our network infers, at equal accuracy.

For our network after T timesteps: the fewest timesteps T' at which a conversion of the same seed is
at least as accurate, on the same images. The speed-up is T' / T, or the ratio of the measured
seconds per image at T' and T (between two measured T' on the straight line). A conversion that
stays below our accuracy counts with its last T', so the speed-up is then "at least" that.

The best rival decides: for each seed and T the fastest of all conversions. Each T and each
conversion are also reported alone, including the simplest one (thresholds by the maximum, neurons
from rest), which is the best case for the abstract. Only those T are used at which the claimed
factor could be observed with the T' that were measured. If there is none, T = 1 is used, as
conversions that have reached our accuracy can still contradict the claim.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import chain, pairwise
from statistics import mean
from typing import Any

from snnlab.measure.curve import powers_of_two
from snnlab.runs.curves import conversions_of, curve_of
from snnlab.studies.claims import Found
from snnlab.studies.evidence import Evidence, Untested, mean_of
from snnlab.studies.study import Entry

LEAST_SPEEDUP = 100.0
"""The claim is a speed-up of more than this."""

Cost = Callable[[Entry, int], float]
"""The cost per image of T timesteps of a run."""
Match = dict[str, Any]
"""A conversion that is as accurate as our network at some T, as `matched` gives it."""


def speedup(e: Evidence, cost: Cost = lambda entry, T: T) -> Found:
    """How many times as fast as the fastest conversion our network is; by default in timesteps."""
    seeds = e.with_rivals(e.ours)
    shown = timesteps_that_can_tell(e, seeds)
    matches = {T: [matched(e, seed, T, cost) for seed in seeds] for T in shown}
    best = {T: [min(each.values(), key=speed_of) for each in matches[T]] for T in shown}
    single = {f"the fastest conversion at T = {T}": [best[T]] for T in shown}
    for name in matches[shown[0]][0]:
        single[f"{name}, {mean_of(shown)}"] = [[each[name] for each in matches[T]] for T in shown]
    whole = {"": list(best.values())} | single
    censored = frozenset(label for label, groups in whole.items() if not all_reached(groups))
    if "" in censored and shown == [1] and farthest(e, seeds) <= LEAST_SPEEDUP:
        raise Untested(
            f"no conversion was run to more than {LEAST_SPEEDUP:g} timesteps, and not all seeds "
            "have one that became as accurate as our network"
        )
    return Found(
        geometric(whole[""]),
        seeds,
        mean_of(shown),
        {label: geometric(groups) for label, groups in single.items()},
        "some seeds' conversions never reached our accuracy" if "" in censored else "",
        at_least=censored,
        details={label: {"matches": list(chain(*groups))} for label, groups in single.items()},
    )


def farthest(e: Evidence, seeds: Sequence[int]) -> int:
    """The T to which all conversions were run."""
    runs = [run for method in e.rivals for run in e.runs(method, seeds)]
    return min(max(curve) for run in runs for curve in conversions_of(run["subset"]).values())


def timesteps_that_can_tell(e: Evidence, seeds: Sequence[int]) -> list[int]:
    """The T of our network at which the claimed factor could be observed."""
    last = min(max(curve_of(run["subset"])) for run in e.runs(e.ours, seeds))
    most = farthest(e, seeds)
    return [T for T in powers_of_two(last) if most / T > LEAST_SPEEDUP] or [1]


def matched(e: Evidence, seed: int, T: int, cost: Cost) -> dict[str, Match]:
    """When each conversion of a seed first becomes as accurate as our network at T.

    Args:
        e: the runs.
        seed: of the runs.
        T: of our network.
        cost: what T timesteps of a run cost per image.

    Returns:
        By name of the conversion: its `timesteps`, the last measured if it never becomes so
        accurate, and whether it `reached` that; `speedup`, how many times as much ours saves.
    """
    ours, found = e.entries[e.ours][seed], {}
    goal = curve_of(ours["subset"])[T]
    for method in e.rivals:
        run = e.entries[method][seed]
        for each, curve in conversions_of(run["subset"]).items():
            name = f"{method}: {each}"
            steps = min((at for at in curve if curve[at] >= goal), default=max(curve))
            found[name] = {
                "conversion": name,
                "timesteps": steps,
                "reached": curve[steps] >= goal,
                "speedup": cost(run, steps) / cost(ours, T),
            }
    return found


def all_reached(groups: list[list[Match]]) -> bool:
    """Whether every one of these conversions became as accurate as our network."""
    return all(match["reached"] for match in chain(*groups))


def speed_of(match: Match) -> float:
    """Its speed-up."""
    return float(match["speedup"])


def geometric(groups: list[list[Match]]) -> list[float]:
    """Speed-up of each seed, as the geometric mean over groups with a match per seed."""
    columns = zip(*groups, strict=True)
    return [math.exp(mean(math.log(speed_of(match)) for match in each)) for each in columns]


def timed_speedup(e: Evidence) -> Found:
    """How many times as fast our network is, in measured seconds."""
    e.check_timings()
    seeds = e.with_rivals(e.ours)
    for method in (e.ours, *e.rivals):
        e.column("seconds_per_image", method, seeds)
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
