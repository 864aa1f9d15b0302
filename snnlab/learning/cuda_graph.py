"""Forward and backward pass as a CUDA graph: recorded once, then launched as a whole.

A small network launches hundreds of kernels per step, each of a few microseconds, so that the GPU
waits for Python. A recorded step is a single launch. It reads its batch from the tensors that it
read while it was recorded, so each batch is copied into these; it also writes the gradients into
the same tensors each time. The optimizer is not recorded, because its schedule changes numbers, and
a recording would keep them fixed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Passes = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Maps images and labels to loss and logits, and adds gradients to the parameters."""

Recorder = Callable[[Callable[[], Any], torch.Generator], tuple[Any, Callable[[], None]]]
"""Records a function; see `record_on_gpu`."""

WARM_UP = 3
"""Number of ordinary steps, on a separate stream, before one is recorded: in these the libraries
initialise themselves."""


def record_on_gpu(
    function: Callable[[], Any], generator: torch.Generator
) -> tuple[Any, Callable[[], None]]:
    """Record the work of a function on the GPU, without executing it.

    Args:
        function: must not wait for the GPU.
        generator: advances with every replay, as if the function had run.

    Returns:
        The result of the function, and a function that computes it again in the same tensors.
    """
    graph = torch.cuda.CUDAGraph()
    with warnings.catch_warnings():  # torch 2.11 needs this call; newer ones find generators
        warnings.filterwarnings("ignore", message=".*register_generator_state")
        graph.register_generator_state(generator)
    with torch.cuda.graph(graph):
        out = function()
    return out, graph.replay


class RecordedPasses:
    """Runs `passes`: directly in the first steps, then as a recording.

    Call `forget` after a change of a number that is no tensor, such as sigma of the noise: a
    recording contains its old value.

    Args:
        passes: forward and backward.
        clear: sets the gradients to None, so that each pass creates new ones.
        generator: generator of the noise.
        record: records a function; tests use another one.
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
        self.stream: Any = None  # one for all steps: each keeps its own memory
        self.forget()

    def forget(self) -> None:
        """Drop the recording; the next steps warm up and record a new one."""
        self.warmed = 0
        self.replay: Callable[[], None] | None = None
        self.images = self.labels = self.loss = self.logits = torch.empty(0)

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and logits of a batch, detached; the next call overwrites the logits."""
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
        """Run the passes directly, on a separate stream."""
        if not images.is_cuda:
            return self.passes(images, labels)
        if self.stream is None:
            self.stream = torch.cuda.Stream()
        current = torch.cuda.current_stream()
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream):
            out = self.passes(images, labels)
        current.wait_stream(self.stream)
        return out

    def record_over(self, images: Tensor, labels: Tensor) -> None:
        """Record the passes on our own tensors, which hold a copy of this batch."""
        self.images, self.labels = images.clone(), labels.clone()
        self.clear()
        (self.loss, self.logits), self.replay = self.record(
            lambda: self.passes(self.images, self.labels), self.generator
        )
