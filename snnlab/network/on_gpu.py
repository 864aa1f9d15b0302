"""How convolutions compute on an NVIDIA GPU: as exactly as on a CPU, and alike in each run.

By default torch rounds the factors of convolutions to 11 binary digits there (TF32), and cuDNN may
add up gradients in another order in each run. So a network would fire other spikes than on a CPU,
and each training would be another one.

Factors rounded like that on a CPU changed 0.1 to 2 % of the spikes of a stage (convnet on digits,
T = 16, 100 images, seed 0, torch 2.15); float64 in place of float32 changed none.
"""

from __future__ import annotations

import threading
from contextlib import ContextDecorator

import torch
from torch.backends import cudnn


class Held(ContextDecorator):
    """Holds a setting of cuDNN at a value during a block or a function, also in several threads.

    It does nothing while this process does not use a GPU, and where users have set the precision of
    some operations themselves, by `torch.backends.cudnn.conv.fp32_precision`.

    Args:
        name: attribute of `torch.backends.cudnn`.
        value: during the block.
    """

    def __init__(self, name: str, value: object) -> None:
        self.name, self.value = name, value
        self.lock, self.users = threading.Lock(), 0
        self.own = threading.local()  # whether each open block of this thread holds it

    def __enter__(self) -> None:
        self.own.blocks = [*getattr(self.own, "blocks", []), in_use() and self.can_be_read()]
        if self.own.blocks[-1]:
            self.hold(1)

    def __exit__(self, *_: object) -> None:
        if self.own.blocks.pop():
            self.hold(-1)

    def can_be_read(self) -> bool:
        """Whether torch gives the value: not if somebody set it for some operations only."""
        try:
            getattr(cudnn, self.name)
        except RuntimeError:
            return False
        return True

    def hold(self, more: int) -> None:
        """Count a user more or less; the first one sets the value, the last one restores it."""
        with self.lock:
            if self.users == 0:
                self.before = getattr(cudnn, self.name)
            self.users += more
            setattr(cudnn, self.name, self.value if self.users else self.before)


def in_use() -> bool:
    """Whether this process uses a GPU; asking does not start one."""
    return torch.cuda.is_initialized()


# Not `cudnn.conv.fp32_precision`: while that differs from its default, torch refuses to read
# `allow_tf32`, as exports and `cudnn.flags` do.
exact = Held("allow_tf32", False)
"""Convolutions of float32 in float32: while networks are measured and converted."""
repeatable = Held("deterministic", True)
"""Equal calls give equal results, bit for bit: during training."""
