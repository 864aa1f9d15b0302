"""Random shifts and mirror images of a whole batch at once, on the device of the batch.

The random numbers come in as arguments; nothing here draws any.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def random_shift(pixels: Tensor, offsets: Tensor, shift: int) -> Tensor:
    """Move every image by its own offset and fill with zeros what comes in at the edges.

    Args:
        pixels: (B, C, H, W).
        offsets: int64 (B, 2) in [0, 2 * shift]; `shift` means "stay", less moves the image down
            or right, more moves it up or left.
        shift: largest shift in pixels.

    Returns:
        (B, C, H, W), dtype as given.
    """
    height, width = pixels.shape[2:]
    padded = functional.pad(pixels, (shift, shift, shift, shift))  # (B, C, H + 2s, W + 2s)
    windows = padded.unfold(2, height, 1).unfold(
        3, width, 1
    )  # (B, C, 2s + 1, 2s + 1, H, W), a view
    rows = torch.arange(len(pixels), device=pixels.device)
    return windows[rows, :, offsets[:, 0], offsets[:, 1]]  # (B, C, H, W)


def random_flip(pixels: Tensor, mirrored: Tensor) -> Tensor:
    """Mirror left and right the images where `mirrored` is true.

    Args:
        pixels: (B, C, H, W).
        mirrored: bool (B,).
    """
    return torch.where(mirrored[:, None, None, None], pixels.flip(-1), pixels)
