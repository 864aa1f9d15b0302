"""The tables of the comparison on CIFAR-10: learning rates, trainings, goals; see `cifar10`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, median
from typing import Any

from snnlab.bench.result_tables import KINDS, Record, sentence
from snnlab.bench.speed import mib
from snnlab.bench.tuning import CANDIDATES, SCORED, ShortTraining
from snnlab.measure.statistics import estimate
from snnlab.runs.curves import conversions_of, curve_of
from snnlab.runs.methods import METHODS, RECIPE
from snnlab.studies.race import TERMS
from snnlab.studies.study import Entry, Result
from snnlab.studies.tables import columns_at, markdown

EVERY_T = tuple(range(1, max(SCORED) + 1))
KINDS_SHOWN = {"epochs": SCORED, "time": SCORED, "ahead": EVERY_T, "conversions": SCORED}
"""The tables of finished seeds, see `result_tables`, and their T."""
RELU, QCFS = "ann", "qcfs"
BELOW_RELU = {2: 1.0, 8: 0.5}
"""Points by which the best method may lie below the ReLU network, by T: a goal."""
TIMES_RELU = 1.25
"""Times the seconds of the ReLU network that its training may take: a goal."""


def rate_table(
    tried: Mapping[str, Sequence[ShortTraining]], taken: Mapping[str, float]
) -> list[str]:
    """The table of validation accuracies by method and peak learning rate, and what it says.

    Args:
        tried: short trainings by method.
        taken: the chosen rates by method.
    """
    rates = sorted({one.learning_rate for group in tried.values() for one in group})
    rows: list[list[str]] = []
    failed: dict[str, list[str]] = {}
    for method, group in tried.items():
        cells = dict.fromkeys(rates, "")
        for one in group:
            number = "failed" if one.failed else f"{one.score:.2f}"
            mark = "**" if one.learning_rate == taken.get(method) else ""
            cells[one.learning_rate] = mark + number + mark
            if one.failed:
                failed.setdefault(one.failed, []).append(f"{method} {one.learning_rate:g}")
        rows.append([title(method), *cells.values()])
    epochs = {one.epochs for group in tried.values() for one in group}
    says = (
        f"Accuracy in percent on held-out training images after {', '.join(map(str, epochs))} "
        "epochs: of the ReLU network itself; of the others the mean over T = "
        f"{', '.join(map(str, SCORED))}, of their best conversion if they need one. Bold: taken."
    )
    ends = [method for method, rate in taken.items() if rate in (CANDIDATES[0], CANDIDATES[-1])]
    if ends:
        says += f" At an end of what is tried, so perhaps not the best: {', '.join(ends)}."
    header = ["peak learning rate", *(f"{rate:g}" for rate in rates)]
    return [markdown(header, rows), says, *failures(failed, "rates")]


def failures(failed: Mapping[str, Sequence[str]], folder: str) -> list[str]:
    """What failed, by the reason, and how to try it again."""
    said = [f"Failed: {', '.join(names)}: {why}." for why, names in failed.items()]
    return [*said, f"To try them again delete their files in {folder}/."] if said else []


def title(method: str) -> str:
    """A method as it is before any conversion."""
    return "ReLU network" if method == RELU else METHODS[method].title


def training_table(done: Sequence[Entry]) -> str:
    """A row for each whole training."""
    header = ["trained with", "seed", "peak learning rate", "epochs", "training (s)"]
    header += ["s per epoch", "peak MiB", "network itself", *columns_at(SCORED)]
    rows = []
    failed: dict[str, list[str]] = {}
    for one in done:
        row = [METHODS[one["method"]].title, str(one["seed"]), f"{one['learning_rate']:g}"]
        row.append(str(one["epochs"]))
        if one["failed"]:
            failed.setdefault(one["failed"], []).append(f"{one['method']}, seed {one['seed']}")
            rows.append([*row, "failed", *[""] * (len(header) - len(row) - 1)])
            continue
        curve, itself = curve_of(one), one.get("ann_accuracy")
        row += [f"{one['training_seconds']:.1f}", f"{median(one['seconds_per_epoch']):.2f}"]
        row += [mib(one["peak_memory_mib"]), "" if itself is None else f"{itself:.2f}"]
        rows.append(row + [f"{curve[T]:.2f}" for T in SCORED])
    return "\n\n".join([markdown(header, rows), *failures(failed, "trainings")])


def origins(done: Sequence[Result]) -> list[str]:
    """A sentence if not all trainings ran with the same code and the same versions."""
    found = dict.fromkeys(
        f"code {made_by['code']} (commit {made_by['git_commit'] or 'unknown'}) "
        f"with torch {made_by['versions']['torch']}"
        for made_by in (one["environment"] for one in done)
    )
    return [f"NOT all with the same code: {'; '.join(found)}."] if len(found) > 1 else []


def comparison(race: Result, name: str) -> list[str]:
    """Tables and remarks for the seeds with which all methods have trained.

    Args:
        race: these seeds as a race.
        name: of its folder.
    """
    record, parts = Record(name, race), []
    for kind, shown in KINDS_SHOWN.items():
        table, says = KINDS[kind]([record], shown)
        parts += [table, sentence(says)]
    parts += [goal_table(record), "Goals, judged by the means over the seeds."]
    parts.append(
        f"The epochs of BPTT follow from the seconds of {METHODS[RECIPE].title} with seed 0, and "
        "from its own seconds per epoch in the short trainings."
    )
    if len(race["race"]["seeds"]) == 1:
        parts.append("One seed: there are no intervals.")
    return parts


def goal_table(record: Record) -> str:
    """The goals of the best method, what was measured, and whether that is enough.

    The accuracy of a seed is compared with that of the same seed: with the ReLU network itself, and
    at each T with the better conversion of QCFS.
    """
    runs = record.entries(TERMS[0])
    seeds = list(zip(runs[RECIPE], runs[RELU], runs[QCFS], strict=True))
    rows = []
    for T, most in BELOW_RELU.items():
        points = [curve_of(ours)[T] - relu["ann_accuracy"] for ours, relu, _ in seeds]
        says = f"at most {most} points below the ReLU network at T = {T}"
        rows.append(goal(says, points, reached=no_less(mean(points), -most)))
    ahead = {T: [curve_of(ours)[T] - best_at(qcfs, T) for ours, _, qcfs in seeds] for T in EVERY_T}
    least = min(EVERY_T, key=lambda T: mean(ahead[T]))
    says = f"ahead of QCFS, in its best conversion at each T, at every T (least at T = {least})"
    rows.append(goal(says, ahead[least], reached=not no_less(0, mean(ahead[least]))))
    times = [ours["training_seconds"] / relu["training_seconds"] for ours, relu, _ in seeds]
    says = f"at most {TIMES_RELU} times the seconds of the ReLU network"
    took = estimate(times)
    rows.append([says, took.text(2), "yes" if no_less(TIMES_RELU, took.mean) else "no"])
    return markdown([f"goal of {METHODS[RECIPE].title}", "measured", "reached"], rows)


def best_at(run: Entry, T: int) -> float:
    """The accuracy of a run's best conversion at T."""
    return max(curve[T] for curve in conversions_of(run["subset"]).values())


def goal(says: str, points: Sequence[float], *, reached: bool) -> list[Any]:
    """The row of a goal in points of accuracy."""
    return [says, estimate(points).text(2, "+"), "yes" if reached else "no"]


def no_less(number: float, bound: float) -> bool:
    """Whether a number is not below a bound; differences of percentages have rounding errors."""
    return number > bound - 1e-9
