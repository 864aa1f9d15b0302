"""The peak learning rate of a method, found on validation images with short trainings.

The search starts in the middle and doubles or halves the rate until the best one lies between two
that are worse. No test image is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean
from typing import TypeVar, cast

from snnlab.conversion.ann import common_levels
from snnlab.data.images import Data
from snnlab.learning.fit import TrainingError, fit
from snnlab.measure.accuracy import accuracy, accuracy_against_timesteps
from snnlab.measure.curve import powers_of_two
from snnlab.network.net import ANN, SpikingNet, StagedNet
from snnlab.runs import assemble
from snnlab.runs.config import ConfigError, RunConfig
from snnlab.runs.problems import first_line, is_memory_error

Done = TypeVar("Done")

START, FACTOR = 8e-3, 2.0
"""The first peak learning rate, and the ratio of neighbouring ones."""
CANDIDATES = tuple(START * FACTOR**steps for steps in range(-4, 5))
"""The search goes no further than these."""
SCORED = tuple(powers_of_two(8))
"""T over which the accuracy of a spiking network is averaged."""


@dataclass(frozen=True)
class ShortTraining:
    """One short training with one peak learning rate."""

    method: str
    """Name of the method."""
    learning_rate: float
    """Peak of the one-cycle schedule."""
    score: float
    """Accuracy in percent on the validation images: of a ReLU network itself, else the mean over
    `SCORED`, of its best conversion if it needs one; 0 if the training failed."""
    curves: dict[str, list[float]]
    """Accuracy in percent at each T of `SCORED`, by conversion; "" where none is needed; empty for
    a ReLU network."""
    epochs: int
    """Passes over the training images."""
    seconds: float | None
    """Training time; None if the training failed."""
    failed: str
    """Why it failed: it diverged, or there was too little memory. Empty if it did not."""


def next_rate(scores: dict[float, float]) -> float | None:
    """The peak learning rate to try next; None: the best one is found.

    Args:
        scores: accuracies by the rates that were tried.

    Example:
        >>> next_rate({8e-3: 70.0, 4e-3: 72.0, 16e-3: 60.0})
        0.002
    """
    if not scores:
        return START
    best = best_rate(scores)
    for rate in (best / FACTOR, best * FACTOR):
        if rate in CANDIDATES and rate not in scores:
            return rate
    return None


def best_rate(scores: dict[float, float]) -> float:
    """The rate with the highest accuracy, the lowest of those that share it."""
    return max(sorted(scores), key=scores.__getitem__)


def short_training(config: RunConfig) -> ShortTraining:
    """Train for a few epochs, and measure on the validation images.

    Raises:
        ConfigError, DataError, ValueError: the configuration cannot be carried out, or it leaves
            no validation images.
    """
    device = assemble.pick_device(config.device)
    data = assemble.load_images(config, device)
    if not len(data.validation):
        fraction = config.data.validation_fraction
        raise ConfigError(
            f"learning rates are chosen on validation images, and a validation_fraction of "
            f"{fraction:g} leaves none"
        )
    net = assemble.build_network(config, data.image_shape, len(data.classes)).to(device)
    training = config.acting_training
    own = (config.method, training.learning_rate)
    history, failed = or_why_not(
        lambda: fit(net, data, config.entry.objective(config), training, seed=config.seed)
    )
    if not history:
        return ShortTraining(*own, 0.0, {}, training.epochs, None, failed)
    seconds = sum(epoch.seconds for epoch in history)
    if isinstance(net, ANN) and not common_levels(net):  # ReLU: the others are measured against it
        reached, curves = accuracy(net, data.validation), {}
    else:
        curves = validated(net, data, config)
        reached = max(map(mean, curves.values()))
    return ShortTraining(*own, reached, curves, training.epochs, seconds, "")


def or_why_not(work: Callable[[], Done]) -> tuple[Done | None, str]:
    """What a training returns and an empty text; or None, and why it cannot be carried out."""
    try:
        return work(), ""
    except TrainingError as error:
        return None, first_line(error)
    except (RuntimeError, MemoryError) as error:
        if not is_memory_error(error):
            raise
        return None, f"too little memory ({first_line(error)})"


def validated(net: StagedNet, data: Data, config: RunConfig) -> dict[str, list[float]]:
    """Accuracy on the validation images at each T of `SCORED`, by conversion."""
    if isinstance(net, SpikingNet):
        nets = {"": net}
    else:
        conversions = config.entry.conversions
        assert conversions is not None  # every method that does not spike has some
        nets = conversions(cast(ANN, net), data.train, config)
    curves = {
        name: accuracy_against_timesteps(one, data.validation, max(SCORED))
        for name, one in nets.items()
    }
    return {name: [curve[T] for T in SCORED] for name, curve in curves.items()}
