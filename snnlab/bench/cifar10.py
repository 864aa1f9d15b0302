"""All of CIFAR-10: the methods side by side at a size that papers quote, training by training.

First the peak learning rate of each method is chosen with short trainings on held-out images, see
`tuning`. They also tell how many epochs fit into the time of a training. Then each method trains on
all 50,000 images, seed by seed: ReLU, QCFS, plain noise and the kit's best method with the same
number of epochs, and BPTT with the epochs that fill the seconds of the best method, rounded up.

    FOLDER/rates/<method>-<rate>.json   short trainings
           trainings/<method>-s<seed>.json   whole trainings, as entries of a race
           asked.json                   what is compared, and on which GPU
           report.md                    all of it as tables
           race.json                    the finished seeds, in the form of a race
           runs/<id>/                   the run folders of the whole trainings

Each file is written when its training is complete, and is all that a later call needs to go on: the
run folders, which are large, may be deleted or left on another machine. More seeds are added to the
same files. A training counts as done whichever code it ran with; the table says if they differ.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any

from snnlab.bench.gpu_report import facts
from snnlab.bench.result_tables import KINDS, Record, sentence
from snnlab.bench.speed import mib
from snnlab.bench.tuning import AT, ShortTraining, best_rate, next_rate, short_training
from snnlab.data.spec import CATALOGUE, DataSpec
from snnlab.learning.checkpoint import differences
from snnlab.learning.spec import Training
from snnlab.measure.statistics import estimate
from snnlab.network.spec import Architecture, ModelName
from snnlab.runs.config import ConfigError, RunConfig, from_dict, to_dict
from snnlab.runs.curves import conversions_of, curve_of
from snnlab.runs.files import RunError, optional_json, read_json, write_json, write_text
from snnlab.runs.hashes import sealed
from snnlab.runs.methods import METHODS, PLAIN, RECIPE, MethodName
from snnlab.runs.provenance import environment
from snnlab.runs.run import run
from snnlab.studies.kept_race import without_folder
from snnlab.studies.race import (
    MADE_BY,
    RACE,
    TERMS,
    RaceConfig,
    description,
    entry,
    machine,
    warm_up,
)
from snnlab.studies.study import Entry, Result
from snnlab.studies.tables import document, markdown, processor

RELU, QCFS, THROUGH_TIME = "ann", "qcfs", "bptt"
ONE_PASS: tuple[MethodName, ...] = (RELU, QCFS, PLAIN, RECIPE)
"""The methods that train with the same number of epochs."""
RACERS: tuple[MethodName, ...] = (*ONE_PASS, THROUGH_TIME)
HELD_OUT = 0.1
"""Share of the training images on which learning rates are chosen."""


@dataclass(frozen=True)
class FullSize:
    """What is compared, and for how long each method trains."""

    config: RunConfig
    """Data, network and training; seed, method, epochs and learning rate are set for each run."""
    seconds: float = 90.0
    """Of one training: the slowest of `ONE_PASS` gets the epochs that fit into them."""
    epochs: int | None = None
    """Epochs of `ONE_PASS`; None: as `seconds` allow."""
    short_epochs: int = 9
    """Epochs of the short trainings that choose the learning rates."""


def cifar10_config(data: str, root: str | None, model: ModelName) -> RunConfig:
    """All of CIFAR-10 on the GPU, with what is usual where trainings have to be fast.

    Args:
        data: cifar10, or the path of a folder or an archive with the same images.
        root: where the set is, or goes; None: the usual place.
        model: resnet18, vgg16, ...
    """
    usual = CATALOGUE["cifar10"]
    return RunConfig(
        device="cuda",
        timesteps=max(AT),
        bptt_timesteps=2,
        conversion_timesteps=max(AT),
        conversion_images=usual.sizes[1] or 0,
        data=DataSpec(data, root, validation_fraction=0.0, shift=usual.shift, flip=usual.flip),
        model=Architecture(model, readout_gain=10),
        training=Training(
            batch_size=512,
            label_smoothing=0.1,
            ema_decay=0.99,
            augment=True,
            precision="bfloat16",
        ),
    )


class Comparison:
    """The trainings that a folder holds, and those that are missing.

    Args:
        folder: is made; what it holds of the same comparison on such a machine is kept.
        asked: what to compare.

    Raises:
        ConfigError: this machine has no such device.
        RunError: the folder holds another comparison, or one from another kind of machine.
    """

    def __init__(self, folder: Path, asked: FullSize) -> None:
        from snnlab.runs.assemble import pick_device

        self.folder, self.asked = folder, asked
        self.made_by = environment(str(pick_device(asked.config.device)))
        wanted = {
            "seconds": asked.seconds,
            "epochs": asked.epochs,
            "short_epochs": asked.short_epochs,
            "machine": processor(self.made_by["hardware"]),
            "config": without_places(asked.config),
        }
        there = optional_json(folder / "asked.json")
        if there is None:
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / "asked.json", wanted)
        elif different := differences(there | {"config": as_now(there.get("config"))}, wanted):
            raise RunError(
                f"{folder} holds another comparison ({'; '.join(different)}): choose another "
                "folder with --folder, or delete this one"
            )
        self.warm = False

    def train(
        self,
        seeds: int,
        *,
        time_is_up: Callable[[], bool] = lambda: False,
        said: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Carry out the missing trainings one by one; each is written when it is complete.

        Args:
            seeds: how many whole trainings each method gets, with seeds from 0 on.
            time_is_up: asked before each training; if so, the others are left for later.
            said: called with a text when a training begins, or is left for later.

        Raises:
            ConfigError, DataError, ValueError, TrainingError: as `run`.
        """
        while (missing := self.next_training(seeds)) is not None:
            label, carry_out = missing
            if time_is_up():
                said(f"{label}: left for later, with all that follows")
                return
            if not self.warm:
                said("images are read, and each method takes a few steps to warm up")
                warm_up(self.race_config())
                self.warm = True
            said(f"{label}: begins")
            carry_out()
            self.write()

    def next_training(self, seeds: int) -> tuple[str, Callable[[], None]] | None:
        """The next missing training, what it is called and what carries it out; None: no other."""
        for method in RACERS:
            if (rate := next_rate(self.scores(method))) is not None:
                label = f"{method}, {self.asked.short_epochs} epochs, peak learning rate {rate:g}"
                return label, partial(self.try_rate, method, rate)
        for seed in range(seeds):
            for method in RACERS:
                if not self.file(method, seed).exists():
                    label = f"{method}, seed {seed}, {self.epochs(method)} epochs"
                    return label, partial(self.train_whole, method, seed)
        return None

    def try_rate(self, method: MethodName, rate: float) -> None:
        """Carry out one short training."""
        usual = self.race_config().run_config(method, 0, self.asked.short_epochs)
        training = replace(usual.training, learning_rate=rate)
        data = replace(usual.data, validation_fraction=HELD_OUT)
        done = asdict(short_training(replace(usual, training=training, data=data)))
        self.note(self.folder / "rates" / f"{method}-{rate:g}.json", done)

    def train_whole(self, method: MethodName, seed: int) -> None:
        """Carry out one whole training."""
        config = self.race_config().run_config(method, seed, self.epochs(method))
        done = run(config, self.folder / "runs")
        terms = TERMS[0] if method in ONE_PASS else TERMS[1]
        self.note(self.file(method, seed), entry(done, terms))

    def note(self, file: Path, values: Result) -> None:
        """Write the result of a training, whole or not at all."""
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, values)

    def file(self, method: str, seed: int) -> Path:
        """The file of a whole training."""
        return self.folder / "trainings" / f"{method}-s{seed}.json"

    def short_trainings(self, method: str) -> list[ShortTraining]:
        """The short trainings of a method, the lowest learning rate first."""
        files = (self.folder / "rates").glob(f"{method}-*.json")
        found = [ShortTraining(**read_json(file)) for file in files]
        own = [one for one in found if one.method == method]  # noise-then-spikes is not noise
        return sorted(own, key=lambda one: one.learning_rate)

    def scores(self, method: str) -> dict[float, float]:
        """Validation accuracy of a method by peak learning rate."""
        return {one.learning_rate: one.score for one in self.short_trainings(method)}

    def seconds_per_epoch(self, method: str) -> float:
        """Over all training images, as the short trainings that did not diverge took them."""
        taken = [one.seconds / one.epochs for one in self.short_trainings(method) if one.seconds]
        return mean(taken) / (1 - HELD_OUT)

    def epochs(self, method: str) -> int:
        """Of the whole trainings of a method."""
        slowest = max(map(self.seconds_per_epoch, ONE_PASS))
        epochs = self.asked.epochs or max(1, int(self.asked.seconds / slowest))
        if method in ONE_PASS:
            return epochs
        filled = epochs * self.seconds_per_epoch(RECIPE) / self.seconds_per_epoch(method)
        return max(1, math.ceil(filled))

    def race_config(self, seeds: int = 1) -> RaceConfig:
        """The whole trainings as a race; before learning rates are chosen with the usual ones."""
        scores = {method: self.scores(method) for method in RACERS}
        rates = {method: best_rate(found) for method, found in scores.items() if found}
        config = self.asked.config
        if all(next_rate(found) is None for found in scores.values()):
            training = replace(config.training, epochs=self.epochs(RECIPE))
            config = replace(config, training=training)
        return RaceConfig(config, RACERS, seeds, learning_rates=rates, timed_method=RECIPE)

    def race(self) -> Result | None:
        """The seeds with which every method has trained, as a race; None if there is none."""
        seeds = 0
        while all(self.file(method, seeds).exists() for method in RACERS):
            seeds += 1
        if not seeds:
            return None
        entries = [read_json(self.file(method, seed)) for seed in range(seeds) for method in RACERS]
        made_by = {key: entries[0]["environment"].get(key) for key in MADE_BY}
        machines = [machine(one.pop("environment")) for one in entries]
        plan = {TERMS[0]: {method: self.epochs(method) for method in ONE_PASS}}
        plan[TERMS[1]] = {THROUGH_TIME: self.epochs(THROUGH_TIME)}
        return {
            RACE.key: description(self.race_config(seeds)),
            "finished": True,
            "plan": plan,
            "environment": made_by | {"command": self.made_by["command"]},
            "same_machine": len(set(machines)) == 1,
            "entries": entries,
        }

    @property
    def place(self) -> Path:
        """The report's file."""
        return self.folder / "report.md"

    def write(self) -> None:
        """Write the report, and race.json, which `snnlab race FOLDER --keep FILE` accepts."""
        write_text(self.place, self.text())
        if race := self.race():
            write_json(self.folder / RACE.file, sealed(race))

    def trainings(self) -> list[Entry]:
        """The whole trainings that are done, in the order in which they run."""
        files = (self.folder / "trainings").glob("*.json")
        found = [read_json(file) for file in files]
        return sorted(found, key=lambda one: (one["seed"], RACERS.index(one["method"])))

    def data(self) -> Result:
        """All of it, as JSON holds it."""
        short = {method: [asdict(one) for one in self.short_trainings(method)] for method in RACERS}
        return {"short_trainings": short, "trainings": self.trainings()}

    def text(self) -> str:
        """Learning rates, trainings, and the comparison once all methods have trained."""
        config = self.asked.config
        what = f"{config.model.name}, {config.training.precision}"
        parts = [f"# CIFAR-10, all training images: {what}", facts(self.made_by)]
        if any(self.scores(method) for method in RACERS):
            parts += [rate_table(self), RATES_SAY.format(self.asked.short_epochs)]
        if done := self.trainings():
            parts += [training_table(done), *code_note(done)]
        if race := self.race():
            record = Record(self.folder.name, race)
            for kind, shown in KINDS_SHOWN.items():
                table, says = KINDS[kind]([record], shown)
                parts += [table, sentence(says)]
            parts += [goal_table(record), "Goals, judged by the means over the seeds."]
        return document(*parts)


