"""From a configuration to the objects that it names: device, data, network, objective."""

from __future__ import annotations

from dataclasses import asdict

import torch

from snnlab.data.images import Data
from snnlab.data.sources import load_data
from snnlab.learning.objectives import Objective
from snnlab.network.models import build
from snnlab.network.net import StagedNet
from snnlab.runs.config import ConfigError, RunConfig


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
        activation=config.entry.network,
        neuron=config.acting_neuron,
        noise=config.acting_noise,
        surrogate=None if config.acting_noise else config.surrogate,
        levels=config.qcfs_levels,
    )


def make_objective(config: RunConfig) -> Objective:
    """What one training step of a run computes."""
    return config.entry.objective(config)
