"""Make device, data and network from a configuration; save and load the network."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from snnlab.data.images import Data
from snnlab.data.sources import load_data
from snnlab.learning.checkpoint import read_tensors, write_tensors
from snnlab.network.models import build
from snnlab.network.net import StagedNet
from snnlab.neuron.tensors import described
from snnlab.runs.config import ConfigError, RunConfig
from snnlab.runs.size import check_images, check_training
from snnlab.settings import quoted


def pick_device(asked: str) -> torch.device:
    """The device a run uses.

    Raises:
        ConfigError: this machine has no such device.
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


def load_images(config: RunConfig, device: torch.device | str) -> Data:
    """The data of a run, on the device.

    Raises:
        ConfigError: images larger than the machine holds.
        DataError: the data cannot be loaded.
    """
    check_images(config)
    return load_data(**asdict(config.data), device=device)


def build_network(config: RunConfig, image_shape: tuple[int, int, int], classes: int) -> StagedNet:
    """The untrained network of a run, on the CPU.

    Raises:
        ConfigError: training or measurement needs more memory than the machine has.
    """
    if torch.get_default_device().type != "meta":  # a network on "meta" takes no memory
        check_training(config, image_shape, classes)
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


def save_network(net: StagedNet, classes: tuple[str, ...], path: Path) -> None:
    """Write the weights, image shape and classes to a safetensors file; nothing is pickled."""
    notes = {"image_shape": list(net.image_shape), "classes": list(classes)}
    write_tensors(path, dict(net.state_dict()), notes)


def check_fit(tensors: dict[str, Tensor], net: StagedNet) -> None:
    """Raise ValueError unless these are the weights of such a network, by name, shape and kind."""
    wanted = net.state_dict()
    for name, weight in wanted.items():
        if name not in tensors:
            raise ValueError(f"the network of this configuration has {name}, the file has not")
        found = tensors[name]
        if found.shape != weight.shape or found.dtype != weight.dtype:
            raise ValueError(
                f"{name} must be {described(weight).removesuffix(' on meta')} for this "
                f"configuration, got {described(found)}"
            )
    if more := [name for name in tensors if name not in wanted]:
        raise ValueError(f"the file has {quoted(more[0])}, the network of this configuration not")


def load_network(path: Path, config: RunConfig, device: str) -> StagedNet:
    """Load a network of `save_network` for this configuration, in evaluation mode.

    Raises:
        ValueError: the file is damaged, or its weights do not fit the configuration.
    """
    try:
        tensors, notes = read_tensors(path)
        channels, height, width = notes["image_shape"]
        shape, classes = (channels, height, width), len(notes["classes"])
        with torch.device("meta"):  # without memory: a damaged configuration may be of any size
            check_fit(tensors, build_network(config, shape, classes))
        net = build_network(config, shape, classes)
        net.load_state_dict(tensors)
    except (AttributeError, KeyError, OSError, OverflowError, RuntimeError, TypeError) as error:
        first = " ".join(line.strip() for line in str(error).splitlines()[:2])
        raise ValueError(first) from error
    if config.training.channels_last:
        net = net.to(memory_format=torch.channels_last)
    return net.to(device).eval()
