"""The task that trains networks: wrong ones are named, right ones of any making are accepted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from snnlab import (
    BPTT,
    Architecture,
    Data,
    Images,
    Neuron,
    Noise,
    SingleStep,
    Training,
    build,
    fit,
)
from snnlab.classroom.assignments import a3_single_step_to_many, trained_networks
from snnlab.classroom.outcomes import as_data


def training(
    mu: float = 0.5,
    *,
    epochs: int = 12,
    rest: float = 0.0,
    fixed: dict[str, Any] | None = None,
    width: int = 32,
    objective: Any = None,
    first: int | None = None,
    **settings: Any,
) -> Callable[..., Any]:
    """A function for the task `train`, with mistakes to switch on."""

    def train(images: Any, labels: Any, sigma: float, seed: int) -> Any:
        given = {"sigma": sigma, "seed": seed} | (fixed or {})
        sigma, seed = given["sigma"], given["seed"]
        part = Images(
            torch.tensor(images), torch.tensor(labels), torch.tensor([0.31]), torch.tensor([0.38])
        )
        data = Data("", tuple("0123456789"), part, part.subset(torch.arange(0)), part)
        net = build(
            Architecture("mlp", width=width),
            image_shape=(1, 8, 8),
            classes=10,
            seed=seed if first is None else first,
            noise=Noise(sigma=sigma, mu=mu) if sigma > 0 else None,
            neuron=Neuron() if sigma > 0 else Neuron(v_init=rest),
        )
        if epochs:
            training = Training(**{"epochs": epochs, "batch_size": 32} | settings)
            fit(net, data, objective or SingleStep(), training, seed=seed)
        return net

    return train


def with_sigma(change: Callable[[float], float]) -> Callable[..., Any]:
    """A function that changes sigma first."""
    return lambda images, labels, sigma, seed: training()(images, labels, change(sigma), seed)


def in_place(images: Any, labels: Any, sigma: float, seed: int) -> Any:
    net = training()(images, labels, sigma, seed)
    images[:] = 0
    return net


def unseeded(images: Any, labels: Any, sigma: float, seed: int) -> Any:
    return training(first=int(torch.randint(2**31, ())))(images, labels, sigma, seed)


def trained_by_hand(
    images: Any, labels: Any, sigma: float, seed: int, *, first: int | None = None
) -> dict[str, torch.Tensor]:
    """Another right way: a loop of the student's own in place of `fit`, and weights as a dict."""
    pixels = (torch.tensor(images) / 255 - 0.31) / 0.38  # (N, 1, 8, 8)
    noise, v_init = (Noise(sigma=sigma), 0.5) if sigma > 0 else (None, 0.0)
    net = build(
        Architecture("mlp", width=32),
        image_shape=(1, 8, 8),
        classes=10,
        seed=seed if first is None else first,
        noise=noise,
        neuron=Neuron(v_init=v_init),
    ).train()
    optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(15):
        for rows in torch.randperm(len(pixels), generator=generator).split(32):
            logits = net(pixels[rows], 1, generator=generator)
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels)[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net.state_dict()


def training_of_seed_42(images: Any, labels: Any, sigma: float, seed: int) -> Any:
    """The seed decides the first weights only."""
    return training(first=seed, fixed={"seed": 42})(images, labels, sigma, seed)


def by_heart(images: Any, labels: Any, sigma: float, seed: int) -> Any:
    """A network that never sees the images given: it is trained on those of the package."""
    from snnlab import load_data

    digits = load_data("digits").train
    return training()(digits.pixels.numpy(), digits.labels.numpy(), sigma, seed)


WRONG_TRAINING = [
    (training(epochs=0, width=16), "width 32"),
    (lambda *_: [97.0] * 16, "return the trained network"),
    (lambda *_: None, "Nothing is returned"),
    (lambda *_: 1 / 0, "ZeroDivisionError"),
    (training(epochs=0), "hardly trained"),
]


@pytest.mark.sample(2)
@pytest.mark.parametrize(("answer", "words"), WRONG_TRAINING, ids=[w for _, w in WRONG_TRAINING])
def test_wrong_training_is_named(answer: Callable[..., Any], words: str) -> None:
    said = trained_networks.TrainingExercise().check(answer)
    assert not said.passed
    assert words in said.message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (training(), ""),
        (trained_by_hand, ""),
        (in_place, "changes its argument `images` in place"),
        (training(epochs=0), "hardly trained"),
        (by_heart, "does not train on the images"),
        (training(mu=0.0), "mean 0"),
        (training(rest=0.5), "start at v_th / 2"),
        (training(epochs=2), "88 % are asked for"),
        (training(fixed={"sigma": 0.3}), "sigma has no effect"),
        (training(fixed={"seed": 3}), "Two seeds"),
        (training(first=5), "does not decide the first weights"),
        (partial(trained_by_hand, first=5), "does not decide the first weights"),
        (training_of_seed_42, "but not the training"),
        (unseeded, "another network the second time"),
        (training(objective=BPTT(4)), "4 timesteps"),
        (training(noise_fraction=0.5), "a part of the training"),
        (training(batch_size=128), "batches"),
        (with_sigma(lambda sigma: sigma**2), "that is the variance"),
        (with_sigma(lambda sigma: sigma / 2), "half the standard deviation"),
        (with_sigma(lambda sigma: 0.9 * sigma), "noise is another one"),
        (training(noise_fraction=0.75), "noise is another one"),
        (training(rest=0.25), "without noise it is not"),
    ],
)
def test_trained_networks_are_told_apart(answer: Callable[..., Any], words: str) -> None:
    task = a3_single_step_to_many.train
    said = task.judge("monday").check(answer)
    assert said.passed == (words in ("", "changes its argument `images` in place"))
    assert words in said.message
    assert said == task.visible.check(answer)


