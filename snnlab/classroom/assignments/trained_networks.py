"""Judge a function that trains networks by the weights, and by their accuracy on new images.

The weights are compared with those that the function of the assignment returns for the same
arguments: equal weights are right, and weights of a catalogued mistake get its diagnosis. Another
way of training gives other weights; such networks are rebuilt and measured here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from snnlab.classroom.assignments.training_with_mistakes import MISTAKES, images_of, network, train
from snnlab.classroom.calling import Arguments
from snnlab.classroom.comparing import shown
from snnlab.classroom.diagnosis import Diagnosis, not_yet
from snnlab.classroom.faults import fault_of, hidden_case, right
from snnlab.classroom.judging import Judge
from snnlab.classroom.outcomes import Outcome, as_data
from snnlab.data.images import Images
from snnlab.data.sources import load_data
from snnlab.measure.accuracy import accuracy_against_timesteps
from snnlab.neuron.spec import MATCHED_SIGMA, Neuron

Weights = Mapping[str, NDArray[np.float64]]
Train = Callable[..., Any]

TIMESTEPS = 16
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
ALIKE = 0.5
"""Correlation of the weights of two seeds, trained on a few images. Networks with the same first
weights have more than 0.9, others less than 0.1."""
ROUNDING = 1e-4
"""Largest difference between equal weights, due to another order of sums."""
TRAINING_IMAGES = 600
FEW_IMAGES = 64
"""Enough to see whether an argument has an effect."""
NAMES = ("images", "labels", "sigma", "seed")
PRAISE = "One timestep of training, and the noise does what it should."


@dataclass(frozen=True)
class Run:
    """The arguments of one training."""

    sigma: float
    seed: int
    images: int = TRAINING_IMAGES
    label_seed: int = 0
    """Permutes classes and chooses images; 0: digits as they are."""

    @property
    def arguments(self) -> Arguments:
        """The arguments for the student's function."""
        train = digits()[0]
        rng = np.random.default_rng([1, self.label_seed])
        chosen = rng.permutation(len(train))[: self.images]
        labels = classes(self.label_seed)[train.labels.numpy()[chosen]]
        return train.pixels.numpy()[chosen], labels, self.sigma, self.seed


KNOWN_RUNS = (
    Run(MATCHED_SIGMA, seed=7),
    Run(0.0, seed=7),
    Run(MATCHED_SIGMA, seed=7, images=FEW_IMAGES),
    Run(MATCHED_SIGMA, seed=7, images=FEW_IMAGES),
    Run(MATCHED_SIGMA, seed=8, images=FEW_IMAGES),
    Run(LARGE_SIGMA, seed=7, images=FEW_IMAGES),
    Run(0.0, seed=7, images=FEW_IMAGES),
)
"""Two trainings with and without noise, and short ones that differ in an argument."""


@dataclass(frozen=True)
class TrainingExercise(Judge):
    """A function `(images, labels, sigma, seed)` that trains a network and returns it.

    Example:
        >>> TrainingExercise().check(train).passed
        True
    """

    runs: Sequence[Run] = KNOWN_RUNS
    """The trainings to ask for: the known ones, then perhaps one with noise and one without."""
    hidden: Sequence[str] = ()
    """The kind of case of each further training."""
    seconds: float = 60.0
    """Seconds for all known calls together; a right answer needs about 3."""

    @cached_property
    def calls(self) -> Sequence[Arguments]:  # type: ignore[override]
        """Arguments of each training."""
        return [run.arguments for run in self.runs]

    def judge(self, outcomes: Sequence[Outcome]) -> Diagnosis:
        """Judge the networks: those of the known trainings first."""
        found: list[Weights] = []
        for i, outcome in enumerate(outcomes):
            fault = fault_of(outcome, NAMES, self.calls[i]) or fault_of_form(outcome.value)
            if fault is not None:
                if i < self.known:
                    return fault
                return hidden_case(self.hidden[i - self.known], outcome)
            found.append(outcome.value)
        pairs = list(zip(found, self.runs, strict=True))
        if not as_asked(pairs[: self.known]):
            fault = fault_of_known(found[: self.known], self.runs[: self.known])
            if fault is not None:
                return fault
        if not as_asked(pairs[self.known :]):
            images = new_images(self.runs[-1].label_seed)
            faults = (fault_of_noisy, fault_of_noise_free)
            for i, fault_of_kind in enumerate(faults):
                if fault_of_kind(found[self.known + i], images):
                    return hidden_case(self.hidden[i])
        return right(PRAISE, NAMES, outcomes)


def with_hidden_runs(secret: int) -> TrainingExercise:
    """The exercise with two hidden trainings, determined by a secret seed."""
    kinds = {
        "with noise, on other images, whose classes have new names": MATCHED_SIGMA,
        "without noise, on other images, whose classes have new names": 0.0,
    }
    runs = [Run(sigma, secret, label_seed=secret) for sigma in kinds.values()]
    return TrainingExercise([*KNOWN_RUNS, *runs], list(kinds))


@cache
def digits() -> tuple[Images, Images]:
    """Training and test images of the digits."""
    data = load_data("digits")
    return data.train, data.test


def classes(label_seed: int) -> NDArray[np.int64]:
    """A permutation of the classes, which a network trained beforehand cannot know."""
    if label_seed == 0:
        return np.arange(10)
    return np.random.default_rng(label_seed).permutation(10)


