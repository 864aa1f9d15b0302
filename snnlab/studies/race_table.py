"""The result of a race as one table: CSV with every seed, Markdown with means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import getitem
from statistics import mean
from typing import Any

from snnlab.measure.curve import AccuracyCurve, powers_of_two
from snnlab.runs.config import from_dict
from snnlab.runs.curves import conversions_of, curve_of
from snnlab.runs.methods import METHODS
from snnlab.studies import tables
from snnlab.studies.race import TERMS, TIMED_METHOD, learning_rate, timed_method
from snnlab.studies.study import Entry, Result, groups
from snnlab.studies.tables import columns_at, csv_text, document, markdown, mean_text

Row = dict[str, Any]

OF_A_RUN = ("terms", "method", "seed", "epochs", "training_seconds", "peak_memory_mib")
COLUMNS = (
    *OF_A_RUN,
    "timesteps",
    "images",
    "accuracy",
    "seconds_per_image",
    "spikes",
    "synaptic_operations",
    "nanojoules",
    "ann_nanojoules",
    "rate",
    "break_even_rate",
)
"""Columns of the CSV; a row without timesteps is the network of activation functions itself."""

COSTS = (
    ("spikes", 0, 1),
    ("synaptic_operations", 0, 1),
    ("nanojoules", 1, 1),
    ("ann_nanojoules", 1, 1),
    ("rate", 4, 1),
    ("break_even_rate", 4, 1),
    ("seconds_per_image", 4, 1000),
)
"""Columns, digits and factors of the Markdown's cost table."""

SHOWN_COST = (1, 4, 16)
"""T whose cost the Markdown shows."""


def race_csv(race: Result) -> str:
    """A race as CSV: every number of every seed.

    Accuracy is in percent, costs are per image, rates per timestep.
    """
    return csv_text(COLUMNS, [list(row.values()) for row in race_rows(race)])


def race_rows(race: Result) -> list[Row]:
    """The rows of the CSV; None: not measured."""
    return [
        dict.fromkeys(COLUMNS) | {key: entry[key] for key in OF_A_RUN} | row
        for entry in race["entries"]
        for row in entry_rows(entry)
    ]


def entry_rows(entry: Entry) -> Iterator[Row]:
    """One row per T (powers of two), and one for the ANN if there is one."""
    if "ann_accuracy" in entry:
        yield {
            "images": entry["test_images"],
            "accuracy": entry["ann_accuracy"],
            "seconds_per_image": entry["ann_seconds_per_image"],
            "ann_nanojoules": entry["cost"]["ann_nanojoules"],
        }
    whole, part = curve_of(entry).thinned(), entry["subset"]
    yield from (entry_row(entry, T, whole, entry["test_images"], entry["cost"]) for T in whole)
    if "conversions" in part:
        curve = curve_of(part).thinned()
        further = [T for T in curve if T not in whole]
        yield from (entry_row(entry, T, curve, part["images"], part["cost"]) for T in further)


def entry_row(entry: Entry, T: int, curve: AccuracyCurve, images: int, cost: dict[str, Any]) -> Row:
    """The row of one T."""
    at = cost["timesteps"].index(T)
    return {
        "timesteps": T,
        "images": images,
        "accuracy": curve[T],
        "seconds_per_image": entry["seconds_per_image"].get(str(T)),
        "spikes": cost["spikes"][at],
        "synaptic_operations": cost["synaptic_operations"][at],
        "nanojoules": cost["spiking_nanojoules"][at],
        "ann_nanojoules": cost["ann_nanojoules"],
        "rate": cost["rate"][at],
        "break_even_rate": cost["break_even_rate"][at],
    }


def race_markdown(race: Result) -> str:
    """A race as Markdown: means over seeds, half of their 95 % intervals, and what made them."""
    rows, entries = groups(race_rows(race), "terms"), groups(race["entries"], "terms")[TERMS[0]]
    parts = [heading(race)]
    for terms, own in rows.items():
        parts += [f"## {terms.capitalize()}", accuracy_part(own)]
    cost = cost_part(rows[TERMS[0]], entries[0]["cost"]["assumed"])
    parts += ["## Cost per image, equal epochs", cost]
    if any("conversions" in entry["subset"] for entry in entries):
        parts += ["## Conversions, equal epochs", conversion_part(entries)]
    return document(*parts)


def heading(race: Result) -> str:
    """The heading: configuration, machine and command of the race."""
    asked, config = race["race"], race["race"]["start"]
    seeds = "numbers are means over seeds, with half the width of the 95 % t-interval"
    timed = ", one run after another"
    if not race["same_machine"]:
        timed += "; NOT all runs on the same machine"
    lines = [
        tables.heading("Race", asked, race["environment"], seeds, timed),
        f"- {', '.join(named(method, config) for method in asked['methods'])}",
        f"- {rates_in_words(race)}",
        *(f"- {method}: {note}" for method, note in notes(asked["methods"], config).items()),
        "- every timestep counts, none is left out as warm-up",
    ]
    if "equal time" in race["plan"]:
        lines.append(
            "- equal time: each method gets the epochs that fill the training seconds of "
            f"{timed_method(race)} (means over seeds), rounded up"
        )
    return "\n".join(lines)


