"""The tables of RESULTS.md in which races are shown, by kind; see `results`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean

from snnlab.measure.statistics import Estimate, estimate
from snnlab.runs.curves import curve_of
from snnlab.runs.methods import METHODS, RECIPE
from snnlab.studies.audit import judge
from snnlab.studies.claims import Claim, round_down
from snnlab.studies.race import (
    TERMS,
    TIMED_METHOD,
    Terms,
    asked_in,
    by_method,
    learning_rate,
    timed_method,
)
from snnlab.studies.race_table import conversion_table, named
from snnlab.studies.study import Entry, Result
from snnlab.studies.tables import columns_at, markdown, mean_text, processor, with_deviation

SHOWN = (1, 2, 3, 4, 5, 6, 7, 8, 16)
"""The T of tables, if they were measured, unless the mark names others."""
FIRST_SHOWN = (1, 2, 4, 8)
"""The T of the first table, unless the mark names others."""
AT = 4
"""T at which the first table compares accuracies with seconds."""
FIRST_SAYS = (
    f"*In the same seconds*: accuracy at T = {AT} where each method trains for as long as plain "
    "noise (epochs rounded up): accuracy for seconds as one would spend them. *Points per second*: "
    f"accuracy at T = {AT} over the seconds at the left; where all methods reach 98 % it says "
    "little more than how fast they are. Bold: the highest mean of a data set."
)
INTERVAL = "means over the seeds with half the width of their 95 % t-interval"
IN_TIME = f"{INTERVAL}; epochs that fill the seconds of {{}}, rounded up"
PLAIN_IN_WORDS = "plain noise"
SPREAD = "means over the seeds, standard deviation in brackets"


@dataclass(frozen=True)
class Record:
    """A race from a file in `results/`."""

    name: str
    """The name of its file, without the ending."""
    race: Result
    """The content of its file, see `kept_race`."""
    only: Sequence[str] = ()
    """Methods that are shown; none: all."""

    def entries(self, terms: Terms) -> dict[str, list[Entry]]:
        """Its runs under these terms by method, one for each seed."""
        found = by_method(self.race, terms)
        return {name: runs for name, runs in found.items() if name in (self.only or found)}

    def titled(self, method: str) -> str:
        """A method with the settings that are part of its name, and the start it was given."""
        config = asked_in(self.race).run_config(method, 0, 1)
        v_init = config.neuron.v_init if config.spiking else None
        settings = [
            named(method, self.race["race"]["start"]).removeprefix(method).strip(),
            "" if v_init is None else f"v_init = {v_init:g}",
        ]
        return ", ".join([METHODS[method].title, *filter(None, settings)])

    @property
    def timed(self) -> str:
        """The method whose seconds the others get with equal time, in words."""
        method = timed_method(self.race)
        return PLAIN_IN_WORDS if method == TIMED_METHOD else METHODS[method].title

    @property
    def command(self) -> str:
        """The command that measures its numbers again."""
        made_by = self.race["environment"]
        threads = made_by["hardware"]["threads"]
        return f"OMP_NUM_THREADS={threads} {shlex.join(made_by['command'])}"

    @property
    def made_by(self) -> str:
        """File, command, commit, seeds, machine and versions in a line."""
        made_by, file = self.race["environment"], f"results/{self.name}.json"
        hardware, versions = made_by["hardware"], made_by["versions"]
        seeds = ", ".join(map(str, self.race["race"]["seeds"]))
        return (
            f"[{file}]({file}): `{self.command}`, commit {made_by['git_commit'] or 'unknown'}, "
            f"seeds {seeds}, {processor(hardware)}, "
            f"Python {versions['python']}, torch {versions['torch']}."
        )


Records = Sequence[Record]
Table = tuple[str, str]
"""A table, and a remark about it."""


def accuracies(
    records: Records,
    shown: Sequence[int],
    terms: Terms,
    says: str,
    cell: Callable[[Estimate], str] = Estimate.text,
) -> Table:
    """A row for each method of each race."""
    rows, measured = [], at_all(records, terms, shown or SHOWN)
    for record in records:
        for method, runs in record.entries(terms).items():
            curves = [curve_of(run) for run in runs]
            itself = [run["ann_accuracy"] for run in runs if "ann_accuracy" in run]
            row = [record.titled(method), f"{learning_rate(record.race, method):g}"]
            row += [str(runs[0]["epochs"]), seconds(runs)]
            row.append(cell(estimate(itself)) if itself else "")
            rows.append(row + [cell(estimate([curve[T] for curve in curves])) for T in measured])
    header = ["trained with", "peak learning rate", "epochs", "training (s)", "network itself"]
    timed = dict.fromkeys(record.timed for record in records)
    table = filled_columns([*header, *columns_at(measured)], rows)
    return table, says.format(" and ".join(timed))


def filled_columns(header: Sequence[str], rows: Sequence[Sequence[str]], names: int = 1) -> str:
    """A Markdown table without empty columns."""
    there = [i for i in range(len(header)) if any(row[i] for row in rows)]
    titles, *lines = ([line[i] for i in there] for line in (header, *rows))
    return markdown(titles, lines, names=names)


def at_all(records: Records, terms: Terms, shown: Sequence[int]) -> list[int]:
    """The T that all curves have."""
    runs = [run for one in records for group in one.entries(terms).values() for run in group]
    return [T for T in shown if all(T in curve_of(run) for run in runs)]


def sentence(says: str) -> str:
    """A remark about a table as a sentence."""
    return f"{says[:1].upper()}{says[1:]}.".replace("..", ".")


def seconds(runs: Sequence[Entry]) -> str:
    """Training seconds over the seeds."""
    taken = [run["training_seconds"] for run in runs]
    return mean_text(taken, 2 if mean(taken) < 10 else 1)


def differences(records: Records, shown: Sequence[int], terms: Terms) -> Table:
    """Accuracy of the kit's best method minus that of each other one, in points, by seed."""
    rows, measured = [], at_all(records, terms, shown or SHOWN)
    for record in records:
        methods = record.entries(terms)
        ours = methods.get(RECIPE, [])
        for method, runs in methods.items():
            if method == RECIPE or not ours:
                continue
            pairs = list(zip(ours, runs, strict=True))
            times = [a["training_seconds"] / b["training_seconds"] for a, b in pairs]
            curves = [(curve_of(a), curve_of(b)) for a, b in pairs]
            points = [estimate([a[T] - b[T] for a, b in curves]).text(2, "+") for T in measured]
            rows.append([record.titled(method), mean_text(times, 2), *points])
    header = [f"{METHODS[RECIPE].title}, against", "times its seconds"]
    says = f"points of accuracy, {INTERVAL}, seed by seed, with {terms}"
    return markdown([*header, *columns_at(measured)], rows), says


