"""The noise laboratory: the common code of its four experiments. No torch here.

    calibration    which noise fits a network, and which one a leaky network
    noise_sweep    families of noise and sigma from 0 to 1
    breaks         what breaks lossless conversion, one switch at a time
    robustness     accuracy under noise on images and weights and with lost spikes

    runs/noise/<experiment>-<data>-<model>/<experiment>.json   what was asked for and measured
                                           runs/<id>/          the networks, see `store`
                                           measured/<key>.json   measurements already made

The same command continues where it was stopped, and answers at once if all is measured.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from snnlab.measure.curve import SeedCurves, powers_of_two
from snnlab.measure.statistics import Estimate
from snnlab.runs.config import ConfigError, RunConfig, to_dict
from snnlab.runs.curves import curve_of
from snnlab.runs.files import read_json, write_json
from snnlab.runs.methods import PLAIN
from snnlab.runs.presets import without_noise
from snnlab.runs.provenance import code_digest, environment
from snnlab.runs.store import Run
from snnlab.settings import Count, settle
from snnlab.studies import tables
from snnlab.studies.study import Entry, Kind, Result, Watch, name_of

if TYPE_CHECKING:
    from snnlab.data.images import Data
    from snnlab.network.net import SpikingNet

SHELF = "noise"
"""Name of the folder in which the folders of experiments lie."""
BAND = "Means over seeds, ± half the width of the 95 % interval."


@dataclass(frozen=True)
class Laboratory:
    """The network, data and seeds of an experiment, and its folder.

    Raises:
        ConfigError: fewer than 1 seed, or another method than noise.
    """

    config: RunConfig = field(default_factory=RunConfig)
    """Architecture, data, noise and training; its seed is the first one."""
    seeds: Count = 3
    """Networks per setting."""
    folder: Path = field(default_factory=Kind("", SHELF).root)
    """The experiment's own folder."""
    watch: Watch = field(default=Watch(), compare=False)
    """Progress."""

    def __post_init__(self) -> None:
        settle(self, ConfigError)
        if self.config.method != PLAIN:
            raise ConfigError(
                f"the laboratory starts from method {PLAIN}, got --method {self.config.method}"
            )

    @property
    def seed_numbers(self) -> list[int]:
        """The list of seeds."""
        return list(range(self.config.seed, self.config.seed + self.seeds))

    @property
    def timesteps(self) -> list[int]:
        """T at which accuracies are measured: powers of two up to that of the configuration."""
        return powers_of_two(self.config.timesteps)

    @property
    def residual_timesteps(self) -> int:
        """T at which residuals are measured; the first timestep has none."""
        return max(self.config.timesteps, 2)

    @cached_property
    def data(self) -> Data:
        """The data that all networks of the experiment learn from."""
        from snnlab.runs.assemble import load_images, pick_device

        return load_images(self.config, pick_device(self.config.device))

    def seeded(self, seed: int) -> RunConfig:
        """The configuration that the experiment starts from, with another seed."""
        return replace(self.config, seed=seed)

    def without_noise(self, seed: int) -> RunConfig:
        """The configuration without noise, with the v_init of networks with noise, v_th / 2."""
        return without_noise(self.seeded(seed))

    def train(self, config: RunConfig) -> Run:
        """The finished run of a configuration; it is trained now unless it exists."""
        from snnlab.runs.run import run

        watch = self.watch
        root = self.folder / "runs"
        return run(config, root, on_batch=watch.on_batch, on_epoch=watch.on_epoch)

    def network(self, config: RunConfig) -> SpikingNet:
        """The network of such a run, in evaluation mode, on the device of the configuration."""
        from snnlab.runs.assemble import pick_device

        return cast("SpikingNet", self.train(config).network(str(pick_device(config.device))))

    def remembered(self, asked: Entry, measure: Callable[[], Result]) -> Result:
        """The result of a measurement; read from the folder if this code has made it already.

        Args:
            asked: everything that determines the result, as values for JSON.
            measure: makes the measurement; returns values for JSON.
        """
        key = json.dumps([asked, to_dict(self.config), code_digest()], sort_keys=True)
        path = self.folder / "measured" / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
        if not path.exists():
            found = {"asked": asked, "measured": measure()}
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, found)
        return dict(read_json(path)["measured"])


