"""What the network explorer shows: computed once per server, sent once per visit."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from snnlab.dashboard.groups import config_of, entry_of, group_names
from snnlab.dashboard.neuron import REDRAWS
from snnlab.dashboard.predictions import first_images, network_and_data, predictions, stamp
from snnlab.measure.decisions import Kind, images_of_kind
from snnlab.runs.store import Run
from snnlab.show.described import DRAWING, image_title

if TYPE_CHECKING:
    from torch import Tensor

    from snnlab.data.images import Images
    from snnlab.measure.one_image import ImageSeen
    from snnlab.measure.one_neuron import OneNeuron
    from snnlab.network.net import SpikingNet
    from snnlab.neuron.spec import Neuron, Noise

MOST_TIMESTEPS = 16
"""Timesteps that are shown, at most."""
MOST_IMAGES = 256
"""Test images over which the residuals of one neuron are collected."""
Ink = bytes
"""A drawing as `ink_of` reads it, row by row."""
Picture = int | Ink
"""The number of a test image, or a drawing."""


@dataclass(frozen=True)
class Watched:
    """A network, and test images for it."""

    net: SpikingNet
    images: Images
    """The first test images."""
    classes: tuple[str, ...]


@dataclass(frozen=True)
class NeuronSeen:
    """One neuron while its network sees a picture; potentials in the unit of v_th."""

    where: str
    """Its position in its stage, in words."""
    currents: list[float]
    h: list[float]
    v: list[float]
    spikes: list[float]
    """Each at t = 1 to T."""
    v_init: float
    v_th: float
    neuron: Neuron | None
    """Its constants; None for a neuron that they do not describe fully."""
    noise: Noise | None
    """The noise that replaced its residual in training."""

    @property
    def left(self) -> list[float]:
        """The residual that it carries into t = 1 to T."""
        return [self.v_init, *self.v[:-1]]


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: for so little work, several threads only wait for one another."""
    import torch

    usual = usual_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


@cache
def usual_threads() -> int:
    """The number of threads of this server, read before anything has changed it."""
    import torch

    return torch.get_num_threads()


@st.cache_resource(max_entries=12, show_spinner="Loading the network ...", hash_funcs={Run: stamp})
def watched(run: Run) -> Watched:
    """The network of a finished run, and test images.

    Raises:
        RunError, DataError: see `network_and_data`.
        ValueError: not a spiking network, or its neurons cannot be watched.
    """
    import torch

    net, data = network_and_data(run)
    net.neuron_layers("trace", "first_potential", "v_th", needed_by="the network explorer")
    images = first_images(run, data)
    images = images.subset(torch.arange(len(images)))  # a copy: frees the others
    return Watched(net, images, tuple(data.classes))


def timesteps_of(run: Run) -> int:
    """The timesteps that are shown."""
    return min(MOST_TIMESTEPS, config_of(run).timesteps)


def names_of(runs: tuple[Run, ...]) -> list[str]:
    """Titles of runs that are shown beside one another, with as few words as tell them apart."""
    configs = [config_of(run) for run in runs]
    titles = [entry_of(config).title for config in configs]
    return titles if len(set(titles)) == len(titles) else group_names(configs)


def pixels_of(run: Run, picture: Picture) -> Tensor:
    """The picture as input of the network of a run, uint8 (C, H, W).

    Raises:
        DataError: drawings do not fit its data, or nothing is drawn.
    """
    if isinstance(picture, int):
        return watched(run).images.pixels[picture]
    from snnlab.data.drawn import as_image

    ink = np.frombuffer(picture, np.uint8)
    side = round(len(ink) ** 0.5)
    return as_image(ink.reshape(side, side), config_of(run).data)


def seen_by(run: Run, picture: Picture, T: int) -> ImageSeen:
    """Currents, potentials and spikes of all neurons of a run on a picture."""
    from snnlab.measure.one_image import see_image

    there = watched(run)
    image = there.images.as_input(pixels_of(run, picture))
    return see_image(there.net, image, T, trained_over=config_of(run).objective_timesteps)


@dataclass(frozen=True)
class PlayerInput:
    """What is sent to the browser."""

    frames: bytes
    """The frames that the player shows, as JSON."""
    said: str
    """What the last frame shows, in words."""


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={Run: stamp})
def frames_of(
    runs: tuple[Run, ...], picture: Picture, T: int, first: tuple[int, ...]
) -> PlayerInput:
    """The frames of a picture for the player.

    Args:
        runs: all on the same data; the chosen run comes first.
        picture: see `Picture`.
        T: timesteps.
        first: see `frames`.

    Raises:
        RunError, DataError, ValueError: see `watched` and `pixels_of`.
    """
    from snnlab.data.images import as_picture
    from snnlab.show.colours import hue
    from snnlab.show.explorer.frames import Lane, frames

    there = watched(runs[0])
    looks = [entry_of(config_of(run)).look for run in runs]
    with REDRAWS, one_thread():
        seen = [seen_by(run, picture, T) for run in runs]
        shown = [
            Lane(name, hue(look.hue), one)
            for name, look, one in zip(names_of(runs), looks, seen, strict=True)
        ]
        label = int(there.images.labels[picture]) if isinstance(picture, int) else None
        made = frames(
            shown,
            as_picture(pixels_of(runs[0], picture)).numpy(),
            there.classes,
            title=title_of(runs[0], picture),
            label=label,
            first=first,
        )
    return PlayerInput(json.dumps(made).encode(), made["said"][-1])


def title_of(run: Run, picture: Picture) -> str:
    """A picture in words: which test image, or a drawing."""
    if not isinstance(picture, int):
        return DRAWING
    there = watched(run)
    return image_title(picture, there.classes[there.images.labels[picture]])


def images_that(run: Run, kind: Kind, T: int) -> list[int]:
    """Test images of a kind for the network of a run over T timesteps; see `predictions`."""
    with one_thread():
        found = predictions(run)
    return images_of_kind(kind, found.quiet[:T], found.labels)


@st.cache_resource(max_entries=500, show_spinner=False, hash_funcs={Run: stamp})
def neuron_seen(run: Run, picture: Picture, T: int, stage: int, index: int) -> NeuronSeen | None:
    """What one neuron does on a picture; None if the network has no such neuron.

    Args:
        run, picture, T: see `frames_of`.
        stage: from 0.
        index: in its stage, from 0: map by map, row by row.
    """
    from snnlab.measure.residuals import trained_noise
    from snnlab.show.explorer.frames import neuron_words

    layers = watched(run).net.neuron_layers()
    if not 0 <= stage < len(layers):
        return None
    with REDRAWS, one_thread():
        seen = seen_by(run, picture, T).stages[stage]
    if not 0 <= index < seen.spikes[0].size:
        return None

    layer = layers[stage]
    currents, h, v, spikes = (part.tolist() for part in seen.path(index))
    return NeuronSeen(
        neuron_words(seen, index),
        currents,
        h,
        v,
        spikes,
        v_init=seen.v_init,
        v_th=seen.v_th,
        neuron=getattr(layer, "neuron", None),
        noise=trained_noise(layer),
    )


@st.cache_resource(
    max_entries=200, show_spinner="Looking at many images ...", hash_funcs={Run: stamp}
)
def neuron_over_images(run: Run, T: int, stage: int, index: int) -> OneNeuron:
    """The residuals of one neuron over many test images; T at least 2."""
    from snnlab.measure.one_neuron import neuron_residuals

    there = watched(run)
    images = there.images.first(min(MOST_IMAGES, len(there.images)))
    with REDRAWS, one_thread():
        return neuron_residuals(there.net, images, T, stage=stage, index=index)
