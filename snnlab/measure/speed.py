"""How long an image takes, and how much memory a computation needs."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import psutil
import torch
from torch import Tensor

from snnlab.network.net import SpikingNet, StagedNet, check_network, evaluating
from snnlab.neuron.tensors import described, tensor
from snnlab.settings import Count, checked

REPEATS = 3
"""Largest number of timed passes; the result is their median."""
ENOUGH_SECONDS = 1.0
"""After passes that took this many seconds together, there is no further pass."""


def stopwatch(device: torch.device) -> Callable[[], float]:
    """A clock for work on a device; differences of its readings are seconds.

    On one CPU thread it counts the processor time of this process, which other programs on
    the machine do not lengthen; with more threads, or on a GPU, wall-clock time.

    Example:
        >>> clock = stopwatch(torch.device("cpu"))
        >>> started = clock()
        >>> seconds = clock() - started
    """
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    return time.process_time if alone else time.perf_counter


@torch.no_grad()
def seconds_per_image(
    net: StagedNet, images: Tensor, timesteps: Sequence[int] = (1,)
) -> dict[int, float]:
    """Seconds per image at each T, in one batch that is on the device already; see `stopwatch`.

    An untimed pass at the smallest T comes first, so that start-up costs are not counted.

    Args:
        net: spiking network, or an ANN, whose time is the same for every T.
        images: (B, C, H, W), on the device of the network.
        timesteps: the T to measure.

    Raises:
        ValueError: no images or no timesteps.

    Example:
        >>> seconds_per_image(net, data.test.normalised(slice(100)), [1, 4, 16])
    """
    check_network(net, "seconds_per_image()", StagedNet)
    images = tensor("images", images, "(B, C, H, W)", 1)
    timesteps = checked("timesteps", tuple[Count, ...], timesteps)
    if len(images) == 0 or not timesteps:
        raise ValueError(
            f"needs images and timesteps, got {described(images)} and {list(timesteps)}"
        )
    with evaluating(net):
        if not isinstance(net, SpikingNet):
            net(images)
            seconds = timed(lambda: net(images), images.device) / len(images)
            return dict.fromkeys(timesteps, seconds)
        net(images, min(timesteps))
        return {T: timed(partial(net, images, T), images.device) / len(images) for T in timesteps}


def timed(work: Callable[[], Tensor], device: torch.device) -> float:
    """Median seconds of some calls of `work`, each timed until its result is computed."""
    passes: list[float] = []
    clock = stopwatch(device)
    while len(passes) < REPEATS and sum(passes) < ENOUGH_SECONDS:
        started = clock()
        work().sum().item()  # waits for a GPU
        passes.append(clock() - started)
    return median(passes)


@dataclass
class MemoryUse:
    """The result of `memory_use`, filled in when its block ends."""

    peak_mib: float | None = None
    """Peak of the memory beyond that at the beginning, in MiB; None: unknown on this system."""


@contextmanager
def memory_use(device: torch.device) -> Iterator[MemoryUse]:
    """Measure the memory that a block of code needs: of the GPU, or of this process on Linux.

    The first block in a process also pays for what the libraries set up on first use.

    Example:
        >>> with memory_use(torch.device("cpu")) as memory:
        ...     fit(net, data, SingleStep(), seed=0)
        >>> memory.peak_mib
    """
    if not isinstance(device, torch.device):
        raise ValueError(f"device must be a torch.device, got {described(device)}")
    use = MemoryUse()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        yield use
        use.peak_mib = (torch.cuda.max_memory_allocated(device) - before) / 2**20
        return
    return_free_memory()
    known = restart_peak()
    before = psutil.Process().memory_info().rss
    yield use
    if known and (peak := process_peak()) is not None:
        use.peak_mib = max(0.0, (peak - before) / 2**20)


def return_free_memory() -> None:
    """Return memory that earlier work has freed to the system, where the C library can do so."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def restart_peak() -> bool:
    """Reset Linux's record of the peak memory of this process; returns whether that worked."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def process_peak() -> int | None:
    """Most bytes that this process held at once since `restart_peak`."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return None
