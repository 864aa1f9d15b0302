"""The result of a sweep as a table: a row per combination of settings, means over the seeds."""

from __future__ import annotations

import json
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
"""Columns of the CSV, behind those of the settings."""


@dataclass(frozen=True)
class Point:
    """The runs of a sweep that differ only in the seed."""

    settings: dict[str, Any]
    """Values of the varying settings by dotted name, without the seed."""
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

    @property
    def cells(self) -> list[str]:
        """The values of its settings as a table shows them."""
        return [shown(value) for value in self.settings.values()]


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
    """A sweep as CSV: a row per combination and T.

    Accuracy is in percent, with its 95 % interval over the seeds.
    """
    found, rows = points(done), list[list[Any]]()
    for point in found:
        for T, one in zip(point.curves.timesteps, point.curves.estimates, strict=True):
            percent = (one.mean, one.low, one.high, min(one.values), max(one.values))
            cells = [None if at is None else f"{at:.4f}" for at in percent]
            rows.append([*point.cells, T, len(one.values), *cells, f"{point.seconds:.3f}"])
    return csv_text([*found[0].settings, *COLUMNS], rows)


def sweep_markdown(done: Result) -> str:
    """A sweep as Markdown: a row per combination, a column per T.

    Means of the test accuracy over the seeds, in percent.

    The half width of the 95 % interval stands behind a mean of two seeds or more.
    """
    found = points(done)
    timesteps = sorted({T for point in found for T in point.curves.timesteps})
    rows = []
    for point in found:
        curves, seeds = point.curves, str(len(point.entries))
        at = [curves.at(T).text() if T in curves.x else "" for T in timesteps]
        rows.append([*point.cells, seeds, *at, f"{point.seconds:.1f}"])
    names = list(found[0].settings)
    header = [*names, "seeds", *columns_at(timesteps), "training (s)"]
    says = "Test accuracy (%), mean over the seeds ± half of its 95 % interval:"
    return f"{says}\n\n{markdown(header, rows, names=len(names))}\n"
