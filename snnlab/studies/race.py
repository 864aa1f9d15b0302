"""The race: every method with the same architecture, data and seeds, one after another.

First with the same number of epochs; then again with the same training time: each method
gets as many epochs as fill the seconds that the noise method took, rounded up, at least one.
Rounding up gives the other methods a little more time than ours, never less. On one CPU
thread seconds are processor time, so that other programs do not decide a race.

Each method starts at its best: the one without noise from v_init = v_th / 2 here, like noise,
unless v_init was given (`Method.race_v_init`). It keeps more accuracy after conversion with it, so
that what noise gains is measured against its strongest form.

    races/<name>/race.json    what was raced, on what, and every number of every run
                 runs/<id>/   the runs, see `store`: a race goes on where it was stopped
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Any, Literal, get_args

from snnlab.runs.config import ConfigError, RunConfig, Trained, to_dict
from snnlab.runs.methods import METHODS, PLAIN, MethodName
from snnlab.runs.presets import at_its_best
from snnlab.runs.provenance import command
from snnlab.runs.store import RUNS, Run, RunError, read_json, write_json
from snnlab.runs.study import Step, Watch, open_folder
from snnlab.runs.tables import groups
from snnlab.settings import Count, settle

RACES = RUNS / "races"
RACE = "race.json"
Terms = Literal["equal epochs", "equal time"]
TERMS: tuple[Terms, ...] = get_args(Terms)
MADE_BY = ("started", "code", "git_commit", "versions", "hardware")
PACE = PLAIN
"""The method whose training seconds the others get under equal time."""


@dataclass(frozen=True)
class RaceConfig:
    """Who races, on what.

    Raises:
        ConfigError: no or unknown methods, fewer than 1 seed, or equal time without noise.
    """

    start: RunConfig = field(default_factory=RunConfig)
    """Architecture, data and training; its seed is the first one, its method is not used."""
    methods: tuple[Trained, ...] = tuple(METHODS)
    """The methods, in the order in which they run."""
    seeds: Count = 3
    """Networks per method and terms."""
    equal_time: bool = True
    """Whether to race a second time, with equal training time."""

    def __post_init__(self) -> None:
        settle(self, ConfigError)
        if not self.methods or len(set(self.methods)) < len(self.methods):
            got = ", ".join(self.methods) or "none"
            raise ConfigError(f"methods must be different ones of {', '.join(METHODS)}, got {got}")
        if self.equal_time and PACE not in self.methods:
            raise ConfigError(f"equal time needs method {PACE}, got {', '.join(self.methods)}")

    def run_config(self, method: MethodName, seed: int, epochs: int) -> RunConfig:
        """The configuration of one run."""
        training = replace(self.start.training, epochs=epochs)
        return at_its_best(replace(self.start, method=method, seed=seed, training=training))

    @property
    def seed_numbers(self) -> list[int]:
        """The seeds themselves."""
        return list(range(self.start.seed, self.start.seed + self.seeds))


def race(config: RaceConfig, folder: Path, watch: Watch | None = None) -> dict[str, Any]:
    """Carry out a race, or go on with it; race.json holds the result.

    Finished runs are taken as they are, with their timings, so that a race that was killed
    and started again gives the table that it would have given.

    Args:
        config: who races, on what.
        folder: the race's own folder.
        watch: progress.

    Returns:
        The content of race.json.

    Raises:
        RunError: the folder holds another race.
        ConfigError, DataError, ValueError, TrainingError: as `run`.

    Example:
        >>> race(RaceConfig(seeds=1), Path("runs/races/digits"))["entries"][0]["accuracy"]
    """
    watch = watch or Watch()
    there = open_folder(
        folder,
        RACE,
        description(config),
        key="race",
        kind="race",
        shelf=RACES.name,
        option="--out",
    )
    if there is None or not there.get("finished"):
        warm_up(config)
    epochs: dict[str, int] = dict.fromkeys(config.methods, config.start.training.epochs)
    plan: dict[str, Any] = {"equal epochs": epochs}
    entries = [entry(run, "equal epochs") for run in runs(config, epochs, 0, folder, watch)]
    if config.equal_time:
        epochs = plan["equal time"] = equal_time_epochs(entries)
        later = runs(config, epochs, len(entries), folder, watch)
        entries += [entry(run, "equal time") for run in later]
    made_by = {key: entries[0]["environment"].get(key) for key in MADE_BY}
    result = {
        "race": description(config),
        "finished": True,
        "plan": plan,
        "environment": made_by | {"command": command()},
        "same_machine": len({machine(item.pop("environment")) for item in entries}) == 1,
        "entries": entries,
    }
    write_json(folder / RACE, result)
    return read_json(folder / RACE)


def warm_up(config: RaceConfig) -> None:
    """Train a throw-away network for two steps of every method.

    So that what the libraries do once per process, on first use, is charged to none of them.
    """
    from snnlab.learning.fit import fit
    from snnlab.runs import assemble

    device = assemble.pick_device(config.start.device)
    data = assemble.load_images(config.start, device)
    images = min(2 * config.start.training.batch_size, len(data.train))
    few = replace(data, train=data.train.first(images))
    for method in config.methods:
        asked = config.run_config(method, 0, 1)
        net = assemble.build_network(asked, data.image_shape, len(data.classes)).to(device)
        fit(net, few, asked.entry.objective(asked), asked.acting_training, seed=0)


def description(config: RaceConfig) -> dict[str, Any]:
    """What was asked for, in plain values."""
    return {
        "start": to_dict(config.start),
        "methods": list(config.methods),
        "seeds": config.seed_numbers,
        "equal_time": config.equal_time,
    }


def runs(
    config: RaceConfig, epochs: dict[str, int], before: int, folder: Path, watch: Watch
) -> Iterator[Run]:
    """Carry out the runs of one set of terms: seed by seed, the methods in turn.

    In turn, so that a machine that grows slower with time slows all methods.
    """
    from snnlab.runs.run import run

    terms = TERMS[1] if before else TERMS[0]
    laps = len(config.methods) * config.seeds * (2 if config.equal_time else 1)
    order = [(seed, method) for seed in config.seed_numbers for method in config.methods]
    for number, (seed, method) in enumerate(order, start=before + 1):
        asked = config.run_config(method, seed, epochs[method])
        watch.on_step(Step(number, laps, f"{method}, seed {seed}, {terms}"))
        yield run(asked, folder / "runs", on_batch=watch.on_batch, on_epoch=watch.on_epoch)


def equal_time_epochs(entries: list[dict[str, Any]]) -> dict[str, int]:
    """Epochs with which each method trains for as long as the noise method did, rounded up.

    Both sides are means over the seeds of the race with equal epochs.
    """
    seconds = {
        method: mean(item["training_seconds"] for item in own)
        for method, own in groups(entries, lambda item: item["method"]).items()
    }
    epochs = {item["method"]: item["epochs"] for item in entries}
    filling = {
        method: max(1, math.ceil(seconds[PACE] / taken * epochs[method]))
        for method, taken in seconds.items()
    }
    return filling | {PACE: epochs[PACE]}


def entry(run: Run, terms: Terms) -> dict[str, Any]:
    """A finished run as race.json holds it."""
    if run.config is None or run.result is None:
        raise RunError(f"run {run.id!r} is {run.status} {run.reason}")
    kept = {key: value for key, value in run.result.items() if key not in ("rates", "operations")}
    return {
        "method": run.config.method,
        "seed": run.config.seed,
        "terms": terms,
        "run": run.id,
        "epochs": run.config.training.epochs,
        "seconds_per_epoch": [epoch["seconds"] for epoch in run.metrics],
        "environment": run.environment,
        **kept,
    }


def by_method(race: dict[str, Any], terms: Terms) -> dict[str, list[dict[str, Any]]]:
    """The entries of one set of terms by method, one per seed."""
    own = [item for item in race["entries"] if item["terms"] == terms]
    return groups(own, lambda item: item["method"])


def machine(environment: dict[str, Any]) -> str:
    """What must be equal for timings to be comparable: hardware, threads, versions."""
    return json.dumps([environment.get("hardware"), environment.get("versions")], sort_keys=True)
