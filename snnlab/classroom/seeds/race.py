"""The race of notebook 06: its rules, and the result with many seeds that comes with the kit."""

from __future__ import annotations

from dataclasses import replace

from snnlab.classroom.preset import Preset
from snnlab.classroom.seeds.table import RACE_FILE
from snnlab.runs.config import RunConfig
from snnlab.runs.files import read_json
from snnlab.runs.hashes import HASHES, sealed
from snnlab.runs.methods import PLAIN
from snnlab.settings import Count
from snnlab.studies.kept_race import rounded
from snnlab.studies.race import RaceConfig, asked_in
from snnlab.studies.study import Result

RACERS = ("noise", "no-noise", "bptt", "ann", "qcfs")
FAST_EPOCHS = 10
RUN_FIELDS = (
    "method",
    "seed",
    "terms",
    "epochs",
    "accuracy",
    "changed",
    "test_images",
    "training_seconds",
    "peak_memory_mib",
    "seconds_per_image",
    "certificate",
    "subset",
    "ann_accuracy",
    "ann_seconds_per_image",
)
"""The fields of a run that tables and the audit read."""


def race_rules(settings: Preset, start: RunConfig, seeds: Count = 1) -> RaceConfig:
    """The rules of the race of notebook 06: methods, data and seeds.

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
    """The shipped race with these rules and more seeds; None if there is none.

    Args:
        rules: of the race; their seeds are ignored.
    """
    shipped = read_json(RACE_FILE)
    # A setting that is newer than the shipped file has its default there.
    return shipped if same(asked_in(shipped)) == same(rules) else None


def same(asked: RaceConfig) -> RaceConfig:
    """What decides the result, seeds and place aside; a race has methods of its own."""
    return replace(asked, config=replace(asked.config, seed=0, device="cpu", method=PLAIN), seeds=1)


def thinned(result: Result) -> Result:
    """A race with only the fields and digits that are read, and a new seal."""
    entries = [
        {key: rounded(value) for key, value in entry.items() if key in RUN_FIELDS}
        for entry in result["entries"]
    ]
    kept = {key: value for key, value in result.items() if key != HASHES}
    return sealed(kept | {"entries": entries})
