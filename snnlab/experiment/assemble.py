"""From a configuration to the objects that it names: device, data, network, objective."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch

from snnlab.data.images import Data
from snnlab.data.sources import load_data
from snnlab.experiment.config import ConfigError, RunConfig
from snnlab.experiment.store import WEIGHTS, Run, RunError
from snnlab.learning.checkpoint import read_tensors, write_tensors
from snnlab.learning.objectives import BPTT, Objective, PlainANN, SingleStep
from snnlab.network.models import build
from snnlab.network.net import StagedNet

ACTIVATIONS = {"ann": "relu", "qcfs": "qcfs"}
"""Methods that train something other than spiking neurons, and what."""


def pick_device(asked: str) -> torch.device:
    """The device a run uses.

    Raises:
        ConfigError: the device asked for is not there.
    """
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if asked == "auto":
        return torch.device("cuda" if there["cuda"] else "cpu")
    if not there.get(asked, False):
        valid = ", ".join(["auto", *(name for name, is_there in there.items() if is_there)])
        raise ConfigError(f"device {asked!r} is not available here; valid: {valid}")
    return torch.device(asked)


def load_images(config: RunConfig, device: torch.device) -> Data:
    """The data of a run, on the device."""
    return load_data(**asdict(config.data), device=device)


def build_network(config: RunConfig, image_shape: tuple[int, int, int], classes: int) -> StagedNet:
    """The untrained network of a run, on the CPU."""
    return build(
        config.acting_model,
        image_shape=image_shape,
        classes=classes,
        seed=config.seed,
        activation=ACTIVATIONS.get(config.method, "spiking"),
        neuron=config.acting_neuron,
        noise=config.acting_noise,
        surrogate=None if config.acting_noise else config.surrogate,
        levels=config.qcfs_levels,
    )


def make_objective(config: RunConfig) -> Objective:
    """The method of a run."""
    if not config.spiking:
        return PlainANN()
    if config.method == "bptt":
        return BPTT(config.bptt_timesteps)
    return SingleStep()


def save_network(net: StagedNet, classes: tuple[str, ...], path: Path) -> None:
    """Write the weights, and what is needed to build the network around them."""
    notes = {"image_shape": list(net.image_shape), "classes": list(classes)}
    write_tensors(path, dict(net.state_dict()), notes)


def load_network(run: Run, device: str = "cpu") -> StagedNet:
    """The trained network of a finished run, in evaluation mode; see `Run.network`."""
    path = run.folder / WEIGHTS
    if run.config is None or run.status != "finished":
        reason = f": {run.reason}" if run.reason else ""
        raise RunError(f"run {run.id!r} has no trained network: it is {run.status}{reason}")
    try:
        tensors, notes = read_tensors(path)
        channels, height, width = notes["image_shape"]
        net = build_network(run.config, (channels, height, width), len(notes["classes"]))
        net.load_state_dict(tensors)
    except (KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
        first = " ".join(line.strip() for line in str(error).splitlines()[:2])
        raise RunError(f"the weights of run {run.id!r} cannot be used: {first}") from error
    if run.config.training.channels_last:
        net = net.to(memory_format=torch.channels_last)
    return net.to(device).eval()
