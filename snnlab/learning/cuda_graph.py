"""Forward and backward pass as a CUDA graph: recorded once, then launched as a whole.

A small network asks for hundreds of kernels per step, each of a few microseconds, so that a GPU
waits for Python. A recorded step asks once. Batches are copied into the tensors that it reads;
it writes the gradients that it wrote when it was recorded. The optimizer runs outside, because
its schedule changes numbers that a graph would freeze.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Passes = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Images and labels to loss and logits, leaving gradients in the parameters."""

Recorder = Callable[[Callable[[], Any], torch.Generator], tuple[Any, Callable[[], None]]]
"""Records a function; see `record_on_gpu`."""

WARM_UP = 3
"""Steps before one is recorded, on a stream of their own: libraries set themselves up in them."""


def record_on_gpu(
    function: Callable[[], Any], generator: torch.Generator
) -> tuple[Any, Callable[[], None]]:
    """Record what a function asks of the GPU, without doing it.

    Args:
        function: must not wait for the GPU.
        generator: goes on with every replay, as if the function had run.

    Returns:
        What the function returned, and how to run it again into the same tensors.
    """
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(generator)
    with torch.cuda.graph(graph):
        out = function()
    return out, graph.replay


class RecordedPasses:
    """Runs `passes`: as they are in the first steps, then recorded.

    `forget` when a number changes that is no tensor, such as sigma of the noise: a recording
    holds it as it was.

    Args:
        passes: forward and backward.
        clear: sets the gradients to None, so that each pass makes them anew.
        generator: of the noise.
        record: how to record; another one in tests.
    """

    def __init__(
        self,
        passes: Passes,
        clear: Callable[[], None],
        generator: torch.Generator,
        record: Recorder = record_on_gpu,
    ) -> None:
        self.passes, self.clear = passes, clear
        self.generator, self.record = generator, record
        self.forget()

    def forget(self) -> None:
        """Warm up and record anew."""
        self.warmed = 0
        self.replay: Callable[[], None] | None = None
        self.images = self.labels = self.loss = self.logits = torch.empty(0)

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and logits of a batch, detached; the logits hold until the next call."""
        if self.replay is not None and images.shape != self.images.shape:
            self.forget()
        if self.replay is not None:
            self.images.copy_(images)
            self.labels.copy_(labels)
        elif self.warmed < WARM_UP:
            self.warmed += 1
            self.clear()
            return self.aside(images, labels)
        else:
            self.record_over(images, labels)
        assert self.replay is not None
        self.replay()
        return self.loss.clone(), self.logits

    def aside(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The passes as they are, on a stream of their own."""
        if not images.is_cuda:
            return self.passes(images, labels)
        current, own = torch.cuda.current_stream(), torch.cuda.Stream()
        own.wait_stream(current)
        with torch.cuda.stream(own):
            out = self.passes(images, labels)
        current.wait_stream(own)
        return out

    def record_over(self, images: Tensor, labels: Tensor) -> None:
        """Record the passes over tensors of our own that hold this batch."""
        self.images, self.labels = images.clone(), labels.clone()
        self.clear()
        (self.loss, self.logits), self.replay = self.record(
            lambda: self.passes(self.images, self.labels), self.generator
        )
