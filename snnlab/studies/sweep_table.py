"""The result of a sweep as a table: a row per combination of settings, means over the seeds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from snnlab.measure.curve import SeedCurves
from snnlab.runs.curves import curve_of
from snnlab.studies.study import Entry, Result
from snnlab.studies.tables import columns_at, csv_text, markdown

SEED = "seed"
"""The setting over which means are taken."""
COLUMNS = ("timesteps", "seeds", "accuracy", "low", "high", "lowest", "highest", "training_seconds")
"""Of the CSV, behind the settings."""


@dataclass(frozen=True)
class Point:
    """The runs of a sweep that differ in nothing but the seed."""

    settings: dict[str, Any]
    """By dotted name, without the seed."""
    entries: list[Entry]
    """One per seed, see `sweep.entry`."""

    @property
    def label(self) -> str:
        """The settings in a few words."""
        if set(self.settings) == {"method"}:
            return str(self.settings["method"])  # figures know these names
        parts = [f"{name.split('.')[-1]} {shown(v)}" for name, v in self.settings.items()]
        return ", ".join(parts) or "all seeds"

    @property
    def curves(self) -> SeedCurves:
        """Test accuracy at powers of two up to the highest T of the runs."""
        return SeedCurves.of(curve_of(entry).thinned() for entry in self.entries)

    @property
    def seconds(self) -> float:
        """Mean time of a training."""
        return mean(entry["training_seconds"] for entry in self.entries)

    def cells(self, names: Sequence[str]) -> dict[str, str]:
        """The settings of these names as a table shows them."""
        return {name: shown(self.settings[name]) for name in names}


def shown(value: Any) -> str:
    """A value of a setting as it was given."""
    return value if isinstance(value, str) else json.dumps(value)


def points(done: Result) -> list[Point]:
    """The combinations of a sweep that have finished runs, in the order of the grid."""
    found: dict[str, Point] = {}
    for entry in done["entries"]:
        settings = {name: value for name, value in entry["settings"].items() if name != SEED}
        found.setdefault(json.dumps(settings), Point(settings, [])).entries.append(entry)
    return list(found.values())


def sweep_csv(done: Result) -> str:
    """A row per combination and T, accuracy in percent with its 95 % interval over seeds."""
    names, rows = names_of(done), list[list[Any]]()
    for point in points(done):
        for T, found in zip(point.curves.timesteps, point.curves.estimates, strict=True):
            low, high = found.interval or (None, None)
            percent = (found.mean, low, high, min(found.values), max(found.values))
            cells = [None if at is None else f"{at:.4f}" for at in percent]
            settings = point.cells(names).values()
            rows.append([*settings, T, len(found.values), *cells, f"{point.seconds:.3f}"])
    return csv_text([*names, *COLUMNS], rows)


def names_of(done: Result) -> list[str]:
    """The settings that vary, but for the seed."""
    return [name for name in done["sweep"]["grid"] if name != SEED]


def sweep_markdown(done: Result) -> str:
    """A row per combination, a column per T: mean test accuracy in percent over the seeds.

    The half width of the 95 % interval stands behind a mean of two seeds or more.
    """
    names = names_of(done)
    found = [(point, point.curves) for point in points(done)]
    timesteps = sorted({T for _, curves in found for T in curves.timesteps})
    rows = []
    for point, curves in found:
        at = [curves.at(T).text() if T in curves.x else "" for T in timesteps]
        seeds = str(len(point.entries))
        rows.append([*point.cells(names).values(), seeds, *at, f"{point.seconds:.1f}"])
    header = [*names, "seeds", *columns_at(timesteps), "training (s)"]
    says = "Test accuracy (%), mean over the seeds ± half of its 95 % interval:"
    return f"{says}\n\n{markdown(header, rows, names=len(names))}\n"
