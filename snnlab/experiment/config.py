"""The configuration of a run: all that decides its result. No torch here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from types import NoneType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import dacite

from snnlab.data.spec import DataSpec
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Neuron, Noise, Surrogate

Method = Literal["noise", "target-noise", "no-noise", "bptt", "ann", "qcfs"]
METHODS: tuple[str, ...] = get_args(Method)
Device = Literal["auto", "cpu", "cuda", "mps"]
COUNTS = (
    "timesteps",
    "bptt_timesteps",
    "qcfs_levels",
    "conversion_timesteps",
    "conversion_images",
)

BPTT_START = {"v_init": 0.5, "norm_weight": 0.5}
"""Where BPTT starts unless told otherwise: v_init in units of v_th, weight of batch norms.

The baselines were tuned, so that comparisons mean something. Test accuracy (%) of the convnet on
digits (2 seeds, 15 epochs) and, for no noise, on MNIST-5k (1 seed, 6 epochs); one core of an AMD
EPYC, torch 2.15. With so few seeds, differences of about 0.5 mean little:

    BPTT, T = 4 in training        T = 1    T = 4    T = 8
    v_init 0,   norm 1,   arctan   96.33    98.55    98.55
    v_init 0.5, norm 1,   arctan   98.00    98.44    98.44
    v_init 0.5, norm 1,   Gauss    97.77    98.00    98.22
    v_init 0.5, norm 0.5, arctan   97.66    98.66    98.78
    v_init 0.5, norm 0.5, Gauss    97.66    98.55    98.89

    BPTT of leaky neurons, Gauss   T = 1    T = 4    T = 8      (10 epochs)
    beta 0.9, v_init 0,   norm 1   95.66    98.44    98.33
    beta 0.9, v_init 0.5, norm 1   97.77    98.55    98.66
    beta 0.9, v_init 0.5, norm 0.5 97.66    98.66    98.66
    beta 0.5, v_init 0.5, norm 0.5 97.77    98.55    98.55

    no noise                       T = 1            T = 4            T = 8
    v_init 0,   norm 1,   arctan   97.10 / 97.04    94.54 / 91.20    88.31 / 78.96
    v_init 0.5, norm 1,   arctan   97.77 / 96.72    98.00 / 94.16    97.77 / 92.72
    v_init 0.5, norm 0.5, Gauss    98.11 / 96.96    97.55 / 80.08    97.10 / 74.24
    v_init 0.5, norm 1,   Gauss    97.77 / 96.80    98.00 / 95.20    97.88 / 94.56

