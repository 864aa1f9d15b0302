"""All of CIFAR-10: five methods side by side at a size that papers quote, training by training.

First the peak learning rate of each method is chosen with short trainings on held-out images, see
`tuning`. They also tell how many epochs fit into the time of a training. Then each method trains on
all 50,000 images, seed by seed: ReLU, QCFS, plain noise and the kit's best method with the same
number of epochs, and BPTT with the epochs that should fill the seconds of the best method.

    FOLDER/asked.json                   what is compared, and on which GPU
           rates/<method>-<rate>.json   short trainings
           plan.json                    learning rates and epochs, once they are chosen
           trainings/<method>-s<seed>.json   whole trainings, as entries of a race
           report.md                    all of it as tables
           race.json                    the seeds with which all methods have trained, as a race
           runs/<id>/                   the run folders of the whole trainings

Each file is written when its training is complete. Those above the run folders, which are large,
are all that a later call needs to go on, also on another machine with such a GPU. More seeds are
added to the same files. A training counts as done whichever code it ran with; the report says if
versions differ.
"""

from __future__ import annotations

import gc
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import torch

from snnlab.bench.cifar10_tables import (
    QCFS,
    RELU,
    comparison,
    origins,
    rate_table,
    training_table,
)
from snnlab.bench.gpu_report import facts
from snnlab.bench.tuning import (
    CANDIDATES,
    SCORED,
    ShortTraining,
    best_rate,
    next_rate,
    or_why_not,
    short_training,
)
from snnlab.data.spec import CATALOGUE, DataSpec
from snnlab.learning.checkpoint import differences
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture, ModelName
from snnlab.runs.assemble import pick_device
from snnlab.runs.config import ConfigError, RunConfig, from_dict, to_dict
from snnlab.runs.files import RunError, optional_json, read_json, write_json, write_text
from snnlab.runs.hashes import HASHES, check_sealed, sealed
from snnlab.runs.methods import PLAIN, RECIPE, MethodName
from snnlab.runs.provenance import environment
from snnlab.runs.run import run
from snnlab.studies.kept_race import without_folder
from snnlab.studies.race import (
    RACE,
    TERMS,
    RaceConfig,
    content,
    description,
    entry,
    warm_up,
)
from snnlab.studies.study import Entry, Result
from snnlab.studies.tables import document, processor

ONE_PASS: tuple[MethodName, ...] = (RELU, QCFS, PLAIN, RECIPE)
"""The methods that train with the same number of epochs."""
THROUGH_TIME: MethodName = "bptt"
RACERS: tuple[MethodName, ...] = (*ONE_PASS, THROUGH_TIME)
HELD_OUT = DataSpec.validation_fraction
"""Share of the training images on which learning rates are chosen."""


@dataclass(frozen=True)
class FullSize:
    """What is compared, and for how long each method trains."""

    config: RunConfig
    """Data, network and training; seed, method, epochs and learning rate are set for each run."""
    seconds: float
    """Of one training: the slowest of `ONE_PASS` gets the epochs that fit into them."""
    epochs: int | None
    """Epochs of `ONE_PASS`; None: as `seconds` allow."""
    short_epochs: int = 9
    """Epochs of the short trainings that choose the learning rates."""


def cifar10_config(data: str, root: str | None, model: ModelName, readout_gain: float) -> RunConfig:
    """All of CIFAR-10 on the GPU, with what is usual where trainings have to be fast.

    Args:
        data: cifar10, or the path of a folder or an archive with the same images.
        root: where the set is, or goes; None: the usual place.
        model: resnet18, vgg16, ...
        readout_gain: of all networks. 1 is usual elsewhere, and ReLU networks are better with it
            than with the preset's 10, see RESULTS.md.
    """
    usual = CATALOGUE["cifar10"]
    return RunConfig(
        device="cuda",
        timesteps=max(SCORED),
        bptt_timesteps=2,
        conversion_timesteps=max(SCORED),
        conversion_images=usual.sizes[1] or 0,
        data=DataSpec(data, root, validation_fraction=0.0, shift=usual.shift, flip=usual.flip),
        model=Architecture(model, readout_gain=readout_gain),
        training=Training(
            batch_size=512,
            label_smoothing=0.1,
            ema_decay=0.99,
            augment=True,
            precision="bfloat16",
        ),
    )


@dataclass
class Plan:
    """What the short trainings led to; it stays as it is while trainings are added."""

    learning_rates: dict[str, float]
    """Peak learning rate by method; a method that no rate could train is not among them."""
    seconds: dict[str, float]
    """Seconds of an epoch by method."""
    epochs: dict[str, int]
    """Epochs of the whole trainings by method; those of BPTT once the best method has trained."""


