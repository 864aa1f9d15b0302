"""`snnlab noise`: the noise laboratory, from the residuals of a network to what breaks it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, Union

import tyro

from snnlab.cli.answer import Bar
from snnlab.cli.study import finish
from snnlab.cli.train import few_threads
from snnlab.runs.config import RunConfig
from snnlab.runs.presets import study_start
from snnlab.studies.breaks import Breaks
from snnlab.studies.calibration import Calibration
from snnlab.studies.laboratory import Experiment, Laboratory
from snnlab.studies.noise_sweep import NoiseSweep
from snnlab.studies.robustness import Robustness

EXPERIMENTS: tuple[type[Experiment], ...] = (Calibration, NoiseSweep, Breaks, Robustness)
Asked = TypeVar("Asked", bound=Experiment)
Choice = TypeVar("Choice")


@dataclass(frozen=True)
class NoiseExperiment(Generic[Asked]):
    """One of `EXPERIMENTS`."""

    config: Annotated[RunConfig, tyro.conf.arg(name="")] = field(default_factory=study_start)
    seeds: int = 3
    """Networks per setting, with seeds from --seed on."""
    out: Path | None = None
    """Folder of the experiment; default: runs/noise/EXPERIMENT-DATA-MODEL."""
    json: bool = False
    """Print one JSON object instead of text."""
    ask: Annotated[Asked, tyro.conf.arg(name="")] = field(kw_only=True)

    def execute(self) -> None:
        """Do the work with progress bars, write table and figures into its folder, answer."""
        folder = self.out or self.ask.default_folder(self.config)
        lab = Laboratory(self.config, self.seeds, folder)
        few_threads(self.config)
        with closing(Bar()) as bar:
            done = self.ask.carry_out(lab, bar.watch)
        from snnlab.cli.noise_figures import DRAW

        name = self.ask.name
        tables = {f"{name}.md": self.ask.markdown(done)}
        finish(done, folder, f"{name}.json", tables, DRAW[name], as_json=self.json)


@dataclass(frozen=True)
class Noise(Generic[Choice]):
    """The noise laboratory: measure the noise, match it, and break it."""

    experiment: Annotated[Choice, tyro.conf.arg(name="")]

    def execute(self) -> None:
        """Carry out the experiment."""
        self.experiment.execute()  # type: ignore[attr-defined]


def noise_command(config: RunConfig) -> Any:
    """The type from which the parser makes `snnlab noise EXPERIMENT`.

    Args:
        config: where the experiments start.
    """
    choices: Any = tuple(
        Annotated[
            NoiseExperiment[kind],  # type: ignore[valid-type]
            tyro.conf.subcommand(
                kind.name,
                default=NoiseExperiment(config, ask=kind()),
                description=f"{kind.says}\n\nGoes on where it was stopped. `--preset NAME` before "
                "other options starts from a configuration that works well.",
            ),
        ]
        for kind in EXPERIMENTS
    )
    return Noise[Union[choices]]  # noqa: UP007 (built at run time)
