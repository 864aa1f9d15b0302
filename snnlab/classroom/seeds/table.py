"""Tables: a measurement of a notebook with several seeds, shipped or made now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnlab.classroom.preset import Preset
from snnlab.learning.spec import Training
from snnlab.measure.curve import SeedCurves
from snnlab.measure.statistics import Estimate, estimate
from snnlab.network.spec import Architecture
from snnlab.runs.files import read_json

if TYPE_CHECKING:
    from snnlab.data.images import Data

SHIPPED = Path(__file__).with_name("shipped")
"""The folder of the tables."""
FIRST_SEED = 1
"""The first seed of the tables. Seed 0 is that of the notebooks, so the student's own network is
not in a table."""
RACE_FILE = SHIPPED / "race.json"
"""The race of notebook 06, as `snnlab.studies.race` writes it."""


@dataclass(frozen=True)
class SeedTable:
    """Numbers of several seeds: a row for each seed, a column for each point.

    Example:
        >>> many_seeds("starts", settings, data).at("T = 1", 0.5).text()
    """

    x: tuple[float, ...]
    """(n,), rising: the values that were varied, such as timesteps or start potentials."""
    lines: Mapping[str, Sequence[Sequence[float]]]
    """By name, the numbers (seeds, n)."""
    made_by: Mapping[str, Any]
    """Command, code, versions and hardware; empty for a table that was not shipped."""

    @property
    def seeds(self) -> int:
        """The number of seeds."""
        return len(next(iter(self.lines.values())))

    @property
    def curves(self) -> dict[str, SeedCurves]:
        """The lines as `SeedCurves`, if they are accuracies in percent."""
        return {
            name: SeedCurves(self.x, tuple(map(tuple, rows))) for name, rows in self.lines.items()
        }

    def values(self, name: str, x: float) -> list[float]:
        """The number of each seed at a point of a line."""
        return [row[self.x.index(x)] for row in self.lines[name]]

    def at(self, name: str, x: float) -> Estimate:
        """Mean and 95 % t-interval at a point of a line."""
        return estimate(self.values(name, x))

    def difference(self, name: str, other: str, x: float) -> Estimate:
        """The difference between two lines at a point, seed by seed."""
        pairs = zip(self.values(name, x), self.values(other, x), strict=True)
        return estimate([a - b for a, b in pairs])


def many_seeds(name: str, settings: Preset, data: Data) -> SeedTable:
    """A measurement with other seeds than that of the notebook.

    With the settings of the shipped table, that table is returned, and nothing is trained. With
    other settings it is measured now, with as many seeds as the settings say.

    Args:
        name: of the measurement, one of `MEASUREMENTS`.
        settings: of the notebook.
        data: of the notebook.

    Raises:
        ValueError: an unknown name.

    Example:
        >>> table = many_seeds("variants", settings, data)
        >>> table.curves["matched noise"].mean
    """
    from snnlab.classroom.seeds.measurements import MEASUREMENTS
    from snnlab.classroom.seeds.trainer import Trainer

    if name not in MEASUREMENTS:
        raise ValueError(f"name must be one of {', '.join(MEASUREMENTS)}, got {name!r}")
    shipped = read_json(SHIPPED / f"{name}.json")
    if is_same(shipped["settings"], settings):
        return SeedTable(tuple(shipped["x"]), shipped["lines"], shipped["environment"])
    found = MEASUREMENTS[name]
    seeds = range(FIRST_SEED, FIRST_SEED + settings.seeds)
    rows = [found.measure(Trainer(settings, data, seed)) for seed in seeds]
    return SeedTable(tuple(found.points(settings)), lines_of(rows), {})


def lines_of(rows: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, list[list[float]]]:
    """The lines of single seeds, stacked to lines with a row for each seed."""
    return {name: [[round(v, 3) for v in row[name]] for row in rows] for name in rows[0]}


def is_same(shipped: Mapping[str, Any], settings: Preset) -> bool:
    """Whether a table has these settings; those newer than the table must have defaults."""
    asked = [settings.data, settings.architecture, settings.training]
    architecture, training = shipped["architecture"], shipped["training"]
    return [shipped["data"], Architecture(**architecture), Training(**training)] == asked


def deciding(settings: Preset) -> dict[str, Any]:
    """The settings that determine the numbers of a table, for JSON."""
    return {
        "data": settings.data,
        "architecture": asdict(settings.architecture),
        "training": asdict(settings.training),
    }
