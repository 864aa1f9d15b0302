"""The methods of training, one entry each: all that tells one from the others. No torch here.

Command line, presets, dashboard, races, the audit, figures, charts and legends read `METHODS`; a
method that is put into it takes part in all of them. What an entry builds it names as a function
that imports when it is called.
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
"""Which side of the paper's claims a method stands on, see `claims`."""

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
    """How figures and charts draw a method; colour, marker and dashes each tell it apart."""

    hue: str
    """One of `show.colours.HUES`."""
    marker: str
    """As Matplotlib names it."""
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
    """A copy of a group of settings in which what is None has these values instead."""
    missing = {name: value for name, value in defaults.items() if getattr(settings, name) is None}
    return replace(settings, **missing)  # type: ignore[arg-type]


def learned_from_twice(model: Architecture) -> Architecture:
    """Thresholds that training learns, unless told otherwise.

    A threshold at twice the standard deviation of its current clips little; training lowers it.
    """
    if model.learned_threshold == "no":
        return model
    return filled(model, learned_threshold="layer", threshold_start=2.0, norm_weight=1.0)


SEVERAL = "its last phase runs several timesteps ({}), so it is not T = 1 training"
"""What is said of a training with a rates phase, wherever it is shown."""


def several_timesteps(training: Training) -> str:
    """What has to be said of a training that does not keep to T = 1 or its method's T; or nothing.

    Example:
        >>> several_timesteps(Training(rates_fraction=0.5, rates_timesteps=(4, 2, 4)))
        'its last phase runs several timesteps (T = 2 or 4), so it is not T = 1 training'
    """
    if not training.rates_epochs or max(training.rates_timesteps) == 1:
        return ""
    return SEVERAL.format(f"T = {drawn_in_words(training)}")


def drawn_in_words(training: Training) -> str:
    """The T that the batches of a rates phase draw, each once: "1, 2, 4 or 8"."""
    *others, last = map(str, sorted(set(training.rates_timesteps)))
    return f"{', '.join(others)} or {last}" if others else last


@dataclass(frozen=True)
class Method:
    """A way to train a network, and what becomes of it.

    RESULTS.md holds the measurements behind the starting values of the baselines, which were
    tuned, so that comparisons mean something.
    """

    title: str
    """As figures, legends, menus and tables for people write it."""
    says: str
    """What it is, in a line."""
    look: Look
    network: Activation = "spiking"
    """What stands at the end of each stage while it trains, see `build`."""
    objective: Callable[[Config], Objective] = single_step
    """What one training step computes."""
    noise: Callable[[Config], Noises] = lambda config: None
    """The noise that the network is built with."""
    v_init: float = 0.0
    """v_init of its neurons in units of v_th, where neither noise nor configuration says."""
    race_v_init: float | None = None
    """The same in races and studies, where it is to be at its best; None: no other."""
    model: Callable[[Architecture], Architecture] = lambda model: model
    """The architecture that is built, from the one that is asked for."""
    training: Callable[[Training], Training] = lambda training: training
    """How it is trained, from what is asked for."""
    corrected_at: Callable[[Config], int] = lambda config: 0
    """T at which biases are corrected after training; 0: not at all."""
    conversions: Callable[[ANN, Images, Config], dict[str, SpikingNet]] | None = None
    """How a network that does not spike becomes spiking, best practice first."""
    uses: tuple[str, ...] = ()
    """Settings of a run, or groups of them, that count for this method, and not for those that do
    not list them."""
    named_by: tuple[tuple[str, str], ...] = ()
    """Settings that are part of its name in a legend: dotted name and symbol."""
    role: Role | None = None
    """In the audit; None: it takes no part."""

    @property
    def note(self) -> str:
        """What has to be said beside its title, see `several_timesteps`; or nothing."""
        return several_timesteps(self.training(Training()))

    @property
    def in_words(self) -> str:
        """What it is, with what has to be said of it."""
        return "; ".join(filter(None, (self.says, self.note)))


NOISY_EPOCHS = ("training.noise_fraction", "training.noise_schedule", "training.noise_floor")
"""Settings that say in which epochs the noise acts, and how strongly."""
RATES = tuple(f"training.rates_{part}" for part in ("fraction", "timesteps", "mean_share"))
"""Settings of the last epochs on the network's own spikes, for every method that spikes."""
PLAIN, QUIET, TARGET, RECIPE = "noise", "no-noise", "target-noise", "noise-then-spikes"
"""What the kit teaches; the same without noise; noise for several timesteps; what presets train
with, see `presets`."""
PAIR = (PLAIN, QUIET)
"""Two methods that differ in the noise alone."""

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
"""By the name that configurations and run ids hold; legends keep this order."""


class Compared(NamedTuple):
    """One side of the comparison that the kit is about: only the start of the neurons differs."""

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
"""Noise has a mean and a spread: the second has its mean without its spread, the third neither.
By the name that tables hold."""


def entry_of(name: str) -> Compared | Method | None:
    """What has this name, a start of `COMPARED` or a method; None: neither."""
    return COMPARED.get(name) or METHODS.get(name)


KIT = tuple(METHODS.values())
"""Entries whose code is that of the kit."""

if TYPE_CHECKING:
    MethodName = str
else:
    MethodName = Literal[tuple(METHODS)]  # the command line lists them


def in_role(role: Role) -> list[str]:
    """Names of the methods that stand on one side of the claims."""
    return [name for name, method in METHODS.items() if method.role == role]


def plays_a_part(setting: str, method: str) -> bool:
    """Whether a setting, given by its dotted name, counts for a method.

    Example:
        >>> plays_a_part("noise.sigma", "bptt")
        False
    """

    def counts(entry: Method) -> bool:
        return any(f"{setting}.".startswith(f"{name}.") for name in entry.uses)

    return counts(METHODS[method]) or not any(map(counts, METHODS.values()))
