"""Constants that training may learn: the threshold, and sigma of the noise.

The parameter is the logarithm of the constant, so that the constant stays above 0.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from snnlab.neuron.spec import Learned
from snnlab.neuron.tensors import described, tensor
from snnlab.settings import Positive, checked


def log_parameter(initial: float, learned: Learned, channels: int | None) -> nn.Parameter:
    """The logarithm of a constant as a parameter: a scalar, or one number per channel (C,).

    Args:
        initial: where training starts from, above 0.
        learned: "layer" or "channel".
        channels: C; needed for "channel".

    Raises:
        ValueError: one per channel, but no number of channels.
    """
    if learned == "channel" and channels is None:
        raise ValueError("one number per channel is to be learned: pass channels=")
    shape = () if learned == "layer" or channels is None else (channels,)
    return nn.Parameter(torch.full(shape, math.log(initial)))


def along_channels(values: Tensor, current: Tensor) -> Tensor:
    """A scalar as it is, or (C,) shaped so that it broadcasts to a current (B, C, *)."""
    tensor("values", values), tensor("current", current)
    if values.ndim == 0:
        return values
    if values.ndim > 1 or current.ndim < 2:
        raise ValueError(
            f"values (C,) lie along the channels of a current (B, C, *), got {described(values)} "
            f"for a current {described(current)}"
        )
    if len(values) != current.shape[1]:
        raise ValueError(
            f"{len(values)} channels were named, but the current has shape {tuple(current.shape)}"
        )
    return values.view(-1, *[1] * (current.ndim - 2))


class LearnedThreshold(nn.Module):
    """Expresses currents in units of a threshold that training learns.

    What follows is a neuron with v_th = 1, so its potentials are in units of the threshold. A
    stateless layer, so that conversion, recording and saving treat it like any other weight.

    Args:
        initial: threshold before training, above 0.
        learned: one per "layer" or one per "channel".
        channels: C; needed for "channel".

    Raises:
        ValueError: a threshold that is not above 0, or one per channel without their number.

    Example:
        >>> LearnedThreshold(2.0)(torch.tensor([[1.0]]))
        tensor([[0.5000]], grad_fn=<DivBackward0>)
    """

    def __init__(
        self, initial: float = 1.0, learned: Learned = "layer", channels: int | None = None
    ) -> None:
        super().__init__()
        initial = checked("threshold", Positive, initial)
        self.log_v_th = log_parameter(initial, learned, channels)

    @property
    def v_th(self) -> Tensor:
        """The threshold: a scalar, or (C,)."""
        return self.log_v_th.exp()

    def forward(self, current: Tensor) -> Tensor:
        """The current (N, C, *) in units of the threshold, same shape."""
        return current / along_channels(self.v_th, current)

    def extra_repr(self) -> str:
        """How many thresholds, for print(net); not their values, which training changes."""
        return f"learned={'layer' if self.log_v_th.ndim == 0 else 'channel'}"