RATES_SAY = (
    "Accuracy in percent on held-out training images after {} epochs: of the ReLU network itself, "
    f"of the others the mean over T = {', '.join(map(str, AT))}, converted in the best way where "
    "they have to be. Bold: the rate that was taken."
)
EVERY_T = tuple(range(1, max(AT) + 1))
KINDS_SHOWN = {"epochs": AT, "time": AT, "ahead": EVERY_T, "conversions": AT}
"""The tables of finished seeds, see `result_tables`, and their T."""


def without_places(config: RunConfig) -> Result:
    """A configuration for JSON without the folder of its images: machines have different ones."""
    values: Result = json.loads(json.dumps(to_dict(config)))
    data = values["data"] | {"name": without_folder(config.data.name), "root": None}
    return values | {"data": data}


def as_now(config: Any) -> Any:
    """A configuration from JSON with the settings that were added since it was written."""
    try:
        return without_places(from_dict(config))
    except (ConfigError, TypeError):
        return config


def rate_table(found: Comparison) -> str:
    """Validation accuracy by method and peak learning rate."""
    tried = {method: found.scores(method) for method in RACERS}
    rates = sorted({rate for scores in tried.values() for rate in scores})
    rows = []
    for method, scores in tried.items():
        taken = best_rate(scores) if scores and next_rate(scores) is None else None
        cells = [f"{scores[rate]:.2f}" if rate in scores else "" for rate in rates]
        marks = ["**" if rate == taken else "" for rate in rates]
        line = [mark + cell + mark for mark, cell in zip(marks, cells, strict=True)]
        rows.append([METHODS[method].title, *line])
    return markdown(["peak learning rate", *(f"{rate:g}" for rate in rates)], rows)