def conversions(records: Records, shown: Sequence[int]) -> Table:
    """Every conversion, on the images that all of them saw."""
    runs = [
        (record.titled(method), run)
        for record in records
        for method, own in record.entries(TERMS[0]).items()
        for run in own
    ]
    images = runs[-1][1]["subset"]["images"]
    says = f"{INTERVAL}, with equal epochs, on the first {images:,} test images"
    return conversion_table("network", runs, (TIMED_METHOD, RECIPE), shown), says


def first(records: Records, shown: Sequence[int]) -> Table:
    """Accuracy and training time of each method, the kit's best one first."""
    Ts = at_all(records, TERMS[0], shown or FIRST_SHOWN)
    rows: list[list[str]] = []
    for record in records:
        methods = sorted(record.entries(TERMS[0]).items(), key=lambda item: item[0] != RECIPE)
        found = [reached(record, method, runs, Ts) for method, runs in methods]
        columns = zip(*found, strict=True)
        best = [max((one.mean for one in column if one), default=None) for column in columns]
        for (method, runs), line in zip(methods, found, strict=True):
            rate = f"{learning_rate(record.race, method):g}"
            label = [record.name, record.titled(method), rate, seconds(runs)]
            rows.append(label + [bold(one, top) for one, top in zip(line, best, strict=True)])
    header = ["data", "trained with", "peak learning rate", "training (s)", *columns_at(Ts)]
    header += ["in the same seconds", "points per second"]
    return filled_columns(header, rows, 2), f"{INTERVAL}, with equal epochs. {FIRST_SAYS}"


def reached(
    record: Record, method: str, runs: Sequence[Entry], Ts: Sequence[int]
) -> list[Estimate | None]:
    """Accuracy of a method at some T, in the same seconds, and over its seconds."""
    usual = timed_method(record.race) == TIMED_METHOD  # as the remark says
    equal = [curve_of(run)[AT] for run in record.entries(TERMS[1]).get(method, []) if usual]
    rates = [curve_of(run)[AT] / run["training_seconds"] for run in runs]
    accuracies = [estimate([curve_of(run)[T] for run in runs]) for T in Ts]
    return [*accuracies, estimate(equal) if equal else None, estimate(rates)]


def bold(one: Estimate | None, best: float | None) -> str:
    """A number as text, bold if it is the best one; empty if there is none."""
    if one is None:
        return ""
    return f"**{one.text(2)}**" if one.mean == best else one.text(2)


def claims(records: Records, shown: Sequence[int]) -> Table:
    """The paper's claims, judged by each race."""
    judged = [judge(record.race) for record in records]
    rows = [[own[0].name, *map(verdict, own)] for own in zip(*judged, strict=True)]
    header = ["claim of the abstract", *(record.name for record in records)]
    return markdown(header, rows), "by `snnlab audit FILE`, rounded against the claim"


def verdict(claim: Claim) -> str:
    """A verdict with its number, and the most and least favourable comparison."""
    if claim.measured is None:
        return f"{claim.status}: {claim.reason}"
    number = f"**{claim.status}**: {round_down(claim.measured)} {claim.unit}"
    if claim.interval is not None:
        number += f" ({' to '.join(map(round_down, claim.interval))})"
    parts = [", ".join(filter(None, [number, claim.condition]))]
    for side, reading in (("for", claim.speaks_for), ("against", claim.speaks_against)):
        if reading is not None:
            measured = round_down(reading.measured)
            parts.append(f"most {side} it: {measured} {claim.unit}, {reading.condition}")
    if claim.status == "undecided" and claim.power:
        parts.append(claim.power)
    return "; ".join(parts)


KINDS: dict[str, Callable[[Records, Sequence[int]], Table]] = {
    "first": first,
    "epochs": partial(accuracies, terms=TERMS[0], says=INTERVAL),
    "spread": partial(accuracies, terms=TERMS[0], says=SPREAD, cell=with_deviation),
    "time": partial(accuracies, terms=TERMS[1], says=IN_TIME),
    "ahead": partial(differences, terms=TERMS[0]),
    "ahead-time": partial(differences, terms=TERMS[1]),
    "conversions": conversions,
    "claims": claims,
}
"""The functions that write tables, by the word in the mark."""


def notes(records: Records) -> list[str]:
    """The note that is shown with the kit's best method."""
    shown = any(RECIPE in one.entries(TERMS[0]) for one in records)
    return [f"{METHODS[RECIPE].title}: {METHODS[RECIPE].in_words}."] if shown else []
