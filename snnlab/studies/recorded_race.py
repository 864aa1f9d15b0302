"""The records of the trainings of a race, from its file or from its runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from snnlab.runs.files import RunError
from snnlab.runs.recorded import Recorded, recorded, remembered
from snnlab.runs.store import load_run
from snnlab.studies.audit import reading
from snnlab.studies.race import TERMS, RaceConfig, asked_in, by_method
from snnlab.studies.study import Entry, Result

PER_EPOCH = {"seconds": "seconds_per_epoch", "validation_accuracy": "validation_accuracy"}
"""Keys of an epoch in a run's metrics, with the keys of their lists in an entry of a race."""


def recorded_runs(race: Result, folder: Path | None = None) -> dict[str, list[Recorded]]:
    """The trainings of a race with equal epochs by method, a training for each seed.

    Args:
        race: content of race.json.
        folder: folder of the race. The file of an older race lacks the accuracy after each epoch;
            then the runs in this folder are read.

    Raises:
        RunError: the race is not finished, or lacks numbers for each epoch.

    Example:
        >>> recorded_runs(read_race(Path("runs/races/digits")))["bptt"][0].validation
    """
    with reading(race):
        asked = asked_in(race)
        hardware = (race.get("environment") or {}).get("hardware") or {}
        return {
            method: [recorded_entry(entry, asked, hardware, folder) for entry in entries]
            for method, entries in by_method(race, TERMS[0]).items()
        }


def recorded_entry(
    entry: Entry, asked: RaceConfig, hardware: dict[str, Any], folder: Path | None
) -> Recorded:
    """One entry of a race; see `recorded_runs`."""
    if not all(entry.get(name) for name in PER_EPOCH.values()):
        if folder is not None and "run" in entry:
            return recorded(load_run(entry["run"], folder / "runs"))
        raise RunError(
            "the race was kept without what happened epoch by epoch; race once more, and it is"
        )
    config = asked.run_config(entry["method"], entry["seed"], entry["epochs"])
    columns = zip(*(entry[name] for name in PER_EPOCH.values()), strict=True)
    epochs = [dict(zip(PER_EPOCH, values, strict=True)) for values in columns]
    name = f"{config.method}, seed {config.seed},"
    return remembered(name, config, epochs, entry, hardware)
