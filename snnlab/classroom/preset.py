"""Presets of how much a notebook computes: little and quickly, or much on a GPU."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Literal, get_args

from threadpoolctl import ThreadpoolController

from snnlab.jobs.places import cores
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture

PresetName = Literal["fast", "full"]
VARIABLE = "SNNLAB_NOTEBOOKS"
"""The environment variable that names the preset of every notebook."""


@dataclass(frozen=True)
class Preset:
    """Data, network, training and seeds of a notebook."""

    name: PresetName
    data: str
    """Name of the data set, for `load_data`."""
    architecture: Architecture
    training: Training
    seeds: int
    """How many networks are trained for each figure with a band."""
    device: str
    """The device on which networks are trained."""

    def quickstart(self) -> Preset:
        """The settings of the first notebook: with the preset "fast", those of the demo.

        With "full", networks with and without noise also start with the same batch-norm weights.
        """
        from snnlab.runs.presets import QUICKSTART as demo

        net = replace(self.architecture, norm_weight=demo.model.norm_weight)
        if self.name != "fast":
            return replace(self, architecture=net)
        return replace(self, data=demo.data.name, architecture=demo.model, training=demo.training)

    def __str__(self) -> str:
        net, training = self.architecture, self.training
        return (
            f"{self.name}: {self.data} on {self.device}; {net.name} of width {net.channels}; "
            f"{training.epochs} epochs, {training.batch_size} images at a time; "
            f"{self.seeds} seeds where a band is drawn"
        )


def preset(name: PresetName | None = None) -> Preset:
    """The settings of a notebook; also limits the threads of its kernel to its cores.

    Args:
        name: "fast": digits on the CPU, in seconds; "full": MNIST on a GPU, if there is one.
            None: the value of the environment variable SNNLAB_NOTEBOOKS, else "fast".

    Raises:
        ValueError: another name.

    Example:
        >>> preset().data
        'digits'
    """
    bound_threads()
    chosen = name or os.environ.get(VARIABLE, "fast").lower()
    if chosen == "fast":
        small = Training(epochs=15, batch_size=64)
        return Preset("fast", "digits", Architecture("convnet", width=16), small, 3, "cpu")
    if chosen == "full":
        large = Training(epochs=8, batch_size=128)
        return Preset("full", "mnist", Architecture("convnet"), large, 5, _best_device())
    source = "preset()" if name else VARIABLE
    valid = ", ".join(get_args(PresetName))
    raise ValueError(f"{source} got {chosen!r}; valid: {valid}")


def bound_threads() -> None:
    """Limit the threads of libraries to the cores that this process may use.

    By default they use a thread for each core of the machine, even if a notebook server allows only
    one or two. A smaller number in OMP_NUM_THREADS is kept.
    """
    most = cores()
    if "OMP_NUM_THREADS" not in os.environ:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # for libraries loaded later
            os.environ.setdefault(name, str(most))
    for pool in ThreadpoolController().lib_controllers:
        if pool.num_threads > most:
            pool.set_num_threads(most)


def _best_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
