"""Which network to build. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from snnlab.neuron.spec import Learned
from snnlab.settings import Positive, Valid, settle

ModelName = Literal["mlp", "convnet", "convnet6", "vgg11", "vgg16", "resnet18"]
Activation = Literal["spiking", "relu", "qcfs"]
"""The kinds of activation at the end of each stage of a network."""

DEFAULT_WIDTH: dict[str, int] = {
    "mlp": 64,
    "convnet": 32,
    "convnet6": 32,
    "vgg11": 64,
    "vgg16": 64,
    "resnet18": 64,
}

LearnedThreshold = Annotated[Learned | None, Valid(called="choice for learned_threshold")]


INSIDE = 0.5
"""Initial weight of batch norm: the standard deviation of currents before training, few of which
then lie above v_th = 1."""


@dataclass(frozen=True)
class Architecture:
    """The description from which a spiking network and its ReLU twin are built.

    Raises:
        ValueError: an unknown name, or a width below 1.
    """

    name: Annotated[ModelName, Valid(called="model")] = "mlp"
    """mlp (two hidden layers), convnet (three convolutions), convnet6 (six), vgg11, vgg16 or
    resnet18."""
    width: Annotated[int | None, Valid(low=1, usual=(8, 256), step=8)] = None
    """Hidden units of the mlp, channels of the first convolution otherwise; None: 64 units,
    32 channels in the convnets, 64 in VGG and ResNet."""
    norm_weight: Annotated[float | None, Valid(above=0)] = None
    """Initial weight of each batch norm. None: 0.5 in networks with noise, so that currents
    start inside [0, v_th), where noise has a slope, and in runs of method bptt; else 1, also
    in runs of methods target-noise and noise-then-spikes that learn their thresholds."""
    learned_threshold: LearnedThreshold = None
    """Whether training learns the threshold of spiking neurons: no, one per layer, or one per
    channel. None: one per layer in runs of methods target-noise and noise-then-spikes; else no."""
    threshold_start: Annotated[float | None, Valid(above=0)] = None
    """Where learned thresholds start, in units of v_th. None: 2 in runs of methods target-noise
    and noise-then-spikes; else 1."""
    readout_gain: Positive = 1.0
    """Factor by which the readout multiplies its input; 10 compensates for the small rates after
    global average pooling in convnet6, VGG and ResNet, see `Readout`."""

    def __post_init__(self) -> None:
        settle(self)

    @property
    def channels(self) -> int:
        """The width as a number."""
        return self.width or DEFAULT_WIDTH[self.name]
