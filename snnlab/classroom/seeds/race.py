"""The race of notebook 06: its rules, and the result with many seeds that comes with the kit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from snnlab.classroom.preset import Preset
from snnlab.classroom.seeds.table import RACE_FILE
from snnlab.runs.config import RunConfig, from_dict
from snnlab.runs.methods import PLAIN
from snnlab.runs.store import read_json
from snnlab.settings import Count
from snnlab.studies.race import RaceConfig, description
from snnlab.studies.study import Result

RACERS = ("noise", "no-noise", "bptt", "ann", "qcfs")
FAST_EPOCHS = 10
KEPT = (
    "method",
    "seed",
    "terms",
    "epochs",
    "accuracy",
    "training_seconds",
    "certificate",
    "subset",
    "ann_accuracy",
    "ann_seconds_per_image",
)
"""What tables and the audit read of a run."""


def race_rules(settings: Preset, start: RunConfig, seeds: Count = 1) -> RaceConfig:
    """Who races in notebook 06, on what.

    Args:
        settings: of the notebook.
        start: the preset of its data.
        seeds: networks per method.
    """
    fast = settings.name == "fast"
    start = replace(start, conversion_timesteps=32 if fast else 256)
    if fast:
        start = replace(start, training=replace(start.training, epochs=FAST_EPOCHS))
    return RaceConfig(start, RACERS, seeds=seeds, equal_time=False)


def shipped_race(rules: RaceConfig) -> Result | None:
    """The race with these rules that comes with the kit, with more seeds; None if there is none.

    Args:
        rules: their seeds are not looked at.
    """
    shipped = read_json(RACE_FILE)
    return shipped if same(shipped["race"]) == same(description(rules)) else None


def same(asked: Result) -> Any:
    """What decides the result, seeds and place aside; a race has methods of its own."""
    start = from_dict(asked["start"])  # newer settings as they stand
    start = replace(start, seed=0, device="cpu", method=PLAIN)
    return [start, list(asked["methods"]), asked["equal_time"]]


def thinned(result: Result) -> Result:
    """A race with what is read of it, and no more digits than that takes."""
    entries = [
        {key: rounded(value) for key, value in entry.items() if key in KEPT}
        for entry in result["entries"]
    ]
    return result | {"entries": entries}


def rounded(value: Any) -> Any:
    """Numbers to six significant digits."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, list) else value
