"""`snnlab race`: all methods under equal terms."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from snnlab.cli.answer import Bar, answer
from snnlab.runs.config import RunConfig
from snnlab.runs.methods import METHODS, MethodName
from snnlab.runs.presets import study_start
from snnlab.runs.store import write_text
from snnlab.runs.study import Step, Watch, name_of
from snnlab.studies.race import RACE, RACES, RaceConfig, race
from snnlab.studies.race_table import race_csv, race_markdown


@dataclass(frozen=True)
class Race:
    """Race the methods: same architecture, data, seeds and epochs, then same training time.

    Goes on where it was stopped. `--preset NAME` before other options starts from a
    configuration that works well. Times are measured: do nothing else on the machine meanwhile,
    or set OMP_NUM_THREADS=1, with which processor time counts.
    """

    config: Annotated[RunConfig, tyro.conf.arg(name="")] = field(default_factory=study_start)
    methods: tuple[MethodName, ...] = tuple(METHODS)
    """Which methods, in this order; equal training time needs noise."""
    seeds: int = 3
    """Networks per method, with seeds from --seed on."""
    epochs_only: bool = False
    """Leave out the second race, with equal training time."""
    out: Path | None = None
    """Folder of the race; default: runs/races/DATA-MODEL."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Race, write tables and figures, answer."""
        if self.config.method != RunConfig().method:
            raise ValueError(
                f"a race has several methods: use --methods, not --method {self.config.method}"
            )
        asked = RaceConfig(self.config, self.methods, self.seeds, not self.epochs_only)
        folder = self.out or RACES / name_of(self.config)
        with closing(Bars()) as bars:
            done = race(asked, folder, bars.watch)
        files = write(done, folder)
        entry = {"folder": str(folder), "files": files} | done
        text = "\n".join([race_markdown(done), *files])
        answer(entry, text, as_json=self.json)


def write(done: dict[str, Any], folder: Path) -> list[str]:
    """Write table and figures; returns the paths."""
    from snnlab.cli.race_figures import draw

    write_text(folder / "race.csv", race_csv(done))
    write_text(folder / "race.md", race_markdown(done))
    tables = [folder / name for name in (RACE, "race.csv", "race.md")]
    return [str(path) for path in [*tables, *draw(done, folder)]]


class Bars:
    """One progress bar after the other, one per run, on stderr, and only in a terminal."""

    def __init__(self) -> None:
        self.bar: Bar | None = None

    @property
    def watch(self) -> Watch:
        """What a study calls."""
        return Watch(self.on_step, self.on_batch, self.on_epoch)

    def on_step(self, step: Step) -> None:
        """The next run starts."""
        self.close()
        self.bar = Bar(f"{step.number}/{step.steps} {step.label}")

    def on_batch(self, batch: Any) -> None:
        """Move on."""
        if self.bar is not None:
            self.bar.on_batch(batch)

    def on_epoch(self, epoch: Any) -> None:
        """Say how training goes."""
        if self.bar is not None:
            self.bar.on_epoch(epoch)

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