class Comparison:
    """The trainings that a folder holds, and those that are missing.

    Args:
        folder: is made; what it holds of the same comparison on such a machine is kept.
        asked: what to compare.

    Raises:
        ConfigError: this machine has no such device.
        RunError: the folder holds another comparison, or one from another kind of machine; or a
            file in it is damaged.
    """

    def __init__(self, folder: Path, asked: FullSize) -> None:
        self.folder, self.asked = folder, asked
        self.made_by = environment(str(pick_device(asked.config.device)))
        self.description = {
            "seconds": asked.seconds,
            "epochs": asked.epochs,
            "short_epochs": asked.short_epochs,
            "machine": processor(self.made_by["hardware"]),
            "config": without_places(asked.config),
        }
        self.is_warm = False
        self.check_asked()

    def check_asked(self) -> None:
        """Raise RunError unless the folder is new, or holds this comparison."""
        other = "choose another folder with --folder, or delete this one"
        try:
            there = optional_json(self.folder / "asked.json")
        except RunError as error:
            raise RunError(f"{self.folder}: {error}: {other}") from error
        if there is None and any(self.folder.glob("[rt]*/*.json")):
            raise RunError(
                f"{self.folder} holds trainings but no asked.json, which says what they compare: "
                f"copy it there, {other}"
            )
        if there is not None:
            now = there | {"config": as_now(there.get("config"))}
            if different := differences(now, self.description):
                raise RunError(
                    f"{self.folder} holds another comparison ({'; '.join(different)}): {other}"
                )

    def train(
        self, seeds: int, *, minutes: float = math.inf, said: Callable[[str], None] = print
    ) -> None:
        """Carry out the missing trainings one by one; each is written when it is complete.

        One that diverges, or for which there is too little memory, is written as failed, and the
        others go on.

        Args:
            seeds: how many whole trainings each method gets, with seeds from 0 on.
            minutes: no training begins that would not end in them, as far as its time is known.
            said: is given a line when a training begins, or is left for later.

        Raises:
            ConfigError, DataError, ValueError: as `run`.
        """
        began = time.monotonic()
        while (missing := self.next_training(seeds)) is not None:
            label, needs, carry_out = missing
            passed = time.monotonic() - began
            if passed + needs > 60 * minutes:
                more = "; give more minutes" if needs > 60 * minutes else ""
                said(
                    f"{label}: left for later, with all that follows: it needs about {needs:.0f} "
                    f"s, and {passed:.0f} s of {minutes:g} minutes have passed{more}"
                )
                return
            if not self.is_warm:
                said("images are read, and each method takes a few steps to warm up")
                or_why_not(lambda: warm_up(self.race_config()))
                self.is_warm = True
            said(f"{time.monotonic() - began:.0f} s: {label}")
            carry_out()
            self.write()
            gc.collect()
            torch.cuda.empty_cache()

    def next_training(self, seeds: int) -> tuple[str, float, Callable[[], None]] | None:
        """The next missing training: its name, about how many seconds it takes, and its work.

        None: there is no other.
        """
        if (plan := self.plan) is None:
            trained = {one["method"] for one in self.trainings()}
            tried = self.short_trainings()
            for method in (one for one in RACERS if one not in trained):
                if (rate := next_rate(scores(tried[method]))) is not None:
                    epochs = self.asked.short_epochs
                    label = f"{method}, {epochs} epochs, peak learning rate {rate:g}"
                    of_epoch = seconds_per_epoch(tried[method]) or 0
                    needs = epochs * (1 - HELD_OUT) * of_epoch
                    return label, needs, partial(self.try_rate, method, rate)
            plan = self.make_plan()
        for seed in range(seeds):
            for method in plan.learning_rates:
                if not self.file(method, seed).exists():
                    label = f"{method}, seed {seed}"
                    needs = plan.epochs.get(method, 0) * plan.seconds[method] or self.asked.seconds
                    return label, needs, partial(self.train_whole, method, seed)
        return None

    def try_rate(self, method: MethodName, rate: float) -> None:
        """Carry out one short training."""
        usual = self.race_config().run_config(method, 0, self.asked.short_epochs)
        training = replace(usual.training, learning_rate=rate)
        data = replace(usual.data, validation_fraction=HELD_OUT)
        done = short_training(replace(usual, training=training, data=data))
        self.note(self.rate_file(method, rate), asdict(done) | {"environment": self.made_by})

    def train_whole(self, method: MethodName, seed: int) -> None:
        """Carry out one whole training."""
        plan = self.planned(method)
        config = self.race_config().run_config(method, seed, plan.epochs[method])
        terms = TERMS[0] if method in ONE_PASS else TERMS[1]
        done, failed = or_why_not(lambda: entry(run(config, self.folder / "runs"), terms))
        values = done or {
            "method": method,
            "seed": seed,
            "epochs": plan.epochs[method],
            "environment": self.made_by,
        }
        rate = {"learning_rate": plan.learning_rates[method], "failed": failed}
        self.note(self.file(method, seed), values | rate)

    def make_plan(self) -> Plan:
        """Choose learning rates and epochs from the short trainings, once and for all.

        Where there are whole trainings already, as somebody deleted the plan, theirs are taken.

        Raises:
            RunError: no method could be trained.
        """
        tried = self.short_trainings()
        reached = {method: scores(group) for method, group in tried.items()}
        rates = {
            method: best_rate(found) for method, found in reached.items() if any(found.values())
        }
        done = {one["method"]: one for one in self.trainings()}
        rates |= {method: one["learning_rate"] for method, one in done.items()}
        seconds = dict.fromkeys(rates, self.asked.seconds)
        for method, one in done.items():
            if not one["failed"]:
                seconds[method] = one["training_seconds"] / one["epochs"]
        for method, group in tried.items():
            seconds[method] = seconds_per_epoch(group) or seconds.get(method, self.asked.seconds)
        equal = [method for method in ONE_PASS if method in rates]
        if not equal:
            why = dict.fromkeys(one.failed for group in tried.values() for one in group)
            raise RunError(
                f"no learning rate could train any of {', '.join(ONE_PASS)}: {'; '.join(why)}; to "
                f"try again delete {self.folder / 'rates'}"
            )
        fitting = int(self.asked.seconds / max(seconds[method] for method in equal))
        known = [done[method]["epochs"] for method in equal if method in done]
        epochs = next(iter(known), self.asked.epochs or max(1, fitting))
        plan = Plan(rates, seconds, dict.fromkeys(equal, epochs))
        if THROUGH_TIME in done:
            plan.epochs[THROUGH_TIME] = done[THROUGH_TIME]["epochs"]
        self.note(self.folder / "plan.json", asdict(plan))
        return plan

    def planned(self, method: str) -> Plan:
        """The plan with the epochs of a method; those of BPTT fill the seconds of the best one."""
        plan = self.plan or self.make_plan()
        if method not in plan.epochs:
            best = [
                one for one in self.trainings() if one["method"] == RECIPE and not one["failed"]
            ]
            seconds = best[0]["training_seconds"] if best else self.asked.seconds
            plan.epochs[method] = max(1, math.ceil(seconds / plan.seconds[method]))
            self.note(self.folder / "plan.json", asdict(plan))
        return plan

    @property
    def plan(self) -> Plan | None:
        """The plan, if there is one."""
        file = self.folder / "plan.json"
        return Plan(**self.noted(file)) if file.exists() else None

    def note(self, file: Path, values: Result) -> None:
        """Write a file, whole or not at all; with the first one what is compared."""
        file.parent.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "asked.json").exists():
            write_json(self.folder / "asked.json", self.description)
        own = {key: value for key, value in values.items() if key != HASHES}  # those of its run
        write_json(file, sealed(own))

    def noted(self, file: Path) -> Result:
        """The content of a file of `note`.

        Raises:
            RunError: it is damaged.
        """
        try:
            values = read_json(file)
            if HASHES not in values:
                raise RunError(f"{file.name} has no {HASHES}")
            check_sealed(file.name, values)
        except RunError as error:
            raise RunError(f"{file} is damaged: delete it, and start again ({error})") from error
        return {key: value for key, value in values.items() if key != HASHES}

    def rate_file(self, method: str, rate: float) -> Path:
        """The file of a short training."""
        return self.folder / "rates" / f"{method}-{rate:g}.json"

    def file(self, method: str, seed: int) -> Path:
        """The file of a whole training."""
        return self.folder / "trainings" / f"{method}-s{seed}.json"

    def tried(self) -> list[Result]:
        """The short trainings that are done, by method and rising learning rate.

        Raises:
            RunError: one is damaged.
        """
        found = []
        for method in RACERS:
            for rate in CANDIDATES:
                if (file := self.rate_file(method, rate)).exists():
                    found.append(self.noted(file))
                    check(file, found[-1], {"method": method, "learning_rate": rate})
        return found

    def short_trainings(self) -> dict[str, list[ShortTraining]]:
        """The short trainings by method, the lowest learning rate first."""
        found: dict[str, list[ShortTraining]] = {method: [] for method in RACERS}
        for one in self.tried():
            values = {name: one[name] for name in ShortTraining.__dataclass_fields__}
            found[one["method"]].append(ShortTraining(**values))
        return found

    def trainings(self) -> list[Entry]:
        """The whole trainings that are done, in the order in which they run.

        Raises:
            RunError: one is not of this plan, or damaged.
        """
        plan, found = self.plan, []
        seeds = len(list((self.folder / "trainings").glob("*.json")))  # or fewer
        for seed in range(seeds):
            for method in RACERS:
                if (file := self.file(method, seed)).exists():
                    found.append(self.noted(file))
                    wanted: Result = {"method": method, "seed": seed}
                    if plan is not None:
                        wanted["epochs"] = plan.epochs.get(method)
                        wanted["learning_rate"] = plan.learning_rates.get(method)
                    check(file, found[-1], wanted)
        return found

    def race_config(self, seeds: int = 1) -> RaceConfig:
        """The whole trainings as a race; before the plan is made with the usual learning rates."""
        plan = self.plan or Plan({}, {}, {})
        training = self.asked.config.training
        training = replace(training, epochs=plan.epochs.get(RECIPE, training.epochs))
        config = replace(self.asked.config, training=training)
        rates: dict[Any, float] = dict(plan.learning_rates)
        return RaceConfig(config, RACERS, seeds, learning_rates=rates, timed_method=RECIPE)

    def race(self) -> Result | None:
        """The seeds with which every method has trained, as a race; None if there is none."""
        done = {(one["method"], one["seed"]): one for one in self.trainings() if not one["failed"]}
        seeds = 0
        while all((method, seeds) in done for method in RACERS):
            seeds += 1
        if not seeds or (plan := self.plan) is None:
            return None
        entries = [done[method, seed] for seed in range(seeds) for method in RACERS]
        equal = {method: plan.epochs[method] for method in ONE_PASS}
        epochs = {TERMS[0]: equal, TERMS[1]: {THROUGH_TIME: plan.epochs[THROUGH_TIME]}}
        asked = {RACE.key: description(self.race_config(seeds)), "finished": True}
        return asked | content(entries, epochs)

    @property
    def place(self) -> Path:
        """The report's file."""
        return self.folder / "report.md"

    def write(self) -> None:
        """Write the report, and race.json, which `snnlab race FOLDER --keep FILE` accepts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text(self.place, self.text())
        if race := self.race():
            write_json(self.folder / RACE.file, sealed(race))
        else:
            (self.folder / RACE.file).unlink(missing_ok=True)

    def data(self) -> Result:
        """All of it, as JSON holds it."""
        return {"short_trainings": self.tried(), "trainings": self.trainings()}

    def text(self) -> str:
        """The report: learning rates, trainings, and what follows for finished seeds."""
        config, tried, done = self.asked.config, self.tried(), self.trainings()
        what = f"{config.model.name}, {config.training.precision}"
        parts = [f"# CIFAR-10, all training images: {what}", facts(self.made_by)]
        if tried:
            rates = (self.plan or Plan({}, {}, {})).learning_rates
            parts += rate_table(self.short_trainings(), rates)
        if done:
            parts += [training_table(done), *origins([*tried, *done])]
        if race := self.race():
            parts += comparison(race, self.folder.name)
        elif done:
            own = {one["method"] for one in done if one["seed"] == 0 and not one["failed"]}
            missing = [method for method in RACERS if method not in own]
            parts.append(f"No comparison yet: with seed 0 {' and '.join(missing)} is missing.")
        return document(*parts)


def scores(tried: Sequence[ShortTraining]) -> dict[float, float]:
    """Validation accuracy by peak learning rate; 0 where training failed."""
    return {one.learning_rate: one.score for one in tried}


def seconds_per_epoch(tried: Sequence[ShortTraining]) -> float | None:
    """Over all training images, as short trainings took them; None: none was finished."""
    taken = [one.seconds / one.epochs for one in tried if one.seconds]
    return mean(taken) / (1 - HELD_OUT) if taken else None


def without_places(config: RunConfig) -> Result:
    """A configuration for JSON without the folder of its images: machines have different ones."""
    values: Result = json.loads(json.dumps(to_dict(config)))
    data = values["data"] | {"name": without_folder(config.data.name), "root": None}
    return values | {"data": data}


def check(file: Path, found: Result, wanted: Result) -> None:
    """Raise RunError unless a training is the one of its file's name and of the plan."""
    if different := differences({key: found.get(key) for key in wanted}, wanted):
        raise RunError(
            f"{file} is not what its name and the plan say ({'; '.join(different)}): delete it or "
            "plan.json, and start again"
        )


def as_now(config: Any) -> Any:
    """A configuration from JSON with the settings that were added since it was written."""
    try:
        return without_places(from_dict(config))
    except (ConfigError, TypeError):
        return config
