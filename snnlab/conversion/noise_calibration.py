"""Find the noise that fits a trained network: measure it, train with it, measure again.

There are two ways to measure it, per stage:

    residuals   the residual potentials themselves, of "driven" neurons, see `measure.residuals`
    rates       the noise under which a single step fires as often as the neuron does over T
                timesteps at the same mean current, see `measure.response`

For IF neurons under constant currents the two agree. The residual of a leaky neuron depends on
its current, so for it only the rates give the fitting noise, see `conversion.leak`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from snnlab.data.images import Data, Images
from snnlab.data.in_memory import data_of
from snnlab.learning.fit import fit
from snnlab.learning.objectives import SingleStep
from snnlab.learning.spec import Training
from snnlab.measure.accuracy import accuracy_against_timesteps
from snnlab.measure.curve import AccuracyCurve
from snnlab.measure.passes import images_for
from snnlab.measure.residuals import ResidualSummary, Several, residuals
from snnlab.measure.response import Response, responses
from snnlab.network.net import SpikingNet, check_network
from snnlab.neuron import registry
from snnlab.neuron.own_layer import noise_of
from snnlab.neuron.spec import Noise, Surrogate
from snnlab.settings import Positive, checked, count

Source = Literal["residuals", "rates"]
QUANTILES = 65
"""Number of quantiles of an empirical distribution."""

IMAGES = 1000
"""Largest number of images with which the noise is measured."""


def calibrate_noise(
    net: SpikingNet,
    data: Data | Images | Any,
    timesteps: int,
    *,
    family: str = "gaussian",
    source: Source | None = None,
) -> list[Noise]:
    """Measure the noise that fits the residuals of a network at T.

    Args:
        net: on the device of the data; it runs without noise and is not changed.
        data: a `Data`, of which the training images are used, or anything that `images_of`
            accepts; the first 1,000 images are used.
        timesteps: T, at least 2.
        family: family of the returned noise; "empirical" takes the measured distribution itself.
        source: see the top of this file; None: residuals for IF neurons that reset by
            subtraction, rates for others.

    Returns:
        One noise per stage, in units of v_th, to train with: see `with_noise`.

    Raises:
        ValueError: fewer than 2 timesteps, an unknown source, or a stage in which no neuron
            is driven, so that there is nothing to measure.

    Example:
        >>> noises = calibrate_noise(net, data, 16)
        >>> noises[0].mu, noises[0].sigma  # about 0.5 and 0.29
    """
    checked("source", Source | None, source)
    family = checked("family", str, family)
    timesteps = checked("timesteps", Several, timesteps)
    given = data.train if isinstance(data, Data) else data
    images = images_for(net, given, "calibrate_noise()", labelled=False)
    layers = net.neuron_layers("neuron", needed_by="calibrate_noise()")
    images = images.first(min(IMAGES, len(images)))
    usual: dict[bool, Source] = {True: "residuals", False: "rates"}
    chosen = [source or usual[layer.neuron.loses_nothing] for layer in layers]
    found: dict[Source, Sequence[ResidualSummary | Response]] = {}
    if "residuals" in chosen:
        found["residuals"] = residuals(net, images, timesteps, neurons="driven", channels=False)
    if "rates" in chosen:
        found["rates"] = responses(net, images, timesteps)
    return [noise_from(found[name][i], family, i) for i, name in enumerate(chosen)]


def noise_from(measured: ResidualSummary | Response, family: str, stage: int) -> Noise:
    """The noise of a family that has the measured mean and standard deviation."""
    mean, std = measured.mean, measured.std
    if not std > 0:
        raise ValueError(
            f"no noise can be measured in stage {stage}: no neuron there fires sometimes "
            "(see residuals()); use other images, or train the network first"
        )
    if registry.family(family).takes_quantiles:
        return Noise(family, quantiles=measured.quantiles(QUANTILES))
    return Noise(family, std, mean)


def with_noise(net: SpikingNet, noises: Sequence[Noise | None]) -> SpikingNet:
    """A copy of a network that trains with the given noise, one per stage.

    The surrogate of each stage becomes the slope of its firing probability, and v_init the mean
    of its noise. None removes the noise of a stage and changes nothing else.

    Args:
        net: is not changed.
        noises: one per stage.

    Raises:
        ValueError: another number of noises than of stages, or noise that is to be learned.

    Example:
        >>> net = with_noise(net, calibrate_noise(net, data, 16))
    """
    check_network(net, "with_noise()")
    noises = checked("noises", tuple[Noise | None, ...], noises)
    if len(noises) != len(net.stages):
        raise ValueError(f"{len(net.stages)} stages need as many noises, got {len(noises)}")
    changed = copy.deepcopy(net)
    layers = changed.neuron_layers("noise", "neuron", "surrogate", needed_by="with_noise()")
    for layer, noise in zip(layers, noises, strict=True):
        layer.noise = noise
        if hasattr(layer, "log_sigma_ratio"):
            layer.log_sigma_ratio = None
        if noise is not None:
            if noise.learned != "no":
                raise ValueError(f"with_noise() takes noise that stays as it is, got {noise}")
            layer.neuron = replace(layer.neuron, v_init=noise.mu * layer.neuron.v_th)
            layer.surrogate = Surrogate.matched(noise, layer.neuron.beta)
    return changed


@dataclass(frozen=True)
class Round:
    """One round of a calibration: the noise of the training, and the noise measured after it."""

    trained: list[Noise | None]
    """The noise that each stage was trained with."""
    measured: list[Noise]
    """The noise measured in each stage afterwards."""
    accuracy: AccuracyCurve
    """Accuracy of the network on the test images at T = 1, 2, ..., without noise, in percent."""

    @property
    def moved(self) -> float:
        """The largest change of a mean or a standard deviation of the noise, in v_th.

        It is infinite if a stage had no noise before.
        """
        changes = [
            float("inf") if a is None else max(abs(a.mu - b.mu), abs(a.sigma - b.sigma))
            for a, b in zip(self.trained, self.measured, strict=True)
        ]
        return max(changes)


def refine_noise(
    net: SpikingNet,
    data: Data,
    timesteps: int,
    training: Training,
    *,
    seed: int,
    family: str = "gaussian",
    source: Source | None = None,
    rounds: int = 5,
    tolerance: float = 0.01,
    on_round: Callable[[Round], None] | None = None,
) -> tuple[SpikingNet, list[Round]]:
    """Measure the noise, fine-tune with it, and measure again, until it no longer changes.

    Args:
        net: a network trained with one timestep; it is not changed.
        data: training images to measure and to train on, test images for the accuracies.
        timesteps: T of the measurement, at least 2.
        training: settings of each fine-tuning.
        seed: seed of the fine-tuning; round k uses seed + k.
        family, source: see `calibrate_noise`.
        rounds: largest number of measurements, at least 1.
        tolerance: it ends when no mean and no standard deviation changed by more than this, in
            units of v_th.
        on_round: called after each measurement.

    Returns:
        The last network trained, in evaluation mode, and all rounds.

    Raises:
        ValueError: no rounds, a tolerance that is not above 0, or as `calibrate_noise`.

    Example:
        >>> tuned, rounds = refine_noise(net, data, 16, Training(epochs=5), seed=0)
    """
    rounds, tolerance = count("rounds", rounds), checked("tolerance", Positive, tolerance)
    seed = checked("seed", int, seed)
    check_network(net, "refine_noise()")
    data = data_of(data)
    tuned, done = copy.deepcopy(net).eval(), []
    for number in range(1, rounds + 1):
        trained = [noise_of(stage.neuron) for stage in tuned.stages]
        measured = calibrate_noise(tuned, data, timesteps, family=family, source=source)
        curve = accuracy_against_timesteps(tuned, data.test, timesteps)
        done.append(Round(trained, measured, curve))
        if on_round is not None:
            on_round(done[-1])
        if done[-1].moved <= tolerance or number == rounds:
            break
        tuned = with_noise(tuned, measured)
        fit(tuned, data, SingleStep(), training, seed=seed + number)
        tuned.eval()
    return tuned, done
