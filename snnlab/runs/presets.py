"""Configurations that work well, by name: starting points for the command line and the app.

Their method is noise-then-spikes, with which our networks are most accurate, see RESULTS.md. Its
last epochs run several timesteps, so it is not training with T = 1. Notebooks that teach this
training, and comparisons of methods, start from `with_noise` instead.
"""

from __future__ import annotations

from dataclasses import replace

from snnlab.data.spec import DataSpec
from snnlab.learning.spec import Training
from snnlab.network.spec import INSIDE, Architecture
from snnlab.runs.config import RunConfig
from snnlab.runs.methods import COMPARED, PLAIN, QUIET, RECIPE


def recipe(data: str, model: Architecture, training: Training) -> RunConfig:
    """A configuration with method noise-then-spikes for this network on this data."""
    return RunConfig(method=RECIPE, data=DataSpec(data), model=model, training=training)


CONVNET = Architecture("convnet")

PRESETS: dict[str, RunConfig] = {
    "digits": recipe("digits", CONVNET, Training(epochs=30, batch_size=64)),
    "digits-mlp": recipe(
        "digits", Architecture("mlp"), Training(epochs=60, batch_size=32, weight_decay=0.1)
    ),
    "mnist-5k": recipe("mnist-5k", CONVNET, Training(epochs=8, batch_size=64)),
    "mnist": recipe("mnist", CONVNET, Training(epochs=5, batch_size=64, learning_rate=8e-3)),
    "cifar10": recipe(
        "cifar10",
        Architecture("vgg11", readout_gain=10),
        Training(epochs=30, learning_rate=8e-3, augment=True, precision="bfloat16"),
    ),
}
"""The first entry is the default."""

QUICKSTART = RunConfig(
    method=PLAIN,
    data=DataSpec("mnist-5k"),
    model=Architecture("convnet", width=16, norm_weight=INSIDE),
    training=Training(epochs=4, batch_size=64, learning_rate=1e-2),
)
"""The configuration of the demo and the first notebook: trains offline, in seconds, and is large
enough for the spread of the noise to matter; chosen on validation images, see RESULTS.md. The
weight of batch norm is set, so that networks with and without noise start from the same one."""


def compared(config: RunConfig) -> dict[str, RunConfig]:
    """The configuration for each of `COMPARED`; they differ only in method and v_init.

    The weight of batch norm is set only where the default of the method differs, so that the first
    configuration is the usual one for training with noise, and shares its run.
    """
    found, weight = {}, with_noise(config).acting_model.norm_weight
    for name, side in COMPARED.items():
        v_init = None if side.v_init is None else side.v_init * config.neuron.v_th
        neuron = replace(config.neuron, v_init=v_init)
        one = replace(config, method=side.method, neuron=neuron)
        if one.acting_model.norm_weight != weight:
            one = replace(one, model=replace(one.model, norm_weight=weight))
        found[name] = one
    return found


def with_noise(config: RunConfig) -> RunConfig:
    """The configuration with method noise: one timestep with noise, which the kit teaches."""
    return replace(config, method=PLAIN)


def study_start() -> RunConfig:
    """The default configuration of studies: the first preset, with method noise."""
    return with_noise(next(iter(PRESETS.values())))


def at_its_best(config: RunConfig) -> RunConfig:
    """The configuration with the v_init of its method in races, unless v_init is set."""
    v_init = config.entry.race_v_init
    if v_init is None or config.neuron.v_init is not None:
        return config
    return replace(config, neuron=replace(config.neuron, v_init=v_init * config.neuron.v_th))


def without_noise(config: RunConfig) -> RunConfig:
    """The configuration with method no-noise, and its v_init in races."""
    return at_its_best(replace(config, method=QUIET))
