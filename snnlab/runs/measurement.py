"""The measurement after training: the content of result.json.

Methods that train spiking neurons:

    accuracy, rates, operations   at T = 1 to `timesteps`, on all test images
    changed                       images lost and gained since T = 1, by T
    cost                          energy and break-even rates at these T, see `CostReport`
    early_exit                    mean T and accuracy at some thresholds
    subset                        accuracy at these T on the images that conversions see
    certificate                   of the conversion, if trained with noise

The others, converted to spiking neurons in several ways:

    ann_accuracy                  on all test images
    accuracy, changed, rates, operations, cost, early_exit   of the best-practice conversion
    subset                        accuracy of every conversion up to `conversion_timesteps`
                                  on the first `conversion_images` test images; cost of the
                                  best-practice one

All: training_seconds, peak_memory_mib of the training, seconds_per_image by T.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from torch import Tensor

from snnlab.conversion.timesteps import convert
from snnlab.data.images import Data, Images
from snnlab.learning.fit import Epoch
from snnlab.measure.accuracy import accuracy, accuracy_against_timesteps
from snnlab.measure.curve import AccuracyCurve, powers_of_two
from snnlab.measure.early_exit import early_exit_curve
from snnlab.measure.energy import cost_report
from snnlab.measure.speed import seconds_per_image
from snnlab.network.net import ANN, SpikingNet, StagedNet
from snnlab.runs.config import RunConfig

TIMED_IMAGES = 128
"""Largest number of test images in the batch whose inference is timed."""
EXIT_THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1.01)
"""Confidences at which early exit is measured; above 1 no image leaves early."""


def measure(
    net: StagedNet,
    data: Data,
    config: RunConfig,
    history: list[Epoch],
    *,
    peak_memory_mib: float | None,
    progress: bool,
) -> dict[str, Any]:
    """Measure a trained network on the test images; see the top of this file."""
    result: dict[str, Any] = {
        "test_images": len(data.test),
        "training_seconds": sum(epoch.seconds for epoch in history),
        "peak_memory_mib": peak_memory_mib,
    }
    if isinstance(net, SpikingNet):
        return result | spiking_entries(net, data.test, config, progress=progress)
    return result | ann_entries(cast(ANN, net), data, config, progress=progress)


def spiking_entries(
    net: SpikingNet, test: Images, config: RunConfig, *, progress: bool
) -> dict[str, Any]:
    """Entries of a spiking method."""
    entries: dict[str, Any] = {}
    if config.acting_noise is not None:
        net, certificate = convert(net, config.timesteps, test, seed=config.seed, progress=progress)
        entries["certificate"] = certificate.to_json()
        curve = certificate.accuracy
    else:
        curve = accuracy_against_timesteps(net, test, config.timesteps, progress=progress)
    subset = first_images(test, config.conversion_images)
    part = curve
    if len(subset) < len(test):
        part = accuracy_against_timesteps(net, subset, config.timesteps, progress=progress)
    timed = powers_of_two(config.timesteps)
    return entries | {
        **curve_entries(net, curve),
        "early_exit": exit_entries(net, subset, config),
        "subset": {"images": len(subset), "accuracy": part.to_json()},
        "seconds_per_image": seconds_per_image(net, timed_batch(test), timed),
    }


def ann_entries(net: ANN, data: Data, config: RunConfig, *, progress: bool) -> dict[str, Any]:
    """Entries of a network of activation functions and of its conversions."""
    subset = first_images(data.test, config.conversion_images)
    conversions = config.entry.conversions
    assert conversions is not None  # every method that does not spike has some
    variants = conversions(net, data.train, config)
    best = next(iter(variants.values()))
    T = config.conversion_timesteps
    curves = {
        name: accuracy_against_timesteps(converted, subset, T, progress=progress)
        for name, converted in variants.items()
    }
    timed = sorted({*powers_of_two(config.timesteps), *powers_of_two(T)})
    batch = timed_batch(data.test)
    return {
        "ann_accuracy": accuracy(net, data.test),
        "ann_seconds_per_image": seconds_per_image(net, batch)[1],
        **curve_entries(
            best, accuracy_against_timesteps(best, data.test, config.timesteps, progress=progress)
        ),
        "early_exit": exit_entries(best, subset, config),
        "subset": {
            "images": len(subset),
            "ann_accuracy": accuracy(net, subset),
            "conversions": {name: curve.to_json() for name, curve in curves.items()},
            "cost": asdict(cost_report(best, curves[next(iter(curves))])),
        },
        "seconds_per_image": seconds_per_image(best, batch, timed),
    }


def curve_entries(net: SpikingNet, curve: AccuracyCurve) -> dict[str, Any]:
    """Accuracy, images that changed, rates and operations by T, and the cost."""
    measured = {name: entry for name, entry in curve.entries().items() if name != "images"}
    return measured | {"cost": asdict(cost_report(net, curve))}


def exit_entries(net: SpikingNet, images: Images, config: RunConfig) -> list[dict[str, float]]:
    """Early exit at `EXIT_THRESHOLDS`."""
    points = early_exit_curve(net, images, EXIT_THRESHOLDS, config.timesteps)
    return [asdict(point) for point in points]


def first_images(images: Images, most: int) -> Images:
    """The first `most` images, or all of them; they are in stratified order."""
    return images.first(min(most, len(images)))


def timed_batch(images: Images) -> Tensor:
    """The images whose inference is timed, (B, C, H, W)."""
    return images.normalised(slice(TIMED_IMAGES))
