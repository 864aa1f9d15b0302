"""The configuration of a run: all settings that determine its result. No torch here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from snnlab.data.spec import CATALOGUE, DataSpec, is_own
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Neuron, Noise, Surrogate
from snnlab.runs.methods import (
    METHODS,
    PLAIN,
    Method,
    MethodName,
    Noises,
    drawn_in_words,
    plays_a_part,
    several_timesteps,
)
from snnlab.settings import Count, Seed, Valid, declared, quoted, settle, without_notes

Settings = TypeVar("Settings")
Device = Literal["auto", "cpu", "cuda", "mps"]
Trained = Annotated[MethodName, Valid(options=METHODS.keys, called="method")]


class ConfigError(ValueError):
    """An invalid configuration; the message quotes the value and says what is valid."""


@dataclass(frozen=True)
class RunConfig:
    """One training of one network with one seed, and the measurement after it.

    Raises:
        ConfigError: a value of another type, or outside its range.
    """

    method: Trained = PLAIN
    """How to train."""
    seed: Seed = 0
    """Seed of the initial weights, the order of the images, the augmentation and the noise."""
    timesteps: Annotated[int, Valid(low=1, usual=(2, 64), step=1)] = 16
    """Accuracy is measured at T = 1 to this many timesteps after training."""
    bptt_timesteps: Annotated[int, Valid(low=1, usual=(1, 16), step=1)] = 4
    """T during training with method bptt."""
    qcfs_levels: Count = 4
    """Steps between 0 and the threshold of the activations of method qcfs."""
    conversion_timesteps: Count = 256
    """Networks converted after training are measured at T = 1 to this many timesteps ..."""
    conversion_images: Count = 500
    """... on at most this many of the test images, because many timesteps take long. The
    spiking methods are also measured on the same images."""
    device: Device = "auto"
    """Where to train; auto: the first GPU, else the CPU."""
    data: DataSpec = field(default_factory=DataSpec)
    """Images for training and test."""
    model: Architecture = field(default_factory=Architecture)
    """The network."""
    neuron: Neuron = field(default_factory=Neuron)
    """Its neurons. v_init None: the mean of the noise for methods with noise; for others the best
    value for the method (see RESULTS.md), or 0, the potential of a neuron at rest."""
    noise: Noise = field(default_factory=Noise)
    """The noise of method noise."""
    stage_noise: tuple[Noise, ...] = ()
    """The noise of method noise for each neuron layer in turn, as `calibrate_noise` measures it;
    none: `noise` in all of them."""
    target_noise: Noise = field(default_factory=lambda: Noise("uniform", timesteps=4))
    """The noise of methods target-noise and noise-then-spikes; its `timesteps` is the number of
    timesteps that one pass represents."""
    bias_correction: Annotated[int | None, Valid(low=0)] = None
    """T at which the biases of a spiking network are corrected after training, so that its mean
    rates match the mean responses of training; 0: no correction. None: as usual for its method."""
    surrogate: Surrogate = field(default_factory=lambda: Surrogate.matched(Noise()))
    """Slope of the threshold for the methods without noise; with noise it is the exact derivative
    of the firing probability."""
    training: Training = field(default_factory=Training)
    """How to train."""

    def __post_init__(self) -> None:
        settle(self, ConfigError)

    @property
    def entry(self) -> Method:
        """The entry of its method in `METHODS`."""
        return METHODS[self.method]

    @property
    def objective_timesteps(self) -> int:
        """T of training and of its validation; a rates phase at the end has other T."""
        return self.bptt_timesteps if plays_a_part("bptt_timesteps", self.method) else 1

    @property
    def training_timesteps(self) -> tuple[int, ...]:
        """Every T during training, that of the objective first."""
        training = self.acting_training
        drawn = sorted(set(training.rates_timesteps)) if training.rates_epochs else []
        return tuple(dict.fromkeys([self.objective_timesteps, *drawn]))

    @property
    def note(self) -> str:
        """A note to show with this training, or an empty text; see `several_timesteps`."""
        return several_timesteps(self.acting_training)

    def phase(self, epoch: int) -> str:
        """The phase of training in an epoch (from 1 on), in words; empty if there is only one.

        Example:
            >>> RunConfig(method="noise-then-spikes").phase(1)
            'mean responses'
        """
        epochs = range(1, self.training.epochs + 1)
        return self._phase(epoch) if len(set(map(self._phase, epochs))) > 1 else ""

    def _phase(self, epoch: int) -> str:
        training = self.acting_training
        if training.on_own_spikes(epoch):
            return f"own spikes at T = {drawn_in_words(training)}"
        if training.on_mean_response(epoch):
            return "mean responses"
        noisy = self.acting_noise is not None and training.noise_factor(epoch) > 0
        return "noise" if noisy else "no noise"

    @property
    def acting_noise(self) -> Noises:
        """The noise with which the network is built: one for all stages, or one per stage."""
        return self.entry.noise(self)

    @property
    def noise_can_stay(self) -> bool:
        """Whether the noise could also act at each timestep after training."""
        noise = self.acting_noise
        noises = noise if isinstance(noise, tuple) else [noise]
        return all(one is not None and one.each_timestep for one in noises)

    @property
    def acting_neuron(self) -> Neuron:
        """The neuron with which the network is built, with a number as v_init.

        With one noise per stage v_init stays None: `build` sets it to the mean of each noise.
        """
        noise = self.acting_noise
        if self.neuron.v_init is not None or isinstance(noise, tuple):
            return self.neuron
        v_init = self.entry.v_init if noise is None else noise.mu
        return replace(self.neuron, v_init=v_init * self.neuron.v_th)

    @property
    def acting_correction(self) -> int:
        """T at which the biases are corrected after training; 0: no correction."""
        set_T = self.bias_correction
        return self.entry.corrected_at(self) if set_T is None else set_T

    @property
    def acting_model(self) -> Architecture:
        """The architecture of the network, with the defaults of the method filled in."""
        return self.entry.model(self.model)

    @property
    def acting_training(self) -> Training:
        """The settings of its training, with the defaults of the method filled in."""
        return self.entry.training(self.training)

    @property
    def acting(self) -> RunConfig:
        """This configuration with all defaults of its method filled in; equal ones train alike."""
        return replace(
            self,
            neuron=self.acting_neuron,
            model=self.acting_model,
            training=self.acting_training,
            bias_correction=self.acting_correction,
        )

    @property
    def spiking(self) -> bool:
        """Whether the network has spiking neurons while it trains."""
        return self.entry.network == "spiking"


def to_dict(config: RunConfig) -> dict[str, Any]:
    """The configuration as nested dictionaries and lists, for JSON."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return values


