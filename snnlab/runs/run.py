"""Carry out a configuration: train, measure, and write a run folder."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from snnlab.conversion.correction import correct_rates
from snnlab.data.images import Data
from snnlab.data.whole_files import patiently, remove
from snnlab.learning.fit import Epoch, OnBatch, OnEpoch, TrainingError, fit
from snnlab.measure.speed import memory_use
from snnlab.network.net import SpikingNet, StagedNet
from snnlab.runs import assemble, store
from snnlab.runs.config import RunConfig, anchored, to_dict
from snnlab.runs.files import write_json, write_text
from snnlab.runs.hashes import WEIGHTS, sealed_result
from snnlab.runs.measurement import measure
from snnlab.runs.problems import explain, is_memory_error
from snnlab.runs.provenance import described_data, described_families, environment
from snnlab.runs.store import CHECKPOINT, Run, occupied


def run(
    config: RunConfig,
    root: Path | None = None,
    *,
    again: bool = False,
    progress: bool = False,
    on_batch: OnBatch = None,
    on_epoch: OnEpoch = None,
) -> Run:
    """Train and measure; the results are in the run folder afterwards.

    The same configuration and code have the same folder: a finished run is returned at once, an
    interrupted one continues after its last complete epoch, a damaged one starts again. If the
    configuration cannot be carried out, no folder is created.

    Args:
        config: the configuration.
        root: the folder of run folders; None: that in SNNLAB_RUNS, else `runs`.
        again: train again even if the run is finished.
        progress: show progress bars while measuring.
        on_batch, on_epoch: see `fit`.

    Returns:
        The finished run.

    Raises:
        ConfigError, DataError, ValueError: the configuration cannot be carried out.
        RunError: another process trains this run.
        TrainingError: the loss is not a number any more.

    Example:
        >>> run(RunConfig(seed=1)).accuracy[8]
    """
    config, root = anchored(config), store.runs_folder(root)
    folder = root / store.run_id(config)
    if folder.is_dir() and not again:
        there = store.read_run(folder, weights=True)
        if there.status == "finished":
            return there
    device = assemble.pick_device(config.device)
    data = assemble.load_images(config, device)
    net = assemble.build_network(config, data.image_shape, len(data.classes)).to(device)
    create_folder(folder, config, device)
    with occupied(folder):
        there = store.read_run(folder, weights=True)
        if there.status == "finished" and not again:  # another process has finished it meanwhile
            return there
        clear_folder(folder, config, device, anew=again or there.status == "damaged")
        carry_out(net, data, config, folder, on_batch, on_epoch, progress=progress)
    return store.read_run(folder)


def create_folder(folder: Path, config: RunConfig, device: torch.device) -> None:
    """Make the run folder with its configuration in one step, unless it exists."""
    if folder.exists():
        return
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    try:
        describe(partial, config, device)
        patiently(lambda: partial.rename(folder))
    except OSError:
        if not folder.is_dir():  # else another process was faster
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def describe(folder: Path, config: RunConfig, device: torch.device) -> None:
    """Write the configuration and the environment."""
    write_json(folder / "config.json", to_dict(config))
    made_by = environment(str(device)) | {"families": described_families(config)}
    if found := described_data(config):
        made_by["data"] = found
    write_json(folder / "environment.json", made_by)


def clear_folder(folder: Path, config: RunConfig, device: torch.device, *, anew: bool) -> None:
    """Prepare the run folder for a training that starts or continues."""
    partial = [path.name for path in folder.glob(".*.partial")]
    for name in ["result.json", "error.json", *partial]:
        remove(folder / name)
    if anew or not (folder / CHECKPOINT).exists():
        for name in ("metrics.jsonl", WEIGHTS, CHECKPOINT):
            remove(folder / name)
    else:  # an interruption may have left half a line at the end
        write_metrics(folder, store.read_metrics(folder / "metrics.jsonl"))
    describe(folder, config, device)


def write_metrics(folder: Path, epochs: list[dict[str, Any]]) -> None:
    """Write all metrics, one line per epoch."""
    lines = [json.dumps(epoch) + "\n" for epoch in epochs]
    write_text(folder / "metrics.jsonl", "".join(lines))


def carry_out(
    net: StagedNet,
    data: Data,
    config: RunConfig,
    folder: Path,
    on_batch: OnBatch,
    on_epoch: OnEpoch,
    *,
    progress: bool,
) -> None:
    """Train and measure; an error is written to the folder and raised."""
    try:
        with memory_use(data.train.device) as memory:
            history = train(net, data, config, folder, on_batch, on_epoch)
        if config.acting_correction and isinstance(net, SpikingNet):
            net = correct_rates(net, data.train, config.acting_correction)
        assemble.save_network(net, data.classes, folder / WEIGHTS)
        result = measure(
            net, data, config, history, peak_memory_mib=memory.peak_mib, progress=progress
        )
        write_json(folder / "result.json", sealed_result(result, folder))
    except Exception as error:
        problem = {"kind": type(error).__name__, "message": explain(error, config)}
        with contextlib.suppress(OSError):  # such as a full disk: report the first error
            write_json(folder / "error.json", problem)
        if is_memory_error(error):
            raise TrainingError(problem["message"]) from error
        raise
    remove(folder / CHECKPOINT)


def train(
    net: StagedNet,
    data: Data,
    config: RunConfig,
    folder: Path,
    on_batch: OnBatch,
    on_epoch: OnEpoch,
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
        config.entry.objective(config),
        config.acting_training,
        seed=config.seed,
        on_batch=on_batch,
        on_epoch=note,
        checkpoint=folder / CHECKPOINT,
    )
    write_metrics(folder, [asdict(epoch) for epoch in history])
    return history
