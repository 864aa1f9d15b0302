"""The residuals of the networks of a run, before its training and after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from snnlab.dashboard.groups import config_of
from snnlab.dashboard.predictions import network_and_data, stamp
from snnlab.measure.match import Match
from snnlab.runs.store import Run

if TYPE_CHECKING:
    from snnlab.data.images import Data
    from snnlab.network.net import SpikingNet

MOST_IMAGES, FEWEST_IMAGES = 128, 16
"""Test images that a network sees."""
MOST_NEURONS = 2**22
"""Neurons that are looked at, over all images: of a large network few images tell enough."""
MOST_VALUES = 2**22
"""Currents of a stage, over images and timesteps, that are in memory at once: 16 MB."""
SEEN = 256
"""Training images from which batch norm takes its statistics before the training."""


@dataclass(frozen=True)
class Measured:
    """What the networks of a run carry from timestep to timestep."""

    after: list[Match]
    """The residuals of each layer after training, and the noise it trained with."""
    before: list[Match]
    """The same with the weights that the training started from."""
    images: int
    """Test images that the networks saw."""


@st.cache_resource(
    max_entries=200, show_spinner="Measuring residual potentials ...", hash_funcs={Run: stamp}
)
def measured(run: Run, T: int, *, wide: bool) -> Measured:
    """Measure the residuals of every layer, once per server.

    Args:
        run: a finished one.
        T: timesteps, at least 2.
        wide: whether to say, too, where silent and saturated neurons are.

    Raises:
        RunError, DataError, ValueError: see `network_and_data`.
    """
    from snnlab.measure.residuals import residuals, trained_noise

    net, data = network_and_data(run)
    neurons = neurons_of(net, data)
    count = min(max(MOST_NEURONS // sum(neurons), FEWEST_IMAGES), MOST_IMAGES, len(data.test))
    batch = min(max(1, MOST_VALUES // (T * max(neurons))), count)
    images = data.test.first(count)

    def matches(net: SpikingNet) -> list[Match]:
        found = residuals(net, images, T, channels=False, wide=wide, batch_size=batch)
        noises = [trained_noise(layer) for layer in net.neuron_layers()]
        return [Match(*each) for each in zip(found, noises, strict=True)]

    return Measured(matches(net), matches(untrained(run, data)), count)


def untrained(run: Run, data: Data) -> SpikingNet:
    """The network as the training of a run found it.

    In its first step batch norm works with the statistics of the batch. Without any, the neurons of
    deeper layers would be silent.
    """
    from snnlab.network.net import SpikingNet
    from snnlab.runs.assemble import build_network
    from snnlab.studies.switches import renormalised

    net = build_network(config_of(run), data.image_shape, len(data.classes))
    assert isinstance(net, SpikingNet)  # as the trained one is
    first = renormalised(net, data.train.first(min(SEEN, len(data.train))), 1)
    net.load_state_dict(first.state_dict())  # and it keeps its noise
    return net.eval()


def neurons_of(net: SpikingNet, data: Data) -> list[int]:
    """How many neurons each stage has."""
    from snnlab.network.probes import record

    seen = record(net, data.test.first(1).normalised(), 1)
    return [stage.currents[0].numel() for stage in seen]
