"""The race: every method with the same architecture, data and seeds, one after another.

First they train with the same number of epochs, then with the same training time: each method gets
as many epochs as fill the seconds of the timed one, usually the noise method, rounded up, at least
one. Rounding up gives the other methods a little more time than this one, never less. On one CPU
thread seconds are processor time, so other programs do not influence a race.

Each method has the v_init with its best accuracy (`Method.race_v_init`), unless v_init is set. For
the method without noise this is v_th / 2, as with noise: it keeps more accuracy after conversion,
so the gain by noise is measured against the strongest form without noise. Each method can have its
own peak learning rate.

    races/<name>/race.json    what was raced, on what, and every number of every run
                 runs/<id>/   the runs, see `store`: a race continues where it was stopped
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Any, Literal, get_args

from snnlab.runs.config import ConfigError, RunConfig, Trained, from_dict, to_dict
from snnlab.runs.files import RunError
from snnlab.runs.methods import METHODS, PLAIN, MethodName
from snnlab.runs.presets import at_its_best
from snnlab.runs.provenance import command
from snnlab.runs.store import Run
from snnlab.settings import Count, Positive, settle
from snnlab.studies.study import Entry, Kind, Result, Watch, groups

RACE = Kind("race", shelf="races", key="race")
Terms = Literal["equal epochs", "equal time"]
TERMS: tuple[Terms, ...] = get_args(Terms)
MADE_BY = ("started", "code", "git_commit", "versions", "hardware")
TIMED_METHOD = PLAIN
"""The method whose training time all others get in the race with equal time, if none is named."""
WARM_UP_STEPS = 6
"""Steps of a method before a race, one in an epoch: three of mean responses, one with noise and two
on own spikes for the methods that have these phases."""


@dataclass(frozen=True)
class RaceConfig:
    """The configuration of a race: methods, seeds, and the configuration of their runs.

    Raises:
        ConfigError: no or unknown methods, fewer than 1 seed, equal time without noise, or a
            learning rate of a method that does not race.
    """

    config: RunConfig = field(default_factory=RunConfig)
    """Architecture, data and training; its seed is the first one, its method is not used."""
    methods: tuple[Trained, ...] = tuple(METHODS)
    """The methods, in the order in which they run."""
    seeds: Count = 3
    """Networks per method and terms."""
    equal_time: bool = True
    """Whether to race a second time, with equal training time."""
    learning_rates: dict[Trained, Positive] = field(default_factory=dict)
    """Peak learning rates by method, tuned for it; the others have that of the training."""
    timed_method: Trained = TIMED_METHOD
    """The method whose training time all others get in the race with equal time."""

    def __post_init__(self) -> None:
        settle(self, ConfigError)
        if not self.methods or len(set(self.methods)) < len(self.methods):
            got = ", ".join(self.methods) or "none"
            raise ConfigError(f"methods must be different ones of {', '.join(METHODS)}, got {got}")
        if self.equal_time and self.timed_method not in self.methods:
            raise ConfigError(
                f"equal time needs method {self.timed_method}, got {', '.join(self.methods)}"
            )
        if not self.equal_time and self.timed_method != TIMED_METHOD:
            raise ConfigError(
                f"timed_method needs the race with equal time, got {self.timed_method} without it"
            )
        if spare := [method for method in self.learning_rates if method not in self.methods]:
            raise ConfigError(
                f"learning_rates must be of methods that race, {', '.join(self.methods)}, "
                f"got one of {', '.join(spare)}"
            )

    def run_config(self, method: MethodName, seed: int, epochs: int) -> RunConfig:
        """The configuration of one run."""
        training = self.config.training
        rate = self.learning_rates.get(method, training.learning_rate)
        training = replace(training, epochs=epochs, learning_rate=rate)
        return at_its_best(replace(self.config, method=method, seed=seed, training=training))

    @property
    def seed_numbers(self) -> list[int]:
        """The list of seeds."""
        return list(range(self.config.seed, self.config.seed + self.seeds))


def race(asked: RaceConfig, folder: Path, watch: Watch | None = None) -> Result:
    """Carry out a race, or continue it; race.json holds the result.

    Finished runs are used again, with their timings, so a race that was interrupted and started
    again gives the same table.

    Args:
        asked: the configuration of the race.
        folder: the folder of the race.
        watch: progress.

    Returns:
        The content of race.json.

    Raises:
        RunError: the folder holds another race.
        ConfigError, DataError, ValueError, TrainingError: as `run`.

    Example:
        >>> race(RaceConfig(seeds=1), Path("runs/races/digits"))["entries"][0]["accuracy"]
    """
    return RACE.conduct(
        folder, description(asked), lambda: raced(asked, folder / "runs", watch or Watch())
    )


def raced(asked: RaceConfig, root: Path, watch: Watch) -> Result:
    """Every run of a race, in run folders below `root`."""
    warm_up(asked)
    plan = {TERMS[0]: dict.fromkeys(asked.methods, asked.config.training.epochs)}
    entries = list(laps(asked, TERMS[0], plan[TERMS[0]], root, watch))
    if asked.equal_time:
        plan[TERMS[1]] = equal_time_epochs(entries, asked.timed_method)
        entries += laps(asked, TERMS[1], plan[TERMS[1]], root, watch)
    return content(entries, plan)


def content(entries: list[Entry], plan: dict[Terms, dict[str, int]]) -> Result:
    """What race.json holds besides the configuration; takes the environments out of the entries.

    Args:
        entries: the runs, with their environments; at least one.
        plan: epochs by terms and method.
    """
    made_by = {key: entries[0]["environment"].get(key) for key in MADE_BY}
    machines = [machine(item.pop("environment")) for item in entries]
    return {
        "plan": plan,
        "environment": made_by | {"command": command()},
        "same_machine": len(set(machines)) == 1,
        "entries": entries,
    }


def warm_up(asked: RaceConfig) -> None:
    """Train a network with every method for a few steps, and discard it.

    In these steps the libraries initialise themselves, so no method of the race pays for this. With
    the usual shares each phase of a training has a step, see `WARM_UP_STEPS`.
    """
    from snnlab.learning.fit import fit
    from snnlab.runs import assemble

    device = assemble.pick_device(asked.config.device)
    data = assemble.load_images(asked.config, device)
    images = min(asked.config.training.batch_size, len(data.train))
    few = replace(data, train=data.train.first(images))
    for method in asked.methods:
        each = asked.run_config(method, 0, WARM_UP_STEPS)
        net = assemble.build_network(each, data.image_shape, len(data.classes)).to(device)
        fit(net, few, each.entry.objective(each), each.acting_training, seed=0)


def description(asked: RaceConfig) -> Result:
    """The configuration of a race as values for race.json."""
    said = {
        "start": to_dict(asked.config),
        "methods": list(asked.methods),
        "seeds": asked.seed_numbers,
        "equal_time": asked.equal_time,
    }
    # Only what differs from the usual, as in races of older versions.
    if asked.learning_rates:
        said["learning_rates"] = dict(asked.learning_rates)
    if asked.timed_method != TIMED_METHOD:
        said["timed_method"] = asked.timed_method
    return said


def asked_in(race: Result) -> RaceConfig:
    """The configuration of a race, from its race.json.

    Raises:
        ConfigError: settings or methods that this version does not know.
    """
    said = race["race"]
    return RaceConfig(
        from_dict(said["start"]),
        said.get("methods") or tuple(by_method(race, TERMS[0])),
        len(said.get("seeds", [0])),
        said.get("equal_time", False),
        said.get("learning_rates", {}),
        timed_method(race),
    )


def timed_method(race: Result) -> str:
    """The method whose training time all others get, from race.json."""
    named: str = race["race"].get("timed_method", TIMED_METHOD)
    return named


def learning_rate(race: Result, method: str) -> float:
    """The peak learning rate of a method, from race.json."""
    said = race["race"]
    own: dict[str, float] = said.get("learning_rates", {})
    return own.get(method, said["start"]["training"]["learning_rate"])


def laps(
    asked: RaceConfig, terms: Terms, epochs: dict[str, int], root: Path, watch: Watch
) -> Iterator[Entry]:
    """Carry out the runs of one set of terms: seed by seed, the methods in turn.

    As methods alternate, a machine that becomes slower slows all of them.
    """
    from snnlab.runs.run import run

    order = [(seed, method) for seed in asked.seed_numbers for method in asked.methods]
    before, total = TERMS.index(terms) * len(order), len(order) * (1 + asked.equal_time)

    def label(lap: tuple[int, MethodName]) -> str:
        return f"{lap[1]}, seed {lap[0]}, {terms}"

    for seed, method in watch.steps(order, label, before=before, total=total):
        each = asked.run_config(method, seed, epochs[method])
        done = run(each, root, on_batch=watch.on_batch, on_epoch=watch.on_epoch)
        yield entry(done, terms)


def equal_time_epochs(entries: list[Entry], timed: str = TIMED_METHOD) -> dict[str, int]:
    """Epochs with which each method trains for as long as the timed one did, rounded up.

    Both sides are means over the seeds of the race with equal epochs.
    """
    seconds = {
        method: mean(item["training_seconds"] for item in own)
        for method, own in groups(entries, "method").items()
    }
    epochs = {item["method"]: item["epochs"] for item in entries}
    filling = {
        method: max(1, math.ceil(seconds[timed] / taken * epochs[method]))
        for method, taken in seconds.items()
    }
    return filling | {timed: epochs[timed]}


def entry(run: Run, terms: Terms) -> Entry:
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
        "validation_accuracy": [epoch["validation_accuracy"] for epoch in run.metrics],
        "environment": run.environment,
        **kept,
    }


def by_method(race: Result, terms: Terms) -> dict[str, list[Entry]]:
    """The entries of one set of terms by method, one per seed."""
    own = [item for item in race["entries"] if item["terms"] == terms]
    return groups(own, "method")


def machine(environment: dict[str, Any]) -> str:
    """Hardware, threads and versions as a text; timings are comparable if it is equal."""
    return json.dumps([environment.get("hardware"), environment.get("versions")], sort_keys=True)
