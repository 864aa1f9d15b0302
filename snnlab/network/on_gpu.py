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
from typing import Any

import torch


class Held(ContextDecorator):
    """Holds a setting of torch at a value during a block or a function, also in several threads.

    Args:
        owner: the object whose attribute is the setting.
        name: of the attribute.
        value: during the block.
    """

    def __init__(self, owner: Any, name: str, value: object) -> None:
        self.owner, self.name, self.value = owner, name, value
        self.lock, self.users = threading.Lock(), 0

    def __enter__(self) -> None:
        with self.lock:
            if self.users == 0:
                self.before = getattr(self.owner, self.name)
                setattr(self.owner, self.name, self.value)
            self.users += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.users -= 1
            if self.users == 0:
                setattr(self.owner, self.name, self.before)


CUDNN: Any = torch.backends.cudnn

exact = Held(CUDNN.conv, "fp32_precision", "ieee")
"""Convolutions of float32 in float32: while networks are measured and converted."""
repeatable = Held(CUDNN, "deterministic", True)
"""Convolutions, and their gradients, that give equal results in each run: during training."""
