"""`snnlab noise`: the noise laboratory, from the residuals of a network to what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol, Union

import tyro

from snnlab.cli.answer import Bar, answer
from snnlab.cli.race import Bars
from snnlab.cli.threads import few_threads
from snnlab.experiment.config import RunConfig
from snnlab.experiment.laboratory import Laboratory, Result, Step, Watch, default_folder
from snnlab.experiment.laboratory_breaks import BREAK, Breaks, break_conversion
from snnlab.experiment.laboratory_calibration import CALIBRATE, Calibration, calibrate_networks
from snnlab.experiment.laboratory_robustness import ROBUSTNESS, Robustness, measure_robustness
from snnlab.experiment.laboratory_sweep import SWEEP, NoiseSweep, sweep_noise
from snnlab.experiment.laboratory_tables import (
    break_markdown,
    calibration_markdown,
    robustness_markdown,
    sweep_markdown,
)
from snnlab.experiment.presets import PRESETS, plain
from snnlab.experiment.store import write_text

Start = Annotated[RunConfig, tyro.conf.arg(name="")]


def first_preset() -> RunConfig:
    """What an experiment starts from unless told otherwise."""
    return plain(next(iter(PRESETS.values())))


@dataclass(frozen=True)
class CalibrateNoise:
    """Measure which noise fits: residuals, calibrated noise, and the noise of leaky neurons.

    Goes on where it was stopped. `--preset NAME` before other options starts from a
    configuration that works well.
    """

    config: Start = field(default_factory=first_preset)
    ask: Annotated[Calibration, tyro.conf.arg(name="")] = field(default_factory=Calibration)
    seeds: int = 3
    """Networks, with seeds from --seed on."""
    out: Path | None = None
    """Folder of the experiment; default: runs/noise/calibrate-DATA-MODEL."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Calibrate, write table and figures, answer."""
        carry_out(
            self,
            CALIBRATE,
            lambda lab, watch: calibrate_networks(lab, self.ask, watch),
            calibration_markdown,
        )


@dataclass(frozen=True)
class SweepNoise:
    """Sweep families and sigma of the noise: accuracy at each T, and where the best sigma lies.

    Goes on where it was stopped. `--preset NAME` before other options starts from a
    configuration that works well.
    """

    config: Start = field(default_factory=first_preset)
    ask: Annotated[NoiseSweep, tyro.conf.arg(name="")] = field(default_factory=NoiseSweep)
    seeds: int = 3
    """Networks per family and sigma, with seeds from --seed on."""
    out: Path | None = None
    """Folder of the experiment; default: runs/noise/sweep-DATA-MODEL."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Sweep, write table and figures, answer."""
        carry_out(self, SWEEP, lambda lab, watch: sweep_noise(lab, self.ask, watch), sweep_markdown)


@dataclass(frozen=True)
class BreakNoise:
    """Break lossless conversion, one switch at a time, and take its error apart.

    Goes on where it was stopped. `--preset NAME` before other options starts from a
    configuration that works well.
    """

    config: Start = field(default_factory=first_preset)
    ask: Annotated[Breaks, tyro.conf.arg(name="")] = field(default_factory=Breaks)
    seeds: int = 3
    """Networks per switch, with seeds from --seed on."""
    out: Path | None = None
    """Folder of the experiment; default: runs/noise/break-DATA-MODEL."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Turn the switches, write table and figures, answer."""
        carry_out(
            self, BREAK, lambda lab, watch: break_conversion(lab, self.ask, watch), break_markdown
        )


@dataclass(frozen=True)
class RobustNoise:
    """Disturb images, weights and spikes of networks that trained with noise and without.

    Goes on where it was stopped. `--preset NAME` before other options starts from a
    configuration that works well.
    """

    config: Start = field(default_factory=first_preset)
    ask: Annotated[Robustness, tyro.conf.arg(name="")] = field(default_factory=Robustness)
    seeds: int = 3
    """Networks with noise and without, with seeds from --seed on."""
    out: Path | None = None
    """Folder of the experiment; default: runs/noise/robustness-DATA-MODEL."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Disturb, write table and figures, answer."""
        carry_out(
            self,
            ROBUSTNESS,
            lambda lab, watch: measure_robustness(lab, self.ask, watch),
            robustness_markdown,
        )


EXPERIMENTS: dict[str, type] = {
    CALIBRATE: CalibrateNoise,
    SWEEP: SweepNoise,
    BREAK: BreakNoise,
    ROBUSTNESS: RobustNoise,
}


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
        for name, kind in EXPERIMENTS.items()
    )
    experiment = Annotated[Union[choices], tyro.conf.arg(name="")]  # noqa: UP007 (built at run time)
    command = make_dataclass("Noise", [("experiment", experiment)], bases=(Noise,), frozen=True)
    command.__doc__ = Noise.__doc__
    return command


class Options(Protocol):
    """What all experiments are told."""

    @property
    def config(self) -> RunConfig:
        """Where to start from."""

    @property
    def seeds(self) -> int:
        """How many seeds."""

    @property
    def out(self) -> Path | None:
        """The folder; None: the usual one."""

    @property
    def json(self) -> bool:
        """Whether to answer with JSON."""


def carry_out(
    options: Options,
    experiment: str,
    work: Callable[[Laboratory, Watch], Result],
    markdown: Callable[[Result], str],
) -> None:
    """Do the work with progress bars, write table and figures into its folder, answer."""
    from snnlab.cli.noise_figures import DRAW

    folder = options.out or default_folder(experiment, options.config)
    lab = Laboratory(options.config, options.seeds, folder)
    few_threads(options.config)
    bars = Bars()

    def on_step(step: Step) -> None:
        bars.close()
        bars.bar = Bar(f"{step.number}/{step.steps} {step.label}")

    try:
        done = work(lab, Watch(on_step, bars.on_batch, bars.on_epoch))
    finally:
        bars.close()
    table = folder / f"{experiment}.md"
    write_text(table, markdown(done))
    files = [
        str(path) for path in [table.with_suffix(".json"), table, *DRAW[experiment](done, folder)]
    ]
    text = "\n".join([markdown(done), *files])
    answer({"folder": str(folder), "files": files} | done, text, as_json=options.json)
