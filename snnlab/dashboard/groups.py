"""Runs that differ only in their seed are one line in a chart, with a name and a colour."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from snnlab.measure.curve import SeedCurves
from snnlab.runs.config import RunConfig, to_dict
from snnlab.runs.methods import METHODS, plays_a_part
from snnlab.runs.store import Run
from snnlab.show.charts.runs import Line
from snnlab.show.colours import Palette

APART = ("method", "seed", "device")
"""Settings that do not become part of a name, or do so in words."""


@dataclass(frozen=True)
class Group:
    """Runs with the same settings but for the seed."""

    name: str
    """As written in the chart."""
    colour: str
    runs: list[Run]


def group_runs(runs: Sequence[Run], colours: Palette) -> list[Group]:
    """Groups in the order of `METHODS`; names tell all of them apart.

    Args:
        runs: any with a readable configuration; others are left out.
        colours: see `palette`.
    """
    together: dict[str, list[Run]] = {}
    for run in sorted(runs, key=place_of):
        if run.config is not None:
            settings = flat(run.config)
            settings.pop("seed"), settings.pop("device")
            together.setdefault(json.dumps(settings, sort_keys=True), []).append(run)
    members = list(together.values())
    names = group_names([group[0].config for group in members if group[0].config])
    taken: set[str] = set()
    groups, place = [], 0
    for name, group in zip(names, members, strict=True):
        method = group[0].config.method if group[0].config else ""
        if method in taken:
            colour, place = colours.of("", place), place + 1
        else:
            colour = colours.of(method)
        taken.add(method)
        groups.append(Group(name, colour, group))
    return groups


def place_of(run: Run) -> tuple[int, int]:
    """Where a run stands in a legend: by method, then by seed."""
    if run.config is None:
        return len(METHODS), 0
    return list(METHODS).index(run.config.method), run.config.seed


def group_names(configs: Sequence[RunConfig]) -> list[str]:
    """The method in words, and what else differs."""
    flats = [flat(config) for config in configs]
    names = []
    for config, settings in zip(configs, flats, strict=True):
        named = config.entry.named_by
        name = ", ".join(
            [config.entry.title, *(f"{symbol} = {short(settings[key])}" for key, symbol in named)]
        )
        rivals = [other for other in flats if other["method"] == config.method]
        differ = [
            key
            for key in differing(rivals)
            if key not in (*APART, *dict(named)) and plays_a_part(key, config.method)
        ]
        if differ:
            parts = [f"{key.split('.')[-1]} {short(settings[key])}" for key in differ[:4]]
            name += f" ({', '.join(parts)})"
        names.append(name)
    seen: dict[str, int] = {}
    for place, name in enumerate(names):  # what still looks alike gets a number
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[place] = f"{name} #{seen[name]}"
    return names


def short(value: Any) -> str:
    """A setting as it fits into a name."""
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(value).rsplit("/", 1)[-1]


def flat(config: RunConfig) -> dict[str, Any]:
    """Settings by their full name: noise.sigma."""
    found: dict[str, Any] = {}
    for key, value in to_dict(config).items():
        inner = value if isinstance(value, dict) else None
        if inner is None:
            found[key] = value
        else:
            found |= {f"{key}.{name}": part for name, part in inner.items()}
    return found


def differing(settings: Sequence[dict[str, Any]]) -> list[str]:
    """Names of the settings that are not the same everywhere."""
    return [key for key in settings[0] if len({str(one[key]) for one in settings}) > 1]


def difference_table(groups: Sequence[Group]) -> pd.DataFrame:
    """One row per setting that differs between groups, one column per group."""
    settings = {group.name: flat(group.runs[0].config) for group in groups if group.runs[0].config}
    keys = [key for key in differing(list(settings.values())) if key not in ("seed", "device")]
    table = pd.DataFrame(
        {name: [short(own[key]) for key in keys] for name, own in settings.items()}, index=keys
    )
    table.loc["seeds"] = [
        ", ".join(sorted(str(run.config.seed) for run in group.runs if run.config))
        for group in groups
    ]
    return table.rename_axis("setting").reset_index()


def lines_of(groups: Sequence[Group]) -> dict[str, Line]:
    """What `accuracy_chart` draws, from finished runs."""
    measured = [(group, [run.accuracy for run in group.runs if run.accuracy]) for group in groups]
    return {
        group.name: Line(group.colour, SeedCurves.of(found)) for group, found in measured if found
    }