Gauss is the surrogate of width 0.2887 that fits the matched noise. The race lets the method
without noise start at 0.5 as well.
"""

TARGET_START = {"threshold_start": 2.0, "norm_weight": 1.0}
"""Where target-noise starts when it learns its thresholds, unless told otherwise. A threshold at
twice the standard deviation of its current clips little; training lowers it. See RESULTS.md."""

TARGET_WARM_UP = 0.5
"""Initial share of the epochs in which target-noise trains on mean responses, unless told."""


class ConfigError(ValueError):
    """A configuration that makes no sense; the message quotes it and says what is valid."""


@dataclass(frozen=True)
class RunConfig:
    """One training of one network with one seed, and the measurement after it.

    Raises:
        ConfigError: a value outside its range.
    """

    method: Method = "noise"
    """noise: one timestep with noise (ours); target-noise: one pass with noise that stands for
    several timesteps; no-noise: one timestep without; bptt: backpropagation through time; ann: a
    ReLU network; qcfs: a network of quantised activations. The last two are converted to spiking
    neurons after training."""
    seed: int = 0
    """Of the initial weights, the order of the images, the augmentation and the noise."""
    timesteps: int = 16
    """Accuracy is measured at T = 1 to this many timesteps after training."""
    bptt_timesteps: int = 4
    """T during training with method bptt."""
    qcfs_levels: int = 4
    """Steps between 0 and the threshold of the activations of method qcfs."""
    conversion_timesteps: int = 256
    """Conversions of ann and qcfs are measured at T = 1 to this many timesteps ..."""
    conversion_images: int = 500
    """... on this many of the test images at most, so that slow ones end in good time. The
    spiking methods are measured on the same images as well."""
    device: Device = "auto"
    """Where to train; auto: the first GPU, else the CPU."""
    data: DataSpec = field(default_factory=DataSpec)
    """Images to learn and to test on."""
    model: Architecture = field(default_factory=Architecture)
    """The network."""
    neuron: Neuron = field(default_factory=Neuron)
    """Its neurons. v_init None: the mean of the noise for methods with noise; v_th / 2 for bptt,
    which does better with it (see `BPTT_START`); else 0, the potential of a neuron at rest."""
    noise: Noise = field(default_factory=Noise)
    """The noise of method noise."""
    stage_noise: tuple[Noise, ...] = ()
    """The noise of method noise for each neuron layer in turn, as `calibrate_noise` measures it;
    none: `noise` in all of them."""
    target_noise: Noise = field(default_factory=lambda: Noise("uniform", timesteps=4))
    """The noise of method target-noise: its timesteps are those that one pass stands for."""
    bias_correction: int | None = None
    """T at which the biases of a spiking network are corrected after training, so that its mean
    rates follow what it learned; 0: not at all. None: target-noise at its timesteps, others not."""
    surrogate: Surrogate = field(default_factory=lambda: Surrogate.matched(Noise()))
    """Slope of the threshold for the methods without noise (see `BPTT_START`); with noise it
    is the exact derivative of the firing probability."""
    training: Training = field(default_factory=Training)
    """How to train."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ConfigError(f"unknown method {self.method!r}; valid: {', '.join(METHODS)}")
        if self.device not in get_args(Device):
            valid = ", ".join(get_args(Device))
            raise ConfigError(f"unknown device {self.device!r}; valid: {valid}")
        for name in COUNTS:
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.bias_correction is not None and self.bias_correction < 0:
            raise ConfigError(f"bias_correction must be at least 0, got {self.bias_correction}")
        if not 0 <= self.seed < 2**31:
            raise ConfigError(f"seed must lie in 0 .. 2^31 - 1, got {self.seed}")

    @property
    def acting_noise(self) -> Noise | tuple[Noise, ...] | None:
        """The noise that the network is built with: the same everywhere, or one per stage."""
        if self.method == "noise":
            return self.stage_noise or self.noise
        return self.target_noise if self.method == "target-noise" else None

    @property
    def acting_neuron(self) -> Neuron:
        """The neuron that the network is built with, its v_init a number.

        It is None where each stage has a noise of its own, and then the mean of that.
        """
        noise = self.acting_noise
        if self.neuron.v_init is not None or isinstance(noise, tuple):
            return self.neuron
        start = BPTT_START["v_init"] if self.method == "bptt" else 0.0
        start = start if noise is None else noise.mu
        return replace(self.neuron, v_init=start * self.neuron.v_th)

    @property
    def acting_correction(self) -> int:
        """T at which the biases are corrected after training; 0: not at all."""
        if self.bias_correction is not None:
            return self.bias_correction
        return self.target_noise.timesteps if self.method == "target-noise" else 0

    @property
    def acting_model(self) -> Architecture:
        """The architecture that is built.

        Unless the configuration says otherwise, bptt starts from a batch-norm weight of its own,
        and target-noise learns its thresholds, from `TARGET_START` on.
        """
        model = self.model
        if self.method == "bptt" and model.norm_weight is None:
            return replace(model, norm_weight=BPTT_START["norm_weight"])
        if self.method == "target-noise" and model.learned_threshold != "no":
            return replace(
                model,
                learned_threshold=model.learned_threshold or "layer",
                threshold_start=model.threshold_start or TARGET_START["threshold_start"],
                norm_weight=model.norm_weight or TARGET_START["norm_weight"],
            )
        return model

    @property
    def acting_training(self) -> Training:
        """How the network is trained: target-noise warms up, unless told otherwise."""
        if self.method == "target-noise" and self.training.warm_up_fraction is None:
            return replace(self.training, warm_up_fraction=TARGET_WARM_UP)
        return self.training

    @property
    def spiking(self) -> bool:
        """Whether the network has spiking neurons."""
        return self.method not in ("ann", "qcfs")


def to_dict(config: RunConfig) -> dict[str, Any]:
    """The configuration as nested dictionaries and lists of plain values, as JSON holds them."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return plain


def from_dict(values: dict[str, Any]) -> RunConfig:
    """The configuration that `to_dict` wrote; missing keys take their defaults.

    Raises:
        ConfigError: unknown keys (the valid ones are listed), wrong types or values.
    """
    check_keys(RunConfig, values, "")
    hooks: dict[type, Any] = {int: as_int, float: as_float}
    strict = dacite.Config(strict=True, type_hooks=hooks, cast=[tuple])
    try:
        return dacite.from_dict(RunConfig, values, strict)
    except dacite.WrongTypeError as error:
        wanted = described(error.field_type)
        message = f"{error.field_path} must be {wanted}, got {error.value!r}"
        raise ConfigError(message) from error
    except (ValueError, OverflowError) as error:
        raise ConfigError(str(error)) from error


def as_int(value: Any) -> Any:
    """The value; what is no number is refused later, True (a number to Python) here."""
    if isinstance(value, bool):
        raise dacite.WrongTypeError(int, value)
    return value


def as_float(value: Any) -> Any:
    """A whole number as a float; True is refused here, what is no number later."""
    if isinstance(value, bool):
        raise dacite.WrongTypeError(float, value)
    return float(value) if isinstance(value, int) else value


def described(kind: Any) -> str:
    """A type in the words of an error message."""
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    if get_origin(kind) is tuple:
        return "a list, of " + {float: "numbers"}.get(get_args(kind)[0], "groups of settings")
    words = {
        int: "a whole number",
        float: "a number",
        str: "text",
        bool: "true or false",
        NoneType: "null",
    }
    return " or ".join(words.get(part, str(part)) for part in get_args(kind) or (kind,))


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
        elif get_origin(hints[key]) is tuple:
            check_items(get_args(hints[key])[0], value, f"{path}{key}")


def check_items(kind: Any, values: object, path: str) -> None:
    """Raise ConfigError unless `values` is a list, and as `check_keys` for groups in it."""
    if not isinstance(values, list | tuple):
        raise ConfigError(f"{path} must be a list, got {values!r}")
    if is_dataclass(kind):
        for i, value in enumerate(values):
            check_keys(cast(type, kind), value, f"{path}.{i}.")
