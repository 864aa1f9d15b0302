"""`snnlab sweep`: every combination of some settings, on all cores or on a cluster."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tqdm import tqdm

from snnlab.cli.answer import answer
from snnlab.cli.study import accuracy_figure, finish
from snnlab.jobs.places import ON_GPU, cores, equal_places
from snnlab.jobs.pool import Pool
from snnlab.jobs.scheduler import SCHEDULER, open_pool, scheduler
from snnlab.runs.config import ConfigError, RunConfig, to_dict
from snnlab.runs.presets import study_start
from snnlab.runs.store import ID, usual_runs
from snnlab.show.colours import FREE
from snnlab.studies.study import Result, name_of
from snnlab.studies.sweep import SWEEP, SweepConfig, check, parse_grid, sweep
from snnlab.studies.sweep_table import points, sweep_csv, sweep_markdown

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Sweep:
    """Train every combination of some settings, several at a time; table and figure.

    Goes on where it was stopped: finished runs are taken as they are.
    """

    config: Annotated[RunConfig, tyro.conf.arg(name="")] = field(default_factory=study_start)
    grid: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """A setting and its values, say noise.sigma=0,0.1,0.2887 or seed=0,1,2; give it once per
    setting."""
    workers: int | None = None
    """Runs at a time on this machine; default: one per core. Where SNNLAB_SCHEDULER names a Dask
    scheduler, its workers train, and decide that themselves."""
    name: str | None = None
    """Name of the sweep; default: from its data, its network and its grid."""
    runs: Path = field(default_factory=usual_runs)
    """Folder of the run folders; the sweep gets the folder sweeps/NAME in it."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Sweep, write table and figure, answer."""
        if self.workers is not None and self.workers < 1:
            raise ConfigError(f"workers must be at least 1, got {self.workers}")
        asked = SweepConfig(self.config, parse_grid(self.grid))
        folder = SWEEP.root(self.runs) / folder_name(self.name or default_name(asked))
        total = len(asked.configs())
        open_pool = self.open_pool(asked)
        with tqdm(total=total, unit="run", leave=False, disable=None, file=sys.stderr) as bar:

            def on_end(config: RunConfig) -> None:
                bar.set_postfix_str(f"{config.method}, seed {config.seed}")
                bar.update()

            done = sweep(asked, folder, open_pool, self.runs, on_end)
        if done["entries"]:
            tables = {"sweep.csv": sweep_csv(done), "sweep.md": sweep_markdown(done)}
            finish(done, folder, SWEEP.file, tables, draw, as_json=self.json)
        else:
            files = [str(folder / SWEEP.file)]
            answer({"folder": str(folder), "files": files} | done, "", as_json=self.json)
        check(done)

    def open_pool(self, asked: SweepConfig) -> Callable[[], Pool]:
        """A function that makes the pool where the runs train.

        Raises:
            ConfigError: SNNLAB_SCHEDULER holds no address, or `workers` are asked for beside it.
        """
        address = scheduler()
        if address is not None and self.workers is not None:
            raise ConfigError(
                f"workers is {self.workers}, but {SCHEDULER} names {address}, whose workers train: "
                "leave one of the two out"
            )
        gpu = asked.configs()[0].device in ON_GPU
        places = partial(equal_places, self.workers or cores(), gpu=gpu)
        return partial(open_pool, address, places)


def default_name(asked: SweepConfig) -> str:
    """A name that is the same for the same sweep."""
    text = json.dumps([to_dict(asked.config), asked.grid], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{name_of(asked.config)}-{digest}"


def folder_name(name: str) -> str:
    """The name of a sweep, if it can be that of a folder.

    Raises:
        ConfigError: it cannot.
    """
    if not ID.fullmatch(name):
        raise ConfigError(f"a name holds letters, digits, '.', '_' and '-' only, got {name!r}")
    return name


def draw(done: Result) -> dict[str, Axes]:
    """The figure of accuracy against timesteps: lines, or a map where they are too many."""
    from snnlab.show.style import look_of
    from snnlab.show.sweep import accuracy_map

    curves = {point.label: point.curves for point in points(done)}
    title = "Accuracy against timesteps"
    if sum(look_of(label) is None for label in curves) <= len(FREE):
        return accuracy_figure(curves, title)
    return {"accuracy_vs_timesteps": accuracy_map(curves, title=title)}
