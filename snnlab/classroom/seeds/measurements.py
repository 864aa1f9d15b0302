"""The measurements that are made with each seed: the points of each table, and its lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

import torch

from snnlab.classroom.preset import Preset
from snnlab.classroom.seeds.trainer import MATCHED, STEPS, Trainer, late
from snnlab.conversion.ann import convert_ann
from snnlab.conversion.noise_calibration import calibrate_noise
from snnlab.measure.disturbance import Disturbance, disturbed_accuracy
from snnlab.measure.residuals import residuals
from snnlab.network.net import SpikingNet
from snnlab.network.neurons import with_neurons
from snnlab.network.probes import record
from snnlab.neuron.spec import Noise
from snnlab.runs.methods import COMPARED

Lines = Mapping[str, Sequence[float]]
"""A number at each point, by the name of the line."""


@dataclass(frozen=True)
class Measurement:
    """The content of a table."""

    says: str
    """A description in one line."""
    points: Callable[[Preset], Sequence[float]]
    """The points at which it is measured."""
    measure: Callable[[Trainer], Lines]
    """Measures it with one seed."""


STARTS = (0.0, 0.25, 0.5, 0.75, 1.0)
UP_TO_64 = (1, 2, 4, 8, 16, 32, 64)
SIGMAS = (0.02, 0.1, 0.2, 0.29, 0.5, 1.0)
STAGES = (1, 2, 3)
LOST_SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
DRAWS = 2
"""How often a random disturbance is drawn; accuracies are means over these draws."""
CONVERSIONS: Mapping[str, Mapping[str, object]] = {
    "largest, from 0": {"half_threshold_start": False},
    "largest, from v_th / 2": {},
    "99.9th percentile": {"threshold": "percentile"},
    "and biases corrected": {"threshold": "percentile", "correct_bias_at": 4},
}
"""Conversions of a ReLU network, each with one further improvement."""
HALVED: Mapping[str, Disturbance] = {
    "none lost": Disturbance(),
    "half lost": Disturbance(dropped_spikes=0.5),
    "none lost, each counts half": Disturbance(spike_strength=0.5),
    "half lost, each counts twice": Disturbance(dropped_spikes=0.5, spike_strength=2.0),
}
"""Disturbances that halve a current, and one that compensates for it."""


def starts(trainer: Trainer) -> Lines:
    """Accuracy with matched noise, run from other start potentials."""
    net = trainer.single_step(MATCHED)
    rows = [trainer.accuracies(with_neurons(net, v_init=start)) for start in STARTS]
    return by_timesteps(rows, (1, 2, 4, 16))


def variants(trainer: Trainer) -> Lines:
    """Accuracy of networks that lack a part of the method."""
    net = trainer.single_step(MATCHED)
    networks = {
        "matched noise": net,
        COMPARED["no-noise-rest"].title: trainer.single_step(None, 0.0),
        COMPARED["no-noise-half"].title: trainer.single_step(None),
        "zero-mean noise": trainer.single_step(Noise(mu=0.0), 0.0),
        "reset to zero": with_neurons(net, reset="zero"),
    }
    return {name: trainer.accuracies(each) for name, each in networks.items()}


def leaks(trainer: Trainer) -> Lines:
    """Accuracy with matched noise, run with leaky neurons."""
    net = trainer.single_step(MATCHED)
    leaky = {f"beta = {beta:g}": with_neurons(net, beta=beta) for beta in (1.0, 0.9, 0.5)}
    return {name: trainer.accuracies(each) for name, each in leaky.items()}


def decisions(trainer: Trainer) -> Lines:
    """Percent of the test images that are decided otherwise at T than at T = 16."""
    net, images = trainer.single_step(MATCHED).eval(), trainer.data.test.normalised(slice(1000))
    with torch.no_grad():
        readout = torch.cat(list(net.unroll(images, 16)))  # (T, B, K)
    choices = readout.cumsum(0).argmax(2)  # (T, B)
    changed = 100 * (choices != choices[-1]).float().mean(1)
    return {"decided otherwise": changed.tolist()}


def conversions(trainer: Trainer) -> Lines:
    """Accuracy of a ReLU network, converted in four ways."""
    ann, few = trainer.relu(), trainer.data.train.first(500)
    found = {}
    for name, way in CONVERSIONS.items():
        spiking = convert_ann(ann, max(UP_TO_64), few, **way)  # type: ignore[arg-type]
        found[name] = trainer.accuracies(spiking, UP_TO_64)
    return found


def residual_moments(trainer: Trainer) -> Lines:
    """Residuals by stage: of the active neurons, and as calibration takes them; in v_th."""
    net = trainer.single_step(MATCHED)
    active = residuals(net, trainer.data.test, 16, channels=False)
    driven = calibrate_noise(net, trainer.data, 16)
    return {
        "mean, active": [found.mean for found in active],
        "sigma, active": [found.std for found in active],
        "share active": [found.active for found in active],
        "mean, calibrated": [found.mu for found in driven],
        "sigma, calibrated": [found.sigma for found in driven],
    }


def calibrated(trainer: Trainer) -> Lines:
    """Accuracy with noise by the formula, and with measured noise."""
    net = trainer.single_step(MATCHED)
    found = {"matched by formula": trainer.accuracies(net)}
    for name, family in (("calibrated", "gaussian"), ("empirical", "empirical")):
        noises = tuple(calibrate_noise(net, trainer.data, 16, family=family))
        found[name] = trainer.accuracies(trainer.calibrated(noises))
    return found


def sigmas(trainer: Trainer) -> Lines:
    """Accuracy with noise of other sizes."""
    rows = [trainer.accuracies(trainer.single_step(Noise(sigma=sigma))) for sigma in SIGMAS]
    return by_timesteps(rows, STEPS)


def shapes(trainer: Trainer) -> Lines:
    """Accuracy with noise of other shapes, and without noise from v_th / 2."""
    families = ("gaussian", "uniform", "logistic")
    noises: dict[str, Noise | None] = {family: Noise(family) for family in families}
    noises["no noise"] = None
    return {name: trainer.accuracies(trainer.single_step(noise)) for name, noise in noises.items()}


def learned_sigma(trainer: Trainer) -> Lines:
    """The sigma of each stage over the epochs."""
    _, epochs = trainer.learning_sigma()
    stages = zip(*(epoch.noise_by_stage for epoch in epochs), strict=True)
    return {f"layer {i}": list(stage) for i, stage in enumerate(stages, 1)}


def learned(trainer: Trainer) -> Lines:
    """Accuracy of a network that learned its sigma, and with matched noise."""
    return {
        "learned": trainer.accuracies(trainer.learning_sigma()[0]),
        "matched": trainer.accuracies(trainer.single_step(MATCHED)),
    }


def own_spikes(trainer: Trainer) -> Lines:
    """Accuracy of narrow networks: noise to the end, or own spikes in the last epochs."""
    training = trainer.settings.training
    return {
        "noise to the end": trainer.accuracies(trainer.narrow(training)),
        "own spikes last": trainer.accuracies(trainer.narrow(late(training))),
    }


def lost_spikes(trainer: Trainer) -> Lines:
    """Accuracy against the share of lost spikes, with noise in training and without."""
    return {
        f"{name}, T = {T}": [
            disturbed(trainer, net, Disturbance(dropped_spikes=share))[STEPS.index(T)]
            for share in LOST_SHARES
        ]
        for name, net in both(trainer).items()
        for T in (1, 16)
    }


def halved(trainer: Trainer) -> Lines:
    """Accuracy with half of the spikes lost, and with disturbances that explain it."""
    return under(trainer, HALVED)


def current_spread(trainer: Trainer) -> Lines:
    """Standard deviation of the mean current over T = 16, by stage, in v_th."""
    images = trainer.data.test.normalised(slice(500))  # few images, as all currents are kept
    found = {}
    for name, net in both(trainer).items():
        stages = record(net, images, 16)
        found[name] = [stage.currents.mean(0).std().item() for stage in stages]
    return found


def noisy_inputs(trainer: Trainer) -> Lines:
    """Accuracy under noise on pixels and on weights, with noise in training and without."""
    return under(
        trainer,
        {
            "pixels 0.2": Disturbance(input_noise=0.2),
            "pixels 0.4": Disturbance(input_noise=0.4),
            "weights 0.3": Disturbance(weight_noise=0.3),
            "weights 0.5": Disturbance(weight_noise=0.5),
        },
    )


def under(trainer: Trainer, disturbances: Mapping[str, Disturbance]) -> Lines:
    """Accuracy under each disturbance, with noise in training and without."""
    return {
        f"{name}: {what}": disturbed(trainer, net, disturbance)
        for name, net in both(trainer).items()
        for what, disturbance in disturbances.items()
    }


def both(trainer: Trainer) -> dict[str, SpikingNet]:
    """The networks whose robustness is compared: they differ in the noise of their training."""
    return {
        "with noise": trainer.single_step(MATCHED),
        "without noise": trainer.single_step(None),
    }


def disturbed(trainer: Trainer, net: SpikingNet, disturbance: Disturbance) -> list[float]:
    """Accuracy at `STEPS` under a disturbance."""
    images = trainer.data.test
    drawn = []
    for draw in range(DRAWS):
        generator = torch.Generator(images.device).manual_seed(1000 * trainer.seed + draw)
        found = disturbed_accuracy(net, images, STEPS, disturbance, generator=generator)
        drawn.append(found.accuracy)
    return [mean(values) for values in zip(*drawn, strict=True)]


def by_timesteps(rows: Sequence[Sequence[float]], timesteps: Sequence[int]) -> Lines:
    """A line for each of these T, from accuracies at `STEPS` of each point."""
    return {f"T = {T}": [row[STEPS.index(T)] for row in rows] for T in timesteps}


def at(points: Sequence[float]) -> Callable[[Preset], Sequence[float]]:
    """A function that gives these points for any settings."""
    return lambda settings: points


MEASUREMENTS: Mapping[str, Measurement] = {
    measure.__name__: Measurement((measure.__doc__ or "").strip(), points, measure)
    for measure, points in (
        (starts, at(STARTS)),
        (variants, at(STEPS)),
        (leaks, at(STEPS)),
        (decisions, at(range(1, 17))),
        (conversions, at(UP_TO_64)),
        (residual_moments, at(STAGES)),
        (calibrated, at(STEPS)),
        (sigmas, at(SIGMAS)),
        (shapes, at(STEPS)),
        (learned_sigma, lambda settings: range(1, settings.training.epochs + 1)),
        (learned, at(STEPS)),
        (own_spikes, at(STEPS)),
        (lost_spikes, at(LOST_SHARES)),
        (halved, at(STEPS)),
        (current_spread, at(STAGES)),
        (noisy_inputs, at(STEPS)),
    )
}
"""Every table by its name."""