def training_table(done: Sequence[Entry]) -> str:
    """Every whole training in a row."""
    header = ["trained with", "seed", "epochs", "training (s)", "s per epoch", "peak MiB"]
    header += ["network itself", *(f"T = {T}" for T in AT)]
    rows = []
    for one in done:
        curve, itself = curve_of(one), one.get("ann_accuracy")
        numbers = [one["training_seconds"], median(one["seconds_per_epoch"])]
        row = [METHODS[one["method"]].title, str(one["seed"]), str(one["epochs"])]
        row += [f"{numbers[0]:.1f}", f"{numbers[1]:.2f}", mib(one["peak_memory_mib"])]
        row += ["" if itself is None else f"{itself:.2f}"]
        rows.append(row + [f"{curve[T]:.2f}" for T in AT])
    return markdown(header, rows)


def code_note(done: Sequence[Entry]) -> list[str]:
    """A sentence if not all trainings ran with the same code."""
    codes = dict.fromkeys(
        f"{made_by['code']} (commit {made_by['git_commit'] or 'unknown'})"
        for made_by in (one["environment"] for one in done)
    )
    return [f"NOT all with the same code: {', '.join(codes)}."] if len(codes) > 1 else []


def goal_table(record: Record) -> str:
    """What we want to reach, what was measured, and whether that is enough."""
    by_seed = zip(*(record.entries(TERMS[0])[method] for method in ONE_PASS), strict=True)
    near: dict[int, list[float]] = {2: [], 8: []}
    ahead: dict[int, list[float]] = {T: [] for T in EVERY_T}
    times = []
    for relu, qcfs, _, ours in by_seed:
        curve, rivals = curve_of(ours), conversions_of(qcfs["subset"]).values()
        for T, points in near.items():
            points.append(curve[T] - relu["ann_accuracy"])
        for T, points in ahead.items():
            points.append(curve[T] - max(rival[T] for rival in rivals))
        times.append(ours["training_seconds"] / relu["training_seconds"])
    least, at = min((mean(points), T) for T, points in ahead.items())
    rows = [
        goal(f"at most {most} points below the ReLU network at T = {T}", near[T], -most)
        for T, most in ((2, 1.0), (8, 0.5))
    ]
    qcfs_says = f"ahead of QCFS, in its best conversion at each T, at every T (least at T = {at})"
    rows.append([qcfs_says, estimate(ahead[at]).text(2, "+"), yes(least > 0)])
    took = estimate(times)
    rows.append(
        ["at most 1.25 times the seconds of the ReLU network", took.text(2), yes(took.mean <= 1.25)]
    )
    return markdown([f"goal of {METHODS[RECIPE].title}", "measured", "reached"], rows)


def goal(says: str, points: Sequence[float], least: float) -> list[str]:
    """The row of a goal in points of accuracy."""
    found = estimate(points)
    return [says, found.text(2, "+"), yes(found.mean >= least)]


def yes(reached: bool) -> str:
    """The last cell of a goal's row."""
    return "yes" if reached else "no"
