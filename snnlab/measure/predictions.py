"""What a spiking network says of each image after some timesteps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from snnlab.data.images import Images
from snnlab.network.net import SpikingNet, evaluating


@torch.no_grad()
def predictions(
    net: SpikingNet, images: Images, timesteps: Sequence[int], *, batch_size: int = 250
) -> dict[int, Tensor]:
    """Predicted classes at each T, without noise.

    Args:
        net: on the device of the images; evaluated in evaluation mode.
        images: what the network sees.
        timesteps: the T at which it is asked, each at least 1.
        batch_size: images at once.

    Returns:
        T to class indices, int64 (N,), on the CPU.

    Example:
        >>> predictions(net, data.test, [1, 8])[8] == data.test.labels
    """
    said: dict[int, list[Tensor]] = {T: [] for T in timesteps}
    with evaluating(net):
        for batch, _ in images.batches(batch_size):
            for T, parts in said.items():
                parts.append(net(batch, T).argmax(1).cpu())  # (B,)
    return {T: torch.cat(parts) for T, parts in said.items()}
