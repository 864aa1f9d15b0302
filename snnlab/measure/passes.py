"""One pass over many images: batches with a progress bar, and the readout after each timestep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from snnlab.data.images import Images
from snnlab.data.in_memory import images_of
from snnlab.data.spec import DataError
from snnlab.network.net import SpikingNet, StagedNet, check_network
from snnlab.neuron.tensors import check_generator


def images_for(
    net: StagedNet,
    given: Any,
    needed_by: str,
    *,
    kind: type[StagedNet] = SpikingNet,
    labelled: bool = True,
    generator: torch.Generator | None = None,
) -> Images:
    """The images for a network, checked before the first batch.

    Args:
        net: must be of the class `kind`; a compiled network counts as the original.
        given: anything that `images_of` accepts; unless it is `Images`, it is moved to the device
            of the network.
        needed_by: the calling function, for messages.
        kind: `SpikingNet`, `ANN`, or `StagedNet` for both.
        labelled: whether the labels are used.
        generator: generator of the noise, or None.

    Raises:
        ValueError: another kind of network, or a generator on another device.
        DataError: no images, ones of another shape or device, or labels without a class.
    """
    check_network(net, needed_by, kind)
    images = images_of(given, labelled=labelled)
    if len(images) == 0:
        raise DataError(f"{needed_by} needs images, and this split has none")
    if images.shape != tuple(net.image_shape):
        raise DataError(
            f"{needed_by} needs images of the shape {tuple(net.image_shape)} that the network was "
            f"built for, got {images.shape}"
        )
    device = next(net.parameters(), images.pixels).device
    if not isinstance(given, Images):
        images = images.to(device)
    elif images.device != device:
        raise DataError(
            f"the network is on {device}, the images on {images.device}; "
            "move one of them with .to(device)"
        )
    check_generator(generator, images.pixels)
    if labelled:
        check_labels(net, images)
    return images


def check_labels(net: StagedNet, images: Images) -> None:
    """Raise DataError for labels beyond the classes of a network's readout."""
    sizes = [layer.out_features for layer in net.readout.modules() if isinstance(layer, nn.Linear)]
    highest = int(images.labels.max())
    if sizes and highest >= sizes[-1]:
        raise DataError(
            f"the network tells {sizes[-1]} classes apart, so labels run from 0 to "
            f"{sizes[-1] - 1}; got {highest} for image {int(images.labels.argmax())}"
        )


def watched_batches(
    images: Images, batch_size: int, says: str, *, progress: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """Images (B, C, H, W) and labels (B,), batch by batch.

    Args:
        images: all that are passed over.
        batch_size: images at once.
        says: the text before the progress bar.
        progress: show a progress bar, if there is a terminal.
    """
    total = images.batch_count(batch_size)
    disable = None if progress else True
    yield from tqdm(images.batches(batch_size), total=total, desc=says, disable=disable)


def summed_readout(
    net: SpikingNet, images: Tensor, timesteps: int, **options: Any
) -> Iterator[tuple[slice, Tensor]]:
    """The readout of a batch summed over the first T timesteps, for T = 1, 2, ..., in chunks.

    Args:
        net: in the mode in which it runs.
        images: (B, C, H, W).
        timesteps: the highest T.
        options: see `SpikingNet.unroll`.

    Yields:
        The slice of these T in a list of all T, and the sums (t, B, K).
    """
    begin, total = 0, torch.zeros((), device=images.device)
    for part in net.unroll(images, timesteps, **options):
        summed = total + part.cumsum(0)  # (t, B, K)
        yield slice(begin, begin + len(part)), summed
        begin, total = begin + len(part), summed[-1]
