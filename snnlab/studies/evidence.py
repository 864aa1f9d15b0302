"""The runs of a race as evidence for the claims of the paper, and the parts of its methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from snnlab.measure.curve import AccuracyCurve, powers_of_two
from snnlab.runs.curves import curve_of
from snnlab.runs.methods import METHODS, Role, in_role
from snnlab.studies.race import TERMS, by_method
from snnlab.studies.study import Entry, Result

SPIKING: tuple[Role, ...] = ("ours", "without noise", "through time")


class Untested(ValueError):
    """A race that cannot decide a claim; the message says why."""


class Evidence:
    """The runs of a race with equal epochs, by method and seed, and the parts of the methods.

    Args:
        race: content of race.json.
    """

    def __init__(self, race: Result) -> None:
        self.config = race["race"]["start"]
        self.same_machine = bool(race.get("same_machine"))
        self.entries: dict[str, dict[int, Entry]] = {
            method: {entry["seed"]: entry for entry in group}
            for method, group in by_method(race, TERMS[0]).items()
        }
        self.ours, self.quiet, self.slow = map(self.side, SPIKING)
        self.slow_title, self.slow_T = METHODS[self.slow].title, self.config.get("bptt_timesteps")
        self.rivals = [method for method in in_role("converted") if method in self.entries]
        self.plainest = in_role("converted")[0]
        self.rival_names = " and ".join(self.rivals) or self.plainest

    def side(self, role: Role) -> str:
        """The method with a part in the claims: the first one in the race, else in `METHODS`."""
        methods = in_role(role)
        return next((method for method in methods if method in self.entries), methods[0])

    def shared(self, *methods: str) -> list[int]:
        """Seeds that all of these methods share.

        Raises:
            Untested: there are none.
        """
        absent = [method for method in methods if method not in self.entries]
        if absent:
            raise Untested(f"the race has no method {', '.join(absent)} with equal epochs")
        seeds = set.intersection(*(set(self.entries[method]) for method in methods))
        if not seeds:
            raise Untested(f"{' and '.join(methods)} share no seed")
        return sorted(seeds)

    def with_rivals(self, *methods: str) -> list[int]:
        """Seeds that these methods, the ANN and all rivals share."""
        return self.shared(*dict.fromkeys([*methods, self.plainest, *self.rivals]))

    def runs(self, method: str, seeds: Sequence[int]) -> list[Entry]:
        """The runs of a method with some seeds."""
        return [self.entries[method][seed] for seed in seeds]

    def column(self, name: str, method: str, seeds: Sequence[int]) -> list[Any]:
        """The entry of this name in each of these runs.

        Raises:
            Untested: a run lacks it, as in an older race.
        """
        found = [run.get(name) for run in self.runs(method, seeds)]
        if any(value is None for value in found):
            raise Untested(f"the race does not hold {name} of {method}; a new race may")
        return found

    def curves(self, method: str, seeds: Sequence[int]) -> list[AccuracyCurve]:
        """Accuracy against T of these runs, on all test images."""
        return [curve_of(run) for run in self.runs(method, seeds)]

    def timesteps(self) -> list[int]:
        """The T of the curve: 2, 4, ... to the last T that all spiking runs have.

        Raises:
            Untested: they were run for one timestep only.
        """
        spiking = [method for role in SPIKING for method in in_role(role)]
        runs = [run for method in spiking for run in self.entries.get(method, {}).values()]
        found = [T for T in powers_of_two(min(max(curve_of(run)) for run in runs)) if T > 1]
        if not found:
            raise Untested("the networks were run for one timestep only")
        return found

    def check_timings(self) -> None:
        """Raise Untested if timings cannot be compared."""
        if not self.same_machine:
            raise Untested("the runs were timed on different machines, threads or versions")


def mean_of(timesteps: Sequence[int]) -> str:
    """A description of a mean over some T."""
    if len(timesteps) == 1:
        return f"T = {timesteps[0]}"
    return f"mean over T = {', '.join(map(str, timesteps))}"
