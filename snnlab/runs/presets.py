"""Configurations that work well, by name: starting points for the command line and the app.

Their method is the recipe with which our networks are most accurate from T = 3 on: target-T noise,
see RESULTS.md. What teaches the idea, or compares methods, starts from `plain` instead.
"""

from __future__ import annotations

from dataclasses import replace

from snnlab.data.spec import DataSpec
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture
from snnlab.runs.config import RunConfig
from snnlab.runs.methods import METHODS, PLAIN, QUIET, RECIPE


def recipe(data: str, model: Architecture, training: Training) -> RunConfig:
    """The configuration that trains this network on this data by the recipe."""
    return RunConfig(method=RECIPE, data=DataSpec(data), model=model, training=training)


CONVNET = Architecture("convnet")

PRESETS: dict[str, RunConfig] = {
    "digits": recipe("digits", CONVNET, Training(epochs=30, batch_size=64)),
    "digits-mlp": recipe(
        "digits", Architecture("mlp"), Training(epochs=60, batch_size=32, weight_decay=0.1)
    ),
    "mnist-5k": recipe("mnist-5k", CONVNET, Training(epochs=8, batch_size=64)),
    "mnist": recipe("mnist", CONVNET, Training(epochs=4, batch_size=64)),
    "cifar10": recipe(
        "cifar10",
        Architecture("vgg11", readout_gain=10),
        Training(epochs=30, augment=True, precision="bfloat16", channels_last=True),
    ),
}
"""The first entry is the default."""


def plain(config: RunConfig) -> RunConfig:
    """The same with the plain method: one timestep and noise that is matched to the residual."""
    return replace(config, method=PLAIN)


def first_plain() -> RunConfig:
    """The first preset with the plain method: what studies start from unless told otherwise."""
    return plain(next(iter(PRESETS.values())))


def at_its_best(config: RunConfig) -> RunConfig:
    """The same, started as races start its method, unless v_init is given."""
    start = METHODS[config.method].race_start
    if start is None or config.neuron.v_init is not None:
        return config
    return replace(config, neuron=replace(config.neuron, v_init=start * config.neuron.v_th))


def without_noise(config: RunConfig) -> RunConfig:
    """The same without noise, started as races start it."""
    return at_its_best(replace(config, method=QUIET))
