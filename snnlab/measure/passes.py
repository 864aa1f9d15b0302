"""One pass over many images: batches with a progress bar, and the readout after each timestep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from snnlab.data.images import Images
from snnlab.network.net import SpikingNet


def watched_batches(
    images: Images, batch_size: int, says: str, *, progress: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """Images (B, C, H, W) and labels (B,), batch by batch.

    Args:
        images: all that are passed over.
        batch_size: images at once.
        says: what is being done, for the progress bar.
        progress: show one, if there is a terminal.
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
        Places of these T in a list of all, and the sums (t, B, K).
    """
    begin, total = 0, torch.zeros((), device=images.device)
    for part in net.unroll(images, timesteps, **options):
        summed = total + part.cumsum(0)  # (t, B, K)
        yield slice(begin, begin + len(part)), summed
        begin, total = begin + len(part), summed[-1]
