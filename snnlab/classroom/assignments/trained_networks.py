"""Judge a function that trains networks: by what their weights do on images it never saw.

The function gives weights, not accuracies. The networks are rebuilt here and measured here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from snnlab.classroom.calling import call
from snnlab.classroom.checking import Arguments
from snnlab.classroom.comparing import shown
from snnlab.classroom.diagnosis import Diagnosis, not_yet
from snnlab.classroom.faults import fault_of, not_a_function
from snnlab.data.images import Images
from snnlab.data.sources import load_data
from snnlab.measure.accuracy import accuracy_against_timesteps
from snnlab.network.models import build
from snnlab.network.net import SpikingNet
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import MATCHED_SIGMA, Neuron

Weights = Mapping[str, NDArray[np.float64]]

ARCHITECTURE = Architecture("mlp", width=32)
IMAGE_SHAPE = (1, 8, 8)
PIXEL_MEAN, PIXEL_STD = 0.31, 0.38
"""Normalisation of the images, the same as in the notebook."""
MANY = 16
"""T after the conversion."""
LARGE_SIGMA = 1.0
GOOD = 88.0
"""Percent that a network with matched noise reaches at T = 16. Right ones have 95.5 on average,
with a standard deviation of 0.9 over seeds and images; noise of mean 0 has at most 83."""
AT_REST = 85.0
"""Percent that a network without noise, started at rest, reaches at T = 1. Right ones have 94.4,
with a standard deviation of 1.1."""
LOST_AT_REST = 4.0
"""Percent that a network without noise may lose at rest against v_th / 2. Right ones gain 5.2, with
a standard deviation of 2.3; those that were trained from v_th / 2 lose about 10."""
UNTRAINED = 40.0
TRAINING_IMAGES = 600
FEW_IMAGES = 64
"""Enough to see whether an argument has an effect."""


@dataclass(frozen=True)
class TrainingExercise:
    """A function `(images, labels, sigma, seed)` that trains a network and returns it.

    Example:
        >>> TrainingExercise((7, 8)).check(train).passed
        True
    """

    seeds: tuple[int, int]
    """Two seeds of the training."""
    label_seed: int = 0
    """Permutes classes and chooses images; 0: digits as they are."""
    seconds: float = 60.0
    """Processor time; a right answer needs about 3 s."""
    calls: Sequence[Arguments] = field(init=False)
    """Two trainings with and without noise, and three short ones that differ in an argument."""

    def __post_init__(self) -> None:
        images, labels = self._training_set()
        one, other = self.seeds
        long = [(MATCHED_SIGMA, one), (0.0, one)]
        short = [(MATCHED_SIGMA, one), (MATCHED_SIGMA, other), (LARGE_SIGMA, one)]
        calls = [(images, labels, sigma, seed) for sigma, seed in long]
        calls += [(images[:FEW_IMAGES], labels[:FEW_IMAGES], *rest) for rest in short]
        object.__setattr__(self, "calls", calls)

    def check(self, answer: Any) -> Diagnosis:
        """Judge an answer. Whatever the answer does, this raises nothing."""
        if not callable(answer):
            return not_a_function(answer)
        found = []
        for arguments in self.calls:
            outcome = call(answer, arguments, seconds=self.seconds)
            fault = fault_of(outcome)
            if fault is not None:
                return fault
            weights = weights_of(outcome.value)
            if isinstance(weights, Diagnosis):
                return weights
            found.append(weights)
        matched, silent, *few = found
        test = self._test_images()
        return (
            fault_of_training(matched, test)
            or fault_of_arguments(matched, silent, *few)
            or fault_of_noisy(matched, test)
            or fault_of_noise_free(silent, test)
            or Diagnosis(True, "One timestep of training, and the noise does what it should.")
        )

    def _training_set(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        train = digits()[0]
        rng = np.random.default_rng([1, self.label_seed])
        chosen = rng.permutation(len(train))[:TRAINING_IMAGES]
        pixels, labels = train.pixels.numpy()[chosen], train.labels.numpy()[chosen]
        return pixels, self._classes()[labels]

    def _test_images(self) -> Images:
        test = digits()[1]
        mean, std = torch.tensor([PIXEL_MEAN]), torch.tensor([PIXEL_STD])
        labels = torch.from_numpy(self._classes()[test.labels.numpy()])
        return Images(test.pixels, labels, mean, std)

    def _classes(self) -> NDArray[np.int64]:
        """New number of each class: a network that was trained elsewhere does not know it."""
        if self.label_seed == 0:
            return np.arange(10)
        return np.random.default_rng(self.label_seed).permutation(10)


@cache
def digits() -> tuple[Images, Images]:
    """Training and test images of the digits."""
    data = load_data("digits")
    return data.train, data.test


def weights_of(value: Any) -> Weights | Diagnosis:
    """Weights of a returned network, or what is wrong with them."""
    if hasattr(value, "state_dict"):
        value = {name: part.detach().cpu().numpy() for name, part in value.state_dict().items()}
    if not isinstance(value, Mapping):
        return not_yet(
            f"Your function returns {shown(value)}; it should return the trained network.",
            "`fit` trains the network in place. Return the network, not what `fit` returns.",
        )
    wanted = {name: tuple(part.shape) for name, part in blank(0.5).state_dict().items()}
    got = {str(name): np.shape(part) for name, part in value.items()}
    if got != wanted:
        return not_yet(
            "Your network is not an MLP with width 32 for 8 x 8 pixels and 10 classes.",
            'build(Architecture("mlp", width=32), image_shape=(1, 8, 8), classes=10, ...).',
        )
    return {str(name): np.asarray(part, float) for name, part in value.items()}


def blank(v_init: float) -> SpikingNet:
    """An untrained network of the right shape."""
    net = build(
        ARCHITECTURE, image_shape=IMAGE_SHAPE, classes=10, seed=0, neuron=Neuron(v_init=v_init)
    )
    assert isinstance(net, SpikingNet)
    return net


def accuracies(weights: Weights, images: Images, v_init: float) -> list[float]:
    """Accuracy in percent at T = 1 to 16 without noise, started from v_init."""
    net = blank(v_init)
    like = net.state_dict()
    net.load_state_dict(
        {name: torch.tensor(part).to(like[name].dtype) for name, part in weights.items()}
    )
    return accuracy_against_timesteps(net, images, MANY).accuracy


def equal(one: Weights, other: Weights) -> bool:
    """Whether two networks have the same weights."""
    return all(np.array_equal(one[name], other[name]) for name in one)


def fault_of_arguments(
    matched: Weights, silent: Weights, few: Weights, other: Weights, large: Weights
) -> Diagnosis | None:
    """The diagnosis for an argument that has no effect, or None."""
    if equal(matched, few):
        return not_yet(
            "Your function does not train on the images that it is given.",
            "Hand `images` and `labels` to `data_of`, and that to `fit`.",
        )
    if equal(few, other):
        return not_yet(
            "Two seeds give the same network.",
            "Hand `seed` to `build` and to `fit`.",
        )
    if equal(few, large) or equal(matched, silent):
        return not_yet(
            "The argument sigma has no effect: two sigmas give the same network.",
            "Noise(sigma=sigma) if sigma > 0, else None; hand it to `build`.",
        )
    return None


def fault_of_training(weights: Weights, images: Images) -> Diagnosis | None:
    """The diagnosis for a network that has learnt next to nothing, or None."""
    best = max(accuracies(weights, images, 0.5) + accuracies(weights, images, 0.0))
    if best >= UNTRAINED:
        return None
    return not_yet(
        f"Your network is hardly trained: it has {best:.1f} % at best.",
        "Call `fit` before you return the network, and give it all epochs.",
    )


def fault_of_noisy(weights: Weights, images: Images) -> Diagnosis | None:
    """The diagnosis for a network that was not trained under matched noise, or None."""
    half, rest = accuracies(weights, images, 0.5), accuracies(weights, images, 0.0)
    said = f"Converted to T = {MANY}, your network with sigma = 0.2887 has {half[-1]:.1f} %. "
    if half[-1] >= GOOD:
        return None
    if rest[0] > half[-1]:
        return not_yet(
            said + "At T = 1, started from rest, it does better: its noise had mean 0.",
            "Leave mu as it is, 0.5: the residual has the mean v_th / 2.",
        )
    return not_yet(
        said + f"{GOOD:g} % are asked for.",
        "Train 12 epochs in batches of 32, with the noise throughout.",
    )


def fault_of_noise_free(weights: Weights, images: Images) -> Diagnosis | None:
    """The diagnosis for a network that was to be trained without noise, or None."""
    rest, half = accuracies(weights, images, 0.0), accuracies(weights, images, 0.5)
    said = f"Your network with sigma = 0 has {rest[0]:.1f} % at T = 1, started from rest. "
    if half[0] > rest[0] + LOST_AT_REST:
        return not_yet(
            said + f"Started from v_th / 2 it has {half[0]:.1f} %: that is where you trained it.",
            "Without noise the neurons start at rest: neuron=Neuron(v_init=0.0).",
        )
    if rest[0] >= AT_REST:
        return None
    return not_yet(
        said + f"{AT_REST:g} % are asked for.",
        "Train it as long as the other one, with noise=None.",
    )
