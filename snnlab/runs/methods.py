"""The methods of training: one entry for each, with everything that differs. No torch here.

Command line, presets, dashboard, races, the audit, figures, charts and legends read `METHODS`, so a
method that is added there appears in all of them. Functions in an entry import torch only when they
are called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeVar

from snnlab.learning.spec import Training
from snnlab.network.spec import INSIDE, Activation, Architecture
from snnlab.neuron.spec import Noise

if TYPE_CHECKING:
    from snnlab.data.images import Images
    from snnlab.learning.objectives import Objective
    from snnlab.network.net import ANN, SpikingNet

Noises = Noise | tuple[Noise, ...] | None
"""The same noise in every neuron layer, one for each in turn, or none."""

Settings = TypeVar("Settings", Architecture, Training)

Role = Literal["ours", "without noise", "through time", "converted"]
"""The part of a method in the paper's claims, see `claims`."""

Dashes = Literal["-", "--", "-.", ":"] | tuple[float, tuple[float, ...]]


class Config(Protocol):
    """What a method reads of a `RunConfig`, which imports this file to check its method's name."""

    @property
    def bptt_timesteps(self) -> int: ...  # noqa: D102
    @property
    def conversion_timesteps(self) -> int: ...  # noqa: D102
    @property
    def noise(self) -> Noise: ...  # noqa: D102
    @property
    def stage_noise(self) -> tuple[Noise, ...]: ...  # noqa: D102
    @property
    def target_noise(self) -> Noise: ...  # noqa: D102


class Look(NamedTuple):
    """How figures and charts draw a method: each of colour, marker and dashes is unique."""

    hue: str
    """One of `show.colours.HUES`."""
    marker: str
    """Its name in Matplotlib."""
    dashes: Dashes


def single_step(config: Config) -> Objective:
    """One timestep."""
    from snnlab.learning.objectives import SingleStep

    return SingleStep()


def through_time(config: Config) -> Objective:
    """Backpropagation through T timesteps."""
    from snnlab.learning.objectives import BPTT

    return BPTT(config.bptt_timesteps)


def one_pass(config: Config) -> Objective:
    """An ordinary network."""
    from snnlab.learning.objectives import PlainANN

    return PlainANN()


def from_relu(net: ANN, train: Images, config: Config) -> dict[str, SpikingNet]:
    """Every way in which a ReLU network is converted."""
    from snnlab.runs.conversions import relu_conversions

    return relu_conversions(net, train, config.conversion_timesteps)


def from_qcfs(net: ANN, train: Images, config: Config) -> dict[str, SpikingNet]:
    """Every way in which a network of quantised activations is converted."""
    from snnlab.runs.conversions import qcfs_conversions

    return qcfs_conversions(net, train, config.conversion_timesteps)


def filled(settings: Settings, **defaults: float | str) -> Settings:
    """A copy of a group of settings in which settings that are None get these values."""
    missing = {name: value for name, value in defaults.items() if getattr(settings, name) is None}
    return replace(settings, **missing)  # type: ignore[arg-type]


def learned_from_twice(model: Architecture) -> Architecture:
    """The architecture with learned thresholds that start from 2, unless it has other settings.

    A threshold of twice the standard deviation of the current clips little; training lowers it.
    """
    if model.learned_threshold == "no":
        return model
    return filled(model, learned_threshold="layer", threshold_start=2.0, norm_weight=1.0)


SEVERAL_TIMESTEPS = "its last phase runs several timesteps ({}), so it is not T = 1 training"
"""The note that is shown with each training with a rates phase."""


def several_timesteps(training: Training) -> str:
    """A note for a training whose last phase runs several timesteps; empty for all others.

    Example:
        >>> several_timesteps(Training(rates_fraction=0.5, rates_timesteps=(4, 2, 4)))
        'its last phase runs several timesteps (T = 2 or 4), so it is not T = 1 training'
    """
    if not training.rates_epochs or max(training.rates_timesteps) == 1:
        return ""
    return SEVERAL_TIMESTEPS.format(f"T = {drawn_in_words(training)}")


