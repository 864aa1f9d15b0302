"""Carry out a configuration: train, measure, leave a run folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from snnlab.conversion.timesteps import Certificate, convert
from snnlab.data.images import Data
from snnlab.experiment import assemble, store
from snnlab.experiment.config import RunConfig, to_dict
from snnlab.experiment.provenance import environment
from snnlab.experiment.store import RUNS, Run
from snnlab.learning.fit import Batch, Epoch, fit
from snnlab.measure.accuracy import AccuracyCurve, accuracy, accuracy_against_timesteps
from snnlab.network.net import SpikingNet, StagedNet

CHECKPOINT = "checkpoint.safetensors"


def run(
    config: RunConfig,
    root: Path = RUNS,
    *,
    again: bool = False,
    progress: bool = False,
    on_batch: Callable[[Batch], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Run:
    """Train and measure; everything is in the run folder afterwards.

    The same configuration and code name the same folder: a finished run is returned as it
    is, an interrupted one goes on after its last whole epoch.

    Args:
        config: what to do.
        root: the folder of run folders.
        again: train anew even if the run is finished.
        progress: show progress bars while measuring.
        on_batch, on_epoch: see `fit`.

    Returns:
        The finished run.

    Raises:
        ConfigError, DataError, ValueError: the configuration cannot be carried out.
        TrainingError: the loss is not a number any more.

    Example:
        >>> run(RunConfig(seed=1)).accuracy[8]
    """
    folder = root / store.run_id(config)
    if folder.is_dir():
        there = store.read_run(folder)
        if there.status == "finished" and not again:
            return there
        if there.status == "running":
            raise store.RunError(f"run {there.id!r} is being trained by another process")
    device = assemble.pick_device(config.device)
    data = assemble.load_images(config, device)
    net = assemble.build_network(config, data.image_shape, len(data.classes)).to(device)
    open_folder(folder, config, device, anew=again)
    try:
        history = train(net, data, config, folder, on_batch, on_epoch)
        assemble.save_network(net, data.classes, folder / "weights.safetensors")
        result = measure(net, data, config, history, progress=progress)
    except Exception as error:
        problem = {"kind": type(error).__name__, "message": str(error)}
        store.write_json(folder / "error.json", problem)
        raise
    store.write_json(folder / "result.json", result)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return store.read_run(folder)


def open_folder(folder: Path, config: RunConfig, device: torch.device, *, anew: bool) -> None:
    """Make the run folder ready for a training that starts, or goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    stale = ["result.json", "error.json"]
    if anew:
        stale += ["metrics.jsonl", "weights.safetensors", CHECKPOINT]
    for name in stale:
        (folder / name).unlink(missing_ok=True)
    store.write_json(folder / "config.json", to_dict(config))
    store.write_json(folder / "environment.json", environment(str(device)))


def train(
    net: StagedNet,
    data: Data,
    config: RunConfig,
    folder: Path,
    on_batch: Callable[[Batch], None] | None,
    on_epoch: Callable[[Epoch], None] | None,
) -> list[Epoch]:
    """Train the network, writing metrics and a checkpoint after every epoch."""
    metrics = folder / "metrics.jsonl"

    def note(epoch: Epoch) -> None:
        with metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(epoch)) + "\n")
        if on_epoch is not None:
            on_epoch(epoch)

    history = fit(
        net,
        data,
        assemble.make_objective(config),
        config.training,
        seed=config.seed,
        on_batch=on_batch,
        on_epoch=note,
        checkpoint=folder / CHECKPOINT,
    )
    store.write_text(metrics, "".join(json.dumps(asdict(epoch)) + "\n" for epoch in history))
    return history


def measure(
    net: StagedNet, data: Data, config: RunConfig, history: list[Epoch], *, progress: bool
) -> dict[str, Any]:
    """What result.json holds."""
    result: dict[str, Any] = {
        "test_images": len(data.test),
        "training_seconds": sum(epoch.seconds for epoch in history),
    }
    if not isinstance(net, SpikingNet):
        return result | {"accuracy": {}, "ann_accuracy": accuracy(net, data.test)}
    if config.acting_noise is None:
        curve = accuracy_against_timesteps(net, data.test, config.timesteps, progress=progress)
        return result | curve_entries(curve)
    _, certificate = convert(net, config.timesteps, data.test, seed=config.seed, progress=progress)
    return result | curve_entries(certificate) | {"certificate": asdict(certificate)}


def curve_entries(curve: AccuracyCurve | Certificate) -> dict[str, Any]:
    """Accuracy by T, and rates and operations per stage and T, for result.json."""
    if isinstance(curve, AccuracyCurve):
        accuracies = dict(zip(curve.timesteps, curve.accuracy, strict=True))
    else:
        accuracies = curve.accuracy
    return {"accuracy": accuracies, "rates": curve.rates, "operations": curve.operations}
