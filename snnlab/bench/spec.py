"""The settings of a benchmark. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from snnlab.learning.spec import Precision
from snnlab.network.spec import Architecture
from snnlab.runs.config import ConfigError, Device
from snnlab.settings import Count, settle

Way = Literal["eager", "graph", "compile"]


@dataclass(frozen=True)
class SpeedConfig:
    """Which training steps and forward passes are timed, and where."""

    model: Architecture = field(default_factory=lambda: Architecture("convnet"))
    """The network."""
    channels: Count = 1
    """Channels of the images."""
    size: Count = 28
    """Height and width of the images in pixels."""
    batch_size: Count = 128
    """Images per batch."""
    rounds: Count = 9
    """How often each piece of work is timed; all pieces take turns."""
    work: tuple[Literal["train", "infer"], ...] = ("train", "infer")
    """What to measure: training steps, forward passes, or both."""
    train_timesteps: tuple[int, ...] = (1, 4, 8, 16)
    """T of the training steps."""
    infer_timesteps: tuple[int, ...] = (1, 4, 16, 64)
    """T of the forward passes."""
    ways: tuple[Way, ...] = ("eager",)
    """How networks are run, each in rows of its own: step by step, recorded as a CUDA graph (on a
    CUDA GPU only), or by torch.compile."""
    precision: Precision = "float32"
    """bfloat16: mixed precision where the device is a GPU."""
    device: Device = "auto"
    """Where to measure."""

    def __post_init__(self) -> None:
        settle(self, ConfigError)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Shape of an image: (C, H, W)."""
        return self.channels, self.size, self.size