def drawn_in_words(training: Training) -> str:
    """The T that the batches of a rates phase draw, each once: "1, 2, 4 or 8"."""
    *others, last = map(str, sorted(set(training.rates_timesteps)))
    return f"{', '.join(others)} or {last}" if others else last


@dataclass(frozen=True)
class Method:
    """A method of training a network, with its name, its look and its conversions.

    RESULTS.md holds the measurements behind the starting values of the baselines, which were
    tuned, so that comparisons mean something.
    """

    title: str
    """Its name in figures, legends, menus and tables."""
    says: str
    """A description in one line."""
    look: Look
    network: Activation = "spiking"
    """The activation at the end of each stage during training, see `build`."""
    objective: Callable[[Config], Objective] = single_step
    """The objective of training, from the configuration."""
    noise: Callable[[Config], Noises] = lambda config: None
    """The noise with which the network is built, from the configuration."""
    v_init: float = 0.0
    """v_init of its neurons in units of v_th, if neither noise nor configuration sets it."""
    race_v_init: float | None = None
    """The same in races and studies, for the best accuracy of the method; None: `v_init`."""
    model: Callable[[Architecture], Architecture] = lambda model: model
    """Fills in the method's defaults for settings of the architecture that are None."""
    training: Callable[[Training], Training] = lambda training: training
    """Fills in the method's defaults for settings of the training that are None."""
    corrected_at: Callable[[Config], int] = lambda config: 0
    """T at which biases are corrected after training; 0: no correction."""
    conversions: Callable[[ANN, Images, Config], dict[str, SpikingNet]] | None = None
    """The conversions of a network that does not spike, best practice first."""
    uses: tuple[str, ...] = ()
    """Settings of a run, or groups of them, that only methods which list them use."""
    named_by: tuple[tuple[str, str], ...] = ()
    """Settings that are part of its name in a legend: dotted name and symbol."""
    role: Role | None = None
    """Its part in the audit; None: it has none."""

    @property
    def note(self) -> str:
        """A note to show beside its title, or an empty text; see `several_timesteps`."""
        return several_timesteps(self.training(Training()))

    @property
    def in_words(self) -> str:
        """Its description, and its note if it has one."""
        return "; ".join(filter(None, (self.says, self.note)))


NOISY_EPOCHS = ("training.noise_fraction", "training.noise_schedule", "training.noise_floor")
"""Settings for the epochs in which the noise acts, and for its strength."""
RATES = tuple(f"training.rates_{part}" for part in ("fraction", "timesteps", "mean_share"))
"""Settings of the rates phase, for every spiking method."""
PLAIN, QUIET, TARGET, RECIPE = "noise", "no-noise", "target-noise", "noise-then-spikes"
"""Names of methods: the one that the kit teaches; the same without noise; with noise for several
timesteps; that of the presets, see `presets`."""
PAIR = (PLAIN, QUIET)
"""Two methods that differ only in the noise."""

