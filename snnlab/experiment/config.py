"""The configuration of a run: all that decides its result. No torch here."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, get_args, get_type_hints

import dacite

from snnlab.data.spec import DataSpec
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Neuron, Noise

Method = Literal["noise", "no-noise", "bptt", "ann"]
METHODS: tuple[str, ...] = get_args(Method)
Device = Literal["auto", "cpu", "cuda", "mps"]


class ConfigError(ValueError):
    """A configuration that makes no sense; the message quotes it and says what is valid."""


@dataclass(frozen=True)
class RunConfig:
    """One training of one network with one seed, and the measurement after it.

    Raises:
        ConfigError: a value outside its range.
    """

    method: Method = "noise"
    """noise: one timestep with noise (ours); no-noise: one timestep without; bptt:
    backpropagation through time; ann: a ReLU network."""
    seed: int = 0
    """Of the initial weights, the order of the images, the augmentation and the noise."""
    timesteps: int = 16
    """Accuracy is measured at T = 1 to this many timesteps after training."""
    bptt_timesteps: int = 4
    """T during training with method bptt."""
    device: Device = "auto"
    """Where to train; auto: the first GPU, else the CPU."""
    data: DataSpec = field(default_factory=DataSpec)
    """Images to learn and to test on."""
    model: Architecture = field(default_factory=Architecture)
    """The network."""
    neuron: Neuron = field(default_factory=Neuron)
    """Its neurons. v_init None: the mean of the noise for method noise, else 0, the
    potential of a neuron at rest."""
    noise: Noise = field(default_factory=Noise)
    """The noise of method noise; the other methods have none."""
    training: Training = field(default_factory=Training)
    """How to train."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ConfigError(f"unknown method {self.method!r}; valid: {', '.join(METHODS)}")
        if self.device not in get_args(Device):
            valid = ", ".join(get_args(Device))
            raise ConfigError(f"unknown device {self.device!r}; valid: {valid}")
        for name in ("timesteps", "bptt_timesteps"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.seed < 2**31:
            raise ConfigError(f"seed must lie in 0 .. 2^31 - 1, got {self.seed}")

    @property
    def acting_noise(self) -> Noise | None:
        """The noise that the network is built with."""
        return self.noise if self.method == "noise" else None

    @property
    def acting_neuron(self) -> Neuron:
        """The neuron that the network is built with, its v_init a number."""
        if self.neuron.v_init is not None:
            return self.neuron
        start = self.noise.mu * self.neuron.v_th if self.method == "noise" else 0.0
        return replace(self.neuron, v_init=start)

    @property
    def spiking(self) -> bool:
        """Whether the network has spiking neurons."""
        return self.method != "ann"


def to_dict(config: RunConfig) -> dict[str, Any]:
    """The configuration as nested dictionaries of plain values, for JSON."""
    return asdict(config)


def from_dict(values: dict[str, Any]) -> RunConfig:
    """The configuration that `to_dict` wrote; missing keys take their defaults.

    Raises:
        ConfigError: unknown keys (the valid ones are listed), wrong types or values.
    """
    check_keys(RunConfig, values, "")
    strict = dacite.Config(strict=True, cast=[float])
    try:
        return dacite.from_dict(RunConfig, values, strict)
    except dacite.DaciteError as error:
        raise ConfigError(f"configuration does not fit: {error}") from error
    except ValueError as error:
        raise ConfigError(str(error)) from error


def check_keys(kind: type, values: object, path: str) -> None:
    """Raise ConfigError for keys that the dataclass `kind` or one inside it does not have."""
    if not isinstance(values, dict):
        where = path.rstrip(".") or "the configuration"
        raise ConfigError(f"{where} must be a group of settings, got {values!r}")
    valid = [f.name for f in fields(kind)]
    hints = get_type_hints(kind)
    for key, value in values.items():
        if key not in valid:
            raise ConfigError(f"unknown setting {path}{key}; valid: {', '.join(valid)}")
        if is_dataclass(hints[key]):
            check_keys(hints[key], value, f"{path}{key}.")
