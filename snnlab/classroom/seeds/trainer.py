"""The networks of the notebooks, of one seed, each trained once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from typing import cast

from snnlab.classroom.preset import Preset
from snnlab.conversion.noise_calibration import with_noise
from snnlab.data.images import Data
from snnlab.learning.fit import Epoch, fit
from snnlab.learning.objectives import PlainANN, SingleStep
from snnlab.learning.spec import Training
from snnlab.measure.accuracy import accuracy_against_timesteps
from snnlab.network.models import build
from snnlab.network.net import SpikingNet, StagedNet
from snnlab.neuron.spec import Neuron, Noise, Surrogate

STEPS = (1, 2, 4, 8, 16)
"""The timesteps T at which most accuracies are measured."""
MATCHED = Noise()
NARROW = 4
"""Channels of a network that digits are not too easy for."""
LATE = 1 / 3
"""Share of the epochs on own spikes."""


def late(training: Training) -> Training:
    """The same, with the last third of its epochs on the network's own spikes."""
    return replace(training, rates_fraction=LATE)


class Trainer:
    """Trains the networks of one seed.

    Args:
        settings: architecture, training and device.
        data: what they learn from.
        seed: of their weights, noise and order of images.
    """

    def __init__(self, settings: Preset, data: Data, seed: int) -> None:
        self.settings, self.data, self.seed = settings, data, seed
        self.single_step = cache(self._single_step)
        self.calibrated = cache(self._calibrated)
        self._build = partial(
            build,
            settings.architecture,
            image_shape=data.image_shape,
            classes=len(data.classes),
            seed=seed,
        )

    def _single_step(self, noise: Noise | None, v_init: float = 0.5) -> SpikingNet:
        """A network trained with one timestep; its gradient has the slope of matched noise."""
        net = self._build(
            noise=noise,
            neuron=Neuron(v_init=v_init),
            surrogate=Surrogate.matched(MATCHED if noise is None else noise),
        )
        return self._fitted(net)[0]

    def _calibrated(self, noises: Sequence[Noise]) -> SpikingNet:
        """A network trained with a noise for each layer."""
        return self._fitted(with_noise(cast("SpikingNet", self._build(noise=MATCHED)), noises))[0]

    def narrow(self, training: Training) -> SpikingNet:
        """A network with few channels, trained with noise in its noisy epochs."""
        narrow = replace(self.settings.architecture, width=NARROW)
        net = build(
            narrow,
            image_shape=self.data.image_shape,
            classes=len(self.data.classes),
            seed=self.seed,
            noise=MATCHED,
        ).to(self.settings.device)
        fit(net, self.data, SingleStep(), training, seed=self.seed)
        return cast("SpikingNet", net)

    def learning_sigma(self) -> tuple[SpikingNet, list[Epoch]]:
        """A network that learns the sigma of each layer, and its epochs."""
        return self._fitted(self._build(noise=Noise(learned="layer")))

    def relu(self) -> StagedNet:
        """The ordinary network."""
        net = self._build(activation="relu").to(self.settings.device)
        fit(net, self.data, PlainANN(), self.settings.training, seed=self.seed)
        return net

    def _fitted(self, built: StagedNet) -> tuple[SpikingNet, list[Epoch]]:
        net = cast("SpikingNet", built).to(self.settings.device)
        return net, fit(net, self.data, SingleStep(), self.settings.training, seed=self.seed)

    def accuracies(self, net: SpikingNet, steps: Sequence[int] = STEPS) -> list[float]:
        """Test accuracy in percent at these T."""
        curve = accuracy_against_timesteps(net, self.data.test, max(steps))
        return [curve.at(T) for T in steps]
