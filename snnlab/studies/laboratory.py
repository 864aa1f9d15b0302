"""The noise laboratory: what its four experiments share. No torch here.

    laboratory_calibration   which noise fits a network, and which one a leaky network
    laboratory_sweep         families of noise and sigma from 0 to 1
    laboratory_breaks        what breaks lossless conversion, one switch at a time
    laboratory_robustness    accuracy under noise on images and weights and with lost spikes

    runs/noise/<experiment>-<data>-<model>/<experiment>.json   what was asked for and measured
                                           runs/<id>/          the networks, see `store`
                                           measured/<key>.json   measurements already made

The same command goes on where it was stopped, and answers at once when it is done.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from snnlab.measure.curve import powers_of_two
from snnlab.runs.config import ConfigError, RunConfig, to_dict
from snnlab.runs.methods import PLAIN
from snnlab.runs.presets import without_noise
from snnlab.runs.provenance import code_digest, environment
from snnlab.runs.store import RUNS, Run, read_json, write_json
from snnlab.runs.study import Result, Watch, name_of, open_folder
from snnlab.settings import Count, settle

if TYPE_CHECKING:
    from snnlab.data.images import Data
    from snnlab.network.net import SpikingNet

LABORATORY = RUNS / "noise"


@dataclass(frozen=True)
class Laboratory:
    """On what an experiment is made.

    Raises:
        ConfigError: fewer than 1 seed, or another method than noise.
    """

    start: RunConfig = field(default_factory=RunConfig)
    """Architecture, data, noise and training; its seed is the first one."""
    seeds: Count = 3
    """Networks per setting."""
    folder: Path = LABORATORY
    """The experiment's own folder."""

    def __post_init__(self) -> None:
        settle(self, ConfigError)
        if self.start.method != PLAIN:
            raise ConfigError(
                f"the laboratory starts from method {PLAIN}, got --method {self.start.method}"
            )

    @property
    def seed_numbers(self) -> list[int]:
        """The seeds themselves."""
        return list(range(self.start.seed, self.start.seed + self.seeds))

    @property
    def timesteps(self) -> list[int]:
        """T at which accuracies are measured: powers of two up to that of the configuration."""
        return powers_of_two(self.start.timesteps)

    def seeded(self, seed: int) -> RunConfig:
        """The configuration that the experiment starts from, with another seed."""
        return replace(self.start, seed=seed)

    def without_noise(self, seed: int, v_init: float | None = None) -> RunConfig:
        """The same without noise; v_init None: v_th / 2, where networks with noise start."""
        start = self.seeded(seed)
        if v_init is not None:
            start = replace(start, neuron=replace(start.neuron, v_init=v_init))
        return without_noise(start)

    def train(self, config: RunConfig, watch: Watch) -> Run:
        """A finished run of a configuration, trained now unless it is there."""
        from snnlab.runs.run import run

        root = self.folder / "runs"
        return run(config, root, on_batch=watch.on_batch, on_epoch=watch.on_epoch)

    def network(self, config: RunConfig, watch: Watch) -> SpikingNet:
        """The network of such a run, in evaluation mode, on the device of the configuration."""
        from snnlab.runs.assemble import pick_device

        found = self.train(config, watch).network(str(pick_device(config.device)))
        return cast("SpikingNet", found)

    def data(self) -> Data:
        """The data that all networks of the experiment learn from."""
        from snnlab.runs.assemble import load_images, pick_device

        return load_images(self.start, pick_device(self.start.device))

    def remembered(self, asked: dict[str, Any], measure: Callable[[], Result]) -> Result:
        """A measurement; taken from the folder if this code has made it already.

        Args:
            asked: all that decides the result, in plain values.
            measure: makes it: plain values.
        """
        key = json.dumps([asked, to_dict(self.start), code_digest()], sort_keys=True)
        path = self.folder / "measured" / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
        if path.exists():
            return read_json(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"asked": asked} | measure())
        return read_json(path)


def default_folder(experiment: str, start: RunConfig) -> Path:
    """Where an experiment lies unless told otherwise."""
    return LABORATORY / f"{experiment}-{name_of(start)}"


def conduct(
    lab: Laboratory, experiment: str, settings: dict[str, Any], work: Callable[[], Result]
) -> Result:
    """Carry out an experiment, or take it from its folder if this code has finished it.

    Args:
        lab: on what.
        experiment: its name, and that of its file.
        settings: what else decides the result, in plain values.
        work: does it: plain values, which become the content of the file.

    Returns:
        The content of the file: `asked`, `finished`, `environment`, and what `work` found.

    Raises:
        RunError: the folder holds another experiment.
    """
    from snnlab.runs.assemble import pick_device

    path = lab.folder / f"{experiment}.json"
    asked = {"start": to_dict(lab.start), "seeds": lab.seed_numbers} | settings
    device = str(pick_device(lab.start.device))
    there = open_folder(
        lab.folder,
        path.name,
        asked,
        key="asked",
        kind=experiment,
        shelf=LABORATORY.name,
        option="--out",
    )
    if there and there.get("finished") and there["environment"].get("code") == code_digest():
        return there
    result = {"asked": asked, "finished": True, "environment": environment(device)}
    write_json(path, result | work())
    return read_json(path)