def new_images(label_seed: int) -> Images:
    """Images that are in no training."""
    test = digits()[1]
    return images_of(test.pixels.numpy(), classes(label_seed)[test.labels.numpy()])


@cache
def trained(how: Train, run: Run) -> Weights:
    """The weights that a training function returns for the arguments of a run."""
    weights: Weights = as_data(how(*run.arguments))
    return weights


def as_asked(pairs: Sequence[tuple[Weights, Run]]) -> bool:
    """Whether these are the weights of the function of the assignment, up to rounding."""
    return all(equal(weights, trained(train, run)) for weights, run in pairs)


def fault_of_form(value: Any) -> Diagnosis | None:
    """The diagnosis for a result that cannot be the weights of the network, or None."""
    if not isinstance(value, Mapping):
        return not_yet(
            f"Your function returns {shown(value)}; it should return the trained network.",
            "`fit` trains the network in place. Return the network, not what `fit` returns.",
        )
    wanted = {name: tuple(part.shape) for name, part in blank(0.5).state_dict().items()}
    found = {n: part.shape for n, part in value.items() if isinstance(part, np.ndarray)}
    if found != wanted or len(value) != len(wanted):
        return not_yet(
            "Your network is not an MLP with width 32 for 8 x 8 pixels and 10 classes.",
            'build(Architecture("mlp", width=32), image_shape=(1, 8, 8), classes=10, ...).',
        )
    return None


def blank(v_init: float) -> Any:
    """A network to put weights into."""
    return network(0, None, Neuron(v_init=v_init))


def accuracies(weights: Weights, images: Images, v_init: float) -> list[float]:
    """Accuracy in percent at T = 1 to 16 without noise, started from v_init."""
    net = blank(v_init)
    net.load_state_dict({name: torch.tensor(part) for name, part in weights.items()})
    return accuracy_against_timesteps(net, images, TIMESTEPS).accuracy


def equal(one: Weights, other: Weights) -> bool:
    """Whether two networks have the same weights, up to rounding."""
    return all(np.allclose(one[name], other[name], rtol=0, atol=ROUNDING) for name in one)


def alike(one: Weights, other: Weights) -> float:
    """Correlation of the weight matrices of two networks."""
    pairs = [(part, other[name]) for name, part in one.items() if part.ndim == 2]
    mine, theirs = (np.concatenate([part.ravel() for part in p]) for p in zip(*pairs, strict=True))
    with np.errstate(invalid="ignore", divide="ignore"):  # all weights may be the same number
        return float(np.corrcoef(mine, theirs)[0, 1])


def fault_of_known(found: Sequence[Weights], runs: Sequence[Run]) -> Diagnosis | None:
    """The diagnosis for the networks of `KNOWN_RUNS`, or None."""
    (matched, silent, *few), images = found, new_images(0)
    return (
        fault_of_training(matched, images)
        or fault_of_arguments(found)
        or catalogued(few, runs[len(runs) - len(few) :])
        or fault_of_noisy(matched, images)
        or fault_of_noise_free(silent, images)
    )


def fault_of_arguments(found: Sequence[Weights]) -> Diagnosis | None:
    """The diagnosis for an argument without effect on the networks of `KNOWN_RUNS`, or None."""
    matched, silent, few, again, other, large, few_silent = found
    if equal(matched, few) or equal(silent, few_silent):
        return not_yet(
            "Your function does not train on the images that it is given.",
            "Hand `images` and `labels` to `data_of`, and that to `fit`.",
        )
    if not equal(few, again):
        return not_yet(
            "The same seed gives another network the second time.",
            "Hand `seed` to `build` and to `fit`, and to each generator of your own.",
        )
    if equal(few, other):
        return not_yet(
            "Two seeds give the same network.",
            "Hand `seed` to `build` and to `fit`.",
        )
    if alike(few, other) > ALIKE:
        return not_yet(MISTAKES[0].message, MISTAKES[0].hint)
    if equal(few, large) or equal(few, few_silent):
        return not_yet(
            "The argument sigma has no effect: two sigmas give the same network.",
            "Noise(sigma=sigma) if sigma > 0, else None; hand it to `build`.",
        )
    return None


def catalogued(found: Sequence[Weights], runs: Sequence[Run]) -> Diagnosis | None:
    """The diagnosis of the mistake that gives these networks, the last without noise, or None."""
    for mistake in MISTAKES:
        if all(equal(w, trained(mistake.answer, r)) for w, r in zip(found, runs, strict=True)):
            return not_yet(mistake.message, mistake.hint)
    *noisy, noise_free = (equal(w, trained(train, r)) for w, r in zip(found, runs, strict=True))
    if noise_free and not any(noisy):
        return not_yet(
            "Without noise your network is the one that is asked for, with noise it is not: your "
            "noise is another one than `Noise(sigma=sigma)`.",
            "Gaussian, with the mean left as it is, in all layers and in each epoch.",
        )
    if all(noisy) and not noise_free:
        return not_yet(
            "With noise your network is the one that is asked for, without noise it is not.",
            "For sigma == 0: noise=None, neuron=Neuron(v_init=0.0).",
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
    said = f"Converted to T = {TIMESTEPS}, your network with sigma = 0.2887 has {half[-1]:.1f} %. "
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