def named(method: str, config: dict[str, Any]) -> str:
    """A method with the settings that are part of its name; `config` as race.json holds it."""
    entry = METHODS.get(method)
    parts = [method]
    for setting, symbol in entry.named_by if entry else ():
        value = reduce(getitem, setting.split("."), config)
        parts.append(f"{symbol} = {value:.4g}")
    return " ".join(parts)


def rates_in_words(race: Result) -> str:
    """The common peak learning rate, or that of each method."""
    rates = {method: f"{learning_rate(race, method):g}" for method in race["race"]["methods"]}
    if len(set(rates.values())) == 1:
        return f"peak learning rate {next(iter(rates.values()))}"
    return "peak learning rates: " + ", ".join(f"{name} {rate}" for name, rate in rates.items())


def notes(methods: Sequence[str], config: dict[str, Any]) -> dict[str, str]:
    """The notes of some methods, see `RunConfig.note`; `config` is that of race.json."""
    known = [method for method in methods if method in METHODS]
    found = {method: from_dict(config | {"method": method}).note for method in known}
    return {method: note for method, note in found.items() if note}


def accuracy_part(rows: list[Row]) -> str:
    """Training effort, and accuracy at powers of two on all test images."""
    most = max(row["images"] for row in rows)
    whole = [row for row in rows if row["images"] == most]
    methods, by_T = groups(whole, "method"), groups(whole, "method", "timesteps")
    measured = [{row["timesteps"] for row in own} for own in methods.values()]
    shown = sorted(set.intersection(*measured) - {None})
    lines = []
    for method in methods:
        first = by_T[method, shown[0]]
        line = [method, str(first[0]["epochs"]), cell(first, "training_seconds", 2)]
        line += [cell(first, "peak_memory_mib", 0)]
        accuracies = [by_T.get((method, T), []) for T in (None, *shown)]
        lines.append(line + [cell(seeds, "accuracy", 2) for seeds in accuracies])
    note = f"Accuracy in percent on {most:,} test images."
    converted = [name for name in methods if name in METHODS and METHODS[name].conversions]
    if converted:
        note += f" {' and '.join(converted)}: best-practice conversion."
    header = ["method", "epochs", "training (s)", "peak memory (MiB)", "ANN (%)"]
    return markdown([*header, *columns_at(shown)], lines) + "\n\n" + note


def cost_part(rows: list[Row], assumptions: str) -> str:
    """Operations, energy, rates and milliseconds at some T, means over seeds."""
    by_T = groups(rows, "method", "timesteps")
    lines = [
        [method, str(T), *(cell(by_T[method, T], *cost) for cost in COSTS)]
        for method in groups(rows, "method")
        for T in SHOWN_COST
        if (method, T) in by_T
    ]
    header = ["method", "T", "spikes", "synaptic operations", "energy (nJ)", "ANN energy (nJ)"]
    header += ["rate", "break-even rate", "ms"]
    note = (
        "Means over seeds. Rate: spikes per neuron and timestep, weighted by synapses; the spiking "
        "network saves energy while it lies below the break-even rate (no rate exceeds 1, so a "
        f"break-even rate above 1 means always).\n{assumptions}"
    )
    return markdown(header, lines) + f"\n\n{note}"


def conversion_part(entries: list[Entry]) -> str:
    """Accuracy of every conversion, on the images that all of them saw."""
    runs = [(entry["method"], entry) for entry in entries]
    note = f"Accuracy in percent on the first {entries[0]['subset']['images']:,} test images."
    return conversion_table("conversion", runs, (TIMED_METHOD,)) + f"\n\n{note}"


def conversion_table(
    heading: str,
    runs: Iterable[tuple[str, Entry]],
    beside: Sequence[str],
    shown: Sequence[int] = (),
) -> str:
    """A row for each conversion, means over seeds.

    Args:
        heading: of the first column.
        runs: entries of races, each with what its method is called.
        beside: methods that need no conversion and have a row, too.
        shown: T; none: powers of two.
    """
    curves: dict[str, list[AccuracyCurve]] = {}
    for title, entry in runs:
        converted = conversions_of(entry["subset"])
        for name, curve in converted.items():
            curves.setdefault(f"{title}: {name}", []).append(curve)
        if not converted and entry["method"] in beside:
            curves.setdefault(title, []).append(curve_of(entry["subset"]))
    shown = shown or powers_of_two(max(max(group[0]) for group in curves.values()))
    rows = [
        [name, *(mean_text([curve.get(T) for curve in group], 2) for T in shown)]
        for name, group in curves.items()
    ]
    return markdown([heading, *columns_at(shown)], rows)


def cell(rows: list[Row], column: str, digits: int, scale: float | None = None) -> str:
    """Mean of a column over seeds as text; empty if not measured.

    With half its interval, or times `scale` without the interval.
    """
    values = [row[column] for row in rows]
    if scale is None or not values or None in values:
        return mean_text(values, digits)
    return f"{scale * mean(values):,.{digits}f}"
