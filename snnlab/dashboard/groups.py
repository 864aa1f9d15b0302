"""Runs that differ only in their seed are one line in a chart, with a name and a colour."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

import pandas as pd

from snnlab.dashboard.kept_archives import title_of
from snnlab.measure.curve import SeedCurves
from snnlab.runs.config import RunConfig, to_dict
from snnlab.runs.methods import COMPARED, METHODS, Compared, Method, plays_a_part
from snnlab.runs.store import Run
from snnlab.show.charts.draw import dash_pattern
from snnlab.show.charts.runs import Line
from snnlab.show.colours import FREE, Palette


@dataclass(frozen=True)
class Group:
    """Runs with the same settings but for the seed."""

    name: str
    """The name in the chart."""
    colour: str
    runs: list[Run]
    dashes: list[int] | None = None
    """Dashes of its line in a chart; None: any that are free."""
    earlier: bool = False
    """Whether it is drawn behind the others, as its runs were trained earlier."""

    @property
    def config(self) -> RunConfig:
        """The configuration of the first run."""
        return config_of(self.runs[0])


def config_of(run: Run) -> RunConfig:
    """The configuration of a run that can be read."""
    assert run.config is not None
    return run.config


def entry_of(config: RunConfig) -> Compared | Method:
    """The entry with the title and the look of a run: a start in `COMPARED`, or its method."""
    v_init, v_th = config.acting_neuron.v_init, config.neuron.v_th
    if v_init is None:
        return config.entry
    sides = (side for side in COMPARED.values() if side.method == config.method)
    fitting = (
        side
        for side in sides
        if side.v_init is not None and math.isclose(v_init, side.v_init * v_th, abs_tol=1e-9)
    )
    return next(fitting, config.entry)


def place_of(config: RunConfig) -> tuple[int, int]:
    """A key to sort runs by: in the order of `METHODS`, then in that of `COMPARED`."""
    entry, starts = entry_of(config), list(COMPARED.values())
    return list(METHODS).index(config.method), starts.index(entry) if entry in starts else 0


def alike(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Runs that differ in their seed only, by the settings that they share; see `group_runs`."""
    together = defaultdict(list)
    found = [run for run in runs if run.config]
    for run in sorted(found, key=lambda run: (*place_of(config_of(run)), config_of(run).seed)):
        same = replace(config_of(run).acting, seed=0, device="auto")
        together[json.dumps(to_dict(same))].append(run)
    return together


def group_runs(runs: Sequence[Run], colours: Palette, earlier: Sequence[Run] = ()) -> list[Group]:
    """Groups in the order of `METHODS`, each with a name of its own.

    Args:
        runs: any with a readable configuration; others are left out.
        colours: see `palette`.
        earlier: runs to draw behind these; their groups come last.
    """
    together, before = alike(runs), alike(earlier)
    configs = {key: config_of(found[0]) for key, found in (before | together).items()}
    order = [*together, *(key for key in before if key not in together)]
    names = dict(zip(order, group_names([configs[key] for key in order]), strict=True))
    looks = [entry_of(configs[key]).look for key in together]
    free = cycle([look for look in FREE if look not in looks] or FREE)
    groups, taken = [], set()
    for (key, members), look in zip(together.items(), looks, strict=True):
        own = look not in taken
        taken.add(look)
        colour = colours.hue(look.hue if own else next(free).hue)
        dashes = dash_pattern(look.dashes) if own else None
        groups.append(Group(names[key], colour, members, dashes))
    for key, members in before.items():
        groups.append(Group(f"{names[key]}, earlier", colours.grey, members, earlier=True))
    return groups


def group_names(configs: Sequence[RunConfig]) -> list[str]:
    """A name for each configuration: what is trained, and the settings that differ."""
    names: list[str] = []
    titles = [entry_of(config).title for config in configs]
    for config, title in zip(configs, titles, strict=True):
        settings, named = flat(config), dict(config.entry.named_by)
        name = ", ".join(
            [title, *(f"{sign} = {short(settings[key])}" for key, sign in named.items())]
        )
        others = [one for one, other in zip(configs, titles, strict=True) if other == title]
        differ = [
            f"{key.split('.')[-1]} {short(settings[key])}"
            for key in differing(others)
            if key not in ("method", *named) and plays_a_part(key, config.method)
        ]
        if differ:
            name += f" ({', '.join(differ[:4])})"
        alike = sum(other.partition(" #")[0] == name for other in names)
        names.append(f"{name} #{alike + 1}" if alike else name)
    return names


def titles_of(runs: Sequence[Run]) -> dict[str, str]:
    """The names of runs by their ids, see `group_names`."""
    names = group_names([config_of(run) for run in runs])
    return dict(zip([run.id for run in runs], names, strict=True))


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
    """Settings by their dotted name, such as noise.sigma, with the values that take effect."""
    found: dict[str, Any] = {}
    for key, value in to_dict(config.acting).items():
        group = value if isinstance(value, dict) else {"": value}
        found |= {f"{key}.{name}".rstrip("."): part for name, part in group.items()}
    return found


def differing(configs: Sequence[RunConfig]) -> list[str]:
    """Dotted names of the settings that differ between configurations, but for seed and device."""
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
    """Lines for `accuracy_chart`, from finished runs that have at least one T in common."""
    lines = {}
    for group in groups:
        found = [run.accuracy for run in group.runs if run.accuracy]
        if found and set.intersection(*map(set, found)):
            images = tuple({curve.images for curve in found if curve.images})
            curves = SeedCurves.of(found)
            lines[group.name] = Line(group.colour, curves, group.dashes, images, group.earlier)
    return lines
