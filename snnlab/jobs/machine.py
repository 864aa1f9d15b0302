"""How busy this machine is: its cores, its memory, and the NVIDIA GPUs that it may use."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import psutil

from snnlab.jobs.places import cards, cores

LOCK = threading.Lock()
"""Held while the cores are looked at."""

LAST_READING: list[tuple[float, float]] = []
"""What the last look at the cores found."""


@dataclass(frozen=True)
class Load:
    """How busy a processor is, and how full its memory."""

    name: str
    """As its maker names it; empty for the cores of the machine."""
    busy: float | None
    """Share of the time since the last look, in [0, 1]; None: it does not say."""
    used: int | None
    """Bytes of memory that are taken; None: it does not say."""
    total: int | None
    """Bytes of memory."""
    cores: int = 0
    """How many this process may use; 0 for a GPU."""


def machine_load() -> Load:
    """The cores that this process may use, and the memory of the machine."""
    memory = psutil.virtual_memory()
    return Load("", busy_share(), memory.total - memory.available, memory.total, cores())


def busy_share() -> float:
    """Share of its time that a core of this process was busy since the last look, or since boot.

    `psutil.cpu_percent` counts for each thread from its own last look, and pages have many.
    """
    with LOCK:
        now = core_seconds()
        before = LAST_READING[-1:] or [(0.0, 0.0)]
        LAST_READING[:] = [now]
    busy, whole = (new - old for new, old in zip(now, before[0], strict=True))
    return min(max(busy / whole, 0.0), 1.0) if whole > 0 else 0.0


def core_seconds() -> tuple[float, float]:
    """Seconds that the cores of this process were busy, and all seconds, since boot."""
    times = psutil.cpu_times(percpu=True)
    mine = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(len(times))
    chosen = [times[core] for core in mine if core < len(times)]
    whole = sum(sum(core[:8]) for core in chosen)  # what follows is counted among those already
    idle = sum(core.idle + getattr(core, "iowait", 0.0) for core in chosen)
    return whole - idle, whole


def gpu_loads() -> list[Load]:
    """The GPUs that this process may use, in their order; none without a driver.

    NVML is asked, which makes no CUDA context. A number in CUDA_VISIBLE_DEVICES is taken as NVML
    counts, by the place in the machine: CUDA does so with CUDA_DEVICE_ORDER=PCI_BUS_ID, and where
    all GPUs are alike.
    """
    library = nvml()
    if library is None:
        return []
    found = []
    for card in cards():
        try:
            found.append(load_of(library, handle_of(library, card.strip())))
        except library.NVMLError as error:
            found.append(Load(f"GPU {card}, which does not answer ({error})", None, None, None))
    return found


@cache
def nvml() -> Any:
    """The library that knows NVIDIA's GPUs; None where there is no driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def handle_of(library: Any, card: str) -> Any:
    """A GPU as CUDA_VISIBLE_DEVICES names it: by number, or by the whole UUID or its beginning."""
    if card.isdigit():
        return library.nvmlDeviceGetHandleByIndex(int(card))
    if card.startswith("GPU-"):
        for number in range(library.nvmlDeviceGetCount()):
            handle = library.nvmlDeviceGetHandleByIndex(number)
            if library.nvmlDeviceGetUUID(handle).startswith(card):
                return handle
    return library.nvmlDeviceGetHandleByUUID(card.encode())  # part of a GPU, say


def load_of(library: Any, handle: Any) -> Load:
    """What a GPU says of itself; one that is divided does not say how busy its parts are."""
    memory = library.nvmlDeviceGetMemoryInfo(handle)
    try:
        busy = library.nvmlDeviceGetUtilizationRates(handle).gpu / 100
    except library.NVMLError:
        busy = None
    return Load(library.nvmlDeviceGetName(handle), busy, memory.used, memory.total)
