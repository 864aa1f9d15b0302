"""`snnlab race`: all methods under equal terms."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from snnlab.cli.answer import Bar
from snnlab.cli.study import finish
from snnlab.runs.config import RunConfig
from snnlab.runs.methods import METHODS, MethodName
from snnlab.runs.presets import study_start
from snnlab.runs.store import usual_runs
from snnlab.studies.race import RACE, RaceConfig, race
from snnlab.studies.race_table import race_csv, race_markdown
from snnlab.studies.study import name_of


@dataclass(frozen=True)
class Race:
    """Race the methods: same architecture, data, seeds and epochs, then same training time.

    Goes on where it was stopped. Times are measured: do nothing else on the machine meanwhile, or
    set OMP_NUM_THREADS=1, with which processor time counts.
    """

    config: Annotated[RunConfig, tyro.conf.arg(name="")] = field(default_factory=study_start)
    methods: tuple[MethodName, ...] = tuple(METHODS)
    """Which methods, in this order; equal training time needs noise."""
    seeds: int = 3
    """Networks per method, with seeds from --seed on."""
    epochs_only: bool = False
    """Leave out the second race, with equal training time."""
    out: Path | None = None
    """Folder of the race; default: races/DATA-MODEL in the folder of runs."""
    runs: Path = field(default_factory=usual_runs)
    """Folder of the run folders."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Race, write tables and figures, answer."""
        if self.config.method != RunConfig().method:
            raise ValueError(
                f"a race has several methods: use --methods, not --method {self.config.method}"
            )
        asked = RaceConfig(self.config, self.methods, self.seeds, not self.epochs_only)
        folder = self.out or RACE.root(self.runs) / name_of(self.config)
        with closing(Bar()) as bar:
            done = race(asked, folder, bar.watch)
        from snnlab.cli.race_figures import draw, film_page

        tables = {"race.csv": race_csv(done), "race.md": race_markdown(done)}
        film = film_page(done, folder)
        tables = {"film.html": film, **tables} if film else tables
        finish(done, folder, RACE.file, tables, draw, as_json=self.json)
