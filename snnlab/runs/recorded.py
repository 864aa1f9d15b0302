"""The record of a training: how long each epoch took, and the accuracy after it.

A record is read from a run folder or the file of a race; the film of a race shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from snnlab.measure.curve import AccuracyCurve
from snnlab.runs.config import RunConfig
from snnlab.runs.curves import curve_of
from snnlab.runs.files import RunError, is_number
from snnlab.runs.store import Run

Epochs = Sequence[Mapping[str, Any]]
"""Lines of metrics.jsonl, or dictionaries with the same keys."""


@dataclass(frozen=True)
class Recorded:
    """The record of one training, with the test accuracy of its network.

    Raises:
        ValueError: no epochs, or not as many accuracies as seconds.
    """

    config: RunConfig
    """The configuration."""
    seconds: tuple[float, ...]
    """Training time of each epoch (epochs,), without validation; see `fit`."""
    validation: tuple[float, ...]
    """Accuracy on the validation images after each epoch (epochs,), in percent."""
    accuracy: AccuracyCurve
    """Accuracy on the test images by T, without noise."""
    hardware: Mapping[str, Any]
    """The machine, see `provenance.hardware`; empty if unknown."""

    def __post_init__(self) -> None:
        if not self.seconds or len(self.seconds) != len(self.validation):
            held = f"{len(self.seconds)} seconds and {len(self.validation)} accuracies"
            raise ValueError(f"a training needs both for each of its epochs, got {held}")

    @property
    def validated_at(self) -> int | None:
        """T of the validation: that of training, but for a rates phase; None: without time."""
        return self.config.objective_timesteps if self.config.spiking else None

    @property
    def machine(self) -> str:
        """The processor, or the GPU if it was used; empty if unknown."""
        return str(self.hardware.get("gpu") or self.hardware.get("processor") or "")


def recorded(run: Run) -> Recorded:
    """The record of a finished run.

    Raises:
        RunError: it is not finished, or does not say how long each epoch took and what accuracy
            the network then had.

    Example:
        >>> recorded(load_run("digits-mlp-noise-s0-9d1d0aa9")).seconds[0]
    """
    name = f"run {run.id!r}"
    if run.config is None or run.result is None:
        stopped = f" after epoch {len(run.metrics)}" if run.metrics else ""
        reason = f": {run.reason}" if run.reason else ""
        raise RunError(f"{name} is not finished, it is {run.status}{stopped}{reason}")
    hardware = run.environment.get("hardware") or {}
    return remembered(name, run.config, run.metrics, run.result, hardware)


def remembered(
    name: str,
    config: RunConfig,
    epochs: Epochs,
    result: Mapping[str, Any],
    hardware: Mapping[str, Any],
) -> Recorded:
    """Make a record from its parts.

    Args:
        name: what messages call the training.
        config: the configuration.
        epochs: in order, each with `seconds` and `validation_accuracy`.
        result: with the accuracy on the test images, see `curve_of`.
        hardware: the machine.

    Raises:
        RunError: a part is missing.
    """
    seconds = numbers(epochs, "seconds")
    validation = numbers(epochs, "validation_accuracy")
    if not epochs or len(seconds) < len(epochs):
        raise RunError(f"{name} does not say how long each epoch took")
    if len(validation) < len(epochs):
        raise RunError(f"{name} does not say what accuracy the network had after each epoch")
    accuracy = curve_of(result)
    if not accuracy:
        raise RunError(f"{name} has no accuracy against timesteps")
    return Recorded(config, seconds, validation, accuracy, hardware)


def numbers(epochs: Epochs, name: str) -> tuple[float, ...]:
    """The entry `name` of each epoch, without those that are no number of at least 0."""
    found: Iterable[Any] = (epoch.get(name) for epoch in epochs)
    return tuple(float(value) for value in found if is_number(value) and value >= 0)
