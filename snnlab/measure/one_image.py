"""Potentials and spikes of every neuron of a network for one image, at each timestep."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from snnlab.network.net import SpikingNet, check_network, evaluating
from snnlab.network.probes import record, run_whole
from snnlab.neuron.learned import along_channels
from snnlab.neuron.own_layer import SpikingLayer, noise_of
from snnlab.neuron.tensors import described, tensor
from snnlab.neuron.transfer import mean_rate
from snnlab.settings import checked, count

DRAWS = 64
"""Number of draws of the noise over which the firing in training is averaged."""

Floats = npt.NDArray[np.float32]


class NeuronPath(NamedTuple):
    """One neuron at t = 1 to T, each (T,): potentials and currents in the unit of v_th."""

    currents: Floats
    h: Floats
    v: Floats
    spikes: Floats


@dataclass(frozen=True, eq=False)
class StageSeen:
    """The neurons of one stage. Potentials and currents are in the unit of v_th."""

    currents: Floats
    """(T, *)."""
    h: Floats
    """Potentials before firing, (T, *)."""
    spikes: Floats
    """1 where a neuron fired, (T, *)."""
    v: Floats
    """Potentials after reset, (T, *)."""
    v_init: float
    """Potential before the first timestep."""
    v_th: float
    """Threshold."""
    trained: Floats
    """How often each neuron fires as in training, (*); see `firing_in_training`."""

    @cached_property
    def rates(self) -> Floats:
        """Spikes per timestep over the first 1, 2, ..., T timesteps, (T, *)."""
        return running_mean(self.spikes)

    @property
    def moved(self) -> Floats:
        """Distance from training: |rate - firing in training|, mean over neurons, (T,)."""
        T = len(self.spikes)
        distance: Floats = np.abs(self.rates - self.trained).reshape(T, -1).mean(1)
        return distance

    def path(self, index: int) -> NeuronPath:
        """The path of one neuron; `index` counts through (C, H, W) row by row, or through (N,)."""
        parts = self.currents, self.h, self.v, self.spikes
        return NeuronPath(*(part.reshape(len(part), -1)[:, index] for part in parts))


@dataclass(frozen=True, eq=False)
class ImageSeen:
    """The neurons of all stages and the readout of a network for one image."""

    stages: tuple[StageSeen, ...]
    readout: Floats
    """The readout averaged over the first 1, 2, ..., T timesteps, (T, K)."""

    @property
    def timesteps(self) -> int:
        """T."""
        return len(self.readout)

    @property
    def decisions(self) -> list[int]:
        """The class that the network predicts after 1, 2, ..., T timesteps."""
        found: list[int] = self.readout.argmax(1).tolist()
        return found

    def decided_at(self, t: int | None = None) -> int:
        """The timestep from which on the decision is the same up to t; None: up to T."""
        t = self.timesteps if t is None else t
        decisions = self.decisions[:t]
        return 1 + max((i for i in range(1, t) if decisions[i] != decisions[i - 1]), default=0)


def parts_at(one: ImageSeen, other: ImageSeen) -> int | None:
    """The first timestep after which two networks predict different classes; None: never."""
    pairs = enumerate(zip(one.decisions, other.decisions, strict=False), 1)
    return next((t for t, (a, b) in pairs if a != b), None)


def see_image(
    net: SpikingNet, image: Tensor, timesteps: int, *, trained_over: int = 1, seed: int = 0
) -> ImageSeen:
    """Run a network on one image without noise, and record all its neurons.

    Args:
        net: with the noise of its training, if it had any; it is not changed.
        image: (C, H, W), normalised as in training.
        timesteps: T.
        trained_over: timesteps of its training: 1, or those of BPTT.
        seed: seed of the noise, for the firing in training.

    Raises:
        ValueError: an image of another shape, T below 1, or neurons without `trace`,
            `first_potential` and `v_th`, see `ABILITIES`.

    Example:
        >>> seen = see_image(net, data.test.normalised(slice(1))[0], 16)
        >>> seen.decisions[0], seen.decided_at()
    """
    timesteps, seed = count("timesteps", timesteps), checked("seed", int, seed)
    check_network(net, "see_image()")
    layers = net.neuron_layers("trace", "first_potential", "v_th", needed_by="see_image()")
    if tensor("image", image, "(C, H, W)").shape != tuple(net.image_shape):
        raise ValueError(
            f"see_image() takes an image of shape {tuple(net.image_shape)}, got {described(image)}"
        )
    batch = image.unsqueeze(0)  # (1, C, H, W)
    trained = firing_in_training(net, image, timesteps=trained_over, seed=seed)
    recorded = record(net, batch, timesteps)
    stages = tuple(
        StageSeen(
            currents=as_numpy(seen.currents[:, 0]),
            h=as_numpy(seen.h[:, 0]),
            spikes=as_numpy(seen.spikes[:, 0]),
            v=as_numpy(seen.v[:, 0]),
            v_init=float(seen.residuals[0].flatten()[0]),
            v_th=float(layer.v_th),
            trained=as_numpy(fired),
        )
        for seen, layer, fired in zip(recorded, layers, trained, strict=True)
    )
    with torch.no_grad(), evaluating(net):
        readout = net.readout(recorded[-1].spikes.flatten(0, 1))  # (T, K), as B is 1
    return ImageSeen(stages, running_mean(as_numpy(readout)))


def firing_in_training(
    net: SpikingNet, image: Tensor, *, timesteps: int = 1, draws: int = DRAWS, seed: int = 0
) -> list[Tensor]:
    """How often each neuron fires for an image (C, H, W) under the conditions of training.

    It is the mean over draws of the noise at full strength; without noise there is one pass. The
    input of a stage is drawn at random. Its probability to fire is then computed in closed form if
    there is one: counted spikes vary by chance, which would make all distances from rates larger.

    Args:
        net: with the noise of its training, if it had any.
        image: as for `see_image`.
        timesteps: timesteps of its training.
        draws: number of draws of the noise.
        seed: seed of the noise.

    Returns:
        One tensor (*) per stage, 0 to 1.
    """
    timesteps = count("timesteps", timesteps)
    noisy = any(noise_of(layer) for layer in net.neuron_layers())
    generator = torch.Generator(image.device).manual_seed(seed) if noisy else None
    batch = image.expand(draws if noisy else 1, *image.shape)  # (B, C, H, W)
    stages: list[SpikingLayer] = list(net.neuron_layers())
    found: list[Tensor] = []

    def fire(stage: int, currents: Tensor) -> Tensor:
        spikes, _ = stages[stage].advance(currents, None, generator=generator)
        often = chances(stages[stage], currents)
        found.append((spikes if often is None else often).mean((0, 1)))
        return spikes

    with torch.no_grad():
        run_whole(net, batch, timesteps, fire, generator)
    return found


def chances(layer: Any, currents: Tensor) -> Tensor | None:
    """Firing probability of neurons under their noise, for currents (1, B, *); None: no formula.

    There is a formula for a single timestep with noise, if their constants alone define the
    neurons (see `ABILITIES`, "neuron").
    """
    noise = noise_of(layer)
    if (
        noise is None
        or len(currents) > 1
        or not all(hasattr(layer, a) for a in ("neuron", "sigma"))
    ):
        return None
    current = currents[0]  # (B, *)
    sigma = along_channels(layer.sigma(noise), current)
    return mean_rate(current, noise, layer.neuron, sigma).unsqueeze(0)


def running_mean(values: Floats) -> Floats:
    """Mean over the first 1, 2, ..., T of the values (T, *)."""
    steps = np.arange(1, len(values) + 1).reshape(-1, *[1] * (values.ndim - 1))
    means: Floats = (values.cumsum(0) / steps).astype(np.float32)
    return means


def as_numpy(values: Tensor) -> Floats:
    """A tensor as a NumPy array."""
    found: Floats = values.detach().float().cpu().numpy()
    return found
