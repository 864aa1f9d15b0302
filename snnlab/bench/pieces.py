"""The pieces of work that are timed: a training step and a forward pass of a network."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from snnlab.bench.peers import Net
from snnlab.bench.spec import Way
from snnlab.learning.cuda_graph import WARM_UP, RecordedPasses
from snnlab.learning.spec import Precision
from snnlab.network.net import ANN, SpikingNet

Batch = tuple[Tensor, Tensor]
READY: dict[Way, int] = {"eager": 0, "graph": WARM_UP + 1, "compile": 2}
"""Calls until a piece of work is as fast as it will be: recorded, or compiled."""


class Piece:
    """A piece of work that can be called once it is made; abstract: see `passes` and `clear`.

    Args:
        net: on the device of the batch.
        batch: images (B, C, H, W) and labels (B,).
        timesteps: T of a spiking network.
        way: how it is run.
        precision: bfloat16 for mixed precision on a GPU.
    """

    training = False
    """The mode of the network."""

    def __init__(
        self,
        net: Net,
        batch: Batch,
        timesteps: int,
        *,
        way: Way = "eager",
        precision: Precision = "float32",
    ) -> None:
        self.net, self.batch, self.timesteps = net.train(self.training), batch, timesteps
        self.way = way
        self.call = cast(nn.Module, torch.compile(net)) if way == "compile" else net
        self.device = batch[0].device
        self.mixed = precision == "bfloat16" and self.device.type == "cuda"
        self.generator = torch.Generator(self.device).manual_seed(0)
        self.work = self.passes
        if way == "graph":
            self.work = RecordedPasses(self.passes, self.clear, self.generator)
        for _ in range(READY[way]):
            self()

    def __call__(self) -> object:
        """Do the work once."""
        raise NotImplementedError

    def passes(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The work that can be recorded; returns two tensors, as `RecordedPasses` needs."""
        raise NotImplementedError

    def clear(self) -> None:
        """Delete tensors that the passes must create again."""

    def logits(self, images: Tensor, generator: torch.Generator | None) -> Tensor:
        """Logits (B, K)."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed):
            if isinstance(self.net, SpikingNet):
                found = self.call(images, self.timesteps, generator=generator)
            elif isinstance(self.net, ANN):
                found = self.call(images)
            else:
                found = self.call(images, self.timesteps)
        return cast(Tensor, found)


class TrainingStep(Piece):
    """One update of a network's weights. Arguments as for `Piece`."""

    training = True

    def __init__(self, net: Net, batch: Batch, timesteps: int, **options: Way | Precision) -> None:
        self.optimizer = torch.optim.AdamW(net.parameters(), fused=True)
        super().__init__(net, batch, timesteps, **options)  # type: ignore[arg-type]

    def __call__(self) -> None:
        """Forward, backward, update."""
        if self.way != "graph":  # a recording clears by itself
            self.clear()
        self.work(*self.batch)
        self.optimizer.step()

    def clear(self) -> None:
        """No gradients, so that each pass makes them anew."""
        self.optimizer.zero_grad(set_to_none=True)

    def passes(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and logits, detached, and gradients in the parameters."""
        logits = self.logits(images, self.generator)
        loss = nn.functional.cross_entropy(logits, labels)
        loss.backward()
        return loss.detach(), logits.detach()


class ForwardPass(Piece):
    """Logits without gradient. Arguments as for `Piece`."""

    @torch.no_grad()
    def __call__(self) -> Tensor:
        """Logits (B, K)."""
        return self.work(*self.batch)[1]

    def passes(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The logits twice, as the result must be a pair of loss and logits."""
        logits = self.logits(images, None)
        return logits, logits