METHODS: dict[str, Method] = {
    PLAIN: Method(
        "with noise",
        "one timestep with noise in place of the residual potential",
        Look("blue", "o", "-"),
        noise=lambda config: config.stage_noise or config.noise,
        model=lambda model: filled(model, norm_weight=INSIDE),
        uses=("noise", "stage_noise", *NOISY_EPOCHS, *RATES),
        named_by=(("noise.sigma", "σ"),),
        role="ours",
    ),
    RECIPE: Method(
        "noise, then spikes",
        "one pass with noise, and in the last epochs the network's own spikes",
        Look("sky", "X", (0, (4, 1))),
        noise=lambda config: config.target_noise,
        model=learned_from_twice,
        training=lambda training: filled(training, warm_up_fraction=0.5, rates_fraction=1 / 3),
        uses=("target_noise", *NOISY_EPOCHS, *RATES),
    ),
    TARGET: Method(
        "target-T noise",
        "one pass with noise that stands for several timesteps",
        Look("orange", "v", (0, (7, 2))),
        noise=lambda config: config.target_noise,
        model=learned_from_twice,
        training=lambda training: filled(training, warm_up_fraction=0.5),
        corrected_at=lambda config: config.target_noise.timesteps,
        uses=("target_noise", *NOISY_EPOCHS, *RATES),
    ),
    QUIET: Method(
        "without noise",
        "one timestep, no noise",
        Look("vermillion", "s", "--"),
        race_v_init=0.5,
        model=lambda model: filled(model, norm_weight=1.0),
        uses=("surrogate", *RATES),
        role="without noise",
    ),
    "bptt": Method(
        "BPTT",
        "backpropagation through time",
        Look("green", "^", "-."),
        objective=through_time,
        v_init=0.5,
        model=lambda model: filled(model, norm_weight=INSIDE),
        uses=("bptt_timesteps", "surrogate", *RATES),
        named_by=(("bptt_timesteps", "T"),),
        role="through time",
    ),
    "ann": Method(
        "ANN, converted",
        "a ReLU network, converted to spiking neurons after training",
        Look("black", "D", ":"),
        network="relu",
        objective=one_pass,
        conversions=from_relu,
        uses=("conversion_timesteps",),
        role="converted",
    ),
    "qcfs": Method(
        "QCFS, converted",
        "a network of quantised activations, converted to spiking neurons after training",
        Look("purple", "P", (0, (3, 1, 1, 1, 1, 1))),
        network="qcfs",
        objective=one_pass,
        conversions=from_qcfs,
        uses=("conversion_timesteps", "qcfs_levels"),
        named_by=(("qcfs_levels", "L"),),
        role="converted",
    ),
}
"""All methods by their names in configurations and run ids, in the order of legends."""


class Compared(NamedTuple):
    """One of the compared networks; they differ only in the potential from which neurons start."""

    title: str
    """As figures, legends and tables write it."""
    method: str
    """One of `METHODS`."""
    v_init: float | None
    """v_init of its neurons in units of v_th; None: the mean of the noise."""
    look: Look
    """How figures and charts draw it."""


COMPARED: dict[str, Compared] = {
    PLAIN: Compared(METHODS[PLAIN].title, PLAIN, None, METHODS[PLAIN].look),
    f"{QUIET}-half": Compared(
        "without noise, from v_th / 2", QUIET, METHODS[QUIET].race_v_init, METHODS[QUIET].look
    ),
    f"{QUIET}-rest": Compared(
        "without noise, from rest", QUIET, 0.0, Look("olive", "<", (0, (12, 3)))
    ),
}
"""The compared networks by their names in tables. Noise has a mean and a spread; the second network
starts from this mean without a spread, the third has neither."""


def entry_of(name: str) -> Compared | Method | None:
    """The entry of this name in `COMPARED` or `METHODS`; None: there is none."""
    return COMPARED.get(name) or METHODS.get(name)


KIT_METHODS = tuple(METHODS.values())
"""The methods of the kit, without those that users add."""

if TYPE_CHECKING:
    MethodName = str
else:
    MethodName = Literal[tuple(METHODS)]  # the command line lists them


def in_role(role: Role) -> list[str]:
    """Names of the methods with this part in the claims."""
    return [name for name, method in METHODS.items() if method.role == role]


def plays_a_part(setting: str, method: str) -> bool:
    """Whether a method uses a setting, given by its dotted name.

    Example:
        >>> plays_a_part("noise.sigma", "bptt")
        False
    """

    def counts(entry: Method) -> bool:
        return any(f"{setting}.".startswith(f"{name}.") for name in entry.uses)

    return counts(METHODS[method]) or not any(map(counts, METHODS.values()))
