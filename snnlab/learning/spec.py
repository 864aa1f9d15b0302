"""How long and how to train. No torch here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from snnlab.settings import Count, Positive, Share, Valid, settle

Precision = Literal["float32", "bfloat16"]
Schedule = Literal["constant", "linear", "cosine"]


@dataclass(frozen=True)
class Training:
    """The settings of `fit`, the same for every method.

    Raises:
        ValueError: a value outside its range.
    """

    epochs: Annotated[int, Valid(low=1, usual=(1, 200), step=1)] = 20
    """Passes over the training images."""
    batch_size: Annotated[int, Valid(low=1, usual=(8, 512), step=8)] = 128
    """Images per step."""
    learning_rate: Positive = 4e-3
    """Peak of the one-cycle schedule."""
    weight_decay: Annotated[float, Valid(low=0)] = 0.01
    """Decoupled weight decay (AdamW) of weight matrices and kernels."""
    label_smoothing: Annotated[float, Valid(low=0, below=1, usual=(0, 0.5), step=0.05)] = 0.0
    """Share of the target spread evenly over all classes, in [0, 1)."""
    ema_decay: Annotated[float, Valid(low=0, below=1)] = 0.0
    """Decay per step of an exponential moving average of the weights, in [0, 1), such as 0.99; the
    network is validated and kept with the averaged weights. 0: no average. In step s the decay is
    at most (1 + s) / (10 + s), so that a short training forgets its first weights."""
    augment: bool = False
    """Shift (and, where the data set allows it, flip) the training images at random."""
    noise_fraction: Annotated[float, Valid(low=0, high=1, usual=(0.1, 1.0), step=0.1)] = 1.0
    """Share of the epochs in which the noise acts, from the end of the warm-up on, in [0, 1]; 1:
    in all of them."""
    noise_schedule: Schedule = "constant"
    """How sigma changes from its full value in the first epoch to `noise_floor` times that in the
    last epoch with noise: not at all, in a straight line, or along half a cosine. The surrogate
    does not change."""
    noise_floor: Annotated[float, Valid(above=0, high=1)] = 0.1
    """Factor of sigma at the end of a linear or cosine schedule, above 0 and at most 1. With a
    small floor target-T noise changes from random rounding into rounding to the nearest."""
    warm_up_fraction: Annotated[float | None, Valid(low=0, high=1)] = None
    """Initial share of the epochs, in [0, 1], in which every neuron gives its mean response, as
    under `mean_fraction`, before the noise sets in: without noise the network learns faster.
    None: 0.5 in runs of methods target-noise and noise-then-spikes; else 0."""
    mean_fraction: Share = 0.0
    """Final share of the epochs, in [0, 1], in which every neuron gives its mean response
    clip(I / v_th, 0, 1) in place of spikes, without noise; IF neurons and single passes only."""
    rates_fraction: Annotated[float | None, Valid(low=0, high=1)] = None
    """Final share of the epochs, in [0, 1], in which the network runs several timesteps on its own
    spikes, without noise: the rates phase, see `rates`. None: 1/3 in runs of method
    noise-then-spikes; else 0."""
    rates_timesteps: tuple[Count, ...] = (1, 2, 4, 8)
    """T of the rates phase: each batch draws one of these, except for `rates_mean_share`; a T that
    is listed twice is drawn twice as often."""
    rates_mean_share: Annotated[float, Valid(low=0, below=1, usual=(0, 0.9), step=0.1)] = 0.5
    """Share of the batches of the rates phase, in [0, 1), that train on the mean response instead,
    the rate over endless timesteps: it costs one pass, and keeps accuracy at many timesteps."""
    precision: Precision = "float32"
    """bfloat16: mixed precision where the device is a GPU."""
    channels_last: bool = True
    """Keep images and feature maps in channels-last memory layout: convolutions run faster."""
    compile: bool = False
    """Compile the network with torch.compile."""
    cuda_graph: bool = False
    """Record forward and backward pass as a CUDA graph where the device is a CUDA GPU: small
    networks train faster there. Not together with compile."""

    def __post_init__(self) -> None:
        settle(self)
        if self.compile and self.cuda_graph:
            raise ValueError("compile and cuda_graph exclude each other; choose one")
        if not self.rates_timesteps:
            raise ValueError(
                "rates_timesteps needs one T or more, such as (1, 2, 4, 8), got none; for no rates "
                "phase set rates_fraction to 0"
            )

    @property
    def warm_up_epochs(self) -> int:
        """How many epochs, from the first on, train on the mean response."""
        return round((self.warm_up_fraction or 0) * self.epochs)

    @property
    def rates_epochs(self) -> int:
        """How many last epochs are the rates phase; at most those that the warm-up leaves."""
        wanted = round((self.rates_fraction or 0) * self.epochs)
        return min(wanted, self.epochs - self.warm_up_epochs)

    @property
    def mean_epochs(self) -> int:
        """How many epochs before the rates phase train on the mean response.

        At most those that warm-up and rates phase leave.
        """
        left = self.epochs - self.warm_up_epochs - self.rates_epochs
        return min(round(self.mean_fraction * self.epochs), left)

    @property
    def noisy_epochs(self) -> int:
        """How many epochs, from the end of the warm-up on, the noise acts."""
        left = self.epochs - self.warm_up_epochs - self.mean_epochs - self.rates_epochs
        return min(round(self.noise_fraction * self.epochs), left)

    def on_own_spikes(self, epoch: int) -> bool:
        """Whether an epoch (from 1 on) belongs to the rates phase."""
        return epoch > self.epochs - self.rates_epochs

    def on_mean_response(self, epoch: int) -> bool:
        """Whether an epoch (from 1 on) trains on the mean response."""
        last = self.epochs - self.rates_epochs
        return epoch <= self.warm_up_epochs or last - self.mean_epochs < epoch <= last

    def noise_factor(self, epoch: int) -> float:
        """The factor of sigma in an epoch (from 1 on); 0: no noise."""
        noisy = epoch - self.warm_up_epochs  # counts the epochs with noise from 1 on
        if not 1 <= noisy <= self.noisy_epochs:
            return 0.0
        if self.noise_schedule == "constant":
            return 1.0
        passed = (noisy - 1) / max(1, self.noisy_epochs - 1)
        if self.noise_schedule == "cosine":
            passed = (1 - math.cos(math.pi * passed)) / 2
        return 1 - (1 - self.noise_floor) * passed
