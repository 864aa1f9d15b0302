"""Trainings on all of CIFAR-10 on a GPU, with noise and as ANN, and their table."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from snnlab.bench.speed import mib
from snnlab.data.spec import DataSpec
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture, ModelName
from snnlab.runs.config import RunConfig
from snnlab.runs.methods import MethodName
from snnlab.runs.run import run
from snnlab.runs.store import Run
from snnlab.studies.tables import markdown

MODELS: tuple[ModelName, ...] = ("vgg16", "resnet18")
METHODS: tuple[MethodName, ...] = ("noise", "ann")


@dataclass(frozen=True)
class Trained:
    """The results of the runs of one network and method."""

    model: str
    """Name of the network."""
    method: str
    """noise or ann."""
    accuracies: list[float]
    """Test accuracy in percent of each seed: with noise, as a spiking network at `timesteps`."""
    seconds_per_epoch: float
    """Median over all epochs except the first of each run, which is slower."""
    peak_mib: float | None
    """Most memory of a training, in MiB."""
    timesteps: int | None
    """T at which the accuracy was measured; None for the ANN."""
    runs: list[str]
    """The run folders."""


def cifar10_config(
    model: ModelName, method: MethodName, seed: int, epochs: int, root: str | None
) -> RunConfig:
    """The configuration of one training: mixed precision, channels-last, data on the GPU."""
    return RunConfig(
        method=method,
        seed=seed,
        device="cuda",
        data=DataSpec("cifar10", root=root),
        model=Architecture(model),
        training=Training(epochs=epochs, augment=True, precision="bfloat16"),
    )


def train_on_cifar10(
    seeds: Iterable[int], epochs: int, root: str | None = None, *, folder: Path | None = None
) -> list[Trained]:
    """Train every network by every method with every seed; what is done already is read.

    Args:
        seeds: one run each.
        epochs: of each run.
        root: where CIFAR-10 is, or goes; None: the usual place.
        folder: of the run folders; None: the usual one.

    Raises:
        ConfigError: no CUDA GPU.
    """
    seeds = list(seeds)
    return [
        summary([run(cifar10_config(model, method, seed, epochs, root), folder) for seed in seeds])
        for model in MODELS
        for method in METHODS
    ]


def summary(runs: list[Run]) -> Trained:
    """Summarise finished runs of the same network and method."""
    config = runs[0].config
    if config is None:
        raise ValueError(f"run {runs[0].id!r} has no configuration")
    results = [one.result or {} for one in runs]
    timesteps = max(runs[0].accuracy) if config.spiking else None
    epochs = [epoch["seconds"] for one in runs for epoch in one.metrics[1:] or one.metrics]
    peaks = [peak for result in results if (peak := result.get("peak_memory_mib")) is not None]
    return Trained(
        model=config.model.name,
        method=config.method,
        accuracies=(
            [one.accuracy[timesteps] for one in runs]
            if timesteps
            else [result["ann_accuracy"] for result in results]
        ),
        seconds_per_epoch=statistics.median(epochs),
        peak_mib=max(peaks, default=None),
        timesteps=timesteps,
        runs=[one.id for one in runs],
    )


def training_table(trained: list[Trained]) -> str:
    """The trainings as a Markdown table; an epoch's time over that of the ANN."""
    reference = {one.model: one.seconds_per_epoch for one in trained if one.method == "ann"}
    header = ["network", "method", "accuracy, mean (seeds)", "s per epoch", "over ANN", "peak MiB"]
    rows = []
    for one in trained:
        seeds = ", ".join(f"{accuracy:.2f}" for accuracy in one.accuracies)
        at = f" at T = {one.timesteps}" if one.timesteps else ""
        ratio = one.seconds_per_epoch / reference[one.model]
        accuracy = f"{statistics.mean(one.accuracies):.2f}{at} ({seeds})"
        times = [f"{one.seconds_per_epoch:.2f}", f"{ratio:.2f}"]
        row = [one.model, one.method, accuracy, *times, mib(one.peak_mib), " ".join(one.runs)]
        rows.append(row)
    return markdown([*header, "runs"], rows)