@dataclass(frozen=True)
class Experiment(ABC):
    """An experiment of the laboratory with its settings; abstract.

    Example:
        >>> lab = Laboratory(with_noise(PRESETS["digits-mlp"]))
        >>> NoiseSweep(("gaussian",)).carry_out(lab)["best"]
    """

    name: ClassVar[str]
    """That of the command, and of the file with the result."""
    says: ClassVar[str]
    """What it does, in a line."""
    title: ClassVar[str]
    """Of its table."""

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that determine the result, as values for JSON."""
        return asdict(self)

    @abstractmethod
    def plan(self, lab: Laboratory) -> list[Entry]:
        """A dictionary for each measurement, with the values that distinguish it."""

    @abstractmethod
    def label(self, each: Entry) -> str:
        """A short description of a measurement."""

    @abstractmethod
    def measure(self, lab: Laboratory, each: Entry) -> Result:
        """Make one measurement of the plan; plain values."""

    @abstractmethod
    def summary(self, lab: Laboratory, found: list[Entry]) -> Result:
        """The content of the file: from the plan, with what was measured in each of its entries."""

    @staticmethod
    @abstractmethod
    def parts(result: Result) -> list[str]:
        """The paragraphs and tables of its Markdown, below the heading."""

    def carry_out(self, lab: Laboratory) -> Result:
        """Carry out the experiment, or take it from its folder if this code has finished it.

        Args:
            lab: network, data, seeds, folder and progress.

        Returns:
            The content of its file: `asked`, `finished`, `environment`, and its `summary`.

        Raises:
            RunError: the folder holds another experiment.
            ConfigError: this machine has no such device.
        """
        asked = {"start": to_dict(lab.config), "seeds": lab.seed_numbers} | self.settings
        return Kind(self.name, SHELF).conduct(lab.folder, asked, partial(self.carried_out, lab))

    def carried_out(self, lab: Laboratory) -> Result:
        """Every measurement of the plan, those already made included; and what made them."""
        from snnlab.runs.assemble import pick_device

        made_by = environment(str(pick_device(lab.config.device)))
        _ = lab.data  # raises an error before training if the data cannot be loaded
        found = [
            each | lab.remembered(each | self.settings, partial(self.measure, lab, each))
            for each in lab.watch.steps(self.plan(lab), self.label)
        ]
        return {"environment": made_by} | self.summary(lab, found)

    @classmethod
    def markdown(cls, result: Result) -> str:
        """Its result as tables: means over seeds, and what made them."""
        asked = result["asked"]
        epochs = f"{asked['start']['training']['epochs']} epochs"
        heading = tables.heading(cls.title, asked, result["environment"], epochs)
        return tables.document(heading, *cls.parts(result))

    @classmethod
    def default_folder(cls, config: RunConfig, runs: Path | None = None) -> Path:
        """The default folder of the experiment, inside the folder of runs."""
        return Kind(cls.name, SHELF).root(runs) / f"{cls.name}-{name_of(config)}"


def accuracy_header(entries: Sequence[Entry]) -> list[str]:
    """The headings of the columns of `accuracy_cells`."""
    return tables.columns_at(curve_of(entries[0]))


def accuracy_cells(entries: Sequence[Entry]) -> list[str]:
    """Mean accuracy over seeds at each T."""
    return [found.text() for found in SeedCurves.of(map(curve_of, entries)).estimates]


def difference_text(difference: float, interval: tuple[float, float] | None) -> str:
    """A difference in points with half the width of its interval."""
    return Estimate(difference, *(interval or (None, None))).text(sign="+")
