"""Runs that differ only in their seed are one line in a chart, with a name and a colour."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from snnlab.dashboard.kept_archives import title_of
from snnlab.measure.curve import SeedCurves
from snnlab.runs.config import RunConfig, to_dict
from snnlab.runs.methods import METHODS, plays_a_part
from snnlab.runs.store import Run
from snnlab.show.charts.runs import Line
from snnlab.show.colours import Palette


@dataclass(frozen=True)
class Group:
    """Runs with the same settings but for the seed."""

    name: str
    """As written in the chart."""
    colour: str
    runs: list[Run]

    @property
    def config(self) -> RunConfig:
        """That of the first run."""
        return config_of(self.runs[0])


def config_of(run: Run) -> RunConfig:
    """The configuration of a run that can be read."""
    assert run.config is not None
    return run.config


def group_runs(runs: Sequence[Run], colours: Palette) -> list[Group]:
    """Groups in the order of `METHODS`; names tell all of them apart.

    Args:
        runs: any with a readable configuration; others are left out.
        colours: see `palette`.
    """

    def place(run: Run) -> tuple[int, int]:
        return list(METHODS).index(config_of(run).method), config_of(run).seed

    together: dict[str, list[Run]] = {}
    for run in sorted((run for run in runs if run.config), key=place):
        same = replace(config_of(run), seed=0, device="auto")
        together.setdefault(json.dumps(to_dict(same)), []).append(run)
    configs = [config_of(group[0]) for group in together.values()]
    free = itertools.cycle(colours.free)
    groups, taken = [], set[str]()
    for config, name, members in zip(configs, group_names(configs), together.values(), strict=True):
        colour = next(free) if config.method in taken else colours.of(config.method)
        taken.add(config.method)
        groups.append(Group(name, colour, members))
    return groups


def group_names(configs: Sequence[RunConfig]) -> list[str]:
    """The method in words, and what else differs."""
    names: list[str] = []
    for config in configs:
        settings, named = flat(config), dict(config.entry.named_by)
        name = ", ".join(
            [
                config.entry.title,
                *(f"{sign} = {short(settings[key])}" for key, sign in named.items()),
            ]
        )
        differ = [
            f"{key.split('.')[-1]} {short(settings[key])}"
            for key in differing([one for one in configs if one.method == config.method])
            if key not in ("method", *named) and plays_a_part(key, config.method)
        ]
        if differ:
            name += f" ({', '.join(differ[:4])})"
        alike = sum(other.partition(" #")[0] == name for other in names)
        names.append(f"{name} #{alike + 1}" if alike else name)
    return names


def words_of(config: RunConfig) -> list[str]:
    """What trains, in words: data, network, method, seed."""
    data = title_of(config.data.name) or short(config.data.name)
    return [data, config.model.name, group_names([config])[0], f"seed {config.seed}"]


def short(value: Any) -> str:
    """A setting as it fits into a name."""
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(value).rsplit("/", 1)[-1]


def flat(config: RunConfig) -> dict[str, Any]:
    """Settings by their full name: noise.sigma."""
    found: dict[str, Any] = {}
    for key, value in to_dict(config).items():
        group = value if isinstance(value, dict) else {"": value}
        found |= {f"{key}.{name}".rstrip("."): part for name, part in group.items()}
    return found


def differing(configs: Sequence[RunConfig]) -> list[str]:
    """Names of the settings that are not the same everywhere; seed and device do not count."""
    settings = [flat(config) for config in configs]
    return [
        key
        for key in settings[0]
        if key not in ("seed", "device") and len({str(one[key]) for one in settings}) > 1
    ]


def difference_table(groups: Sequence[Group]) -> pd.DataFrame:
    """One row per setting that differs between groups, one column per group."""
    keys = differing([group.config for group in groups])
    columns = {
        group.name: {
            **{key: short(flat(group.config)[key]) for key in keys},
            "seeds": ", ".join(sorted(str(config_of(run).seed) for run in group.runs)),
        }
        for group in groups
    }
    return pd.DataFrame(columns, index=[*keys, "seeds"]).rename_axis("setting").reset_index()


def lines_of(groups: Sequence[Group]) -> dict[str, Line]:
    """What `accuracy_chart` draws, from finished runs."""
    measured = [(group, [run.accuracy for run in group.runs if run.accuracy]) for group in groups]
    return {
        group.name: Line(group.colour, SeedCurves.of(found)) for group, found in measured if found
    }
