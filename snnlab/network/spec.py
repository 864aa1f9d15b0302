"""Which network to build. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from snnlab.neuron.spec import Learned

ModelName = Literal["mlp", "convnet", "convnet6", "vgg11", "vgg16", "resnet18"]

DEFAULT_WIDTH: dict[str, int] = {
    "mlp": 64,
    "convnet": 32,
    "convnet6": 32,
    "vgg11": 64,
    "vgg16": 64,
    "resnet18": 64,
}


@dataclass(frozen=True)
class Architecture:
    """The description from which a spiking network and its ReLU twin are built.

    Raises:
        ValueError: an unknown name, or a width below 1.
    """

    name: ModelName = "mlp"
    """mlp (two hidden layers), convnet (three convolutions), convnet6 (six), vgg11, vgg16 or
    resnet18."""
    width: int | None = None
    """Hidden units of the mlp, channels of the first convolution otherwise; None: 64 units,
    32 channels in the convnets, 64 in VGG and ResNet."""
    norm_weight: float | None = None
    """Initial weight of each batch norm. None: 0.5 in networks with noise, so that currents
    start inside [0, v_th), where noise has a slope, and in runs of method bptt; else 1, also
    in runs of method target-noise that learn their thresholds."""
    learned_threshold: Learned | None = None
    """Whether training learns the threshold of spiking neurons: no, one per layer, or one per
    channel. None: one per layer in runs of method target-noise; else no."""
    threshold_start: float | None = None
    """Where learned thresholds start, in units of v_th. None: 2 in runs of method target-noise;
    else 1."""
    readout_gain: float = 1.0
    """What the readout multiplies its input by; 10 makes up for the small rates that global average
    pooling leaves it in convnet6, VGG and ResNet, see `Readout`."""

    def __post_init__(self) -> None:
        if self.name not in get_args(ModelName):
            valid = ", ".join(get_args(ModelName))
            raise ValueError(f"unknown model {self.name!r}; valid: {valid}")
        if self.width is not None and self.width < 1:
            raise ValueError(f"width must be at least 1, got {self.width}")
        if self.learned_threshold not in (None, *get_args(Learned)):
            valid = ", ".join(get_args(Learned))
            raise ValueError(
                f"unknown choice for learned_threshold {self.learned_threshold!r}; valid: {valid}"
            )
        for name in ("norm_weight", "threshold_start", "readout_gain"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be above 0, got {value}")

    @property
    def channels(self) -> int:
        """The width as a number."""
        return self.width or DEFAULT_WIDTH[self.name]
