"""`snnlab race`: all methods under equal terms."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from snnlab.cli.answer import Bar, answer
from snnlab.cli.study import finish
from snnlab.runs.config import RunConfig
from snnlab.runs.methods import METHODS, MethodName
from snnlab.runs.presets import study_start
from snnlab.runs.store import usual_runs
from snnlab.studies.audit import read_race
from snnlab.studies.kept_race import keep
from snnlab.studies.race import RACE, TIMED_METHOD, RaceConfig, race
from snnlab.studies.race_table import race_csv, race_markdown
from snnlab.studies.study import Result, name_of
from snnlab.studies.sweep import named_texts, value_of


@dataclass(frozen=True)
class Race:
    """Race the methods: same architecture, data, seeds and epochs, then same training time.

    Goes on where it was stopped. Times are measured: do nothing else on the machine meanwhile, or
    set OMP_NUM_THREADS=1, with which processor time counts.
    """

    config: Annotated[RunConfig, tyro.conf.arg(name="")] = field(default_factory=study_start)
    finished: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="[FOLDER]")] = None
    """Folder of a finished race, of which only the file is written; nothing is raced."""
    methods: tuple[MethodName, ...] = tuple(METHODS)
    """Which methods, in this order; equal training time needs the one that is timed."""
    seeds: int = 3
    """Networks per method, with seeds from --seed on."""
    learning_rates: tuple[str, ...] = ()
    """Peak learning rates tuned for a method, as METHOD=RATE; the others have that
    of the settings."""
    epochs_only: bool = False
    """Leave out the race with equal training time."""
    timed_method: MethodName = TIMED_METHOD
    """The method whose training time all get in that race."""
    out: Path | None = None
    """Folder of the race; default: races/DATA-MODEL in the folder of runs."""
    runs: Path = field(default_factory=usual_runs)
    """Folder of the run folders."""
    keep: Path | None = None
    """Also write a small JSON file of the race, for tables, publication and snnlab audit."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Race, write tables and figures, answer."""
        if self.config.method != RunConfig().method:
            raise ValueError(
                f"a race has several methods: use --methods, not --method {self.config.method}"
            )
        if self.finished is not None:
            self.only_keep(self.finished)
            return
        asked = self.asked()
        folder = self.out or RACE.root(self.runs) / name_of(self.config)
        with closing(Bar()) as bar:
            done = race(asked, folder, bar.watch)
        from snnlab.cli.race_figures import draw, film_page

        tables = {"race.csv": race_csv(done), "race.md": race_markdown(done)}
        film = film_page(done, folder)
        tables = {"film.html": film, **tables} if film else tables
        if self.keep is not None:
            keep(done, self.keep)
        finish(done, folder, RACE.file, tables, draw, as_json=self.json)

    def asked(self) -> RaceConfig:
        """Who races, on what.

        Raises:
            ConfigError: see `RaceConfig`.
        """
        rates = rates_of(self.learning_rates)
        equal_time = not self.epochs_only
        return RaceConfig(
            self.config, self.methods, self.seeds, equal_time, rates, self.timed_method
        )

    def only_keep(self, folder: Path) -> None:
        """Keep a race that is finished, whichever code it ran with."""
        if self.keep is None:
            raise ValueError(f"a folder of a finished race goes with --keep FILE, got {folder}")
        keep(read_race(folder), self.keep)
        size = self.keep.stat().st_size
        entry: Result = {"race": folder.name, "file": str(self.keep), "bytes": size}
        answer(entry, f"{self.keep}  ({size / 1000:,.0f} kB)", as_json=self.json)


def rates_of(texts: tuple[str, ...]) -> dict[str, Any]:
    """Learning rates by method, from texts like `qcfs=8e-3`.

    Raises:
        ConfigError: another form, or a method twice.
    """
    given = named_texts(texts, "learning rates are", "METHOD=RATE", "has two learning rates")
    return {method: value_of(rate) for method, rate in given.items()}
