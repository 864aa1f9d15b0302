"""The networks of the notebooks, of one seed, each trained once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, cast

from snnlab.classroom.preset import Preset
from snnlab.conversion.noise_calibration import with_noise
from snnlab.data.images import Data
from snnlab.learning.fit import Epoch, fit
from snnlab.learning.objectives import Objective, PlainANN, SingleStep
from snnlab.learning.spec import Training
from snnlab.measure.accuracy import accuracy_against_timesteps
from snnlab.network.models import build
from snnlab.network.net import SpikingNet, StagedNet
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Neuron, Noise, Surrogate

STEPS = (1, 2, 4, 8, 16)
"""The timesteps T at which most accuracies are measured."""
MATCHED = Noise()
NARROW = 4
"""Channels of a network so small that digits are not too easy for it."""
LATE = 1 / 3
"""Share of the epochs that are trained on own spikes."""


def late(training: Training) -> Training:
    """The same training, with the last third of its epochs on the network's own spikes."""
    return replace(training, rates_fraction=LATE)


class Trainer:
    """Trains the networks of one seed.

    Args:
        settings: architecture, training and device.
        data: training, validation and test images.
        seed: of their weights, noise and order of images.
    """

    def __init__(self, settings: Preset, data: Data, seed: int) -> None:
        self.settings, self.data, self.seed = settings, data, seed
        self.single_step = cache(self._single_step)
        self.calibrated = cache(self._calibrated)

    def _built(self, architecture: Architecture | None = None, **options: Any) -> StagedNet:
        """A network before training, by default as the settings say; `options` are for `build`."""
        return build(
            architecture or self.settings.architecture,
            image_shape=self.data.image_shape,
            classes=len(self.data.classes),
            seed=self.seed,
            **options,
        )

    def _fitted(
        self, built: StagedNet, objective: Objective | None = None, training: Training | None = None
    ) -> tuple[SpikingNet, list[Epoch]]:
        """Train a network, by default with one timestep and the settings; network and epochs."""
        net = cast("SpikingNet", built).to(self.settings.device)
        training = training or self.settings.training
        return net, fit(net, self.data, objective or SingleStep(), training, seed=self.seed)

    def _single_step(self, noise: Noise | None, v_init: float = 0.5) -> SpikingNet:
        """A network trained with one timestep; its gradient has the slope of matched noise."""
        net = self._built(
            noise=noise,
            neuron=Neuron(v_init=v_init),
            surrogate=Surrogate.matched(MATCHED if noise is None else noise),
        )
        return self._fitted(net)[0]

    def _calibrated(self, noises: Sequence[Noise]) -> SpikingNet:
        """A network trained with a noise for each layer."""
        return self._fitted(with_noise(cast("SpikingNet", self._built(noise=MATCHED)), noises))[0]

    def narrow(self, training: Training) -> SpikingNet:
        """A network with few channels, trained with noise in its noisy epochs."""
        narrow = replace(self.settings.architecture, width=NARROW)
        return self._fitted(self._built(narrow, noise=MATCHED), training=training)[0]

    def learning_sigma(self) -> tuple[SpikingNet, list[Epoch]]:
        """A network that learns the sigma of each layer, and its epochs."""
        return self._fitted(self._built(noise=Noise(learned="layer")))

    def relu(self) -> StagedNet:
        """The ordinary network: with ReLU in place of spiking neurons, trained without noise."""
        return self._fitted(self._built(activation="relu"), PlainANN())[0]

    def accuracies(self, net: SpikingNet, steps: Sequence[int] = STEPS) -> list[float]:
        """Test accuracy in percent at these T."""
        curve = accuracy_against_timesteps(net, self.data.test, max(steps))
        return [curve.at(T) for T in steps]
