"""How thresholds are found when a network of activation functions is converted. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from snnlab.settings import Valid, settle

Threshold = Literal["max", "percentile"]


@dataclass(frozen=True)
class ThresholdRule:
    """How to find the threshold of a layer from its activations.

    Raises:
        ValueError: an unknown threshold, or a percentile outside (0, 100].

    Source:
        Largest activation: Diehl et al. (2015), "Fast-classifying, high-accuracy spiking deep
        networks through weight and threshold balancing". Percentile: Rueckauer et al. (2017),
        "Conversion of continuous-valued deep networks to efficient event-driven networks".
        Per channel: Kim et al. (2020), "Spiking-YOLO".
    """

    threshold: Threshold = "max"
    """max: the largest activation; percentile: the value that most activations do not exceed."""
    percentile: Annotated[float, Valid(above=0, high=100)] = 99.9
    """Share of the activations above 0 that do not exceed the threshold, in percent."""
    per_channel: bool = False
    """One threshold for each channel (each neuron of a linear layer), else one per layer."""

    def __post_init__(self) -> None:
        settle(self)

    @property
    def description(self) -> str:
        """The rule in words."""
        value = (
            "largest activation" if self.threshold == "max" else f"{self.percentile:g}th percentile"
        )
        return f"{value} of each {'channel' if self.per_channel else 'layer'}"


BEST_PRACTICE = ThresholdRule("percentile", per_channel=True)
"""The rule with the best results for ReLU networks, see RESULTS.md."""
