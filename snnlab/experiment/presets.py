"""Configurations that work well, by name: starting points for the command line and the app."""

from __future__ import annotations

from snnlab.data.spec import DataSpec
from snnlab.experiment.config import RunConfig
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture

PRESETS: dict[str, RunConfig] = {
    "digits": RunConfig(
        data=DataSpec("digits"),
        model=Architecture("convnet"),
        training=Training(epochs=30, batch_size=64),
    ),
    "digits-mlp": RunConfig(
        data=DataSpec("digits"),
        model=Architecture("mlp"),
        training=Training(epochs=60, batch_size=32, weight_decay=0.1),
    ),
    "mnist-5k": RunConfig(
        data=DataSpec("mnist-5k"),
        model=Architecture("convnet"),
        training=Training(epochs=8, batch_size=64),
    ),
    "mnist": RunConfig(
        data=DataSpec("mnist"),
        model=Architecture("convnet"),
        training=Training(epochs=4, batch_size=64),
    ),
    "cifar10": RunConfig(
        data=DataSpec("cifar10"),
        model=Architecture("vgg11"),
        training=Training(epochs=30, augment=True, precision="bfloat16", channels_last=True),
    ),
}
"""The first entry is the default."""