@pytest.mark.slow
def test_a_network_that_knows_the_names_of_the_known_classes_fails_hidden_cases() -> None:
    def known_names(images: Any, labels: Any, sigma: float, seed: int) -> Any:
        known = seed in (7, 8)
        return training()(images, labels if known else np.roll(labels, 1), sigma, seed)

    task = a3_single_step_to_many.train
    assert task.visible.check(known_names).passed
    said = task.judge("monday").check(known_names)
    assert "not a hidden one: with noise, on other images" in said.message


@pytest.mark.slow
def test_right_networks_are_far_from_the_bounds() -> None:
    """At least 3.7 standard deviations: about 1 of 10,000 right answers is refused at most."""
    matched, at_rest, gains = [], [], []
    for seed in range(1, 41):
        exercise = trained_networks.with_hidden_runs(seed)
        images = trained_networks.new_images(seed)
        noisy, silent = (as_data(training()(*arguments)) for arguments in exercise.calls[-2:])
        rest = trained_networks.accuracies(silent, images, 0.0)[0]
        matched.append(trained_networks.accuracies(noisy, images, 0.5)[-1])
        at_rest.append(rest)
        gains.append(rest - trained_networks.accuracies(silent, images, 0.5)[0])
    bounds = trained_networks.GOOD, trained_networks.AT_REST, -trained_networks.LOST_AT_REST
    for found, bound in zip((matched, at_rest, gains), bounds, strict=True):
        assert np.mean(found) - bound > 3.7 * np.std(found, ddof=1)


@pytest.mark.sample(2)
@pytest.mark.parametrize("number", [0.0, 1.0, np.nan, np.inf, 1e300])
def test_weights_of_one_number_are_judged_like_others(number: float) -> None:
    blank = as_data(trained_networks.blank(0.5))

    def constant(images: Any, labels: Any, sigma: float, seed: int) -> Any:
        return {name: np.full_like(part, number) for name, part in blank.items()}

    assert not trained_networks.TrainingExercise().check(constant).passed
    text = trained_networks.TrainingExercise().check(lambda *_: dict.fromkeys(blank, "text"))
    assert "not an MLP" in text.message
