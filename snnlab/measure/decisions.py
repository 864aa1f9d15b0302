"""The decisions of networks after each timestep, and images for which a decision changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from snnlab.data.images import Images
from snnlab.data.in_memory import images_of
from snnlab.measure.passes import images_for, summed_readout
from snnlab.network.net import SpikingNet, evaluating
from snnlab.neuron.tensors import described
from snnlab.settings import count

BATCH = 64
"""How many images run through the network at once."""

Kind = Literal["gained", "lost", "wavering"]
KINDS: dict[Kind, str] = {
    "gained": "wrong at T = 1, right in the end",
    "lost": "right at T = 1, wrong in the end",
    "wavering": "changes its mind",
}
"""Kinds of images for which a network changes its first decision."""


def images_of_kind(
    kind: Kind, decisions: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]
) -> list[int]:
    """Indices of the images for which a network changes its first decision.

    Args:
        kind: see `KINDS`.
        decisions: after 1, 2, ..., T timesteps, (T, N).
        labels: (N,).
    """
    first, last = decisions[0] == labels, decisions[-1] == labels
    found = {
        "gained": ~first & last,
        "lost": first & ~last,
        "wavering": (decisions != decisions[0]).any(0),
    }
    return np.flatnonzero(found[kind]).tolist()


@torch.no_grad()
def decisions_of(
    net: SpikingNet,
    images: Images | Any,
    timesteps: int,
    *,
    generator: torch.Generator | None = None,
) -> npt.NDArray[np.int64]:
    """The classes that a network predicts after 1, 2, ..., T timesteps, (T, N).

    Args:
        net: the network.
        images: N images.
        timesteps: T.
        generator: source of the noise; None: no noise.

    Example:
        >>> images_of_kind("lost", decisions_of(net, images, 16), images.labels.numpy())
    """
    timesteps = count("timesteps", timesteps)
    parts = []
    images = images_for(net, images, "decisions_of()", labelled=False, generator=generator)
    with evaluating(net):
        for batch, _ in images.batches(BATCH):
            sums = [part for _, part in summed_readout(net, batch, timesteps, generator=generator)]
            parts.append(torch.cat(sums).argmax(2))  # (T, B)
    return torch.cat(parts, 1).cpu().numpy()


def parting_images(
    nets: Mapping[str, SpikingNet], images: Images | Any, timesteps: int = 16
) -> list[int]:
    """Indices of images on which networks first agree and then differ.

    For such an image the first network is right at every timestep. Each other network is right
    during the first quarter of the timesteps, and wrong after the last.

    Args:
        nets: at least two, by name.
        images: images and labels.
        timesteps: T.

    Raises:
        ValueError: fewer than two networks, or T below 1.

    Example:
        >>> parting_images({"with noise": with_noise, "from rest": from_rest}, data.test)[0]
    """
    if not isinstance(nets, Mapping):
        raise ValueError(f"nets must be networks by name, got {described(nets)}")
    timesteps = count("timesteps", timesteps)
    if len(nets) < 2:
        raise ValueError(f"networks part from each other: give two or more, got {list(nets)}")
    images = images_of(images)
    labels = images.labels.cpu().numpy()
    steady, *others = (decisions_of(net, images, timesteps) == labels for net in nets.values())
    early = -(-timesteps // 4)
    lost = [right[:early].all(0) & ~right[-1] for right in others]
    return np.flatnonzero(np.all([steady.all(0), *lost], axis=0)).tolist()


def next_of(images: Sequence[int], after: int) -> int | None:
    """The first of `images` that comes after image `after`, else the very first; None: no images.

    Example:
        >>> next_of([2, 7], 7)
        2
    """
    return next((image for image in images if image > after), images[0] if images else None)