def from_dict(values: dict[str, Any]) -> RunConfig:
    """Make a configuration from the result of `to_dict`; missing keys get their defaults.

    Raises:
        ConfigError: unknown keys (the valid ones are listed), wrong types or values.
    """
    config: RunConfig = made(RunConfig, values, "")
    return config


def anchored(config: RunConfig) -> RunConfig:
    """The configuration with absolute paths to its data, valid in any working directory."""

    def absolute(path: str) -> str:
        return str(Path(path).expanduser().absolute())

    data = config.data
    named = data.name in CATALOGUE or is_own(data.name)
    name = data.name if named else absolute(data.name)
    root = data.root and absolute(data.root)
    return replace(config, data=replace(data, name=name, root=root))


def with_settings(group: Settings, settings: Mapping[str, Any]) -> Settings:
    """A configuration, or another group of settings, with some of them replaced.

    Args:
        group: a dataclass.
        settings: new values by dotted name.

    Raises:
        ConfigError: an unknown setting (the valid ones are listed), or a value it cannot have.

    Example:
        >>> with_settings(RunConfig(), {"noise.sigma": 0.1}).noise.sigma
        0.1
    """
    values = asdict(group)  # type: ignore[call-overload]
    for name, value in settings.items():
        *groups, last = name.split(".")
        inner = values
        for step in groups:
            inner = inner.setdefault(step, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"{step} is one setting, not a group, got {name!r}")
        inner[last] = value
    found: Settings = made(type(group), values, "")
    return found


def made(kind: Any, values: Any, path: str) -> Any:
    """Make a dataclass from a dictionary, and those inside it.

    Args:
        kind: the dataclass.
        values: its fields by name.
        path: its dotted name with a dot at the end, for messages; empty for the outermost.
    """
    if isinstance(values, kind):
        return values
    where = path.rstrip(".") or "the configuration"
    if not isinstance(values, dict):
        raise ConfigError(f"{where} must be a group of settings, got {quoted(values)}")
    known = declared(kind)
    for key in values:
        if key not in known:
            raise ConfigError(f"unknown setting {path}{key}; valid: {', '.join(known)}")
    given = {
        key: part(without_notes(known[key]), value, f"{path}{key}") for key, value in values.items()
    }
    try:
        return kind(**given)
    except ValueError as error:
        said = str(error)
        about = re.split(r"[ \[]", said)[0]  # most messages begin with the setting
        if about in known:
            raise ConfigError(f"{path}{said}") from error
        raise ConfigError(f"{said} (in {where})" if path else said) from error


def part(kind: Any, value: Any, path: str) -> Any:
    """A value of a setting: dictionaries become groups of settings; the group checks the rest."""
    if is_dataclass(kind):
        return made(kind, value, f"{path}.")
    inner = get_args(kind)[0] if get_origin(kind) is tuple else None
    if is_dataclass(inner) and isinstance(value, list | tuple):
        return tuple(made(inner, one, f"{path}[{i}].") for i, one in enumerate(value))
    return value
