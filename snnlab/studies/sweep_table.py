"""The result of a sweep as a table: a row per combination of settings, means over the seeds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from snnlab.measure.curve import SeedCurves
from snnlab.measure.statistics import estimate
from snnlab.runs.curves import curve_of
from snnlab.runs.tables import csv_text, groups, markdown

SEED = "seed"
"""The setting over which means are taken."""


@dataclass(frozen=True)
class Point:
    """The runs of a sweep that differ in nothing but the seed."""

    settings: dict[str, Any]
    """By dotted name, without the seed."""
    entries: list[dict[str, Any]]
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
        return estimate([entry["training_seconds"] for entry in self.entries]).mean

    def cells(self, names: Sequence[str]) -> list[str]:
        """The settings of these names as a table shows them."""
        return [shown(self.settings[name]) for name in names]


def shown(value: Any) -> str:
    """A value of a setting as it was given."""
    return value if isinstance(value, str) else json.dumps(value)


def points(done: dict[str, Any]) -> list[Point]:
    """The combinations of a sweep that have finished runs, in the order of the grid."""
    by_settings = groups(done["entries"], lambda entry: json.dumps(unseeded(entry)))
    return [Point(unseeded(entries[0]), entries) for entries in by_settings.values()]


def unseeded(entry: dict[str, Any]) -> dict[str, Any]:
    """The settings of an entry, without the seed."""
    return {name: value for name, value in entry["settings"].items() if name != SEED}


def sweep_csv(done: dict[str, Any]) -> str:
    """A row per combination and T, accuracy in percent with its 95 % interval over seeds."""
    names = names_of(done)
    columns = [*names, "timesteps", "seeds", "accuracy", "low", "high"]
    rows = []
    for point in points(done):
        seconds = f"{point.seconds:.3f}"
        for T, found in zip(point.curves.timesteps, point.curves.estimates, strict=True):
            interval = ["", ""] if found.interval is None else map(decimal, found.interval)
            ends = [decimal(end(found.values)) for end in (min, max)]
            numbers = [decimal(found.mean), *interval, *ends, seconds]
            rows.append([*point.cells(names), T, len(found.values), *numbers])
    return csv_text([*columns, "lowest", "highest", "training_seconds"], rows)


def names_of(done: dict[str, Any]) -> list[str]:
    """The settings that vary, but for the seed."""
    return [name for name in done["sweep"]["grid"] if name != SEED]


def decimal(value: float) -> str:
    """A percentage as the CSV holds it."""
    return f"{value:.4f}"


def sweep_markdown(done: dict[str, Any]) -> str:
    """A row per combination, a column per T: mean test accuracy in percent over the seeds.

    The half width of the 95 % interval stands behind a mean of two seeds or more.
    """
    names = names_of(done)
    found = [(point, point.curves) for point in points(done)]
    timesteps = sorted({T for _, curves in found for T in curves.timesteps})
    rows = []
    for point, curves in found:
        at = [curves.at(T).text() if T in curves.x else "" for T in timesteps]
        rows.append([*point.cells(names), str(len(point.entries)), *at, f"{point.seconds:.1f}"])
    header = [*names, "seeds", *(f"T = {T}" for T in timesteps), "training (s)"]
    head = "Test accuracy (%), mean over the seeds ± half of its 95 % interval:"
    return f"{head}\n\n{markdown(header, rows, names=len(names))}\n"
