"""The objectives: how a training method computes the logits in a step. `fit` does the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from snnlab.network.net import ANN, SpikingNet, StagedNet
from snnlab.neuron.own_layer import noise_of
from snnlab.settings import Count, settle


class Objective(Protocol):
    """A training method: which networks it can train, and the logits for the loss."""

    @property
    def timesteps(self) -> int | None:
        """T at which the network is validated; None for a network without time."""

    def check(self, net: StagedNet) -> None:
        """Raise ValueError if the method cannot train this network."""

    def logits(self, net: nn.Module, images: Tensor, generator: torch.Generator) -> Tensor:
        """Logits (B, K) of images (B, C, H, W), differentiable."""


@dataclass(frozen=True)
class SingleStep:
    """One timestep, with the network's noise in place of the residual potentials.

    With target-T noise the single pass represents several timesteps.

    Source: Jiang and Zhang (2023), arXiv 2211.05453.
    """

    timesteps: int = 1

    def __post_init__(self) -> None:
        settle(self)
        if self.timesteps != 1:
            raise ValueError(
                f"single-step training has T = 1, got {self.timesteps}; for T > 1 use BPTT"
            )

    def check(self, net: StagedNet) -> None:
        """Accept only spiking networks, see `check_spiking`."""
        check_spiking(net, "single-step training")

    def logits(self, net: nn.Module, images: Tensor, generator: torch.Generator) -> Tensor:
        """Logits (B, K) at T = 1 with noise."""
        return cast(Tensor, net(images, 1, generator=generator))


@dataclass(frozen=True)
class BPTT:
    """Backpropagation through T timesteps with surrogate gradients.

    The network's noise, if it has any, acts at each timestep.

    Source: Neftci, Mostafa, Zenke (2019), "Surrogate gradient learning in SNNs".
    """

    timesteps: Count = 4

    def __post_init__(self) -> None:
        settle(self)

    def check(self, net: StagedNet) -> None:
        """Accept spiking networks whose noise can act at each timestep, see `check_spiking`."""
        check_spiking(net, "BPTT")
        if self.timesteps > 1:
            for stage in net.stages:
                noise = noise_of(stage.neuron)
                if noise is not None and (noise.timesteps > 1 or noise.learned != "no"):
                    raise ValueError(
                        f"BPTT cannot train with {noise}: target-T noise and noise that is "
                        "learned act in a single pass; train with SingleStep()"
                    )

    def logits(self, net: nn.Module, images: Tensor, generator: torch.Generator) -> Tensor:
        """Logits (B, K) averaged over T timesteps."""
        return cast(Tensor, net(images, self.timesteps, generator=generator))


@dataclass(frozen=True)
class PlainANN:
    """An ordinary network with activation functions, one pass."""

    timesteps: None = None

    def check(self, net: StagedNet) -> None:
        """Accept only networks without spiking neurons."""
        if not isinstance(net, ANN):
            raise ValueError(
                f"this objective trains an ANN, got a {type(net).__name__}; "
                'build one with activation="relu", or train with SingleStep() or BPTT()'
            )
        check_layers(net)

    def logits(self, net: nn.Module, images: Tensor, generator: torch.Generator) -> Tensor:
        """Logits (B, K)."""
        return cast(Tensor, net(images))


def check_spiking(net: StagedNet, method: str) -> None:
    """Raise ValueError unless all stages end in neurons with `advance`; also see `check_layers`."""
    if not isinstance(net, SpikingNet):
        raise ValueError(
            f"{method} needs a SpikingNet, got a {type(net).__name__}; "
            'build one with activation="spiking"'
        )
    net.neuron_layers(needed_by=method)
    check_layers(net)


def check_layers(net: StagedNet) -> None:
    """Raise ValueError for layers with random numbers that no generator of `fit` controls."""
    for name, module in net.named_modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            raise ValueError(
                f"layer {name!r} ({type(module).__name__}) draws random numbers that no seed "
                "of this training reaches; remove it (the noise regularises already)"
            )
