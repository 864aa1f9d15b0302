"""A finished race as a small file, from which its tables and intervals can be computed again.

It has the form of race.json, so tables, audit and CSV accept it. It lacks the entries for runs,
epochs and stages; numbers have eight digits. The curve of a conversion keeps only the T that audit
and tables use: each T at which it is higher than before, powers of two, and the last T.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from snnlab.measure.curve import AccuracyCurve, powers_of_two
from snnlab.runs.curves import conversions_of
from snnlab.runs.files import write_text
from snnlab.runs.hashes import sealed
from snnlab.studies.audit import reading
from snnlab.studies.race import TERMS
from snnlab.studies.study import Entry, Result

LEFT_OUT = ("run", "hashes", "seconds_per_epoch", "validation_accuracy", "early_exit")
"""Entries of a run that are left out."""
NOT_CERTIFIED = ("accuracy", "changed", "rates", "operations")
"""Entries left out of its certificate: the run has them, too, or they are per stage."""
NO_COST = ("ann_operations", "image_operations", "neurons", "synapses", "assumptions")
"""Entries left out of its cost: inputs from which the other numbers were computed."""
PATH_OPTIONS = ("--out", "--runs", "--keep")
"""Options with paths of files; they do not belong to the description of the race."""
AS_A_PROGRAM = ("-c", "__main__.py")
"""First words of a command line if snnlab was started in another way."""


def keep(race: Result, path: Path) -> Result:
    """Write a finished race to a small file; returns its content.

    Args:
        race: content of race.json.
        path: of the file; its folder is made.

    Raises:
        RunError: the race is not finished, or damaged.

    Example:
        >>> keep(read_race(Path("runs/races/digits-convnet")), Path("results/digits.json"))
    """
    with reading(race):
        small = sealed(small_race(race))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, in_lines(small))
    return small


def small_race(race: Result) -> Result:
    """The content of the file of `keep`."""
    asked, made_by = race["race"], race["environment"]
    start = asked["start"]
    data = start["data"] | {key: without_folder(start["data"].get(key)) for key in ("name", "root")}
    entries = [rounded(small_entry(entry)) for entry in race["entries"]]
    for entry in entries[1:]:
        entry["cost"].pop("assumed", None)  # the same text as in the first entry
    small = {
        "race": asked | {"start": start | {"data": data}},
        "environment": made_by | {"command": without_places(made_by["command"])},
        "entries": entries,
    }
    return {key: value for key, value in race.items() if key != "hashes"} | small


def small_entry(entry: Entry) -> Entry:
    """A run with only the entries that audit and tables read."""
    small = without(entry, LEFT_OUT)
    if certificate := entry.get("certificate"):
        small["certificate"] = without(certificate, NOT_CERTIFIED)
    if changed := entry.get("changed"):
        shown = powers_of_two(max(map(int, changed)))
        small["changed"] = {T: pair for T, pair in changed.items() if int(T) in shown}
    small["cost"] = thinned_cost(entry["cost"])
    subset = dict(entry["subset"])
    if entry["terms"] != TERMS[0]:  # conversions are shown and judged with equal epochs only
        subset = {"images": subset["images"]}
    elif curves := conversions_of(subset):
        subset["conversions"] = {name: rising(one).to_json() for name, one in curves.items()}
        subset["cost"] = without(thinned_cost(subset["cost"]), ("assumed",))
    return small | {"subset": subset}


def thinned_cost(cost: dict[str, Any]) -> dict[str, Any]:
    """Costs at powers of two and the last T, as the table and the CSV of a race show them."""
    measured = cost["timesteps"]
    places = [measured.index(T) for T in powers_of_two(max(measured))]
    return {key: at(value, places) for key, value in without(cost, NO_COST).items()}


def rising(curve: AccuracyCurve) -> AccuracyCurve:
    """A curve at each T at which it is higher than before, at powers of two and the last T."""
    highest, found = -1.0, set(powers_of_two(max(curve)))
    for T, accuracy in curve.items():
        if accuracy > highest:
            highest = accuracy
            found.add(T)
    return curve.only(sorted(found))


def at(value: Any, places: list[int]) -> Any:
    """Some entries of a list; any other value unchanged."""
    return [value[place] for place in places] if isinstance(value, list) else value


def without(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A copy without some of its entries."""
    return {key: value for key, value in values.items() if key not in names}


def without_folder(path: str | None) -> str | None:
    """The last part of an absolute path: folders of this machine do not belong into the file."""
    return Path(path).name if path and Path(path).is_absolute() else path


def without_places(command: Sequence[str]) -> list[str]:
    """A command line without the options of `PATH_OPTIONS`."""
    words: list[str] = []
    rest = iter(command)
    for word in rest:
        if word in PATH_OPTIONS:
            next(rest, None)
        elif word != "--json" and word.partition("=")[0] not in PATH_OPTIONS:
            words.append(str(without_folder(word)))
    return ["snnlab", *words[1:]] if words and words[0] in AS_A_PROGRAM else words


def rounded(value: Any) -> Any:
    """Numbers with eight significant digits: intervals of a few seeds magnify the last one."""
    if isinstance(value, float):
        return float(f"{value:.8g}")
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, list) else value


def in_lines(values: Result) -> str:
    """JSON with a line for each part and each run, and none for each number."""
    parts = []
    for key, value in values.items():
        text = json.dumps(value)
        if key == "entries":
            text = "[\n" + ",\n".join(map(json.dumps, value)) + "\n]"
        parts.append(f"{json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
