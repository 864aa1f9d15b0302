"""Places: each carries out one job at a time; and which places a machine has."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from math import ceil, inf
from pathlib import Path
from typing import Literal

Kind = Literal["gpu", "cpu", "any"]
ON_GPU = ("auto", "cuda")
"""Devices of a configuration that mean a GPU, where there is one."""
QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Microseconds that a container may compute, and in how many: Linux, control groups version 2."""


@dataclass(frozen=True)
class Place:
    """A place that carries out one job at a time."""

    kind: Kind = "any"
    environ: dict[str, str] = field(default_factory=dict, hash=False)
    """Environment variables of the process beside those of this one."""


def kind_for(device: str, free: Collection[Kind], kinds: Collection[Kind]) -> Kind | None:
    """The kind of free place for a run; None: it must wait for one.

    Args:
        device: device in its configuration.
        free: kinds of the free places.
        kinds: kinds of all places; without "gpu" all runs train on the CPU.
    """
    wanted: Kind = "gpu" if device in ON_GPU and "gpu" in kinds else "cpu"
    return next((kind for kind in free if kind in (wanted, "any")), None)


def cores() -> int:
    """How many cores this process may use, at least 1.

    It is the smallest of: the cores in its affinity, the quota of its container, and `CPU_LIMIT`,
    in which JupyterHub stores the share of a student.
    """
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = min(os.cpu_count() or 1, 60)  # Windows waits for the ends of 63 processes at most
    lent = min(count, quota())
    with suppress(ValueError):  # no number: somebody else's variable
        lent = min(lent, float(os.environ.get("CPU_LIMIT", lent)))
    return max(1, ceil(lent))


def quota() -> float:
    """How many cores the control group of this process may keep busy; inf without a limit."""
    with suppress(OSError, ValueError):  # no such file, or "max"
        allowed, period = QUOTA.read_text(encoding="ascii").split()
        return int(allowed) / int(period)
    return inf


def cards() -> list[str]:
    """The GPUs that this process may use, numbers or UUIDs, as CUDA_VISIBLE_DEVICES names them."""
    import torch

    count = torch.cuda.device_count()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return [str(card) for card in range(count)] if named is None else named.split(",")[:count]


def place_on(card: str, kind: Kind) -> Place:
    """A place whose process sees this GPU only."""
    return Place(kind, {"CUDA_VISIBLE_DEVICES": card.strip()})


def separate_places() -> list[Place]:
    """One place per GPU of this machine, and one for the CPU: for the dashboard."""
    return [*(place_on(card, "gpu") for card in cards()), Place("cpu")]


def equal_places(number: int, *, gpu: bool) -> list[Place]:
    """A number of places for jobs of one kind: for a sweep. Several GPUs take turns."""
    found = cards() if gpu else []
    return [place_on(card, "any") for card in islice(cycle(found), number)] or [Place()] * number
