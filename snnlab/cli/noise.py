"""`snnlab noise`: the noise laboratory, from the residuals of a network to what breaks it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import tyro

from snnlab.cli.answer import Bar
from snnlab.cli.study import finish
from snnlab.cli.train import few_threads
from snnlab.runs.config import RunConfig
from snnlab.runs.presets import study_start
from snnlab.runs.store import usual_runs
from snnlab.settings import suggestion
from snnlab.studies.breaks import Breaks
from snnlab.studies.calibration import Calibration
from snnlab.studies.laboratory import Experiment, Laboratory
from snnlab.studies.noise_sweep import NoiseSweep
from snnlab.studies.robustness import Robustness

EXPERIMENTS: tuple[type[Experiment], ...] = (Calibration, NoiseSweep, Breaks, Robustness)
Asked = TypeVar("Asked", bound=Experiment)


@dataclass(frozen=True)
class NoiseExperiment(Generic[Asked]):
    """One of `EXPERIMENTS`."""

    config: Annotated[RunConfig, tyro.conf.arg(name="")] = field(default_factory=study_start)
    seeds: int = 3
    """Networks per setting, with seeds from --seed on."""
    out: Path | None = None
    """Folder of the experiment; default: noise/EXPERIMENT-DATA-MODEL in the folder of runs."""
    runs: Path = field(default_factory=usual_runs)
    """Folder of the run folders."""
    json: bool = False
    """Print one JSON object instead of text."""
    ask: Annotated[Asked, tyro.conf.arg(name="")] = field(kw_only=True)

    def execute(self) -> None:
        """Do the work with progress bars, write table and figures into its folder, answer."""
        folder = self.out or self.ask.default_folder(self.config, self.runs)
        few_threads(self.config)
        with closing(Bar()) as bar:
            done = self.ask.carry_out(Laboratory(self.config, self.seeds, folder, bar.watch))
        from snnlab.cli.noise_figures import DRAW

        name = self.ask.name
        tables = {f"{name}.md": self.ask.markdown(done)}
        finish(done, folder, f"{name}.json", tables, DRAW[name], as_json=self.json)


@dataclass(frozen=True)
class Noise:
    """The noise laboratory: measure the noise, match it, and break it."""


def experiment(name: str, config: RunConfig) -> tuple[Any, NoiseExperiment[Any]]:
    """One of `EXPERIMENTS` by name: its type for the parser, and its defaults.

    Args:
        name: calibrate, sweep, breaks, ...
        config: the configuration from which it starts.

    Raises:
        ValueError: there is none of that name.
    """
    known = {kind.name: kind for kind in EXPERIMENTS}
    if name not in known:
        wrong = f"unknown experiment {name!r}" if name else "noise needs an experiment"
        raise ValueError(f"{wrong}; valid: {', '.join(known)}{suggestion(name, known)}")
    kind = known[name]
    return NoiseExperiment[kind], NoiseExperiment(config, ask=kind())  # type: ignore[valid-type]
