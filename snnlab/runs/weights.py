"""The trained network of a run as a file, and back. Nothing is pickled."""

from __future__ import annotations

from pathlib import Path

import torch

from snnlab.learning.checkpoint import read_tensors, write_tensors
from snnlab.network.net import StagedNet
from snnlab.runs.assemble import build_network
from snnlab.runs.config import RunConfig


def save_network(net: StagedNet, classes: tuple[str, ...], path: Path) -> None:
    """Write the weights, and what is needed to build the network around them."""
    notes = {"image_shape": list(net.image_shape), "classes": list(classes)}
    write_tensors(path, dict(net.state_dict()), notes)


def load_network(path: Path, config: RunConfig, device: str) -> StagedNet:
    """The network that `save_network` wrote for this configuration, in evaluation mode.

    Raises:
        ValueError: the file is damaged, or its weights do not fit the configuration.
    """
    try:
        tensors, notes = read_tensors(path)
        channels, height, width = notes["image_shape"]
        net = build_network(config, (channels, height, width), len(notes["classes"]))
        net.load_state_dict(tensors)
    except (KeyError, OSError, RuntimeError, TypeError) as error:
        first = " ".join(line.strip() for line in str(error).splitlines()[:2])
        raise ValueError(first) from error
    if config.training.channels_last:
        net = net.to(memory_format=torch.channels_last)
    return net.to(device).eval()
