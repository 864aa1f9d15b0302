"""The task that trains networks: wrong ones are named, right ones of any making are accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from snnlab import Architecture, Data, Images, Neuron, Noise, SingleStep, Training, build, fit
from snnlab.classroom.assignments import a3_single_step_to_many, trained_networks


def training(
    mu: float = 0.5,
    *,
    epochs: int = 12,
    rest: float = 0.0,
    fixed: dict[str, Any] | None = None,
    width: int = 32,
) -> Callable[..., Any]:
    """A function for the task `train`, with mistakes to switch on."""

    def train(images: Any, labels: Any, sigma: float, seed: int) -> Any:
        given = {"sigma": sigma, "seed": seed} | (fixed or {})
        sigma, seed = given["sigma"], given["seed"]
        part = Images(
            torch.tensor(images),
            torch.tensor(labels),
            torch.tensor([trained_networks.PIXEL_MEAN]),
            torch.tensor([trained_networks.PIXEL_STD]),
        )
        data = Data("", tuple("0123456789"), part, part.subset(torch.arange(0)), part)
        net = build(
            Architecture("mlp", width=width),
            image_shape=(1, 8, 8),
            classes=10,
            seed=seed,
            noise=Noise(sigma=sigma, mu=mu) if sigma > 0 else None,
            neuron=Neuron() if sigma > 0 else Neuron(v_init=rest),
        )
        if epochs:
            settings = Training(epochs=epochs, batch_size=32)
            fit(net, data, SingleStep(), settings, seed=seed)
        return net

    return train


def trained_by_hand(images: Any, labels: Any, sigma: float, seed: int) -> dict[str, torch.Tensor]:
    """Another right way: a loop of the student's own in place of `fit`, and weights as a dict."""
    pixels = (torch.tensor(images) / 255 - 0.31) / 0.38  # (N, 1, 8, 8)
    noise, v_init = (Noise(sigma=sigma), 0.5) if sigma > 0 else (None, 0.0)
    net = build(
        Architecture("mlp", width=32),
        image_shape=(1, 8, 8),
        classes=10,
        seed=seed,
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


def by_heart(images: Any, labels: Any, sigma: float, seed: int) -> Any:
    """A network that never sees the images given: it is trained on those of the package."""
    from snnlab import load_data

    digits = load_data("digits").train
    return training()(digits.pixels.numpy(), digits.labels.numpy(), sigma, seed)


WRONG_TRAINING = [
    (training(epochs=0), "hardly trained"),
    (training(epochs=0, width=16), "width 32"),
    (lambda *_: [97.0] * 16, "return the trained network"),
    (lambda *_: None, "Nothing is returned"),
    (lambda *_: 1 / 0, "ZeroDivisionError"),
]


@pytest.mark.parametrize(("answer", "words"), WRONG_TRAINING, ids=[w for _, w in WRONG_TRAINING])
def test_wrong_training_is_named(answer: Callable[..., Any], words: str) -> None:
    exercise = trained_networks.TrainingExercise((7, 8))
    said = exercise.check(answer)
    assert not said.passed
    assert words in said.message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (training(), ""),
        (trained_by_hand, ""),
        (by_heart, "hardly trained"),  # the hidden cases rename the classes
        (training(mu=0.0), "its noise had mean 0"),
        (training(rest=0.5), "that is where you trained it"),
        (training(epochs=2), "88 % are asked for"),
        (training(fixed={"sigma": 0.3}), "sigma has no effect"),
        (training(fixed={"seed": 3}), "Two seeds"),
    ],
)
def test_trained_networks_are_told_apart(answer: Callable[..., Any], words: str) -> None:
    said = a3_single_step_to_many.train.judge("monday").check(answer)
    assert said.passed == (not words)
    assert words in said.message


@pytest.mark.slow
def test_a_network_that_never_sees_the_images_is_named() -> None:
    said = a3_single_step_to_many.train.check(by_heart)
    assert "does not train on the images" in said.message


@pytest.mark.slow
def test_right_networks_are_far_from_the_bounds() -> None:
    """At least 3.7 standard deviations: about 1 of 10,000 right answers is refused at most."""
    matched, at_rest, gains = [], [], []
    for seed in range(40):
        exercise = trained_networks.TrainingExercise((seed, seed + 1), 1000 + seed)
        images = exercise._test_images()
        noisy, silent = (
            trained_networks.weights_of(training()(*arguments)) for arguments in exercise.calls[:2]
        )
        rest = trained_networks.accuracies(silent, images, 0.0)[0]
        matched.append(trained_networks.accuracies(noisy, images, 0.5)[-1])
        at_rest.append(rest)
        gains.append(rest - trained_networks.accuracies(silent, images, 0.5)[0])
    bounds = trained_networks.GOOD, trained_networks.AT_REST, -trained_networks.LOST_AT_REST
    for found, bound in zip((matched, at_rest, gains), bounds, strict=True):
        assert np.mean(found) - bound > 3.7 * np.std(found, ddof=1)
