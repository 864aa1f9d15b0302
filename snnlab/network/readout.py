"""The layer that turns the last spikes into one number per class, and what commutes with time."""

from __future__ import annotations

from torch import Tensor, nn

from snnlab.settings import Positive, checked


class Readout(nn.Linear):
    """A linear layer that multiplies its input by a gain: y = W (gain x) + b.

    Rates that are averaged over a whole image are small, so that logits made of them start small
    and grow slowly: each step of the optimizer moves a weight by about the learning rate, however
    small its input. With a gain of 10 logits start ten times as large and grow ten times as fast.

    Args:
        inputs, outputs: features, classes.
        gain: above 0; 1 is a plain linear layer.

    Raises:
        ValueError: a gain that is not above 0.

    Example:
        >>> logits = Readout(128, 10, gain=10)(torch.rand(32, 128))  # (32, 10)
    """

    def __init__(self, inputs: int, outputs: int, *, gain: float = 1.0) -> None:
        super().__init__(inputs, outputs)
        self.gain = checked("gain", Positive, gain)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K) of features (N, F)."""
        return super().forward(x if self.gain == 1 else self.gain * x)

    def extra_repr(self) -> str:
        """The constants, for print(net)."""
        return f"{super().extra_repr()}, gain={self.gain:g}"


AFFINE = (nn.Linear, Readout, nn.Flatten, nn.Identity, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
"""Layers of a readout that commute with the mean over time."""


def is_affine(readout: nn.Module) -> bool:
    """Whether the mean of a readout over time is the readout of the mean, layer by layer."""
    layers = [layer for layer in readout.modules() if not isinstance(layer, nn.Sequential)]
    return all(type(layer) in AFFINE for layer in layers)
