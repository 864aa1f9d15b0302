"""How tensors lie in memory: kernels read a timestep as one dense row, in any order of axes."""

from __future__ import annotations

import torch
from torch import Tensor


def like_timesteps(currents: Tensor) -> Tensor:
    """Empty (T, B, *) whose timesteps keep the memory layout of currents[0] when folded."""
    first = currents[0]  # (B, *)
    shape = (len(currents) * len(first), *first.shape[1:])  # (T * B, *)
    layout = torch.contiguous_format
    nhwc = first.ndim == 4 and first.is_contiguous(memory_format=torch.channels_last)
    if nhwc and not first.is_contiguous():
        layout = torch.channels_last
    folded = torch.empty(shape, dtype=first.dtype, device=first.device, memory_format=layout)
    return folded.view(*currents.shape)


def dense_timestep(current: Tensor) -> Tensor:
    """A current (B, *) that fills its memory without gaps: itself, or else a copy."""
    dense = torch.empty_like(current, device="meta").stride() == current.stride()
    return current if dense else current.contiguous()
