"""Makes the shipped tables anew; for its use see `snnlab.classroom.seeds`."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from snnlab.classroom.preset import preset
from snnlab.classroom.seeds.measurements import MEASUREMENTS
from snnlab.classroom.seeds.race import race_rules, thinned
from snnlab.classroom.seeds.table import FIRST_SEED, RACE_FILE, SHIPPED, deciding, lines_of
from snnlab.classroom.seeds.trainer import Trainer
from snnlab.data.sources import load_data
from snnlab.runs.presets import PRESETS
from snnlab.runs.provenance import environment
from snnlab.studies.race import race

SEEDS = 6
RACE = RACE_FILE.stem


def make(names: list[str]) -> None:
    """Measure these tables, seed by seed, and write them."""
    torch.set_num_threads(1)
    settings = preset("fast")
    data = load_data(settings.data, device=settings.device)
    seeds = list(range(FIRST_SEED, FIRST_SEED + SEEDS))
    made_by = environment(settings.device)
    made_by["command"] = ["python", "-m", "snnlab.classroom.seeds", *sys.argv[1:]]
    rows: dict[str, list[Any]] = {name: [] for name in names}
    for seed in seeds:
        trainer = Trainer(settings, data, seed)
        for name in names:
            rows[name].append(MEASUREMENTS[name].measure(trainer))
            sys.stderr.write(f"seed {seed}: {name}\n")
        for name in names:  # after each seed, so that a stop loses little
            table = {
                "says": MEASUREMENTS[name].says,
                "settings": deciding(settings),
                "images": len(data.test),
                "seeds": seeds[: len(rows[name])],
                "environment": made_by,
                "x": list(MEASUREMENTS[name].points(settings)),
                "lines": lines_of(rows[name]),
            }
            write(SHIPPED / f"{name}.json", table)


def make_race() -> None:
    """Run the race of notebook 06 with many seeds, and write it."""
    torch.set_num_threads(1)
    rules = race_rules(preset("fast"), PRESETS["digits"])
    start = replace(rules.config, seed=FIRST_SEED)
    with tempfile.TemporaryDirectory() as folder:
        result = race(replace(rules, config=start, seeds=SEEDS), Path(folder) / RACE)
    result["environment"]["command"] = ["python", "-m", "snnlab.classroom.seeds", RACE]
    write(RACE_FILE, thinned(result))


def write(path: Path, content: dict[str, Any]) -> None:
    """JSON with one line for each part, so that numbers do not take a line each."""
    parts = [
        f"{json.dumps(key)}: {{\n{inner(value)}\n}}"
        if key in ("lines", "environment")
        else f"{json.dumps(key)}: {json.dumps(value)}"
        for key, value in content.items()
    ]
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def inner(part: dict[str, Any]) -> str:
    """The entries of a part, one per line."""
    return ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in part.items())


if __name__ == "__main__":
    SHIPPED.mkdir(exist_ok=True)
    asked = sys.argv[1:] or [*MEASUREMENTS, RACE]
    if unknown := set(asked) - {*MEASUREMENTS, RACE}:
        valid = ", ".join([*MEASUREMENTS, RACE])
        raise SystemExit(f"no such table: {', '.join(sorted(unknown))}; there are {valid}")
    if tables := [name for name in asked if name != RACE]:
        make(tables)
    if RACE in asked:
        make_race()
