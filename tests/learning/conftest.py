"""Digits, few or all of them, and small networks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from snnlab.data import Data, load_data
from snnlab.learning import Epoch, PlainANN
from snnlab.network import Architecture, StagedNet, build
from snnlab.neuron import Noise


@pytest.fixture(scope="session")
def few_digits() -> Data:
    """200 training images: 3 whole batches of 64 and 8 images left over."""
    return load_data("digits", train_size=200)


@pytest.fixture(scope="session")
def digits() -> Data:
    """All of them."""
    return load_data("digits")


def net_for(objective: Any, name: str = "mlp", *, seed: int = 0, **options: Any) -> StagedNet:
    """A narrow network that the objective can train, with noise if it is a spiking one."""
    arch = Architecture(name, width=options.pop("width", 8))
    if isinstance(objective, PlainANN):
        options = {"activation": "relu"}
    else:
        options.setdefault("noise", Noise())
    return build(arch, image_shape=(1, 8, 8), classes=10, seed=seed, **options)


@pytest.fixture(name="net_for", scope="session")
def fixture_net_for() -> Callable[..., StagedNet]:
    """See `net_for`."""
    return net_for


def same_weights(one: StagedNet, other: StagedNet) -> bool:
    """Whether all weights and batch-norm statistics are equal, bit for bit."""
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.fixture(name="same_weights", scope="session")
def fixture_same_weights() -> Callable[[StagedNet, StagedNet], bool]:
    """See `same_weights`."""
    return same_weights


def without_time(history: list[Epoch]) -> list[dict[str, Any]]:
    """What a training measured, the seconds left out."""
    return [{k: v for k, v in vars(epoch).items() if k != "seconds"} for epoch in history]


@pytest.fixture(name="without_time", scope="session")
def fixture_without_time() -> Callable[[list[Epoch]], list[dict[str, Any]]]:
    """See `without_time`."""
    return without_time
