"""Estimate the memory of a run beforehand, and refuse runs that the machine cannot hold.

The estimates are low. They count weights, gradients, the two moments of AdamW, and the average of
the weights if there is one; the currents of a batch and their gradients; the currents and spikes of
one stage over the timesteps of a rates phase; and the numbers stored for each timestep and epoch. A
run that is accepted can still need too much memory, see `problems`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import prod

import torch
from psutil import virtual_memory

from snnlab.data.limits import in_words
from snnlab.data.spec import CATALOGUE
from snnlab.network.models import build
from snnlab.network.spec import Architecture
from snnlab.runs.config import ConfigError, RunConfig
from snnlab.runs.methods import plays_a_part

Shape = tuple[int, int, int]
FLOAT = 4
"""Bytes of a number in single precision."""
LISTED = 32
"""Bytes of a number in a list of Python's."""
MOST_TIMESTEPS = 10**6
"""Largest T of any measurement: a thousand times what is useful for networks with rates."""
EPOCH_METRICS = 500
"""Bytes that the metrics of an epoch take."""


def check_images(config: RunConfig) -> None:
    """Raise ConfigError if images resized to `image_size` need more memory than the machine has."""
    data, info = config.data, CATALOGUE.get(config.data.name)
    if data.image_size is None:
        return
    there = sum(filter(None, info.sizes)) if info else 2  # of a folder: one in each of two classes
    asked = (data.train_size or 0) + (data.test_size or 0)
    images, channels = min(asked or there, there), info.shape[0] if info else 1
    side = data.image_size
    called = f"{images:,} image{'s' * (images > 1)} of {side:,} x {side:,} pixels"
    demand(images * channels * side**2, called, "data.image_size", side)


def check_training(config: RunConfig, image_shape: Shape, classes: int) -> None:
    """Raise ConfigError if training and measurement need more memory than the machine has."""
    model, training = config.acting_model, config.acting_training
    width, batch, T = model.channels, training.batch_size, config.objective_timesteps
    weights, neurons, widest = size_of(model, image_shape, classes)
    copies = 5 if training.ema_decay else 4
    demand(copies * FLOAT * weights, f"training {weights:,} weights", "model.width", width)
    of_batch = FLOAT * batch * (prod(image_shape) + 2 * T * neurons)
    called = f"a batch of {batch:,} images" + (f" over {T:,} timesteps" if T > 1 else "")
    many = batch < T and plays_a_part("bptt_timesteps", config.method)
    setting = ("bptt_timesteps", T) if many else ("training.batch_size", batch)
    demand(of_batch, called, *setting)
    longest = max(config.training_timesteps)
    if longest > T:
        over = f"a batch of {batch:,} images over {longest:,} timesteps of one stage"
        many = batch < longest
        asked = ("training.rates_timesteps", longest) if many else ("training.batch_size", batch)
        demand(of_batch + FLOAT * batch * 2 * longest * widest, over, *asked)
        check_timesteps(longest, "training.rates_timesteps")
    check_timesteps(config.timesteps, "timesteps")
    own = "target_noise.timesteps" if config.bias_correction is None else "bias_correction"
    check_timesteps(config.acting_correction or 1, own)
    if not config.spiking:
        check_timesteps(config.conversion_timesteps, "conversion_timesteps")
    if plays_a_part("qcfs_levels", config.method):
        check_timesteps(config.qcfs_levels, "qcfs_levels")
    epochs = training.epochs
    demand(EPOCH_METRICS * epochs, f"{epochs:,} epochs", "training.epochs", epochs)


def check_timesteps(timesteps: int, setting: str) -> None:
    """Raise ConfigError if measurements at each T need too much memory, or T is too high."""
    # accuracy, two counts of images, a rate and operations of a stage
    demand(5 * LISTED * timesteps, f"measurements at {timesteps:,} timesteps", setting, timesteps)
    if timesteps > MOST_TIMESTEPS:
        raise ConfigError(f"{setting} must be at most {MOST_TIMESTEPS:,}, got {timesteps:,}")


def demand(needed: int, what: str, setting: str, value: int) -> None:
    """Raise ConfigError if this many bytes are more than the machine has."""
    there = virtual_memory().total
    if torch.cuda.is_available():
        there += torch.cuda.get_device_properties(0).total_memory
    if needed > there:
        raise ConfigError(
            f"{what} would take about {in_words(needed, step=1000)} of memory, and this machine "
            f"has {in_words(there, step=1000)}: choose a lower {setting} than {value:,}"
        )


@cache
def size_of(model: Architecture, image_shape: Shape, classes: int) -> tuple[int, int, int]:
    """Weights, neurons per image, neurons of the widest stage; without the memory of the network.

    Each is a polynomial of the width, of degree 2 at most, so it follows from three small widths.
    """
    narrow = (replace(model, width=width) for width in (1, 2, 3))
    first, second, third = (counted(each, image_shape, classes) for each in narrow)
    w = model.channels

    def at_width(a: int, b: int, c: int) -> int:
        return a + (w - 1) * (b - a) + (w - 1) * (w - 2) * (c - 2 * b + a) // 2

    weights, neurons, widest = (at_width(*each) for each in zip(first, second, third, strict=True))
    return weights, neurons, widest


def counted(model: Architecture, image_shape: Shape, classes: int) -> tuple[int, int, int]:
    """Count the weights of a network, its neurons, and the neurons of its widest stage."""
    with torch.device("meta"):
        net = build(model, image_shape=image_shape, classes=classes, seed=0, activation="relu")
        inputs = [torch.empty(1, *image_shape)]
        for stage in net.eval().stages:
            inputs.append(stage.current(inputs))
    neurons = [stage.numel() for stage in inputs[1:]]
    return sum(weight.numel() for weight in net.parameters()), sum(neurons), max(neurons)
