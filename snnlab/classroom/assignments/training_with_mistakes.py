"""The training of assignment 3, with switches for the mistakes that students make."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from snnlab.classroom.checking import Mistake
from snnlab.data.images import Data, Images
from snnlab.learning.fit import fit
from snnlab.learning.objectives import BPTT, SingleStep
from snnlab.learning.spec import Training
from snnlab.network.models import build
from snnlab.network.net import SpikingNet
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Neuron, Noise

ARCHITECTURE = Architecture("mlp", width=32)
IMAGE_SHAPE = (1, 8, 8)
PIXEL_MEAN, PIXEL_STD = 0.31, 0.38
"""Normalisation of the images, the same as in the notebook."""


def train(
    images: Any,
    labels: Any,
    sigma: float,
    seed: int,
    *,
    taken: Callable[[float], float] = lambda sigma: sigma,
    mu: float = 0.5,
    rest: float = 0.0,
    timesteps: int = 1,
    build_seed: int | None = None,
    fit_seed: int | None = None,
    **settings: Any,
) -> SpikingNet:
    """The network that the right function of the assignment returns, or one with mistakes.

    Args:
        images, labels, sigma, seed: arguments of the function.
        taken: gives the sigma that is used in place of the argument `sigma`.
        mu: mean of the noise.
        rest: v_init of neurons without noise.
        timesteps: T of the training.
        build_seed, fit_seed: used in place of the seed.
        settings: of `Training`, in place of the right ones.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in the notebook, so that sums have the same order
    try:
        net = network(
            seed if build_seed is None else build_seed,
            Noise(sigma=taken(sigma), mu=mu) if sigma > 0 else None,
            Neuron() if sigma > 0 else Neuron(v_init=rest),
        )
        training = Training(**{"epochs": 12, "batch_size": 32} | settings)
        objective = SingleStep() if timesteps == 1 else BPTT(timesteps)
        seed = seed if fit_seed is None else fit_seed
        fit(net, data_of(images_of(images, labels)), objective, training, seed=seed)
    finally:
        torch.set_num_threads(threads)
    return net


def network(seed: int, noise: Noise | None, neuron: Neuron) -> SpikingNet:
    """An untrained network of the required shape."""
    net = build(
        ARCHITECTURE, image_shape=IMAGE_SHAPE, classes=10, seed=seed, noise=noise, neuron=neuron
    )
    assert isinstance(net, SpikingNet)
    return net


def images_of(pixels: Any, labels: Any) -> Images:
    """Pixels (N, 1, 8, 8) and labels (N,) with the notebook's normalisation."""
    mean, std = torch.tensor([PIXEL_MEAN]), torch.tensor([PIXEL_STD])
    return Images(torch.tensor(pixels), torch.tensor(labels), mean, std)


def data_of(part: Images) -> Data:
    """Data with training images only."""
    return Data("digits", tuple("0123456789"), part, part.subset(torch.arange(0)), part)


MISTAKES = (
    Mistake(
        partial(train, build_seed=0),
        "The argument `seed` does not decide the first weights.",
        "Hand `seed` to `build` too, not only to `fit`.",
    ),
    *(
        Mistake(
            partial(train, fit_seed=seed),
            "The argument `seed` decides the first weights, but not the training.",
            "Hand `seed` to `fit` too, not only to `build`.",
        )
        for seed in (0, 1, 42)
    ),
    Mistake(
        partial(train, taken=lambda sigma: sigma**2),
        "Your noise has the standard deviation sigma ** 2: that is the variance.",
        "Noise(sigma=sigma).",
    ),
    Mistake(
        partial(train, taken=lambda sigma: sigma / 2),
        "Your noise has half the standard deviation that is asked for.",
        "Noise(sigma=sigma): sigma is in units of v_th already.",
    ),
    Mistake(
        partial(train, mu=0.0),
        "Your noise has mean 0.",
        "Leave mu as it is, 0.5: the residual has the mean v_th / 2.",
    ),
    *(
        Mistake(
            partial(train, timesteps=T),
            f"You train with {T} timesteps.",
            "Train with one, `SingleStep()`; many come after the training.",
        )
        for T in (2, 4, 8, 16)
    ),
    Mistake(
        partial(train, noise_fraction=0.5),
        "Your noise acts in a part of the training only.",
        "Leave `noise_fraction` as it is: noise throughout.",
    ),
    Mistake(
        partial(train, rest=0.5),
        "Without noise, your neurons start at v_th / 2.",
        "Without noise the neurons start at rest: neuron=Neuron(v_init=0.0).",
    ),
    Mistake(
        partial(train, batch_size=128),
        "Your batches are not those that are asked for.",
        "Training(epochs=12, batch_size=32).",
    ),
    Mistake(
        partial(train, epochs=20),
        "You train 20 epochs, the default of `Training`.",
        "Training(epochs=12, batch_size=32).",
    ),
)
"""Mistakes in a function that is otherwise right."""
