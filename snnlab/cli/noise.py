"""`snnlab noise`: the noise laboratory, from the residuals of a network to what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Union

import tyro

from snnlab.cli.answer import answer
from snnlab.cli.race import Bars
from snnlab.cli.threads import few_threads
from snnlab.runs.config import RunConfig
from snnlab.runs.presets import study_start
from snnlab.runs.store import write_text
from snnlab.runs.study import Result, Watch
from snnlab.studies.laboratory import Laboratory, default_folder
from snnlab.studies.laboratory_breaks import BREAK, Breaks, break_conversion
from snnlab.studies.laboratory_calibration import CALIBRATE, Calibration, calibrate_networks
from snnlab.studies.laboratory_robustness import ROBUSTNESS, Robustness, measure_robustness
from snnlab.studies.laboratory_sweep import SWEEP, NoiseSweep, sweep_noise
from snnlab.studies.laboratory_tables import (
    break_markdown,
    calibration_markdown,
    robustness_markdown,
    sweep_markdown,
)


class Entry(NamedTuple):
    """An experiment, as the command line offers it."""

    says: str
    """What it does, in a line."""
    asks: type
    """What it can be asked, beside the configuration."""
    work: Callable[[Laboratory, Any, Watch], Result]
    """Does it."""
    markdown: Callable[[Result], str]
    """Its table."""


EXPERIMENTS = {
    CALIBRATE: Entry(
        "Measure which noise fits: residuals, calibrated noise, and the noise of leaky neurons.",
        Calibration,
        calibrate_networks,
        calibration_markdown,
    ),
    SWEEP: Entry(
        "Sweep families and sigma of the noise: accuracy at each T, and where the best sigma lies.",
        NoiseSweep,
        sweep_noise,
        sweep_markdown,
    ),
    BREAK: Entry(
        "Break lossless conversion, one switch at a time, and take its error apart.",
        Breaks,
        break_conversion,
        break_markdown,
    ),
    ROBUSTNESS: Entry(
        "Disturb images, weights and spikes of networks that trained with noise and without.",
        Robustness,
        measure_robustness,
        robustness_markdown,
    ),
}


@dataclass(frozen=True)
class Experiment:
    """One of `EXPERIMENTS`; `command_of` adds what it can be asked."""

    name: ClassVar[str]
    config: Annotated[RunConfig, tyro.conf.arg(name="")] = field(default_factory=study_start)
    seeds: int = 3
    """Networks per setting, with seeds from --seed on."""
    out: Path | None = None
    """Folder of the experiment; default: runs/noise/EXPERIMENT-DATA-MODEL."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Do the work with progress bars, write table and figures into its folder, answer."""
        from snnlab.cli.noise_figures import DRAW

        entry, asked = EXPERIMENTS[self.name], self.ask  # type: ignore[attr-defined]
        folder = self.out or default_folder(self.name, self.config)
        lab = Laboratory(self.config, self.seeds, folder)
        few_threads(self.config)
        with closing(Bars()) as bars:
            done = entry.work(lab, asked, bars.watch)
        table = folder / f"{self.name}.md"
        text = entry.markdown(done)
        write_text(table, text)
        paths = [table.with_suffix(".json"), table, *DRAW[self.name](done, folder)]
        files = [str(path) for path in paths]
        whole = {"folder": str(folder), "files": files} | done
        answer(whole, "\n".join([text, *files]), as_json=self.json)


def command_of(name: str) -> type[Experiment]:
    """The command of an experiment."""
    entry = EXPERIMENTS[name]
    ask = Annotated[entry.asks, tyro.conf.arg(name="")]  # type: ignore[name-defined]
    settings = [("ask", ask, field(default_factory=entry.asks))]
    says = (
        f"{entry.says}\n\nGoes on where it was stopped. `--preset NAME` before other options "
        "starts from a configuration that works well."
    )
    own = {"name": name, "__doc__": says}
    return make_dataclass(
        name.capitalize(), settings, bases=(Experiment,), frozen=True, namespace=own
    )


@dataclass(frozen=True)
class Noise:
    """The noise laboratory: measure the noise, match it, and break it."""

    experiment: Any

    def execute(self) -> None:
        """Carry out the experiment."""
        self.experiment.execute()


def noise_command(start: RunConfig) -> Any:
    """The type from which the parser makes `snnlab noise EXPERIMENT`."""
    choices: Any = tuple(
        Annotated[kind, tyro.conf.subcommand(name, default=kind(start))]
        for name, kind in ((name, command_of(name)) for name in EXPERIMENTS)
    )
    experiment = Annotated[Union[choices], tyro.conf.arg(name="")]  # noqa: UP007 (built at run time)
    command = make_dataclass("Noise", [("experiment", experiment)], bases=(Noise,), frozen=True)
    command.__doc__ = Noise.__doc__
    return command
