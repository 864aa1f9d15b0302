"""How long and how to train. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Training:
    """The settings of `fit`, the same for every method.

    Raises:
        ValueError: a value outside its range.
    """

    epochs: int = 20
    """Passes over the training images."""
    batch_size: int = 128
    """Images per step."""
    learning_rate: float = 4e-3
    """Peak of the one-cycle schedule."""
    weight_decay: float = 0.01
    """Decoupled weight decay (AdamW) of weight matrices and kernels."""
    label_smoothing: float = 0.0
    """Share of the target spread evenly over all classes, in [0, 1)."""
    augment: bool = False
    """Shift (and, where the data set allows it, flip) the training images at random."""
    noise_fraction: float = 1.0
    """Initial share of the epochs in which the noise acts, in [0, 1]; 1: throughout."""
    precision: Precision = "float32"
    """bfloat16: mixed precision where the device is a GPU."""
    channels_last: bool = True
    """Keep images and feature maps in channels-last memory layout: convolutions run faster."""
    compile: bool = False
    """Compile the network with torch.compile."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)!r}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate!r}")
        if not self.weight_decay >= 0:
            raise ValueError(f"weight_decay must be at least 0, got {self.weight_decay!r}")
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"label_smoothing must lie in [0, 1), got {self.label_smoothing!r}")
        if not 0 <= self.noise_fraction <= 1:
            raise ValueError(f"noise_fraction must lie in [0, 1], got {self.noise_fraction!r}")
        if self.precision not in get_args(Precision):
            valid = ", ".join(get_args(Precision))
            raise ValueError(f"unknown precision {self.precision!r}; valid: {valid}")

    @property
    def noisy_epochs(self) -> int:
        """How many epochs, from the first on, the noise acts."""
        return round(self.noise_fraction * self.epochs)
