"""Small untrained networks whose neurons are busy, and images for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from snnlab.data import Images
from snnlab.network import Architecture, SpikingNet, build

SHAPE = (2, 9, 8)


def busy_net(name: str, width: int = 3, **options) -> SpikingNet:
    """A spiking network for 5 classes of images of `SHAPE`; each stage fires, none always."""
    net = build(Architecture(name, width=width), image_shape=SHAPE, classes=5, seed=0, **options)
    generator = torch.Generator().manual_seed(0)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.bias.data.uniform_(-0.2, 0.6, generator=generator)
            module.running_var.uniform_(0.05, 0.5, generator=generator)
    return net


def random_images(count: int) -> Images:
    """Labelled noise: pixels of `SHAPE`, labels below 5."""
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (count, *SHAPE), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, 5, (count,), generator=generator)
    return Images(pixels, labels, mean=torch.full((2,), 0.5), std=torch.full((2,), 0.29))


@pytest.fixture(name="busy_net", scope="session")
def fixture_busy_net() -> Callable[..., SpikingNet]:
    """See `busy_net`."""
    return busy_net


@pytest.fixture(name="random_images", scope="session")
def fixture_random_images() -> Callable[[int], Images]:
    """See `random_images`."""
    return random_images
